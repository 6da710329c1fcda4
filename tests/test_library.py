"""The library: durable records, found again, and jobs that go on from them."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import warnings
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, client_of, made, reply, reset, status
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from videos import small_mp4

from runcrate_widget import Video, VideoJob, VideoRequest, VideoWidget, errors, scores
from runcrate_widget.jobs.ledger import COLUMNS, Ledger
from runcrate_widget.library.cloud.store import CloudStore
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, write_record
from runcrate_widget.library.search import Records
from runcrate_widget.request import request_fields
from runcrate_widget.service.backend import Whole

pytestmark = pytest.mark.usefixtures("quick")

VIDEO = small_mp4(1)
HERE = "http://127.0.0.1:1"


def fox(n: object = "", **options: Any) -> VideoRequest:
    return VideoRequest(f"Fox {n}", **{"model": "Veo 3.0", **options})


def record(library: Library, request: VideoRequest, take: int = 1, attempt: int = 1, **fields: Any) -> Record:
    """A record that nobody carries, as a process that ended leaves it."""
    made, lease, _ = library.create(request, take, attempt, fields.pop("service", HERE))
    made = changed(made, **fields)
    library.write(made)
    assert lease is not None
    lease.release()
    return made


def changed(one: Record, **fields: Any) -> Record:
    if "status" in fields:
        fields["status"] = JobStatus(fields["status"])
    return replace(one, **fields)


def file_of(one: Record) -> Path:
    """The sidecar."""
    return one.folder / f"{one.name}.json"


def sidecar(folder: Path) -> dict[str, Any]:
    (file,) = folder.glob("*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


# What is written, and when.


def test_the_record_is_on_disk_before_the_post_and_the_id_before_the_first_poll(
    server: FaultServer, tmp_path: Path
) -> None:
    then: list[dict[str, Any]] = []

    async def look_at_submit(exchange: Any) -> None:
        then.append(sidecar(tmp_path))
        await exchange.server._submit(exchange)

    async def look_at_poll(exchange: Any) -> None:
        then.append(sidecar(tmp_path))
        await exchange.server._poll(exchange)

    server._faults.update(submit=[look_at_submit], poll=[look_at_poll])
    job = client_of(server, tmp_path).generate(fox("ü😀", extra={"seed": 7}), take=2)
    job.wait(30)
    then.append(sidecar(tmp_path))
    assert [one["status"] for one in then] == ["submitting", "queued", "completed"]
    assert [one["id"] for one in then] == [None, "vid_000001", "vid_000001"]
    sent = {
        "prompt": "Fox ü😀",
        "model": "google/veo-3.0",
        "duration": 6,
        "aspect_ratio": "16:9",
        "extra": {"seed": 7},
    }
    for one in then:
        assert one["version"] == 2
        assert one["request"] == request_fields(job.request) == sent
        assert (one["take"], one["attempt"], one["service"]) == (2, 1, server.url)
    assert then[-1]["ended"] > then[-1]["created"]
    text = file_of(job.record).read_text(encoding="utf-8")
    assert "ü😀" in text, "a person can read it"
    assert KEY not in text


def test_fields_that_we_do_not_know_are_kept(server: FaultServer, tmp_path: Path) -> None:
    library = Library(tmp_path)
    one = record(library, fox(), service=server.url, id="vid_000001", status="queued")
    server.jobs["vid_000001"] = 0
    whole = json.loads(file_of(one).read_text()) | {"rating": 5, "tags": ["a"]}
    file_of(one).write_text(json.dumps(whole))
    client_of(server, tmp_path).job("vid_000001").wait(30)
    assert sidecar(tmp_path)["rating"] == 5
    assert sidecar(tmp_path)["tags"] == ["a"]


# Finding.


def test_it_iterates_filters_and_finds(tmp_path: Path) -> None:
    library = Library(tmp_path)
    begun = datetime.now(timezone.utc)
    record(library, fox("in the snow"), id="vid_1", status="completed")
    record(
        library,
        fox("on a hill", model="Sora 2"),
        id="vid_2",
        status="failed",
        error={"message": "too <dark>"},
    )
    record(library, fox("in the Snow"), take=2, id="vid_3", status="queued")
    other = Library(tmp_path)
    assert [one.id for one in other] == ["vid_3", "vid_2", "vid_1"], "newest first"
    assert len(other) == 3
    assert [one.id for one in other.filter(model="Veo 3.0")] == ["vid_3", "vid_1"]
    assert [one.id for one in other.filter(status="failed")] == ["vid_2"]
    assert [one.id for one in other.filter(text="SNOW")] == ["vid_3", "vid_1"]
    assert [one.id for one in other.filter(text="snow", status="queued", model="google/veo-3.0")] == ["vid_3"]
    assert len(other.filter(since=begun)) == 3
    assert other.filter(until=begun) == []
    assert other.filter(since=datetime.now(timezone.utc) + timedelta(minutes=1)) == []
    assert "vid_2" in other
    assert other["vid_2"].error == {"message": "too <dark>"}
    assert other[other["vid_2"].key] is other["vid_2"]
    assert [one.id for one in other[:2]] == [other[0].id, other[1].id] == ["vid_3", "vid_2"]
    assert other[-1].id == "vid_1"
    assert isinstance(other[1:], Records)
    assert other[0] in other
    assert other["vid_3"].key in other
    with pytest.raises(IndexError):
        other[3]
    with pytest.raises(KeyError):
        other["vid_9"]
    assert "vid_3 queued" in repr(other.filter())
    assert repr(other) == f"<Library {str(tmp_path)!r}, 3 jobs>"
    assert repr(Library(tmp_path / "nothing").filter()) == "no jobs"


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("model", "veo", 'Did you mean "Veo 3.0"'),
        ("model", "acme/dream-9", "neither a known one nor that of a video here"),
        ("status", "complete", 'Did you mean "completed"'),
        ("rating", 9, "must be from 1 to 5"),
        ("rating", 0, "must be from 1 to 5"),
        ("rating", float("nan"), "must be from 1 to 5"),
        ("since", "yesterday", 'a text: "2026-11-25"'),
        ("until", 5, "a datetime, a date"),
    ],
)
def test_what_can_find_nothing_is_told(tmp_path: Path, field: str, given: Any, said: str) -> None:
    library = Library(tmp_path)
    record(library, fox(model="acme/dream-1"), id="vid_1", status="completed")
    with pytest.raises(errors.InvalidRequestError, match=f"^{field} is .*{said}") as caught:
        library.filter(**{field: given})
    assert caught.value.field == field
    assert len(library.filter(model="acme/dream-1")) == 1
    assert library.filter(model="Sora 2") == [], "which is one"


def test_a_day_is_its_beginning_also_as_a_text(tmp_path: Path) -> None:
    library = Library(tmp_path)
    one = record(library, fox(), id="vid_1", status="completed")
    day = one.created.astimezone().date()
    for begin in (day, day.isoformat(), one.created.isoformat(), f"{one.created:%Y-%m-%dT%H:%M:%SZ}"):
        assert len(library.filter(since=begin)) == 1
    assert library.filter(until=day) == library.filter(until=f" {day} ") == []
    assert len(library.filter(until=day + timedelta(days=1))) == 1
    assert len(Ledger.of(library).filter(since=day, until=str(day + timedelta(days=1)))) == 1


def test_records_and_the_ledger_are_tables(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path, prices={"Veo 3.0": 0.5}) as client:
        job = client.generate("A fox", model="Veo 3.0", duration=4)
        job.wait(30)
        job.choose(kept=True, rating=4, tags=["fox", "snow"])
        record(client.library, fox("failed"), status="failed", error={"message": "too dark"})
        frame = client.library.to_frame()
        assert list(frame["prompt"]) == ["Fox failed", "A fox"]
        assert list(frame["path"].isna()) == [True, False] and frame["path"][1] == str(job.path)
        assert list(frame["error"].isna()) == [False, True] and frame["error"][0] == "too dark"
        kept = client.library.filter(kept=True).to_frame().iloc[0]
        assert (kept["status"], kept["cost"], kept["rating"]) == ("completed", 2.0, 4)
        assert (kept["tags"], kept["model_name"]) == (["fox", "snow"], "Veo 3.0")
        nothing = client.library.filter(text="nothing").to_frame()
        assert len(nothing) == 0 and list(nothing.columns) == list(frame.columns)
        spent = client.ledger.to_frame()
        assert list(spent.columns) == list(COLUMNS)
        assert spent["dollars"].sum() == 2.0 and len(spent) == len(client.ledger)
        assert len(client.ledger.filter(until="2020-01-01").to_frame()) == 0


def test_without_a_library_of_tables_it_is_said_what_to_install(tmp_path: Path, monkeypatch: Any) -> None:
    for name in ("pandas", "polars", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    library = Library(tmp_path)
    for ask in (library.to_frame, library.filter().to_frame, Ledger.of(library).to_frame):
        with pytest.raises(errors.MissingExtraError, match="pip install pandas"):
            ask()


def test_yesterdays_videos_can_be_worked_with(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path, prices={"Veo 3.0": 0.5}) as client:
        made = client.generate("A fox", model="Veo 3.0", duration=4).wait(30)
    (tmp_path / "other").mkdir()
    other = record(Library(tmp_path / "other"), fox(), id="vid_9", status="completed")
    foreign = record(Library(tmp_path), fox("of another"), service="https://a.example", status="queued")
    lost = record(Library(tmp_path), fox("lost"), id="vid_8", status="completed", service=server.url)
    before = len(server.requests)
    with client_of(server, tmp_path, resume=False) as client:
        (one,) = [each for each in client.library.filter(status="completed") if each.prompt == "A fox"]
        assert one.video == made
        assert (one.video.prompt, one.video.model) == ("A fox", "google/veo-3.0")
        assert (lost.video, foreign.video) == (None, None)
        job = client.job(one)
        assert job is client.job(one) and job.video == made
        assert (job.prompt, job.model, job.path, job.cost) == (one.prompt, one.model, one.path, one.cost)
        assert (job.prompt, job.path, job.cost) == ("A fox", made.path, 2.0)
        job.choose(kept=True, rating=4)
        assert client.library[one.key].rating == client.job(one).rating == 4, "of a record of before, too"
        with pytest.raises(errors.InvalidRequestError, match="of another library"):
            client.job(other)
        other_job = client.job(foreign)
        assert other_job.done and (other_job.status, other_job.video) == ("queued", None)
        with pytest.raises(errors.JobStoppedError, match=r"of another service: https://a\.example"):
            other_job.wait(1)
        assert client.job(lost).done and client.job(lost).video is None
        assert 0 < scores.duration_right(one) == scores.duration_right(job) == scores.duration_right(made)
        assert Video.join([one, job]).duration == pytest.approx(2 * made.duration, abs=0.1)
        with pytest.raises(errors.InvalidRequestError, match="which has no video"):
            Video.join([one, lost])
        with pytest.raises(errors.InvalidRequestError, match="which has no video"):
            scores.duration_right(lost)
        with pytest.raises(errors.InvalidRequestError, match="must be a Video, a Clip, a job or a record"):
            scores.duration_right(5)  # type: ignore[arg-type]
    assert len(server.requests) == before, "nothing was asked"


def test_what_another_process_wrote_is_seen(tmp_path: Path) -> None:
    mine, theirs = Library(tmp_path), Library(tmp_path)
    assert len(mine) == 0
    one = record(theirs, fox(), id="vid_1", status="queued")
    assert mine["vid_1"].status == "queued"
    theirs.write(changed(one, status="completed"))
    assert mine["vid_1"].status == "completed"
    file_of(one).unlink()
    assert "vid_1" not in mine


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"version": 1}', b'{"version": "x"}', b'{"version": 1, "request": 5}',
     b'{"version": 1, "key": "k", "status": "queued", "take": 1, "attempt": 1, "service": "s", "created": "soon", "request": {}}'],
)  # fmt: skip
def test_a_damaged_sidecar_is_set_aside_and_hides_no_other(tmp_path: Path, damage: bytes) -> None:
    library = Library(tmp_path)
    record(library, fox(), id="vid_1", status="completed")
    (tmp_path / "broken-12345678.json").write_bytes(damage)
    with pytest.warns(UserWarning, match=r"broken-12345678\.json is damaged"):
        assert [one.id for one in library] == ["vid_1"]
    assert (tmp_path / "broken-12345678.json.damaged").read_bytes() == damage
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(library) == 1


def test_a_sidecar_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "later-12345678.json"
    file.write_text('{"version": 4, "whatever": true}')
    assert len(Library(tmp_path)) == 0
    assert file.read_text() == '{"version": 4, "whatever": true}'


def test_other_files_in_the_folder_are_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "film.mp4").write_bytes(b"mine")
    assert len(Library(tmp_path)) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "film.mp4"}


def test_a_folder_that_cannot_be_made_is_said(server: FaultServer) -> None:
    with pytest.raises(errors.LibraryError, match="cannot be used"):
        client_of(server, Path("/proc/runcrate")).generate(fox())
    assert server.requests == []


# One job for one request.


def test_running_a_cell_again_is_free(server: FaultServer, tmp_path: Path) -> None:
    first = client_of(server, tmp_path).generate(fox())
    video = first.wait(30)
    client = client_of(server, tmp_path)
    again = client.generate("Fox ", model="google/veo-3.0", duration=6)
    assert again.reused
    assert again.done
    assert again.wait().path == video.path
    assert "from the library" in repr(again)
    assert server.count("submit") == 1
    takes = [client.generate(fox(), take=n) for n in range(1, 4)]
    assert all(one.wait(30) for one in takes)
    assert server.count("submit") == 3
    assert [client.generate(fox(), take=n).id for n in range(1, 4)] == [one.id for one in takes]
    assert server.count("submit") == 3


def test_a_job_that_is_running_comes_back_too(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 20
    client = client_of(server, tmp_path)
    jobs = [client.generate(fox()) for _ in range(5)]
    jobs.append(client_of(server, tmp_path).generate(fox()))
    assert len(set(map(id, jobs))) == 1
    assert jobs[0].wait(30)
    assert server.count("submit") == 1


def test_one_that_failed_is_sent_anew_and_an_unconfirmed_one_is_not(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults.update(submit=[made(reset)], poll=[status("failed", error="too dark")])
    client = client_of(server, tmp_path)
    for _ in range(3):
        with pytest.raises(errors.JobUnconfirmedError):
            client_of(server, tmp_path).generate(fox()).wait(30)
    assert server.count("submit") == 1
    again = client.generate(fox()).resubmit()
    with pytest.raises(errors.JobFailedError, match="too dark"):
        again.wait(30)
    assert server.count("submit") == 2
    lost = client.generate(fox())
    with pytest.raises(errors.JobUnconfirmedError):  # nothing came of the second; the first may be there
        lost.wait(30)
    assert server.count("submit") == 2
    lost.cancel()
    anew = client.generate(fox())
    assert anew.wait(30)
    assert not anew.reused
    assert anew.record.attempt == 3
    assert client.generate(fox()).wait(30).path == anew.record.path
    assert server.count("submit") == 3


def test_sending_again_twice_sends_once(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reset]
    job = client_of(server, tmp_path).generate(fox())
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    assert job.resubmit() is job.resubmit()
    assert job.resubmit().wait(30)
    assert server.count("submit") == 2


def test_an_id_is_not_adopted_twice(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [made(reset)]
    client = client_of(server, tmp_path)
    lost = client.generate(fox("lost"))
    with pytest.raises(errors.JobUnconfirmedError):
        lost.wait(30)
    assert client.generate(fox("other")).wait(30).id == "vid_000002"
    with pytest.raises(errors.JobError, match="another job"):
        lost.adopt("vid_000002")
    lost.adopt("vid_000001")
    assert lost.wait(30).path == lost.record.path


def test_a_hundred_threads_that_ask_for_the_same_send_once(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    ready = threading.Barrier(20)
    jobs: list[VideoJob] = []

    def ask() -> None:
        ready.wait()
        jobs.extend(client.generate(fox()) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(jobs) == 100
    assert len(set(map(id, jobs))) == 1
    assert jobs[0].wait(30)
    assert server.count("submit") == 1


def test_another_service_and_the_demo_are_other_jobs(server: FaultServer, tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as other:
        one = client_of(server, tmp_path).generate(fox())
        two = client_of(other, tmp_path).generate(fox())
        assert one.wait(30).path != two.wait(30).path
        assert (len(server.jobs), len(other.jobs)) == (1, 1)


# Going on.


def left_behind(server: FaultServer, folder: Path, **fields: Any) -> Record:
    """What a process that was killed has left: a job that the service has."""
    server.jobs["vid_000001"] = 1
    return record(
        Library(folder), fox(), **{"service": server.url, "id": "vid_000001", "status": "queued", **fields}
    )


def test_a_new_client_takes_up_what_is_unfinished(server: FaultServer, tmp_path: Path) -> None:
    one = left_behind(server, tmp_path)
    (job,) = client_of(server, tmp_path).unfinished()
    assert job.wait(30).path == one.path
    assert server.count("submit") == 0
    assert sidecar(tmp_path)["status"] == "completed"


def test_what_is_asked_for_while_the_library_is_read_is_nothing_that_was_left(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.polls = 10**6
    left_behind(server, tmp_path)
    read, tidy = threading.Event(), Library.tidy

    def later(library: Library) -> None:
        assert read.wait(60)
        tidy(library)

    monkeypatch.setattr(Library, "tidy", later)
    with client_of(server, tmp_path) as client:
        job, sent = client.generate("An owl", model="Veo 3.0"), threading.Event()
        job.observe(lambda _: sent.set() if job.id else None)
        assert job.id or sent.wait(60)
        read.set()
        (left,) = client.unfinished()
        assert (left.id, left is job) == ("vid_000001", False)


def test_a_new_widget_shows_what_is_unfinished(server: FaultServer, tmp_path: Path) -> None:
    left_behind(server, tmp_path)
    shown = threading.Event()
    widget = VideoWidget(client=client_of(server, tmp_path))
    widget.observe(
        lambda change: (
            shown.set() if any(row["status"] == "completed" for row in change["new"]["rows"]) else None
        ),
        "_first",
    )
    assert shown.wait(60) or widget._first["rows"][0]["status"] == "completed"
    assert [job.id for job in widget.jobs] == ["vid_000001"]


def test_a_cell_that_is_run_again_after_a_restart_gets_the_same_job(
    server: FaultServer, tmp_path: Path
) -> None:
    one = left_behind(server, tmp_path)
    assert client_of(server, tmp_path).generate(fox()).wait(30).path == one.path
    assert server.count("submit") == 0


def test_a_download_that_was_cut_off_is_continued(server: FaultServer, tmp_path: Path) -> None:
    one = left_behind(server, tmp_path)
    sink = Library(tmp_path).receive(one)
    sink.begin(Whole(len(VIDEO)))
    sink.write(VIDEO[:1000])
    sink.finish()
    (job,) = client_of(server, tmp_path).unfinished()
    assert job.wait(30).read_bytes() == VIDEO
    assert [request.headers.get("range") for request in server.requests if request.step == "download"] == [
        "bytes=1000-"
    ]


def test_a_submit_that_was_cut_off_is_unconfirmed(server: FaultServer, tmp_path: Path) -> None:
    record(Library(tmp_path), fox(), service=server.url, status="submitting")
    client = client_of(server, tmp_path)
    (job,) = client.unfinished()
    with pytest.raises(errors.JobUnconfirmedError, match="not known whether"):
        job.wait(30)
    assert client.generate(fox()) is job
    assert server.requests == []
    assert sidecar(tmp_path)["status"] == "unconfirmed"


def test_what_was_never_sent_is_sent_only_when_somebody_asks(server: FaultServer, tmp_path: Path) -> None:
    record(Library(tmp_path), fox(), service=server.url, status="waiting")
    client = client_of(server, tmp_path)
    assert client.unfinished() == []
    assert server.requests == []
    assert client.generate(fox()).wait(30)
    assert server.count("submit") == 1


def test_a_video_whose_file_is_gone_is_fetched_again(server: FaultServer, tmp_path: Path) -> None:
    video = client_of(server, tmp_path).generate(fox()).wait(30)
    video.path.unlink()
    again = client_of(server, tmp_path).generate(fox())  # the same object, or one made from the record
    assert again.wait(30).read_bytes() == VIDEO
    again.wait().path.unlink()
    again.resume()
    assert again.wait(30).read_bytes() == VIDEO
    assert server.count("submit") == 1


def test_a_video_that_was_cut_short_is_fetched_again_while_its_job_is_held(
    server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path)
    job = client.generate(fox())
    path = job.wait(30).path
    for left in (0, 300):
        path.write_bytes(VIDEO[:left])
        assert client.generate(fox()).wait(30).read_bytes() == VIDEO
    assert (server.count("submit"), server.count("download")) == (1, 3)


def test_any_job_by_its_id(server: FaultServer, tmp_path: Path) -> None:
    server.jobs["vid_foreign"] = 2
    client = client_of(server, tmp_path)
    job = client.job(" vid_foreign ")
    assert client.job("vid_foreign") is job
    video = job.wait(30)
    assert video.path.name == f"video-{job.key}.mp4"
    assert "vid_foreign completed" in repr(job)
    assert repr(video)
    assert client_of(server, tmp_path).job("vid_foreign").wait().path == video.path
    assert server.count("submit") == 0
    with pytest.raises(errors.InvalidRequestError):
        client.job("")


def test_a_job_that_was_stopped_goes_on_with_a_client_whose_key_is_right(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["poll"] = [reply(401)] * 3
    job = client_of(server, tmp_path).generate(fox())
    with pytest.raises(errors.JobStoppedError, match="401"):
        job.wait(30)
    server._faults["poll"].clear()
    assert client_of(server, tmp_path).generate(fox()) is job
    assert job.wait(30)


PROCESS = f"""
import sys
from runcrate_widget import VideoClient
from runcrate_widget.jobs import polling, run
polling.SHORTEST, run._LOOK_EVERY = 0.01, 0.05
client = VideoClient({KEY!r}, base_url=sys.argv[1], library=sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
job = client.generate("Fox", model="Veo 3.0")
print(job.wait(60).path, flush=True)
"""


def test_of_two_processes_one_submits_and_the_other_looks_on(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10
    command = [sys.executable, "-c", PROCESS, server.url, str(tmp_path)]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    paths = {process.communicate(timeout=60)[0].strip() for process in both}
    assert len(paths) == 1
    assert server.count("submit") == 1
    assert not list(tmp_path.glob("*.lock"))


# Limits.


def test_a_limit_in_seconds_refuses_what_goes_over_it(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_seconds=12)
    client.generate(fox(1), take=1).wait(30)
    client.generate(fox(1), take=1)
    client.generate(fox(2))
    with pytest.raises(
        errors.SpendingLimitError,
        match="max_seconds is 12 s: 12 s of it is taken, and this video would take 6 s more",
    ):
        client.generate(fox(3))
    assert client.generate(fox(2)).wait(30), "what is there already costs nothing"
    with pytest.raises(errors.SpendingLimitError, match="not known"):
        client.generate(VideoRequest("Fox", model="acme/dream"))
    assert server.count("submit") == 2


def test_a_limit_in_dollars_needs_a_price(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_cost=5.0, prices={"Veo 3.0": 0.4})
    client.generate(fox(1)).wait(30)
    client.generate(fox(2)).wait(30)
    with pytest.raises(errors.SpendingLimitError, match=r"max_cost is \$5\.00: \$4\.80 of it is taken"):
        client.generate(fox(3))
    with pytest.raises(errors.SpendingLimitError, match="prices="):
        client.generate(fox(model="Sora 2"))
    assert server.count("submit") == 2


def test_a_hundred_at_once_do_not_go_over_a_limit(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_seconds=60, max_concurrent=100)
    refused: list[Exception] = []
    jobs: list[VideoJob] = []

    def ask(n: int) -> None:
        try:
            jobs.append(client.generate(fox(n)))
        except errors.SpendingLimitError as error:
            refused.append(error)

    threads = [threading.Thread(target=ask, args=[n]) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(jobs), len(refused)) == (10, 90)
    assert all(job.wait(60) for job in jobs)
    assert len(server.jobs) == 10


def test_a_limit_counts_what_is_asked_for_from_now_on_or_in_a_period(
    server: FaultServer, tmp_path: Path
) -> None:
    client_of(server, tmp_path).generate(fox(1)).wait(30)
    client_of(server, tmp_path, max_seconds=6).generate(fox(2)).wait(30)
    day = client_of(server, tmp_path, max_seconds=18, limit_period=timedelta(days=1))
    day.generate(fox(3)).wait(30)
    with pytest.raises(errors.SpendingLimitError, match="18 s of it is taken"):
        day.generate(fox(4))


def test_what_was_refused_or_never_sent_counts_for_nothing(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reply(422), reply(402)]
    client = client_of(server, tmp_path, max_seconds=6)
    for n in range(2):
        with pytest.raises(errors.JobFailedError):
            client.generate(fox(n)).wait(30)
    assert client.generate(fox("last")).wait(30)


@pytest.mark.parametrize("option", ["max_seconds", "max_cost"])
@pytest.mark.parametrize("value", [-1, "6", True, float("nan")])
def test_a_limit_that_is_none_is_refused(
    server: FaultServer, tmp_path: Path, option: str, value: Any
) -> None:
    with pytest.raises(errors.InvalidRequestError, match=option):
        client_of(server, tmp_path, **{option: value})


def test_ten_thousand_jobs_open(tmp_path: Path) -> None:
    # How quick it is, tests/bench/library.py says; here that all of them are found, and read once.
    library = Library(tmp_path)
    template = record(library, fox(), id="vid_0", status="completed")
    for n in range(1, 2000):
        fields = json.loads(write_record(template)) | {"id": f"vid_{n}", "key": f"{n:08x}"}
        (tmp_path / f"fox-{n:08x}.json").write_text(json.dumps(fields))
    other = Library(tmp_path)
    assert len(other) == 2000
    assert other["vid_1999"] is other["vid_1999"]


class LibraryMachine(RuleBasedStateMachine):
    """Whatever is done through two handles on one folder, in whatever order: both show what was done last."""

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.handles = self.opened()
        self.model: dict[str, dict[str, Any]] = {}

    def opened(self) -> list[Library]:
        return [Library(self.place.name), Library(self.place.name)]

    def remove(self, record: Record) -> None:
        file_of(record).unlink()

    def put_rubbish(self, content: bytes) -> None:
        (Path(self.place.name) / "rubbish.json").write_bytes(content)

    @rule(n=st.integers(0, 3), take=st.integers(1, 2), attempt=st.integers(1, 2), by=st.integers(0, 1))
    def create(self, n: int, take: int, attempt: int, by: int) -> None:
        made, lock, _ = self.handles[by].create(fox(n), take, attempt, HERE)
        assert lock is not None
        lock.release()
        self.model.setdefault(
            made.key, {"status": "waiting", "id": None, "n": n, "take": take, "attempt": attempt}
        )

    @rule(
        data=st.data(),
        status=st.sampled_from(["submitting", "queued", "completed", "failed"]),
        by=st.integers(0, 1),
    )
    def update(self, data: st.DataObject, status: str, by: int) -> None:
        if self.model:
            key = data.draw(st.sampled_from(sorted(self.model)))
            self.handles[by].write(changed(self.handles[by][key], status=status, id=f"vid_{key}"))
            self.model[key] |= {"status": status, "id": f"vid_{key}"}

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if self.model:
            key = data.draw(st.sampled_from(sorted(self.model)))
            self.remove(self.handles[0][key])
            del self.model[key]

    @rule(text=st.binary(max_size=20))
    def rubbish(self, text: bytes) -> None:
        self.put_rubbish(b"?" + text)
        with pytest.warns(UserWarning, match="damaged"):
            len(self.handles[0])

    @invariant()
    def both_show_what_was_done(self) -> None:
        for handle in self.handles:
            found = {one.key: (one.status, one.id) for one in handle}
            assert found == {key: (one["status"], one["id"]) for key, one in self.model.items()}
        for n in range(4):
            for take in (1, 2):
                mine = [one for one in self.model.values() if (one["n"], one["take"]) == (n, take)]
                current = self.handles[1].current(fox(n), take, HERE)
                worth = {"failed": 0, "waiting": 1}
                best = max(((worth.get(one["status"], 2), one["attempt"]) for one in mine), default=(0, None))
                assert (current.attempt if current else None) == best[1]

    def teardown(self) -> None:
        assert not list(Path(self.place.name).glob("*.lock"))
        assert not list(Path(self.place.name).glob(".*"))
        self.place.cleanup()


LibraryMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestLibrary = LibraryMachine.TestCase


class BucketMachine(LibraryMachine):
    """The same in a bucket: two handles that know nothing of each other's writing, as in two processes."""

    numbers = itertools.count()

    def opened(self) -> list[Library]:
        url = f"memory://machine/{os.getpid()}-{next(self.numbers)}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RUNCRATE_CACHE", self.place.name)
            handles = [Library(url), Library(url)]
            handles[1].store = CloudStore(url)
        self.bucket = handles[1].store.bucket
        return handles

    def remove(self, record: Record) -> None:
        self.bucket.delete(f"records/{record.name}.json")

    def put_rubbish(self, content: bytes) -> None:
        self.bucket.put("records/rubbish.json", content)

    def teardown(self) -> None:
        for handle in self.handles:
            assert isinstance(handle.store, CloudStore)
            handle.store._leases.end()
        assert [*self.bucket.list("leases/"), *self.bucket.list("alive/")] == []
        self.place.cleanup()


BucketMachine.TestCase.settings = LibraryMachine.TestCase.settings
TestBucket = BucketMachine.TestCase


def test_the_folder_is_beside_the_notebook_wherever_a_cell_has_gone(tmp_path: Path) -> None:
    code = (
        "import os; from runcrate_widget.library.library import Library; os.mkdir('data'); os.chdir('data'); "
        "print(Library().folder); print(Library('mine').folder)"
    )
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    assert ran.stdout.split() == [str(tmp_path / "runcrate_videos"), str(tmp_path / "mine")], ran.stderr
