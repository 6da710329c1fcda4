"""The carrying of every job from submit to file, in the engine's thread.

What is said to the service, and when, is decided here: a submit goes out once, because each costs dollars and the API knows no
idempotency key; polls and downloads are repeated until they are answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import random
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from runcrate_widget.catalog import models
from runcrate_widget.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    DamagedRecordError,
    InsufficientCreditsError,
    InvalidVideoError,
    JobError,
    LibraryError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RuncrateError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from runcrate_widget.library.library import FINISHED, Library, Lock, Record, now
from runcrate_widget.media.mp4 import read_mp4
from runcrate_widget.media.video import Video
from runcrate_widget.request import VideoRequest, restore_request
from runcrate_widget.service.runcrate import Answer, VideoAPI, close

from .job import VideoJob
from .loop import engine
from .polling import backoff, next_poll, spread

_T = TypeVar("_T")

# A connection that never opened is tried again for about 10 s before the user is told: it is a wrong address more often than
# a network that comes back. A rate limit or a service without capacity (429, 503) is waited for.
_CONNECT_ATTEMPTS = 4
_CAPACITY_ATTEMPTS = 20
# A poll may run ahead of the service's own records, and a download may not be ready although the job is completed.
_REFUSALS = (NotFoundError, BadRequestError, ConflictError)
_REFUSED_ATTEMPTS = 6
_DOWNLOAD_ATTEMPTS = 6
_PROGRESS_EVERY = 0.25
_ODD_STATUSES = 12  # polls in a row
_LOOK_EVERY = 1.0  # at a job that another process carries

_ASK_HINT = "Look in the Runcrate dashboard."
_UNCONFIRMED_HINT = (
    'Look in the Runcrate dashboard: if it is there, job.adopt("vid_…") goes on with it; if not, send it again (job.resubmit() '
    "or the button). It is never sent again by itself, because that could be billed twice."
)

_log = logging.getLogger("runcrate_widget")


class _Ended(Exception):
    """The job has come to its end, which its record has already: `status`, and the video or the reason why there is none."""

    def __init__(
        self, status: str, *, error: RuncrateError | None = None, video: Video | None = None
    ) -> None:
        self.status = status
        self.error = error
        self.video = video


#: The jobs of this process that somebody still holds, by their sidecar: one job, one object.
_living: weakref.WeakValueDictionary[Path, VideoJob] = weakref.WeakValueDictionary()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_living.clear)  # nobody carries them there


class JobCarrier:
    """Carries the jobs of one client. At most `max_concurrent` of them are with the service at a time.

    Of all processes that know a job, the one that holds its lock in the library carries it; the others look on, and the next
    takes over when that one ends. `allow` raises what speaks against sending a request.
    """

    def __init__(
        self,
        api: VideoAPI,
        library: Library,
        *,
        service: str,
        max_concurrent: int,
        allow: Callable[[VideoRequest], None],
    ) -> None:
        self._api = api
        self._library = library
        self._service = service
        self._allow = allow
        self._slots = asyncio.Semaphore(max_concurrent)
        self._tasks: dict[VideoJob, asyncio.Task[None]] = {}
        self._halted: set[VideoJob] = set()  # stopped by the key or the credits
        self._polled = 0  # how many jobs are being polled
        self._quiet_until = 0.0  # by the monotonic clock: the service asked this key to be quiet until then
        api.exhausted = self._be_quiet
        weakref.finalize(api, _close, api.connections).atexit = False

    # The face that clients and jobs see: any thread.

    def obtain(self, request: VideoRequest, take: int) -> VideoJob:
        """The job of this take of this request: the one that the library has, or a new one, which is begun."""
        with self._library.guard:
            record = self._library.current(request, take, self._service)
            if record is None or record.status in ("failed", "cancelled"):
                return self._send(request, take, record.attempt + 1 if record else 1)
            job = self._job(record, wanted=True)
        job.reused = True
        return self._revived(job)

    def obtain_new(self, request: VideoRequest) -> VideoJob:
        """A new job, which is begun: the first take that the library does not have."""
        with self._library.guard:
            take = self._library.next_take(request, self._service)
            while True:
                with contextlib.suppress(DamagedRecordError):
                    if job := self._sent_new(request, take):
                        return job
                take += 1  # another process was quicker, or its record is damaged

    def attach(self, id: str) -> VideoJob:
        """The job of this id, also one that the library does not know."""
        with self._library.guard:
            record, lock = self._library.find(id), None
            if record is None:
                record, lock, _ = self._library.create(restore_request({}), 1, 1, self._service, id=id)
            job = self._job(record, lock)
        return self._revived(job)

    def resume_all(self) -> list[VideoJob]:
        """Takes up all that is unfinished in the library. What was never sent stays so: nobody asks for it now."""
        self._library.tidy()
        with self._library.guard:
            jobs = [
                self._job(one) for one in self._library.unfinished(self._service) if one.status != "waiting"
            ]
        return [self._revived(job) for job in jobs]

    def mend(self) -> None:
        """Something was mended (the key, say): jobs that were stopped by it go on."""
        engine().run(self._go_on)

    def check_may_wait(self) -> None:
        if engine().here:
            raise RuntimeError(
                "wait() was called in the engine's own thread (by an observer?): it would wait for itself."
            )

    def cancel(self, job: VideoJob) -> None:
        engine().run(lambda: self._cancel(job))

    def resubmit(self, job: VideoJob) -> VideoJob:
        if job.status not in ("failed", "cancelled", "unconfirmed"):
            raise JobError(
                job, f"This job is {job.status}: it is not sent again.", "Ask for another take instead."
            )
        with self._library.guard:
            latest = self._library.current(job.request, job.take, self._service)
            if latest is not None and latest.attempt > job.record.attempt:  # it was sent again already
                return self._job(latest)
            return self._send(job.request, job.take, job.record.attempt + 1)

    def adopt(self, job: VideoJob, id: str) -> None:
        if not isinstance(id, str) or not id.strip():
            raise JobError(job, f"{id!r} is not the id of a job.", "It looks like vid_abc123.")
        other = self._library.find(id.strip())
        if other is not None and other.key != job.key:
            raise JobError(job, f"{id.strip()} is the id of another job in this library: {other!r}.")
        engine().run(lambda: self._adopt(job, id.strip()))

    def resume(self, job: VideoJob) -> None:
        engine().run(lambda: self._resume(job))

    # Under the library's guard, and therefore without waiting for the engine, where somebody may be waiting for the guard.

    def _send(self, request: VideoRequest, take: int, attempt: int) -> VideoJob:
        self._allow(request)
        record, lock, _ = self._library.create(request, take, attempt, self._service)
        return self._job(record, lock, wanted=True)

    def _sent_new(self, request: VideoRequest, take: int) -> VideoJob | None:
        self._allow(request)
        record, lock, new = self._library.create(request, take, 1, self._service)
        if new:
            return self._job(record, lock, wanted=True)
        if lock is not None:
            lock.release()
        return None

    def _job(self, record: Record, lock: Lock | None = None, *, wanted: bool = False) -> VideoJob:
        """The job of a record, under way if unfinished. `wanted`: the user asks for it, so it may be sent if it never was."""
        job = _living.get(record.sidecar)
        if job is None:
            job = VideoJob(record, self)
            if end := self._recorded_end(job):
                job._end(status=end.status, error=end.error, video=end.video)
            _living[record.sidecar] = job
            if not job.done:
                job._wanted = wanted
                engine().call(self._start, job, lock)
                return job
        job._wanted = job._wanted or wanted
        if lock is not None:
            lock.release()
        return job

    def _revived(self, job: VideoJob) -> VideoJob:
        """The job, going on if it was stopped (perhaps by the key of another client), or if its file is gone."""
        if job.done and job.id and (_file_is_gone(job) or job.status not in (*FINISHED, "unconfirmed")):
            job._carrier = self
            self.resume(job)
        return job

    # From here on: the engine's thread.

    def _start(self, job: VideoJob, lock: Lock | None = None) -> None:
        task = engine().spawn(self._carry(job, lock))
        self._tasks[job] = task
        task.add_done_callback(lambda _: self._tasks.pop(job, None))

    def _go_on(self) -> None:
        while self._halted:
            self._resume(self._halted.pop())

    def _cancel(self, job: VideoJob) -> None:
        if job.status == "cancelled":
            return
        if job.status != "waiting":
            raise JobError(job, f"This job is {job.status}, and the service has no way to cancel one.")
        self._tasks[job].cancel()
        error = RuncrateError("It was cancelled before it was sent: nothing is billed.")
        with contextlib.suppress(LibraryError):  # as `waiting` it is not sent again either
            self._library.update(job.record, status="cancelled", error=_error_fields(error))
        job._end(status="cancelled", error=error)

    def _adopt(self, job: VideoJob, id: str) -> None:
        mistaken = job.done and job.video is None and "adopted" in job.record.fields
        if job.status != "unconfirmed" and not mistaken:
            raise JobError(job, f"This job is {job.status}: it needs no other id.")
        lock = self._library.lock(job.record.name)
        if lock is None:
            raise JobError(job, "Another notebook has this job in hand.", "See what it says.")
        try:
            self._library.update(job.record, id=id, status="queued", error=None, ended=None, adopted=now())
        except LibraryError:
            lock.release()
            raise
        job._reopen()
        job._update(id=id, status="queued")
        self._start(job, lock)

    def _resume(self, job: VideoJob) -> None:
        if job.id is None:
            raise JobError(
                job, "The service gave this job no id.", "resubmit() sends it again, adopt(id) gives it one."
            )
        if job.done and (_file_is_gone(job) or job.status not in ("completed", "failed")):
            job._reopen()
            self._start(job)

    async def _carry(self, job: VideoJob, lock: Lock | None) -> None:
        end: _Ended
        try:
            lock = lock or await self._look_on(job)
            if job.record.status == "waiting" and job._wanted:
                async with self._slots:
                    await self._submit(job)
                    await self._poll(job)
            else:
                await self._take_over(job)
                if job.status != "downloading":
                    await self._poll(job)
            end = _Ended("completed", video=await self._fetch(job))
        except _Ended as ended:
            end = ended
        except RuncrateError as error:
            # Stopped at its stage, not `failed`: that word is the service's, and a failed request may be sent (and paid) anew.
            if isinstance(
                error,
                (AuthenticationError, InsufficientCreditsError, PermissionDeniedError, ConfigurationError),
            ):
                self._halted.add(job)
            end = _Ended(job.status, error=error)
        except Exception as error:
            if not threading.main_thread().is_alive():
                return  # the program is ending, and takes what we need away
            # A fault of ours must not leave somebody waiting for ever.
            _log.exception("Something unforeseen went wrong with %r", job)
            if job.id is None and job.status == "submitting":
                reason = RuncrateError(
                    f"Something unforeseen went wrong while it was being sent: {error!r}.", _UNCONFIRMED_HINT
                )
                end = _Ended("unconfirmed", error=reason)
                await self._recorded(job, status="unconfirmed", error=_error_fields(reason))
            else:
                reason = RuncrateError(f"Something unforeseen went wrong: {error!r}.")
                end = _Ended(job.status, error=reason)
        finally:
            if lock:
                lock.release()
        # Last: who was waiting finds everything in its place.
        job._end(status=end.status, error=end.error, video=end.video)

    async def _look_on(self, job: VideoJob) -> Lock:
        """Shows what another process makes of the job, until the job has ended or is ours to carry."""
        while True:
            lock = await asyncio.to_thread(self._library.lock, job.record.name)
            job.record = await asyncio.to_thread(self._library.reread, job.record)
            job._update(id=job.record.id)
            if end := self._recorded_end(job):
                if lock is not None:
                    lock.release()
                raise end
            if lock is not None:
                job._update(note="")
                return lock
            job._update(id=job.record.id, status=job.record.status, note="another notebook carries it")
            await asyncio.sleep(_LOOK_EVERY)

    def _whole_file(self, job: VideoJob) -> Video | None:
        """The video of a job, if its file is there."""
        try:
            return Video(job.record.path, job.request, job.id or "", read_mp4(job.record.path), job.demo)
        except (InvalidVideoError, OSError):
            return None

    def _recorded_end(self, job: VideoJob) -> _Ended | None:
        """The end that the job's record has; None if it has none, or says completed and the file is not there."""
        record = job.record
        if record.status == "completed":
            video = self._whole_file(job)
            return _Ended("completed", video=video) if video else None
        if record.status not in (*FINISHED, "unconfirmed"):
            return None
        told = record.error or {}
        return _Ended(
            record.status,
            error=RuncrateError(told.get("message", "No reason is on record."), told.get("hint", "")),
        )

    async def _take_over(self, job: VideoJob) -> None:
        """Goes on with a record that nobody carries: its process has ended, or it was stopped."""
        status = job.record.status
        if status == "completed":
            job._update(id=job.record.id, status="downloading", note="")
            return
        if job.record.id is None and status == "waiting":
            reason = RuncrateError(
                "Its notebook ended before it was sent: nothing is billed.", "Generate again to send it."
            )
            await self._finish(job, "cancelled", reason)
        if job.record.id is None:
            unknown = f"Its notebook ended while it was being sent, and it is not known whether {self._api.host} took it."
            await self._finish(job, "unconfirmed", RuncrateError(unknown, _UNCONFIRMED_HINT))
        if self._service == "demo" and not await self._demo_knows(job):
            await self._finish(
                job,
                "failed",
                RuncrateError("The demo backend that was making it has ended.", "Generate again."),
            )
        job._update(
            id=job.record.id, status="downloading" if job.status == "downloading" else "queued", note=""
        )

    async def _demo_knows(self, job: VideoJob) -> bool:
        try:
            await self._api.status(job.record.id or "")
        except NotFoundError:
            return False
        except RuncrateError:
            pass
        return True

    async def _finish(self, job: VideoJob, status: str, error: RuncrateError) -> NoReturn:
        """Ends a job without a video, in its record."""
        await self._recorded(job, status=status, error=_error_fields(error))
        raise _Ended(status, error=error)

    async def _recorded(self, job: VideoJob, **fields: Any) -> None:
        """Writes into the record of a job that the service may have. If that fails, the user is told what would be lost."""
        try:
            await asyncio.to_thread(self._library.update, job.record, **fields)
        except LibraryError as error:
            id = job.id or fields.get("id")
            lost = f"Note down the id: {id}" if id else ""  # without one, the service may never have seen it
            _log.error("%s The record of job %s could not be written. %s", error, id or job.key, lost)
            job._update(note=f"{error.message} {lost}".strip())

    async def _submit(self, job: VideoJob) -> None:
        """Sends the request, once; again only when it cannot have been acted on."""
        attempts = 0
        while True:
            await self._quiet(job)
            job._update(status="submitting", note="")
            try:
                await asyncio.to_thread(self._library.update, job.record, status="submitting")
            except LibraryError as error:
                await self._finish(job, "failed", error)
            try:
                answer = await self._api.submit(job.request)
            except RuncrateError as error:
                attempts += 1
                if not _not_acted_on(error, attempts):
                    await self._refused(job, error)
                await self._recorded(job, status="waiting")
                job._update(status="waiting", note=f"trying again: {error.message}")
                await self._back_off(error, attempts)
            else:
                await self._recorded(job, id=answer.id, status="queued", answer=answer.fields)
                job._update(id=answer.id, status="queued", demo=job.demo or answer.demo)
                self._go_on()
                if answer.status == "failed":
                    await self._failed(job, answer)
                return

    async def _refused(self, job: VideoJob, error: RuncrateError) -> NoReturn:
        if _may_have_been_taken(error):
            host = self._api.host
            reason = RuncrateError(
                f"It was sent, and it is not known whether {host} took it: {error.message}", _UNCONFIRMED_HINT
            )
            await self._finish(job, "unconfirmed", reason)
        if isinstance(error, (NotFoundError, BadRequestError)) and models.find(job.request.model) is None:
            error.hint = f"{models.suggestion(job.request.model)} {error.hint}".strip()
        await self._finish(job, "failed", error)

    async def _poll(self, job: VideoJob) -> None:
        """Asks until the job is completed. Whatever can pass is ridden out."""
        self._polled += 1
        try:
            await self._poll_on(job)
        finally:
            self._polled -= 1

    async def _poll_on(self, job: VideoJob) -> None:
        began, strangers, odd = time.monotonic(), 0, 0
        while True:
            pause = max(next_poll(time.monotonic() - began), spread(self._polled, self._api.rate_limit))
            await asyncio.sleep(pause)
            try:
                answer = await self._ridden_out(
                    job, lambda: self._api.status(job.id or ""), riding=(UnexpectedAnswerError,)
                )
            except _REFUSALS as error:
                strangers += 1
                if strangers == _REFUSED_ATTEMPTS:
                    raise
                job._update(note=f"asking again: {error.message}")
                await self._back_off(error, strangers)
                continue
            if answer.status == "failed":
                await self._failed(job, answer)
            if answer.status == "completed":
                job._update(status="downloading", note="")
                return
            known = answer.status in ("queued", "processing")
            odd = 0 if known else odd + 1
            if odd == _ODD_STATUSES:  # "expired", say: whatever it means, it does not pass
                raise RuncrateError(
                    f"The service calls this job {answer.status!r}, which is no stage that it documents.",
                    _ASK_HINT,
                )
            job._update(
                status=answer.status if known else job.status,
                note="" if known else f"the service calls it {answer.status[:40]!r}",
                demo=job.demo or answer.demo,
            )

    async def _failed(self, job: VideoJob, answer: Answer) -> NoReturn:
        reason = answer.error or "the service gave no reason"
        error = RuncrateError(
            f"The generation failed: {reason}", "Change the prompt or the model, or try again."
        )
        await self._finish(job, "failed", error)

    async def _fetch(self, job: VideoJob) -> Video:
        """Downloads the video, and checks that it is one."""
        if there := await asyncio.to_thread(self._whole_file, job):
            await self._recorded(job, status="completed")
            return there
        name = job.record.name
        part = self._library.part(name)
        job._update(status="downloading", note="")
        shown = 0.0

        def progress(have: int, total: int | None) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= _PROGRESS_EVERY and have != total:
                shown = now
                job._update(note=f"{have / 1e6:.1f}{f' of {total / 1e6:.1f}' if total else ''} MB")

        attempts = 0
        while True:
            try:
                await self._ridden_out(job, lambda: self._api.download(job.id or "", part, progress))
                path, facts = await asyncio.to_thread(self._library.keep, name)
                break
            except (InvalidVideoError, UnexpectedAnswerError, *_REFUSALS) as error:
                part.unlink(missing_ok=True)
                attempts += 1
                if attempts == _DOWNLOAD_ATTEMPTS:
                    raise
                job._update(note=f"fetching again: {error.message}")
                await self._back_off(error, attempts)
            except OSError as error:
                raise error if isinstance(error, LibraryError) else self._library.unusable(error) from error
        await self._recorded(job, status="completed")
        return Video(path, job.request, job.id or "", facts, job.demo)

    async def _ridden_out(
        self, job: VideoJob, ask: Callable[[], Awaitable[_T]], riding: tuple[type[RuncrateError], ...] = ()
    ) -> _T:
        """Asks until there is an answer: broken connections, 429 and 5xx pass."""
        failures = 0
        while True:
            await self._quiet(job)
            try:
                result = await ask()
            except (TransportError, APIError) as error:
                if not isinstance(error, (TransportError, RateLimitError, ServerError, *riding)):
                    raise
                failures += 1
                job._update(note=f"reconnecting: {error.message}")
                await self._back_off(error, failures)
            else:
                if failures:
                    job._update(note="")
                return result

    async def _back_off(self, error: RuncrateError, failures: int) -> None:
        pause = error.retry_after if isinstance(error, APIError) else None
        if pause is not None and isinstance(error, RateLimitError):
            self._be_quiet(pause)
        else:
            await asyncio.sleep(max(pause or 0.0, backoff(failures, random.random())))

    def _be_quiet(self, pause: float) -> None:
        # The limit is the key's, so every job of this client keeps to it.
        self._quiet_until = max(self._quiet_until, time.monotonic() + pause)

    async def _quiet(self, job: VideoJob) -> None:
        while (pause := self._quiet_until - time.monotonic()) > 0:
            job._update(note=f"rate limit: goes on in {math.ceil(pause)} s")
            await asyncio.sleep(min(pause, 1.0) + random.random() / 10)


def _close(connections: dict[str, Any]) -> None:
    if connections:
        engine().call(lambda: engine().spawn(close(connections)))


def _file_is_gone(job: VideoJob) -> bool:
    return job.video is not None and not job.video.path.exists()


def _not_acted_on(error: RuncrateError, attempts: int) -> bool:
    """Whether a submit that met `error` cannot have been acted on, and is worth another attempt."""
    if isinstance(error, TransportError):
        return not error.sent and attempts < _CONNECT_ATTEMPTS
    return isinstance(error, APIError) and error.status in (429, 503) and attempts < _CAPACITY_ATTEMPTS


def _may_have_been_taken(error: RuncrateError) -> bool:
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, UnexpectedAnswerError):
        # 302 and 303 may point to what was made; 301, 307 and 308 say that nothing was done here.
        return error.status not in (300, 301, 304, 305, 307, 308)
    if isinstance(error, BadRequestError):
        return error.status in (408, 499)  # something on the way lost patience
    return isinstance(error, ServerError) and error.status != 503


def _error_fields(error: RuncrateError) -> dict[str, str]:
    return {"message": error.message, "hint": error.hint}
