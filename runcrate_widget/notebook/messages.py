"""What the widget's kernel side and its view say to each other. The other side of this file is `js/src/kernel/messages.ts`.

State is synced traits (kernel to view only): `prompt`, `model`, `duration`, `aspect_ratio`, `takes`, and these.

====================  ===========================================================================
`_models`             list of `ModelRow`: what the model picker offers
`_jobs`               list of `JobRow`, newest first
`_session`            `SessionRow`: which service, whether there is a key, whether it is the demo
`_revision`           how often any of these has changed
====================  ===========================================================================

The view speaks in custom messages only, each with an `id` of its own (`"<view>-<n>"`); every message is answered, with the
same `id`: `{"id": …, "ok": true, …}` or `{"id": …, "ok": false, "error": ErrorRow}`. Answers go to every open view of the
widget: a view takes those whose `id` it sent. The kernel handles an `id` once, however often it arrives.

==============================================================  ====================================================
`{"kind": "hello", "root", "seen"}`: the root folder that the   `{"now": kernel clock, seconds since the epoch,
page's server serves at `files/`, or null; the revision that    "revision"}`, and `"state": all of the synced traits`
the view has                                                    if the view has another one
`{"kind": "set", "name": trait, "value": …}`                    `{}`; the trait comes back when it changed
`{"kind": "generate", "prompt", "model", "duration",            `{"keys": [key of each new job]}`
"aspect_ratio", "takes"}` (what the controls show)
`{"kind": "cancel", "key"}`: a job that is still `waiting`      `{}`
`{"kind": "resubmit", "key"}`: one that is `failed` or          `{"key": key of the job that was begun}`
`unconfirmed`, sent again as a new job
`{"kind": "resume", "key"}`: one that is `stopped`               `{}`
`{"kind": "earlier"}`: the newest of `earlier` into the list     `{}`
`{"kind": "code", "key"}`                                       `{"code": the Python call that gives this job}`
`{"kind": "chunk", "key", "offset", "length"}` (bytes)          `{"offset", "total"}` and one buffer
`{"kind": "poster", "key"}`                                     `{}` and one buffer, a JPEG; none if there is no poster
`{"kind": "keep_poster", "key", "jpeg"}` (base64)               `{}`
`{"kind": "demo"}`: go on with the demo backend                 `{}`
`{"kind": "source"}`: the loader's, where it must              `{"js", "css"}`
==============================================================  ====================================================

A view that gets an answer to `hello` with a newer revision than its trait's knows that this host loses what is not sent in
the handler of a message, and goes on asking. One message comes unasked, from the engine's thread: `{"push": key, "offset",
"total"}` with one buffer, a chunk of a video that the view could not ask for.
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
    size: int  # bytes
    width: int  # pixels
    height: int  # pixels
    duration: float  # seconds
    audio: bool


class JobRow(TypedDict):
    """One job of the list. Times are seconds since the epoch by the kernel's clock (`hello` tells the difference)."""

    key: str  # the job's name within this library, also before the service gave it an id
    id: str | None
    prompt: str  # its beginning, if it is long
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
    has_key: bool  # whether an API key is set (never the key)
    service: str  # the base URL's host
    library: str  # path of the folder
    root: str | None  # path of the folder that the notebook server shows, where the kernel knows it
    earlier: int  # how many finished videos the library has that are not in the list
    saved: str  # what the saved output of this widget is known by: the view hides it


Message = dict[str, Any]
