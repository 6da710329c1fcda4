"""The kernel's side of the widget, without a browser: its traits, and its answers to the view's messages."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, made, reset, short, status
from traitlets import TraitError
from videos import small_mp4

from runcrate_widget import VideoClient, VideoJob, VideoWidget, errors, models
from runcrate_widget.jobs.loop import engine

pytestmark = pytest.mark.usefixtures("quick")

VIDEO = small_mp4(1)


class Conversation:
    """The view's part: says something, waits for the answer."""

    def __init__(self, widget: VideoWidget) -> None:
        self.widget = widget
        self.answers: dict[str, tuple[dict[str, Any], list[Any]]] = {}
        self.count = 0
        self._came = threading.Condition()
        widget.send = self._answered

    def _answered(self, content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        if "id" not in content:  # pushed, and no answer
            return
        with self._came:
            self.answers[content["id"]] = (content, buffers or [])
            self.count += 1
            self._came.notify_all()

    def say(self, kind: str, id: str | None = None, **content: Any) -> tuple[dict[str, Any], list[Any]]:
        id = id or f"view-{kind}-{time.monotonic_ns()}"
        self.widget._handle_custom_msg({"id": id, "kind": kind, **content}, [])
        with self._came:
            assert self._came.wait_for(lambda: id in self.answers, 60), f"no answer to {kind}"
        return self.answers[id]


@pytest.fixture
def widget(server: FaultServer, tmp_path: Path) -> VideoWidget:
    return VideoWidget(
        client=VideoClient(KEY, base_url=server.url, library=tmp_path, prices={"Veo 3.0": 0.4})
    )


@pytest.fixture
def view(widget: VideoWidget) -> Conversation:
    return Conversation(widget)


CONTROLS: dict[str, Any] = {
    "prompt": "A fox",
    "model": "google/veo-3.0",
    "duration": 6,
    "aspect_ratio": "16:9",
    "takes": 1,
    "image": None,
}


def wait_for_row(widget: VideoWidget, wanted: dict[str, Any]) -> dict[str, Any]:
    """The newest row of the list, once it says this."""
    came = threading.Event()

    def look(_: object = None) -> None:
        # In the thread that moves jobs: elsewhere one may be seen half moved.
        first = widget._feed.list.first
        rows = (first() if engine().here else engine().run(first))["rows"]
        if rows and wanted.items() <= rows[0].items():
            came.set()

    widget.observe(look, ("_first", "_changed"))
    look()
    assert came.wait(60), widget._feed.list.first()
    widget.unobserve(look, ("_first", "_changed"))
    return dict(engine().run(widget._feed.list.first)["rows"][0])


def test_a_name_sets_the_model_and_moves_the_duration_to_the_nearest(widget: VideoWidget) -> None:
    assert (widget.model, widget.duration, widget.aspect_ratio, widget.takes) == (
        "google/veo-3.0",
        6,
        "16:9",
        1,
    )
    widget.model = "Sora 2"
    assert (widget.model, widget.duration) == ("openai/sora-2", 4)
    widget.duration = 12
    widget.model = "Hailuo 02"
    assert widget.duration == 10
    widget.model = "Kling v3"
    assert widget.duration == 10
    widget.model = "acme/odd"
    assert (widget.model, widget.duration) == ("acme/odd", 10)
    widget.duration = None
    assert widget.duration is None
    widget.model = "Veo 3.0"
    assert widget.duration == 6
    widget.duration = None
    assert widget.duration == 6, "a model of the table has a default"


@pytest.mark.parametrize(
    ("name", "value"),
    [("duration", 7), ("duration", "6"), ("model", ""), ("model", "Vio 3.0"), ("aspect_ratio", "4:3"), ("takes", 0),
     ("takes", 99), ("prompt", 5)],
)  # fmt: skip
def test_what_is_not_allowed_leaves_the_trait_as_it_was(widget: VideoWidget, name: str, value: Any) -> None:
    before = getattr(widget, name)
    with pytest.raises(TraitError):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_the_constructor_takes_the_controls_in_any_combination(server: FaultServer, tmp_path: Path) -> None:
    client = VideoClient(KEY, base_url=server.url, library=tmp_path)
    made = VideoWidget(
        client=client, prompt="A fox", model="Sora 2", duration=8, aspect_ratio="9:16", takes=2
    )
    assert (made.prompt, made.model, made.duration, made.aspect_ratio, made.takes) == (
        "A fox",
        "openai/sora-2",
        8,
        "9:16",
        2,
    )
    assert VideoWidget(client=client, model="Sora 2").duration == 4
    with pytest.raises(errors.InvalidRequestError, match="Sora 2 makes videos of 4, 8 or 12 s"):
        VideoWidget(client=client, model="Sora 2", duration=6)
    with pytest.raises(TypeError):
        VideoWidget(client=client, promt="A fox")  # type: ignore[call-arg]
    with pytest.raises(errors.InvalidRequestError):
        VideoWidget(client=client, demo=True)


def test_generate_does_what_the_button_does(widget: VideoWidget, server: FaultServer) -> None:
    with pytest.raises(errors.InvalidRequestError, match="prompt is empty"):
        widget.generate()
    widget.prompt = "A fox"
    job = widget.generate()
    assert isinstance(job, VideoJob)
    widget.takes = 2
    more = widget.generate()
    assert isinstance(more, list)
    assert [one.take for one in (job, *more)] == [1, 2, 3]
    assert widget.jobs == (job, *more)
    assert all(one.wait(30) for one in widget.jobs)
    assert len(server.jobs) == 3


def test_the_view_is_told_of_models_prices_and_the_session(
    widget: VideoWidget, server: FaultServer, tmp_path: Path
) -> None:
    assert [row["id"] for row in widget._models] == list(models)
    assert widget._models[0]["price"] == 0.4
    by_name = {row["name"]: row for row in widget._models}
    assert (by_name["Kling v3"]["durations"], by_name["Kling v3"]["continuous"]) == ([3, 15], True)
    assert (by_name["Veo 3.0"]["durations"], by_name["Veo 3.0"]["continuous"]) == ([4, 6, 8], False)
    host = server.url.removeprefix("http://")
    session = {
        "demo": False,
        "has_key": True,
        "service": host,
        "library": str(tmp_path),
        "root": None,
        "saved": widget.model_id,
        "limit": None,
        "wall": 0,
        "form": True,
        "elsewhere": "",
    }
    assert widget._session == session


def test_the_view_generates_and_fetches_the_video(widget: VideoWidget, view: Conversation) -> None:
    answer, _ = view.say("generate", **CONTROLS)
    assert answer["ok"]
    row = wait_for_row(widget, {"status": "completed"})
    assert answer["keys"] == [row["key"]]
    assert row["id"] == "vid_000001"
    assert (row["prompt"], row["model_name"], row["duration"], row["take"]) == ("A fox", "Veo 3.0", 6, 1)
    assert row["error"] is None
    assert row["started"] <= row["ended"] <= time.time()
    assert row["video"]["size"] == len(VIDEO)
    assert (row["video"]["width"], row["video"]["height"]) == (64, 36)

    got = b""
    while len(got) < len(VIDEO):
        answer, buffers = view.say("chunk", key=row["key"], offset=len(got), length=1000)
        assert (answer["offset"], answer["total"]) == (len(got), len(VIDEO))
        got += bytes(buffers[0])
    assert got == VIDEO


def test_the_view_sets_a_control_and_the_trait_has_it(widget: VideoWidget, view: Conversation) -> None:
    assert view.say("set", name="model", value="openai/sora-2")[0]["ok"]
    assert (widget.model, widget.duration) == ("openai/sora-2", 4)
    answer, _ = view.say("set", name="duration", value=5)
    assert not answer["ok"]
    assert answer["error"]["field"] == "duration"
    assert "4, 8 or 12 s" in answer["error"]["message"]
    assert widget.duration == 4


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("generate", {**CONTROLS, "prompt": "  "}, "prompt is empty"),
        ("generate", {**CONTROLS, "duration": 7}, "duration is 7"),
        ("generate", {**CONTROLS, "takes": 1000}, "takes is 1000"),
        ("set", {"name": "_esm", "value": "evil"}, "no such control"),
        ("set", {"name": "jobs", "value": []}, "no such control"),
        ("set", {"name": "prompt", "value": 5}, "prompt is 5"),
        ("cancel", {"key": "nobody"}, "does not know this job"),
        ("chunk", {"key": "nobody", "offset": 0, "length": 5}, "does not know this job"),
        ("dance", {}, "does not know the message"),
        ("answer", {}, "does not know the message"),
        ("generate", {}, "do not fit"),
    ],
)
def test_every_message_is_answered_also_when_it_fails(
    view: Conversation, server: FaultServer, kind: str, content: dict[str, Any], words: str
) -> None:
    answer, _ = view.say(kind, **content)
    assert not answer["ok"]
    assert words in answer["error"]["message"]
    assert server.requests == []


