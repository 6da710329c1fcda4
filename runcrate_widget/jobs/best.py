"""`BestOf`: takes of one prompt, one after the other, until one is good enough or the budget is spent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runcrate_widget.checks import check_number
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


class BestOf(Batch):
    """What `client.best_of(...)` gives: a batch that stops by itself. `best` is the one to take.

    The same call again goes on where it was, in the same budget: what the library has is free.

    Attributes:
        scores: what `score` gave, by job: `found.scores[found.best]`.
    """

    _called = "Best of"
    _all_at_once = False

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
        self.scores: dict[VideoJob, float] = {}
        self._budget = budget
        self._score = score
        self._good = enough
        self._seen = 0  # of those that are finished
        self._broken: RuncrateError | None = None  # why a score could not be had
        self._takes = Takes(plan.cells, maker)
        super().__init__(plan, maker, most_open=at_a_time)
        self._track.subscribe(self._look)
        self._look()  # one may have been kept just now

    @property
    def stopped(self) -> RuncrateError | None:
        """Why no more of them are begun, or None: one is good enough (its `kind` is `kept`), the budget is
        spent (`limit`), or the score of one could not be had (`score`; its `__cause__` is what was raised).
        """
        return self._track.stopped

    @property
    def best(self) -> VideoJob | None:
        """The one that was kept; else that of the highest score or, where there is no `score`, rating. None
        as long as there is none."""
        made = [job for job in self._begun() if job.video is not None and self._counts(job)]
        return max(made, key=self._rank, default=None)

    @property
    def spent(self) -> float:
        """Dollars for all of them that were sent, by the prices of then: also for what failed, and for what
        earlier runs sent. In the demo, where nothing is paid, what they would cost."""
        return self._takes.spent(self._records())

    def _counts(self, job: VideoJob) -> bool:
        """Whether it can be the best."""
        if job.choice.kept is not None:
            return job.choice.kept
        return self._score is None or job in self.scores

    def _rank(self, job: VideoJob) -> tuple[bool, float, int]:
        return bool(job.choice.kept), self.scores.get(job, -math.inf), job.rating or 0

    def _said(self) -> list[str]:
        said, best, spent, stopped = super()._said(), self.best, self.spent, self.stopped
        if best is not None:
            score = f", score {self.scores[best]:.4g}" if best in self.scores else ""
            several = len({request.model for request in self.plan.requests}) > 1
            model = f" of {best.request.model_name}" if several else ""
            said.append(f"the best is take {best.take}{model}{score}")
        if spent:
            said.append(
                f"would cost ${spent:,.2f}, {_IN_THE_DEMO}" if self._maker.demo else f"${spent:,.2f} spent"
            )
        if stopped is not None and stopped.kind == "kept":
            said.append(stopped.message.rstrip("."))
        return said

    def _more(self, job: VideoJob | None) -> dict[str, Any]:
        return {"score": None if job is None else self.scores.get(job)}

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
            if (over := self._over()) is not None:
                return over
            beyond = self._beyond(cell) if new else None
            with self._track.changed:
                under_way = len(self._track.open)
            # What is under way may still turn out to be free, or good enough.
            if beyond is None or not under_way or not self._track.has_room(under_way):
                return beyond

    def _over(self) -> RuncrateError | None:
        """Why no more are made, whatever they cost."""
        if self._broken is not None:
            return self._broken
        if (kept := self._takes.kept(self._records())) is None:
            return None
        score = next((score for job, score in self.scores.items() if job.key == kept.key), None)
        enough = score is not None and self._good is not None and score >= self._good
        why = f"scored {score:.4g}, which is enough" if enough else "was kept"
        return RuncrateError(f"Take {kept.take} {why}: no more are made.", kind="kept")

    def _beyond(self, cell: Cell) -> RuncrateError | None:
        if self._budget is None or cell.request is None:
            return None
        records = self._records()
        cost, spent = self._maker.cost(cell.request) or 0.0, self._takes.spent(records)
        reserved = self._takes.reserved(records)
        if spent + reserved + cost <= self._budget + 1e-9:
            return None
        gone = f"${spent:,.2f} of ${self._budget:,.2f} {'would be' if self._maker.demo else 'are'} spent"
        gone += f", and ${reserved:,.2f} will be" if reserved else ""
        demo = f" ({_IN_THE_DEMO})" if self._maker.demo else ""
        message = f"The next take would cost ${cost:,.2f}, and {gone}{demo}."
        return RuncrateError(message, "The same call with a higher budget goes on.", kind="limit")

    def _at_end(self) -> None:
        if self.stopped is not None:
            self._take_in()
        if self._track.has_room(1):  # none is open any more
            self._judge()
            self._track.stopped = self._broken or self._track.stopped or self._over()

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
        """Scores what has been finished since; one that is good enough is kept. A score that cannot be had is
        the last that is asked for."""
        with self._track.changed:
            new, self._seen = self._track.finished[self._seen :], len(self._track.finished)
        for job in (self[at] for at in new):
            if self._score is None or job.video is None or self._broken is not None:
                continue
            try:
                score = _number(self._score(job.video))
            except Exception as error:  # somebody else's
                self._broken = _no_score(job, error)
                self._track.cancel_waiting()
                continue
            self.scores[job] = score
            good = self._good is not None and score >= self._good and job.choice.kept is None
            if good and self._takes.kept(self._records()) is None:
                job.choose(kept=True)


_IN_THE_DEMO = "in the demo nothing is paid"


def _number(score: Any) -> float:
    """What a function of the user's gave, as a number. Raises where it is none."""
    if isinstance(score, (str, bytes)) or not math.isfinite(found := float(score)):
        raise ValueError(f"it gave {score!r}, which is no finite number")
    return found


def _no_score(job: VideoJob, error: Exception) -> RuncrateError:
    words = " ".join(str(error).split())
    message = f"The score of take {job.take} could not be had: {type(error).__name__}: {words or 'no words'}."
    hint = "No more are made. Mend the function and call again: what is made is there, and free."
    found = RuncrateError(message, hint, kind="score")
    found.__cause__ = error
    return found


def _check(plan: Plan, maker: Maker, budget: Any, score: Any, enough: Any, at_a_time: Any) -> None:
    for name, value in (("budget", budget), ("enough", enough)):
        if value is not None:
            check_number(name, value)
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
