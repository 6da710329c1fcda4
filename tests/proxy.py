"""The network between a page and its notebook server: a TCP proxy on loopback that can be slow, and be cut.

with Proxy(8888) as proxy:
    page.goto(f"http://127.0.0.1:{proxy.port}/lab")
    proxy.rate = 1_250_000    # bytes a second towards the page, all connections together
    proxy.cut()               # every connection is torn down, and none is taken, until
    proxy.mend()
"""

from __future__ import annotations

import asyncio
import socket
import time

from in_thread import InThread

_PIECE = 16 * 1024  # bytes; so small that connections which share a slow link take turns
_BUFFER = (
    256 * 1024
)  # bytes that may wait in the link: what waits before it stays with the server, which then waits, too


class Proxy(InThread):
    """Forwards to `target`, a port of this machine; see the top of this file.

    Attributes:
        port: where it listens.
        rate: bytes a second towards the page; None for as fast as it goes. May be set at any time.
        received: bytes that the page has been sent so far.
    """

    def __init__(self, target: int, rate: float | None = None) -> None:
        self.rate = rate
        self.received = 0
        self._target = target
        self._free = 0.0  # when the link has carried all that it was given
        self._is_cut = False

    def cut(self) -> None:
        """Tears down every connection, and takes none from now on."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    def mend(self) -> None:
        """Takes connections again."""
        self._is_cut = False

    async def _cut(self) -> None:
        self._is_cut = True
        self._tear_down()

    async def _connected(self, from_page: asyncio.StreamReader, to_page: asyncio.StreamWriter) -> None:
        if self._is_cut:
            to_page.transport.abort()
            return
        upstream = socket.socket()
        upstream.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER
        )  # before it connects, or it has no effect
        upstream.setblocking(False)
        await self._loop.sock_connect(upstream, ("127.0.0.1", self._target))
        from_server, to_server = await asyncio.open_connection(sock=upstream, limit=_PIECE)
        self._writers.append(to_server)
        try:
            await asyncio.gather(
                self._forward(from_page, to_server), self._forward(from_server, to_page, slow=True)
            )
        finally:
            to_server.close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool = False
    ) -> None:
        while piece := await reader.read(_PIECE):
            if slow:
                await self._carry(len(piece))
            writer.write(piece)
            await writer.drain()
        # One side has ended; HTTP and websockets have nothing more to say to each other then.
        raise ConnectionError

    async def _carry(self, size: int) -> None:
        """Wait until the link has carried `size` bytes more, after all that it was given before."""
        self.received += size
        if self.rate is not None:
            now = time.monotonic()
            self._free = max(self._free, now) + size / self.rate
            await asyncio.sleep(self._free - now)
