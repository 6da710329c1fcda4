"""What is left to a carrier, and the library of a team: as a shell has it, and as a record gives its job."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of
from object_stores import ObjectStore
from test_carry import PATIENCE, Process, carry, leaving, until
from test_command import ON_POSIX, VEO, Shell
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest, errors
from runcrate_widget.checks import is_url
from runcrate_widget.jobs import onlooking, run
from runcrate_widget.jobs.living import living
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, now
from runcrate_widget.library.timeline import Timeline
from runcrate_widget.notebook.tables import library_html

pytestmark = pytest.mark.usefixtures("quick", "soon")
OTHER = "https://a.example"
URL = "s3://our-bucket/team"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks on looks often."""
    monkeypatch.setattr(onlooking, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(run, "_LOOK_EVERY", 0.05)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with FaultServer(video=small_mp4(1), polls=0) as server:
        yield Shell(server, tmp_path)


# The job of a record


@ON_POSIX
@pytest.mark.parametrize("options", [{"api_key": None, "carry": False}, {"resume": False}])
@pytest.mark.parametrize("by", ["record", "key", "record of a client that was closed"])
def test_a_record_gives_a_job_that_is_followed_as_by_its_key(tmp_path: Path, options: Any, by: str) -> None:
    with FaultServer(video=small_mp4(1)) as server:
        with leaving(server, tmp_path) as first:
            before = first.generate("A fox", model="Veo 3.0")
            key = before.key
        if "closed" not in by:  # as in another process, which has no job of it
            living.pop((before.record.folder, before.record.name))
        with client_of(server, tmp_path, **options) as client:
            job = client.job(key if by == "key" else client.library[key])
            assert (job is before) is ("closed" in by)
            until(lambda: job.note.startswith("waits for a carrier: runcrate-widget carry"))
            with pytest.raises(errors.WaitTimeoutError):
                job.wait(0.1)
            assert server.count("submit") == 0, "to look on sends nothing"
            assert carry(server, tmp_path, "--until-done").end() == 0
            assert job.wait(PATIENCE).path.is_file()
            assert client.job(client.library[0]) is job and server.count("submit") == 1


def test_records_of_another_service_are_passed_over_in_no_loop(server: FaultServer, tmp_path: Path) -> None:
    library = Library(tmp_path)
    with client_of(server, tmp_path) as client:
        video = client.generate("A fox", model="Veo 3.0").wait(30)
    own = library[0]
    library.write(replace(own, service=OTHER))
    del client, own
    gc.collect()
    library.create(VideoRequest("An owl", model="Veo 3.0"), 1, 1, OTHER, handed_over=True)
    with client_of(server, tmp_path, resume=False) as client:
        owl, fox = (client.job(record) for record in client.library)
        assert fox.video == video
        fox.choose(kept=True)
        assert client.library[fox.key].kept
        with pytest.raises(errors.JobStoppedError, match=r"of another service: https://a\.example"):
            owl.wait(1)
        assert server.count("submit") == 1


@ON_POSIX
def test_a_job_of_another_service_waits_for_a_carrier_of_that(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1)) as server, FaultServer(video=small_mp4(1)) as other:
        with leaving(other, tmp_path) as client:
            job = client.generate("A fox", model="Veo 3.0")
            running = carry(server, tmp_path)
            running.until_said(f"Left to a carrier of {other.url}, and not sent by this one: 1 video.")
            said = f"waits for a carrier of {other.url}: the one at work sends to {server.url}"
            until(lambda: job.note == said)
            jobs = Process(server, "jobs", "--library", str(tmp_path))
            assert jobs.end() == 0
            assert jobs.said["err"] == [f"Not sent yet: 1 video, {said}"]
            running.process.terminate()
            running.end()
        assert not server.requests and not other.requests


def test_nothing_is_left_to_a_carrier_for_the_demo(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="no carrier sends what is left"):
        VideoClient(demo=True, carry=False, library=tmp_path)
    with pytest.raises(errors.InvalidRequestError, match="carry is 5"):
        VideoClient(carry=5, library=tmp_path)  # type: ignore[arg-type]


