"""`BestOf`: takes of one prompt, one after the other, until one is good enough or the budget is spent."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.library.record import JobStatus
from runcrate_widget.request import check_count

from .batch import Batch
from .budget import Takes
from .job import VideoJob
from .loop import run_in_background
from .plan import Cell, Maker, Plan

if TYPE_CHECKING:
    from runcrate_widget.library.record import Record
    from runcrate_widget.media.video import Video

_log = logging.getLogger("runcrate_widget")


class BestOf(Batch):
    """What `client.best_of(...)` gives: a batch that stops by itself. `best` is the one to take.

    The same call again goes on where it was, in the same budget: what the library has is free.

    Attributes:
        scores: what `score` gave, by a job's key.
    """

    def __init__(
        self,
        plan: Plan,
        maker: Maker,
        *,
        budget: float | None,
        score: Callable[[Video], float] | None,
        enough: float | None,
        at_a_time: int,
    ) -> None:
        _check(plan, maker, budget, score, enough, at_a_time)
        self.scores: dict[str, float] = {}
        self._budget = budget
        self._score = score
        self._good = enough
        self._seen = 0  # of those that are finished
        self._takes = Takes(plan.cells, maker)
        super().__init__(plan, maker, most_open=at_a_time)
        self._track.subscribe(self._look)
        self._look()  # one may have been kept just now

    @property
    def best(self) -> VideoJob | None:
        """The one that was kept; else that of the highest score, or rating. None as long as there is none."""
        made = [job for job in self._begun() if job.video is not None and job.choice.kept is not False]
        return max(made, key=self._rank, default=None)

    @property
    def spent(self) -> float:
        """Dollars for all of them, by the prices of when they were sent: also for what failed, and for what
        earlier runs sent."""
        return self._takes.spent(self._records())

    def _rank(self, job: VideoJob) -> tuple[bool, float, int]:
        return bool(job.choice.kept), self.scores.get(job.key, -math.inf), job.rating or 0

    def _begun(self) -> list[VideoJob]:
        with self._track.changed:
            return [*self._track.held.values(), *self._track.open.values()]

    def _records(self) -> list[Record]:
        return [job.record for job in self._begun()]

    def _look(self) -> None:
        """Once one is kept, what only waits for its turn is not sent. In any thread, at each change."""
        with self._track.changed:
            waits = any(job.record.status == JobStatus.WAITING for job in self._track.open.values())
        if waits and any(job.choice.kept for job in self._begun()):
            run_in_background(self._track.cancel_waiting)

    # In the batch's own thread.

    def _enough(self, cell: Cell) -> RuncrateError | None:
        while True:
            self._judge()
            new = cell.request is not None and not self._maker.has(cell.request, cell.take)
            if new:  # it would be sent: how is it now, whoever has sent or kept what?
                self._takes.look()
            if (kept := self._takes.kept(self._records())) is not None:
                return RuncrateError(f"Take {kept.take} was kept: no more are made.", kind="kept")
            beyond = self._beyond(cell) if new else None
            with self._track.changed:
                under_way = len(self._track.open)
            # What is under way may still turn out to be free, or good enough.
            if beyond is None or not under_way or not self._track.has_room(under_way):
                return beyond

    def _beyond(self, cell: Cell) -> RuncrateError | None:
        if self._budget is None or cell.request is None:
            return None
        records = self._records()
        cost, spent = self._maker.cost(cell.request) or 0.0, self._takes.spent(records)
        reserved = self._takes.reserved(records)
        if spent + reserved + cost <= self._budget + 1e-9:
            return None
        gone = f"${spent:,.2f} of ${self._budget:,.2f} are spent"
        gone += f", and ${reserved:,.2f} will be" if reserved else ""
        message = f"The next take would cost ${cost:,.2f}, and {gone}."
        return RuncrateError(message, "The same call with a higher budget goes on.", kind="limit")

    def _at_end(self) -> None:
        if self.stopped is not None:
            self._take_in()
        if self._track.has_room(1):  # none is open any more
            self._judge()

    def _take_in(self) -> None:
        """Of those that are not begun, the videos that are there: they are free."""
        made = {(one.request, one.take) for one in self._takes.all([]) if one.status is JobStatus.COMPLETED}
        for at, cell in enumerate(self._cells):
            if cell.request is None or at in self._track.status or (cell.request, cell.take) not in made:
                continue
            job = self._maker.look_up(cell.request, cell.take)
            if job is not None and job.video is not None:
                self._track.follow(at, job)

    def _judge(self) -> None:
        """Scores what has been finished since; one that is good enough is kept."""
        with self._track.changed:
            new, self._seen = self._track.finished[self._seen :], len(self._track.finished)
        for job in (self[at] for at in new):
            if self._score is None or job.video is None:
                continue
            try:
                score = float(self._score(job.video))
            except Exception:  # somebody else's
                _log.exception("The score of %r could not be had", job)
                continue
            if not math.isfinite(score):
                _log.warning("The score of %r is %r, which is none", job, score)
                continue
            self.scores[job.key] = score
            good = self._good is not None and score >= self._good and job.choice.kept is None
            if good and self._takes.kept(self._records()) is None:
                job.choose(kept=True)


def _check(plan: Plan, maker: Maker, budget: Any, score: Any, enough: Any, at_a_time: Any) -> None:
    for name, value in (("budget", budget), ("enough", enough)):
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if value is not None and not number:
            raise InvalidRequestError(name, f"{name} is {value!r}; it must be a number.")
    if score is not None and not callable(score):
        message = f"score is {score!r}; it must be a function of a Video."
        raise InvalidRequestError("score", message, "runcrate_widget.scores has some.")
    if enough is not None and score is None:
        raise InvalidRequestError("enough", "enough is given, and there is no score.", "Give score=.")
    check_count("at_a_time", at_a_time)
    unpriced = next((one for one in plan.requests if budget is not None and maker.cost(one) is None), None)
    if unpriced is not None:
        message = f"budget is given, and the price of {unpriced.model_name} is not known."
        hint = f'Set it: client.prices["{unpriced.model}"] = … (dollars a second).'
        raise InvalidRequestError("budget", message, hint)
