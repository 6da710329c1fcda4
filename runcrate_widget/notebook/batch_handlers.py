"""What the widget does with the messages of a batch's grid: as `handlers.py`, and registered there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from runcrate_widget.errors import RuncrateError

from .batch_widget import BatchWidget
from .handlers import handles
from .wall_handlers import number

if TYPE_CHECKING:
    from .messages import Message
    from .widget import VideoWidget

_MOST_CELLS = 60


@handles("batch")
async def _batch(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    grid, start = _grid_of(widget), number(message, "start", 0, 10**9)
    end = start + number(message, "count", 1, _MOST_CELLS)
    await widget._wall.shelf()
    places = range(start, min(end, len(grid.batch.plan.cells)))
    return cast("Message", await asyncio.to_thread(grid.grid, places))


@handles("cancel_batch")
async def _cancel_batch(widget: VideoWidget, _: Message, __: list[bytes]) -> Message:
    # Not in the engine's thread: each is written to the library.
    await asyncio.to_thread(_grid_of(widget).batch.cancel)
    return {}


def _grid_of(widget: VideoWidget) -> BatchWidget:
    if not isinstance(widget, BatchWidget):
        raise RuncrateError("This widget shows no batch.", "Reload the page.")
    return widget
