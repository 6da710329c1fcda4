"""The three calls, against a real server on loopback: what is sent, what comes back, and every fault in our
own words.
"""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_server import (
    KEY,
    FaultServer,
    client_of,
    close,
    cut,
    html,
    redirect,
    reply,
    reset,
    retry_after_date,
)
from hypothesis import given
from hypothesis import strategies as st
from videos import small_mp4

from runcrate_widget import errors
from runcrate_widget.library.disk import FolderStore
from runcrate_widget.library.part import PartFile
from runcrate_widget.request import VideoRequest, wire_body
from runcrate_widget.service.address import check_base_url, same_origin
from runcrate_widget.service.answers import error_text
from runcrate_widget.service.connections import Connections
from runcrate_widget.service.key import Key
from runcrate_widget.service.runcrate import RuncrateBackend

REQUEST = VideoRequest("A fox in the snow", model="Veo 3.0", extra={"seed": 3})


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(video=small_mp4(1), polls=0) as running:
        yield running


def call(url: str, ask: Callable[[RuncrateBackend], Any], key: str = KEY) -> Any:
    """What one call gives, with the connections closed behind it."""

    async def one() -> Any:
        api = RuncrateBackend(url, lambda: Key(key))
        try:
            return await ask(api)
        finally:
            await api.connections.close()

    return asyncio.run(one())


def submit(api: RuncrateBackend) -> Any:
    async def begin() -> None:
        pass

    return api.submit(REQUEST, begin)


def download(
    part: Path, progress: Callable[[int, int | None], None] = lambda *_: None
) -> Callable[[RuncrateBackend], Any]:
    sink = PartFile(part, FolderStore(part.parent).unusable)
    return lambda api: api.download("vid_000001", sink, progress)


def test_submit_sends_what_the_contract_says(server: FaultServer) -> None:
    answer = call(server.url, submit)
    assert (answer.id, answer.status) == ("vid_000001", "queued")
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/videos")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == wire_body(REQUEST)


def test_status_keeps_fields_that_are_not_documented(server: FaultServer) -> None:
    server._faults["poll"] = [reply(200, {"id": "vid_1", "status": "processing", "eta": 5})]
    answer = call(server.url, lambda api: api.status("vid_1"))
    assert answer.fields["eta"] == 5
    assert answer.error == ""


@pytest.mark.parametrize("error", [{"message": "too dark"}, "too dark"])
def test_a_failed_job_has_its_reason_in_either_form(server: FaultServer, error: Any) -> None:
    server._faults["poll"] = [reply(200, {"id": "vid_1", "status": "failed", "error": error})]
    assert call(server.url, lambda api: api.status("vid_1")).error == "too dark"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (402, errors.InsufficientCreditsError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (418, errors.BadRequestError),
        (422, errors.BadRequestError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (502, errors.ServerError),
        (503, errors.ServerError),
        (504, errors.ServerError),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "In its words", "type": "some_type", "code": "some_code"}},
        {"error": "In its words"},
        {"message": "In its words"},
        {"detail": "In its words"},
    ],
)
def test_every_status_and_shape_of_error(
    server: FaultServer, status: int, kind: type, body: dict[str, Any]
) -> None:
    server._faults["submit"] = [reply(status, body)]
    with pytest.raises(errors.APIError) as caught:
        call(server.url, submit)
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert "In its words" in caught.value.message
    assert caught.value.hint
    if isinstance(body.get("error"), dict):
        assert (caught.value.code, caught.value.type) == ("some_code", "some_type")


@pytest.mark.parametrize(
    "body",
    [b"", b"<h1>Bad gateway</h1>", b'{"error": {}}', b"[1]", b"\xff\xfe", b'{"error": [{"loc": "prompt"}]}'],
)
def test_an_error_without_words_still_is_one_of_ours(server: FaultServer, body: bytes) -> None:
    server._faults["submit"] = [reply(502, body)]
    with pytest.raises(errors.ServerError, match="502"):
        call(server.url, submit)


def test_how_long_to_wait_is_told(server: FaultServer) -> None:
    server._faults["submit"] = [
        reply(429, Retry_After="7"),
        reply(429, Retry_After=retry_after_date(60, time.time())),
        reply(429, X_RateLimit_Reset=str(time.time() + 60), X_RateLimit_Remaining="0"),
        reply(429),
    ]
    waits = []
    for _ in range(4):
        with pytest.raises(errors.RateLimitError) as caught:
            call(server.url, submit)
        waits.append(caught.value.retry_after)
    assert waits[0] == 7
    assert waits[1] is not None and 50 < waits[1] <= 61
    assert waits[2] is not None and 50 < waits[2] <= 61
    assert waits[3] is None


