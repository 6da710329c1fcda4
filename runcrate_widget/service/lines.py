"""`Lines`: polls over connections that are kept, and submits, each over one of its own; by asyncio and h11.

Where 200 jobs are under way, some 40 times a second one is asked for. httpx takes 2 ms of the processor for
that, most of it in the layers between; this takes a quarter. An answer that comes whole, and in the plainest
form, is read here; all others h11 reads. What is long, or goes by a proxy, is httpx's.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from .key import Key

if TYPE_CHECKING:
    import h11

_CONNECT_TIMEOUT = 10.0  # seconds
_KEPT = 8
#: Seconds for which a connection is kept unused; servers close theirs after a minute, or later.
_KEPT_FOR = 30.0


@dataclass(repr=False)
class Raw:
    """An answer as far as it has come: the names of its headers are in lower case. It may have the key in
    it.

    Attributes:
        sent: whether the first byte of the request may have gone.
        status: 0, as long as there is no head.
    """

    sent: bool = False
    status: int = 0
    reason: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)


#: Of an answer with this status, so many bytes and a little more are read; below 0, its head alone.
Most: TypeAlias = Callable[[int], int]


class Line(asyncio.Protocol):
    """A connection, on which one request after the other is answered. In its loop's thread alone."""

    def __init__(self) -> None:
        self._like: h11.Request | None = None
        self._talk: h11.Connection | None = None  # of this request, if its answer needs it
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[None] | None = None
        self._late: asyncio.TimerHandle | None = None
        self._came: Raw | None = None
        self._most: Most = int
        self._unused = (0.0, 0.0)  # since when, by both clocks: one stands still in sleep

    def ask(
        self, like: h11.Request, content: bytes, came: Raw, *, patience: float, most: Most
    ) -> asyncio.Future[None]:
        """Sends a request, of which that is the content, head and all. What it returns is done when the whole
        answer has come, or as much as is wanted; it raises OSError, TimeoutError or an error of h11."""
        loop = asyncio.get_running_loop()
        assert self._transport is not None
        if self._transport.is_closing():
            raise ConnectionError("Server disconnected.")
        self._like, self._talk, self._came, self._most = like, None, came, most
        self._answer = answer = loop.create_future()
        came.sent = True
        self._transport.write(content)
        self._late = loop.call_later(patience, self._fail, TimeoutError())
        return answer

    def is_free(self) -> bool:
        """Whether it may be used again."""
        now, told = (time.monotonic(), time.time()), self._unused
        fresh = all(0 <= one - then < _KEPT_FOR for one, then in zip(now, told, strict=True))
        return fresh and self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Ends the connection, and what was asked on it."""
        if self._transport is not None:
            self._transport.abort()

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        came = self._came
        if came is None:  # nobody has asked
            self.close()
        elif self._talk is None and read_plainly(data, came):
            self._end()
        else:
            self._read(data, came)

    def _read(self, data: bytes, came: Raw) -> None:
        import h11

        if self._talk is None:
            assert self._like is not None
            self._talk = h11.Connection(h11.CLIENT)
            # Told in short: what it would make of the whole, and check, is the same each time.
            self._talk.send(self._like)
            self._talk.send(h11.EndOfMessage())
        try:
            self._talk.receive_data(data)
            while self._answer is not None:
                event = self._talk.next_event()
                if isinstance(event, h11.Response):
                    came.status, came.reason = event.status_code, event.reason
                    came.headers = list(event.headers)
                    if self._most(came.status) < 0:
                        self._end()
                elif isinstance(event, h11.Data):
                    came.body += event.data
                    if len(came.body) > self._most(came.status):
                        self._end()
                elif isinstance(event, h11.EndOfMessage):
                    self._end()
                elif not isinstance(event, h11.InformationalResponse):
                    if event is not h11.NEED_DATA or not data:
                        raise ConnectionError("Server disconnected without sending a response.")
                    return
        except (h11.RemoteProtocolError, ConnectionError) as error:
            self._fail(error)

    def eof_received(self) -> None:
        self.data_received(b"")  # the end may be that of the body

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error or ConnectionError("Server disconnected without sending a response."))

    def _end(self) -> None:
        import h11

        answer, talk = self._answered(), self._talk
        states = () if talk is None else (talk.our_state, talk.their_state)
        if all(one is h11.DONE for one in states) and not (talk and talk.trailing_data[0]):
            self._unused = time.monotonic(), time.time()
        else:
            self.close()
        if answer is not None and not answer.done():
            answer.set_result(None)

    def _fail(self, error: Exception) -> None:
        answer = self._answered()
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self.close()

    def _answered(self) -> asyncio.Future[None] | None:
        """What is waited for. Nothing of what has come stays here: it may have the key in it."""
        answer, self._answer, self._came = self._answer, None, None
        if self._late is not None:
            self._late.cancel()
            self._late = None
        return answer


_PLAIN = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2}) ([\t\x20-\x7e]*)\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e]*\r\n)*)\r\n"
)
_BODILESS = (204, 304)


def read_plainly(data: bytes, came: Raw) -> bool:
    """Reads an answer into `came`, as h11 would. False, and nothing is read: it is not the whole of one, no
    more and no less, with its length, on a connection that goes on."""
    head = _PLAIN.match(data)
    if head is None or int(head[1]) in _BODILESS:
        return False
    pairs = [line.partition(b":") for line in head[3].split(b"\r\n")[:-1]]
    headers = [(name.lower(), value.strip(b" \t")) for name, _, value in pairs]
    special = {one for one in headers if one[0] in (b"connection", b"transfer-encoding", b"content-length")}
    special.discard((b"connection", b"keep-alive"))
    if special != {(b"content-length", b"%d" % (len(data) - head.end()))}:
        return False
    came.status, came.reason, came.headers = int(head[1]), head[2], headers
    came.body += data[head.end() :]
    return True


class Lines:
    """Connections to one origin, opened as they are needed. `context`: of TLS; None for http."""

    def __init__(self, base_url: str, context: ssl.SSLContext | None) -> None:
        import h11
        import httpx

        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port or (80 if context is None else 443)
        self._context = context
        self._headers = (
            f" HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
            f"Connection: keep-alive\r\nUser-Agent: python-httpx/{httpx.__version__}\r\nAuthorization: "
        )
        host = [("Host", parts.netloc)]
        self._get = h11.Request(method="GET", target="/", headers=host)
        self._post = h11.Request(method="POST", target="/", headers=[*host, ("Content-Length", "0")])
        self._free: list[Line] = []

    async def get(self, target: str, key: Key, came: Raw, *, patience: float, most: Most) -> None:
        """Asks, on a line that is kept. `came` is what has come, also where it breaks off.

        Raises OSError, TimeoutError or an error of ssl or h11.
        """
        line = self._kept() or await self._opened()
        try:
            await line.ask(self._get, self._head("GET", target, key), came, patience=patience, most=most)
        except BaseException:
            line.close()
            raise
        if line.is_free() and len(self._free) < _KEPT:
            self._free.append(line)
        else:
            line.close()

    async def post(
        self,
        target: str,
        key: Key,
        body: bytes,
        came: Raw,
        *,
        begin: Callable[[], Awaitable[None]],
        patience: float,
        most: Most,
    ) -> None:
        """Sends JSON, once, on a line of its own: of one that was kept, whose server may be closing it,
        nobody could tell whether the request had been read. `begin` is awaited when it is open. The rest as
        in `get`."""
        line = await self._opened()
        try:
            await begin()
            await line.ask(
                self._post, self._head("POST", target, key, body), came, patience=patience, most=most
            )
        finally:
            line.close()

    def _kept(self) -> Line | None:
        """A line that nobody uses, if there is one."""
        while self._free:
            line = self._free.pop()
            if line.is_free():
                return line
            line.close()
        return None

    async def _opened(self) -> Line:
        loop = asyncio.get_running_loop()
        opening = loop.create_task(
            loop.create_connection(
                Line,
                self._host,
                self._port,
                ssl=self._context,
                ssl_handshake_timeout=None if self._context is None else _CONNECT_TIMEOUT,
                happy_eyeballs_delay=0.25,
            )
        )
        try:
            await asyncio.wait([opening], timeout=_CONNECT_TIMEOUT)
        except asyncio.CancelledError:
            # Cut off in the middle, asyncio may leave its socket open.
            opening.add_done_callback(_close_opened)
            loop.call_later(_CONNECT_TIMEOUT, opening.cancel)
            raise
        if not opening.done():
            opening.cancel()
            raise TimeoutError
        return opening.result()[1]

    def _head(self, method: str, target: str, key: Key, body: bytes | None = None) -> bytes:
        """The request's head, and its body after it."""
        # Of a base URL, an id and a key that were checked: none of them has anything that is not ASCII, or
        # white space.
        head = f"{method} {target}{self._headers}{key.header()}\r\n"
        if body is None:
            return f"{head}\r\n".encode("ascii")
        about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return f"{head}{about}".encode("ascii") + body

    def close(self) -> None:
        """Closes those that nobody uses; a later call opens new ones."""
        while self._free:
            self._free.pop().close()


def _close_opened(opening: asyncio.Task[tuple[asyncio.Transport, Line]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[1].close()
