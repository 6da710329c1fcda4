"""When to ask again."""

from __future__ import annotations

import asyncio
import bisect
import heapq
import itertools
import json
import math
import random
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from fault_server import Exchange, Fault, FaultServer, client_of, reply, status
from hypothesis import given, settings
from hypothesis import strategies as st
from polls import (
    QUICK,
    REAL,
    WIDE,
    Kind,
    always,
    by,
    drifting,
    exponential,
    fixed,
    ideal,
    learning,
    nothing_known,
    polled,
    uniform,
)
from videos import small_mp4

from runcrate_widget.jobs import polling, waking
from runcrate_widget.jobs.pacer import Pacer
from runcrate_widget.jobs.schedule import Schedule
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, now
from runcrate_widget.library.timeline import Timeline
from runcrate_widget.request import VideoRequest
from runcrate_widget.service import limits

NOW = 1_800_000_000.0


AN_HOUR = 3600.0
#: Seconds that earlier videos took until they were seen to be done, and for how long nobody had looked then.
HISTORIES = st.lists(st.tuples(st.floats(0.001, 1e5), st.floats(0, 1e5)), max_size=40)


# Nothing is known


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_with_nothing_known_polls_are_never_further_apart_than_the_reference_recommends(
    one: float, other: float
) -> None:
    earlier, later = sorted((one, other))
    assert polling.SHORTEST <= polling.next_poll(earlier) <= polling.LONGEST
    assert earlier + polling.next_poll(earlier) <= later + polling.next_poll(later) + 1e-9
    assert polling.next_poll(earlier) == Schedule.of([]).next_poll(earlier)


def test_with_nothing_known_a_quick_video_is_late_by_less_than_a_second() -> None:
    told = nothing_known(QUICK, jobs=20_000)
    assert told.lag <= 0.78
    assert told.asked <= 5.8


# History


def test_history_makes_it_quick_at_fewer_polls_than_the_official_sdk_needs_to_be_slow() -> None:
    told = learning(QUICK)
    assert told.lag <= 0.5
    assert told.asked <= 3.0


@pytest.mark.parametrize("kind", REAL, ids=lambda kind: kind.name)
def test_what_takes_minutes_is_late_by_two_percent_at_ten_polls(kind: Kind) -> None:
    told = learning(kind)
    assert told.share <= 0.02
    assert told.asked <= 10


@pytest.mark.parametrize("kind", WIDE, ids=lambda kind: kind.name)
def test_what_takes_any_time_is_no_worse_than_the_best_schedule_by_much(kind: Kind) -> None:
    told = learning(kind)
    assert told.asked <= 10
    assert told.lag <= 1.5 * ideal(kind, told.asked).lag


@pytest.mark.parametrize("kind", [uniform(80, 120), drifting(100)], ids=lambda kind: kind.name)
def test_it_is_better_than_what_others_do(kind: Kind) -> None:
    ours = learning(kind)
    for other in (always(kind, fixed), always(kind, exponential)):
        assert ours.lag < 0.8 * other.lag
        assert ours.lag * ours.asked < 0.4 * other.lag * other.asked


@pytest.mark.parametrize("known", [1, 2, 3, 5])
def test_a_few_are_history_enough(known: int) -> None:
    told = learning(QUICK, known=known, jobs=1, runs=400)
    assert told.lag <= 0.85, "not later than with nothing known"
    assert told.asked <= 5.5


def test_what_nobody_saw_is_not_taken_for_what_it_took() -> None:
    # All took 60 s and were seen when somebody happened to look: up to 20 s later.
    chance = random.Random(1)
    seen = [(60 + late, late + 0.1) for late in (chance.uniform(0, 20) for _ in range(32))]
    plan = Schedule.of(seen)
    assert polled(60.5, plan.next_poll)[0] < 63
    taken_for_it = Schedule.of([(took, 0.0) for took, _ in seen])
    assert polled(60.5, taken_for_it.next_poll)[0] > polled(60.5, plan.next_poll)[0]


# History that misleads


def test_one_that_took_an_hour_makes_the_others_no_later() -> None:
    chance = random.Random(3)
    usual = [(chance.uniform(55, 65), 0.5) for _ in range(31)]
    takes = [chance.uniform(55, 65) for _ in range(200)]

    def lag(plan: Schedule) -> float:
        return sum(polled(one, plan.next_poll)[0] - one for one in takes) / len(takes)

    for at in (0, 5, 31):  # how long ago the outage was
        odd = Schedule.of([*usual[:at], (3600.0, 0.5), *usual[at:]])
        assert lag(odd) < lag(Schedule.of(usual)) + 0.2
        assert polled(70.0, odd.next_poll)[0] < 76
    often = Schedule.of([*usual[:20], *[(3600.0, 0.5)] * 12])
    assert often.known == 3600.0, "what comes again and again is no accident"


