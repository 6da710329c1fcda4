"""What the service says of its rate limit: the headers of an answer, read. Pure functions of times in
seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

#: A service that asks for a longer pause than this is asked again all the same.
LONGEST_PAUSE = 3600.0


@dataclass(frozen=True)
class Limits:
    """What an answer says: requests a minute that the key is allowed, seconds in which no further one is
    wanted."""

    per_minute: int | None = None
    pause: float | None = None


def read_limits(headers: Mapping[str, str], now: float) -> Limits:
    """What the headers of an answer say. `now` is a Unix time."""
    limit = headers.get("x-ratelimit-limit", "")
    spent = headers.get("x-ratelimit-remaining", "").strip() == "0"
    return Limits(
        per_minute=int(limit) if limit.isdecimal() and int(limit) > 0 else None,
        pause=asked_to_wait(headers, now) or None if spent else None,
    )


def asked_to_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the service asked us to wait in `Retry-After` (seconds or an HTTP date) or
    `X-RateLimit-Reset`, or None.

    `X-RateLimit-Reset` is a Unix time; it counts only when `X-RateLimit-Remaining` is 0 or absent.
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
        pause = reset - now if reset is not None else None
    return None if pause is None else min(max(pause, 0.0), LONGEST_PAUSE)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
