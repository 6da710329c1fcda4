"""`SpendingLimit`: what may be asked for, in seconds of video and in dollars, counted from the records."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from runcrate_widget.errors import InvalidRequestError, LibraryError, SpendingLimitError
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, is_free, now
from runcrate_widget.library.store import Lease
from runcrate_widget.request import VideoRequest

from .loop import in_thread

#: As whose a record of the demo backend stands (`Record.service`).
DEMO = "demo"
#: More seconds, or dollars, than anybody has.
VAST = 1e9

_NAME = "spending"  # of the lock over a library's money
_PATIENCE = 60.0  # seconds


class Amount(NamedTuple):
    """Of video: so many seconds, so many dollars. None: there is no such limit."""

    seconds: float | None
    dollars: float | None


@dataclass(frozen=True)
class SpendingLimit:
    """The limits of one client; a request that would go over one is refused before it is sent.

    Attributes:
        max_seconds: seconds of video; None for no limit.
        max_cost: dollars; None for no limit.
        period: what of the library counts: the last `timedelta`; None for what is asked for from now on.
        price: dollars a second of a model (an id), or None where nobody gave one.
        demo: whether it is the demo's: those count for themselves.
        begun: when the client was made.
        asked: the names of the jobs that this client asked for; they count whatever becomes of the clock.
    """

    max_seconds: float | None
    max_cost: float | None
    period: timedelta | None
    price: Callable[[str], float | None]
    demo: bool = False
    begun: datetime = field(default_factory=now)
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in ("max_seconds", "max_cost"):
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if value is not None and not (number and value >= 0):
                message = f"{name} is {value!r}; it must be a number, 0 or more."
                raise InvalidRequestError(name, message)
            if isinstance(value, int) and value >= VAST:
                message = f"{name} is more than there is; leave it out for no limit."
                raise InvalidRequestError(name, message)
        period = self.period
        if period is not None and not (isinstance(period, timedelta) and period > timedelta()):
            message = f"limit_period is {period!r}; it must be a timedelta above 0: timedelta(days=1)."
            raise InvalidRequestError("limit_period", message)

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return self.max_seconds is not None or self.max_cost is not None

    def check(self, request: VideoRequest, library: Iterable[Record], *, sent: str | None = None) -> None:
        """Raises SpendingLimitError if the video of the request would go over a limit: see `check_all`."""
        self.check_all([request], library, sent=sent)

    def check_waiting(self, record: Record, library: Library) -> None:
        """Raises SpendingLimitError if the video of a record would go over a limit that waits, and is to be
        sent because somebody asks for it: from now on it counts."""
        from .living import was_left

        self.check(record.request, library, sent=None if was_left(record) else record.name)
        self.asked.add(record.name)

    def check_all(
        self, requests: Sequence[VideoRequest], library: Iterable[Record], *, sent: str | None = None
    ) -> None:
        """Raises SpendingLimitError if the videos of all these requests together would go over a limit.

        Args:
            sent: the name of the job that is about to be sent: then only what was sent counts beside it,
                and not what still waits.
        """
        if not self:
            return
        counted = [
            one
            for one in self._counted(library)
            if one.name != sent and not (sent is not None and one.status is JobStatus.WAITING)
        ]
        if self.max_seconds is not None:
            gone = [(one, _seconds([one])) for one in counted]
            takes = [one.seconds for one in requests]
            _check("max_seconds", self.max_seconds, gone, requests, takes, self.period)
        if self.max_cost is not None:
            paid = [(one, self._paid(one)) for one in counted]
            costs = [self.cost(one) for one in requests]
            _check("max_cost", self.max_cost, paid, requests, costs, self.period)

    def left(self, records: Iterable[Record]) -> Amount | None:
        """What may still be asked for, where that is what the library has. None: there is no limit."""
        if not self:
            return None
        counted = list(self._counted(records))
        gone = _seconds(counted)
        paid = sum(map(self._paid, counted))
        return Amount(
            None if self.max_seconds is None else max(0.0, self.max_seconds - gone),
            None if self.max_cost is None else max(0.0, round(self.max_cost - paid, 6)),
        )

    def _counted(self, records: Iterable[Record]) -> Iterable[Record]:
        """The records that count."""
        from .living import was_left  # a client is made before there are any jobs

        since = self.begun if self.period is None else now() - self.period
        return (
            one
            for one in records
            if (_moment(one) >= since or (self.period is None and one.name in self.asked))
            and (one.service == DEMO) is self.demo
            and not is_free(one)
            and not was_left(one)  # it counts when somebody has it sent
        )

    def _paid(self, record: Record) -> float:
        """Dollars: by the price when it was sent, else by that of now; 0 if neither is known."""
        paid = self.cost(record.request) if record.cost is None else record.cost
        return paid if paid is not None and _is_sane(paid) else 0.0

    @contextlib.asynccontextmanager
    async def reserved(self, record: Record, library: Library) -> AsyncIterator[None]:
        """For as long as a job becomes one that was sent: of all processes one at a time, so that two do not
        pass a limit together. Raises SpendingLimitError."""
        if not self:
            yield
            return
        lease = await _turn(library)
        try:
            await in_thread(lambda: self.check(record.request, library, sent=record.name))
            yield
        finally:
            lease.release()

    def cost(self, request: VideoRequest) -> float | None:
        """Dollars, or None if that is not known."""
        price, seconds = self.price(request.model), request.seconds
        # A record is a file, and may say anything; and what is written here must be read again.
        if price is None or seconds is None or not (_is_sane(seconds) and _is_sane(price)):
            return None
        return round(price * seconds, 6)


async def _turn(library: Library) -> Lease:
    """The right to decide about money in a library."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        lease = await in_thread(library.lease, _NAME)
        if lease is not None:
            return lease
        await asyncio.sleep(0.02)
    message = f"Another process has kept {_NAME}.lock in {library.location} for {_PATIENCE:g} s."
    raise LibraryError(message, "If none is at work there, remove the file and generate again.")


