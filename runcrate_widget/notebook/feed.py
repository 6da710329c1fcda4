"""What a widget hears of its jobs, and when it tells its views: at most ten times a second, and only what is
new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from runcrate_widget.jobs.loop import engine

from .joblist import JobList
from .live import Saved, call_engine

if TYPE_CHECKING:
    from runcrate_widget.jobs.job import VideoJob

    from .delivery import Push

_EVERY = 0.1  # seconds: Jupyter drops messages in silence when there are too many
_MOST_AT_ONCE = 40  # rows in one update; the others follow in the next
_AT_REST = 2.0  # seconds without a change


class Feed:
    """The jobs of a widget, for its views (`list`, `push`) and for what stays of it in the notebook
    (`saved`).

    `tell(first=…)` or `tell(changed=…)` sets those traits, in the engine's thread.
    """

    def __init__(self, push: Push, tell: Callable[..., Any]) -> None:
        self.list = JobList(self._changed)
        self.push = push
        self.saved: Saved | None = None
        self._tell = tell
        self._first = self.list.first()
        self._timer: asyncio.TimerHandle | None = None  # of the next update
        self._resting = True
        self.closed = False

    @property
    def resting(self) -> bool:
        """Whether nobody looks."""
        return self._resting

    # From any thread

    def add(self, jobs: Iterable[VideoJob]) -> None:
        """These jobs belong to the widget from now on."""
        new = [job for job in jobs if self.list.add(job)]
        for job in new:
            self.push.look(job, new=True)
        # What was here already wakes nobody: the library is looked through beside, and may find it again.
        if new:
            self._wake(list(self.list.jobs) if self._resting else new)

    def sent_again(self, job: VideoJob) -> None:
        """Another job was sent in the place of this unconfirmed one: nothing is to be decided any more."""
        self.list.sent_again(job)
        if job.key in self.list:
            engine().call(self._changed, job)

    def wake(self) -> None:
        """Somebody looks."""
        if self._resting:
            self._wake(list(self.list.jobs))

    def rest(self) -> None:
        """Nobody looks: there is no listener, no timer and no task of it, until it is woken."""
        self._resting = True
        self.list.rest()
        if self.saved:
            self.saved.close()
        call_engine(self.push.close)
        call_engine(self._cancel)

    def close(self) -> None:
        """Nobody will look again."""
        self.closed = True
        self.rest()

    def _wake(self, jobs: list[VideoJob]) -> None:
        if self.closed:
            return
        self._resting = False
        self.list.listen()
        engine().call(self._mark, jobs)

    # In the engine's thread

    def _mark(self, jobs: list[VideoJob]) -> None:
        for job in jobs:
            self._changed(job)

    def _changed(self, job: VideoJob) -> None:
        self.push.look(job, new=False)
        self.list.mark(job)
        self._within(_EVERY, self.update)

    def _within(self, seconds: float, update: Callable[[], None]) -> None:
        loop = engine().loop
        if self._timer is not None and self._timer.when() > loop.time() + seconds:
            self._cancel()
        if self._timer is None and not self._resting:
            self._timer = loop.call_later(seconds, update)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def update(self) -> None:
        """Tells the views what is new, now."""
        self._cancel()
        since, heard = self.list.revision, self.push.is_heard
        rows = self.list.take(_MOST_AT_ONCE if heard else None)
        if rows and heard:
            self._tell(changed=dict(self.list.changed(since, rows)))
        elif rows:
            # A view that was never heard may be without some changes, and cannot ask while a cell runs.
            self._tell_first()
        if self.saved and any(row["video"] or row["status"] == "downloading" for row in rows):
            self.saved.show(self.list.jobs)
        if self.list.due:
            self._within(_EVERY, self.update)
        elif not self.list.moving:
            self._within(_AT_REST, self._tell_first)

    def _tell_first(self) -> None:
        # At rest, too: what a notebook saves is what was said last. But not in the answer to a message, where
        # a host may take it that takes nothing else from this thread, and look as if it took everything.
        self._cancel()
        if self._first["revision"] != self.list.revision:
            self._first = self.list.first()
            self._tell(first=dict(self._first))
