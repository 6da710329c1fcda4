"""`Plan`: many videos before any is sent: which, what is there already, what they cost."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, overload

from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.format import about, videos
from runcrate_widget.library.frame import frame_of
from runcrate_widget.request import VideoRequest

from .frame import asked_of, with_own

if TYPE_CHECKING:
    from runcrate_widget.library.record import Record

    from .batch import Batch
    from .estimate import Estimate
    from .job import VideoJob
    from .leaving import Leaving

_MOST_SHOWN = 20  # cells, in a table
_MOST_SAID = 5  # rows that cannot be made, in a text

# What a cell of a plan is.
_THERE, _NEW, _REPEATED, _REFUSED = "there already", "to make", "repeated", "refused"


class Maker(Protocol):
    """What a plan asks of its client."""

    @property
    def max_concurrent(self) -> int: ...
    @property
    def client(self) -> object: ...
    @property
    def demo(self) -> bool: ...
    def generate(self, prompt: VideoRequest, *, take: int = 1) -> VideoJob: ...
    def has(self, request: VideoRequest, take: int) -> bool: ...
    def cost(self, request: VideoRequest) -> float | None: ...
    def times(self, request: VideoRequest) -> Estimate: ...
    def over_limit(self, requests: Sequence[VideoRequest]) -> RuncrateError | None: ...
    def look_up(self, request: VideoRequest, take: int, key: str | None = None) -> VideoJob | None: ...
    def there(self, requests: Collection[VideoRequest]) -> set[tuple[VideoRequest, int]]: ...
    def attempts(self, requests: Collection[VideoRequest]) -> list[Record]: ...
    def cancel_all(self, jobs: Sequence[VideoJob]) -> int: ...
    def check(self, request: VideoRequest) -> None: ...
    @property
    def leaving(self) -> Leaving | None: ...


@dataclass(frozen=True)
class Cell:
    """One video of a plan.

    Attributes:
        row: from which row of what was given it is, from 0.
        column: where it stands in that row, from 0.
        request: what is asked for; None where it cannot be: `error` says why.
        take: which take of the request.
        given: where it cannot be: the parameters that were given, the row's and the arguments.
        own: the columns of its row that are no parameters: they are not sent.
    """

    row: int
    column: int
    request: VideoRequest | None
    take: int
    error: InvalidRequestError | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[Any, Any] = field(default_factory=dict)


class Plan(Sequence[Cell]):
    """What `client.plan(...)` gives: nothing is sent until `run()`. A sequence of its cells, a video each.

    What is there already is looked up once, when it is first asked for. Once the plan was run, its text says
    what was to be made then.

    Attributes:
        cells: the videos, row by row.
        columns: what the columns of a row are called.
        not_sent: columns of the rows that are no parameters; `to_frame()` has them.

    Example:
        >>> plan = client.plan(["A fox", "An owl"], models=["Veo 3.0", "Sora 2"])   # doctest: +SKIP
        >>> plan                                                                    # doctest: +SKIP
        <Plan 4 videos: 1 there already, 3 to make, 14 s of video, cost not known, about 2 min>
        >>> batch = plan.run()                                                      # doctest: +SKIP
    """

    def __init__(self, cells: Sequence[Cell], columns: Sequence[str], maker: Maker) -> None:
        self.cells = tuple(cells)
        self.columns = tuple(columns)
        self.not_sent = tuple(dict.fromkeys(name for cell in self.cells for name in cell.own))
        self._maker = maker
        self._states: list[str] | None = None
        self._was_run: str | None = None  # what it said of itself then

    def __len__(self) -> int:
        return len(self.cells)

    @overload
    def __getitem__(self, place: int) -> Cell: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Cell, ...]: ...
    def __getitem__(self, place: int | slice) -> Cell | tuple[Cell, ...]:
        return self.cells[place]

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
        """Those that the library does not have: what `run()` would send, and pay for."""
        return [cell.request for cell, state in self._looked_up() if state == _NEW and cell.request]

    @property
    def known(self) -> int:
        """How many of them the library has already, finished or under way: these are free."""
        return sum(state == _THERE for _, state in self._looked_up())

    @property
    def repeated(self) -> int:
        """How many ask for the same take of the same as one before them, and share its video."""
        return sum(state == _REPEATED for _, state in self._looked_up())

    def _looked_up(self) -> Iterator[tuple[Cell, str]]:
        """Each cell with what it is."""
        if self._states is None:
            self._states = list(self._states_now())
        return zip(self.cells, self._states, strict=True)

    def _states_now(self) -> Iterator[str]:
        before, there = set(), self._maker.there(self.requests)
        for cell in self.cells:
            what = cell.request, cell.take
            if cell.request is None:
                yield _REFUSED
            elif what in before:
                yield _REPEATED
            else:
                before.add(what)
                yield _THERE if what in there else _NEW

    @property
    def seconds(self) -> int | None:
        """Seconds of video that would be billed; None where a model's own default decides."""
        seconds = [request.seconds for request in self.new]
        return None if None in seconds else sum(one or 0 for one in seconds)

    @property
    def cost(self) -> float | None:
        """Dollars for what is new; None where a price was not given (no price is public). In the demo, where
        nothing is paid, what it would cost."""
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
        new, took = self.new, 0.0
        for request, count in _counted(new).items():
            known = self._maker.times(request).times
            if not known:
                return None
            took += count * math.fsum(known) / len(known)
        return took / min(self._maker.max_concurrent, max(len(new), 1))

    def run(self) -> Batch:
        """Sends what is new, as many at a time as the client may, and gives all of them at once; it returns
        at once. With `carry=False` it returns when all are on record: in a coroutine, use
        `asyncio.to_thread(plan.run)`.

        What the library has is free. A kernel that is killed meanwhile loses nothing: the same plan run again
        goes on where it was. Where a limit is reached, the rest is not sent: `batch.stopped` says so.

        Raises:
            InvalidRequestError: none of its rows can be made.
            LibraryError: with `carry=False`, not all could be written; it says how many were.
        """
        from .batch import Batch

        if self.cells and not self.requests:
            error = self.problems[0].error
            assert error is not None
            count = len({cell.row for cell in self.cells})
            message = (
                f"None of the {count:,} rows can be made. {error.message}" if count > 1 else error.message
            )
            raise InvalidRequestError(error.field, message, error.hint)
        return Batch(self, self._maker)

    def _note_run(self) -> None:
        """It is run now: from here on its text says what was to be made."""
        if self._was_run is not None:
            self._states = None  # run again: what was made is there
        self._was_run = f"run at {datetime.now().astimezone():%H:%M}, when it was {self._summary()}"

    def to_frame(self) -> Any:
        """A table with a row for each: what is asked for, `status` (`there already`, `to make`, `repeated`,
        `refused`), `cost` (dollars, of what is to make), `error`, and your own columns. A pandas DataFrame,
        or a polars or pyarrow one where that is what is installed.

        Raises:
            MissingExtraError: none of them is installed.
        """
        return frame_of(self.to_dicts())

    def to_dicts(self) -> list[dict[Any, Any]]:
        """The same as a list of dictionaries."""
        return [
            with_own(
                {
                    **asked_of(cell),
                    "status": state,
                    "cost": self._cost(cell, state),
                    "error": cell.error.message if cell.error else None,
                },
                cell,
                self.not_sent,
            )
            for cell, state in self._looked_up()
        ]

    def _cost(self, cell: Cell, state: str) -> float | None:
        return self._maker.cost(cell.request) if cell.request is not None and state == _NEW else None

    def __repr__(self) -> str:
        said = "".join(f"\n  {one}" for one in _wrong(self.cells))
        return f"<Plan {self._was_run or self._summary()}{said}>"

    def _summary(self) -> str:
        counts = Counter(state for _, state in self._looked_up())
        new, repeated, refused = counts[_NEW], counts[_REPEATED], counts[_REFUSED]
        said = [f"{videos(len(self))}: {counts[_THERE]:,} there already, {new:,} to make"]
        if repeated:
            takes = max(cell.take for cell, state in self._looked_up() if state == _REPEATED) + 1
            said.append(f"{repeated:,} repeated (takes={takes} makes another)")
        said += [f"{refused:,} that cannot be made"] if refused else []
        if new:
            seconds, time = self.seconds, self.time
            said.append("length not known" if seconds is None else f"{seconds:,} s of video")
            said.append(self._money())
            said += [f"about {about(time)}"] if time is not None else []
        over = self.over_limit
        said += [over.message] if over else []
        if self.not_sent:
            said.append(f"not sent: {', '.join(map(str, self.not_sent))} (fields of the API go into extra)")
        return ", ".join(said)

    def _money(self) -> str:
        cost, demo = self.cost, self._maker.demo
        if cost is None:
            return "the demo costs nothing" if demo else "cost not known"
        return f"would cost ${cost:,.2f} (the demo costs nothing)" if demo else f"${cost:,.2f}"

    def _repr_html_(self) -> str:
        rows = []
        for cell, state in list(self._looked_up())[:_MOST_SHOWN]:
            request, cost = cell.request, self._cost(cell, state)
            what = str(cell.given.get("prompt", "")) if request is None else request.prompt
            how = "" if request is None else _how(request, cell.take)
            status = f"cannot: {_why(cell)}" if cell.error else state
            money = "" if cost is None else f"${cost:,.2f}"
            rows.append(
                "<tr>"
                + "".join(
                    f"<td style='text-align:left'>{_text(str(text))}</td>"
                    for text in (cell.row, what[:120], how, status, money)
                )
                + "</tr>"
            )
        left = len(self.cells) - _MOST_SHOWN
        more = (
            f"<tr><td colspan=5>and {left:,} more: <code>plan.to_frame()</code></td></tr>" if left > 0 else ""
        )
        heads = "".join(
            f"<th style='text-align:left'>{name}</th>"
            for name in ("row", "prompt", "how", "status", "would cost" if self._maker.demo else "cost")
        )
        said = self._was_run or self._summary()
        sends = "" if self._was_run or not self.requests else " <code>plan.run()</code> sends it."
        unseen = "".join(f"<br>{_text(one)}" for one in _wrong(self.cells[_MOST_SHOWN:]))
        table = f"<table><tr>{heads}</tr>{''.join(rows)}{more}</table>"
        return f"<p>{_text(said)}.{sends}</p>{table}" + (f"<p>Below these:{unseen}</p>" if unseen else "")


def _text(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode(), quote=False)


def _why(cell: Cell) -> str | None:
    return None if cell.error is None else str(cell.error)


def _wrong(cells: Sequence[Cell]) -> list[str]:
    """What is wrong with some of those that cannot be made."""
    wrong = list(dict.fromkeys(str(cell.error) for cell in cells if cell.error))
    left = len(wrong) - _MOST_SAID
    return wrong[:_MOST_SAID] + ([f"and {left:,} more: to_frame() has them"] if left > 0 else [])


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