@pytest.mark.parametrize(
    ("submitted", "ready"),
    [(-90.0, -1.0), (-1.0, 5.0), (0.0, -0.1)],  # hours from now
    ids=["four days", "ahead of the clock", "done before it was sent"],
)
def test_times_of_a_clock_that_was_moved_count_for_nothing(
    tmp_path: Path, submitted: float, ready: float
) -> None:
    begin, end = now() + timedelta(hours=submitted), now() + timedelta(hours=ready)
    with FaultServer(video=small_mp4(1), polls=0) as server:
        with_history(server, tmp_path, 3.0)
    for path in tmp_path.glob("*.json"):
        fields = json.loads(path.read_bytes())
        fields |= {"created": begin.isoformat(), "submitted": begin.isoformat(), "ready": end.isoformat()}
        path.write_text(json.dumps({**fields, "sent": None, "processing": None}))
    with client_of(server, tmp_path) as client:
        assert client.estimate("Veo 3.0").times == ()
        assert all((one.timeline.made_in or 0) >= 0 for one in client.library)


@pytest.mark.parametrize(("before", "takes"), [(10, 60), (60, 300), (100, 1000)])
def test_slower_than_all_before_is_polled_as_if_nothing_were_known(before: float, takes: float) -> None:
    plan = Schedule.of([(before * (0.9 + n / 100), 0.5) for n in range(20)])
    for elapsed in range(math.ceil(1.4 * before), math.ceil(takes)):
        assert plan.next_poll(elapsed) <= polling.next_poll(elapsed) <= polling.LONGEST


@pytest.mark.parametrize(("before", "takes"), [(60, 10), (300, 40), (10, 3), (300, 20)])
def test_quicker_than_all_before_is_seen_and_learnt(before: float, takes: float) -> None:
    chance = random.Random(f"{before} {takes}")
    seen = [(before * chance.uniform(0.8, 1.2), 1.0) for _ in range(32)]
    for _ in range(20):
        ready, blind, _ = polled(takes, by(Schedule.of(reversed(seen)), chance))
        assert ready <= takes + max(before / 2, 10 - takes) + 1, "never silent"
        seen.append((ready, blind))
    assert sum(ready - takes for ready, _ in seen[-5:]) / 5 <= max(0.15 * takes, 2.0)


@given(HISTORIES, st.floats(0, 2e5))
def test_no_history_makes_it_hasty_or_silent(seen: list[tuple[float, float]], elapsed: float) -> None:
    plan = Schedule.of(seen)
    pause = plan.next_poll(elapsed)
    assert polling.closest() <= pause <= 120
    if elapsed >= max((took for took, _ in seen[:32]), default=0):
        assert pause <= polling.LONGEST


@given(HISTORIES, st.floats(0, 1e5), st.floats(0, 1e5))
def test_who_asks_later_does_not_ask_again_sooner(
    seen: list[tuple[float, float]], one: float, other: float
) -> None:
    plan = Schedule.of(seen)
    earlier, later = sorted((one, other))
    # Where it is due at once, both wait for the least.
    assert earlier + plan.next_poll(earlier) <= later + plan.next_poll(later) + 1e-6


@given(HISTORIES, st.floats(0, 3000), st.randoms())
def test_every_job_is_seen_in_the_end(seen: list[tuple[float, float]], took: float, chance: Any) -> None:
    ready, blind, polls = polled(took, by(Schedule.of(seen), chance))
    assert took <= ready < took + 121
    assert blind < 121
    assert polls <= took / 0.47 + 1


# Many jobs


@given(st.integers(1, 500), st.sampled_from([None, 10, 60, 600]), st.integers(0, 1000))
@settings(max_examples=30)
def test_many_that_are_due_at_once_keep_to_the_limit(jobs: int, limit: int | None, seed: int) -> None:
    chance = random.Random(seed)
    due = sorted(chance.choice([0.0, 1.0, chance.uniform(0, 100)]) for _ in range(jobs))
    went: list[float] = []
    last = free = -AN_HOUR
    for one in due:
        last, free = polling.turn(one, last, free, limit)
        assert last >= one
        went.append(last)
    assert all(after - before > 0.009 for before, after in itertools.pairwise(went)), (
        "never two at one moment"
    )
    for at, begin in enumerate(went):
        if limit:
            assert sum(one < begin + 60 for one in went[at:]) <= 0.9 * limit + 1


