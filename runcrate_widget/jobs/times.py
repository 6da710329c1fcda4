"""`Times`: how long videos took the service, by what was asked for. Kept, so that nobody has to look through
all records for it again."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from bisect import insort
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import Record, now

from . import polling
from .estimate import LATEST, Estimate
from .known import known_records
from .loop import in_thread
from .schedule import LATEST as LATEST_SEEN
from .schedule import Schedule

_LOOK_EVERY = 60.0  # seconds: what other processes have made is news that can wait
_LONGEST = 24 * 3600.0  # seconds: nothing takes so long; a clock was moved
_LONGEST_BLIND = 150.0  # seconds: longer than any schedule is quiet; the machine slept

_AHEAD = timedelta(minutes=2)  # of our clock: so far another machine's may be

#: What makes videos alike: the model, the duration, the service.
_Kind: TypeAlias = tuple[str, "int | None", str]


class Times:
    """The latest times of each kind of video in a library. For any thread, but `of` may look through the
    folder."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._looking = threading.Lock()
        self._looked = -_LOOK_EVERY
        self._first_look: asyncio.Task[None] | None = None
        self._lock = threading.Lock()  # for all that follows, and never while the folder is looked through
        self._known: set[str] = set()  # names of records
        self._heard: deque[Record] = deque()  # of this process, and not counted yet
        self._by_kind: dict[_Kind, _Latest] = {}

    def note(self, record: Record) -> None:
        """A video was just made here."""
        self._heard.append(record)

    def of(self, model: str, duration: int | None, service: str) -> Estimate:
        """What is known of such videos."""
        self._look()
        found = self._find((model, duration, service))
        return found.estimate() if found else Estimate(())

    async def schedule(self, model: str, duration: int | None, service: str) -> Schedule:
        """When to ask for such a video. In the engine's thread; only the first call waits for the folder to
        be looked through."""
        first = self._first_look
        if first is None or first.get_loop() is not asyncio.get_running_loop():  # a forked child has its own
            first = self._first_look = asyncio.ensure_future(in_thread(self._looked_once))
        if not first.done():
            await asyncio.shield(first)
        found = self._find((model, duration, service))
        return found.schedule() if found else Schedule()

    def _looked_once(self) -> None:
        with contextlib.suppress(RuncrateError):  # a folder that cannot be read is told of elsewhere
            self._look()

    def _look(self) -> None:
        with self._looking:
            if time.monotonic() - self._looked < _LOOK_EVERY:
                return
            records = known_records(self._library)
            with self._lock:
                self._take(records)
            self._looked = time.monotonic()

    def _find(self, kind: _Kind) -> _Latest | None:
        with self._lock:
            while self._heard:
                self._take([self._heard.popleft()])
            return self._by_kind.get(kind)

    def _take(self, records: Iterable[Record]) -> None:
        for record in records:
            line = record.timeline
            if line.ready is None or record.name in self._known:
                continue
            self._known.add(record.name)
            if line.submitted is None or line.unseen is None or line.unseen > _LONGEST_BLIND:
                continue
            took = (line.ready - line.submitted).total_seconds()
            if not 0 < took < _LONGEST or line.ready > now() + _AHEAD:
                continue
            kind = record.model, record.request.duration, record.service
            latest = self._by_kind.setdefault(kind, _Latest())
            latest.see(line.ready, took, line.unseen)
            if line.made_in is not None:
                latest.add(line.ready, line.queued_for, line.making, line.made_in)


class _Latest:
    """The latest times of one kind: of the queue, of the making, of both; and what follows from them."""

    def __init__(self) -> None:
        self._times: tuple[list[tuple[datetime, float]], ...] = ([], [], [])
        self._seen: list[tuple[datetime, float, float]] = []
        self._schedule, self._news, self._computed = Schedule(), 0, 0.0

    def see(self, ready: datetime, took: float, blind: float) -> None:
        """For the schedule, a time counts however long nobody looked: that is accounted for."""
        if len(self._seen) < LATEST_SEEN or ready > self._seen[0][0]:
            insort(self._seen, (ready, took, blind))
            del self._seen[:-LATEST_SEEN]
            self._news += 1

    def schedule(self) -> Schedule:
        """Computed anew (2 ms) where an eighth of it is new, and no more often than a job is asked for: many
        that end together cost little."""
        due = not self._schedule.moments or time.monotonic() - self._computed > polling.closest()
        if due and self._news > len(self._seen) // 8:
            self._computed = time.monotonic()
            self._schedule = Schedule.of((took, blind) for _, took, blind in reversed(self._seen))
            self._news = 0
        return self._schedule

    def add(self, ready: datetime, *took: float | None) -> None:
        for times, seconds in zip(self._times, took, strict=True):
            if seconds is None or seconds < 0:  # a clock was set back
                continue
            if len(times) < LATEST or ready > times[0][0]:
                insort(times, (ready, seconds))
                del times[:-LATEST]

    def estimate(self) -> Estimate:
        queue, making, whole = (
            Estimate.of(seconds for _, seconds in reversed(times)) for times in self._times
        )
        return Estimate(whole.times, queue, making)
