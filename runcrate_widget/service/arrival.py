"""A download's answer: whether it is the video, or the rest of the one that has begun to come; and its bytes,
into the sink.

A part is never continued with bytes of another video. Where that cannot be told, it begins anew.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from runcrate_widget.errors import TransportError, UnexpectedAnswerError

from .answers import SERVER_HINT
from .backend import Sink, Whole
from .limits import whole_number
from .packing import packing, unpacking

if TYPE_CHECKING:
    import httpx

#: What no video of this API reaches (15 s of 4K at a camera's 1 Gbit/s are 2 GB), and what a disk can mostly
#: spare: a body without end is stopped there.
LARGEST = 4 * 1024**3

_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)


def wanted(sink: Sink) -> dict[str, str]:
    """The headers that ask for what the sink does not have yet."""
    have, whole = sink.size, sink.whole
    if not have or whole is None:
        return {}
    return {"Range": f"bytes={have}-"} | ({"If-Range": whole.exact} if whole.exact else {})


def has_all(sink: Sink) -> bool:
    """Whether every byte has come, and only the file is missing. More than all is dropped."""
    have, whole = sink.size, sink.whole
    if whole is None or whole.total is None or have < whole.total:
        return False
    if have > whole.total:
        sink.discard()
    return have == whole.total


async def save(
    response: httpx.Response,
    sink: Sink,
    came: Callable[[int], None],
    progress: Callable[[int, int | None], None],
) -> None:
    """Brings the bytes of a good answer into the sink.

    Args:
        came: is told of each piece how many bytes it has on the line.
        progress: as in `Backend.download`.

    Raises:
        TransportError: it is to be asked for again; the sink has what can be continued.
        UnexpectedAnswerError: it is more than was promised, or than any video has, or written in a way that
            nobody asked for.
    """
    coding = packing(response.headers)
    first, whole = _extent(response)
    if response.status_code == 206 and "range" in response.request.headers:
        at = sink.size
        if coding or first != at or not _same(sink.whole or Whole(), whole):
            sink.discard()
            raise TransportError("The service sent another video, or part of it: it begins anew.", sent=True)
        total = whole.total or (sink.whole or Whole()).total
    elif first > 0:
        raise TransportError("The service sent a part of the video that nobody asked for.", sent=True)
    else:
        at, total = 0, whole.total
    if coding:
        total = None  # what was promised is as it is on the line, and so are ranges of it
    _check_size(total or whole.total or 0, LARGEST)
    pieces = _counted(response, came)
    pieces = unpacking(pieces, coding) if coding else pieces
    sink.resume() if at else sink.begin(None if coding or not _lasting(whole) else whole)
    try:
        progress(at, total)
        async for piece in pieces:
            at += len(piece)
            _check_size(at, LARGEST if total is None else total)
            sink.write(piece)
            progress(at, total)
    finally:
        sink.finish()
    if total is not None and at < total:
        raise TransportError("The download ended before the video did: it is continued.", sent=True)


def _check_size(size: int, most: int) -> None:
    if size > most:
        message = f"The download has more than {most} bytes, "
        message += "which no video has." if most == LARGEST else "which is more than it was to have."
        raise UnexpectedAnswerError(message, SERVER_HINT, status=200)


def _extent(response: httpx.Response) -> tuple[int, Whole]:
    """Where the answer begins, and what it is a part of."""
    headers = response.headers
    first, total = 0, whole_number(headers.get("content-length", ""))
    if response.status_code == 206:
        told = _RANGE.fullmatch(headers.get("content-range", "").strip())
        first, total = (int(told[1]), whole_number(told[3])) if told else (-1, None)
    etag, modified = (_plain(headers.get(name, "")) for name in ("etag", "last-modified"))
    exact = etag if etag.startswith('"') else modified if _settled(modified, headers.get("date", "")) else ""
    return first, Whole(total or None, etag, modified, exact)


def _plain(text: str) -> str:
    return text if len(text) <= 500 and text.isascii() and text.isprintable() else ""


def _settled(modified: str, date: str) -> bool:
    """Whether the time of the last change tells one state from the next: not if it changed just now (RFC
    9110, 8.8.2.2)."""
    try:
        return (parsedate_to_datetime(date) - parsedate_to_datetime(modified)).total_seconds() >= 1
    except (ValueError, TypeError, OverflowError):
        return False


def _lasting(whole: Whole) -> bool:
    """Whether a part of it could be continued at all."""
    return whole.total is not None or whole.etag.startswith('"')


def _same(one: Whole, other: Whole) -> bool:
    """Whether what has begun to come and what comes now are the same."""
    if None not in (one.total, other.total) and one.total != other.total:
        return False
    if one.etag.startswith('"'):
        return one.etag == other.etag
    differ = any(a and b and a != b for a, b in ((one.etag, other.etag), (one.modified, other.modified)))
    return not differ and one.total is not None and one.total == other.total


async def _counted(response: httpx.Response, came: Callable[[int], None]) -> AsyncIterator[bytes]:
    async for piece in response.aiter_raw():
        came(len(piece))
        yield piece
