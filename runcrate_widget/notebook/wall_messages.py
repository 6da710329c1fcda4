"""What the view asks of the wall, and what it is answered: a part of `messages.py`, and of its twin."""

from __future__ import annotations

from typing import Literal, TypedDict

from .picture_messages import FrameRow
from .shapes import ErrorRow, Status, VideoRow

#: Of the entries.
Order = Literal["newest", "oldest", "rating", "cost"]


class EntryRow(TypedDict):
    """One entry of the wall: a stack by its best take, or one take. Times are seconds since the epoch by the
    kernel's clock.
    """

    key: str
    id: str | None
    prompt: str  # its beginning
    long: bool  # whether there is more of it: `settings_of` has the whole
    model: str
    model_name: str
    duration: int | None  # seconds, as asked for
    aspect_ratio: str | None
    take: int
    stack: str  # what all takes of its request share
    takes: int  # how many of the stack the question finds
    status: Status
    error: ErrorRow | None
    created: float
    made: float | None  # seconds that the service took
    cost: float | None  # dollars
    kept: bool | None
    rating: int | None
    note: str  # its beginning
    tags: list[str]
    hidden: bool
    binned: bool  # its file is in the bin
    demo: bool
    owner: str | None  # who asked for it
    picture: str | None  # sha256 of the one that it begins with, if that is in the library: `picture_of`
    frame: FrameRow | None  # of which video that is a frame
    video: VideoRow | None  # None also where the file is not in its place


class Query(TypedDict):
    """Which entries: see `library/question.py`. A field that is missing does not matter."""

    text: str
    model: str | None
    status: Status | None  # None: completed
    kept: bool | None
    undecided: bool
    rating: int | None  # or higher
    tag: str | None
    hidden: bool
    since: float | None
    until: float | None
    cost_from: float | None
    cost_to: float | None
    stack: str | None  # then the takes of that stack are the rows, the best first
    order: Order


class DayRow(TypedDict):
    """How many stacks a day has."""

    day: str  # "2026-11-25"; "" for all, where the order is not by date
    count: int


class ModelCountRow(TypedDict):
    """How many entries of a model there are."""

    id: str
    name: str
    count: int


class TagCountRow(TypedDict):
    """How many entries have a tag."""

    tag: str
    count: int


class WallRequest(TypedDict):
    """How much is there?"""

    query: Query
    tz: int  # minutes east of UTC, for the days


class WallPayload(TypedDict):
    """So much, as of that version. What there is to choose from is of all entries of the status that is asked
    for, put away or not."""

    version: int
    total: int  # entries
    stacks: int
    days: list[DayRow]  # in the order of the rows
    models: list[ModelCountRow]  # most first
    tags: list[TagCountRow]  # most first
    kept: int
    put_away: int


class WallRowsRequest(TypedDict):
    """Some of the stacks have come into view."""

    query: Query
    version: int
    start: int
    count: int  # at most 60


class WallRowsPayload(TypedDict):
    """As of that version: where it is another than the one that was asked about, `wall` is asked anew."""

    version: int
    rows: list[EntryRow]


class KeysRequest(TypedDict):
    """About some entries."""

    keys: list[str]


#: With as many buffers, in that order. (`with` is no name in Python.)
PostersPayload = TypedDict("PostersPayload", {"with": list[str]})


class Changes(TypedDict, total=False):
    """What is to change of a choice; what is missing stays."""

    kept: bool | None
    rating: int | None
    note: str
    tags: list[str]  # all of them; another view may have given some of its own
    add_tags: list[str]  # to those that each has
    remove_tags: list[str]
    hidden: bool


class ChooseRequest(KeysRequest):
    """What a person makes of these."""

    changes: Changes


class RowsOfPayload(TypedDict):
    """What has become of them, in the order of the keys."""

    rows: list[EntryRow]


class Noted(TypedDict, total=False):
    """It is the note that is wanted: also where it is not known what was asked for."""

    noted: bool


class SettingsRequest(Noted):
    """What was it asked for with?"""

    key: str


class SettingsPayload(TypedDict):
    """What an entry was asked for with; and its note, the whole of it."""

    prompt: str
    literal: str  # the same as a text that stands for this one prompt alone: see `prompts.py`
    model: str
    duration: int | None  # seconds
    aspect_ratio: str | None
    image: str | None  # what it begins with, as `Settings` has it
    left_out: list[str]  # further fields that it was sent with, for which the form has no control
    note: str
