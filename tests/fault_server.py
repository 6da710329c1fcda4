"""A real HTTP server on loopback that speaks the service's contract, and misbehaves where a test says so.

    with FaultServer(submit=[reply(503)], poll=[reset], download=[cut(0.5)]) as server:
        VideoClient("rc_live_test", base_url=server.url, library=folder)

Each list is used up from its front, one entry a request; after that the step is answered as it should be.
`server.jobs` are the jobs that were made, `server.requests` all that came in.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from in_thread import InThread

from runcrate_widget import VideoClient

if TYPE_CHECKING:
    from typing_extensions import Self

KEY = "rc_live_test_0123456789abcdef"


@dataclass
class Request:
    """One request that came in."""

    step: str  # submit, poll, download, elsewhere
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int = 0  # which of the connections it came on
    at: float = field(default_factory=time.monotonic)


@dataclass
class Exchange:
    """What a fault has at hand to answer with."""

    server: FaultServer
    request: Request
    writer: asyncio.StreamWriter

    async def send(
        self,
        status: int,
        body: bytes | dict[str, Any] = b"",
        *,
        headers: dict[str, str] | None = None,
        length: int | None = None,
        reason: str = "X",
    ) -> None:
        """Writes an answer, by default with the length that its body has."""
        kind = "application/json"
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        lines = {
            "Content-Type": kind,
            "Content-Length": str(len(body) if length is None else length),
            **(headers or {}),
        }
        head = (
            f"HTTP/1.1 {status} {reason}\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            + "\r\n"
        )
        self.writer.write(head.encode() + body)
        await self.writer.drain()


Fault = Callable[[Exchange], Awaitable[None]]


def reply(status: int, body: bytes | dict[str, Any] | None = None, **headers: str) -> Fault:
    """Answers with a status, and by default with an error of the contract's shape. `Retry_After="1"` is a
    header.
    """
    given = {"error": {"message": f"made to fail with {status}", "type": "test"}} if body is None else body

    async def fault(exchange: Exchange) -> None:
        await exchange.send(
            status, given, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return fault


def html(status: int = 200) -> Fault:
    """A page where JSON or a video belongs, as a login in front of the service sends it."""
    return reply(status, b"<html><body>Please log in</body></html>", Content_Type="text/html")


async def reset(exchange: Exchange) -> None:
    """The connection is torn down (RST) without an answer."""
    sock = exchange.writer.get_extra_info("socket")
    sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER: close at once
    exchange.writer.close()


async def close(exchange: Exchange) -> None:
    """The connection ends properly, without an answer."""
    exchange.writer.close()


async def hang(exchange: Exchange) -> None:
    """No answer, until the server ends."""
    await exchange.server.ended.wait()


def made(then: Fault) -> Fault:
    """For a submit: the job is made, and then its answer goes wrong."""

    async def fault(exchange: Exchange) -> None:
        exchange.server.make_job(exchange.request)
        await then(exchange)

    return fault


def status(word: str, **fields: Any) -> Fault:
    """For a poll: this status."""

    async def fault(exchange: Exchange) -> None:
        id = exchange.request.path.rsplit("/", 1)[-1]
        await exchange.send(200, {"id": id, "status": word, **fields})

    return fault


def cut(share: float) -> Fault:
    """For a download: the length of the whole, and only a share of the bytes."""

    async def fault(exchange: Exchange) -> None:
        video = exchange.server.video
        part = video[: int(len(video) * share)]
        await exchange.send(200, part, headers={"Content-Type": "video/mp4"}, length=len(video))
        exchange.writer.close()

    return fault


def short(share: float) -> Fault:
    """For a download: a share of the bytes, with a length that agrees, so that only the MP4 itself tells."""

    async def fault(exchange: Exchange) -> None:
        video = exchange.server.video
        await exchange.send(200, video[: int(len(video) * share)], headers={"Content-Type": "video/mp4"})

    return fault


def redirect(url: str, status: int = 302) -> Fault:
    """Elsewhere."""
    return reply(status, b"", Location=url)


async def redirect_elsewhere(exchange: Exchange) -> None:
    """To the server that the test gave as `elsewhere`: another origin."""
    await redirect(f"{exchange.server.elsewhere}/storage/video.mp4?token=of-the-storage")(exchange)


async def limited_until(exchange: Exchange) -> None:
    """429 that says when in `X-RateLimit-Reset`, a Unix time in whole seconds: in 1 to 2 s."""
    headers = {
        "X-RateLimit-Limit": "600",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(time.time()) + 2),
    }
    await exchange.send(429, {"error": {"message": "Rate limit exceeded"}}, headers=headers)


async def limited_until_date(exchange: Exchange) -> None:
    """429 that says when in `Retry-After`, an HTTP date: in 1 to 2 s."""
    await reply(429, Retry_After=retry_after_date(2, int(time.time())))(exchange)


async def accepted(exchange: Exchange) -> None:
    """For a submit: the job is made, and answered as some services do, with 202."""
    await exchange.send(202, {"id": exchange.server.make_job(exchange.request), "status": "queued"})


async def half_answer(exchange: Exchange) -> None:
    """An answer that ends before its length is reached."""
    await exchange.send(200, b'{"id": "vid_0', length=40)
    exchange.writer.close()


def stall(share: float) -> Fault:
    """For a download: a share of the bytes, and then nothing more on a connection that stays open."""

    async def fault(exchange: Exchange) -> None:
        video = exchange.server.video
        part = video[: int(len(video) * share)]
        await exchange.send(200, part, headers={"Content-Type": "video/mp4"}, length=len(video))
        await exchange.server.ended.wait()

    return fault


def drip(pieces: int, pause: float) -> Fault:
    """For a download: the whole video, in pieces, with a pause before each."""

    async def fault(exchange: Exchange) -> None:
        video = exchange.server.video
        await exchange.send(200, b"", headers={"Content-Type": "video/mp4"}, length=len(video))
        size = -(-len(video) // pieces)
        for start in range(0, len(video), size):
            await asyncio.sleep(pause)
            exchange.writer.write(video[start : start + size])
            await exchange.writer.drain()

    return fault


def endless(share: float) -> Fault:
    """For a download: a share of the bytes without any length, so that the end of the connection is the end
    of the video.
    """

    async def fault(exchange: Exchange) -> None:
        video = exchange.server.video
        head = "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n\r\n"
        exchange.writer.write(head.encode() + video[: int(len(video) * share)])
        await exchange.writer.drain()
        exchange.writer.close()

    return fault


def versioned(
    video: bytes, headers: dict[str, str], share: float = 1.0, *, knows_if_range: bool = True
) -> Fault:
    """For a download: this video, with these headers, up to a share of what was asked for. The server knows
    `Range`, and `If-Range` if it is said to.
    """

    async def fault(exchange: Exchange) -> None:
        asked = exchange.request.headers
        start = int(asked.get("range", "bytes=0-")[6:-1])
        current = (headers.get("ETag"), headers.get("Last-Modified"))
        if knows_if_range and "if-range" in asked and asked["if-range"] not in current:
            start = 0
        about = {"Content-Type": "video/mp4", **headers}
        if start:
            about["Content-Range"] = f"bytes {start}-{len(video) - 1}/{len(video)}"
        rest = video[start:]
        await exchange.send(
            206 if start else 200, rest[: int(len(rest) * share)], headers=about, length=len(rest)
        )
        if share < 1:
            exchange.writer.close()

    return fault


def packed(coding: str, pack: Callable[[bytes], bytes]) -> Fault:
    """For a download: packed, as a proxy does although it was asked not to."""

    async def fault(exchange: Exchange) -> None:
        about = {"Content-Type": "video/mp4", "Content-Encoding": coding}
        await exchange.send(200, pack(exchange.server.video), headers=about)

    return fault


async def endless_body(exchange: Exchange) -> None:
    """For a download: a video that goes on and on, without any length."""
    exchange.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n\r\n")
    while not exchange.writer.is_closing():
        exchange.writer.write(bytes(65536))
        await exchange.writer.drain()
        await asyncio.sleep(0)


async def interim(exchange: Exchange) -> None:
    """Interim answers (103), one after the other, and never the answer itself."""
    while not exchange.writer.is_closing():
        exchange.writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await exchange.writer.drain()
        await asyncio.sleep(0.02)


async def trickle(exchange: Exchange) -> None:
    """For a download: a byte at a time, often enough for any read timeout."""
    video = exchange.server.video
    await exchange.send(200, b"", headers={"Content-Type": "video/mp4"}, length=len(video))
    for at in range(len(video)):
        exchange.writer.write(video[at : at + 1])
        await exchange.writer.drain()
        await asyncio.sleep(0.05)


def garbled(share: float) -> Fault:
    """For a download over TLS: a share of the bytes, and then some that are no TLS."""

    async def fault(exchange: Exchange) -> None:
        await cut_here(exchange, share)
        os.write(exchange.writer.get_extra_info("socket").fileno(), b"this is no TLS record" * 9)
        await exchange.server.ended.wait()

    return fault


def torn(share: float) -> Fault:
    """For a download over TLS: a share of the bytes, and then the end of the connection, without TLS's own."""

    async def fault(exchange: Exchange) -> None:
        await cut_here(exchange, share)
        exchange.writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    return fault


