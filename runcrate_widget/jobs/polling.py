"""When to ask again. Pure functions of times in seconds: nothing here waits, and nothing here knows a job.

The API's reference recommends a poll every 5 to 10 s; a fixed 5 s finds a job that is done 2.7 s late on
average. What is known of earlier videos says more: `schedule.py`. This is what holds where nothing is known.
"""

from __future__ import annotations

#: The unit of all that is short. Tests run the same schedule on a shorter clock.
SHORTEST = 1.0
#: Between polls: ever less often, up to what the reference recommends.
LONGEST = 5.0
#: Between attempts that failed.
LONGEST_BACKOFF = 30.0

_FIRST = 4.2  # the first: a demo takes 4 s, and everything else longer
_NEXT = 1.5  # those after it, at the least
_SHARE = 8
#: Seconds of what the limit allows that may be used at once, where nobody asked before.
_BURST = 6.0


def next_poll(elapsed: float) -> float:
    """Seconds until the next poll of a job that was submitted `elapsed` seconds ago, where nothing is known
    of its like: an eighth of its age, in bounds."""
    return max(_FIRST * SHORTEST - elapsed, min(max(elapsed / _SHARE, _NEXT * SHORTEST), LONGEST))


def closest() -> float:
    """Seconds between two polls of a job that is due, at the least."""
    return SHORTEST / 2


def jitter(pause: float, chance: float) -> float:
    """`pause` seconds, a little more or less, so that what began together is not polled together (`chance`:
    0 to 1)."""
    return pause + (chance - 0.5) * min(pause / 10, SHORTEST / 2)


def spread(jobs: int, limit: int | None) -> float:
    """Seconds between two polls of one of `jobs` jobs, so that all stay below four fifths of `limit` requests
    a minute."""
    return 60.0 * jobs / (0.8 * limit) if limit else 0.0


def turn(now: float, last: float, free: float, limit: int | None) -> tuple[float, float]:
    """When a poll that is due `now` may go out, whichever job it is of, and what `free` is after it.

    `last` is when the one before went out; up to `free`, what the limit allows is used up. Never two at one
    moment, and in no minute more than nine tenths of `limit`.
    """
    at = max(now, last + SHORTEST / 100)
    if not limit:
        return at, at
    at = max(at, free - _BURST)
    return at, max(at, free) + 60 / (0.8 * limit)


def slept(monotonic: float, wall: float, meant: float) -> float:
    """Seconds that a machine slept, or a process stood still, in a pause of `meant` seconds in which the two
    clocks went on so far. In sleep, the monotonic one goes on or not, as the system likes."""
    gone = max(monotonic, wall) - meant
    return gone if gone > LONGEST else 0.0


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
