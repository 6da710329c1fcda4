"""Who carries a job: an object a job, which names the process (alive.py) that does.

It is a matter of order, and never the right to send: that is the record itself, which one writer alone can
take from `waiting` to `submitting`.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
from pathlib import Path
from queue import Empty, SimpleQueue

from runcrate_widget.errors import LibraryError

from .alive import RENEWED_EVERY, Others, Presence, clock
from .bucket import Bucket

_LOOK_EVERY = 4.0  # seconds, at a lease that another process has
_PATIENCE = 10.0  # seconds, for one that is being given back here


class LeaseObject:
    """The right to carry one job."""

    def __init__(self, of: Leases, name: str, presence: Presence, *, sure: bool) -> None:
        #: Whether nobody else is at work with the job: nobody had it, or who had it gave it back.
        self.sure = sure
        self.name = name
        self.presence = presence
        self._of = of
        self._over = False

    def held(self) -> bool:
        """Whether it is still ours: without a request, by when this process was last known to be alive."""
        return not self._over and self.presence.valid()

    def release(self) -> None:
        """Gives it back, soon; a second call does nothing."""
        if not self._over:
            self._over = True
            self._of.give_back(self)


class Leases:
    """Of one store. For any thread."""

    def __init__(self, bucket: Bucket, cache: Path) -> None:
        self._bucket = bucket
        self._cache = cache
        self._others = Others(bucket, cache)
        self._lock = threading.Lock()
        self._presence: Presence | None = None
        self._mine: dict[str, threading.Event] = {}  # by name: set when it was given back
        self._returning: set[threading.Event] = set()  # of those that are on their way
        self._theirs: dict[str, tuple[str, float]] = {}  # by name: whose it was, and when that was seen
        self._back: SimpleQueue[LeaseObject | None] = SimpleQueue()
        self._undone: dict[str, LeaseObject] = {}  # by name: the store did not let them be given back yet
        self._giver: threading.Thread | None = None

    def take(self, name: str) -> LeaseObject | None:
        """The lease of the job `name`; None if another has it, here or elsewhere. Raises LibraryError."""
        with self._lock:
            back = self._mine.get(name)
        if back is not None and not self._is_back(back):
            return None
        if self._is_known_theirs(name):
            return None
        presence = self._alive()
        path, content = f"leases/{name}", presence.token.encode()
        with self._lock:
            if name in self._mine:
                return None
            mine = self._mine[name] = threading.Event()
        taken = None
        try:
            if self._bucket.create(path, content):
                taken = LeaseObject(self, name, presence, sure=True)
            elif (found := self._bucket.get(path)) is not None:
                owner = found.content.decode("ascii", "replace")
                if owner == presence.token or self._others.gone(owner):
                    # With our own name: given back, and that never arrived.
                    if self._bucket.replace(path, content, found.tag):
                        taken = LeaseObject(self, name, presence, sure=False)
                else:
                    self._theirs[name] = owner, clock()
            if taken is not None:
                with self._lock:
                    self._undone.pop(name, None)
            return taken
        finally:
            if taken is None:
                with self._lock:
                    self._mine.pop(name, None)
                mine.set()

    def has(self, name: str) -> bool:
        """Whether a process that lives has the job. Raises LibraryError."""
        with self._lock:
            if name in self._mine:
                return True
        if self._is_known_theirs(name):
            return True
        found = self._bucket.get(f"leases/{name}")
        if found is None:
            return False
        owner = found.content.decode("ascii", "replace")
        mine = self._presence is not None and owner == self._presence.token
        if mine or self._others.gone(owner):
            return False
        self._theirs[name] = owner, clock()
        return True

    def _is_known_theirs(self, name: str) -> bool:
        owner, seen = self._theirs.get(name, ("", float("-inf")))
        if clock() - seen < _LOOK_EVERY and not self._others.gone(owner):
            return True
        self._theirs.pop(name, None)
        return False

    def _is_back(self, back: threading.Event) -> bool:
        """Waits for one that is being given back. False: it is in use."""
        return back in self._returning and back.wait(_PATIENCE)

    def _alive(self) -> Presence:
        with self._lock:
            if self._presence is None or self._presence.lost:
                if self._presence is None:
                    atexit.register(self.end)
                self._presence = Presence(self._bucket, self._cache)
            return self._presence

    def give_back(self, lease: LeaseObject) -> None:
        """In a thread of its own, in order: who does so may be the engine's thread."""
        with self._lock:
            back = self._mine[lease.name]
            self._returning.add(back)
            if self._giver is None:
                self._giver = threading.Thread(target=self._give, name="runcrate_widget leases", daemon=True)
                self._giver.start()
        self._back.put(lease)

    def _give(self) -> None:
        while True:
            try:
                lease = self._back.get(timeout=RENEWED_EVERY if self._undone else None)
            except Empty:
                self._try_again()
                continue
            if lease is None:
                return
            if self._delete(lease):
                self._try_again()

    def _try_again(self) -> None:
        """Gives back what could not be, until that fails again."""
        with self._lock:
            undone = list(self._undone.values())
        for lease in undone:
            with self._lock:
                if lease.name in self._mine:  # it is asked for again just now
                    continue
                back = self._mine[lease.name] = threading.Event()
                self._returning.add(back)
            if not self._delete(lease, sure=False):
                return

    def _delete(self, lease: LeaseObject, *, sure: bool = True) -> bool:
        """Whether it is given back; else that is tried again. `sure`: it cannot be another's by now."""
        path, done = f"leases/{lease.name}", False
        with contextlib.suppress(LibraryError):
            if not sure or not lease.presence.valid():
                found = self._bucket.get(path)
                if found is None or found.content != lease.presence.token.encode():
                    path = ""
            if path:
                self._bucket.delete(path)
            done = True
        with self._lock:
            self._undone.pop(lease.name, None)
            if not done:
                self._undone[lease.name] = lease  # after the others
            back = self._mine.pop(lease.name)
            self._returning.discard(back)
        back.set()
        return done

    def end(self) -> None:
        """The process ends: gives back what was to be, and says that it is gone."""
        with contextlib.suppress(KeyboardInterrupt):  # it is to end at once: others find that it is gone
            with self._lock:
                giver, presence = self._giver, self._presence
            if giver is not None:
                self._back.put(None)
                giver.join(_PATIENCE)
            if presence is not None:
                presence.end()

    def tidy(self) -> None:
        """Clears away what a process that was killed left lying about. Raises LibraryError."""
        self._others.tidy()
