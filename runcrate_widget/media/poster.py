"""The poster of a video: a small JPEG of a telling frame, which lies beside the MP4 and in saved notebooks.

PyAV decodes the video and encodes the JPEG. It is never needed: without it there is no poster, or the page's.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from runcrate_widget.errors import InvalidRequestError

from .plain import open_plain
from .temporary import temporary_path

if TYPE_CHECKING:
    from av import VideoFrame

#: Bytes: in a notebook, as base64, that is at most 15 KB.
LARGEST = 11_000

# Of the longer side in pixels and the quantizer of JPEG (2 is best, 31 worst), the first that fits.
_TRIES = [(side, quantizer) for side in (480, 360, 240, 120) for quantizer in (5, 8, 12, 18)] + [(64, 31)]
_FIRST, _STEP, _LAST = 1.0, 0.5, 4.0  # seconds: where to look
_TELLING = 6.0  # standard deviation of the brightness, of 0–255: less is black, or as good as nothing


def poster_path(path: Path) -> Path:
    """Where the poster of the MP4 at `path` lies."""
    return path.with_suffix(".jpg")


def read_poster(path: Path) -> bytes | None:
    """The poster that lies beside the MP4 at `path`, or None."""
    try:
        with os.fdopen(open_plain(poster_path(path)), "rb") as file:
            jpeg = file.read(LARGEST + 1)
    except OSError:
        return None
    return jpeg if _is_poster(jpeg) else None  # somebody's own picture, which only has that name


def keep_poster(path: Path, jpeg: bytes) -> None:
    """Puts `jpeg` beside the MP4 at `path`, whole or not at all, if nothing is there; where it cannot write,
    nothing happens.

    Raises:
        InvalidRequestError: it is no JPEG, or has more than 11,000 bytes.
    """
    if not _is_poster(jpeg):
        raise InvalidRequestError(
            "poster", f"The poster must be a JPEG of at most {LARGEST} bytes; it has {len(jpeg)}."
        )
    kept = poster_path(path)
    temporary = temporary_path(kept)
    with contextlib.suppress(OSError):
        if kept.exists():
            return
        try:
            temporary.unlink(missing_ok=True)
            with open(temporary, "xb") as file:
                file.write(jpeg)
            os.replace(temporary, kept)
        finally:
            temporary.unlink(missing_ok=True)


def _is_poster(jpeg: bytes) -> bool:
    """Whether it is a small JPEG: its segments, from the first to the picture itself, and its end."""
    if len(jpeg) > LARGEST or jpeg[:2] != b"\xff\xd8" or b"\xff\xd9" not in jpeg[-16:]:
        return False
    position, has_frame = 2, False
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        marker, length = jpeg[position + 1], int.from_bytes(jpeg[position + 2 : position + 4], "big")
        if marker == 0xDA:  # what follows is the picture
            return has_frame
        has_frame |= marker in (0xC0, 0xC1, 0xC2)
        position += 2 + length
    return False


def make_poster(path: Path) -> bytes | None:
    """A JPEG of at most 11,000 bytes of the MP4 at `path`; None without PyAV, or of a file that it cannot
    decode."""
    try:
        frame = _telling_frame(path)
        return _small_jpeg(frame) if frame is not None else None
    except Exception:  # of the many that a decoder and a broken install have
        return None


def thumbnail(picture: bytes) -> bytes | None:
    """A JPEG of at most 11,000 bytes of a JPEG, PNG or WebP; None without PyAV, or if it cannot decode
    that."""
    try:
        import av

        with av.open(io.BytesIO(picture)) as container:
            return _small_jpeg(next(container.decode(video=0)))
    except Exception:  # of the many that a decoder and a broken install have
        return None


def _telling_frame(path: Path) -> VideoFrame | None:
    """The first frame from about one second on that shows something; if none does, the one that shows
    most."""
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        length = (container.duration or 0) / 1_000_000
        wanted = min(_FIRST, length / 2)
        best, most = None, -1.0
        for frame in container.decode(stream):
            if (frame.time or 0.0) < wanted:
                continue
            shown = _spread(frame)
            if shown > most:
                best, most = frame, shown
            if shown >= _TELLING or wanted >= _LAST:
                break
            wanted += _STEP
        return best


def _spread(frame: VideoFrame) -> float:
    """How much the brightness differs over the frame."""
    small = frame.reformat(32, 18, "gray")
    (plane,) = small.planes
    rows = bytes(plane)
    from statistics import pstdev  # decimals, fractions: a while to load

    return pstdev(
        byte for row in range(18) for byte in rows[row * plane.line_size : row * plane.line_size + 32]
    )


def _small_jpeg(frame: VideoFrame) -> bytes | None:
    longest = max(frame.width, frame.height)
    for side, quantizer in _TRIES:
        scale = min(1.0, side / longest)
        jpeg = encode_jpeg(frame, frame.width * scale, frame.height * scale, quantizer)
        if _is_poster(jpeg):
            return jpeg
    return None


def encode_jpeg(frame: VideoFrame, width: float, height: float, quantizer: int) -> bytes:
    """The frame as a JPEG of about this size in pixels; `quantizer` is 2 (best) to 31."""
    import av

    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    # 4:2:0 needs even numbers.
    encoder.width, encoder.height = (max(2, round(size / 2) * 2) for size in (width, height))
    encoder.pix_fmt, encoder.time_base = "yuvj420p", 1  # type: ignore[assignment]
    encoder.qmin = encoder.qmax = quantizer
    # The colours of a JPEG are those of BT.601, whatever the video's are.
    small = frame.reformat(encoder.width, encoder.height, "yuvj420p", dst_colorspace="itu601")
    small.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])
