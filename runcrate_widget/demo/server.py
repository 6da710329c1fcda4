"""The demo backend's threads and sockets.

uvicorn runs the applications of `app` on an event loop of its own in a daemon thread, whatever the rest of
the process does.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
import tempfile
import threading
from pathlib import Path
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp

from .accounts import Credits, Keys, RateLimit
from .app import api, files
from .jobs import Jobs


class DemoServer:
    """A running demo backend: see `runcrate_widget.demo.serve`.

    Args:
        host: the address to listen on.
        any_key: whether every key with the prefix `rc_live_` is accepted.

    The others are those of `serve`.

    Attributes:
        url (str): its base URL.
        key (str): a key that it accepts.
    """

    def __init__(
        self,
        *,
        port: int,
        seconds: float,
        key: str | None,
        rate_limit: int,
        credits: int | None,
        height: int,
        redirect: bool,
        host: str = "127.0.0.1",
        any_key: bool = False,
    ) -> None:
        keys = Keys(key, any_key=any_key)
        self.key = keys.own
        self._closed = False
        self._pid = os.getpid()

        api_socket = _listen(host, port)
        files_socket = _listen(host, 0) if redirect else None
        self.url = f"http://{_name(host)}:{_port(api_socket)}"
        self._folder = tempfile.TemporaryDirectory(prefix="runcrate-demo-", ignore_cleanup_errors=True)
        self._jobs = Jobs(Path(self._folder.name), seconds=seconds, height=height)
        app = api(
            keys,
            RateLimit(rate_limit),
            Credits(credits),
            self._jobs,
            files_port=_port(files_socket) if files_socket else None,
        )
        self._servers = [_Server(app, api_socket)]
        if files_socket:
            self._servers.append(_Server(files(self._jobs), files_socket))
        self._thread = threading.Thread(target=self._run, name="runcrate-demo", daemon=True)
        self._thread.start()
        atexit.register(self.close)
        for server in self._servers:
            server.ready.wait()

    def __enter__(self) -> DemoServer:  # noqa: PYI034  Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DemoServer {self.url} {'closed' if self._closed else 'running'}>"

    def close(self) -> None:
        """Ends the server, gives up the jobs that are not finished, and removes the files.

        A second call does nothing.
        """
        forked = os.getpid() != self._pid  # a fork has neither the threads nor a right to the files
        if self._closed or forked:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._jobs.stop_rendering()
        for server in self._servers:
            server.should_exit = True
        self._thread.join()
        self._jobs.join_rendering()
        self._folder.cleanup()

    def _run(self) -> None:
        # Not asyncio.run: some notebooks patch it to share the kernel's loop.
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._serve())
        finally:
            for server in self._servers:
                server.ready.set()
            loop.close()

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve() for server in self._servers))
        await self._jobs.give_up()


class _Server(uvicorn.Server):
    """uvicorn on a socket that is bound already, which tells when it accepts connections."""

    def __init__(self, app: ASGIApp, sock: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,  # the host process decides about logging
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,  # uvicorn's 5 s is just when a client that polls every 5 s asks again
                timeout_graceful_shutdown=1,
            )
        )
        self._socket = sock
        self.ready = threading.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super().serve(sockets or [self._socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, port), family=family, backlog=128)
    # asyncio sets it only on a socket that names its protocol, which create_server's does not. Without it an
    # answer on a connection that is kept waits some 40 ms for the acknowledgement of its headers.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _port(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def _name(host: str) -> str:
    """The host as a URL names it; one that stands for every address is reached on loopback."""
    if host in ("", "0.0.0.0"):
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
