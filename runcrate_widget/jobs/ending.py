"""What happens when the program ends while jobs are to be sent: what was asked for is sent first, or it is
said that it was not.

A script may generate and come to its end at once. It waits for a little then: until what is on its way to the
service has arrived there. What waits for its turn behind `max_concurrent` others cannot be waited for, and
stays `waiting` in the library.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401  see `_at_end`
import contextlib
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runcrate_widget.errors import ConfigurationError
from runcrate_widget.format import videos
from runcrate_widget.library.record import JobStatus

from .loop import engine

if TYPE_CHECKING:
    from .runs import Runs
    from .tracker import Tracker

#: Seconds: longer than a connection takes, and shorter than a submit may.
PATIENCE = 20.0

_all: weakref.WeakSet[Runs] = weakref.WeakSet()
_batches: weakref.WeakSet[Tracker] = weakref.WeakSet()
_registered = False


def watch(runs: Runs) -> None:
    """Has these jobs sent before the program ends."""
    global _registered
    _all.add(runs)
    if not _registered:
        _registered = True
        # Earlier than `atexit`, which comes when no thread can be started any more. Private, so only where it
        # exists.
        if hasattr(threading, "_register_atexit"):
            try:
                threading._register_atexit(_at_end)
            except RuntimeError:  # it is ending: this client looks through its library in a thread beside
                engine().note_end()


def watch_batch(track: Tracker) -> None:
    """Has it said if the client is closed, or the program ends, and not all of a batch were begun."""
    _batches.add(track)


@contextlib.contextmanager
def closing(client: object) -> Iterator[None]:
    """While a client is closed: what of its batches is not sent then is said."""
    tracks = [track for track in list(_batches) if track.client is client and not track.is_done()]
    yield
    if count := sum(map(_not_sent, tracks)):
        _say(
            f"the client was closed, and not sent: {videos(count)} of a batch. Nothing of that is billed. "
            "The same call again goes on where it was; wait for it before the client is closed: batch.wait()."
        )


def _at_end() -> None:
    # Called before the pools end: what was registered last comes first, and they are registered as they are
    # imported above.
    try:
        _send_first()
    finally:
        engine().note_end()


def _send_first() -> None:
    if engine().here:
        return
    engine().run(lambda: None)  # what was asked for a moment ago has begun then
    pause, end = threading.Event(), time.monotonic() + PATIENCE
    batches = list(_batches)
    while time.monotonic() < end and (
        any(runs.writing for runs in list(_all)) or not all(map(_is_begun, batches))
    ):
        pause.wait(0.02)
    _send_begun(pause)
    if count := sum(map(_not_begun, batches)):
        _say(
            f"not begun, and not in the library: {videos(count)} of a batch. Nothing of that is billed. "
            "Run the program again, and wait for its batch: batch.wait()."
        )


def _send_begun(pause: threading.Event) -> None:
    unsent = _unsent()
    if not unsent:
        return
    _say(f"the program ends: sending {videos(len(unsent))} that it asked for.")
    end = time.monotonic() + PATIENCE
    while unsent and time.monotonic() < end and any(runs.may_be_sent() for runs in _all):
        pause.wait(0.02)
        unsent = _unsent()
    if unsent:
        _say(
            f"not sent in time, and `waiting` in the library: {videos(len(unsent))}. Nothing of that is "
            "billed. Run the program again, and wait for its jobs: job.wait()."
        )


def _unsent() -> list[object]:
    statuses = (JobStatus.WAITING, JobStatus.SUBMITTING)
    return [job for runs in _all for job in runs.wanted() if job.record.status in statuses]


def _not_begun(track: Tracker) -> int:
    """How many of a batch are still to be begun."""
    with track.changed:
        return 0 if track.fed or track.cancelled or track.stopped is not None else track.rest()


def _is_begun(track: Tracker) -> bool:
    """Whether as many of a batch are begun as may be at a time."""
    with track.changed:
        return not _not_begun(track) or len(track.open) >= track.most_open


def _not_sent(track: Tracker) -> int:
    """How many of a batch its client was to send, and will not: it is closed."""
    with track.changed:
        if track.cancelled or not isinstance(track.stopped, ConfigurationError | None):
            return 0
        return track.rest() + (0 if track.leaving else list(track.status.values()).count(JobStatus.WAITING))


def _say(text: str) -> None:
    if sys.stderr is not None:
        print(f"runcrate_widget: {text}", file=sys.stderr, flush=True)  # noqa: T201
