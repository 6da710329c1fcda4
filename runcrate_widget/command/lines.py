"""The objects of `--json`. Their names are a promise: docs/recipes/command.md has them all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runcrate_widget.library.places import is_made, location_of

from .words import at_shell, error_fields

if TYPE_CHECKING:
    from pathlib import Path

    from runcrate_widget.catalog import Model
    from runcrate_widget.jobs.carrier import State
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.jobs.plan import Cell, Plan
    from runcrate_widget.library.record import Record
    from runcrate_widget.request import VideoRequest

    from .codes import Tally


def job_object(
    job: VideoJob,
    *,
    line: int | None = None,
    own: Mapping[str, Any] | None = None,
    output: Path | None = None,
    reused: bool = False,
) -> dict[str, Any]:
    """A job that was made, or asked for, by this command; `line` is that of its row in the file, `own` the
    columns there that are no parameters, `reused` whether it was asked for before."""
    path = job.video.path if job.video else None
    why = None if job.error is None else error_fields(job.error, job.key)
    made = _record(job.record, job.status, path, why)
    about = {
        "location": str(job.video.location) if job.video else None,
        "waiting_for": job.note or None if job.status == "waiting" else None,
        "line": line,
        "own": dict(own or {}),
        "output": str(output.absolute()) if output else None,
        "reused": reused,
    }
    return {**made, **about}


def record_object(record: Record, waiting_for: str | None = None) -> dict[str, Any]:
    """A job of the library, as it is on record; nothing is fetched for it."""
    made = is_made(record)
    why = record.error
    if why is not None:
        message, hint = at_shell(why.get("message", ""), why.get("hint", ""), record.key)
        why = {**why, "message": message, "hint": hint}
    found = _record(record, record.status, record.path if made and record.path.is_file() else None, why)
    where = location_of(record) if made else None
    about = {"location": where, "waiting_for": waiting_for}
    return {**found, **about, "line": None, "own": {}, "output": None, "reused": True}


def unsent_object(cell: Cell, line: int | None) -> dict[str, Any]:
    """A video of a plan that has no job."""
    nothing = dict.fromkeys((*_OF_A_RECORD, "location", "waiting_for", "line", "output", "reused"))
    asked = {} if cell.request is None else _asked(cell.request)
    state = {"status": "not sent", "take": cell.take, "tags": [], "reused": False, "line": line}
    return {"type": "job", **nothing, **asked, **state, "own": dict(cell.own)}


def plan_object(plan: Plan, refused: int) -> dict[str, Any]:
    """A plan; `refused` is how many rows cannot be sent."""
    return {
        "type": "plan",
        "videos": len(plan.requests),
        "known": plan.known,
        "new": len(plan.new),
        "refused": refused,
        "seconds": plan.seconds,
        "cost": plan.cost,
        "time": plan.time,
    }


def model_object(model: Model, price: float | None) -> dict[str, Any]:
    """A model; `price` is in dollars a second."""
    return {
        "type": "model",
        "id": model.id,
        "name": model.name,
        "durations": list(model.durations),
        "audio": model.audio,
        "image": model.image,
        "price": price,
        "retired": None if model.retired is None else model.retired.isoformat(),
        "as_of": model.as_of,
        "notes": model.notes,
    }


def export_object(made: Any, format: str) -> dict[str, Any]:
    """A folder that the library was exported to (`library.export.Exported`)."""
    return {
        "type": "export",
        "folder": str(made.folder),
        "format": format,
        "videos": made.videos,
        "copied": made.copied,
        "skipped": dict(made.skipped),
    }


def carrier_object(state: State, tally: Tally) -> dict[str, Any]:
    """How far a carrier is."""
    return {
        "type": "carrier",
        "waiting": state.waiting,
        "sent": state.sent,
        "stopped": state.stopped,
        "made": tally.made,
        "failed": tally.failed,
        "unconfirmed": tally.unconfirmed,
        "held": None if state.held is None else error_fields(state.held),
        "other": None if state.other is None else str(state.other),
    }


_OF_A_RECORD = (
    *("key", "id", "status", "prompt", "model", "duration", "aspect_ratio", "take", "service", "demo"),
    *("created", "ended", "made_in", "cost", "path", "error", "kept", "rating", "tags", "note", "owner"),
)


def _record(
    record: Record, status: str, path: Path | None, error: Mapping[str, str] | None
) -> dict[str, Any]:
    values = {
        **_asked(record.request),
        "key": record.key,
        "id": record.id,
        "status": str(status),
        "take": record.take,
        "service": record.service,
        "demo": record.demo,
        "created": _moment(record.created),
        "ended": _moment(record.ended),
        "made_in": record.timeline.made_in,
        "cost": record.cost,
        "path": None if path is None else str(path.absolute()),
        "error": None if error is None else dict(error),
        "kept": record.kept,
        "rating": record.rating,
        "tags": list(record.tags),
        "note": record.choice.note,
        "owner": record.owner,
    }
    return {"type": "job", **{name: values[name] for name in _OF_A_RECORD}}


def _asked(request: VideoRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in ("prompt", "model", "duration", "aspect_ratio")}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")
