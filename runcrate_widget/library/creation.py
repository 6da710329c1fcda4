"""What stands between a job that is asked for and its first record: the right to carry it, a free name."""

from __future__ import annotations

import threading
from collections.abc import Callable

from runcrate_widget.errors import DamagedRecordError

from .record import Record, write_record
from .records import restored, unreadable
from .store import Lease, Store


def create_record(
    store: Store, record: Record, read: Callable[[str], Record | None]
) -> tuple[Record, Lease | None, bool]:
    """As `Library.create`, whose record is made. What is left to a carrier is in nobody's hands here."""
    name = record.name
    lease = None if record.handed_over else lease_or_record(name, store.lease, read)
    try:
        stored = store.read(name)
        if (known := restored(store, name, stored)) is not None:
            return known, lease, False
        check_free(name, store)
        if stored is not None:  # of a later version; not every file system refuses to make it anew
            raise unreadable(name, store)
        if store.create(name, write_record(record)):
            return record, lease, True
        if (known := read(name)) is None:  # somebody was quicker
            raise unreadable(name, store)
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


def check_free(name: str, store: Store) -> None:
    """Raises DamagedRecordError where there was a record of this name that could not be read."""
    aside = store.aside(name)
    if aside is not None:
        raise DamagedRecordError(
            f"The record of this job was damaged, and set aside as {aside}: it may have been paid.",
            "Look into it: with its id, client.job(id) fetches the video. To send it all the same, "
            "remove the file, or ask for another take.",
        )
