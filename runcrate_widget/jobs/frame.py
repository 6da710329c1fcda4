"""A batch as a table: one row a job."""

from __future__ import annotations

from typing import Any

from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.frame import frame_of as frame_of

from .job import VideoJob
from .plan import Cell


def row_of(
    cell: Cell, status: str | None, job: VideoJob | None, problem: RuncrateError | None
) -> dict[str, Any]:
    """What there is to say of one cell, whose job is None where it is not begun."""
    request = cell.request
    assert request is not None
    error = job.error if job else problem
    return {
        "row": cell.row,
        "prompt": request.prompt,
        "model": request.model,
        "duration": request.duration,
        "aspect_ratio": request.aspect_ratio,
        "take": cell.take,
        "status": status or "not begun",
        "key": job.key if job else None,
        "id": job.id if job else None,
        "path": str(job.video.path) if job and job.video else None,
        "cost": job.record.cost if job else None,
        "made_in": job.timeline.made_in if job else None,
        "rating": job.rating if job else None,
        "error": error.message if error else None,
    }
