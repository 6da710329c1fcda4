"""The demo backend over real HTTP: every row of the API's contract."""

from __future__ import annotations

import email.policy
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

av = pytest.importorskip("av")
pytest.importorskip("PIL")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from runcrate_widget import VideoClient, errors  # noqa: E402
from runcrate_widget.catalog import models  # noqa: E402
from runcrate_widget.demo import jobs as demo_jobs  # noqa: E402
from runcrate_widget.demo import serve  # noqa: E402
from runcrate_widget.demo.render import RenderStopped, render  # noqa: E402

if TYPE_CHECKING:
    from runcrate_widget.demo.server import DemoServer

QUICK: dict[str, Any] = {"seconds": 0.4, "height": 64, "rate_limit": 10_000}
ASKED = {"model": "google/veo-3.0", "prompt": "A cinematic sunrise over misty mountains", "duration": 4}


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with serve(**QUICK) as server:
        yield server


@pytest.fixture
def http(server: DemoServer) -> Iterator[httpx.Client]:
    with connect(server) as http:
        yield http


def connect(server: DemoServer, **options: Any) -> httpx.Client:
    return httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {server.key}"}, timeout=30, **options
    )


def finish(http: httpx.Client, id: str) -> tuple[dict[str, Any], list[str]]:
    """The last answer about a job, and the statuses on the way."""
    seen: list[str] = []
    end = time.monotonic() + 30
    while time.monotonic() < end:
        answer = http.get(f"/v1/videos/{id}").json()
        if answer["status"] not in seen:
            seen.append(answer["status"])
        if answer["status"] in ("completed", "failed"):
            return answer, seen
        time.sleep(0.02)
    raise AssertionError(f"{id} did not end: {seen}")


@pytest.fixture(scope="module")
def done(server: DemoServer) -> str:
    """The id of a video that is completed."""
    with connect(server) as http:
        id: str = http.post("/v1/videos", json=ASKED).json()["id"]
        assert finish(http, id)[0]["status"] == "completed"
    return id


def test_submit_poll_download(http: httpx.Client, tmp_path: Path) -> None:
    submitted = http.post("/v1/videos", json={**ASKED, "duration": 6, "aspect_ratio": "9:16"})
    assert submitted.status_code == 200
    job = submitted.json()
    assert re.fullmatch(r"vid_\w+", job["id"])
    assert (job["status"], job["demo"]) == ("queued", True)
    assert {name: job[name] for name in ("model", "prompt", "duration", "aspect_ratio")} == {
        **ASKED,
        "duration": 6,
        "aspect_ratio": "9:16",
    }
    answer, seen = finish(http, job["id"])
    assert seen == ["queued", "processing", "completed"]
    assert answer == {**job, "status": "completed"}
    download = http.get(f"/v1/videos/{job['id']}/download")
    assert download.status_code == 200
    assert download.headers["content-type"] == "video/mp4"
    assert download.headers["content-disposition"] == f'attachment; filename="{job["id"]}.mp4"'
    assert int(download.headers["content-length"]) == len(download.content)
    path = tmp_path / "video.mp4"
    path.write_bytes(download.content)
    with av.open(str(path)) as file:
        shown = list(file.decode(video=0))
    assert len(shown) == 6 * 24
    assert (shown[0].width, shown[0].height) == (64, 114)


@pytest.mark.parametrize("model", models)
def test_every_model_makes_all_that_the_table_says(http: httpx.Client, model: str) -> None:
    allowed = models[model].durations
    for duration in range(1, 18):
        answer = http.post("/v1/videos", json={"model": model, "prompt": "[fail]", "duration": duration})
        assert answer.status_code == (200 if duration in allowed else 422), answer.text


def test_only_a_model_with_audio_has_sound(http: httpx.Client, tmp_path: Path) -> None:
    for model, audio in (("google/veo-3.0-audio", True), ("google/veo-3.0", False)):
        id = http.post("/v1/videos", json={**ASKED, "model": model}).json()["id"]
        finish(http, id)
        path = tmp_path / f"{id}.mp4"
        path.write_bytes(http.get(f"/v1/videos/{id}/download").content)
        with av.open(str(path)) as file:
            assert bool(file.streams.audio) is audio


