"""Records in a store: one is read from what is there, and put in its place, whatever another process has
written meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from runcrate_widget.errors import DamagedRecordError, LibraryError

from .conflict import Superseded, is_paid_apart, resolved
from .naming import fresh_record
from .record import JobStatus, Record, read_record, write_record
from .store import Conflict, Store, Stored

_LOOKS = 4  # at a record that is damaged, and another each time


def restored(store: Store, name: str, stored: Stored | None) -> Record | None:
    """The record of this name; None if there is none, or it is not ours to touch. A damaged one is set aside,
    and told of."""
    for attempt in range(_LOOKS):
        if stored is None:
            break
        try:
            record = read_record(name, store.folder, stored.content)
        except ValueError as error:
            # It may be what an index says of it, or of before somebody has mended it.
            if attempt and store.set_aside(name, str(error), stored):
                break
            stored = store.read(name)
        else:
            return record if record is None or stored.mark is None else replace(record, mark=stored.mark)
    return None


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
            if (theirs := read(record.name)) is None:
                raise unreadable(record.name, store)
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


def unreadable(name: str, store: Store) -> LibraryError:
    """What is told of a record that is there, and is not for us."""
    if store.read(name) is not None:
        message = f"{name}.json was written by a later version of runcrate_widget."
        return LibraryError(message, "Update it here, too.")
    message = f"{name}.json is there, and cannot be read: it may have been paid."
    return DamagedRecordError(message, "Mend its permissions, or ask for another take.")
