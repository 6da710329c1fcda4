"""`Overview`: a batch as it is looked at: how far it is in words, and what is at each place of its grid."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.record import JobStatus

from .plan import Cell
from .tracker import Tracker

if TYPE_CHECKING:
    from .job import VideoJob

_RUNNING = (JobStatus.SUBMITTING, JobStatus.QUEUED, JobStatus.PROCESSING, JobStatus.DOWNLOADING)
_NAMED = (JobStatus.FAILED, JobStatus.UNCONFIRMED, JobStatus.CANCELLED)


class Seen(NamedTuple):
    """What is at one place of the grid.

    Attributes:
        status: a `JobStatus`, or `not begun`, or `refused`: `problem` says why.
        key: of its job, once that is begun.
        job: that, as long as it is held.
    """

    cell: Cell
    status: str
    key: str | None
    job: VideoJob | None
    problem: RuncrateError | None


class Overview:
    """For any thread. Places are those of the plan's cells."""

    def __init__(self, cells: Sequence[Cell], track: Tracker) -> None:
        self._cells = cells
        self._track = track
        #: Of each cell: which of the jobs is its own, or None.
        self._jobs: list[int | None] = []
        self._places: list[int] = []  # and the other way round
        for place, cell in enumerate(cells):
            self._jobs.append(None if cell.request is None else len(self._places))
            self._places += [] if cell.request is None else [place]

    def at(self, places: Sequence[int]) -> list[Seen]:
        """What is at these places."""
        track = self._track
        seen = []
        with track.changed:
            for place in places:
                cell, at = self._cells[place], self._jobs[place]
                if at is None:
                    seen.append(Seen(cell, "refused", None, None, cell.error))
                    continue
                problem = track.problems.get(at)
                status = "refused" if problem else track.status.get(at, "not begun")
                job = track.open.get(at) or track.held.get(at)
                seen.append(Seen(cell, status, track.keys.get(at), job, problem))
        return seen

    def latest(self, since: int) -> tuple[int, list[int], bool]:
        """How many changes there have been; the places of the latest; and whether there were more than these
        since there were `since`."""
        with self._track.changed:
            latest, moves = self._track.latest, self._track.moves
            places = [self._places[at] for at in latest]
            oldest = next(iter(latest.values()), 0)
            return moves, places, len(latest) < len(self._track.status) and oldest > since + 1

    @property
    def waiting(self) -> int:
        """How many can still be taken back."""
        with self._track.changed:
            return self._waiting(Counter(self._track.status.values()))

    def _waiting(self, counts: Counter[str]) -> int:
        begun = sum(counts.values()) + len(self._track.problems)
        rest = 0 if self._track.fed or self._track.cancelled else len(self._places) - begun
        return counts[JobStatus.WAITING] + rest

    def line(self) -> str:
        """How far it is: `37 of 120 done · 4 running · 1 failed · $12.30`. The money is for what was sent, by
        the prices that were valid then."""
        track = self._track
        with track.changed:
            counts = Counter(track.status.values())
            waiting = self._waiting(counts)
            refused = len(track.problems) + len(self._cells) - len(self._places)
            costs = [cost for cost in track.costs.values() if cost is not None]
            unknown = len(track.costs) - len(costs)
        parts = [(sum(counts[name] for name in _RUNNING), "running"), (waiting, "waiting")]
        parts += [(counts[name], name.value) for name in _NAMED] + [(refused, "refused")]
        said = [f"{counts[JobStatus.COMPLETED]:,} of {len(self._cells):,} done"]
        said += [f"{count:,} {word}" for count, word in parts if count]
        more = f", {unknown:,} without a price" if unknown else ""
        return " · ".join([*said, *([f"${math.fsum(costs):,.2f}{more}"] if costs else [])])
