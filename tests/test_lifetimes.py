"""How long things live: clients that are closed, listeners that end, tasks that fail; and what clients of one key share."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, Exchange, FaultServer, client_of, reply, status

from runcrate_widget import VideoClient, VideoRequest, errors
from runcrate_widget.jobs.loop import engine
from runcrate_widget.jobs.pacer import pacer_of
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus

pytestmark = pytest.mark.usefixtures("quick")


def fox() -> VideoRequest:
    return VideoRequest("A fox in a library", model="Veo 3.0")


def sidecars(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


class Gate:
    """For a step: says when a request is there, and answers it when it is let through."""

    def __init__(self, step: str) -> None:
        self.arrived = threading.Event()
        self.passage = threading.Event()
        self._step = step

    async def __call__(self, exchange: Exchange) -> None:
        self.arrived.set()
        await asyncio.to_thread(self.passage.wait, 30)
        await getattr(exchange.server, f"_{self._step}")(exchange)


# Clients that are closed.


def test_a_closed_client_lets_its_jobs_go_and_the_next_one_goes_on(
    server: FaultServer, tmp_path: Path
) -> None:
    server.polls = 1_000_000
    with client_of(server, tmp_path) as client:
        job = client.generate("A fox", model="Veo 3.0")
        seen = threading.Event()
        job.observe(lambda change: seen.set() if change["new"] == "processing" else None, "status")
        assert seen.wait(60)
    with pytest.raises(errors.JobStoppedError, match="client was closed") as caught:
        job.wait(60)
    assert caught.value.kind == "closed"
    assert f"its id is {job.id}" in str(caught.value)
    assert job.status == "processing", "where the service has it"
    assert not list(tmp_path.glob("*.lock"))
    server.jobs[job.id or ""] = 0
    assert client_of(server, tmp_path).generate("A fox", model="Veo 3.0") is job, "it goes on"
    assert job.wait(30)
    assert server.count("submit") == 1


def test_closing_waits_for_the_answer_of_a_submit(server: FaultServer, tmp_path: Path) -> None:
    gate = Gate("submit")
    server._faults["submit"] = [gate]
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    assert gate.arrived.wait(60)
    closing = threading.Thread(target=client.close)
    closing.start()
    assert not job.done
    gate.passage.set()
    closing.join(60)
    assert not closing.is_alive()
    with pytest.raises(errors.JobStoppedError):
        job.wait(60)
    (fields,) = sidecars(tmp_path)
    assert (fields["id"], fields["status"]) == ("vid_000001", "queued"), "not unconfirmed"
    assert server.count("submit") == 1


def test_what_is_still_waiting_is_not_sent_and_can_be_sent_later(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 1_000_000
    with client_of(server, tmp_path, max_concurrent=1) as client:
        first, second = (client.generate("A fox", model="Veo 3.0", take=take) for take in (1, 2))
        seen = threading.Event()
        first.observe(lambda change: seen.set() if change["new"] == "processing" else None, "status")
        assert seen.wait(60)
    with pytest.raises(errors.JobStoppedError, match="It was not sent: nothing is billed"):
        second.wait(60)
    assert second.status == "waiting"
    assert server.count("submit") == 1
    server.polls = 0
    server.jobs[first.id or ""] = 0
    client = client_of(server, tmp_path)
    again = client.generate("A fox", model="Veo 3.0", take=2)
    assert again is second
    assert again.wait(30)
    assert server.count("submit") == 2


@pytest.mark.parametrize("step", ["submit", "poll", "download"])
def test_closed_at_any_moment_nothing_is_lost_or_sent_twice(
    server: FaultServer, tmp_path: Path, step: str
) -> None:
    gate = Gate(step)
    server._faults[step] = [gate]
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    assert gate.arrived.wait(60)
    gate.passage.set()
    client.close()
    assert job.done
    assert not list(tmp_path.glob("*.lock"))
    assert client_of(server, tmp_path).generate("A fox", model="Veo 3.0").wait(30)
    assert server.count("submit") == 1
    assert len(server.jobs) == 1


def test_a_closed_client_does_nothing_more(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    job.wait(30)
    client.close()
    client.close()
    for ask in (
        lambda: client.generate("An owl", model="Veo 3.0"),
        lambda: client.job("vid_000001"),
        job.resume,
    ):
        with pytest.raises(errors.ConfigurationError, match="This client is closed"):
            ask()
    assert job.wait(1), "what is there, is there"
    assert server.count("submit") == 1


def test_a_closed_client_keeps_no_connection_and_no_task(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 1_000_000
    before = len(engine()._tasks)
    with client_of(server, tmp_path) as client:
        jobs = [client.generate("A fox", model="Veo 3.0", take=take) for take in range(1, 5)]
        assert all(not job.done for job in jobs)
    assert all(job.done for job in jobs)
    engine().run(lambda: None)
    assert len(engine()._tasks) == before
    pause, end = threading.Event(), time.monotonic() + 30
    while server.open_connections and time.monotonic() < end:
        pause.wait(0.01)
    assert not server.open_connections


def test_resume_false_follows_only_what_it_is_asked_for(server: FaultServer, tmp_path: Path) -> None:
    library = Library(tmp_path)
    for n in (1, 2):
        one, lease, _ = library.create(fox(), n, 1, server.url)
        assert lease is not None
        library.write(replace(one, id=f"vid_{n}", status=JobStatus.QUEUED))
        lease.release()
    server.jobs = {"vid_1": 0, "vid_2": 0}
    client = client_of(server, tmp_path, resume=False)
    assert client.unfinished() == []
    assert client.job("vid_1").wait(30)
    client.close()
    assert {request.path.split("/")[3] for request in server.requests} == {"vid_1"}
    assert library["vid_2"].status is JobStatus.QUEUED


# Listeners and tasks.


def test_a_listener_hears_every_change_until_it_ends(server: FaultServer, tmp_path: Path) -> None:
    gate = Gate("poll")
    server._faults["poll"] = [status("processing"), gate]
    job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
    heard: list[str] = []
    unsubscribe = job.subscribe(lambda: heard.append(job.status))
    other = job.subscribe(lambda: None)
    assert gate.arrived.wait(60)
    unsubscribe()
    unsubscribe()
    before = list(heard)
    gate.passage.set()
    job.wait(30)
    assert heard == before
    assert "completed" not in heard
    other()
    assert not job._listeners


def test_a_task_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    over = threading.Event()

    async def fail() -> None:
        try:
            raise ValueError("of the task")
        finally:
            engine().loop.call_soon(engine().loop.call_soon, over.set)

    engine().call(lambda: engine().spawn(fail()))
    assert over.wait(60)
    assert "A task of the engine failed" in caplog.text
    assert "of the task" in caplog.text


# What clients of one key share.


def test_a_pause_that_the_service_asks_for_holds_for_all_clients_of_the_key(
    server: FaultServer, tmp_path: Path
) -> None:
    server.polls = 0
    first, second = (client_of(server, tmp_path / name) for name in ("a", "b"))
    told = threading.Event()
    server._faults["poll"] = [reply(429, Retry_After="2")]
    job = first.generate("A fox", model="Veo 3.0")
    job.observe(lambda change: told.set() if "rate limit" in change["new"] else None, "note")
    assert told.wait(60)
    limited = next(request.at for request in server.requests if request.step == "poll")
    other = second.generate("An owl", model="Veo 3.0")
    assert other.wait(30)
    assert job.wait(30)
    later = [request for request in server.requests if request.at > limited]
    assert min(request.at for request in later) >= limited + 1.9, "nobody asked meanwhile"
    assert {request.step for request in later} == {"submit", "poll", "download"}


def test_a_notebook_s_random_numbers_are_its_own(server: FaultServer, tmp_path: Path) -> None:
    server._faults["poll"] = [reply(503)] * 3
    random.seed(1)
    expected = [random.random() for _ in range(2)]
    random.seed(1)
    assert client_of(server, tmp_path).generate("A fox", model="Veo 3.0").wait(30)
    assert [random.random() for _ in range(2)] == expected


def test_clients_of_another_key_or_service_have_a_pacer_of_their_own(tmp_path: Path) -> None:
    def client(key: str, url: str) -> VideoClient:
        return VideoClient(key, base_url=url, library=tmp_path)

    here, there = "http://127.0.0.1:1", "http://127.0.0.1:2"
    accounts = [one._manager._backend.account for one in (client(KEY, here), client(KEY, f"{here}/v1"))]
    assert accounts[0] == accounts[1]
    assert pacer_of(accounts[0]) is pacer_of(accounts[1])
    others = [one._manager._backend.account for one in (client(f"{KEY}x", here), client(KEY, there))]
    assert len({pacer_of(account) for account in (*accounts, *others)}) == 3
    assert KEY not in repr(accounts)


# Look-ups that do not scan.


def test_a_known_request_is_found_without_looking_at_any_other(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path)
    for take in range(1, 41):
        lease = library.create(fox(), take, 1, server.url)[1]
        assert lease is not None
        lease.release()
    client = client_of(server, tmp_path, resume=False)
    made = client.generate("A fox", model="Veo 3.0")
    made.wait(30)
    scanned: list[object] = []
    scandir = os.scandir

    def watched(*where: Any) -> Any:
        scanned.append(where)
        return scandir(*where)

    monkeypatch.setattr(os, "scandir", watched)
    again = client.generate("A fox", model="Veo 3.0")
    assert again is made
    assert client.library.next_take(fox(), server.url) == 41
    assert scanned == []


def test_a_record_that_a_person_has_renamed_is_found_before_money_is_spent(
    server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path)
    client.generate(fox()).wait(30)
    client.close()
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(f"my-{path.name}"))
    again = client_of(server, tmp_path, resume=False).generate(fox())
    assert again.wait(30).path.name.startswith("my-")
    assert server.count("submit") == 1


_ENDS = """
import sys, threading

