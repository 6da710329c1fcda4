"""`VideoWidget`: the form, the list of jobs and the player, as a Jupyter widget.

The kernel's side. The view is `js/src/`; what the two say to each other is in `messages.py`. Messages from the view are handed to
the engine's thread and answered from there, so that they are answered while a cell runs wherever the host delivers them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Dict, Int, List, TraitError, Tuple, Unicode, observe, validate

from .catalog import ASPECT_RATIOS, USUAL_DURATION, Model, models
from .client import VideoClient
from .engine import engine
from .errors import InvalidRequestError, RuncrateError
from .job import VideoJob
from .messages import ErrorRow, JobRow, Message, ModelRow, SessionRow, VideoRow
from .request import VideoRequest, check_duration

_log = logging.getLogger("runcrate_widget")

_STATIC = Path(__file__).parent / "static"
_UPDATE_EVERY = 0.1  # seconds: Jupyter drops messages in silence when there are too many
_LARGEST_CHUNK = 4 * 1024 * 1024
_REMEMBERED_IDS = 10_000
_KINDS = ("hello", "set", "generate", "cancel", "resubmit", "resume", "chunk", "demo")
_CONTROLS = ("prompt", "model", "duration", "aspect_ratio", "takes")


class InvalidTraitError(InvalidRequestError, TraitError):
    """A control's trait was set to what is not allowed. As a TraitError, it leaves the trait as it was."""


