"""What another notebook makes of a job that has ended here: this one takes it over, whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fault_server import FaultServer, client_of, made, reply
from test_rows import View
from videos import small_mp4

from runcrate_widget import Video, VideoClient, VideoJob, VideoWidget, errors
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, now

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def lost(server: FaultServer, tmp_path: Path) -> tuple[VideoClient, VideoJob]:
    server._faults["submit"] = [made(reply(500))]
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    return client, job


def elsewhere(job: VideoJob, status: JobStatus) -> None:
    """Another process has given the job its id, and goes on with it."""
    record = replace(job.record, status=status, id="vid_000001", adopted=now(), error=None)
    if status is JobStatus.COMPLETED:
        record.path.write_bytes(small_mp4(1))
    Library(record.folder).write(record)


def chosen(_: VideoClient, job: VideoJob) -> Video | None:
    job.choose(kept=True)
    assert job.choice.kept
    assert Library(job.record.folder)[job.key].choice.kept
    return job.video


def adopted(_: VideoClient, job: VideoJob) -> Video | None:
    with pytest.raises(errors.JobError, match="has given this job its id meanwhile"):
        job.adopt("vid_wrong")
    return job.video


def resubmitted(_: VideoClient, job: VideoJob) -> Video | None:
    with pytest.raises(errors.JobError, match="gone on with this job: it is completed"):
        job.resubmit()
    return job.video


def cancelled(_: VideoClient, job: VideoJob) -> Video | None:
    with pytest.raises(errors.JobError, match="gone on with this job meanwhile: it is completed"):
        job.cancel()
    return job.video


def resumed(_: VideoClient, job: VideoJob) -> Video | None:
    job.resume()
    return job.video


def waited(_: VideoClient, job: VideoJob) -> Video | None:
    return job.wait(30)


def awaited(_: VideoClient, job: VideoJob) -> Video | None:
    async def wait() -> Video:
        return await job

    return asyncio.run(wait())


def generated(client: VideoClient, _: VideoJob) -> Video | None:
    return client.generate("A fox", model="Veo 3.0").wait(30)


def by_its_id(client: VideoClient, _: VideoJob) -> Video | None:
    return client.job("vid_000001").wait(30)


@pytest.mark.parametrize(
    "ask",
    [chosen, adopted, resubmitted, cancelled, resumed, waited, awaited, generated, by_its_id],
)
def test_a_video_that_came_in_another_notebook_is_here_whatever_is_asked(
    lost: tuple[VideoClient, VideoJob],
    server: FaultServer,
    ask: Callable[[VideoClient, VideoJob], Video | None],
) -> None:
    client, job = lost
    elsewhere(job, JobStatus.COMPLETED)
    video = ask(client, job)
    assert video is not None
    assert job.video == video == job.wait(30) == client.generate("A fox", model="Veo 3.0").wait(30)
    assert (job.status, job.error, job.id, job.done) == ("completed", None, "vid_000001", True)
    assert server.count("submit") == 1


@pytest.mark.parametrize("carried", [True, False], ids=["it is carried there", "its process has ended"])
def test_a_job_that_goes_on_in_another_notebook_is_followed(
    lost: tuple[VideoClient, VideoJob], server: FaultServer, tmp_path: Path, carried: bool
) -> None:
    _, job = lost
    elsewhere(job, JobStatus.QUEUED)
    library = Library(tmp_path)
    lease = library.lease(job.record.name) if carried else None
    with pytest.raises(errors.JobError):
        job.choose(kept=True)
    if lease is not None:
        elsewhere(job, JobStatus.COMPLETED)
        lease.release()
    assert job.wait(30).read_bytes() == small_mp4(1)
    job.choose(kept=True)
    assert job.video is not None
    assert server.count("submit") == 1


def test_one_that_was_given_up_in_another_notebook_is_given_up_here(
    lost: tuple[VideoClient, VideoJob], server: FaultServer
) -> None:
    client, job = lost
    Library(job.record.folder).write(replace(job.record, status=JobStatus.CANCELLED))
    with pytest.raises(errors.JobCancelledError):
        job.wait(30)
    assert client.generate("A fox", model="Veo 3.0").wait(30)
    assert server.count("submit") == 2


def test_a_row_is_put_right_when_the_record_has_changed_on_disk(
    lost: tuple[VideoClient, VideoJob],
) -> None:
    client, job = lost
    widget = VideoWidget(client=client)
    view = View(widget)
    view.hello()
    view.wait_for(job.key, status="unconfirmed", undecided=True)
    shelf = client.library.shelf
    shelf.look().result(30)
    elsewhere(job, JobStatus.COMPLETED)
    shelf._scanned = shelf._surely = float("-inf")  # it is time to look again
    shelf.look()
    view.wait_for(job.key, status="completed", undecided=False, adoptable=False, error=None)
    assert view.rows[job.key]["video"] is not None
    widget.close()
