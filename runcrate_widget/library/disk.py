"""The folder, as a `Store`: a JSON sidecar a job, and its MP4 beside it.

    runcrate_videos/
      a-cinematic-sunrise-3f9c2a71.json        what was asked for, the service's id, the stage (record.py)
      a-cinematic-sunrise-3f9c2a71.mp4         the video, once it is a whole one
      a-cinematic-sunrise-3f9c2a71.jpg         a poster of it, once it was shown (poster.py)
      a-cinematic-sunrise-3f9c2a71.mp4.part    what of it has come so far (part.py)
      a-cinematic-sunrise-3f9c2a71.lock        held by the process that carries the job, gone afterwards
      a-cinematic-sunrise-3f9c2a71.claim       of the process that may send it, gone when it has an id
      prices.txt                               what is no job's: prices that were set in a widget (prices.py)
      pictures/                                what videos begin with, each once (pictures.py)
      arena.jsonl                              what was compared with what, a line each (journal.py)

Plain files, because home folders of shared hubs are often network file systems. A sidecar is written whole
(temporary file, flush, rename) and only by the process that holds its lock; the lock ends with its process,
however that ends.
"""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path

from runcrate_widget.errors import LibraryError
from runcrate_widget.media.pictures import Pictures
from runcrate_widget.media.plain import read_plain
from runcrate_widget.media.poster import keep_poster, read_poster
from runcrate_widget.media.temporary import clear_left, temporary_path

from .bin import Bin
from .files import flush, link, write_all
from .journal import append_line, read_lines
from .lease import LeaseFile, Lock, is_leased, take_claim, take_lease
from .part import PartFile
from .store import Stored

_COARSE = 2_000_000_000  # ns: so coarse may the folder's time be
_MOST_DAMAGED = 10  # records of one name


