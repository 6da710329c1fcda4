"""Decodes a film with PyAV: which pictures it has, some of them or all, one at a time.

Where each picture is, is read from the packets, which decodes nothing. So `frames(8)` of a long film decodes
from eight key frames on, and nothing is ever held but the picture that is given. Each call has the file open
for itself: threads share nothing.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import InvalidRequestError, InvalidVideoError, MissingExtraError

from .plain import open_plain

if TYPE_CHECKING:
    import numpy as np
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray
    from PIL.Image import Image

NEAR = Fraction(1, 2000)  # seconds: so near to the beginning of a picture is at it
_UNTOLD, _BT709, _HD = 2, 1, 720  # colours that a file does not name are those of HDTV, if it is as large


@contextmanager
def video_extra(what: str) -> Iterator[None]:
    """Says what to install, where a package of the extra is missing."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(
            f"{what} needs packages that are not installed ({error.name or error}).",
            "Install them with: pip install 'runcrate_widget[video]'",
        ) from None


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The MP4 at `path`. What PyAV says of a damaged one is an `InvalidVideoError`.

    Raises:
        InvalidVideoError: it cannot be decoded.
        MissingExtraError: PyAV is not installed.
        OSError: the file is not there, or cannot be read.
    """
    with video_extra("Reading the pictures of a video"):
        import av
    # By a descriptor: any name is a file's, and none a protocol of FFmpeg's.
    with os.fdopen(open_plain(path), "rb") as file:
        try:
            with av.open(file, "r", format="mp4") as container:
                yield container
        except av.FFmpegError as error:
            if isinstance(error, OSError):  # a full disk, where something is made of it
                raise
            raise InvalidVideoError(f"{path} cannot be decoded: {error.strerror or error}.") from error


def pictures_of(container: InputContainer) -> VideoStream:
    """The stream of pictures, to be decoded by as many threads as do it well."""
    if not container.streams.video:
        raise InvalidVideoError("The file has no pictures.")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return stream


@dataclass(frozen=True)
class Index:
    """Where the pictures of a film are, in the order in which they are seen.

    Attributes:
        times: when each begins, in units of `base`.
        keys: for each, where to begin to decode it: the decoding time of a key frame.
        end: when the last one ends.
        base: seconds.
        rate: pictures a second, on average.
        order: (time, whether a key frame, decoding time) of every packet, as it is decoded.
        hidden: whether there are pictures that are not to be seen.
    """

    times: tuple[int, ...]
    keys: tuple[int, ...]
    end: int
    base: Fraction
    rate: Fraction
    order: tuple[tuple[int, bool, int], ...]
    hidden: bool

    def at(self, second: float | Fraction) -> int:
        """Which picture is seen at `second`: the last that begins then or before, else the first."""
        return max(0, bisect_right(self.times, (Fraction(second) + NEAR) / self.base) - 1)

    def before(self, second: float | Fraction) -> int:
        """How many pictures begin before `second`."""
        return bisect_left(self.times, (Fraction(second) - NEAR) / self.base)

    def spread(self, n: int) -> list[int]:
        """`n` of them, evenly spaced, from the first to the last one."""
        last = len(self.times) - 1
        return [round(Fraction(last * one, max(1, n - 1))) for one in range(n)]

    @property
    def seconds(self) -> Fraction:
        """How long the pictures take, from the first to the end of the last."""
        return (self.end - self.times[0]) * self.base


def read_index(path: Path) -> Index:
    """The index of the film at `path`; raises what `opened` does."""
    with opened(path) as container:
        return index_of(container)


def index_of(container: InputContainer) -> Index:
    """The index of a film that is open; its packets are read to the end."""
    stream = pictures_of(container)
    order: list[tuple[int, bool, int]] = []
    found: list[tuple[int, int]] = []  # time, where to begin
    key, before, shown_from, last, hidden = None, 0, 0, 0, False
    for packet in container.demux(stream):
        if packet.pts is None or packet.dts is None:
            continue
        if packet.is_keyframe or key is None:
            before, key, shown_from = packet.dts if key is None else key, packet.dts, packet.pts
        order.append((packet.pts, packet.is_keyframe, packet.dts))
        if packet.is_discard:
            hidden = True
            continue
        # What is seen before a key frame, and decoded after it, may need what came before it.
        found.append((packet.pts, before if packet.pts < shown_from else key))
        last = max(last, packet.pts + (packet.duration or 0))
    if not found or stream.time_base is None:
        raise InvalidVideoError("The file has no pictures.")
    found.sort()
    times, keys = zip(*found, strict=True)
    rate = stream.average_rate or Fraction(len(times), 1)
    return Index(times, keys, max(last, times[-1] + 1), stream.time_base, rate, tuple(order), hidden)


def all_pictures(path: Path) -> Iterator[VideoFrame]:
    """Every picture, one at a time."""
    with opened(path) as container:
        yield from container.decode(pictures_of(container))


def some_pictures(path: Path, index: Index, wanted: Iterable[int]) -> Iterator[tuple[int, VideoFrame]]:
    """The pictures of these numbers, which rise; each with its number."""
    with opened(path) as container:
        stream = pictures_of(container)
        frames: Iterator[VideoFrame] = iter(())
        begun: int | None = None
        for number in wanted:
            time, key = index.times[number], index.keys[number]
            if begun != key:
                container.seek(key, stream=stream)
                frames, begun = container.decode(stream), key
            frame = _first_from(frames, time)
            if frame is None or frame.pts != time:  # the file leads to somewhere else: from its beginning
                container.seek(index.keys[0], stream=stream)
                frames, begun = container.decode(stream), None
                frame = _first_from(frames, time)
            if frame is None:
                raise InvalidVideoError(f"{path} cannot be decoded: picture {number} is missing.")
            yield number, frame


def _first_from(frames: Iterator[VideoFrame], time: int) -> VideoFrame | None:
    return next((frame for frame in frames if frame.pts is not None and frame.pts >= time), None)


def chosen(path: Path, index: Index, numbers: list[int], made: Any) -> list[Any]:
    """What `made` makes of the pictures of these numbers, in their order; each is decoded once."""
    found = {number: made(frame) for number, frame in some_pictures(path, index, sorted(set(numbers)))}
    return [found[number] for number in numbers]


def as_image(frame: VideoFrame) -> Image:
    """The picture as a Pillow image in RGB."""
    with video_extra("A picture for Pillow"):
        import PIL.Image  # noqa: F401  PyAV wants it

    image: Image = frame.to_image(**_colours(frame))  # type: ignore[no-untyped-call]
    return image


def as_array(frame: VideoFrame) -> NDArray[np.uint8]:
    """The picture as an array of `uint8`: height, width, and red, green, blue."""
    with video_extra("A picture for NumPy"):
        import numpy  # noqa: F401, ICN001  PyAV wants it

    array: Any = frame.to_ndarray(format="rgb24", **_colours(frame))
    return array  # type: ignore[no-any-return]


def _colours(frame: VideoFrame) -> dict[str, Any]:
    told = int(frame.colorspace)
    high = told == _UNTOLD and min(frame.width, frame.height) >= _HD
    return {"src_colorspace": "itu709"} if high or told == _BT709 else {}


def seconds_within(field: str, given: Any, length: float, hint: str = "") -> float:
    """`given` as a second of a film of this length.

    Raises:
        InvalidRequestError: it is no number, or no second of it.
    """
    real = isinstance(given, Real) and not isinstance(given, bool)
    if not real or not math.isfinite(given) or not 0 <= given <= length + 0.001:
        message = f"{field} is {given!r}; it must be a second of a video of {length:g} s."
        raise InvalidRequestError(field, message, hint)
    return min(float(given), length)
