"""What is said of the time that a video takes comes true as often as is said."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fault_server import FaultServer, client_of

from runcrate_widget import errors
from runcrate_widget.jobs.estimate import LATEST, Estimate

Draw = Callable[[random.Random], float]
TIMES: dict[str, Draw] = {
    "uniform": lambda chance: chance.uniform(30, 90),
    "log-normal": lambda chance: chance.lognormvariate(4, 0.5),
    "bimodal": lambda chance: chance.gauss(40, 4) if chance.random() < 0.5 else chance.gauss(200, 10),
    "heavy": lambda chance: 20 * chance.paretovariate(1.5),
}
JOBS = 4000


@pytest.mark.parametrize("known", [4, 7, 12, 50])
@pytest.mark.parametrize("name", TIMES)
def test_eighty_of_a_hundred_are_done_by_then(name: str, known: int) -> None:
    chance, draw, done = random.Random(f"{name} {known}"), TIMES[name], 0
    for _ in range(JOBS):
        end = Estimate.of(draw(chance) for _ in range(known)).done_by(0.8)
        assert end is not None
        done += draw(chance) <= end
    assert 0.75 <= done / JOBS <= 0.85


@pytest.mark.parametrize("name", TIMES)
def test_it_stays_true_while_time_goes_on(name: str) -> None:
    chance, draw, done, told = random.Random(name), TIMES[name], 0, 0
    for _ in range(JOBS):
        history = Estimate.of(draw(chance) for _ in range(30))
        elapsed = 0.7 * (history.done_by(0.5) or 0)
        end, took = history.done_by(0.8, elapsed=elapsed), draw(chance)
        if end is None or took <= elapsed:
            continue
        assert end > elapsed
        told += 1
        done += took <= end
    assert told > JOBS / 10
    assert 0.75 <= done / told <= 0.85


@pytest.mark.parametrize("known", [9, 20])
@pytest.mark.parametrize("name", TIMES)
def test_what_is_usual_is_so_for_eight_of_ten(name: str, known: int) -> None:
    chance, draw, within = random.Random(f"{name} {known}"), TIMES[name], 0
    for _ in range(JOBS):
        usual = Estimate.of(draw(chance) for _ in range(known)).usual
        assert usual is not None
        within += usual[0] <= draw(chance) <= usual[1]
    assert 0.75 <= within / JOBS <= 0.85


@pytest.mark.parametrize("times", [[], [50], [50, 51, 52]])
def test_of_too_few_nothing_is_said(times: list[float]) -> None:
    estimate = Estimate.of(times)
    assert not estimate
    assert str(estimate) == ""
    assert estimate.usual is None
    assert estimate.done_by() is None
    assert estimate.progress(10) is None


def test_who_has_taken_longer_than_all_is_promised_nothing() -> None:
    estimate = Estimate.of([40, 50, 60, 70, 80])
    assert estimate.done_by(elapsed=100) is None
    assert estimate.done_by(elapsed=75) is None


def test_a_bar_grows_and_is_never_full() -> None:
    estimate = Estimate.of([40, 50, 60, 70, 80])
    bar = [estimate.progress(second) for second in range(100_000)]
    assert all(one is not None for one in bar)
    assert bar == sorted(bar)  # type: ignore[type-var]
    assert bar[0] == 0
    assert bar[-1] is not None
    assert bar[-1] < 1


def test_only_the_latest_count() -> None:
    estimate = Estimate.of([10.0] * LATEST + [1000.0] * 500)
    assert estimate.usual == (10, 10)
    assert str(estimate) == "usually 10–10 s"


def test_a_client_learns_from_its_library_and_from_like_videos_alone(
    server: FaultServer, tmp_path: Path
) -> None:
    with client_of(server, tmp_path) as client:
        jobs = [client.generate("A fox", model="Veo 3.0", duration=6, take=take) for take in range(1, 7)]
        for job in [*jobs, client.generate("A fox", model="Veo 3.0", duration=4)]:
            job.wait(30)
    for number, path in enumerate(sorted(tmp_path.glob("*.json"))):
        fields = json.loads(path.read_bytes())
        begin = datetime.fromisoformat(fields["submitted"])
        fields |= {"ready": (begin + timedelta(seconds=50 + number)).isoformat(), "unseen": 1.0}
        path.write_text(json.dumps(fields))
    with client_of(server, tmp_path) as client:
        estimate = client.estimate("Veo 3.0", duration=6)
        assert len(estimate.times) == 6
        assert all(50 <= seconds <= 56 for seconds in estimate.times)
        assert estimate == client.estimate("google/veo-3.0")  # 6 s is what it makes unasked
        assert repr(estimate).startswith("<Estimate usually 5")
        assert not client.estimate("Veo 3.0", duration=4)
        assert not client.estimate("Veo 2.0", duration=6)
        with pytest.raises(errors.InvalidRequestError):
            client.estimate("Veo 3.0", duration=7)