class VideoWidget(anywidget.AnyWidget):
    """A form that generates videos and shows them in the output cell.

    Args:
        client: the `VideoClient` it works with; by default a new one.
        demo: True for the demo backend; by default what `RUNCRATE_DEMO` says. Only without `client`.
        prompt, model, duration, aspect_ratio, takes: what the controls begin with.

    Raises:
        InvalidRequestError: a control's value is not allowed.

    Each control is a trait, linked both ways: setting `widget.model = "Sora 2"` moves the control, moving the control sets the
    trait, and `ipywidgets.link` works with every one of them.

    Example:
        >>> from runcrate_widget import VideoWidget
        >>> widget = VideoWidget(demo=True, prompt="A fox in the snow")    # doctest: +SKIP
        >>> widget                                                         # doctest: +SKIP
    """

    _esm = _STATIC / "widget.js"
    _css = _STATIC / "widget.css"

    prompt = Unicode("", help="What the video shows.").tag(sync=True)
    model = Unicode(help="The model's id; a name from the table may be set, too.").tag(sync=True)
    duration = Int(USUAL_DURATION, allow_none=True, help="Seconds; None only with a model that the table has not.").tag(sync=True)
    aspect_ratio = Unicode(ASPECT_RATIOS[0], help='"16:9" or "9:16".').tag(sync=True)
    takes = Int(1, min=1, max=8, help="How many videos one press makes.").tag(sync=True)
    jobs = Tuple(help="The `VideoJob`s of this widget, oldest first.")

    _models = List(Dict()).tag(sync=True)
    _jobs = List(Dict()).tag(sync=True)
    _session = Dict().tag(sync=True)

    def __init__(
        self,
        *,
        client: VideoClient | None = None,
        demo: bool | None = None,
        prompt: str = "",
        model: str | None = None,
        duration: int | None = None,
        aspect_ratio: str = ASPECT_RATIOS[0],
        takes: int = 1,
    ) -> None:
        if client is not None and demo is not None:
            raise InvalidRequestError("demo", "demo is given together with client.", "Give it to the client.")
        self._client = VideoClient(demo=demo) if client is None else client
        self._all: list[VideoJob] = []
        self._answered: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        self._update_due = False
        controls = {"prompt": prompt, "aspect_ratio": aspect_ratio, "takes": takes}
        controls["model"] = next(iter(models.values())).id if model is None else model
        if duration is not None:
            controls["duration"] = duration
        try:
            super().__init__(**controls)
        except InvalidRequestError:
            raise
        except TraitError as error:
            raise InvalidRequestError("controls", str(error)) from None
        # ipykernel 7.4 hands what the view says to the shell that last sent to it: the main one, which is busy while a cell runs.
        # The subshell that the host names in each message is free. (Private, so only where it exists.)
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda _, default: default
        self._show_session()
        self._add_unfinished(self._client)
        self.on_msg(self._on_message)

    @property
    def client(self) -> VideoClient:
        """The client that it works with."""
        return self._client

    def generate(self) -> VideoJob | list[VideoJob]:
        """What the button does, with the controls as they are: begins a job and returns it, or a list of them if `takes` > 1.

        Raises:
            InvalidRequestError: the prompt is empty, say; nothing is sent.
            MissingKeyError: there is no key; nothing is sent.
        """
        jobs = self._generated(self._request(), self.takes)
        self._add(*jobs)
        return jobs[0] if len(jobs) == 1 else jobs

    def _request(self) -> VideoRequest:
        return VideoRequest(self.prompt, model=self.model, duration=self.duration, aspect_ratio=self.aspect_ratio)

    def _generated(self, request: VideoRequest, takes: int) -> list[VideoJob]:
        return [self._client.generate(request, take=None) for _ in range(takes)]

    def _add(self, *jobs: VideoJob) -> None:
        for job in jobs:
            if job not in self._all:
                self._all.append(job)
                job._listeners.append(self._job_changed)
        self._job_changed()
        try:
            self.jobs = tuple(self._all)
        except Exception:  # somebody's observer: the jobs are there all the same
            _log.exception("An observer of the widget's jobs failed")

    def _add_unfinished(self, client: VideoClient) -> None:
        """Shows what an earlier kernel left unfinished, once it is found."""

        def found(jobs: Future[list[VideoJob]]) -> None:
            if error := jobs.exception():
                _log.error("What is unfinished in the library could not be found: %s", error)
            else:
                engine().call(self._add, *jobs.result())

        client._resumed.add_done_callback(found)

    # Controls

    @validate("prompt")
    def _valid_prompt(self, proposal: dict[str, Any]) -> str:
        # Half a character would break every message that carries it.
        return str(proposal["value"]).encode("utf-8", "replace").decode()

    @validate("model")
    def _valid_model(self, proposal: dict[str, Any]) -> str:
        try:
            return VideoRequest("-", model=proposal["value"]).model
        except InvalidRequestError as error:
            raise InvalidTraitError(error.field, error.message, error.hint) from None

    @observe("model", "duration")
    def _duration_follows(self, _: object) -> None:
        model = models.find(self.model)
        if model and self.duration not in model.durations:
            self.duration = model.nearest_duration(USUAL_DURATION if self.duration is None else self.duration)

    @validate("duration")
    def _valid_duration(self, proposal: dict[str, Any]) -> int | None:
        try:
            return check_duration(proposal["value"], models.find(self.model))
        except InvalidRequestError as error:
            raise InvalidTraitError(error.field, error.message, error.hint) from None

    @validate("aspect_ratio")
    def _valid_aspect_ratio(self, proposal: dict[str, Any]) -> str:
        try:
            VideoRequest("-", model=self.model, aspect_ratio=proposal["value"])
        except InvalidRequestError as error:
            raise InvalidTraitError(error.field, error.message, error.hint) from None
        return str(proposal["value"])

    # What the view sees

    def _show_session(self) -> None:
        self._models = [_model_row(model, self._client.price(model.id)) for model in models.values()]
        self._session = dict(
            SessionRow(
                demo=self._client.demo,
                key=self._has_key(),
                service=self._client.service,
                library=str(self._client.library.folder),
            )
        )

    def _has_key(self) -> bool:
        try:
            return self._client.api_key is not None
        except RuncrateError:  # what is set is none: Generate says what is wrong with it
            return True

    def _job_changed(self) -> None:
        engine().call(self._update_soon)

    def _update_soon(self) -> None:
        if not self._update_due:
            self._update_due = True
            engine().loop.call_later(_UPDATE_EVERY, self._update)

    def _update(self) -> None:
        self._update_due = False
        self._jobs = [dict(_job_row(job)) for job in reversed(self._all)]

    # What the view says

    def _on_message(self, _: object, content: Message, __: object) -> None:
        engine().call(self._receive, content)

    def _receive(self, message: Message) -> None:
        id = message.get("id")
        if not isinstance(id, str) or id in self._answered:
            return
        self._answered.append(id)
        engine().spawn(self._answer(id, message))

    async def _answer(self, id: str, message: Message) -> None:
        buffers: list[bytes] = []
        try:
            handle = getattr(self, f"_on_{message['kind']}") if message.get("kind") in _KINDS else None
            if handle is None:
                raise RuncrateError(f"The kernel does not know the message {message.get('kind')!r}.", "Reload the page.")
            answer = await handle(message, buffers)
        except (RuncrateError, TraitError, OSError) as error:
            answer = {"ok": False, "error": _error_row(error)}
        except Exception as error:
            _log.exception("A message of the widget's view failed: %s", message.get("kind"))
            answer = {"ok": False, "error": _error_row(RuncrateError(f"Something unforeseen went wrong: {error!r}."))}
        self.send({"ok": True, **answer, "id": id}, buffers=buffers)

    async def _on_hello(self, _: Message, __: list[bytes]) -> Message:
        self._show_session()
        return {"now": time.time()}

    async def _on_set(self, message: Message, _: list[bytes]) -> Message:
        self._set(**{message["name"]: message["value"]})
        return {}

    async def _on_generate(self, message: Message, _: list[bytes]) -> Message:
        self._set(**{name: message[name] for name in _CONTROLS})
        self._show_session()
        # Not in the engine's thread: it writes to the library, which may be slow.
        jobs = await asyncio.to_thread(self._generated, self._request(), self.takes)
        self._add(*jobs)
        return {"keys": [job.key for job in jobs]}

    async def _on_cancel(self, message: Message, _: list[bytes]) -> Message:
        self._job(message).cancel()
        return {}

    async def _on_resubmit(self, message: Message, _: list[bytes]) -> Message:
        again = await asyncio.to_thread(self._job(message).resubmit)
        self._add(again)
        return {"key": again.key}

    async def _on_resume(self, message: Message, _: list[bytes]) -> Message:
        self._job(message).resume()
        return {}

    async def _on_demo(self, _: Message, __: list[bytes]) -> Message:
        folder = self._client.library.folder
        self._client = await asyncio.to_thread(lambda: VideoClient(demo=True, library=folder))
        self._add_unfinished(self._client)
        self._show_session()
        return {}

    async def _on_chunk(self, message: Message, buffers: list[bytes]) -> Message:
        video = self._job(message).video
        if video is None:
            raise RuncrateError("This job has no video yet.")
        offset, length = int(message["offset"]), min(int(message["length"]), _LARGEST_CHUNK)
        if offset < 0 or length <= 0:
            raise InvalidRequestError("offset", f"There is no chunk of {length} bytes at {offset}.")

        def read() -> bytes:
            with open(video.path, "rb") as file:
                file.seek(offset)
                return file.read(length)

        buffers.append(await asyncio.to_thread(read))
        return {"offset": offset, "total": video.size}

    def _set(self, **values: Any) -> None:
        unknown = set(values) - set(_CONTROLS)
        if unknown:
            raise InvalidRequestError(unknown.pop(), "There is no such control.", "Reload the page.")
        for name, value in values.items():
            try:
                setattr(self, name, value)
            except InvalidRequestError:
                raise
            except TraitError:
                raise InvalidRequestError(name, f"{name} is {value!r}, which is not allowed.") from None

    def _job(self, message: Message) -> VideoJob:
        for job in self._all:
            if job.key == message.get("key"):
                return job
        raise RuncrateError("The kernel does not know this job.", "It was restarted: run the cell again.")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _CONTROLS)
        return f"<VideoWidget {shown}; {len(self.jobs)} jobs>"


