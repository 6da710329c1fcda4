"""The arena: two videos of one prompt, which of them is better, and what follows for their models.

What was compared stands in the library's folder in `arena.jsonl`, a line a comparison (`journal.py`); a
line that cannot be read is passed over::

    {"left": "3f9c2a71", "right": "b04e11d2", "winner": "right",
     "models": ["google/veo-3.0", "openai/sora-2"], "when": "2026-11-26T02:30:00.000000+00:00"}

The models stand there, too, so that a comparison counts when a record of it is gone.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, combinations_with_replacement, product
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import InvalidRequestError

from .places import is_made
from .ranking import Ranking, rank
from .record import JobStatus, Record, now

if TYPE_CHECKING:
    from .library import Library

_NAME = "arena"

#: What may come of a comparison, and what it is for the left one; None: nothing was said.
WINNERS = {"left": 1.0, "right": 0.0, "tie": 0.5, "skip": None}


@dataclass(frozen=True)
class Comparison:
    """Of two videos.

    Attributes:
        left, right: their keys, as they were shown.
        winner: `left`, `right`, `tie`, or `skip` where the person did not want to say.
        models: the ids of their models.
        when: in UTC.
    """

    left: str
    right: str
    winner: str
    models: tuple[str, str]
    when: datetime

    @property
    def pair(self) -> frozenset[str]:
        """Which two, whatever the side."""
        return frozenset((self.left, self.right))

    @property
    def judged(self) -> bool:
        """Whether something was said."""
        return self.winner != "skip"


def comparisons(library: Library) -> list[Comparison]:
    """All that were made in a library, oldest first. Raises LibraryError."""
    found = map(_read, library.store.lines(_NAME))
    return [one for one in found if one is not None]


def judge(library: Library, left: str, right: str, winner: str) -> Comparison:
    """Writes down what was said of two videos: it is on disk when this returns.

    Args:
        left, right: the keys of two records.
        winner: one of `WINNERS`.

    Raises:
        InvalidRequestError: there is no such record, or no such winner.
        LibraryError: the folder cannot be written.
    """
    if winner not in WINNERS:
        raise InvalidRequestError("winner", f"winner is {winner!r}; it must be one of {', '.join(WINNERS)}.")
    found = [library.find(key) if isinstance(key, str) else None for key in (left, right)]
    for key, record in zip((left, right), found, strict=True):
        if record is None or left == right:
            raise InvalidRequestError("key", f"{key!r} is not one of two videos of this library.")
    models = tuple(record.model for record in found if record is not None)
    made = Comparison(left, right, winner, (models[0], models[1]), now())
    # One write is one line almost everywhere. Some network file systems put it where the file ended a moment
    # ago: there one process at a time.
    lease, pause = None, threading.Event()
    for _ in range(100):
        if (lease := library.lease(_NAME)) is not None:
            break
        pause.wait(0.02)
    try:
        library.store.append(_NAME, _line(made))
    finally:
        if lease is not None:
            lease.release()
    return made


def ranking(library: Library) -> Ranking:
    """The models of what was compared in the arena, the strongest first, and how sure that is.

    Raises LibraryError.
    """
    return rank(_results(comparisons(library)))


@dataclass(frozen=True)
class Next:
    """What to compare next. `pair` is None where there are no two videos of one prompt; `left_to_do` counts
    the pairs that were not shown yet."""

    pair: tuple[Record, Record] | None
    left_to_do: int


def candidates(library: Library) -> list[Record]:
    """The videos that may be compared: those that are there and were not put away. Raises LibraryError."""
    made = library.filter(status=JobStatus.COMPLETED)
    return [one for group in _groups(made) for one in group if is_made(one)]


def next_pair(
    records: Collection[Record], made: Sequence[Comparison], chance: random.Random | None = None
) -> Next:
    """The two videos of one prompt and shape that tell most about their models, left and right at random.

    None comes twice before all have come. First come those of two models: of which the difference is most
    in doubt. Two takes of one model say nothing of models, and come last.
    """
    chance = chance or random.Random()
    groups = _groups(records)
    place = {one.key: n for n, group in enumerate(groups) for one in group}
    seen = Counter(
        one.pair for one in made if one.left in place and place[one.left] == place.get(one.right, -1)
    )
    total = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    often = 0 if len(seen) < total else min(seen.values(), default=0)
    by_model = [_by_model(group, chance) for group in groups]
    for first, second in _most_telling({one.model for group in groups for one in group}, made, chance):
        for group in chance.sample(by_model, len(by_model)):
            for pair in _pairs(group, first, second):
                if seen[frozenset(one.key for one in pair)] == often:
                    left, right = chance.sample(pair, 2)
                    return Next((left, right), total - len(seen))
    return Next(None, 0)


def _groups(records: Iterable[Record]) -> list[list[Record]]:
    """Those that may be compared with each other: two or more of one prompt and shape."""
    alike: dict[Any, list[Record]] = defaultdict(list)
    for one in records:
        alike[" ".join(one.prompt.split()), one.request.aspect_ratio, one.demo].append(one)
    return [group for group in alike.values() if len(group) > 1]


def _by_model(group: list[Record], chance: random.Random) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for one in chance.sample(group, len(group)):
        found[one.model].append(one)
    return found


def _most_telling(
    ids: set[str], made: Sequence[Comparison], chance: random.Random
) -> Iterator[tuple[str, str]]:
    ranked = rank(_results(made), also=ids)
    pairs = list(combinations_with_replacement(sorted(ids), 2))
    chance.shuffle(pairs)  # where two tell the same
    return iter(sorted(pairs, key=lambda pair: ranked.told(*pair), reverse=True))


def _pairs(group: dict[str, list[Record]], first: str, second: str) -> Iterator[tuple[Record, Record]]:
    if first == second:
        return combinations(group.get(first, ()), 2)
    return product(group.get(first, ()), group.get(second, ()))


def _results(made: Iterable[Comparison]) -> Iterator[tuple[str, str, float]]:
    for one in made:
        share, (left, right) = WINNERS[one.winner], one.models
        if share is not None and left != right:
            yield left, right, share


def _line(made: Comparison) -> bytes:
    when = made.when.isoformat(timespec="microseconds")
    fields = {"left": made.left, "right": made.right, "winner": made.winner}
    return json.dumps({**fields, "models": made.models, "when": when}).encode()


def _read(line: bytes) -> Comparison | None:
    """What a line says; None if it is not whole, or says what is nothing of ours."""
    try:
        given = json.loads(line)
        left, right, winner, models = (given[name] for name in ("left", "right", "winner", "models"))
        when = datetime.fromisoformat(given["when"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = [left, right, *models] if isinstance(models, list) else []
    if len(texts) != 4 or not all(isinstance(text, str) for text in texts) or left == right:
        return None
    if not isinstance(winner, str) or winner not in WINNERS or when.tzinfo is None:
        return None
    return Comparison(left, right, winner, (models[0], models[1]), when)
