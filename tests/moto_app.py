"""moto's S3 as a server that takes one request after the other.

moto looks at the condition of a write (`If-Match`, `If-None-Match`) first and writes later, with nothing that
keeps another thread out between the two: on a busy machine two writes over the same state were both taken (2 of
3,000 rounds of four, by boto3 alone). S3 takes one. So each request is read whole here, and then has moto alone.

    python tests/moto_app.py 5000
"""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple
from werkzeug.wsgi import get_input_stream


class OneAtATime:
    """The application."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = get_input_stream(environ).read()  # who sends slowly keeps nobody else waiting
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        with self._lock:
            answer = self._moto(environ, start)
            try:
                return list(answer)
            finally:
                getattr(answer, "close", lambda: None)()


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), OneAtATime(), threaded=True, request_handler=MotoRequestHandler)
