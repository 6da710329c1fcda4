"""What is said of the time that a video takes comes true as often as is said."""

from __future__ import annotations

import json
import math
import random
import subprocess
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browser import wheel_node
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


@pytest.mark.parametrize("gone", [0.4, 0.7, 1.0])
@pytest.mark.parametrize("name", TIMES)
def test_it_stays_true_while_time_goes_on(name: str, gone: float) -> None:
    chance, draw, done, told = random.Random(f"{name} {gone}"), TIMES[name], 0, 0
    for _ in range(JOBS):
        history = Estimate.of(draw(chance) for _ in range(30))
        elapsed = gone * (history.done_by(0.5) or 0)
        end, took = history.done_by(0.8, elapsed=elapsed), draw(chance)
        if end is None or took <= elapsed:
            continue
        assert end > elapsed
        told += 1
        done += took <= end
    assert told > JOBS / 10
    assert 0.75 <= done / told <= 0.85


DRIFTS: dict[str, Callable[[int], float]] = {
    "slower": lambda n: 2 ** (n / 1000),
    "faster": lambda n: 2 ** (-n / 1000),
    "by day and by night": lambda n: 1 + 0.5 * math.sin(n / 300),
}


@pytest.mark.parametrize("gone", [0.0, 0.7])
@pytest.mark.parametrize("name", DRIFTS)
def test_it_stays_true_while_the_service_changes(name: str, gone: float) -> None:
    chance, drift, done, told = random.Random(f"{name} {gone}"), DRIFTS[name], 0, 0
    latest: deque[float] = deque(maxlen=LATEST)
    for n in range(JOBS):
        took = drift(n) * chance.lognormvariate(4, 0.4)
        history = Estimate.of(reversed(latest))
        elapsed = gone * (history.done_by(0.5) or 0)
        end = history.done_by(0.8, elapsed=elapsed)
        if end is not None and took > elapsed:
            told += 1
            done += took <= end
        latest.append(took)
    assert told > JOBS / 2
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


# The same in the page

JS = Path(__file__).parent.parent / "js"
TWIN = """
import { readFileSync } from "node:fs";
import { doneBy, progressOf, usual } from "./src/kernel/estimate.ts";
const answers = JSON.parse(readFileSync(0, "utf8")).map(({ times, share, elapsed }) => [
  usual(times), doneBy(times), doneBy(times, share, elapsed), progressOf(times, elapsed),
]);
console.log(JSON.stringify(answers));
"""
SIZE = """
import { build } from "esbuild";
const made = await build({
  entryPoints: ["src/kernel/estimate.ts"], bundle: true, minify: true, format: "esm", write: false, tsconfigRaw: {},
});
console.log(made.outputFiles[0].contents.length);
"""


def node(script: str, given: object = None) -> Any:
    command = [str(wheel_node()), "--input-type=module", "--eval", script]
    text = json.dumps(given)
    return json.loads(
        subprocess.run(command, cwd=JS, input=text, stdout=subprocess.PIPE, text=True, check=True).stdout
    )


def ties(chance: random.Random) -> float:
    return float(chance.randrange(4))


def test_the_page_says_what_the_kernel_says() -> None:
    chance = random.Random("twins")
    cases: list[dict[str, Any]] = []
    for n in range(5000):
        draw = chance.choice([*TIMES.values(), ties])
        times = sorted(draw(chance) for _ in range(n % 61))
        elapsed = chance.choice([0.0, chance.uniform(0, 300), *times[:1], *times[-1:]])
        share = chance.choice([0.1, 0.2, 0.5, 0.8, 0.9, chance.random()])
        cases.append({"times": times, "share": share, "elapsed": elapsed})
    said = 0
    for case, page in zip(cases, node(TWIN, cases), strict=True):
        estimate = Estimate(tuple(case["times"]))
        usual, end = estimate.usual, estimate.done_by(case["share"], elapsed=case["elapsed"])
        kernel = [usual and list(usual), estimate.done_by(), end, estimate.progress(case["elapsed"])]
        assert page == kernel, case
        said += None not in kernel
    assert said > len(cases) / 4


def test_the_page_s_part_is_small() -> None:
    assert 100 < node(SIZE) < 700


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
