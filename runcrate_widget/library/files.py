"""Files that last: written whole, flushed, given a second name."""

from __future__ import annotations

import os
from pathlib import Path


def write_all(file: int, content: bytes) -> None:
    """Writes all of it. Raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def flush(path: Path) -> None:
    """Has the operating system write a file, or the names in a folder, to its disk."""
    if os.name == "nt" and path.is_dir():
        return
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    except OSError:
        if not path.is_dir():  # some network file systems cannot flush a folder
            raise
    finally:
        os.close(file)


def link(new: str | Path, path: str | Path) -> bool:
    """Gives a file a second name, unless there is one (FileExistsError). False: the file system knows no such
    thing."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True
