"""`Talk`: what each stage of a job's run needs: to move the job, to wait for its turn, to ask until there is
an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NoReturn, TypeVar

from runcrate_widget.errors import APIError, RateLimitError, RuncrateError, ServerError, TransportError
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus
from runcrate_widget.service.backend import Backend

from .job import VideoJob
from .pacer import Pacer, pacer_of
from .status import Move, make_move

_T = TypeVar("_T")


class Over(Exception):
    """The job has come to its end, and its record and its traits say so."""


class Talk:
    """Of one job with the service, in the engine's thread."""

    def __init__(self, job: VideoJob, backend: Backend, library: Library) -> None:
        #: How often the service was asked for the job's status since the last move.
        self.polls = 0
        self._job = job
        self._backend = backend
        self._library = library

    def pacer(self) -> Pacer:
        """Anew each time: another key may have been set."""
        return pacer_of(self._backend.account)

    async def turn(self) -> None:
        """Waits until the service may be asked."""
        await self.pacer().turn(lambda note: self._job._show(note=note))

    async def move(self, move: Move) -> None:
        """Moves the job. Raises LibraryError where the move must be written, and cannot."""
        polls, self.polls = self.polls, 0
        await make_move(self._job, self._library, replace(move, polls=polls))

    async def end(self, status: JobStatus, error: RuncrateError) -> NoReturn:
        """Ends the job without a video."""
        await self.move(Move(status, error=error))
        raise Over

    async def ridden_out(self, ask: Callable[[], Awaitable[_T]], *riding: type[RuncrateError]) -> _T:
        """Asks until there is an answer: broken connections, 429 and 5xx pass, and what is in `riding`."""
        failures = 0
        while True:
            await self.turn()
            try:
                result = await ask()
            except (TransportError, APIError) as error:
                if not isinstance(error, (TransportError, RateLimitError, ServerError, *riding)):
                    raise
                failures += 1
                self._job._show(note=f"reconnecting: {error.message}")
                await self.pacer().back_off(error, failures)
            else:
                if failures:
                    self._job._show()
                return result
