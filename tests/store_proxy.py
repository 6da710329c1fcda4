"""What may stand between a program and its object store: an HTTP proxy on loopback that misbehaves when told.

with StoreProxy(server.port) as proxy:
    proxy.drop_answer(lambda asked: asked.method == "PUT")   # once: forwarded, and nobody is told
    proxy.strip = ("if-match", "if-none-match")              # of every request
    proxy.silent = lambda asked: asked.method == "GET"       # they wait until this is None again
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from in_thread import InThread

_SAID = b"<Error><Code>ConditionalRequestConflict</Code></Error>"
_CONFLICT = b"HTTP/1.1 409 Conflict\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
    len(_SAID),
    _SAID,
)


@dataclass(frozen=True)
class Asked:
    """A request that came by."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def deletes(self) -> bool:
        return self.method == "POST" and "?delete" in self.path


class StoreProxy(InThread):
    """Forwards to `target`, a port of this machine.

    Attributes:
        port: where it listens.
        strip: the names of headers that do not get through.
        may_delete: whether these credentials may; else it is refused as S3 does.
        asked: the requests that came by.
        dropped: how many answers, and requests, were.
        conflicts: of so many of the next writes the store says that another was in the way (409).
        refuse: whether every connection is torn down.
        silent: which requests are not answered as long as this says so.
        kept: is set when one was not.
    """

    def __init__(self, target: int) -> None:
        self.strip: tuple[str, ...] = ()
        self.may_delete = True
        self.asked: list[Asked] = []
        self.dropped = 0
        self.refuse = False
        self.conflicts = 0
        self.silent: Callable[[Asked], bool] | None = None
        self.kept = threading.Event()
        self._target = target
        self._cuts: list[Callable[[Asked], bool]] = []
        self._drops: list[Callable[[Asked], bool]] = []

    def drop_answer(self, which: Callable[[Asked], bool]) -> None:
        """The next request that this is true for is forwarded; its answer, instead of coming back, ends the
        connection."""
        self._drops.append(which)

    def cut(self, which: Callable[[Asked], bool]) -> None:
        """The next request that this is true for does not get through."""
        self._cuts.append(which)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        if self.refuse:
            return
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        lines = [line for line in head[1:] if line]
        headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, path, headers, body)
        self.asked.append(asked)
        while self.silent and self.silent(asked):
            self.kept.set()
            await asyncio.sleep(0.02)
            if self.ended.is_set():
                return
        if (cut := next((one for one in self._cuts if one(asked)), None)) is not None:
            self._cuts.remove(cut)
            self.dropped += 1
            return
        if asked.deletes and not self.may_delete:
            key = re.findall(rb"<Key>.*?</Key>", body)[0]
            error = b"<Error>%s<Code>AccessDenied</Code><Message>Access Denied</Message></Error>" % key
            said = b"<DeleteResult>%s</DeleteResult>" % error
            head_of = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            await _say(head_of % len(said) + said, reader, writer)
            return
        if self.conflicts and method == "PUT":
            self.conflicts -= 1
            await _say(_CONFLICT, reader, writer)
            return
        kept = [line for line in lines if line.partition(":")[0].lower() not in (*self.strip, "connection")]
        whole = "\r\n".join([head[0], *kept, "Connection: close", "", ""]).encode("latin-1") + body
        from_store, to_store = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.append(to_store)
        try:
            to_store.write(whole)
            answer = await from_store.read(-1)
        finally:
            to_store.close()
        drop = next((one for one in self._drops if one(asked)), None)
        if drop is not None:
            self._drops.remove(drop)
            self.dropped += 1
            return
        await _say(answer, reader, writer)


async def _say(answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(answer)
    await writer.drain()
    writer.write_eof()
    await reader.read()  # until the other side has read it, and closes
