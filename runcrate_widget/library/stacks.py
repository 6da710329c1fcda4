"""What a question finds, in stacks: all takes of one request are one. Pure: entries in, stacks out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from runcrate_widget.catalog import models

from .entry import Entry
from .question import Question
from .record import JobStatus
from .words import words

_DAY = 86400  # seconds
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Stacks:
    """What was found.

    Attributes:
        total: how many entries.
        found: the stacks in the order that was asked for; the takes of each newest first (in the order
            `oldest`: oldest first).
        dated: whether that order is by date.
    """

    total: int
    found: Sequence[Sequence[Entry]]
    dated: bool

    def days(self, minutes: int) -> list[tuple[str, int]]:
        """The days, each `2026-11-25`, with how many stacks each has, in their order: one without a name if
        the order is by something else. `minutes`: the clock is so far east of UTC."""
        if not self.dated:
            return [("", len(self.found))] if self.found else []
        shift = minutes * 60
        counts = Counter(int((stack[0].created + shift) // _DAY) for stack in self.found)
        return [(date.fromordinal(_EPOCH + day).isoformat(), count) for day, count in counts.items()]


@dataclass(frozen=True)
class Overview:
    """What there is to choose from: of all entries of one status, put away or not.

    Attributes:
        models: `(id, count)`, most first.
        tags: `(tag, count)`, most first.
        kept: how many were kept.
        put_away: how many of that status are put away.
    """

    models: Sequence[tuple[str, int]] = field(default=())
    tags: Sequence[tuple[str, int]] = field(default=())
    kept: int = 0
    put_away: int = 0


def base(entries: Sequence[Entry], asked: Question, *, hidden: bool) -> Sequence[Entry]:
    """Those of the status that is asked for, put away or not: every question begins with one such list, and
    many with the same."""
    status = asked.status or JobStatus.COMPLETED.value
    return [one for one in entries if one.status == status and one.hidden is hidden]


def matching(found: Sequence[Entry], asked: Question) -> Sequence[Entry]:
    """Those of a `base` that match all else that is asked for, in their order."""
    if asked.stack is not None:
        found = [one for one in found if one.stack == asked.stack]
    if asked.model:
        known = models.find(asked.model)
        model = known.id if known else asked.model
        found = [one for one in found if one.model == model]
    for word in words(asked.text):
        found = [one for one in found if word in one.searched]
    if asked.kept is not None or asked.undecided:
        kept = {asked.kept} if asked.kept is not None else set()
        wanted = kept | ({None} if asked.undecided else set())
        found = [one for one in found if one.kept in wanted]
    if asked.rating is not None:
        found = [one for one in found if one.rating >= asked.rating]
    if asked.tag:
        found = [one for one in found if asked.tag in one.tags]
    if asked.since is not None:
        found = [one for one in found if one.created >= asked.since]
    if asked.until is not None:
        found = [one for one in found if one.created <= asked.until]
    if asked.cost_from is not None or asked.cost_to is not None:
        least = asked.cost_from if asked.cost_from is not None else float("-inf")
        most = asked.cost_to if asked.cost_to is not None else float("inf")
        found = [one for one in found if one.cost is not None and least <= one.cost <= most]
    return found


def stacked(entries: Sequence[Entry], asked: Question) -> Stacks:
    """The stacks of what matches, of a `base` that is given newest first."""
    found = matching(entries, asked)
    if asked.stack is not None:  # the takes themselves, the best first
        return Stacks(len(found), [[one] for one in sorted(found, key=lambda one: one.rank)], dated=False)
    by_stack: dict[str, list[Entry]] = {}
    for one in reversed(found) if asked.order == "oldest" else found:
        stack = by_stack.get(one.stack)
        if stack is None:
            by_stack[one.stack] = [one]
        else:
            stack.append(one)
    stacks = list(by_stack.values())
    # Both are stable: what is the same stays newest first.
    if asked.order == "rating":
        stacks.sort(key=lambda stack: -max(one.rating for one in stack))
    elif asked.order == "cost":
        stacks.sort(key=lambda stack: -max(-1.0 if one.cost is None else one.cost for one in stack))
    return Stacks(len(found), stacks, dated=asked.order in ("newest", "oldest"))


def overview(shown: Sequence[Entry], put_away: int) -> Overview:
    """What there is to choose from in a `base`."""
    return Overview(
        models=Counter(one.model for one in shown).most_common(),
        tags=Counter(tag for one in shown for tag in one.tags).most_common(),
        kept=sum(one.kept is True for one in shown),
        put_away=put_away,
    )
