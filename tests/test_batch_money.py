"""A batch reads without paying, ends whatever happens, and hears of what goes on."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, Exchange, FaultServer, client_of, made, reply, reset, status

from runcrate_widget import Video, VideoClient, errors
from runcrate_widget.jobs import tracker
from runcrate_widget.jobs.batch import Batch
from runcrate_widget.library.record import JobStatus
from runcrate_widget.library.store import Stored

pytestmark = pytest.mark.usefixtures("quick")

PROMPTS = [f"A fox in snow {n} cm deep" for n in range(12)]
NO_CREDITS = reply(402, {"error": {"message": "no credits", "code": "budget_exceeded"}})


def until(batch: Batch, so: Callable[[], bool]) -> None:
    """Waits until it is so, looking whenever something of the batch changes."""
    changed = batch._track.changed
    with changed:
        assert changed.wait_for(so, 30), batch


def failing(server: FaultServer, prompt: str) -> None:
    """Every job of this prompt fails at the service."""
    poll, submit, ids = server._poll, server._submit, set()

    async def submitted(exchange: Exchange) -> None:
        before = set(server.jobs)
        await submit(exchange)
        if json.loads(exchange.request.body)["prompt"] == prompt:
            ids.update(set(server.jobs) - before)

    async def polled(exchange: Exchange) -> None:
        fails = exchange.request.path.rsplit("/", 1)[-1] in ids
        await (status("failed", error="no luck") if fails else poll)(exchange)

    server._submit, server._poll = submitted, polled  # type: ignore[method-assign]


def sent(server: FaultServer) -> Counter[str]:
    return Counter(json.loads(one.body)["prompt"] for one in server.requests if one.step == "submit")


# What is read is not sent.


def test_looking_at_what_failed_long_ago_sends_nothing(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "_MOST_HELD", 2)
    failing(server, PROMPTS[0])
    client = client_of(server, tmp_path, max_concurrent=1)
    batch = client.generate_many(PROMPTS[:6], model="Veo 3.0").wait(60)
    assert [job.status for job in batch.failed] == ["failed"]
    assert [job.status for job in batch] == ["failed", *["completed"] * 5]
    assert [row["status"] for row in batch.to_dicts()] == ["failed", *["completed"] * 5]
    assert [job.request.prompt for job in batch.as_completed()] == PROMPTS[:6]
    assert (server.count("submit"), len(client.library)) == (6, 6)


def test_a_record_that_is_gone_is_not_sent_again_by_a_look(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "_MOST_HELD", 1)
    client = client_of(server, tmp_path, max_concurrent=1)
    batch = client.generate_many(PROMPTS[:3], model="Veo 3.0").wait(60)
    for path in tmp_path.glob("*.json"):
        path.unlink()
    with pytest.raises(errors.RuncrateError, match="not in the library any more"):
        batch[0]
    assert len(batch.videos) == 1
    assert server.count("submit") == 3


def test_what_is_asked_for_twice_is_sent_once_also_where_it_failed(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "_MOST_HELD", 1)
    failing(server, "A")
    client = client_of(server, tmp_path, max_concurrent=1)
    plan = client.plan(["A", *PROMPTS[:3], "A"], model="Veo 3.0")
    batch = Batch(plan, plan._maker, most_open=1).wait(60)
    assert sent(server)["A"] == 1
    assert batch.counts == {"failed": 2, "completed": 3}
    assert batch[0].key == batch[4].key


# Who waits is told.


def test_one_that_waits_and_is_cancelled_disturbs_neither_the_batch_nor_others(
    server: FaultServer, tmp_path: Path
) -> None:
    server.polls = 10**6
    batch = client_of(server, tmp_path, max_concurrent=2).generate_many(PROMPTS[:6], model="Veo 3.0")

    async def work() -> None:
        others = [asyncio.ensure_future(batch._until_done()) for _ in range(3)]
        one = asyncio.ensure_future(batch._until_done())
        while len(batch._track.wakers) < 4:
            await asyncio.sleep(0)
        one.cancel()
        await asyncio.wait([one])
        server.polls = 0
        for id in list(server.jobs):
            server.jobs[id] = 0
        await asyncio.wait_for(asyncio.gather(*others), 60)

    asyncio.run(work())
    assert batch.counts == {"completed": 6}


def test_a_waiter_is_cancelled_while_the_batch_is_being_begun(server: FaultServer, tmp_path: Path) -> None:
    plan = client_of(server, tmp_path).plan(PROMPTS, model="Veo 3.0")
    waiting = threading.Event()

    class Cancelled(Batch):
        def _enough(self, _: object) -> None:
            waiting.wait(30)  # nothing is begun until somebody has waited, and was cancelled

    batch = Cancelled(plan, plan._maker)

    async def work() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(batch, 0.01)

    asyncio.run(work())
    waiting.set()
    assert batch.wait(60).counts == {"completed": 12}


def test_waiting_in_an_observer_is_refused_and_freezes_nothing(server: FaultServer, tmp_path: Path) -> None:
    raised: list[BaseException] = []
    asked = threading.Event()
    server.polls = 10**6
    batch = client_of(server, tmp_path).generate_many(PROMPTS[:2], model="Veo 3.0")

    def observer(_: object) -> None:
        for wait in (batch.wait, lambda: list(batch.as_completed())):
            try:
                wait()
            except RuntimeError as error:
                raised.append(error)
        asked.set()

    batch[0].observe(observer)
    until(batch, lambda: len(server.jobs) == 2)
    server.polls = 0
    for id in list(server.jobs):
        server.jobs[id] = 0
    assert batch.wait(60).counts == {"completed": 2}
    assert asked.wait(30)
    assert "wait() was called in the engine's own thread" in str(raised[0])
    assert "as_completed() was called in the engine's own thread" in str(raised[1])


@pytest.mark.parametrize("error", [SystemExit(3), ZeroDivisionError("none"), errors.LibraryError("full")])
def test_whatever_ends_it_is_told_and_who_waits_is_not_left(
    server: FaultServer, tmp_path: Path, error: BaseException
) -> None:
    plan = client_of(server, tmp_path).plan(PROMPTS[:3], model="Veo 3.0")

    class Broken(Batch):
        def _enough(self, cell: Any) -> None:
            if cell.row == 1:
                raise error

    batch = Broken(plan, plan._maker).wait(60)
    assert batch.counts == {"completed": 1, "not begun": 2}
    assert batch.stopped is not None
    assert str(error) in batch.stopped.message


def test_a_listener_that_fails_stops_nothing(server: FaultServer, tmp_path: Path) -> None:
    batch = client_of(server, tmp_path).generate_many(PROMPTS[:4], model="Veo 3.0")
    batch.subscribe(lambda: 1 / 0)
    assert batch.wait(60).counts == {"completed": 4}


# What goes on.


def test_it_hears_of_jobs_that_go_on_with_another_key(server: FaultServer, tmp_path: Path) -> None:
    server._faults["poll"] = [reply(401)] * 2
    client = client_of(server, tmp_path)
    batch = client.generate_many(PROMPTS[:2], model="Veo 3.0").wait(60)
    assert len(batch.failed) == 2
    client.api_key = KEY
    assert batch.wait(60).counts == {"completed": 2}
    assert (batch.failed, len(batch.videos), batch.stopped) == ([], 2, None)
    assert len(list(batch.as_completed())) == 2, "each once"


def test_it_hears_of_a_job_that_is_given_its_id_also_long_after(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "_MOST_HELD", 1)
    server._faults["submit"] = [made(reset)]
    client = client_of(server, tmp_path, max_concurrent=1)
    batch = client.generate_many(PROMPTS[:4], model="Veo 3.0").wait(60)
    assert batch.counts == {"unconfirmed": 1, "completed": 3}
    (lost,) = batch.failed
    lost.adopt(next(iter(server.jobs)))
    assert batch.wait(60).counts == {"completed": 4}
    assert (batch.failed, len(batch.videos)) == ([], 4)
    assert batch.to_dicts()[0]["status"] == "completed"


# What every other would meet, too.


def test_without_credits_no_more_are_sent(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [server._submit, *[NO_CREDITS] * 100]
    client = client_of(server, tmp_path, max_concurrent=1)
    batch = client.generate_many(PROMPTS, model="Veo 3.0").wait(60)
    assert isinstance(batch.stopped, errors.InsufficientCreditsError)
    assert server.count("submit") == 2
    assert len(batch.videos) == 1
    server._faults["submit"] = []
    assert client.generate_many(PROMPTS, model="Veo 3.0").wait(60).counts == {"completed": 12}
    assert max(Counter(one.request.prompt for one in client.library if one.id).values()) == 1


def test_a_refused_key_stops_it(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reply(401)] * 100
    batch = client_of(server, tmp_path, max_concurrent=1).generate_many(PROMPTS, model="Veo 3.0").wait(60)
    assert isinstance(batch.stopped, errors.AuthenticationError)
    assert server.count("submit") == 1
    assert "1 problem: The service refused (401)" in repr(batch)


def test_without_a_key_or_on_a_closed_client_nothing_is_recorded(server: FaultServer, tmp_path: Path) -> None:
    nobody = VideoClient(base_url=server.url, library=tmp_path)
    closed = client_of(server, tmp_path)
    closed.close()
    for client, kind in ((nobody, errors.MissingKeyError), (closed, errors.ConfigurationError)):
        with pytest.raises(kind):
            client.generate_many(PROMPTS, model="Veo 3.0")
        with pytest.raises(kind):
            client.best_of("A fox", model="Veo 3.0")
    assert list(tmp_path.glob("*.json")) == []


# Taking back.


def test_taking_back_very_many_is_handed_over_and_written(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path, max_concurrent=1)
    batch = client.generate_many([f"A fox {n}" for n in range(60)], model="Veo 3.0")
    until(batch, lambda: batch._track.fed and len(server.jobs) == 1)
    writes: list[int] = []
    write = client.library.write

    def slow(record: Any) -> Any:
        writes.append(threading.get_ident())
        assert go.wait(30)
        return write(record)

    go = threading.Event()
    client.library.write = slow  # type: ignore[method-assign]
    assert batch.cancel() == 59  # before any of them is written
    jobs = [batch[at] for at in range(1, 60)]
    assert all(job.record.status is JobStatus.CANCELLED for job in jobs)
    assert not any(client.library.lease(job.record.name) for job in jobs), "no other process can send it"
    go.set()
    server.jobs[next(iter(server.jobs))] = 0
    assert batch.wait(60).counts == {"completed": 1, "cancelled": 59}
    assert len(set(writes)) > 1
    assert Counter(one.status for one in client.library) == {"completed": 1, "cancelled": 59}
    assert server.count("submit") == 1


ENDS = """
import sys
from runcrate_widget import VideoClient
client = VideoClient(sys.argv[1], base_url=sys.argv[2], library=sys.argv[3], max_concurrent=1)
batch = client.generate_many([f"A fox {n}" for n in range(40)], model="Veo 3.0")
next(iter(batch.as_completed()))
batch[39]
batch.cancel()
if sys.argv[4] == "closed":
    client.close()
    import os
    os._exit(0)
