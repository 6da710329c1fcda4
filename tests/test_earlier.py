"""What a widget shows of an earlier kernel's jobs: above all those that wait for a person's decision."""

from __future__ import annotations

import ast
import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of, made, reset
from test_rows import View, cancel, many
from test_widget import CONTROLS, Conversation, wait_for_row
from videos import small_mp4

from runcrate_widget import VideoClient, VideoJob, VideoRequest, VideoWidget, errors
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.record import JobStatus, Record, now, write_record
from runcrate_widget.notebook.rows import python_call

pytestmark = pytest.mark.usefixtures("quick")

DAY = timedelta(days=1)


def put(folder: Path, client: VideoClient, status: JobStatus, prompt: str, **fields: Any) -> Record:
    """A record as an earlier kernel left it: a day old, or `age`."""
    age, attempt = fields.pop("age", DAY), fields.pop("attempt", 1)
    request = VideoRequest(prompt, model="Veo 3.0")
    record = fresh_record(folder, request, 1, attempt, client._service)
    begun = now() - age
    timeline = replace(record.timeline, created=begun, sent=begun)
    record = replace(record, status=status, timeline=timeline, **fields)
    # Whole, or not at all: a client that was just made is looking through the folder.
    temporary = folder / f"{record.name}.new"
    temporary.write_bytes(write_record(record))
    temporary.rename(folder / f"{record.name}.json")
    return record


def wait_for_job(widget: VideoWidget, key: str) -> dict[str, Any]:
    """Its row among those that a view begins with, once it is there."""
    came = threading.Event()

    def rows() -> dict[str, dict[str, Any]]:
        return {row["key"]: dict(row) for row in widget._feed.list.first()["rows"]}

    def look(_: object = None) -> None:
        if key in rows():
            came.set()

    widget.observe(look, "jobs")
    look()
    assert came.wait(30), "it is not shown"
    return rows()[key]


@pytest.mark.parametrize("found_before", [False, True], ids=["found later", "found before the widget"])
def test_of_a_thousand_records_the_unconfirmed_ones_are_shown(
    server: FaultServer, tmp_path: Path, found_before: bool
) -> None:
    other = client_of(server, tmp_path / "other")
    for number in range(1000):
        put(tmp_path, other, JobStatus.COMPLETED, f"An owl, {number}", id=f"vid_{number}")
    lost = [put(tmp_path, other, JobStatus.UNCONFIRMED, f"A fox, {age}", age=age * DAY) for age in (2, 400)]
    for _ in range(3):
        client = client_of(server, tmp_path)
        if found_before:
            client._resumed.result(60)
        widget = VideoWidget(client=client)
        for record in lost:
            row = wait_for_job(widget, record.key)
            assert (row["status"], row["undecided"], row["adoptable"]) == ("unconfirmed", True, True)
        widget.close()
        client.close()
    assert server.requests == []


def test_an_unconfirmed_job_comes_before_all_that_run(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path, max_concurrent=1)
    lost = put(tmp_path, client, JobStatus.UNCONFIRMED, "A fox, long ago", age=400 * DAY)
    widget = VideoWidget(client=client)
    jobs = many(client, 80)
    widget._add(*jobs)
    wait_for_job(widget, lost.key)
    first = widget._feed.list.first()
    assert first["rows"][first["newest"]]["key"] == lost.key, "right after the newest page"
    cancel(jobs[1:])


