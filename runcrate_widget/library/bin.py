"""`Bin`: the folder `bin` of a library, where the file of a video goes that is deleted, and comes back from.

    runcrate_videos/
      a-cinematic-sunrise-3f9c2a71.json        stays: it was paid, and says so
      bin/a-cinematic-sunrise-3f9c2a71.mp4     of a video that was deleted, and its poster beside it
      bin/a-cinematic-sunrise-3f9c2a71-2.mp4   of one that was deleted when there was one in the bin

Nothing in here removes a file. Whoever moves one has the job's lease, so that no two do; a file gets its
second name before it loses its first, so that whoever ends in between has lost nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from runcrate_widget.media.gone import BIN

from .files import flush, link
from .record import Record

_ENDINGS = (".jpg", ".mp4")  # the poster first: what has an MP4 in the bin is binned
_MOST = 1000  # files of one name


class Bin:
    """Of the library in `folder`. Every method raises OSError where a folder cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._home = folder
        self.folder = folder / BIN

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in ("put", "take_out")]  # the library's own

    def find(self, record: Record) -> Path | None:
        """The MP4 of this record that is in the bin; the latest, if there are several."""
        return self._latest(record.name, ".mp4")

    def poster(self, record: Record) -> Path | None:
        """Its poster that is in the bin."""
        return self._latest(record.name, ".jpg")

    def put(self, record: Record) -> None:
        """Puts the files of a record into the bin, if they are there."""
        for ending in _ENDINGS:
            source = self._home / f"{record.name}{ending}"
            if not _is_file(source):
                continue
            self._make()
            for place in self._places(record.name, ending):
                if _is_file(place) and os.path.samestat(os.lstat(place), os.lstat(source)):
                    source.unlink()  # whoever moved it ended halfway
                    break
                if not os.path.lexists(place) and _moved(source, place):
                    break
            else:
                raise FileExistsError(errno.EEXIST, "the bin has too many files of that name", str(source))
        self._flush()

    def take_out(self, record: Record) -> bool:
        """Puts the files of a record back in their place, if they are in the bin and nothing is there.
        Whether the video is one of them."""
        found = False
        for ending in _ENDINGS:
            source, place = self._latest(record.name, ending), self._home / f"{record.name}{ending}"
            if source is not None and not os.path.lexists(place):
                found = _moved(source, place) and ending == ".mp4"
            elif source is not None and os.path.samestat(os.lstat(source), os.lstat(place)):
                source.unlink()
                found = ending == ".mp4"
        if found:
            self._flush()
        return found

    def _latest(self, name: str, ending: str) -> Path | None:
        latest = None
        if self.folder.is_symlink():
            return None
        for place in self._places(name, ending):
            if not os.path.lexists(place):
                return latest
            latest = place if _is_file(place) else latest
        return latest

    def _places(self, name: str, ending: str) -> Iterator[Path]:
        yield self.folder / f"{name}{ending}"
        for number in range(2, _MOST + 1):
            yield self.folder / f"{name}-{number}{ending}"

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not stat.S_ISDIR(os.lstat(self.folder).st_mode):  # a link would take the video elsewhere
            raise NotADirectoryError(errno.ENOTDIR, "the bin is no folder of its own", str(self.folder))

    def _flush(self) -> None:
        for folder in (self.folder, self._home):
            with contextlib.suppress(FileNotFoundError):
                flush(folder)


def _moved(source: Path, place: Path) -> bool:
    """Gives a file another name, unless somebody has taken that meanwhile."""
    try:
        if link(source, place):
            source.unlink()
        else:  # a file system without second names
            os.rename(source, place)
    except FileExistsError:
        return False
    return True


def _is_file(path: Path) -> bool:
    """Whether there is a regular file: no link, whose target would stay where it is."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
