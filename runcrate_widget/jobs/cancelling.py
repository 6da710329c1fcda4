"""What is taken back before it was sent: one job, or very many at once. In the engine's thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.record import JobStatus
from runcrate_widget.library.store import Lease

from .status import Move, begin_move

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library

    from .job import VideoJob

NOT_SENT = "It was cancelled before it was sent: nothing is billed."
GIVEN_UP = "It was given up by hand, as one that the service does not have."

_AT_A_TIME = 4  # are written: other jobs need the threads, too

_log = logging.getLogger("runcrate_widget")


class Given(NamedTuple):
    """A job that is cancelled, and not written yet: the lease is kept until then, so that no other process
    sends it."""

    job: VideoJob
    lease: Lease
    write: Callable[[], Awaitable[None]]


def cancelling(message: str) -> Move:
    """The move of a job that is cancelled."""
    return Move(JobStatus.CANCELLED, error=RuncrateError(message, kind="cancelled"))


def begin_cancelling(job: VideoJob, library: Library) -> Callable[[], Awaitable[None]]:
    """Cancels a job that waits; what it returns has that written."""
    return begin_move(job, library, cancelling(NOT_SENT))


async def written(given: Sequence[Given]) -> None:
    """Has them written, some at a time. Those that are not, because the program ends, are `waiting` in the
    library, and are not sent by itself either."""
    left = iter(given)

    async def write() -> None:
        for one in left:
            try:
                await one.write()
            except Exception:
                _log.exception("%r could not be written", one.job)
            finally:
                one.lease.release()
            one.job._settle()

    await asyncio.gather(*(write() for _ in range(_AT_A_TIME)))
