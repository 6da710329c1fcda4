"""`BatchWidget`: what a batch shows in a notebook: its grid, in which one keeps, rejects, rates and plays."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from traitlets import Dict, default

from runcrate_widget.errors import RuncrateError
from runcrate_widget.jobs.loop import engine
from runcrate_widget.library.entry import Entry
from runcrate_widget.media.video import cut

from .batch_messages import CellRow, GridRow
from .entries import entry_row, sendable
from .output_widget import OutputWidget, SavedBundle
from .rows import LONGEST_PROMPT, error_row

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.batch import Batch
    from runcrate_widget.jobs.overview import Seen

_EVERY = 0.5  # seconds: Jupyter drops messages in silence when there are too many
_LONGEST = 4000  # bytes of a prompt that was asked for


class BatchWidget(OutputWidget):
    """The grid of a batch.

    `saved()` gives what stays of it in the notebook. It tells its views of the batch at most twice a second.
    """

    _grid = Dict().tag(sync=True)  # a GridRow

    def __init__(self, batch: Batch, client: VideoClient, saved: Callable[[], dict[str, str]]) -> None:
        self.batch = batch
        self._version = 0
        self._moves = 0  # of which the trait tells
        self._due = False
        super().__init__(client=client)
        self._outlives = SavedBundle(self.model_id, saved)
        self._leave(self._outlives)
        self._when_closed.callback(batch.subscribe(self._moved))
        self._moved()

    @default("_grid")
    def _first_grid(self) -> dict[str, Any]:
        return dict(self._row([], missed=True))

    # In any thread

    def _moved(self) -> None:
        if not self._due:
            self._due = True
            engine().call(self._tell_grid_soon)

    def grid(self, places: Sequence[int], longest: int = _LONGEST) -> GridRow:
        """The batch as it is, with the cells at these places. Not in the engine's thread: it reads files."""
        version = self._version  # what changes from now on is told later
        seen = self.batch.overview.at(places)
        cells = [self._cell(place, one, longest) for place, one in zip(places, seen, strict=True)]
        return {**self._row(cells, missed=False), "version": version}

    def _row(self, cells: list[CellRow], *, missed: bool) -> GridRow:
        batch, plan = self.batch, self.batch.plan
        stopped = batch.stopped
        return GridRow(
            version=self._version,
            missed=missed,
            columns=list(plan.columns),
            rows=1 + plan.cells[-1].row if plan.cells else 0,
            line=batch.overview.line(),
            waiting=batch.overview.waiting,
            over=batch.done,
            stopped=f"{stopped.message} {stopped.hint}".strip() if stopped else "",
            cells=cells,
        )

    def _cell(self, place: int, seen: Seen, longest: int) -> CellRow:
        request, job, library = seen.cell.request, seen.job, self._client.library
        entry = Entry(job.record) if job else library.shelf.find(seen.key)
        row = CellRow(
            at=place,
            prompt=cut(request.prompt, longest) if request else f"Row {seen.cell.row}",
            status=seen.status,
            error=error_row(seen.problem) if seen.problem else None,
            # Which other takes there are is seen in the grid.
            job=entry_row(entry, 1, library, self._wall.facts) if entry else None,
        )
        return cast("CellRow", sendable(row))

    # In the engine's thread

    def _tell_grid_soon(self) -> None:
        engine().loop.call_later(_EVERY, lambda: engine().spawn(self._tell_grid()))

    async def _tell_grid(self) -> None:
        self._due = False
        if self._closed:
            return
        self._outlives.update()
        self._version += 1
        with contextlib.suppress(RuncrateError, RuntimeError):  # a folder that cannot be read; an end
            await self._wall.shelf()
            self._grid = await asyncio.to_thread(self._changed_grid)

    def _changed_grid(self) -> dict[str, Any]:
        self._moves, latest, missed = self.batch.overview.latest(self._moves)
        return {**self.grid(latest, LONGEST_PROMPT), "missed": missed}

    def __repr__(self) -> str:
        return f"<BatchWidget {self.batch!r}>"
