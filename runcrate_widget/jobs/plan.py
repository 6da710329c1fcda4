"""`Plan`: many videos before any is sent: which, what is there already, what they cost."""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol

from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.format import about, videos
from runcrate_widget.request import VideoRequest, check_count

from .table import Row, rows_of

if TYPE_CHECKING:
    from runcrate_widget.library.record import Record

    from .batch import Batch
    from .estimate import Estimate
    from .job import VideoJob

#: What one parameter may be given several values of.
_SEVERAL = {"model": "models", "duration": "durations", "aspect_ratio": "aspect_ratios"}
_MOST_SHOWN = 20  # cells, in a table


class Maker(Protocol):
    """What a plan asks of its client."""

    max_concurrent: int

    @property
    def client(self) -> object: ...
    def generate(self, prompt: VideoRequest, *, take: int = 1) -> VideoJob: ...
    def has(self, request: VideoRequest, take: int) -> bool: ...
    def cost(self, request: VideoRequest) -> float | None: ...
    def times(self, request: VideoRequest) -> Estimate: ...
    def over_limit(self, requests: Sequence[VideoRequest]) -> RuncrateError | None: ...
    def look_up(self, request: VideoRequest, take: int, key: str | None = None) -> VideoJob | None: ...
    def there(self, requests: Collection[VideoRequest]) -> set[tuple[VideoRequest, int]]: ...
    def attempts(self, requests: Collection[VideoRequest]) -> list[Record]: ...
    def cancel_all(self, jobs: Sequence[VideoJob]) -> int: ...


@dataclass(frozen=True)
class Cell:
    """One video of a plan.

    Attributes:
        row: from which row of what was given it is, from 0.
        column: where it stands in that row, from 0.
        request: what is asked for; None where it cannot be: `error` says why.
        take: which take of the request.
    """

    row: int
    column: int
    request: VideoRequest | None
    take: int
    error: InvalidRequestError | None = None


class Plan:
    """What `client.plan(...)` gives: nothing is sent until `run()`.

    Attributes:
        cells: the videos, row by row.
        columns: what the columns of a row are called.

    Example:
        >>> plan = client.plan(["A fox", "An owl"], models=["Veo 3.0", "Sora 2"])   # doctest: +SKIP
        >>> plan                                                                    # doctest: +SKIP
        <Plan 4 videos: 1 is there, 3 to make, 18 s, cost not known, about 2 min>
        >>> batch = plan.run()                                                      # doctest: +SKIP
    """

    def __init__(self, cells: Sequence[Cell], columns: Sequence[str], maker: Maker) -> None:
        self.cells = tuple(cells)
        self.columns = tuple(columns)
        self._maker = maker
        self._new: list[VideoRequest] | None = None

    @property
    def requests(self) -> list[VideoRequest]:
        """Those that can be sent, in their order."""
        return [cell.request for cell in self.cells if cell.request is not None]

    @property
    def problems(self) -> list[Cell]:
        """The cells that cannot be sent: each says why in its `error`. They stop no other."""
        return [cell for cell in self.cells if cell.error is not None]

    @property
    def new(self) -> list[VideoRequest]:
        """Those that the library does not have: what `run()` would send, and pay for. Looked up when it is
        first asked for."""
        if self._new is None:
            good = ((cell.request, cell.take) for cell in self.cells if cell.request is not None)
            there = self._maker.there(self.requests)
            self._new = [one[0] for one in dict.fromkeys(good) if one not in there]
        return self._new

    @property
    def known(self) -> int:
        """How many of them the library has already, finished or under way: these are free."""
        return len(self.requests) - len(self.new)

    @property
    def seconds(self) -> int | None:
        """Seconds of video that would be billed; None where a model's own default decides."""
        seconds = [request.seconds for request in self.new]
        return None if None in seconds else sum(one or 0 for one in seconds)

    @property
    def cost(self) -> float | None:
        """Dollars for what is new; None where a price was not given (no price is public)."""
        counted = _counted(self.new)
        costs = [self._maker.cost(request) for request in counted]
        if None in costs:
            return None
        return math.fsum((one or 0.0) * count for one, count in zip(costs, counted.values(), strict=True))

    @property
    def over_limit(self) -> RuncrateError | None:
        """Why a limit of the client would stop `run()` before its end, or None."""
        return self._maker.over_limit(self.new)

    @property
    def time(self) -> float | None:
        """About how many seconds `run()` takes, by how long such videos took; None: not known."""
        took = 0.0
        for request, count in _counted(self.new).items():
            known = self._maker.times(request).times
            if not known:
                return None
            took += count * math.fsum(known) / len(known)
        return took / min(self._maker.max_concurrent, max(len(self.new), 1))

    def run(self) -> Batch:
        """Sends what is new, as many at a time as the client may, and gives all of them at once; it returns
        at once.

        What the library has is free. A kernel that is killed meanwhile loses nothing: the same plan run again
        goes on where it was. Where a limit is reached, the rest is not sent: `batch.stopped` says so.
        """
        from .batch import Batch

        return Batch(self, self._maker)

    def __len__(self) -> int:
        return len(self.cells)

    def __repr__(self) -> str:
        return f"<Plan {self._summary()}>"

    def _summary(self) -> str:
        new, known, bad = len(self.new), self.known, len(self.problems)
        said = [f"{videos(len(self.cells))}: {known} there already, {new} to make"]
        if bad:
            said.append(f"{bad} that cannot be made")
        if new:
            seconds, cost = self.seconds, self.cost
            said.append("length not known" if seconds is None else f"{seconds} s of video")
            said.append("cost not known" if cost is None else f"${cost:,.2f}")
            said += [f"about {about(self.time)}"] if self.time is not None else []
        over = self.over_limit
        said += [over.message] if over else []
        return ", ".join(said)

    def _repr_html_(self) -> str:
        rows = []
        for cell in self.cells[:_MOST_SHOWN]:
            request, error = cell.request, cell.error
            what = "" if request is None else f"{request.prompt[:120]}"
            how = "" if request is None else _how(request, cell.take)
            state = f"{error.message} {error.hint}" if error else ""
            rows.append(
                "<tr>"
                + "".join(
                    f"<td style='text-align:left'>{html.escape(str(text), quote=False)}</td>"
                    for text in (cell.row, what, how, state)
                )
                + "</tr>"
            )
        left = len(self.cells) - _MOST_SHOWN
        more = f"<tr><td colspan=4>and {left:,} more</td></tr>" if left > 0 else ""
        return (
            f"<p>{html.escape(self._summary(), quote=False)}. <code>plan.run()</code> sends it.</p>"
            f"<table><tr><th>row</th><th>prompt</th><th>how</th><th></th></tr>{''.join(rows)}{more}</table>"
        )


