"""The demo backend's HTTP side: the endpoints, the checks that the service would make, and the jobs.

A plain ASGI application, run by uvicorn on an event loop of its own in a daemon thread. Everything below `DemoServer` runs on
that loop, so nothing is locked; only the rendering happens in a further thread, one video at a time.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import hmac
import json
import math
import os
import re
import secrets
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from runcrate_widget.catalog import ASPECT_RATIOS, Model, models

from .render import render

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

FAIL_MARK = "[fail]"
KEY_PREFIX = "rc_live_"
MAX_BODY = 32 * 2**20  # image_url may be a whole image as a data URI
MAX_JOBS = 100
MAX_PROMPT = 5000
QUEUED_SHARE = 0.25
CHUNK = 2**18
WINDOW = 60.0


class Refusal(Exception):
    """An error answer: HTTP status, message, code, further headers."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        *,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        kind = {402: "insufficient_credits", 429: "rate_limit_error"}.get(status)
        kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
        self.body = {
            "error": {"message": message, "type": kind, "code": code} | ({"param": param} if param else {})
        }


@dataclass
class Job:
    """One video that was asked for: what, by whom (the key), and how far it is."""

    id: str
    key: str
    model: Model
    prompt: str
    duration: int
    aspect_ratio: str
    take: int
    path: Path
    created_at: int = field(default_factory=lambda: int(time.time()))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    status: str = "queued"
    error: dict[str, str] | None = None

    @property
    def ended(self) -> bool:
        return self.status in ("completed", "failed")

    def fail(self, message: str, code: str) -> None:
        self.error = {"message": message, "code": code}
        self.status = "failed"

    def as_json(self) -> dict[str, Any]:
        answer = {
            "id": self.id,
            "status": self.status,
            "demo": True,
            "model": self.model.id,
            "prompt": self.prompt,
            "duration": self.duration,
            "aspect_ratio": self.aspect_ratio,
            "created_at": self.created_at,
        }
        return answer | ({"error": self.error} if self.error else {})