@pytest.mark.parametrize(
    ("change", "status", "code", "says"),
    [
        ({"model": None}, 400, "missing_required_parameter", "'model'"),
        ({"prompt": None}, 400, "missing_required_parameter", "'prompt'"),
        ({"prompt": "  "}, 400, "invalid_parameter", "'prompt'"),
        ({"prompt": 7}, 400, "invalid_parameter", "'prompt'"),
        ({"prompt": "x" * 5001}, 422, "invalid_parameter", "5000"),
        ({"model": "acme/none"}, 404, "model_not_found", "acme/none"),
        ({"model": "Veo 3.0"}, 404, "model_not_found", "Veo 3.0"),
        ({"duration": 7}, 422, "invalid_parameter", "4, 6 or 8 s"),
        ({"duration": "6"}, 422, "invalid_parameter", "4, 6 or 8 s"),
        ({"duration": True}, 422, "invalid_parameter", "4, 6 or 8 s"),
        ({"duration": 6.5}, 422, "invalid_parameter", "4, 6 or 8 s"),
        ({"duration": None, "duration_seconds": 7}, 422, "invalid_parameter", "'duration_seconds' is 7"),
        ({"model": "kwaivgi/kling-v3", "duration": 16}, 422, "invalid_parameter", "3 to 15 s"),
        ({"aspect_ratio": "4:3"}, 422, "invalid_parameter", "16:9 and 9:16"),
        ({"aspect_ratio": ["16:9"]}, 422, "invalid_parameter", "16:9 and 9:16"),
    ],
)
def test_bad_requests(http: httpx.Client, change: dict[str, Any], status: int, code: str, says: str) -> None:
    answer = http.post("/v1/videos", json={**ASKED, **change})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert says in error["message"]


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"", "application/json", "invalid_json"),
        (b"\xff", "application/json", "invalid_json"),
        (b"[]", "application/json", "invalid_json"),
        (b"[" * 100_000, "application/json", "invalid_json"),
        (b"{}", "text/plain", "invalid_content_type"),
        (b"model=x", "application/x-www-form-urlencoded", "invalid_content_type"),
    ],
)
def test_bad_bodies(http: httpx.Client, body: bytes, kind: str, code: str) -> None:
    answer = http.post("/v1/videos", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("given", "duration", "aspect_ratio"),
    [
        ({}, 6, "16:9"),
        ({"duration": 8.0}, 8, "16:9"),
        ({"duration_seconds": 8}, 8, "16:9"),
        ({"width": 720, "height": 1280}, 6, "9:16"),
        (
            {
                "width": 1280,
                "height": 720,
                "image_url": "https://example.com/a.png",
                "seed": 7,
                "nested": {"a": [1]},
            },
            6,
            "16:9",
        ),
    ],
)
def test_what_may_be_left_out_or_added(
    http: httpx.Client, given: dict[str, Any], duration: int, aspect_ratio: str
) -> None:
    answer = http.post("/v1/videos", json={"model": "google/veo-3.0", "prompt": "[fail]", **given})
    assert answer.status_code == 200
    assert (answer.json()["duration"], answer.json()["aspect_ratio"]) == (duration, aspect_ratio)


