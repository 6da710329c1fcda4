"""`Run`: one job from submit to file. `Run.carry` reads from top to bottom.

What is said to the service, and when, is decided here. A submit goes out once (`submit.py` says why, and when
again); polls and downloads are repeated until they are answered.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from runcrate_widget.errors import (
    BadRequestError,
    ConflictError,
    LibraryError,
    NotFoundError,
    RuncrateError,
    UnexpectedAnswerError,
)
from runcrate_widget.library.at_work import carrier_of, waits_for
from runcrate_widget.library.conflict import Elsewhere
from runcrate_widget.library.record import JobStatus, now
from runcrate_widget.library.store import Lease
from runcrate_widget.library.timeline import LONGEST_BLIND
from runcrate_widget.service.backend import Answer

from .download import fetch
from .ends import closed, recorded_end
from .job import VideoJob
from .living import newer, unsent, waits_for_carrier
from .loop import engine, in_thread
from .sending import Means, Sending, failed
from .status import Move
from .talk import Over, Talk
from .waking import watch

# A poll may run ahead of the service's own records.
_REFUSALS = (NotFoundError, BadRequestError, ConflictError)
_REFUSED_ATTEMPTS = 6
_ODD_STATUSES = 12  # polls in a row
_LOOK_EVERY = 1.0  # at a job that another process carries
_LONGEST_AWAY = 30.0  # seconds between two tries, where the library does not answer

_log = logging.getLogger("runcrate_widget")


class Run:
    """Carries one job, in the engine's thread."""

    def __init__(self, job: VideoJob, means: Means, lease: Lease | None) -> None:
        self._job = job
        self._means = means
        self._backend = means.backend
        self._library = means.library
        self._talk = Talk(job, means.backend, means.library)
        self._lease = lease
        self.sending = Sending(job, self._talk, means)
        #: When the service was last known not to be done, by the clock of records.
        self._looked = now()
        # Whether it was taken over, and has not been asked for with the answer "not yet" since.
        self._blind = False

    async def carry(self) -> None:
        """The whole of it. Whoever waits for the job is told at the end, whatever that is."""
        job = self._job
        try:
            away = 0.0
            while True:
                try:
                    if await self._carried():
                        break
                    away = 0.0
                except LibraryError as error:
                    if error.kind != "store":
                        raise
                    # A bucket that does not answer now does so again. The service keeps what it has; and
                    # nothing is sent that is not on record. What may be on record as being sent is left to
                    # nobody else, who could not know that it was not.
                    if not self.sending.in_doubt:
                        self._release_lease()
                    away = min(2 * away + 1.0, _LONGEST_AWAY)
                    job._show(note=f"trying again: {error.message}")
                await asyncio.sleep(max(_LOOK_EVERY, away))
        except Over:
            pass
        except asyncio.CancelledError:
            if not self.sending.leaving:  # the person cancelled the job, or the process ends
                raise
            self._stop(closed(job.record))
        except RuncrateError as error:
            # Stopped at its stage, not `failed`: that word is the service's, and what failed may be sent (and
            # paid) anew.
            self._stop(error)
        except Exception as error:
            if engine().ending:
                return
            await self._fault(error)
        finally:
            self._release_lease()
        # Last: who was waiting finds everything in its place.
        job._settle()

    async def _carried(self) -> bool:
        """From submit to file; False if it turns out that another process has the job."""
        job = self._job
        try:
            if self._lease is None:
                await self._look_on()
            await self.sending.take_back()
            if job.record.status is JobStatus.WAITING and job._wanted and not await self._was_left():
                async with self._means.slots:
                    await self.sending.send(self.held)
                    self._looked = now()  # and not when it began to wait for its turn
                    await self._poll()
            else:
                await self._take_over()
                if job.record.status is not JobStatus.DOWNLOADING:
                    await self._poll(at_once=True)
            await fetch(job, self._talk, self._backend, self._library, self._means.downloads)
        except Elsewhere:
            self._release_lease()
            return False
        return True

    # Whose job it is.

    def _take_lease(self) -> None:
        # At once into its place, so that it is given back whatever happens meanwhile.
        self._lease = self._library.lease(self._job.record.name)

    def _release_lease(self) -> None:
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def held(self) -> bool:
        """Whether the job is ours to carry."""
        return self._lease is not None and self._lease.held()

    def give_lease(self) -> Lease:
        """The right to carry the job, which is the caller's from now on."""
        assert self._lease is not None
        lease, self._lease = self._lease, None
        return lease

    async def _was_left(self) -> bool:
        """Whether a process that seems to be gone had the right to send this job, and may have. One that is
        gone for certain has not: what is sent is on record before."""
        sure = self._lease is not None and self._lease.sure
        return not sure and await in_thread(self._library.store.claimed, self._job.record.name)

    async def _look_on(self) -> None:
        """Shows what another process makes of the job, until the job has ended or is ours to carry."""
        job = self._job
        while True:
            await in_thread(self._take_lease)
            record = await in_thread(self._library.reread, job.record)
            job.record = newer(job.record, record)
            if end := await in_thread(recorded_end, job.record):
                job._show(error=end.error, video=end.video)
                raise Over
            note = "another notebook carries it"
            if self._lease is not None:
                if job._wanted or not waits_for_carrier(job.record):
                    job._show()
                    return
                self._release_lease()
                note = await in_thread(self._waits)
            job._show(note=note)
            await asyncio.sleep(_LOOK_EVERY)

    def _waits(self) -> str:
        return waits_for(self._library, carrier_of(self._library), self._job.record.service)

    async def _take_over(self) -> None:
        """Goes on with a record that nobody carries: its process has ended, or it was stopped."""
        job, record = self._job, self._job.record
        timeline = record.timeline
        self._looked, self._blind = timeline.processing or timeline.submitted or timeline.created, True
        if record.status is JobStatus.COMPLETED:  # and the file is gone
            await self._talk.move(Move(JobStatus.DOWNLOADING))
        elif record.id is None and record.status is JobStatus.WAITING and not await self._was_left():
            raise unsent()
        elif record.id is None:
            host = self._backend.host
            await self.sending.unconfirmed(
                f"Its notebook ended while it was being sent, and it is not known whether {host} took it."
            )
        elif self._backend.demo and await self._forgotten():
            message = "The demo backend that was making it has ended."
            await self._talk.end(JobStatus.FAILED, RuncrateError(message, "Generate again.", kind="failed"))
        job._show()

    async def _forgotten(self) -> bool:
        try:
            await self._backend.status(self._job.record.id or "")
        except NotFoundError:
            return True
        except RuncrateError:
            pass
        return False

    # Poll.

    async def _poll(self, *, at_once: bool = False) -> None:
        """Asks until the job is completed. Whatever can pass is ridden out."""
        request, strangers, odd = self._job.request, 0, 0
        began = watch.now() - self._age()
        with self._talk.pacer().polling():
            while True:
                schedule = await self._means.times.schedule(
                    request.model, request.duration, self._job.record.service
                )
                elapsed = watch.now() - began
                await self._talk.pacer().until_next_poll(elapsed, schedule, at_once=at_once)
                at_once = False
                if not self.held():
                    raise Elsewhere("Another process has taken it over.")
                try:
                    answer = await self._talk.ridden_out(self._ask, UnexpectedAnswerError)
                except _REFUSALS as error:
                    strangers += 1
                    if strangers == _REFUSED_ATTEMPTS:
                        raise
                    self._job._show(note=f"asking again: {error.message}")
                    await self._talk.pacer().back_off(error, strangers)
                    continue
                odd = 0 if answer.status in ("queued", "processing") else odd + 1
                if await self._heard(answer, odd):
                    return

    def _age(self) -> float:
        """Seconds since the service has it."""
        submitted = self._job.timeline.submitted
        return max(0.0, (now() - submitted).total_seconds()) if submitted else 0.0

    async def _ask(self) -> Answer:
        self._talk.polls += 1
        return await self._backend.status(self._job.id or "")

    async def _heard(self, answer: Answer, odd: int) -> bool:
        """Takes in what the service says of the job; whether it is completed. `odd`: undocumented words in a
        row."""
        job = self._job
        if answer.demo and not job.record.demo:
            job.record = replace(job.record, demo=True)
        if answer.status == "failed":
            await failed(job, self._talk, self._means, answer)
        unseen = max(0.0, (now() - self._looked).total_seconds())
        if answer.status == "completed":
            known = not self._blind or unseen > LONGEST_BLIND  # which says by itself that nobody looked
            await self._talk.move(Move(JobStatus.DOWNLOADING, unseen=unseen if known else None))
            self._means.times.note(job.record)
            return True
        if not odd:
            self._looked, self._blind = now(), False
            status = JobStatus(answer.status)
            if status is job.record.status:
                if job.note or job.error or job.demo is not job.record.demo:  # else it is as it was shown
                    job._show()
            else:
                await self._talk.move(Move(status, unseen=unseen))
        elif odd == _ODD_STATUSES:  # "expired", say: whatever it means, it does not pass
            message = f"The service calls this job {answer.status!r}, which is no stage that it documents."
            raise RuncrateError(message, f"Look in {self._backend.dashboard}.", kind="unexpected")
        else:
            job._show(note=f"the service calls it {answer.status[:40]!r}")
        return False

    def _stop(self, error: RuncrateError) -> None:
        self._job._show(error=error)
        self._means.stopped(self._job, error)

    async def _fault(self, error: Exception) -> None:
        """A fault of ours must not leave somebody waiting for ever."""
        job = self._job
        _log.exception("Something unforeseen went wrong with %r", job)
        if job.record.id is None and job.record.status is JobStatus.SUBMITTING:
            try:
                await self.sending.unconfirmed(
                    f"Something unforeseen went wrong while it was being sent: {error!r}."
                )
            except Over:
                return
        self._stop(RuncrateError(f"Something unforeseen went wrong: {error!r}."))
