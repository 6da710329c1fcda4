"""Opens regular files only, and by no other name than their own.

A library may lie where others write, too. A symbolic link there would have us read, or write over, what it
points to; and opening a named pipe waits for whoever is at its other end.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import BinaryIO

#: The same everywhere but on Windows, which has neither such links for everybody nor such pipes.
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_plain(path: str | os.PathLike[str], flags: int = os.O_RDONLY) -> int:
    """The descriptor of the regular file at `path`. Raises OSError where it is anything else."""
    try:
        file = os.open(path, flags | _SAFELY, 0o666)
    except OSError as error:
        # What O_NOFOLLOW makes of a link, by system; in words that say what is wrong.
        if error.errno in (errno.ELOOP, errno.EMLINK, getattr(errno, "EFTYPE", errno.ELOOP)):
            raise OSError(errno.ELOOP, "it is a symbolic link", os.fspath(path)) from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(path))
    except BaseException:
        os.close(file)
        raise
    return file


def read_plain(path: str | os.PathLike[str]) -> bytes:
    """The content of the regular file at `path`. Raises OSError where it is anything else."""
    # Without Python's file objects, which take longer; a library may have many records.
    file = open_plain(path)
    try:
        size = os.fstat(file).st_size
        content = os.read(file, size + 1)
        if len(content) != size:  # it has grown meanwhile, or came in pieces
            while piece := os.read(file, 1 << 20):
                content += piece
        return content
    finally:
        os.close(file)


def sha256_of(file: BinaryIO) -> str:
    """The hash of what is left to read of a file, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
