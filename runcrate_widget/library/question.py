"""`Question`: which of a library's entries are asked for, in which order. What is no question is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from runcrate_widget.errors import InvalidRequestError

from .choice import check
from .record import JobStatus

#: In which order entries are given.
ORDERS = ("newest", "oldest", "rating", "cost")

_LONGEST = 1000  # characters of a text


@dataclass(frozen=True)
class Question:
    """Which entries; None, an empty text and False where it does not matter.

    Attributes:
        text: words, all of which have to be there, in any order.
        model: a model's id.
        status: a `JobStatus`; by default `completed`.
        kept: True for those that were kept, False for the rejected ones.
        undecided: only those that nobody has kept or rejected.
        rating: rated so high, or higher.
        tag: a tag that they have.
        hidden: True for those that were put away, False for all others.
        since, until: when they were asked for, in seconds since the epoch.
        cost_from, cost_to: what they cost, in dollars.
        stack: only the takes of that stack, each by itself.
        order: one of `ORDERS`.

    Raises:
        InvalidRequestError: something of it is not what belongs there; its `field` says what.

    Example:
        >>> from runcrate_widget.library.question import Question
        >>> Question(text="fox", rating=3).order
        'newest'
    """

    text: str = ""
    model: str | None = None
    status: str | None = None
    kept: bool | None = None
    undecided: bool = False
    rating: int | None = None
    tag: str | None = None
    hidden: bool = False
    since: float | None = None
    until: float | None = None
    cost_from: float | None = None
    cost_to: float | None = None
    stack: str | None = None
    order: str = "newest"

    def __post_init__(self) -> None:
        check("text", self.text, isinstance(self.text, str), "a text")
        if len(self.text) > _LONGEST:
            message = f"The search has {len(self.text):,} characters; at most {_LONGEST:,} are searched for."
            raise InvalidRequestError("text", message, "Search for some words of it.")
        for name in ("model", "tag", "stack"):
            given = getattr(self, name)
            check(name, given, given is None or isinstance(given, str), "a text, or nothing")
        stages = tuple(status.value for status in JobStatus)
        check("status", self.status, self.status is None or self.status in stages, f"one of {stages}")
        check("kept", self.kept, self.kept is None or isinstance(self.kept, bool), "True, False or None")
        for name in ("undecided", "hidden"):
            given = getattr(self, name)
            check(name, given, isinstance(given, bool), "True or False")
        for name in ("rating", "since", "until", "cost_from", "cost_to"):
            given = getattr(self, name)
            check(name, given, given is None or _is_number(given), "a number, or nothing")
        check("order", self.order, self.order in ORDERS, f"one of {ORDERS}")

    @classmethod
    def of(cls, given: object) -> Question:
        """The question that a view asks. Raises InvalidRequestError."""
        check("query", given, isinstance(given, Mapping), "a question with its fields")
        asked: dict[str, Any] = dict(given)  # type: ignore[call-overload]
        known = [one.name for one in fields(cls)]
        for name in asked:
            check("query", name, name in known, f"one of {', '.join(known)}")
        return cls(**asked)


def _is_number(given: object) -> bool:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return False
    try:
        return math.isfinite(given)
    except OverflowError:  # a whole number that no float can be
        return False
