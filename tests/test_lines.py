"""Polls and submits go over lines of our own: whatever a server does there, the next poll is answered, and of a
submit it is known whether it was sent."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import h11
import pytest
from fault_server import KEY, Exchange, FaultServer, client_of
from videos import small_mp4

from runcrate_widget import VideoRequest, errors
from runcrate_widget.jobs import download, sending
from runcrate_widget.jobs.submit import Verdict, verdict
from runcrate_widget.service.key import Key
from runcrate_widget.service.lines import Line, Raw, read_plainly
from runcrate_widget.service.runcrate import RuncrateBackend

_BODY = b'{"id": "vid_000001", "status": "processing"}'


async def chunked(exchange: Exchange) -> None:
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (_BODY[:7], _BODY[7:]))
    exchange.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")
    await exchange.writer.drain()


async def until_the_end(exchange: Exchange) -> None:
    exchange.writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + _BODY)
    await exchange.writer.drain()
    exchange.writer.close()


async def more_than_was_asked(exchange: Exchange) -> None:
    """A second answer, which must not become that of the next poll."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
    second = b'{"id": "vid_000001", "status": "completed"}'
    exchange.writer.write(answer % (len(_BODY), _BODY) + answer % (len(second), second))
    await exchange.writer.drain()


async def no_http(exchange: Exchange) -> None:
    exchange.writer.write(b"what is that?\r\n\r\n")
    await exchange.writer.drain()


def polled(server: FaultServer, times: int) -> list[str]:
    async def ask() -> list[str]:
        backend = RuncrateBackend(server.url, lambda: Key(KEY))
        told = []
        for _ in range(times):
            try:
                told.append((await backend.status("vid_000001")).status)
            except errors.TransportError as error:
                told.append(error.message)
        await backend.connections.close()
        return told

    return asyncio.run(ask())


def test_polls_share_a_connection() -> None:
    with FaultServer(jobs={"vid_000001": 9}) as server:
        assert polled(server, 3) == ["processing"] * 3
    assert len({one.connection for one in server.requests}) == 1


