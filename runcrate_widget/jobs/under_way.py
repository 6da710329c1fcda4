"""`UnderWay`: the jobs of one client that are under way, from their beginning to its end. In the engine's
thread, but for what says otherwise."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace

from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.library import Library
from runcrate_widget.library.store import Lease
from runcrate_widget.service.backend import Backend

from .download import DOWNLOADS
from .ends import closed
from .job import VideoJob
from .living import at_rest
from .loop import engine
from .run import Run
from .sending import OPENING, Means
from .slots import Slots
from .spending import SpendingLimit
from .times import Times


class UnderWay:
    """At most `max_concurrent` jobs are with the service at a time."""

    #: Whether they are carried here, and not only looked at.
    carries = True

    def __init__(
        self,
        backend: Backend,
        library: Library,
        *,
        max_concurrent: int,
        limit: Callable[[], SpendingLimit],
        times: Times,
    ) -> None:
        #: Whether the client was closed: nothing is begun any more.
        self.closed = False
        #: Those that have what was taken back written.
        self.writing: set[asyncio.Task[None]] = set()
        self._process = os.getpid()
        self._backend = backend
        self._library = library
        self._runs: dict[VideoJob, Run] = {}
        self._tasks: dict[VideoJob, asyncio.Task[None]] = {}
        self._stopped: set[VideoJob] = set()  # by the key or the credits
        slots, opening = Slots(max_concurrent), asyncio.Semaphore(OPENING)
        downloads = asyncio.Semaphore(DOWNLOADS)
        self._means = Means(
            backend, library, limit, slots, opening, downloads, self.resume_stopped, self._note_stop, times
        )

    @property
    def of_parent(self) -> bool:
        """Whether this is a forked child's copy of its parent's."""
        return os.getpid() != self._process

    def resize(self, count: int) -> None:
        """From now on at most so many jobs are with the service at a time. From any thread."""
        engine().run(lambda: self._means.slots.resize(count))

    def hold(self, put_back: Callable[[VideoJob, RuncrateError], bool]) -> None:
        """Has `put_back` asked of each that is refused whether it waits on. Before any is begun."""
        self._means = replace(self._means, put_back=put_back)

    def wanted(self) -> list[VideoJob]:
        """The jobs under way that a person asked for. From any thread."""
        return [job for job in list(self._runs) if job._wanted]

    def may_be_sent(self) -> bool:
        """Whether a job that was not sent yet is on its way, or has a place to be. From any thread."""
        runs = list(self._runs.values())
        return any(run.sending.active for run in runs) or not self._means.slots.locked()

    def start_soon(self, job: VideoJob, lease: Lease | None = None) -> None:
        """As `start`; returns at once. From any thread."""
        engine().call(self.start, job, lease)

    def start(self, job: VideoJob, lease: Lease | None = None) -> None:
        """Has a job carried on, with its lease if it is ours already."""
        if self.closed:
            if lease is not None:
                lease.release()
            job._show(error=closed(job.record))
            job._settle()
            return
        at_rest.discard(job)
        job._show()
        run = Run(job, self._means, lease)
        self._runs[job] = run
        self._tasks[job] = engine().spawn(run.carry())
        self._tasks[job].add_done_callback(lambda _: self._ended(job, run))

    def _ended(self, job: VideoJob, run: Run) -> None:
        if self._runs.get(job) is run:
            del self._runs[job], self._tasks[job]

    def _begin_again(self, job: VideoJob) -> None:
        if job.done:
            job._renew()
            self.start(job)

    def close(self) -> None:
        """Lets all jobs go. Waits for the answer of a submit that is on its way. From any thread."""
        if self.of_parent:  # a forked child's copy: the parent goes on
            return
        self.closed = True
        if engine().here:
            engine().spawn(self.let_go())
        else:
            engine().submit(self.let_go).result()

    async def let_go(self) -> None:
        """Ends all runs, but for a request that is on its way: that is waited for."""
        runs = dict(self._runs)
        tasks = [self._tasks[job] for job in runs]
        for job, run in runs.items():
            run.sending.leaving = True
            if not run.sending.under_way:
                self._tasks[job].cancel()
        await asyncio.gather(*tasks, *self.writing, return_exceptions=True)
        await self._backend.connections.close()

    def resume_stopped(self) -> None:
        """Goes on with what the key or the credits stopped."""
        raise NotImplementedError

    def _note_stop(self, job: VideoJob, error: RuncrateError) -> None:
        raise NotImplementedError