# What was taken over


def test_of_what_was_done_when_it_was_taken_over_nobody_knows_how_long_it_took(
    server: FaultServer, tmp_path: Path
) -> None:
    library = Library(tmp_path)
    for number, polls in ((1, 0), (2, 2)):
        one, lease, _ = library.create(
            VideoRequest("A fox", model="Veo 3.0", duration=4), number, 1, server.url
        )
        assert lease is not None
        begun = now() - timedelta(seconds=34)  # and its carrier died
        line = Timeline(created=begun, sent=begun, submitted=begun)
        library.write(replace(one, id=f"vid_00000{number}", status=JobStatus.QUEUED, timeline=line))
        lease.release()
        server.jobs[f"vid_00000{number}"] = polls
    with client_of(server, tmp_path) as client:
        done, going = sorted(client.unfinished(), key=lambda job: job.take)
        assert done.wait(30) and going.wait(30)
        assert (done.timeline.made_in, done.timeline.unseen) == (None, None)
        assert going.timeline.made_in == pytest.approx(34, abs=20), "it was seen to be under way"
        assert len(client.estimate("Veo 3.0", duration=4).times) == 1


# The budget


def test_a_budget_of_a_period_says_when_there_is_room_again(server: FaultServer, tmp_path: Path) -> None:
    how: dict[str, Any] = {"prices": {"Veo 3.0": 0.4}, "max_cost": 5.0, "limit_period": timedelta(days=1)}
    with client_of(server, tmp_path, **how) as client:
        jobs = [client.generate("A fox", model="Veo 3.0", take=take) for take in (1, 2)]
        for job in jobs:
            job.wait(30)
        with pytest.raises(errors.SpendingLimitError, match=r"\$4\.80 of it is taken.* \$2\.40 more") as over:
            client.generate("A fox", model="Veo 3.0", take=3)
        first = min(job.record.timeline.sent for job in jobs if job.record.timeline.sent)
        free = (first + timedelta(days=1)).replace(second=0, microsecond=0) + timedelta(minutes=1)
        assert f"There is room for it again at {free.astimezone():%Y-%m-%d %H:%M}." in str(over.value)
        with pytest.raises(errors.SpendingLimitError) as never:
            client.generate_many(["A fox"], model="Veo 3.0", takes=20)
        assert "room for it" not in str(never.value), "so much is more than the limit"
    with client_of(server, tmp_path, prices={"Veo 3.0": 0.4}, max_cost=1.0) as client:
        with pytest.raises(errors.SpendingLimitError) as without:
            client.generate("A fox", model="Veo 3.0", take=3)
        assert "room for it" not in str(without.value), "it begins anew with the client alone"


# Places


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://our-bucket/team", True),
        ("s3:/our-bucket/team", True),
        ("GS://b", True),
        ("file:///x", True),
        ("C:/videos", False),
        ("c:\\videos", False),
        ("a fox: s3", False),
        ("videos/a:/b", False),
        ("16:9", False),
    ],
)
def test_what_is_a_url(text: str, url: bool) -> None:
    assert is_url(text) is url


@pytest.mark.parametrize("url", ["s3://me:TOP/SE?CRET@bucket/team", "s3://bucket/team?signature=TOP/SE?CRET"])
def test_a_url_that_is_refused_is_told_without_a_secret(shell: Shell, url: str) -> None:
    for command in (
        ("library", url),
        ("library", "export", url),
        ("generate", "A fox", *VEO, "-o", url),
        ("jobs", "--library", url.replace("//", "/")),
    ):
        said = shell(*command).stderr
        assert ("bucket" in said and "URL" in said) or "place" in said
        assert not any(part in said for part in ("TOP", "SE", "CRET"))


