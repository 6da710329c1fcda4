"""Jobs that are left to a carrier: by clients that carry none, in processes of their own, before a server that
misbehaves."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, Exchange, FaultServer, client_of, hang, reply
from object_stores import Place
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest, VideoWidget, errors
from runcrate_widget.jobs import carrier as carrier_module
from runcrate_widget.jobs import onlooking, unfinished
from runcrate_widget.jobs.carrier import MORE, Carrier, State
from runcrate_widget.jobs.living import living
from runcrate_widget.jobs.loop import engine
from runcrate_widget.library.at_work import AtWork, carrier_of, take_office
from runcrate_widget.library.cloud import alive as alive_module
from runcrate_widget.library.cloud import leases
from runcrate_widget.library.library import Library
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.record import JobStatus, read_record, write_record
from runcrate_widget.notebook.rows import has_key

ROOT = Path(__file__).resolve().parent.parent
VIDEO = small_mp4(1)
PATIENCE = 120  # seconds

pytestmark = [
    pytest.mark.usefixtures("quick", "soon"),
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, on a shorter clock."""
    monkeypatch.setattr(onlooking, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(unfinished, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(carrier_module, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(carrier_module, "LONGEST_PAUSE", 0.3)


def until(met: Callable[[], Any]) -> Any:
    """Waits until something is so, and gives it."""
    end = time.monotonic() + PATIENCE
    while not (found := met()):
        assert time.monotonic() < end, "it has not come to that"
        time.sleep(0.02)
    return found


def leaving(server: FaultServer, folder: Path, **options: Any) -> VideoClient:
    """A client that carries nothing, and has no key."""
    return client_of(server, folder, **{"api_key": None, "carry": False, **options})


def sent(server: FaultServer) -> Counter[str]:
    """How often each prompt was submitted."""
    bodies = [json.loads(one.body) for one in list(server.requests) if one.step == "submit"]
    return Counter(body["prompt"] for body in bodies)


class Process:
    """One of our programs, and what it says."""

    def __init__(self, server: FaultServer, *asked: str, program: str = "command_child", **env: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RUNCRATE_")},
            "RUNCRATE_BASE_URL": server.url,
            "PYTHONPATH": str(ROOT),
            **env,
        }
        command = [sys.executable, str(ROOT / "tests" / f"{program}.py"), *asked]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
        )
        self.said: dict[str, list[str]] = {"out": [], "err": []}
        self._threads = [
            threading.Thread(target=self._read, args=(stream, self.said[name]), daemon=True)
            for name, stream in (("out", self.process.stdout), ("err", self.process.stderr))
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: Any, into: list[str]) -> None:
        with stream:
            into.extend(line.rstrip("\n") for line in stream)

    def until_said(self, text: str) -> str:
        return str(until(lambda: next((one for one in list(self.said["err"]) if text in one), None)))

    def end(self, number: int | None = None) -> int:
        """Its exit code, after this signal if one is given."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join()
        said = "\n".join(self.said["out"] + self.said["err"])
        assert "Traceback" not in said, said
        assert KEY not in said
        return code

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said["out"]]


def carry(server: FaultServer, folder: Path, *options: str) -> Process:
    return Process(server, "carry", str(folder), *options, RUNCRATE_API_KEY=KEY)


def notebook(server: FaultServer, folder: Path, prompts: list[str], owner: str) -> Process:
    plan = {"url": server.url, "library": str(folder), "prompts": prompts, "owner": owner}
    return Process(server, json.dumps(plan), program="carry_child")


@contextlib.contextmanager
def carrier_in_here(client: VideoClient, places: int = 4) -> Iterator[tuple[Carrier, list[State]]]:
    """A carrier in this process, for what a test wants to count or set, and what it has found."""
    one = Carrier(
        client._manager, client.library, client._service, places=places, limit=lambda: client._limit
    )
    states: list[State] = []
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            states.append(one.look())
            one.wait(one.pause)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield one, states
    finally:
        ended.set()
        thread.join()
        client.close()
        one.leave()


PROMPTS = [f"A fox in scene {number}" for number in range(24)]


def ask_from_three(server: FaultServer, folder: Path) -> list[Process]:
    """Three notebooks, each of which asks for some that another one asks for, too."""
    parts = {"ann": PROMPTS[:14], "ben": PROMPTS[8:20], "cyd": PROMPTS[12:] + PROMPTS[:3]}
    return [notebook(server, folder, prompts, owner) for owner, prompts in parts.items()]


def test_a_carrier_that_is_killed_while_it_asks_pays_for_nothing_twice(tmp_path: Path) -> None:
    carriers: list[Process] = []

    async def kill(exchange: Exchange) -> None:
        # With one place, nothing is being sent while it asks.
        carriers[-1].process.kill()
        await hang(exchange)

    async def go_on(exchange: Exchange) -> None:
        await exchange.server._poll(exchange)

    faults = [go_on] * 3 + [kill] + [go_on] * 5 + [kill] + [go_on] * 9 + [kill]
    with FaultServer(video=VIDEO, poll=faults) as server:
        notebooks = ask_from_three(server, tmp_path)
        while any(one.process.poll() is None for one in notebooks):
            if not carriers or carriers[-1].process.poll() is not None:
                carriers.append(carry(server, tmp_path, "--max-concurrent", "1"))
            time.sleep(0.02)
        assert [one.end() for one in notebooks] == [0, 0, 0]
        assert carriers[-1].end(signal.SIGTERM) == 143
        assert len(carriers) == 4, "three were killed"
        assert sent(server) == dict.fromkeys(PROMPTS, 1)
        ends = [one for note in notebooks for one in note.objects() if "end" in one]
        assert {one["end"] for one in ends} == {"video"}
        assert {one["prompt"] for one in ends} == set(PROMPTS)
        records = Library(tmp_path).filter()
        assert {one.status for one in records} == {JobStatus.COMPLETED}
        assert all(one.handed_over for one in records)
        assert {one.owner for one in records} <= {"ann", "ben", "cyd"}
        assert len(Library(tmp_path).filter(owner="ann")) >= 5


def kill_after(some: int, seconds: float, server: FaultServer, folder: Path) -> None:
    """A carrier is killed so long after it has sent some more."""
    one = carry(server, folder, "--until-done")
    before = server.count("submit")
    until(lambda: server.count("submit") >= before + some or one.process.poll() is not None)
    time.sleep(seconds)
    one.process.kill()
    one.end()


def test_a_carrier_that_is_killed_at_any_moment_sends_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(12)
    with FaultServer(video=VIDEO) as server:
        notebooks = ask_from_three(server, tmp_path)
        for _ in range(6):
            kill_after(chance.randrange(1, 5), chance.random() * 0.05, server, tmp_path)
        while any(one.process.poll() is None for one in notebooks):
            carry(server, tmp_path, "--until-done").end()
        assert [one.end() for one in notebooks] == [0, 0, 0]
        counts = sent(server)
        assert max(counts.values()) == 1, "paid twice"
        ends = {one["prompt"]: one["end"] for note in notebooks for one in note.objects() if "end" in one}
        assert ends.keys() == set(PROMPTS)
        # Of what was on its way just then a person is asked.
        assert set(ends.values()) <= {"video", "JobUnconfirmedError"}
        assert sum(end == "video" for end in ends.values()) >= len(PROMPTS) - 4 * 6
        assert all(prompt in counts for prompt, end in ends.items() if end == "video")


def test_a_second_carrier_waits_and_takes_over(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        first = carry(server, tmp_path)
        first.until_said("Carrying")
        until(lambda: carrier_of(Library(tmp_path)))
        second = carry(server, tmp_path, "--json")
        said = second.until_said("waiting to take over")
        at_work = carrier_of(Library(tmp_path))
        assert at_work
        assert at_work.host and at_work.host in said
        assert at_work.process == first.process.pid
        job = leaving(server, tmp_path).generate("A fox", model="Veo 3.0")
        assert job.wait(PATIENCE).path.is_file(), "the first one is at work"
        assert second.process.poll() is None
        first.process.kill()
        first.end()
        second.until_said("Carrying")
        assert second.end(signal.SIGINT) == 130
        assert second.objects()[0]["type"] == "carrier" and second.objects()[0]["other"]
        assert second.objects()[-1] == {**second.objects()[-1], "type": "summary", "code": 130}
        assert server.count("submit") == 1


def test_until_done_beside_another_carrier_ends_when_that_one_has_done_all(tmp_path: Path) -> None:
    """A cron job beside one that never ends."""
    with FaultServer(video=VIDEO, polls=10**6) as server:
        job = leaving(server, tmp_path).generate("A fox", model="Veo 3.0")
        first = carry(server, tmp_path)
        until(lambda: server.count("poll"))
        second = carry(server, tmp_path, "--until-done", "--json")
        second.until_said("waiting to take over")
        assert (second.objects()[0]["waiting"], second.objects()[0]["sent"]) == (0, 1)
        server.jobs["vid_000001"] = 0
        assert second.end() == 0
        assert job.wait(PATIENCE).path.is_file()
        third = carry(server, tmp_path, "--until-done")
        assert third.end() == 0, "nothing is left"
        assert first.process.poll() is None
        assert first.end(signal.SIGINT) == 130
        assert server.count("submit") == 1


def test_what_its_notebook_was_to_send_is_not_sent_by_the_carrier(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        library = Library(tmp_path)
        owl = VideoRequest("An owl", model="Veo 3.0")
        _, lease, _ = library.create(owl, 1, 1, server.url)
        assert lease
        lease.release()  # its notebook has ended, and nobody asks for it
        job = leaving(server, tmp_path).generate("A fox", model="Veo 3.0")
        assert carry(server, tmp_path, "--until-done").end() == 0
        assert job.wait(PATIENCE)
        assert sent(server) == {"A fox": 1}
        # Until somebody does.
        job = leaving(server, tmp_path).generate(owl)
        assert job.record.handed_over
        assert carry(server, tmp_path, "--until-done").end() == 0
        assert job.wait(PATIENCE)
        assert sent(server) == {"A fox": 1, "An owl": 1}


def test_the_budget_holds_it_up_and_fails_nothing(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        jobs = [leaving(server, tmp_path).generate("A fox", model="Veo 3.0", take=n) for n in range(1, 6)]
        one = carry(server, tmp_path, "--max-seconds", "13", "--limit-period", "1d")
        assert "--max-seconds is 13 s" in one.until_said("Waiting: ")
        until(lambda: any("the carrier waits: max_seconds is 13 s" in job.note for job in jobs))
        until(lambda: sum(job.done for job in jobs) == 2)
        assert one.end(signal.SIGINT) == 130
        assert server.count("submit") == 2
        # With the period, another one counts what the first has sent; --until-done ends where it is stopped.
        limited = ("--max-seconds", "13", "--limit-period", "1d", "--until-done")
        assert carry(server, tmp_path, *limited).end() == 3
        assert server.count("submit") == 2
        assert {job.status for job in jobs} == {"waiting", "completed"}
        assert (
            carry(server, tmp_path, "--max-seconds", "30", "--limit-period", "1d", "--until-done").end() == 0
        )
        assert all(job.wait(PATIENCE) for job in jobs)
        assert server.count("submit") == 5


def test_what_was_sent_since_the_library_was_looked_through_is_counted_once(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier_module, "MORE", 1)
    server.polls = 10**6
    with leaving(server, tmp_path) as asks:
        for prompt in ("A fox", "An owl", "A hen"):
            asks.generate(prompt, model="Veo 3.0", duration=6)
    budget: dict[str, Any] = {"max_cost": 8.0, "limit_period": timedelta(days=1), "prices": {"Veo 3.0": 0.4}}
    with client_of(server, tmp_path, resume=False, max_concurrent=1, **budget) as client:
        one = Carrier(client._manager, client.library, server.url, places=1, limit=lambda: client._limit)
        try:
            assert (one.look().held, len(one.in_hand)) == (None, 2)
            monkeypatch.setattr(unfinished, "LOOK_EVERY", 3600.0)
            both = list(one.in_hand.values())
            first = until(lambda: next((job for job in both if job.id), None))
            server.jobs[first.id] = 0
            assert first.wait(PATIENCE) and until(lambda: all(job.id for job in both))
            assert (one.look().held, len(one.in_hand)) == (None, 2), "the three of them cost $7.20"
        finally:
            one.leave()


def test_a_budget_that_is_raised_goes_on_and_a_client_has_its_own(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        client = leaving(server, tmp_path, max_seconds=18)
        jobs = [client.generate("A fox", model="Veo 3.0", take=n) for n in range(1, 4)]
        with pytest.raises(errors.SpendingLimitError, match="max_seconds is 18 s"):
            client.generate("A fox", model="Veo 3.0", take=4)
        carrying = client_of(server, tmp_path, resume=False, max_seconds=6)
        with carrier_in_here(carrying) as (_, states):
            until(lambda: states and states[-1].held)
            assert states[-1].held.kind == "limit" and server.count("submit") <= 1  # type: ignore[union-attr]
            carrying.max_seconds = 18
            assert all(job.wait(PATIENCE) for job in jobs)
        assert server.count("submit") == 3


def test_until_done_sends_what_fits_into_the_budget(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        leave(server, tmp_path, "A fox", 4)
        spending = Library(tmp_path).lease("spending")
        assert spending, "so what it begins is not sent yet at its first look"
        one = carry(server, tmp_path, "--max-seconds", "12", "--until-done")
        one.until_said("Waiting: --max-seconds")
        spending.release()
        assert one.end() == 3, "the limit is what stops it"
        assert server.count("submit") == 2
        assert statuses(tmp_path) == {"completed": 2, "waiting": 2}


@pytest.mark.parametrize("place", ["memory", "moto"], indirect=True)
def test_a_carrier_that_stood_still_is_not_in_its_own_way(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    for module in (alive_module, leases):
        monkeypatch.setattr(module, "clock", lambda: clock[0])
    with FaultServer(video=VIDEO) as server:
        client = client_of(server, place.location, resume=False)  # type: ignore[arg-type]
        one = Carrier(client._manager, client.library, server.url, places=4, limit=lambda: client._limit)
        assert one.look().other is None
        clock[0] += alive_module.VALID_FOR + 1
        assert one.look().other is None
        client.library.store._leases._presence.renew()  # type: ignore[attr-defined]
        with leaving(server, place.location) as asking:  # type: ignore[arg-type]
            job = asking.generate("A fox", model="Veo 3.0")
            until(lambda: one.look().ended)
            assert asking.library[job.key].video and server.count("submit") == 1
        client.close()
        one.leave()


@pytest.mark.parametrize("content", [b'{"process": Infinity}', b"[" * 100_000, b"[]", b'"held"', b"\xff"])
def test_what_somebody_has_made_of_carrier_txt_harms_nobody(tmp_path: Path, content: bytes) -> None:
    library = Library(tmp_path)
    office = take_office(library)
    assert office
    library.store.keep("carrier", content)
    assert carrier_of(library) == AtWork()
    office.release()


def leave(server: FaultServer, folder: Path, prompt: str, takes: int) -> None:
    """So many takes are left to a carrier, and nobody here looks on."""
    with leaving(server, folder) as client:
        for take in range(1, takes + 1):
            client.generate(prompt, model="Veo 3.0", take=take)


def statuses(folder: Path) -> Counter[str]:
    return Counter(one.status.value for one in Library(folder).filter())


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_what_would_refuse_any_holds_up_all_and_fails_none(tmp_path: Path, status: int) -> None:
    with FaultServer(video=VIDEO, submit=[reply(status)] * 14) as server:
        leave(server, tmp_path, "A fox", 30)
        with carrier_in_here(client_of(server, tmp_path, resume=False)) as (_, states):
            until(lambda: status == 429 or (states and states[-1].held))  # 429 is ridden out by each
            until(lambda: statuses(tmp_path)["completed"] == 30)
            until(lambda: not states[-1].held)
        assert server.count("submit") == 30 + 14


def test_where_answers_are_lost_it_does_not_lose_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(video=VIDEO, submit=[reply(502)] * 1000) as server:
        leave(server, tmp_path, "A fox", 40)
        monkeypatch.setattr(carrier_module, "FIRST_PAUSE", 10_000.0)
        with carrier_in_here(client_of(server, tmp_path, resume=False)) as (one, states):
            until(lambda: states and states[-1].held and not one.in_hand)
            looks = len(states)
            until(lambda: len(states) > looks + 5)
            assert states[-1].held.kind == "unconfirmed"  # type: ignore[union-attr]
            lost = server.count("submit")
            assert lost <= 4 + MORE
            assert statuses(tmp_path) == {"unconfirmed": lost, "waiting": 40 - lost}
            server._faults["submit"].clear()
            one._hold.until = 0.0  # the pause is over
            until(lambda: statuses(tmp_path) == {"unconfirmed": lost, "completed": 40 - lost})


def test_what_is_not_allowed_while_others_are_fails_by_itself(tmp_path: Path) -> None:
    class Choosy(FaultServer):
        async def _submit(self, exchange: Exchange) -> None:
            if json.loads(exchange.request.body)["prompt"] == "An owl":
                await reply(403)(exchange)
            else:
                await super()._submit(exchange)

    with Choosy(video=VIDEO) as server:
        leave(server, tmp_path, "An owl", 1)
        leave(server, tmp_path, "A fox", 19)
        with carrier_in_here(client_of(server, tmp_path, resume=False)):
            until(lambda: statuses(tmp_path) == {"failed": 1, "completed": 19})
        assert sent(server)["A fox"] == 19


def alive(folder: Path) -> int:
    """How many jobs of a library are held in this process."""
    return sum(place == folder for place, _ in list(living))


def test_a_thousand_that_wait_are_no_thousand_jobs(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO, polls=0) as server:
        with leaving(server, tmp_path) as client:
            takes = [(VideoRequest("A fox", model="Veo 3.0"), n) for n in range(1, 1101)]
            for _ in client._manager.leave_all(takes):  # type: ignore[attr-defined]
                pass
        assert not alive(tmp_path) and len(client.library) == 1100
        most: Counter[str] = Counter()
        others = threading.active_count()  # of this process's other tests, too

        class Counting(Carrier):
            def look(self) -> State:
                state = super().look()
                most["in hand"] = max(most["in hand"], len(self.in_hand))
                gc.collect()  # what has ended is held by nobody
                most["alive"] = max(most["alive"], alive(tmp_path))
                most["runs"] = max(most["runs"], len(self._manager._runs._runs))
                locks = sum(name.endswith((".lock", ".claim")) for name in os.listdir(tmp_path))
                most["locks"] = max(most["locks"], locks)
                most["threads"] = max(most["threads"], threading.active_count() - others)
                return state

        carrying = client_of(server, tmp_path, resume=False)
        one = Counting(
            carrying._manager, carrying.library, server.url, places=4, limit=lambda: carrying._limit
        )
        while server.count("submit") < 150:
            assert one.look().waiting
            one.wait(one.pause)
        carrying.close()
        one.leave()
        room = 4 + MORE + 8  # places, those that come next, and those that are being downloaded
        assert 4 <= most["in hand"] <= room, most
        assert most["alive"] <= 2 * room and most["runs"] <= room, most
        assert most["locks"] <= 2 * room + 1, most
        assert most["threads"] < 60, most
        begun = [one.take for one in Library(tmp_path).filter() if one.status is not JobStatus.WAITING]
        assert max(begun) <= server.count("submit") + room, "the oldest first"


def test_it_looks_for_more_when_it_knows_of_no_more_than_it_has_places_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOOK_EVERY": 0.0, "_SHARE": 0, "_SHARE_OF_PLENTY": 1e9}.items():
        monkeypatch.setattr(unfinished, name, value)
    with FaultServer(video=VIDEO, polls=0) as server:
        leave(server, tmp_path, "A fox", 30)
        with carrier_in_here(client_of(server, tmp_path, resume=False)) as (one, _):
            scan, known = one._library.unfinished, []

            def counted(service: str) -> list[Any]:
                known.append(one._left)
                return list(scan(service))

            one._library.unfinished = counted  # type: ignore[method-assign]
            until(lambda: server.count("submit"))
            leave(server, tmp_path, "An owl", 1)
            until(lambda: statuses(tmp_path) == {"completed": 31})
        assert known and max(known) <= 4, "as many as there are places"
        assert sent(server) == {"A fox": 30, "An owl": 1}


def test_looking_on_is_one_look_however_many_there_are(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        client = leaving(server, tmp_path)
        jobs = [client.generate("A fox", model="Veo 3.0", take=n) for n in range(1, 201)]
        library, counted = client.library, Counter[str]()
        for home, name in ((library.store, "read"), (library.store, "scan"), (library.store, "lease")):
            setattr(home, name, counting(getattr(home, name), counted, name))
        until(lambda: counted["scan"] >= 3)  # all have been seen as they are
        counted.clear()
        until(lambda: counted["scan"] >= 10)
        assert counted["read"] == 0 and counted["lease"] == 0, counted
        assert {job.note for job in jobs} == {f"waits for a carrier: runcrate-widget carry {tmp_path}"}
        counted.clear()
        jobs[0].cancel()
        until(lambda: counted["scan"] >= 5)
        assert counted["read"] < 10, counted
        client.close()


def counting(function: Callable[..., Any], counted: Counter[str], name: str) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        counted[name] += 1
        return function(*given)

    return call


def test_a_batch_is_left_as_a_whole(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server, leaving(server, tmp_path) as client:
        prompts = [f"A fox, {number}" for number in range(1020)]
        batch = client.generate_many(prompts, model="Veo 3.0")
        assert len(list(tmp_path.glob("*.json"))) == 1020  # and it waits for none to be done
        assert batch.counts == {"waiting": 1020}
        assert all(one.handed_over for one in Library(tmp_path).filter())
        assert not list(tmp_path.glob("*.lock")), "nobody has them in hand"
        assert batch.cancel() == 1020
        assert all(one.status == "cancelled" for one in client.library)
        assert batch.counts == {"cancelled": 1020}
        assert batch.wait(PATIENCE)[1019].status == "cancelled"


def test_a_batch_is_taken_back_as_far_as_it_waits(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server, leaving(server, tmp_path) as client:
        batch = client.generate_many([f"A fox, {number}" for number in range(60)], model="Veo 3.0")
        assert batch[59]
        assert batch.cancel() == 60
        assert statuses(tmp_path) == {"cancelled": 60}
        assert not list(tmp_path.glob("*.lock"))
        assert carry(server, tmp_path, "--until-done").end() == 0
        assert not server.requests


def test_it_sends_and_asks_nothing_and_what_it_cannot_do_says_so(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        client = leaving(server, tmp_path)
        assert client.api_key is None and "carries nothing" in repr(client)
        job = client.generate("A fox", model="Veo 3.0")
        until(lambda: job.note == f"waits for a carrier: runcrate-widget carry {tmp_path}")
        assert client.plan(["A fox"], model="Veo 3.0").known == 1
        assert client.generate("A fox", model="Veo 3.0") is job and job.reused
        with pytest.raises(errors.InvalidRequestError, match=r"runcrate-widget get vid_9"):
            client.job("vid_9")
        with pytest.raises(errors.WaitTimeoutError):
            job.wait(0.1)
        assert not client.unsent(), "it is not forgotten"
        other = client.generate("An owl", model="Veo 3.0")
        other.cancel()
        assert other.status == "cancelled" and Library(tmp_path)[other.key].status == "cancelled"
        client.close()
        with pytest.raises(errors.JobStoppedError, match="left to a carrier, which sends it all the same"):
            job.wait(1)
        assert not server.requests
        with leaving(server, tmp_path) as later:
            again = later.generate("A fox", model="Veo 3.0")
            carry(server, tmp_path, "--until-done").end()
            assert again.wait(PATIENCE) and sent(server) == {"A fox": 1}


def test_what_is_cancelled_while_it_is_looked_at_says_so(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server, leaving(server, tmp_path) as client:
        counted = Counter[str]()
        client.library.store.scan = counting(client.library.store.scan, counted, "scan")  # type: ignore[method-assign]
        jobs = [client.generate("A fox", model="Veo 3.0", take=n) for n in range(1, 31)]
        for job in jobs[1:]:
            job.cancel()
        counted.clear()
        until(lambda: counted["scan"] >= 4)
        assert all(job.error and job.error.kind == "cancelled" and not job.note for job in jobs[1:])
        assert not jobs[0].done


def test_who_asked_is_never_the_reason_that_a_record_is_damaged(tmp_path: Path) -> None:
    record = fresh_record(tmp_path, VideoRequest("A fox", model="Veo 3.0"), 1, 1, "demo", owner="ann")
    for odd in (5, "", "x" * 201, None, ["ann"]):
        fields = {**json.loads(write_record(record)), "owner": odd}
        found = read_record(record.name, tmp_path, json.dumps(fields).encode())
        assert found and found.owner is None
        assert json.loads(write_record(found))["owner"] == odd, "and what is there stays"
    left = fresh_record(tmp_path, record.request, 2, 1, "demo", owner="ann", handed_over=True)
    again = read_record(left.name, tmp_path, write_record(left))
    assert again and (again.owner, again.handed_over) == ("ann", left.created)
    assert again.key == fresh_record(tmp_path, record.request, 2, 1, "demo").key


def test_a_failed_one_is_left_anew_and_a_lost_one_is_settled(tmp_path: Path) -> None:
    async def lost(exchange: Exchange) -> None:
        exchange.server.make_job(exchange.request)
        await reply(502)(exchange)

    with FaultServer(video=VIDEO, submit=[reply(400), lost]) as server, leaving(server, tmp_path) as client:
        job = client.generate("A fox", model="Veo 3.0")
        assert carry(server, tmp_path, "--until-done").end() == 0
        with pytest.raises(errors.JobFailedError):
            job.wait(PATIENCE)
        again = job.resubmit()
        assert again.record.handed_over and again.record.attempt == 2
        assert carry(server, tmp_path, "--until-done").end() == 0
        with pytest.raises(errors.JobUnconfirmedError, match="adopt"):
            again.wait(PATIENCE)
        again.adopt("vid_000001")
        assert carry(server, tmp_path, "--until-done").end() == 0
        assert again.wait(PATIENCE)
        assert server.count("submit") == 2


def test_a_client_of_the_same_process_may_send_it(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server, leaving(server, tmp_path, owner="ann") as client:
        job = client.generate("A fox", model="Veo 3.0")
        with client_of(server, tmp_path, resume=False) as other:
            assert other.generate("A fox", model="Veo 3.0") is job
            assert job.wait(PATIENCE)
        assert (job.record.owner, server.count("submit")) == ("ann", 1)


def test_it_may_send_it_also_where_the_engine_is_busy_meanwhile(tmp_path: Path) -> None:
    with (
        FaultServer(video=VIDEO) as server,
        leaving(server, tmp_path) as client,
        client_of(server, tmp_path, resume=False) as other,
    ):
        assert client._manager and other._manager
        busy, go = threading.Event(), threading.Event()
        engine().call(busy.set)
        engine().call(go.wait, 60)
        assert busy.wait(60)
        try:
            job = client.generate("A fox", model="Veo 3.0")
            assert other.generate("A fox", model="Veo 3.0") is job
        finally:
            go.set()
        assert job.wait(PATIENCE)
        assert server.count("submit") == 1


def test_what_a_notebook_was_to_send_is_left_to_a_carrier_once_it_has_ended(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server, leaving(server, tmp_path) as client:
        fox = VideoRequest("A fox", model="Veo 3.0")
        _, lease, _ = client.library.create(fox, 1, 1, server.url)
        assert lease
        job = client.generate(fox)
        assert job.record.handed_over is None, "another notebook has it in hand"
        lease.release()
        until(lambda: job.record.handed_over)
        assert carry(server, tmp_path, "--until-done").end() == 0
        assert job.wait(PATIENCE)


def test_a_carrier_goes_on_with_what_a_notebook_had_sent(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO, polls=10**9) as server:
        with client_of(server, tmp_path) as client:
            job = client.generate("A fox", model="Veo 3.0")
            until(lambda: job.status == "processing")
        server.jobs[job.id or ""] = 0
        assert carry(server, tmp_path, "--until-done").end() == 0
        assert Library(tmp_path)[job.key].video and server.count("submit") == 1


def test_without_a_key_it_says_so(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        one = Process(server, "carry", str(tmp_path), "--json")
        assert one.end() == 3 and one.objects()[0]["kind"] == "key"
        both = Process(server, "carry", str(tmp_path), "--library", str(tmp_path))
        assert both.end() == 2
        assert Process(server, "carry", "--limit-period", "soon").end() == 2


def test_ctrl_c_awaits_what_is_being_sent(tmp_path: Path) -> None:
    arrived, go = threading.Event(), threading.Event()

    async def slow(exchange: Exchange) -> None:
        import asyncio

        arrived.set()
        await asyncio.to_thread(go.wait)
        await exchange.server._submit(exchange)

    with FaultServer(video=VIDEO, submit=[slow]) as server, leaving(server, tmp_path) as client:
        jobs = [client.generate("A fox", model="Veo 3.0", take=n) for n in range(1, 4)]
        one = carry(server, tmp_path, "--max-concurrent", "1")
        assert arrived.wait(PATIENCE)
        one.process.send_signal(signal.SIGTERM)
        one.until_said("Ending")
        go.set()
        assert one.end() == 143
        assert server.count("submit") == 1
        records = [client.library[job.key] for job in jobs]
        assert sorted(one.status for one in records) == ["queued", "waiting", "waiting"]


def test_a_widget_needs_no_key_and_shows_what_it_waits_for(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server, leaving(server, tmp_path) as client:
        widget = VideoWidget(client=client, prompt="A fox", model="Veo 3.0")
        assert has_key(client)
        job = widget.generate()
        until(lambda: job.note.startswith("waits for a carrier"))  # type: ignore[union-attr]
        until(lambda: "waits for a carrier" in repr(widget.get_state()))


@pytest.mark.parametrize("owner", ["", " ", "x" * 201, 5, "rc_live_0123456789"])
def test_an_owner_is_a_short_text(tmp_path: Path, owner: Any) -> None:
    with pytest.raises(errors.InvalidRequestError, match="owner") as caught:
        VideoClient(owner=owner, library=tmp_path)
    assert "0123456789" not in str(caught.value)


def test_nobody_is_recorded_unasked(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server, client_of(server, tmp_path) as client:
        job = client.generate("A fox", model="Veo 3.0")
        job.wait(PATIENCE)
        text = (tmp_path / f"{job.record.name}.json").read_text(encoding="utf-8")
        assert "owner" not in text and "handed_over" not in text
        assert client.ledger[0]["owner"] is None
        with client_of(server, tmp_path, owner="ann") as other:
            named = other.generate("A fox", model="Veo 3.0", take=2)
            named.wait(PATIENCE)
            assert [one.key for one in other.library.filter(owner="ann")] == [named.key]
            assert other.ledger.filter()[0]["owner"] == "ann"
            assert next(iter(other.library.to_frame()["owner"])) == "ann"


def test_a_batch_is_taken_back_while_a_carrier_sends(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO, polls=10**6) as server, leaving(server, tmp_path) as client:
        batch = client.generate_many([f"A fox, {number}" for number in range(200)], model="Veo 3.0")
        with carrier_in_here(client_of(server, tmp_path, resume=False)):
            until(lambda: server.count("submit") == 4)
            taken = batch.cancel()
            assert 200 - 4 - MORE - 8 <= taken <= 196
            at_work = statuses(tmp_path)
            assert at_work["cancelled"] == taken, "when it returns"
            assert at_work["waiting"] <= MORE + 8, "these the carrier has in hand"
    assert server.count("submit") <= 200 - taken
