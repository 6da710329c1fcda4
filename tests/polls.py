"""Polls of videos that take a known time, on a simulated clock: ours, others', and the best that there is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from runcrate_widget.jobs import polling
from runcrate_widget.jobs.schedule import Schedule

#: From seconds since the submit to seconds until the next poll.
Pause = Callable[[float], float]


@dataclass(frozen=True)
class Kind:
    """A kind of video: the n-th takes `scale(n)` times what `draw` gives, in seconds."""

    name: str
    draw: Callable[[random.Random], float]
    scale: Callable[[int], float] = lambda number: 1.0

    def took(self, number: int, chance: random.Random) -> float:
        return max(0.1, self.scale(number) * self.draw(chance))


def uniform(low: float, high: float) -> Kind:
    return Kind(f"uniform {low:g}–{high:g} s", lambda chance: chance.uniform(low, high))


def log_normal(median: float, sigma: float) -> Kind:
    name = f"log-normal {median:g} s, σ {sigma:g}"
    return Kind(name, lambda chance: median * chance.lognormvariate(0, sigma))


def bimodal(one: float, other: float, spread: float = 0.04) -> Kind:
    def draw(chance: random.Random) -> float:
        peak = one if chance.random() < 0.6 else other
        return chance.gauss(peak, spread * peak)

    return Kind(f"bimodal {one:g} or {other:g} s", draw)


def drifting(middle: float, period: int = 200) -> Kind:
    """A fifth up and down again in `period` jobs, ± 7 % each."""
    name = f"drifting {0.8 * middle:g}–{1.2 * middle:g} s"
    return Kind(
        name,
        lambda chance: middle * chance.uniform(0.93, 1.07),
        lambda number: 1 + 0.2 * math.sin(2 * math.pi * number / period),
    )


QUICK = uniform(8, 12)
#: Of the service's size, each about as wide as a kind of video is.
REAL = [
    kind
    for middle in (30, 100, 300)
    for kind in (
        uniform(0.8 * middle, 1.2 * middle),
        log_normal(middle, 0.1),
        bimodal(0.7 * middle, 1.3 * middle),
        drifting(middle),
    )
]
#: So wide that nobody can be both quick and polite.
WIDE = [uniform(30, 300), log_normal(60, 0.5), bimodal(40, 200, 0.08)]


@dataclass
class Told:
    """What became of some jobs: of each its lag, its polls and what it took."""

    lags: list[float]
    polls: list[int]
    times: list[float]

    @property
    def lag(self) -> float:
        return sum(self.lags) / len(self.lags)

    @property
    def share(self) -> float:
        """The mean lag, of the mean time."""
        return sum(self.lags) / sum(self.times)

    @property
    def p95(self) -> float:
        return sorted(self.lags)[int(0.95 * len(self.lags))]

    @property
    def asked(self) -> float:
        return sum(self.polls) / len(self.polls)


def polled(took: float, pause: Pause) -> tuple[float, float, int]:
    """When a job that takes so long is seen to be done, how long nobody had looked then, and after how many
    polls."""
    now, before, polls = 0.0, 0.0, 0
    while now < took or not polls:
        before, now, polls = now, now + pause(now), polls + 1
    return now, now - before, polls


def by(schedule: Schedule, chance: random.Random) -> Pause:
    """As the pacer does it."""
    return lambda now: polling.jitter(schedule.next_poll(now), chance.random())


def learning(kind: Kind, *, known: int = 32, jobs: int = 160, runs: int = 4, seed: int = 1) -> Told:
    """One after the other, each polled by what those before it have shown."""
    told = Told([], [], [])
    for run in range(runs):
        chance = random.Random(f"{kind.name} {seed} {run}")
        seen: list[tuple[float, float]] = []
        for number in range(known + jobs):
            took, schedule = kind.took(number, chance), Schedule.of(reversed(seen[-32:]))
            ready, blind, polls = polled(took, by(schedule, chance))
            seen.append((ready, blind))
            if number >= known:
                _note(told, took, ready, polls)
    return told


def always(kind: Kind, pause: Pause, *, jobs: int = 2000, first: int = 0, seed: int = 1) -> Told:
    """Each polled in the same way."""
    chance, told = random.Random(f"{kind.name} {seed}"), Told([], [], [])
    for number in range(first, first + jobs):
        took = kind.took(number, chance)
        ready, _, polls = polled(took, pause)
        _note(told, took, ready, polls)
    return told


def _note(told: Told, took: float, ready: float, polls: int) -> None:
    told.lags.append(ready - took)
    told.polls.append(polls)
    told.times.append(took)


def nothing_known(kind: Kind, *, jobs: int = 2000) -> Told:
    return always(kind, by(Schedule(), random.Random(kind.name)), jobs=jobs)


def fixed(now: float) -> float:  # noqa: ARG001
    """As the official SDK polls."""
    return 5.0


def exponential(now: float) -> float:
    """After 1 s, 2, 4, 8, 16, then every 30 s."""
    return min(now + 1.0, 30.0)


def ideal(kind: Kind, polls: float, *, jobs: int = 2000) -> Told:
    """With so many polls, the best schedule of those that know from which times each is drawn."""
    chance = random.Random(f"ideal {kind.name}")
    times = sorted(max(0.1, kind.draw(chance)) for _ in range(4000))
    points = tuple(times[at] for at in range(19, len(times), 20))
    low, high = 1e-4 * points[-1], points[-1]
    for _ in range(14):
        price = math.sqrt(low * high)
        if _asked(points, _best(points, price)) > polls:
            low = price
        else:
            high = price
    moments = [*_best(points, high), *(points[-1] * (1.01 + n / 100) for n in range(100))]
    chance, told = random.Random(f"{kind.name} 1"), Told([], [], [])
    for number in range(jobs):
        took, scale = kind.took(number, chance), kind.scale(number)
        asked = next(n for n, moment in enumerate(moments) if scale * moment >= took)
        _note(told, took, scale * moments[asked], asked + 1)
    return told


@cache
def _best(points: tuple[float, ...], price: float) -> tuple[float, ...]:
    """The moments to ask at, the last at the end: the least mean lag + price x polls, of all that there are."""
    sums = [0.0]
    for one in points:
        sums.append(sums[-1] + one)
    cost, after = [0.0] * (len(points) + 1), [0] * (len(points) + 1)
    for at in range(len(points) - 1, -1, -1):  # the first `at` are done
        least = math.inf
        for to in range(at + 1, len(points) + 1):
            lag = points[to - 1] * (to - at) - (sums[to] - sums[at])
            if lag >= least:
                break
            if lag + cost[to] < least:
                least, after[at] = lag + cost[to], to
        cost[at] = least + price * (len(points) - at)
    moments, at = [], 0
    while at < len(points):
        at = after[at]
        moments.append(points[at - 1])
    return tuple(moments)


def _asked(points: Sequence[float], moments: Sequence[float]) -> float:
    asked = [sum(before < one <= moment for one in points) for before, moment in pairwise([0.0, *moments])]
    return sum(number * done for number, done in enumerate(asked, 1)) / len(points)
