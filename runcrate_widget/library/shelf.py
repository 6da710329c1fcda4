"""`Shelf`: a library's records in memory, for who looks at all of them: a question is answered by what is
known, and the folder is looked through in a thread beside.

What this process writes is known at once; what others write, when the folder was looked through next.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakMethod

from .entry import Entry
from .record import Record

if TYPE_CHECKING:
    from .question import Question
    from .stacks import Overview, Stacks

#: Seconds between two looks at the folder, while somebody asks.
LOOK_EVERY = 3.0
_SURELY_EVERY = (
    20.0  # also where the folder's own time says that nothing happened: a file may be written into
)
_REMEMBERED = 16  # answers
_GOES_ON = ("waiting", "submitting", "queued", "processing", "downloading")

_T = TypeVar("_T")

_versions = itertools.count(1)  # of all shelves: another one's is another number

_log = logging.getLogger("runcrate_widget")


class Shelf:
    """What is known of a library; `read` reads all its records, `changed` is another when one has changed, or
    None. For any thread.

    Attributes:
        version: moves when anything of an entry has; 0 until all were read once.
    """

    def __init__(self, changed: Callable[[], int | None], read: Callable[[], Sequence[Record]]) -> None:
        self.version = 0
        self._changed = changed
        self._read = read
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}  # by the records' names; replaced, and never changed
        self._by_key: dict[str, Entry] | None = None  # newest first
        self._written: dict[str, tuple[int, Record]] = {}  # here, and not yet seen in the folder
        self._writes = 0
        self._scan: Future[None] | None = None
        self._scanned = 0.0
        self._pause = LOOK_EVERY
        self._surely = 0.0
        self._mark: int | None = None
        self._listeners: list[WeakMethod[Callable[[], None]]] = []
        self._answers: dict[object, Any] = {}  # of this version

    # What is known.

    def find(self, key: object) -> Entry | None:
        """The entry of this key."""
        return self._known().get(key) if isinstance(key, str) else None

    def seen(self, name: str) -> Record | None:
        """The record of this name, as it was seen last."""
        entry = self._entries.get(name)
        return entry.record if entry else None

    def unfinished(self) -> list[Record]:
        """The records of jobs that go on by themselves, the newest first, as others have written them: not
        what was written here since the last look."""
        here = self._written
        records = [one.record for one in self._entries.values() if one.status in _GOES_ON]
        records = [one for one in records if one.name not in here]
        return sorted(records, key=lambda one: one.created, reverse=True)

    def stacks(self, asked: Question) -> tuple[int, Stacks]:
        """What a question finds, and of which version that is."""
        from .stacks import stacked  # with the first question: seldom the first thing that is wanted

        version = self.version
        return version, self._remembered(
            ("stacks", asked),
            lambda: stacked(self._base(asked, hidden=asked.hidden), asked),
        )

    def overview(self, asked: Question) -> Overview:
        """What there is to choose from."""
        from .stacks import overview

        def made() -> Overview:
            away = len(self._base(asked, hidden=True))
            return overview(self._base(asked, hidden=asked.hidden), away)

        return self._remembered(("overview", asked.status, asked.hidden), made)

    def _base(self, asked: Question, *, hidden: bool) -> Sequence[Entry]:
        from .stacks import base

        return self._remembered(
            ("base", asked.status, hidden), lambda: base(list(self._known().values()), asked, hidden=hidden)
        )

    def _remembered(self, question: object, answer: Callable[[], _T]) -> _T:
        """The answer of this version; worked out without the lock, which whoever writes may wait for."""
        with self._lock:
            version = self.version
            known = self._answers.pop(question, None)
        found: _T = answer() if known is None else known
        with self._lock:
            if version == self.version:
                self._answers[question] = found
                while len(self._answers) > _REMEMBERED:
                    self._answers.pop(next(iter(self._answers)))
        return found

    def takes(self, entry: Entry) -> int:
        """How many there are of its stack, of the same status, put away or not as it is."""
        like = entry.stack, entry.status, entry.hidden
        return sum((one.stack, one.status, one.hidden) == like for one in self._entries.values())

    def _known(self) -> dict[str, Entry]:
        """By their keys, newest first. A copy of a record has its key as well; the one counts that has its
        name."""
        known, entries = self._by_key, self._entries
        if known is None:
            kept: dict[str, Entry] = {}
            for one in entries.values():
                other = kept.get(one.key)
                if other is None or _is_named_so(one) > _is_named_so(other):
                    kept[one.key] = one
            newest = sorted(kept.values(), key=lambda one: (one.created, one.key), reverse=True)
            known = {one.key: one for one in newest}
            with self._lock:
                if self._entries is entries:
                    self._by_key = known
        return known

    # How it is known.

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Has this method called, in any thread, when the version has moved, as long as its object lives."""
        with self._lock:
            self._listeners = [one for one in self._listeners if one() is not None]
            self._listeners.append(WeakMethod(listener))

    def note(self, record: Record) -> None:
        """This process has written this record."""
        with self._lock:
            if self._scan is None:  # nobody has ever looked
                return
            self._writes += 1
            self._written[record.name] = self._writes, record
            new, old = _entries([record]), self._entries.get(record.name)
            moved = bool(self.version and new) and not (old and new[record.name].shows_the_same(old))
            if new:
                self._entries = {**self._entries, **new}
        if moved:
            self.touch()

    def look(self) -> Future[None]:
        """Has the folder looked through, unless that was done just now. What it returns is done when
        something is known, and raises LibraryError if the folder cannot be read."""
        with self._lock:
            done = self._scan is None or self._scan.done()
            if done and (not self.version or time.monotonic() - self._scanned > self._pause):
                self._scan = _in_thread(self._look)
            if self.version or self._scan is None:
                known: Future[None] = Future()
                known.set_result(None)
                return known
            return self._scan

    def _look(self) -> None:
        begun = time.monotonic()
        try:
            mark, began = self._changed(), self._writes
            surely = time.monotonic() - self._surely > _SURELY_EVERY
            if self.version and mark is not None and mark == self._mark and not surely:
                return
            records = self._read()
            self._surely, self._mark = time.monotonic(), mark
            known = self._entries
            kept = {name: known[name] for one in records if _is_of(known.get(name := one.name), one)}
            fresh = _entries([one for one in records if one.name not in kept])
            with self._lock:
                # What was written while it was read.
                self._written = {
                    name: (count, one) for name, (count, one) in self._written.items() if count > began
                }
                late = _entries([one for _, one in self._written.values()])
                entries = {**kept, **fresh, **late}
                moved = not self.version or not _same(self._entries, entries)
                self._entries = entries
                self.version = self.version or next(_versions)
            if moved:
                self.touch()
        finally:
            self._scanned = time.monotonic()
            # Of a folder that takes long, a twentieth of the time at most.
            self._pause = max(LOOK_EVERY, 20 * (self._scanned - begun))

    def touch(self) -> None:
        """Something that is shown is another than before: every answer is worked out anew."""
        with self._lock:
            self._by_key = None
            self._answers.clear()
            if self.version:
                self.version = next(_versions)
        self._tell()

    def _tell(self) -> None:
        for one in list(self._listeners):
            listener = one()
            if listener is not None:
                try:
                    listener()
                except Exception:  # its fault must not become the record's
                    _log.exception("A listener of the shelf failed")


def _entries(records: Sequence[Record]) -> dict[str, Entry]:
    """Entries by their records' names. One that cannot be shown hides no other."""
    made = {}
    for record in records:
        try:
            made[record.name] = Entry(record)
        except Exception:
            _log.exception("A record cannot be shown: %r", record.name)
    return made


def _same(before: dict[str, Entry], after: dict[str, Entry]) -> bool:
    """Whether nothing that is shown of them differs."""
    return before.keys() == after.keys() and all(
        one is before[name] or one.shows_the_same(before[name]) for name, one in after.items()
    )


def _is_of(entry: Entry | None, record: Record) -> bool:
    return entry is not None and entry.record is record


def _is_named_so(entry: Entry) -> bool:
    return entry.record.name.endswith(f"-{entry.key}")


def _in_thread(work: Callable[[], None]) -> Future[None]:
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(None)

    # Not of a pool: a program that ends just then would wait for it, or complain.
    threading.Thread(target=run, name="runcrate_widget shelf", daemon=True).start()
    return future
