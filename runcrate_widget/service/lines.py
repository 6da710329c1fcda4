"""`Lines`: short requests over connections that are kept, by h11 and asyncio alone.

Where 200 jobs are under way, some 40 times a second one is asked for. httpx takes 2 ms of the processor for
that, most of it in the layers between; this takes a third. What may not be repeated, or is long, or goes by
a proxy, is httpx's.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
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
    """An answer as it came: the names of its headers are in lower case. It may have the key in it."""

    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytearray


class Line(asyncio.Protocol):
    """A connection, on which one request after the other is answered. In its loop's thread alone."""

    def __init__(self, like: h11.Request) -> None:
        import h11

        self._like = like
        self._talk = h11.Connection(h11.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Raw] | None = None
        self._late: asyncio.TimerHandle | None = None
        self._came: Raw | None = None
        self._most = 0
        self._unused = (0.0, 0.0)  # since when, by both clocks: one stands still in sleep

    def ask(self, head: bytes, *, patience: float, most: int) -> asyncio.Future[Raw]:
        """Sends a GET of which that is the head. What it returns is done when the whole answer has come, or
        `most` bytes of it and a little more; it raises OSError, TimeoutError or an error of h11."""
        import h11

        loop = asyncio.get_running_loop()
        assert self._transport is not None
        self._came, self._most = None, most
        self._answer = answer = loop.create_future()
        # Told to h11 in short: what it would make of the whole, and check, is the same each time.
        self._talk.send(self._like)
        self._talk.send(h11.EndOfMessage())
        self._transport.write(head)
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
        if self._answer is None:  # nobody has asked
            self.close()
            return
        import h11

        try:
            self._talk.receive_data(data)
            while self._answer is not None:
                event = self._talk.next_event()
                if isinstance(event, h11.Response):
                    self._came = Raw(event.status_code, event.reason, list(event.headers), bytearray())
                elif isinstance(event, h11.Data) and self._came is not None:
                    self._came.body += event.data
                    if len(self._came.body) > self._most:
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

        answer, came = self._answered()
        done = self._talk.our_state is h11.DONE and self._talk.their_state is h11.DONE
        if done and not self._talk.trailing_data[0]:
            self._talk.start_next_cycle()
            self._unused = time.monotonic(), time.time()
        else:
            self.close()
        if answer is not None and came is not None and not answer.done():
            answer.set_result(came)

    def _fail(self, error: Exception) -> None:
        answer, _ = self._answered()
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self.close()

    def _answered(self) -> tuple[asyncio.Future[Raw] | None, Raw | None]:
        """What is waited for, and what has come; nothing of it stays here: it may have the key in it."""
        answer, came = self._answer, self._came
        self._answer = self._came = None
        if self._late is not None:
            self._late.cancel()
            self._late = None
        return answer, came


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
        self._like = h11.Request(method="GET", target="/", headers=[("Host", parts.netloc)])
        self._free: list[Line] = []

    async def line(self) -> Line:
        """One that nobody uses; a new one, if there is none. Raises OSError, TimeoutError or an error of
        ssl."""
        while self._free:
            line = self._free.pop()
            if line.is_free():
                return line
            line.close()
        opening = asyncio.get_running_loop().create_connection(
            lambda: Line(self._like),
            self._host,
            self._port,
            ssl=self._context,
            ssl_handshake_timeout=None if self._context is None else _CONNECT_TIMEOUT,
            happy_eyeballs_delay=0.25,
        )
        return (await asyncio.wait_for(opening, _CONNECT_TIMEOUT))[1]

    async def get(self, line: Line, target: str, key: Key, *, patience: float, most: int) -> Raw:
        """What is answered on a line, which is kept then. The rest as in `Line.ask`."""
        try:
            came = await line.ask(self._head(target, key), patience=patience, most=most)
        except BaseException:
            line.close()
            raise
        if line.is_free() and len(self._free) < _KEPT:
            self._free.append(line)
        else:
            line.close()
        return came

    def _head(self, target: str, key: Key) -> bytes:
        # Of a base URL, an id and a key that were checked: none of them has anything that is not ASCII, or
        # white space.
        return f"GET {target}{self._headers}{key.header()}\r\n\r\n".encode("ascii")

    def close(self) -> None:
        """Closes those that nobody uses; a later call opens new ones."""
        while self._free:
            self._free.pop().close()
