"""What the view of a batch is told of it: a part of `messages.py`, and of its twin.

The page has it by the trait `_grid` of a `BatchWidget`, and asks for what it lacks.
"""

from __future__ import annotations

from typing import TypedDict

from .shapes import ErrorRow
from .wall_messages import EntryRow


class CellRow(TypedDict):
    """One video of the batch."""

    at: int  # row by row, from 0
    prompt: str  # in an answer the whole of it, if it is not very long; in the trait its beginning
    status: str  # a `Status`, or `not begun`, or `refused`: `error` says why
    error: ErrorRow | None
    job: EntryRow | None  # once it is begun


class GridRow(TypedDict):
    """The batch, and some of its cells: in the trait those that have changed last."""

    version: int
    missed: bool  # whether others have changed, too, since the trait was set before
    columns: list[str]  # what they are called
    rows: int
    line: str  # how far it is, in words
    waiting: int  # how many can still be taken back
    over: bool  # whether all are done
    stopped: str  # why no more are begun, or ""
    cells: list[CellRow]


class BatchRequest(TypedDict):
    """Some cells have come into view."""

    start: int
    count: int  # at most 60
