"""What is left behind by widgets and outputs that are gone: no listener, no timer, no task, nothing in a global set."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets  # type: ignore[import-untyped]
import pytest
from fault_server import KEY, FaultServer, client_of
from jupyter_client.manager import start_new_kernel

from runcrate_widget import VideoJob, VideoWidget, errors
from runcrate_widget.jobs.loop import engine
from runcrate_widget.notebook import live
from runcrate_widget.notebook.delivery import Push
from runcrate_widget.notebook.feed import Feed
from runcrate_widget.notebook.live import LiveOutput, Saved, display_job

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> list[VideoJob]:
    """The job of each listener that there is."""
    there: list[VideoJob] = []
    subscribe = VideoJob.subscribe

    def counted(job: VideoJob, listener: Any) -> Any:
        unsubscribe = subscribe(job, listener)
        there.append(job)

        def ended() -> None:
            unsubscribe()
            if job in there:
                there.remove(job)

        return ended

    monkeypatch.setattr(VideoJob, "subscribe", counted)
    return there


@pytest.fixture(autouse=True)
def no_widgets() -> Iterator[None]:
    """Each test begins without those of others, and its own end with it."""
    ipywidgets.Widget.close_all()
    yield
    ipywidgets.Widget.close_all()


def timers() -> list[Any]:
    """What the engine has yet to call for a widget or an output."""

    def look() -> list[Any]:
        loop: Any = engine().loop
        owners = [getattr(h._callback, "__self__", None) for h in loop._scheduled if not h.cancelled()]
        return [owner for owner in owners if isinstance(owner, (Feed, Push, LiveOutput))]

    return engine().run(look)


def tasks() -> list[str]:
    """The coroutines of widgets and outputs that the engine runs."""
    running = engine().run(asyncio.all_tasks)
    return [name for task in running if "Push" in (name := getattr(task.get_coro(), "__qualname__", ""))]


def test_twenty_closed_widgets_leave_nothing(
    server: FaultServer, tmp_path: Path, listeners: list[VideoJob]
) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path)
    jobs = [client.generate("A fox", model="Veo 3.0", take=take) for take in (1, 2, 3)]
    for job in jobs:
        wait_until_processing(job)
    before, due = len(listeners), set(live._due)
    widgets = []
    for _ in range(20):
        widget = VideoWidget(client=client)
        widget._add(*jobs)
        widget._handle_custom_msg({"id": "h", "kind": "hello", "root": None, "seen": 0, "rows": -1}, [])
        widgets.append(widget)
    assert len(listeners) == before + 60
    for widget in widgets:
        widget.close()
    assert len(listeners) == before
    assert timers() == []
    assert tasks() == []
    assert live._due <= due
    gone = [weakref.ref(widget) for widget in widgets]
    del widget, widgets
    engine().run(gc.collect)
    assert [one for one in gone if one() is not None] == []


def test_a_closed_widget_stays_closed(server: FaultServer, tmp_path: Path, listeners: list[VideoJob]) -> None:
    widget = VideoWidget(client=client_of(server, tmp_path), prompt="A fox")
    widget.close()
    widget.close()
    job = widget.generate()
    assert isinstance(job, VideoJob)
    assert widget.jobs == (job,)
    job.wait(30)
    assert (listeners, timers()) == ([], [])


def test_a_widget_that_rests_wakes_with_what_has_happened(
    server: FaultServer, tmp_path: Path, listeners: list[VideoJob]
) -> None:
    widget = VideoWidget(client=client_of(server, tmp_path), prompt="A fox")
    job = widget.generate()
    assert isinstance(job, VideoJob)
    engine().run(lambda: None)  # it may have been found in the library, too, and be added just now
    widget._feed.rest()
    assert listeners == []
    engine().run(lambda: widget._add(job))  # as when it is found there now
    assert listeners == []
    job.wait(30)
    sent: list[dict[str, Any]] = []
    widget.send = lambda content, **_: sent.append(content)
    widget._handle_custom_msg({"id": "h", "kind": "hello", "root": None, "seen": 0, "rows": -1}, [])
    engine().run(widget._feed.update)
    assert len(listeners) == 1
    assert widget._feed.list.first()["rows"][0]["status"] == "completed"


def test_a_widget_that_could_not_be_made_closes_in_peace(server: FaultServer, tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidRequestError):
        VideoWidget(client=client_of(server, tmp_path), takes=99)
    gc.collect()


def test_a_pushed_video_stops_with_its_widget(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runcrate_widget.notebook import delivery

    monkeypatch.setattr(delivery, "_SILENCE", 3600.0)
    widget = VideoWidget(client=client_of(server, tmp_path), prompt="A fox")
    widget._handle_custom_msg({"id": "h", "kind": "hello", "root": None, "seen": 0, "rows": -1}, [])
    job = widget.generate()
    assert isinstance(job, VideoJob)
    job.wait(30)
    engine().run(lambda: None)
    assert any(isinstance(owner, Push) for owner in timers())
    widget.close()
    assert timers() == []


def test_the_output_of_a_job_listens_until_it_has_ended(
    server: FaultServer, tmp_path: Path, listeners: list[VideoJob]
) -> None:
    server.polls = 10**6
    job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
    display_job(job)
    assert listeners == [job]
    wait_until_processing(job)
    for id in server.jobs:
        server.jobs[id] = 0
    job.wait(30)
    engine().run(lambda: None)
    assert listeners == []
    display_job(job)
    assert listeners == []


def test_a_saved_output_that_is_closed_is_due_no_more(server: FaultServer, tmp_path: Path) -> None:
    job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
    job.wait(30)
    saved = Saved("k1")
    saved.display()
    saved.show([job])
    assert saved._output in live._due
    saved.close()
    assert saved._output not in live._due
    assert saved._output not in timers()


def wait_until_processing(job: VideoJob) -> None:
    seen = threading.Event()
    job.observe(lambda _: seen.set() if job.status == "processing" else None, "status")
    assert job.status == "processing" or seen.wait(30)


COUNT = """
import threading
from runcrate_widget import VideoClient, VideoJob, VideoWidget
there = []
real = VideoJob.subscribe
def subscribe(job, listener):
    end = real(job, listener)
    there.append(1)
    ended = []
    def unsubscribe():
        end()
        if not ended:
            ended.append(1); there.pop()
    return unsubscribe
