"""Two processes have gone on with one record, and each has something to write: what is kept.

It happens where a lease is not sure (in a bucket): a process that stood still, or was cut off, goes on after
another has taken its job over. What the service has said is never lost; what is only supposed gives way.
"""

from __future__ import annotations

from dataclasses import replace

from runcrate_widget.errors import RuncrateError

from .choice import Choice
from .record import JobStatus, Record

_S = JobStatus

#: How far a job is of which the service's id is known.
_FAR = {_S.QUEUED: 1, _S.PROCESSING: 1, _S.DOWNLOADING: 2, _S.FAILED: 3, _S.COMPLETED: 3}


class Elsewhere(RuncrateError):
    """Another process has the job."""


class Superseded(Elsewhere):
    """Another process has gone on with a job; what was to be written is not. `record` is what there is."""

    def __init__(self, record: Record) -> None:
        message = f"Another process has gone on with this job meanwhile: it is {record.status}."
        super().__init__(message, "See what it says now.", kind="conflict")
        self.record = record


def resolved(ours: Record, theirs: Record) -> Record | None:
    """What is to be written in the place of `theirs`; None if that stays as it is."""
    if not _holds(ours, theirs):
        return None
    choice = theirs.choice if ours.choice == Choice() else ours.choice
    return replace(ours, choice=choice, mark=theirs.mark)


def is_paid_apart(ours: Record, theirs: Record) -> bool:
    """Whether the service has taken both: then each needs a record of its own."""
    if ours.id is None or ours.adopted is not None:
        return False
    if theirs.id is not None:
        return theirs.id != ours.id
    may_be_paid = theirs.status in (_S.SUBMITTING, _S.UNCONFIRMED) and theirs.timeline.sent is not None
    return may_be_paid and not _same_sending(ours, theirs)


def _holds(ours: Record, theirs: Record) -> bool:
    if ours.id is not None or theirs.id is not None:
        if ours.id != theirs.id:
            return theirs.id is None and not is_paid_apart(ours, theirs)
        return _FAR.get(ours.status, 0) >= _FAR.get(theirs.status, 0)
    if theirs.status is _S.WAITING:
        return True
    if ours.status is _S.CANCELLED:
        return theirs.status is _S.UNCONFIRMED
    # Whoever has sent it knows best what became of that.
    known = ours.status in (_S.FAILED, _S.UNCONFIRMED) and _same_sending(ours, theirs)
    return known and theirs.status in (_S.SUBMITTING, _S.UNCONFIRMED)


def _same_sending(ours: Record, theirs: Record) -> bool:
    return ours.timeline.sent is not None and ours.timeline.sent == theirs.timeline.sent
