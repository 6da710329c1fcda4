"""HTML outputs that change after their cell has run, and that stay in the saved notebook as they were last.

They are ordinary outputs with a `display_id`: no widget, so they cost no widget state and need no kernel to
be seen again.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import html
import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from runcrate_widget.format import videos as count_of
from runcrate_widget.jobs.loop import engine

from .state_messages import ENDED

if TYPE_CHECKING:
    from runcrate_widget.jobs.job import VideoJob

_log = logging.getLogger("runcrate_widget")

_JOB_EVERY = 0.5  # seconds, at most: Jupyter drops messages in silence when there are too many
_SAVED_EVERY = 2.0  # it has up to half a megabyte
_MOST_VIDEOS = 30
#: Where the cell was run and the widget is not there.
_MISSING = (
    "If it was run and this is all there is, the page could not load widgets: install anywidget where "
    "Jupyter itself runs and reload the page; in VS Code, set jupyter.widgetScriptSources."
)


class LiveOutput:
    """An output that shows what `render` gives (a MIME bundle, made in any thread), anew after each
    `update()`.

    Displayed more than once, it changes everywhere. Where there is no kernel nothing happens.
    """

    def __init__(self, render: Callable[[], dict[str, str]], every: float) -> None:
        self._render = render
        self._every = every
        self._id = uuid.uuid4().hex
        self._shown: str | None = None  # the HTML
        self._lock = threading.Lock()  # over what is shown
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def display(self) -> None:
        """Shows it in the output of the cell that runs."""
        with self._lock:
            _cell_runs.set()  # before the first one nobody looked
            self._closed = False
            bundle = self._render()
            self._publish(bundle, update=False)
            self._shown = bundle["text/html"]
        self.update()  # it may have changed meanwhile

    def update(self) -> None:
        """Has it shown anew soon, if it has changed. From any thread; it costs next to nothing."""
        if self not in _due and not self._closed:
            _due.add(self)
            engine().call(self._later)

    def close(self) -> None:
        """It changes no more, until it is displayed again. From any thread."""
        self._closed = True
        _due.discard(self)
        _unheard.discard(self)
        call_engine(self._cancel)

    # In the engine's thread.

    def _later(self) -> None:
        if not self._closed:
            self._timer = engine().loop.call_later(self._every if self._shown else 0, self._begin)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._timer = None
        engine().spawn(self._show_in_a_thread())

    async def _show_in_a_thread(self) -> None:
        # Not in the engine's: it may make a poster. A process that is ending has none to give.
        with contextlib.suppress(RuntimeError):
            await asyncio.to_thread(self._show_anew)

    def _show_anew(self, *, at_end: bool = False) -> None:
        """Shows it, if it has changed; at a cell's end also if it may not have been heard before."""
        with self._lock:
            _busy.add(self)  # before it is no longer due: a cell that ends now waits for it
            _due.discard(self)
            try:
                if self._closed:  # nobody will see it
                    return
                bundle = self._render()
                if self._shown is None:  # nobody has seen it yet: it is made for when somebody does
                    return
                if bundle["text/html"] != self._shown or (at_end and self in _unheard):
                    if at_end or _cell_runs.is_set():
                        _unheard.discard(self)
                    else:
                        _unheard.add(self)
                    self._publish_update(bundle)
                    self._shown = bundle["text/html"]
            except Exception:  # the kernel is going away, or a file is not to be read
                _log.debug("An output could not be updated", exc_info=True)
            finally:
                _busy.discard(self)

    def _publish_update(self, bundle: dict[str, str]) -> None:
        # In a context of its own, it belongs to the cell that runs now, and not to the one that began the
        # job: nbclient (and with it papermill and Voila) hears only what belongs to the cell that it waits
        # for.
        try:
            contextvars.Context().run(self._publish, bundle, update=True)
        except LookupError:  # ipykernel 7.0.1 knows no cell but the context's
            self._publish(bundle, update=True)

    def _publish(self, bundle: dict[str, str], *, update: bool) -> None:
        shell = get_ipython()
        if shell is not None:
            shell.events.register("pre_run_cell", _begin_cell)  # once, however often it is said
            shell.events.register("post_run_cell", _end_cell)
            shell.display_pub.publish(
                data=bundle, metadata={}, transient={"display_id": self._id}, update=update
            )


#: What has changed, and will be shown soon.
_due: set[LiveOutput] = set()
#: What another thread shows just now.
_busy: set[LiveOutput] = set()
#: What was shown between two cells: nbclient hears what belongs to a cell, and only while that cell runs.
_unheard: set[LiveOutput] = set()
_cell_runs = threading.Event()


def _begin_cell(_: object) -> None:
    _cell_runs.set()


def _end_cell(_: object) -> None:
    """After the last one nbclient hears nothing more."""
    _cell_runs.clear()
    for output in {*_due, *_busy, *_unheard}:
        if output._shown:
            output._show_anew(at_end=True)


def call_engine(function: Callable[[], object]) -> None:
    """Has `function` called in the engine's thread; in a process that is ending, where there is none, it is
    not."""
    with contextlib.suppress(RuntimeError):
        engine().call(function)


