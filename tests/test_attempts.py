"""Of several attempts at one take the one that counts: a video that is there, or may be, is not paid again."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of, made, reply, status
from test_earlier import wait_for_job
from test_rows import View
from videos import small_mp4

from runcrate_widget import VideoClient, VideoJob, VideoRequest, VideoWidget, errors
from runcrate_widget.library.attempts import standing
from runcrate_widget.library.library import Library
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.record import JobStatus, Record, write_record

pytestmark = pytest.mark.usefixtures("quick")

Again = Callable[[VideoClient], VideoClient]


def end(job: VideoJob) -> str:
    with contextlib.suppress(errors.JobError):
        job.wait(30)
    return job.status


@pytest.fixture
def lost(server: FaultServer, tmp_path: Path) -> tuple[VideoClient, VideoJob, VideoJob]:
    """A job whose answer was lost, and a second attempt that was refused: of which nothing was made."""
    server._faults["submit"] = [made(reply(500)), reply(402)]
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    assert end(job) == "unconfirmed"
    second = job.resubmit()
    assert end(second) == "failed"
    return client, job, second


@pytest.fixture(params=["in the same kernel", "in the next one"])
def again(request: Any, server: FaultServer, tmp_path: Path) -> Again:
    def next_one(client: VideoClient) -> VideoClient:
        client.close()
        gc.collect()
        return client_of(server, tmp_path)

    return next_one if request.param == "in the next one" else lambda client: client


def test_a_video_is_not_paid_again_because_a_later_attempt_was_refused(
    lost: tuple[VideoClient, VideoJob, VideoJob], again: Again, server: FaultServer
) -> None:
    client, job, second = lost
    job.adopt("vid_000001")
    path = job.wait(30).path
    client = again(client)
    found = client.generate("A fox", model="Veo 3.0")
    assert found.reused
    assert found.wait(30).path == path
    assert (server.count("submit"), len(server.jobs)) == (2, 1)
    same = next(one for one in client.library if one.attempt == 2)
    assert client._look_up(same).resubmit().wait(30).path == path, "nor if the refused one is sent again"
    assert server.count("submit") == 2
    del second


def test_an_unconfirmed_job_is_not_sent_anew_because_a_later_attempt_was_refused(
    lost: tuple[VideoClient, VideoJob, VideoJob], again: Again, server: FaultServer
) -> None:
    client, first, second = lost
    client = again(client)
    job = client.generate("A fox", model="Veo 3.0")
    assert end(job) == "unconfirmed"
    assert (job.key, server.count("submit")) == (first.key, 2)
    # The person decides: it is sent again, under a number of its own.
    third = job.resubmit()
    assert third.record.attempt == 3
    assert end(third) == "completed"
    assert job.resubmit() is third, "once"
    assert client.generate("A fox", model="Veo 3.0") is third
    assert server.count("submit") == 3
    del second


def test_one_that_was_given_up_is_sent_anew(
    lost: tuple[VideoClient, VideoJob, VideoJob], server: FaultServer
) -> None:
    client, job, _ = lost
    job.cancel()
    with pytest.raises(errors.JobCancelledError):
        job.wait()
    anew = client.generate("A fox", model="Veo 3.0")
    assert end(anew) == "completed"
    assert (anew.record.attempt, server.count("submit")) == (3, 3)


def test_an_id_that_was_a_wrong_one_counts_as_failed(server: FaultServer, tmp_path: Path) -> None:
    server._faults.update(submit=[made(reply(500))], poll=[status("failed", error="not yours")])
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    assert end(job) == "unconfirmed"
    job.adopt("vid_wrong")
    assert end(job) == "failed"
    assert end(client.generate("A fox", model="Veo 3.0")) == "completed"
    assert server.count("submit") == 2


def test_in_the_widget_it_is_to_be_decided_again_once_the_second_was_refused(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["submit"] = [made(reply(500)), reply(402)]
    client = client_of(server, tmp_path)
    widget = VideoWidget(client=client)
    view = View(widget)
    view.hello()
    job = client.generate("A fox", model="Veo 3.0")
    widget._add(job)
    view.wait_for(job.key, status="unconfirmed", undecided=True)
    second = view.ask("resubmit", key=job.key)["key"]
    view.wait_for(second, status="failed")
    view.wait_for(job.key, undecided=True)
    third = view.ask("resubmit", key=job.key)["key"]
    view.wait_for(third, status="completed")
    view.wait_for(job.key, undecided=False)
    assert wait_for_job(widget, third)["status"] == "completed"
    widget.close()


def record(folder: Path, attempt: int, status: str, prompt: str = "A fox") -> Record:
    request = VideoRequest(prompt, model="Veo 3.0")
    made = replace(fresh_record(folder, request, 1, attempt, "https://a.example"), status=JobStatus(status))
    (folder / f"{made.name}.json").write_bytes(write_record(made))
    return made


@pytest.mark.parametrize(
    ("statuses", "counts"),
    [
        (["failed", "cancelled"], 2),
        (["completed", "failed"], 1),
        (["completed", "unconfirmed", "cancelled"], 1),
        (["processing", "failed"], 1),
        (["unconfirmed", "failed"], 1),
        (["unconfirmed", "unconfirmed"], 2),
        (["completed", "completed"], 2),
        (["failed", "waiting"], 2),
        (["completed", "waiting"], 1),
        (["unconfirmed", "waiting"], 1),  # which nobody carries
    ],
)
def test_which_attempt_counts(tmp_path: Path, statuses: list[str], counts: int) -> None:
    records = [record(tmp_path, number, one) for number, one in enumerate(statuses, 1)]
    for order in (records, records[::-1]):
        found = standing(order)
        assert found is not None
        assert found.attempt == counts
    current = Library(tmp_path).current(records[0].request, 1, "https://a.example")
    assert current is not None
    assert current.attempt == counts
    assert standing([]) is None


def test_what_was_to_be_sent_again_and_is_carried_counts_before_what_may_have_been_taken(
    tmp_path: Path,
) -> None:
    both = [record(tmp_path, 1, "unconfirmed"), record(tmp_path, 2, "waiting")]
    lease = Library(tmp_path).lease(both[1].name)
    assert lease is not None
    assert standing(both) is both[1]
    lease.release()
    assert standing(both) is both[0]


def test_a_renamed_video_counts_before_an_attempt_that_failed(tmp_path: Path) -> None:
    first, second = record(tmp_path, 1, "completed"), record(tmp_path, 2, "failed")
    (tmp_path / f"{first.name}.json").rename(tmp_path / "my fox.json")
    found = Library(tmp_path).current(first.request, 1, first.service)
    assert found is not None
    assert (found.key, found.name) == (first.key, "my fox")
    assert second.attempt == 2


# Copies.


@pytest.mark.parametrize("copy", ["fox copy", "Copy of {name}", "{name} (1)", "aaa"])
def test_a_copied_sidecar_counts_once(server: FaultServer, tmp_path: Path, copy: str) -> None:
    with client_of(server, tmp_path, prices={"Veo 3.0": 0.4}) as client:
        job = client.generate("A fox", model="Veo 3.0", duration=4)
        assert end(job) == "completed"
        name = job.record.name
        content = (tmp_path / f"{name}.json").read_bytes()
        (tmp_path / f"{copy.format(name=name)}.json").write_bytes(content)
        assert [one.name for one in client.library] == [name]
        assert client.ledger.totals()["paid"].videos == 1
        client.max_seconds = 8
        assert end(client.generate("An owl", model="Veo 3.0", duration=4)) == "completed"
        assert client.generate("A fox", model="Veo 3.0", duration=4) is job
        # Without the one that it was made of, it is the record.
        (tmp_path / f"{name}.json").unlink()
        assert len(client.library) == 2


def test_two_jobs_that_happen_to_share_a_key_are_both_there(tmp_path: Path) -> None:
    fox, owl = record(tmp_path, 1, "failed"), record(tmp_path, 1, "failed", "An owl")
    (tmp_path / f"{owl.name}.json").unlink()
    other = replace(owl, key=fox.key, name=f"an-owl-{fox.key}")
    (tmp_path / f"{other.name}.json").write_bytes(write_record(other))
    assert len(Library(tmp_path)) == 2


# Of other services.


def test_an_id_is_that_of_the_client_s_own_service(server: FaultServer, tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1)) as other:
        one, two = client_of(server, tmp_path), client_of(other, tmp_path)
        mine, its = (client.generate("A fox", model="Veo 3.0") for client in (one, two))
        assert (end(mine), end(its)) == ("completed", "completed")
        assert mine.id == its.id == "vid_000001"
        assert one.job("vid_000001") is mine
        assert two.job("vid_000001") is its
        assert one.job(its.key) is its, "a key is of one job"
        library = one.library
        for ask in (library.find, library.delete, library.restore, library.__getitem__):
            with pytest.raises(errors.InvalidRequestError, match="2 services") as caught:
                ask("vid_000001")
            assert mine.key in caught.value.hint
            assert its.key in caught.value.hint
        assert "vid_000001" in library
        assert library.delete(mine.key).service == server.url
        assert its.record.path.exists()
        # An id that only the other one has is asked of this one.
        end(two.generate("An owl", model="Veo 3.0"))
        with pytest.raises(errors.NotFoundError):
            one.job("vid_000002")
        one.close()
        two.close()


def test_what_another_service_made_is_not_sent_to_this_one(server: FaultServer, tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1), poll=[status("failed")], submit=[]) as other:
        with client_of(other, tmp_path) as client:
            key = client.generate("A fox", model="Veo 3.0").key
            assert end(client.job(key)) == "failed"
            other._faults["submit"] = [made(reply(500))]
            lost = client.generate("An owl", model="Veo 3.0").key
            assert end(client.job(lost)) == "unconfirmed"
        gc.collect()
        client = client_of(server, tmp_path)
        job = client.job(key)
        assert job.status == "failed"
        for ask in (job.resubmit, client.job(lost).resubmit, lambda: client.job(lost).adopt("vid_1")):
            with pytest.raises(errors.JobError, match="of another service"):
                ask()
        assert server.requests == []
        assert other.count("submit") == 2


def test_a_job_that_only_its_id_is_known_of_is_not_sent_again(server: FaultServer, tmp_path: Path) -> None:
    server.jobs["vid_foreign"] = 0
    server._faults["poll"] = [status("processing"), status("failed")]
    job = client_of(server, tmp_path).job("vid_foreign")
    assert end(job) == "failed"
    with pytest.raises(errors.JobError, match="Only the id"):
        job.resubmit()
    assert server.count("submit") == 0
