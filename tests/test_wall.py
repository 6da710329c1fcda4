"""The wall as a view asks for it: how much there is, its rows, posters, choices, the bin."""

from __future__ import annotations

import base64
import gc
import json
import threading
import time
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of
from test_earlier import put
from test_messages import python_fields
from test_widget import Conversation
from videos import small_jpeg, small_mp4

from runcrate_widget import VideoClient, VideoJob, VideoWidget
from runcrate_widget.jobs.living import living
from runcrate_widget.jobs.loop import engine
from runcrate_widget.library import shelf
from runcrate_widget.library.choice import Choice
from runcrate_widget.library.record import JobStatus, write_record
from runcrate_widget.notebook import messages, wall
from runcrate_widget.picture import Picture
from runcrate_widget.prompts import expand

pytestmark = pytest.mark.usefixtures("quick")

QUERY: dict[str, Any] = {
    "text": "",
    "model": None,
    "status": None,
    "kept": None,
    "undecided": False,
    "rating": None,
    "tag": None,
    "hidden": False,
    "since": None,
    "until": None,
    "cost_from": None,
    "cost_to": None,
    "stack": None,
    "order": "newest",
}


class Wall(Conversation):
    """The view's part."""

    def ask(self, kind: str, **content: Any) -> dict[str, Any]:
        answer, _ = self.say(kind, **content)
        assert answer["ok"], answer
        return answer

    def wall(self, **asked: Any) -> dict[str, Any]:
        return self.ask("wall", query={**QUERY, **asked}, tz=60)

    def rows(self, **asked: Any) -> list[dict[str, Any]]:
        answer = self.ask("wall_rows", query={**QUERY, **asked}, version=0, start=0, count=60)
        rows: list[dict[str, Any]] = answer["rows"]
        return rows

    def refused(self, kind: str, **content: Any) -> dict[str, Any]:
        answer, _ = self.say(kind, **content)
        assert not answer["ok"]
        error: dict[str, Any] = answer["error"]
        return error

    def wait_for_version(self, beyond: int) -> int:
        """As the view is told it, once it has moved beyond this one."""
        came = threading.Event()

        def look(_: object = None) -> None:
            if self.widget._session["wall"] > beyond:
                came.set()

        self.widget.observe(look, "_session")
        look()
        assert came.wait(30)
        self.widget.unobserve(look, "_session")
        version: int = self.widget._session["wall"]
        return version


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> VideoClient:
    return client_of(server, tmp_path, prices={"Veo 3.0": 0.5})


@pytest.fixture
def takes(client: VideoClient) -> list[VideoJob]:
    """Three of a fox, one of an owl."""
    jobs = [client.generate("A fox", model="Veo 3.0", take=take) for take in (1, 2, 3)]
    for job in [*jobs, client.generate("An owl " + "in the snow " * 60, model="Veo 3.0")]:
        job.wait(30)
    return jobs


@pytest.fixture
def view(client: VideoClient, takes: list[VideoJob]) -> Wall:
    assert takes
    gc.collect()  # the owl's job, which nobody holds
    return Wall(VideoWidget(client=client))


def test_it_is_told_in_days_and_stacks_and_each_stack_has_a_row(view: Wall, takes: list[VideoJob]) -> None:
    wall = view.wall()
    assert (wall["total"], wall["stacks"], wall["kept"], wall["put_away"]) == (4, 2, 0, 0)
    assert sum(day["count"] for day in wall["days"]) == 2
    assert wall["models"] == [{"id": "google/veo-3.0", "name": "Veo 3.0", "count": 4}]
    assert view.wait_for_version(0) == wall["version"]
    owl, fox = view.rows()
    assert set(fox) == set(python_fields(messages.EntryRow))
    assert (fox["key"], fox["takes"], fox["take"], fox["cost"]) == (takes[2].key, 3, 3, 3.0)
    assert fox["video"] == {
        "path": str(takes[2].record.path),
        "size": len(small_mp4(1)),
        "width": 64,
        "height": 36,
        "duration": 1.0,
        "audio": False,
    }
    assert (owl["long"], fox["long"]) == (True, False)
    assert len(owl["prompt"]) < 310
    assert view.ask("settings_of", key=owl["key"])["prompt"] == ("An owl " + "in the snow " * 60).strip()
    view.ask("choose", keys=[owl["key"]], changes={"note": "wings " * 60})
    assert len(view.rows()[0]["note"]) < 210
    assert view.ask("settings_of", key=owl["key"])["note"] == "wings " * 60
    assert [row["take"] for row in view.rows(stack=fox["stack"])] == [3, 2, 1]
    assert view.wall(text="snow owl")["total"] == 1
    assert json.dumps(wall) and json.dumps([owl, fox])


