"""What the widget's kernel side and its view say to each other.

The other side of this file is `js/src/kernel/messages.ts`: the same names, field by field, and a test
compares them.

State is synced traits, from the kernel to the view only: those of `Traits`. Of the jobs they hold what a view
begins with and the latest change alone; the rest it asks for (`rows`), and what it missed (`hello`).

The view speaks in custom messages only, `{"kind": …, "id": …}` and the fields that `REQUESTS` has for that
kind; each has an `id` of its own (`"<view>-<n>"`). Every message is answered, with the same `id`: `{"id": …,
"ok": true}` and the fields of `PAYLOADS`, or `{"id": …, "ok": false, "error": ErrorRow}`. Replies go to every
open view of the widget: a view takes those whose `id` it sent. The kernel handles an `id` once, however often
it arrives.

A view that gets an answer to `hello` with a newer revision than its trait's knows that this host loses what
is not sent in the handler of a message, and goes on asking. One message comes unasked, from the engine's
thread: `News`.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from .arena_messages import ArenaPayload, JudgeRequest
from .arena_messages import RankingRow as RankingRow
from .batch_messages import BatchRequest as BatchRequest
from .batch_messages import CellRow as CellRow
from .batch_messages import GridRow as GridRow
from .money_messages import LimitRow, MoneyPayload, PriceRequest, TimesPayload, TimesRequest
from .money_messages import MoneyRow as MoneyRow
from .money_messages import SpentRow as SpentRow
from .picture_messages import LARGEST_PICTURE as LARGEST_PICTURE
from .picture_messages import FrameRow as FrameRow
from .picture_messages import PictureOfRequest as PictureOfRequest
from .picture_messages import PicturePayload as PicturePayload
from .picture_messages import PictureRequest as PictureRequest
from .picture_messages import PictureRow as PictureRow
from .sets_messages import EarlierPromptsPayload, EarlierPromptsRequest, PromptList
from .sets_messages import LeftOutRow as LeftOutRow
from .sets_messages import RerunPayload as RerunPayload
from .sets_messages import RerunRequest as RerunRequest
from .sets_messages import RerunRow as RerunRow  # of the payload; here are all of them
from .shapes import ErrorRow as ErrorRow
from .shapes import Status as Status
from .shapes import VideoRow as VideoRow
from .wall_messages import Changes as Changes
from .wall_messages import ChooseRequest as ChooseRequest
from .wall_messages import DayRow as DayRow
from .wall_messages import EntryRow as EntryRow
from .wall_messages import KeysRequest as KeysRequest
from .wall_messages import ModelCountRow as ModelCountRow
from .wall_messages import Order as Order
from .wall_messages import PostersPayload as PostersPayload
from .wall_messages import Query as Query
from .wall_messages import RowsOfPayload as RowsOfPayload
from .wall_messages import SettingsPayload as SettingsPayload
from .wall_messages import SettingsRequest as SettingsRequest
from .wall_messages import TagCountRow as TagCountRow
from .wall_messages import WallPayload as WallPayload
from .wall_messages import WallRequest as WallRequest
from .wall_messages import WallRowsPayload as WallRowsPayload
from .wall_messages import WallRowsRequest as WallRowsRequest

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
    form: bool  # whether videos can be asked for; without, it is the library that is shown


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


# Requests, and what each is answered with


class Nothing(TypedDict):
    """No fields."""


class HelloRequest(TypedDict):
    """A view is there, or asks what is new."""

    root: str | None  # the folder that the page's server serves at `files/`
    seen: int  # the `_revision` that the view has
    rows: int  # the revision of the list up to which it has every change


class HelloState(TypedDict, total=False):
    """What the view has not got."""

    state: State
    changed: ChangedRows
    first: FirstRows  # instead of too many changes: the view drops what it has


class HelloPayload(HelloState):
    """Where the kernel is."""

    now: float  # by the kernel's clock, in seconds since the epoch
    revision: int


class RowsRequest(TypedDict):
    """Of those that have not ended: what is under way, newest first, or what waits for its turn, the next
    first."""

    after: Place | None  # without it, from the first
    waiting: bool
    count: int


class RowsPayload(TypedDict):
    """Rows without a gap."""

    rows: list[JobRow]
    more: bool  # whether there are further ones


class SetRequest(TypedDict):
    """A control was moved. The trait comes back when it changed."""

    name: str
    value: str | int | None


class GenerateRequest(Settings, PromptList):
    """Generate was pressed; with what the controls show. Each prompt is sent `takes` times."""


class GeneratePayload(TypedDict):
    """One key for each new job."""

    keys: list[str]


class JobRequest(TypedDict):
    """About one job."""

    key: str


class ResubmitPayload(TypedDict):
    """The job that was begun."""

    key: str


class AdoptRequest(JobRequest):
    """The id that the dashboard has for an unconfirmed job, or another in the place of a wrong one."""

    job_id: str


class CodePayload(TypedDict):
    """The Python call that gives this job."""

    code: str


class ChunkRequest(TypedDict):
    """A piece of a video's file."""

    key: str
    offset: int  # bytes
    length: int


