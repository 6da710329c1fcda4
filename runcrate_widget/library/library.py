"""The folder: the durable record of every job, a JSON sidecar, and its MP4 beside it.

    runcrate_videos/
      a-cinematic-sunrise-3f9c2a71.json        what was asked for, the service's id, the stage
      a-cinematic-sunrise-3f9c2a71.mp4         the video, once it is a whole one
      a-cinematic-sunrise-3f9c2a71.jpg         a poster of it, once it was shown (poster.py)
      a-cinematic-sunrise-3f9c2a71.mp4.part    what of it has come so far
      a-cinematic-sunrise-3f9c2a71.lock        held by the process that carries the job, gone afterwards

Plain files, because home folders of shared hubs are often network file systems. A sidecar is written whole (temporary file,
flush, rename) and only by the process that holds its lock; the lock ends with its process, however that ends. A record's name
follows from its request, take and attempt, and only one process can create it: that is what keeps two of them from submitting
the same.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import html
import json
import os
import re
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from runcrate_widget.environment import notebook_folder, relative_url, setting
from runcrate_widget.errors import DamagedRecordError, LibraryError
from runcrate_widget.media.mp4 import MP4, read_mp4
from runcrate_widget.request import VideoRequest, restore_request

#: Beside the notebook: Jupyter starts a kernel in its notebook's folder.
DEFAULT_FOLDER = "runcrate_videos"
#: Of the sidecar's form. A sidecar with a higher one is left alone.
VERSION = 1
#: What needs nobody any more.
FINISHED = ("completed", "failed", "cancelled")

_LONGEST_SLUG = 40
_TEMPORARY = re.compile(r"\.(.+-[0-9a-f]{8})\.\d+-\d+\.tmp")


class Record:
    """What the library holds of one job. `fields` is the sidecar's JSON, with fields that we do not know kept as they are."""

    def __init__(self, sidecar: Path, fields: dict[str, Any]) -> None:
        self.sidecar = sidecar
        self.fields = fields
        self.request = restore_request(fields["request"])

    @property
    def name(self) -> str:
        """What its files are called, without their ending."""
        return self.sidecar.name.removesuffix(".json")

    @property
    def key(self) -> str:
        """8 hexadecimal digits; the end of its name."""
        return str(self.fields["key"])

    @property
    def id(self) -> str | None:
        """The service's id."""
        return self.fields.get("id")

    @property
    def status(self) -> str:
        """The stage that was written last; `job.status` of whoever carries the job is ahead of it."""
        return str(self.fields["status"])

    @property
    def prompt(self) -> str:
        """What was asked for, in words."""
        return self.request.prompt

    @property
    def model(self) -> str:
        """The model's id."""
        return self.request.model

    @property
    def take(self) -> int:
        """Which take of its request it is."""
        return int(self.fields["take"])

    @property
    def attempt(self) -> int:
        """The how-manieth sending of this take it is: more than 1 only after a failure, or when the user said so."""
        return int(self.fields["attempt"])

    @property
    def service(self) -> str:
        """The base URL of the service that has it, or `demo`."""
        return str(self.fields["service"])

    @property
    def created(self) -> datetime:
        """When it was asked for (UTC)."""
        return datetime.fromisoformat(self.fields["created"])

    @property
    def ended(self) -> datetime | None:
        """When it came to its end (UTC)."""
        given = self.fields.get("ended")
        return datetime.fromisoformat(given) if given else None

    @property
    def error(self) -> dict[str, str] | None:
        """Why there is no video: `message` and `hint`."""
        return self.fields.get("error")

    @property
    def path(self) -> Path:
        """The MP4, which is there once `status` is `completed`."""
        return self.sidecar.with_name(f"{self.name}.mp4")

    @property
    def slot(self) -> tuple[str, int, str]:
        """What two records share that answer the same call of `generate()`."""
        return self.request.fingerprint, self.take, self.service

    def __repr__(self) -> str:
        prompt = " ".join(self.prompt.split())
        prompt = prompt if len(prompt) <= 60 else prompt[:59] + "…"
        return f"<Record {self.id or self.key} {self.status} {self.created:%Y-%m-%d %H:%M} {prompt!r} ({self.request.model_name})>"


