"""When to ask again. Pure functions of times in seconds: nothing here waits, and nothing here knows a job.

The API's reference recommends a poll every 5 to 10 s; a fixed 5 s finds a job that is done 2.7 s late on average.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

#: Between polls: soon after the submit (a demo is done in seconds), then ever less often, up to what the reference recommends.
SHORTEST = 1.0
LONGEST = 5.0
#: Between attempts that failed.
LONGEST_BACKOFF = 30.0
#: A service that asks for a longer pause than this is asked again all the same.
LONGEST_PAUSE = 3600.0


def next_poll(elapsed: float) -> float:
    """Seconds until the next poll of a job that was submitted `elapsed` seconds ago: a tenth of its age, in bounds."""
    return min(max(elapsed / 10, SHORTEST), LONGEST)


def spread(jobs: int, limit: int | None) -> float:
    """Seconds between two polls of one of `jobs` jobs, so that all stay below four fifths of `limit` requests a minute."""
    return 60.0 * jobs / (0.8 * limit) if limit else 0.0


def backoff(failures: int, chance: float) -> float:
    """Seconds until the next attempt after `failures` (>= 1) in a row; `chance` (0 to 1) spreads many clients apart."""
    longest = min(LONGEST_BACKOFF, 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + chance / 2)


def asked_to_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the service asked us to wait in `Retry-After` (seconds or an HTTP date) or `X-RateLimit-Reset`, or None.

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