def test_no_folder_is_called_s3(shell: Shell) -> None:
    shell("generate", "A fox", *VEO, code=0)
    before = sorted(shell.folder.iterdir())
    exported = shell("library", "export", "s3://our-bucket/export1", "fox", code=2)
    assert "folder is 's3://our-bucket/export1', which is a URL and no path." in exported.stderr
    assert "copy it from there" in exported.stderr
    assert (
        "which is a URL" in shell("generate", "A fox", *VEO, "-o", "s3://our-bucket/fox.mp4", code=2).stderr
    )
    once = shell("jobs", "--library", "s3:/our-bucket/team", code=3).stderr
    assert "neither a folder nor a whole URL" in once and "s3://our-bucket/team" in once
    for asked in (("library", URL), ("library", "fox", URL), ("library", "export", "foxes", URL)):
        said = shell(*asked, code=2).stderr
        assert f"{URL} is a place, and no word of a video." in said and f"--library {URL}" in said
    assert shell("library", "https://x.example/y", code=0).stderr == "Nothing in the library matches.\n"
    assert "--library FOLDER_OR_URL" in shell("library", "--help", code=0).stdout
    library = Library(shell.library)
    (video,) = (record.video for record in library)
    for place in (URL, Path(URL)):
        with pytest.raises(errors.InvalidRequestError, match="is a URL and no path"):
            library.export(place)
        with pytest.raises(errors.LibraryError, match="neither a folder nor a whole URL"):
            Library(Path(URL))
    with pytest.raises(errors.InvalidRequestError, match="path is 's3://"):
        video.to_gif(f"{URL}/fox.gif")  # type: ignore[union-attr]
    assert sorted(shell.folder.iterdir()) == before


def test_paths_of_a_bucket_are_there(shell: Shell, moto_server: ObjectStore) -> None:
    url = moto_server.new_library()

    def on(machine: str) -> dict[str, Any]:
        return {**moto_server.environment(shell.folder / machine), "RUNCRATE_LIBRARY": url}

    (path,) = shell("generate", "A fox", *VEO, code=0, **on("one")).stdout.splitlines()
    assert (shell.folder / path).is_file()
    (made,) = shell.objects("library", code=0, **on("two"))
    place = f"{url}/videos/{Path(path).name}"
    assert (made["path"], made["location"]) == (None, place), "nothing is fetched to list it"
    (chosen,) = shell.objects("choose", made["id"], "--keep", code=0, **on("two"))
    assert (chosen["path"], chosen["kept"]) == (None, True)
    (there,) = shell("library", "fox", "--paths", code=0, **on("two")).stdout.splitlines()
    assert there != path and (shell.folder / there).read_bytes() == shell.server.video
    (made,) = shell.objects("library", code=0, **on("two"))
    assert (made["path"], made["location"]) == (str(shell.folder / there), place)
    for key in moto_server.objects(url, "videos/"):
        moto_server.boto3().delete_object(Bucket="library", Key=f"{url.removeprefix('s3://library/')}/{key}")
    gone = shell("library", "--paths", code=1, **on("three"))
    assert (gone.stdout, gone.stderr) == ("", f"{made['id']} is left out: its file is gone.\n")


# Who asked


@ON_POSIX
def test_who_has_no_key_leaves_a_batch_to_a_carrier(shell: Shell) -> None:
    file = shell.write("prompts.csv", "prompt", "A fox", "An owl")
    no_key: dict[str, Any] = {"RUNCRATE_API_KEY": None}
    asked = ("batch", file, *VEO, "--owner", "ann", "--no-carry")
    assert "would be left to a carrier" in shell(*asked, code=2, **no_key).stderr
    left = shell(*asked, "--yes", "-o", "out", code=0, **no_key)
    assert left.stdout == "" and "2 left to a carrier." in left.stderr
    assert not shell.server.requests
    listed = shell("jobs", code=0, **no_key)
    assert re.split(r" {2,}", listed.stdout.splitlines()[0]) == [
        *("ID", "STATUS", "ASKED FOR", "MODEL", "OWNER", "PROMPT")
    ]
    assert listed.stdout.count(" ann ") == 2
    assert "Not sent yet: 2 videos, waits for a carrier: runcrate-widget carry" in listed.stderr
    jobs = shell.objects("jobs", code=0, **no_key)
    assert all(job["waiting_for"].startswith("waits for a carrier") for job in jobs)
    assert {job["owner"] for job in jobs} == {"ann"}
    assert "is not sent yet" in shell("get", jobs[0]["key"], code=2, **no_key).stderr
    carried = shell("carry", "--until-done", code=0)
    assert len(carried.stdout.split()) == 2
    again = shell(*asked, "--yes", "-o", "out", code=0, **no_key)
    assert len(again.stdout.split()) == 2 and "2 there already" in again.stderr
    assert len(list((shell.folder / "out").glob("*.mp4"))) == 2
    assert shell.sent() == {"A fox": 1, "An owl": 1}
    shell("generate", "A hen", *VEO, code=0)
    assert len(shell.objects("library", "--owner", "ann", code=0)) == 2
    assert shell("library", "--owner", "ben", code=0).stdout == ""
    job, summary = shell.objects("generate", "A cow", *VEO, "--no-carry", code=0, **no_key)
    assert (job["status"], job["reused"], summary["left"], summary["code"]) == ("waiting", False, 1, 0)
    assert "carrier" in shell("generate", "A cow", *VEO, "--no-carry", "--demo", code=2).stderr


