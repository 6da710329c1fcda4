"""How a job can end: as its record has it, and as its client lets it go."""

from __future__ import annotations

from dataclasses import dataclass

from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.record import JobStatus, Record
from runcrate_widget.media.video import Video

from .status import restore_error


@dataclass(frozen=True)
class End:
    """How a job ended: with a video, or why without."""

    error: RuncrateError | None = None
    video: Video | None = None


def recorded_end(record: Record) -> End | None:
    """The end that a record has; None if it has none, or says completed and the file is not there."""
    if record.status is JobStatus.COMPLETED:
        video = record.video
        return None if video is None else End(video=video)
    if record.status.over or record.status is JobStatus.UNCONFIRMED:
        return End(error=restore_error(record))
    return None


def closed(record: Record) -> RuncrateError:
    """Why a job stops that its client no longer carries."""
    if record.id is None and record.status is JobStatus.WAITING and record.handed_over is not None:
        message = "Its client was closed. It was left to a carrier, which sends it all the same."
        return RuncrateError(message, "Ask a new client for it again to follow it.", kind="closed")
    if record.id is None:
        message = "Its client was closed. It was not sent: nothing is billed."
        return RuncrateError(message, "Ask a new client for it again to send it.", kind="closed")
    hint = (
        f"The service has it: its id is {record.id}. A new client goes on with it: client.job({record.id!r})."
    )
    return RuncrateError("Its client was closed.", hint, kind="closed")