def _model_row(model: Model, price: float | None) -> dict[str, Any]:
    ends = [model.durations[0], model.durations[-1]]
    durations = ends if model.continuous else list(model.durations)
    return dict(
        ModelRow(
            id=model.id,
            name=model.name,
            durations=durations,
            continuous=model.continuous,
            audio=model.audio,
            notes=model.notes,
            price=price,
        )
    )


def _job_row(job: VideoJob) -> JobRow:
    video = job.video
    return JobRow(
        key=job.key,
        id=job.id,
        prompt=job.request.prompt,
        model=job.request.model,
        model_name=job.request.model_name,
        duration=job.request.duration,
        aspect_ratio=job.request.aspect_ratio,
        take=job.take,
        status=job.status,
        note=job.note,
        error=_error_row(job.error) if job.error else None,
        started=job.started,
        ended=job.ended,
        demo=job.demo,
        stopped=job.done and job.id is not None and job.status not in ("completed", "failed"),
        video=VideoRow(
            path=str(video.path),
            name=video.path.name,
            size=video.size,
            width=video.width,
            height=video.height,
            duration=video.duration,
            audio=video.audio,
        )
        if video
        else None,
    )


def _error_row(error: BaseException) -> ErrorRow:
    if isinstance(error, RuncrateError):
        return ErrorRow(message=error.message, hint=error.hint, field=getattr(error, "field", None))
    return ErrorRow(message=str(error), hint="", field=None)