VideoJob.subscribe = subscribe
client = VideoClient()
job = client.generate("A fox", model="Veo 3.0")
seen = threading.Event()
job.observe(lambda _: seen.set() if job.status == "processing" else None, "status")
assert job.status == "processing" or seen.wait(30)
"""


@pytest.fixture
def kernel(server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs code in a cell of an ipykernel, and gives what it prints."""
    server.polls = 10**6
    monkeypatch.setenv("RUNCRATE_API_KEY", KEY)
    monkeypatch.setenv("RUNCRATE_BASE_URL", server.url)
    manager, client = start_new_kernel(cwd=str(tmp_path))

    def run(code: str, cell: str) -> str:
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
        }
        # As JupyterLab and VS Code do.
        message = client.session.msg("execute_request", content, metadata={"cellId": cell})
        client.shell_channel.send(message)
        printed = ""
        while True:
            answer = client.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if answer["msg_type"] == "error":
                raise AssertionError("\n".join(answer["content"]["traceback"]))
            if answer["msg_type"] == "stream":
                printed += answer["content"]["text"]
            if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return printed.strip()

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_cell_that_runs_again_lets_go_of_what_it_showed(kernel: Any) -> None:
    kernel(COUNT, "setup")
    show = "w = VideoWidget(client=client)\nw._add(job)\nw"
    counts = []
    for _ in range(5):
        kernel(show, "widget")
        kernel("job", "job")
        counts.append(json.loads(kernel("print(len(there))", "count")))
    assert counts == [2] * 5
    # One that is shown in another cell, too, is still there.
    kernel("w", "elsewhere")
    kernel(show, "widget")
    assert json.loads(kernel("print(len(there))", "count")) == 3
    kernel("import ipywidgets\nipywidgets.Widget.close_all()\nclient.library", "job")
    code = "from runcrate_widget.notebook import live\nprint(len(there), len(live._shown_by_cell), len(live._due))"
    assert kernel(code, "count") == "0 1 0", "the library's wall"
    kernel("pass", "job")
    assert kernel(code, "count") == "0 0 0"


def test_nothing_is_kept_of_the_outputs_of_jobs_that_have_ended(kernel: Any, server: FaultServer) -> None:
    kernel(COUNT, "setup")
    kernel("job", "job")
    for id in server.jobs:
        server.jobs[id] = 0
    kernel("job.wait(30)", "wait")
    code = "from runcrate_widget.notebook import live\nprint(len(there), len(live._shown_by_cell))"
    assert kernel(code, "count") == "0 0"
