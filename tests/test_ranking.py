"""Strengths from comparisons: right in the long run, finite in the short one, and as sure as they say."""

from __future__ import annotations

import math
import random
from itertools import combinations

import pytest

from runcrate_widget import errors
from runcrate_widget.library.ranking import Ranking, rank


def simulated(strengths: dict[str, float], each: int, chance: random.Random) -> list[tuple[str, str, float]]:
    """So many comparisons of each pair of models."""
    return [
        (first, second, float(chance.random() < 1 / (1 + math.exp(strengths[second] - strengths[first]))))
        for first, second in combinations(strengths, 2)
        for _ in range(each)
    ]


def covered(each: int, runs: int) -> tuple[float, float]:
    """In which share of the runs the true difference of two models, and the true strength of one, lay within."""
    chance = random.Random(each)
    differences = strengths = 0
    for _ in range(runs):
        true = {name: chance.gauss(0, 1) for name in "abcd"}
        found = rank(simulated(true, each, chance))
        _, low, high = found.difference("a", "d")
        differences += low <= true["a"] - true["d"] <= high
        (of_b,) = [one for one in found if one.model == "b"]
        strengths += of_b.low <= true["b"] - sum(true.values()) / 4 <= of_b.high
    return differences / runs, strengths / runs


@pytest.mark.parametrize("each", [5, 20, 60])
def test_the_true_difference_lies_within_in_95_of_100_runs(each: int) -> None:
    difference, strength = covered(each, 1000)
    assert 0.91 <= difference <= 0.99
    assert 0.91 <= strength <= 0.99


def test_of_very_many_comparisons_it_is_the_odds() -> None:
    found = rank([("a", "b", 1.0)] * 30_000 + [("b", "a", 1.0)] * 10_000)
    value, low, high = found.difference("a", "b")
    assert value == pytest.approx(math.log(3), abs=0.001)
    # The standard error of a logarithm of odds.
    assert (high - low) / 2 == pytest.approx(1.96 * math.sqrt(1 / 30_000 + 1 / 10_000), rel=0.01)
    assert found.comparisons == 40_000


@pytest.mark.parametrize("wins", [1, 3, 1000, 100_000])
def test_who_has_always_won_is_finite_and_first(wins: int) -> None:
    first, second = rank([("b", "a", 1.0)] * wins)
    assert (first.model, second.model) == ("b", "a")
    assert 0 < first.strength < 10
    assert first.strength == pytest.approx(-second.strength)
    assert first.low < first.strength < first.high < 20


def test_one_comparison_decides_nothing_and_says_so() -> None:
    _, low, high = rank([("b", "a", 1.0)]).difference("b", "a")
    assert low < 0 < high


def test_a_tie_is_half_a_win_for_each_and_the_sides_do_not_matter() -> None:
    ties, split = rank([("a", "b", 0.5)] * 10), rank([("a", "b", 1.0)] * 5 + [("a", "b", 0.0)] * 5)
    assert ties.difference("a", "b") == pytest.approx(split.difference("a", "b"))
    assert ties.difference("a", "b")[0] == pytest.approx(0)
    assert rank([("a", "b", 1.0)]).difference("a", "b") == pytest.approx(
        rank([("b", "a", 0.0)]).difference("a", "b")
    )


def test_models_that_met_only_through_others_are_compared_and_less_surely() -> None:
    found = rank(
        [("a", "b", 1.0), ("a", "b", 0.0), ("a", "b", 1.0)] * 20
        + [("b", "c", 1.0), ("b", "c", 1.0), ("b", "c", 0.0)] * 20
    )
    assert [one.model for one in found] == ["a", "b", "c"]
    width = {pair: found.difference(*pair)[2] - found.difference(*pair)[1] for pair in ("ab", "bc", "ac")}
    assert width["ac"] > max(width["ab"], width["bc"])
    assert [one.comparisons for one in found] == [60, 120, 60]


def test_it_shows_itself() -> None:
    assert repr(rank([])) == "no comparisons of two models yet"
    assert "no comparisons" in rank([])._repr_html_()
    found = rank([("openai/sora-2", "<b>/x", 1.0)])
    assert repr(found[0]).startswith("Sora 2: wins ") and repr(found[0]).endswith("average, of 1 comparison")
    assert "&lt;b&gt;/x" in found._repr_html_() and "<b>" not in found._repr_html_()
    assert isinstance(found, Ranking)
    with pytest.raises(errors.InvalidRequestError, match="never compared"):
        found.difference("Sora 2", "Veo 3.0")


def test_twenty_models_and_very_uneven_ones_come_to_an_end() -> None:
    chance = random.Random(1)
    true = {f"m{n:02}": 8.0 * n for n in range(20)}
    found = rank(simulated(true, 20, chance))
    assert [one.model for one in found][:3] == ["m19", "m18", "m17"]
    assert all(math.isfinite(one.strength) and one.low < one.high for one in found)
