"""`Batch`: many jobs that were asked for at once. How they are begun and followed is in `tracker.py`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, overload

from runcrate_widget.checks import check_flag
from runcrate_widget.errors import RuncrateError, WaitTimeoutError
from runcrate_widget.library.frame import frame_of
from runcrate_widget.library.record import JobStatus

from .completed import AsCompleted, refuse_here
from .ending import watch_batch
from .feeding import Feeding
from .frame import row_of, with_own
from .job import VideoJob
from .loop import going_on, patience
from .overview import Overview
from .plan import Cell, Maker, Plan
from .progress import Progress, line, time_left
from .tracker import MOST_OPEN, Tracker, gone

if TYPE_CHECKING:
    from typing_extensions import Self  # for the type checker alone

    from runcrate_widget.media.video import Video


class Batch(Sequence[VideoJob]):
    """The jobs of a plan, in its order. A notebook shows them as a grid that changes as they come.

    `batch[3]` is a job, `batch[3:5]` a list of jobs. `wait()` or `await batch` waits for all of them; `async
    for job in batch.as_completed()` (or `for`) gives each as soon as it is done.

    Attributes:
        plan: what was asked for, as it was then.
        overview: how far it is, in words and cell by cell.

    Example:
        >>> batch = client.generate_many(["A fox", "An owl"], model="Veo 3.0")   # doctest: +SKIP
        >>> for job in batch.as_completed():                                     # doctest: +SKIP
        ...     print(job.video or job.error)
        >>> batch.failed                                                         # doctest: +SKIP
        []
    """

    _called = "Batch of"
    _all_at_once = True  # they are asked for, and not one after the other

    def __init__(self, plan: Plan, maker: Maker, *, most_open: int = MOST_OPEN) -> None:
        plan._note_run()
        self.plan = plan
        self._maker = maker
        self._began, self._expected = time.monotonic(), plan.time
        self._cells = [cell for cell in plan.cells if cell.request is not None]
        self._track = track = Tracker(self._cells, maker, most_open)
        self.overview = Overview(plan.cells, self._track)
        hooks: dict[str, Any] = {"enough": self._enough, "at_end": self._at_end}
        leaving = track.leaving if self._all_at_once else None
        feeding = Feeding(track, self._cells, maker, most_open=most_open, leaving=leaving, **hooks)
        if self._all_at_once:
            watch_batch(track)
        feeding.begin()

    def _enough(self, _: Cell) -> RuncrateError | None:
        """Why this one and all that follow are not begun, or None. In the batch's own thread."""
        return None

    def _at_end(self) -> None:
        """What is still to be done when no more are begun. In the batch's own thread."""

    @property
    def stopped(self) -> RuncrateError | None:
        """Why no more of them are begun (a limit, the library's folder), or None."""
        return self._track.stopped

    # How it is.

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, place: int) -> VideoJob: ...
    @overload
    def __getitem__(self, place: slice) -> list[VideoJob]: ...
    def __getitem__(self, place: int | slice) -> VideoJob | list[VideoJob]:
        """The job at this place. It waits the moment until that job is begun. Raises IndexError, or a
        RuncrateError that says why it was not begun."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(f"The batch has {len(self)} jobs; there is no {place}.")
        job, began, problem = self._track.find(at)
        if began and job is None:  # and done long ago, or left to a carrier
            job, problem = self._track.job(at), gone(at)
        if job is not None:
            return job
        if problem is not None:
            raise problem
        message = f"Job {at} of the batch is not begun yet: its turn comes when others are done."
        raise RuncrateError(message, "as_completed() gives each when it is done.", kind="limit")

    @property
    def counts(self) -> dict[str, int]:
        """How many are at each stage; `not begun` for the rest."""
        with self._track.changed:
            counts = Counter(self._track.status.values())
            rest = self._track.rest()
        return {**counts, **({"not begun": rest} if rest else {})}

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""
        with self._track.changed:
            return self._track.is_done()

    @property
    def failed(self) -> list[VideoJob]:
        """The jobs that have ended without a video."""
        return [job for job in self._ended(with_video=False) if job.video is None]

    @property
    def problems(self) -> list[RuncrateError]:
        """Why some were not even begun: what was wrong with their rows, first, each thing once. That one was
        good enough is no problem: see `stopped`."""
        with self._track.changed:
            own = list(self._track.problems.values())
        if self.stopped is not None and self.stopped.kind != "kept":
            own.append(self.stopped)
        # A row that stands for several videos may be wrong in the same way for each.
        rows = {str(cell.error): cell.error for cell in self.plan.problems if cell.error}
        return [*rows.values(), *own]

    @property
    def videos(self) -> list[Video]:
        """The videos that are there, in the order of the plan."""
        return [job.video for job in self._ended(with_video=True) if job.video is not None]

    def _ended(self, *, with_video: bool) -> list[VideoJob]:
        with self._track.changed:
            made, over = JobStatus.COMPLETED, self._track.over()
            places = sorted(at for at in over if (self._track.status[at] == made) is with_video)
        return [job for at in places if (job := self._track.job(at)) is not None]

    def __repr__(self) -> str:
        return f"<{self._called} {len(self):,}: {'; '.join(self._said())}>"

    def _said(self) -> list[str]:
        """What its text says of it."""
        stages = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        problems = self.problems
        count = f"{len(problems):,} problem{'' if len(problems) == 1 else 's'}"
        return [stages or "nothing", *([f"{count}: {problems[0].message.rstrip('.')}"] if problems else [])]

    # Waiting.

    def wait(self, timeout: float | None = None, *, progress: bool | None = None) -> Self:
        """Waits until all are done, for at most `timeout` seconds, and returns the batch. None of them
        raises: see `failed` and `problems`. Interrupting it leaves the jobs running.

        Args:
            timeout: seconds; by default as long as it takes.
            progress: whether one line on standard error says how far it is; by default if that is a
                terminal.

        Raises:
            WaitTimeoutError: the time is over; they go on.
            RuntimeError: it was called by an observer: it would wait for itself.
        """
        refuse_here("wait()")
        shown = Progress()
        show = shown.on_terminal if progress is None else check_flag("progress", progress)
        seconds = patience(timeout)
        end = None if seconds is None else time.monotonic() + seconds
        with going_on("The jobs go on: batch.wait() waits for them again."), self._track.changed:
            while not self._track.is_done():
                if show:
                    shown.show(self._line())
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    job = next(iter(self._track.open.values()), None)
                    raise WaitTimeoutError(job, f"{self!r} is not done after {seconds:g} s.", _GOES_ON)
                self._track.changed.wait(min(left if left is not None else 1.0, 1.0))
            if show:
                shown.show(self._line(), last=True)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """`await batch`: as `wait()`."""
        return self._until_done().__await__()

    async def _until_done(self) -> Self:
        async for _ in self.as_completed()._places():
            pass
        return self

    def as_completed(self) -> AsCompleted:
        """Each job as soon as it is done, whatever became of it: for `for` and for `async for`."""
        return AsCompleted(self)

    def cancel(self) -> int:
        """Begins no more of them, and cancels those that still wait for their turn, which are written to the
        library, and done, soon after. What was sent goes on: the API cannot cancel it.

        Of a client with `carry=False` all that wait are taken back when it returns (called by an observer,
        soon after), but for those that the carrier has in hand: a warning names them.

        Returns:
            How many of them will not be sent.

        Raises:
            LibraryError: some that are left to a carrier could not be taken back.
        """
        return self._track.cancel()

    def to_frame(self) -> Any:
        """A table with a row for each of the plan, in its order: what was asked for, `status` (`refused`
        where it cannot even be asked for), `path`, `cost` (dollars), `made_in` (seconds), `error`, and your
        own columns under their own names (of ours, one of the same name is then `video_…`). A pandas
        DataFrame, or a polars or pyarrow one where that is what is installed.

        Raises:
            MissingExtraError: none of them is installed.
        """
        return frame_of(self.to_dicts())

    def to_dicts(self) -> list[dict[Any, Any]]:
        """The same as a list of dictionaries."""
        seen = self.overview.at(range(len(self.plan.cells)))
        rows = []
        at = -1  # of the jobs
        for one in seen:
            at += one.cell.request is not None
            followed = one.key is not None and at not in self._track.left
            job = self._track.job(at) if followed else None
            row = {**row_of(one.cell, one.status, job, one.problem), "key": one.key, **self._more(job)}
            rows.append(with_own(row, one.cell, self.plan.not_sent))
        return rows

    def _more(self, _: VideoJob | None) -> dict[str, Any]:
        """What a row says beyond that of every batch."""
        return {}

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in ("look", "overview", "subscribe")]

    def look(self, most: int) -> list[tuple[Cell, str, VideoJob | None]]:
        """The first `most` cells of the plan, each with its status and its job, where that is held."""
        seen = self.overview.at(range(min(most, len(self.plan.cells))))
        return [(one.cell, one.status, one.job) for one in seen]

    def subscribe(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Has `listener` called, in any thread, at each change: it must be quick. Returns what ends that."""
        return self._track.subscribe(listener)

    def _line(self) -> str:
        with self._track.changed:
            over, there = self._track.over(), self._track.there
            failed = sum(self._track.status[at] != JobStatus.COMPLETED for at in over)
        done = len(over)
        rest = len(self) - done - max(self.plan.known - there, 0)
        elapsed = time.monotonic() - self._began
        left = time_left(elapsed, done - there, rest, self._expected)
        return line(done, len(self), elapsed, failed=failed, left=left)


_GOES_ON = "They go on: call wait() again."
