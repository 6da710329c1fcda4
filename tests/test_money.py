"""What costs money is done once, by one process, and within the limits: on file systems without locks, with clocks that
jump, when programs end and people interrupt."""

from __future__ import annotations

import asyncio
import errno
import json
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, Exchange, FaultServer, client_of, reply, status
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest, errors
from runcrate_widget.jobs.living import living
from runcrate_widget.library import lease as leases
from runcrate_widget.library.lease import LeaseFile, Lock
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, now

pytestmark = pytest.mark.usefixtures("quick")

VIDEO = small_mp4(1)
PROMPTS = [f"Fox {n}" for n in range(4)]

# A notebook of one cell, on a file system that may refuse locks. It says `ready`, and goes on when it is told.
PROCESS = f"""
import errno, json, sys
plan = json.loads(sys.argv[1])
if plan.get("no_locks"):
    import fcntl
    def refuse(*_):
        raise OSError(plan["no_locks"], "No locks available")
    fcntl.flock = refuse
from datetime import timedelta
from runcrate_widget import VideoClient, errors
from runcrate_widget.jobs import polling, run
from runcrate_widget.library import lease
polling.SHORTEST, run._LOOK_EVERY = 0.01, 0.05
lease.RENEWED_EVERY, lease.EXPIRES_AFTER = 0.2, plan.get("expires", 30.0)
limits = {{}}
if "max_seconds" in plan:
    limits = {{"max_seconds": plan["max_seconds"], "limit_period": timedelta(days=1)}}
client = VideoClient({KEY!r}, base_url=plan["url"], library=plan["library"], max_concurrent=8, **limits)
print("ready", flush=True)
sys.stdin.readline()
jobs = []
for prompt in plan["prompts"]:
    try:
        jobs.append(client.generate(prompt, model="Veo 3.0", duration=6))
    except errors.SpendingLimitError:
        print("refused", flush=True)
for job in jobs:
    try:
        print(job.wait(plan.get("patience", 60)).path.name, flush=True)
    except (errors.JobError, errors.WaitTimeoutError) as error:
        print(type(error).__name__, error.kind, flush=True)
print("end", flush=True)
"""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(video=VIDEO, polls=3) as running:
        yield running


def start(server: FaultServer, folder: Path, **plan: Any) -> subprocess.Popen[str]:
    whole = {"url": server.url, "library": str(folder), "prompts": PROMPTS, **plan}
    command = [sys.executable, "-c", PROCESS, json.dumps(whole)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def go(*processes: subprocess.Popen[str]) -> list[list[str]]:
    """Lets all of them go on at once; what each has said to its end."""
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=120)[0].split("\n")[:-1] for process in processes]


def made(server: FaultServer) -> Counter[str]:
    """How many videos were asked for of each prompt."""
    return Counter(json.loads(one.body)["prompt"] for one in list(server.requests) if one.step == "submit")


def waiting(folder: Path, server: FaultServer, n: int = 0) -> Record:
    """A record that a process has left that was killed before it sent anything."""
    library = Library(folder)
    one, lease, _ = library.create(VideoRequest(PROMPTS[n], model="Veo 3.0"), 1, 1, server.url)
    assert lease is not None
    lease.release()
    return one


# The right to send.


@pytest.mark.parametrize("no_locks", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP])
def test_on_a_file_system_without_locks_two_processes_send_once(
    server: FaultServer, tmp_path: Path, no_locks: int
) -> None:
    said = go(*[start(server, tmp_path, no_locks=no_locks) for _ in range(2)])
    assert made(server) == dict.fromkeys(PROMPTS, 1)
    assert said[0] == said[1]
    assert said[0][-1] == "end"
    assert all(name.endswith(".mp4") for name in said[0][:-1])
    assert all(path.read_bytes() == VIDEO for path in tmp_path.glob("*.mp4"))
    left = [path.name for path in tmp_path.iterdir() if path.suffix not in (".json", ".mp4")]
    assert left == []


