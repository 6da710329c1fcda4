"""What the kernel knows of its notebook server, and what it pushes to a view that cannot ask."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer
from videos import small_mp4

from runcrate_widget import VideoClient, VideoWidget
from runcrate_widget.jobs.loop import engine
from runcrate_widget.notebook import delivery
from runcrate_widget.notebook.host import is_served, server_root


def test_the_server_s_root_comes_from_the_record_of_the_server_that_started_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    assert server_root() is None
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    assert server_root() is None, "no such record"
    record = tmp_path / "jpserver-4711.json"
    for damaged in ("", "[]", "{}", '{"root_dir": null}'):
        record.write_text(damaged)
        assert server_root() is None
    record.write_text(json.dumps({"root_dir": str(tmp_path), "token": "secret"}))
    assert server_root() == tmp_path.resolve()


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/a/b/v.mp4", True),
        ("/a/v.mp4", True),
        ("/ab/v.mp4", False),
        ("/a/.hidden/v.mp4", False),
        ("/a/.v.mp4", False),
    ],
)
def test_a_server_serves_what_is_below_its_root_and_not_hidden(path: str, served: bool) -> None:
    assert is_served(Path(path), Path("/a")) is served
    assert not is_served(Path(path), None)


class Silent:
    """A view that has said hello, and then nothing more."""

    def __init__(self, widget: VideoWidget) -> None:
        self.pushed: list[tuple[dict[str, Any], bytes]] = []
        self.came = threading.Condition()
        widget.send = self._sent
        widget._handle_custom_msg({"id": "h", "kind": "hello", "root": None}, [])

    def _sent(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self.came:
            if "push" in content:
                self.pushed.append((content, (buffers or [b""])[0]))
            self.came.notify_all()


def padded(length: int) -> bytes:
    """An MP4 with a box of `length` bytes that players pass over."""
    return small_mp4(1) + length.to_bytes(4, "big") + b"free" + bytes(length - 8)


def wait_for_video(widget: VideoWidget) -> str:
    """Generate; the job's key, once the widget has shown its video and done what follows from that."""
    job = widget.generate()
    assert not isinstance(job, list)
    shown = threading.Event()

    def look(_: object = None) -> None:
        rows = widget._feed.list.first()["rows"]
        if rows and rows[0]["key"] == job.key and rows[0]["video"]:
            shown.set()

    widget.observe(look, ("_first", "_changed"))
    look()
    assert shown.wait(60)
    widget.unobserve(look, ("_first", "_changed"))
    for _ in range(3):  # each is a turn of the engine's loop: what is due is begun
        engine().run(lambda: None)
    return job.key


@pytest.mark.usefixtures("quick")
def test_a_video_is_pushed_to_a_view_that_does_not_ask_and_only_so_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = padded(2 * delivery.CHUNK)
    monkeypatch.setattr(delivery, "_SILENCE", 0.0)
    monkeypatch.setattr(delivery, "_PACE", 0.0)
    monkeypatch.setattr(delivery, "_MOST_PUSHED", 2 * len(file))
    with FaultServer(video=file) as server:
        widget = VideoWidget(client=VideoClient(KEY, base_url=server.url, library=tmp_path), prompt="A fox")
        view = Silent(widget)
        keys = [wait_for_video(widget) for _ in range(3)]
        with view.came:
            assert view.came.wait_for(lambda: len(view.pushed) == 6, 30)
    for key in keys[:2]:
        chunks = [(content, data) for content, data in view.pushed if content["push"] == key]
        assert b"".join(data for _, data in chunks) == file
        assert [content["offset"] for content, _ in chunks] == [0, delivery.CHUNK, 2 * delivery.CHUNK]
        assert all(content["total"] == len(file) for content, _ in chunks)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("hello", [False, True])
def test_nothing_is_pushed_to_nobody_or_what_the_server_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hello: bool
) -> None:
    monkeypatch.setattr(delivery, "_SILENCE", 0.0)
    with FaultServer(video=small_mp4(1)) as server:
        pushes = []
        widget = VideoWidget(
            client=VideoClient(KEY, base_url=server.url, library=tmp_path / "videos"), prompt="A fox"
        )
        widget.send = lambda content, buffers=None: pushes.append(content) if "push" in content else None
        if hello:
            widget._handle_custom_msg({"id": "h", "kind": "hello", "root": str(tmp_path)}, [])
        wait_for_video(widget)
        assert pushes == []


@pytest.mark.usefixtures("quick")
def test_a_push_ends_when_the_view_can_ask_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_SILENCE", 0.0)
    monkeypatch.setattr(delivery, "_PACE", 0.0)
    file = padded(4 * delivery.CHUNK)
    with FaultServer(video=file) as server:
        widget = VideoWidget(client=VideoClient(KEY, base_url=server.url, library=tmp_path), prompt="A fox")
        view = Silent(widget)
        push = widget._feed.push
        send = push._send

        def heard_then(content: dict[str, Any], buffers: list[bytes]) -> None:
            send(content, buffers)
            push.heard()  # what it asked for meanwhile arrives, now that the cell has ended

        push._send = heard_then
        wait_for_video(widget)
        with view.came:
            assert view.came.wait_for(lambda: view.pushed, 30)
        engine().run(lambda: None)
        tasks = list(push._tasks)
        for _ in range(1000):
            if all(task.done() for task in tasks):
                break
            engine().run(lambda: None)
        assert len(view.pushed) == 1
