"""`CloudStore`: a bucket, as a `Store`. See this package's `__init__` for where everything lies in it."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import cast

from runcrate_widget.environment import setting
from runcrate_widget.errors import LibraryError
from runcrate_widget.library.part import PartFile
from runcrate_widget.library.store import Conflict, Stored
from runcrate_widget.media.poster import keep_poster, make_poster, read_poster
from runcrate_widget.media.temporary import clear_left, temporary_path

from .address import normal
from .bin import CloudBin
from .bucket import Bucket, Found, Tag
from .cache import Cache
from .leases import LeaseObject, Leases
from .listing import Listing
from .pictures import CloudPictures
from .promises import check_promises

_WHERE = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ENDPOINT")
_REMEMBERED = 50_000  # records that this process has written
_ASIDE = b'"set aside"'  # what a damaged record is before it is gone
_TRIES = 50  # of who adds a line, and another is quicker
_URL_SECONDS = 3600
_LEFT = 24 * 3600.0  # seconds: a part that nothing has come to for so long is nobody's


class CloudStore:
    """Records and videos below `url`. Raises LibraryError if the store cannot be used, or does not promise
    what it must."""

    def __init__(self, url: str) -> None:
        self.location = url = normal(url)
        # There is one bucket of this name at each endpoint, or in each account.
        identity = " ".join([url, *(setting(name) for name in _WHERE)])
        self.bucket = Bucket(url)
        self.cache = Cache(identity, url.partition("://")[2])
        #: Where the videos are on this machine, once they were made or asked for.
        self.folder = self.cache.folder
        self._parts = self.folder / "parts"
        check_promises(self.bucket, identity)
        self.pictures = CloudPictures(self.bucket, self.folder)
        self.bin = CloudBin(self.bucket, self.folder)
        self._leases = Leases(self.bucket, self.folder)
        self._listing = Listing(self.bucket, self.read)
        self._lock = threading.Lock()
        #: By name: the states that our own writes led through, without anybody else's, and the last of them.
        self._ours: OrderedDict[str, tuple[set[Hashable], Tag]] = OrderedDict()

    def exists(self) -> bool:
        return True

    # Records.

    def create(self, name: str, content: bytes) -> bool:
        tag = self.bucket.create(_record(name), content)
        if tag is not None:
            self._wrote(name, {None}, tag)
        return tag is not None

    def replace(self, name: str, content: bytes, mark: Hashable = None) -> None:
        with self._lock:
            states, last = self._ours.get(name, (set(), None))
        known = last if mark in states else cast("Tag | None", mark)
        tag = None if known is None else self.bucket.replace(_record(name), content, known)
        if tag is None:
            raise Conflict(name)
        self._wrote(name, {*states, mark} if mark in states else {mark}, tag)

    def _wrote(self, name: str, states: set[Hashable], tag: Tag) -> None:
        with self._lock:
            self._ours[name] = {*states, tag}, tag
            self._ours.move_to_end(name)
            while len(self._ours) > _REMEMBERED:
                self._ours.popitem(last=False)

    def read(self, name: str) -> Stored | None:
        found = self.bucket.get(_record(name))
        return None if found is None or found.content == _ASIDE else Stored(found.content, found.tag)

    def scan(self) -> Iterator[tuple[str, Hashable]]:
        return self._listing.scan()

    def read_all(self, seen: Mapping[str, Hashable]) -> Iterator[tuple[str, Stored | None]]:
        return self._listing.read(seen)

    def changed(self) -> None:
        """Nothing tells that short of looking."""

    def set_aside(self, name: str, why: str, damaged: Stored) -> bool:
        what = f"{self.location}/{_record(name)} is damaged ({why})."
        try:
            self._add(_damaged(name), damaged.content)  # after what was damaged of this name before
            # Nobody can be told to delete only this state of it; but nobody else writes over this one.
            if self.bucket.replace(_record(name), _ASIDE, cast("Tag", damaged.mark)) is None:
                return False
            self.bucket.delete(_record(name))
        except LibraryError as error:
            warnings.warn(f"{what} It could not be set aside: {error.message}", stacklevel=2)
        else:
            warnings.warn(f"{what} It was set aside as {_damaged(name)}.", stacklevel=2)
        return True

    def aside(self, name: str) -> str | None:
        return _damaged(name) if self.bucket.has(_damaged(name)) else None

    # What is no job's.

    def kept(self, name: str) -> bytes | None:
        found = self.bucket.get(f"kept/{name}.txt")
        return None if found is None else found.content

    def keep(self, name: str, content: bytes) -> None:
        self.bucket.put(f"kept/{name}.txt", content)

    def append(self, name: str, line: bytes) -> None:
        self._add(f"lines/{name}.jsonl", line)

    def _add(self, path: str, line: bytes) -> None:
        pause = threading.Event()
        for attempt in range(_TRIES):
            found = self.bucket.get(path)
            if found is None:
                done = self.bucket.create(path, line + b"\n")
            else:
                done = self.bucket.replace(path, found.content + line + b"\n", found.tag)
            if done is not None:
                return
            pause.wait(0.01 * (attempt + 1) * (1 + os.getpid() % 7 / 7))
        message = f"Too many write {path} in the library {self.location} at the same time."
        raise LibraryError(message, "Try again.", kind="store")

    def lines(self, name: str) -> list[bytes]:
        found: Found | None = self.bucket.get(f"lines/{name}.jsonl")
        return [] if found is None else [line for line in found.content.split(b"\n") if line]

    # Who may do what.

    def lease(self, name: str) -> LeaseObject | None:
        return self._leases.take(name)

    def leased(self, name: str) -> bool:
        return self._leases.has(name)

    def claim(self, name: str) -> bool:  # noqa: ARG002
        """The claim is the record's step to `submitting`, which only who knows its state can write."""
        return True

    def claimed(self, name: str) -> bool:  # noqa: ARG002
        return False

    def unclaim(self, name: str) -> None:
        """Nothing is left of a claim but the record."""

    # Videos.

    def receive(self, name: str) -> PartFile:
        # Each process has its own: one that stood still goes on with it after another has the job.
        own = self._parts / f"{name}.{_HOST}.{os.getpid()}.mp4.part"
        if not own.exists():
            self._inherit(name, own)
        return PartFile(own, self.unusable)

    def _inherit(self, name: str, own: Path) -> None:
        """Goes on with the part of a process of this machine that is gone."""
        with contextlib.suppress(OSError):
            for left in self._parts.glob(f"{name}.{_HOST}.*.mp4.part"):
                process = left.name[: -len(".mp4.part")].rpartition(".")[2]
                if process.isdecimal() and not _is_alive(int(process)):
                    os.rename(left, own)
                    os.rename(f"{left}.about", f"{own}.about")
                    return

    def publish(self, name: str) -> Path:
        path = self.folder / f"{name}.mp4"
        part = self.receive(name)
        try:
            self.bucket.upload(_video(name), part.path, "video/mp4")
            part.publish(path)
        except LibraryError:
            raise
        except OSError as error:
            raise self.unusable(error) from error
        self._make_poster(name, path)
        self.cache.make_room(path)
        return path

    def _make_poster(self, name: str, path: Path) -> None:
        """Whoever looks at the wall elsewhere need not fetch the video for it."""
        with contextlib.suppress(LibraryError):
            if jpeg := make_poster(path):
                keep_poster(path, jpeg)
                self.bucket.put(f"posters/{name}.jpg", jpeg)

    def bring(self, name: str) -> Path | None:
        path = self.folder / f"{name}.mp4"
        if path.exists():
            self.cache.used(path)
            return path
        temporary = temporary_path(path)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                with open(temporary, "wb") as file:
                    size = self.bucket.download(_video(name), file.write)
                if size is None:
                    return None
                os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
        except LibraryError:
            raise
        except OSError as error:
            raise self.unusable(error) from error
        self.cache.make_room(path)
        return path

    def has_video(self, name: str) -> bool:
        return self.bucket.has(_video(name))

    def poster(self, name: str) -> bytes | None:
        """The poster: from the cache, or the bucket."""
        path = self.folder / f"{name}.mp4"
        if jpeg := read_poster(path):
            return jpeg
        found = self.bucket.get(f"posters/{name}.jpg")
        if found is None:
            return None
        with contextlib.suppress(LibraryError, OSError, ValueError):
            self.folder.mkdir(parents=True, exist_ok=True)
            keep_poster(path, found.content)
        return found.content

    def keep_poster(self, name: str, jpeg: bytes) -> None:
        keep_poster(self.folder / f"{name}.mp4", jpeg)
        self.bucket.create(f"posters/{name}.jpg", jpeg)

    def piece(self, name: str, offset: int, length: int) -> tuple[bytes, int] | None:
        """Some bytes of the video, without the rest of it, and its size; None if the store does not have
        it."""
        return self.bucket.piece(_video(name), offset, length)

    def place(self, name: str) -> str:
        """Where the video is, for people."""
        return f"{self.location}/{_video(name)}"

    def url(self, name: str) -> str | None:
        """A URL by which a page may play the video, for an hour."""
        return self.bucket.sign(_video(name), _URL_SECONDS)

    def unusable(self, error: OSError) -> LibraryError:
        if isinstance(error, LibraryError):
            return error
        return LibraryError(
            f"The cache {self.folder} of the library {self.location} cannot be used: "
            f"{error.strerror or error}.",
            "Make room or mend its permissions, or set RUNCRATE_CACHE to another folder.",
        )

    def tidy(self) -> None:
        self.cache.make_room()  # what was in use when it was full
        with contextlib.suppress(LibraryError):
            self._leases.tidy()
        with contextlib.suppress(OSError):
            clear_left(list(os.scandir(self.folder)))
        with contextlib.suppress(OSError):
            for entry in list(os.scandir(self._parts)):
                if time.time() - entry.stat().st_mtime > _LEFT:
                    os.unlink(entry.path)


_HOST = re.sub(r"\W", "-", socket.gethostname())[:40] or "-"  # several may have one home, and so one cache


def _is_alive(process: int) -> bool:
    """Whether that process of this machine may still be there."""
    if os.name == "nt":  # there it would be told to end
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _record(name: str) -> str:
    return f"records/{name}.json"


def _video(name: str) -> str:
    return f"videos/{name}.mp4"


def _damaged(name: str) -> str:
    return f"damaged/{name}.json"
