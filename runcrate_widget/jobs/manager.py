"""`JobManager`: the jobs of one client, for any thread: obtained, attached, taken up again, let go.

Of all processes that know a job, the one that holds its lease in the library carries it; the others look on,
and the next takes over when that one ends. What a run does with a job stands in `run.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runcrate_widget.errors import (
    AuthenticationError,
    ConfigurationError,
    DamagedRecordError,
    InsufficientCreditsError,
    JobError,
    PermissionDeniedError,
    RuncrateError,
)
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, now
from runcrate_widget.library.store import Lease
from runcrate_widget.request import VideoRequest, restore_request
from runcrate_widget.service.backend import Backend, Closable
from runcrate_widget.service.limits import Limits

from .ends import closed, recorded_end
from .job import VideoJob
from .loop import engine
from .pacer import pacer_of
from .run import Means, Run
from .status import Move, make_move_now

#: What a new key, or credits, mend: then the job goes on.
_MENDABLE = (AuthenticationError, InsufficientCreditsError, PermissionDeniedError, ConfigurationError)

#: The jobs of this process that somebody still holds, by their files: one job, one object.
_living: weakref.WeakValueDictionary[tuple[Path, str], VideoJob] = weakref.WeakValueDictionary()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_living.clear)  # nobody carries them there


class JobManager:
    """Looks after the jobs of one client. At most `max_concurrent` of them are with the service at a time.

    `allow` raises what speaks against sending a request.
    """

    def __init__(
        self,
        backend: Backend,
        library: Library,
        *,
        max_concurrent: int,
        allow: Callable[[VideoRequest], None],
    ) -> None:
        self._backend = backend
        self._library = library
        self._allow = allow
        self._runs: dict[VideoJob, Run] = {}
        self._tasks: dict[VideoJob, asyncio.Task[None]] = {}
        self._stopped: set[VideoJob] = set()  # by the key or the credits
        self._closed = False
        slots = asyncio.Semaphore(max_concurrent)
        self._means = Means(backend, library, slots, self._resume_stopped, self._note_stop)
        backend.heard = lambda limits: _heard(backend, limits)
        weakref.finalize(self, _close, backend.connections).atexit = False

    # Jobs are asked for.

    def obtain(self, request: VideoRequest, take: int) -> VideoJob:
        """The job of this take of this request: the library's, or a new one, which is begun."""
        self._check_open()
        with self._library.lock:
            record = self._library.current(request, take, self._backend.service)
            if record is None or record.status in (JobStatus.FAILED, JobStatus.CANCELLED):
                return self._send(request, take, record.attempt + 1 if record else 1)
            job = self._job(record, wanted=True)
        job.reused = True
        return self._revived(job)

    def obtain_new(self, request: VideoRequest) -> VideoJob:
        """A new job, which is begun: the first take that the library does not have."""
        self._check_open()
        with self._library.lock:
            take = self._library.next_take(request, self._backend.service)
            while True:
                with contextlib.suppress(DamagedRecordError):
                    if job := self._sent_new(request, take):
                        return job
                take += 1  # another process was quicker, or its record is damaged

    def attach(self, id: str) -> VideoJob:
        """The job of this id, also one that the library does not know."""
        self._check_open()
        with self._library.lock:
            record, lease = self._library.find(id), None
            if record is None:
                record, lease, _ = self._create(restore_request({}), 1, 1, id=id)
            job = self._job(record, lease)
        return self._revived(job)

    def resume_all(self) -> list[VideoJob]:
        """Takes up what is unfinished in the library. What was never sent stays so: nobody asks for it."""
        self._library.tidy()
        with self._library.lock:
            records = self._library.unfinished(self._backend.service)
            jobs = [self._job(one) for one in records if one.status is not JobStatus.WAITING]
        return [self._revived(job) for job in jobs]

    # Jobs are told what to do.

    def cancel(self, job: VideoJob) -> None:
        engine().run(lambda: self._cancel(job))

    def resubmit(self, job: VideoJob) -> VideoJob:
        self._check_open()
        if job.record.status not in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCONFIRMED):
            message = f"This job is {job.record.status}: it is not sent again."
            raise JobError(job, message, "Ask for another take instead.")
        with self._library.lock:
            latest = self._library.current(job.request, job.take, self._backend.service)
            if latest is not None and latest.attempt > job.record.attempt:  # it was sent again already
                return self._job(latest)
            return self._send(job.request, job.take, job.record.attempt + 1)

    def adopt(self, job: VideoJob, id: str) -> None:
        self._check_open()
        if not isinstance(id, str) or not id.strip():
            raise JobError(job, f"{id!r} is not the id of a job.", "It looks like vid_abc123.")
        other = self._library.find(id.strip())
        if other is not None and other.key != job.key:
            raise JobError(job, f"{id.strip()} is the id of another job in this library: {other!r}.")
        engine().run(lambda: self._adopt(job, id.strip()))

    def resume(self, job: VideoJob) -> None:
        self._check_open()
        engine().run(lambda: self._resume(job))

    def retry_stopped(self) -> None:
        """Something was put right (the key, say): jobs that were stopped by it go on."""
        engine().run(self._resume_stopped)

    def close(self) -> None:
        """Lets all jobs go: their records stay, and the next client on that library goes on with them.

        Waits for the answer of a submit that is on its way, which must not be cut off.
        """
        self._closed = True
        if engine().here:
            engine().spawn(self._let_go())
        else:
            engine().submit(self._let_go).result()

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigurationError("This client is closed.", "Make a new one: VideoClient(…).")

    # Under the library's lock, and therefore without waiting for the engine, where somebody may be waiting
    # for the lock.

    def _create(
        self, request: VideoRequest, take: int, attempt: int, id: str | None = None
    ) -> tuple[Record, Lease | None, bool]:
        backend = self._backend
        return self._library.create(request, take, attempt, backend.service, id=id, demo=backend.demo)

    def _send(self, request: VideoRequest, take: int, attempt: int) -> VideoJob:
        self._allow(request)
        record, lease, _ = self._create(request, take, attempt)
        return self._job(record, lease, wanted=True)

    def _sent_new(self, request: VideoRequest, take: int) -> VideoJob | None:
        self._allow(request)
        record, lease, new = self._create(request, take, 1)
        if new:
            return self._job(record, lease, wanted=True)
        if lease is not None:
            lease.release()
        return None

    def _job(self, record: Record, lease: Lease | None = None, *, wanted: bool = False) -> VideoJob:
        """The job of a record, under way if unfinished. `wanted`: a person asks for it, so it may be sent."""
        job = _living.get((record.folder, record.name))
        if job is None:
            job = VideoJob(record, self)
            if end := recorded_end(record):
                job._show(error=end.error, video=end.video)
                job._settle()
            _living[record.folder, record.name] = job
            if not job.done:
                job._wanted = wanted
                engine().call(self._start, job, lease)
                return job
        elif wanted:
            job._wanted = True
            if job.done and job.record.status is JobStatus.WAITING:  # its client was closed
                job._manager = self
                job._renew()
                engine().call(self._start, job)
        if lease is not None:
            lease.release()
        return job

    def _revived(self, job: VideoJob) -> VideoJob:
        """The job, going on if it was stopped (perhaps by the key of another client), or if its file is
        gone."""
        if job.done and job.id and (_file_is_gone(job) or not _has_ended(job)):
            job._manager = self
            self.resume(job)
        return job

    # From here on: the engine's thread.

    def _start(self, job: VideoJob, lease: Lease | None = None) -> None:
        if self._closed:
            if lease is not None:
                lease.release()
            job._show(error=closed(job.record))
            job._settle()
            return
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
            self._start(job)

    def _note_stop(self, job: VideoJob, error: RuncrateError) -> None:
        if isinstance(error, _MENDABLE):
            self._stopped.add(job)

    def _resume_stopped(self) -> None:
        while self._stopped:
            self._resume(self._stopped.pop())

    def _cancel(self, job: VideoJob) -> None:
        status = job.record.status
        if status is JobStatus.CANCELLED:
            return
        if status is not JobStatus.WAITING:
            raise JobError(job, f"This job is {status}, and the service has no way to cancel one.")
        if task := self._tasks.get(job):
            task.cancel()
        message = "It was cancelled before it was sent: nothing is billed."
        # If the record cannot be written: as `waiting` it is not sent again either.
        make_move_now(
            job, self._library, Move(JobStatus.CANCELLED, error=RuncrateError(message, kind="cancelled"))
        )
        if not job.done:
            job._settle()

    def _adopt(self, job: VideoJob, id: str) -> None:
        mistaken = job.done and job.video is None and job.record.adopted is not None
        if job.record.status is not JobStatus.UNCONFIRMED and not mistaken:
            raise JobError(job, f"This job is {job.record.status}: it needs no other id.")
        lease = self._library.lease(job.record.name)
        if lease is None:
            raise JobError(job, "Another notebook has this job in hand.", "See what it says.")
        try:
            facts: dict[str, Any] = {"id": id, "adopted": now()}
            make_move_now(job, self._library, Move(JobStatus.QUEUED, facts=facts, must=True))
        except RuncrateError:
            lease.release()
            raise
        job._renew()
        self._start(job, lease)

    def _resume(self, job: VideoJob) -> None:
        if job.id is None:
            hint = "resubmit() sends it again, adopt(id) gives it one."
            raise JobError(job, "The service gave this job no id.", hint)
        if _file_is_gone(job) or not _has_ended(job):
            self._begin_again(job)

    async def _let_go(self) -> None:
        runs = dict(self._runs)
        tasks = [self._tasks[job] for job in runs]
        for job, run in runs.items():
            run.leaving = True
            if not run.sending:
                self._tasks[job].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._backend.connections.close()


def _close(connections: Closable) -> None:
    with contextlib.suppress(RuntimeError):  # the program is ending, and the engine has ended before
        engine().call(lambda: engine().spawn(connections.close()))


def _heard(backend: Backend, limits: Limits) -> None:
    pacer_of(backend.account).heard(limits)


def _has_ended(job: VideoJob) -> bool:
    """Whether the service has nothing more to say of it."""
    return job.record.status in (JobStatus.COMPLETED, JobStatus.FAILED)


def _file_is_gone(job: VideoJob) -> bool:
    return job.video is not None and not job.video.path.exists()