def _check(
    name: str,
    limit: float,
    counted: Sequence[tuple[Record, float]],
    requests: Sequence[VideoRequest],
    takes: Sequence[float | None],
    period: timedelta | None,
) -> None:
    """Raises SpendingLimitError if these requests, of which each `takes` so much, go over a limit, of which
    those that are `counted` have taken so much each."""
    more, gone, money = 0.0, sum(taken for _, taken in counted), name == "max_cost"
    bound = _dollars(limit) if money else f"{limit:g} s"
    for request, each in zip(requests, takes, strict=True):
        if each is None or not _is_sane(each):
            timed = request.seconds is not None and _is_sane(request.seconds)
            hint = "Give its price: VideoClient(prices={…})." if timed else "Give a duration."
            what = f"what a video of {request.model_name} takes of it"
            raise SpendingLimitError(f"{name} is {bound}, and it is not known {what}.", hint)
        more += each
    if gone + more > limit + 1e-9:
        count = len(requests)
        these, end = (
            ("this video", "It was not sent.") if count == 1 else (f"{count} videos", "None was sent.")
        )
        so_far, further = (_dollars(gone), _dollars(more)) if money else (f"{gone:g} s", f"{more:g} s")
        state = f"{so_far} of it is taken, and {these} would take {further} more"
        message = f"{name} is {bound}: {state}. {end}"
        free = _free_again(counted, gone + more - limit, period)
        when = "" if free is None else f" There is room for it again at {free.astimezone():%Y-%m-%d %H:%M}."
        raise SpendingLimitError(f"{message}{when}", "Raise the limit, or make fewer or shorter videos.")


def _free_again(
    counted: Sequence[tuple[Record, float]], needed: float, period: timedelta | None
) -> datetime | None:
    """When so much of what counts is older than the period, to the next minute; None: never by itself."""
    if period is None:
        return None
    for moment, taken in sorted((_moment(one), taken) for one, taken in counted):
        needed -= taken
        if needed <= 1e-9:
            try:
                return (moment + period).replace(second=0, microsecond=0) + timedelta(minutes=1)
            except OverflowError:
                return None
    return None


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def _seconds(records: Iterable[Record]) -> float:
    """Of video, in sum. What no video can have counts for nothing: a record is a file, and may say anything,
    and less than nothing would lift the limit."""
    return sum(
        one.request.seconds for one in records if one.request.seconds and _is_sane(one.request.seconds)
    )


def _is_sane(amount: float) -> bool:
    return 0 <= amount < VAST


def _moment(record: Record) -> datetime:
    """When it was asked for, or sent, if it waited until then."""
    sent = record.timeline.sent
    return record.created if sent is None else max(record.created, sent)
