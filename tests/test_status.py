"""The one transition: which moves there are, what they write, and what people see of them."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, client_of, made, reply, reset, status
from hypothesis import given
from hypothesis import strategies as st

from runcrate_widget import VideoJob, VideoRequest, errors
from runcrate_widget.jobs.loop import at_once, in_place
from runcrate_widget.jobs.status import MOVES, Move, make_move, moved
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import (
    JobStatus,
    Record,
    now,
    read_record,
    write_record,
)
from runcrate_widget.library.timeline import MOMENTS, Timeline

pytestmark = pytest.mark.usefixtures("quick")

REQUEST = VideoRequest("A fox", model="Veo 3.0", extra={"seed": 3})


def record(at: JobStatus = JobStatus.WAITING, **fields: Any) -> Record:
    fields = {"timeline": Timeline(created=now()), **fields}
    return Record(
        "a-fox-12345678", Path("nowhere"), "12345678", REQUEST, 1, 1, "https://s", status=at, **fields
    )


# The moves.


def test_every_status_has_its_moves_and_can_be_reached() -> None:
    assert set(MOVES) == set(JobStatus)
    reached = {JobStatus.WAITING}.union(*MOVES.values())
    assert reached == set(JobStatus)


@pytest.mark.parametrize("to", JobStatus)
@pytest.mark.parametrize("at", JobStatus)
def test_a_move_that_is_not_in_the_table_is_an_error(at: JobStatus, to: JobStatus) -> None:
    before = record(at)
    if to in MOVES[at]:
        assert moved(before, Move(to)).status is to
    else:
        with pytest.raises(errors.ImpossibleMoveError, match=f"A job that is {at} cannot become {to}"):
            moved(before, Move(to))
    assert before.status is at, "a record does not change"


@given(st.lists(st.integers(0, 4), max_size=12))
def test_however_a_job_goes_its_moments_are_in_order_and_nothing_is_lost(choices: list[int]) -> None:
    one = record(unknown={"rating": 5})
    for choice in choices:
        following = sorted(MOVES[one.status])
        if not following:
            break
        to = following[choice % len(following)]
        one = moved(one, Move(to, polls=2, facts={"id": "vid_1"} if to is JobStatus.QUEUED else {}))
        assert one.status is to
        ended = to in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.UNCONFIRMED, JobStatus.CANCELLED)
        assert (one.timeline.ended is not None) == ended
    first = [getattr(one.timeline, name) for name in ("created", "sent", "submitted", "ready", "downloaded")]
    seen = [moment for moment in first if moment is not None]
    assert seen == sorted(seen)
    assert one.timeline.polls % 2 == 0
    again = read_record(one.name, one.folder, write_record(one))
    assert again is not None
    assert (again.status, again.id, again.timeline) == (one.status, one.id, one.timeline)
    assert (again.request, again.unknown) == (REQUEST, {"rating": 5})


def test_an_id_that_is_given_by_hand_is_a_move_of_its_own() -> None:
    facts = {"id": "vid_7", "adopted": now()}
    for at in (JobStatus.UNCONFIRMED, JobStatus.FAILED, JobStatus.PROCESSING):
        one = moved(record(at), Move(JobStatus.QUEUED, facts=facts))
        assert (one.id, one.status) == ("vid_7", JobStatus.QUEUED)
        assert one.timeline.submitted is None, "when the service took it is not known"
    for at in (JobStatus.WAITING, JobStatus.CANCELLED, JobStatus.COMPLETED):
        with pytest.raises(errors.ImpossibleMoveError):
            moved(record(at), Move(JobStatus.QUEUED, facts=facts))


class Nobody:
    """Looks after jobs that nobody carries."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def made_in(folder: Path) -> tuple[Library, VideoJob]:
    library = Library(folder)
    one, lease, _ = library.create(REQUEST, 1, 1, "https://s")
    assert lease is not None
    lease.release()
    return library, VideoJob(one, Nobody())


def test_a_move_writes_the_record_and_then_tells_the_traits(tmp_path: Path) -> None:
    library, job = made_in(tmp_path)
    told: list[tuple[str, str]] = []

    def look(change: dict[str, Any]) -> None:
        on_disk = json.loads(next(tmp_path.glob("*.json")).read_bytes())
        told.append((change["new"], on_disk["status"]))

    job.observe(look, "status")
    at_once(make_move(job, library, Move(JobStatus.SUBMITTING), in_place))
    at_once(make_move(job, library, Move(JobStatus.QUEUED, facts={"id": "vid_1"}), in_place))
    assert told == [("submitting", "submitting"), ("queued", "queued")]
    assert (job.id, job.record.id) == ("vid_1", "vid_1")
    with pytest.raises(errors.ImpossibleMoveError):
        at_once(make_move(job, library, Move(JobStatus.WAITING), in_place))
    assert told[-1] == ("queued", "queued")
    assert job.status == "queued"