def test_a_charset_is_no_other_content_type(http: httpx.Client) -> None:
    answer = http.post(
        "/v1/videos", content=b"{}", headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert answer.json()["error"]["code"] == "missing_required_parameter"


def test_too_large_a_body(server: DemoServer) -> None:
    with connect(server) as http:
        answer = http.post(
            "/v1/videos", content=b"x" * (33 * 2**20), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413


def test_too_large_a_body_that_does_not_say_how_large(server: DemoServer) -> None:
    with connect(server) as http:
        answer = http.post(
            "/v1/videos",
            content=(bytes(2**20) for _ in range(33)),
            headers={"Content-Type": "application/json"},
        )
        assert "content-length" not in answer.request.headers
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        assert answer.headers["connection"] == "close"
        assert http.post("/v1/videos", json={**ASKED, "prompt": "[fail]"}).status_code == 200


def test_a_body_that_comes_in_chunks(http: httpx.Client) -> None:
    body = b'{"model": "google/veo-3.0", "prompt": "[fail]"}'
    answer = http.post(
        "/v1/videos",
        content=(body[i : i + 7] for i in range(0, len(body), 7)),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["prompt"]) == (200, "[fail]")


def test_a_body_that_ends_early_is_nothing_to_report(
    server: DemoServer, http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as client:
        client.sendall(
            b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
            b"Authorization: Bearer " + server.key.encode() + b"\r\n\r\n{"
        )
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):  # until the server has closed it too
            pass
    assert http.get("/v1/videos/vid_x").status_code == 404
    assert caplog.records == []


def test_half_a_character_goes_there_and_back(http: httpx.Client) -> None:
    body = b'{"model": "google/veo-3.0", "prompt": "[fail] \\ud83d"}'
    answer = http.post("/v1/videos", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["prompt"]) == (200, "[fail] \ud83d")


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", "Bearer rc_live_other", "Basic abc", "Bearer \xe9"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/videos"), ("GET", "/v1/videos/vid_x"), ("GET", "/v1/videos/vid_x/download")],
)
def test_without_the_key(server: DemoServer, header: str | None, method: str, path: str) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = httpx.request(method, server.url + path, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.json()["error"] == {
        "message": "The API key is missing or wrong.",
        "type": "invalid_request_error",
        "code": "invalid_api_key",
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/videos/vid_unknown", 404),
        ("GET", "/v1/videos/vid_unknown/download", 404),
        ("GET", "/", 404),
        ("GET", "/v1/models", 404),
        ("GET", "/v1/videos/a/b", 404),
        ("POST", "/v1/videos/", 404),
        ("GET", "/v1/videos/vid_unknown/", 404),
        ("GET", "/v1/videos/a%2Fb", 404),
        ("GET", "/v1/videos/..%2F..%2Fetc%2Fpasswd/download", 404),
        ("GET", "/v1/videos", 405),
        ("DELETE", "/v1/videos/vid_unknown", 405),
        ("POST", "/v1/videos/vid_unknown/download", 405),
        ("BREW", "/v1/videos", 405),
        ("BREW", "/v1/videos/vid_unknown", 405),
    ],
)
def test_paths_and_methods(http: httpx.Client, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) >= {"message", "type", "code"}
    assert ("allow" in answer.headers) is (status == 405)
    assert "x-ratelimit-remaining" in answer.headers
    if status == 405:
        assert error["code"] == "method_not_allowed"
        allowed = {"POST"} if path == "/v1/videos" else {"GET", "HEAD"}
        assert set(answer.headers["allow"].split(", ")) == allowed


def test_an_encoded_slash_is_a_slash(http: httpx.Client, done: str) -> None:
    """As it is for the servers that most services stand behind: no file is reached by it that has no route."""
    whole = http.get(f"/v1/videos/{done}/download")
    assert http.get(f"/v1/videos/{done}%2Fdownload").content == whole.content


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_head_is_answered_as_get_is(http: httpx.Client, done: str, method: str) -> None:
    for path, status in (
        ("/v1/videos", 405),
        (f"/v1/videos/{done}", 200),
        (f"/v1/videos/{done}/download", 200),
        ("/v1/videos/vid_x/download", 404),
    ):
        answer = http.request(method, path)
        assert answer.status_code == status
        assert int(answer.headers["content-length"]) > 0
        assert (answer.content == b"") is (method == "HEAD")


def test_a_job_that_fails(http: httpx.Client) -> None:
    id = http.post("/v1/videos", json={**ASKED, "prompt": "A fox [fail]"}).json()["id"]
    answer, seen = finish(http, id)
    assert seen == ["queued", "processing", "failed"]
    assert "[fail]" in answer["error"]["message"]
    assert answer["demo"] is True
    download = http.get(f"/v1/videos/{id}/download")
    assert (download.status_code, download.json()["error"]["code"]) == (404, "video_not_ready")