def test_without_locks_a_dead_process_s_jobs_are_taken_over(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 1_000_000
    with start(server, tmp_path, no_locks=errno.ENOLCK, prompts=PROMPTS[:1]) as first:
        assert first.stdin
        first.stdin.write("go\n")
        first.stdin.flush()
        wait_for(lambda: server.count("poll") > 0)
        first.kill()
    server.jobs = dict.fromkeys(server.jobs, 0)
    (said,) = go(start(server, tmp_path, no_locks=errno.ENOLCK, prompts=PROMPTS[:1], expires=0.5))
    assert said[0].endswith(".mp4")
    assert made(server) == {PROMPTS[0]: 1}


def test_without_locks_a_claim_of_a_process_that_seems_dead_is_unconfirmed(
    server: FaultServer, tmp_path: Path
) -> None:
    one = waiting(tmp_path, server)
    (tmp_path / f"{one.name}.claim").touch()
    (said,) = go(start(server, tmp_path, no_locks=errno.ENOLCK, prompts=PROMPTS[:1]))
    assert said[0] == "JobUnconfirmedError unconfirmed"
    assert made(server) == {}


def test_with_locks_a_claim_that_is_left_over_is_known_to_be_so(server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / f"{waiting(tmp_path, server).name}.claim").touch()
    assert client_of(server, tmp_path).generate(PROMPTS[0], model="Veo 3.0").wait(30)
    assert made(server) == {PROMPTS[0]: 1}
    assert not list(tmp_path.glob("*.claim"))


def test_who_has_got_hold_of_the_lease_does_not_break_the_claim_of_one_that_lives(
    server: FaultServer, tmp_path: Path
) -> None:
    one = waiting(tmp_path, server)
    other = Library(tmp_path).store  # whose lock file somebody has removed
    assert other.claim(one.name)
    with client_of(server, tmp_path) as client:
        client._manager._library.store.unclaim(one.name)  # which is not its to give back
        job = client.generate(PROMPTS[0], model="Veo 3.0")
        with pytest.raises(errors.WaitTimeoutError):
            job.wait(3)
        assert made(server) == {}
        other.unclaim(one.name)
        assert job.wait(30)
    assert made(server) == {PROMPTS[0]: 1}
    assert not list(tmp_path.glob("*.claim"))


def test_lock_files_that_somebody_removes_do_no_harm(server: FaultServer, tmp_path: Path) -> None:
    # Robbed of both its lock and its claim, each may wait for the other as long as that one lives.
    processes = [start(server, tmp_path, patience=10) for _ in range(2)]
    over = threading.Event()

    def remove() -> None:
        while not over.wait(0.001):  # without a pause nobody ever holds one
            for path in tmp_path.glob("*.lock"):
                path.unlink(missing_ok=True)

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        go(*processes)
    finally:
        over.set()
        remover.join()
    assert max(made(server).values(), default=0) <= 1, made(server)
    assert all(path.read_bytes() == VIDEO for path in tmp_path.glob("*.mp4"))
    # One that is robbed of its lock while it sends is not sent again: that may be more care than needed.
    records = [json.loads(path.read_bytes()) for path in tmp_path.glob("*.json")]
    unknown = set(server.jobs) - {one["id"] for one in records}
    assert len(unknown) <= sum(one["status"] in ("unconfirmed", "submitting") for one in records), records


def test_a_claim_is_had_once_whatever_happens_to_it_meanwhile(tmp_path: Path) -> None:
    library = Library(tmp_path)
    one, lease, _ = library.create(VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://s")
    assert lease is not None
    had: list[bool] = []
    threads = [threading.Thread(target=lambda: had.append(library.store.claim(one.name))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(had) == [False] * 19 + [True]
    lease.release()


def test_a_lease_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_take_lock", lambda _: (_ for _ in ()).throw(OSError(errno.ENOLCK, "none")))
    monkeypatch.setattr(leases, "EXPIRES_AFTER", 0.0)
    first = leases.take_lease(tmp_path, "a")
    assert isinstance(first, LeaseFile)
    assert not first.sure
    assert first.held()
    assert leases.take_lease(tmp_path, "a") is None, "it is seen for the first time"
    first.renew()
    assert leases.take_lease(tmp_path, "a") is None, "it was renewed meanwhile"
    second = leases.take_lease(tmp_path, "a")
    assert isinstance(second, LeaseFile)
    assert (first.held(), second.held()) == (False, True)
    first.release()
    assert second.held(), "what is not ours any more is left alone"
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_knows_that_its_file_is_gone(tmp_path: Path) -> None:
    lock = leases.take_lease(tmp_path, "a")
    assert isinstance(lock, Lock)
    assert lock.sure
    assert lock.held()
    (tmp_path / "a.lock").unlink()
    assert not lock.held()
    other = leases.take_lease(tmp_path, "a")
    assert isinstance(other, Lock)
    lock.release()
    assert other.held()
    other.release()


# Limits.


def test_what_waits_since_a_kill_is_within_the_limit_or_not_sent(server: FaultServer, tmp_path: Path) -> None:
    waiting(tmp_path, server)
    client = client_of(server, tmp_path, max_seconds=0)
    with pytest.raises(errors.SpendingLimitError, match="max_seconds is 0 s"):
        client.generate(PROMPTS[0], model="Veo 3.0")
    assert made(server) == {}
    assert client_of(server, tmp_path, max_seconds=6).generate(PROMPTS[0], model="Veo 3.0").wait(30)


def test_two_processes_do_not_pass_a_daily_limit_together(server: FaultServer, tmp_path: Path) -> None:
    processes = [
        start(server, tmp_path, prompts=[f"{who} {n}" for n in range(5)], max_seconds=30) for who in "AB"
    ]
    said = go(*processes)
    assert sum(made(server).values()) == 5
    assert len(server.jobs) == 5
    for lines in said:
        assert all(line in ("refused", "JobFailedError limit", "end") or ".mp4" in line for line in lines)


def test_a_clock_that_is_set_back_lets_nothing_through(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runcrate_widget.jobs import spending
    from runcrate_widget.library import naming

    ago = timedelta()
    for module in (spending, naming):
        monkeypatch.setattr(module, "now", lambda: now() - ago)
    client = client_of(server, tmp_path, max_seconds=6)
    client.generate(PROMPTS[0], model="Veo 3.0").wait(30)
    for hours in (1, 2, 24):
        ago = timedelta(hours=hours)
        with pytest.raises(errors.SpendingLimitError, match="6 s of it is taken"):
            client.generate(PROMPTS[1], model="Veo 3.0")
    assert made(server) == {PROMPTS[0]: 1}


@pytest.mark.parametrize("period", [60, -timedelta(days=1), timedelta(), "day"])
def test_a_period_that_is_none_is_refused(server: FaultServer, tmp_path: Path, period: Any) -> None:
    with pytest.raises(errors.InvalidRequestError, match="limit_period") as caught:
        client_of(server, tmp_path, max_seconds=6, limit_period=period)
    assert caught.value.field == "limit_period"


def test_takes_are_within_the_limit_together_or_none_is_sent(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_seconds=12)
    fox = VideoRequest("Fox", model="Veo 3.0")
    with pytest.raises(errors.SpendingLimitError, match=r"3 videos would take 18 s more\. None was sent"):
        next(client._generate_takes([fox], 3))
    assert len(client.library) == 0
    assert len([job.wait(30) for job in client._generate_takes([fox], 2)]) == 2
    assert made(server) == {"Fox": 2}


# What is on record before the first byte.


def test_a_process_that_ends_before_there_is_a_connection_has_sent_nothing(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        # Nobody accepts: once the queue is full, a connection is asked for and never comes.
        filled = [socket.socket() for _ in range(4)]
        for one in filled:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        client = VideoClient(KEY, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", library=tmp_path)
        job = client.generate("Fox", model="Veo 3.0")
        assert job.status == "waiting"
        fields = json.loads(next(tmp_path.glob("*.json")).read_bytes())
        assert fields["status"] == "waiting", "not `submitting`: nothing has left this machine"
        assert not list(tmp_path.glob("*.claim"))
        job.cancel()
        client.close()
        for one in filled:
            one.close()


# The end of a program.

SCRIPT = f"""
import sys
from runcrate_widget import VideoClient
client = VideoClient({KEY!r}, base_url=sys.argv[1], library=sys.argv[2], max_concurrent=2)
jobs = [client.generate(f"Fox {{n}}", model="Veo 3.0") for n in range(int(sys.argv[3]))]
"""


def run_script(server: FaultServer, folder: Path, count: int) -> str:
    """Runs it; the service answers its submits once it says that it ends. What it says."""
    ending = threading.Event()

    async def when_it_ends(exchange: Exchange) -> None:
        await asyncio.to_thread(ending.wait, 60)
        await exchange.server._submit(exchange)

    server._faults["submit"] = [when_it_ends] * count
    command = [sys.executable, "-c", SCRIPT, server.url, str(folder), str(count)]
    said = ""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            said += line
            ending.set()
    assert process.returncode == 0
    return said


def test_a_script_that_ends_at_once_has_sent_what_it_asked_for(server: FaultServer, tmp_path: Path) -> None:
    said = run_script(server, tmp_path, 2)
    assert said == "runcrate_widget: the program ends: sending 2 videos that it asked for.\n"
    assert made(server) == {"Fox 0": 1, "Fox 1": 1}
    records = [json.loads(path.read_bytes()) for path in tmp_path.glob("*.json")]
    assert {one["id"] for one in records} == set(server.jobs)


def test_a_script_that_ends_says_what_it_has_not_sent(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 1_000_000
    said = run_script(server, tmp_path, 5)
    assert "`waiting` in the library: 3 videos. Nothing of that is billed" in said
    assert sum(made(server).values()) == 2
    waiting = [
        path for path in tmp_path.glob("*.json") if json.loads(path.read_bytes())["status"] == "waiting"
    ]
    assert len(waiting) == 3


# Refused by the service's rules.


@pytest.mark.parametrize(
    "faults",
    [
        {"submit": [reply(400, {"error": {"message": "Nope", "code": "content_policy_violation"}})]},
        {"poll": [status("failed", error={"message": "It was blocked by our moderation system"})]},
        {"poll": [status("failed", error="The prompt violates our usage policies")]},
    ],
)
def test_what_the_rules_forbid_is_told_apart_and_not_sent_again_by_itself(
    server: FaultServer, tmp_path: Path, faults: dict[str, Any]
) -> None:
    server._faults.update(faults)
    client = client_of(server, tmp_path)
    job = client.generate("Fox", model="Veo 3.0")
    with pytest.raises(errors.JobFailedError) as caught:
        job.wait(30)
    assert caught.value.kind == "filtered"
    again = client_of(server, tmp_path).generate("Fox", model="Veo 3.0")
    assert again is job
    with pytest.raises(errors.JobFailedError, match="Change the prompt"):
        again.wait(30)
    assert made(server) == {"Fox": 1}
    assert again.resubmit().wait(30)


def test_what_failed_otherwise_is_sent_anew(server: FaultServer, tmp_path: Path) -> None:
    server._faults["poll"] = [status("failed", error="The GPU caught fire")]
    client = client_of(server, tmp_path)
    with pytest.raises(errors.JobFailedError) as caught:
        client.generate("Fox", model="Veo 3.0").wait(30)
    assert caught.value.kind == "failed"
    assert client.generate("Fox", model="Veo 3.0").wait(30)


# Interrupts.

INTERRUPTED = f"""
import os, signal, sys, threading, time, random
from runcrate_widget import VideoClient
from runcrate_widget.jobs import polling
polling.SHORTEST = 0.01
client = VideoClient({KEY!r}, base_url=sys.argv[1], library=sys.argv[2], max_concurrent=8)
client.generate("Warm", model="Veo 3.0").wait(60)
chance, hit = random.Random(int(sys.argv[3])), 0
for n in range(40):
    timer = threading.Timer(chance.random() * 0.008, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        timer.start()
        client.generate(f"Fox {{n}}", model="Veo 3.0")
        timer.join()
        time.sleep(0.01)
    except KeyboardInterrupt:
        hit += 1
    timer.join()
for n in range(40):
    client.generate(f"Fox {{n}}", model="Veo 3.0").wait(60)
print(hit)
"""


@pytest.mark.parametrize("seed", range(2))
def test_an_interrupt_at_any_point_of_generate_leaves_nothing_stuck(
    server: FaultServer, tmp_path: Path, seed: int
) -> None:
    command = [sys.executable, "-c", INTERRUPTED, server.url, str(tmp_path), str(seed)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert int(ran.stdout) > 5, "it was interrupted"
    assert set(made(server).values()) == {1}
    assert not list(tmp_path.glob("*.lock"))


# What another process has done meanwhile.


def other_hands(one: Record, **fields: Any) -> None:
    """Another process goes on with a job."""
    Library(one.folder).write(replace(one, **fields))


def test_a_job_that_another_process_has_in_hand_is_not_cancelled(server: FaultServer, tmp_path: Path) -> None:
    one = waiting(tmp_path, server)
    lease = Library(tmp_path).lease(one.name)
    assert lease is not None
    job = client_of(server, tmp_path).generate(PROMPTS[0], model="Veo 3.0")
    wait_for(lambda: "another notebook" in job.note)
    with pytest.raises(errors.JobError, match="Another notebook has this job in hand"):
        job.cancel()
    other_hands(one, status=JobStatus.PROCESSING, id="vid_000001")
    server.jobs["vid_000001"] = 0
    lease.release()
    assert job.wait(30)
    assert made(server) == {}


def test_a_job_that_was_let_go_is_not_cancelled_over_what_became_of_it(
    server: FaultServer, tmp_path: Path
) -> None:
    server.polls = 1_000_000
    client = client_of(server, tmp_path, max_concurrent=1)
    client.generate(PROMPTS[0], model="Veo 3.0")
    job = client.generate(PROMPTS[1], model="Veo 3.0")
    client.close()
    other_hands(job.record, status=JobStatus.PROCESSING, id="vid_000009")
    with pytest.raises(errors.JobError, match="gone on with this job meanwhile: it is processing"):
        job.cancel()
    assert Library(tmp_path)["vid_000009"].status == "processing"


def test_an_unconfirmed_job_that_another_process_has_put_right_is_left_alone(
    server: FaultServer, tmp_path: Path
) -> None:
    async def lost(exchange: Exchange) -> None:
        exchange.server.make_job(exchange.request)
        exchange.writer.close()

    server._faults["submit"] = [lost]
    client = client_of(server, tmp_path)
    job = client.generate(PROMPTS[0], model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    other_hands(job.record, status=JobStatus.QUEUED, id="vid_000001", adopted=now())
    with pytest.raises(errors.JobError, match="gone on with this job: it is queued"):
        job.resubmit()
    with pytest.raises(errors.JobError, match="needs no other id"):
        job.adopt("vid_wrong")
    again = client.generate(PROMPTS[0], model="Veo 3.0")
    assert again.wait(30)
    assert again.id == "vid_000001"
    assert made(server) == {PROMPTS[0]: 1}


def test_a_record_that_cannot_be_read_is_not_one_that_is_not_there(
    server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path)
    first = client.generate(PROMPTS[0], model="Veo 3.0")
    first.wait(30)
    name, folder = first.record.name, tmp_path
    client.close()
    living.clear()  # as in another process
    (folder / f"{name}.json").unlink()
    (folder / f"{name}.json").symlink_to(folder / "elsewhere.json")
    client = client_of(server, tmp_path, resume=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(errors.DamagedRecordError, match="cannot be read: it may have been paid"):
            client.generate(PROMPTS[0], model="Veo 3.0")
    assert made(server) == {PROMPTS[0]: 1}


def test_a_record_that_somebody_has_removed_is_written_again(server: FaultServer, tmp_path: Path) -> None:
    server._faults["poll"] = [reply(401)]
    client = client_of(server, tmp_path)
    job = client.generate(PROMPTS[0], model="Veo 3.0")
    with pytest.raises(errors.JobStoppedError):
        job.wait(30)
    (tmp_path / f"{job.record.name}.json").unlink()
    assert client.generate(PROMPTS[0], model="Veo 3.0") is job
    assert job.wait(30)
    assert json.loads(next(tmp_path.glob("*.json")).read_bytes())["id"] == "vid_000001"
    assert made(server) == {PROMPTS[0]: 1}


@pytest.mark.parametrize("resume", [True, False])
def test_a_later_attempt_is_found_whose_earlier_one_is_gone(
    server: FaultServer, tmp_path: Path, resume: bool
) -> None:
    server._faults["submit"] = [reply(422), reply(422)]
    client = client_of(server, tmp_path)
    for _ in range(2):
        with pytest.raises(errors.JobFailedError):
            client.generate(PROMPTS[0], model="Veo 3.0").wait(30)
    video = client.generate(PROMPTS[0], model="Veo 3.0").wait(30)
    client.close()
    (second,) = [one for one in Library(tmp_path) if one.attempt == 2]
    (tmp_path / f"{second.name}.json").unlink()
    again = client_of(server, tmp_path, resume=resume).generate(PROMPTS[0], model="Veo 3.0")
    assert again.wait(30).path == video.path
    assert made(server) == {PROMPTS[0]: 3}


def test_a_listener_that_fails_does_not_become_the_job_s_fault(
    server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = client_of(server, tmp_path).generate(PROMPTS[0], model="Veo 3.0")
    job.subscribe(lambda: exec("1 / 0"))
    assert job.wait(30)
    assert "A listener of" in caplog.text


# Ids that nobody knows.


def test_an_id_that_the_service_does_not_know_raises_and_writes_nothing(
    server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path)
    with pytest.raises(errors.NotFoundError, match="No video nope"):
        client.job("nope")
    assert not list(tmp_path.glob("*"))
    server.jobs["vid_foreign"] = 0
    server._faults["poll"] = [reply(503)]
    assert client.job("vid_foreign").wait(30)


@pytest.mark.parametrize("id", ["", "  ", ".", "..", "\ud800", "a\nb", 5, None])
def test_what_is_no_id_is_refused(server: FaultServer, tmp_path: Path, id: Any) -> None:
    with pytest.raises(errors.InvalidRequestError, match="id is"):
        client_of(server, tmp_path).job(id)
    assert server.requests == []


# Records that are meant badly.


@pytest.mark.parametrize(
    "changes",
    [
        {
            "request": {
                "prompt": "Fox",
                "model": "m/m",
                "duration": "6); import os  #",
                "aspect_ratio": "16:9",
            }
        },
        {"request": {"prompt": None, "model": "m/m"}},
        {"created": "2026-01-01T00:00:00"},
        {"take": None},
        {"polls": 1e999},
        {"status": "exploded"},
        {"error": {"message": 5}},
    ],
)
def test_a_bad_record_is_set_aside_and_hides_no_other(
    server: FaultServer, tmp_path: Path, changes: dict[str, Any]
) -> None:
    one = waiting(tmp_path, server, 1)
    bad = {**json.loads((tmp_path / f"{one.name}.json").read_bytes()), **changes}
    (tmp_path / "bad-12345678.json").write_text(json.dumps(bad))
    client = client_of(server, tmp_path, resume=False)
    with pytest.warns(UserWarning, match=r"bad-12345678\.json is damaged"):
        assert [record.name for record in client.library] == [one.name]
    assert client.generate(PROMPTS[0], model="Veo 3.0").wait(30)
    assert (tmp_path / "bad-12345678.json.damaged").exists()


def wait_for(met: Any) -> None:
    pause, end = threading.Event(), time.monotonic() + 30
    while not met():
        assert time.monotonic() < end
        pause.wait(0.01)
