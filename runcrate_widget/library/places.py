"""Which store a record is of: a record knows its folder, and a library in a bucket has one, its cache."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from runcrate_widget.media.mp4 import MP4, whole_mp4

from .disk import FolderStore
from .record import JobStatus, Record
from .store import Store

if TYPE_CHECKING:
    from runcrate_widget.media.video import Video

    from .cloud.store import CloudStore

#: Those in buckets, by their folders. They stay, as a record has nothing else to find its video by.
_stores: dict[Path, CloudStore] = {}


def opened(location: str | Path) -> Store:
    """The store at a folder or a URL. Raises LibraryError if it cannot be used."""
    if isinstance(location, Path):
        return FolderStore(location)
    from .cloud.store import CloudStore  # which needs an extra

    store = CloudStore(location)
    # One for all clients of a process: it knows what this process has written.
    known = _stores.setdefault(store.folder, store)
    known.bucket.renew(store.bucket)
    return known


@lru_cache
def of_another_process(location: str) -> Store:
    """The store of a record or a video that has come from another process. Raises LibraryError."""
    return opened(location)  # once, and not with each of thousands


def store_of(folder: Path) -> Store:
    """The store whose videos are in this folder."""
    return _stores.get(folder) or FolderStore(folder)


def bucket_of(record: Record) -> CloudStore | None:
    """The store in a bucket whose record this is; None of one in a folder."""
    return _stores.get(record.folder)


def location_of(record: Record) -> str:
    """Where the video of a record is, for people: its path, or a URL without any right to it."""
    store = _stores.get(record.folder)
    return str(record.path) if store is None else store.place(record.name)


def url_of(folder: Path) -> str | None:
    """The URL of the store whose videos come to this folder; None if they are there, and nowhere else."""
    store = _stores.get(folder)
    return None if store is None else str(store.location)


def video_of(record: Record, mp4: MP4) -> Video:
    """The video of a record, whose file says this of itself."""
    about = (record.request, record.id or "", mp4, record.demo)
    if (store := _stores.get(record.folder)) is not None:
        from .cloud.video import CloudVideo

        return CloudVideo(store, record.name, *about)
    from runcrate_widget.media.video import Video

    return Video(record.path, *about)


def is_made(record: Record) -> bool:
    """Whether there is a video of a record, as far as that is known without opening it."""
    if record.status is not JobStatus.COMPLETED:
        return False
    return record.mp4 is not None if record.folder in _stores else record.path.is_file()


def mp4_of(record: Record, *, fetch: bool = True) -> MP4 | None:
    """What the video of a record says of itself; None if there is no whole one in its place.

    In a folder its file says so. In a bucket the record does, and it is only asked whether the video is there
    where somebody may have deleted it. (Where a record does not say it the video is fetched, if that may be.)
    """
    store = _stores.get(record.folder)
    if store is None:
        return whole_mp4(record.path)
    if record.choice.hidden and not store.has_video(record.name):
        return None
    if record.mp4 is not None or not fetch:
        return record.mp4
    return whole_mp4(path) if (path := store.bring(record.name)) else None


def size_of(record: Record) -> int | None:
    """Bytes of the video of a record; None if it is not there, as far as that is known without opening it."""
    if record.folder in _stores:
        return record.mp4.size if record.mp4 is not None and not record.choice.hidden else None
    try:
        return os.stat(record.path).st_size
    except OSError:
        return None
