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

from typing import Literal, TypedDict

from .arena_messages import ArenaPayload, JudgeRequest
from .arena_messages import RankingRow as RankingRow
from .batch_messages import BatchRequest as BatchRequest
from .batch_messages import CellRow as CellRow
from .batch_messages import GridRow as GridRow
from .money_messages import MoneyPayload, PriceRequest, TimesPayload, TimesRequest
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
from .state_messages import CONTROLS as CONTROLS
from .state_messages import ENDED as ENDED
from .state_messages import STATE as STATE
from .state_messages import ChangedRows as ChangedRows
from .state_messages import FirstRows as FirstRows
from .state_messages import JobRow as JobRow
from .state_messages import LimitRow as LimitRow
from .state_messages import Message as Message
from .state_messages import ModelRow as ModelRow
from .state_messages import Place as Place
from .state_messages import SessionRow as SessionRow
from .state_messages import Settings as Settings
from .state_messages import State as State
from .state_messages import Traits as Traits
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


class UrlPayload(TypedDict):
    """Where the video plays from, for a while: what is said once, and kept nowhere."""

    url: str | None  # None: the store gives none


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
    "url": JobRequest,  # of a video whose path is no file's
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
    "url": UrlPayload,
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
