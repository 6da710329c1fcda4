"""The job of a record that a person gives: `client.job(client.library[key])`."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.library.record import JobStatus, Record

from .living import was_left

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library

    from .job import VideoJob
    from .manager import JobManager


def job_of(manager: JobManager, record: Record) -> VideoJob:
    """The job of a record: followed, as by its key, if it is under way at the manager's service; else as it
    is, and nothing is sent, asked or fetched for it. Raises InvalidRequestError if it is of another library.
    """
    record = _own(record, manager._library)
    rests = record.status.over or record.status is JobStatus.UNCONFIRMED or was_left(record)
    if rests or record.service != manager._backend.service or manager._runs.closed:
        return manager.look_up(record)
    with manager._library.lock:
        job = manager._job(record)
    return manager._revived(job)


def _own(record: Record, library: Library) -> Record:
    """The record as this library has it now. Raises InvalidRequestError if its job is of another library: a
    client of that has it."""
    here = record.folder == library.folder
    if not here:
        with contextlib.suppress(OSError):
            here = os.path.samefile(record.folder, library.folder)
    if not here:
        message = f"This record is of another library: {record.folder}."
        raise InvalidRequestError("id", message, "A client of that library has its job.")
    return library.reread(replace(record, folder=library.folder))
