"""A frame of a video as a picture, for the next video to begin with. PyAV decodes it.

A frame that was taken once is noted in the library's folder of pictures, and given again as it was: another
version of a decoder or an encoder would make other bytes of it, and the same request would be another one,
which is paid anew.
"""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

from runcrate_widget.errors import InvalidRequestError, MissingExtraError
from runcrate_widget.picture import LARGEST, Frame, Picture, read_picture

from .pictures import Pictures
from .poster import encode_jpeg

if TYPE_CHECKING:
    from av import VideoFrame

_QUANTIZERS = (2, 5, 10, 20, 31)  # of JPEG, the best first: the first that is within the limit


def frame_picture(path: Path, at: float | None, length: float) -> Picture:
    """The frame of the MP4 at `path` that is seen at `at` seconds of its `length`; by default the last one.

    Raises:
        InvalidRequestError: there is no such second, or the file cannot be decoded.
        MissingExtraError: PyAV is not installed.
    """
    _check(at, length)
    pictures = Pictures(path.parent)
    name = f"{path.stem}@{'last' if at is None else format(at, '.3f')}.frame"
    # The end of a file's name is the key of its job.
    frame = Frame(path.stem.rpartition("-")[2] or path.stem, round(length if at is None else float(at), 3))
    if known := pictures.noted(name, frame):
        return known
    picture = read_picture(_jpeg(path, at), frame=frame)
    with contextlib.suppress(OSError):
        pictures.note(name, picture)
    return picture


def clip_picture(path: Path, at: float | None, length: float) -> Picture:
    """The same of an MP4 that is no job's, and may be replaced: it is noted nowhere."""
    _check(at, length)
    return read_picture(_jpeg(path, at))


def _check(at: object, length: float) -> None:
    if at is not None and not _is_within(at, length):
        message = f"image is {at!r} of a video of {length:g} s; it must be a second of it."
        raise InvalidRequestError("image", message, "Without one it is the last frame.")


def _is_within(at: object, length: float) -> bool:
    number = isinstance(at, (int, float)) and not isinstance(at, bool)
    return number and 0 <= at <= length + 0.001  # type: ignore[operator]


def _jpeg(path: Path, at: float | None) -> bytes:
    try:
        found = _frame(path, math.inf if at is None else float(at))
        jpegs = (encode_jpeg(found, found.width, found.height, one) for one in _QUANTIZERS)
        return next(jpeg for jpeg in jpegs if len(jpeg) <= LARGEST)
    except ImportError as error:
        raise MissingExtraError(
            f"Taking a frame of a video needs PyAV, which is not installed ({error.name or error}).",
            "Install it with: pip install 'runcrate_widget[poster]'",
        ) from None
    except (OSError, ValueError, StopIteration) as error:  # PyAV's own are these, too
        message = f"image is {str(path)!r}: no frame can be taken of it ({error})."
        raise InvalidRequestError("image", message) from None


def _frame(path: Path, at: float) -> VideoFrame:
    """The last frame that begins at `at` seconds or before."""
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if stream.duration and stream.time_base:
            wanted = min(at, float(stream.duration * stream.time_base))
            # To the key frame before; where the file has no index that leads there, from the beginning.
            container.seek(int(wanted / stream.time_base), stream=stream)
        best: VideoFrame | None = None
        for frame in container.decode(stream):
            if best is not None and (frame.time or 0.0) > at + 0.0005:
                break
            best = frame
    if best is None:
        raise ValueError("it has none")
    return best
