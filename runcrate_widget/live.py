"""HTML outputs that change after their cell has run, and that stay in the saved notebook as they were last.

They are ordinary outputs with a `display_id`: no widget, so they cost no widget state and need no kernel to be seen again.
"""

from __future__ import annotations

import asyncio
import contextvars
import html
import logging
import uuid
from collections.abc import Callable, Sequence

from IPython.core.getipython import get_ipython

from .engine import engine
from .job import VideoJob
from .video import located

_log = logging.getLogger("runcrate_widget")

_JOB_EVERY = 0.5  # seconds, at most: Jupyter drops messages in silence when there are too many
_SAVED_EVERY = 2.0  # it has up to half a megabyte
_MOST_VIDEOS = 30


class LiveOutput:
    """An output that shows what `render` gives (a MIME bundle, made in any thread), anew after each `update()`.

    Displayed more than once, it changes everywhere. Where there is no kernel nothing happens.
    """

    def __init__(self, render: Callable[[], dict[str, str]], every: float) -> None:
        self._render = render
        self._every = every
        self._id = uuid.uuid4().hex
        self._shown: str | None = None  # the HTML
        self._due = False

    def display(self) -> None:
        """Shows it in the output of the cell that runs."""
        bundle = self._render()
        self._publish(bundle, update=False)
        self._shown = bundle["text/html"]
        self.update()  # it may have changed meanwhile

    def update(self) -> None:
        """Has it shown anew soon, if it has changed. From any thread; it costs next to nothing."""
        engine().call(self._update_soon)

    def _update_soon(self) -> None:
        if not self._due:
            self._due = True
            engine().loop.call_later(self._every, lambda: engine().spawn(self._update()))

    async def _update(self) -> None:
        self._due = False
        if self._shown is None:  # nobody has seen it yet
            return
        try:
            # Not in the engine's thread: it may make a poster.
            bundle = await asyncio.to_thread(self._render)
            if bundle["text/html"] != self._shown:
                self._shown = bundle["text/html"]
                # In a context of its own, it belongs to the cell that runs now, and not to the one that began the job: nbclient
                # (and with it papermill and Voila) hears only what belongs to the cell that it waits for.
                contextvars.Context().run(self._publish, bundle, update=True)
        except Exception:  # the kernel is going away, or a file is not to be read
            _log.debug("An output could not be updated", exc_info=True)

    def _publish(self, bundle: dict[str, str], *, update: bool) -> None:
        shell = get_ipython()
        if shell is not None:
            shell.display_pub.publish(data=bundle, metadata={}, transient={"display_id": self._id}, update=update)


def display_job(job: VideoJob) -> None:
    """Shows the job's stages as they come, and at the end its video."""
    output = LiveOutput(job._repr_mimebundle_, _JOB_EVERY)
    job._listeners.append(output.update)
    output.display()


class Saved:
    """What stays in the notebook of a `VideoWidget`: a line that says what was here, and its newest videos.

    A page that shows the live widget hides it by a rule for `.rw-saved-<key>`.
    """

    def __init__(self, key: str) -> None:
        self._class = f"rw-saved-{key}"
        self._videos: Sequence[VideoJob] = ()
        self._output = LiveOutput(self._bundle, _SAVED_EVERY)

    def display(self) -> None:
        """Shows it in the output of the cell that runs: right below the widget."""
        self._output.display()

    def show(self, jobs: Sequence[VideoJob]) -> None:
        """Has the videos of these jobs shown, soon; those that have none yet are passed over. From any thread."""
        self._videos = [job for job in jobs if job.video is not None]
        self._output.update()

    def _bundle(self) -> dict[str, str]:
        jobs = sorted(self._videos, key=lambda job: job.started, reverse=True)
        videos = [job.video for job in jobs if job.video is not None]
        text = "VideoWidget: run this cell to use it again."
        if videos:
            count = f"{len(videos)} videos" if len(videos) > 1 else "1 video"
            newest = f"; the newest {_MOST_VIDEOS} of them" if len(videos) > _MOST_VIDEOS else ""
            text += f" {count} in {located(videos[0].path.parent)}{newest}"
        players = "".join(video._html() for video in videos[:_MOST_VIDEOS])
        page = (
            f"{_style(self._class)}<div class='{self._class}'>{html.escape(text, quote=False)}"
            f"<div style='display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:12px'>{players}</div></div>"
        )
        return {"text/plain": text, "text/html": page}


def _style(name: str) -> str:
    """Two rules; a host that drops them shows this output at once, and JupyterLab's error with it.

    The output appears late, so that it does not flash up before a live widget hides it. And while the output before it is nothing
    but a text, that is what JupyterLab says of a widget that is not there any more: it is hidden.
    """
    return (
        f"<style>@media screen{{.{name}{{animation:{name} 1ms 3s backwards}}"
        f"@keyframes {name}{{from{{max-height:0;overflow:hidden;opacity:0}}}}}}"
        f".jp-OutputArea-child:has(+.jp-OutputArea-child .{name})>.jp-OutputArea-output:not(:has(*)){{display:none}}</style>"
    )