@pytest.mark.parametrize(
    "fault",
    [html(), reply(200, {"status": "queued"}), reply(200, b"{"), reply(200, b"[]"), reply(200, {"id": ""}), reply(200, {"id": 5}),
     redirect("https://elsewhere.example/"), reply(204, b"")],
)  # fmt: skip
def test_an_answer_that_the_contract_does_not_know(server: FaultServer, fault: Any) -> None:
    server._faults["submit"] = [fault]
    with pytest.raises(errors.UnexpectedAnswerError):
        call(server.url, submit)
    assert server.count("elsewhere") == 0


def test_an_answer_for_another_job_is_not_taken(server: FaultServer) -> None:
    server._faults["poll"] = [reply(200, {"id": "vid_other", "status": "completed"})]
    with pytest.raises(errors.UnexpectedAnswerError, match="vid_other"):
        call(server.url, lambda api: api.status("vid_1"))


@pytest.mark.parametrize("fault", [reset, close])
def test_a_broken_connection_may_have_been_sent(server: FaultServer, fault: Any) -> None:
    server._faults["submit"] = [fault]
    with pytest.raises(errors.TransportError) as caught:
        call(server.url, submit)
    assert caught.value.sent
    assert server.count("submit") == 1


def test_an_unreachable_host_was_not_sent_anything() -> None:
    with pytest.raises(
        errors.TransportError, match=r"127\.0\.0\.1:9 cannot be reached.*Nothing was sent"
    ) as caught:
        call("http://127.0.0.1:9", submit)
    assert not caught.value.sent


@pytest.mark.parametrize("by", ["_asked", "_send"])
def test_nothing_of_httpx_hangs_on_an_error(
    server: FaultServer, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "_send":  # as where a proxy may be on the way
        monkeypatch.setattr(Connections, "lines", lambda _: None)
    server._faults["submit"] = [reset]
    with pytest.raises(errors.TransportError) as caught:
        call(server.url, submit)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames if "service" in frame.filename][-1] == by
    assert not [frame for frame in frames if "httpx" in frame.filename or "httpcore" in frame.filename]
    assert KEY not in _with_locals(caught.value)


@pytest.mark.parametrize("fault", [reply(401), reply(500), html()])
def test_no_traceback_with_locals_shows_the_key(server: FaultServer, fault: Any) -> None:
    server._faults["submit"] = [fault]
    with pytest.raises(errors.APIError) as caught:
        call(server.url, submit)
    assert KEY not in _with_locals(caught.value)


