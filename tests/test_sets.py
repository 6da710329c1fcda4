"""Many videos at one press: a list of prompts, each sent once, none before all are allowed."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of
from test_widget import CONTROLS, Conversation

from runcrate_widget import VideoClient, VideoJob, VideoRequest, VideoWidget, errors
from runcrate_widget.notebook import sets

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> VideoClient:
    return client_of(server, tmp_path)


def sent(server: FaultServer) -> list[str]:
    return [json.loads(one.body)["prompt"] for one in server.requests if one.step == "submit"]


FOXES = ["A red fox", "A blue fox", "A fox {as it is}"]
LIST = {**CONTROLS, "prompt": "A {red|blue|…} fox", "prompts": FOXES}


def test_each_prompt_of_the_list_is_sent_with_its_takes(client: VideoClient, server: FaultServer) -> None:
    widget = VideoWidget(client=client)
    answer, _ = Conversation(widget).say("generate", **{**LIST, "takes": 2})
    assert answer["keys"] == [job.key for job in widget.jobs]
    for job in widget.jobs:
        job.wait(30)
    assert sorted(sent(server)) == sorted(FOXES * 2)
    assert [(job.request.prompt, job.take) for job in widget.jobs] == [
        (fox, n) for fox in FOXES for n in (1, 2)
    ]
    assert widget.prompt == LIST["prompt"], "what was typed stays"


def test_a_list_that_is_pressed_twice_is_sent_once_and_later_again(
    client: VideoClient, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "_DOUBLE", 0.2)
    widget = VideoWidget(client=client)
    view = Conversation(widget)
    first, second = threading.Event(), threading.Event()
    generate = client.generate

    def slow(*given: Any, **more: Any) -> VideoJob:
        first.set()
        assert second.wait(60)
        return generate(*given, **more)

    monkeypatch.setattr(client, "generate", slow)
    widget._handle_custom_msg({"id": "press-1", "kind": "generate", **LIST}, [])
    assert first.wait(60)
    widget._handle_custom_msg({"id": "press-2", "kind": "generate", **LIST}, [])  # while it is under way
    second.set()
    third, _ = view.say("generate", **LIST)  # and right afterwards
    answers = [view.answers[id][0] for id in ("press-1", "press-2")]
    assert [one["keys"] for one in answers] == [third["keys"]] * 2
    assert len(widget.jobs) == 3
    other, _ = view.say("generate", **{**LIST, "prompts": FOXES[:1]})
    assert len(other["keys"]) == 1
    while widget._once._tasks:
        threading.Event().wait(0.01)
    again, _ = view.say("generate", **LIST)
    assert set(again["keys"]).isdisjoint(third["keys"])
    for job in widget.jobs:
        job.wait(30)
    assert len(sent(server)) == 7


def test_a_list_over_a_limit_is_not_sent_at_all_and_may_be_pressed_again(
    server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path, max_seconds=12)
    widget = VideoWidget(client=client)
    view = Conversation(widget)
    answer, _ = view.say("generate", **LIST)
    assert "3 videos would take 18 s more. None was sent." in answer["error"]["message"]
    assert (widget.jobs, server.requests, len(client.library)) == ((), [], 0)
    client.max_seconds = 18
    assert view.say("generate", **LIST)[0]["ok"]
    for job in widget.jobs:
        job.wait(30)
    assert len(sent(server)) == 3


def test_what_the_requests_take_together_counts(client: VideoClient) -> None:
    client.max_cost = 3.0
    client.prices.update({"google/veo-3.0": 0.25, "openai/sora-2": 0.5})
    veo, sora = (
        VideoRequest("A fox", model="Veo 3.0", duration=4),
        VideoRequest("A fox", model="Sora 2", duration=4),
    )
    client._manager.check_all([veo, sora])
    with pytest.raises(errors.SpendingLimitError, match=r"2 videos would take \$4\.00 more"):
        client._manager.check_all([sora, sora])
    with pytest.raises(errors.SpendingLimitError, match=r"what a video of Veo 2\.0 takes"):
        client._manager.check_all([veo, VideoRequest("A fox", model="Veo 2.0")])


@pytest.mark.parametrize(
    ("prompts", "message"),
    [([], "empty"), (["A fox", " "], "prompt is empty"), (["A fox"] * 201, "201 prompts; at most 200"),
     ("A fox", "is none"), ([None], "is none")],
)  # fmt: skip
def test_a_list_with_a_fault_sends_nothing(
    client: VideoClient, server: FaultServer, prompts: object, message: str
) -> None:
    widget = VideoWidget(client=client)
    answer, _ = Conversation(widget).say("generate", **{**LIST, "prompts": prompts})
    assert message in answer["error"]["message"]
    assert answer["error"]["field"] == "prompt"
    assert (widget.jobs, server.requests) == ((), [])


def test_what_of_a_list_was_sent_is_shown_whatever_becomes_of_the_next(
    client: VideoClient, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = VideoWidget(client=client)
    generate, begun = client.generate, list[VideoJob]()

    def full(request: VideoRequest, **more: Any) -> VideoJob:
        if len(begun) == 2:
            raise errors.LibraryError("The disk is full.", "Make room.")
        begun.append(generate(request, **more))
        return begun[-1]

    monkeypatch.setattr(client, "generate", full)
    answer, _ = Conversation(widget).say("generate", **LIST)
    assert answer["error"]["message"] == "2 were sent, of 3; the others were not. The disk is full."
    assert list(widget.jobs) == begun
    for job in begun:
        job.wait(30)
    assert sorted(sent(server)) == sorted(FOXES[:2])


def test_earlier_prompts_are_those_of_the_library_each_once_the_newest_first(
    client: VideoClient, server: FaultServer, tmp_path: Path
) -> None:
    for prompt, take in [("One", 1), ("Two", 1), ("x" * 5000, 1), ("One", 2)]:
        client.generate(prompt, model="Veo 3.0", take=take).wait(30)
    client.close()
    view = Conversation(VideoWidget(client=client_of(server, tmp_path)))
    assert view.say("earlier_prompts", count=1000)[0]["prompts"] == ["One", "x" * 5000, "Two"], "whole"
    assert view.say("earlier_prompts", count=2)[0]["prompts"] == ["One", "x" * 5000]
    assert view.say("earlier_prompts", count=-1)[0]["prompts"] == []


def test_earlier_prompts_that_are_very_long_are_fewer_and_whole(
    client: VideoClient, server: FaultServer, tmp_path: Path
) -> None:
    for prompt in ("Oldest", "y" * 300_000, "z" * 300_000, "Newest"):
        client.generate(prompt, model="Veo 3.0").wait(30)
    client.close()
    view = Conversation(VideoWidget(client=client_of(server, tmp_path)))
    prompts = view.say("earlier_prompts", count=100)[0]["prompts"]
    assert [(prompt[0], len(prompt)) for prompt in prompts] == [("N", 6), ("z", 300_000), ("y", 300_000)]
