"""A TCP server of the tests, in a thread with a loop of its own: `with` begins and ends it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import random
import ssl
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


# Each port once: a client, or a kernel, that an earlier test has left goes on asking the server that it had,
# and must not find another one there. Those that the system hands out (32768 and above) come again.
_FIRST, _OF_A_WORKER = 12_000, 4_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 5
_ports = itertools.count(random.randrange(_OF_A_WORKER))


class InThread:
    """`_connected` serves one connection, and `_writers` are what is torn down at the end: that of each
    connection, and what it adds for those that it opens itself."""

    port: int
    ended: asyncio.Event
    tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []  # kept, so that each has an identity of its own
        started = threading.Event()
        name = type(self).__name__
        self._thread = threading.Thread(target=self._run, args=(started,), name=name, daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self.ended.set)
        self._thread.join()

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(started))
        self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self.ended = asyncio.Event()
        server = await self._listen()
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self.ended.wait()
        # Closing the server, or cancelling a handler, while a connection is coming in would leave that one
        # open.
        for sock in server.sockets:
            self._loop.remove_reader(sock.fileno())
        await asyncio.sleep(0)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            self._tear_down()
            await asyncio.wait(others, timeout=0.05)
        for writer in self._writers:
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        server.close()

    async def _listen(self) -> asyncio.Server:
        while True:
            port = _FIRST + _worker * _OF_A_WORKER + next(_ports) % _OF_A_WORKER
            try:
                return await asyncio.start_server(self._accepted, "127.0.0.1", port, ssl=self.tls)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise

    def _tear_down(self) -> None:
        """Ends every connection at once."""
        for writer in self._writers:
            # Python 3.11.2's TLS transport that has ended already has nothing left to abort.
            with contextlib.suppress(AttributeError):
                writer.transport.abort()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            await self._connected(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError
