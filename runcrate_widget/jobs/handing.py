"""`hand_over`: a job that waits is left to a carrier."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runcrate_widget.library.record import JobStatus, Record, now

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library
    from runcrate_widget.library.store import Lease


def hand_over(library: Library, record: Record, lease: Lease | None = None) -> Record:
    """Leaves a job to a carrier that waits, and that nobody else has in hand; gives its record as it is then,
    durably. The lease, if it is ours already, is given back. Raises LibraryError."""
    waits = record.status is JobStatus.WAITING and record.handed_over is None
    if waits:
        lease = lease or library.lease(record.name)
    if lease is None:
        return record
    try:
        if not waits:
            return record
        record = library.reread(record)
        # A claim is left where it cannot be known whether its process has sent it.
        sent = not lease.sure and library.store.claimed(record.name)
        if record.status is JobStatus.WAITING and record.handed_over is None and not sent:
            record = replace(record, handed_over=now())
            library.write(record)
        return record
    finally:
        lease.release()
