"""`Choice`: what a person makes of a job's video. It stands on the job's record, as `choice`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from runcrate_widget.errors import InvalidRequestError

LONGEST_NOTE = 2000  # characters
MOST_TAGS = 50


@dataclass(frozen=True)
class Choice:
    """What a person makes of a video. Nothing of it is sent to the service.

    Attributes:
        kept: True for one that is kept, False for one that is rejected, None where nobody has decided.
        rating: 1 to 5, or None.
        note: some words, at most 2,000 characters.
        tags: words to find it by, each once, in the order they were given.
        hidden: whether it was put away. Nothing is lost by that: `hidden=False` brings it back.

    Raises:
        InvalidRequestError: something of it is not what belongs there; its `field` says what.

    Example:
        >>> from runcrate_widget.library.choice import Choice
        >>> Choice(kept=True, rating=4, tags=["fox", "fox"]).tags
        ('fox',)
    """

    kept: bool | None = None
    rating: int | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    hidden: bool = False

    def __post_init__(self) -> None:
        check("kept", self.kept, self.kept is None or isinstance(self.kept, bool), "True, False or None")
        whole = isinstance(self.rating, int) and not isinstance(self.rating, bool)
        good = self.rating is None or (whole and 1 <= self.rating <= 5)
        check("rating", self.rating, good, "a whole number from 1 to 5, or None")
        short = isinstance(self.note, str) and len(self.note) <= LONGEST_NOTE
        check("note", self.note, short, f"a text of at most {LONGEST_NOTE:,} characters")
        check("hidden", self.hidden, isinstance(self.hidden, bool), "True or False")
        object.__setattr__(self, "tags", _tags(self.tags))

    def changed(self, changes: Mapping[str, Any]) -> Choice:
        """The choice with some of it changed. `add_tags` and `remove_tags` change those that are there,
        whoever gave them. Raises InvalidRequestError."""
        fields = dict(changes)
        added, removed = (_tags(fields.pop(name, ())) for name in ("add_tags", "remove_tags"))
        for name in fields:
            if name not in self.__dataclass_fields__:
                known = ", ".join(self.__dataclass_fields__)
                raise InvalidRequestError(name, f"{name} is nothing of a choice; there are {known}.")
        new = replace(self, **fields)
        left = tuple(tag for tag in new.tags if tag not in removed)
        return replace(new, tags=left + added) if added or removed else new


def choice_fields(choice: Choice) -> dict[str, Any]:
    """What a record has of it: what is not as nobody has decided it."""
    if choice == _NONE:  # as nearly always
        return {}
    return {
        name: list(value) if name == "tags" else value
        for name, value in asdict(choice).items()
        if value != getattr(_NONE, name)
    }


def restore_choice(given: object) -> Choice:
    """The choice of a record's fields. Raises ValueError or TypeError."""
    if not isinstance(given, dict):
        raise ValueError(f"{given!r} is no choice")
    return _NONE.changed(given)


def _tags(given: Iterable[str]) -> tuple[str, ...]:
    what = f"a list of at most {MOST_TAGS} words"
    check("tags", given, not isinstance(given, str) and isinstance(given, Iterable), what)
    tags = tuple(given)
    check("tags", tags, all(isinstance(tag, str) and tag.strip() for tag in tags), what)
    tags = tuple(dict.fromkeys(tag.strip() for tag in tags))
    check("tags", tags, len(tags) <= MOST_TAGS, what)
    return tags


def check(field: str, given: object, good: bool, allowed: str) -> None:
    """Raises InvalidRequestError, with what was given and what is allowed, where it is not `good`."""
    if not good:
        shown = repr(given)
        shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
        raise InvalidRequestError(field, f"{field} is {shown}; it must be {allowed}.")


_NONE = Choice()
