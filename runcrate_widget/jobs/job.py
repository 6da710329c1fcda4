"""`VideoJob`: the handle of one job, from the request to its video. It shows and waits; its run does the
work."""

from __future__ import annotations

import asyncio
import html
import logging
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from datetime import datetime, timezone
from typing import Any, NoReturn, Protocol

from traitlets import Bool, HasTraits, Instance, Unicode

from runcrate_widget.errors import (
    JobCancelledError,
    JobError,
    JobFailedError,
    JobStoppedError,
    JobUnconfirmedError,
    RuncrateError,
    WaitTimeoutError,
)
from runcrate_widget.library.record import JobStatus, Record
from runcrate_widget.media.video import Video, shortened

from .facts import Facts
from .loop import engine, going_on, patience, uninterrupted

_log = logging.getLogger("runcrate_widget")

_ENDS: dict[JobStatus, type[JobError]] = {
    JobStatus.FAILED: JobFailedError,
    JobStatus.UNCONFIRMED: JobUnconfirmedError,
    JobStatus.CANCELLED: JobCancelledError,
}


#: How a job ended, or was stopped: what those who wait for it are told, whatever becomes of it afterwards.
_End = tuple[JobStatus, "RuncrateError | None", "Video | None"]


#: What `dir()` leaves out: what traitlets and the widgets need, and not who has a job.
_MACHINERY = {*(name for name in dir(HasTraits) if name[0] != "_"), "subscribe"} - {"observe", "unobserve"}


class Manager(Protocol):
    """What a job asks of whoever looks after it."""

    def cancel(self, job: VideoJob) -> None: ...
    def resubmit(self, job: VideoJob) -> VideoJob: ...
    def adopt(self, job: VideoJob, id: str) -> None: ...
    def resume(self, job: VideoJob) -> None: ...
    def choose(self, job: VideoJob, changes: Mapping[str, Any]) -> None: ...
    def look_again(self, job: VideoJob) -> None: ...


