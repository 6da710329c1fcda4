"""`Feeding`: begins the jobs of a batch, one after the other, in a thread of its own.

What is left to a carrier is written down first, side by side, while whoever asks for it waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from runcrate_widget.errors import (
    InvalidRequestError,
    LibraryError,
    RuncrateError,
    SpendingLimitError,
)
from runcrate_widget.format import videos
from runcrate_widget.library.record import Record
from runcrate_widget.request import VideoRequest

from .leaving import Leaving, stops_all
from .loop import run_in_background
from .plan import Cell, Maker
from .tracker import Tracker, gone

_log = logging.getLogger("runcrate_widget")


class Feeding:
    """Of these cells, followed by `track`.

    `enough` is asked before each is begun: why it and all that follow are not, or None. `at_end` is called
    when no more are. Both in this thread. `leaving`: what leaves all of them to a carrier, before `begin`
    returns.
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
        leaving: Leaving | None,
    ) -> None:
        self._track = track
        self._cells = cells
        self._maker = maker
        self._most_open = most_open
        self._enough = enough
        self._at_end = at_end
        self._leaving = leaving
        self._left = leaving is None  # whether all that can be is on record
        self._lost: RuncrateError | None = None  # why not all are
        self._first: dict[tuple[VideoRequest, int], int] = {}  # where each take was asked for first

    def begin(self) -> None:
        """Begins them all, or as many as may be, in the background. What is left to a carrier is on record
        when this returns; else it raises, and says how much of it is."""
        run_in_background(self._run)
        try:
            self._until_left()
        except KeyboardInterrupt:
            with self._track.changed:
                self._track.cancelled = True  # what is being written is written
            self._until_left()
            raise KeyboardInterrupt(
                f"{self._said()} The same call again goes on. To take them back: client.job(record).cancel() "
                "for record in client.library.filter(status='waiting')."
            ) from None
        error = self._lost
        if isinstance(error, LibraryError):
            hint = f"The same call again goes on where it was. {error.hint}".rstrip()
            raise LibraryError(f"{error.message} {self._said()}", hint, kind=error.kind) from error
        if error is not None and not isinstance(error, SpendingLimitError):
            raise error

    def _until_left(self) -> None:
        with self._track.changed:
            while not self._left:
                self._track.changed.wait(1.0)  # so that it can be interrupted everywhere

    def _said(self) -> str:
        with self._track.changed:
            done = len(self._track.status)
        return f"Of {videos(len(self._cells))} {done:,} are on record, and left to a carrier."

    def _run(self) -> None:
        """Whatever ends it, `stopped` says so, and who waits is told."""
        track, leaving = self._track, self._leaving
        try:
            if leaving is None:
                self._told(self._feed)
            else:
                self._told(partial(self._leave, leaving))
                with track.changed:
                    self._left, self._lost = True, track.stopped
                    track.changed.notify_all()
                self._told(partial(self._follow, leaving))
            self._told(self._at_end)
        finally:
            track.end()

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

    def _leave(self, leaving: Leaving) -> None:
        """Has all of them written down."""
        track = self._track
        places: dict[tuple[VideoRequest, int], list[int]] = {}
        for at, cell in enumerate(self._cells):
            assert cell.request is not None
            try:
                self._maker.check(cell.request)
            except InvalidRequestError as error:
                track.refuse(at, error)
            else:
                places.setdefault((cell.request, cell.take), []).append(at)
        for some in leaving.leave_all(list(places)):
            for take, one in some:
                for at in places[take]:
                    if isinstance(one, Record):
                        track.leave(at, one)
                    else:
                        track.refuse(at, one)
                if isinstance(one, RuncrateError) and stops_all(one):
                    track.stopped = track.stopped or one
            if track.stopped is not None or track.cancelled:
                return

    def _follow(self, leaving: Leaving) -> None:
        """Has those that were left looked at, in their order."""
        for at in sorted(self._track.left):
            if not self._track.has_room(self._most_open) or leaving.closed:
                return
            self._in_turn(partial(self._track.job, at))

    def _feed(self) -> None:
        track = self._track
        for at, cell in enumerate(self._cells):
            if not track.has_room(self._most_open):
                return
            if (reason := self._enough(cell)) is not None:
                track.stopped = track.stopped or reason
                return
            try:
                if not self._in_turn(partial(self._begin, at, cell)):
                    return
            except InvalidRequestError as error:  # this one cannot; others may
                track.refuse(at, error)

    def _in_turn(self, work: Callable[[], object]) -> bool:
        """Does so while nobody cancels the batch; False if somebody has."""
        track = self._track
        with track.changed:
            if track.cancelled:
                return False
            track.beginning = True
        try:
            work()
        finally:
            with track.changed:
                track.beginning = False
                track.changed.notify_all()
        return True

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
