"""A download that breaks is continued with the rest of the same video, or begun anew: never with bytes of
another one.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import time
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fault_server import (
    KEY,
    Exchange,
    FaultServer,
    another_range,
    client_of,
    cut,
    endless_body,
    interim,
    packed,
    reply,
    trickle,
    versioned,
)
from videos import small_mp4

from runcrate_widget import errors
from runcrate_widget.jobs import polling
from runcrate_widget.library.disk import FolderStore
from runcrate_widget.library.part import PartFile
from runcrate_widget.request import VideoRequest
from runcrate_widget.service import arrival, deadline, runcrate
from runcrate_widget.service.backend import Whole
from runcrate_widget.service.key import Key
from runcrate_widget.service.runcrate import RuncrateBackend

ONE, OTHER = small_mp4(1), small_mp4(2)
HALF = len(ONE) // 2


@pytest.fixture
def part(tmp_path: Path) -> PartFile:
    return PartFile(tmp_path / "a.mp4.part", FolderStore(tmp_path).unusable)


def fetch(server: FaultServer, part: PartFile) -> list[tuple[int, int | None]]:
    """One attempt. Gives the progress that it told of."""
    told: list[tuple[int, int | None]] = []

    async def once() -> None:
        backend = RuncrateBackend(server.url, lambda: Key(KEY))
        try:
            await backend.download("vid_000001", part, lambda *now: told.append(now))
        finally:
            await backend.connections.close()

    asyncio.run(once())
    return told


def begun(part: PartFile, whole: Whole | None, content: bytes = ONE[:HALF]) -> None:
    part.begin(whole)
    part.write(content)
    part.finish()


def ranges(server: FaultServer) -> list[str | None]:
    return [one.headers.get("range") for one in server.requests]


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"one"'},
        {"Last-Modified": "Mon, 05 Jan 2026 10:00:00 GMT", "Date": "Mon, 05 Jan 2026 11:00:00 GMT"},
        {"ETag": '"one"', "Last-Modified": "Mon, 05 Jan 2026 10:00:00 GMT"},
        {},
    ],
    ids=["ETag", "Last-Modified", "both", "neither, the total agrees"],
)
def test_a_download_that_breaks_is_continued(part: PartFile, headers: dict[str, str]) -> None:
    with FaultServer(download=[versioned(ONE, headers, 0.5), versioned(ONE, headers)]) as server:
        with pytest.raises(errors.TransportError):
            fetch(server, part)
        assert part.size == HALF
        fetch(server, part)
    assert part.path.read_bytes() == ONE
    assert ranges(server) == [None, f"bytes={HALF}-"]
    exact = headers.get("ETag") or headers.get("Last-Modified")
    assert server.requests[1].headers.get("if-range") == exact


LATER = {"Last-Modified": "Mon, 05 Jan 2026 10:00:01 GMT", "Date": "Mon, 05 Jan 2026 11:00:00 GMT"}
EARLIER = {**LATER, "Last-Modified": "Mon, 05 Jan 2026 10:00:00 GMT"}
PADDED = ONE + b"\0\0\0\x08free" + bytes(0)  # another video, as whole as the first


@pytest.mark.parametrize("knows_if_range", [True, False])
@pytest.mark.parametrize(
    ("before", "after", "video"),
    [
        ({"ETag": '"one"'}, {"ETag": '"two"'}, OTHER),
        ({"ETag": '"one"'}, {"ETag": '"two"'}, bytes(8) + ONE[8:]),
        ({"ETag": '"one"'}, {}, OTHER),
        ({"ETag": 'W/"one"'}, {"ETag": 'W/"two"'}, bytes(8) + ONE[8:]),
        (EARLIER, LATER, bytes(8) + ONE[8:]),
        ({}, {}, OTHER),
        ({}, {}, PADDED),
    ],
    ids=["another ETag", "another ETag, as long", "no ETag any more", "another weak ETag", "changed since", "as long as another",
         "8 bytes longer"],
)  # fmt: skip
def test_another_video_begins_anew(
    part: PartFile, before: dict[str, str], after: dict[str, str], video: bytes, knows_if_range: bool
) -> None:
    now = versioned(video, after, knows_if_range=knows_if_range)
    with FaultServer(download=[versioned(ONE, before, 0.5), now, now]) as server:
        with pytest.raises(errors.TransportError):
            fetch(server, part)
        for _ in range(2):
            try:
                fetch(server, part)
            except errors.TransportError:
                assert part.size == 0
    assert part.path.read_bytes() == video


def test_what_nobody_knows_what_of_it_is_a_part_begins_anew(part: PartFile) -> None:
    # A process that was killed left it, of an earlier version of this package, say.
    part.path.write_bytes(b"something else")
    with FaultServer(video=ONE) as server:
        fetch(server, part)
    assert ranges(server) == [None]
    assert part.path.read_bytes() == ONE


@pytest.mark.parametrize(
    "about",
    [b"", b"{", b"[]", b'{"total": "9"}', b'{"total": true}', b'{"total": -1}', b'{"total": 5, "etag": "a\\r\\nX: y"}', b"[" * 9**5],
)  # fmt: skip
def test_a_damaged_description_of_a_part_begins_anew(part: PartFile, about: bytes) -> None:
    begun(part, Whole(len(ONE)))
    part.path.with_name(f"{part.path.name}.about").write_bytes(about)
    with FaultServer(video=ONE) as server:
        fetch(server, part)
    assert ranges(server) == [None]
    assert part.path.read_bytes() == ONE


def test_a_length_that_nobody_told_is_continued_only_by_its_etag(part: PartFile) -> None:
    begun(part, Whole(None, "", "Mon, 05 Jan 2026 10:00:00 GMT"))
    with FaultServer(video=ONE) as server, pytest.raises(errors.TransportError, match="begins anew"):
        fetch(server, part)
    assert part.size == 0
    begun(part, Whole(None, '"one"', "", '"one"'))
    with FaultServer(download=[versioned(ONE, {"ETag": '"one"'})]) as server:
        fetch(server, part)
    assert part.path.read_bytes() == ONE


def test_what_is_all_there_is_not_asked_for_again(part: PartFile) -> None:
    begun(part, Whole(len(ONE)), ONE)
    with FaultServer(video=ONE) as server:
        fetch(server, part)
    assert server.requests == []
    assert part.path.read_bytes() == ONE


def test_more_than_there_is_begins_anew(part: PartFile) -> None:
    begun(part, Whole(len(ONE)), ONE + b"more")
    with FaultServer(video=ONE) as server:
        fetch(server, part)
    assert ranges(server) == [None]
    assert part.path.read_bytes() == ONE
    begun(part, Whole(len(ONE) + 9), ONE + b"more")  # the service has less than it said
    with FaultServer(video=ONE) as server, pytest.raises(errors.TransportError, match="anew"):
        fetch(server, part)
    assert part.size == 0


@pytest.mark.parametrize(
    "content_range",
    ["bytes 50-/9999", "bytes 50-60/9999", "bytes */9999", "", "x", "bytes 9-1/" + "9" * 5000],
)
def test_another_part_than_asked_for_is_not_taken(part: PartFile, content_range: str) -> None:
    begun(part, Whole(len(ONE)))
    fault = reply(206, ONE[50:], Content_Type="video/mp4", Content_Range=content_range)
    with FaultServer(download=[fault]) as server, pytest.raises(errors.TransportError):
        fetch(server, part)
    assert part.size == 0


def test_less_than_the_rest_is_continued(part: PartFile) -> None:
    begun(part, Whole(len(ONE)), ONE[:100])
    some = reply(206, ONE[100:200], Content_Type="video/mp4", Content_Range=f"bytes 100-199/{len(ONE)}")
    with FaultServer(video=ONE, download=[some]) as server:
        with pytest.raises(errors.TransportError, match="continued"):
            fetch(server, part)
        fetch(server, part)
    assert ranges(server) == ["bytes=100-", "bytes=200-"]
    assert part.path.read_bytes() == ONE


# What came packed, or without end.


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("X-GZIP", gzip.compress), ("deflate", zlib.compress),
     ("gzip", lambda video: gzip.compress(video[:99]) + gzip.compress(video[99:]))],
    ids=["gzip", "x-gzip", "deflate", "in two"],
)  # fmt: skip
def test_a_video_that_a_proxy_packed_is_unpacked(
    part: PartFile, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    with FaultServer(video=ONE, download=[packed(coding, pack)]) as server:
        fetch(server, part)
    assert part.path.read_bytes() == ONE
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("br", bytes), ("gzip", bytes), ("gzip, gzip", gzip.compress)],
    ids=["unknown", "in name only", "twice"],
)
def test_a_packing_that_is_not_known_is_refused(
    part: PartFile, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    with (
        FaultServer(video=ONE, download=[packed(coding, pack)]) as server,
        pytest.raises(errors.UnexpectedAnswerError, match=r"packed|called"),
    ):
        fetch(server, part)
    assert part.size == 0


def test_a_packed_video_that_is_cut_is_not_continued(part: PartFile) -> None:
    half = packed("gzip", lambda video: gzip.compress(video)[:-20])
    with FaultServer(video=ONE, download=[half]) as server:
        with pytest.raises(errors.TransportError, match="anew"):
            fetch(server, part)
        assert part.size == 0
        fetch(server, part)
    assert ranges(server) == [None, None]
    assert part.path.read_bytes() == ONE


def test_a_body_without_end_is_stopped(part: PartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "LARGEST", 300_000)
    with (
        FaultServer(download=[endless_body]) as server,
        pytest.raises(errors.UnexpectedAnswerError, match="no video"),
    ):
        fetch(server, part)
    assert part.path.stat().st_size <= 300_000


def test_a_length_that_no_video_has_is_refused_before_a_byte_is_kept(part: PartFile) -> None:
    async def huge(exchange: Exchange) -> None:
        await exchange.send(200, b"x", headers={"Content-Type": "video/mp4"}, length=arrival.LARGEST + 1)
        await exchange.server.ended.wait()

    with (
        FaultServer(download=[huge]) as server,
        pytest.raises(errors.UnexpectedAnswerError, match="no video"),
    ):
        fetch(server, part)
    assert not part.path.exists()


def test_a_gigabyte_that_was_packed_small_is_stopped(part: PartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "LARGEST", 3_000_000)
    bomb = packed("gzip", lambda _: gzip.compress(bytes(50_000_000)))
    with FaultServer(download=[bomb]) as server, pytest.raises(errors.UnexpectedAnswerError):
        fetch(server, part)
    assert part.path.stat().st_size <= 3_000_000


# One deadline for each request.


@pytest.mark.parametrize("step", ["submit", "poll", "download"])
def test_interim_answers_without_end_have_an_end(
    part: PartFile, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(runcrate, "_READ_TIMEOUT", 0.3)
    monkeypatch.setattr(runcrate, "_SUBMIT_TIMEOUT", 0.6)
    faults: dict[str, Any] = {step: [interim]}
    with FaultServer(**faults) as server, pytest.raises(errors.TransportError, match="in time"):
        fetch(server, part) if step == "download" else _ask(server, step)


def _ask(server: FaultServer, step: str) -> None:
    async def nothing() -> None:
        pass

    async def once() -> None:
        backend = RuncrateBackend(server.url, lambda: Key(KEY))
        ask: dict[str, Callable[[], Awaitable[object]]] = {
            "submit": lambda: backend.submit(VideoRequest("A fox", model="Veo 3.0"), nothing),
            "poll": lambda: backend.status("vid_000001"),
        }
        try:
            await ask[step]()
        finally:
            await backend.connections.close()

    asyncio.run(once())


def test_a_download_that_trickles_is_taken_up_again_where_it_was_left(
    part: PartFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "_WINDOW", 0.5)
    with FaultServer(video=ONE, download=[trickle]) as server:
        with pytest.raises(errors.TransportError, match="in time"):
            fetch(server, part)
        assert 0 < part.size < len(ONE)
        had = part.size
        fetch(server, part)
    assert ranges(server) == [None, f"bytes={had}-"]
    assert part.path.read_bytes() == ONE


def test_a_download_that_moves_may_take_longer_than_any_window(
    part: PartFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "_WINDOW", 1.0)
    monkeypatch.setattr(deadline, "_LEAST", 1)
    pieces = 15

    async def steady(exchange: Exchange) -> None:
        await exchange.send(200, b"", headers={"Content-Type": "video/mp4"}, length=len(ONE))
        size = -(-len(ONE) // pieces)
        for start in range(0, len(ONE), size):
            await asyncio.sleep(0.1)
            exchange.writer.write(ONE[start : start + size])
            await exchange.writer.drain()

    with FaultServer(download=[steady]) as server:
        began = time.monotonic()
        fetch(server, part)
    assert time.monotonic() - began > 1.0
    assert part.path.read_bytes() == ONE


# A folder in which others write, too.

posix = pytest.mark.skipif(os.name == "nt", reason="no such files there")


@posix
@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link", "pipe"])
@pytest.mark.parametrize("with_about", [True, False])
def test_what_lies_where_a_part_belongs_is_not_written_through(
    part: PartFile, tmp_path: Path, kind: str, with_about: bool
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(ONE[:HALF])
    if with_about:
        begun(part, Whole(len(ONE)))
        part.path.unlink()
    _put(kind, part.path, precious)
    with FaultServer(video=ONE) as server:
        fetch(server, part)
    assert ranges(server) == [None]
    assert precious.read_bytes() == ONE[:HALF]
    assert not part.path.is_symlink()
    assert part.path.read_bytes() == ONE


def _put(kind: str, path: Path, target: Path) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "hard link":
        path.hardlink_to(target)
    else:
        path.symlink_to(target if kind == "link" else target.with_name("not there"))


@posix
@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe"])
@pytest.mark.parametrize("end", [".mp4", ".mp4.part", ".mp4.part.about"])
@pytest.mark.usefixtures("quick")
def test_no_file_of_a_library_hangs_a_job_or_leads_out_of_it(tmp_path: Path, kind: str, end: str) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"keep this")
    folder = tmp_path / "library"
    with FaultServer(video=ONE) as server:
        with FaultServer() as elsewhere:  # to learn the name that the files of this job will have
            name = client_of(elsewhere, tmp_path / "other", base_url=server.url).generate(
                "A fox", model="Veo 3.0"
            )
            stem = name.wait(30).path.stem
        folder.mkdir()
        _put(kind, folder / f"{stem}{end}", precious)
        video = client_of(server, folder).generate("A fox", model="Veo 3.0").wait(30)
        assert video.path == folder / f"{stem}.mp4"
        assert not video.path.is_symlink()
        assert video.read_bytes() == ONE
    assert precious.read_bytes() == b"keep this"
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".mp4"]


@posix
def test_a_record_that_is_a_pipe_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a-fox-00000000.json")
    with pytest.warns(UserWarning, match="not a regular file"):
        assert FolderStore(tmp_path).read("a-fox-00000000") is None


def test_a_404_is_waited_for_as_long_as_the_file_may_be_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "SHORTEST", 0.01)
    monkeypatch.setattr(polling, "LONGEST_BACKOFF", 0.02)
    with FaultServer(video=ONE, polls=0, download=[reply(404)] * 25) as server:
        assert client_of(server, tmp_path).generate("A fox", model="Veo 3.0").wait(30).read_bytes() == ONE
    assert server.count("download") == 26


@pytest.mark.usefixtures("quick")
def test_a_404_for_good_stops_the_job_which_goes_on_when_asked(tmp_path: Path) -> None:
    with FaultServer(video=ONE, polls=0, download=[reply(404)] * 10_000) as server:
        job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
        with pytest.raises(errors.JobStoppedError, match="404"):
            job.wait(30)
        assert job.status == "downloading"
        server._faults["download"] = []
        job.resume()
        assert job.wait(30).read_bytes() == ONE
    assert server.count("submit") == 1


@pytest.mark.usefixtures("quick")
def test_a_404_keeps_what_has_come(tmp_path: Path) -> None:
    with FaultServer(video=ONE, polls=0, download=[cut(0.5), reply(404), another_range]) as server:
        assert client_of(server, tmp_path).generate("A fox", model="Veo 3.0").wait(30).read_bytes() == ONE
    asked = [one.headers.get("range") for one in server.requests if one.step == "download"]
    assert asked == [None, f"bytes={HALF}-", f"bytes={HALF}-", None]
