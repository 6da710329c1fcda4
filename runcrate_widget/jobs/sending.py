"""`Sending`: the first stage of a job, in which money is spent. What may be sent again, `submit.py` says.

The right to send is a claim, which only one process can ever get. It is taken, and the record says
`submitting`, once there is a connection and right before the request's first byte: a process that ends before
has sent nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from runcrate_widget.catalog import models
from runcrate_widget.errors import (
    APIError,
    BadRequestError,
    LibraryError,
    NotFoundError,
    RateLimitError,
    RuncrateError,
    ServerError,
    TransportError,
)
from runcrate_widget.library.conflict import Elsewhere
from runcrate_widget.library.library import Library
from runcrate_widget.library.pictures import load_picture
from runcrate_widget.library.record import JobStatus, is_free
from runcrate_widget.picture import Picture
from runcrate_widget.service.backend import Answer, Backend
from runcrate_widget.service.policy import is_filtered

from .ends import closed
from .gone import hint_if_gone
from .job import VideoJob
from .living import with_id
from .loop import at_length, in_thread
from .pacer import pacer_of
from .slots import Slots
from .spending import SpendingLimit
from .status import Move, begin_move
from .submit import Verdict, verdict
from .talk import Talk
from .times import Times

#: Between the opening of a connection and the request's first byte the record is written. So many jobs
#: are there at a time: a server closes what says nothing, and then nobody could tell what it had read.
OPENING = 8

_ASKED = 4  # times, for a job that only its id is known of
_FILTERED_HINT = "Change the prompt. It is not sent again by itself: job.resubmit() sends it as it is."


@dataclass(frozen=True)
class Means:
    """What the runs of one client share.

    Attributes:
        limit: what may be spent.
        slots: of them, so many jobs are with the service at a time.
        opening: of them, so many jobs are between the opening of a connection and their request's first byte.
        downloads: so many videos come at a time.
        accepted: is told that the service has taken a job: key and credits are in order.
        stopped: is told that a job's run has stopped, and by what.
        times: is told of each video that was made.
        put_back: is asked of a job that is refused whether it waits on, and does not fail: a carrier's does,
            where what refuses it would refuse any other, too.
    """

    backend: Backend
    library: Library
    limit: Callable[[], SpendingLimit]
    slots: Slots
    opening: asyncio.Semaphore
    downloads: asyncio.Semaphore
    accepted: Callable[[], None]
    stopped: Callable[[VideoJob, RuncrateError], None]
    times: Times
    put_back: Callable[[VideoJob, RuncrateError], bool] = lambda *_: False


class Sending:
    """Of one job, in the engine's thread."""

    def __init__(self, job: VideoJob, talk: Talk, means: Means) -> None:
        #: Whether it is this job's turn to be sent, and the service has not answered yet.
        self.active = False
        #: Whether the request is on its way: then it must not be cut off.
        self.under_way = False
        #: Whether the client was closed meanwhile.
        self.leaving = False
        self._job = job
        self._talk = talk
        self._means = means
        self._backend = means.backend
        self._library = means.library
        self._claimed = False
        self._opening = False
        self._held: Callable[[], bool] = lambda: True
        #: When it was to be sent, and was not: moments that may be on record as those of a `submitting`.
        self._unsent: set[datetime | None] = set()

    @property
    def in_doubt(self) -> bool:
        """Whether the record may say that it is being sent, and here it is known that nothing was."""
        record = self._job.record
        return record.timeline.sent in self._unsent or (
            bool(self._unsent) and record.status is JobStatus.WAITING
        )

    async def take_back(self) -> None:
        """Has the record say so, where the store took it and did not answer, or was not there to have it
        taken back. Raises LibraryError, and Elsewhere if another process has gone on with it."""
        job, waits = self._job, self._job.record.status is JobStatus.WAITING
        if not self._unsent or not (waits or job.record.status is JobStatus.SUBMITTING):
            return
        record = await in_thread(self._library.reread, job.record)
        ours = record.id is None and record.timeline.sent in self._unsent
        if ours and record.status is JobStatus.SUBMITTING:
            job.record = record
            await self._talk.move(Move(JobStatus.WAITING, must=True))
        elif record.status is JobStatus.WAITING:
            job.record = record
        elif waits:
            raise Elsewhere("Another process has taken it over.")

    async def send(self, held: Callable[[], bool]) -> None:
        """Sends the request, once; again only when it cannot have been acted on.

        `held` tells whether the job is still ours. Raises Elsewhere if it is not.
        """
        self._held = held
        self.active = True
        try:
            await self._send()
        finally:
            self.active = False

    async def _send(self) -> None:
        attempts = 0
        while True:
            await self._talk.turn()
            attempts += 1
            try:
                error = await self._attempt(attempts)
            finally:
                self.under_way = False
                if self._claimed and self._job.record.status is not JobStatus.SUBMITTING:
                    self._claimed = False
                    self._library.store.unclaim(self._job.record.name)
            if self.leaving:
                raise closed(self._job.record)
            if error is None:
                return
            await self._talk.pacer().back_off(error, attempts)

    async def _attempt(self, attempts: int) -> RuncrateError | None:
        """Sends the request. None: the service has it; else why it has not, if the request may be sent
        again."""
        request = self._job.request
        if isinstance(request.image, Picture):
            try:
                request = await at_length(load_picture, self._library.store, request)
            except LibraryError as error:  # it is not sent without it
                if self.leaving:
                    return error
                if error.kind == "store":
                    raise
                await self._talk.end(JobStatus.FAILED, error)
        await self._means.opening.acquire()
        self._opening = True
        try:
            await self._talk.turn()  # it may have been asked to wait meanwhile
            answer = await self._backend.submit(request, self._begin)
        except Elsewhere:
            raise
        except RuncrateError as error:
            if isinstance(error, LibraryError) and error.kind == "store":  # nothing was sent
                if self.leaving:
                    raise closed(self._job.record) from None
                raise
            if not self.leaving or self.under_way:
                await self._not_taken(error, attempts)
            return error
        finally:
            self._opened()
        await self._taken(answer)
        return None

    def _opened(self) -> None:
        if self._opening:
            self._opening = False
            self._means.opening.release()

    async def _begin(self) -> None:
        """There is a connection, and the next thing is the request's first byte."""
        if self.leaving:
            raise closed(self._job.record)
        await in_thread(self._claim)
        if not self._claimed or not self._held():
            raise Elsewhere("Another process has taken it over.")
        self.under_way = True
        limit, record = self._means.limit(), self._job.record
        async with limit.reserved(record, self._library):
            # By the price of now: what is paid does not change when somebody corrects a price.
            facts = {"cost": None if record.demo else limit.cost(record.request)}
            written = begin_move(self._job, self._library, Move(JobStatus.SUBMITTING, facts=facts, must=True))
            sent = self._job.record.timeline.sent
            self._unsent.add(sent)  # until it is
            await written()
        if not self._held():
            await self._talk.move(Move(JobStatus.WAITING))
            raise Elsewhere("Another process has taken it over.")
        self._opened()
        self._unsent.discard(sent)

    def _claim(self) -> None:
        """In a thread, and its result at once in its place: it is given back whatever happens meanwhile."""
        record = self._job.record
        if not self._library.store.claim(record.name):
            return
        self._claimed = True
        # It may have been sent, and its claim given back, since it was read.
        known = self._library.reread(record)
        if known.status is not JobStatus.WAITING or known.id is not None:
            self._claimed = False
            self._library.store.unclaim(record.name)

    async def _taken(self, answer: Answer) -> None:
        job = self._job
        same = with_id(job.record.folder, job.record.service, answer.id)
        if not all(map(is_free, same)):
            await self.unconfirmed(
                f"The service answered with {answer.id}, which is the id of another job: "
                "there may be one video of both."
            )
        facts = {"id": answer.id, "answer": answer.fields, "demo": job.record.demo or answer.demo}
        await self._talk.move(Move(JobStatus.QUEUED, facts=facts))
        self._means.accepted()
        models.taken(job.request.model)
        if answer.status == "failed":
            await failed(job, self._talk, self._means, answer)

    async def _not_taken(self, error: RuncrateError, attempts: int) -> None:
        """Decides what becomes of a job whose submit met an error; returns if it may be sent again."""
        said = verdict(error, attempts)
        if said is Verdict.UNCONFIRMED:
            host = self._backend.host
            await self.unconfirmed(
                f"It was sent, and it is not known whether {host} took it: {error.message}"
            )
        if said is Verdict.REFUSED and self._means.put_back(self._job, error):
            if self._job.record.status is JobStatus.SUBMITTING:
                await self._wait_again()
            raise error
        if said is Verdict.REFUSED:
            if isinstance(error, APIError) and is_filtered(error.message, error.code, error.type):
                error.kind, error.hint = "filtered", _FILTERED_HINT
            elif isinstance(error, APIError):
                self._explain(error)
            await self._talk.end(JobStatus.FAILED, error)
        note = f"trying again: {error.message}"
        if self._job.record.status is JobStatus.SUBMITTING:
            await self._wait_again(note)
        else:  # there was no connection
            self._job._show(note=note)

    async def _wait_again(self, note: str = "") -> None:
        """It cannot have been acted on."""
        self._unsent.add(self._job.record.timeline.sent)
        await self._talk.move(Move(JobStatus.WAITING, note=note))

    def _explain(self, error: APIError) -> None:
        """Says more of a refusal, as far as it is the model's."""
        request, codes = self._job.request, (error.code, error.type)
        price, status = self._means.limit().price, error.status
        hint = hint_if_gone(request, price, status=status, message=error.message, codes=codes)
        if hint is not None:
            error.kind, error.hint = "model", hint
        elif isinstance(error, (NotFoundError, BadRequestError)) and models.find(request.model) is None:
            error.hint = f"{models.suggestion(request.model)} {error.hint}".strip()

    async def unconfirmed(self, message: str) -> NoReturn:
        """Ends the job: the service may have it, and only the person can tell."""
        dashboard = self._backend.dashboard
        hint = (
            f'Look in {dashboard}: if it is there, job.adopt("vid_…") goes on with it; if not, send it again '
            "(job.resubmit()) or give it up (job.cancel()). It is never sent again by itself, because that "
            "could be billed twice."
        )
        await self._talk.end(JobStatus.UNCONFIRMED, RuncrateError(message, hint, kind="unconfirmed"))


