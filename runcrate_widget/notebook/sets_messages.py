"""What is said of many videos at once; `messages.py` has what each is the answer to."""

from __future__ import annotations

from typing import TypedDict


class PromptList(TypedDict, total=False):
    """What the prompt stands for (`prompts.py`), as it was shown; without it, the prompt is sent as it is."""

    prompts: list[str] | None


class EarlierPromptsRequest(TypedDict):
    """Prompts of this library are wanted."""

    count: int  # at most 100


class EarlierPromptsPayload(TypedDict):
    """Each once, the newest first, from every notebook, and whole; fewer than were asked for where they are
    very long."""

    prompts: list[str]


class RerunRequest(TypedDict):
    """The set of these jobs on another model. It is answered with what that would be, and done where it is
    `confirmed`.
    """

    keys: list[str]
    model: str | None  # without one, the nearest that lives
    confirmed: bool


class RerunRow(TypedDict):
    """One video of the set."""

    key: str  # of the job that it is asked for again
    prompt: str  # its beginning, if it is long
    take: int
    duration: int | None  # seconds
    was: int | None  # the same of that job
    aspect_ratio: str | None
    there: bool  # it is in the library already, and nothing is sent for it


class LeftOutRow(TypedDict):
    """One that cannot be asked for again, and why."""

    key: str
    id: str | None
    why: str


class RerunPayload(TypedDict):
    """What the set is on that model; of what is not there, the seconds and the money."""

    model: str
    model_name: str
    differs: str  # what that model does otherwise, in words; empty where nothing is known of it
    rows: list[RerunRow]
    seconds: int | None  # of video; not known where a video has no duration
    cost: float | None  # dollars, where the price is known
    keys: list[str]  # of the jobs, once it is done
    left_out: list[LeftOutRow]  # what is not among the rows