async def cut_here(exchange: Exchange, share: float) -> None:
    """A share of the video, which has left this process when it returns."""
    video = exchange.server.video
    part = video[: int(len(video) * share)]
    await exchange.send(200, part, headers={"Content-Type": "video/mp4"}, length=len(video))
    while exchange.writer.transport.get_write_buffer_size():
        await asyncio.sleep(0.001)


async def whole_again(exchange: Exchange) -> None:
    """For a download: a server that does not know `Range`."""
    await exchange.send(200, exchange.server.video, headers={"Content-Type": "video/mp4"})


async def another_range(exchange: Exchange) -> None:
    """For a download: 206 with another part than the one that was asked for."""
    video = exchange.server.video
    about = {"Content-Type": "video/mp4", "Content-Range": f"bytes 1-{len(video) - 1}/{len(video)}"}
    await exchange.send(206, video[1:], headers=about)


def retry_after_date(seconds: float, now: float) -> str:
    """`Retry-After` as an HTTP date."""
    return formatdate(now + seconds, usegmt=True)


@dataclass
class FaultServer(InThread):
    """The server; see the top of this file. `polls` is how many polls say `processing` before one says
    `completed`.
    """

    video: bytes = b""
    submit: Iterable[Fault] = ()
    poll: Iterable[Fault] = ()
    download: Iterable[Fault] = ()
    polls: int = 1
    limit: int | None = None  # requests a minute, as the answer to a submit says it
    tls: ssl.SSLContext | None = None  # https then
    elsewhere: str = ""  # the URL of another server, for `redirect_elsewhere`
    jobs: dict[str, int] = field(default_factory=dict)  # id → polls that are left
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._faults = {"submit": list(self.submit), "poll": list(self.poll), "download": list(self.download)}
        return super().__enter__()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await self._exchange(reader, writer):
            pass

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = (await reader.readline()).decode().split()
        if not line:
            return False
        headers: dict[str, str] = {}
        while (header := (await reader.readline()).decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path = line[0], line[1]
        step = "submit" if method == "POST" else "download" if path.endswith("/download") else "poll"
        step = step if path.startswith("/v1/videos") else "elsewhere"
        request = Request(step, method, path, headers, body, id(writer))
        self.requests.append(request)
        exchange = Exchange(self, request, writer)
        faults = self._faults.get(step)
        await (faults.pop(0) if faults else getattr(self, f"_{step}"))(exchange)
        return not writer.is_closing()

    def make_job(self, request: Request) -> str:
        """The service takes a job."""
        id = f"vid_{len(self.jobs) + 1:06}"
        self.jobs[id] = self.polls
        return id

    @property
    def open_connections(self) -> int:
        """How many connections the other side keeps open."""
        return sum(not writer.is_closing() for writer in list(self._writers))

    def count(self, step: str) -> int:
        """How many requests of this step came in."""
        return sum(request.step == step for request in list(self.requests))

    async def _submit(self, exchange: Exchange) -> None:
        if exchange.request.headers.get("authorization") != f"Bearer {KEY}":
            await reply(401, {"error": {"message": "Invalid API key", "code": "invalid_api_key"}})(exchange)
            return
        headers = {"X-RateLimit-Limit": str(self.limit)} if self.limit else {}
        answer = {"id": self.make_job(exchange.request), "status": "queued"}
        await exchange.send(200, answer, headers=headers)

    async def _poll(self, exchange: Exchange) -> None:
        id = exchange.request.path.rsplit("/", 1)[-1]
        if id not in self.jobs:
            await reply(404, {"error": {"message": f"No video {id}"}})(exchange)
            return
        self.jobs[id] -= 1
        await exchange.send(200, {"id": id, "status": "processing" if self.jobs[id] >= 0 else "completed"})

    async def _download(self, exchange: Exchange) -> None:
        start = 0
        given = exchange.request.headers.get("range", "")
        headers = {"Content-Type": "video/mp4", "Accept-Ranges": "bytes"}
        if given.startswith("bytes="):
            start = int(given[6:].partition("-")[0])
            if start >= len(self.video):
                await exchange.send(416, b"", headers={"Content-Range": f"bytes */{len(self.video)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(self.video) - 1}/{len(self.video)}"
        await exchange.send(206 if start else 200, self.video[start:], headers=headers)

    async def _elsewhere(self, exchange: Exchange) -> None:
        """Any other path holds the video, too: a redirect's target."""
        await exchange.send(200, self.video, headers={"Content-Type": "video/mp4"})


def client_of(server: FaultServer, folder: Path, **options: Any) -> VideoClient:
    """A client of this server, with a library of its own."""
    return VideoClient(**{"api_key": KEY, "base_url": server.url, "library": folder, **options})