class RateLimit:
    """Counts the requests of each key in windows of a minute; the first begins with the first request."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.reset = 0.0
        self._used: Counter[str] = Counter()

    def count(self, key: str) -> dict[str, str]:
        """The headers that tell the state. Raises Refusal(429) where there were too many."""
        now = time.time()
        if now >= self.reset:
            self.reset = now + WINDOW
            self._used.clear()
        self._used[key] += 1
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self._used[key])),
            "X-RateLimit-Reset": str(math.ceil(self.reset)),
        }
        if self._used[key] > self.limit:
            wait = math.ceil(self.reset - now)
            raise Refusal(
                429,
                f"Rate limit reached: {self.limit} requests a minute. Try again in {wait} s.",
                "rate_limit_exceeded",
                headers=headers | {"Retry-After": str(wait)},
            )
        return headers


class DemoServer:
    """A running demo backend. `url` (str) is its base URL, `key` (str) a key that it accepts. See `runcrate_widget.demo.serve`.

    Args:
        host: the address to listen on.
        any_key: whether every key with the prefix `rc_live_` is accepted.

    The others are those of `serve`.
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
        self.key = key or f"{KEY_PREFIX}demo{secrets.token_hex(12)}"
        self._any_key = any_key
        self._seconds = seconds
        self._credits = credits
        self._height = height
        self._limit = RateLimit(rate_limit)
        self._billed: Counter[str] = Counter()
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = threading.Event()
        self._renderer: threading.Thread | None = None
        self._pid = os.getpid()

        sockets = [_listen(host, port)]
        port = sockets[0].getsockname()[1]
        name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(
            host, f"[{host}]" if ":" in host else host
        )
        self.url = f"http://{name}:{port}"
        servers = [_Server(self._api, sockets[0])]
        self._files_port: int | None = None
        if redirect:
            sockets.append(_listen(host, 0))
            self._files_port = sockets[1].getsockname()[1]
            servers.append(_Server(self._files, sockets[1]))
        self._servers = servers
        self._folder = tempfile.TemporaryDirectory(prefix="runcrate-demo-", ignore_cleanup_errors=True)
        self._thread = threading.Thread(target=self._run, name="runcrate-demo", daemon=True)
        self._thread.start()
        atexit.register(self.close)
        for server in servers:
            server.ready.wait()

    def __enter__(self) -> DemoServer:  # noqa: PYI034  Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DemoServer {self.url} {'closed' if self._stop.is_set() else 'running'}>"

    def close(self) -> None:
        """Ends the server, gives up the jobs that are not finished, and removes the files. A second call does nothing."""
        if (
            self._stop.is_set() or os.getpid() != self._pid
        ):  # a fork has neither the threads nor a right to the files
            return
        self._stop.set()
        atexit.unregister(self.close)
        for server in self._servers:
            server.should_exit = True
        self._thread.join()
        if self._renderer is not None:
            self._renderer.join()
        self._folder.cleanup()

    # ---------------------------------------------------------------------------------------- the loop's thread

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
        self._one_at_a_time = asyncio.Semaphore(1)
        await asyncio.gather(*(server.serve() for server in self._servers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _make(self, job: Job) -> None:
        """Takes one job through its stages."""
        await asyncio.sleep(self._seconds * QUEUED_SHARE)
        async with self._one_at_a_time:
            job.status = "processing"
            began = time.monotonic()
            try:
                if FAIL_MARK not in job.prompt:
                    await self._render(job)
            except Exception as error:
                job.fail(f"The demo backend could not render this: {error}", "render_failed")
                return
        await asyncio.sleep(self._seconds * (1 - QUEUED_SHARE) - (time.monotonic() - began))
        if FAIL_MARK in job.prompt:
            job.fail(
                f"The prompt contains {FAIL_MARK}, which asks the demo backend for a job that fails.",
                "demo_failure",
            )
        else:
            job.status = "completed"

    async def _render(self, job: Job) -> None:
        # A thread of our own: those of an executor are not daemons, and would hold up the end of the process.
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(error: Exception | None) -> None:
            if done.cancelled():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        def work() -> None:
            error: Exception | None = None
            try:
                render(
                    job.path,
                    job.prompt,
                    seconds=job.duration,
                    aspect_ratio=job.aspect_ratio,
                    height=self._height,
                    audio=job.model.audio,
                    about=f"{job.model.name} · {job.duration} s",
                    take=job.take,
                    stop=self._stop,
                )
            except Exception as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, error)

        self._renderer = threading.Thread(target=work, name="runcrate-demo-render", daemon=True)
        self._renderer.start()
        await done

    # ---------------------------------------------------------------------------------------- the API

    async def _api(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        extra: dict[str, str] = {}
        try:
            key = self._key(headers)
            extra = self._limit.count(key or "")
            handler, methods, id = self._route(scope["path"])
            if scope["method"] not in methods:
                raise Refusal(
                    405,
                    f"{scope['method']} is not allowed here.",
                    "method_not_allowed",
                    headers={"Allow": ", ".join(methods)},
                )
            if key is None:
                raise Refusal(
                    401,
                    "The API key is missing or wrong.",
                    "invalid_api_key",
                    headers={"WWW-Authenticate": "Bearer"},
                )
            if handler == "submit":
                await _send_json(
                    send, 200, self._submit(key, _json_object(headers, await _body(receive))), extra
                )
                return
            job = self._jobs.get(id)
            if job is None or not hmac.compare_digest(job.key.encode(), key.encode()):
                raise Refusal(404, f"There is no video {id!r}.", "video_not_found")
            if handler == "status":
                await _send_json(send, 200, job.as_json(), extra)
                return
            if job.status != "completed":
                raise Refusal(
                    404, f"The video {id} is not ready: its status is {job.status}.", "video_not_ready"
                )
            if self._files_port is not None:
                # The host as the client names it, on the other port.
                host = re.sub(r":\d+$", "", headers.get("host", "127.0.0.1"))
                location = f"http://{host}:{self._files_port}/{job.token}/{job.id}.mp4"
                await _send(send, 302, extra | {"Location": location, "Content-Length": "0"})
                return
            await _send_file(send, job, headers, extra)
        except Refusal as refusal:
            await _send_json(send, refusal.status, refusal.body, extra | refusal.headers)

    async def _files(self, scope: Message, _receive: Receive, send: Send) -> None:
        """The other origin, to which downloads redirect. It wants no key, and says so when it is sent one."""
        headers = _headers(scope)
        try:
            if "authorization" in headers:
                raise Refusal(400, "The API key must not be sent to another origin.", "key_leaked")
            found = [job for job in self._jobs.values() if scope["path"] == f"/{job.token}/{job.id}.mp4"]
            if not found or scope["method"] not in ("GET", "HEAD"):
                raise Refusal(404, "There is no such file.", "not_found")
            await _send_file(send, found[0], headers, {})
        except Refusal as refusal:
            await _send_json(send, refusal.status, refusal.body, refusal.headers)

    def _key(self, headers: dict[str, str]) -> str | None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer":
            return None
        if hmac.compare_digest(key.encode(), self.key.encode()) or (
            self._any_key and key.startswith(KEY_PREFIX)
        ):
            return key
        return None

    def _route(self, path: str) -> tuple[str, tuple[str, ...], str]:
        match = re.fullmatch(r"/v1/videos(?:/([^/]+)(/download)?)?", path)
        if match is None:
            raise Refusal(
                404,
                f"There is nothing at {path}. This is the demo backend of runcrate_widget: it has POST /v1/videos, "
                "GET /v1/videos/{id} and GET /v1/videos/{id}/download.",
                "not_found",
            )
        id, download = match.groups()
        if id is None:
            return "submit", ("POST",), ""
        return "download" if download else "status", ("GET", "HEAD"), id

    def _submit(self, key: str, asked: dict[str, Any]) -> dict[str, Any]:
        model, prompt, duration, aspect_ratio = _check(asked)
        if self._credits is not None and self._billed[key] + duration > self._credits:
            left = self._credits - self._billed[key]
            raise Refusal(
                402, f"This video takes {duration} s of credits, and {left} s are left.", "budget_exceeded"
            )
        self._make_room()
        self._billed[key] += duration
        same = (model.id, prompt, aspect_ratio)
        id = f"vid_{secrets.token_hex(8)}"
        job = Job(
            id=id,
            key=key,
            model=model,
            prompt=prompt,
            duration=duration,
            aspect_ratio=aspect_ratio,
            # Asked for again, it makes another picture, as a model would.
            take=sum((job.model.id, job.prompt, job.aspect_ratio) == same for job in self._jobs.values()),
            path=Path(self._folder.name, f"{id}.mp4"),
        )
        self._jobs[id] = job
        task = asyncio.get_running_loop().create_task(self._make(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job.as_json()

    def _make_room(self) -> None:
        """Forgets the oldest job that has ended when there are too many."""
        if len(self._jobs) < MAX_JOBS:
            return
        oldest = next((job for job in self._jobs.values() if job.ended), None)
        if oldest is None:
            raise Refusal(
                503,
                "Too many videos are being made. Try again later.",
                "overloaded",
                headers={"Retry-After": "5"},
            )
        del self._jobs[oldest.id]
        with contextlib.suppress(OSError):
            oldest.path.unlink()


class _Server(uvicorn.Server):
    """uvicorn on a socket that is bound already, which tells when it accepts connections."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]], sock: socket.socket) -> None:
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
    return socket.create_server(
        (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
    )


# -------------------------------------------------------------------------------------------- checks


def _json_object(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(400, "The Content-Type must be application/json.", "invalid_content_type")
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not valid JSON.", "invalid_json") from None
    if not isinstance(asked, dict):
        raise Refusal(400, "The body must be a JSON object.", "invalid_json")
    return asked


def _check(asked: dict[str, Any]) -> tuple[Model, str, int, str]:
    """Model, prompt, duration and aspect ratio of a submit, or the Refusal that the service would answer with."""
    for name in ("model", "prompt"):
        value = asked.get(name)
        if value is None:
            raise Refusal(400, f"'{name}' is required.", "missing_required_parameter", param=name)
        if not isinstance(value, str) or not value.strip():
            raise Refusal(400, f"'{name}' must be a text that is not empty.", "invalid_parameter", param=name)
    prompt = asked["prompt"]
    if len(prompt) > MAX_PROMPT:
        raise Refusal(
            422, f"'prompt' may have {MAX_PROMPT} characters at most.", "invalid_parameter", param="prompt"
        )
    model = models.find(asked["model"])
    if model is None or model.id != asked["model"]:
        raise Refusal(404, f"There is no video model {asked['model']!r}.", "model_not_found", param="model")

    name = "duration" if asked.get("duration") is not None else "duration_seconds"
    duration = asked.get(name)
    if duration is None:
        duration = model.nearest_duration()
    # The official client sends a number with a fraction of zero for an int: 6.0.
    elif (
        isinstance(duration, bool)
        or not isinstance(duration, (int, float))
        or duration not in model.durations
    ):
        raise Refusal(
            422,
            f"'{name}' is {duration!r}; {model.name} makes videos of {model.allowed}.",
            "invalid_parameter",
            param=name,
        )

    aspect_ratio = asked.get("aspect_ratio")
    if aspect_ratio is None:
        sides = [asked.get(side) for side in ("width", "height")]
        width, height = (side if isinstance(side, int) else 0 for side in sides)
        aspect_ratio = ASPECT_RATIOS[1] if height > width > 0 else ASPECT_RATIOS[0]
    if aspect_ratio not in ASPECT_RATIOS:
        raise Refusal(
            422,
            f"'aspect_ratio' is {aspect_ratio!r}; allowed are {' and '.join(ASPECT_RATIOS)}.",
            "invalid_parameter",
            param="aspect_ratio",
        )
    return model, prompt, int(duration), aspect_ratio


# -------------------------------------------------------------------------------------------- HTTP


def _headers(scope: Message) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > MAX_BODY:
            raise Refusal(
                413,
                f"The body is larger than {MAX_BODY >> 20} MiB.",
                "too_large",
                headers={"Connection": "close"},
            )
        if not message.get("more_body"):
            return body


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes = b"") -> None:
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def _send_json(send: Send, status: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
    body = json.dumps(answer).encode()
    await _send(
        send, status, headers | {"Content-Type": "application/json", "Content-Length": str(len(body))}, body
    )


async def _send_file(send: Send, job: Job, asked: dict[str, str], headers: dict[str, str]) -> None:
    """The MP4, or the part of it that `Range` asks for."""
    with job.path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        etag = f'"{job.id}"'
        headers = headers | {
            "Content-Type": "video/mp4",
            "Content-Disposition": f'attachment; filename="{job.id}.mp4"',
            "Accept-Ranges": "bytes",
            "ETag": etag,
        }
        status, start, stop = 200, 0, size
        wanted = _range(asked.get("range", ""), size) if asked.get("if-range", etag) == etag else None
        if wanted is not None:
            status, (start, stop) = 206, wanted
            if start >= stop:
                raise Refusal(
                    416,
                    "The range is beyond the end.",
                    "invalid_range",
                    headers={"Content-Range": f"bytes */{size}"},
                )
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        headers["Content-Length"] = str(stop - start)
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        file.seek(start)
        while start < stop:
            chunk = file.read(min(CHUNK, stop - start))
            start += len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": start < stop})


def _range(header: str, size: int) -> tuple[int, int] | None:
    """Start and stop of a `Range` header of one part; None where there is none (several parts: all of it, as HTTP allows)."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