def test_a_message_that_comes_twice_acts_once(widget: VideoWidget, view: Conversation) -> None:
    view.say("generate", id="view-1", **CONTROLS)
    widget._handle_custom_msg({"id": "view-1", "kind": "generate", **CONTROLS}, [])
    view.say("set", name="takes", value=1)  # the engine takes messages in their order
    assert len(widget.jobs) == 1
    assert view.count == 2


def test_what_the_view_can_do_with_jobs_that_came_to_no_video(server: FaultServer, tmp_path: Path) -> None:
    server._faults.update(
        submit=[made(reset)], poll=[status("failed", error="too dark")], download=[short(0.5)] * 6
    )
    widget = VideoWidget(client=VideoClient(KEY, base_url=server.url, library=tmp_path))
    view = Conversation(widget)

    view.say("generate", **CONTROLS)
    unconfirmed = wait_for_row(widget, {"status": "unconfirmed"})
    assert "adopt" in unconfirmed["error"]["hint"]

    again, _ = view.say("resubmit", key=unconfirmed["key"])
    failed = wait_for_row(widget, {"status": "failed"})
    assert failed["key"] == again["key"]
    assert "too dark" in failed["error"]["message"]

    view.say("resubmit", key=failed["key"])
    stuck = wait_for_row(widget, {"stopped": True})
    assert stuck["status"] == "downloading"
    assert not view.say("resubmit", key=stuck["key"])[0]["ok"]
    assert view.say("resume", key=stuck["key"])[0]["ok"]
    assert wait_for_row(widget, {"status": "completed"})["stopped"] is False
    assert len(widget.jobs) == 3


