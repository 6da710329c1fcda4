"""The API over HTTP: its routes, and the form of every answer.

Routing, files and ranges are Starlette's; how the service behaves is in `accounts`, `checks` and `jobs`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .accounts import Credits, Keys, RateLimit, Rules
from .checks import read
from .jobs import Job, Jobs
from .refusal import Refusal

MAX_BODY = 32 * 2**20  # image_url may be a whole image as a data URI
#: Ranges that HTTP knows; it asks for any others to be ignored.
RANGES = re.compile(rb"bytes=([0-9]+-[0-9]*|-[0-9]+)(\s*,\s*([0-9]+-[0-9]*|-[0-9]+))*\Z")


def api(
    keys: Keys, rate_limit: RateLimit, credits: Credits, jobs: Jobs, *, files_port: int | None
) -> Starlette:
    """The service.

    Args:
        keys, rate_limit, credits, jobs: its state.
        files_port: the port of `files`, to which downloads redirect; None: they are answered here.
    """

    rules = Rules()

    async def submit(request: Request) -> Response:
        key = _key(request)
        asked = read(request.headers.get("content-type", ""), await _body(request))
        rules.check(key, asked)
        credits.check(key, asked.duration)
        job = jobs.add(key, asked)
        credits.bill(key, asked.duration)
        return _Json(job.as_json())

    async def status(request: Request) -> Response:
        return _Json(jobs.find(request.path_params["id"], _key(request)).as_json())

    async def download(request: Request) -> Response:
        job = jobs.find(request.path_params["id"], _key(request))
        if job.status != "completed":
            message = f"The video {job.id} is not ready: its status is {job.status}."
            raise Refusal(404, message, "video_not_ready")
        if files_port is None:
            return _Video(job)
        # The host as the client names it, on the other port.
        path = f"/{job.token}/{job.id}.mp4"
        return RedirectResponse(request.url.replace(port=files_port, path=path, query=""), status_code=302)

    routes = [
        Route("/v1/videos", submit, methods=["POST"]),
        Route("/v1/videos/{id}", status),
        Route("/v1/videos/{id}/download", download),
    ]
    return _starlette(routes, [Middleware(_Counted, keys=keys, rate_limit=rate_limit)])


def files(jobs: Jobs) -> Starlette:
    """The other origin, to which downloads redirect. It wants no key, and says so when it is sent one."""

    async def file(request: Request) -> Response:
        if "authorization" in request.headers:
            raise Refusal(400, "The API key must not be sent to another origin.", "key_leaked")
        return _Video(jobs.find_file(request.path_params["id"], request.path_params["token"]))

    return _starlette([Route("/{token}/{id}.mp4", file)], [])


def _starlette(routes: Sequence[Route], middleware: Sequence[Middleware]) -> Starlette:
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={Refusal: _refused, HTTPException: _not_routed, Exception: _broken},
    )
    app.router.redirect_slashes = False  # the service has no other spelling of a path
    return app


class _Counted:
    """Counts every request, also for a path that is not there; the answer's headers say how many are left."""

    def __init__(self, app: ASGIApp, keys: Keys, rate_limit: RateLimit) -> None:
        self._app = app
        self._keys = keys
        self._rate_limit = rate_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        key = request.state.key = self._keys.accepted(request.headers.get("authorization", ""))
        try:
            headers = self._rate_limit.count(key or "")
        except Refusal as refusal:
            await _answer(refusal)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _key(request: Request) -> str:
    """The key that the request came with. Raises Refusal(401) where none is accepted."""
    key: str | None = request.state.key
    if key is None:
        message = "The API key is missing or wrong."
        raise Refusal(401, message, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
    return key


async def _body(request: Request) -> bytes:
    """The body, as far as the service would read it: `Request.body` has no limit in every Starlette."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                message = f"The body is larger than {MAX_BODY >> 20} MiB."
                raise Refusal(413, message, "too_large", headers={"Connection": "close"})
    except ClientDisconnect:  # nobody will read the answer, and there is nothing to report
        raise Refusal(400, "The body ended early.", "invalid_json") from None
    return bytes(body)


class _Json(JSONResponse):
    """JSON in ASCII: a prompt may hold half a character, which no UTF-8 can."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


class _Video(FileResponse):
    """A job's MP4, or the parts of it that `Range` asks for."""

    chunk_size = 2**20  # each is a trip to a thread: with Starlette's 64 KiB a download takes twice as long

    def __init__(self, job: Job) -> None:
        stat = job.path.stat()
        super().__init__(job.path, media_type="video/mp4", filename=f"{job.id}.mp4", stat_result=stat)
        self._size = stat.st_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette refuses what it does not understand, and does so in plain text.
        headers = [pair for pair in scope["headers"] if pair[0] != b"range" or RANGES.match(pair[1])]

        async def send_or_refuse(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                size = {"Content-Range": f"bytes */{self._size}"}
                raise Refusal(416, "The range is not inside of the file.", "invalid_range", headers=size)
            await send(message)

        await super().__call__({**scope, "headers": headers}, receive, send_or_refuse)


def _answer(refusal: Refusal) -> Response:
    return _Json(refusal.body, refusal.status, refusal.headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return _answer(error)


async def _not_routed(request: Request, error: Exception) -> Response:
    """A path or a method that Starlette finds no route for."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        message = f"{request.method} is not allowed here."
        return _answer(Refusal(405, message, "method_not_allowed", headers=dict(error.headers or {})))
    message = (
        f"There is nothing at {request.url.path}. This is the demo backend of runcrate_widget: "
        "it has POST /v1/videos, GET /v1/videos/{id} and GET /v1/videos/{id}/download."
    )
    return _answer(Refusal(404, message, "not_found"))


async def _broken(_: Request, error: Exception) -> Response:
    """A fault of ours: uvicorn logs it, and the client is told in the API's form."""
    return _answer(Refusal(500, f"The demo backend failed: {error!r}", "internal_error"))
