"""What is on record of one job: frozen, every moment of it, checked where it is read.

A record is a JSON object (a *sidecar*, beside the MP4) of this form; a field that we do not know is kept as
it is.

==================  ======================================================================================
`version`           2, or 3 if its request has a picture, without which nobody may send it. Version 1 is read,
                    too (it had fewer moments, and the request's further fields lay flat). A record of a later
                    version is left alone.
`key`               8 hexadecimal digits, the end of its files' names: of the request, take, attempt and
                    service
`id`, `status`      the service's id, or null; a `JobStatus`
`request`           `prompt`, `model`, `duration`, `aspect_ratio`, `image`, `extra`. `image` names a file
                    in the folder `pictures`: `sha256`, `type`, `size` (bytes), `width`, `height`, and for
                    a frame of another video `from`: its `key`, and `at`, in seconds
`take`, `attempt`   which take of its request; the how-manieth sending of that take
`service`, `demo`   the base URL of the service that has it, or `demo`; whether the videos are for show
the moments         ISO 8601 with a zone, or null: see `Timeline`
`polls`, `unseen`   see `Timeline`
`error`             `message`, `hint`, `kind`: why there is no video; or null
`answer`            what the service said when it took the job
`cost`              dollars, by the price that was valid when it was sent; not there if that was not known
`adopted`           when its id was given to it by hand
`choice`            what a person makes of the video: see `Choice`
`mp4`               what the file says of itself: `size` (bytes), `width`, `height`, `duration` (s), `audio`
`owner`             who asked for it, in at most 200 characters; not there if nobody is to be recorded
`handed_over`       when it was left to a carrier, which sends it; not there if its own process does
==================  ======================================================================================
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcrate_widget.media.mp4 import MP4
from runcrate_widget.picture import Picture
from runcrate_widget.request import VideoRequest, request_fields, restore_request
from runcrate_widget.service.address import normal_service

from .choice import Choice, choice_fields, restore_choice
from .timeline import MOMENTS, Timeline

if TYPE_CHECKING:
    from runcrate_widget.media.video import Video

#: Of the sidecar's form: the latest that is read. What has no picture is written as 2.
VERSION = 3

#: More seconds, or dollars, than anybody has.
_VAST = 1e12
LONGEST_OWNER = 200  #: Characters.


class JobStatus(str, Enum):
    """The stage of a job: the API's own words, and ours. Each is a text, and equal to it."""

    WAITING = "waiting"  # not sent yet
    SUBMITTING = "submitting"
    QUEUED = "queued"  # the API's
    PROCESSING = "processing"  # the API's
    DOWNLOADING = "downloading"
    COMPLETED = "completed"  # the API's, and the file is here
    FAILED = "failed"  # the API's, or refused before it began
    UNCONFIRMED = "unconfirmed"  # sent, and no answer
    CANCELLED = "cancelled"  # was still waiting

    @property
    def over(self) -> bool:
        """Whether the job needs nobody any more."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)

    # As the text that it is, in a repr, in a message and in JSON.
    def __repr__(self) -> str:
        return repr(self.value)

    def __str__(self) -> str:
        return self.value

    def __format__(self, spec: str) -> str:
        return self.value.__format__(spec)


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """What the library holds of one job, at the moment it was read. `client.job(record)` is the job itself.

    Example:
        >>> one = client.library.filter(text="fox")[0]                 # doctest: +SKIP
        >>> one.prompt, one.rating, one.cost, one.video                # doctest: +SKIP
        >>> client.job(one).choose(kept=True, rating=4)                # doctest: +SKIP
    """

    name: str  #: What its files are called, without their ending.
    folder: Path  #: Where they are.
    key: str  #: 8 hexadecimal digits; the end of its name.
    request: VideoRequest
    take: int  #: Which take of its request it is, from 1.
    #: The how-manieth sending of this take: more than 1 only after a failure, or when the user said so.
    attempt: int
    service: str  #: The base URL of the service that has it, or `demo`.
    timeline: Timeline
    status: JobStatus = JobStatus.WAITING  #: `job.status` of whoever carries the job may be ahead of it.
    id: str | None = None  #: The service's.
    demo: bool = False  #: Whether the demo backend makes it.
    error: Mapping[str, str] | None = None  #: Why there is no video: `message`, `hint`, `kind`.
    answer: Mapping[str, Any] | None = None  #: What the service said when it took the job.
    adopted: datetime | None = None  #: When it was given its id by hand.
    #: Dollars, by the price that was valid when it was sent. None: not known, or never sent.
    cost: float | None = None
    choice: Choice = field(default_factory=Choice)  #: What a person makes of the video.
    mp4: MP4 | None = None  #: What the file said of itself when it was whole.
    mark: Hashable = None  #: The state in which it was read, where the store tells; see `Store.replace`.
    owner: str | None = None  #: Who asked for it: `VideoClient(owner=…)`.
    handed_over: datetime | None = None  #: When it was left to a carrier: `VideoClient(carry=False)`.
    unknown: Mapping[str, Any] = field(default_factory=dict)  #: Fields that a later version has written.

    @property
    def path(self) -> Path:
        """The MP4, which is there once `status` is `completed`; of a library in an object store, where it is
        on this machine once it was asked for: `record.video.path`."""
        return self.folder / f"{self.name}.mp4"

    @property
    def video(self) -> Video | None:
        """The video, read from its file each time; None while there is no whole file: it is not made, it
        failed, or it was deleted."""
        from .places import mp4_of  # which knows of records

        if self.status is not JobStatus.COMPLETED or (mp4 := mp4_of(self)) is None:
            return None
        return self.video_of(mp4)

    def video_of(self, mp4: MP4) -> Video:
        """The video, whose file says this of itself."""
        from .places import video_of

        return video_of(self, mp4)

    @property
    def prompt(self) -> str:
        """What was asked for, in words."""
        return self.request.prompt

    @property
    def model(self) -> str:
        """The model's id."""
        return self.request.model

    @property
    def created(self) -> datetime:
        """When it was asked for (UTC)."""
        return self.timeline.created

    @property
    def kept(self) -> bool | None:
        """What a person said of it: True it is kept, False it is rejected."""
        return self.choice.kept

    @property
    def rating(self) -> int | None:
        """1 to 5, as a person rated it."""
        return self.choice.rating

    @property
    def tags(self) -> tuple[str, ...]:
        """The words that it was given."""
        return self.choice.tags

    @property
    def ended(self) -> datetime | None:
        """When it came to its end (UTC)."""
        return self.timeline.ended

    def __repr__(self) -> str:
        prompt = " ".join(self.prompt.split())
        prompt = prompt if len(prompt) <= 60 else prompt[:59] + "…"
        made = f"{self.created:%Y-%m-%d %H:%M}"
        return f"<Record {self.id or self.key} {self.status} {made} {prompt!r} ({self.request.model_name})>"

    # In another process, which may have another folder for what it fetches from a bucket.
    def __reduce__(self) -> tuple[Callable[..., Record], tuple[str | None, Mapping[str, Any]]]:
        from .places import url_of

        return _arrived, (url_of(self.folder), vars(self))


