"""`Backend`: what is asked of a service that makes videos. The one made here is Runcrate's
(`runcrate.py`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from runcrate_widget.request import VideoRequest

from .limits import Limits


@dataclass(frozen=True)
class Answer:
    """What the service says of a job: `error` is its reason when `status` is `failed`; `fields` is all it
    said."""

    id: str
    status: str
    error: str
    fields: dict[str, Any]

    @property
    def demo(self) -> bool:
        """Whether it was the demo backend that answered: it says so in every answer."""
        return self.fields.get("demo") is True


@dataclass(frozen=True)
class Whole:
    """What the service said of the whole video when its first byte came: a part of it is continued with the
    rest of the same one, or not at all.

    Attributes:
        total: bytes, if it said so.
        etag, modified: the headers `ETag` and `Last-Modified`, as they are; or empty.
        exact: that one of them by which the service itself can tell whether it is the same, byte for byte.
    """

    total: int | None = None
    etag: str = ""
    modified: str = ""
    exact: str = ""

    @classmethod
    def restored(cls, fields: object) -> Whole:
        """One that was written down. Raises ValueError."""
        total, *texts = (
            [fields.get(one) for one in cls.__dataclass_fields__] if isinstance(fields, dict) else [0]
        )
        good = total is None or (type(total) is int and total > 0)
        if not good or not all(
            isinstance(text, str) and text.isascii() and text.isprintable() for text in texts
        ):
            raise ValueError("that describes no video")
        return cls(total, *texts)


class Sink(Protocol):
    """Where the bytes of a download go. All of it raises LibraryError where it cannot be written."""

    @property
    def path(self) -> Path:
        """The file in which they are, on this machine."""

    @property
    def size(self) -> int:
        """How many bytes have come so far of `whole`."""

    @property
    def whole(self) -> Whole | None:
        """What they are a part of; None if that is not known, and then they cannot be continued."""

    def begin(self, whole: Whole | None) -> None:
        """The next byte is the first of `whole`; what was there is dropped."""

    def resume(self) -> None:
        """The next byte is the one after those that have come."""

    def write(self, chunk: bytes) -> None:
        """The next bytes."""

    def finish(self) -> None:
        """No more bytes come, for now; what came stays."""

    def discard(self) -> None:
        """What came is of no use."""


class Closable(Protocol):
    """What can be closed without the backend that it belongs to, which may be gone."""

    async def close(self) -> None:
        """Closes it; the backend opens it anew where it needs it."""


class Backend(Protocol):
    """A service: three calls, one attempt each. Whether to ask again is for the caller to decide."""

    service: str  #: What records call it.
    host: str  #: What people call it.
    #: Whether its videos are for show: it costs nothing, and forgets its jobs when its process ends.
    demo: bool
    dashboard: str  #: Where a person sees the jobs that it has, in words.
    #: Is told what the answers say of the rate limit.
    heard: Callable[[Limits], None]

    @property
    def connections(self) -> Closable:
        """Those that are open."""

    @property
    def account(self) -> Hashable:
        """What shares one rate limit: the origin and the key, which cannot be read from it."""

    async def submit(self, request: VideoRequest, begin: Callable[[], Awaitable[None]]) -> Answer:
        """Asks for a video.

        Args:
            begin: is awaited once there is a connection, right before the first byte of the request is
                written. What it raises is raised, and then nothing was sent.

        Raises:
            TransportError: no answer; with `sent` True the service may have taken the job.
            APIError: the service refused; with a `ServerError` (not 503) or an `UnexpectedAnswerError` it
                may have taken it.
        """

    async def status(self, id: str) -> Answer:
        """What has become of a job. Safe to repeat. Raises TransportError or APIError."""

    async def download(self, id: str, sink: Sink, progress: Callable[[int, int | None], None]) -> None:
        """Brings the video, after what the sink already has. Safe to repeat.

        `progress` is told the bytes that are there, and how many it will be (None: not known).

        Raises:
            TransportError: the connection broke; the sink keeps what came.
            APIError: the service refused (404 while the job is not completed), or sent something that is
                no video.
            LibraryError: the sink cannot be written.
        """