def test_500_jobs_that_began_together_are_polled_one_by_one_and_below_the_limit() -> None:
    chance, limit = random.Random(1), 600
    plan = Schedule.of([(60 + n % 7, 1.0) for n in range(32)])
    ready = [chance.uniform(55, 70) for _ in range(500)]
    pauses = polling.spread(len(ready), limit)
    due = [(max(polling.jitter(plan.next_poll(0), chance.random()), pauses), job) for job in range(500)]
    heapq.heapify(due)
    went: list[float] = []
    last = free = 0.0
    while due:
        now, job = heapq.heappop(due)
        last, free = polling.turn(now, last, free, limit)
        went.append(last)
        if last < ready[job]:
            pause = polling.jitter(plan.next_poll(last), chance.random())
            heapq.heappush(due, (last + max(pause, polling.spread(len(due) + 1, limit)), job))
    assert all(after > before for before, after in itertools.pairwise(went))
    for at, begin in enumerate(went):
        assert bisect.bisect_left(went, begin + 60) - at <= limit
    assert len(went) <= 3 * 500


@given(st.floats(0, 1e4), st.floats(0, 1))
def test_jitter_is_small_and_not_nothing(pause: float, chance: float) -> None:
    assert abs(polling.jitter(pause, chance) - pause) <= min(pause / 20, 0.25) + 1e-9
    assert polling.jitter(10, 0.1) != polling.jitter(10, 0.9)


# Sleep


@pytest.mark.parametrize(
    ("monotonic", "wall", "asleep"),
    [
        (1.0, 1.0, 0),
        (1.0, 3601.0, AN_HOUR),  # Linux, macOS: the monotonic clock stands still
        (3601.0, 3601.0, AN_HOUR),  # Windows: it goes on
        (3601.0, 1.0, AN_HOUR),
        (1.0, -3599.0, 0),  # somebody set the clock back
        (3.0, 3.0, 0),  # a machine that is busy
    ],
)
def test_sleep_is_told_by_either_clock(monotonic: float, wall: float, asleep: float) -> None:
    assert polling.slept(monotonic, wall, 1.0) == asleep


def test_a_pause_ends_when_the_machine_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0, 0.0]
    monkeypatch.setattr(waking, "_TICK", 0.01)
    monkeypatch.setattr(waking, "_clocks", lambda: tuple(clock))

    async def sleep() -> float:
        watch = waking.Watch()
        before = watch.now()
        pauses = [asyncio.ensure_future(watch.pause(AN_HOUR)) for _ in range(3)]
        await watch.pause(0.05)
        assert not any(one.done() for one in pauses)
        clock[1] += 2 * AN_HOUR  # the lid was closed
        await asyncio.wait_for(asyncio.gather(*pauses), 60)
        return watch.now() - before

    assert asyncio.run(sleep()) >= 2 * AN_HOUR, "what it slept has passed"


# Together with the service


@given(st.integers(1, 500), st.integers(1, 10_000))
def test_many_jobs_together_stay_below_the_limit(jobs: int, limit: int) -> None:
    polls_a_minute = jobs * 60 / polling.spread(jobs, limit)
    assert polls_a_minute < limit
    assert polling.spread(jobs, None) == 0


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backing_off_grows_and_has_an_end(failures: int, chance: float) -> None:
    pause = polling.backoff(failures, chance)
    assert 0.5 <= pause <= polling.LONGEST_BACKOFF
    assert polling.backoff(failures + 1, chance) >= pause


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": formatdate(NOW + 12, usegmt=True)}, 12),
        ({"retry-after": formatdate(NOW - 12, usegmt=True)}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e99"}, limits.LONGEST_PAUSE),
        ({"x-ratelimit-reset": str(NOW + 9), "x-ratelimit-remaining": "0"}, 9),
        ({"x-ratelimit-reset": str(NOW + 9)}, 9),
        ({"x-ratelimit-reset": str(NOW - 9)}, 0),
        ({"x-ratelimit-reset": str((NOW + 9) * 1e3)}, 9),
        ({"x-ratelimit-reset": f"{(NOW + 9) * 1e6:.0f}"}, 9),
        ({"x-ratelimit-reset": f"{(NOW + 8) * 1e9:.0f}"}, 8),
        ({"x-ratelimit-reset": "9", "x-ratelimit-remaining": "0"}, 9),
        ({"x-ratelimit-reset": "86400"}, limits.LONGEST_PAUSE),
        ({"x-ratelimit-reset": "-9"}, 0),
        ({"x-ratelimit-reset": "9" * 5000}, None),
        ({"retry-after": "9" * 5000}, None),
        ({"x-ratelimit-reset": str(NOW + 9), "x-ratelimit-remaining": "5"}, None),
        ({"x-ratelimit-reset": "later", "x-ratelimit-remaining": "0"}, None),
        ({"retry-after": "soon", "x-ratelimit-reset": str(NOW + 9)}, 9),
        ({"retry-after": "2", "x-ratelimit-reset": str(NOW + 9)}, 2),
    ],
)
def test_what_the_service_asks_for_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    assert limits.asked_to_wait(headers, NOW) == seconds


