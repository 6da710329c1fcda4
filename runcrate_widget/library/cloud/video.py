"""`CloudVideo`: a `Video` that is in a bucket. Its file comes to this machine when somebody asks for it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runcrate_widget.errors import LibraryError
from runcrate_widget.media.mp4 import MP4
from runcrate_widget.media.video import Video
from runcrate_widget.request import VideoRequest

if TYPE_CHECKING:
    from .store import CloudStore


class CloudVideo(Video):
    """As `Video`; `path` fetches the file, where it is not here yet. An output plays it by a widget; what is
    saved has its poster."""

    def __init__(
        self, store: CloudStore, name: str, request: VideoRequest, id: str, mp4: MP4, demo: bool = False
    ) -> None:
        for field, value in {
            "_store": store,
            "_name": name,
            "request": request,
            "id": id,
            "mp4": mp4,
            "demo": demo,
        }.items():
            object.__setattr__(self, field, value)

    _store: CloudStore
    _name: str

    @property
    def path(self) -> Path:  # type: ignore[override]
        """The MP4 on this machine, a `pathlib.Path`: fetched if it is not there yet, and kept in the cache
        for as long as there is room. Raises LibraryError if it cannot be fetched, or was deleted."""
        path = self._store.bring(self._name)
        if path is None:
            raise self._lost()
        return path

    def _lost(self) -> LibraryError:
        return LibraryError(
            f"The video {self.id} is not in the library any more: {self.location}.",
            f"client.library.restore({self.id!r}) brings it back if it was deleted; else "
            f"client.job({self.id!r}).resume() fetches it again.",
            kind="not_found",
        )

    @property
    def here(self) -> Path | None:
        """The MP4, if it is on this machine already."""
        path = self._store.folder / f"{self._name}.mp4"
        return path if path.exists() else None

    @property
    def location(self) -> str:
        """Where it is, for people: a URL without any right to it."""
        return self._store.place(self._name)

    @property
    def url(self) -> str | None:
        """Where a page may play it from, for an hour and without anybody's key; None if the store gives no
        such URL. Never to be saved. Raises LibraryError."""
        return self._store.url(self._name)

    def _kept_poster(self) -> bytes | None:
        return self._store.poster(self._name)

    def keep_poster(self, jpeg: bytes) -> None:
        """Keeps `jpeg` in the library, if there is no poster yet.

        Raises:
            InvalidRequestError: it is no JPEG, or has more than 11,000 bytes.
            LibraryError: it cannot be written.
        """
        self._store.keep_poster(self._name, jpeg)

    def read_piece(self, offset: int, length: int) -> tuple[bytes, int]:
        """As of a file; what is not on this machine is not fetched as a whole."""
        if self.here is not None:
            with contextlib.suppress(OSError):  # the cache has just made room
                return super().read_piece(offset, length)
        found = self._store.piece(self._name, offset, length)
        if found is None:
            raise self._lost()
        return found

    @property
    def _folder(self) -> Path:
        return Path.cwd()  # where a person finds what is made of it; the cache is none's

    def _gone(self) -> None:
        """`path` says it."""

    def _source(self) -> None:
        """Nothing that a notebook may keep: its URL gives a right, and ends."""

    def _place(self) -> str:
        return self.location

    def _instead(self) -> str:
        code = f"client.job({self.id!r}).wait().show(embed=True)"
        return f"It plays here when this cell is run in Jupyter; {code} puts it into the notebook."

    def __repr__(self) -> str:
        return self._described(self.location)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CloudVideo) and self.location == other.location

    def __hash__(self) -> int:
        return hash(self.location)

    def __reduce__(self) -> tuple[Any, ...]:
        about = (self._name, self.request, self.id, self.mp4, self.demo)
        return _restored, (self._store.location, *about)


def _restored(location: str, *about: Any) -> CloudVideo:
    from runcrate_widget.library.places import of_another_process

    return CloudVideo(cast("CloudStore", of_another_process(location)), *about)