def test_what_is_asked_wrongly_is_refused(view: Wall) -> None:
    assert view.refused("wall", query={**QUERY, "rating": "high"}, tz=0)["field"] == "rating"
    assert view.refused("wall", query=None, tz=0)["field"] == "query"
    assert view.refused("wall", query=QUERY, tz=10**6)["field"] == "tz"
    for name, value in (("start", -1), ("start", None), ("count", 61), ("count", 0), ("count", True)):
        asked = {"query": QUERY, "version": 0, "start": 0, "count": 5, name: value}
        assert view.refused("wall_rows", **asked)["field"] == name
    wrong: list[Any] = [None, [], "abc", [1], ["a"] * 1001]
    for keys in wrong:
        for kind in ("posters", "choose", "bin", "restore"):
            assert view.refused(kind, keys=keys, changes={})["field"] == "keys"
    assert view.refused("choose", keys=["a"], changes={"rating": 9})["field"] == "rating"
    assert view.refused("choose", keys=["a"], changes=None)["field"] == "changes"
    assert "does not have" in view.refused("choose", keys=["a"], changes={"rating": 5})["message"]
    assert view.refused("settings_of", key=["a"])
    assert view.refused("code", key="nothing")


def test_a_choice_goes_through_the_job_that_lives_and_no_job_is_made_for_a_row(
    view: Wall, takes: list[VideoJob], client: VideoClient
) -> None:
    first = view.wall()["version"]
    keys = [job.key for job in takes]
    (owl,) = [row for row in view.rows() if row["key"] not in keys]

    def owls() -> list[VideoJob]:
        gc.collect()
        return [job for job in living.values() if job.key == owl["key"]]

    view.rows(text="owl")
    assert owls() == []
    rows = view.ask("choose", keys=[keys[0], owl["key"]], changes={"kept": True, "rating": 4})["rows"]
    assert [(row["key"], row["kept"], row["rating"], row["takes"]) for row in rows] == [
        (keys[0], True, 4, 3),
        (owl["key"], True, 4, 1),
    ]
    assert takes[0].choice == Choice(kept=True, rating=4), "at once, and not when it is read again"
    both = view.wall()["version"]
    assert both > first and view.wait_for_version(both - 1) == both, "each of the two is a change"
    assert view.rows(text="fox")[0]["key"] == keys[0], "the kept one stands for its stack"
    assert view.wall()["kept"] == 2
    view.ask("choose", keys=[keys[1]], changes={"hidden": True, "note": "too dark", "tags": ["x"]})
    assert (view.wall()["total"], view.wall()["put_away"]) == (3, 1)
    assert [row["note"] for row in view.rows(hidden=True)] == ["too dark"]
    assert view.ask("restore", keys=[keys[1]])["rows"][0]["hidden"] is False
    assert view.wall(tag="x", text="dark")["total"] == 1
    takes[2].choose(rating=5)
    assert view.wall(rating=5)["total"] == 1
    found = client.library.filter(rating=4)
    assert {one.key for one in found} == {keys[0], owl["key"], keys[2]}


def test_with_nothing_to_change_it_is_only_told_how_they_are(view: Wall, takes: list[VideoJob]) -> None:
    version, record = view.wall()["version"], takes[1].record
    (row,) = view.ask("choose", keys=[takes[1].key], changes={})["rows"]
    assert (row["take"], row["takes"]) == (2, 3)
    assert row["stack"] in {shown["stack"] for shown in view.rows()}
    assert takes[1].record is record
    assert view.wall()["version"] == version


