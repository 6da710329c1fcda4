"""`JobManager`: the jobs of one client, for any thread: obtained, attached, taken up again, let go.

Of all processes that know a job, the one that holds its lease in the library carries it; the others look on,
and the next takes over when that one ends. What a run does with a job stands in `run.py`.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runcrate_widget.errors import (
    ConfigurationError,
    DamagedRecordError,
    InvalidRequestError,
    JobError,
)
from runcrate_widget.library.attempts import nothing_came, standing
from runcrate_widget.library.library import Library
from runcrate_widget.library.pictures import keep_picture
from runcrate_widget.library.record import JobStatus, Record
from runcrate_widget.library.store import Lease
from runcrate_widget.request import VideoRequest, restore_request
from runcrate_widget.service.answers import is_id
from runcrate_widget.service.backend import Backend, Closable
from runcrate_widget.service.limits import Limits

from .ending import watch
from .ends import End, recorded_end
from .job import VideoJob
from .living import at_rest, had, living, newer, onlooked, waits_for_carrier, was_left, why_at_rest
from .loop import engine
from .pacer import pacer_of
from .runs import Runs, goes_on
from .sending import ask_for
from .spending import SpendingLimit
from .telling import told
from .times import Times


class JobManager:
    """Looks after the jobs of one client. At most `max_concurrent` of them are with the service at a time.

    `limit` is asked for what may be spent, whenever something is to be sent; `owner` stands on the records.
    """

    _kind: type[Runs] = Runs

    def __init__(
        self,
        backend: Backend,
        library: Library,
        *,
        max_concurrent: int,
        limit: Callable[[], SpendingLimit],
        owner: str | None = None,
    ) -> None:
        self._backend = backend
        self._library = library
        self._limit = limit
        self._owner = owner
        self.times = Times(library)  #: How long videos took.
        how: dict[str, Any] = {"max_concurrent": max_concurrent, "limit": limit, "times": self.times}
        self._runs = self._kind(backend, library, **how)
        self.resize = self._runs.resize
        backend.heard = lambda limits: _heard(backend, limits)
        watch(self._runs)
        weakref.finalize(self, _close, backend.connections).atexit = False

    # Jobs are asked for.

    def obtain(self, request: VideoRequest, take: int) -> VideoJob:
        """The job of this take of this request: the library's, or a new one, which is begun."""
        self.check_open()
        with self._library.lock:
            service = self._backend.service
            record = self._library.current(request, take, service)
            if record is None and (record := had(self._library.folder, service, request, take)):
                self._library.write(record)  # of a job of this process, whose file somebody has removed
            if record is None or _may_be_sent_anew(record):
                return self._send(request, take, record.attempt + 1 if record else 1)
            if record.status is JobStatus.WAITING:
                keep_picture(self._library.store, request)
                self._limit().check_waiting(record, self._library)
            job = self._job(record, wanted=True)
        job.reused = True
        return self._revived(job)

    def check_all(self, requests: Sequence[VideoRequest]) -> None:
        """Raises SpendingLimitError if the videos of all these requests would go over a limit."""
        with self._library.lock:
            self._limit().check_all(requests, self._library)

    def has(self, request: VideoRequest, take: int) -> bool:
        """Whether `obtain` would send nothing for this take of this request."""
        record = self._library.current(request, take, self._backend.service)
        return record is not None and stands(record)

    def obtain_new(self, request: VideoRequest) -> VideoJob:
        """A new job, which is begun: the first take that the library does not have."""
        self.check_open()
        with self._library.lock:
            take = self._library.next_take(request, self._backend.service)
            while True:
                with contextlib.suppress(DamagedRecordError):
                    if job := self._sent_new(request, take):
                        return job
                take += 1  # another process was quicker, or its record is damaged

    def attach(self, id: str) -> VideoJob:
        """The job of this id, also one that the library does not know.

        Raises:
            InvalidRequestError: that is no id.
            NotFoundError: neither the library nor the service knows it; nothing is written.
            TransportError, APIError: the library does not know it, and the service does not answer.
        """
        id = _checked(id)
        self.check_open()
        service = self._backend.service
        if self._library.find(id, service=service) is None:
            _ask_for(self._backend, id)
        with self._library.lock:
            record, lease = self._library.find(id, service=service), None
            if record is None:
                record, lease, _ = self._create(restore_request({}), 1, 1, id=id)
            elif record.service != service or was_left(record):  # by its key; nothing is asked or sent
                return self.look_up(record)
            job = self._job(record, lease)
        return self._revived(job)

    def look_up(self, record: Record) -> VideoJob:
        """The job of a record, as it is: nothing is sent, asked or fetched for it before it is told to."""
        end = recorded_end(record)
        with self._library.lock:
            job = living.get((record.folder, record.name))
            if job is None:
                job = VideoJob(record, self)
                job._show(**vars(end or End(why_at_rest(record, self._backend.service))))
                job._settle()
                living[record.folder, record.name] = job
                if end is None:
                    at_rest.add(job)
            elif job.done and record.service == self._backend.service:
                job._manager = self  # whose it was may be closed
                engine().call(self._runs.leave, job)
        return job

    def unsent(self) -> list[VideoJob]:
        """What waits in the library to be sent, and is carried by nobody: as `look_up` gives it."""
        records = self._library.unfinished(self._backend.service)
        return [self.look_up(one) for one in records if was_left(one)]

    def resume_all(self) -> list[VideoJob]:
        """Takes up all that is unfinished in the library, but for what was never sent: nobody asks for it."""
        with self._library.lock:
            records = self._library.unfinished(self._backend.service)
            asked = self._limit().asked  # here, meanwhile: that is nothing that was left
            left = (one for one in records if one.name not in asked)
            jobs = [self._job(one) for one in left if one.status is not JobStatus.WAITING]
        return [self._revived(job) for job in jobs]

    # Jobs are told what to do.

    def cancel(self, job: VideoJob) -> None:
        told(self._library, job, lambda ask: self._runs.cancel(job, ask))

    def cancel_all(self, jobs: Sequence[VideoJob]) -> int:
        """Cancels those of them that wait for their turn; how many. Returns before they are written."""
        return engine().run(lambda: self._runs.cancel_all(jobs))

    def resubmit(self, job: VideoJob) -> VideoJob:
        self.check_open()
        self._runs.check_service(job)
        self.look_again(job, "Another notebook has gone on with this job")
        if job.record.status not in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCONFIRMED):
            message = f"This job is {job.record.status}: it is not sent again."
            raise JobError(job, message, "Ask for another take instead.")
        if not job.request.prompt:
            message = "Only the id of this job is known, and not what was asked for: it is not sent again."
            raise JobError(job, message, "Write its prompt, and generate.")
        with self._library.lock:
            attempts = self._library.attempts(job.request, job.take, self._backend.service)
            if (other := _sent_already(job.record, attempts)) is None:
                last = max(one.attempt for one in [*attempts, job.record])
                return self._send(job.request, job.take, last + 1)
            if was_left(other):
                self._limit().check_waiting(other, self._library)
            return self._job(other, wanted=True)

    def look_again(self, job: VideoJob, refusal: str = "") -> None:
        """Has a job that is done show what has become of it in another notebook. With a `refusal`, raises
        JobError if anything has."""
        moved = told(self._library, job, lambda ask: self._runs.catch_up(job, ask))
        if moved and refusal:
            raise JobError(job, f"{refusal}: it is {job.record.status}.", "See what it says now.")

    def adopt(self, job: VideoJob, id: str) -> None:
        self.check_open()
        self._runs.check_service(job)
        if not isinstance(id, str) or not id.strip():
            raise JobError(job, f"{id!r} is not the id of a job.", "It looks like vid_abc123.")
        other = self._library.find(id.strip(), service=job.record.service)
        if other is not None and other.key != job.key:
            raise JobError(job, f"{id.strip()} is the id of another job in this library: {other!r}.")
        told(self._library, job, lambda ask: self._runs.adopt(job, id.strip(), ask))

    def resume(self, job: VideoJob) -> None:
        self.check_open()
        if job.done and job.record.status is JobStatus.WAITING:
            self._runs.check_service(job)
            self._limit().check_waiting(job.record, self._library)
        told(self._library, job, lambda ask: self._runs.resume(job, ask))

    def choose(self, job: VideoJob, changes: Mapping[str, Any]) -> None:
        told(self._library, job, lambda ask: self._runs.choose(job, changes, ask))

    def retry_stopped(self) -> None:
        """Something was put right (the key, say): jobs that were stopped by it go on."""
        engine().run(self._runs.resume_stopped)

    def close(self) -> None:
        """Lets all jobs go: their records stay, and the next client on that library goes on with them."""
        self._runs.close()

    def check_open(self) -> None:
        if self._runs.closed:
            raise ConfigurationError("This client is closed.", "Make a new one: VideoClient(…).")

    # Under the library's lock, and therefore without waiting for the engine, where somebody may be waiting
    # for the lock.

    def _create(
        self, request: VideoRequest, take: int, attempt: int, id: str | None = None
    ) -> tuple[Record, Lease | None, bool]:
        backend = self._backend
        left = id is None and not self._kind.carries
        about: dict[str, Any] = {"id": id, "demo": backend.demo, "owner": self._owner, "handed_over": left}
        made = self._library.create(request, take, attempt, backend.service, **about)
        self._limit().asked.add(made[0].name)
        return made

    def _send(self, request: VideoRequest, take: int, attempt: int) -> VideoJob:
        self._limit().check(request, self._library)
        record, lease, _ = self._create(request, take, attempt)
        return self._job(record, lease, wanted=True)

    def _sent_new(self, request: VideoRequest, take: int) -> VideoJob | None:
        self._limit().check(request, self._library)
        record, lease, new = self._create(request, take, 1)
        if new:
            return self._job(record, lease, wanted=True)
        if lease is not None:
            lease.release()
        return None

    def _job(self, record: Record, lease: Lease | None = None, *, wanted: bool = False) -> VideoJob:
        """The job of a record, under way if unfinished. `wanted`: a person asks for it, so it may be sent."""
        job = living.get((record.folder, record.name))
        if job is None:
            job = VideoJob(record, self)
            if end := recorded_end(record):
                job._show(error=end.error, video=end.video)
                job._settle()
            living[record.folder, record.name] = job
            if not job.done:
                job._wanted = wanted
                self._runs.start_soon(job, lease)
                return job
        else:
            left = waits_for_carrier(record) and not wanted  # and is not sent by being looked at
            job._wanted = wanted or (job._wanted and not (left and job.done))
            if taken := self._kind.carries and job in onlooked and not left:  # only looked at until now
                onlooked.discard(job)
            job._manager = self if job.done or taken else job._manager  # whose it was may be closed
            if taken or (job.done and _is_begun_again(job, record, wanted=wanted)):
                job.record = newer(job.record, record)
                job._renew()
                self._runs.start_soon(job)
        if lease is not None:
            lease.release()
        return job

    def _revived(self, job: VideoJob) -> VideoJob:
        """The job, going on if it was stopped (perhaps by the key of another client), or if its file is
        gone."""
        if job.done and job.record.id and goes_on(job):
            job._manager = self
            self.resume(job)
        return job


