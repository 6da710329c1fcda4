"""`Store`: what the library asks of the place where it keeps records and videos. The first is a folder
(`disk.py`).

What a store promises, because the money of users hangs on it:

- `create` succeeds for one caller alone, of all processes that use the store.
- `create` and `replace` are whole or not there at all, and durable when they return.
- `claim` is had by one process at a time, on every file system, whatever has become of leases and clocks.
- A `Lease` is held by one process, and ends with it, however it ends; `sure` says whether the store can vouch
for that.
- `publish` gives a video its name in one step.

Every method raises `LibraryError` where the store cannot be used.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from runcrate_widget.errors import LibraryError
from runcrate_widget.media.pictures import Pictures

if TYPE_CHECKING:
    from runcrate_widget.service.backend import Sink


class Lease(Protocol):
    """The right to carry one job."""

    @property
    def sure(self) -> bool:
        """Whether nobody else can be at work with the job."""

    def held(self) -> bool:
        """Whether it is still ours."""

    def release(self) -> None:
        """Gives it back; a second call does nothing."""


class Store(Protocol):
    """Keeps records (bytes) and videos (files) by name."""

    @property
    def folder(self) -> Path:
        """Where the videos are, for this machine."""

    @property
    def pictures(self) -> Pictures:
        """The pictures that videos begin with. Its methods raise OSError."""

    def create(self, name: str, content: bytes) -> bool:
        """Puts a record where there is none. False: there is one, and it is as it was."""

    def replace(self, name: str, content: bytes) -> None:
        """Puts a record in the place of what is there."""

    def read(self, name: str) -> bytes | None:
        """A record; None if there is none, or it is not to be read (then a warning says so)."""

    def scan(self) -> Iterator[tuple[str, Hashable]]:
        """The names of all records, each with a mark that changes when the record does."""

    def set_aside(self, name: str, why: str) -> None:
        """Puts a damaged record out of the way, without losing it, and warns of it."""

    def aside(self, name: str) -> str | None:
        """Where a damaged record of this name was put, for people; None if there is none."""

    def kept(self, name: str) -> bytes | None:
        """What was kept beside the records, and belongs to no job; None if there is none of this name."""

    def keep(self, name: str, content: bytes) -> None:
        """Keeps it, in the place of what is there."""

    def lease(self, name: str) -> Lease | None:
        """The right to carry the job `name`; None if another has it."""

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

    def append(self, name: str, line: bytes) -> None:
        """Adds a line to the journal `name`, durably. Raises LibraryError."""

    def lines(self, name: str) -> list[bytes]:
        """The lines of that journal, oldest first; some may be damaged. Raises LibraryError."""

    def unusable(self, error: OSError) -> LibraryError:
        """What is told of an `OSError` that one of its files gave."""

    def tidy(self) -> None:
        """Clears away what a process that was killed left lying about."""
