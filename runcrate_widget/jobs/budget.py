"""What the takes of a `BestOf` cost, and which of them a person has kept: by all attempts at them, also those
of earlier runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from runcrate_widget.library.record import JobStatus, Record, is_free
from runcrate_widget.request import VideoRequest

from .plan import Cell, Maker


class Takes:
    """The takes of these cells, at the one client. In the batch's own thread, but for what says otherwise."""

    def __init__(self, cells: Sequence[Cell], maker: Maker) -> None:
        self._takes: dict[VideoRequest, set[int]] = {}
        for cell in cells:
            if cell.request is not None:
                self._takes.setdefault(cell.request, set()).add(cell.take)
        self._maker = maker
        self._known: dict[str, Record] | None = None  # by name

    def look(self) -> None:
        """Looks for what is in the library."""
        found = self._maker.attempts(self._takes.keys())
        self._known = {one.name: one for one in found if one.take in self._takes[one.request]}

    def all(self, begun: Iterable[Record]) -> list[Record]:
        """What is known of them, and of those `begun` here, of which more is known. In any thread."""
        if self._known is None:
            self.look()
        return list({**(self._known or {}), **{one.name: one for one in begun}}.values())

    def spent(self, begun: Iterable[Record]) -> float:
        """Dollars for what was sent, and can have cost something, by the prices of when it was sent. In any
        thread."""
        sent = [one for one in self.all(begun) if one.status is not JobStatus.WAITING and not is_free(one)]
        return math.fsum(self._price(one) for one in sent)

    def reserved(self, waiting: Iterable[Record]) -> float:
        """Dollars for those that are still to be sent, by the prices of now."""
        return math.fsum(self._price(one) for one in waiting if one.status is JobStatus.WAITING)

    def kept(self, begun: Iterable[Record]) -> Record | None:
        """The first that a person, or the score, has kept. In any thread."""
        kept = [one for one in self.all(begun) if one.choice.kept]
        return min(kept, key=lambda one: one.take, default=None)

    def _price(self, record: Record) -> float:
        return (self._maker.cost(record.request) or 0.0) if record.cost is None else record.cost