def late():  # when the pools of threads have ended, and the main thread counts as alive
    jobs = client._manager.resume_all()
    tasks = engine().run(lambda: list(client._manager._runs._tasks.values()))
    for task in tasks:
        engine().submit(lambda task=task: asyncio.wait([task])).result()
    push = engine().run(lambda: engine().spawn(asyncio.to_thread(print)))  # as a view's video does
    engine().submit(lambda: asyncio.wait([push])).result()
    assert isinstance(push.exception(), RuntimeError)
    print(len(jobs), flush=True)

threading._register_atexit(late)  # before the pools' own: they are called the other way round
import asyncio
from runcrate_widget import VideoClient
from runcrate_widget.jobs.loop import engine
client = VideoClient(sys.argv[1], base_url=sys.argv[2], library=sys.argv[3], resume=False)
print(client.plan(["An owl"], model="Veo 3.0"), flush=True)
"""


@pytest.mark.skipif(not hasattr(threading, "_register_atexit"), reason="nothing to register at")
def test_what_is_taken_up_while_the_program_ends_is_no_fault(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    with client_of(server, tmp_path) as client:
        submitted = threading.Event()
        job = client.generate("A fox", model="Veo 3.0")
        job.observe(lambda change: submitted.set() if change["new"] else None, "id")
        assert job.id or submitted.wait(30)
    script = [sys.executable, "-c", _ENDS, KEY, server.url, str(tmp_path)]
    ended = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "1", "one was taken up, and has ended"
    assert sidecars(tmp_path)[0]["status"] in ("queued", "processing"), "the next client goes on with it"


_INTERRUPTED = """
import signal, sys, threading
from runcrate_widget import VideoClient
client = VideoClient(sys.argv[1], base_url=sys.argv[2], library=sys.argv[3])
many = client.generate_many(["A fox"], model="Veo 3.0")
main = threading.main_thread().ident

def interrupt():
    frame = None
    while True:  # until it waits
        frame = sys._current_frames()[main]
        names = []
        while frame is not None:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        if names.count("wait") > 1 and "start" not in names:
            break
    while True:  # one that comes just before Python waits for its lock is heard with the next
        signal.pthread_kill(main, signal.SIGINT)
        if told.wait(5):
            break

for waits in (many.wait, many[0].wait):
    told = threading.Event()
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        waits()
    except KeyboardInterrupt as error:
        told.set()
        print(error, flush=True)
print(many[0].done)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_who_interrupts_a_wait_is_told_that_the_jobs_go_on(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    script = [sys.executable, "-c", _INTERRUPTED, KEY, server.url, str(tmp_path)]
    ended = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.splitlines() == [
        "The jobs go on: batch.wait() waits for them again.",
        "The job goes on: job.wait() waits for it again.",
        "False",
    ], ended.stderr
