"""`Schedule`: when to ask whether a video is done, from how long the earlier ones took. Pure.

1. What is least is the mean lag + a price x the polls. For each moment at which the answer was "not yet", the
   best next one is found, from the last to the first (dynamic programming), once for each kind of video.
2. The price is what makes the polls a quarter of the usual seconds, at most 9; more where little is known.
3. An earlier time is a stretch: from the last poll that said "not yet" (`unseen`, the blind) to the one that
   said "completed". Where in it the video was done, all the others together tell.
4. The next video takes about as long: each time is spread as far as its nearest neighbours are. The latest
   count most, because services drift. A share of the belief, the smaller the more is known, says: anything.
5. History may mislead. Nothing is quiet for longer than half of the usual time (10 s to 2 minutes), and past
   the longest time that is known, `polling.next_poll` holds, as if nothing were known.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, takewhile

from . import polling

#: The times that count; and so many later ones halve what one counts.
LATEST = 32
_HALF = 10
#: Polls that are meant, on average: for each second of the usual time, and at most.
_POLLS_A_SECOND, _MOST_POLLS = 0.268, 8.5
#: Seconds of lag that a poll saves at least; also as a share of the longest time.
_CHEAPEST, _CHEAPEST_SHARE = 0.03, 0.0005
#: What is unlike anything known takes from here to there, in seconds, each power as likely.
_ANYTHING = (2.0, 600.0)
#: Of a time itself: how wide a stretch is at the most, and how far a time is spread.
_BLINDEST, _NARROWEST, _WIDEST = 0.25, 0.01, 0.25
#: The neighbours that it is spread to: this times the root of how many are known.
_NEAR = 1.2
#: Without a poll at most: a share of the usual time, in bounds (seconds).
_QUIET, _SHORTEST_QUIET, _LONGEST_QUIET = 0.5, 10.0, 120.0
#: As often the middle one's time, it is odd.
_ODD = 4.0
#: How finely it is computed.
_MOMENTS, _ROUNDS, _TRIALS = 128, 3, 3

#: When one was done: seconds, how far off that may be, and how much it counts.
_Guess = tuple[float, float, float]
#: Where the next may be done: from, to, and how much that counts.
_Box = tuple[float, float, float]


@dataclass(frozen=True)
class Schedule:
    """When to ask for the status of a video of one kind.

    Attributes:
        moments: seconds since the submit, ascending from 0. Empty: nothing is known.
        best: for each moment at which the answer was "not yet", the moment at which to ask next.
        known: how long the longest of the earlier ones took, in seconds.
        quiet: seconds without a poll, at most.

    Example:
        >>> from runcrate_widget.jobs.schedule import Schedule
        >>> schedule = Schedule.of([(10, 1), (11, 1), (9.5, 0.5), (11.5, 0.5), (10.5, 1)])
        >>> 8 < schedule.next_poll(0) < 10
        True
    """

    moments: tuple[float, ...] = ()
    best: tuple[float, ...] = ()
    known: float = 0.0
    quiet: float = 0.0

    @classmethod
    def of(cls, seen: Iterable[tuple[float, float]]) -> Schedule:
        """Of the seconds that videos took until they were seen to be done, and for how many before that
        nobody had looked; the latest first."""
        latest = _usual([one for one, _ in zip(seen, range(LATEST), strict=False)])
        if not latest:
            return cls()
        guesses = _guesses(latest)
        usual = sorted(when for when, _, _ in guesses)[2 * len(guesses) // 3]
        quiet = min(max(_QUIET * usual, _SHORTEST_QUIET), _LONGEST_QUIET)
        boxes = _boxes(guesses)
        moments = _moments(boxes, quiet)
        meant = min(usual * _POLLS_A_SECOND, _MOST_POLLS) * (1 + 1 / len(latest))
        best = _placed(moments, _mass(boxes, moments), quiet, meant)
        return cls(tuple(moments), tuple(moments[one] for one in best), max(latest)[0], quiet)

    def next_poll(self, elapsed: float) -> float:
        """Seconds until the next poll of a job that was submitted `elapsed` seconds ago and is not done."""
        if not self.moments or not elapsed < self.moments[-1]:
            return polling.next_poll(elapsed)
        at = bisect_right(self.moments, elapsed) - 1
        (begin, end), (one, other) = self.moments[at : at + 2], self.best[at : at + 2]
        due = one + (other - one) * (elapsed - begin) / (end - begin)
        past = max(elapsed, self.known)
        due = min(due, past + polling.next_poll(past), elapsed + self.quiet * polling.SHORTEST)
        return max(min(due - elapsed, self.quiet), polling.closest())


def _usual(latest: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without the few that took several times as long as the others: an outage tells nothing of the next."""
    middle = sorted(took for took, _ in latest)[len(latest) // 2] if latest else 0.0
    usual = [one for one in latest if one[0] <= _ODD * middle]
    return usual if 10 * (len(latest) - len(usual)) <= len(latest) else list(latest)


def _guesses(latest: Sequence[tuple[float, float]]) -> list[_Guess]:
    """When each was done: laid out over its stretch as all together lie, again and again (Turnbull)."""
    stretches = []
    at_once = sum(1 for _ in takewhile(lambda one: one[1] > 0.5 * one[0], latest))
    for age, (took, blind) in enumerate(latest):
        # Done when it was first asked for: not much earlier, as a rule. If so were all the latest, who knows.
        widest = _BLINDEST * min(at_once, 4) if age < at_once else _BLINDEST
        wide = min(max(blind, _NARROWEST * took), widest * took)
        stretches.append((took - wide, took, 0.5 ** (age / _HALF)))
    edges = sorted({edge for begin, end, _ in stretches for edge in (begin, end)})
    place = {edge: at for at, edge in enumerate(edges)}
    spans = [(place[begin], place[end], weight) for begin, end, weight in stretches]
    widths = [end - begin for begin, end in pairwise(edges)]
    mass = widths
    for _ in range(_ROUNDS):
        sums = _sums(mass)
        rates = [0.0] * len(edges)
        for begin, end, weight in spans:
            rate = weight / (sums[end] - sums[begin])
            rates[begin] += rate
            rates[end] -= rate
        # What is nowhere likely keeps a trace: a stretch is never empty.
        mass = [
            one * max(rate, 0.0) + 1e-9 * width
            for one, rate, width in zip(mass, accumulate(rates), widths, strict=False)
        ]
    middles = [(begin + end) / 2 for begin, end in pairwise(edges)]
    sums = _sums(mass)
    first = _sums(one * middle for one, middle in zip(mass, middles, strict=True))
    second = _sums(
        one * (middle**2 + width**2 / 12) for one, middle, width in zip(mass, middles, widths, strict=True)
    )
    guesses = []
    for begin, end, weight in spans:
        whole = sums[end] - sums[begin]
        mean = (first[end] - first[begin]) / whole
        variance = (second[end] - second[begin]) / whole - mean**2
        guesses.append((mean, math.sqrt(3 * max(variance, 0.0)), weight))
    return guesses


def _boxes(guesses: Sequence[_Guess]) -> list[_Box]:
    """Each time, spread to where its neighbours are."""
    near = max(1, round(_NEAR * math.sqrt(len(guesses))))
    boxes = []
    for when, off, weight in guesses:
        away = sorted(abs(when - other) for other, _, _ in guesses)
        widest = _WIDEST * when
        half = max(off, _NARROWEST * when, min(away[near], widest) if near < len(away) else widest)
        boxes.append((max(0.0, when - half), when + half, weight))
    return boxes


def _moments(boxes: Sequence[_Box], quiet: float) -> list[float]:
    """From 0 to the end of the boxes: close where something may happen, and never far apart."""
    first = min(begin for begin, _, _ in boxes)
    edges = sorted({0.0, *(edge for begin, end, _ in boxes for edge in (begin, end))})
    shares = _shares(boxes, edges)
    length, whole = edges[-1] - first, sum(shares)
    moments = [0.0]
    for (begin, end), share in zip(pairwise(edges), shares, strict=True):
        fine = 4 * (end - begin) / quiet
        if begin >= first:
            fine = _MOMENTS / 2 * (share / whole + (end - begin) / length)
        parts = min(math.ceil(fine), _MOMENTS)
        moments += [begin + (end - begin) * part / parts for part in range(1, parts + 1)]
    return moments


def _shares(boxes: Iterable[_Box], edges: Sequence[float]) -> list[float]:
    """What of the boxes' weight lies between each edge and the next."""
    shares = [0.0] * (len(edges) - 1)
    for begin, end, weight in boxes:
        at = bisect_right(edges, begin) - 1
        while at < len(shares) and edges[at] < end:
            inside = min(end, edges[at + 1]) - max(begin, edges[at])
            shares[at] += weight * inside / (end - begin)
            at += 1
    return shares


def _mass(boxes: Sequence[_Box], moments: Sequence[float]) -> list[float]:
    """The probability that it is done between each moment and the next."""
    low, high = _ANYTHING
    anything = [math.log(min(max(one, low), high) / low) / math.log(high / low) for one in moments]
    whole = 1 + sum(weight for _, _, weight in boxes)
    return [
        (share + after - before) / whole
        for share, (before, after) in zip(_shares(boxes, moments), pairwise(anything), strict=True)
    ]


def _placed(moments: Sequence[float], mass: Sequence[float], quiet: float, meant: float) -> list[int]:
    """The places of the best next moments, at the price at which the polls are as many as is meant."""
    meant, cheapest = max(meant, 1.5), max(_CHEAPEST, _CHEAPEST_SHARE * moments[-1])
    price, done = max(moments[-1] / 400, cheapest), _sums(mass)
    spent = _sums(
        share * (begin + end) / 2 for share, (begin, end) in zip(mass, pairwise(moments), strict=True)
    )
    for _ in range(_TRIALS):
        polls = _polls(_best(moments, done, spent, price, quiet), done)
        price = max(price * (polls / meant) ** 2, cheapest)  # polls go with the root of the price
    return _best(moments, done, spent, price, quiet)


def _best(
    moments: Sequence[float], done: Sequence[float], spent: Sequence[float], price: float, quiet: float
) -> list[int]:
    """For each moment the place of the best next one. `done` by each moment is this probability; `spent` is
    the mean of the time, as far as it is shorter."""
    last, closest = len(moments) - 1, polling.closest() / polling.SHORTEST
    cost, best = [0.0] * len(moments), [last] * len(moments)
    for at in range(last - 1, -1, -1):
        least, chosen = math.inf, last
        # From an earlier moment, the best next one is never later.
        for to in range(at + 1, best[at + 1] + 1):
            pause = moments[to] - moments[at]
            if pause < closest and to < best[at + 1]:
                continue
            total = moments[to] * (done[to] - done[at]) - (spent[to] - spent[at]) + cost[to]
            if total < least:
                least, chosen = total, to
            if pause > quiet:
                break
        best[at], cost[at] = chosen, least + price * (1 - done[at])
    return best


def _polls(best: Sequence[int], done: Sequence[float]) -> float:
    """How many polls it comes to, on average."""
    at, polls = 0, 0.0
    while at < len(best) - 1:
        polls += 1 - done[at]
        at = best[at]
    return polls


def _sums(numbers: Iterable[float]) -> list[float]:
    """The sum of those before each place."""
    return [0.0, *accumulate(numbers)]
