"""What comes packed (`Content-Encoding`), although nobody asked for it: some proxies pack whatever passes."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping

from runcrate_widget.errors import TransportError, UnexpectedAnswerError

_PIECE = 1024 * 1024
_KNOWN = ("gzip", "x-gzip", "deflate")


def packing(headers: Mapping[str, str]) -> str:
    """How a body is packed, in lower case; empty if it is not."""
    coding = headers.get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding


def unpacked(body: bytes, coding: str, most: int) -> bytes:
    """At most `most` bytes of a body, or of what has come of it; as it is, if it is packed in name only."""
    if coding not in _KNOWN:
        return body
    try:
        return zlib.decompressobj(47).decompress(body, most)  # either form, by its first bytes
    except zlib.error:
        return body


async def unpacking(pieces: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    """The same of a body that comes in pieces, and must be whole.

    Raises:
        UnexpectedAnswerError: it is packed in a way that is not known, or in name only.
        TransportError: it ended too early.
    """
    if coding not in _KNOWN:
        raise UnexpectedAnswerError(
            f"The download is packed as {coding[:40]!r}, which nobody asked for.", status=200
        )
    unpack = zlib.decompressobj(47)
    async for piece in pieces:
        try:
            while piece:
                if unpack.eof:  # several one after the other are one
                    unpack = zlib.decompressobj(47)
                yield unpack.decompress(piece, _PIECE)
                piece = unpack.unconsumed_tail or unpack.unused_data
        except zlib.error:
            message = f"The download is called {coding}, and is none."
            raise UnexpectedAnswerError(message, status=200) from None
    if not unpack.eof:
        raise TransportError("The download ended before the video did: it begins anew.", sent=True)
