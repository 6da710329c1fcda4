"""`Posters`: those of many videos at once. What is not there yet is made, as many as there is time for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runcrate_widget.errors import LibraryError
from runcrate_widget.jobs.loop import run_in_background
from runcrate_widget.library.parallel import side_by_side
from runcrate_widget.library.places import bucket_of
from runcrate_widget.media.mp4 import whole_mp4
from runcrate_widget.media.poster import make_poster, read_poster

if TYPE_CHECKING:
    from runcrate_widget.library.entry import Entry
    from runcrate_widget.library.library import Library
    from runcrate_widget.library.record import Record

_PATIENCE = 0.7  # seconds for making some in one answer; the others are made for the next


class Posters:
    """For any thread, beside the engine's."""

    def __init__(self) -> None:
        self._none: set[Path] = set()  # of which none can be made
        self._making = threading.Lock()  # one at a time: each takes a core

    def of(self, entries: Sequence[Entry], library: Library) -> dict[str, bytes]:
        """JPEGs by key. Those that are made later move the version of the library's shelf."""
        found: dict[str, bytes] = {}
        left: list[Entry] = []
        kept = _kept(entries, library)
        end = time.monotonic() + _PATIENCE
        for entry, jpeg in zip(entries, kept, strict=True):
            if jpeg is None and entry.record.path not in self._none:
                if time.monotonic() < end:
                    jpeg = self._made(entry.record, library)
                else:
                    left.append(entry)
            if jpeg is not None:
                found[entry.key] = jpeg
        if left:
            run_in_background(lambda: self._make(left, library))
        return found

    def _make(self, entries: Sequence[Entry], library: Library) -> None:
        made = [self._made(entry.record, library) for entry in entries]
        if any(made):
            library.shelf.touch()

    def _made(self, record: Record, library: Library) -> bytes | None:
        # Of a bucket's video only where it is on this machine: none is fetched for it.
        path = record.path
        with self._making:
            jpeg = read_poster(path)
            if jpeg is None and path not in self._none and whole_mp4(path):
                jpeg = make_poster(path)
                if jpeg is None:
                    self._none.add(path)
                else:
                    library.store.keep_poster(record.name, jpeg)
        return jpeg


def _kept(entries: Sequence[Entry], library: Library) -> list[bytes | None]:
    """Those that lie beside the videos, or in the bin."""

    def kept(entry: Entry) -> bytes | None:
        try:
            jpeg = library.store.poster(entry.record.name)
            if jpeg is None and (binned := library.bin.poster(entry.record)):
                jpeg = read_poster(binned)
        except LibraryError:  # the next may be in the cache
            return None
        return jpeg

    far = any(bucket_of(entry.record) for entry in entries)
    return side_by_side(kept, entries) if far else [kept(entry) for entry in entries]


def posters_in_buckets(records: Sequence[Record]) -> dict[str, bytes]:
    """By the names of those records that are in a bucket. For any thread but the engine's."""

    def poster(record: Record) -> bytes | None:
        store = bucket_of(record)
        with contextlib.suppress(LibraryError):  # what cannot be reached is not shown
            return store.poster(record.name) if store else None
        return None

    far = [record for record in records if bucket_of(record)]
    found = zip(far, side_by_side(poster, far), strict=True) if far else ()
    return {record.name: jpeg for record, jpeg in found if jpeg}
