"""`Times`: how long videos took the service, by what was asked for. Kept, so that nobody has to look through
all records for it again."""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

from runcrate_widget.library.library import Library
from runcrate_widget.library.record import Record

from .estimate import LATEST, Estimate
from .known import known_records

_LOOK_EVERY = 60.0  # seconds: what other processes have made is news that can wait

#: What makes videos alike: the model, the duration, the service.
_Kind: TypeAlias = tuple[str, "int | None", str]


class Times:
    """The latest times of each kind of video in a library. For any thread, but `of` may look through the
    folder."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._looked = -_LOOK_EVERY
        self._known: set[str] = set()  # names of records
        self._heard: deque[Record] = deque()  # of this process, and not counted yet
        self._by_kind: dict[_Kind, _Latest] = {}

    def note(self, record: Record) -> None:
        """A video was just made here."""
        self._heard.append(record)

    def of(self, model: str, duration: int | None, service: str) -> Estimate:
        """What is known of such videos."""
        with self._lock:
            if time.monotonic() - self._looked >= _LOOK_EVERY:
                self._take(known_records(self._library))
                self._looked = time.monotonic()
            while self._heard:
                self._take([self._heard.popleft()])
            found = self._by_kind.get((model, duration, service))
        return found.estimate() if found else Estimate(())

    def _take(self, records: Iterable[Record]) -> None:
        for record in records:
            line = record.timeline
            if line.ready is None or record.name in self._known:
                continue
            self._known.add(record.name)
            if line.made_in is not None:
                kind = record.model, record.request.duration, record.service
                latest = self._by_kind.setdefault(kind, _Latest())
                latest.add(line.ready, line.queued_for, line.making, line.made_in)


class _Latest:
    """The latest times of one kind: of the queue, of the making, and of both."""

    def __init__(self) -> None:
        self._times: tuple[list[tuple[datetime, float]], ...] = ([], [], [])

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
