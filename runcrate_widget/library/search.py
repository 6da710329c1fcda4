"""What of a library's records is asked for: `library.filter(...)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from runcrate_widget.catalog import models
from runcrate_widget.errors import InvalidRequestError

from .record import JobStatus, Record
from .words import searched, words

_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


class Records(list[Record]):
    """Records, newest first. A notebook shows them as a table."""

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "no jobs"


@dataclass(frozen=True)
class Search:
    """What is asked for; None where it does not matter. `Library.filter` says what each is. Raises
    InvalidRequestError."""

    model: str | None
    status: str | None
    text: str | None
    since: datetime | None
    until: datetime | None
    kept: bool | None
    rating: int | None
    tag: str | None
    hidden: bool | None

    def __post_init__(self) -> None:
        for names, kind, what in _KINDS:
            for name in names:
                given = getattr(self, name)
                right = isinstance(given, kind) and (kind is bool or not isinstance(given, bool))
                if given is not None and not right:
                    raise InvalidRequestError(name, f"{name} is {given!r}; it must be {what}.")
        if self.status is not None and self.status not in list(JobStatus):
            stages = ", ".join(map(repr, JobStatus))
            raise InvalidRequestError("status", f"status is {self.status!r}; a job is one of {stages}.")

    def of(self, records: Iterable[Record]) -> Records:
        """The records that match all that is asked for, newest first."""
        known = models.find(self.model) if self.model else None
        model = known.id if known else self.model
        asked = words(self.text or "")
        begin, end = (None if one is None else zoned(one) for one in (self.since, self.until))
        return Records(
            record
            for record in sorted(records, key=lambda record: record.created, reverse=True)
            if (not model or record.model == model)
            and (self.status is None or record.status == self.status)
            and (not asked or _has(record, asked))
            and (begin is None or record.created >= begin)
            and (end is None or record.created <= end)
            and (self.kept is None or record.choice.kept is self.kept)
            and (self.rating is None or (record.choice.rating or 0) >= self.rating)
            and (self.tag is None or self.tag in record.choice.tags)
            and (self.hidden is None or record.choice.hidden is self.hidden)
        )


def zoned(moment: datetime) -> datetime:
    """A moment with a zone; without one it is local time. One at an end of what a datetime can be
    (`datetime.min`) is that end."""
    try:
        return moment.astimezone()
    except (ValueError, OverflowError, OSError):
        return _FIRST if moment.year < 5000 else _LAST


def found(records: Iterable[Record], id: str, service: str | None = None) -> Record | None:
    """The record of a key, or of an id (of `service`'s alone, if it is given). Raises InvalidRequestError
    where jobs of two services have that id."""
    same: dict[str, Record] = {}
    for one in records:
        if one.key == id:
            return one
        if one.id == id and service in (None, one.service):
            same.setdefault(one.service, one)
    if len(same) > 1:
        keys = ", ".join(f"{one.key!r} ({one.service})" for one in same.values())
        message = f"{id} is the id of jobs of {len(same)} services."
        raise InvalidRequestError("id", message, f"Give the key of one: {keys}.")
    return next(iter(same.values()), None)


def _has(record: Record, asked: list[str]) -> bool:
    text = searched(record)
    return all(word in text for word in asked)


_KINDS: tuple[tuple[tuple[str, ...], Any, str], ...] = (
    (("model", "status", "text", "tag"), str, "a text"),
    (("since", "until"), datetime, "a datetime"),
    (("kept", "hidden"), bool, "True or False"),
    (("rating",), (int, float), "a number: the lowest one that is asked for"),
)
