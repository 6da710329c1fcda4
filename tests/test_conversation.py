"""The kernel's half of the conversation: what is sent in the handler of a message, and what comes from the
engine's thread.
"""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest, VideoWidget
from runcrate_widget.notebook.conversation import Conversation, Reply
from runcrate_widget.notebook.messages import Message
from runcrate_widget.notebook.rows import job_row, python_call

pytestmark = pytest.mark.usefixtures("quick")


class Host:
    """Takes what is sent, and knows from where."""

    def __init__(self) -> None:
        self.sent: list[tuple[Message, bool]] = []
        self.came = threading.Condition()

    def send(self, content: Message, _: list[bytes]) -> None:
        with self.came:
            self.sent.append((content, threading.current_thread() is threading.main_thread()))
            self.came.notify_all()

    def of(self, id: str) -> list[bool]:
        """Whether each answer with this id was sent in the handler."""
        return [here for content, here in self.sent if content.get("id") == id]


def test_what_is_quick_is_answered_in_the_handler() -> None:
    async def answer(_: Message) -> Reply:
        return {"ok": True}, []

    host = Host()
    conversation = Conversation(host.send, answer)
    conversation.receive({"id": "a", "kind": "set"})
    assert host.sent == [({"ok": True, "id": "a"}, True)]
    conversation.receive({"id": "a", "kind": "set"})
    assert len(host.sent) == 1, "an id is handled once"
    conversation.receive({"kind": "set"})
    assert len(host.sent) == 1, "nobody could know an answer without an id"


def test_an_answer_that_took_long_comes_from_the_engine_and_again_with_the_next_hello() -> None:
    go = threading.Event()

    async def answer(message: Message) -> Reply:
        if message["kind"] == "generate":
            await asyncio.to_thread(go.wait)
        return {"ok": True, "kind": message["kind"]}, []

    host = Host()
    conversation = Conversation(host.send, answer)
    conversation.receive({"id": "slow", "kind": "generate"})
    assert host.of("slow") == [], "the handler does not wait for it"
    go.set()
    with host.came:
        assert host.came.wait_for(lambda: host.of("slow"), 60)
    assert host.of("slow") == [False]
    conversation.receive({"id": "h1", "kind": "hello"})
    assert host.of("slow") == [False, True]
    conversation.receive({"id": "h2", "kind": "hello"})
    assert host.of("slow") == [False, True], "once is enough"


def test_a_view_that_gets_no_traits_asks_for_them(server: FaultServer, tmp_path: Path) -> None:
    widget = VideoWidget(client=VideoClient(KEY, base_url=server.url, library=tmp_path))
    host = Host()
    widget.send = lambda content, buffers=None: host.send(content, buffers)

    def hello(id: str, **seen: int) -> Message:
        widget._handle_custom_msg({"id": id, "kind": "hello", "root": None, **seen}, [])
        return next(content for content, _ in host.sent if content.get("id") == id)

    assert "state" not in hello("h1", seen=widget._revision), "who has got the traits is not sent them twice"
    first = hello("h2", seen=-1)
    assert first["state"]["model"] == "google/veo-3.0"
    assert first["state"]["_session"] == widget._session
    assert "state" not in hello("h3", seen=first["revision"])
    widget.model = "Sora 2"
    second = hello("h4", seen=first["revision"])
    assert (second["state"]["model"], second["state"]["duration"]) == ("openai/sora-2", 4)


@pytest.mark.parametrize(
    "request_",
    [
        VideoRequest("A fox", model="Veo 3.0"),
        VideoRequest(
            'He said "it\'s\nhere" \\ \u202eодин 🦊', model="Kling v3", duration=5, aspect_ratio="9:16"
        ),
        VideoRequest("x " * 2000, model="acme/odd", duration=99),
        VideoRequest("雪の中の狐" * 200, model="Veo 3.0 Audio"),
        VideoRequest("A fox", model="Veo 3.0", extra={"image_url": "https://example.com/a.png", "seed": 7}),
    ],
)
def test_the_code_of_a_job_gives_the_same_job(
    server: FaultServer, tmp_path: Path, request_: VideoRequest
) -> None:
    client = VideoClient(KEY, base_url=server.url, library=tmp_path)
    job = client.generate(request_, take=2)
    code = python_call(job)
    assert "\n" not in code and code.isprintable()
    again: Any = eval(code, {"client": client})
    assert again is job
    job.wait(60)
    assert len(json.dumps(job_row(job, 10**6), ensure_ascii=False).encode()) <= 1024, (
        "as the notebook keeps it"
    )


def test_a_poster_goes_both_ways(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1)) as server:
        client = VideoClient(KEY, base_url=server.url, library=tmp_path)
        widget = VideoWidget(client=client, prompt="A fox")
        job = client.generate(widget._request())
        video = job.wait(60)
        widget._add(job)
        sent: list[tuple[Message, list[bytes]]] = []
        came = threading.Event()

        def send(content: Message, buffers: list[bytes] | None = None) -> None:
            sent.append((content, buffers or []))
            came.set()

        def ask(**message: Any) -> tuple[Message, list[bytes]]:
            came.clear()
            widget._handle_custom_msg({"key": job.key, **message}, [])
            assert came.wait(60)
            return sent[-1]

        widget.send = send
        content, buffers = ask(id="a", kind="poster")
        assert content["ok"] and buffers == [video.poster]
        assert ask(id="b", kind="keep_poster", jpeg="not base64!")[0]["error"]["field"] == "jpeg"
        assert ask(id="c", kind="keep_poster", jpeg="AAAA")[0]["ok"] is False
        assert ask(id="d", kind="chunk", offset=0, length=100)[1] == [video.read_bytes()[:100]]


def test_a_page_cannot_set_what_the_kernel_says(server: FaultServer, tmp_path: Path) -> None:
    widget = VideoWidget(client=VideoClient(KEY, base_url=server.url, library=tmp_path))
    session, source = widget._session, widget._esm
    update = {"method": "update", "state": {"_session": {}, "_esm": "alert(1)", "prompt": "A fox"}}
    widget._handle_msg({"content": {"data": update}, "buffers": []})
    assert (widget._session, widget._esm, widget.prompt) == (session, source, "A fox")


def test_a_file_that_was_cut_or_is_gone_is_told_as_such(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1)) as server:
        client = VideoClient(KEY, base_url=server.url, library=tmp_path)
        widget = VideoWidget(client=client, prompt="A fox")
        job = widget.generate()
        assert not isinstance(job, list)
        path = job.wait(60).path
        answers: list[Message] = []
        came = threading.Event()

        def send(content: Message, **_: Any) -> None:
            answers.append(content)
            came.set()

        widget.send = send
        path.write_bytes(path.read_bytes()[:1000])
        widget._handle_custom_msg(
            {"id": "a", "kind": "chunk", "key": job.key, "offset": 0, "length": 5000}, []
        )
        assert came.wait(60) and answers[-1]["total"] == 1000
        came.clear()
        path.unlink()
        widget._handle_custom_msg(
            {"id": "b", "kind": "chunk", "key": job.key, "offset": 0, "length": 5000}, []
        )
        assert came.wait(60)
        assert answers[-1]["error"] == {
            "message": "The file is not there: it was deleted, or moved.",
            "hint": "job.resume() brings it back.",
            "field": None,
            "kind": "unforeseen",
        }
