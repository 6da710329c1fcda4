"""What is said of the arena; `messages.py` has what each is the answer to."""

from __future__ import annotations

from typing import TypedDict

from .shapes import VideoRow


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


class ArenaPayload(TypedDict):
    """Two videos of one prompt, with nothing that tells their models; none where nothing can be compared."""

    left: str | None  # its key
    right: str | None
    left_video: VideoRow | None
    right_video: VideoRow | None
    prompt: str  # its beginning, if it is long
    done: int  # comparisons that were made in this library
    left_to_do: int  # pairs that were not shown yet; after them they come again
    ranking: list[RankingRow]  # the strongest first