@given(
    st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"]), st.text())
)
def test_no_header_breaks_it(headers: dict[str, str]) -> None:
    pause = limits.asked_to_wait(headers, NOW)
    assert pause is None or 0 <= pause <= limits.LONGEST_PAUSE
    assert limits.read_limits(headers, NOW).pause != 0


@pytest.mark.parametrize(
    ("text", "number"),
    [("60", 60), (" 60 ", 60), ("0", None), ("", None), ("-3", None), ("6e1", None), ("٦", None), ("9" * 5000, None), ("60, 60", None)],
)  # fmt: skip
def test_a_limit_is_a_number_that_something_has(text: str, number: int | None) -> None:
    assert limits.read_limits({"x-ratelimit-limit": text}, NOW).per_minute == number


@given(st.floats(0, limits.LONGEST_PAUSE), st.floats(0, 1))
def test_no_pause_is_shorter_than_asked_or_next_to_nothing(asked: float, chance: float) -> None:
    pause = polling.at_least(asked, chance)
    assert pause >= max(asked, polling.SHORTEST)
    assert chance < 1e-9 or pause > asked or pause > polling.SHORTEST


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_those_who_waited_for_the_same_moment_come_one_after_the_other(
    place: int, one: float, other: float
) -> None:
    assert polling.apart(place, one) <= polling.apart(place + 1, other)
    assert polling.apart(place + 10, 0) - polling.apart(place, 0) == pytest.approx(polling.SHORTEST)


def ends_after(seconds: float) -> Fault:
    """For a poll: the job is done so long after its submit."""

    async def fault(exchange: Exchange) -> None:
        (submit,) = [one for one in exchange.server.requests if one.step == "submit"][-1:]
        done = time.monotonic() - submit.at >= seconds
        await status("completed" if done else "processing")(exchange)

    return fault


def with_history(server: FaultServer, folder: Path, seconds: float) -> None:
    """The library has eight videos that took about so long, seen to be done within 0.1 s."""
    with pytest.MonkeyPatch.context() as patch, client_of(server, folder) as client:
        patch.setattr(polling, "SHORTEST", 0.01)
        jobs = [client.generate(f"Earlier {n}", model="Veo 3.0") for n in range(8)]
        assert all(job.wait(60) for job in jobs)
    for number, path in enumerate(sorted(folder.glob("*.json"))):
        fields = json.loads(path.read_bytes())
        took = timedelta(seconds=seconds * (0.93 + number / 50))
        begun = datetime.fromisoformat(fields["submitted"]) - took
        fields |= {"submitted": begun.isoformat(), "ready": fields["submitted"], "unseen": 0.1}
        path.write_text(json.dumps(fields))
    server.requests.clear()


def polls_of(server: FaultServer) -> list[float]:
    """When it was polled, from the submit on."""
    (submit,) = [one.at for one in server.requests if one.step == "submit"]
    return [one.at - submit for one in server.requests if one.step == "poll"]


def test_a_client_asks_when_its_library_says_so(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1), polls=0) as server:
        with_history(server, tmp_path, 3.0)
        server._faults["poll"] = [ends_after(3.0)] * 50
        with client_of(server, tmp_path) as client:
            job = client.generate("A fox", model="Veo 3.0")
            assert job.wait(60)
        polls = polls_of(server)
    assert polls[0] > 2.3, "nothing was ever done before"
    assert len(polls) <= 3
    assert job.timeline.unseen is not None and job.timeline.unseen <= polls[-1] + 1


