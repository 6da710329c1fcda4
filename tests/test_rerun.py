"""A model that goes away: it is marked, the nearest is named, and the same set runs on that."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of, reply
from test_widget import Conversation

from runcrate_widget import VideoClient, VideoJob, VideoWidget, errors, models
from runcrate_widget.catalog import AS_OF

pytestmark = pytest.mark.usefixtures("quick", "table")

VEO, VEO_2, SORA = "google/veo-3.0", "google/veo-2.0", "openai/sora-2"
TODAY = datetime.now().astimezone().date()
GONE = {"error": {"message": "The model `google/veo-3.0` has been deprecated.", "code": "model_not_found"}}


@pytest.fixture
def table() -> Iterator[None]:
    """The table of models, as it was before."""
    before = dict(models._by_id)
    yield
    models._by_id, models._learned = before, set()


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> VideoClient:
    return client_of(server, tmp_path, prices={VEO: 0.4, VEO_2: 0.3})


def failed(job: VideoJob) -> errors.RuncrateError:
    with pytest.raises(errors.JobFailedError):
        job.wait(30)
    assert job.error
    return job.error


# It is marked.


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_refusal_that_says_so_marks_the_model_and_names_the_nearest(
    server: FaultServer, client: VideoClient, status: int
) -> None:
    server._faults["submit"] += [reply(status, GONE)]
    error = failed(client.generate("A fox", model="Veo 3.0", duration=6))
    assert error.kind == "model"
    assert error.hint == (
        "The nearest that lives is Veo 2.0: 5 to 8 s instead of 4, 6 or 8 s, $0.3 a second instead of $0.4. "
        'If only its id is another one, correct it: models.update("Veo 3.0", id="…").'
    )
    assert not models[VEO].lives
    assert models[VEO].retired == TODAY
    assert [model.id for model in models.values() if not model.lives] == [VEO]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, {"message": "Not found"}),
        (400, {"message": "The prompt mentions a model that has been retired."}),
        (400, {"message": "Blocked by our content policy: the model google/veo-3.0 has been retired", "code": "content_filter"}),
        (403, {"message": "The model `google/veo-3.0` does not exist or you have no access to it", "code": "model_not_found"}),
        (422, {"message": "Audio for the model google/veo-3.0 is no longer supported"}),
    ],
)  # fmt: skip
def test_another_refusal_marks_none(
    server: FaultServer, client: VideoClient, status: int, error: dict[str, str]
) -> None:
    server._faults["submit"] += [reply(status, {"error": error})]
    assert failed(client.generate("A fox", model="Veo 3.0")).kind != "model"
    assert models[VEO].lives


def test_a_prompt_that_comes_back_marks_none(server: FaultServer, client: VideoClient) -> None:
    prompt = "A shop window: The model google/veo-3.0 has been retired"
    server._faults["submit"] += [reply(400, {"error": f"This cannot be made: {prompt}"})]
    assert failed(client.generate(prompt, model="Veo 3.0")).kind == "refused"
    assert models[VEO].lives


def test_a_job_that_fails_for_it_marks_it_too(server: FaultServer, client: VideoClient) -> None:
    server._faults["poll"] += [failing(GONE)]
    error = failed(client.generate("A fox", model="Veo 3.0"))
    assert error.kind == "model" and "Veo" in error.hint
    assert not models[VEO].lives


def failing(fields: dict[str, Any]) -> Any:
    async def fault(exchange: Any) -> None:
        id = exchange.request.path.split("/")[3]
        await exchange.send(200, {"id": id, "status": "failed", **fields})

    return fault


def test_one_that_is_marked_is_sent_all_the_same_and_lives_if_it_is_taken(
    server: FaultServer, client: VideoClient, caplog: pytest.LogCaptureFixture
) -> None:
    server._faults["submit"] += [reply(404, GONE)]
    failed(client.generate("A fox", model="Veo 3.0"))
    with caplog.at_level(logging.WARNING, "runcrate_widget"):
        jobs = [client.generate("A fox", model="Veo 3.0", take=take) for take in (1, 2)]
    assert caplog.text.count("Veo 3.0 is marked as retired") == 1
    for job in jobs:
        job.wait(30)
    assert models[VEO].lives and models[VEO].retired is None


def test_what_the_person_has_marked_stays_marked(client: VideoClient) -> None:
    models.update("Veo 3.0", retired=date(2026, 11, 1))
    client.generate("A fox", model="Veo 3.0").wait(30)
    assert models[VEO].retired == date(2026, 11, 1)


def test_an_id_that_is_corrected_is_a_living_one(server: FaultServer, client: VideoClient) -> None:
    server._faults["submit"] += [reply(404, GONE)]
    failed(client.generate("A fox", model="Veo 3.0"))
    assert models.update("Veo 3.0", id="google/veo-3.0-new").lives


def test_an_id_that_the_table_has_not_is_refused_and_marks_none(
    server: FaultServer, client: VideoClient
) -> None:
    server._faults["submit"] += [reply(404, {"error": "Unknown model: google/veo-4"})]
    error = failed(client.generate("A fox", model="google/veo-4", duration=6))
    assert error.kind == "model"
    assert "The nearest that lives is Veo" in error.hint
    assert all(model.lives for model in models.values())


def test_the_row_of_a_job_says_what_kind_of_refusal_it_was(refused: tuple[Conversation, list[str]]) -> None:
    rows = refused[0].widget._feed.list.first()["rows"]
    assert {row["error"] and row["error"]["kind"] for row in rows} == {"model"}


def test_the_picker_is_told_at_once_as_long_as_it_is_there(server: FaultServer, client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    assert {row["retired"] for row in widget._models} == {None}
    told = threading.Event()
    widget.observe(lambda change: told.set(), "_models")
    server._faults["submit"] += [reply(404, GONE)]
    failed(client.generate("A fox", model="Veo 3.0"))
    assert told.wait(60)
    marked = {row["id"]: row["retired"] for row in widget._models}
    assert marked[VEO] == TODAY.isoformat()
    assert [id for id, since in marked.items() if since] == [VEO]
    before = len(models._listeners)
    widget.close()
    assert len(models._listeners) == before - 1


def test_a_day_to_come_is_no_end_yet() -> None:
    models.update("Veo 3.0", retired=TODAY + timedelta(days=1))
    assert models[VEO].lives
    assert models.as_of == AS_OF == "2026-11"


# The same set on another model.


@pytest.fixture
def refused(server: FaultServer, client: VideoClient) -> tuple[Conversation, list[str]]:
    """Three jobs of one model that is gone, and a view of them."""
    widget = VideoWidget(client=client)
    view = Conversation(widget)
    server._faults["submit"] += [reply(404, GONE)] * 3
    wanted = [("A fox", 4, 1), ("A fox", 4, 2), ("A lake", 6, 1)]
    for prompt, seconds, take in wanted:
        job = client.generate(prompt, model="Veo 3.0", duration=seconds, aspect_ratio="9:16", take=take)
        widget._add(job)
        failed(job)
    server.requests.clear()
    return view, [job.key for job in widget.jobs]


def sent(server: FaultServer) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in server.requests if one.step == "submit"]


def test_it_says_first_what_it_would_be_and_sends_nothing(
    refused: tuple[Conversation, list[str]], server: FaultServer
) -> None:
    view, keys = refused
    plan, _ = view.say("rerun", keys=keys, model="Veo 2.0", confirmed=False)
    assert (plan["model"], plan["model_name"]) == (VEO_2, "Veo 2.0")
    assert plan["differs"] == "5 to 8 s instead of 4, 6 or 8 s, $0.3 a second instead of $0.4"
    assert [(row["key"], row["prompt"], row["take"]) for row in plan["rows"]] == list(
        zip(keys, ["A fox", "A fox", "A lake"], [1, 2, 1], strict=True)
    )
    assert [(row["was"], row["duration"]) for row in plan["rows"]] == [(4, 5), (4, 5), (6, 6)]
    assert {(row["aspect_ratio"], row["there"]) for row in plan["rows"]} == {("9:16", False)}
    assert plan["seconds"] == 16 and plan["cost"] == pytest.approx(4.8)
    assert plan["keys"] == [] and server.requests == []
    assert view.say("rerun", keys=keys, model=None, confirmed=False)[0]["model"] == "google/veo-3.0-audio"
    priceless, _ = view.say("rerun", keys=keys, model="Sora 2", confirmed=False)
    assert priceless["cost"] is None and priceless["seconds"] == 12


def test_a_confirmed_set_is_sent_once_also_when_it_is_pressed_twice(
    refused: tuple[Conversation, list[str]], server: FaultServer
) -> None:
    view, keys = refused
    message = {"kind": "rerun", "keys": keys, "model": VEO_2, "confirmed": True}
    for n in (1, 2):
        view.widget._handle_custom_msg({"id": f"press-{n}", **message}, [])
    third, _ = view.say("rerun", keys=keys, model=VEO_2, confirmed=True)
    assert len(set(third["keys"])) == 3
    jobs: list[VideoJob] = [job for job in view.widget.jobs if job.key in third["keys"]]
    for job in jobs:
        job.wait(30)
    bodies = sent(server)
    assert sorted((one["prompt"], one["duration"]) for one in bodies) == [
        ("A fox", 5),
        ("A fox", 5),
        ("A lake", 6),
    ]
    assert {(one["model"], one["aspect_ratio"]) for one in bodies} == {(VEO_2, "9:16")}
    # And it is there from now on: nothing is sent, and nothing would be.
    view.widget._once._tasks.clear()
    again, _ = view.say("rerun", keys=keys, model=VEO_2, confirmed=True)
    assert again["keys"] == third["keys"] and len(sent(server)) == 3
    plan, _ = view.say("rerun", keys=keys, model=VEO_2, confirmed=False)
    assert (plan["seconds"], plan["cost"], {row["there"] for row in plan["rows"]}) == (0, 0, {True})


def test_a_set_over_a_limit_is_not_sent_at_all(
    refused: tuple[Conversation, list[str]], server: FaultServer, client: VideoClient
) -> None:
    view, keys = refused
    client.max_seconds = 15
    answer, _ = view.say("rerun", keys=keys, model=VEO_2, confirmed=True)
    assert "3 videos would take 16 s more. None was sent." in answer["error"]["message"]
    assert server.requests == [] and len(view.widget.jobs) == 3
    client.max_seconds = 16
    assert view.say("rerun", keys=keys, model=VEO_2, confirmed=True)[0]["ok"]
    again: list[VideoJob] = list(view.widget.jobs[3:])
    for job in again:
        job.wait(30)
    assert len(sent(server)) == 3


@pytest.mark.parametrize(
    ("keys", "model", "message"),
    [([], None, "does not have"), (["ffffffff"], None, "does not have"), ("x", None, "is none"), (None, "Veo 9", "neither a known name")],
)  # fmt: skip
def test_a_set_that_is_none_is_told_so(
    refused: tuple[Conversation, list[str]], server: FaultServer, keys: Any, model: str | None, message: str
) -> None:
    view, known = refused
    answer, _ = view.say("rerun", keys=known if keys is None else keys, model=model, confirmed=True)
    assert message in answer["error"]["message"]
    assert server.requests == []


def test_what_cannot_be_asked_for_again_is_left_out_and_named(
    client: VideoClient, server: FaultServer, tmp_path: Path
) -> None:
    server.jobs["vid_777777"] = 0
    attached = client.job("vid_777777")
    good, odd = (client.generate(prompt, model="Veo 3.0", duration=6) for prompt in ("A fox", "An owl"))
    for job in (attached, good, odd):
        job.wait(30)
    path = odd.record.path.with_suffix(".json")
    fields = json.loads(path.read_bytes())
    fields["request"]["extra"] = {"prompt": "another"}
    path.write_text(json.dumps(fields))
    client.close()
    del odd
    again = client_of(server, tmp_path)
    view = Conversation(VideoWidget(client=again))
    odd_key = fields["key"]
    submits = server.count("submit")
    keys = [attached.key, odd_key, good.key]
    answer = view.say("rerun", keys=keys, model=None, confirmed=False)[0]
    assert answer["ok"], answer
    assert [row["key"] for row in answer["rows"]] == [good.key]
    assert [(one["key"], one["id"]) for one in answer["left_out"]] == [
        (attached.key, "vid_777777"), (odd_key, fields["id"])
    ]  # fmt: skip
    assert (
        "not known" in answer["left_out"][0]["why"] and "extra has 'prompt'" in answer["left_out"][1]["why"]
    )
    done = view.say("rerun", keys=keys, model=SORA, confirmed=True)[0]
    assert len(done["keys"]) == 1 and len(done["left_out"]) == 2
    for job in view.widget.jobs:
        job.wait(30)
    assert server.count("submit") == submits + 1


def test_where_nothing_can_be_asked_for_again_it_is_said_why(
    client: VideoClient, server: FaultServer
) -> None:
    server.jobs["vid_777777"] = 0
    attached, fox = client.job("vid_777777"), client.generate("A fox", model="Veo 3.0", duration=6)
    for job in (attached, fox):
        job.wait(30)
    view = Conversation(VideoWidget(client=client))
    said = view.say("rerun", keys=[attached.key], model=None, confirmed=False)[0]
    assert not said["ok"] and "not known what this video" in said["error"]["message"]
    for model in ("no such", 5):
        said = view.say("rerun", keys=[attached.key, fox.key], model=model, confirmed=False)[0]
        assert not said["ok"] and said["error"]["field"] == "model", "which is nothing of one video"
