"""Reads the boxes of an MP4: whether the file is whole, and what is in it.

Only what tells a whole video from a truncated one, an error page or something else: ISO/IEC 14496-12,
sections 4.2 (boxes), 8.2.2 (`mvhd`), 8.3.2 (`tkhd`) and 8.4.3 (`hdlr`). Nothing is decoded.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from runcrate_widget.errors import InvalidVideoError

from .plain import open_plain

_LARGEST_MOOV = 64 * 1024 * 1024


@dataclass(frozen=True)
class MP4:
    """What an MP4 says of itself: its size in bytes, its picture in pixels, its length in seconds, whether it
    has sound."""

    size: int
    width: int
    height: int
    duration: float
    audio: bool


def read_mp4(path: str | os.PathLike[str]) -> MP4:
    """Reads the MP4 at `path`.

    Raises:
        InvalidVideoError: it is empty, cut short, or not an MP4 with a picture; the message says which.
        OSError: the file cannot be read.
    """
    with os.fdopen(open_plain(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise InvalidVideoError("The file is empty.")
        first = file.read(12)
        if first[4:8] != b"ftyp":
            raise InvalidVideoError(f"The file is not an MP4: it begins with {first!r}.")
        seen: set[bytes] = set()
        moov = b""
        for kind, start, end in _top_boxes(file, size):
            seen.add(kind)
            if kind == b"moov":
                if end - start > _LARGEST_MOOV:
                    raise InvalidVideoError("The file is not a usable MP4: its index is implausibly large.")
                file.seek(start)
                moov = file.read(end - start)
    if b"moov" not in seen or not seen & {b"mdat", b"moof"}:
        missing = "its index (moov)" if b"moov" not in seen else "its pictures (mdat)"
        raise InvalidVideoError(f"The file is not a whole MP4: {missing} is missing.")
    try:
        return _facts(moov, size)
    except (struct.error, IndexError, ZeroDivisionError):
        raise InvalidVideoError("The file is not a whole MP4: its index is damaged.") from None


def whole_mp4(path: str | os.PathLike[str]) -> MP4 | None:
    """What the MP4 at `path` says of itself, if it is there and whole."""
    try:
        return read_mp4(path)
    except (InvalidVideoError, OSError):
        return None


def _top_boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            raise InvalidVideoError(
                f"The file is cut short: it ends within the head of a box, at byte {size}."
            )
        length, kind = struct.unpack(">I4s", head[:8])
        start = at + 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
            start = at + 16
        end = at + length if length else size  # 0: up to the end of the file
        if not all(32 <= byte < 127 for byte in kind):
            raise InvalidVideoError(f"The file is not a whole MP4: at byte {at} there is no box.")
        if end < start or end > size:
            name = kind.decode("latin-1")
            raise InvalidVideoError(
                f"The file is cut short: its {name} box ends at byte {end}, the file at {size}."
            )
        yield kind, start, end
        at = end


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            start = at + 16
        end = at + length if length else len(data)
        if end < start or end > len(data):
            raise struct.error
        yield kind, data[start:end]
        at = end


def _facts(moov: bytes, size: int) -> MP4:
    width = height = 0
    duration = 0.0
    handlers: set[bytes] = set()
    for kind, body in _boxes(moov):
        if kind == b"mvhd":
            wide = body[0] == 1  # version 1 has 64-bit times
            scale, units = struct.unpack_from(">IQ" if wide else ">II", body, 20 if wide else 12)
            duration = units / scale
        elif kind == b"trak":
            across = down = 0
            for inner, content in _boxes(body):
                if inner == b"tkhd":
                    across, down = (
                        fixed >> 16 for fixed in struct.unpack_from(">II", content, len(content) - 8)
                    )
                elif inner == b"mdia":
                    handlers |= {about[8:12] for name, about in _boxes(content) if name == b"hdlr"}
            if across * down > width * height:
                width, height = across, down
    if b"vide" not in handlers or not width or not height:
        raise InvalidVideoError("The file is an MP4 without a picture.")
    return MP4(size, width, height, duration, b"soun" in handlers)
