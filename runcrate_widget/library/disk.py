"""The folder, as a `Store`: a JSON sidecar a job, and its MP4 beside it.

    runcrate_videos/
      a-cinematic-sunrise-3f9c2a71.json        what was asked for, the service's id, the stage (record.py)
      a-cinematic-sunrise-3f9c2a71.mp4         the video, once it is a whole one
      a-cinematic-sunrise-3f9c2a71.jpg         a poster of it, once it was shown (poster.py)
      a-cinematic-sunrise-3f9c2a71.mp4.part    what of it has come so far
      a-cinematic-sunrise-3f9c2a71.lock        held by the process that carries the job, gone afterwards

Plain files, because home folders of shared hubs are often network file systems. A sidecar is written whole
(temporary file, flush, rename) and only by the process that holds its lock; the lock ends with its process,
however that ends.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import threading
import warnings
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import BinaryIO

from runcrate_widget.errors import LibraryError

_MOST_DAMAGED = 10  # records of one name

_TEMPORARY = re.compile(r"\.(.+-[0-9a-f]{8})\.\d+-\d+\.tmp")


class FolderStore:
    """Records and videos in the folder `folder`, which is made when the first record is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = os.path.join(folder, "")

    # Records.

    def create(self, name: str, content: bytes) -> bool:
        return self._write(name, content, new=True)

    def replace(self, name: str, content: bytes) -> None:
        self._write(name, content, new=False)

    def read(self, name: str) -> bytes | None:
        sidecar = self._sidecar(name)
        try:
            # Not of `pathlib`, which takes twice as long; a library may have many.
            with open(sidecar, "rb", buffering=0) as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            warnings.warn(f"{sidecar} cannot be read: {error.strerror}. It is passed over.", stacklevel=2)
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

    def set_aside(self, name: str, why: str) -> None:
        sidecar = self._sidecar(name)
        earlier = len(list(self.folder.glob(f"{name}.json.damaged*")))
        aside = f"{sidecar}.damaged{earlier or ''}"
        with contextlib.suppress(OSError):
            os.replace(sidecar, aside)
        message = f"{sidecar} is damaged ({why}). It was set aside as {os.path.basename(aside)}."
        warnings.warn(message, stacklevel=2)

    def aside(self, name: str) -> str | None:
        # By their names, and not by looking through the folder: it may have very many files.
        names = (f"{name}.json.damaged{n or ''}" for n in range(_MOST_DAMAGED))
        return next((aside for aside in names if os.path.exists(os.path.join(self.folder, aside))), None)

    def _sidecar(self, name: str) -> str:
        return f"{self._prefix}{name}.json"

    def _write(self, name: str, content: bytes, *, new: bool) -> bool:
        """Writes a sidecar, whole or not at all. False: it was to be `new`, and there is one."""
        sidecar = self._sidecar(name)
        temporary = self.folder / f".{name}.{os.getpid()}-{threading.get_ident()}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                temporary.unlink(missing_ok=True)  # it might be another name of a sidecar
                with open(temporary, "xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                if not new or not _link(temporary, sidecar):
                    os.replace(temporary, sidecar)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            _flush(self.folder)
            return True
        except OSError as error:
            raise self.unusable(error) from error

    # Leases.

    def lease(self, name: str) -> Lock | None:
        path = self.folder / f"{name}.lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            while True:
                file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
                try:
                    held = _try_lock(file)
                    # It may have been removed by its last holder since it was opened.
                    same = held and os.path.exists(path) and os.path.samestat(os.fstat(file), os.stat(path))
                except BaseException:
                    os.close(file)
                    raise
                if same:
                    return Lock(path, file)
                os.close(file)
                if not held:
                    return None
        except OSError as error:
            raise self.unusable(error) from error

    # Videos.

    def receive(self, name: str) -> PartFile:
        return PartFile(self, self.folder / f"{name}.mp4.part")

    def publish(self, name: str) -> Path:
        part, path = self.folder / f"{name}.mp4.part", self.folder / f"{name}.mp4"
        try:
            _flush(part)
            os.replace(part, path)
            _flush(self.folder)
        except OSError as error:
            raise self.unusable(error) from error
        return path

    def tidy(self) -> None:
        with contextlib.suppress(OSError, LibraryError):
            for entry in list(os.scandir(self.folder)):
                temporary = _TEMPORARY.fullmatch(entry.name)
                name = temporary[1] if temporary else entry.name.removesuffix(".lock")
                if name == entry.name:
                    continue
                if lock := self.lease(name):  # whoever writes holds it
                    if temporary:
                        os.unlink(entry.path)
                    lock.release()

    def unusable(self, error: OSError) -> LibraryError:
        """What is told of an `OSError` that this folder gave."""
        return LibraryError(
            f"The library folder {self.folder} cannot be used: {error.strerror or error}.",
            "Make room or mend its permissions, or choose another: VideoClient(library=…) or "
            "RUNCRATE_LIBRARY.",
        )


class Lock:
    """The right to carry one job; the operating system takes it back when the process ends."""

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        _locks.add(self)

    def release(self) -> None:
        """Gives it back; a second call does nothing."""
        if self._file < 0:
            return
        if os.name != "nt":  # Windows removes no open file; there an empty one stays
            with contextlib.suppress(OSError):
                self._path.unlink()
        self.forget()

    def forget(self) -> None:
        """Closes the file without giving the right back: what a forked child does with the locks of its
        parent."""
        os.close(self._file)
        self._file = -1
        _locks.discard(self)


_locks: set[Lock] = set()


def _forget_locks() -> None:
    for lock in list(_locks):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_locks)


class PartFile:
    """Where a video arrives, as a `Sink`."""

    def __init__(self, store: FolderStore, path: Path) -> None:
        self.path = path
        self._store = store
        self._file: BinaryIO | None = None

    @property
    def size(self) -> int:
        """Bytes that have come so far."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._store.unusable(error) from error

    def begin(self, start: int) -> None:
        self.finish()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "r+b" if start else "wb")  # noqa: SIM115 (closed in finish())
            self._file.seek(start)
            self._file.truncate()
        except OSError as error:
            raise self._store.unusable(error) from error

    def write(self, chunk: bytes) -> None:
        assert self._file is not None
        try:
            self._file.write(chunk)
        except OSError as error:
            raise self._store.unusable(error) from error

    def finish(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            file.close()
        except OSError as error:
            raise self._store.unusable(error) from error

    def discard(self) -> None:
        self.finish()
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise self._store.unusable(error) from error


def _flush(path: Path) -> None:
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


def _link(new: Path, path: str) -> bool:
    """Gives a file a second name, unless there is one (FileExistsError). False: the file system knows no such
    thing."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def _try_lock(file: int) -> bool:
    if os.name == "nt":
        import msvcrt

        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # A file system without locks: two processes may then carry one job, but still only one of them
        # creates its # record.
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise
    return True
