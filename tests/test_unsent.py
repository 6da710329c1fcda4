"""What was asked for and never sent, because its kernel ended: it is shown, in no limit, and sent or given up by
a person."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fault_server import FaultServer, client_of
from test_earlier import DAY, put, wait_for_job
from test_rows import View

from runcrate_widget import VideoClient, VideoWidget, errors
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def left(server: FaultServer, tmp_path: Path) -> list[Record]:
    """What a kernel that was killed in the middle of a set has left, days ago."""
    with client_of(server, tmp_path) as client:
        return [put(tmp_path, client, JobStatus.WAITING, f"A fox, {n}", age=3 * DAY) for n in range(18)]


def limited(server: FaultServer, folder: Path, seconds: float) -> VideoClient:
    return client_of(server, folder, max_seconds=seconds, limit_period=timedelta(days=7))


def test_it_is_known_and_sent_by_nobody_and_counts_in_no_limit(
    left: list[Record], server: FaultServer, tmp_path: Path
) -> None:
    client = limited(server, tmp_path, 12)
    jobs = client.unsent()
    assert [job.key for job in jobs] == [one.key for one in left]
    assert client.unfinished() == []
    for job in jobs:
        assert (job.status, job.done) == ("waiting", True)
        assert job.error is not None
        assert job.error.kind == "unsent"
        assert "never sent" in job.error.message
    assert client.job(left[0].key) is jobs[0]
    assert client._limit.left(client.library) == (12, None)
    assert client.generate("An owl", model="Veo 3.0").wait(30)
    assert server.count("submit") == 1
    assert Library(tmp_path)[left[0].key].status == "waiting"


@pytest.mark.usefixtures("left")
def test_it_is_sent_when_somebody_says_so_within_the_limits_of_then(
    server: FaultServer, tmp_path: Path
) -> None:
    client = limited(server, tmp_path, 12)
    first, second, third, *_ = client.unsent()
    first.resume()
    assert first.wait(30)
    assert client._limit.left(client.library) == (6, None), "by when it was sent, and not asked for"
    client._limit = limited(server, tmp_path, 12)._limit  # that knows nothing but the records
    assert client.generate(second.request).wait(30) is second.video
    with pytest.raises(errors.SpendingLimitError, match="12 s of it is taken"):
        third.resume()
    assert (third.status, third.done, server.count("submit")) == ("waiting", True, 2)
    client.max_seconds = None
    third.resume()
    assert third.wait(30)
    assert len(client.unsent()) == 15


@pytest.mark.usefixtures("left")
def test_by_the_day_it_counts_when_it_was_sent(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_seconds=6, limit_period=timedelta(days=1))
    first, second, *_ = client.unsent()
    first.resume()
    assert first.wait(30)
    for ask in (second.resume, lambda: client.generate("An owl", model="Veo 3.0")):
        with pytest.raises(errors.SpendingLimitError, match="6 s of it is taken"):
            ask()
    assert server.count("submit") == 1


def test_what_waits_and_is_carried_counts_and_is_not_unsent(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path, max_seconds=12, max_concurrent=1)
    jobs = [client.generate(f"A fox, {n}", model="Veo 3.0") for n in range(2)]
    assert client.unsent() == client_of(server, tmp_path).unsent() == []
    with pytest.raises(errors.SpendingLimitError, match="12 s of it is taken"):
        client.generate("An owl", model="Veo 3.0")
    jobs[1].cancel()
    client.close()


def test_what_another_process_carries_is_not_unsent(
    left: list[Record], server: FaultServer, tmp_path: Path
) -> None:
    lease = Library(tmp_path).lease(left[0].name)
    assert lease is not None
    client = limited(server, tmp_path, 12)
    assert left[0].key not in [job.key for job in client.unsent()]
    assert client._limit.left(client.library) == (6, None)
    lease.release()
    assert left[0].key in [job.key for job in client.unsent()]


@pytest.mark.usefixtures("left")
def test_it_is_given_up(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    job = client.unsent()[0]
    job.cancel()
    with pytest.raises(errors.JobCancelledError, match="nothing is billed"):
        job.wait(30)
    assert len(client.unsent()) == 17
    assert server.requests == []


def test_what_a_closed_client_did_not_send_is_sent_by_the_next(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path, max_concurrent=1)
    running, waiting = (client.generate(f"A fox, {n}", model="Veo 3.0") for n in range(2))
    sent = threading.Event()
    running.observe(lambda _: sent.set(), "id")
    assert running.id or sent.wait(30)
    client.close()
    assert (waiting.status, waiting.done) == ("waiting", True)
    again = client_of(server, tmp_path, resume=False)
    (job,) = again.unsent()
    assert job is waiting
    server.polls = 0
    job.resume()
    assert job.wait(30)
    assert server.count("submit") == 2
    del running


def test_the_widget_shows_them_to_be_sent_or_given_up(
    left: list[Record], server: FaultServer, tmp_path: Path
) -> None:
    client = limited(server, tmp_path, 6)
    widget = VideoWidget(client=client)
    view = View(widget)
    view.hello()
    first, second, third, *_ = left
    for one in left:
        row = wait_for_job(widget, one.key)
        assert (row["status"], row["stopped"], row["undecided"]) == ("waiting", True, False)
        assert row["error"] is not None
        assert row["error"]["kind"] == "unsent"
    told = widget._feed.list.first()
    assert (told["waiting"], told["open"]) == (0, 18), "no turn comes for them"
    assert server.requests == []
    view.ask("cancel_waiting")
    assert len(client.unsent()) == 18
    assert view.ask("resume", key=first.key)["ok"]
    view.wait_for(first.key, status="completed", stopped=False)
    refused = view.ask("resume", key=second.key)
    assert not refused["ok"]
    assert refused["error"]["kind"] == "limit"
    assert view.ask("cancel", key=third.key)["ok"]
    view.wait_for(third.key, status="cancelled")
    assert server.count("submit") == 1
    widget.close()


def test_its_row_is_put_right_when_another_notebook_sends_it(
    left: list[Record], server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path)
    widget = VideoWidget(client=client)
    view = View(widget)
    view.hello()
    wait_for_job(widget, left[0].key)
    shelf = client.library.shelf
    shelf.look().result(30)
    server.jobs["vid_000001"] = 0
    Library(tmp_path).write(replace(left[0], status=JobStatus.QUEUED, id="vid_000001"))
    shelf._scanned = shelf._surely = float("-inf")
    shelf.look()
    view.wait_for(left[0].key, status="completed")
    assert server.count("submit") == 0
    widget.close()
