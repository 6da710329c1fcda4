"""Of money and of time: the part of `messages.py` that says what was spent, what is left, how long it takes.

It belongs to that file, and has the same twin; it stands here because a file is to be short.
"""

from __future__ import annotations

from typing import TypedDict


class TimesRequest(TypedDict):
    """How long do such videos take?"""

    model: str
    duration: int | None  # seconds; None: what the model makes unasked


class TimesPayload(TypedDict):
    """Seconds that the latest ones took, at most 50 of each, shortest first."""

    making: list[float]
    queued: list[float]  # in the service's queue
    whole: list[float]  # both


class SpentRow(TypedDict):
    """A sum over some jobs, each at the price that was valid when it was sent."""

    videos: int
    seconds: float  # of video
    dollars: float | None  # None: it is known of none of them
    unpriced: int  # of how many it is not known


class MoneyRow(TypedDict):
    """What became of what was sent. Whether what is `failed` is billed is not documented."""

    paid: SpentRow  # made
    failed: SpentRow
    unknown: SpentRow  # unconfirmed, or never heard of again
    pending: SpentRow  # under way
    demos: int  # videos for show, which are free and in none of these


class MoneyPayload(TypedDict):
    """What was spent since this client was made, on this day (the kernel's), and in all."""

    session: MoneyRow
    today: MoneyRow
    library: MoneyRow


class PriceRequest(TypedDict):
    """What a model costs. It is remembered in the library, unless it is the demo's."""

    model: str
    price: float | None  # dollars a second; None: forget it