def plan_of(
    prompts: Any,
    maker: Maker,
    *,
    takes: int,
    alike: Mapping[str, Any],
    several: Mapping[str, Sequence[Any] | None],
) -> Plan:
    """The plan of what is given: each row, with each combination of `several`, `takes` times.

    Args:
        prompts: see `rows_of`.
        alike: parameters that are the same for all; None where it is not given.
        several: the values of `models`, `durations` and `aspect_ratios`, or None.

    Raises:
        InvalidRequestError: something is given twice, or is no list.
    """
    check_count("takes", takes)
    rows = rows_of(prompts)
    axes = dict(_axes(several))
    shared = {name: value for name, value in alike.items() if value is not None}
    for name in axes:
        if name in shared:
            raise InvalidRequestError(
                name, f"Both {name} and {_SEVERAL[name]} are given.", "Give one of them."
            )
    combinations = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    cells = list(_cells(rows, shared, combinations, takes))
    return Plan(cells, list(_titles(combinations, takes)), maker)


def _axes(several: Mapping[str, Sequence[Any] | None]) -> Iterator[tuple[str, list[Any]]]:
    for name, plural in _SEVERAL.items():
        values = several.get(plural)
        if values is None:
            continue
        if isinstance(values, (str, bytes)) or not isinstance(values, Sequence) or not values:
            raise InvalidRequestError(plural, f"{plural} is {values!r}; it must be a list of them.")
        yield name, list(values)


def _cells(
    rows: Sequence[Row], shared: Mapping[str, Any], combinations: Sequence[Mapping[str, Any]], takes: int
) -> Iterator[Cell]:
    for number, row in enumerate(rows):
        column = 0
        for chosen in combinations:
            made = _request(row, number, shared, chosen)
            first = 1 if isinstance(row, VideoRequest) else row.get("take", 1)
            for take in range(takes):
                if isinstance(made, InvalidRequestError):
                    yield Cell(number, column, None, take + 1, made)
                else:
                    yield Cell(number, column, made, first + take)
                column += 1


def _request(
    row: Row, number: int, shared: Mapping[str, Any], chosen: Mapping[str, Any]
) -> VideoRequest | InvalidRequestError:
    """The request of a row, or what is wrong with it: that says which row it is."""
    try:
        given = {**shared, **chosen}
        if isinstance(row, VideoRequest):
            return row.replace(**given) if given else row
        check_count("take", row.get("take", 1))
        own = {name: value for name, value in row.items() if name != "take"}
        twice = sorted(set(own) & set(chosen))
        if twice:
            message = f"{twice[0]} is in the row, and {_SEVERAL[twice[0]]} is given, too."
            raise InvalidRequestError(twice[0], message, "Give one of them.")
        asked = {**given, **own}
        return VideoRequest(asked.pop("prompt", None), **asked)
    except InvalidRequestError as error:
        return InvalidRequestError(error.field, f"Row {number}: {error.message}", error.hint)


def _titles(combinations: Sequence[Mapping[str, Any]], takes: int) -> Iterator[str]:
    """What each column is called: by what differs between the columns."""
    for chosen in combinations:
        words = [_word(name, value) for name, value in chosen.items()]
        for take in range(1, takes + 1):
            yield " · ".join([*words, *([f"take {take}"] if takes > 1 else [])])


def _word(name: str, value: Any) -> str:
    return f"{value} s" if name == "duration" else str(getattr(value, "name", value))


def _how(request: VideoRequest, take: int) -> str:
    length = "" if request.duration is None else f"{request.duration} s"
    parts = [request.model_name, length, request.aspect_ratio or "", f"take {take}" if take > 1 else ""]
    return " · ".join(filter(None, parts))


def _counted(requests: Sequence[VideoRequest]) -> dict[VideoRequest, int]:
    """How many there are of each kind, by one of them: what takes equally long."""
    kinds: dict[tuple[str, int | None], VideoRequest] = {}
    counts: dict[VideoRequest, int] = {}
    for request in requests:
        one = kinds.setdefault((request.model, request.duration), request)
        counts[one] = counts.get(one, 0) + 1
    return counts
