"""`Runs`: what is under way of one client's jobs, and what a person tells one of them to do. In the engine's
thread."""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from runcrate_widget.errors import (
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    InvalidRequestError,
    JobError,
    LibraryError,
    PermissionDeniedError,
    RuncrateError,
)
from runcrate_widget.library.conflict import Superseded
from runcrate_widget.library.places import size_of
from runcrate_widget.library.record import JobStatus, Record, chosen, now
from runcrate_widget.library.store import Lease

from .cancelling import GIVEN_UP, NOT_SENT, Given, begin_cancelling, cancelling, written
from .ends import End, closed, recorded_end
from .job import VideoJob
from .living import at_rest, newer, waits_for_carrier, was_left, why_at_rest
from .loop import Ask, at_once, engine, in_place, in_thread
from .status import Move, has_given_id, lacks_id, make_move
from .telling import begin, in_bucket
from .under_way import UnderWay

#: What a new key, or credits, mend: then the job goes on.
_MENDABLE = (AuthenticationError, InsufficientCreditsError, PermissionDeniedError, ConfigurationError)


class Runs(UnderWay):
    """Of one client."""

    def _note_stop(self, job: VideoJob, error: RuncrateError) -> None:
        if isinstance(error, _MENDABLE) and not waits_for_carrier(job.record):  # which tries again
            self._stopped.add(job)

    def resume_stopped(self) -> None:
        """Goes on with what the key or the credits stopped."""
        while self._stopped:
            job = self._stopped.pop()
            begin(self._library, job, partial(self._resume_stopped, job))

    async def _resume_stopped(self, job: VideoJob, ask: Ask) -> None:
        try:
            await self.resume(job, ask)
        except LibraryError:
            self._stopped.add(job)
            raise

    # What a person tells a job to do: `told` (telling.py) calls these.

    async def cancel(self, job: VideoJob, ask: Ask) -> None:
        """Cancels a job that is still `waiting`, or one that was sent, and that the service does not have: it
        is `unconfirmed`, or its id was given by hand and is unknown. Raises JobError."""
        status = job.record.status
        if status is JobStatus.CANCELLED:
            return
        if status not in (JobStatus.WAITING, JobStatus.UNCONFIRMED) and not _has_unknown_id(job):
            raise JobError(job, f"This job is {status}, and the service has no way to cancel one.")
        run = self._runs.get(job)
        if run is not None and run.held():
            lease = run.give_lease()
        else:
            lease = await self._take(job, ask)
            if job.record.status is not status:
                lease.release()
                message = f"Another notebook has gone on with this job meanwhile: it is {job.record.status}."
                raise JobError(job, message, "See what it says.")
        if task := self._tasks.get(job):
            task.cancel()
        message = NOT_SENT if status is JobStatus.WAITING else GIVEN_UP
        # If the record cannot be written: as `waiting` it is not sent again either.
        try:
            await make_move(job, self._library, cancelling(message), ask)
        except Superseded:  # which its task, that was cancelled, cannot show any more
            job._renew()
            self.start(job)
            raise
        finally:
            lease.release()
        job._renew()
        job._settle()

    def cancel_all(self, jobs: Sequence[VideoJob]) -> int:
        """Cancels those of them that are still `waiting`; how many. From now on they are not sent; they are
        written, and done, soon after."""
        given: list[Given] = []
        others: list[VideoJob] = []
        for job in jobs:
            run = self._runs.get(job)
            if job.record.status is not JobStatus.WAITING:
                continue
            if run is not None and run.held():
                given.append(Given(job, run.give_lease(), begin_cancelling(job, self._library)))
                self._tasks[job].cancel()
                continue
            others.append(job)
        if given:
            self._write(written(given))
        if others and in_bucket(self._library):
            self._write(self._cancel_each(others, in_thread))
            return len(given) + len(others)
        return len(given) + at_once(self._cancel_each(others, in_place))

    async def _cancel_each(self, jobs: Sequence[VideoJob], ask: Ask) -> int:
        count = 0
        for job in jobs:
            with contextlib.suppress(RuncrateError):  # another process has it
                await self.cancel(job, ask)
                count += 1
        return count

    def _write(self, work: Coroutine[Any, Any, Any]) -> None:
        task = engine().spawn(work)
        self.writing.add(task)
        task.add_done_callback(self.writing.discard)

    async def _take(self, job: VideoJob, ask: Ask) -> Lease:
        """The lease of a job that is not carried here, and its record as it is now. Raises JobError."""
        lease = await ask(self._library.lease, job.record.name)
        try:
            record = newer(job.record, await ask(self._library.reread, job.record))
            moved = await self._caught_up(job, record, ask, lease)
        except BaseException:
            if lease is not None:
                lease.release()
            raise
        if moved and not job.done:  # with its lease, if nobody else has it
            message = f"Another notebook has gone on with this job meanwhile: it is {job.record.status}."
            raise JobError(job, message, "It is followed here, too: see what it says.")
        if lease is None:
            raise JobError(job, "Another notebook has this job in hand.", "See what it says.")
        if not moved:
            job.record = record
        return lease

    async def catch_up(self, job: VideoJob, ask: Ask) -> bool:
        """Whether another notebook has gone on with a job that is done here. Then it shows the end that it
        has come to, or is followed again."""
        if not job.done:
            return False
        record = newer(job.record, await ask(self._library.reread, job.record))
        return await self._caught_up(job, record, ask, None)

    async def _caught_up(self, job: VideoJob, record: Record, ask: Ask, lease: Lease | None) -> bool:
        """The same, where that is its record now. It is followed with the `lease`, if it is given."""
        if not job.done or (record.status, record.id) == (job.status, job.id):
            return False
        end = await ask(recorded_end, record)
        if end is None and (self.closed or record.service != self._backend.service):
            end = End(
                error=closed(record) if self.closed else await ask(why_at_rest, record, self._backend.service)
            )
        if not job.done:  # somebody has asked for it meanwhile
            return False
        job.record = record
        job._renew()
        if end is None:
            self.start(job, lease)
            return True
        job._show(error=end.error, video=end.video)
        job._settle()
        return True

    def leave(self, job: VideoJob) -> None:
        """If a job waits, and was let go by its client, which was closed: it says that nobody sends it."""
        if job.done and job.record.status is JobStatus.WAITING:
            begin(self._library, job, partial(self._left, job))

    async def _left(self, job: VideoJob, ask: Ask) -> None:
        service = self._backend.service
        why = await ask(lambda: why_at_rest(job.record, service) if was_left(job.record) else None)
        if job.done and why is not None:
            at_rest.add(job)
            job._show(error=why)

    def check_service(self, job: VideoJob) -> None:
        """Raises JobError if the job is of another service: its id says nothing here, and what is sent here
        is another video."""
        if job.record.service != self._backend.service:
            message = f"This job is of another service: {job.record.service}."
            raise JobError(job, message, "A client of that service goes on with it.")

    async def adopt(self, job: VideoJob, id: str, ask: Ask) -> None:
        """Goes on with a job by an id that was given by hand. Raises JobError or LibraryError."""
        self._check_adoptable(job, "it needs no other id")
        lease = await self._take(job, ask)
        try:
            self._check_adoptable(job, "another notebook has given this job its id meanwhile")
            facts: dict[str, Any] = {"id": id, "adopted": now()}
            await make_move(job, self._library, Move(JobStatus.QUEUED, facts=facts, must=True), ask)
        except RuncrateError:
            lease.release()
            raise
        if job in self._runs:  # somebody has asked for it meanwhile: that goes on
            lease.release()
            return
        job._renew()
        self.start(job, lease)

    def _check_adoptable(self, job: VideoJob, why: str) -> None:
        mistaken = job.done and job.video is None and job.record.adopted is not None
        if not mistaken and not lacks_id(job.record):
            raise JobError(job, f"This job is {job.record.status}: {why}.")

    async def resume(self, job: VideoJob, ask: Ask) -> None:
        """Goes on with a job that was stopped, or was never sent, or whose file is gone. Raises JobError."""
        if await self.catch_up(job, ask):
            return
        waits = job.record.status is JobStatus.WAITING
        if job.record.id is None and not waits:
            hint = "resubmit() sends it again, adopt(id) gives it one."
            raise JobError(job, "The service gave this job no id.", hint)
        self.check_service(job)
        if waits:
            job._wanted = True
        if goes_on(job):
            self._begin_again(job)

    async def choose(self, job: VideoJob, changes: Mapping[str, Any], ask: Ask) -> None:
        """Records what a person makes of a job that is done. Raises JobError, InvalidRequestError or
        LibraryError."""
        job.record.choice.changed(changes)  # what is wrong with it is said first
        _refuse_key(changes)
        if not job.done:
            made = job.record.status is JobStatus.COMPLETED
            state = "its video is being brought back" if made else f"it is {job.record.status}"
            raise JobError(job, f"This job is not done: {state}.", "Choose when it is: job.wait().")
        lease = await self._take(job, ask)
        try:
            job.record = await ask(self._library.write, chosen(job.record, changes))
        finally:
            lease.release()
        job._show(note=job.note, error=job.error, video=job.video)


def _refuse_key(changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if "rc_live_" in repr(value):  # whoever reads the library would have it
            message = f"{name} has an API key in it. Nothing was recorded."
            raise InvalidRequestError(name, message, "Take it out.")


def _has_unknown_id(job: VideoJob) -> bool:
    """Whether its id was given by hand, and the service does not know it."""
    return job.done and job.error is not None and job.error.kind == "not_found" and has_given_id(job.record)


def goes_on(job: VideoJob) -> bool:
    """Whether there is something to be had of a job that has stopped: the service may have more to say of it,
    or its file is gone."""
    return job.record.status not in (JobStatus.COMPLETED, JobStatus.FAILED) or _file_is_gone(job)


def _file_is_gone(job: VideoJob) -> bool:
    if job.record.status is not JobStatus.COMPLETED:
        return False
    size = size_of(job.record)
    return size is None or job.video is None or size != job.video.size
