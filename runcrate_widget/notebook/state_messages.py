"""What the synced traits hold, from the kernel to the view: a part of `messages.py`, and of it all that the
class of a widget needs."""

from __future__ import annotations

from typing import Any, TypedDict

from .shapes import ErrorRow, Status, VideoRow

Message = dict[str, Any]

# Rows


class ModelRow(TypedDict):
    """One choice of the model picker."""

    id: str
    name: str
    durations: list[int]  # seconds: the choices, or `[shortest, longest]` where `continuous`
    continuous: bool
    audio: bool
    notes: str
    price: float | None  # dollars a second of video, where the user gave one
    image: bool | None  # whether it makes a video from a picture; None: not known, and it may be tried
    retired: str | None  # since when it is gone, "2026-11-25"


#: Nothing more comes of a job by itself. A job of any other status is "open"; so is one that failed, until it
#: is `settled`.
ENDED = ("completed", "failed", "cancelled")


class JobRow(TypedDict):
    """One job of the list. Times are seconds since the epoch by the kernel's clock (`hello` tells the
    difference).
    """

    key: str  # the job's name within this library, also before the service gave it an id
    revision: int  # of the list, when this row last changed
    id: str | None
    prompt: str  # its beginning, if it is long
    model: str
    model_name: str
    duration: int | None  # seconds, as asked for
    aspect_ratio: str | None
    take: int
    status: Status
    note: str  # "" or what is going on meanwhile: "reconnecting: …", "rate limit: goes on in 12 s"
    error: ErrorRow | None
    started: float
    submitted: float | None  # when the service took it
    processing: float | None  # when the service began, as far as somebody saw it
    ended: float | None
    made: float | None  # seconds that the service took, without the time that it waited here
    demo: bool
    undecided: bool  # unconfirmed, and no other was sent for it: it stands above all that is not
    adoptable: bool  # it takes an id by hand: `adopt`
    stopped: bool  # the service has it, and asking for it (or for its video) has stopped: `resume` goes on
    settled: bool  # put away, or another was made in its place: one that failed needs nobody any more
    picture: str | None  # sha256 of the one that it begins with, if that is in the library: `picture_of`
    video: VideoRow | None


class LimitRow(TypedDict):
    """What may still be asked for; None: there is no such limit. A request that would take more is refused;
    so is one of which it is not known what it would take.
    """

    seconds: float | None  # of video
    dollars: float | None


class SessionRow(TypedDict):
    """What the widget talks to."""

    demo: bool
    has_key: bool  # whether an API key is set (never the key)
    service: str  # the base URL's host
    library: str  # path of the folder
    root: str | None  # path of the folder that the notebook server shows, where the kernel knows it
    saved: str  # what the saved output of this widget is known by: the view hides it
    limit: LimitRow | None  # None: there is no limit
    wall: int  # the version of the wall, which moves when anything there has; 0 until it is asked for
    form: bool  # whether videos can be asked for; without, it is what there is that is shown
    elsewhere: str  # what other processes make in the library, in words; "" where nothing is known of it


class Settings(TypedDict):
    """The controls: one synced trait each."""

    prompt: str
    model: str
    duration: int | None  # seconds
    aspect_ratio: str | None
    takes: int
    image: str | None  # what the video begins with: sha256 of a picture in the library, or an https URL


CONTROLS = tuple(Settings.__annotations__)


class Place(TypedDict):
    """Where a job stands in the list, which is sorted by both. A view shows the undecided ones above it."""

    started: float
    key: str


class FirstRows(TypedDict):
    """What a view begins with. It is renewed until a view has been heard, and when everything has come to
    rest."""

    revision: int  # of the list
    total: int  # how many jobs there are
    open: int  # how many of them have not ended
    waiting: int  # and how many of those wait for their turn
    newest: int  # how many of the rows are the list's beginning; after them, older ones that have not ended
    rows: list[JobRow]  # newest first


class ChangedRows(TypedDict):
    """The rows that changed after the revision `since`. A view that has not got that one has missed
    something."""

    since: int
    revision: int
    total: int
    open: int
    waiting: int
    rows: list[JobRow]


class State(Settings):
    """All but the rows, which comes as one."""

    _models: list[ModelRow]
    _session: SessionRow


STATE = (*CONTROLS, "_models", "_session")


class Traits(State):
    """The synced traits that the view reads. It never writes one: see `set`."""

    _first: FirstRows
    _changed: ChangedRows
    _revision: int  # how often any of these has changed
