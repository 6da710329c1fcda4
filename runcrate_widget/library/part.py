"""`PartFile`: where a video arrives, and what of which video has come so far.

    a-cinematic-sunrise-3f9c2a71.mp4.part         the bytes
    a-cinematic-sunrise-3f9c2a71.mp4.part.about   of which video they are, as the service described it

A part is continued only as long as both are there. Otherwise nobody knows of what it is a part: it could be
continued with the bytes of another video, and the file would be neither of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from runcrate_widget.errors import LibraryError
from runcrate_widget.media.plain import open_plain, read_plain

if TYPE_CHECKING:
    from runcrate_widget.service.backend import Whole


class PartFile:
    """Where a video arrives, as a `Sink`. `unusable` is what is told of an `OSError` here."""

    def __init__(self, path: Path, unusable: Callable[[OSError], LibraryError]) -> None:
        self.path = path
        self._about = path.with_name(f"{path.name}.about")
        self._unusable = unusable
        self._file: BinaryIO | None = None

    @property
    def size(self) -> int:
        return 0 if self.whole is None else self._bytes()

    @property
    def whole(self) -> Whole | None:
        from runcrate_widget.service.backend import Whole  # who only looks at a library needs no service

        try:
            return Whole.restored(json.loads(read_plain(self._about)))
        except (OSError, ValueError, RecursionError):
            return None

    def _bytes(self) -> int:
        try:
            seen = os.lstat(self.path)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._unusable(error) from error
        # One with another name besides is also somebody else's.
        return seen.st_size if stat.S_ISREG(seen.st_mode) and seen.st_nlink <= 1 else 0

    def begin(self, whole: Whole | None) -> None:
        self.discard()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Before the first byte, and after the last of what was there: whenever the process ends, the two
            # belong together.
            if whole is not None:
                with self._new(self._about) as file:
                    file.write(json.dumps(asdict(whole)).encode())
            self._file = self._new(self.path)
        except OSError as error:
            raise self._unusable(error) from error

    def resume(self) -> None:
        self.finish()
        try:
            self._file = os.fdopen(open_plain(self.path, os.O_WRONLY | os.O_APPEND), "ab")
        except OSError as error:
            raise self._unusable(error) from error

    def write(self, chunk: bytes) -> None:
        assert self._file is not None
        try:
            self._file.write(chunk)
        except OSError as error:
            raise self._unusable(error) from error

    def finish(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            file.close()
        except OSError as error:
            raise self._unusable(error) from error

    def discard(self) -> None:
        self.finish()
        try:
            self.path.unlink(missing_ok=True)
            self._about.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def publish(self, path: Path) -> None:
        """Gives the bytes this name, durably. Raises OSError."""
        file = open_plain(self.path)
        try:
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(self.path, path)
        with contextlib.suppress(OSError):
            self._about.unlink(missing_ok=True)

    @staticmethod
    def _new(path: Path) -> BinaryIO:
        """A file that was not there: never one that somebody else has put there meanwhile."""
        return os.fdopen(open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb")