"""


@pytest.mark.parametrize("how", ["closed", "ends"])
def test_what_was_taken_back_is_written_before_the_program_ends(
    server: FaultServer, tmp_path: Path, how: str
) -> None:
    command = [sys.executable, "-c", ENDS, KEY, server.url, str(tmp_path), how]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    left = [json.loads(path.read_bytes())["status"] for path in tmp_path.glob("*.json")]
    assert len(left) == 40
    assert "waiting" not in left
    assert "cancelled" in left


def test_taken_back_by_an_observer_no_more_are_sent(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    batch = client_of(server, tmp_path, max_concurrent=1).generate_many(PROMPTS, model="Veo 3.0")
    batch[0].observe(lambda change: batch.cancel() if change["new"] == "completed" else None, "status")
    until(batch, lambda: len(server.jobs) == 1)
    server.polls = 0  # the next may have its turn before the first is there
    server.jobs[next(iter(server.jobs))] = 0
    batch.wait(60)
    assert len(batch.videos) == server.count("submit") < 12
    assert batch.counts["cancelled"] == 12 - len(batch.videos)


def test_taken_back_by_a_listener_while_one_is_begun(server: FaultServer, tmp_path: Path) -> None:
    plan = client_of(server, tmp_path).plan(PROMPTS, model="Veo 3.0")
    listening = threading.Event()

    class Held(Batch):
        def _enough(self, _: object) -> None:
            listening.wait(30)

    batch = Held(plan, plan._maker)
    taken: list[int] = []

    def listener() -> None:
        if not taken:
            taken.append(-1)
            taken[0] = batch.cancel()

    batch.subscribe(listener)
    listening.set()
    assert batch.wait(60).counts["not begun"] == 11
    assert server.count("submit") <= 1


# Best of.


@pytest.fixture
def paid(server: FaultServer, tmp_path: Path) -> VideoClient:
    return client_of(server, tmp_path, prices={"Veo 3.0": 0.5})  # $2.00 for 4 s


HOW: dict[str, Any] = {"model": "Veo 3.0", "duration": 4}


@pytest.mark.parametrize("at_a_time", [2, 5])
def test_what_is_under_way_counts_in_the_budget(
    paid: VideoClient, server: FaultServer, at_a_time: int
) -> None:
    found = paid.best_of("A fox", **HOW, takes=10, budget=5.0, at_a_time=at_a_time).wait(60)
    assert (server.count("submit"), found.spent) == (2, 4.0)
    assert found.stopped is not None
    assert "$4.00 of $5.00 are spent" in found.stopped.message


def test_what_was_refused_is_free(paid: VideoClient, server: FaultServer) -> None:
    server._faults["submit"] = [reply(422), reply(422)]
    found = paid.best_of("A fox", **HOW, takes=6, budget=4.0, at_a_time=3).wait(60)
    assert (len(found.videos), found.spent, server.count("submit")) == (2, 4.0, 4)


def test_what_failed_in_an_earlier_run_counts_in_the_budget(paid: VideoClient, server: FaultServer) -> None:
    failing(server, "A fox")
    for _ in range(3):
        found = paid.best_of("A fox", **HOW, takes=3, budget=6.0).wait(60)
        assert (found.spent, server.count("submit")) == (6.0, 3)
    assert found.stopped and found.stopped.kind == "limit"


def test_one_that_was_kept_earlier_ends_it_before_anything_is_sent(
    paid: VideoClient, server: FaultServer
) -> None:
    server._faults["poll"] = [status("failed", error="no luck")]
    first = paid.best_of("A fox", **HOW, takes=5, score=lambda _: 1.0, enough=0.5).wait(60)
    assert (server.count("submit"), first.best and first.best.take) == (2, 2)
    again = paid.best_of("A fox", **HOW, takes=5, score=lambda _: 1.0, enough=0.5).wait(60)
    assert server.count("submit") == 2
    assert again.stopped and again.stopped.kind == "kept"
    assert again.best is first.best
    assert again.counts == {"completed": 1, "not begun": 4}


def test_it_can_be_ended_by_its_score_and_while_one_is_asked_for(
    paid: VideoClient,
) -> None:
    scoring, go = threading.Event(), threading.Event()

    def score(_: Video) -> float:
        scoring.set()
        assert go.wait(30)
        found.cancel()
        return 1.0

    found = paid.best_of("A fox", **HOW, takes=3, score=score)
    assert scoring.wait(30)
    assert found.cancel() == 2
    go.set()
    assert found.wait(60).counts == {"completed": 1, "not begun": 2}


def test_a_score_that_ends_the_program_leaves_nobody_waiting(paid: VideoClient) -> None:
    def score(_: Video) -> float:
        raise SystemExit(3)

    found = paid.best_of("A fox", **HOW, takes=1, score=score).wait(60)
    assert found.stopped and "SystemExit(3)" in found.stopped.message


def test_what_is_no_number_is_no_score(paid: VideoClient, server: FaultServer) -> None:
    scores = iter([0.9, float("nan")])
    found = paid.best_of("A fox", **HOW, takes=4, score=lambda _: next(scores)).wait(60)
    assert [*found.scores.values()] == [0.9]
    assert found.best and found.best.take == 1
    assert found.stopped and found.stopped.kind == "score"
    assert server.count("submit") == 2


# Plans.


def test_a_plan_looks_through_the_library_once_for_however_many(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    failing(server, PROMPTS[1])
    client.generate_many(PROMPTS[:3], model="Veo 3.0").wait(60)
    read = client.library.store.read
    names: list[str] = []

    def noted(name: str) -> Stored | None:
        names.append(name)
        return read(name)

    client.library.store.read = noted  # type: ignore[method-assign]
    plan = client.plan(PROMPTS, model="Veo 3.0", takes=100)
    assert (plan.known, len(plan.new)) == (2, 1198)
    assert len(names) <= 3
