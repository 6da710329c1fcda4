"""The client, its engine and its jobs, against a real server that misbehaves.

The rule that every test here keeps to: the service made at most one job for one call, whatever went wrong.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fault_server import (
    KEY,
    FaultServer,
    client_of,
    close,
    cut,
    hang,
    html,
    made,
    redirect,
    reply,
    reset,
    short,
    status,
)
from videos import small_mp4

from runcrate_widget import VideoClient, VideoJob, VideoRequest, errors
from runcrate_widget.catalog import models
from runcrate_widget.jobs.slots import Slots
from runcrate_widget.library.record import JobStatus
from runcrate_widget.service import runcrate

pytestmark = pytest.mark.usefixtures("quick")

VIDEO = small_mp4(1)


def generate(server: FaultServer, folder: Path, **options: Any) -> VideoJob:
    return client_of(server, folder, **options).generate("A fox in the snow", model="Veo 3.0", duration=6)


def seen(job: VideoJob, name: str = "status") -> list[Any]:
    """What a trait of the job will have been, one after the other."""
    values: list[Any] = []
    job.observe(lambda change: values.append(change["new"]), name)
    return values


def test_a_job_becomes_a_video(server: FaultServer, tmp_path: Path) -> None:
    job = generate(server, tmp_path / "library")
    stages = seen(job)
    video = job.wait(30)
    assert video.path.read_bytes() == video.read_bytes() == VIDEO
    assert video.path.parent == tmp_path / "library"
    assert video.path.name == f"a-fox-in-the-snow-{job.key}.mp4"
    assert (video.width, video.height, video.size, video.audio, video.id) == (
        64,
        36,
        len(VIDEO),
        False,
        "vid_000001",
    )
    assert job.status == "completed"
    assert job.done
    assert job.ended is not None
    assert job.video is video
    assert stages[-2:] == ["downloading", "completed"]
    assert sorted(path.suffix for path in (tmp_path / "library").iterdir()) == [".json", ".mp4"]
    assert job.wait() is video


def test_generate_returns_at_once_and_the_job_goes_on_by_itself(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [hang]  # for ever
    assert not generate(server, tmp_path).done


def test_await_gives_the_video_on_any_loop(server: FaultServer, tmp_path: Path) -> None:
    job = generate(server, tmp_path)

    async def once() -> Any:
        return await job

    video = asyncio.run(once())
    assert asyncio.run(once()) is video


def test_many_awaited_together(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(client.generate(f"Fox {n}", model="Veo 3.0") for n in range(10)))

    videos = asyncio.run(all_of_them())
    assert len({video.path for video in videos}) == 10
    assert len(server.jobs) == 10


def test_cancelling_the_one_who_awaits_leaves_the_job_running(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 20
    job = generate(server, tmp_path)

    async def give_up() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(_awaited(job)), 0.05)

    asyncio.run(give_up())
    assert job.wait(30).size == len(VIDEO)


async def _awaited(job: VideoJob) -> Any:
    return await job


def test_a_wait_that_times_out_leaves_the_job_running(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 30
    job = generate(server, tmp_path)
    with pytest.raises(errors.WaitTimeoutError, match="It goes on") as caught:
        job.wait(timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.job is job
    assert job.wait(30).size == len(VIDEO)
    assert len(server.jobs) == 1


def test_a_failed_job_carries_the_services_reason(server: FaultServer, tmp_path: Path) -> None:
    server._faults["poll"] = [
        status("failed", error={"message": "the prompt was refused by the safety filter"})
    ]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobFailedError, match="the prompt was refused by the safety filter"):
        job.wait(30)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.hint
    again = job.resubmit()
    assert again is not job
    assert again.wait(30)


def test_an_observer_sees_each_stage_and_its_fault_is_not_the_jobs(
    server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.polls = 5
    job = generate(server, tmp_path)
    stages = seen(job)

    def broken(_: Any) -> None:
        raise ZeroDivisionError

    job.observe(broken, "status")
    with caplog.at_level(logging.ERROR, "runcrate_widget"):
        job.wait(30)
    assert [stage for stage in stages if stage in ("processing", "downloading", "completed")] == [
        "processing",
        "downloading",
        "completed",
    ]
    assert "ZeroDivisionError" in caplog.text


def test_waiting_in_an_observer_is_an_error_and_no_deadlock(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 3
    job = generate(server, tmp_path)
    raised: list[BaseException] = []

    def wait(_: Any) -> None:
        try:
            job.wait(5)
        except RuntimeError as error:
            raised.append(error)

    job.observe(wait, "status")
    job.wait(30)
    assert "engine's own thread" in str(raised[0])


def test_at_most_max_concurrent_jobs_are_with_the_service(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 4
    client = client_of(server, tmp_path, max_concurrent=2)
    most = 0
    jobs = [client.generate(f"Fox {n}", model="Veo 3.0") for n in range(6)]

    def count(_: Any) -> None:
        nonlocal most
        most = max(most, sum(job.status in ("submitting", "queued", "processing") for job in jobs))

    for job in jobs:
        job.observe(count, "status")
    assert all(job.wait(30) for job in jobs)
    assert most == 2


def test_how_many_at_once_can_be_set_while_they_are_made(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6  # they are with the service until the test says otherwise
    client = client_of(server, tmp_path, max_concurrent=1)
    jobs = [client.generate(f"Fox {n}", model="Veo 3.0") for n in range(8)]
    changed = threading.Condition()

    def told(_: Any) -> None:
        with changed:
            changed.notify_all()

    for job in jobs:
        job.observe(told, "status")

    def sent() -> int:
        return sum(job.status != "waiting" for job in jobs)

    with pytest.raises(errors.InvalidRequestError, match="max_concurrent is 0"):
        client.max_concurrent = 0
    assert client.max_concurrent == 1
    client.max_concurrent = 4
    with changed:
        assert changed.wait_for(lambda: sent() == 4, 30)
    client.max_concurrent = 1
    most = 0

    def count(_: Any) -> None:
        nonlocal most
        if sent() > 4:  # of those that were sent since
            here = [job.status in ("submitting", "queued", "processing") for job in jobs]
            most = max(most, sum(here))

    for job in jobs:
        job.observe(count, "status")
    server.polls = 2
    server.jobs.update(dict.fromkeys(server.jobs, 1))
    assert all(job.wait(30) for job in jobs)
    assert most == 1


@pytest.mark.parametrize(("first", "then"), [(3, 1), (1, 3), (2, 2), (5, 2)])
def test_slots_that_are_free_or_taken_go_and_come(first: int, then: int) -> None:
    async def run() -> None:
        slots = Slots(first)
        await slots.acquire()
        slots.resize(then)
        taken = 1
        while not slots.locked():
            await slots.acquire()
            taken += 1
        assert taken == max(1, then)
        slots.resize(1)
        for _ in range(taken):
            slots.release()
        await slots.acquire()
        assert slots.locked()

    asyncio.run(run())


def test_the_demo_and_another_service_are_not_both_meant(server: FaultServer, tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="the demo backend is a server of its own"):
        client_of(server, tmp_path, demo=True)
    assert client_of(server, tmp_path, demo=False).base_url == server.url


def test_a_waiting_job_can_be_cancelled_and_a_sent_one_cannot(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 20
    client = client_of(server, tmp_path, max_concurrent=1)
    first, second = (client.generate(f"Fox {n}", model="Veo 3.0") for n in range(2))
    second.cancel()
    second.cancel()
    assert second.status == "cancelled"
    with pytest.raises(errors.JobCancelledError, match="nothing is billed"):
        second.wait(60)
    sent = threading.Event()
    first.observe(lambda change: sent.set() if change["new"] == "processing" else None, "status")
    assert first.status == "processing" or sent.wait(60)
    with pytest.raises(errors.JobError, match="no way to cancel"):
        first.cancel()
    assert first.wait(30)
    assert len(server.jobs) == 1


# A submit is sent once.


@pytest.mark.parametrize(
    "fault",
    [
        reset,
        close,
        html(),
        reply(500),
        reply(502),
        reply(504),
        reply(200, {"status": "queued"}),
        reply(200, b"{"),
    ],
    ids=["reset", "close", "html", "500", "502", "504", "no id", "half JSON"],
)
def test_a_submit_without_an_answer_is_unconfirmed_and_never_sent_again(
    server: FaultServer, tmp_path: Path, fault: Any
) -> None:
    server._faults["submit"] = [made(fault)]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobUnconfirmedError, match="adopt"):
        job.wait(30)
    assert job.status == "unconfirmed"
    assert server.count("submit") == len(server.jobs) == 1
    job.adopt("vid_000001")
    assert job.wait(30).id == "vid_000001"
    assert server.count("submit") == 1


def test_an_unconfirmed_job_that_the_service_does_not_have_is_given_up_by_hand(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["submit"] = [reset, made(reset)]
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError, match="give it up"):
        job.wait(30)
    assert client.ledger.totals()["unknown"].videos == 1
    job.cancel()
    assert job.status == "cancelled"
    assert job.record.status is JobStatus.CANCELLED
    assert client.ledger.totals()["unknown"].videos == client.ledger.totals()["paid"].videos == 0
    # It was there after all: its id is taken even so.
    other = client.generate("An owl", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError):
        other.wait(30)
    other.cancel()
    other.adopt("vid_000001")
    assert other.wait(30).id == "vid_000001"
    assert client.generate("An owl", model="Veo 3.0") is other
    # What is asked for again after it was given up is sent: it was not there.
    again = client.generate("A fox", model="Veo 3.0")
    assert again.wait(30)
    assert server.count("submit") == 3


def test_a_submit_that_hangs_is_unconfirmed(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runcrate, "_SUBMIT_TIMEOUT", 0.2)
    server._faults["submit"] = [made(hang)]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobUnconfirmedError, match="no answer in time"):
        job.wait(30)
    assert server.count("submit") == 1


def test_an_unconfirmed_job_is_sent_again_when_the_user_says_so(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reset]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    again = job.resubmit()
    assert again.wait(30)
    assert job.status == "unconfirmed"
    assert server.count("submit") == 2
    for one in (again, generate(server, tmp_path)):
        one.wait(30)
        with pytest.raises(errors.JobError, match="completed"):
            one.resubmit()
        with pytest.raises(errors.JobError, match="completed"):
            one.adopt("vid_1")


@pytest.mark.parametrize(
    "fault", [reply(429, Retry_After="0"), reply(503), reply(429)], ids=["429 now", "503", "429"]
)
def test_a_submit_that_was_not_acted_on_is_sent_again(
    server: FaultServer, tmp_path: Path, fault: Any
) -> None:
    server._faults["submit"] = [fault, fault]
    job = generate(server, tmp_path)
    assert job.wait(30)
    assert server.count("submit") == 3
    assert len(server.jobs) == 1


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 409, 422])
def test_a_submit_that_is_refused_fails_with_the_services_words(
    server: FaultServer, tmp_path: Path, code: int
) -> None:
    server._faults["submit"] = [reply(code, {"error": {"message": "No, because of this"}})]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobFailedError, match="No, because of this") as caught:
        job.wait(30)
    assert isinstance(caught.value.__cause__, errors.APIError)
    assert caught.value.__cause__.status == code
    assert server.count("submit") == 1


def test_a_mistyped_model_that_the_service_refuses_comes_with_a_suggestion(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["submit"] = [reply(404, {"error": {"message": "no such model"}})]
    job = client_of(server, tmp_path).generate("A fox", model="google/veo-3")
    with pytest.raises(errors.JobFailedError, match=r"no such model\. Did you mean \"google/veo-3\.0\""):
        job.wait(30)


def test_a_submit_is_not_sent_to_where_the_service_redirects(server: FaultServer, tmp_path: Path) -> None:
    with FaultServer() as other:
        server._faults["submit"] = [redirect(f"{other.url}/v1/videos", 307)]
        job = generate(server, tmp_path)
        with pytest.raises(errors.JobFailedError, match="redirects"):
            job.wait(30)
        assert other.requests == []


def test_an_unreachable_host_says_so(tmp_path: Path) -> None:
    client = VideoClient(KEY, base_url="http://127.0.0.1:9", library=tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    with pytest.raises(
        errors.JobFailedError, match=r"127\.0\.0\.1:9 cannot be reached.*Nothing was sent.*Check the network"
    ):
        job.wait(60)


def test_the_submit_has_a_connection_of_its_own(server: FaultServer, tmp_path: Path) -> None:
    # One that was kept open may be closing at the other end, and then nobody can tell whether the request was
    # read.
    client = client_of(server, tmp_path)
    client.generate("One", model="Veo 3.0").wait(30)
    client.generate("Two", model="Veo 3.0").wait(30)
    assert [request.headers["connection"] for request in server.requests if request.step == "submit"]
    submits = [request.connection for request in server.requests if request.step == "submit"]
    others = [request.connection for request in server.requests if request.step != "submit"]
    assert len(set(submits)) == 2
    assert not set(submits) & set(others)
    assert len(set(others)) < len(others), "polls do keep theirs"


# What can be repeated is ridden out.


@pytest.mark.parametrize(
    "fault",
    [reply(429, Retry_After="0"), reply(500), reply(502), reply(503), reply(504), reset, close, html(), reply(200, b"{"), reply(404),
     reply(200, {"id": "vid_other", "status": "completed"}), status("dreaming"), reply(408), redirect("https://login.example/")],
    ids=["429", "500", "502", "503", "504", "reset", "close", "html", "half JSON", "404 at first", "another job", "unknown status",
         "408", "login"],
)  # fmt: skip
def test_polls_ride_out(server: FaultServer, tmp_path: Path, fault: Any) -> None:
    server._faults["poll"] = [fault, fault]
    job = generate(server, tmp_path)
    notes = seen(job, "note")
    assert job.wait(30)
    assert len(server.jobs) == 1
    assert job.note == ""
    assert any(notes), "and say so meanwhile"
    assert job.status == "completed"


@pytest.mark.parametrize(
    "fault",
    [reply(404), reply(429, Retry_After="0"), reply(500), reset, html(), reply(200, {"error": "gone"}), cut(0.5), short(0.5), short(0),
     reply(200, b"no video", Content_Type="video/mp4")],
    ids=["404 at first", "429", "500", "reset", "html", "JSON", "cut", "short", "empty", "rubbish"],
)  # fmt: skip
def test_downloads_ride_out(server: FaultServer, tmp_path: Path, fault: Any) -> None:
    server._faults["download"] = [fault, fault]
    video = generate(server, tmp_path).wait(30)
    assert video.read_bytes() == VIDEO
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".mp4"]
    assert len(server.jobs) == 1


def test_a_download_that_never_is_a_video_keeps_the_job(server: FaultServer, tmp_path: Path) -> None:
    server._faults["download"] = [short(0.5)] * 6
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobStoppedError, match="cut short"):
        job.wait(30)
    assert job.status == "downloading"
    assert job.id == "vid_000001"
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]
    job.resume()
    assert job.wait(30).read_bytes() == VIDEO
    assert server.count("submit") == 1


def test_a_job_that_the_service_does_not_know_is_given_up_and_kept(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["poll"] = [reply(404)] * 6
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobStoppedError, match="404"):
        job.wait(30)
    job.resume()
    assert job.wait(30)
    assert server.count("submit") == 1


@pytest.mark.parametrize("code", [401, 402, 403])
@pytest.mark.parametrize("step", ["poll", "download"])
def test_the_key_or_the_credits_stop_a_job_and_mending_them_goes_on(
    server: FaultServer, tmp_path: Path, code: int, step: str
) -> None:
    server._faults[step] = [reply(code)]
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    with pytest.raises(errors.JobStoppedError, match=str(code)):
        job.wait(30)
    asked = server.count(step)
    client.api_key = KEY
    assert job.wait(30)
    assert server.count(step) > asked
    assert server.count("submit") == 1


def test_a_rate_limit_is_kept_to_by_every_job_of_the_client(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reply(429, Retry_After="1.5")]
    client = client_of(server, tmp_path)
    jobs = [client.generate("Fox 0", model="Veo 3.0")]
    limited = threading.Event()
    jobs[0].observe(lambda change: limited.set() if "rate limit" in change["new"] else None, "note")
    assert limited.wait(60)
    refused = time.monotonic()
    jobs += [client.generate(f"Fox {n}", model="Veo 3.0") for n in range(1, 4)]
    assert all(job.wait(30) for job in jobs)
    # A lower bound is no race: whoever asked in between would have been quicker.
    assert time.monotonic() - refused > 1.2
    assert server.count("submit") == 5


def test_a_limit_that_is_used_up_is_kept_to_before_it_is_met(server: FaultServer, tmp_path: Path) -> None:
    times: list[float] = []

    async def spent(exchange: Any) -> None:
        times.append(time.time() + 1.5)
        headers = {
            "X_RateLimit_Limit": "6000",
            "X_RateLimit_Remaining": "0",
            "X_RateLimit_Reset": str(times[0]),
        }
        await reply(200, {"id": "vid_000001", "status": "processing"}, **headers)(exchange)

    async def timed(exchange: Any) -> None:
        times.append(time.time())
        await exchange.server._poll(exchange)

    server._faults["poll"] = [spent, timed]
    job = generate(server, tmp_path)
    notes = seen(job, "note")
    assert job.wait(30)
    assert times[1] >= times[0] - 0.1
    assert any("rate limit" in note for note in notes)


# What is refused before anything is sent.


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"prompt": " "}, "prompt"),
        ({"duration": 7}, "duration"),
        ({"model": "Kling v3", "duration": 16}, "duration"),
        ({"aspect_ratio": "4:3"}, "aspect_ratio"),
        ({"model": None}, "model"),
        ({"take": 0}, "take"),
        ({"take": "two"}, "take"),
    ],
)
def test_bad_input_sends_nothing(
    server: FaultServer, tmp_path: Path, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.InvalidRequestError) as caught:
        client_of(server, tmp_path).generate(**{"prompt": "A fox", "model": "Veo 3.0", **arguments})
    assert caught.value.field == field
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_nothing_is_sent_and_a_key_of_the_environment_is_found_later(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(server, tmp_path, api_key=None)
    with pytest.raises(errors.MissingKeyError, match="RUNCRATE_API_KEY"):
        client.generate("A fox", model="Veo 3.0")
    assert server.requests == []
    monkeypatch.setenv("RUNCRATE_API_KEY", f' "{KEY}"\n')
    assert client.generate("A fox", model="Veo 3.0").wait(30)


def test_a_wrong_key_says_so(server: FaultServer, tmp_path: Path) -> None:
    job = generate(server, tmp_path, api_key="rc_live_wrong")
    with pytest.raises(errors.JobFailedError, match=r"Invalid API key.*RUNCRATE_API_KEY"):
        job.wait(30)
    assert server.jobs == {}


@pytest.mark.parametrize(
    "options",
    [{"base_url": "http://runcrate.example"}, {"api_key": "two words"}, {"max_concurrent": 0}, {"max_concurrent": True},
     {"prices": {"Veo 3.0": "much"}}, {"prices": {"Veo 3.0": -1}}],
)  # fmt: skip
def test_a_client_that_could_not_work_is_refused(
    server: FaultServer, tmp_path: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(errors.RuncrateError):
        client_of(server, tmp_path, **options)


def test_a_folder_that_cannot_be_written_sends_nothing(server: FaultServer, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.write_text("a file where the folder should be")
    with pytest.raises(errors.LibraryError, match="RUNCRATE_LIBRARY"):
        generate(server, folder)
    assert server.requests == []


def test_a_folder_that_vanishes_keeps_the_job_and_tells_its_id(
    server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "library"

    async def vanish(exchange: Any) -> None:
        shutil.rmtree(folder)
        folder.write_text("a file where the folder should be")
        await exchange.server._submit(exchange)

    server._faults["submit"] = [vanish]
    job = generate(server, folder)
    with (
        caplog.at_level(logging.ERROR, "runcrate_widget"),
        pytest.raises(
            errors.JobStoppedError, match=r"library.*its id is vid_000001, and job\.resume\(\) goes on"
        ),
    ):
        job.wait(30)
    assert job.id == "vid_000001"
    assert "Note down the id" in caplog.text
    assert "vid_000001" in caplog.text
    folder.unlink()
    job.resume()
    assert job.wait(30).path.parent == folder
    assert server.count("submit") == 1


def test_prices(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, prices={"Veo 3.0": 0.4, "acme/dream": 1})
    assert client.price("google/veo-3.0") == 0.4
    assert client.price("acme/dream") == 1
    assert client.price("openai/sora-2") is models["Sora 2"].price is None


def test_a_request_may_be_given_whole(server: FaultServer, tmp_path: Path) -> None:
    request = VideoRequest("A fox", model="Sora 2", extra={"seed": 1})
    job = client_of(server, tmp_path).generate(request)
    assert job.request == request
    assert job.wait(30).request == request


def test_names_of_files_are_safe_and_readable(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    prompts = {
        "../../etc/passwd": "etc-passwd",
        "A cinematic sunrise": "a-cinematic-sunrise",
        "x" * 300: "x" * 40,
        "😀 <img src=x onerror=alert(1)>": "img-src-x-onerror-alert-1",
        "CON": "con",
        "nul\x00 \x1b[31m line\nbreak": "nul-31m-line-break",
        "雪の中の狐": "雪の中の狐",
        "?!": "video",
        "word " * 60: "word-word-word-word-word-word-word-word",
    }
    for prompt, slug in prompts.items():
        path = client.generate(prompt, model="Veo 3.0").wait(30).path
        assert path.parent == tmp_path
        assert path.stem.rpartition("-")[0] == slug
    assert len(list(tmp_path.glob("*.mp4"))) == len(prompts)


def test_reprs_are_useful_and_hold_no_key(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    job = client.generate("A fox in the snow", model="Veo 3.0", take=2)
    video = job.wait(30)
    assert repr(client) == f"<VideoClient {server.url}, key rc_live_…cdef, library {str(tmp_path)!r}>"
    assert repr(job).startswith("<VideoJob vid_000001 completed 0:0")
    assert "'A fox in the snow' (Veo 3.0, 6 s, 16:9, take 2)>" in repr(job)
    assert repr(video).startswith(f"<Video {video.path} 1 s 64×36 'A fox in the snow' (Veo 3.0)>")
    assert (
        KEY
        not in f"{client!r}{client.__dict__}{vars(client._manager)}{vars(client._manager._backend)}{job!r}{vars(job)}"
    )


def test_a_job_outlives_its_client(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10
    job = generate(server, tmp_path)
    gc.collect()
    assert job.wait(30)


def test_a_client_that_is_gone_closes_its_connections(server: FaultServer, tmp_path: Path) -> None:
    generate(server, tmp_path).wait(30)
    end = time.monotonic() + 60
    while server.open_connections and time.monotonic() < end:
        gc.collect()  # a client is part of a cycle
        time.sleep(0.02)
    assert not server.open_connections


def test_a_program_that_ends_with_a_job_under_way_ends_quietly(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    code = f"""
from runcrate_widget import VideoClient
import threading
job = VideoClient({KEY!r}, base_url={server.url!r}, library={str(tmp_path)!r}).generate("A fox", model="Veo 3.0")
sent = threading.Event()
job.observe(lambda change: sent.set() if change["new"] == "processing" else None, "status")
assert job.status == "processing" or sent.wait(30)
print(job.id)
"""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("vid_000001\n", "", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_forked_child_has_an_engine_of_its_own(server: FaultServer, tmp_path: Path) -> None:
    code = f"""
import os, warnings
warnings.simplefilter("ignore")  # of forking with threads
from runcrate_widget import VideoClient
client = VideoClient({KEY!r}, base_url={server.url!r}, library={str(tmp_path)!r})
client.generate("A fox", model="Veo 3.0").wait(30)
child = os.fork()
if child == 0:
    other = VideoClient({KEY!r}, base_url={server.url!r}, library={str(tmp_path)!r})
    other.generate("Another", model="Veo 3.0").wait(30)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert len(server.jobs) == 2
