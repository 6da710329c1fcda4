"""How the bytes of a finished video get from the file to a widget's view, where the view cannot have them
from the server.

The view pulls chunks. While a cell runs, some kernels do not hear it ask; then the video is pushed, in the
same chunks, slowly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.jobs.loop import engine

from .host import is_served

if TYPE_CHECKING:
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.media.video import Video

    from .messages import Message

CHUNK = 1024 * 1024  # bytes, as in js/src/kernel/pull.ts
_LARGEST_CHUNK = 4 * CHUNK
_SILENCE = 0.6  # seconds without a word from the view, after a video is there: it asks at once if it can
_PACE = 1.0  # seconds a chunk: more would fill a slow link, and the server would miss its heartbeat
_MOST_PUSHED = 30 * CHUNK  # bytes between two words from the view: it may have been closed


async def read_chunk(video: Video, offset: int, length: int) -> tuple[bytes, int]:
    """`length` bytes of the file from `offset`, or fewer at its end, and the file's size.

    Raises RuncrateError if the file is gone, InvalidRequestError, OSError.
    """
    length = min(length, _LARGEST_CHUNK)
    if offset < 0 or length <= 0:
        raise InvalidRequestError("offset", f"There is no chunk of {length} bytes at {offset}.")

    def read() -> tuple[bytes, int]:
        try:
            return video.read_piece(offset, length)
        except FileNotFoundError:
            hint = "job.resume() brings it back."
            raise RuncrateError("The file is not there: it was deleted, or moved.", hint) from None

    return await asyncio.to_thread(read)


class Push:
    """Sends new videos to a view that does not ask for them. In the engine's thread alone."""

    def __init__(self, send: Callable[[Message, list[bytes]], None]) -> None:
        self._send = send
        self._known: set[str] = set()  # keys of jobs whose video is no news
        self._heard = 0  # messages from a view
        self._pushed = 0  # bytes, since the last of them
        self._line = asyncio.Lock()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        #: The server's root, if the view's page is the server's.
        self.root: Path | None = None

    def heard(self) -> None:
        """A view has said something."""
        self._heard += 1
        self._pushed = 0

    @property
    def is_heard(self) -> bool:
        """Whether a view has ever said something."""
        return self._heard > 0

    def look(self, job: VideoJob, *, new: bool) -> None:
        """`job` has changed, or is `new` to the widget."""
        if job.video is None or job.key in self._known:
            return
        self._known.add(job.key)
        # What is in a bucket is below no folder.
        if self._heard and not new and not is_served(Path(job.video.location), self.root):
            self._timers[job.key] = engine().loop.call_later(
                _SILENCE, self._push_unless_heard, job.key, job.video, self._heard
            )

    def close(self) -> None:
        """Sends no more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()

    def _push_unless_heard(self, key: str, video: Video, heard: int) -> None:
        self._timers.pop(key, None)
        if self._heard == heard and self._pushed + video.size <= _MOST_PUSHED:
            self._pushed += video.size
            task = engine().spawn(self._push(key, video, heard))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _push(self, key: str, video: Video, heard: int) -> None:
        async with self._line:
            for offset in range(0, video.size, CHUNK):
                if self._heard != heard:  # it can ask, and does: nothing is to come twice
                    return
                try:
                    chunk, _ = await read_chunk(video, offset, CHUNK)
                except (OSError, RuncrateError):  # the view will ask, and be told
                    return
                self._send({"push": key, "offset": offset, "total": video.size}, [chunk])
                await asyncio.sleep(_PACE)
