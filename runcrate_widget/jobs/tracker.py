"""`Tracker`: begins the jobs of a batch one after the other, in a thread of its own, and follows them.

At most `MOST_OPEN` of them are begun and not done at a time, and as many that are done are held: a batch of
any length has bounded memory, and a process that is killed leaves no more than that behind.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from runcrate_widget.errors import InvalidRequestError, JobError, RuncrateError
from runcrate_widget.library.record import JobStatus, is_free

from .job import VideoJob
from .plan import Cell, Maker

#: Jobs that are begun and not done; and how many of those that are done are held.
MOST_OPEN = 1000
_MOST_HELD = 1000
_MOST_LATEST = 30  # places


class Tracker:
    """What has become of the `cells`, by their places. All but `stopped` is read under the lock `changed`.

    `enough` is asked before each is begun: why it and all that follow are not, or None. `at_end` is called
    when no more are. Both in the tracker's own thread.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        maker: Maker,
        most_open: int,
        *,
        enough: Callable[[Cell], RuncrateError | None],
        at_end: Callable[[], None],
    ) -> None:
        self.changed = threading.Condition()
        self.open: dict[int, VideoJob] = {}
        self.held: OrderedDict[int, VideoJob] = OrderedDict()  # the latest of those that are done
        self.status: dict[int, str] = {}  # of all that were begun
        self.keys: dict[int, str] = {}  # of the same
        self.costs: dict[str, float | None] = {}  # by key, of what was sent: dollars, if they are known
        self.moves = 0  # how often something has changed
        self.latest: OrderedDict[int, int] = OrderedDict()  # where it did last, that last: the how manieth
        self.finished: list[int] = []  # in the order in which they were
        self.there = 0  # how many of these were there already
        self.problems: dict[int, RuncrateError] = {}  # of those that could not be begun
        self.stopped: RuncrateError | None = None
        self.cancelled = False
        self.fed = False  # no more are begun
        self.wakers: set[Future[None]] = set()  # of loops that wait for a change
        self._listeners: list[Callable[[], object]] = []
        self._leave: dict[int, Callable[[], None]] = {}  # what ends that a job is followed
        self._cells = cells
        self._maker = maker
        self._most_open = most_open
        self._enough = enough
        self._at_end = at_end

    def is_done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.fed and not self.open

    def find(self, at: int) -> tuple[VideoJob | None, bool, RuncrateError | None]:
        """The job of this place, if it is held; whether it was begun; or why it will not be. Waits the moment
        in which it is about to be."""
        with self.changed:
            while not (self._is_known(at) or self.fed or at >= len(self.finished) + self._most_open):
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

    def cancel_waiting(self) -> int:
        """Cancels those that wait for their turn; how many. What was sent goes on."""
        with self.changed:
            waiting = [job for job in self.open.values() if job.status == JobStatus.WAITING]
        cancelled = 0
        for job in waiting:
            with contextlib.suppress(JobError):  # it was just sent
                job.cancel()
                cancelled += 1
        return cancelled

    # In its own thread.

    def feed(self) -> None:
        """Begins them all, or as many as may be."""
        try:
            for at, cell in enumerate(self._cells):
                if not self.has_room(self._most_open):
                    return
                try:
                    if (reason := self._enough(cell)) is not None:
                        self.stopped = reason
                        return
                    assert cell.request is not None
                    self._follow(at, self._maker.generate(cell.request, take=cell.take))
                except InvalidRequestError as error:  # this one cannot; others may
                    with self.changed:
                        self.problems[at] = error
                        self._move(at)
                except RuncrateError as error:  # a limit, the folder, the key: so would all others
                    self.stopped = error
                    return
        finally:
            with contextlib.suppress(RuncrateError):
                self._at_end()
            with self.changed:
                self.fed = True
                self._wake()

    def has_room(self, most: int) -> bool:
        """Waits until fewer than `most` are open; False if it was cancelled."""
        with self.changed:
            while len(self.open) >= most and not self.cancelled:
                self.changed.wait()
            return not self.cancelled

    def _follow(self, at: int, job: VideoJob) -> None:
        seen: object = None

        def look() -> None:
            nonlocal seen
            with self.changed:
                now = job.status, job.choice
                if job.done and at in self.open:
                    self._finish(at, job)
                elif now == seen:
                    return
                seen = now
                self.status[at] = job.status
                self._price(job)
                self._move(at)

        with self.changed:
            self.open[at] = job
            self.keys[at] = job.key
            self._leave[at] = job.subscribe(look)  # also once it is done: a person may choose then
            look()
            self.there += at not in self.open
        job._done.add_done_callback(lambda _: look())

    # Under the lock.

    def _finish(self, at: int, job: VideoJob) -> None:
        del self.open[at]
        self.held[at] = job
        while len(self.held) > _MOST_HELD:
            old, _ = self.held.popitem(last=False)
            self._leave.pop(old)()
        self.finished.append(at)

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
            waker.set_result(None)
        for listener in list(self._listeners):
            listener()