def _with_locals(error: BaseException) -> str:
    """The traceback, with the locals of every frame but the tests' own (they hold the key)."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(
        f"{frame.name} {frame.filename} {frame.locals}"
        for frame in shown.stack
        if "test_api" not in frame.filename
    )


@pytest.mark.parametrize("id", ["../../admin", "a/b?c#d", "Zoë 😀", "%2e%2e", "x" * 300])
def test_an_id_cannot_lead_elsewhere(server: FaultServer, id: str) -> None:
    with pytest.raises(errors.NotFoundError):
        call(server.url, lambda api: api.status(id))
    assert server.requests[0].path.startswith("/v1/videos/")
    assert server.requests[0].path.count("/") == 3


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_is_a_path_is_refused(server: FaultServer, id: str) -> None:
    with pytest.raises(errors.UnexpectedAnswerError):
        call(server.url, lambda api: api.status(id))
    assert server.requests == []


def test_a_download_is_the_whole_body(server: FaultServer, tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    told: list[tuple[int, int | None]] = []
    call(server.url, download(part, lambda *now: told.append(now)))
    assert part.read_bytes() == server.video
    assert told[-1] == (len(server.video), len(server.video))


def test_a_download_that_breaks_is_continued(server: FaultServer, tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    server._faults["download"] = [cut(0.5)]
    with pytest.raises(errors.TransportError):
        call(server.url, download(part))
    half = part.stat().st_size
    assert 0 < half < len(server.video)
    call(server.url, download(part))
    assert server.requests[-1].headers["range"] == f"bytes={half}-"
    assert part.read_bytes() == server.video


@pytest.mark.parametrize("fault", [html(), reply(200, {"error": "gone"})])
def test_a_page_in_place_of_the_video(server: FaultServer, tmp_path: Path, fault: Any) -> None:
    server._faults["download"] = [fault]
    with pytest.raises(errors.UnexpectedAnswerError, match="without the video"):
        call(server.url, download(tmp_path / "a.part"))
    assert not (tmp_path / "a.part").exists()


def test_the_key_does_not_follow_a_redirect_to_another_host(server: FaultServer, tmp_path: Path) -> None:
    with FaultServer(video=server.video) as other:
        server._faults["download"] = [redirect(f"{other.url}/bucket/a.mp4?signature=1", 307)]
        call(server.url, download(tmp_path / "a.part"))
        (request,) = other.requests
    assert request.path == "/bucket/a.mp4?signature=1"
    assert "authorization" not in request.headers
    assert KEY not in str(request)
    assert (tmp_path / "a.part").read_bytes() == server.video


def test_the_key_follows_a_redirect_within_the_service(server: FaultServer, tmp_path: Path) -> None:
    server._faults["download"] = [redirect("/files/a.mp4")]
    call(server.url, download(tmp_path / "a.part"))
    assert server.requests[-1].path == "/files/a.mp4"
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"


def test_redirects_have_an_end(server: FaultServer, tmp_path: Path) -> None:
    server._faults["download"] = [redirect("/v1/videos/vid_000001/download")] * 20
    with pytest.raises(errors.UnexpectedAnswerError, match="redirects more than"):
        call(server.url, download(tmp_path / "a.part"))


def test_a_redirect_to_no_web_address_is_refused(server: FaultServer, tmp_path: Path) -> None:
    server._faults["download"] = [redirect("file:///etc/passwd")]
    with pytest.raises(errors.UnexpectedAnswerError):
        call(server.url, download(tmp_path / "a.part"))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://api.runcrate.ai", "https://api.runcrate.ai"),
        (" https://api.runcrate.ai/ ", "https://api.runcrate.ai"),
        ("https://api.runcrate.ai/v1", "https://api.runcrate.ai"),
        ("https://proxy.example/runcrate", "https://proxy.example/runcrate"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://localhost:8787/v1/", "http://localhost:8787"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        ("HTTPS://API.Runcrate.AI", "https://api.runcrate.ai"),
        ("https://api.runcrate.ai:443/v1/", "https://api.runcrate.ai"),
        ("https://api.runcrate.ai.//v1//", "https://api.runcrate.ai"),
        ("https://api.runcrate.ai:8443", "https://api.runcrate.ai:8443"),
        ("https://Proxy.example/RunCrate/", "https://proxy.example/RunCrate"),
        ("HTTP://LOCALHOST:08787/", "http://localhost:8787"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://localhost:443", "http://localhost:443"),
        ("HTTP://[::1]:80/", "http://[::1]"),
    ],
)
def test_a_base_url_that_is_safe(given: str, taken: str) -> None:
    assert check_base_url(given) == taken


@pytest.mark.parametrize(
    "given",
    ["", "api.runcrate.ai", "http://api.runcrate.ai", "http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example",
     "http://localhost.evil.example", "https://user:password@api.runcrate.ai", "ftp://127.0.0.1", "http://127.0.0.1\\@evil.example",
     "https://", "https://api.runcrate.ai:x", "http://0.0.0.0", "http://192.168.1.5", "https://a b", None, 5],
)  # fmt: skip
def test_a_base_url_that_is_not(given: Any) -> None:
    with pytest.raises(errors.ConfigurationError):
        check_base_url(given)


def test_a_service_is_the_same_however_it_is_written(server: FaultServer, tmp_path: Path) -> None:
    other = server.url.replace("http://", "HTTP://") + "//"
    made = client_of(server, tmp_path).generate("A fox", model="Veo 3.0").wait(30)
    assert client_of(server, tmp_path, base_url=other).generate("A fox", model="Veo 3.0").reused
    (sidecar,) = tmp_path.glob("*.json")
    # As an earlier version wrote it, under the name that followed from that.
    kept = json.loads(sidecar.read_bytes()) | {"service": server.url.replace("http", "HTTP"), "key": "0" * 8}
    sidecar.unlink()
    (tmp_path / "a-fox-00000000.json").write_text(json.dumps(kept), encoding="utf-8")
    made.path.rename(tmp_path / "a-fox-00000000.mp4")
    assert client_of(server, tmp_path).generate("A fox", model="Veo 3.0").reused
    assert server.count("submit") == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "HTTPS://A.EXAMPLE:443/x", True),
        ("http://a.example:80", "http://a.example/", True),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "http://a.example:443", False),
        ("https://a.example", "https://b.example", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same


@pytest.mark.parametrize("text", [KEY, f" {KEY}\n", f'"{KEY}"', f"'{KEY}' ", f"Bearer {KEY}", f"\t`{KEY}`"])
def test_a_key_is_recognised_in_what_came_with_it(text: str) -> None:
    assert Key(text).header() == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "text", ["", "  ", '""', "rc_live_ä", "rc_live_a b", "rc_live_\x00", "rc_live_a\r\nX: y", None, 7]
)
def test_what_is_no_key_is_refused_without_showing_it(text: Any) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        Key(text)
    assert not text or "rc_live_a" not in str(caught.value)


def test_a_key_does_not_show_itself() -> None:
    key = Key(KEY)
    assert repr(key) == str(key) == f"{key}" == "rc_live_…cdef"
    assert repr(Key("short")) == "…"
    for attempt in (
        lambda: pickle.dumps(key),
        lambda: copy.copy(key),
        lambda: copy.deepcopy(key),
        lambda: json.dumps(key),
    ):
        with pytest.raises(TypeError):
            attempt()
    assert KEY not in str([getattr(key, name) for name in dir(key)])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "detail", "code"]), inner)
        ),
    )
)
def test_no_shape_of_error_breaks_the_reader(fields: Any) -> None:
    said = error_text(fields)
    assert isinstance(said, str)
    assert len(said) <= 500
    assert "\n" not in said
