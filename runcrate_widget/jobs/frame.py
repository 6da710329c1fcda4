"""A plan, or a batch, as a table: one row a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import RuncrateError

if TYPE_CHECKING:
    from .job import VideoJob
    from .plan import Cell


def asked_of(cell: Cell) -> dict[str, Any]:
    """What is asked for by one cell; where it was refused, as far as what was given is of that kind."""
    request, given = cell.request, cell.given
    asked: Mapping[str, Any] = given if request is None else vars(request)
    model = asked.get("model")
    duration, aspect_ratio = asked.get("duration"), asked.get("aspect_ratio")
    return {
        "row": cell.row,
        "prompt": None if asked.get("prompt") is None else str(asked["prompt"]),
        "model": None if model is None else str(getattr(model, "id", model)),
        "duration": duration if isinstance(duration, int) else None,
        "aspect_ratio": aspect_ratio if isinstance(aspect_ratio, str) else None,
        "take": cell.take,
    }


def row_of(cell: Cell, status: str, job: VideoJob | None, problem: RuncrateError | None) -> dict[str, Any]:
    """What there is to say of one cell, whose job is None where it is not begun."""
    error = job.error if job else problem
    return {
        **asked_of(cell),
        "status": status,
        "key": job.key if job else None,
        "id": job.id if job else None,
        "path": job.video.location if job and job.video else None,
        "cost": job.record.cost if job else None,
        "made_in": job.timeline.made_in if job else None,
        "rating": job.rating if job else None,
        "error": error.message if error else None,
    }


def with_own(row: dict[str, Any], cell: Cell, own: Sequence[Any]) -> dict[Any, Any]:
    """The row with the user's own columns, which keep their names: of ours, what has the same one is called
    `video_…`."""
    ours = {f"video_{name}" if name in own else name: value for name, value in row.items()}
    return {**ours, **{name: cell.own.get(name) for name in own}}