def test_a_prompt_has_itself_refused(http: httpx.Client) -> None:
    answer = http.post("/v1/videos", json={**ASKED, "prompt": "A fox [refuse]"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_policy_violation")
    assert answer.json()["error"]["param"] == "prompt"


def test_a_prompt_has_a_model_go_away_and_another_makes_it() -> None:
    with serve(**QUICK) as server, connect(server) as http:
        prompt = {**ASKED, "prompt": "A fox [retired]"}
        for asked in (prompt, ASKED):  # from then on whatever the prompt
            answer = http.post("/v1/videos", json=asked)
            assert (answer.status_code, answer.json()["error"]["code"]) == (410, "model_retired")
        made = http.post("/v1/videos", json={**prompt, "model": "openai/sora-2"})
        assert finish(http, made.json()["id"])[0]["status"] == "completed"


def test_the_client_takes_that_for_a_model_that_is_gone(tmp_path: Path) -> None:
    with serve(**QUICK) as server:
        client = VideoClient(base_url=server.url, api_key=server.key, library=tmp_path)
        with client, pytest.raises(errors.JobFailedError) as failed:
            client.generate("A fox [retired]", model="Veo 3.0", duration=4).wait(30)
        try:
            assert failed.value.kind == "model"
            assert not models["Veo 3.0"].lives
            assert "The nearest that lives is" in failed.value.hint
        finally:
            models.update("Veo 3.0", retired=None)


def test_no_download_before_it_is_completed(http: httpx.Client) -> None:
    id = http.post("/v1/videos", json=ASKED).json()["id"]
    answer = http.get(f"/v1/videos/{id}/download")
    assert answer.status_code == 404
    assert "queued" in answer.json()["error"]["message"]
    finish(http, id)
    assert http.get(f"/v1/videos/{id}/download").status_code == 200


def test_a_rendering_that_breaks_is_a_failed_job() -> None:
    with serve(**QUICK) as server, connect(server) as http:
        server._folder.cleanup()  # nowhere to write to
        id = http.post("/v1/videos", json=ASKED).json()["id"]
        answer, _ = finish(http, id)
    assert answer["status"] == "failed"
    assert answer["error"]["code"] == "render_failed"


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-31", 0, 32),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=-99999999", 0, None),
        ("bytes=10-99999999", 10, None),
        ("bytes=0-0", 0, 1),
    ],
)
def test_ranges(http: httpx.Client, done: str, wanted: str, start: int, stop: int | None) -> None:
    whole = http.get(f"/v1/videos/{done}/download").content
    part = http.get(f"/v1/videos/{done}/download", headers={"Range": wanted})
    assert part.status_code == 206
    assert part.content == whole[start:stop]
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", part.headers["content-range"])
    assert found
    first, last, size = map(int, found.groups())
    assert (last - first + 1, size) == (len(part.content), len(whole))


@pytest.mark.parametrize(
    ("wanted", "parts"),
    [
        ("bytes=0-1,5-6", [(0, 2), (5, 7)]),
        ("bytes=0-1, 100-299 ,-3", [(0, 2), (100, 300), (-3, None)]),
    ],
)
def test_several_ranges(
    http: httpx.Client, done: str, wanted: str, parts: list[tuple[int, int | None]]
) -> None:
    whole = http.get(f"/v1/videos/{done}/download").content
    answer = http.get(f"/v1/videos/{done}/download", headers={"Range": wanted})
    assert answer.status_code == 206
    assert int(answer.headers["content-length"]) == len(answer.content)
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=email.policy.HTTP).parsebytes(head + answer.content)
    assert message.get_content_type() == "multipart/byteranges"
    found = list(message.iter_parts())
    assert [part.get_content_type() for part in found] == ["video/mp4"] * len(parts)
    assert [part.get_payload(decode=True) for part in found] == [whole[start:stop] for start, stop in parts]
    for part, (start, stop) in zip(found, parts, strict=True):
        first, after, _ = slice(start, stop).indices(len(whole))
        assert part["content-range"] == f"bytes {first}-{after - 1}/{len(whole)}"


