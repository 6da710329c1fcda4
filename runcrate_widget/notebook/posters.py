"""`Posters`: those of many videos at once. What is not there yet is made, as many as there is time for."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runcrate_widget.jobs.loop import run_in_background
from runcrate_widget.media.mp4 import whole_mp4
from runcrate_widget.media.poster import keep_poster, make_poster, read_poster

if TYPE_CHECKING:
    from runcrate_widget.library.entry import Entry
    from runcrate_widget.library.library import Library

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
        end = time.monotonic() + _PATIENCE
        for entry in entries:
            jpeg = _kept(entry, library)
            if jpeg is None and entry.record.path not in self._none:
                if time.monotonic() < end:
                    jpeg = self._made(entry.record.path)
                else:
                    left.append(entry)
            if jpeg is not None:
                found[entry.key] = jpeg
        if left:
            run_in_background(lambda: self._make(left, library))
        return found

    def _make(self, entries: Sequence[Entry], library: Library) -> None:
        made = [self._made(entry.record.path) for entry in entries]
        if any(made):
            library.shelf.touch()

    def _made(self, path: Path) -> bytes | None:
        with self._making:
            jpeg = read_poster(path)
            if jpeg is None and path not in self._none and whole_mp4(path):
                jpeg = make_poster(path)
                if jpeg is None:
                    self._none.add(path)
                else:
                    keep_poster(path, jpeg)
        return jpeg


def _kept(entry: Entry, library: Library) -> bytes | None:
    """The one that lies beside the video, or in the bin."""
    jpeg = read_poster(entry.record.path)
    if jpeg is None and (binned := library.bin.poster(entry.record)):
        jpeg = read_poster(binned)
    return jpeg