def test_a_client_without_history_asks_as_often_as_nothing_known_allows(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1), poll=[ends_after(6.0)] * 50) as server:
        with client_of(server, tmp_path) as client:
            assert client.generate("A fox", model="Veo 3.0").wait(60)
        polls = polls_of(server)
    assert polls[0] > 3.9
    assert len(polls) <= 3


def test_when_a_laptop_wakes_it_is_asked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(video=small_mp4(1), polls=0) as server:
        with_history(server, tmp_path, 3000.0)
        hours = itertools.count()  # it sleeps for an hour every second
        monkeypatch.setattr(waking, "_clocks", lambda: (time.monotonic(), next(hours) * AN_HOUR))
        with client_of(server, tmp_path) as client:
            assert client.generate("A fox", model="Veo 3.0").wait(60), "the next poll was in 2 minutes"
        assert polls_of(server)[0] < 60


def test_what_is_taken_up_is_asked_for_at_once(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1), polls=0) as server:
        with_history(server, tmp_path, 3000.0)
        library = Library(tmp_path)
        request = VideoRequest("A fox", model="Veo 3.0")
        one, lease, _ = library.create(request, 1, 1, server.url)
        assert lease is not None
        begin = now() - timedelta(seconds=20)
        line = Timeline(created=begin, sent=begin, submitted=begin)
        library.write(replace(one, id="vid_000042", status=JobStatus.QUEUED, timeline=line))
        lease.release()
        server.jobs["vid_000042"] = 0
        with client_of(server, tmp_path) as client:
            (job,) = client.unfinished()
            assert job.wait(60), "by its schedule, it was to be asked for 2 minutes later"


AT_ONCE: dict[str, dict[str, Any]] = {
    "Retry-After: 0": {"Retry_After": "0"},
    "Retry-After: -5": {"Retry_After": "-5"},
    "Retry-After: 0.001": {"Retry_After": "0.001"},
    "a date that has passed": {"Retry_After": formatdate(0, usegmt=True)},
    "a reset that has passed": {"X_RateLimit_Reset": "1000000000"},
    "a limit of 0 a minute": {"Retry_After": "0", "X_RateLimit_Limit": "0", "X_RateLimit_Remaining": "0"},
}


def test_at_once_is_not_taken_at_its_word(tmp_path: Path) -> None:
    # On the real clock, all of them at a time. A lower bound is no race.
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(
                FaultServer(video=small_mp4(1), polls=0, poll=[reply(429, **headers)] * 2)
            )
            for name, headers in AT_ONCE.items()
        }
        jobs = [
            client_of(server, tmp_path / str(n)).generate("A fox", model="Veo 3.0")
            for n, server in enumerate(servers.values())
        ]
        assert all(job.wait(60) for job in jobs)
    for name, server in servers.items():
        polls = [one.at for one in server.requests if one.step == "poll"]
        gaps = [after - before for before, after in itertools.pairwise(polls)]
        assert len(gaps) == 2 and min(gaps) >= 0.5, f"{name}: {gaps}"


def test_those_who_wait_for_a_pause_to_end_go_on_in_their_turn() -> None:
    async def wait() -> tuple[float, list[float]]:
        pacer, went = Pacer(), [0.0] * 12

        async def one(place: int) -> None:
            await pacer.turn(lambda _: None)
            went[place] = time.monotonic()

        pacer.be_quiet(2.5)
        end = time.monotonic() + 2.5
        await asyncio.gather(*(one(place) for place in range(12)))
        return end, went

    end, went = asyncio.run(wait())
    # A lower bound is no race.
    early = {place: at - end for place, at in enumerate(went) if at - end < polling.apart(place, 0) - 0.01}
    assert not early


def test_many_jobs_that_met_the_limit_do_not_come_back_all_at_once(tmp_path: Path) -> None:
    limit: list[float] = []  # when it was met

    async def limited(exchange: Exchange) -> None:
        limit.append(exchange.request.at)
        await reply(429, Retry_After="0")(exchange)

    with FaultServer(video=small_mp4(1), polls=0, submit=[limited] * 12) as server:
        client = client_of(server, tmp_path, max_concurrent=12)
        jobs = [client.generate(f"Fox {n}", model="Veo 3.0") for n in range(12)]
        assert all(job.wait(60) for job in jobs)
    later = sorted(one.at for one in server.requests if one.step == "submit")[12:]
    assert len(later) == 12
    assert later[-1] - later[0] > 0.5, "they are a tenth of a second apart"