class Lock:
    """The right to carry one job; the operating system takes it back when the process ends."""

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        _locks.add(self)

    def release(self) -> None:
        """Gives it back."""
        if self._file < 0:
            return
        if os.name != "nt":  # Windows removes no open file; there an empty one stays
            with contextlib.suppress(OSError):
                self._path.unlink()
        self.forget()

    def forget(self) -> None:
        """Closes the file without giving the right back: what a forked child does with the locks of its parent."""
        os.close(self._file)
        self._file = -1
        _locks.discard(self)


_locks: set[Lock] = set()


def _forget_locks() -> None:
    for lock in list(_locks):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_locks)


class Records(list[Record]):
    """Records, newest first, that show themselves as a table."""

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "no jobs"

    def _repr_html_(self) -> str:
        rows = "".join(map(_table_row, self[:100]))
        more = f"<tr><td colspan=6>and {len(self) - 100} more</td></tr>" if len(self) > 100 else ""
        heads = ("", "prompt", "model", "status", "made", "file")
        head = "<tr>" + "".join(f"<th style='text-align:left'>{name}</th>" for name in heads) + "</tr>"
        return f"<table>{head}{rows}{more}</table>"


class Library:
    """What was made, in the folder `folder` (made when the first record is written).

    Iterating gives `Record`s, newest first; `len`, `in` (an id or a key) and `library[id]` work, too.

    Example:
        >>> client.library.filter(model="Veo 3.0", status="completed", text="fox")    # doctest: +SKIP
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        given = folder or setting("RUNCRATE_LIBRARY") or DEFAULT_FOLDER
        try:
            # Beside the notebook also after an os.chdir: another folder would have its jobs paid again.
            self.folder = notebook_folder() / Path(os.fsdecode(given)).expanduser()
            if "\0" in str(self.folder):
                raise ValueError("it has a null character")
        except (RuntimeError, ValueError, TypeError) as error:
            raise LibraryError(
                f"library is {given!r}, which names no folder: {error}.", "Give a path."
            ) from None
        #: Held while something is looked up and then written on the strength of it.
        self.guard = threading.RLock()
        self._known: dict[str, tuple[int, int, Record]] = {}

    # For people.

    def __iter__(self) -> Iterator[Record]:
        return iter(self.filter())

    def __len__(self) -> int:
        return len(self._refreshed())

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and self.find(id) is not None

    def __getitem__(self, id: str) -> Record:
        record = self.find(id)
        if record is None:
            raise KeyError(id)
        return record

    def find(self, id: str) -> Record | None:
        """The record of this id (or key), or None."""
        return next((record for record in self._refreshed() if id in (record.id, record.key)), None)

    def filter(
        self,
        *,
        model: str | None = None,
        status: str | None = None,
        text: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Records:
        """The records that match all that is given, newest first.

        Args:
            model: an id or a name.
            status: a stage.
            text: a part of the prompt; case does not matter.
            since, until: when it was asked for; a datetime without a zone is local time.
        """
        wanted = VideoRequest("-", model=model).model if model else None
        return Records(
            record
            for record in sorted(self._refreshed(), key=lambda record: record.fields["created"], reverse=True)
            if (wanted is None or record.model == wanted)
            and (status is None or record.status == status)
            and (text is None or text.casefold() in record.prompt.casefold())
            and (since is None or record.created >= since.astimezone())
            and (until is None or record.created <= until.astimezone())
        )

    def __repr__(self) -> str:
        if not hasattr(self, "_known"):  # a traceback with locals, of the constructor
            return "<Library that could not be opened>"
        return f"<Library {str(self.folder)!r}, {len(self)} jobs>"

    def _repr_html_(self) -> str:
        return self.filter()._repr_html_()

    # For the engine.

    def current(self, request: VideoRequest, take: int, service: str) -> Record | None:
        """The latest attempt at this take of this request, or None."""
        slot = (request.fingerprint, take, service)
        matching = [record for record in self._refreshed() if record.take == take and record.slot == slot]
        return max(matching, key=lambda record: record.attempt, default=None)

    def next_take(self, request: VideoRequest, service: str) -> int:
        """The first take of this request that is not there."""
        mine = [
            record for record in self._refreshed() if record.request == request and record.service == service
        ]
        return 1 + max((record.take for record in mine), default=0)

    def unfinished(self, service: str) -> list[Record]:
        """The records of `service` that somebody has to carry on, oldest first."""
        open_ones = [
            record
            for record in self._refreshed()
            if record.status not in FINISHED and record.service == service
        ]
        return sorted(open_ones, key=lambda record: record.fields["created"])

    def create(
        self, request: VideoRequest, take: int, attempt: int, service: str, id: str | None = None
    ) -> tuple[Record, Lock | None, bool]:
        """Records that a job is about to be sent (or, with an `id`, that the service has it), and takes the right to carry it.

        Returns:
            The record; the right, or None if another process has it; whether the record is new. If it is not, it is as it was.

        Raises:
            DamagedRecordError: there is a record of this, and it cannot be read.
            LibraryError: the folder cannot be written. Nothing was recorded, so nothing may be sent.
        """
        key = _key(request.fingerprint, str(take), str(attempt), service, id or "")
        name = readable_name(request.prompt, key)
        sidecar = self.folder / f"{name}.json"
        lock, record = self.lock(name), self._read(sidecar)
        pause = threading.Event()
        for _ in range(25):
            # Neither: another process is between its lock and its record, for some milliseconds as a rule. If it takes longer,
            # the record is written for it: only who has the lock sends.
            if lock is not None or record is not None:
                break
            pause.wait(0.02)
            lock, record = self.lock(name), self._read(sidecar)
        try:
            record = self._read(sidecar)
            if record is not None:
                return record, lock, False
            self._check_free(sidecar)
            given: dict[str, Any] = {
                "version": VERSION,
                "key": key,
                "id": id,
                "status": "queued" if id else "waiting",
            }
            given |= {"request": request.payload(), "take": take, "attempt": attempt, "service": service}
            given |= {"created": now(), "ended": None, "error": None}
            record = Record(sidecar, given)
            new = self._write(record, new=True)  # not new: somebody was quicker
            return (record if new else self._read(sidecar) or record), lock, new
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    def _check_free(self, sidecar: Path) -> None:
        aside = next(iter(sorted(self.folder.glob(f"{sidecar.name}.damaged*"))), None)
        if aside is not None:
            raise DamagedRecordError(
                f"The record of this job was damaged, and set aside as {aside.name}: it may have been paid.",
                "Look into it: with its id, client.job(id) fetches the video. To send it all the same, remove the file, or "
                "ask for another take.",
            )
        if sidecar.exists():
            raise LibraryError(
                f"{sidecar.name} was written by a later version of runcrate_widget.", "Update it here, too."
            )

    def tidy(self) -> None:
        """Clears away what a process that was killed left lying about: temporary files, and locks that nobody holds."""
        with contextlib.suppress(OSError, LibraryError):
            for entry in list(os.scandir(self.folder)):
                temporary = _TEMPORARY.fullmatch(entry.name)
                name = temporary[1] if temporary else entry.name.removesuffix(".lock")
                if name != entry.name and (lock := self.lock(name)):  # whoever writes holds the lock
                    if temporary:
                        os.unlink(entry.path)
                    lock.release()

    def update(self, record: Record, **fields: Any) -> None:
        """Changes a record, durably: it is on disk when this returns. Raises LibraryError."""
        record.fields |= fields
        if fields.get("status") in FINISHED or fields.get("error"):
            record.fields["ended"] = now()
        self._write(record)

    def reread(self, record: Record) -> Record:
        """The record as it is on disk now (as it was, if that cannot be read)."""
        return self._read(record.sidecar) or record

    def lock(self, name: str) -> Lock | None:
        """The right to carry the job `name`, or None if somebody else has it. Raises LibraryError."""
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

    def part(self, name: str) -> Path:
        """Where the video `name` arrives. Makes the folder. Raises LibraryError if that cannot be done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.unusable(error) from error
        return self.folder / f"{name}.mp4.part"

    def keep(self, name: str) -> tuple[Path, MP4]:
        """Gives the video that has arrived its name, if it is whole.

        Raises:
            InvalidVideoError: it is not; the `.part` is left for the caller.
            LibraryError: the folder cannot be written.
        """
        part, path = self.part(name), self.folder / f"{name}.mp4"
        try:
            facts = read_mp4(part)
            _flush(part)
            os.replace(part, path)
            _flush(self.folder)
        except OSError as error:
            raise self.unusable(error) from error
        return path, facts

    def unusable(self, error: OSError) -> LibraryError:
        """What is told of an `OSError` that this folder gave."""
        return LibraryError(
            f"The library folder {self.folder} cannot be used: {error.strerror or error}.",
            "Make room or mend its permissions, or choose another: VideoClient(library=…) or RUNCRATE_LIBRARY.",
        )

    def _refreshed(self) -> list[Record]:
        """All records; of the sidecars, those that changed are read again."""
        with self.guard:
            known: dict[str, tuple[int, int, Record]] = {}
            try:
                with os.scandir(self.folder) as entries:
                    sidecars = [entry for entry in entries if entry.name.endswith(".json")]
            except FileNotFoundError:
                sidecars = []
            except OSError as error:
                raise self.unusable(error) from error
            for entry in sidecars:
                with contextlib.suppress(FileNotFoundError):
                    seen = entry.stat()
                    before = self._known.get(entry.name)
                    if before and before[:2] == (seen.st_mtime_ns, seen.st_ino):
                        known[entry.name] = before
                    elif record := self._read(Path(entry.path)):
                        known[entry.name] = (seen.st_mtime_ns, seen.st_ino, record)
            self._known = known
            return [record for _, _, record in known.values()]

    def _read(self, sidecar: Path) -> Record | None:
        """The record of a sidecar; None if there is none. A damaged one is set aside, not deleted, and told of."""
        try:
            text = sidecar.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            warnings.warn(f"{sidecar} cannot be read: {error.strerror}. It is passed over.", stacklevel=2)
            return None
        try:
            fields = json.loads(text)
            if not isinstance(fields, dict) or fields.get("version", 0) > VERSION:
                # Of a later version of this package: not damaged, and not ours to touch.
                if isinstance(fields, dict):
                    return None
                raise ValueError("it is no object")
            record = Record(sidecar, fields)
            # What everybody relies on is there.
            _ = (
                record.key,
                record.status,
                record.take,
                record.attempt,
                record.service,
                record.created,
                record.ended,
            )
            if record.id is not None and not isinstance(record.id, str):
                raise TypeError("its id is no text")
            return record
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            earlier = len(list(sidecar.parent.glob(f"{sidecar.name}.damaged*")))
            aside = sidecar.with_name(f"{sidecar.name}.damaged{earlier or ''}")
            with contextlib.suppress(OSError):
                os.replace(sidecar, aside)
            warnings.warn(f"{sidecar} is damaged ({error}). It was set aside as {aside.name}.", stacklevel=2)
            return None

    def _write(self, record: Record, *, new: bool = False) -> bool:
        """Writes the sidecar, whole or not at all. False: it was to be `new`, and there is one."""
        whole = json.dumps(record.fields, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
        temporary = record.sidecar.with_name(f".{record.name}.{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                temporary.unlink(missing_ok=True)  # it might be another name of a sidecar
                with open(temporary, "xb") as file:
                    file.write(whole)
                    file.flush()
                    os.fsync(file.fileno())
                if not new or not _link(temporary, record.sidecar):
                    os.replace(temporary, record.sidecar)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            _flush(self.folder)
            return True
        except OSError as error:
            raise self.unusable(error) from error


def readable_name(prompt: str, key: str) -> str:
    """`a-cinematic-sunrise-3f9c2a71`: letters and digits of the prompt, then the job's key; safe as a file name anywhere."""
    words = "".join(
        char if char.isalnum() else " " for char in unicodedata.normalize("NFC", prompt).lower()
    ).split()
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:_LONGEST_SLUG]
        # Bytes count, too: file systems allow 255 of them.
        if len(longer) > _LONGEST_SLUG or len(longer.encode()) > 3 * _LONGEST_SLUG:
            break
        slug = longer
    return f"{slug or 'video'}-{key}"


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def now() -> str:
    """The time, as a record has it (UTC)."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


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


def _link(new: Path, path: Path) -> bool:
    """Gives a file a second name, unless there is one (FileExistsError). False: the file system knows no such thing."""
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
        # A file system without locks: two processes may then carry one job, but still only one of them creates its record.
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise
    return True


def _table_row(record: Record) -> str:
    picture = ""
    if record.status == "completed":
        source = html.escape(relative_url(record.path))
        picture = (
            f'<video src="{source}#t=0.1" preload="metadata" muted style="height:48px;display:block"></video>'
        )
    error = record.error or {}
    mark = "<b>DEMO</b> " if record.service == "demo" else ""
    cells = [
        picture,
        mark + html.escape(record.prompt[:200]),
        html.escape(record.request.model_name),
        html.escape(record.status) + (f": {html.escape(str(error.get('message', '')))}" if error else ""),
        f"{record.created.astimezone():%Y-%m-%d %H:%M}",
        html.escape(record.path.name) if record.status == "completed" else html.escape(record.id or ""),
    ]
    return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"
