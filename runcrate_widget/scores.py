"""Scores of a video, for picking one of many: each takes a `Video` or a `Clip` (or a job
or a record of the library: its video is meant), and gives a float.

They are measured, not judged: a sharp video may be a dull one. Compare videos of the same request by them. Of
`sharpness`, `motion`, `duration_right` and `intact`, more is better; `black_frames` and `frozen_frames` are
shares of what is wrong, so less is.

They need the extra `video`: `pip install 'runcrate_widget[video]'`. Each decodes the video once, a picture
at a time; an 8 s video of 720p takes some tenths of a second.

Example:
    >>> from runcrate_widget import scores
    >>> best = max(videos, key=scores.sharpness)                                       # doctest: +SKIP
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Real
from typing import TYPE_CHECKING, Any

from .errors import InvalidRequestError
from .media.film import Film, HasVideo, film_of
from .media.reading import all_pictures, read_index, some_pictures, video_extra

__all__ = ["black_frames", "duration_right", "frozen_frames", "intact", "motion", "sharpness"]

if TYPE_CHECKING:
    import numpy as np
    from av import VideoFrame
    from numpy.typing import NDArray

__all__ = ["black_frames", "duration_right", "frozen_frames", "intact", "motion", "sharpness"]

_LOOKED_AT = 8  # pictures, for how sharp it is
_SIDE = 1280  # pixels: the longer side at the most, when that is measured
_HALF_SHARP = 100.0  # the variance of the Laplacian that is 0.5
_SMALL = 160  # pixels: the longer side of the pictures that are compared
_STEP = 0.25  # seconds between two of them, for motion
_BLACK, _COVERED = 0.1 * 255, 0.98  # as FFmpeg's blackdetect: so dark a pixel, in so much of the picture
_STILL, _FROZEN_FOR = 0.001, 0.5  # as its freezedetect: so small a change, for so many seconds
_CLOSE = 0.25  # seconds by which a length may be another than that which was asked for


def sharpness(video: Film | HasVideo) -> float:
    """How much fine detail its pictures have, 0 (none: blurred, or plain) to 1.

    It is `v / (v + 100)` of the variance `v` of the Laplacian, the usual measure of focus, as the median of 8
    pictures from the first to the last. Noise counts as detail, and another size gives another number.

    Args:
        video: a `Video`, a `Clip`, or what has one: a job, a record.

    Raises:
        InvalidRequestError: it is no video, and has none.
        InvalidVideoError: the file cannot be decoded.
        MissingExtraError: the extra `video` is not installed.
    """
    np = _numpy()
    film = film_of("video", video)
    index = read_index(film.path)
    found = []
    for _, frame in some_pictures(film.path, index, sorted(set(index.spread(_LOOKED_AT)))):
        grey = _grey(frame, _SIDE).astype(np.float32)
        inner = grey[1:-1, 1:-1]
        edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
        found.append(float(edges.var()) if edges.size else 0.0)
    variance = float(np.median(found))
    return variance / (variance + _HALF_SHARP)


def motion(video: Film | HasVideo) -> float:
    """How much changes: the mean change of a pixel's brightness within a quarter of a second, as a share of
    the whole range. 0 is a still picture, a quiet scene some 0.02, a fast one 0.1 and more; 1 is the most.

    Raises:
        InvalidRequestError: it is no video, and has none.
        InvalidVideoError: the file cannot be decoded.
        MissingExtraError: the extra `video` is not installed.
    """
    np = _numpy()
    changes, before, due = [], None, -math.inf
    for second, grey in _small(film_of("video", video)):
        if second < due:
            continue
        if before is not None:
            changes.append(float(np.abs(grey - before).mean()) / 255)
        before, due = grey, second + _STEP - 0.001
    return math.fsum(changes) / len(changes) if changes else 0.0


def duration_right(video: Film | HasVideo, seconds: float | None = None) -> float:
    """Whether it is as long as was asked for: 1.0 within a quarter of a second, else the shorter length
    divided by the longer. Nothing is decoded.

    Args:
        video: a `Video`, a `Clip`, or what has one: a job, a record.
        seconds: what it should be; by default the `duration` of the video's request.

    Raises:
        InvalidRequestError: it is no video, and has none; or a `Clip`, and `seconds` is not given; or that is
            no length.
    """
    film = film_of("video", video)
    asked = getattr(getattr(film, "request", None), "duration", None) if seconds is None else seconds
    if asked is None:
        message = "seconds is not given; what a clip should be, it does not know."
        raise InvalidRequestError("seconds", message, "Try: duration_right(clip, 4)")
    real = isinstance(asked, Real) and not isinstance(asked, bool)
    if not real or not math.isfinite(asked) or not asked > 0:
        raise InvalidRequestError("seconds", f"seconds is {asked!r}; it must be a positive number.")
    if abs(film.duration - asked) <= _CLOSE:
        return 1.0
    return float(min(film.duration, asked) / max(film.duration, asked))


def black_frames(video: Film | HasVideo) -> float:
    """The share of its pictures that are black, 0 to 1: where 98 % of the pixels have less than a tenth of
    the brightness.

    Raises:
        InvalidRequestError: it is no video, and has none.
        InvalidVideoError: the file cannot be decoded.
        MissingExtraError: the extra `video` is not installed.
    """
    black, _ = _flaws(film_of("video", video))
    return sum(black) / len(black)


def frozen_frames(video: Film | HasVideo) -> float:
    """The share of its pictures that are frozen, 0 to 1: in which nothing changes for half a second or
    longer.

    Raises:
        InvalidRequestError: it is no video, and has none.
        InvalidVideoError: the file cannot be decoded.
        MissingExtraError: the extra `video` is not installed.
    """
    _, frozen = _flaws(film_of("video", video))
    return sum(frozen) / len(frozen)


def intact(video: Film | HasVideo) -> float:
    """The share of its pictures that are neither black nor frozen, 0 to 1; more is better, as `best_of` wants
    it.

    Raises:
        InvalidRequestError: it is no video, and has none.
        InvalidVideoError: the file cannot be decoded.
        MissingExtraError: the extra `video` is not installed.
    """
    black, frozen = _flaws(film_of("video", video))
    return sum(not (one or other) for one, other in zip(black, frozen, strict=True)) / len(black)


def _flaws(film: Film) -> tuple[list[bool], list[bool]]:
    """Of each picture, whether it is black, and whether it is frozen."""
    np = _numpy()
    black: list[bool] = []
    seconds: list[float] = []
    runs: list[int] = []  # where the pictures begin that are all as the first of them
    first: Any = None
    for second, grey in _small(film):
        black.append(bool((grey < _BLACK).mean() >= _COVERED))
        if first is None or float(np.abs(grey - first).mean()) / 255 >= _STILL:
            first = grey
            runs.append(len(seconds))
        seconds.append(second)
    frozen: list[bool] = []
    ends = [*seconds, film.duration]
    for run, after in zip(runs, [*runs[1:], len(seconds)], strict=True):
        long = after - run > 1 and ends[after] - ends[run] >= _FROZEN_FOR - 0.001
        frozen += [long] * (after - run)
    return black, frozen


def _small(film: Film) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Every picture's second, and its brightness, small."""
    for frame in all_pictures(film.path):
        yield float(frame.time or 0.0), _grey(frame, _SMALL).astype("float32")


def _grey(frame: VideoFrame, side: int) -> NDArray[np.uint8]:
    """The brightness of a picture, of at most so many pixels a side."""
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = (max(1, round(size * scale)) for size in (frame.width, frame.height))
    small: Any = frame.reformat(width, height, "gray", interpolation="AREA").to_ndarray()
    return small  # type: ignore[no-any-return]


def _numpy() -> Any:
    with video_extra("A score"):
        import numpy as np
    return np


def __dir__() -> list[str]:
    return __all__