def test_one_that_fails_keeps_no_other_from_being_chosen(view: Wall, takes: list[VideoJob]) -> None:
    view.wall()
    error = view.refused("choose", keys=["gone", takes[0].key], changes={"rating": 3})
    assert "1 of 2" in error["message"]
    assert takes[0].rating == 3


def test_deleted_and_brought_back(
    view: Wall, takes: list[VideoJob], server: FaultServer, client: VideoClient
) -> None:
    view.wall()
    fox = takes[2]
    view.ask("bin", keys=[fox.key])
    assert not fox.record.path.exists() and fox.choice.hidden
    assert [row["key"] for row in view.rows(text="fox")] == [takes[1].key]
    (row,) = view.rows(hidden=True)
    assert (row["key"], row["binned"], row["video"]) == (fox.key, True, None)
    (row,) = view.ask("restore", keys=[fox.key])["rows"]
    assert (row["binned"], row["hidden"], row["video"]["width"]) == (False, False, 64)
    view.ask("bin", keys=[fox.key])
    before = len(server.requests)
    assert client.generate("A fox", model="Veo 3.0", take=3).wait(30).path.exists()
    assert len(server.requests) == before
    (row,) = view.rows(text="fox")
    assert row["takes"] == 3


def test_what_is_under_way_is_not_deleted_and_not_disturbed(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path)
    view = Wall(VideoWidget(client=client))
    job = client.generate("A fox", model="Veo 3.0")
    came = threading.Event()
    job.observe(lambda change: came.set() if change["new"] == "processing" else None, "status")
    assert job.status == "processing" or came.wait(30)
    assert [row["key"] for row in view.rows(status="processing")] == [job.key]
    assert view.refused("bin", keys=[job.key])
    assert view.refused("choose", keys=[job.key], changes={"rating": 5})
    assert view.refused("restore", keys=[job.key])
    assert not job.done
    server.jobs[job.id or ""] = 0
    assert job.wait(30).path.exists()
    assert [row["key"] for row in view.rows()] == [job.key]


def test_posters_come_together_and_are_made_where_there_are_none(view: Wall, takes: list[VideoJob]) -> None:
    keys = [job.key for job in takes]
    takes[0].record.path.with_suffix(".jpg").write_bytes(small_jpeg(b"its own"))
    takes[1].record.path.unlink()
    answer, buffers = view.say("posters", keys=[*keys, "nothing"])
    assert answer["with"][0] == keys[0] and set(answer["with"]) <= {keys[0], keys[2]}
    assert buffers[0] == small_jpeg(b"its own")
    if keys[2] not in answer["with"]:  # there was no time: it is made, and that is news
        view.wait_for_version(view.wall()["version"] - 1)
        answer, buffers = view.say("posters", keys=keys)
    assert len(buffers) == len(answer["with"])
    view.ask("bin", keys=[keys[0]])
    assert view.say("posters", keys=[keys[0]])[1] == [small_jpeg(b"its own")], "also from the bin"


def test_a_file_that_vanished_is_told_and_fetched_again_only_when_asked(
    view: Wall, server: FaultServer
) -> None:
    view.wall()
    (owl,) = view.rows(text="owl")
    path = Path(owl["video"]["path"])
    path.unlink()
    before = len(server.requests)
    (row,) = view.rows(text="owl")
    assert (row["video"], row["binned"], row["status"]) == (None, False, "completed")
    assert "client.generate(" in view.ask("code", key=owl["key"])["code"]
    said = view.refused("chunk", key=owl["key"], offset=0, length=10)
    assert said["message"] == "The file is not there: it was deleted, or moved."
    assert view.ask("choose", keys=[owl["key"]], changes={"rating": 2})
    assert len(server.requests) == before
    view.ask("resume", key=owl["key"])
    (job,) = view.widget.jobs
    assert job.key == owl["key"] and job.wait(30), "it is in the strip now"
    assert path.read_bytes() == small_mp4(1)
    assert [one.step for one in server.requests[before:]] == ["download"]
    assert view.rows(text="owl")[0]["rating"] == 2


