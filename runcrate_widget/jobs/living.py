"""The jobs of this process that somebody still holds, by their files: one job, one object. Those that have an
id are found by it, too, and by what was asked for, without a look at any other."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING

from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.attempts import is_owned
from runcrate_widget.library.record import JobStatus, Record
from runcrate_widget.request import VideoRequest, fingerprint

from .ends import recorded_end
from .loop import engine

if TYPE_CHECKING:
    from .facts import Facts
    from .job import VideoJob

living: weakref.WeakValueDictionary[tuple[Path, str], VideoJob] = weakref.WeakValueDictionary()

#: Those of them that were only looked up, and are carried when somebody asks for their video.
at_rest: weakref.WeakSet[VideoJob] = weakref.WeakSet()

#: Those of them that are left to a carrier, and only looked at here; see `onlooking.py`.
onlooked: weakref.WeakSet[VideoJob] = weakref.WeakSet()

_FEW = 1000  # names that are kept although nobody has their jobs any more


class _Alike:
    """Jobs by what several of them may have in common. For any thread."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[Hashable, list[weakref.ref[Facts]]] = {}
        self._most = _FEW

    def add(self, what: Hashable, job: Facts) -> None:
        with self._lock:
            if len(self._jobs) >= self._most:
                held = {one: [ref for ref in refs if ref() is not None] for one, refs in self._jobs.items()}
                self._jobs = {one: refs for one, refs in held.items() if refs}
                self._most = 2 * len(self._jobs) + _FEW
            others = [ref for ref in self._jobs.get(what, ()) if ref() not in (None, job)]
            self._jobs[what] = [*others, weakref.ref(job)]

    def records(self, what: Hashable) -> list[Record]:
        """As the jobs have them now."""
        with self._lock:
            jobs = [job for ref in self._jobs.get(what, ()) if (job := ref()) is not None]
        records = [(job, job.record) for job in jobs]
        return [one for job, one in records if living.get((one.folder, one.name)) is job]


_by_id, _by_request = _Alike(), _Alike()


def note_id(job: Facts) -> None:
    """The job has an id, or another one."""
    record = job.record
    _by_id.add((record.folder, record.service, record.id), job)
    _by_request.add((record.folder, record.service, fingerprint(record.request), record.take), job)


def with_id(folder: Path, service: str, id: str) -> list[Record]:
    """The records of the jobs that have this id."""
    return [one for one in _by_id.records((folder, service, id)) if one.id == id]


def had(folder: Path, service: str, request: VideoRequest, take: int) -> Record | None:
    """The record of a job of this take that the service has."""
    for record in _by_request.records((folder, service, fingerprint(request), take)):
        if record.id and (record.request, record.take) == (request, take):
            return record
    return None


def _clear() -> None:
    living.clear()
    _by_id.clear()
    _by_request.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_clear)  # nobody carries them there


def was_left(record: Record) -> bool:
    """Whether a job waits to be sent, and nobody will send it: its kernel has ended, or its client was
    closed."""
    if record.status is not JobStatus.WAITING or record.handed_over is not None:
        return False
    job = living.get((record.folder, record.name))
    return not (job is not None and not job.done) and not is_owned(record)


def waits_for_carrier(record: Record) -> bool:
    """Whether a job waits to be sent, and not by the process that asked for it."""
    return record.status is JobStatus.WAITING and record.handed_over is not None


def why_at_rest(record: Record, service: str) -> RuncrateError:
    """Why there is no video of a job that was only looked up, by a client of this service."""
    if record.service != service:
        message = f"This job is of another service: {record.service}."
        return RuncrateError(message, "A client of that service goes on with it.", kind="closed")
    if record.status is JobStatus.COMPLETED:
        message = "The file is not there: it was deleted, or moved."
        return RuncrateError(message, "job.resume() brings it back.", kind="not_found")
    if was_left(record):
        return unsent()
    if waits_for_carrier(record):
        hint = "job.resume() goes on with it; job.cancel() takes it back."
        return RuncrateError("It was left to a carrier, which sends it.", hint, kind="closed")
    return RuncrateError(
        "This client does not follow the job.", "job.resume() goes on with it.", kind="closed"
    )


def unsent() -> RuncrateError:
    """Why a job rests that waits, and whose process has ended."""
    hint = "Send it (job.resume()), or give it up (job.cancel())."
    return RuncrateError("It was never sent: its kernel ended.", hint, kind="unsent")


def newer(known: Record, read: Record) -> Record:
    """Of the record of a job and what is on disk the one that holds: an id that could not be written is not
    forgotten."""
    return known if known.id and not read.id else read


def refresh(record: Record) -> None:
    """The record of a job was written past its job, which may live: then it shows what is so now."""
    job = living.get((record.folder, record.name))
    if job is None:
        return
    end = recorded_end(record)

    def show() -> None:
        if job.done and (job.record.status, job.record.id) == (record.status, record.id):
            job.record = record
            video = end.video if end else job.video
            job._show(note=job.note, error=None if video else job.error, video=video)

    engine().run(show)
