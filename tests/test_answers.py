"""What is made of odd answers: a job that was made and paid for is not lost as long as its id can be found."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from fault_server import Exchange, Fault, FaultServer, client_of, reply
from hypothesis import given
from hypothesis import strategies as st
from videos import small_mp4

from runcrate_widget import errors
from runcrate_widget.library.library import Library
from runcrate_widget.service import answers, runcrate

pytestmark = pytest.mark.usefixtures("quick")

VIDEO = small_mp4(1)
ID = "vid_000001"
LONG = "A" * 3_000_000


def taken(
    body: bytes, headers: dict[str, str] | None = None, length: int | None = None, then: str = "close"
) -> Fault:
    """For a submit: the job is made, and this is what is said of it."""

    async def fault(exchange: Exchange) -> None:
        assert exchange.server.make_job(exchange.request) == ID
        await exchange.send(200, body, headers=headers, length=length)
        if then == "hang":
            await exchange.server.ended.wait()
        elif length is not None:
            exchange.writer.close()

    return fault


@pytest.mark.parametrize(
    "fault",
    [
        taken(json.dumps({"image": LONG, "id": ID}).encode()),
        taken(json.dumps({"id": ID, "image": LONG}).encode()),
        taken(b'{"seed": ' + b"9" * 5000 + b', "id": "vid_000001"}'),
        taken(b'{"seed": 1e999, "cost": NaN, "x": -Infinity, "id": "vid_000001"}'),
        taken(b'{"id": "vid_000001", "note": ' + b"[" * 100_000),
        taken(b'{"note": ' + b"[" * 300 + b"]" * 300 + b', "id": "vid_000001"}'),
        taken(b'{"note": "caf\xe9", "id": "vid_000001"}'),
        taken(b'\xef\xbb\xbf{"id": "vid_000001"}'),
        taken(b'{"id": "vid_000001", "status": "queued"'),
        taken(b'{"id": "vid_000001"} and more'),
        taken(gzip.compress(b'{"id": "vid_000001"}'), {"Content-Encoding": "gzip"}),
        taken(b'{"id": "vid_000001"}', {"Content-Encoding": "gzip"}),
        taken(b'{"id": "vid_000001"}', {"Content-Encoding": "br"}),
        taken(b'{"id": "vid_000001", "sta', length=90),
        taken(b'{"id": "vid_000001"}', {"X-RateLimit-Limit": "9" * 5000}),
        taken(b'{"id": "vid_000001"}', {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 5000}),
        taken(b'{"id": "vid_000001"}', {"Retry-After": "9" * 5000, "Content-Type": "9" * 5000}),
    ],
    ids=["3 MB before it", "3 MB after it", "a number of 5,000 digits", "no numbers", "nested without end", "nested deeply",
         "not UTF-8", "a byte order mark", "no end", "more than its end", "gzip", "gzip in name only", "br in name only", "cut after it",
         "a limit of 5,000 digits", "a reset of 5,000 digits", "headers of 5,000 letters"],
)  # fmt: skip
def test_an_id_that_is_there_is_found(tmp_path: Path, fault: Fault) -> None:
    with FaultServer(video=VIDEO, submit=[fault]) as server:
        job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
        assert job.wait(30).read_bytes() == VIDEO
    assert (job.id, server.count("submit"), len(server.jobs)) == (ID, 1, 1)
    (sidecar,) = tmp_path.glob("*.json")
    assert sidecar.stat().st_size < 50_000
    json.loads(sidecar.read_bytes(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert [one.id for one in Library(tmp_path)] == [ID]


def test_an_id_is_found_in_what_came_until_nobody_waits_any_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runcrate, "_SUBMIT_TIMEOUT", 0.5)
    with FaultServer(video=VIDEO, submit=[taken(b'{"id": "vid_000001", ', length=99, then="hang")]) as server:
        assert client_of(server, tmp_path).generate("A fox", model="Veo 3.0").wait(30)


@pytest.mark.parametrize(
    "body",
    [b'{"id": "vid_0000', b'{"data": {"id": "vid_000009"}}{', b'[{"id": "vid_000009"}]', b'{"id": 12, "x": ', b'{"x": "id", "y": "vid_000009"',
     b'{"prompt": "\\"id\\": \\"vid_000009\\"', b"", b"}", b'{"id": "..", ', b'{"id": "a\\u0000b", ', b'{"x": "\\"id\\": \\"vid_000009\\"}'],
)  # fmt: skip
def test_what_is_no_id_of_this_job_is_not_taken_for_it(tmp_path: Path, body: bytes) -> None:
    with FaultServer(video=VIDEO, submit=[taken(body)]) as server:
        job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
        with pytest.raises(errors.JobUnconfirmedError):
            job.wait(30)
    assert job.id is None


def test_an_answer_without_end_is_unconfirmed_and_never_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runcrate, "LONGEST_OF_SUBMIT", 2_000_000)

    async def endless(exchange: Exchange) -> None:
        exchange.server.make_job(exchange.request)
        exchange.writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"a": "')
        while not exchange.writer.is_closing():
            exchange.writer.write(b"A" * 65536)
            await exchange.writer.drain()
            await asyncio.sleep(0)

    with FaultServer(video=VIDEO, submit=[endless]) as server:
        job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
        with pytest.raises(errors.JobUnconfirmedError):
            job.wait(30)


def test_a_poll_is_not_read_so_generously(tmp_path: Path) -> None:
    # Nothing is lost by asking again; and what is half there says nothing of a status.
    cut = reply(200, b'{"id": "vid_000001", "status": "comp')
    with FaultServer(video=VIDEO, poll=[cut], polls=0) as server:
        assert client_of(server, tmp_path).generate("A fox", model="Veo 3.0").wait(30)
    assert server.count("poll") == 2


@given(
    st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists)),
    st.text().filter(answers.is_id),
    st.integers(0, 50),
)
def test_wherever_a_body_is_cut_after_the_id_it_is_found(fields: dict[str, Any], id: str, more: int) -> None:
    fields.pop("id", None)
    for ascii in (True, False):
        head = json.dumps({**fields, "id": id}, ensure_ascii=ascii)[:-1]
        body = f'{head}, "more": {json.dumps(fields)}}}'.encode("utf-8", "surrogatepass")
        cut = body[: len(head.encode("utf-8", "surrogatepass")) + more]
        found = answers.found_answer(cut)
        assert found is not None
        assert found.id == id


@given(st.binary() | st.text(alphabet='{}[]":,\\id x').map(str.encode))
def test_no_body_breaks_the_search(body: bytes) -> None:
    found = answers.found_answer(body)
    assert found is None or answers.is_id(found.id)
