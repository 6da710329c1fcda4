"""What the service says of its rate limit: the headers of an answer, read. Pure functions of times in
seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

#: A service that asks for a longer pause than this is asked again all the same.
LONGEST_PAUSE = 3600.0

_LARGEST_DELTA = 1e7  # seconds: 116 days
_LARGEST_TIME = 1e11  # a Unix time in seconds of the year 5138, or in milliseconds of 1973


@dataclass(frozen=True)
class Limits:
    """What an answer says: requests a minute that the key is allowed, seconds in which no further one is
    wanted."""

    per_minute: int | None = None
    pause: float | None = None


def read_limits(headers: Mapping[str, str], now: float) -> Limits:
    """What the headers of an answer say. `now` is a Unix time."""
    spent = headers.get("x-ratelimit-remaining", "").strip() == "0"
    return Limits(
        per_minute=whole_number(headers.get("x-ratelimit-limit", "")) or None,
        pause=asked_to_wait(headers, now) or None if spent else None,
    )


def asked_to_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the service asked us to wait in `Retry-After` (seconds or an HTTP date) or
    `X-RateLimit-Reset`, or None.

    `X-RateLimit-Reset` counts only when `X-RateLimit-Remaining` is 0 or absent. 0 is what is left of a time
    that has passed: how soon to ask again after that is for the caller to say.
    """
    given = headers.get("retry-after", "").strip()
    pause = _number(given)
    if pause is None and given:
        try:
            pause = parsedate_to_datetime(given).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            pause = None
    if pause is None and headers.get("x-ratelimit-remaining", "0").strip() in ("0", ""):
        reset = _number(headers.get("x-ratelimit-reset", ""))
        pause = _until(reset, now) if reset is not None else None
    return None if pause is None else min(max(pause, 0.0), LONGEST_PAUSE)


def whole_number(text: str) -> int | None:
    """A number of a header; None if it is none, or one that nothing has (Python refuses to read those of
    5,000 digits)."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def _until(reset: float, now: float) -> float:
    """Seconds until `X-RateLimit-Reset`: a Unix time in seconds, as it is documented; in milliseconds or
    finer, or the seconds that are left, as other services have it. Their sizes tell them apart."""
    if reset < _LARGEST_DELTA:
        return reset
    while reset >= _LARGEST_TIME:
        reset /= 1000
    return reset - now


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
