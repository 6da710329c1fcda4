"""`Deadline`: when a request is given up, however busy its connection looks.

A read timeout alone is no end: a server that sends an interim answer (103) or a byte every few seconds keeps
a request alive for ever.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

#: A download has no fixed end, since nobody knows its size and the line; but in each such time it must bring
#: so many bytes. What is slower is taken up again where it was left, on a new connection.
_WINDOW = 60.0  # seconds
_LEAST = 16 * 1024  # bytes


class Deadline:
    """Of one request: `seconds` from now, unless it is moved."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._came = 0

    def answered(self) -> None:
        """A download's answer has begun: from now on its bytes count."""
        self._came, self._end = 0, time.monotonic() + _WINDOW

    def progress(self, count: int) -> None:
        """So many bytes of a download have come."""
        self._came += count
        if self._came >= _LEAST:
            self.answered()

    async def hold(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What `work` gives. Raises TimeoutError, and ends it, where it takes too long."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                left = self._end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                # Not all of it at once: meanwhile the end may have been moved, to an earlier one, too.
                await asyncio.wait([task], timeout=min(left, _WINDOW / 4))
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # asked for, so that asyncio does not report it
