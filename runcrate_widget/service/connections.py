"""The open connections of a backend: apart from it, so that they can be closed when it is gone."""

from __future__ import annotations

import contextlib
import urllib.request
from importlib import import_module
from typing import TYPE_CHECKING

from .lines import Lines

if TYPE_CHECKING:
    import ssl

    import httpx

#: By asyncio, and by httpx and what it is made of. Some of it is private: a test tells when it has changed.
_IMPORTED_LATE = (
    "concurrent.futures.thread",
    "encodings.idna",
    "h11",
    "httpx",
    "httpcore._backends.anyio",
    "anyio._backends._asyncio",
)

_CONNECT_TIMEOUT = 10.0  # seconds
_KEPT = 8


class Connections:
    """Clients of httpx by what they are for, and our own lines to `base_url`. `own_machine`: proxies of the
    environment are not for them."""

    def __init__(self, base_url: str, *, own_machine: bool) -> None:
        _import_all()
        self._base_url = base_url
        self._own_machine = own_machine
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._lines: Lines | None = None
        self._tls: ssl.SSLContext | None = None

    def client(self, purpose: str, *, patience: float, kept: bool) -> httpx.AsyncClient:
        """The client for `purpose`.

        Args:
            patience: seconds without a byte until it gives up.
            kept: whether a connection may be used again.
        """
        import httpx

        if purpose not in self._clients:
            self._clients[purpose] = httpx.AsyncClient(
                headers={"Accept-Encoding": "identity"},
                trust_env=not self._own_machine,
                verify=self._context(),
                limits=httpx.Limits(max_keepalive_connections=_KEPT if kept else 0, max_connections=None),
                timeout=httpx.Timeout(patience, connect=_CONNECT_TIMEOUT),
            )
        return self._clients[purpose]

    def lines(self) -> Lines | None:
        """Our own, for short requests; None where a proxy may be on the way, with which httpx knows what to
        do."""
        if self._lines is None and (self._own_machine or not urllib.request.getproxies()):
            secure = self._base_url.startswith("https:")
            self._lines = Lines(self._base_url, self._context() if secure else None)
        return self._lines

    def _context(self) -> ssl.SSLContext:
        """What is checked of whoever answers: read once, since it takes as long as ten requests."""
        import httpx

        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=not self._own_machine)
        return self._tls

    async def close(self) -> None:
        """Closes them; a later call opens new ones."""
        if self._lines is not None:
            self._lines.close()
        while self._clients:
            await self._clients.popitem()[1].aclose()


def _import_all() -> None:
    """Imports what the first request would, in this thread and not in the engine's.

    An interrupt in one thread that meets an import in another can leave both waiting for Python's import
    locks for ever.
    """
    for module in _IMPORTED_LATE:
        with contextlib.suppress(ImportError):
            import_module(module)
    with contextlib.suppress(ImportError, AttributeError):
        import_module("certifi").where()  # it imports, too