@pytest.mark.parametrize(
    "wanted", ["lines=1-2", "bytes=-", "nonsense", "bytes=a-b", "bytes=1", "bytes=1-2;3"]
)
def test_ranges_that_are_ignored(http: httpx.Client, done: str, wanted: str) -> None:
    whole = http.get(f"/v1/videos/{done}/download").content
    answer = http.get(f"/v1/videos/{done}/download", headers={"Range": wanted})
    assert answer.status_code == 200
    assert answer.content == whole


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=5-2", "bytes=-0", "bytes=0-1,99999999-"])
def test_ranges_that_cannot_be(http: httpx.Client, done: str, wanted: str) -> None:
    size = len(http.get(f"/v1/videos/{done}/download").content)
    answer = http.get(f"/v1/videos/{done}/download", headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"
    assert answer.json()["error"]["code"] == "invalid_range"
    head = http.head(f"/v1/videos/{done}/download", headers={"Range": wanted})
    assert (head.status_code, head.content) == (416, b"")


def test_if_range_and_head(http: httpx.Client, done: str) -> None:
    path = f"/v1/videos/{done}/download"
    head = http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(http.get(path).content)
    whole = http.get(path).content
    for tag, status in (
        (head.headers["etag"], 206),
        (head.headers["last-modified"], 206),
        ('"other"', 200),
        (f"W/{head.headers['etag']}", 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
    ):
        answer = http.get(path, headers={"Range": "bytes=0-9", "If-Range": tag})
        assert (answer.status_code, answer.content) == (status, whole[:10] if status == 206 else whole)
    # A range that cannot be is not looked at where the file is another one.
    stale = {"Range": "bytes=99999999-", "If-Range": '"other"'}
    assert http.get(path, headers=stale).status_code == 200


def test_what_breaks_is_said_in_the_form_of_the_api(caplog: pytest.LogCaptureFixture) -> None:
    with serve(**QUICK) as server, connect(server) as http:
        id = http.post("/v1/videos", json=ASKED).json()["id"]
        finish(http, id)
        server._folder.cleanup()  # the file is gone
        with caplog.at_level(logging.ERROR):
            answer = http.get(f"/v1/videos/{id}/download")
    assert answer.status_code == 500
    assert (answer.json()["error"]["type"], answer.json()["error"]["code"]) == (
        "server_error",
        "internal_error",
    )
    assert [record.name for record in caplog.records] == ["uvicorn.error"]


def test_an_answer_on_a_connection_that_is_kept_does_not_wait(http: httpx.Client) -> None:
    """Headers and body are two segments: held back, the second one comes 40 ms later, every time."""
    took = []
    for _ in range(20):
        began = time.perf_counter()
        assert http.get("/v1/videos/vid_x").status_code == 404
        took.append(time.perf_counter() - began)
    assert min(took[5:]) < 0.03, "the first ones are acknowledged at once"


def test_too_many_jobs_at_once() -> None:
    with serve(**{**QUICK, "seconds": 3600}) as server, connect(server) as http:
        for _ in range(100):
            assert http.post("/v1/videos", json=ASKED).status_code == 200
        answer = http.post("/v1/videos", json=ASKED)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"] == "5"


def test_the_same_again_is_another_picture(http: httpx.Client) -> None:
    ids = [http.post("/v1/videos", json={**ASKED, "prompt": "Twice the same"}).json()["id"] for _ in range(2)]
    bodies = []
    for id in ids:
        finish(http, id)
        bodies.append(http.get(f"/v1/videos/{id}/download").content)
    assert bodies[0] != bodies[1]


def test_the_rate_limit() -> None:
    with serve(**{**QUICK, "rate_limit": 3}) as server, connect(server) as http:
        left = []
        for _ in range(3):
            answer = http.get("/v1/videos/vid_x")
            assert answer.status_code == 404
            assert answer.headers["x-ratelimit-limit"] == "3"
            assert time.time() < int(answer.headers["x-ratelimit-reset"]) < time.time() + 62
            left.append(answer.headers["x-ratelimit-remaining"])
        assert left == ["2", "1", "0"]
        answer = http.post("/v1/videos", json=ASKED)
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert answer.headers["x-ratelimit-remaining"] == "0"
        # Who has no key is counted apart.
        assert httpx.get(f"{server.url}/v1/videos/vid_x").status_code == 401


def test_credits() -> None:
    with serve(**QUICK, credits=9) as server, connect(server) as http:
        assert http.post("/v1/videos", json=ASKED).status_code == 200
        assert http.post("/v1/videos", json={**ASKED, "duration": 7}).status_code == 422
        assert http.post("/v1/videos", json=ASKED).status_code == 200
        answer = http.post("/v1/videos", json=ASKED)
    assert answer.status_code == 402
    assert answer.json()["error"]["code"] == "budget_exceeded"
    assert "1 s" in answer.json()["error"]["message"]


def test_a_redirect_to_another_origin_where_no_key_may_go() -> None:
    with serve(**QUICK, redirect=True) as server, connect(server, follow_redirects=True) as http:
        id = http.post("/v1/videos", json=ASKED).json()["id"]
        finish(http, id)
        answer = http.get(f"/v1/videos/{id}/download")
        assert answer.status_code == 200
        assert [one.status_code for one in answer.history] == [302]
        assert answer.url.port != httpx.URL(server.url).port
        assert "authorization" not in answer.request.headers
        part = http.get(f"/v1/videos/{id}/download", headers={"Range": "bytes=0-31"})
        assert (part.status_code, part.content) == (206, answer.content[:32])
        leaked = httpx.get(answer.url, headers={"Authorization": f"Bearer {server.key}"})
        assert (leaked.status_code, leaked.json()["error"]["code"]) == (400, "key_leaked")
        assert httpx.get(answer.url.copy_with(path=f"/{id}.mp4")).status_code == 404
        assert httpx.get(answer.url.copy_with(path=f"/other/{id}.mp4")).status_code == 404
        hop = http.head(f"/v1/videos/{id}/download", follow_redirects=False)
        assert (hop.status_code, hop.headers["content-length"]) == (302, "0")
        assert httpx.URL(hop.headers["location"]) == answer.url


def test_many_at_once_and_each_key_its_own(server: DemoServer) -> None:
    with connect(server) as http, serve(**QUICK) as other, connect(other) as stranger:
        ids = [
            http.post("/v1/videos", json={**ASKED, "prompt": f"Number {n}"}).json()["id"] for n in range(6)
        ]
        assert len(set(ids)) == 6
        assert {finish(http, id)[0]["status"] for id in ids} == {"completed"}
        assert stranger.get(f"/v1/videos/{ids[0]}").status_code == 404
        assert server.key != other.key
        assert (
            httpx.get(
                other.url + "/v1/videos/x", headers={"Authorization": f"Bearer {server.key}"}
            ).status_code
            == 401
        )


def test_close_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []

    def watched(*given: Any, **named: Any) -> None:
        try:
            render(*given, **named)
        except RenderStopped:
            stopped.append(given)
            raise

    monkeypatch.setattr(demo_jobs, "render", watched)
    before = set(threading.enumerate())
    server = serve(**{**QUICK, "height": 720}, redirect=True)
    folder = Path(server._folder.name)
    with connect(server) as http:
        id = http.post("/v1/videos", json={**ASKED, "model": "kwaivgi/kling-v3", "duration": 15}).json()["id"]
        while http.get(f"/v1/videos/{id}").json()["status"] != "processing":
            time.sleep(0.02)
        assert folder.is_dir()
        server.close()
    server.close()
    assert len(stopped) == 1, "it was not waited for"
    assert not folder.exists()
    assert set(threading.enumerate()) <= before
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_close_does_not_wait_for_who_does_not_read() -> None:
    before = set(threading.enumerate())
    server = serve(**QUICK)
    with connect(server) as http:
        id = http.post("/v1/videos", json=ASKED).json()["id"]
        finish(http, id)
        Path(server._folder.name, f"{id}.mp4").write_bytes(bytes(64 * 2**20))  # more than the sockets hold
        with http.stream("GET", f"/v1/videos/{id}/download") as answer:
            assert answer.status_code == 200
            closing = threading.Thread(target=server.close, daemon=True)
            closing.start()
            closing.join(60)
            assert not closing.is_alive()
    for thread in (
        set(threading.enumerate()) - before
    ):  # those that read files are told to end, not waited for
        thread.join(60)
    assert set(threading.enumerate()) <= before


def test_a_download_that_is_broken_off_is_nothing_to_report(caplog: pytest.LogCaptureFixture) -> None:
    with serve(**QUICK) as server, connect(server) as http:
        id = http.post("/v1/videos", json=ASKED).json()["id"]
        finish(http, id)
        Path(server._folder.name, f"{id}.mp4").write_bytes(bytes(64 * 2**20))
        for _ in range(3):
            with connect(server) as other, other.stream("GET", f"/v1/videos/{id}/download") as answer:
                assert next(answer.iter_bytes(2**16)) == bytes(2**16)
        assert len(http.get(f"/v1/videos/{id}/download").content) == 64 * 2**20
    assert caplog.records == []


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        serve(port=taken.getsockname()[1])


def run(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM"])
def test_the_command(end: str) -> None:
    process = run("-m", "runcrate_widget.demo", "--port", "0", "--seconds", "0.2")
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        url = process.stdout.readline().split()[3]
        answer = httpx.post(
            f"{url}/v1/videos", json=ASKED, headers={"Authorization": "Bearer rc_live_anything"}
        )
        assert answer.status_code == 200
        assert (
            httpx.post(f"{url}/v1/videos", json=ASKED, headers={"Authorization": "Bearer other"}).status_code
            == 401
        )
        process.send_signal(getattr(signal, end))
        process.wait(timeout=60)
        out, err = process.stdout.read(), process.stderr.read()
    finally:
        process.kill()
        process.communicate()
    assert "curl " in out
    assert (err, process.returncode) == ("", 0)


def test_the_command_says_in_a_line_that_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = run("-m", "runcrate_widget.demo", "--port", str(taken.getsockname()[1]))
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "--port 0" in err
    assert err.count("\n") == 1


def test_a_process_ends_while_its_server_works() -> None:
    """The end of the process waits neither for the server nor for a rendering, and removes the files."""
    script = (
        "import httpx, time\n"
        "from runcrate_widget.demo import jobs, serve\n"
        "from runcrate_widget.demo.render import RenderStopped\n"
        "render = jobs.render\n"
        "def watched(*given, **named):\n"
        "    try: render(*given, **named)\n"
        "    except RenderStopped: print('stopped'); raise\n"
        "jobs.render = watched\n"
        "server = serve(seconds=0)\n"
        "headers = {'Authorization': 'Bearer ' + server.key}\n"
        f"job = httpx.post(server.url + '/v1/videos', headers=headers, json={ {**ASKED, 'duration': 8} }).json()\n"
        "while httpx.get(server.url + '/v1/videos/' + job['id'], headers=headers).json()['status'] != 'processing':\n"
        "    time.sleep(0.02)\n"
        "print(server._folder.name)\n"
    )
    process = run("-c", script)
    out, err = process.communicate(timeout=60)
    folder, said = out.split()
    assert (err, process.returncode, said) == ("", 0, "stopped")
    assert not Path(folder).exists()


def test_a_process_ends_that_has_served_a_file() -> None:
    """The threads that read files do not hold up the end of the process."""
    script = (
        "import httpx, time\n"
        "from runcrate_widget.demo import serve\n"
        "server = serve(seconds=0, height=64)\n"
        "http = httpx.Client(base_url=server.url, headers={'Authorization': 'Bearer ' + server.key})\n"
        f"path = '/v1/videos/' + http.post('/v1/videos', json={ASKED}).json()['id']\n"
        "while http.get(path).json()['status'] != 'completed':\n"
        "    time.sleep(0.02)\n"
        "print(len(http.get(path + '/download').content))\n"
    )
    process = run("-c", script)
    out, err = process.communicate(timeout=60)
    assert (err, process.returncode) == ("", 0)
    assert int(out) > 1000


@pytest.mark.parametrize("missing", ["av", "PIL", "starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    script = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {missing!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from runcrate_widget.demo import serve\n"
        "try: serve()\n"
        "except ImportError as error: print(error)\n"
        "from runcrate_widget.demo.__main__ import main\n"
        "sys.argv = ['demo', '--port', '0']\n"
        "sys.exit(main())\n"
    )
    process = run("-c", script)
    out, err = process.communicate(timeout=60)
    for said in (out, err):  # by `serve`, and by the command
        assert said == "The demo backend needs its extra: pip install 'runcrate_widget[demo]'\n"
    assert process.returncode == 1


def test_to_import_the_demo_loads_nothing_of_the_extra() -> None:
    script = (
        "import sys\n"
        "import runcrate_widget.demo as demo\n"
        "print(sorted(demo.EXTRA & sys.modules.keys()))\n"
        "demo.serve().close()\n"
        "print(sorted(demo.EXTRA - sys.modules.keys()))\n"
    )
    out, err = run("-c", script).communicate(timeout=60)
    assert (out, err) == ("[]\n[]\n", "")
