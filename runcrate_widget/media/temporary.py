"""The files in which others are made, beside what they become: a file is there whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path

_LEFT = 3600.0  # seconds: one to which nothing was written for so long belongs to nobody
_NAME = re.compile(r"\..+\.\d+-\d+\.tmp")


def temporary_path(path: Path) -> Path:
    """Where this thread makes the file that will be `path`."""
    return path.with_name(f".{path.stem}.{os.getpid()}-{threading.get_ident()}.tmp")


def clear_left(entries: Iterable[os.DirEntry[str]]) -> None:
    """Clears away what a process that was killed has left of these. Raises OSError.

    By age, and not by who is alive: others may be at work on another machine, or have no lease of what they
    write.
    """
    for entry in entries:
        if _NAME.fullmatch(entry.name):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFT:
                    os.unlink(entry.path)