def test_a_record_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    library, job = made_in(tmp_path / "videos")
    (tmp_path / "videos" / f"{job.record.name}.json").unlink()
    (tmp_path / "videos").rmdir()
    (tmp_path / "videos").write_text("in the way")
    with pytest.raises(errors.LibraryError):
        at_once(make_move(job, library, Move(JobStatus.SUBMITTING, must=True), in_place))
    assert job.record.status is JobStatus.WAITING, "undone"
    at_once(make_move(job, library, Move(JobStatus.SUBMITTING), in_place))
    at_once(make_move(job, library, Move(JobStatus.QUEUED, facts={"id": "vid_1"}), in_place))
    assert job.status == "queued", "the service has it: it goes on"
    assert "Note down the id: vid_1" in job.note
    assert "Note down the id: vid_1" in caplog.text


# The status itself.


def test_a_status_is_the_word_that_the_api_has() -> None:
    for one in JobStatus:
        assert one == one.value
        assert (repr(one), str(one), f"{one}", f"{one:>12}") == (
            repr(one.value), one.value, one.value, f"{one.value:>12}",
        )  # fmt: skip
        assert json.dumps({"status": one}) == json.dumps({"status": one.value})
        assert JobStatus(one.value) is one
    assert isinstance(VideoJob(record(), Nobody()).status, JobStatus)


# The moments, in a real job.