def _is_begun_again(job: VideoJob, record: Record, *, wanted: bool) -> bool:
    """Whether a job that is done goes on: another notebook has gone on with it, nobody has asked for it, or
    its client was closed."""
    waits = job.record.status is JobStatus.WAITING and (wanted or waits_for_carrier(record))
    return waits or (job.status, job.id) != (record.status, record.id) or job in at_rest


def _close(connections: Closable) -> None:
    with contextlib.suppress(RuntimeError):  # the program is ending, and the engine has ended before
        engine().call(lambda: engine().spawn(connections.close()))


def _checked(id: object) -> str:
    if isinstance(id, str) and is_id(id.strip()):
        return id.strip()
    raise InvalidRequestError("id", f"id is {id!r}; it looks like vid_abc123.")


def _ask_for(backend: Backend, id: str) -> None:
    if engine().here:
        raise RuntimeError("A job was asked for by its id in the engine's own thread (by an observer?).")
    engine().submit(lambda: ask_for(backend, id)).result()


def _heard(backend: Backend, limits: Limits) -> None:
    pacer_of(backend.account).heard(limits)


def stands(record: Record) -> bool:
    """Whether nothing is sent where the take is asked for whose record this is."""
    if record.status is not JobStatus.WAITING or waits_for_carrier(record):
        return not _may_be_sent_anew(record)
    job = living.get((record.folder, record.name))
    return job is not None and not job.done  # it waits for its turn, and is counted


def _may_be_sent_anew(record: Record) -> bool:
    """Whether asking for the same again sends it again: not what the service's rules forbid."""
    filtered = record.error is not None and record.error.get("kind") == "filtered"
    return nothing_came(record) and not (record.status is JobStatus.FAILED and filtered)


def _sent_already(record: Record, attempts: Sequence[Record]) -> Record | None:
    """Of all attempts at its take the one that came in the place of this one, or has a video: then it is not
    sent once more."""
    others = [one for one in attempts if one.name != record.name and not nothing_came(one)]
    other = standing(others)
    earlier = other is not None and other.attempt < record.attempt
    return None if other is None or (earlier and other.status is JobStatus.UNCONFIRMED) else other
