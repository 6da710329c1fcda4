"""How a store's answer is waited for: an interrupt (Ctrl+C) comes through at once, a silence is told of, and
a program that ends is not held up by it.

obstore waits outside of Python, where no signal arrives. So it is called in threads of ours, which the end of
the program does not wait for, and whoever asked looks up from time to time. Who is interrupted, or leaves,
does not know whether a write has arrived: as where the answer is lost.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401  see the end of this file
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

from runcrate_widget.errors import LibraryError

T = TypeVar("T")

#: Seconds after which a silence is told of, and how often at most.
TOLD_AFTER = 10.0
_TOLD_EVERY = 60.0
#: Seconds that a program which ends waits for one answer more.
_AT_END = 2.0

_LOOK_EVERY = 0.1  # seconds: on Windows no signal ends a wait
_STILL = 1.0  # seconds between two looks: this process stood still, or the machine slept

_log = logging.getLogger("runcrate_widget")

_Box = SimpleQueue[tuple[Callable[[], Any], "Future[Any]"]]
_idle: list[_Box] = []  # of threads that have nothing to do
_ended = threading.Event()


class Waiting:
    """For the answers of the store at `url`. For any thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._told = float("-inf")
        self._silent = False  # at the end of the program, for whoever comes after

    def call(self, work: Callable[[], T], *, told: bool = True) -> T:
        """What `work` gives, or raises. `told`: a silence is told of, as such a request is answered soon.
        Raises LibraryError if the program ends, and the store is silent."""
        began = last = time.monotonic()
        answer: Future[T] = _begun(work)
        end: float | None = None
        while not wait([answer], _LOOK_EVERY).done:
            now = time.monotonic()
            if now - last > _STILL:  # that was no silence of the store
                began += now - last
            last = now
            if told and now - began >= TOLD_AFTER and now - self._told >= _TOLD_EVERY:
                self._told = now
                _log.warning("The store of %s does not answer; trying since %.0f s.", self._url, now - began)
            if _is_ending():
                end = end or now + _AT_END
                if self._silent or now > end:
                    self._silent = True
                    message = f"The library {self._url} did not answer before the program ended."
                    raise LibraryError(message, "What was written may have arrived.", kind="store")
        try:
            return answer.result()
        finally:
            del answer  # an error knows who raised it


def _begun(work: Callable[[], T]) -> Future[T]:
    """What `work` gives, which is begun in a thread that nobody waits for."""
    answer: Future[T] = Future()
    try:
        box = _idle.pop()
    except IndexError:
        box = SimpleQueue()
        # Not of a pool: a program that ends would wait for it.
        threading.Thread(target=_serve, args=(box,), name="runcrate_widget request", daemon=True).start()
    box.put((work, answer))
    return answer


def _serve(box: _Box) -> None:
    while True:
        work, answer = box.get()
        try:
            answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)
        del work, answer  # what it gave may be large
        _idle.append(box)


def _is_ending() -> bool:
    return _ended.is_set() or not threading.main_thread().is_alive()


# Earlier than `atexit`, and before the pools wait for their threads: what was registered last comes first.
# Private, so only where it exists.
if hasattr(threading, "_register_atexit"):
    try:
        threading._register_atexit(_ended.set)
    except RuntimeError:  # it is ending
        _ended.set()
