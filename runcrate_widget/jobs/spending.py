"""`SpendingLimit`: what may be asked for, in seconds of video and in dollars, counted from the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from runcrate_widget.errors import InvalidRequestError, SpendingLimitError
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, now
from runcrate_widget.request import VideoRequest


@dataclass(frozen=True)
class SpendingLimit:
    """The limits of one client; a request that would go over one is refused before it is sent.

    Attributes:
        max_seconds: seconds of video; None for no limit.
        max_cost: dollars; None for no limit.
        period: what of the library counts: the last `timedelta`; None for what is asked for from now on.
        price: dollars a second of a model (an id), or None where nobody gave one.
    """

    max_seconds: float | None
    max_cost: float | None
    period: timedelta | None
    price: Callable[[str], float | None]
    begun: datetime = field(default_factory=now)

    def __post_init__(self) -> None:
        for name in ("max_seconds", "max_cost"):
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if value is not None and not (number and value >= 0):
                message = f"{name} is {value!r}; it must be a number, 0 or more."
                raise InvalidRequestError(name, message)

    def check(self, request: VideoRequest, library: Library) -> None:
        """Raises SpendingLimitError if the request would go over a limit. For one at a time: with the
        library's lock."""
        if self.max_seconds is None and self.max_cost is None:
            return
        since = self.begun if self.period is None else now() - self.period
        spent = [one.request for one in library.filter(since=since) if not _is_free(one)]
        if self.max_seconds is not None:
            amounts = [one.seconds for one in spent]
            _check("max_seconds", self.max_seconds, "s", amounts, request, request.seconds)
        if self.max_cost is not None:
            amounts_paid = [self.cost(one) for one in spent]
            _check("max_cost", self.max_cost, "dollars", amounts_paid, request, self.cost(request))

    def cost(self, request: VideoRequest) -> float | None:
        """Dollars, or None if that is not known."""
        price = self.price(request.model)
        return None if price is None or request.seconds is None else price * request.seconds


def _check(
    name: str,
    limit: float,
    unit: str,
    spent: list[float | None] | list[int | None],
    request: VideoRequest,
    more: float | None,
) -> None:
    if more is None:
        hint = "Give a duration." if request.seconds is None else "Give its price: VideoClient(prices={…})."
        what = f"what a video of {request.model_name} takes of it"
        message = f"{name} is {limit:g} {unit}, and it is not known {what}."
        raise SpendingLimitError(message, hint)
    gone = sum(amount or 0 for amount in spent)
    if gone + more > limit + 1e-9:
        state = f"{gone:g} are gone, and this video would take {more:g} more"
        message = f"{name} is {limit:g} {unit}: {state}. It was not sent."
        raise SpendingLimitError(message, "Raise the limit, or make fewer or shorter videos.")


def _is_free(record: Record) -> bool:
    """Whether a record cannot have cost anything: it was never sent, or the service refused it."""
    refused = record.status is JobStatus.FAILED and record.id is None
    return record.status is JobStatus.CANCELLED or refused
