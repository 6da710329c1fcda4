"""`Entry`: a record with what a question compares, prepared, so that 25,000 of them are looked through at
once."""

from __future__ import annotations

import hashlib

from runcrate_widget.request import fingerprint

from .record import JobStatus, Record, is_free
from .words import searched

_DECIDED = {True: 0, None: 1, False: 2}


class Entry:
    """What is compared of one record. Never changed: another record has another entry.

    Attributes:
        stack: what all takes of one request at one service share, 16 hexadecimal digits.
        cost: dollars, by the price that was valid when it was sent; 0 where nothing was billed; None: not
            known.
        searched: see `words.py`.
    """

    __slots__ = (
        "cost",
        "created",
        "hidden",
        "kept",
        "key",
        "model",
        "rating",
        "record",
        "searched",
        "stack",
        "status",
        "tags",
    )

    def __init__(self, record: Record) -> None:
        choice = record.choice
        self.record = record
        self.key = record.key
        self.created = record.created.timestamp()
        self.status = record.status.value
        self.model = record.model
        self.kept = choice.kept
        self.rating = choice.rating or 0
        self.tags = choice.tags
        self.hidden = choice.hidden
        self.cost = (
            0.0 if record.demo or record.status is JobStatus.WAITING or is_free(record) else record.cost
        )
        self.stack = stack_of(record)
        self.searched = searched(record)

    def shows_the_same(self, other: Entry) -> bool:
        """Whether nothing that is shown of the two differs."""
        mine, its = self.record, other.record
        return (mine.status, mine.id, mine.error, mine.demo, mine.choice, mine.timeline) == (
            its.status,
            its.id,
            its.error,
            its.demo,
            its.choice,
            its.timeline,
        )

    @property
    def rank(self) -> tuple[int, int, float]:
        """The lowest of a stack is its best take: kept, then rated highest, then newest."""
        return _DECIDED[self.kept], -self.rating, -self.created


def stack_of(record: Record) -> str:
    """What all takes of one request at one service share."""
    return hashlib.sha256(f"{fingerprint(record.request)}\n{record.service}".encode()).hexdigest()[:16]
