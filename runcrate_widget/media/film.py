"""What every MP4 here can do, a `Video` and a `Clip`: give its facts and pictures, be cut and joined."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from runcrate_widget.errors import InvalidRequestError

from .plain import sha256_of
from .player import Player

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from .clip import Clip


class Film(Player):
    """An MP4 that is there. Nothing of it is read before it is asked for; PyAV, of the extra `video`, decodes
    its pictures."""

    @property
    def width(self) -> int:
        """Pixels."""
        return self.mp4.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self.mp4.height

    @property
    def duration(self) -> float:
        """Seconds, as the file has them (a video's `request.duration` is what was asked for)."""
        return self.mp4.duration

    @property
    def size(self) -> int:
        """Bytes."""
        return self.mp4.size

    @property
    def audio(self) -> bool:
        """Whether it has sound."""
        return self.mp4.audio

    @property
    def has_audio(self) -> bool:
        """Whether it has sound: the same as `audio`."""
        return self.mp4.audio

    @cached_property
    def fps(self) -> float:
        """Pictures a second, on average.

        Raises:
            InvalidVideoError: the file cannot be decoded.
            MissingExtraError: the extra `video` is not installed.
        """
        from .reading import opened, pictures_of

        with opened(self.path) as container:
            return float(pictures_of(container).average_rate or 0)

    @cached_property
    def sha256(self) -> str:
        """The hash of the file, 64 hexadecimal digits; taken once, when it is first asked for."""
        with open(self.path, "rb") as file:
            return sha256_of(file)

    @property
    def _folder(self) -> Path:
        """Where what is made of it goes, if nothing else is said."""
        return self.path.parent

    def read_bytes(self) -> bytes:
        """The whole file. Raises OSError if it is no longer there."""
        return self.path.read_bytes()

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    @overload
    def frames(self, n: None = None, *, at: None = None, as_: Literal["pil"] = "pil") -> Iterator[Image]: ...

    @overload
    def frames(
        self, n: None = None, *, at: None = None, as_: Literal["numpy"]
    ) -> Iterator[NDArray[np.uint8]]: ...

    @overload
    def frames(
        self, n: int | None = None, *, at: float | Iterable[float] | None = None, as_: Literal["pil"] = "pil"
    ) -> list[Image]: ...

    @overload
    def frames(
        self, n: int | None = None, *, at: float | Iterable[float] | None = None, as_: Literal["numpy"]
    ) -> list[NDArray[np.uint8]]: ...

    def frames(self, n: Any = None, *, at: Any = None, as_: Any = "pil") -> Any:
        """Its pictures.

        Args:
            n: so many, evenly spaced, from the first to the last one. Of a video that has fewer, some come
                more than once.
            at: the picture that is seen at this second, or at each of these.
            as_: `"pil"` gives `PIL.Image`s in RGB, `"numpy"` arrays of `uint8`: height, width, 3.

        Returns:
            A list, in the order that was asked for. With neither `n` nor `at`, an iterator over every
            picture, which holds one at a time.

        Raises:
            InvalidRequestError: `n` is no positive number, or `at` no second of the video.
            InvalidVideoError: the file cannot be decoded.
            MissingExtraError: the extra `video` is not installed.

        Example:
            >>> first, middle, last = video.frames(3)                                  # doctest: +SKIP
            >>> brightness = [one.mean() for one in video.frames(as_="numpy")]         # doctest: +SKIP
        """
        from .choosing import frames

        return frames(self, n, at, as_)

    def last_frame(self) -> Image:
        """The last picture, as a `PIL.Image`. (To go on from it with another video, `image=video` is enough.)
        Raises what `frames` does."""
        from .choosing import last_frame

        return last_frame(self)

    def contact_sheet(self, columns: int = 4, rows: int | None = None, *, width: int = 960) -> Image:
        """One picture with many of the video's, evenly spaced, each with its second: 4 × 3 of them, or
        `columns` × `rows`, so nine are `contact_sheet(3, 3)`.

        Args:
            columns: how many side by side.
            rows: how many below each other; by default 3, and fewer where there are not so many pictures.
            width: of the whole, in pixels.

        Raises:
            InvalidRequestError: an argument is no such number.
            InvalidVideoError: the file cannot be decoded.
            MissingExtraError: the extra `video` is not installed.

        Example:
            >>> video.contact_sheet(5, 2).save("fox.png")                              # doctest: +SKIP
        """
        from .sheet import contact_sheet

        return contact_sheet(self, columns, rows, width)

    def to_gif(
        self, path: str | os.PathLike[str] | None = None, *, fps: float = 10, width: int = 480
    ) -> Path:
        """Writes an animated GIF, which plays without an end and has no sound.

        Args:
            path: where to, a name that ends in `.gif`, or a folder; by default beside the video, named after
                it, `fps` and `width`. Another file that is there is not written over.
            fps: pictures a second, at most 50; never more than the video has, and at least one in all.
            width: pixels; never more than the video has.

        Returns:
            The path of the GIF. `IPython.display.Image(path)` shows it.

        Raises:
            InvalidRequestError: an argument is none of these, or another file is there.
            InvalidVideoError: the file cannot be decoded.
            MissingExtraError: the extra `video` is not installed.
            OSError: it cannot be written.
        """
        from .editing import to_gif

        return to_gif(self, path, fps, width)

    def trim(
        self, start: float = 0.0, end: float | None = None, path: str | os.PathLike[str] | None = None
    ) -> Clip:
        """Cuts out what is seen and heard from `start` to `end`, exact to the picture; its sound to the
        sample.

        Nothing is encoded anew where copying gives just that: where `start` is a key frame. Elsewhere the
        pictures of the piece are, at a quality that nobody tells from the original (`clip.reencoded` says
        why); the sound is copied always. The video itself stays as it is.

        Args:
            start: seconds. The clip begins with the picture that is seen then.
            end: seconds; by default its end. The picture that begins then is the first that is left out.
            path: where to, a name that ends in `.mp4`, or a folder; by default beside the video, named after
                it and the seconds. Another file that is there is not written over.

        Raises:
            InvalidRequestError: `start` or `end` is no second of the video, or the one is not before the
                other; or `path` is no such place.
            InvalidVideoError: the file cannot be decoded.
            MissingExtraError: the extra `video` is not installed.
            OSError: it cannot be written.

        Example:
            >>> video.trim(1, 2.5)                                                     # doctest: +SKIP
        """
        from .editing import trim

        return trim(self, start, end, path)

    @staticmethod
    def join(videos: Iterable[Any], path: str | os.PathLike[str] | None = None) -> Clip:
        """Puts videos one after the other.

        Where they were all encoded in the same way, as videos of one model and shape are, their pictures are
        copied as they are. Elsewhere they are encoded anew in the size of the first, with black beside those
        of another shape; `clip.reencoded` says what differs. The sound becomes one track of AAC, exact to the
        sample; a video without is silent.

        Args:
            videos: `Video`s, `Clip`s, jobs, records, or paths of MP4s.
            path: where to, a name that ends in `.mp4`, or a folder; by default beside the first, named after
                all of them. Another file that is there is not written over.

        Raises:
            InvalidRequestError: there is none, or one is no video; or `path` is no such place.
            InvalidVideoError: a file cannot be decoded.
            MissingExtraError: the extra `video` is not installed.
            OSError: it cannot be written.

        Example:
            >>> Video.join([first, second.trim(0.5)], "both.mp4")                      # doctest: +SKIP
        """
        from .editing import join

        return join(videos, path)


class HasVideo(Protocol):
    """A job, or a record of the library."""

    @property
    def video(self) -> Film | None: ...


def film_of(field: str, given: object) -> Film:
    """The film that is given, or the video of a job or a record that is. Raises InvalidRequestError."""
    film = given if isinstance(given, Film) else getattr(given, "video", None)
    if isinstance(film, Film):
        return film
    if hasattr(given, "video"):
        message, hint = f"{field} is {given!r}, which has no video.", "A job's video is job.wait()."
    else:
        message = f"{field} is {given!r}; it must be a Video, a Clip, a job or a record."
        hint = "A file's clip is Clip('video.mp4')."
    raise InvalidRequestError(field, message, hint)