def test_what_is_asked_of_an_entry_that_is_not_in_the_list_finds_its_job(
    view: Wall, server: FaultServer
) -> None:
    assert view.widget.jobs == ()
    (owl,) = view.rows(text="owl")
    before = len(server.requests)
    assert "take=1" in view.ask("code", key=owl["key"])["code"]
    _, (chunk,) = view.say("chunk", key=owl["key"], offset=0, length=1 << 20)
    assert chunk == small_mp4(1)
    jpeg = base64.b64encode(small_jpeg(b"kept")).decode()
    Path(owl["video"]["path"]).with_suffix(".jpg").unlink(missing_ok=True)
    view.ask("keep_poster", key=owl["key"], jpeg=jpeg)
    assert view.say("poster", key=owl["key"])[1] == [small_jpeg(b"kept")]
    assert view.widget.jobs == ()
    assert len(server.requests) == before


def test_a_job_of_another_service_is_shown_and_never_asked_for_here(
    server: FaultServer, client: VideoClient, tmp_path: Path
) -> None:
    with FaultServer(video=small_mp4(1)) as other:
        elsewhere = client_of(other, tmp_path / "other")
        lost = put(tmp_path, elsewhere, JobStatus.QUEUED, "A fox", id="vid_1")
        done = put(tmp_path, elsewhere, JobStatus.COMPLETED, "An owl", id="vid_2")
        done.path.write_bytes(small_mp4(1))
        view = Wall(VideoWidget(client=client))
        assert [row["key"] for row in view.rows()] == [done.key]
        assert [row["key"] for row in view.rows(status="queued")] == [lost.key]
        assert "another service" in view.refused("resume", key=lost.key)["message"]
        assert view.ask("choose", keys=[done.key], changes={"rating": 5})["rows"][0]["rating"] == 5
        assert server.requests == []
        assert client_of(other, tmp_path)._look_up(done).rating == 5


def test_a_hostile_record_is_shown_and_hides_no_other(client: VideoClient, tmp_path: Path) -> None:
    good = put(tmp_path, client, JobStatus.COMPLETED, "A fox", id="vid_1")
    good.path.write_bytes(small_mp4(1))
    content = json.loads(write_record(good))
    content |= {"key": "0badc0de", "id": "\ud800", "error": {"message": "\udc00" * 5000, "kind": "x"}}
    content["request"] |= {
        "prompt": "\ud83d" * 400,
        "duration": 10**400,
        "model": "\udfff",
        "aspect_ratio": "\udfff",
    }
    content["choice"] = {"note": "\ud800", "tags": ["\ud800"]}
    (tmp_path / "bad-0badc0de.json").write_text(json.dumps(content))
    view = Wall(VideoWidget(client=client))
    rows = view.rows()
    assert {row["key"] for row in rows} == {good.key, "0badc0de"}
    wall = view.wall()
    assert wall["total"] == 2
    json.dumps([rows, wall], ensure_ascii=False, allow_nan=False).encode()  # as Jupyter sends it
    view.ask("settings_of", key="0badc0de")


