"""`VideoJob`: the handle of one job, from the request to its video. It shows and waits; the engine does the work."""

from __future__ import annotations

import asyncio
import html
import logging
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from datetime import datetime, timezone
from typing import Any, Protocol

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
from runcrate_widget.library.library import Record
from runcrate_widget.media.video import Video, shortened

_log = logging.getLogger("runcrate_widget")

_ENDS: dict[str, type[JobError]] = {
    "failed": JobFailedError,
    "unconfirmed": JobUnconfirmedError,
    "cancelled": JobCancelledError,
}


class Carrier(Protocol):
    """What a job asks of the floor above it."""

    def check_may_wait(self) -> None: ...
    def cancel(self, job: VideoJob) -> None: ...
    def resubmit(self, job: VideoJob) -> VideoJob: ...
    def adopt(self, job: VideoJob, id: str) -> None: ...
    def resume(self, job: VideoJob) -> None: ...


class VideoJob(HasTraits):
    """One job. `client.generate(...)` makes it; it goes on by itself, whatever is done with this object.

    The traits can be observed: `job.observe(print, "status")`. Observers are called in the engine's thread; one that takes long
    holds up every job.

    Attributes:
        request: the `VideoRequest`.
        record: what the library holds of it.
        key: its name in the library, 8 hexadecimal digits.
        reused: whether `generate()` found it in the library, and sent nothing.
        take: which take of this request it is, from 1.
        started: when it began, in seconds since the epoch; `ended` likewise, or None.

    Example:
        >>> job = client.generate("A fox in the snow", model="Veo 3.0")   # doctest: +SKIP
        >>> video = job.wait(timeout=600)                                  # doctest: +SKIP
    """

    id = Unicode(None, allow_none=True, read_only=True, help="The service's id, once it has given one.")
    status = Unicode(
        "waiting",
        read_only=True,
        help="`queued`, `processing`, `completed`, `failed` as the API has them, or `waiting` (not sent yet), `submitting`, "
        "`downloading`, `unconfirmed` (sent, and no answer), `cancelled`.",
    )
    note = Unicode("", read_only=True, help="What is going on meanwhile, or empty: `reconnecting: …`.")
    error = Instance(
        RuncrateError, allow_none=True, read_only=True, help="Why there is no video, once that is so."
    )
    video = Instance(Video, allow_none=True, read_only=True, help="The finished video.")
    demo = Bool(False, read_only=True, help="Whether the demo backend makes it.")

    def __init__(self, record: Record, carrier: Carrier) -> None:
        super().__init__()
        self.record = record
        self.request = record.request
        self.key = record.key
        self.take = record.take
        self.reused = False
        self.started = record.created.timestamp()
        self.ended: float | None = record.ended.timestamp() if record.ended else None
        self.set_trait("demo", record.service == "demo")
        self.set_trait("id", record.id)
        self.set_trait("status", record.status)
        self._carrier = carrier
        self._wanted = False  # whether it may be sent if it never was
        self._listeners: list[Callable[[], None]] = []
        self._done: Future[tuple[str, RuncrateError | None, Video | None]] = Future()

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for: a video, or a reason why there is none."""
        return self._done.done()

    @property
    def elapsed(self) -> float:
        """Seconds since it began, up to its end."""
        return (self.ended or time.time()) - self.started

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
        self._carrier.check_may_wait()
        done = self._done
        if not wait_for_futures([done], None if timeout == float("inf") else timeout).done:
            raise WaitTimeoutError(
                self, f"{self!r} is not done after {timeout:g} s.", "It goes on: call wait() again."
            )
        return self._outcome(*done.result())

    def __await__(self) -> Generator[Any, None, Video]:
        """`await job`, on any running loop: as `wait()`. Cancelling the one that awaits leaves the job running."""
        return self._wait().__await__()

    async def _wait(self) -> Video:
        return self._outcome(*await asyncio.shield(asyncio.wrap_future(self._done)))

    def _outcome(self, status: str, reason: RuncrateError | None, video: Video | None) -> Video:
        if video is not None:
            return video
        reason = reason or RuncrateError("It came to no end.")
        kind, hint = _ENDS.get(status, JobStoppedError), reason.hint
        if kind is JobStoppedError and self.id:
            hint = f"{hint} The service has the job: its id is {self.id}, and job.resume() goes on.".lstrip()
        error = kind(self, reason.message, hint)
        raise error from (None if type(reason) is RuncrateError else reason)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Has `listener` called in the engine's thread at each change, before the observers, of which one may fail.

        Returns:
            What ends that; calling it again does nothing.
        """
        self._listeners = [*self._listeners, listener]

        def unsubscribe() -> None:
            self._listeners = [one for one in self._listeners if one is not listener]

        return unsubscribe

    def cancel(self) -> None:
        """Cancels a job that is still `waiting`. Raises JobError later: the API has no way to cancel what was sent."""
        self._carrier.cancel(self)

    def resubmit(self) -> VideoJob:
        """Sends the same request again, as a new job, and returns that one. Only for a job that is `failed`, `cancelled` or
        `unconfirmed`: an unconfirmed one may have been taken all the same, and is then billed twice. Raises JobError otherwise.
        """
        return self._carrier.resubmit(self)

    def adopt(self, id: str) -> None:
        """Gives an `unconfirmed` job the id that the dashboard shows for it (`vid_…`), and goes on from there. If it was a
        wrong one, another can be given once that one has stopped. Raises JobError if the job needs no id."""
        self._carrier.adopt(self, id)

    def resume(self) -> None:
        """Asks again for a job (or a download) that was given up, or whose file is gone; does nothing while it is under way.

        Raises JobError if the service never gave it an id.
        """
        self._carrier.resume(self)

    def notify_change(self, change: Any) -> None:
        try:
            super().notify_change(change)
        except BaseException:
            # A user's observer: its fault, even its SystemExit, must not become the job's.
            _log.exception("An observer of %r failed", self)

    def __repr__(self) -> str:
        minutes, seconds = divmod(int(self.elapsed), 60)
        mark = "DEMO " if self.demo else ""
        about = [*self._facts(), "from the library"] if self.reused else self._facts()
        prompt = " ".join(self.request.prompt.split())
        prompt = prompt if len(prompt) <= 60 else prompt[:59] + "…"
        return f"<VideoJob {mark}{self.id or self.key} {self.status} {minutes}:{seconds:02} {prompt!r} ({', '.join(about)})>"

    def _facts(self) -> list[str]:
        facts = [self.request.model_name]
        facts += [f"{self.request.duration} s"] if self.request.duration else []
        facts += [self.request.aspect_ratio] if self.request.aspect_ratio else []
        return [*facts, f"take {self.take}"] if self.take > 1 else facts

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # In an ipykernel `live.py` shows this, and goes on showing it at each change.
        video = self.video
        return video._repr_mimebundle_() if video else {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        """The job's stage, as long as it has no video."""
        began = datetime.fromtimestamp(self.started, timezone.utc).astimezone()
        error = self.error
        stage = ["DEMO"] if self.demo else []
        # In a notebook that is reloaded or saved it may not be news any more: then one sees how old it is.
        status = (
            self.status if self.done else f"{self.status} at {datetime.now(timezone.utc).astimezone():%H:%M}"
        )
        stage += [status, f"began {began:%Y-%m-%d %H:%M}", *([self.note] if self.note else [])]
        lines = [" · ".join(stage)]
        lines += [shortened(text, 300) for text in (error.message, error.hint) if text] if error else []
        lines += [
            shortened(self.request.prompt, 150),
            " · ".join([*self._facts(), *([self.id] if self.id else [])]),
        ]
        first, *others = (html.escape(line, quote=False) for line in lines)
        return f"<div style='max-width:640px'><b>{first}</b><br>{'<br>'.join(others)}</div>"

    # What follows is the engine's, and is called in its thread alone.

    def _update(self, **traits: Any) -> None:
        with self.hold_trait_notifications():
            for name, value in traits.items():
                self.set_trait(name, value)
            for listener in self._listeners:
                listener()

    def _end(
        self, *, status: str | None = None, error: RuncrateError | None = None, video: Video | None = None
    ) -> None:
        """Nothing more will come, for now: those who wait are told. Without `status` the job stays at its stage."""
        self.ended = self.ended or time.time()
        self._update(status=status or self.status, note="", error=error, video=video)
        self._done.set_result((self.status, error, video))

    def _reopen(self) -> None:
        if self._done.done():
            self._done = Future()
        self.ended = None
        self._update(status="downloading" if self.video else self.status, error=None, note="", video=None)