def _arrived(location: str | None, about: Mapping[str, Any]) -> Record:
    """A record that comes from another process."""
    from .places import of_another_process

    record = object.__new__(Record)
    folder = {} if location is None else {"folder": of_another_process(location).folder}
    vars(record).update({**about, **folder})
    return record


def now() -> datetime:
    """The time, as records have it (UTC)."""
    return datetime.now(timezone.utc)


def is_owner(text: object) -> bool:
    """Whether a record can say that this is who asked for it."""
    return isinstance(text, str) and len(text.strip()) > 0 and len(text) <= LONGEST_OWNER


def is_free(record: Record) -> bool:
    """Whether it cannot have cost anything: it was never sent, or the service refused or does not have it."""
    refused = record.status is JobStatus.FAILED and record.id is None
    return record.status is JobStatus.CANCELLED or refused


def chosen(record: Record, changes: Mapping[str, Any]) -> Record:
    """The record with some of its choice changed. One that could not be read is replaced. Raises
    InvalidRequestError."""
    unknown = {name: value for name, value in record.unknown.items() if name != "choice"}
    return replace(record, choice=record.choice.changed(changes), unknown=unknown)


def write_record(record: Record) -> bytes:
    """The sidecar's content. The other way round: `read_record`."""
    timeline = record.timeline
    known: dict[str, Any] = {
        "version": VERSION if isinstance(record.request.image, Picture) else 2,
        "key": record.key,
        "id": record.id,
        "status": record.status.value,
        "request": request_fields(record.request),
        "take": record.take,
        "attempt": record.attempt,
        "service": record.service,
        "demo": record.demo,
        **{name: _text(getattr(timeline, name)) for name in MOMENTS},
        "polls": timeline.polls,
        "unseen": timeline.unseen,
        "error": dict(record.error) if record.error else None,
    }
    if record.answer is not None:
        known["answer"] = record.answer
    if record.cost is not None:
        known["cost"] = record.cost
    if record.adopted is not None:
        known["adopted"] = _text(record.adopted)
    if record.mp4 is not None:
        known["mp4"] = asdict(record.mp4)
    if choice := choice_fields(record.choice):
        known["choice"] = choice
    if record.owner is not None:
        known["owner"] = record.owner
    if record.handed_over is not None:
        known["handed_over"] = _text(record.handed_over)
    # A field a line by the separator: with `indent` Python takes ten times as long.
    text = json.dumps({**known, **record.unknown}, ensure_ascii=False, separators=(",\n ", ": "))
    return text.encode("utf-8", "surrogatepass")