@ON_POSIX
def test_a_batch_that_is_left_leaves_all_but_what_cannot_be(shell: Shell) -> None:
    prompts = [f"Fox {number}" for number in range(200)]
    file = shell.write("prompts.csv", "prompt", *prompts, prompts[0])
    left = ("batch", file, *VEO, "--no-carry", "--yes")
    shell("generate", prompts[7], *VEO, "--no-carry", code=0)
    (damaged,) = shell.library.glob("*.json")
    damaged.write_text("{")
    *jobs, summary = shell.objects(*left, code=1, PYTHONWARNINGS="ignore")
    (error,) = (one for one in jobs if one["type"] == "error")
    assert error["line"] == 9 and "was damaged" in error["message"]
    assert (summary["left"], summary["not_sent"]) == (200, 1)
    lines = [one["line"] for one in jobs if one["type"] == "job"]
    assert sorted(lines) == [line for line in range(2, 203) if line != 9]
    assert not shell.sent()


def test_the_table_says_who_asked_where_that_is_known(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path) as client:
        client.generate("A fox", model="Veo 3.0").wait(30)
        shown = library_html(client.library)
        assert ">owner<" not in shown and ">yours<" not in shown
    with client_of(server, tmp_path, owner="ann <b>") as client:
        client.generate("An owl", model="Veo 3.0").wait(30)
        shown = library_html(client.library)
        assert ">owner<" in shown and "ann &lt;b&gt;" in shown
        assert [row.count("<td") for row in shown.split("<tr>")[2:]] == [8, 8]


# What holds it up


@ON_POSIX
def test_what_holds_a_job_up_is_said_by_jobs_in_words_of_the_command(shell: Shell) -> None:
    for prompt in ("A fox", "An owl"):
        shell("generate", prompt, *VEO, "--no-carry", code=0)
    limits = ("--price", "Veo 3.0=0.4", "--max-cost", "3", "--limit-period", "1d")
    running = shell.start("carry", *limits)
    try:
        until(lambda: any(job["waiting_for"] and "$" in job["waiting_for"] for job in shell.objects("jobs")))
        held = "the carrier waits: --max-cost is $3.00: $2.40 of it is taken, and this video would take $2.40 more."
        assert f"Not sent yet: 1 video, {held}" in shell("jobs", code=0).stderr
        assert "There is room for it again at" in shell("jobs", code=0).stderr
        waiting, made = shell.objects("jobs", code=0)
        assert waiting["waiting_for"].startswith(held) and made["waiting_for"] is None
        assert waiting["note"] == "", "what a person noted is another thing"
        second = shell.start("carry", "--json")
        assert second.stdout is not None and second.stderr is not None
        assert json.loads(second.stdout.readline())["other"]
        assert second.stderr.readline().startswith("There is a carrier on")
        second.terminate()
        assert "Nothing was made." in second.communicate(timeout=PATIENCE)[1]
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE)