def test_it_is_shown_also_where_nothing_is_taken_up(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, resume=False)
    lost = put(tmp_path, client, JobStatus.UNCONFIRMED, "A fox")
    row = wait_for_job(VideoWidget(client=client), lost.key)
    assert row["undecided"]
    # One of this kernel, that no widget was there for.
    server._faults["submit"] = [made(reset)]
    job = client.generate("A crow", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    assert wait_for_job(VideoWidget(client=client), job.key)["undecided"]


def test_one_that_was_sent_again_has_been_decided(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    before = put(tmp_path, client, JobStatus.UNCONFIRMED, "A fox")
    put(tmp_path, client, JobStatus.COMPLETED, "A fox", attempt=2, id="vid_fox")
    refused = put(tmp_path, client, JobStatus.UNCONFIRMED, "A hare")
    put(tmp_path, client, JobStatus.FAILED, "A hare", attempt=2)
    lost = put(tmp_path, client, JobStatus.UNCONFIRMED, "An owl")
    client = client_of(server, tmp_path)
    widget = VideoWidget(client=client)
    assert wait_for_job(widget, lost.key)["undecided"]
    row = wait_for_job(widget, before.key)
    assert (row["undecided"], row["adoptable"]) == (False, True)
    assert wait_for_job(widget, refused.key)["undecided"], "nothing came of the second one"

    view = View(widget)
    view.hello()
    answer = view.ask("resubmit", key=lost.key)
    view.wait_for(lost.key, undecided=False)
    view.wait_for(answer["key"], status="completed", undecided=False)


def test_a_job_is_given_its_id_in_its_row(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [made(reset)]
    widget = VideoWidget(client=client_of(server, tmp_path))
    view = Conversation(widget)
    view.say("generate", **CONTROLS)
    row = wait_for_row(widget, {"status": "unconfirmed", "undecided": True, "adoptable": True})
    for wrong in ("", "  ", 5, None):
        answer, _ = view.say("adopt", key=row["key"], job_id=wrong)
        assert not answer["ok"] and "vid_abc123" in answer["error"]["hint"], wrong
    assert widget.jobs[0].status == "unconfirmed"
    assert view.say("adopt", key=row["key"], job_id=" vid_000001 ")[0]["ok"]
    done = wait_for_row(widget, {"status": "completed"})
    assert (done["id"], done["undecided"], done["adoptable"]) == ("vid_000001", False, False)
    answer, _ = view.say("adopt", key=row["key"], job_id="vid_000002")
    assert not answer["ok"] and "needs no other id" in answer["error"]["message"]
    assert server.count("submit") == 1


# The Python of a record

EVIL = "6); import os; os.system('x')  #"


def only_literals(code: str) -> dict[str, Any]:
    """The keywords of the one call that `code` is; fails if there is anything else in it."""
    tree = ast.parse(code)
    (line,) = tree.body
    assert isinstance(line, ast.Expr) and isinstance(line.value, ast.Call)
    assert ast.unparse(line.value.func) == "client.generate"
    for argument in line.value.args:
        ast.literal_eval(argument)
    return {one.arg or "**": ast.literal_eval(one.value) for one in line.value.keywords}


def test_what_the_code_button_copies_is_one_call_with_literals_whatever_the_record_says(
    server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path)
    job = client.generate(
        "A fox's \N{RIGHT-TO-LEFT OVERRIDE}tail", model="Veo 3.0", extra={"seed": [1, None]}
    )
    assert job.wait(30)
    assert only_literals(python_call(job)) == {
        "model": "google/veo-3.0",
        "duration": 6,
        "aspect_ratio": "16:9",
        "extra": {"seed": [1, None]},
        "take": 1,
    }
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in python_call(job)

    class Evil:
        def __repr__(self) -> str:
            return EVIL

    for name in ("duration", "aspect_ratio", "model", "prompt"):
        for value in (EVIL, [EVIL], {EVIL: EVIL}, float("nan"), Evil()):
            request = VideoRequest("A fox", model="Veo 3.0")
            object.__setattr__(request, name, value)
            hostile = VideoJob(replace(job.record, request=request, id=None), None)  # type: ignore[arg-type]
            if isinstance(value, (Evil, float)):
                with pytest.raises(errors.RuncrateError, match="no value of a request"):
                    python_call(hostile)
            else:
                only_literals(python_call(hostile))
    hostile.take = Evil()  # type: ignore[assignment]
    with pytest.raises(errors.RuncrateError):
        python_call(hostile)


@pytest.mark.filterwarnings("ignore:.* is damaged:UserWarning")  # in whichever thread is the first to read it
def test_a_hostile_sidecar_copies_no_code(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    record = put(tmp_path, client, JobStatus.COMPLETED, "A fox", id="vid_1")
    record.path.write_bytes(small_mp4(1))
    file = tmp_path / f"{record.name}.json"
    content = json.loads(file.read_bytes())
    content["request"]["duration"] = EVIL
    file.write_text(json.dumps(content))
    widget = VideoWidget(client=client)
    view = Conversation(widget)
    assert view.say("wall", query={}, tz=0)[0]["ok"]
    answer, _ = view.say("code", key=record.key)
    assert not answer["ok"] or only_literals(answer["code"])["duration"] == EVIL
