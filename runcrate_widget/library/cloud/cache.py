"""`Cache`: a folder of this machine with the videos that were made or looked at here, so many bytes at most,
and what was used within the last minute.

`RUNCRATE_CACHE` names the folder in which all libraries have theirs (by default `runcrate_widget` in the
user's folder for such things), `RUNCRATE_CACHE_GB` its size (10). What was used least recently goes first;
only what the store has is ever removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import threading
import time
from pathlib import Path

from runcrate_widget.environment import setting
from runcrate_widget.errors import ConfigurationError

_GB = 10**9
_DEFAULT = 10.0
_OURS = re.compile(r".+-[0-9a-f]{8}\.mp4")  # and not what somebody has cut out of one
_UNSEEN = 1 / 8  # of what is free may come before all files are looked at: others fill the folder, too
_IN_USE = 60.0  # seconds: what was used a moment ago may be open


class Cache:
    """Of the library that `identity` tells from all others."""

    def __init__(self, identity: str, title: str) -> None:
        name = "".join(char if char.isalnum() else "-" for char in title)[:40].strip("-")
        self.folder = _home() / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
        self._most = _size()
        self._lock = threading.Lock()
        self._free = self._added = 0  # bytes: what was free at the last look, and what has come since

    def used(self, path: Path) -> None:
        """A file was asked for."""
        with contextlib.suppress(OSError):
            os.utime(path, ns=(time.time_ns(), os.stat(path).st_mtime_ns))

    def make_room(self, came: Path | None = None) -> None:
        """Removes what was used least recently, until the rest fits; what has just come stays."""
        with self._lock:
            if came is not None:
                with contextlib.suppress(OSError):
                    self._added += os.stat(came).st_size
            if self._added < self._free * _UNSEEN:
                return
            files = []
            with contextlib.suppress(OSError):
                for entry in os.scandir(self.folder):
                    if _OURS.fullmatch(entry.name):
                        with contextlib.suppress(OSError):
                            seen = entry.stat(follow_symlinks=False)
                            files.append((seen.st_atime, seen.st_size, entry.path))
            total, now = sum(size for _, size, _ in files), time.time()
            for used, size, path in sorted(files):
                if total <= self._most:
                    break
                if (came and path == os.fspath(came)) or now - used < _IN_USE:
                    continue
                with contextlib.suppress(OSError):
                    os.unlink(path)
                    total -= size
            self._free, self._added = max(0, self._most - total), 0


def _home() -> Path:
    if given := setting("RUNCRATE_CACHE"):
        return Path(given).expanduser().absolute()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "runcrate_widget"


def _size() -> int:
    given = setting("RUNCRATE_CACHE_GB")
    try:
        size = float(given) if given else _DEFAULT
        if not 0 <= size < 10**9:
            raise ValueError
    except ValueError:
        message = f"RUNCRATE_CACHE_GB is {given!r}; it must be a number of gigabytes."
        raise ConfigurationError(message, "Like this: RUNCRATE_CACHE_GB=50.") from None
    return int(size * _GB)
