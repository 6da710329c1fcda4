"""The one background thread of this process, with its asyncio loop, and the carrying of every job from submit to file.

What is said to the service, and when, is decided here: a submit goes out once, because each costs dollars and the API knows no
idempotency key; polls and downloads are repeated until they are answered.
"""

from __future__ import annotations

import asyncio
import atexit
import math
import os
import random
import secrets
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from .api import Answer, VideoAPI, close
from .errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InsufficientCreditsError,
    InvalidVideoError,
    JobError,
    LibraryError,
    MissingKeyError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RuncrateError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from .job import VideoJob
from .library import Library, readable_name
from .polling import backoff, next_poll
from .video import Video

_T = TypeVar("_T")

# A connection that never opened is tried again for about 10 s before the user is told: it is a wrong address more often than
# a network that comes back. A rate limit or a service without capacity (429, 503) is waited for.
_CONNECT_ATTEMPTS = 4
_CAPACITY_ATTEMPTS = 20
# A poll may run ahead of the service's own records, and a download may not be ready although the job is completed.
_REFUSALS = (NotFoundError, BadRequestError, ConflictError)
_REFUSED_ATTEMPTS = 6
_DOWNLOAD_ATTEMPTS = 6
_PROGRESS_EVERY = 0.25


class Engine:
    """The thread and its loop. There is one in a process (`engine()`); everything that is not thread-safe happens in it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="runcrate_widget", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    @property
    def here(self) -> bool:
        """Whether the caller is in the engine's thread."""
        return threading.current_thread() is self._thread

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
        """Starts `work` (in the engine's thread alone) and keeps hold of it until it ends."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

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


def _forget() -> None:
    # A forked child has no copy of the thread.
    global _engine, _engine_lock
    if _engine:
        atexit.unregister(_engine.stop)
    _engine, _engine_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class _Ended(Exception):
    """The job has ended, and whoever carries it stops."""


class JobCarrier:
    """Carries the jobs of one client. At most `max_concurrent` of them are with the service at a time."""

    def __init__(self, api: VideoAPI, library: Library, max_concurrent: int) -> None:
        self._api = api
        self._library = library
        self._slots = asyncio.Semaphore(max_concurrent)
        self._tasks: dict[VideoJob, asyncio.Task[None]] = {}
        self._halted: set[VideoJob] = set()  # stopped by the key or the credits
        weakref.finalize(api, _close, api.connections).atexit = False
        self._quiet_until = 0.0  # by the monotonic clock: the service asked this key to be quiet until then

    # The face that clients and jobs see: any thread.

    def begin(self, job: VideoJob) -> None:
        """Takes up a job; returns at once."""
        engine().call(self._start, job)

    def mend(self) -> None:
        """Something was mended (the key, say): jobs that were stopped by it go on."""
        engine().run(self._go_on)

    def check_may_wait(self) -> None:
        if engine().here:
            raise RuntimeError("wait() was called in the engine's own thread (by an observer?): it would wait for itself.")

    def cancel(self, job: VideoJob) -> None:
        engine().run(lambda: self._cancel(job))

    def resubmit(self, job: VideoJob) -> VideoJob:
        if job.status not in ("failed", "cancelled", "unconfirmed"):
            raise JobError(job, f"This job is {job.status}: it is not sent again.", "Ask for another take instead.")
        again = VideoJob(job.request, key=new_key(), take=job.take, carrier=self, demo=job.demo)
        self.begin(again)
        return again

    def adopt(self, job: VideoJob, id: str) -> None:
        if not isinstance(id, str) or not id.strip():
            raise JobError(job, f"{id!r} is not the id of a job.", "It looks like vid_abc123.")
        engine().run(lambda: self._adopt(job, id.strip()))

    def resume(self, job: VideoJob) -> None:
        engine().run(lambda: self._resume(job))

    # From here on: the engine's thread.

    def _start(self, job: VideoJob) -> None:
        task = engine().spawn(self._carry(job))
        self._tasks[job] = task
        task.add_done_callback(lambda _: self._tasks.pop(job, None))

    def _go_on(self) -> None:
        while self._halted:
            self._resume(self._halted.pop())

    def _cancel(self, job: VideoJob) -> None:
        if job.status == "cancelled":
            return
        if job.status != "waiting":
            raise JobError(job, f"This job is {job.status}, and the service has no way to cancel one.")
        self._tasks[job].cancel()
        job._end(status="cancelled", error=RuncrateError("It was cancelled before it was sent: nothing is billed."))

    def _adopt(self, job: VideoJob, id: str) -> None:
        if job.status != "unconfirmed":
            raise JobError(job, f"This job is {job.status}: it needs no other id.")
        job._reopen()
        job._update(id=id, status="queued")
        self._start(job)

    def _resume(self, job: VideoJob) -> None:
        if job.id is None:
            raise JobError(job, "The service gave this job no id.", "resubmit() sends it again, adopt(id) gives it one.")
        if job.done and job.status not in ("completed", "failed"):
            job._reopen()
            self._start(job)

    async def _carry(self, job: VideoJob) -> None:
        try:
            if job.id is None:
                async with self._slots:
                    await self._submit(job)
                    await self._poll(job)
            elif job.status != "downloading":
                await self._poll(job)
            await self._fetch(job)
        except _Ended:
            pass
        except RuncrateError as error:
            # Not `failed`: that word is the service's, and a failed request may be sent (and paid) anew.
            if isinstance(error, (AuthenticationError, InsufficientCreditsError, PermissionDeniedError, MissingKeyError)):
                self._halted.add(job)
            job._end(error=error)
        except Exception as error:
            # A fault of ours must not leave somebody waiting for ever.
            job._end(error=RuncrateError(f"Something unforeseen went wrong here: {error!r}.", "job.resume() goes on."))
            raise

    async def _submit(self, job: VideoJob) -> None:
        """Sends the request, once; again only when it cannot have been acted on."""
        attempts = 0
        while True:
            await self._quiet(job)
            job._update(status="submitting", note="")
            try:
                answer = await self._api.submit(job.request)
            except (TransportError, APIError, MissingKeyError) as error:
                attempts += 1
                if not _not_acted_on(error, attempts):
                    self._refused(job, error)
                job._update(status="waiting", note=f"trying again: {error.message}")
                await self._back_off(error, attempts)
            else:
                job._update(id=answer.id, status="queued", demo=job.demo or answer.demo)
                self._go_on()
                if answer.status == "failed":
                    self._failed(job, answer)
                return

    def _refused(self, job: VideoJob, error: RuncrateError) -> NoReturn:
        if _may_have_been_taken(error):
            reason = RuncrateError(
                f"It was sent, and it is not known whether {self._api.host} took it: {error.message}",
                "Look in the Runcrate dashboard: if it is there, job.adopt(its id) goes on with it; if not, job.resubmit() sends "
                "it again. It is never sent again by itself, because that could be billed twice.",
            )
            job._end(status="unconfirmed", error=reason)
        else:
            job._end(status="failed", error=error)
        raise _Ended

    async def _poll(self, job: VideoJob) -> None:
        """Asks until the job is completed. Whatever can pass is ridden out."""
        began, strangers = time.monotonic(), 0
        while True:
            await asyncio.sleep(next_poll(time.monotonic() - began))
            try:
                answer = await self._ridden_out(job, lambda: self._api.status(job.id or ""), riding=(UnexpectedAnswerError,))
            except _REFUSALS as error:
                strangers += 1
                if strangers == _REFUSED_ATTEMPTS:
                    raise
                job._update(note=f"asking again: {error.message}")
                await self._back_off(error, strangers)
                continue
            if answer.status == "failed":
                self._failed(job, answer)
            if answer.status == "completed":
                return
            known = answer.status in ("queued", "processing")
            job._update(
                status=answer.status if known else job.status,
                note="" if known else f"the service calls it {answer.status[:40]!r}",
                demo=job.demo or answer.demo,
            )

    def _failed(self, job: VideoJob, answer: Answer) -> NoReturn:
        reason = answer.error or "the service gave no reason"
        error = RuncrateError(f"The generation failed: {reason}", "Change the prompt or the model, or try again.")
        job._end(status="failed", error=error)
        raise _Ended

    async def _fetch(self, job: VideoJob) -> None:
        """Downloads the video, checks that it is one, and ends the job with it."""
        name = readable_name(job.request.prompt, job.key)
        part = self._library.part(name)
        job._update(status="downloading", note="")
        shown = 0.0

        def progress(have: int, total: int | None) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= _PROGRESS_EVERY and have != total:
                shown = now
                job._update(note=f"{have / 1e6:.1f}{f' of {total / 1e6:.1f}' if total else ''} MB")

        attempts = 0
        while True:
            try:
                await self._ridden_out(job, lambda: self._api.download(job.id or "", part, progress))
                path, facts = await asyncio.to_thread(self._library.keep, name)
                break
            except (InvalidVideoError, UnexpectedAnswerError, *_REFUSALS) as error:
                part.unlink(missing_ok=True)
                attempts += 1
                if attempts == _DOWNLOAD_ATTEMPTS:
                    raise
                job._update(note=f"fetching again: {error.message}")
                await self._back_off(error, attempts)
            except OSError as error:
                raise error if isinstance(error, LibraryError) else self._library.unusable(error) from error
        job._end(status="completed", video=Video(path, job.request, job.id or "", facts, job.demo))

    async def _ridden_out(
        self, job: VideoJob, ask: Callable[[], Awaitable[_T]], riding: tuple[type[RuncrateError], ...] = ()
    ) -> _T:
        """Asks until there is an answer: broken connections, 429 and 5xx pass."""
        failures = 0
        while True:
            await self._quiet(job)
            try:
                result = await ask()
            except (TransportError, APIError) as error:
                if not isinstance(error, (TransportError, RateLimitError, ServerError, *riding)):
                    raise
                failures += 1
                job._update(note=f"reconnecting: {error.message}")
                await self._back_off(error, failures)
            else:
                if failures:
                    job._update(note="")
                return result

    async def _back_off(self, error: RuncrateError, failures: int) -> None:
        pause = error.retry_after if isinstance(error, APIError) else None
        if pause is not None and isinstance(error, RateLimitError):
            # The limit is the key's, so every job of this client keeps to it.
            self._quiet_until = max(self._quiet_until, time.monotonic() + pause)
        else:
            await asyncio.sleep(max(pause or 0.0, backoff(failures, random.random())))

    async def _quiet(self, job: VideoJob) -> None:
        while (pause := self._quiet_until - time.monotonic()) > 0:
            job._update(note=f"rate limit: goes on in {math.ceil(pause)} s")
            await asyncio.sleep(min(pause, 1.0) + random.random() / 10)


def _close(connections: dict[str, Any]) -> None:
    if _engine is not None and connections:
        _engine.call(lambda: engine().spawn(close(connections)))


def _not_acted_on(error: RuncrateError, attempts: int) -> bool:
    """Whether a submit that met `error` cannot have been acted on, and is worth another attempt."""
    if isinstance(error, TransportError):
        return not error.sent and attempts < _CONNECT_ATTEMPTS
    return isinstance(error, APIError) and error.status in (429, 503) and attempts < _CAPACITY_ATTEMPTS


def _may_have_been_taken(error: RuncrateError) -> bool:
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, UnexpectedAnswerError):
        return not 300 <= error.status < 400
    return isinstance(error, ServerError) and error.status != 503


def new_key() -> str:
    """The name of a new job in the library."""
    return secrets.token_hex(4)