def test_what_another_process_writes_is_told_to_who_only_looks(
    view: Wall, client: VideoClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(wall, "LOOK_EVERY", 0.05)
    version = view.wall()["version"]
    put(tmp_path, client, JobStatus.COMPLETED, "A crow", id="vid_9")  # not by this library
    version = view.wait_for_version(version)
    assert view.wall()["total"] == 5
    for one in client.library.filter(text="fox"):
        (tmp_path / f"{one.name}.json").unlink()
    view.wait_for_version(version)
    assert view.wall()["total"] == 2


def test_the_version_moves_when_a_job_ends_and_a_video_costs_what_it_cost(
    view: Wall, client: VideoClient, takes: list[VideoJob]
) -> None:
    version = view.wall()["version"]
    client.generate("A crow", model="Veo 3.0").wait(30)
    version = view.wait_for_version(version)
    assert view.wall()["total"] == 5
    assert view.rows(text="crow")[0]["cost"] == 3.0
    client.prices["google/veo-3.0"] = 1.0
    assert view.rows(text="crow")[0]["cost"] == 3.0, "the price of then"
    view.widget.close()
    moment = datetime.now(timezone.utc)
    takes[0].choose(note=str(moment))
    assert view.widget._session["wall"] < client.library.shelf.version, (
        "a widget that is closed is told nothing"
    )


def test_many_changes_are_told_at_most_twice_a_second(view: Wall, takes: list[VideoJob]) -> None:
    view.wait_for_version(view.wall()["version"] - 1)
    told: list[float] = []
    view.widget.observe(lambda _: told.append(time.monotonic()), "_session")
    for n in range(40):
        takes[n % 3].choose(note=str(n))
    last = view.widget.client.library.shelf.version
    view.wait_for_version(last - 1)
    assert told
    assert all(after - before > 0.45 for before, after in pairwise(told))


def test_a_job_that_was_only_looked_up_is_followed_when_it_is_asked_for(
    server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path, resume=False)
    lost = put(tmp_path, client, JobStatus.PROCESSING, "A fox", id="vid_000007")
    server.jobs["vid_000007"] = 0
    view = Wall(VideoWidget(client=client))
    (row,) = view.rows(status="processing")
    assert row["key"] == lost.key
    assert view.ask("code", key=lost.key)
    assert view.ask("settings_of", key=lost.key)["prompt"] == "A fox"
    looked_up = client._look_up(lost)
    assert looked_up.done and "resume()" in str(looked_up.error)
    assert server.requests == []
    job = client.generate("A fox", model="Veo 3.0")
    assert job is looked_up and job.wait(30).read_bytes() == small_mp4(1)
    assert server.count("submit") == 0
    assert client._look_up(lost) is job


def test_with_another_client_the_wall_is_asked_for_anew(
    view: Wall, server: FaultServer, tmp_path: Path
) -> None:
    view.wait_for_version(view.wall()["version"] - 1)
    other = client_of(server, tmp_path / "other")
    engine().run(lambda: view.widget._use(other))
    assert view.widget._session["wall"] == 0
    wall = view.wall()
    assert (wall["total"], wall["stacks"], wall["days"], wall["models"]) == (0, 0, [], [])
    assert view.rows() == []
    assert view.wait_for_version(0) == wall["version"]


def test_an_unusable_folder_is_told_and_asked_again(server: FaultServer, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.write_bytes(b"a file, and no folder")
    view = Wall(VideoWidget(client=client_of(server, folder, resume=False)))
    assert "cannot be used" in view.refused("wall", query=QUERY, tz=0)["message"]
    folder.unlink()
    assert view.wall()["total"] == 0


def test_tags_are_added_and_removed_whatever_a_view_has_seen(
    view: Wall, takes: list[VideoJob], server: FaultServer
) -> None:
    view.wall()
    key = takes[0].key
    takes[0].choose(tags=["mine"])
    with client_of(server, takes[0].record.folder) as other:
        there = Wall(VideoWidget(client=other))
        there.wall()
        there.ask("choose", keys=[key], changes={"add_tags": [" theirs ", "mine"]})
    rows = view.ask("choose", keys=[key, takes[1].key], changes={"add_tags": ["both"]})["rows"]
    assert [row["tags"] for row in rows] == [["mine", "theirs", "both"], ["both"]]
    (row,) = view.ask("choose", keys=[key], changes={"remove_tags": ["mine", "none"], "rating": 3})["rows"]
    assert (row["tags"], row["rating"]) == (["theirs", "both"], 3)
    assert list(takes[0].choice.tags) == ["theirs", "both"]
    takes[0].choose(tags=["alone"])
    assert list(takes[0].choice.tags) == ["alone"]
    for wrong in ({"add_tags": "abc"}, {"remove_tags": [1]}, {"add_tags": [str(n) for n in range(51)]}):
        assert view.refused("choose", keys=[key], changes=wrong)["field"] == "tags"


def test_a_search_that_is_too_long_is_refused_in_words(view: Wall) -> None:
    asked = {"query": {**QUERY, "text": "x" * 1500}}
    for refused in (
        view.refused("wall", **asked, tz=0),
        view.refused("wall_rows", **asked, version=0, start=0, count=5),
    ):
        assert refused["field"] == "text"
        assert refused["message"] == "The search has 1,500 characters; at most 1,000 are searched for."
        assert refused["hint"]


def test_settings_have_the_picture_and_say_what_the_form_cannot(view: Wall, client: VideoClient) -> None:
    url = "https://example.org/fox.png"
    with_url = client.generate(
        "A {red|blue} fox", model="Veo 3.0", image=url, extra={"seed": 7, "negative": "rain"}
    )
    with_picture = client.generate("A {red} fox", model="Veo 3.0", image=small_jpeg())
    for job in (with_url, with_picture):
        job.wait(30)
    view.wall()
    settings = view.ask("settings_of", key=with_url.key)
    assert settings["prompt"] == "A {red|blue} fox"
    assert expand(settings["literal"]) == ["A {red|blue} fox"]
    assert (settings["image"], sorted(settings["left_out"])) == (url, ["negative", "seed"])
    settings = view.ask("settings_of", key=with_picture.key)
    assert settings["literal"] == settings["prompt"] == "A {red} fox"
    assert isinstance(with_picture.request.image, Picture)
    assert (settings["image"], settings["left_out"]) == (with_picture.request.image.sha256, [])
    (owl,) = view.rows(text="owl")
    assert view.ask("settings_of", key=owl["key"])["image"] is None


def test_what_came_by_its_id_has_no_settings_and_yet_a_note(
    view: Wall, client: VideoClient, server: FaultServer
) -> None:
    server.jobs["vid_777777"] = 0
    job = client.job("vid_777777")
    job.wait(30)
    job.choose(note="whose is it?")
    view.wall()
    assert "not known what this video was asked for" in view.refused("settings_of", key=job.key)["message"]
    assert view.ask("settings_of", key=job.key, noted=True)["note"] == "whose is it?"


def wait_for_word(widget: VideoWidget, part: str) -> str:
    """What it says of what others make, once this is in it (once it says nothing, if that is "")."""
    came = threading.Event()

    def look(_: object = None) -> None:
        said = widget._session["elsewhere"]
        if part in said if part else not said:
            came.set()

    widget.observe(look, "_session")
    look()
    assert came.wait(30)
    widget.unobserve(look, "_session")
    word: str = widget._session["elsewhere"]
    return word


def test_what_others_make_is_told_and_not_what_is_made_here(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "LOOK_EVERY", 0.2)
    monkeypatch.setattr(wall, "LOOK_EVERY", 0.2)
    server.polls = 10**6
    client = client_of(server, tmp_path)
    widget = VideoWidget(client=client, prompt="A hare")
    view = Wall(widget)
    mine, alone = widget.generate(), client.generate("An elk", model="Veo 3.0")
    view.wall()
    others = [
        put(tmp_path, client, JobStatus.PROCESSING, prompt, age=timedelta(seconds=age), owner=owner)
        for prompt, age, owner in (("A fox " * 30, 1, "ann"), ("An owl", 2, None), ("A bee", 3, None))
    ]
    said = wait_for_word(widget, "3 running")
    assert said.startswith("3 running elsewhere in this library: A fox A fox ")
    assert said.endswith("… (ann) · An owl · A bee")
    waits = put(tmp_path, client, JobStatus.WAITING, "A cat", age=timedelta(seconds=4))
    said = wait_for_word(widget, "1 waiting")
    assert said.startswith("3 running · 1 waiting elsewhere") and said.endswith("· A bee · …")
    # Nobody looks any more: what is not known is not said.
    with monkeypatch.context() as silence:
        silence.setattr(wall, "_LOOKED_AT", -1.0)
        wait_for_word(widget, "")
    view.wall()
    wait_for_word(widget, "1 waiting")
    assert not VideoWidget(client=client)._session["elsewhere"]
    for one in (*others, waits):
        (tmp_path / f"{one.name}.json").unlink()
    wait_for_word(widget, "")
    assert isinstance(mine, VideoJob) and not mine.done and not alone.done
    client.close()
