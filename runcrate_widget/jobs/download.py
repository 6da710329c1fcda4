"""The last stage of a job: its video, downloaded, checked and given its name."""

from __future__ import annotations

import asyncio
import contextlib
import time

from runcrate_widget.errors import (
    BadRequestError,
    ConflictError,
    InvalidVideoError,
    NotFoundError,
    UnexpectedAnswerError,
)
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, now
from runcrate_widget.media.mp4 import MP4, whole_mp4
from runcrate_widget.service.backend import Backend

from .job import VideoJob
from .living import why_at_rest
from .loop import at_length, in_thread
from .status import Move
from .talk import Over, Talk

#: So many videos come at a time. More are no sooner there, and httpx looks at each connection for each.
DOWNLOADS = 16

_ATTEMPTS = 6
#: Seconds after `completed` in which the file may still be on its way to where it is fetched from.
_NOT_YET = 60.0
_PROGRESS_EVERY = 0.25  # seconds

# A download may not be ready although the job is completed; and what arrives may be no whole video.
_PASSING = (InvalidVideoError, UnexpectedAnswerError, NotFoundError, BadRequestError, ConflictError)


async def fetch(
    job: VideoJob, talk: Talk, backend: Backend, library: Library, downloads: asyncio.Semaphore
) -> None:
    """Downloads the video, and checks that it is one. Raises RuncrateError where it is not to be had."""
    ready = job.record.timeline.ready
    since = (now() - ready).total_seconds() if ready else 0.0
    # By this clock, which nobody sets; the record's may say anything.
    late = time.monotonic() + _NOT_YET - min(max(since, 0.0), _NOT_YET)
    attempts = 0
    mp4 = await at_length(_at_hand, library, job.record)
    if mp4 is not None:  # its process was killed before it could say so, and may have left something
        await in_thread(library.receive(job.record).discard)
    while mp4 is None:
        try:
            await talk.ridden_out(lambda: _download(job, backend, library, downloads))
            mp4 = await at_length(library.publish, job.record)
        except _PASSING as error:
            if isinstance(error, (InvalidVideoError, UnexpectedAnswerError)):
                library.receive(job.record).discard()
            attempts += 1
            not_yet = isinstance(error, (NotFoundError, ConflictError)) and time.monotonic() < late
            if attempts >= _ATTEMPTS and not not_yet:
                raise
            job._show(note=f"fetching again: {error.message}")
            await talk.pacer().back_off(error, attempts)
    # Whoever asks for one that was deleted, or put away, wants to see it.
    shown = {"choice": job.record.choice.changed({"hidden": False})} if job.record.choice.hidden else {}
    facts = {"mp4": mp4, **shown}
    await talk.move(Move(JobStatus.COMPLETED, video=job.record.video_of(mp4), facts=facts))
    if job.record.choice.hidden and await in_thread(_was_deleted, library, job.record):
        job._show(error=why_at_rest(job.record, backend.service))
        raise Over


def _was_deleted(library: Library, record: Record) -> bool:
    """Whether another process, which had made it meanwhile, has had it deleted: then ours goes, too."""
    try:
        if library.bin.find(record) is None:
            return False  # it is only put away
        library.bin.put(record)
    except OSError:
        return False  # it is there twice, and nothing is lost
    return True


def _at_hand(library: Library, record: Record) -> MP4 | None:
    """The video, if it is there already, or in the bin: then it is taken out."""
    mp4 = _brought(library, record)
    if mp4 is None:
        with contextlib.suppress(OSError):  # then it is fetched
            mp4 = _brought(library, record) if library.bin.take_out(record) else None
    return mp4


def _brought(library: Library, record: Record) -> MP4 | None:
    path = library.store.bring(record.name)
    return None if path is None else whole_mp4(path)


async def _download(job: VideoJob, backend: Backend, library: Library, downloads: asyncio.Semaphore) -> None:
    shown = 0.0

    def progress(have: int, total: int | None) -> None:
        nonlocal shown
        moment = time.monotonic()
        if moment - shown >= _PROGRESS_EVERY and have != total:
            shown = moment
            of = f" of {total / 1e6:.1f}" if total else ""
            job._show(note=f"{have / 1e6:.1f}{of} MB")

    async with downloads:
        await backend.download(job.id or "", library.receive(job.record), progress)
