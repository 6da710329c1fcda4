"""The library: the durable record of every job, and how it is found again.

A record's name follows from its request, take and attempt, and only one process can create it: that is what
keeps two of them from submitting the same, and what finds a job without looking at any other.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from runcrate_widget.checks import bare_url, check_text, is_url
from runcrate_widget.environment import notebook_folder, setting
from runcrate_widget.errors import LibraryError
from runcrate_widget.media.mp4 import MP4, read_mp4
from runcrate_widget.request import VideoRequest

from . import removal
from .attempts import Attempts, standing
from .creation import create_record
from .export import export
from .index import Index
from .naming import each_once, fresh_record
from .pictures import keep_picture
from .places import opened
from .record import Record
from .records import put_record, restored
from .search import Records, Search, found
from .shelf import Shelf
from .store import Lease, Store

if TYPE_CHECKING:
    from runcrate_widget.service.backend import Sink

    from .ranking import Ranking

#: Beside the notebook: Jupyter starts a kernel in its notebook's folder.
DEFAULT_FOLDER = "runcrate_videos"

#: What `dir()` leaves out: what the jobs need, and not who looks for a video.
_MACHINERY = {"attempts", "create", "current", "lease", "lock", "next_take", "publish", "receive", "reread"}
_MACHINERY |= {"shelf", "store", "tidy", "unfinished", "write"}


class Library:
    """What was made, in the folder `folder` (made when the first record is written), or below the URL of an
    object store (`s3://bucket/team`).

    Iterating gives every `Record`, newest first; `len`, `in`, `library[id]`, `library[0]` and slices work.

    Example:
        >>> client.library.filter(model="Veo 3.0", status="completed", text="fox")    # doctest: +SKIP
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        #: Where it is kept; a claim to send a job is the store's.
        self.store: Store = opened(_place(folder))
        #: Held while something is looked up and then written on the strength of it.
        self.lock = threading.RLock()
        self._index = Index()
        self._attempts = Attempts(self._index, self._read, self._refreshed)
        #: All records in memory, for who looks at many of them; empty until it is asked to look.
        self.shelf = Shelf(self.store.changed, self._refreshed)
        #: Where deleted videos are.
        self.bin = self.store.bin

    @property
    def folder(self) -> Path:
        """Where the videos are; of a library in an object store, those that were made or asked for here."""
        return self.store.folder

    @property
    def location(self) -> str:
        """Where it is: a folder, or a URL."""
        return self.store.location

    # For people.

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _MACHINERY]

    def __iter__(self) -> Iterator[Record]:
        return iter(self.filter(hidden=None))

    def __len__(self) -> int:
        return len(self._refreshed())

    def __contains__(self, which: object) -> bool:
        id = which.key if isinstance(which, Record) else which
        return isinstance(id, str) and any(id in (one.id, one.key) for one in self._refreshed())

    @overload
    def __getitem__(self, which: str | int) -> Record: ...
    @overload
    def __getitem__(self, which: slice) -> Records: ...
    def __getitem__(self, which: str | int | slice) -> Record | Records:
        """By its id or key; or by its place, of all that are there, the newest first."""
        if isinstance(which, str):
            if (record := self.find(which)) is None:
                raise KeyError(which)
            return record
        if isinstance(which, slice):
            return Records(list(self)[which])
        return list(self)[operator.index(which)]

    def find(self, id: str, *, service: str | None = None) -> Record | None:
        """The record of this id (or key), or None. With a `service`, an id is that of its jobs alone.

        Raises:
            InvalidRequestError: that is no text, or two services have jobs of this id.
        """
        check_text("id", id)
        check_text("service", "" if service is None else service)
        return found(self._refreshed(), id, service)

    def filter(
        self,
        *,
        model: str | None = None,
        status: str | None = None,
        text: str | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        kept: bool | None = None,
        rating: int | None = None,
        tag: str | None = None,
        hidden: bool | None = False,
        owner: str | None = None,
    ) -> Records:
        """The records that match all that is given, newest first. What was put away or deleted is left out.

        Args:
            model: an id or a name, of the table of models or of a record.
            status: a stage.
            text: words that are all in the prompt, the model's name, the note, the tags or the id, in any
                order; a part of a word will do, and case does not matter.
            since, until: when it was asked for: a datetime, a date, or either as a text ("2026-11-25",
                "2026-11-25T14:00"). A date is the beginning of that day; without a zone it is local time.
            kept: True for those that were kept, False for the rejected ones (`job.choose(kept=…)`).
            rating: those that were rated so high, or higher: 1 to 5.
            tag: a word that they were given.
            hidden: True for those that were put away or deleted, None for all.
            owner: who asked for it, as it stands there (`VideoClient(owner=…)`).

        Raises:
            InvalidRequestError: something of it is not what belongs there.
        """
        search = Search(model, status, text, since, until, kept, rating, tag, hidden, owner)
        return search.of(self._refreshed())

    def to_frame(self) -> Any:
        """All records as a table, as `filter(...).to_frame()` gives some. Raises MissingExtraError."""
        return self.filter(hidden=None).to_frame()

    def __repr__(self) -> str:
        if not hasattr(self, "_index"):  # a traceback with locals, of the constructor
            return "<Library that could not be opened>"
        return f"<Library {self.location!r}, {len(self)} jobs>"

    delete = removal.delete
    restore = removal.restore
    export = export

    def ranking(self) -> Ranking:
        """The models by what was compared in the arena, and how sure that is. Raises LibraryError."""
        from .arena import ranking

        return ranking(self)

    # For jobs: look-ups that do not scan.

    def attempts(self, request: VideoRequest, take: int, service: str) -> list[Record]:
        """All attempts at this take of this request."""
        with self.lock:
            return self._attempts.of(request, take, service)

    def current(self, request: VideoRequest, take: int, service: str) -> Record | None:
        """The attempt that stands for this take of this request, or None: see `attempts.py`."""
        return standing(self.attempts(request, take, service))

    def next_take(self, request: VideoRequest, service: str) -> int:
        """The first take of this request after all that are there."""
        with self.lock:
            first = 1 + max((one.take for one in self._attempts.takes(request, service)), default=0)
            return next(take for take in count(first) if not self.attempts(request, take, service))

    def unfinished(self, service: str) -> list[Record]:
        """The records of `service` that somebody has to carry on, oldest first."""
        found = [one for one in self._refreshed() if one.service == service and not one.status.over]
        return sorted(found, key=lambda one: one.created)

    # For jobs: what is written.

    def create(
        self,
        request: VideoRequest,
        take: int,
        attempt: int,
        service: str,
        *,
        id: str | None = None,
        demo: bool = False,
        owner: str | None = None,
        handed_over: bool = False,
    ) -> tuple[Record, Lease | None, bool]:
        """Records that a job is about to be sent (or, with an `id`, that the service has it), and takes the
        right to carry it. `handed_over`: whether a carrier is to send it.

        Returns:
            The record; the right, or None if another process has it, or is to have it; whether the record is
            new. If it is not, it is as it was.

        Raises:
            DamagedRecordError: there is a record of this, and it cannot be read.
            LibraryError: the folder cannot be written, or the picture is gone. So nothing may be sent.
        """
        request = keep_picture(self.store, request)
        about: dict[str, Any] = {"id": id, "demo": demo, "owner": owner, "handed_over": handed_over}
        record = fresh_record(self.folder, request, take, attempt, service, **about)
        made, lease, new = create_record(self.store, record, self._read)
        if new:
            self._index.note(made)
            self.shelf.note(made)
        return made, lease, new

    def write(self, record: Record) -> Record:
        """Puts a record in place of what is there; it is on disk when this returns. What it is now.

        Raises:
            LibraryError: it cannot be written.
            Superseded: another process has gone on with the job, and what it wrote holds.
        """
        record = put_record(self.store, record, self._read)
        self.shelf.note(record)
        return record

    def reread(self, record: Record) -> Record:
        """The record as it is on disk now (as it was, if that cannot be read)."""
        return self._read(record.name) or record

    def lease(self, name: str) -> Lease | None:
        """The right to carry the job `name`; None if somebody else has it. Raises LibraryError."""
        return self.store.lease(name)

    def tidy(self) -> None:
        """Clears away what a process that was killed left lying about."""
        self.store.tidy()

    # For jobs: the video.

    def receive(self, record: Record) -> Sink:
        """Where the video arrives. What came of it before is there."""
        return self.store.receive(record.name)

    def publish(self, record: Record) -> MP4:
        """Gives the video that has arrived its name, if it is whole.

        Raises:
            InvalidVideoError: it is not; what arrived is left for the caller.
            LibraryError: the folder cannot be written.
        """
        try:
            mp4 = read_mp4(self.store.receive(record.name).path)
        except OSError as error:
            raise self.store.unusable(error) from error
        self.store.publish(record.name)
        return mp4

    # What is known.

    def _read(self, name: str) -> Record | None:
        """The record of this name as it is now, or None. A damaged one is set aside, and told of."""
        return restored(self.store, name, self.store.read(name))

    def _read_all(self, seen: Mapping[str, Hashable]) -> Iterator[Record]:
        read = (restored(self.store, name, stored) for name, stored in self.store.read_all(seen))
        return (record for record in read if record is not None)

    def _refreshed(self) -> list[Record]:
        """All records, each once; those that changed are read again."""
        with self.lock:
            return each_once(self._index.refresh(self.store.scan(), self._read_all))


def _place(given: str | os.PathLike[str] | None) -> Path | str:
    """The folder, or the URL."""
    given = given or setting("RUNCRATE_LIBRARY") or DEFAULT_FOLDER
    if isinstance(given, str) and "://" in given:
        return given
    if is_url(os.fsdecode(given) if isinstance(given, (str, os.PathLike)) else ""):
        message = f"library is {bare_url(os.fsdecode(given))!r}, which is neither a folder nor a whole URL."
        raise LibraryError(message, "Give a URL as a text, with both slashes: s3://our-bucket/team.")
    try:
        # Beside the notebook also after an os.chdir: another folder would have its jobs paid again.
        folder = notebook_folder() / Path(os.fsdecode(given)).expanduser()
        if "\0" in str(folder):
            raise ValueError("it has a null character")
        os.fsencode(folder)
    except (RuntimeError, ValueError, TypeError) as error:
        message = f"library is {given!r}, which names no folder: {error}."
        raise LibraryError(message, "Give a path.") from None
    return folder
