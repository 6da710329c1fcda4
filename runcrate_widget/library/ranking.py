"""`Ranking`: how good models are, from comparisons of two at a time, and how sure that is. Pure.

The model is Bradley and Terry's: of a model with the strength `a` and one with `b`, the first wins with the
probability 1 / (1 + exp(b - a)). A tie counts as half a win for each. Before anything is known, strengths are
thought to lie around 0 with a standard deviation of 2 (so one of two models may well win 50 times as often):
that keeps a model finite that has won each time, and is soon outweighed. Intervals are from the curvature at
the maximum (the Fisher information), which is what they are called when there are some dozens of comparisons.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runcrate_widget.catalog import id_of, models
from runcrate_widget.errors import InvalidRequestError

_SPREAD = 2.0
_SURE = 1.96  # standard errors: 95 %

Matrix = list[list[float]]


@dataclass(frozen=True)
class Standing:
    """A model's place.

    Attributes:
        model: its id.
        strength: log odds against a model of average strength; 0 is the average of those compared.
        low, high: the true one lies between with a probability of 95 %.
        comparisons: how many with another model it took part in.
    """

    model: str
    strength: float
    low: float
    high: float
    comparisons: int

    @property
    def model_name(self) -> str:
        """The model's name where the table has one, else its id."""
        known = models.find(self.model)
        return known.name if known else self.model

    @property
    def wins(self) -> tuple[float, float, float]:
        """The probability of winning against an average model, and between which it lies: 0 to 1."""
        return _chance(self.strength), _chance(self.low), _chance(self.high)

    def __repr__(self) -> str:
        each = "1 comparison" if self.comparisons == 1 else f"{self.comparisons} comparisons"
        return f"{self.model_name}: wins {self._share()} against the average, of {each}"

    def _share(self) -> str:
        usual, low, high = (f"{100 * share:.0f}" for share in self.wins)
        return f"{usual} % ({low}–{high})"


class Ranking(list[Standing]):
    """The models that were compared, the strongest first.

    Example:
        >>> from runcrate_widget.library.ranking import rank
        >>> first, second = "openai/sora-2", "google/veo-3.0"
        >>> rank([(first, second, 1.0)] * 8 + [(first, second, 0.0)] * 4)
        Sora 2: wins 58 % (44–71) against the average, of 12 comparisons
        Veo 3.0: wins 42 % (29–56) against the average, of 12 comparisons
    """

    def __init__(self, ids: Sequence[str], fit: Fit, counts: Sequence[int], comparisons: int) -> None:
        #: How many comparisons of two models there were.
        self.comparisons = comparisons
        self._places = {id: place for place, id in enumerate(ids)}
        self._fit = fit
        standings = []
        for place, id in enumerate(ids):
            weights = [-1 / len(ids)] * len(ids)  # against the average
            weights[place] += 1
            standings.append(Standing(id, *fit.interval(weights), counts[place]))
        super().__init__(sorted(standings, key=lambda one: (-one.strength, one.model)))

    def difference(self, first: str, second: str) -> tuple[float, float, float]:
        """By how much the first of two models (ids or names) is stronger, and between which the true
        difference lies with a probability of 95 %. Raises InvalidRequestError if one was never compared."""
        weights = [0.0] * len(self)
        for model, sign in ((first, 1), (second, -1)):
            place = self._places.get(id_of(model))
            if place is None:
                raise InvalidRequestError("model", f"{model!r} was never compared with another model.")
            weights[place] += sign
        return self._fit.interval(weights)

    def told(self, first: str, second: str) -> float:
        """How much one more comparison of two models (ids) would tell; 0 for a model and itself."""
        return self._fit.told(self._places[first], self._places[second])

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "no comparisons of two models yet"

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{self!r}</p>"
        rows = "".join(
            f"<tr><td>{html.escape(one.model_name)}</td><td>{one._share()}</td><td>{one.comparisons}</td></tr>"
            for one in self
        )
        heads = "<tr><th>model</th><th>wins against the average (95 %)</th><th>comparisons</th></tr>"
        return f"<table>{heads}{rows}</table>"