def read_record(name: str, folder: Path, content: bytes) -> Record | None:
    """The record of a sidecar's content; None if it is of a later version of this package, and not ours to
    touch.

    Raises:
        ValueError: it is damaged; the text says how.
    """
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogatepass")
        given = json.loads(text)
        if not isinstance(given, dict):
            raise ValueError("it is no object")
        version = given.pop("version", 0)
        if version > VERSION:
            return None
        return _record(name, folder, given if version >= 2 else _upgraded(given))
    except KeyError as error:
        raise ValueError(f"it has no {error}") from None
    except (TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from None


def _record(name: str, folder: Path, given: dict[str, Any]) -> Record:
    """Takes the fields that we know out of `given`: what is left is what we do not know."""
    take = given.pop
    moments: dict[str, Any] = {"created": _moment(take("created"))}
    for later in MOMENTS[1:]:
        if (text := take(later, None)) is not None:
            moments[later] = _moment(text)
    timeline = Timeline(**moments, polls=_number(take("polls", 0)), unseen=_amount(take("unseen", None)))
    error, answer = take("error", None), take("answer", None)
    return Record(
        name=name,
        folder=folder,
        key=_string(take("key")),
        request=restore_request(dict(take("request"))),
        take=_number(take("take")),
        attempt=_number(take("attempt")),
        service=normal_service(_string(take("service"))),
        timeline=timeline,
        status=JobStatus(take("status")),
        id=_string(id) if (id := take("id", None)) is not None else None,
        demo=take("demo", False) is True,
        error={key: _string(text) for key, text in dict(error).items()} if error else None,
        answer=dict(answer) if answer is not None else None,
        adopted=_moment(text) if (text := take("adopted", None)) is not None else None,
        cost=_amount(take("cost", None)),
        choice=_choice(given),
        mp4=_mp4(given),
        owner=given.pop("owner") if is_owner(given.get("owner")) else None,
        handed_over=_moment(text) if (text := take("handed_over", None)) is not None else None,
        unknown=given,
    )


def _choice(given: dict[str, Any]) -> Choice:
    """One that cannot be read counts for nothing, and stays where it is: what was paid is not set aside for
    it."""
    try:
        choice = restore_choice(given["choice"]) if "choice" in given else Choice()
    except (TypeError, ValueError):
        return Choice()
    given.pop("choice", None)
    return choice


def _mp4(given: dict[str, Any]) -> MP4 | None:
    """One that cannot be read counts for nothing: the file says the same."""
    told = given.pop("mp4", None)
    try:
        mp4 = MP4(**told) if told else None
    except TypeError:
        return None
    numbers = None if mp4 is None else (mp4.size, mp4.width, mp4.height, mp4.duration)
    return mp4 if numbers and all(_amount(one) is not None for one in numbers) else None


def _upgraded(given: dict[str, Any]) -> dict[str, Any]:
    """A record of version 1, as one of version 2."""
    request = dict(given["request"])
    own = {
        name: request.pop(name) for name in ("prompt", "model", "duration", "aspect_ratio") if name in request
    }
    ended = {"downloaded": given.get("ended")} if given.get("status") == "completed" else {}
    return {**given, **ended, "request": {**own, "extra": request}, "demo": given.get("service") == "demo"}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    good = moment.tzinfo is not None and 2000 < moment.year < 9000
    return moment if good else _refuse(text)


def _string(value: object) -> str:
    return value if isinstance(value, str) else _refuse(value)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else _refuse(value)


def _amount(value: object) -> float | None:
    """Something that is none, or more than there is, is not known: what was paid is not set aside for it."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if number and 0 <= value < _VAST else None  # type: ignore[operator,return-value]


def _refuse(value: object) -> Any:
    raise ValueError(f"{value!r} is not what belongs there")
