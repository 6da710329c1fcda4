"""What of a library's records is asked for: `library.filter(...)`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from typing import Any

from runcrate_widget.catalog import models
from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.price import shown

from .record import JobStatus, Record
from .words import searched, words

_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


class Records(list[Record]):
    """Records, newest first. A notebook shows them as a table."""

    def to_frame(self) -> Any:
        """A row a record, with what it says (a list of tags, times in UTC, the path where the file is there),
        as a DataFrame of pandas; of polars, or as a table of pyarrow, where that is what is installed.

        Raises MissingExtraError.

        Example:
            >>> frame = client.library.filter(kept=True).to_frame()                    # doctest: +SKIP
            >>> frame.groupby("model_name")["made_in"].median()                        # doctest: +SKIP
        """
        from .frame import records_frame

        return records_frame(self)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "no jobs"


@dataclass(frozen=True)
class Search:
    """What is asked for; None where it does not matter. `Library.filter` says what each is. Raises
    InvalidRequestError."""

    model: str | None
    status: str | None
    text: str | None
    since: date | str | None
    until: date | str | None
    kept: bool | None
    rating: int | None
    tag: str | None
    hidden: bool | None
    owner: str | None = None

    def __post_init__(self) -> None:
        for names, kind, what in _KINDS:
            for name in names:
                given = getattr(self, name)
                right = isinstance(given, kind) and (kind is bool or not isinstance(given, bool))
                if given is not None and not right:
                    raise InvalidRequestError(name, f"{name} is {given!r}; it must be {what}.")
        if self.status is not None and self.status not in list(JobStatus):
            near = difflib.get_close_matches(self.status.casefold(), list(JobStatus), n=1)
            meant = f'Did you mean "{near[0]}"?' if near else ""
            stages = ", ".join(map(repr, JobStatus))
            message = f"status is {self.status!r}; a job is one of {stages}."
            raise InvalidRequestError("status", message, meant)
        if self.rating is not None and not 1 <= self.rating <= 5:
            raise InvalidRequestError("rating", f"rating is {self.rating!r}; it must be from 1 to 5.")
        moment("since", self.since)
        moment("until", self.until)

    def of(self, records: Iterable[Record]) -> Records:
        """The records that match all that is asked for, newest first."""
        records = list(records)
        model = self._model(records)
        asked = words(self.text or "")
        begin, end = moment("since", self.since), moment("until", self.until)
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
            and (self.owner is None or record.owner == self.owner)
            and (self.hidden is None or record.choice.hidden is self.hidden)
        )

    def _model(self, records: list[Record]) -> str | None:
        """The id that is asked for. Raises InvalidRequestError where nobody knows it: a mistyped name would
        find nothing in silence."""
        if self.model is None:
            return None
        if known := models.find(self.model):
            return known.id
        if not any(record.model == self.model for record in records):
            message = f"model is {self.model!r}, which is neither a known one nor that of a video here."
            raise InvalidRequestError("model", message, models.suggestion(self.model).strip())
        return self.model


def moment(name: str, given: object) -> datetime | None:
    """A moment with a zone; a day is its beginning, and a text is ISO 8601. Raises InvalidRequestError."""
    found = given
    if isinstance(given, str):
        text = given.strip()
        try:
            found = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in ("Z", "z") else text)
        except ValueError:
            found = None
    elif isinstance(given, date) and not isinstance(given, datetime):
        found = datetime.combine(given, time())
    if given is not None and not isinstance(found, datetime):
        example = 'a datetime, a date, or a text: "2026-11-25", "2026-11-25T14:00"'
        raise InvalidRequestError(name, f"{name} is {shown(given)}; it must be {example}.")
    return zoned(found) if isinstance(found, datetime) else None


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
    (("model", "status", "text", "tag", "owner"), str, "a text"),
    (("kept", "hidden"), bool, "True or False"),
    (("rating",), (int, float), "a number from 1 to 5: the lowest one that is asked for"),
)
