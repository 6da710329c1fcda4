"""What a service says, without the key that some repeat: an answer's head and its body."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from .answers import read_json, shortened
from .key import Key
from .lines import Raw
from .packing import packing, unpacked

if TYPE_CHECKING:
    import httpx

#: Of an answer that is no video.
LONGEST = 1024 * 1024
_SHORT = 1000  # bytes: no field of such a body is long
#: A good answer to a submit is read on: it may repeat the picture that was sent, before the job's id.
LONGEST_OF_SUBMIT = 64 * 1024 * 1024


def most_of_poll(_: int) -> int:
    """Bytes that are read of an answer to a poll."""
    return LONGEST


def most_of_submit(status: int) -> int:
    """Bytes that are read of an answer to a submit. One that says to go elsewhere says nothing in its
    body."""
    return LONGEST_OF_SUBMIT if 200 <= status < 300 else -1 if 300 <= status < 400 else LONGEST


@dataclass(frozen=True)
class Reply:
    """A whole answer, without the key. The names of its headers are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


class Came:
    """What has come of a body: it outlives a connection that breaks in the middle. Its repr does not show
    it."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.coding = ""
        self.key: Key | None = None

    def take(self, raw: Raw, key: Key) -> None:
        """It came on one of our own lines."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw.headers}
        self.body, self.coding, self.key = raw.body, packing(headers), key

    def so_far(self) -> bytes:
        """That, without the key."""
        body = unpacked(bytes(self.body), self.coding, LONGEST_OF_SUBMIT)
        return self.key.redacted(body) if self.key is not None else b""


def clean(response: httpx.Response, key: Key) -> None:
    """Takes the key out of an answer's head, before anybody has seen it."""
    if (reason := response.extensions.get("reason_phrase")) is not None:
        response.extensions["reason_phrase"] = key.redacted(reason)
    for name, value in response.headers.multi_items():
        if key.without(value) != value or key.without(name) != name:
            # Nobody needs it; and where it says where to go, nobody goes there.
            response.headers.pop(name, None)


def cleaned(raw: Raw, key: Key) -> Reply:
    """What came on one of our own lines."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.headers]
    reason = raw.reason.decode("latin-1")
    if key.is_in(reason, *chain.from_iterable(pairs)):
        reason = key.without(reason)
        pairs = [pair for pair in pairs if not key.is_in(*pair)]
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    came = Came()
    came.body, came.coding, came.key = raw.body, packing(headers), key
    return Reply(raw.status, reason, headers, came.so_far())


async def read_reply(response: httpx.Response, key: Key) -> Reply:
    """The same of an answer of httpx, of which the head is `clean`. Where it says to go elsewhere, its body
    says nothing."""
    body = b"" if response.is_redirect else await read_body(response, key)
    return Reply(response.status_code, response.reason_phrase, response.headers, body)


async def read_body(
    response: httpx.Response, key: Key, came: Came | None = None, *, most: int = LONGEST
) -> bytes:
    """An answer's body without the key, up to `most` bytes and a little more."""
    came = came or Came()
    came.coding, came.key = packing(response.headers), key
    async for piece in response.aiter_raw():
        came.body += piece
        if len(came.body) > most:
            break
    if len(came.body) <= LONGEST:
        return came.so_far()
    return await asyncio.to_thread(came.so_far)  # long enough to keep everybody else waiting


def read_fields(body: bytes, key: Key) -> Any:
    """What a body says, if it is JSON: without the key in any way of writing it, and what is worth a
    record."""
    value = read_json(body)
    if isinstance(value, dict) and len(body) < _SHORT:
        texts = [one for one in chain.from_iterable(value.items()) if isinstance(one, str)]
        plain = all(one is None or isinstance(one, (str, int, float)) for one in value.values())
        if plain and not key.is_in(*texts):  # as in nearly every poll
            return value
    value = key.without_in(value)
    return shortened(value) if isinstance(value, dict) else value