class FolderStore:
    """Records and videos in the folder `folder`, which is made when the first record is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.location = str(folder)
        self.bin = Bin(folder)
        self.pictures = Pictures(folder)
        self._prefix = os.path.join(folder, "")
        self._claims: dict[str, Lock] = {}  # by names: what this process may send

    def exists(self) -> bool:
        return self.folder.is_dir()

    # Records.

    def create(self, name: str, content: bytes) -> bool:
        return self._write(name, content, new=True)

    def replace(self, name: str, content: bytes, mark: Hashable = None) -> None:  # noqa: ARG002
        self._write(name, content, new=False)

    def read(self, name: str) -> Stored | None:
        content = self._read(self._sidecar(name))
        return None if content is None else Stored(content)

    def read_all(self, seen: Mapping[str, Hashable]) -> Iterator[tuple[str, Stored | None]]:
        return ((name, self.read(name)) for name in seen)

    def _read(self, path: str) -> bytes | None:
        try:
            return read_plain(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            warnings.warn(f"{path} cannot be read: {error.strerror}. It is passed over.", stacklevel=3)
            return None

    def scan(self) -> Iterator[tuple[str, Hashable]]:
        try:
            with os.scandir(self.folder) as entries:
                sidecars = [entry for entry in entries if entry.name.endswith(".json")]
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.unusable(error) from error
        for entry in sidecars:
            try:
                seen = entry.stat()
            except FileNotFoundError:
                continue
            yield entry.name[: -len(".json")], (seen.st_mtime_ns, seen.st_ino)

    def changed(self) -> int | None:
        try:
            changed = os.stat(self.folder).st_mtime_ns
        except OSError:
            return None
        return changed if time.time_ns() - changed > _COARSE else None

    def set_aside(self, name: str, why: str, damaged: Stored) -> bool:
        sidecar = self._sidecar(name)
        if self._read(sidecar) != damaged.content:
            return False
        earlier = len(list(self.folder.glob(f"{name}.json.damaged*")))
        aside = f"{sidecar}.damaged{earlier or ''}"
        with contextlib.suppress(OSError):
            os.replace(sidecar, aside)
        message = f"{sidecar} is damaged ({why}). It was set aside as {os.path.basename(aside)}."
        warnings.warn(message, stacklevel=2)
        return True

    def aside(self, name: str) -> str | None:
        # By their names, and not by looking through the folder: it may have very many files.
        names = (f"{name}.json.damaged{n or ''}" for n in range(_MOST_DAMAGED))
        return next((aside for aside in names if os.path.exists(os.path.join(self.folder, aside))), None)

    def _sidecar(self, name: str) -> str:
        return f"{self._prefix}{name}.json"

    def _write(self, name: str, content: bytes, *, new: bool, ending: str = ".json") -> bool:
        """Writes a file, whole or not at all. False: it was to be `new`, and there is one."""
        path = f"{self._prefix}{name}{ending}"
        temporary = temporary_path(Path(path))
        try:
            file = self._new(temporary)
            try:
                try:
                    write_all(file, content)
                    os.fsync(file)
                finally:
                    os.close(file)
                if new and link(temporary, path):
                    os.unlink(temporary)
                else:
                    os.replace(temporary, path)
            except BaseException as error:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
                if isinstance(error, FileExistsError):
                    return False
                raise
            flush(self.folder)
            return True
        except OSError as error:
            raise self.unusable(error) from error

    def _new(self, path: Path) -> int:
        """A file of this name that was not there. Makes the folder, where that is missing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            return os.open(path, flags, 0o666)
        except FileNotFoundError:
            self.folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            os.unlink(path)  # and not written into: it might be another name of a sidecar
        return os.open(path, flags, 0o666)

    # What is no job's.

    def kept(self, name: str) -> bytes | None:
        return self._read(f"{self._prefix}{name}.txt")

    def keep(self, name: str, content: bytes) -> None:
        self._write(name, content, new=False, ending=".txt")

    # Who may do what: see `lease.py`.

    def lease(self, name: str) -> Lock | LeaseFile | None:
        try:
            try:
                return take_lease(self.folder, name)
            except FileNotFoundError:
                self.folder.mkdir(parents=True, exist_ok=True)
                return take_lease(self.folder, name)
        except OSError as error:
            raise self.unusable(error) from error

    def leased(self, name: str) -> bool:
        return is_leased(self.folder, name)

    def claim(self, name: str) -> bool:
        try:
            # Not flushed: its record is, right afterwards, and the folder with it.
            claim = take_claim(self.folder, name)
        except OSError as error:
            raise self.unusable(error) from error
        if claim is None:
            return False
        self._claims[name] = claim
        return True

    def claimed(self, name: str) -> bool:
        return os.path.lexists(f"{self._prefix}{name}.claim")

    def unclaim(self, name: str) -> None:
        if claim := self._claims.pop(name, None):
            claim.release()

    # Videos.

    def receive(self, name: str) -> PartFile:
        return PartFile(self.folder / f"{name}.mp4.part", self.unusable)

    def publish(self, name: str) -> Path:
        path = self.folder / f"{name}.mp4"
        try:
            self.receive(name).publish(path)
            flush(self.folder)
        except OSError as error:
            raise self.unusable(error) from error
        return path

    def has_video(self, name: str) -> bool:
        return os.path.isfile(f"{self._prefix}{name}.mp4")

    def bring(self, name: str) -> Path | None:
        return self.folder / f"{name}.mp4" if self.has_video(name) else None

    def url(self, name: str) -> str | None:  # noqa: ARG002
        return None  # a page has the server's

    def poster(self, name: str) -> bytes | None:
        return read_poster(self.folder / f"{name}.mp4")

    def keep_poster(self, name: str, jpeg: bytes) -> None:
        keep_poster(self.folder / f"{name}.mp4", jpeg)

    # What is said once and stays.

    def append(self, name: str, line: bytes) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            append_line(self.folder / f"{name}.jsonl", line)
            flush(self.folder)
        except OSError as error:
            raise self.unusable(error) from error

    def lines(self, name: str) -> list[bytes]:
        try:
            return read_lines(self.folder / f"{name}.jsonl")
        except OSError as error:
            raise self.unusable(error) from error

    def tidy(self) -> None:
        self.pictures.tidy()
        with contextlib.suppress(OSError, LibraryError):
            entries = list(os.scandir(self.folder))
            clear_left(entries)
            for entry in entries:
                name = entry.name.removesuffix(".lock")
                if name != entry.name and (lock := self.lease(name)):
                    lock.release()

    def unusable(self, error: OSError) -> LibraryError:
        """What is told of an `OSError` that this folder gave."""
        return LibraryError(
            f"The library folder {self.folder} cannot be used: {error.strerror or error}.",
            "Make room or mend its permissions, or choose another: VideoClient(library=…) or "
            "RUNCRATE_LIBRARY.",
        )