class VideoJob(Facts, HasTraits):
    """One job. `client.generate(...)` makes it; it goes on by itself, whatever is done with this object.

    The traits can be observed: `job.observe(print, "status")`. Observers are called in the engine's
    thread; one that takes long holds up every job.

    Attributes:
        record: what the library holds of it; it is replaced at each change.
        request: the `VideoRequest`.
        key: its name in the library, 8 hexadecimal digits.
        take: which take of this request it is, from 1.
        reused: whether `generate()` found it in the library, and sent nothing.

    Example:
        >>> job = client.generate("A fox in the snow", model="Veo 3.0")   # doctest: +SKIP
        >>> video = job.wait(timeout=600)                                  # doctest: +SKIP
    """

    id = Unicode(None, allow_none=True, read_only=True, help="The service's id, once it has given one.")
    status = Unicode(
        JobStatus.WAITING,
        read_only=True,
        help="A `JobStatus`: `queued`, `processing`, `completed`, `failed` as the API has them, or `waiting` "
        "(not sent yet), `submitting`, "
        "`downloading`, `unconfirmed` (sent, and no answer), `cancelled`.",
    )
    note = Unicode("", read_only=True, help="What is going on meanwhile, or empty: `reconnecting: …`.")
    error = Instance(
        RuncrateError, allow_none=True, read_only=True, help="Why there is no video, once that is so."
    )
    video = Instance(Video, allow_none=True, read_only=True, help="The finished video.")
    demo = Bool(False, read_only=True, help="Whether the demo backend makes it.")

    def __init__(self, record: Record, manager: Manager) -> None:
        super().__init__()
        # The state of the job; only `status.py` moves it.
        self.record = record
        self.request = record.request
        self.key = record.key
        self.take = record.take
        self.reused = False
        self._manager = manager
        self._wanted = False  # whether a person asks for it now: then it may be sent, if it never was
        self._listeners: dict[object, Callable[[], None]] = {}
        self._done: Future[_End] = Future()
        self._show()

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _MACHINERY]

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for: a video, or a reason why there is none."""
        return self._done.done()

    @property
    def elapsed(self) -> float:
        """Seconds since it was asked for, up to its end."""
        return max(0.0, (self.ended or time.time()) - self.started)

    def wait(self, timeout: float | None = None) -> Video:
        """Waits for the video, for at most `timeout` seconds; by default as long as it takes.

        Widgets stay alive meanwhile, and interrupting the cell leaves the job running.

        Raises:
            WaitTimeoutError: the time is over; the job goes on.
            JobFailedError: the job failed, with the service's reason.
            JobUnconfirmedError: it was sent and never confirmed: see `resubmit()` and `adopt()`.
            JobStoppedError: the service has it, and asking for it has stopped: see `resume()`.
            JobCancelledError: it was cancelled.
        """
        if engine().here:
            raise RuntimeError(
                "wait() was called in the engine's own thread (by an observer?): it waits for itself."
            )
        if self._lost:
            self._manager.look_again(self)
        done = self._done
        with going_on("The job goes on: job.wait() waits for it again."):
            over = not wait_for_futures([done], patience(timeout)).done
        if over:
            raise WaitTimeoutError(
                self, f"{self!r} is not done after {timeout:g} s.", "It goes on: call wait() again."
            )
        return self._outcome(*done.result())

    def __await__(self) -> Generator[Any, None, Video]:
        """`await job`, on any running loop: as `wait()`. Cancelling the one that awaits leaves the job
        running."""
        return self._wait().__await__()

    async def _wait(self) -> Video:
        if self._lost:
            await asyncio.to_thread(self._manager.look_again, self)
        return self._outcome(*await asyncio.shield(asyncio.wrap_future(self._done)))

    @property
    def _lost(self) -> bool:
        """Whether its answer was lost: in another notebook a person may have put that right."""
        return self.done and self.status == JobStatus.UNCONFIRMED

    def _outcome(self, status: JobStatus, reason: RuncrateError | None, video: Video | None) -> Video:
        if video is not None:
            return video
        reason = reason or RuncrateError("It came to no end.")
        kind, hint = _ENDS.get(status, JobStoppedError), reason.hint
        if kind is JobStoppedError and self.id and reason.kind != "closed":
            hint = f"{hint} The service has the job: its id is {self.id}, and job.resume() goes on.".lstrip()
        error = kind(self, reason.message, hint)
        error.kind = reason.kind
        raise error from (None if type(reason) is RuncrateError else reason)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Has `listener` called in the engine's thread at each change, before the observers, of which one may
        fail.

        Returns:
            What ends that; calling it again does nothing.
        """
        token = object()
        self._listeners[token] = listener

        def unsubscribe() -> None:
            self._listeners.pop(token, None)

        return unsubscribe

    def cancel(self) -> None:
        """Cancels a job that is still `waiting`, or gives up one that is `unconfirmed` and that the dashboard
        does not have (also after `adopt()` with an id that nobody knows): it then counts as not paid. Raises
        JobError else: the API has no way to cancel what was sent."""
        self._manager.cancel(self)

    def resubmit(self) -> VideoJob:
        """Sends the same request again, as a new job, and returns that one. Only for a job that is `failed`,
        `cancelled` or
        `unconfirmed`: an unconfirmed one may have been taken all the same, and is then billed twice. Raises
        JobError otherwise.
        """
        return uninterrupted(lambda: self._manager.resubmit(self))

    def adopt(self, id: str) -> None:
        """Gives an `unconfirmed` job the id that the dashboard shows for it (`vid_…`), and goes on from
        there. If it was a wrong one, another can be given once that one has stopped. Raises JobError if the
        job needs no id."""
        uninterrupted(lambda: self._manager.adopt(self, id))

    def resume(self) -> None:
        """Asks again for a job (or a download) that was given up, or whose file is gone, or sends one that
        was never sent because its kernel ended (`client.unsent()`); does nothing while it is under way.

        Raises JobError if it was sent, and the service never gave it an id, and SpendingLimitError if it was
        not sent, and would go over a limit.
        """
        uninterrupted(lambda: self._manager.resume(self))

    def choose(self, **changes: Any) -> None:
        """Says what you make of a job that is done: `job.choose(kept=True, rating=4, tags=["fox"])`. What is
        not named stays as it is; `Choice` says what there is. Raises InvalidRequestError or JobError."""
        uninterrupted(lambda: self._manager.choose(self, changes))

    def notify_change(self, change: Any) -> None:
        try:
            super().notify_change(change)
        except BaseException:
            # A user's observer: its fault, even its SystemExit, must not become the job's.
            _log.exception("An observer of %r failed", self)

    def __reduce__(self) -> NoReturn:
        message = "A job stays in its process. Pass job.key: client.job(key) is the job in another one."
        raise TypeError(message)

    def __repr__(self) -> str:
        minutes, seconds = divmod(int(self.elapsed), 60)
        mark = "DEMO " if self.demo else ""
        about = [*self._facts(), "from the library"] if self.reused else self._facts()
        prompt = " ".join(self.request.prompt.split())
        prompt = prompt if len(prompt) <= 60 else prompt[:59] + "…"
        what = f"{self.id or self.key} {self.status} {minutes}:{seconds:02} {prompt!r}"
        return f"<VideoJob {mark}{what} ({', '.join(about)})>"

    def _facts(self) -> list[str]:
        facts = [self.request.model_name]
        facts += [f"{self.request.duration} s"] if self.request.duration else []
        facts += [self.request.aspect_ratio] if self.request.aspect_ratio else []
        return [*facts, f"take {self.take}"] if self.take > 1 else facts

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # In an ipykernel `live.py` shows this, and goes on showing it at each change.
        video = self.video
        return (
            video._repr_mimebundle_() if video else {"text/plain": repr(self), "text/html": _stage_html(self)}
        )

    # What follows is called in the engine's thread alone.

    def _show(
        self, *, note: str = "", error: RuncrateError | None = None, video: Video | None = None
    ) -> None:
        """Has the traits say what the record says, and this."""
        record = self.record
        with self.hold_trait_notifications():
            shown = {"id": record.id, "demo": record.demo, "note": note, "error": error, "video": video}
            # The status last: another thread that sees an end sees what belongs to it.
            for name, value in {**shown, "status": record.status}.items():
                if getattr(self, name) is not value:  # to set one takes much longer than to look
                    self.set_trait(name, value)
            for listener in list(self._listeners.values()):
                try:
                    listener()
                except Exception:  # its fault must not become the job's
                    _log.exception("A listener of %r failed", self)

    def _settle(self) -> None:
        """Nothing more will come, for now: those who wait are told."""
        self._stopped_at = time.time()
        self._done.set_result((self.record.status, self.error, self.video))

    def _renew(self) -> None:
        """It goes on: who waits from now on waits for another end. From any thread."""
        if self._done.done():
            self._done = Future()
        self._stopped_at = None


def _stage_html(job: VideoJob) -> str:
    """The job's stage, as long as it has no video."""
    began = datetime.fromtimestamp(job.started, timezone.utc).astimezone()
    error = job.error
    stage = ["DEMO"] if job.demo else []
    # In a notebook that is reloaded or saved it may not be news any more: then one sees how old it is.
    status = job.status if job.done else f"{job.status} at {datetime.now(timezone.utc).astimezone():%H:%M}"
    stage += [status, f"began {began:%Y-%m-%d %H:%M}", *([job.note] if job.note else [])]
    lines = [" · ".join(stage)]
    lines += [shortened(text, 300) for text in (error.message, error.hint) if text] if error else []
    lines += [
        shortened(job.request.prompt, 150),
        " · ".join([*job._facts(), *([job.id] if job.id else [])]),
    ]
    first, *others = (html.escape(line, quote=False) for line in lines)
    return f"<div style='max-width:640px'><b>{first}</b><br>{'<br>'.join(others)}</div>"
