"""The one background thread of this process, with its asyncio loop. Nothing in here knows what it carries."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from runcrate_widget.errors import InvalidRequestError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_T = TypeVar("_T")

#: So many uploads, and what else may take minutes, go on at a time.
_LONG = 8

_log = logging.getLogger("runcrate_widget")


class Engine:
    """The thread and its loop. There is one in a process (`engine()`); everything that is not thread-safe
    happens in it."""

    def __init__(self) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self.loop = asyncio.new_event_loop()
        #: The threads of `at_length`.
        self.long = ThreadPoolExecutor(_LONG, "runcrate_widget long")
        self._stopping = self._ending = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="runcrate_widget", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._stopping:
            try:
                self.loop.run_forever()
            except BaseException:
                # SystemExit or KeyboardInterrupt of somebody's observer: it must not end every job of this
                # process.
                _log.exception("Something tried to end the engine's thread")

    @property
    def here(self) -> bool:
        """Whether the caller is in the engine's thread."""
        return threading.current_thread() is self._thread

    @property
    def ending(self) -> bool:
        """Whether the program is ending, and takes away what tasks need: its pools of threads begin nothing
        any more. That is no fault of a job, and the next client goes on with it."""
        return self._ending or not threading.main_thread().is_alive()

    def note_end(self) -> None:
        """The program ends now."""
        self._ending = True

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Has `function` called in the engine's thread, soon; returns at once."""
        self.loop.call_soon_threadsafe(function, *args)

    def run(self, function: Callable[[], _T]) -> _T:
        """Calls `function` in the engine's thread and returns what it gives."""
        if self.here:
            return function()

        async def call() -> _T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts `work` (in the engine's thread alone) and keeps hold of it until it ends. What it raises is
        logged."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if not (self.ending and isinstance(error, RuntimeError)):  # no thread can be begun any more
            _log.error("A task of the engine failed: %r", task, exc_info=error)

    def submit(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> Future[_T]:
        """Starts what `work` makes, from any thread; what it gives, or raises, is the future's."""
        future: Future[_T] = Future()

        async def run() -> None:
            try:
                future.set_result(await work())
            except BaseException as error:
                future.set_exception(error)

        self.call(lambda: self.spawn(run()))
        return future

    def stop(self) -> None:
        """Ends the thread. What is under way stays where it is."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._cancel_all(), self.loop)
            self._thread.join(timeout=2)
        if not self._thread.is_alive():
            self.loop.close()

    async def _cancel_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._stopping = True
        self.loop.stop()


_engine: Engine | None = None
_engine_lock = threading.Lock()


def engine() -> Engine:
    """The engine of this process; started when it is first asked for."""
    global _engine
    with _engine_lock:
        if _engine is None:
            _engine = Engine()
            atexit.register(_engine.stop)
        return _engine


async def in_thread(function: Callable[..., _T], *args: Any) -> _T:
    """Calls `function` in another thread and waits for its end, also if cancelled meanwhile: what it writes
    is then written, and nothing comes after it out of turn."""
    return await _in_thread_of(None, function, *args)


async def at_length(function: Callable[..., _T], *args: Any) -> _T:
    """The same for what may take minutes, as an upload does: in threads of its own, so that a record is
    written at once, however many of these there are."""
    return await _in_thread_of(engine().long, function, *args)


async def _in_thread_of(pool: ThreadPoolExecutor | None, function: Callable[..., _T], *args: Any) -> _T:
    call = asyncio.get_running_loop().run_in_executor(pool, function, *args)
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        await asyncio.wait([call])
        raise


class Ask(Protocol):
    """How something that may take its time is called: `in_thread`, or `in_place`."""

    def __call__(self, function: Callable[..., _T], /, *args: Any) -> Coroutine[Any, Any, _T]: ...


async def in_place(function: Callable[..., _T], /, *args: Any) -> _T:
    """Calls `function` here and now."""
    return function(*args)


def at_once(work: Coroutine[Any, Any, _T]) -> _T:
    """What `work` gives, which asks `in_place`, and so waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    raise RuntimeError("It waits.")


def patience(timeout: object) -> float | None:
    """How many seconds somebody waits at most; None: as long as it takes. Raises InvalidRequestError."""
    if timeout is None or timeout == float("inf"):
        return None
    number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if not number or not timeout >= 0 or timeout > threading.TIMEOUT_MAX:  # type: ignore[operator]
        message = f"timeout is {timeout!r}; it must be a number of seconds, or None."
        raise InvalidRequestError("timeout", message)
    return float(timeout)  # type: ignore[arg-type]


@contextlib.contextmanager
def going_on(words: str) -> Iterator[None]:
    """An interrupt (a person presses "stop") says in its one line what goes on, and not where it came."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(words) from None


_here = threading.local()  # not empty in a thread of ours


def run_in_background(work: Callable[[], _T]) -> Future[_T]:
    """Calls `work`, which may take its time, in a thread beside the engine's."""
    future: Future[_T] = Future()

    def run() -> None:
        _here.ours = True
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    # Not of a pool: a program that ends just then would wait for it, or complain.
    threading.Thread(target=run, name="runcrate_widget library", daemon=True).start()
    return future


def uninterrupted(work: Callable[[], _T]) -> _T:
    """Calls `work` and returns what it gives, in another thread: an interrupt of the caller's (a person
    presses "stop") then comes between no two steps of it. What was begun is ended, and is there when it is
    asked for again.
    """
    if engine().here or vars(_here):  # threads that no interrupt reaches
        return work()
    return run_in_background(work).result()


def _forget() -> None:
    # A forked child has no copy of the thread.
    global _engine, _engine_lock
    if _engine:
        atexit.unregister(_engine.stop)
    _engine, _engine_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
