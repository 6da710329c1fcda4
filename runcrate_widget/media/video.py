"""`Video`: a finished MP4 of a job."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from runcrate_widget.errors import InvalidRequestError, LibraryError
from runcrate_widget.picture import Picture
from runcrate_widget.request import VideoRequest

from .film import Film
from .gone import in_bin, why_gone
from .mp4 import MP4
from .player import cut as cut
from .player import shortened as shortened
from .poster import keep_poster, make_poster, read_poster

_FOR_THE_PAGE = ("keep_poster", "read_piece")


@dataclass(frozen=True)
class Video(Film):
    """A finished video. As the last line of a cell it plays in the output.

    Attributes:
        path: the MP4, a `pathlib.Path`.
        request: what was asked for.
        id: the job's id at the service.
        mp4: what the file says of itself.
        demo: whether the demo backend made it.

    Example:
        >>> video = client.generate("A fox in the snow", model="Veo 3.0").wait()   # doctest: +SKIP
        >>> video.path, video.width, video.height, video.duration                  # doctest: +SKIP
    """

    path: Path
    request: VideoRequest
    id: str
    mp4: MP4
    demo: bool = False

    _whole = "whole prompt, "

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _FOR_THE_PAGE]

    def __repr__(self) -> str:
        return self._described(str(self.path))

    def _described(self, place: str) -> str:
        mark = " DEMO" if self.demo else ""
        return (
            f"<Video{mark} {place} {self.duration:g} s {self.width}×{self.height}"
            f"{' with sound' if self.audio else ''} {shortened(self.request.prompt, 60)!r} "
            f"({self.request.model_name})>"
        )

    @property
    def prompt(self) -> str:
        """What was asked for, in words; empty of one of which only its id was known."""
        return self.request.prompt

    @property
    def model(self) -> str:
        """The model's id."""
        return self.request.model

    @property
    def here(self) -> Path | None:
        """The MP4, if it is on this machine: always, but for a library in an object store."""
        return self.path

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return str(self.path)

    @property
    def url(self) -> str | None:
        """Where a page may play it from, besides the server's own URL: None, but for a library in an object
        store."""
        return None

    @property
    def poster(self) -> bytes | None:
        """A small JPEG of a telling frame, at most 11,000 bytes; it lies beside the MP4. If there is none
        yet, it is made (some 0.1 s) where PyAV is installed, and the MP4 is on this machine; None
        elsewhere."""
        if (jpeg := self._kept_poster()) or self.here is None:
            return jpeg
        jpeg = make_poster(self.path)
        if jpeg is not None:
            self.keep_poster(jpeg)
        return jpeg

    def _kept_poster(self) -> bytes | None:
        return read_poster(self.path) or read_poster(in_bin(self.path))

    def keep_poster(self, jpeg: bytes) -> None:
        """Keeps `jpeg` beside the MP4, if there is no poster yet.

        Raises:
            InvalidRequestError: it is no JPEG, or has more than 11,000 bytes.
        """
        keep_poster(self.path, jpeg)

    def picture(self, at: float | None = None) -> Picture:
        """The frame that is seen at `at` seconds, by default the last one, as a JPEG that another video can
        begin with: `client.generate("…", image=video)` does the same. It is taken once, and kept.

        Raises:
            InvalidRequestError: there is no such second.
            MissingExtraError: PyAV is not installed.
            LibraryError: the file is no longer there.
        """
        from .frames import frame_picture

        try:
            return frame_picture(self.path, at, self.duration)
        except InvalidRequestError as error:
            raise self._gone() or error from None

    def read_bytes(self) -> bytes:
        """The whole file. Raises OSError if it is no longer there: a LibraryError, which says where it is."""
        try:
            return super().read_bytes()
        except FileNotFoundError as error:
            raise self._gone() or error from None

    def read_piece(self, offset: int, length: int) -> tuple[bytes, int]:
        """`length` bytes of the file from `offset`, or fewer at its end, and the size of the whole file.

        Raises OSError if it is no longer there.
        """
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(length), os.fstat(file.fileno()).st_size

    def _gone(self) -> LibraryError | None:
        return why_gone(self.path, self.id)

    def _words(self) -> str:
        return self.request.prompt

    def _code(self) -> str:
        return f"client.job({self.id!r}).wait()"

    def _made_by(self) -> list[str]:
        return [self.request.model_name]
