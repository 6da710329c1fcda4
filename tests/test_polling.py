"""When to ask again."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from fault_server import Exchange, FaultServer, client_of, reply
from hypothesis import given
from hypothesis import strategies as st
from videos import small_mp4

from runcrate_widget.jobs import polling
from runcrate_widget.service import limits

NOW = 1_800_000_000.0


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_polls_come_soon_at_first_and_never_further_apart_than_the_reference_recommends(
    one: float, other: float
) -> None:
    earlier, later = sorted((one, other))
    assert polling.SHORTEST <= polling.next_poll(earlier) <= polling.next_poll(later) <= polling.LONGEST


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
    assert chance == 0 or pause > asked or pause > polling.SHORTEST


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_those_who_waited_for_the_same_moment_come_one_after_the_other(
    place: int, one: float, other: float
) -> None:
    assert polling.apart(place, one) <= polling.apart(place + 1, other)
    assert polling.apart(place + 10, 0) - polling.apart(place, 0) == pytest.approx(polling.SHORTEST)


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
