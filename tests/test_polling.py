"""When to ask again."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
