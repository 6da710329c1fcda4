"""What stands between a job that is asked for and its first record: the right to carry it, a free name."""

from __future__ import annotations

import threading
from collections.abc import Callable

from runcrate_widget.errors import DamagedRecordError, LibraryError

from .record import Record, write_record
from .records import restored
from .store import Lease, Store


def create_record(
    store: Store, record: Record, read: Callable[[str], Record | None]
) -> tuple[Record, Lease | None, bool]:
    """As `Library.create`, whose record is made."""
    name = record.name
    lease = lease_or_record(name, store.lease, read)
    try:
        stored = store.read(name)
        if (known := restored(store, name, stored)) is not None:
            return known, lease, False
        check_free(name, store, later=stored is not None)
        if store.create(name, write_record(record)):
            return record, lease, True
        if (known := read(name)) is None:  # somebody was quicker
            message = f"{name}.json is there, and cannot be read: it may have been paid."
            raise DamagedRecordError(message, "Mend its permissions, or ask for another take.")
        return known, lease, False
    except BaseException:
        if lease is not None:
            lease.release()
        raise


def lease_or_record(
    name: str, lease: Callable[[str], Lease | None], read: Callable[[str], Record | None]
) -> Lease | None:
    """The right to carry a job; None if another process has it, and its record is there.

    Neither is there: another process is between its lease and its record, for some milliseconds as a
    rule. If it takes longer, the record is written for it: only who has the lease sends.
    """
    pause = threading.Event()
    for _ in range(25):
        taken = lease(name)
        if taken is not None or read(name) is not None:
            return taken
        pause.wait(0.02)
    return lease(name)


def check_free(name: str, store: Store, *, later: bool) -> None:
    """Raises DamagedRecordError or LibraryError where there was a record of this name that cannot be read;
    `later`: there is one, and it may be of a later version."""
    aside = store.aside(name)
    if aside is not None:
        raise DamagedRecordError(
            f"The record of this job was damaged, and set aside as {aside}: it may have been paid.",
            "Look into it: with its id, client.job(id) fetches the video. To send it all the same, "
            "remove the file, or ask for another take.",
        )
    if later and store.read(name) is not None:
        message = f"{name}.json was written by a later version of runcrate_widget."
        raise LibraryError(message, "Update it here, too.")