async def failed(job: VideoJob, talk: Talk, means: Means, answer: Answer) -> NoReturn:
    """Ends a job that the service calls failed."""
    about = answer.fields.get("error")
    said = [*about.values()] if isinstance(about, dict) else [about]
    codes = tuple(one for one in said if isinstance(one, str))
    if is_filtered(answer.error, *said):
        message = f"The service's rules forbid this video: {answer.error}"
        error = RuncrateError(message, _FILTERED_HINT, kind="filtered")
    elif hint := hint_if_gone(
        job.request, means.limit().price, status=400, message=answer.error, codes=codes
    ):
        error = RuncrateError(f"The generation failed: {answer.error}", hint, kind="model")
    else:
        message = f"The generation failed: {answer.error or 'the service gave no reason'}"
        error = RuncrateError(message, "Change the prompt or the model, or try again.", kind="failed")
    await talk.end(JobStatus.FAILED, error)


async def ask_for(backend: Backend, id: str) -> None:
    """Returns if the service knows a job of this id. Raises NotFoundError, TransportError or APIError."""
    pacer = pacer_of(backend.account)
    for attempt in range(1, _ASKED + 1):
        await pacer.turn(lambda _: None)
        try:
            await backend.status(id)
        except (TransportError, RateLimitError, ServerError) as error:
            if attempt == _ASKED:
                raise
            await pacer.back_off(error, attempt)
        else:
            return
