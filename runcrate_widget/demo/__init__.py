"""Speaks the whole Runcrate video API on loopback, and makes real MP4s: no key, no network, no cost.

    >>> from runcrate_widget.demo import serve
    >>> with serve() as server:
    ...     print(server.url, server.key)

`python -m runcrate_widget.demo` runs the same server alone. All that it makes is marked DEMO in the picture,
and every answer about a job says `"demo": true`. A prompt that contains `[fail]` becomes a job that fails;
one with `[refuse]` is refused. With `[retired]`, the first model that is asked goes away for that key: it is
refused from then on, and another model makes the video.

It needs the extra `demo`: `pip install 'runcrate_widget[demo]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import DemoServer

__all__ = ["serve"]

#: The modules that the extra brings.
EXTRA = frozenset({"PIL", "av", "starlette", "uvicorn"})
HOW_TO_INSTALL = "The demo backend needs its extra: pip install 'runcrate_widget[demo]'"


def serve(
    *,
    port: int = 0,
    seconds: float = 4.0,
    key: str | None = None,
    rate_limit: int = 120,
    credits: int | None = None,
    height: int = 720,
    redirect: bool = False,
) -> DemoServer:
    """Starts the server on 127.0.0.1, in a daemon thread; returns once it accepts connections.

    Args:
        port: the TCP port; 0 takes a free one.
        seconds: how long a job takes at the least, through `queued` and `processing`.
        key: the bearer key that it accepts; by default a random one (`server.key`).
        rate_limit: requests a minute and key.
        credits: seconds of video that may be asked for before the answer is 402; None: no end.
        height: the video's shorter side in pixels (720: 1280x720 for 16:9, 720x1280 for 9:16).
        redirect: whether a download redirects to another origin (another port), as a service with a file
            store does. A request that brings the key there is answered with 400.

    Returns:
        The running server, also a context manager: `.url`, `.key`, `.close()`. The process's end closes it.

    Raises:
        ImportError: the extra `demo` is not installed.
        OSError: the port is taken.
    """
    try:
        from .server import DemoServer
    except ImportError as error:
        if error.name not in EXTRA:
            raise
        raise ImportError(HOW_TO_INSTALL, name=error.name) from error
    return DemoServer(
        port=port,
        seconds=seconds,
        key=key,
        rate_limit=rate_limit,
        credits=credits,
        height=height,
        redirect=redirect,
    )
