"""`Feeding`: begins the jobs of a batch, one after the other, in a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.library.record import Record
from runcrate_widget.request import VideoRequest

from .plan import Cell, Maker
from .tracker import MOST_OPEN, Tracker, gone

_log = logging.getLogger("runcrate_widget")


class Feeding:
    """Of these cells, followed by `track`.

    `enough` is asked before each is begun: why it and all that follow are not, or None. `at_end` is called
    when no more are. Both in this thread.
    """

    def __init__(
        self,
        track: Tracker,
        cells: Sequence[Cell],
        maker: Maker,
        *,
        most_open: int,
        enough: Callable[[Cell], RuncrateError | None],
        at_end: Callable[[], None],
    ) -> None:
        self._track = track
        self._cells = cells
        self._maker = maker
        self._most_open = most_open
        self._enough = enough
        self._at_end = at_end
        self._first: dict[tuple[VideoRequest, int], int] = {}  # where each take was asked for first

    def run(self) -> None:
        """Begins them all, or as many as may be. Whatever ends it, `stopped` says so, and who waits is
        told."""
        try:
            self._told(self._feed)
            self._told(self._at_end)
        finally:
            self._track.end()

    def _told(self, work: Callable[[], None]) -> None:
        track = self._track
        try:
            work()
        except RuncrateError as error:
            track.stopped = track.stopped or error
        except BaseException as error:  # somebody else's, a SystemExit even
            _log.exception("A batch was stopped")
            message = f"Something unforeseen stopped it: {error!r}."
            track.stopped = track.stopped or RuncrateError(message, kind="unforeseen")

    def _feed(self) -> None:
        left: list[Record] = []
        try:
            self._feed_each(left)
        finally:
            if left and self._track.cancelled:
                self._maker.take_back(left)

    def _feed_each(self, left: list[Record]) -> None:
        """`left` becomes those that were left to a carrier before they had a place here."""
        track = self._track
        for at, cell in enumerate(self._cells):
            if at == self._most_open >= MOST_OPEN:  # they wait for nobody here
                rest = [(one.request, one.take) for one in self._cells[at:] if one.request is not None]
                left += self._maker.leave_all(rest)
            if not track.has_room(self._most_open):
                return
            if (reason := self._enough(cell)) is not None:
                track.stopped = track.stopped or reason
                return
            with track.changed:
                if track.cancelled:
                    return
                track.beginning = True
            try:
                self._begin(at, cell)
            except InvalidRequestError as error:  # this one cannot; others may
                track.refuse(at, error)
            finally:
                with track.changed:
                    track.beginning = False
                    track.changed.notify_all()

    def _begin(self, at: int, cell: Cell) -> None:
        """One take is asked for once, whatever became of it: what asks for the same again shares it."""
        assert cell.request is not None
        track, first = self._track, self._first.setdefault((cell.request, cell.take), at)
        if first == at:
            track.follow(at, self._maker.generate(cell.request, take=cell.take))
        elif first in track.problems:
            track.refuse(at, track.problems[first])
        elif (job := track.job(first)) is not None:
            track.follow(at, job)
        else:
            track.refuse(at, gone(first))
