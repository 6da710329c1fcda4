"""A file that only grows, a line at a time: what a line says is kept whatever becomes of the next.

Each line goes to the end of the file in one write, and is on disk when that returns. What a process that was
killed, or a full disk, has left of one is ended by the next line, and is no line of its own to who reads.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from runcrate_widget.media.plain import open_plain, read_plain


def append_line(path: Path, line: bytes) -> None:
    """Adds a line, without its end, durably. Raises OSError; then it may be there in part."""
    file = open_plain(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        torn = os.lseek(file, 0, os.SEEK_END) > 0
        if torn:
            os.lseek(file, -1, os.SEEK_END)
            torn = os.read(file, 1) != b"\n"
        whole = (b"\n" if torn else b"") + line + b"\n"
        # In one go: with O_APPEND, lines of two processes do not get into each other.
        if os.write(file, whole) != len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
        os.fsync(file)
    finally:
        os.close(file)


def read_lines(path: Path) -> list[bytes]:
    """The lines, without their ends; none if there is no file. One that has no end is not whole yet, and left
    out. Raises OSError."""
    try:
        content = read_plain(path)
    except FileNotFoundError:
        return []
    # An empty one: two processes have ended the same torn line, or what was being written looked like one.
    return [line for line in content.split(b"\n")[:-1] if line]
