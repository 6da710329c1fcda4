"""When to ask again. Pure functions of times in seconds: nothing here waits, and nothing here knows a job.

The API's reference recommends a poll every 5 to 10 s; a fixed 5 s finds a job that is done 2.7 s late on
average.
"""

from __future__ import annotations

#: Between polls: soon after the submit (a demo is done in seconds), then ever less often, up to what the
#: reference recommends.
SHORTEST = 1.0
LONGEST = 5.0
#: Between attempts that failed.
LONGEST_BACKOFF = 30.0


def next_poll(elapsed: float) -> float:
    """Seconds until the next poll of a job that was submitted `elapsed` seconds ago: a tenth of its age, in
    bounds."""
    return min(max(elapsed / 10, SHORTEST), LONGEST)


def spread(jobs: int, limit: int | None) -> float:
    """Seconds between two polls of one of `jobs` jobs, so that all stay below four fifths of `limit` requests
    a minute."""
    return 60.0 * jobs / (0.8 * limit) if limit else 0.0


def backoff(failures: int, chance: float) -> float:
    """Seconds until the next attempt after `failures` (>= 1) in a row; `chance` (0 to 1) spreads many clients
    apart."""
    longest = min(LONGEST_BACKOFF, 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + chance / 2)


def at_least(asked: float, chance: float) -> float:
    """Seconds to wait where the service asked for `asked`: not less, never next to nothing, and not the same
    for many clients (`chance`: 0 to 1)."""
    return max(asked, SHORTEST) + chance * SHORTEST / 4


def apart(place: int, chance: float) -> float:
    """Seconds by which the `place`-th (from 0) of those who waited for the same moment comes after it."""
    return (place + chance) * SHORTEST / 10