class ChunkPayload(TypedDict):
    """With one buffer."""

    offset: int
    total: int  # bytes of the whole file


class KeepPosterRequest(TypedDict):
    """A frame of the video, where it has no poster."""

    key: str
    jpeg: str  # base64


#: Of the front end: what the form needs, and what is loaded when it is first used.
Part = Literal["widget", "studio"]


class SourceRequest(TypedDict):
    """Wanted where it did not come by itself."""

    part: Part


class SourcePayload(TypedDict):
    """That part, with its style within; the studio is packed."""

    js: str


REQUESTS: dict[str, type] = {
    "hello": HelloRequest,
    "rows": RowsRequest,
    "set": SetRequest,
    "generate": GenerateRequest,
    "earlier_prompts": EarlierPromptsRequest,
    "rerun": RerunRequest,
    "arena": Nothing,
    "judge": JudgeRequest,
    "cancel": JobRequest,  # one that is still `waiting`
    "cancel_waiting": Nothing,  # all that are
    "resubmit": JobRequest,  # one that is `failed` or `unconfirmed`, sent again as a new job
    "adopt": AdoptRequest,  # one that is `adoptable`
    "resume": JobRequest,  # one that is `stopped`
    "code": JobRequest,
    "chunk": ChunkRequest,
    "poster": JobRequest,
    "keep_poster": KeepPosterRequest,
    "picture": PictureRequest,
    "picture_of": PictureOfRequest,
    "demo": Nothing,  # go on with the demo backend
    "source": SourceRequest,
    "times": TimesRequest,
    "money": Nothing,
    "price": PriceRequest,  # `_models` comes back with it
    "wall": WallRequest,
    "wall_rows": WallRowsRequest,
    "posters": KeysRequest,  # at most 40 keys
    "choose": ChooseRequest,
    "bin": KeysRequest,  # delete: the files go into the library's bin
    "restore": KeysRequest,  # what was deleted or put away
    "settings_of": SettingsRequest,
    "batch": BatchRequest,
    "cancel_batch": Nothing,
}

PAYLOADS: dict[str, type] = {
    "hello": HelloPayload,
    "rows": RowsPayload,
    "set": Nothing,
    "generate": GeneratePayload,
    "earlier_prompts": EarlierPromptsPayload,
    "rerun": RerunPayload,
    "arena": ArenaPayload,
    "judge": ArenaPayload,
    "cancel": Nothing,
    "cancel_waiting": Nothing,
    "resubmit": ResubmitPayload,
    "adopt": Nothing,
    "resume": Nothing,
    "code": CodePayload,
    "chunk": ChunkPayload,
    "poster": Nothing,  # and one buffer, a JPEG; none if there is no poster
    "keep_poster": Nothing,
    "picture": PicturePayload,
    "picture_of": Nothing,  # and one buffer, a small JPEG of it or itself; none if it is gone, or too large
    "demo": Nothing,
    "times": TimesPayload,
    "money": MoneyPayload,
    "price": Nothing,
    "source": SourcePayload,
    "wall": WallPayload,
    "wall_rows": WallRowsPayload,
    "posters": PostersPayload,  # and one buffer each, JPEGs
    "choose": RowsOfPayload,
    "bin": Nothing,
    "restore": RowsOfPayload,
    "settings_of": SettingsPayload,
    "batch": GridRow,
    "cancel_batch": Nothing,
}


class News(TypedDict):
    """A chunk of a video that the view could not ask for, with one buffer."""

    push: str  # the job's key
    offset: int
    total: int
