"""The library's entries as the rows that the wall is shown (`wall_messages.py`), and what their files say."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runcrate_widget.library.places import bucket_of, location_of, mp4_of
from runcrate_widget.library.record import JobStatus
from runcrate_widget.media.mp4 import whole_mp4
from runcrate_widget.media.video import cut
from runcrate_widget.picture import Picture

from .picture_messages import FrameRow
from .rows import LONGEST_PROMPT, mp4_row
from .shapes import ErrorRow, VideoRow
from .wall_messages import EntryRow

if TYPE_CHECKING:
    from runcrate_widget.library.entry import Entry
    from runcrate_widget.library.library import Library
    from runcrate_widget.library.record import Record

_LONGEST_NOTE = 200  # bytes
_LONGEST_ERROR = 1000
_LONGEST_OWNER = 60
_REMEMBERED = 5000  # files


class Facts:
    """What MP4s say of themselves, each read once. For any thread but the engine's."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, tuple[tuple[int, int], VideoRow | None]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, record: Record) -> VideoRow | None:
        """Of the file as it is now; None if it is not there, or is no whole MP4. Of one in a bucket, as far
        as that is known without fetching it."""
        if bucket_of(record):
            mp4 = mp4_of(record, fetch=False)
            return mp4_row(location_of(record), mp4) if mp4 else None
        path = record.path
        try:
            seen = os.stat(path)
        except (OSError, ValueError):
            return None
        mark = seen.st_mtime_ns, seen.st_size
        with self._lock:
            known = self._known.get(path)
        if known is None or known[0] != mark:
            known = mark, _video_row(path)
        with self._lock:
            self._known[path] = known
            self._known.move_to_end(path)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known[1]


def entry_row(entry: Entry, takes: int, library: Library, facts: Facts) -> EntryRow:
    """The row of an entry, `takes` of whose stack are shown. It reads the head of the file."""
    record, request, choice = entry.record, entry.record.request, entry.record.choice
    done = record.status is JobStatus.COMPLETED
    video = facts.of(record) if done else None
    picture = request.image if isinstance(request.image, Picture) else None
    frame = picture.frame if picture else None
    row = EntryRow(
        key=record.key,
        id=record.id,
        prompt=cut(request.prompt, LONGEST_PROMPT),
        long=len(request.prompt.encode("utf-8", "replace")) > LONGEST_PROMPT,
        model=request.model,
        model_name=request.model_name,
        duration=request.duration,
        aspect_ratio=request.aspect_ratio,
        take=record.take,
        stack=entry.stack,
        takes=takes,
        status=record.status.value,
        error=_error_row(record.error) if record.error else None,
        created=entry.created,
        made=record.timeline.made_in,
        cost=None if record.demo else entry.cost,  # a demo says that it is one
        kept=choice.kept,
        rating=choice.rating,
        note=cut(choice.note, _LONGEST_NOTE),
        tags=list(choice.tags),
        hidden=choice.hidden,
        binned=video is None and _is_binned(record, library),
        demo=record.demo,
        owner=cut(record.owner, _LONGEST_OWNER) if record.owner else None,
        picture=picture.sha256 if picture else None,
        frame=FrameRow(key=frame.key, at=frame.at) if frame else None,
        video=video,
    )
    return cast("EntryRow", sendable(row))


def _is_binned(record: Record, library: Library) -> bool:
    if bucket_of(record) and not record.choice.hidden:  # as all are that were deleted: it is not asked
        return False
    return library.bin.find(record) is not None


def sendable(value: Any) -> Any:
    """`value` with texts that every message can carry: a record's may have half of a character."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: sendable(one) for name, one in value.items()}
    return [sendable(one) for one in value] if isinstance(value, list) else value


def _error_row(error: Any) -> ErrorRow:
    message, hint = (cut(str(error.get(name, "")), _LONGEST_ERROR) for name in ("message", "hint"))
    return ErrorRow(message=message, hint=hint, field=None, kind=str(error.get("kind", "")))


def _video_row(path: Path) -> VideoRow | None:
    mp4 = whole_mp4(path)
    return mp4_row(str(path), mp4) if mp4 else None
