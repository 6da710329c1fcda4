"""What is said of the arena; `messages.py` has what each is the answer to."""

from __future__ import annotations

from typing import TypedDict


class RankingRow(TypedDict):
    """A model's place: `library/ranking.py` says what the numbers are."""

    model_name: str
    strength: float  # log odds against an average model
    low: float  # the true one lies between with 95 %
    high: float
    comparisons: int


class JudgeRequest(TypedDict):
    """What was said of two videos that were shown; it is answered with the next."""

    left: str
    right: str
    winner: str  # left, right, tie, skip
