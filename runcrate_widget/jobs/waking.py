"""`Watch`: a clock that goes on while the machine sleeps, and pauses that end when it wakes.

A laptop's lid stops the monotonic clock on Linux and macOS, and with it every pause of asyncio: an hour later
the pause still has its rest to go. Nobody waits for that to be told that a video is done.
"""

from __future__ import annotations

import asyncio
import time

from .polling import slept

_TICK = 1.0  # seconds


class Watch:
    """In the engine's thread alone, as long as somebody pauses."""

    def __init__(self) -> None:
        self._asleep = 0.0  # seconds that the monotonic clock has missed
        self._sleepers: set[asyncio.Future[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None  # in which it ticks
        self._looked = (0.0, 0.0)  # the clocks at the last tick

    def now(self) -> float:
        """Seconds from some moment on, those asleep counted."""
        return time.monotonic() + self._asleep

    async def pause(self, seconds: float) -> None:
        """Waits so long, or until the machine has woken."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._looked = loop, _clocks()
            loop.call_later(_TICK, self._tick)
        over: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _end, over)
        self._sleepers.add(over)
        try:
            await over
        finally:
            timer.cancel()
            self._sleepers.discard(over)

    def _tick(self) -> None:
        before, self._looked = self._looked, _clocks()
        monotonic, wall = (after - one for one, after in zip(before, self._looked, strict=True))
        if slept(monotonic, wall, _TICK):
            self._asleep += max(0.0, wall - monotonic)
            for one in self._sleepers:
                _end(one)
        if self._sleepers and self._loop is not None:
            self._loop.call_later(_TICK, self._tick)
        else:
            self._loop = None


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.time()


def _end(pause: asyncio.Future[None]) -> None:
    if not pause.done():
        pause.set_result(None)


#: Of this process. A forked child has another loop, and none of the sleepers.
watch = Watch()
