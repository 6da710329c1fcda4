"""The jobs of a widget as the rows that its views have: what has changed since when, and what has not ended.

A page holds a few of thousands of rows. Each row carries the revision at which it last changed, so that
whatever gets lost on the way is noticed, and asked for again, row by row.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from runcrate_widget.library.attempts import nothing_came

from .rows import job_row
from .state_messages import ENDED, ChangedRows, FirstRows, JobRow

if TYPE_CHECKING:
    from runcrate_widget.jobs.job import VideoJob

    from .messages import RowsPayload, RowsRequest

PAGE = 20  # rows: the newest, whatever became of them
_MOST_OPEN = 40  # rows of unfinished jobs beside the first page; the others a view asks for
_MOST_ASKED = 200  # rows in one answer


@dataclass
class _Entry:
    job: VideoJob
    unsubscribe: Callable[[], None] | None = None
    revision: int = 0
    said: int | None = None  # the hash of the row that was said last


class JobList:
    """The jobs, and what of each is still to be said. `changed(job)` is called in the engine's thread.

    Jobs may be added, and pages read, in any thread; `take` is the engine's.
    """

    def __init__(self, changed: Callable[[VideoJob], None]) -> None:
        #: Oldest first.
        self.jobs: list[VideoJob] = []
        #: Every change up to it has been taken.
        self.revision = 0
        self._changed = changed
        self._entries: dict[str, _Entry] = {}
        self._open: dict[str, VideoJob] = {}  # those that have not ended, or that failed and need somebody
        self._waiting: set[str] = set()  # keys of those of them that wait for their turn
        self._sent_again: set[str] = set()  # keys of those that others were sent for
        self._due: dict[str, VideoJob] = {}  # those that have changed since they were taken, in that order
        self._lock = threading.RLock()

    def find(self, key: object) -> VideoJob | None:
        """The job of this key."""
        entry = self._entries.get(key) if isinstance(key, str) else None
        return entry.job if entry else None

    def __contains__(self, key: object) -> bool:
        return self.find(key) is not None

    def add(self, job: VideoJob) -> bool:
        """Puts a job in its place; whether it is new here."""
        with self._lock:
            if job.key in self._entries:
                return False
            self._entries[job.key] = _Entry(job)
            self._sort(job)
            # In its place at once: while a list is sorted, other threads see it empty.
            insort(self.jobs, job, key=_order)
        return True

    def sent_again(self, job: VideoJob) -> None:
        """Another was sent for this job, whether it is in the list or not."""
        self._sent_again.add(job.key)

    def listen(self) -> None:
        """Hears of every change of its jobs, until `rest`."""
        with self._lock:
            for entry in self._entries.values():
                if entry.unsubscribe is None:
                    entry.unsubscribe = entry.job.subscribe(partial(self._changed, entry.job))

    def rest(self) -> None:
        """Hears of nothing any more."""
        with self._lock:
            for entry in self._entries.values():
                if entry.unsubscribe is not None:
                    entry.unsubscribe()
                    entry.unsubscribe = None

    def mark(self, job: VideoJob) -> None:
        """The job may have changed. In the engine's thread."""
        with self._lock:
            self._due[job.key] = job
            self._sort(job)
            if self._sent_again and nothing_came(job.record):
                self._decide_again(job)

    def _decide_again(self, failed: VideoJob) -> None:
        """Nothing came of what was sent again: unless another was sent since, the one that may have been
        taken waits for a decision once more."""
        same = [job for job in self.jobs if (job.take, job.request) == (failed.take, failed.request)]
        same = [job for job in same if job.record.service == failed.record.service]
        if all(job.status == "unconfirmed" or nothing_came(job.record) for job in same):
            latest = max(one.record.attempt for one in same)
            for job in same:
                later = any(
                    one.status == "unconfirmed" and one.record.attempt > job.record.attempt for one in same
                )
                if failed.record.attempt == latest and job.status == "unconfirmed" and not later:
                    self._sent_again.discard(job.key)
                    self._due[job.key] = job

    def at_rest(self) -> list[VideoJob]:
        """Those that wait for a person: nothing moves them here, but another notebook may."""
        with self._lock:
            return [job for job in self._open.values() if job.done]

    def waiting(self) -> list[VideoJob]:
        """Those that wait for their turn, the last first."""
        with self._lock:
            return sorted((self._open[key] for key in self._waiting), key=_order, reverse=True)

    @property
    def due(self) -> bool:
        """Whether there is something to take."""
        return bool(self._due)

    @property
    def moving(self) -> bool:
        """Whether a job goes on by itself."""
        with self._lock:
            return any(not job.done for job in self._open.values())

    def take(self, most: int | None = None) -> list[JobRow]:
        """The rows that are others than when they were last taken, the oldest changes first, at most
        `most`."""
        rows: list[JobRow] = []
        with self._lock:
            while self._due and len(rows) != most:
                key = next(iter(self._due))
                entry, row = self._entries[key], self._row(self._due.pop(key), 0)
                said = hash(repr(row))
                if said != entry.said:
                    entry.said = said
                    row["revision"] = entry.revision = self.revision + 1
                    rows.append(row)
            if rows:
                self.revision += 1
        return rows

    def changed(self, since: int, rows: list[JobRow]) -> ChangedRows:
        """These rows, as the view is told of them."""
        return ChangedRows(
            since=since,
            revision=self.revision,
            total=len(self.jobs),
            open=len(self._open),
            waiting=len(self._waiting),
            rows=rows,
        )

    def changed_since(self, seen: int) -> ChangedRows | None:
        """What a view needs that has every change up to `seen`; None if it had better begin anew."""
        with self._lock:
            late = [entry for entry in self._entries.values() if entry.revision > seen]
            if len(late) > _MOST_ASKED:
                return None
            late.sort(key=lambda entry: entry.revision)
            return self.changed(seen, self._rows(entry.job for entry in late))

    def first(self) -> FirstRows:
        """What a view begins with: the newest page, and whatever is not finished: what is to be decided, what
        is under way, and what waits for its turn, the next first."""
        with self._lock:
            newest = self.jobs[: -PAGE - 1 : -1]
            shown = {job.key for job in newest}
            older = [job for job in self._open.values() if job.key not in shown]
            older.sort(key=_order)
            older.sort(key=lambda job: (not self._undecided(job), job.key in self._waiting))
            return FirstRows(
                revision=self.revision,
                total=len(self.jobs),
                open=len(self._open),
                waiting=len(self._waiting),
                newest=len(newest),
                rows=self._rows([*newest, *older[:_MOST_OPEN]]),
            )

    def page(self, asked: RowsRequest) -> RowsPayload:
        """A part of those that have not ended, after a place."""
        with self._lock:
            waiting, after = asked["waiting"], asked["after"]
            jobs = [job for key, job in self._open.items() if (key in self._waiting) == waiting]
            if after:
                place = float(after["started"]), str(after["key"])
                jobs = [one for one in jobs if (_order(one) > place if waiting else _order(one) < place)]
            jobs.sort(key=_order, reverse=not waiting)
            count = max(1, min(asked["count"], _MOST_ASKED))
            return {"rows": self._rows(jobs[:count]), "more": len(jobs) > count}

    def _rows(self, jobs: Iterable[VideoJob]) -> list[JobRow]:
        return [self._row(job, self._entries[job.key].revision) for job in jobs]

    def _row(self, job: VideoJob, revision: int) -> JobRow:
        settled = self._settled(job)
        return job_row(job, revision, undecided=self._undecided(job), settled=settled)

    def _settled(self, job: VideoJob) -> bool:
        return job.key in self._sent_again or job.record.choice.hidden

    def _sort(self, job: VideoJob) -> None:
        if job.status not in ENDED or (job.status == "failed" and not self._settled(job)):
            self._open[job.key] = job
        else:
            self._open.pop(job.key, None)
        # One that nobody carries has an error, and no turn to wait for.
        waits = job.status == "waiting" and job.error is None
        (self._waiting.add if waits else self._waiting.discard)(job.key)

    def _undecided(self, job: VideoJob) -> bool:
        return job.status == "unconfirmed" and job.key not in self._sent_again


def _order(job: VideoJob) -> tuple[float, str]:
    return job.started, job.key
