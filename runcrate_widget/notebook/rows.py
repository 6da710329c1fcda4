"""Models, jobs and errors as the rows that the widget's view is shown (`messages.py`)."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcrate_widget.environment import located
from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.places import bucket_of
from runcrate_widget.library.record import JobStatus
from runcrate_widget.media.pictures import FOLDER
from runcrate_widget.media.video import Video, cut
from runcrate_widget.picture import Picture

from .shapes import ErrorRow, VideoRow
from .state_messages import JobRow, ModelRow

if TYPE_CHECKING:
    from runcrate_widget.catalog import Model
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.media.mp4 import MP4

#: Bytes: a row is saved in the notebook, and stays below 1 KB.
LONGEST_PROMPT = 230


def model_row(model: Model, price: float | None) -> ModelRow:
    """One choice of the model picker."""
    ends = [model.durations[0], model.durations[-1]]
    return ModelRow(
        id=model.id,
        name=model.name,
        durations=ends if model.continuous else list(model.durations),
        continuous=model.continuous,
        audio=model.audio,
        notes=model.notes,
        price=price,
        image=model.image,
        retired=model.retired.isoformat() if model.retired and not model.lives else None,
    )


def job_row(job: VideoJob, revision: int, *, undecided: bool = False, settled: bool = False) -> JobRow:
    """One job of the list."""
    unconfirmed = job.status == "unconfirmed"
    no_video = job.done and job.video is None
    return JobRow(
        key=job.key,
        revision=revision,
        id=job.id,
        prompt=cut(job.request.prompt, LONGEST_PROMPT),
        model=job.request.model,
        model_name=job.request.model_name,
        duration=job.request.duration,
        aspect_ratio=job.request.aspect_ratio,
        take=job.take,
        # Not the record's, which is ahead of what comes with it: the video, the error.
        status=JobStatus(job.status).value,
        note=job.note,
        error=error_row(job.error) if job.error else None,
        started=job.started,
        submitted=_seconds(job.timeline.submitted),
        processing=_seconds(job.timeline.processing),
        ended=job.ended,
        made=job.timeline.made_in,
        demo=job.demo,
        undecided=undecided,
        adoptable=unconfirmed or (no_video and job.record.adopted is not None),
        stopped=job.done and (job.status == "waiting" or (job.id is not None and not job.record.status.over)),
        settled=settled,
        picture=image.sha256 if isinstance(image := job.request.image, Picture) else None,
        video=video_row(job.video) if job.video else None,
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else round(moment.timestamp(), 3)


def video_row(video: Video) -> VideoRow:
    """A finished video."""
    return mp4_row(video.location, video.mp4)


def mp4_row(location: str, mp4: MP4) -> VideoRow:
    """A finished video that is there, and says this of itself."""
    return VideoRow(
        path=location,
        size=mp4.size,
        width=mp4.width,
        height=mp4.height,
        duration=mp4.duration,
        audio=mp4.audio,
    )


def error_row(error: BaseException) -> ErrorRow:
    """What went wrong, for a person."""
    if isinstance(error, RuncrateError):
        field = getattr(error, "field", None)
        return ErrorRow(message=error.message, hint=error.hint, field=field, kind=error.kind)
    return ErrorRow(message=str(error), hint="", field=None, kind="unforeseen")


def python_call(job: VideoJob) -> str:
    """The call that gives `job` back from the library.

    A record is a file that anybody may have written, and this is Python that a person runs: nothing gets into
    it but literals. (`repr` writes what is invisible as an escape.)
    """
    request, extra = job.request, dict(job.request.extra)
    image = request.image
    picture = ""
    if isinstance(image, Picture) and bucket_of(job.record):  # where it has no path
        image, picture = None, f", image=client.job({job.key!r}).request.image"
    elif isinstance(image, Picture):
        image = _nearest(job.record.folder / FOLDER / image.name)
    elif image is not None:  # an address
        extra.pop("image_url")
    arguments = {
        "model": request.model,
        "duration": request.duration,
        "aspect_ratio": request.aspect_ratio,
        "image": image,
        "extra": extra or None,
        "take": job.take,
    }
    given = [f"{name}={_literal(value)}" for name, value in arguments.items() if value is not None]
    return f"client.generate({', '.join([_literal(request.prompt), *given])}{picture})"


def _nearest(path: Path) -> str:
    """The file as it is found from here: by a short name, if that leads to it."""
    short = located(path)
    return short if Path(short).exists() else str(path)


def _literal(value: Any) -> str:
    """`value` in Python, if it is what JSON may hold: only its own types have a `repr` to rely on."""
    try:
        return repr(json.loads(json.dumps(value, allow_nan=False)))
    except (TypeError, ValueError, RecursionError):
        raise RuncrateError("The record of this job holds what is no value of a request.") from None


def has_key(client: VideoClient) -> bool:
    """Whether an API key is set, or none is needed."""
    try:
        return not client.carry or client.api_key is not None
    except RuncrateError:  # what is set is none: Generate says what is wrong with it
        return True
