"""What the rows of more than one kind of message are made of (`messages.py`)."""

from __future__ import annotations

from typing import Literal, TypedDict


class ErrorRow(TypedDict):
    """What went wrong, for a person: what happened, and what to do next."""

    message: str
    hint: str
    field: str | None  # the control at fault
    kind: str  # one word for programs, as `errors.py` has them; `model`: offer `rerun`


class VideoRow(TypedDict):
    """A finished video: where it is and what is in it."""

    path: str  # of its file; or the URL of an object in a store, which gives no right to it
    size: int  # bytes
    width: int  # pixels
    height: int  # pixels
    duration: float  # seconds
    audio: bool


#: DESIGN's job.status.
Status = Literal[
    "waiting",
    "submitting",
    "queued",
    "processing",
    "downloading",
    "completed",
    "failed",
    "unconfirmed",
    "cancelled",
]
