"""`Tracker`: follows the jobs of a batch, which `feeding.py` begins one after the other.

At most `MOST_OPEN` of them are begun and not done at a time, and as many that are done are held: a batch of
any length has bounded memory, and a process that is killed leaves no more than that behind.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from runcrate_widget.errors import (
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    LibraryError,
    PermissionDeniedError,
    RuncrateError,
)
from runcrate_widget.library.record import JobStatus, Record, is_free

from .job import VideoJob
from .loop import engine, run_in_background
from .plan import Cell, Maker

if TYPE_CHECKING:
    from .leaving import Leaving

#: Jobs that are begun and not done; and how many of those that are done are held.
MOST_OPEN = 1000
_MOST_HELD = 1000
_MOST_LATEST = 30  # places

#: What all that follow would meet, too.
_OF_ALL = (AuthenticationError, ConfigurationError, InsufficientCreditsError, PermissionDeniedError)

_log = logging.getLogger("runcrate_widget")


def gone(at: int) -> RuncrateError:
    """Why a job that was begun cannot be had."""
    message = f"The record of job {at} of the batch is not in the library any more."
    return RuncrateError(message, "It is not sent again by itself: generate() would.", kind="not_found")


class Tracker:
    """What has become of the `cells`, by their places. All but `stopped` is read under the lock `changed`."""

    def __init__(self, cells: Sequence[Cell], maker: Maker, most_open: int) -> None:
        self.changed = threading.Condition()
        self.open: dict[int, VideoJob] = {}
        self.held: OrderedDict[int, VideoJob] = OrderedDict()  # the latest of those that are done
        self.status: dict[int, str] = {}  # of all that were begun
        self.keys: dict[int, str] = {}  # of the same
        self.costs: dict[str, float | None] = {}  # by key, of what was sent: dollars, if they are known
        self.moves = 0  # how often something has changed
        self.latest: OrderedDict[int, int] = OrderedDict()  # where it did last, that last: the how manieth
        self.finished: list[int] = []  # in the order in which they were first; see `over`
        self.there = 0  # how many of these were there already
        self.problems: dict[int, RuncrateError] = {}  # of those that could not be begun
        #: Of those that are left to a carrier, and not followed yet: as they were.
        self.left: dict[int, Record] = {}
        self.stopped: RuncrateError | None = None
        self.cancelled = False  # no more are to be begun
        self._cancels = 0  # go on: what is left is followed when it was taken back
        self.fed = False  # no more are begun
        self.wakers: set[Future[None]] = set()  # of loops that wait for a change
        self._listeners: list[Callable[[], object]] = []
        self._ended: set[int] = set()  # the same places
        self.beginning = False  # one, just now
        self._telling: int | None = None  # the thread in which listeners are called
        #: The places of each job that somebody still holds.
        self._places: weakref.WeakKeyDictionary[VideoJob, list[int]] = weakref.WeakKeyDictionary()
        self._cells = cells
        self._maker = maker
        self.most_open = most_open
        self.client, self.leaving = maker.client, maker.leaving

    def over(self) -> list[int]:
        """The places of those that are done, and do not go on, in the order in which they were."""
        return [at for at in self.finished if at not in self.open]

    def is_done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.fed and not self.open and not self._cancels

    def find(self, at: int) -> tuple[VideoJob | None, bool, RuncrateError | None]:
        """The job of this place, if it is held; whether it was begun; or why it will not be. Waits the moment
        in which it is about to be; not in the engine's thread, which that one may need."""
        with self.changed:
            while not engine().here and not (
                self._is_known(at) or self.fed or at >= len(self.finished) + self.most_open
            ):
                self.changed.wait()
            job = self.open.get(at) or self.held.get(at)
            return job, at in self.status, self.problems.get(at) or self.stopped

    def _is_known(self, at: int) -> bool:
        return at in self.status or at in self.problems

    def subscribe(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Has `listener` called, in any thread, at each change. Returns what ends that."""
        with self.changed:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self.changed, contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    def cancel(self) -> int:
        """Begins no more, and cancels those that wait for their turn; how many will not be sent."""
        with self.changed:
            self.cancelled = True
            self._cancels += 1
            self.changed.notify_all()
            cancelled = len(self._waiting()) + len(self.left)
            # What is being begun may need the engine, which may wait for the lock that a listener has.
            beside = self._telling == threading.get_ident() or engine().here
        if not beside:
            cancelled = self.cancel_begun()
        else:
            run_in_background(partial(_cancel_beside, self))
            if engine().here and not self.leaving:  # there it only writes later
                cancelled = self.cancel_waiting()
        with self.changed:
            return cancelled + self.rest()

    def cancel_begun(self) -> int:
        """The second half of `cancel()`."""
        try:
            with self.changed:
                while self.beginning:
                    self.changed.wait()
            return self.cancel_waiting()
        finally:
            with self.changed:
                self._cancels -= 1
                self._wake()

    def cancel_waiting(self) -> int:
        """Cancels those that wait for their turn; how many. What was sent goes on. They are written to the
        library, and done, soon after; what is left to a carrier, before this returns: else LibraryError."""
        if self.leaving is not None:
            return _take_back(self, self.leaving)
        with self.changed:
            waiting = self._waiting()
        return self._maker.cancel_all(waiting) if waiting else 0

    def rest(self) -> int:
        """How many are not begun."""
        return len(self._cells) - len(self.status) - len(self.problems)

    def has_room(self, most: int) -> bool:
        """Waits until fewer than `most` are open; False if it was cancelled."""
        with self.changed:
            while len(self.open) >= most and not self.cancelled:
                self.changed.wait()
            return not self.cancelled

    def job(self, at: int) -> VideoJob | None:
        """The job of a place that was begun, as the library has it if it is not held; nothing is sent. None:
        its record is gone."""
        with self.changed:
            job, cell, key = self.open.get(at) or self.held.get(at), self._cells[at], self.keys[at]
            left = self.left.get(at)
        if job is None and left is not None and self.leaving is not None:
            job = self.leaving.take_up(left)
            self.follow(at, job)
        if job is None and cell.request is not None:
            job = self._maker.look_up(cell.request, cell.take, key)
            if job is not None:
                self.follow(at, job)
        return job

    def follow(self, at: int, job: VideoJob) -> None:
        """Has this place show what becomes of the job, for as long as somebody holds it: one that is done may
        go on, and a person may choose then."""
        with self.changed:
            places = self._places.get(job)
            if places is None:
                places = self._places[job] = []
                self._listen(job, places)
            if at not in places:
                places.append(at)
            self.keys[at] = job.key
            new = self.left.pop(at, None) is not None or at not in self.status
            if new or self.status.get(at) != job.status or not job.done:
                self._look(job, at)
            self.there += new and at not in self.open

    def _listen(self, job: VideoJob, places: list[int]) -> None:
        known, end, seen = weakref.ref(job), None, None

        def look() -> None:
            nonlocal end, seen
            if (job := known()) is None:
                return
            with self.changed:
                now = job.status, job.choice, job.done
                if now != seen:
                    seen = now
                    for at in places:
                        self._look(job, at)
            if job._done is not end:  # it goes on, and has another end
                end = job._done
                end.add_done_callback(lambda _: look())

        job.subscribe(look)
        look()

    def leave(self, at: int, record: Record) -> None:
        """This one is left to a carrier, durably."""
        with self.changed:
            self.left[at], self.keys[at], self.status[at] = record, record.key, record.status
            self._move(at)

    def refuse(self, at: int, error: RuncrateError) -> None:
        """This one cannot be begun."""
        with self.changed:
            self.problems[at] = error
            self._move(at)

    def end(self) -> None:
        """No more are begun."""
        with self.changed:
            self.fed = True
            self._wake()

    # Under the lock.

    def _waiting(self) -> list[VideoJob]:
        jobs = dict.fromkeys(self.open.values())
        return [job for job in jobs if job.record.status == JobStatus.WAITING]

    def _look(self, job: VideoJob, at: int) -> None:
        if not job.done:
            self.held.pop(at, None)
            self.open[at] = job
        elif at in self.open or at not in self._ended:
            self._finish(at, job)
        self.status[at] = job.status
        self._price(job)
        self._move(at)

    def _finish(self, at: int, job: VideoJob) -> None:
        self.open.pop(at, None)
        self.held[at] = job
        while len(self.held) > _MOST_HELD:
            self.held.popitem(last=False)
        if at not in self._ended:
            self._ended.add(at)
            self.finished.append(at)
        if isinstance(job.error, _OF_ALL):
            self._halt(job.error)

    def _halt(self, error: RuncrateError) -> None:
        """No more are sent: they would meet the same."""
        waits = any(job.record.status == JobStatus.WAITING for job in self.open.values())
        if waits or self.rest():
            self.stopped = self.stopped or error
            self.cancelled = True
            engine().call(self.cancel)  # before the next has its turn

    def _price(self, job: VideoJob) -> None:
        if job.demo or job.status == JobStatus.WAITING or is_free(job.record):
            self.costs.pop(job.key, None)
        else:
            self.costs[job.key] = job.record.cost

    def _move(self, at: int) -> None:
        self.moves += 1
        self.latest[at] = self.moves
        self.latest.move_to_end(at)
        while len(self.latest) > _MOST_LATEST:
            self.latest.popitem(last=False)
        self._wake()

    def _wake(self) -> None:
        self.changed.notify_all()
        wakers, self.wakers = self.wakers, set()
        for waker in wakers:
            if waker.set_running_or_notify_cancel():  # who waited may have been cancelled
                waker.set_result(None)
        self._telling = threading.get_ident()
        for listener in list(self._listeners):
            try:
                listener()
            except Exception:  # its fault must not become the batch's
                _log.exception("A listener of a batch failed")
        self._telling = None


def _cancel_beside(track: Tracker) -> None:
    try:
        track.cancel_begun()
    except LibraryError as error:  # and nobody is there to be told
        _log.error("%s", error)


def _take_back(track: Tracker, leaving: Leaving) -> int:
    """Takes back all that wait, followed or not; how many. Raises LibraryError."""
    with track.changed:
        left, places = {}, dict[str, list[int]]()
        for at, status in track.status.items():
            job = track.open.get(at) or track.held.get(at)
            record = job.record if job is not None else track.left.get(at)
            if status == JobStatus.WAITING and record is not None:
                left[record.name] = record
                places.setdefault(record.name, []).extend([at] if job is None else [])
    over, error = leaving.take_back(list(left.values())) if left else ([], None)
    known = {record.name: record for record in over}
    for name in known if error is not None else left:  # also what a carrier has in hand, and sends
        for at in places[name]:
            track.follow(at, leaving.take_up(known.get(name) or left[name]))
    if error is not None:
        raise error
    return sum(record.status is JobStatus.CANCELLED for record in over)
