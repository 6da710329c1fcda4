"""Who carries a job: a lease in a folder, which one process has at a time.

Where the file system has locks (`flock`), the lease is one: the operating system takes it back when its
process ends, however that ends, and whoever gets it knows that nobody else is at work (`sure`). Where it has
none, as on some network homes, the lease is a file that its process renews, and that another may take over
when it has not been renewed for a while: then nobody can be sure, since a process may have been stopped and
go on later.

A lease is never the right to *send*: that is a claim, which one process has at a time, for as long as it
lives: the file of a claim is locked as well, whatever has become of that of the lease. Where there are no
locks, whoever makes the file has it, and nobody ever after.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import threading
import time
from pathlib import Path

#: Seconds. A lease that is a file is renewed so often, and may be taken over when it was not renewed for so
#: long.
RENEWED_EVERY = 5.0
EXPIRES_AFTER = 30.0

#: What a file system without locks says.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


def take_lease(folder: Path, name: str) -> Lock | LeaseFile | None:
    """The lease of the job `name`; None if another has it. Raises OSError."""
    try:
        return _take_lock(folder / f"{name}.lock")
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    with contextlib.suppress(OSError):
        (folder / f"{name}.lock").unlink()
    return _take_file(folder / f"{name}.lease")


def is_leased(folder: Path, name: str) -> bool:
    """Whether a process that lives has the lease of the job `name`. Where that cannot be said, it has."""
    renewed = folder / f"{name}.lease"
    if renewed.exists() and not _expired(renewed):
        return True
    try:
        file = os.open(folder / f"{name}.lock", os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return not _try_lock(file, shared=True)
    except OSError as error:
        return error.errno not in _NO_LOCKS  # there the lease is the other file
    finally:
        os.close(file)


def take_claim(folder: Path, name: str) -> Lock | None:
    """The right to send the job `name`; None if another has it. Raises OSError."""
    return _take_lock(folder / f"{name}.claim", by_creation=True)


class Lock:
    """A lease that the operating system holds."""

    #: Whether nobody else is at work with the job.
    sure = True

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        _locks.add(self)

    def held(self) -> bool:
        """Whether it is still ours: somebody may have removed its file, and made another."""
        try:
            return self._file >= 0 and os.path.samestat(os.fstat(self._file), os.stat(self._path))
        except OSError:
            return False

    def release(self) -> None:
        """Gives it back; a second call does nothing."""
        if self._file < 0:
            return
        if os.name != "nt" and self.held():  # Windows removes no open file; there an empty one stays
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


def _take_lock(path: Path, *, by_creation: bool = False) -> Lock | None:
    """`by_creation`: where there are no locks, whoever makes the file has it."""
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    while True:
        try:
            file, new = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644), True
        except FileExistsError:
            try:
                file, new = os.open(path, flags), False
            except FileNotFoundError:  # it has just been given back
                continue
        try:
            try:
                held = _try_lock(file)
            except OSError as error:
                if not by_creation or error.errno not in _NO_LOCKS:
                    raise
                held = new
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


def _try_lock(file: int, *, shared: bool = False) -> bool:
    if os.name == "nt":
        import msvcrt

        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class LeaseFile:
    """A lease that is a file, and renewed for as long as its process lives."""

    sure = False

    def __init__(self, path: Path, token: bytes) -> None:
        self._path = path
        self._token = token
        with _renewing:
            _files.add(self)
            if len(_files) == 1:
                threading.Thread(target=_renew_all, name="runcrate_widget leases", daemon=True).start()

    def held(self) -> bool:
        """Whether it is still ours: it may have been taken over while this process stood still."""
        return self in _files and _content(self._path) == self._token

    def release(self) -> None:
        """Gives it back; a second call does nothing."""
        if self.held():
            with contextlib.suppress(OSError):
                self._path.unlink()
        self.forget()

    def forget(self) -> None:
        """Renews it no more."""
        with _renewing:
            _files.discard(self)

    def renew(self) -> None:
        """Says that its process is alive."""
        if self.held():
            with contextlib.suppress(OSError):
                os.utime(self._path)


_files: set[LeaseFile] = set()
_renewing = threading.Lock()
#: Of leases that others have: what was seen of each, and since when, by this process's own clock.
_seen: dict[Path, tuple[object, float]] = {}


def _renew_all() -> None:
    pause = threading.Event()
    while True:
        pause.wait(RENEWED_EVERY)
        with _renewing:
            files = list(_files)
            if not files:
                return
        for file in files:
            file.renew()


def _take_file(path: Path) -> LeaseFile | None:
    token = secrets.token_hex(16).encode()
    temporary = path.with_name(f".{path.name}.{token.decode()}.tmp")
    temporary.write_bytes(token)
    try:
        if _is_new(temporary, path):
            return LeaseFile(path, token)
        if not _expired(path):
            return None
        os.replace(temporary, path)  # of two who do so at once, the later one has it
    finally:
        temporary.unlink(missing_ok=True)
    threading.Event().wait(0.1)
    return LeaseFile(path, token) if _content(path) == token else None


def _is_new(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # the file system knows no second names: then by the creation alone
        try:
            with open(path, "xb") as file:
                file.write(temporary.read_bytes())
        except FileExistsError:
            return False
    return True


def _expired(path: Path) -> bool:
    """Whether the lease that another has was not renewed for long, as this process itself has watched."""
    try:
        state: object = (os.stat(path).st_mtime_ns, _content(path))
    except FileNotFoundError:
        return False  # it has just been given back
    known = _seen.get(path)
    if known is None or known[0] != state:
        _seen[path] = state, time.monotonic()
        return False
    return time.monotonic() - known[1] > EXPIRES_AFTER


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _forget_all() -> None:
    global _renewing
    _renewing = threading.Lock()
    _files.clear()
    for lock in list(_locks):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
