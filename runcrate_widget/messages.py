"""What the widget's kernel side and its view say to each other. The other side of this file is `js/src/messages.ts`.

State is synced traits (kernel to view only): `prompt`, `model`, `duration`, `aspect_ratio`, `takes`, and the four below.

====================  ===========================================================================
`_models`             list of `ModelRow`: what the model picker offers
`_jobs`               list of `JobRow`, newest first
`_session`            `SessionRow`: which service, whether there is a key, whether it is the demo
====================  ===========================================================================

The view speaks in custom messages only, each with an `id` of its own (`"<view>-<n>"`); every message is answered, with the
same `id`: `{"id": …, "ok": true, …}` or `{"id": …, "ok": false, "error": ErrorRow}`. Answers go to every open view of the
widget: a view takes those whose `id` it sent. The kernel handles an `id` once, however often it arrives.

==============================================================  ====================================================
`{"kind": "hello"}`                                             `{"now": kernel clock, seconds since the epoch}`
`{"kind": "set", "name": trait, "value": …}`                    `{}`; the trait comes back when it changed
`{"kind": "generate", "prompt", "model", "duration",            `{"keys": [key of each new job]}`
"aspect_ratio", "takes"}` (what the controls show)
`{"kind": "cancel", "key"}`: a job that is still `waiting`      `{}`
`{"kind": "resubmit", "key"}`: one that is `failed` or          `{"key": key of the job that was begun}`
`unconfirmed`, sent again as a new job
`{"kind": "resume", "key"}`: one that is `stopped`               `{}`
`{"kind": "chunk", "key", "offset", "length"}` (bytes)          `{"offset", "total"}` and one buffer
`{"kind": "demo"}`: go on with the demo backend                 `{}`
==============================================================  ====================================================
"""

from __future__ import annotations

from typing import Any, TypedDict


class ErrorRow(TypedDict):
    """What went wrong, for a person. `message` says what happened and `hint` what to do next; `field` is the control at fault."""

    message: str
    hint: str
    field: str | None


class ModelRow(TypedDict):
    """One choice of the model picker. `durations` are the choices, or `[shortest, longest]` where `continuous`; in seconds."""

    id: str
    name: str
    durations: list[int]
    continuous: bool
    audio: bool
    notes: str
    price: float | None  # dollars a second of video, where the user gave one


class VideoRow(TypedDict):
    """A finished video: where it is and what is in it."""

    path: str
    name: str
    size: int  # bytes
    width: int  # pixels
    height: int  # pixels
    duration: float  # seconds
    audio: bool


class JobRow(TypedDict):
    """One job of the list. Times are seconds since the epoch by the kernel's clock (`hello` tells the difference)."""

    key: str  # the job's name within this library, also before the service gave it an id
    id: str | None
    prompt: str
    model: str
    model_name: str
    duration: int | None  # seconds, as asked for
    aspect_ratio: str | None
    take: int
    status: str  # DESIGN's job.status
    note: str  # "" or what is going on meanwhile: "reconnecting: …", "rate limit: goes on in 12 s"
    error: ErrorRow | None
    started: float
    ended: float | None
    demo: bool
    stopped: bool  # the service has it, and asking for it (or for its video) has stopped: `resume` goes on
    video: VideoRow | None


class SessionRow(TypedDict):
    """What the widget talks to."""

    demo: bool
    key: bool  # whether a key is set (never the key)
    service: str  # the base URL's host
    library: str  # path of the folder


Message = dict[str, Any]
