"""The pictures that videos begin with, each once, in the folder `pictures` of a library.

    pictures/
      9f86d081…0f00a08.jpg            a picture, named after its content
      a-fox-3f9c2a71@last.frame       which of them is that frame of that video (`Frames`)

Others may write there, too: no link is followed, and what is read has to be what its name says.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from pathlib import Path

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.picture import LARGEST, TYPES, Frame, Picture, read_picture

from .plain import open_plain
from .temporary import clear_left, temporary_path

FOLDER = "pictures"

_POINTER = re.compile(rf"([0-9a-f]{{64}})({'|'.join(map(re.escape, TYPES.values()))})\s*")


class Pictures:
    """The pictures of the library in the folder `library`. What keeps and reads one raises OSError."""

    def __init__(self, library: Path) -> None:
        self._library = library
        self.folder = library / FOLDER

    def keep(self, picture: Picture) -> None:
        """Has the picture there: whole, and durable when this returns. Without its content, it has to be
        there."""
        if picture.content is None:
            self.read(picture)
        elif not self._has(picture):
            self._write(picture.name, picture.content)

    def read(self, picture: Picture) -> bytes:
        """The content. Raises OSError where it is not there, or another."""
        content = self._read(picture.name)
        try:
            good = read_picture(content).sha256 == picture.sha256
        except InvalidRequestError:
            good = False
        if not good:
            raise OSError(f"{self.place(picture)} is damaged")
        return content

    def place(self, picture: Picture) -> str:
        """Where it is, for people."""
        return str(self.folder / picture.name)

    def find(self, sha256: str, *, frame: Frame | None = None) -> Picture | None:
        """The picture of this hash, with its content; None if there is none that is whole."""
        for ending in TYPES.values():
            with contextlib.suppress(OSError, InvalidRequestError):
                picture = read_picture(self._read(f"{sha256}{ending}"), frame=frame)
                if picture.name == f"{sha256}{ending}":
                    return picture
        return None

    def noted(self, name: str, frame: Frame | None = None) -> Picture | None:
        """The picture that was noted under this name, with its content."""
        try:
            found = _POINTER.fullmatch(self._read(name, most=100).decode("ascii", "replace"))
        except OSError:
            return None
        return self.find(found[1], frame=frame) if found else None

    def note(self, name: str, picture: Picture) -> None:
        """Keeps the picture, and notes it under a name."""
        self.keep(picture)
        self._write(name, picture.name.encode())

    def tidy(self) -> None:
        """Clears away what a process that was killed left lying about."""
        with contextlib.suppress(OSError):
            self._check()
            clear_left(list(os.scandir(self.folder)))

    def _has(self, picture: Picture) -> bool:
        try:
            return self._read(picture.name) == picture.content
        except OSError:
            return False

    def _read(self, name: str, most: int = LARGEST) -> bytes:
        self._check()
        with os.fdopen(open_plain(self.folder / name), "rb") as file:
            return file.read(most + 1)

    def _check(self) -> None:
        if not stat.S_ISDIR(os.lstat(self.folder).st_mode):
            raise OSError(f"{self.folder} is no folder")

    def _write(self, name: str, content: bytes) -> None:
        """Puts a file in the place of what is there, whole or not at all."""
        new = not os.path.lexists(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._check()
        temporary = temporary_path(self.folder / name)
        try:
            temporary.unlink(missing_ok=True)
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / name)
        finally:
            temporary.unlink(missing_ok=True)
        flush_folder(self.folder)
        if new:
            flush_folder(self._library)


def is_whole(name: str, content: bytes) -> bool:
    """Whether a file of this name has the picture, or the note of one, that it is to have."""
    if name.endswith(tuple(TYPES.values())):
        return hashlib.sha256(content).hexdigest() == name.partition(".")[0]
    return _POINTER.fullmatch(content.decode("ascii", "replace")) is not None


def flush_folder(path: Path) -> None:
    """Has the operating system write the names in a folder to its disk, where it can."""
    if os.name == "nt":
        return
    file = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(file)
    finally:
        os.close(file)