#: By the id of a cell: whom to tell when its outputs are gone.
_shown_by_cell: dict[str, list[Callable[[], None]]] = {}


def when_replaced(gone: Callable[[], None]) -> Callable[[], None]:
    """Has `gone` called once the cell that runs now is run again: what it shows is gone by then. (Not where
    the host does not tell which cell it is.)

    Returns:
        What forgets about it.
    """
    shell: Any = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId")
    if not cell:
        return lambda: None
    shell.events.register("pre_run_cell", _tell_replaced)  # once, however often it is said
    _shown_by_cell.setdefault(cell, []).append(gone)

    def forget() -> None:
        others = [one for one in _shown_by_cell.pop(cell, []) if one is not gone]
        if others:
            _shown_by_cell[cell] = others

    return forget


def _tell_replaced(info: Any) -> None:
    for gone in _shown_by_cell.pop(getattr(info, "cell_id", None) or "", []):
        gone()


def display_live(
    render: Callable[[], dict[str, str]],
    every: float,
    subscribe: Callable[[Callable[[], None]], Callable[[], None]],
    is_over: Callable[[], bool],
) -> None:
    """Shows what `render` gives, anew at each change until it is over, or until its cell is run again.
    `subscribe` takes what is to be called at a change, and returns what ends that."""
    output = LiveOutput(render, every)
    ends = contextlib.ExitStack()

    def changed() -> None:
        output.update()
        if is_over():
            ends.close()

    def gone() -> None:
        ends.close()
        output.close()

    ends.callback(when_replaced(gone))
    ends.callback(subscribe(changed))
    if is_over():  # it may have ended just now
        ends.close()
    output.display()


def display_job(job: VideoJob) -> None:
    """Shows the job's stages as they come, and at the end its video."""
    display_live(job._repr_mimebundle_, _JOB_EVERY, job.subscribe, lambda: job.status in ENDED)


class Saved:
    """What stays in the notebook of a `VideoWidget`: a line that says what was here, and its newest videos.

    A page that shows the live widget hides it by a rule for `.rw-saved-<key>`.
    """

    def __init__(self, key: str) -> None:
        self._class = f"rw-saved-{key}"
        self._videos: list[VideoJob] = []
        self._players: dict[str, str] = {}  # by the job's key: a poster is read, or made, once
        self._output = LiveOutput(self._bundle, _SAVED_EVERY)

    def display(self) -> None:
        """Shows it in the output of the cell that runs: right below the widget."""
        self._output.display()

    def close(self) -> None:
        """It changes no more, until it is displayed again."""
        self._output.close()

    def show(self, jobs: Sequence[VideoJob]) -> None:
        """Has the videos of these jobs shown, soon, if they are others; a job that has none yet, or was
        put away, is passed over. From any thread.
        """
        videos = [job for job in jobs if job.video is not None and not job.choice.hidden]
        if videos != self._videos:
            self._videos = videos
            self._output.update()

    def _bundle(self) -> dict[str, str]:
        jobs = sorted(self._videos, key=lambda job: job.started, reverse=True)
        videos = [(job.key, job.video) for job in jobs if job.video is not None]
        text = "VideoWidget: run this cell to use it again."
        if videos:
            newest = f"; the newest {_MOST_VIDEOS} of them" if len(videos) > _MOST_VIDEOS else ""
            folder = videos[0][1]._place().rpartition("/")[0] or "."
            text += f" {count_of(len(videos))} in {folder}{newest}"
        for key, video in videos[:_MOST_VIDEOS]:
            if "<img" not in self._players.get(key, ""):  # the page may have made a poster since
                self._players[key] = video._html()
        players = "".join(self._players[key] for key, _ in videos[:_MOST_VIDEOS])
        page = (
            f"{html.escape(text, quote=False)}"
            f"<div style='font-size:smaller'>{html.escape(_MISSING, quote=False)}</div>"
            f"<div style='display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:12px'>"
            f"{players}</div>"
        )
        return {"text/plain": f"{text}\n{_MISSING}", "text/html": self.hidden_by_the_widget(page)}

    def hidden_by_the_widget(self, page: str) -> str:
        """This HTML, where no live widget is seen."""
        return f"{_style(self._class)}<div class='{self._class}'>{page}</div>"


def _style(name: str) -> str:
    """Two rules; a host that drops them shows this output at once, and JupyterLab's error with it.

    The output appears late, so that it does not flash up before a live widget hides it. And while the output
    before it is nothing but a text, that is what JupyterLab says of a widget that is not there any more: it
    is hidden.
    """
    return (
        f"<style>@media screen{{.{name}{{animation:{name} 1ms 3s backwards}}"
        f"@keyframes {name}{{from{{max-height:0;overflow:hidden;opacity:0}}}}}}"
        f".jp-OutputArea-child:has(+.jp-OutputArea-child .{name})"
        ">.jp-OutputArea-output:is(:not(:has(*)),[data-mime-type='text/plain']){display:none}</style>"
    )
