"""The bin of a library in a bucket: where the object of a video goes that is deleted, and comes back from."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from runcrate_widget.media.gone import BIN

from .bucket import Bucket

if TYPE_CHECKING:
    from runcrate_widget.library.record import Record

_PLACES = (("posters", ".jpg"), ("videos", ".mp4"))  # the poster first, as in a folder


class CloudBin:
    """Every method raises LibraryError."""

    def __init__(self, bucket: Bucket, cache: Path) -> None:
        self.folder = cache / BIN
        self._bucket = bucket
        self._cache = cache

    def find(self, record: Record) -> Path | None:
        """Where the MP4 of this record would be in the bin; None if it is not there."""
        path = f"{BIN}/{record.name}.mp4"
        return self.folder / f"{record.name}.mp4" if self._bucket.has(path) else None

    def poster(self, record: Record) -> Path | None:
        """Its poster that is in the bin, as a file."""
        local = self.folder / f"{record.name}.jpg"
        if not local.exists():
            found = self._bucket.get(f"{BIN}/{record.name}.jpg")
            if found is None:
                return None
            with contextlib.suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
                local.write_bytes(found.content)
        return local

    def put(self, record: Record) -> None:
        """Puts the objects of a record into the bin, if they are there."""
        for place, ending in _PLACES:
            self._bucket.move(f"{place}/{record.name}{ending}", f"{BIN}/{record.name}{ending}")
            with contextlib.suppress(OSError):
                (self._cache / f"{record.name}{ending}").unlink()

    def take_out(self, record: Record) -> bool:
        """Puts the objects of a record back in their place, if they are in the bin and nothing is there.
        Whether the video is one of them."""
        found = False
        if not record.choice.hidden:  # as every one is that was deleted, from before it is
            return False
        for place, ending in _PLACES:
            path = f"{place}/{record.name}{ending}"
            if not self._bucket.has(path):
                found = self._bucket.move(f"{BIN}/{record.name}{ending}", path) and ending == ".mp4"
        return found
