"""`Runs`: what is under way of one client's jobs. In the engine's thread, but for what says otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from runcrate_widget.errors import (
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    JobError,
    PermissionDeniedError,
    RuncrateError,
)
from runcrate_widget.library.library import Library
from runcrate_widget.library.places import size_of
from runcrate_widget.library.record import JobStatus, chosen, now
from runcrate_widget.library.store import Lease
from runcrate_widget.service.backend import Backend

from .cancelling import GIVEN_UP, NOT_SENT, Given, begin_cancelling, cancelling, written
from .download import DOWNLOADS
from .ends import End, closed, recorded_end
from .job import VideoJob
from .living import at_rest, newer, waits_for_carrier, was_left, why_at_rest
from .loop import engine
from .run import Run
from .sending import OPENING, Means
from .slots import Slots
from .spending import SpendingLimit
from .status import Move, has_given_id, lacks_id, make_move_now
from .times import Times

#: What a new key, or credits, mend: then the job goes on.
_MENDABLE = (AuthenticationError, InsufficientCreditsError, PermissionDeniedError, ConfigurationError)


class Runs:
    """At most `max_concurrent` jobs are with the service at a time."""

    #: Whether they are carried here, and not only looked at.
    carries = True

    def __init__(
        self,
        backend: Backend,
        library: Library,
        *,
        max_concurrent: int,
        limit: Callable[[], SpendingLimit],
        times: Times,
    ) -> None:
        #: Whether the client was closed: nothing is begun any more.
        self.closed = False
        #: Those that have what was taken back written.
        self.writing: set[asyncio.Task[None]] = set()
        self._process = os.getpid()
        self._backend = backend
        self._library = library
        self._runs: dict[VideoJob, Run] = {}
        self._tasks: dict[VideoJob, asyncio.Task[None]] = {}
        self._stopped: set[VideoJob] = set()  # by the key or the credits
        slots, opening = Slots(max_concurrent), asyncio.Semaphore(OPENING)
        downloads = asyncio.Semaphore(DOWNLOADS)
        self._means = Means(
            backend, library, limit, slots, opening, downloads, self.resume_stopped, self._note_stop, times
        )

    @property
    def of_parent(self) -> bool:
        """Whether this is a forked child's copy of its parent's."""
        return os.getpid() != self._process

    def resize(self, count: int) -> None:
        """From now on at most so many jobs are with the service at a time. From any thread."""
        engine().run(lambda: self._means.slots.resize(count))

    def hold(self, put_back: Callable[[VideoJob, RuncrateError], bool]) -> None:
        """Has `put_back` asked of each that is refused whether it waits on. Before any is begun."""
        self._means = replace(self._means, put_back=put_back)

    def wanted(self) -> list[VideoJob]:
        """The jobs under way that a person asked for. From any thread."""
        return [job for job in list(self._runs) if job._wanted]

    def may_be_sent(self) -> bool:
        """Whether a job that was not sent yet is on its way, or has a place to be. From any thread."""
        runs = list(self._runs.values())
        return any(run.sending.active for run in runs) or not self._means.slots.locked()

    def start(self, job: VideoJob, lease: Lease | None = None) -> None:
        """Has a job carried on, with its lease if it is ours already."""
        if self.closed:
            if lease is not None:
                lease.release()
            job._show(error=closed(job.record))
            job._settle()
            return
        at_rest.discard(job)
        job._show()
        run = Run(job, self._means, lease)
        self._runs[job] = run
        self._tasks[job] = engine().spawn(run.carry())
        self._tasks[job].add_done_callback(lambda _: self._ended(job, run))

    def _ended(self, job: VideoJob, run: Run) -> None:
        if self._runs.get(job) is run:
            del self._runs[job], self._tasks[job]

    def _begin_again(self, job: VideoJob) -> None:
        if job.done:
            job._renew()
            self.start(job)

    def _note_stop(self, job: VideoJob, error: RuncrateError) -> None:
        if isinstance(error, _MENDABLE) and not waits_for_carrier(job.record):  # which tries again
            self._stopped.add(job)

    def resume_stopped(self) -> None:
        """Goes on with what the key or the credits stopped."""
        while self._stopped:
            self.resume(self._stopped.pop())

    def cancel(self, job: VideoJob) -> None:
        """Cancels a job that is still `waiting`, or one that was sent, and that the service does not have: it
        is `unconfirmed`, or its id was given by hand and is unknown. Raises JobError."""
        status = job.record.status
        if status is JobStatus.CANCELLED:
            return
        if status not in (JobStatus.WAITING, JobStatus.UNCONFIRMED) and not _has_unknown_id(job):
            raise JobError(job, f"This job is {status}, and the service has no way to cancel one.")
        run, lease = self._runs.get(job), None
        if run is None or not run.held():
            lease = self._take(job)
            if job.record.status is not status:
                lease.release()
                message = f"Another notebook has gone on with this job meanwhile: it is {job.record.status}."
                raise JobError(job, message, "See what it says.")
        if task := self._tasks.get(job):
            task.cancel()
        message = NOT_SENT if status is JobStatus.WAITING else GIVEN_UP
        # If the record cannot be written: as `waiting` it is not sent again either.
        make_move_now(job, self._library, cancelling(message))
        if lease is not None:
            lease.release()
        job._renew()
        job._settle()

    def cancel_all(self, jobs: Sequence[VideoJob]) -> int:
        """Cancels those of them that are still `waiting`; how many. From now on they are not sent; they are
        written, and done, soon after."""
        given: list[Given] = []
        others = 0
        for job in jobs:
            run = self._runs.get(job)
            if job.record.status is not JobStatus.WAITING:
                continue
            if run is not None and run.held():
                given.append(Given(job, run.give_lease(), begin_cancelling(job, self._library)))
                self._tasks[job].cancel()
                continue
            with contextlib.suppress(RuncrateError):  # another process has it
                self.cancel(job)
                others += 1
        if given:
            task = engine().spawn(written(given))
            self.writing.add(task)
            task.add_done_callback(self.writing.discard)
        return len(given) + others

    def _take(self, job: VideoJob) -> Lease:
        """The lease of a job that is not carried here, and its record as it is now. Raises JobError."""
        lease = self._library.lease(job.record.name)
        moved = self.catch_up(job, lease)
        if moved and not job.done:  # with its lease, if nobody else has it
            message = f"Another notebook has gone on with this job meanwhile: it is {job.record.status}."
            raise JobError(job, message, "It is followed here, too: see what it says.")
        if lease is None:
            raise JobError(job, "Another notebook has this job in hand.", "See what it says.")
        if not moved:
            job.record = self._library.reread(job.record)
        return lease

    def catch_up(self, job: VideoJob, lease: Lease | None = None) -> bool:
        """Whether another notebook has gone on with a job that is done here. Then it shows the end that it
        has come to, or is followed again (with the `lease`, if it is given)."""
        if not job.done:
            return False
        record = newer(job.record, self._library.reread(job.record))
        if (record.status, record.id) == (job.status, job.id):
            return False
        job.record = record
        job._renew()
        end = recorded_end(record)
        if end is None and record.service == self._backend.service and not self.closed:
            self.start(job, lease)
            return True
        end = end or End(error=closed(record) if self.closed else why_at_rest(record, self._backend.service))
        job._show(error=end.error, video=end.video)
        job._settle()
        return True

    def leave(self, job: VideoJob) -> None:
        """If a job waits, and was let go by its client, which was closed: it says that nobody sends it."""
        if job.done and was_left(job.record):
            at_rest.add(job)
            job._show(error=why_at_rest(job.record, self._backend.service))

    def check_service(self, job: VideoJob) -> None:
        """Raises JobError if the job is of another service: its id says nothing here, and what is sent here
        is another video."""
        if job.record.service != self._backend.service:
            message = f"This job is of another service: {job.record.service}."
            raise JobError(job, message, "A client of that service goes on with it.")

    def adopt(self, job: VideoJob, id: str) -> None:
        """Goes on with a job by an id that was given by hand. Raises JobError or LibraryError."""
        self._check_adoptable(job, "it needs no other id")
        lease = self._take(job)
        try:
            self._check_adoptable(job, "another notebook has given this job its id meanwhile")
            facts: dict[str, Any] = {"id": id, "adopted": now()}
            make_move_now(job, self._library, Move(JobStatus.QUEUED, facts=facts, must=True))
        except RuncrateError:
            lease.release()
            raise
        job._renew()
        self.start(job, lease)

    def _check_adoptable(self, job: VideoJob, why: str) -> None:
        mistaken = job.done and job.video is None and job.record.adopted is not None
        if not mistaken and not lacks_id(job.record):
            raise JobError(job, f"This job is {job.record.status}: {why}.")

    def resume(self, job: VideoJob) -> None:
        """Goes on with a job that was stopped, or was never sent, or whose file is gone. Raises JobError."""
        if self.catch_up(job):
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

    def choose(self, job: VideoJob, changes: Mapping[str, Any]) -> None:
        """Records what a person makes of a job that is done. Raises JobError, InvalidRequestError or
        LibraryError."""
        job.record.choice.changed(changes)  # what is wrong with it is said first
        if not job.done:
            made = job.record.status is JobStatus.COMPLETED
            state = "its video is being brought back" if made else f"it is {job.record.status}"
            raise JobError(job, f"This job is not done: {state}.", "Choose when it is: job.wait().")
        lease = self._take(job)
        try:
            record = chosen(job.record, changes)
            self._library.write(record)
            job.record = record
        finally:
            lease.release()
        job._show(note=job.note, error=job.error, video=job.video)

    def close(self) -> None:
        """Lets all jobs go. Waits for the answer of a submit that is on its way. From any thread."""
        if self.of_parent:  # a forked child's copy: the parent goes on
            return
        self.closed = True
        if engine().here:
            engine().spawn(self.let_go())
        else:
            engine().submit(self.let_go).result()

    async def let_go(self) -> None:
        """Ends all runs, but for a request that is on its way: that is waited for."""
        runs = dict(self._runs)
        tasks = [self._tasks[job] for job in runs]
        for job, run in runs.items():
            run.sending.leaving = True
            if not run.sending.under_way:
                self._tasks[job].cancel()
        await asyncio.gather(*tasks, *self.writing, return_exceptions=True)
        await self._backend.connections.close()


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
