"""`VideoWidget`: the form, the list of jobs and the player, as a Jupyter widget.

The kernel's side. The view is `js/src/`; what the two say to each other is in `messages.py`. Messages from
the view are handed to the engine's thread, so that they are handled while a cell runs wherever the host
delivers them.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import Dict, Int, List, TraitError, Tuple, Unicode

from runcrate_widget.catalog import ASPECT_RATIOS, models
from runcrate_widget.errors import InvalidRequestError, RuncrateError

from .controls import Controls
from .state_messages import CONTROLS, STATE, Message, SessionRow

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.media.video import Video
    from runcrate_widget.picture import Picture, PictureLike
    from runcrate_widget.request import VideoRequest

    from .conversation import Reply

_log = logging.getLogger("runcrate_widget")

#: What a job took of a limit is there again when it is one of these (if the service never took it).
_GIVEN_BACK = ("failed", "cancelled")

#: What `dir()` leaves out: what ipywidgets need, and not who has a widget.
_MACHINERY = {name for name in dir(anywidget.AnyWidget) if name[0] != "_"} - {"close", "observe", "unobserve"}


class VideoWidget(Controls, anywidget.AnyWidget):
    """A form that generates videos and shows them in the output cell.

    Args:
        client: the `VideoClient` it works with; by default a new one.
        demo: True for the demo backend; by default what `RUNCRATE_DEMO` says. Only without `client`.
        prompt, model, duration, aspect_ratio, takes, image: what the controls begin with.

    Raises:
        InvalidRequestError: a control's value is not allowed.

    Each control is a trait, linked both ways: setting `widget.model = "Sora 2"` moves the control, moving the
    control sets the trait, and `ipywidgets.link` works with every one of them.

    Example:
        >>> from runcrate_widget import VideoWidget
        >>> widget = VideoWidget(demo=True, prompt="A fox in the snow")    # doctest: +SKIP
        >>> widget                                                         # doctest: +SKIP
    """

    _esm = Unicode().tag(sync=True)
    _runtime = Unicode(None, allow_none=True, help="Where the loader finds the front end.").tag(sync=True)

    jobs = Tuple(help="The `VideoJob`s of this widget, oldest first.")

    _models = List(Dict()).tag(sync=True)
    _session = Dict().tag(sync=True)
    _first = Dict().tag(sync=True)
    _changed = Dict().tag(sync=True)
    _revision = Int(0).tag(sync=True)

    _closed = True  # until it is made
    _form = True  # whether it has one

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
        image: PictureLike | None = None,
    ) -> None:
        if client is not None and demo is not None:
            raise InvalidRequestError("demo", "demo is given together with client.", "Give it to the client.")
        from . import parts

        if client is None:
            client = parts.VideoClient(demo=demo)
        elif not isinstance(client, parts.VideoClient):
            raise InvalidRequestError("client", f"client is {client!r}; it must be a VideoClient.")
        self._client = client
        self._feed = parts.Feed(parts.Push(self._say), self._tell)
        self._earlier = parts.Earlier(self._feed, self._add)
        self._remainder = parts.Remainder(self._show_session)
        self._once = parts.Once()
        self._compared: set[tuple[str, str]] = set()  # keys of what the arena shows
        self._wall = parts.Wall(self._feed, lambda: self._client, self._show_session, aside=self._form)
        self._root = parts.server_root()
        self._pictures = parts.GivenPictures(lambda: self._client.library.store)
        controls: dict[str, Any] = {"prompt": prompt, "aspect_ratio": aspect_ratio, "takes": takes}
        controls["image"] = image
        controls["model"] = next(iter(models.values())).id if model is None else model
        if duration is not None:
            controls["duration"] = duration
        runtime = parts.runtime_ref()
        front_end = parts.source("loader.js" if runtime else "widget.js")
        try:
            rows = {"_first": self._feed.list.first(), "_changed": self._feed.list.changed(0, [])}
            super().__init__(**controls, **rows, _esm=front_end, _runtime=runtime)
        except InvalidRequestError:
            raise
        except TraitError as error:
            raise InvalidRequestError("controls", str(error)) from None
        # ipykernel 7.4 hands what the view says to the shell that last sent to it: the main one, which is
        # busy while a cell runs. The subshell that the host names in each message is free. (Private, so only
        # where it exists.)
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda _, default: default
        self.observe(self._revise, (*STATE, "_first", "_changed"))
        self._feed.saved = self._saved = parts.Saved(self.model_id)
        self._outputs = 0  # in which it is shown, as far as is known
        self._when_closed = ExitStack()
        self._closed = False
        self._show_session()
        if self._form:
            self._earlier.look(self._client)
        self._remainder.look_soon(self._client)
        self._when_closed.callback(parts.follow_models(self._models_changed))
        conversation = parts.Conversation(self._say, self._reply)
        self.on_msg(lambda _, content, __: parts.hear(conversation, content, self._client))

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _MACHINERY]

    @property
    def client(self) -> VideoClient:
        """The client that it works with."""
        return self._client

    def generate(self) -> VideoJob | list[VideoJob]:
        """What the button does, with the controls as they are: begins a job and returns it, or a list of them
        if `takes` > 1.

        Raises:
            InvalidRequestError: the prompt is empty, say; nothing is sent.
            MissingKeyError: there is no key; nothing is sent.
            SpendingLimitError: it would go over a limit. Where some of several takes were sent before an
                error, it says so, and they are in `jobs`.
        """
        jobs = self._generated([self._request()], self.takes, self._add)
        return jobs[0] if len(jobs) == 1 else jobs

    def _generated(
        self, requests: list[VideoRequest], takes: int, add: Callable[[VideoJob], None]
    ) -> list[VideoJob]:
        """Begins the jobs; each is added as soon as it is there, whatever becomes of the next."""
        from .sets import begun

        return begun(self._client._generate_takes(requests, takes), len(requests) * takes, add)

    def _add(self, *jobs: VideoJob) -> None:
        self._feed.add(jobs)
        self._remainder.look_soon(self._client)
        try:
            self.jobs = tuple(self._feed.list.jobs)
        except Exception:  # somebody's observer: the jobs are there all the same
            _log.exception("An observer of the widget's jobs failed")

    # What the view sees

    def _show_session(self) -> None:
        from .rows import has_key

        self._models_changed()
        self._session = dict(
            SessionRow(
                demo=self._client.demo,
                has_key=has_key(self._client),
                service=self._client.service,
                library=self._client.library.location,
                root=self._root.as_posix() if self._root else None,
                saved=self.model_id,
                limit=self._remainder.row,
                wall=self._wall.version,
                form=self._form,
                elsewhere=self._wall.elsewhere,
            )
        )

    def _models_changed(self) -> None:
        from .rows import model_row

        self._models = [dict(model_row(model, self._client.price(model.id))) for model in models.values()]

    def _tell(self, **rows: dict[str, Any]) -> None:
        with self.hold_sync():  # one message, with the revision
            for name, value in rows.items():
                setattr(self, f"_{name}", value)
        if any(row["status"] in _GIVEN_BACK for told in rows.values() for row in told["rows"]):
            self._remainder.look(self._client)

    def _revise(self, _: object) -> None:
        self._revision += 1

    def _say(self, content: Message, buffers: list[bytes]) -> None:
        self.send(content, buffers=buffers)

    # What the view says

    def _reply(self, message: Message) -> Awaitable[Reply]:
        self._feed.push.heard()
        self._feed.wake()
        self._wall.heard()
        from .handlers import reply_to

        return reply_to(self, message)

    def _set_root(self, root: str | None) -> None:
        """The page's server shows this folder, if it is one of Jupyter's."""
        if self._root is None and root:
            self._root = Path(root).expanduser()
        self._feed.push.root = self._root if root else None

    def _use(self, client: VideoClient) -> None:
        """Goes on with this client."""
        self._client = client
        self._wall.forget()
        self._earlier.look(client)
        self._remainder.look(client)
        self._show_session()

    def _reference(self, image: PictureLike) -> str:
        return self._pictures.reference(image)

    def _picture(self, reference: str) -> Picture | str:
        return self._pictures.find(reference)

    def _job(self, message: Message) -> VideoJob:
        job = self._feed.list.find(message.get("key")) or self._wall.job(message.get("key"))
        if job is not None:
            return job
        raise RuncrateError("The kernel does not know this job.", "It was restarted: run the cell again.")

    def _video(self, message: Message) -> Video:
        job = self._job(message)
        if job.video is None:
            raise job.error or RuncrateError("This job has no video yet.")
        return job.video

    # How long it lives

    def close(self) -> None:
        """Ends it: its views are gone, and it hears of its jobs no more. They go on."""
        super().close()
        if not self._closed:
            self._closed = True
            self._feed.close()
            self._when_closed.close()

    def _replaced(self) -> None:
        """The cell of one of its outputs runs again. Without any, it rests until somebody looks again."""
        self._outputs -= 1
        if not self._outputs:
            self._feed.rest()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What a page sets. What we tell it is not for pages to set."""
        from .pictures import check_from_page

        check_from_page(sync_data.get("image"))
        super().set_state({name: value for name, value in sync_data.items() if not name.startswith("_")})

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """What a page gets. One that asks for all of it was reloaded, and begins with what is so now."""
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        return state if key is not None else {**state, "_first": dict(self._feed.list.first())}

    def _ipython_display_(self) -> None:
        from .display import display_widget

        display_widget(self)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in CONTROLS)
        return f"<VideoWidget {shown}; {len(self.jobs)} jobs>"