def test_every_moment_of_a_job_is_on_its_record(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 3
    job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
    job.wait(30)
    line = job.timeline
    moments = [getattr(line, name) for name in MOMENTS]
    assert None not in moments
    assert moments == sorted(moments)
    assert line.downloaded == line.ended
    assert line.polls == server.count("poll") == 4
    assert line.made_in is not None
    assert 0 < line.made_in == (line.ready - line.submitted).total_seconds()  # type: ignore[operator]
    assert line.unseen is not None
    assert line.unseen < line.made_in
    on_disk = json.loads(next(tmp_path.glob("*.json")).read_bytes())
    assert {name: datetime.fromisoformat(on_disk[name]) for name in MOMENTS} == dict(
        zip(MOMENTS, moments, strict=True)
    )
    said = repr(line)
    assert all(name in said for name in MOMENTS)
    assert "4 polls" in said
    assert (job.started, job.ended) == (line.created.timestamp(), line.ended.timestamp())  # type: ignore[union-attr]


def test_made_in_leaves_out_our_own_queue(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 8
    client = client_of(server, tmp_path, max_concurrent=1)
    first, second = (client.generate("A fox", model="Veo 3.0", take=take) for take in (1, 2))
    first.wait(30)
    second.wait(30)
    assert first.timeline.made_in
    assert second.timeline.made_in
    assert second.timeline.waited
    assert second.timeline.waited >= first.timeline.made_in, "it was sent after the first was made"
    assert second.timeline.made_in <= second.elapsed - second.timeline.waited


def test_how_long_it_took_is_not_known_where_nobody_looked() -> None:
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    line = Timeline(created=begin, submitted=begin, ready=begin + timedelta(hours=9), unseen=1.0)
    assert line.made_in == 9 * 3600
    assert replace(line, unseen=8 * 3600.0).made_in is None, "a laptop slept"
    assert replace(line, unseen=None).made_in is None
    assert replace(line, submitted=None).made_in is None


def test_what_is_taken_up_later_says_for_how_long_nobody_looked(server: FaultServer, tmp_path: Path) -> None:
    library = Library(tmp_path)
    one, lease, _ = library.create(REQUEST, 1, 1, server.url)
    assert lease is not None
    long_ago = now() - timedelta(hours=2)
    line = Timeline(created=long_ago, sent=long_ago, submitted=long_ago)
    library.write(replace(one, id="vid_000001", status=JobStatus.QUEUED, timeline=line))
    lease.release()
    server.jobs["vid_000001"] = 0
    (job,) = client_of(server, tmp_path).unfinished()
    job.wait(30)
    assert job.timeline.unseen == pytest.approx(7200, abs=60)
    assert job.timeline.made_in is None


def test_the_queue_and_the_making_are_told_apart(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 2
    job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
    job.wait(30)
    line = job.timeline
    assert line.queued_for is not None and line.making is not None
    assert line.queued_for > 0 and line.making > 0
    assert line.queued_for + line.making == pytest.approx(line.made_in)
    assert replace(line, unseen=3600.0).making is None
    assert replace(line, processing=None).queued_for is None


def test_when_it_began_is_not_known_where_nobody_looked() -> None:
    seen = moved(record(JobStatus.QUEUED), Move(JobStatus.PROCESSING, unseen=5.0))
    assert seen.timeline.processing is not None
    for unseen in (8.0, 600.0):  # a schedule that waits for what is usual, and a laptop that slept
        blind = moved(record(JobStatus.QUEUED), Move(JobStatus.PROCESSING, unseen=unseen))
        assert blind.status is JobStatus.PROCESSING
        assert blind.timeline.processing is None


def test_who_waits_for_a_turn_is_not_called_blind(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 30
    client = client_of(server, tmp_path, max_concurrent=1)
    first, second = (client.generate("A fox", model="Veo 3.0", take=take) for take in (1, 2))

    def go_on(change: Any) -> None:
        if change["new"] == "processing":
            server.polls = 0  # the second is done when it is asked for first

    first.observe(go_on, "status")
    first.wait(30)
    second.wait(30)
    assert second.timeline.unseen is not None and second.timeline.waited is not None
    assert second.timeline.unseen < second.timeline.waited / 2


# The error's kind.


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ({"submit": [reply(422)]}, "refused"),
        ({"submit": [reply(402)]}, "credits"),
        ({"submit": [reply(401)]}, "key"),
        ({"submit": [reply(403)]}, "permission"),
        ({"submit": [made(reset)]}, "unconfirmed"),
        ({"poll": [status("failed", error="too dark")]}, "failed"),
    ],
)
def test_the_kind_of_an_error_is_recorded_and_told(
    server: FaultServer, tmp_path: Path, faults: dict[str, Any], kind: str
) -> None:
    server._faults.update(faults)
    job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
    with pytest.raises(errors.JobError) as caught:
        job.wait(30)
    assert caught.value.kind == kind
    assert job.error is not None
    assert job.error.kind == kind
    assert json.loads(next(tmp_path.glob("*.json")).read_bytes())["error"]["kind"] == kind
    (found,) = Library(tmp_path)
    assert found.error is not None
    assert found.error["kind"] == kind


# Records of the first version, and damaged ones.

FIRST_VERSION = {
    "version": 1,
    "key": "?",
    "id": "vid_000001",
    "status": "queued",
    "request": {
        "model": "google/veo-3.0",
        "prompt": "A fox",
        "duration": 6,
        "aspect_ratio": "16:9",
        "seed": 3,
    },
    "take": 1,
    "attempt": 1,
    "service": "?",
    "created": "2026-01-01T10:00:00.000000+00:00",
    "ended": None,
    "error": None,
    "answer": {"id": "vid_000001", "status": "queued"},
    "rating": 5,
}


def test_a_library_of_the_first_version_is_read_and_gone_on_with(server: FaultServer, tmp_path: Path) -> None:
    # The name is what version 1 gave it: it must be found by that for ever.
    one, lease, _ = Library(tmp_path).create(REQUEST, 1, 1, server.url)
    assert lease is not None
    lease.release()
    old = tmp_path / f"{one.name}.json"
    old.write_text(json.dumps({**FIRST_VERSION, "key": one.key, "service": server.url}))
    server.jobs["vid_000001"] = 0
    client = client_of(server, tmp_path, resume=False)
    job = client.generate(REQUEST)
    assert job.reused
    assert job.request == REQUEST
    job.wait(30)
    assert server.count("submit") == 0
    fields = json.loads(old.read_bytes())
    assert (fields["version"], fields["rating"], fields["request"]["extra"]) == (2, 5, {"seed": 3})
    assert (fields["created"], fields["status"]) == (FIRST_VERSION["created"], "completed")


def test_the_demo_s_records_of_the_first_version_are_marked() -> None:
    fields = {**FIRST_VERSION, "service": "demo", "status": "completed", "ended": "2026-01-01T10:01:00+00:00"}
    one = read_record("a", Path(), json.dumps(fields).encode())
    assert one is not None
    assert one.demo
    assert one.timeline.downloaded == one.timeline.ended == datetime(2026, 1, 1, 10, 1, tzinfo=timezone.utc)
    assert one.timeline.made_in is None, "it was not recorded"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(json.loads(write_record(record())))), JSON)
def test_whatever_stands_in_a_field_a_record_is_read_or_refused(field: str, value: Any) -> None:
    fields = {**json.loads(write_record(record())), field: value}
    try:
        one = read_record("a", Path(), json.dumps(fields).encode())
    except ValueError:
        return
    if one is not None:
        repr(one), repr(one.timeline), write_record(one)
        assert isinstance(one.status, JobStatus)
        assert one.timeline.created.tzinfo is not None


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"version": null}', b'{"version": 2, "polls": NaN}', b"1e999"]
)
def test_json_that_is_meant_badly_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_record("a", Path(), content)


def test_the_key_is_not_in_what_a_refusal_says(server: FaultServer, tmp_path: Path, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    server._faults["submit"] = [reply(401, {"error": {"message": f"bad key {KEY}"}})]
    with pytest.raises(errors.JobFailedError) as caught:
        client_of(server, tmp_path).generate("A fox", model="Veo 3.0").wait(30)
    assert KEY not in f"{caught.value}{caplog.text}{next(tmp_path.glob('*.json')).read_text()}"
