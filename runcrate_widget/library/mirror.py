"""`Mirror`: a folder of videos and one file that tells of them, made from a library, and made again.

    foxes/
      a-fox-in-the-snow-3f9c2a71.mp4      a video of the library
      metadata.jsonl                      what is told of them all (formats.py)
      .runcrate-export.json               which of these files are ours, and what they were when they came

What is written comes whole under another name first. A new folder is made beside its place, and gets its name
when all is there. In one that is there, the videos come first, then the file that tells of them is replaced,
then what it no longer tells of goes: whoever looks, at whatever moment, finds what it names. Whoever is
killed has that done by the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

from runcrate_widget.errors import InvalidRequestError, LibraryError, RuncrateError
from runcrate_widget.media.plain import read_plain, sha256_of

from .columns import is_name
from .files import flush, link
from .formats import FILES
from .lease import take_lease

MARK = ".runcrate-export.json"

_VERSION = 1
_PIECE = 1 << 20
_ABOUT = "An export of runcrate_widget. Without this file it is not known as one, and left alone."


class _Seen(NamedTuple):
    """A file as it was: bytes, when it was changed, what is in it."""

    size: int
    changed: int
    sha256: str


class Mirror:
    """The export in the folder `place`, open for one process at a time: `with Mirror.of(place) as mirror`.

    Attributes:
        copied: how many files came anew.
    """

    def __init__(self, place: Path, folder: Path) -> None:
        self._place = place
        self._folder = folder  # where it is made
        self._before, self._told = _read_mark(folder, place)
        self._files: dict[str, _Seen] = {}
        self.copied = 0

    @classmethod
    @contextlib.contextmanager
    def of(cls, place: Path) -> Iterator[Mirror]:
        """Raises InvalidRequestError if something else is there, RuncrateError if another makes it right now,
        LibraryError if it cannot be written."""
        try:
            _check(place, place)
            place.parent.mkdir(parents=True, exist_ok=True)
            lease = take_lease(place.parent, f".{place.name}.export")
            if lease is None:
                message = f"{place} is being exported right now, here or in another notebook."
                raise RuncrateError(message, "Try again when that has ended.", kind="conflict")
            try:
                _check(place, place)  # again: it may have been made meanwhile
                folder = place if (place / MARK).exists() else place.parent / f".{place.name}.export"
                _check(folder, place)
                folder.mkdir(exist_ok=True)
                try:
                    yield cls(place, folder)
                except Exception:
                    if folder != place:  # of one that was interrupted or killed, the next run makes use
                        shutil.rmtree(folder, ignore_errors=True)
                    raise
            finally:
                lease.release()
        except RuncrateError:
            raise
        except OSError as error:
            message = f"The export {place} cannot be written: {error.strerror or error}."
            raise LibraryError(message, "Make room or mend its permissions, or choose another.") from error

    def claim(self, names: Iterable[str]) -> None:
        """Says that these files are going to be ours. Raises InvalidRequestError if one is there and is not,
        or if somebody has changed what is told of those that are there."""
        for name in FILES.values():
            content = _content(self._folder / name)
            if content is not None and _sha256(content) not in self._told.get(name, ()):
                raise InvalidRequestError(
                    "folder",
                    f"{name} in {self._place} is not as it was exported: somebody has changed it.",
                    "Export to another folder; or keep your changes under another name, and remove it here.",
                )
        new = [name for name in names if name not in self._before]
        for name in new:
            if os.path.lexists(self._folder / name):
                message = f"{name} in {self._place} is not of this export, and in its way."
                raise InvalidRequestError("folder", message, "Give it another name, or export elsewhere.")
        self._before = {**dict.fromkeys(new), **self._before}
        self._write_mark(self._before)

    def put(self, file: BinaryIO, source: Path, name: str, *, link: bool) -> str:
        """Has a file (open, from its beginning) there under this name, and gives its SHA-256. What is there
        and has its size and its time is taken for the same."""
        target, given = self._folder / name, os.fstat(file.fileno())
        there = _stat(target)
        same = there is not None and _state(there) == _state(given)
        if same and there is not None and not link:  # a second name of the library's own file is no copy
            same = not os.path.samestat(there, given)
        known = self._before.get(name)
        if same and known and known[:2] == _state(given):
            sha256 = known.sha256
        elif same or (link and _linked(source, target, given)):
            sha256 = sha256_of(file)
        else:
            sha256 = _copied(file, target, given)
        self.copied += not same
        self._files[name] = _Seen(*_state(given), sha256)
        return sha256

    def finish(self, metadata: str, content: bytes) -> None:
        """Puts in its place what is told of the files, takes away what it does not tell of, and gives a new
        folder its name."""
        new = _sha256(content)
        self._told = {**self._told, metadata: [*self._told.get(metadata, ()), new]}
        self._write_mark({**self._before, **self._files})
        _write(self._folder / metadata, content)
        for name in self._before:
            _remove(_temporary(self._folder / name))
            if name not in self._files:
                _remove(self._folder / name)
        for name in FILES.values():
            if name != metadata:
                _remove(self._folder / name)
        self._told = {metadata: [new]}
        self._write_mark(self._files)
        if self._folder != self._place:
            with contextlib.suppress(FileNotFoundError):
                self._place.rmdir()  # an empty one, which not every system lets be renamed over
            os.rename(self._folder, self._place)
            flush(self._place.parent)

    def _write_mark(self, files: Mapping[str, _Seen | None]) -> None:
        mark = {"about": _ABOUT, "version": _VERSION, "metadata": self._told, "files": files}
        _write(self._folder / MARK, json.dumps(mark, indent=1).encode())


def _check(folder: Path, place: Path) -> None:
    """Raises InvalidRequestError unless the folder is not there, or empty, or an export of ours."""
    hint = "Give the path of a new folder, or of one that was exported before."
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise InvalidRequestError("folder", f"{place} is there, and is no folder.", hint)
    if (folder / MARK).exists():
        _read_mark(folder, place)
    elif any(one != _temporary(folder / MARK) for one in folder.iterdir()):
        raise InvalidRequestError("folder", f"{folder} is there, and is no export of ours.", hint)


def _read_mark(folder: Path, place: Path) -> tuple[dict[str, _Seen | None], dict[str, list[str]]]:
    """Our files in the folder, as they were, and the hashes of what was told of them. Raises
    InvalidRequestError."""
    content = _content(folder / MARK)
    if content is None:
        return {}, {}
    try:
        mark = json.loads(content)
        if mark["version"] != _VERSION:
            raise ValueError("another version of this package has made it")
        files = {name: None if seen is None else _Seen(*seen) for name, seen in mark["files"].items()}
        told = {str(name): list(hashes) for name, hashes in mark["metadata"].items()}
        if not all(map(is_name, files)):  # we remove what we once named
            raise ValueError("it names what can be no file of ours")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        message = f"{MARK} in {place} cannot be read: {error}."
        raise InvalidRequestError("folder", message, "Export to another folder.") from None
    return files, told


def _copied(file: BinaryIO, target: Path, given: os.stat_result) -> str:
    """Copies the file, and gives its SHA-256."""
    # Not flushed, since thousands of them would take minutes: an export is made again at any time, and what
    # has not its size by then is copied again.
    temporary, digest = _temporary(target), hashlib.sha256()
    _remove(temporary)
    try:
        with open(temporary, "xb") as copy:
            while piece := file.read(_PIECE):
                digest.update(piece)
                copy.write(piece)
        os.utime(temporary, ns=(given.st_atime_ns, given.st_mtime_ns))
        os.replace(temporary, target)
    except BaseException:
        _remove(temporary)  # the disk may be full
        raise
    return digest.hexdigest()


def _linked(source: Path, target: Path, given: os.stat_result) -> bool:
    """Gives the file a second name. False: the file system cannot, or it is another file by now."""
    temporary = _temporary(target)
    _remove(temporary)
    if not link(source, temporary):
        return False
    if not os.path.samestat(os.lstat(temporary), given):
        _remove(temporary)
        return False
    os.replace(temporary, target)
    return True


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    temporary = _temporary(path)
    _remove(temporary)
    with open(temporary, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    flush(path.parent)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name.removeprefix('.')}.part")  # hidden: `datasets` passes it over


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _content(path: Path) -> bytes | None:
    try:
        return read_plain(path)
    except FileNotFoundError:
        return None


def _stat(path: Path) -> os.stat_result | None:
    """Of a regular file; None of anything else."""
    with contextlib.suppress(FileNotFoundError):
        seen = os.lstat(path)
        return seen if stat.S_ISREG(seen.st_mode) else None
    return None


def _state(seen: os.stat_result) -> tuple[int, int]:
    return seen.st_size, seen.st_mtime_ns


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
