"""`Pacer`: what one key may ask of one service, whichever client of this process asks.

The service counts its rate limit by key, and so do we: a pause that it asked for holds for every job of every
client with that key, and all their polls together stay below the limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import random
import time
from collections.abc import Callable, Hashable, Iterator

from runcrate_widget.errors import APIError, RateLimitError, RuncrateError
from runcrate_widget.service.limits import Limits

from .polling import apart, at_least, backoff, jitter, spread, turn
from .schedule import Schedule
from .waking import watch

#: Our own: a notebook that seeds `random` gets the same numbers, whatever we do meanwhile.
_chance = random.Random()

#: Seconds after a pause for which no two go on at one moment, also those who come to it later.
_CAREFUL = 10.0


class Pacer:
    """In the engine's thread alone."""

    def __init__(self) -> None:
        self._quiet_until = self._next = -math.inf  # by the monotonic clock; of all, and of the next one
        self._per_minute: int | None = None  # requests, once the service has said so
        self._polled = 0  # how many jobs are being polled
        self._waiting = 0  # how many wait for their turn
        self._last_poll = self._free = 0.0  # of all jobs; see `polling.turn`

    def heard(self, limits: Limits) -> None:
        """An answer of the service said so."""
        self._per_minute = limits.per_minute or self._per_minute
        if limits.pause:
            self.be_quiet(at_least(limits.pause, _chance.random()))

    def be_quiet(self, pause: float) -> None:
        """Nobody asks anything for `pause` seconds."""
        self._quiet_until = max(self._quiet_until, time.monotonic() + pause)

    async def turn(self, tell: Callable[[str], None]) -> None:
        """Waits until something may be asked. `tell` is told why it has to wait."""
        # One after the other: all at once would meet the limit again.
        paused = self._quiet_until > time.monotonic()
        after = apart(self._waiting, _chance.random()) if paused else 0.0
        self._waiting += 1
        try:
            while (pause := max(self._quiet_until + after, self._next) - time.monotonic()) > 0:
                if self._quiet_until > time.monotonic():  # else it is hardly a moment
                    tell(f"rate limit: goes on in {math.ceil(pause)} s")
                await asyncio.sleep(min(pause, 1.0 + after))  # it may have become longer meanwhile
            if time.monotonic() < self._quiet_until + _CAREFUL:
                self._next = time.monotonic() + apart(1, 0)
        finally:
            self._waiting -= 1

    async def back_off(self, error: RuncrateError, failures: int) -> None:
        """Waits after `failures` in a row, of which `error` is the last; as long as the service asked for, if
        it did."""
        asked = error.retry_after if isinstance(error, APIError) else None
        if asked and isinstance(error, RateLimitError):
            self.be_quiet(at_least(asked, _chance.random()))
        elif isinstance(error, RateLimitError) and asked is not None:
            # "At once", or a time that has passed: it holds for all, but a limit is not met at full speed.
            self.be_quiet(backoff(failures, _chance.random()))
        else:
            await asyncio.sleep(max(asked or 0.0, backoff(failures, _chance.random())))

    @contextlib.contextmanager
    def polling(self) -> Iterator[None]:
        """For as long as a job is polled: the polls of all jobs share the limit."""
        self._polled += 1
        try:
            yield
        finally:
            self._polled -= 1

    async def until_next_poll(self, elapsed: float, schedule: Schedule, *, at_once: bool = False) -> None:
        """Waits until a job that was submitted `elapsed` seconds ago may be polled again: by its schedule, or
        when the machine has woken; never two jobs at one moment, nor all of them too often."""
        pause = jitter(schedule.next_poll(elapsed), _chance.random())
        pause = max(pause, spread(self._polled, self._per_minute))
        # Never quite at once: it may be taken up again and again.
        await watch.pause(at_least(0.0, _chance.random()) if at_once else pause)
        now = time.monotonic()
        self._last_poll, self._free = turn(now, self._last_poll, self._free, self._per_minute)
        if self._last_poll > now:
            await asyncio.sleep(self._last_poll - now)


_pacers: dict[Hashable, Pacer] = {}

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pacers.clear)  # nobody polls there


def pacer_of(account: Hashable) -> Pacer:
    """The pacer of an account (`Backend.account`)."""
    return _pacers.setdefault(account, Pacer())
