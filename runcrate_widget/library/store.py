"""`Store`: what the library asks of the place where it keeps records and videos. The first is a folder
(`disk.py`), the second a bucket (`cloud/`).

What a store promises, because the money of users hangs on it:

- `create` succeeds for one caller alone, of all processes that use the store.
- `create` and `replace` are whole or not there at all, and durable when they return.
- `replace` is refused where another process has written meanwhile, and no lease that is `sure` forbids that.
- `claim`, and the step to `submitting` that follows it, are had by one process at a time, on every file
system and in every bucket, whatever has become of leases and clocks.
- A `Lease` is held by one process, and ends with it, however it ends; `sure` says whether the store can vouch
for that.
- `publish` gives a video its name in one step.

Every method raises `LibraryError` where the store cannot be used.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from runcrate_widget.errors import LibraryError
from runcrate_widget.media.pictures import Pictures

if TYPE_CHECKING:
    from runcrate_widget.service.backend import Sink

    from .record import Record


class Stored(NamedTuple):
    """A record's content, and a mark of its state; None where only who has its lease writes it."""

    content: bytes
    mark: Hashable = None


class Conflict(Exception):
    """A record is in another state than its writer knew, or gone. Nothing was written."""


class Lease(Protocol):
    """The right to carry one job."""

    @property
    def sure(self) -> bool:
        """Whether nobody else can be at work with the job."""

    def held(self) -> bool:
        """Whether it is still ours."""

    def release(self) -> None:
        """Gives it back; a second call does nothing."""


class Bin(Protocol):
    """Where the videos of a store go that are deleted. Its methods raise OSError."""

    def find(self, record: Record) -> Path | None:
        """Where the MP4 of this record is in the bin, if it is there."""

    def poster(self, record: Record) -> Path | None:
        """Its poster that is in the bin, as a file."""

    def put(self, record: Record) -> None:
        """Puts the files of a record into the bin, if they are there."""

    def take_out(self, record: Record) -> bool:
        """Puts them back, if nothing is in their place. Whether the video is one of them."""


class Store(Protocol):
    """Keeps records (bytes) and videos (files) by name."""

    @property
    def location(self) -> str:
        """Where it is, for people: a folder, or a URL."""

    @property
    def folder(self) -> Path:
        """Where the videos are on this machine."""

    def exists(self) -> bool:
        """Whether there may be anything in it."""

    @property
    def bin(self) -> Bin:
        """Where deleted videos are."""

    @property
    def pictures(self) -> Pictures:
        """The pictures that videos begin with. Its methods raise OSError."""

    def create(self, name: str, content: bytes) -> bool:
        """Puts a record where there is none. False: there is one, and it is as it was."""

    def replace(self, name: str, content: bytes, mark: Hashable = None) -> None:
        """Puts a record in the place of what is there. Raises Conflict if that is not what was read with this
        mark, or what this process has made of it since."""

    def read(self, name: str) -> Stored | None:
        """A record; None if there is none, or it is not to be read (then a warning says so)."""

    def scan(self) -> Iterator[tuple[str, Hashable]]:
        """The names of all records, each with a mark that changes when the record does."""

    def read_all(self, seen: Mapping[str, Hashable]) -> Iterator[tuple[str, Stored | None]]:
        """As `read`, of records that `scan` has just named, with their marks: as they were then, or are
        now."""

    def changed(self) -> int | None:
        """What is another when a record was made or replaced; None if that is not known without a scan."""

    def set_aside(self, name: str, why: str, damaged: Stored) -> bool:
        """Puts a damaged record out of the way, without losing it, and warns of it. False: it is not, or not
        any more, what was read as `damaged`, and stays."""

    def aside(self, name: str) -> str | None:
        """Where a damaged record of this name was put, for people; None if there is none."""

    def kept(self, name: str) -> bytes | None:
        """What was kept beside the records, and belongs to no job; None if there is none of this name."""

    def keep(self, name: str, content: bytes) -> None:
        """Keeps it, in the place of what is there."""

    def lease(self, name: str) -> Lease | None:
        """The right to carry the job `name`; None if another has it."""

    def leased(self, name: str) -> bool:
        """Whether a process that lives has the job. Where that cannot be said, it has."""

    def claim(self, name: str) -> bool:
        """The right to *send* the job `name`; False if another has it, or had it and cannot be known to have
        ended."""

    def claimed(self, name: str) -> bool:
        """Whether somebody has the right to send the job, or had it and ended."""

    def unclaim(self, name: str) -> None:
        """Gives our right to send back, if we have it: nothing was sent, or what was sent is on record."""

    def receive(self, name: str) -> Sink:
        """Where the video of the job `name` arrives; what has come so far is there."""

    def publish(self, name: str) -> Path:
        """Gives the video that has arrived its name."""

    def has_video(self, name: str) -> bool:
        """Whether the video is there, in its place."""

    def bring(self, name: str) -> Path | None:
        """Has the video on this machine, as a file; None if the store does not have it."""

    def url(self, name: str) -> str | None:
        """Where a page may play the video from, for a while and without anybody's key; None if nowhere."""

    def poster(self, name: str) -> bytes | None:
        """The poster of the video, if there is one."""

    def keep_poster(self, name: str, jpeg: bytes) -> None:
        """Keeps a poster, if there is none. Raises InvalidRequestError if that is none."""

    def append(self, name: str, line: bytes) -> None:
        """Adds a line to the journal `name`, durably. Raises LibraryError."""

    def lines(self, name: str) -> list[bytes]:
        """The lines of that journal, oldest first; some may be damaged. Raises LibraryError."""

    def unusable(self, error: OSError) -> LibraryError:
        """What is told of an `OSError` that one of its files gave."""

    def tidy(self) -> None:
        """Clears away what a process that was killed left lying about."""
