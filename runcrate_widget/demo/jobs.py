"""The jobs: what was asked for, and its way through `queued` and `processing` to an MP4.

Everything here runs on the server's event loop, so nothing is locked; only the rendering happens in a further
thread, one video at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runcrate_widget.picture import Picture

from .checks import Asked
from .refusal import Refusal
from .render import render

FAIL_MARK = "[fail]"
MAX_JOBS = 100
QUEUED_SHARE = 0.25


@dataclass
class Job:
    """One video that was asked for: what, by whom (the key), and how far it is."""

    id: str
    key: str
    asked: Asked
    take: int
    path: Path
    created_at: int = field(default_factory=lambda: int(time.time()))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    status: str = "queued"
    error: dict[str, str] | None = None

    @property
    def ended(self) -> bool:
        return self.status in ("completed", "failed")

    @property
    def subject(self) -> tuple[object, ...]:
        """What it is a take of: two jobs with the same are two takes."""
        return self.asked.model.id, self.asked.prompt, self.asked.aspect_ratio, self.asked.image

    def fail(self, message: str, code: str) -> None:
        self.error = {"message": message, "code": code}
        self.status = "failed"

    def as_json(self) -> dict[str, Any]:
        answer = {
            "id": self.id,
            "status": self.status,
            "demo": True,
            "model": self.asked.model.id,
            "prompt": self.asked.prompt,
            "duration": self.asked.duration,
            "aspect_ratio": self.asked.aspect_ratio,
            "created_at": self.created_at,
        }
        return answer | ({"error": self.error} if self.error else {})


class Jobs:
    """All jobs of one server.

    Args:
        folder: where the MP4s are written.
        seconds: how long a job takes at the least.
        height: the videos' shorter side in pixels.
    """

    def __init__(self, folder: Path, *, seconds: float, height: int) -> None:
        self._folder = folder
        self._seconds = seconds
        self._height = height
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Semaphore(1)
        self._stop = threading.Event()
        self._renderer: threading.Thread | None = None

    def find(self, id: str, key: str) -> Job:
        """The job of this id. Raises Refusal(404) where this key has none."""
        job = self._jobs.get(id)
        if job is None or not hmac.compare_digest(job.key.encode(), key.encode()):
            raise Refusal(404, f"There is no video {id!r}.", "video_not_found")
        return job

    def find_file(self, id: str, token: str) -> Job:
        """The job whose file has this secret address. Raises Refusal(404)."""
        job = self._jobs.get(id)
        if job is None or not hmac.compare_digest(job.token.encode(), token.encode()):
            raise Refusal(404, "There is no such file.", "not_found")
        return job

    def add(self, key: str, asked: Asked) -> Job:
        """A new job, on its way. Raises Refusal(503) where too many are."""
        self._make_room()
        id = f"vid_{secrets.token_hex(8)}"
        job = Job(id=id, key=key, asked=asked, take=0, path=self._folder / f"{id}.mp4")
        # Asked for again, it makes another picture, as a model would.
        job.take = sum(other.subject == job.subject for other in self._jobs.values())
        self._jobs[id] = job
        task = asyncio.get_running_loop().create_task(self._make(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def stop_rendering(self) -> None:
        """From any thread: a rendering that is under way ends soon."""
        self._stop.set()

    async def give_up(self) -> None:
        """Ends the way of every job that is not finished."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def join_rendering(self) -> None:
        """Waits until nothing more is written to the folder."""
        if self._renderer is not None:
            self._renderer.join()

    def _make_room(self) -> None:
        """Forgets the oldest job that has ended when there are too many."""
        if len(self._jobs) < MAX_JOBS:
            return
        oldest = next((job for job in self._jobs.values() if job.ended), None)
        if oldest is None:
            message = "Too many videos are being made. Try again later."
            raise Refusal(503, message, "overloaded", headers={"Retry-After": "5"})
        del self._jobs[oldest.id]
        with contextlib.suppress(OSError):
            oldest.path.unlink()

    async def _make(self, job: Job) -> None:
        """Takes one job through its stages."""
        await asyncio.sleep(self._seconds * QUEUED_SHARE)
        fails = FAIL_MARK in job.asked.prompt
        async with self._one_at_a_time:
            job.status = "processing"
            began = time.monotonic()
            try:
                if not fails:
                    await self._render(job)
                if isinstance(job.asked.image, Picture):  # there may be many of these
                    job.asked = replace(job.asked, image=job.asked.image.without_content())
            except Exception as error:
                job.fail(f"The demo backend could not render this: {error}", "render_failed")
                return
        await asyncio.sleep(self._seconds * (1 - QUEUED_SHARE) - (time.monotonic() - began))
        if fails:
            message = f"The prompt contains {FAIL_MARK}, which asks the demo backend for a job that fails."
            job.fail(message, "demo_failure")
        else:
            job.status = "completed"

    async def _render(self, job: Job) -> None:
        # A thread of our own: those of an executor are not daemons, and would hold up the end of the process.
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(error: Exception | None) -> None:
            if done.cancelled():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        def work() -> None:
            error: Exception | None = None
            try:
                self._write(job)
            except Exception as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, error)

        self._renderer = threading.Thread(target=work, name="runcrate-demo-render", daemon=True)
        self._renderer.start()
        await done

    def _write(self, job: Job) -> None:
        model, duration, image = job.asked.model, job.asked.duration, job.asked.image
        render(
            job.path,
            job.asked.prompt,
            seconds=duration,
            aspect_ratio=job.asked.aspect_ratio,
            height=self._height,
            audio=model.audio,
            about=f"{model.name} · {duration} s",
            take=job.take,
            begin=image.content if isinstance(image, Picture) else None,
            stop=self._stop,
        )
