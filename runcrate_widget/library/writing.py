"""A record is put in the place of what is there, whatever another process has written there meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from .conflict import Superseded, is_paid_apart, resolved
from .naming import fresh_record
from .record import JobStatus, Record, write_record
from .store import Conflict, Store


def put_record(store: Store, record: Record, read: Callable[[str], Record | None]) -> Record:
    """Writes a record; what it is now, which has what others had to add.

    Raises:
        LibraryError: it cannot be written.
        Superseded: another process has gone on with the job, and what it wrote holds.
    """
    while True:
        try:
            store.replace(record.name, write_record(record), record.mark)
            return record
        except Conflict:
            theirs = read(record.name)
        if theirs is None:  # somebody has removed it
            record = replace(record, mark=None)
            if store.create(record.name, write_record(record)):
                return record
            continue
        if is_paid_apart(record, theirs):
            _keep_apart(store, record)
        ours = resolved(record, theirs)
        if ours is None:
            raise Superseded(theirs)
        record = ours


def _keep_apart(store: Store, paid: Record) -> None:
    """Has a job of its own for what the service has taken besides."""
    for attempt in count(paid.attempt + 1):
        like = fresh_record(paid.folder, paid.request, paid.take, attempt, paid.service)
        apart = replace(
            paid, name=like.name, key=like.key, attempt=attempt, mark=None, status=JobStatus.QUEUED
        )
        if store.create(apart.name, write_record(apart)):
            return
