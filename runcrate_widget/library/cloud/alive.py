"""Who is alive: an object of each process that carries jobs, renewed for as long as it lives.

No clock of another machine is believed. A process takes another for gone when it has seen its object
unchanged for `EXPIRES_AFTER` seconds by its own clock; it then puts its own word into that object (`fenced`),
so that the other, if it was only stopped, learns of it at its next renewal. A process whose last renewal is
older than `VALID_FOR` holds nothing, until it has renewed it. On one machine it is known at once: a lock on a
file of the cache ends with its process.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from pathlib import Path

from runcrate_widget.errors import LibraryError
from runcrate_widget.library.lease import LeaseFile, Lock, is_leased, take_lease

from .bucket import Bucket, Tag

#: Seconds.
RENEWED_EVERY = 5.0
VALID_FOR = 20.0
EXPIRES_AFTER = 30.0

_LOOK_EVERY = 2.0  # at most so often, however many ask


def clock() -> float:
    """Seconds from some moment on, also those in which the machine slept, where the system counts them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Presence:
    """That this process is alive, for whoever looks at the store: begins when it is made. Raises LibraryError
    if that cannot be written."""

    def __init__(self, bucket: Bucket, cache: Path) -> None:
        self.token = secrets.token_hex(16)
        self._bucket = bucket
        self._path = f"alive/{self.token}"
        self._beats = 0
        self._lost = False
        self._renewed = clock()
        self._over = threading.Event()
        self._lock: Lock | LeaseFile | None = None
        with contextlib.suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True)
            self._lock = take_lease(cache, f"alive-{self.token}")
        tag = bucket.create(self._path, self._content())
        if tag is None:  # 128 random bits
            raise LibraryError(f"{bucket.url} has a process of this name already.", "Try again.")
        self._tag: Tag = tag
        threading.Thread(target=self._renew_all, name="runcrate_widget presence", daemon=True).start()

    def valid(self) -> bool:
        """Whether nobody can have taken this process for gone."""
        return not self._lost and not self._over.is_set() and clock() - self._renewed < VALID_FOR

    @property
    def lost(self) -> bool:
        """Whether somebody has: then another one is to be made."""
        return self._lost or self._over.is_set()

    def end(self) -> None:
        """The process ends, or carries nothing any more."""
        if self._over.is_set():
            return
        self._over.set()
        with contextlib.suppress(LibraryError):
            self._bucket.delete(self._path)
        if self._lock is not None:
            self._lock.release()

    def _content(self) -> bytes:
        self._beats += 1
        about = {"host": socket.gethostname(), "pid": os.getpid(), "beats": self._beats}
        return json.dumps(about).encode()

    def _renew_all(self) -> None:
        while not self._over.wait(RENEWED_EVERY) and not self._lost:
            with contextlib.suppress(LibraryError):  # it passes, or the time is over
                self.renew()

    def renew(self) -> None:
        """Says that the process is alive. Raises LibraryError."""
        began = clock()
        tag = self._bucket.replace(self._path, self._content(), self._tag)
        if tag is None:
            self._lost = True
        else:
            self._tag, self._renewed = tag, began


class Others:
    """The processes that other leases are of, as this one sees them. For any thread."""

    def __init__(self, bucket: Bucket, cache: Path) -> None:
        self._bucket = bucket
        self._cache = cache
        self._lock = threading.Lock()
        #: By token: the state that was seen, since when, and when it was looked at last.
        self._seen: dict[str, tuple[Tag | None, float, float]] = {}
        self._gone: set[str] = set()

    def gone(self, token: str) -> bool:
        """Whether that process has ended, or was silent for so long that it holds nothing any more. Raises
        LibraryError."""
        with self._lock:
            if token in self._gone:
                return True
            known = self._seen.get(token)
            if known is not None and clock() - known[2] < _LOOK_EVERY:
                return False
            if self._has_ended(token, known):
                self._gone.add(token)
                self._seen.pop(token, None)
                return True
            return False

    def _has_ended(self, token: str, known: tuple[Tag | None, float, float] | None) -> bool:
        path = f"alive/{token}"
        found = self._bucket.get(path)
        if found is None:
            return True
        now = clock()
        since = known[1] if known is not None and known[0] == found.tag else now
        self._seen[token] = found.tag, since, now
        if b'"fenced"' in found.content:
            return True
        if now - since <= EXPIRES_AFTER and not self._ended_here(token):
            return False
        # The word that it is gone counts from when it is there: it may just have renewed.
        return self._bucket.replace(path, b'{"fenced": true}', found.tag) is not None

    def _ended_here(self, token: str) -> bool:
        """Whether it was a process of this machine that is known to have ended."""
        name = f"alive-{token}"
        return (self._cache / f"{name}.lock").exists() and not is_leased(self._cache, name)

    def tidy(self) -> None:
        """Removes the objects of those that were fenced, and hold nothing any more."""
        for one in list(self._bucket.list("alive/")):
            token = one.path.rpartition("/")[2]
            if one.size < 20 and self.gone(token):  # as `fenced` is
                with contextlib.suppress(LibraryError):
                    self._bucket.delete(one.path)
                with contextlib.suppress(OSError):
                    (self._cache / f"alive-{token}.lock").unlink()