def rank(results: Iterable[tuple[str, str, float]], *, also: Iterable[str] = ()) -> Ranking:
    """The ranking that follows from comparisons.

    Args:
        results: the ids of two different models, and 1 where the first has won, 0 where the second, 0.5 for a
            tie.
        also: ids of models that may not have been compared yet.
    """
    results = list(results)
    ids = sorted({id for first, second, _ in results for id in (first, second)} | set(also))
    place = {id: n for n, id in enumerate(ids)}
    won = [[0.0] * len(ids) for _ in ids]
    counts = [0] * len(ids)
    for first, second, share in results:
        a, b = place[first], place[second]
        won[a][b] += share
        won[b][a] += 1 - share
        counts[a] += 1
        counts[b] += 1
    return Ranking(ids, Fit.of(won), counts, len(results))


@dataclass(frozen=True)
class Fit:
    """Strengths, and their covariances."""

    strengths: list[float]
    covariance: Matrix

    @classmethod
    def of(cls, won: Matrix) -> Fit:
        """By Newton's method. `won[a][b]`: how often `a` has won against `b`."""
        strengths = [0.0] * len(won)
        for _ in range(100):
            slope, inverse = _slope(won, strengths), _inverse(_curvature(won, strengths))
            step = [sum(map(_times, row, slope)) for row in inverse]
            size = max(map(abs, step), default=0.0)
            # It is concave. A long step may lead past the top and away from it; one of at most 1 does not.
            shorter = min(1.0, 1.0 / size) if size else 1.0
            strengths = [one + shorter * more for one, more in zip(strengths, step, strict=True)]
            if size < 1e-9:
                break
        return cls(strengths, _inverse(_curvature(won, strengths)))

    def interval(self, weights: Sequence[float]) -> tuple[float, float, float]:
        """A weighted sum of the strengths, and between which the true one lies with 95 %."""
        middle = sum(map(_times, weights, self.strengths))
        half = _SURE * math.sqrt(self.variance(weights))
        return middle, middle - half, middle + half

    def variance(self, weights: Sequence[float]) -> float:
        """Of such a sum."""
        spread = (sum(map(_times, row, weights)) for row in self.covariance)
        return max(0.0, sum(map(_times, weights, spread)))

    def told(self, a: int, b: int) -> float:
        """How much one more comparison of these two would tell."""
        weights = [float(n == a) - float(n == b) for n in range(len(self.strengths))]
        chance = _chance(self.strengths[a] - self.strengths[b])
        return self.variance(weights) * chance * (1 - chance)


def _slope(won: Matrix, strengths: list[float]) -> list[float]:
    """Of the logarithm of the probability, at these strengths."""
    slope = [-one / _SPREAD**2 for one in strengths]
    for a, row in enumerate(won):
        for b, wins in enumerate(row):
            slope[a] += wins - (wins + won[b][a]) * _chance(strengths[a] - strengths[b]) if a != b else 0.0
    return slope


def _curvature(won: Matrix, strengths: list[float]) -> Matrix:
    """The same's, with its sign turned: how much is known."""
    known = [[float(a == b) / _SPREAD**2 for b in range(len(won))] for a in range(len(won))]
    for a, row in enumerate(won):
        for b in range(a):
            chance = _chance(strengths[a] - strengths[b])
            told = (row[b] + won[b][a]) * chance * (1 - chance)
            known[a][a] += told
            known[b][b] += told
            known[a][b] -= told
            known[b][a] -= told
    return known


def _inverse(matrix: Matrix) -> Matrix:
    """Of a matrix that is symmetric and positive definite: no pivot of it is 0."""
    size = len(matrix)
    rows = [[*row, *(float(a == b) for b in range(size))] for a, row in enumerate(matrix)]
    for a in range(size):
        pivot = rows[a][a]
        rows[a] = [value / pivot for value in rows[a]]
        for b in range(size):
            if b != a and rows[b][a]:
                factor = rows[b][a]
                rows[b] = [value - factor * first for value, first in zip(rows[b], rows[a], strict=True)]
    return [row[size:] for row in rows]


def _times(a: float, b: float) -> float:
    return a * b


def _chance(difference: float) -> float:
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, difference))))
