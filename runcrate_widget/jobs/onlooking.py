"""`Onlooking`: jobs of a client that carries none. They are left to a carrier, and looked at.

One look through the library tells of all of them, however many there are.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from runcrate_widget.errors import LibraryError, RuncrateError
from runcrate_widget.library.at_work import carrier_of, waits_for
from runcrate_widget.library.record import JobStatus, Record
from runcrate_widget.library.store import Lease

from .ends import End, closed, recorded_end
from .handing import hand_over
from .job import VideoJob
from .living import at_rest, living, newer, onlooked
from .loop import engine, in_thread
from .runs import Runs

#: Seconds between two looks; of a library that takes long, a tenth of the time at most.
LOOK_EVERY = 1.0
_SHARE = 10
_HAND_OVER_EVERY = 10  # looks: whether nobody has in hand what another notebook was to send
_GONE = 2  # looks: a record that is not there may be there at the next

_log = logging.getLogger("runcrate_widget")


class _Seen(NamedTuple):
    """What one look has found of a job; `record` is None where that is gone."""

    job: VideoJob
    record: Record | None
    end: End | None


class Onlooking(Runs):
    """Nothing is sent, asked or fetched here. In the engine's thread, but for what says otherwise."""

    carries = False

    def __init__(self, *given: Any, **how: Any) -> None:
        super().__init__(*given, **how)
        self._watched: dict[str, VideoJob] = {}
        self._missed: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._looks = 0
        self._note = waits_for(self._library, None, self._backend.service)

    def start_soon(self, job: VideoJob, lease: Lease | None = None) -> None:
        # Known at once: a client that sends may be asked for it before the engine comes to it, and takes it.
        onlooked.add(job)
        engine().call(self._look_at, job, lease)

    def start(self, job: VideoJob, lease: Lease | None = None) -> None:
        """Has a job looked at until it ends."""
        onlooked.add(job)
        self._look_at(job, lease)

    def _look_at(self, job: VideoJob, lease: Lease | None) -> None:
        if lease is not None:
            lease.release()
        if job not in onlooked:  # another client has taken it
            return
        if self.closed:
            onlooked.discard(job)
            self._let_go_of(job)
            return
        at_rest.discard(job)
        self._show(job)
        self._watched[job.record.name] = job
        if self._task is None:
            self._task = engine().spawn(self._look())

    def _show(self, job: VideoJob) -> None:
        note = self._note if job.record.status is JobStatus.WAITING else ""
        shown = job.status, job.id, job.note, job.demo
        if shown != (job.record.status, job.record.id, note, job.record.demo) or job.error or job.video:
            job._show(note=note)

    async def _look(self) -> None:
        try:
            while self._watched:
                began = time.monotonic()
                try:
                    note, seen = await in_thread(self._seen, list(self._watched.values()))
                except LibraryError as error:
                    note, seen = error.message, []
                except Exception:  # a fault of ours must not leave somebody waiting for ever
                    if engine().ending:
                        return
                    _log.exception("The library could not be looked through")
                    note, seen = self._note, []
                self._note = note
                for one in seen:
                    self._take_in(one)
                for name, job in list(self._watched.items()):
                    if job.done or job not in onlooked:  # it was cancelled; or another client carries it here
                        del self._watched[name]
                    else:
                        self._show(job)
                await asyncio.sleep(max(LOOK_EVERY, _SHARE * (time.monotonic() - began)))
        finally:
            self._task = None

    def _seen(self, jobs: Sequence[VideoJob]) -> tuple[str, list[_Seen]]:
        """In a thread: what is to be said of those that wait, and those whose record is another one."""
        library, self._looks = self._library, self._looks + 1
        service = self._backend.service
        note = waits_for(library, carrier_of(library), service)
        known = {one.name: one for one in library.unfinished(service)}
        seen = []
        for job in jobs:
            before = job.record
            record = known.get(before.name)
            if record is None:  # it is over, or gone
                record = library.reread(before)
                if record is before and library.store.read(before.name) is None:
                    seen.append(_Seen(job, None, None))
                    continue
            elif job._wanted and not self._looks % _HAND_OVER_EVERY:  # whose notebook may have ended
                record = hand_over(library, record)
            if record is not before:
                seen.append(_Seen(job, record, _end_of(record)))
        return note, seen

    def _take_in(self, seen: _Seen) -> None:
        job, record, end = seen
        name = job.record.name
        if job.done or job not in onlooked:
            return
        self._missed[name] = self._missed.get(name, 0) + 1 if record is None else 0
        if record is None and self._missed[name] >= _GONE:
            end = End(error=RuncrateError("Its record is not in the library any more.", kind="not_found"))
        elif record is not None:
            job.record = newer(job.record, record)
        if end is not None:
            self._watched.pop(name, None)
            self._missed.pop(name, None)
            onlooked.discard(job)
            job._show(error=end.error, video=end.video)
            job._settle()

    def take_in(self, record: Record) -> None:
        """A record was written past its job, if that lives: then it shows what is so now."""
        job, end = living.get((record.folder, record.name)), _end_of(record)
        if job is None:
            return
        if job.done and end is not None and job.status != record.status:  # its client was closed
            job._renew()
            onlooked.add(job)
        self._take_in(_Seen(job, record, end))

    async def let_go(self) -> None:
        """Looks at them no more: they go on all the same."""
        for job in list(self._watched.values()):
            if not job.done and job in onlooked:
                onlooked.discard(job)
                self._let_go_of(job)
        self._watched.clear()
        await super().let_go()

    def _let_go_of(self, job: VideoJob) -> None:
        job._show(error=closed(job.record))
        job._settle()


def _end_of(record: Record) -> End | None:
    end = recorded_end(record)
    if end is None and record.status is JobStatus.COMPLETED:
        message = f"It is made, and its file is not there: {record.path}."
        hint = f"With a key, `runcrate-widget get {record.id}` brings it back."
        return End(error=RuncrateError(message, hint, kind="not_found"))
    return end