def test_a_waiting_job_is_cancelled_from_the_view(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    widget = VideoWidget(client=VideoClient(KEY, base_url=server.url, library=tmp_path, max_concurrent=1))
    view = Conversation(widget)
    answer, _ = view.say("generate", **{**CONTROLS, "takes": 2})
    row = wait_for_row(widget, {"key": answer["keys"][1], "status": "waiting"})
    sent = threading.Event()
    unsubscribe = widget.jobs[0].subscribe(lambda: sent.set() if widget.jobs[0].id else None)
    assert widget.jobs[0].id or sent.wait(60)
    unsubscribe()
    assert view.say("cancel", key=row["key"])[0]["ok"]
    wait_for_row(widget, {"key": row["key"], "status": "cancelled"})
    answer, _ = view.say("cancel", key=widget.jobs[0].key)
    assert not answer["ok"]


def test_what_was_sent_is_shown_whatever_becomes_of_the_next_take(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = VideoWidget(client=VideoClient(KEY, base_url=server.url, library=tmp_path), prompt="A fox")
    view = Conversation(widget)
    generate = widget.client.generate
    begun: list[VideoJob] = []

    def full(*given: Any, **more: Any) -> VideoJob:
        if len(begun) == 2:
            raise errors.LibraryError("The disk is full.", "Make room.")
        begun.append(generate(*given, **more))
        return begun[-1]

    monkeypatch.setattr(widget.client, "generate", full)
    answer, _ = view.say("generate", **{**CONTROLS, "takes": 3})
    assert answer["error"]["message"] == "2 were sent, of 3; the others were not. The disk is full."
    assert list(widget.jobs) == begun
    begun.clear()
    widget.takes = 3
    with pytest.raises(errors.LibraryError, match="2 were sent, of 3"):
        widget.generate()
    assert list(widget.jobs[2:]) == begun
    assert all(job.wait(30) for job in widget.jobs)


def test_takes_that_all_together_go_over_a_limit_are_not_sent_at_all(
    server: FaultServer, tmp_path: Path
) -> None:
    client = VideoClient(KEY, base_url=server.url, library=tmp_path, max_seconds=12)
    widget = VideoWidget(client=client, prompt="A fox", takes=3)
    with pytest.raises(errors.SpendingLimitError):
        widget.generate()
    answer, _ = Conversation(widget).say("generate", **{**CONTROLS, "takes": 3})
    assert "were sent, of 3" not in answer["error"]["message"]
    assert (widget.jobs, server.requests, len(client.library)) == ((), [], 0)


def test_without_a_key_the_view_is_told_and_a_key_that_is_set_later_is_found(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = VideoWidget(client=VideoClient(base_url=server.url, library=tmp_path))
    assert widget._session["has_key"] is False
    view = Conversation(widget)
    answer, _ = view.say("generate", **CONTROLS)
    assert "There is no API key" in answer["error"]["message"]
    assert "RUNCRATE_API_KEY" in answer["error"]["hint"]
    monkeypatch.setenv("RUNCRATE_API_KEY", KEY)
    assert view.say("generate", **CONTROLS)[0]["ok"]
    assert widget._session["has_key"] is True


def test_the_demo_is_switched_on_from_the_view(tmp_path: Path) -> None:
    widget = VideoWidget(client=VideoClient(library=tmp_path))
    view = Conversation(widget)
    assert view.say("demo")[0]["ok"]
    assert widget._session["demo"] is True
    assert widget.client.demo
    assert widget.client.library.folder == tmp_path
    view.say("generate", **CONTROLS)
    assert wait_for_row(widget, {"demo": True})


def test_nothing_that_is_synced_or_shown_holds_the_key(widget: VideoWidget, view: Conversation) -> None:
    view.say("generate", **CONTROLS)
    wait_for_row(widget, {"status": "completed"})
    assert KEY not in f"{widget.get_state()}{widget!r}{widget._repr_mimebundle_()}{view.answers}"


#: Messages of a page that does not fit.
UNFIT: dict[str, dict[str, Any]] = {
    "generate": {},
    "set": {},
    "rows": {},
    "judge": {"left": "a", "right": "b"},
    "price": {"model": "google/veo-3.0"},
    "source": {},
    "rerun": {},
    "times": {"model": "google/veo-3.0"},
    "earlier_prompts": {"count": "many"},
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_message_that_lacks_something_is_answered_and_leaves_no_traceback(
    view: Conversation, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    error = view.say(kind, **UNFIT[kind])[0]["error"]
    assert error["message"].startswith("The page and the kernel do not fit: ")
    assert "reload the page" in error["hint"]
    assert "Traceback" not in caplog.text