@pytest.mark.parametrize("fault", [chunked, until_the_end, more_than_was_asked])
def test_an_answer_is_read_to_its_end_and_no_further(fault: object) -> None:
    with FaultServer(poll=[fault], jobs={"vid_000001": 9}) as server:  # type: ignore[list-item]
        assert polled(server, 2) == ["processing"] * 2


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Is set when a line has ended."""
    ended, lost = asyncio.Event(), Line.connection_lost

    def noticed(line: Line, error: Exception | None) -> None:
        lost(line, error)
        ended.set()

    monkeypatch.setattr(Line, "connection_lost", noticed)
    return ended


def test_a_line_on_which_more_comes_is_not_used_again(gone: asyncio.Event) -> None:
    read = threading.Event()

    async def more_when_it_was_read(exchange: Exchange) -> None:
        await exchange.send(200, _BODY)
        await asyncio.to_thread(read.wait)
        await exchange.send(200, b'{"id": "vid_000001", "status": "completed"}')

    async def ask() -> list[str]:
        backend = RuncrateBackend(server.url, lambda: Key(KEY))
        first = await backend.status("vid_000001")
        read.set()
        await gone.wait()
        second = await backend.status("vid_000001")
        await backend.connections.close()
        return [first.status, second.status]

    with FaultServer(poll=[more_when_it_was_read], jobs={"vid_000001": 9}) as server:
        assert asyncio.run(ask()) == ["processing"] * 2


def test_what_is_no_http_is_told_and_the_next_poll_is_answered() -> None:
    with FaultServer(poll=[no_http], jobs={"vid_000001": 9}) as server:
        first, second = polled(server, 2)
    assert "broke before the answer was complete" in first
    assert second == "processing"


def test_where_a_proxy_is_set_httpx_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert RuncrateBackend("https://runcrate.invalid", lambda: Key(KEY)).connections.lines() is None


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        (_HEAD + b"Content-Length: 2\r\n\r\n{}", True),
        (_HEAD + b"CONTENT-LENGTH:\t2 \r\nConnection: keep-alive\r\nX:\r\n\r\n{}", True),
        (b"HTTP/1.1 404 \r\nDate: now\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 429 Too Many\r\ncontent-length: 2\r\na: b\r\na: c\r\n\r\n\r\n", True),
        (_HEAD + b"Content-Length: 2\r\n\r\n{", False),  # not all of it
        (_HEAD + b"Content-Length: 2\r\n\r\n{}x", False),  # more than that
        (_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", False),
        (_HEAD + b"Content-Length: +2\r\n\r\n{}", False),
        (_HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}", False),
        (_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", False),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (_HEAD + b"Content-Length: 2\r\nX: a\r\n b\r\n\r\n{}", False),  # folded
        (_HEAD + b"Content-Length : 2\r\n\r\n{}", False),
        (_HEAD + b"Content-Length: 2\r\nX: a\x00b\r\n\r\n{}", False),
        (_HEAD + b"Content-Length: 2\n\n{}", False),
        (_HEAD + b"\r\n{}", False),  # up to the connection's end
        (b"HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 103 Early\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"", False),
    ],
)
def test_what_is_read_plainly_is_what_h11_reads(answer: bytes, plain: bool) -> None:
    came = Raw()
    assert read_plainly(answer, came) is plain
    if not plain:
        assert came == Raw()
        return
    talk = h11.Connection(h11.CLIENT)
    talk.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    talk.send(h11.EndOfMessage())
    talk.receive_data(answer)
    head, body, event = talk.next_event(), b"", talk.next_event()
    while isinstance(event, h11.Data):
        body, event = body + event.data, talk.next_event()
    assert isinstance(head, h11.Response)
    assert (came.status, came.reason) == (head.status_code, head.reason)
    assert (came.headers, bytes(came.body)) == (list(head.headers), body)
    assert (talk.their_state, talk.trailing_data) == (h11.DONE, (b"", False))


async def nothing() -> None:
    pass


def test_a_submit_has_a_connection_of_its_own_and_no_poll_goes_over_it() -> None:
    async def ask() -> None:
        backend = RuncrateBackend(server.url, lambda: Key(KEY))
        for prompt in ("A fox", "An owl"):
            id = (await backend.submit(VideoRequest(prompt, model="Veo 3.0"), nothing)).id
            await backend.status(id)
        await backend.connections.close()

    with FaultServer(polls=9) as server:
        asyncio.run(ask())
    ways = {
        step: [one.connection for one in server.requests if one.step == step] for step in ("submit", "poll")
    }
    assert len(set(ways["submit"])) == 2
    assert len(set(ways["poll"])) == 1
    assert not set(ways["submit"]) & set(ways["poll"])


def test_what_was_closed_before_the_first_byte_was_not_sent(gone: asyncio.Event) -> None:
    """While the record was written, say: then it may be sent again."""
    came: list[bytes] = []

    async def ask() -> errors.TransportError:
        accepted = asyncio.Queue[asyncio.StreamWriter]()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.put_nowait(writer)
            came.append(await reader.read())

        async def begin() -> None:
            (await accepted.get()).close()
            await gone.wait()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            backend = RuncrateBackend(url, lambda: Key(KEY))
            with pytest.raises(errors.TransportError, match="Nothing was sent") as caught:
                await backend.submit(VideoRequest("A fox", model="Veo 3.0"), begin)
            return caught.value

    error = asyncio.run(ask())
    assert not error.sent
    assert verdict(error, 1) is Verdict.SEND_AGAIN
    assert came == [b""]


async def elsewhere_without_end(exchange: Exchange) -> None:
    await exchange.send(307, b"", headers={"Location": "https://elsewhere.invalid/"}, length=1000)
    await exchange.server.ended.wait()


def test_an_answer_that_says_to_go_elsewhere_is_not_waited_for_to_its_end() -> None:
    async def ask() -> None:
        backend = RuncrateBackend(server.url, lambda: Key(KEY))
        with pytest.raises(errors.UnexpectedAnswerError, match="redirects elsewhere") as caught:
            await backend.submit(VideoRequest("A fox", model="Veo 3.0"), nothing)
        assert verdict(caught.value, 1) is Verdict.REFUSED
        await backend.connections.close()

    with FaultServer(submit=[elsewhere_without_end]) as server:
        asyncio.run(ask())


@pytest.mark.usefixtures("quick")
def test_no_more_videos_come_at_a_time_than_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are held until each has asked for its turn."""
    begun = most = coming = 0
    fetch, downloaded = download._download, RuncrateBackend.download
    all_begun = asyncio.Event()

    async def fetched(*given: Any) -> None:
        nonlocal begun
        begun += 1
        if begun == 40:
            all_begun.set()
        await fetch(*given)

    async def held(self: RuncrateBackend, *given: Any) -> None:
        nonlocal coming, most
        coming += 1
        most = max(most, coming)
        await all_begun.wait()
        await downloaded(self, *given)
        coming -= 1

    monkeypatch.setattr(download, "_download", fetched)
    monkeypatch.setattr(RuncrateBackend, "download", held)
    with FaultServer(video=small_mp4(1)) as server:
        client = client_of(server, tmp_path, max_concurrent=40)
        batch = client.generate_many([f"A fox {n}" for n in range(40)], model="Veo 3.0")
        assert len(batch.wait(60).videos) == 40
        client.close()
    assert most == download.DOWNLOADS


@pytest.mark.usefixtures("quick")
def test_no_more_connections_wait_for_their_first_byte_than_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are held before their first byte until each has had its chance to open a connection."""
    begun = most = opening = 0
    attempt, submit, begin = sending.Sending._attempt, RuncrateBackend.submit, sending.Sending._begin
    all_begun = asyncio.Event()

    async def attempted(self: sending.Sending, attempts: int) -> errors.RuncrateError | None:
        nonlocal begun
        begun += 1
        if begun == 40:
            all_begun.set()
        return await attempt(self, attempts)

    async def submitted(self: RuncrateBackend, *given: Any) -> Any:
        nonlocal opening, most
        opening += 1
        most = max(most, opening)
        return await submit(self, *given)

    async def held(self: sending.Sending) -> None:
        nonlocal opening
        await all_begun.wait()
        await begin(self)
        opening -= 1

    monkeypatch.setattr(sending.Sending, "_attempt", attempted)
    monkeypatch.setattr(RuncrateBackend, "submit", submitted)
    monkeypatch.setattr(sending.Sending, "_begin", held)
    with FaultServer(video=small_mp4(1)) as server:
        client = client_of(server, tmp_path, max_concurrent=40)
        batch = client.generate_many([f"A fox {n}" for n in range(40)], model="Veo 3.0")
        assert len(batch.wait(60).videos) == 40
        client.close()
        assert server.count("submit") == 40
    assert most == sending.OPENING
