"""`Picture`: what a video begins with (the API's `image_url`), known by its content and never by its name.

The bytes are needed when a request is made and when it is sent. In between a picture lies in the library once
(`media/pictures.py`), and what stands in requests and records is this: its hash, type, size and origin.
"""

from __future__ import annotations

import base64
import hashlib
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable
from urllib.parse import urlsplit

from .errors import InvalidRequestError

#: Bytes and pixels a side. The API documents no limit: base64 makes 10.7 MB of the first, and what is over it
#: is a mistake more often than a picture to begin with.
LARGEST, LONGEST_SIDE = 8_000_000, 8192
#: The types that are sent, by what they are called, with the ending of their files.
TYPES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}

_ALLOWED = "allowed are JPEG, PNG and WebP"
_LIMITS = (
    f"at most {LARGEST / 1e6:g} MB and {LONGEST_SIDE} pixels a side are sent (the API documents no limit)"
)
_SMALLER = "Make it smaller, or give an https URL."
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATA_URI = re.compile(r"data:([\w/+.-]*)(?:;[\w=.-]+)*;base64,", re.ASCII)
_LONGEST_KEY = 100  # characters
#: Of JPEG: the markers of a frame's head, which has the size; and those that no length follows.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BARE = {0x01, *range(0xD0, 0xD8)}


@dataclass(frozen=True)
class Frame:
    """Where in which video a picture was taken from.

    Attributes:
        key: of the job that made the video (`job.key`, the end of its file's name).
        at: seconds from its beginning.
    """

    key: str
    at: float


@dataclass(frozen=True)
class Picture:
    """A picture that a video begins with. Two are equal when their content is.

    Attributes:
        sha256: of its content, 64 hexadecimal digits.
        type: `image/jpeg`, `image/png` or `image/webp`: what it is, whatever its name says.
        size: bytes.
        width, height: pixels.
        frame: of which video it is a frame, if it is one.
    """

    sha256: str
    type: str = field(compare=False)
    size: int = field(compare=False)
    width: int = field(compare=False)
    height: int = field(compare=False)
    frame: Frame | None = field(default=None, compare=False)
    _content: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """What its file in a library is called."""
        return f"{self.sha256}{TYPES[self.type]}"

    @property
    def content(self) -> bytes | None:
        """The bytes, where they are at hand; else they are in the library."""
        return self._content

    def without_content(self) -> Picture:
        """The same as it stands in a record."""
        return self if self._content is None else replace(self, _content=None)

    def with_content(self, content: bytes) -> Picture:
        """The same with its content at hand."""
        return replace(self, _content=content)

    def __repr__(self) -> str:
        of = f" of {self.frame.key} at {self.frame.at:g} s" if self.frame else ""
        kind = self.type.rpartition("/")[2].upper()
        return f"<Picture {kind} {self.width}×{self.height} {self.size} bytes {self.sha256[:8]}{of}>"


@runtime_checkable
class HasFrames(Protocol):
    """A `Video`: it gives a picture of itself, by default its last frame."""

    def picture(self, at: float | None = None) -> Picture: ...


#: What `picture_of` takes.
PictureLike: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | Picture | HasFrames | tuple[HasFrames, float]"
)


def is_url(value: object) -> bool:
    """Whether it is the https address of something."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme.lower() == "https" and bool(parts.hostname)
    except ValueError:
        return False


def picture_of(image: object) -> Picture | str:
    """What `image` is, as a picture with its content, or the https URL that it is.

    Args:
        image: a path, bytes, an https URL, a `data:` URI, a `Video` (its last frame), or a video and a
            second of it: `(video, 2.5)`.

    Raises:
        InvalidRequestError: it is none of these, or no JPEG, PNG or WebP within the limits.
        MissingExtraError: it is a video, and PyAV is not installed.
    """
    if isinstance(image, Picture):
        return image
    if isinstance(image, HasFrames):  # before the paths: a `Video` is one, too
        return image.picture()
    if isinstance(image, tuple) and len(image) == 2 and isinstance(image[0], HasFrames):
        return image[0].picture(image[1])
    if isinstance(image, (bytes, bytearray, memoryview)):
        return read_picture(bytes(image), f"{len(image)} bytes")
    if isinstance(image, str):
        if image[:5].lower() == "data:":
            return _of_data_uri(image)
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", image):
            return _of_url(image)
    if isinstance(image, (str, os.PathLike)) and (path := os.fspath(image)):
        return read_picture(_file(Path(os.fsdecode(path))), _cut(repr(os.fsdecode(path))))
    raise _refused(_cut(repr(image)), "it must be a path, bytes, an https URL, a Video or (video, seconds)")


def read_picture(content: bytes, given: str = "", *, frame: Frame | None = None) -> Picture:
    """The picture that `content` is, checked; `given` is what an error calls it. Raises
    InvalidRequestError."""
    given = given or f"{len(content)} bytes"
    if len(content) > LARGEST:
        raise _refused(given, f"it has {len(content) / 1e6:.1f} MB; {_LIMITS}", _SMALLER)
    type = _type(content)
    if type is None:
        raise _refused(given, f"its content is none of the types that are sent; {_ALLOWED}")
    size = _SIZES[type](content)
    if size is None:
        raise _refused(given, f"it is no whole {type.rpartition('/')[2].upper()}: it is cut off or damaged")
    width, height = size
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise _refused(given, f"it has {width}×{height} pixels; {_LIMITS}", _SMALLER)
    sha256 = hashlib.sha256(content).hexdigest()
    return Picture(sha256, type, len(content), width, height, frame, content)


def data_uri(picture: Picture) -> str:
    """The picture as the API's `image_url` has it. Raises InvalidRequestError where its content is not at
    hand: a request is never sent without it."""
    if picture.content is None:
        raise _refused(repr(picture), "its content is not at hand", "Ask for the video with the picture.")
    return f"data:{picture.type};base64,{base64.b64encode(picture.content).decode()}"


def picture_fields(picture: Picture) -> dict[str, Any]:
    """The picture as a record has it. The other way round: `restore_picture`."""
    own = {name: getattr(picture, name) for name in ("sha256", "type", "size", "width", "height")}
    frame = picture.frame
    return own if frame is None else {**own, "from": {"key": frame.key, "at": frame.at}}


def restore_picture(fields: object) -> Picture:
    """A picture without its content. Raises TypeError where `fields` is no `picture_fields()`."""
    if (
        not isinstance(fields, dict)
        or not is_sha256(fields.get("sha256"))
        or fields.get("type") not in [*TYPES]
    ):
        raise TypeError("its picture is not what belongs there")
    numbers: dict[str, Any] = {name: fields.get(name) for name in ("size", "width", "height")}
    if not all(type(one) is int and one > 0 for one in numbers.values()):
        raise TypeError("its picture has no size")
    frame = restore_frame(fields["from"]) if fields.get("from") is not None else None
    return Picture(fields["sha256"], fields["type"], **numbers, frame=frame)


def restore_frame(fields: object) -> Frame:
    """The origin of a picture. Raises TypeError."""
    key, at = (fields.get("key"), fields.get("at")) if isinstance(fields, Mapping) else (None, None)
    number = isinstance(at, (int, float)) and not isinstance(at, bool) and 0 <= at < math.inf
    if not number or not isinstance(key, str) or not key.isprintable() or not 0 < len(key) <= _LONGEST_KEY:
        raise TypeError("its picture's origin is not what belongs there")
    return Frame(key, at)  # type: ignore[arg-type]


def is_sha256(value: object) -> bool:
    """Whether it is a hash as pictures are known by."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _refused(given: str, why: str, hint: str = "") -> InvalidRequestError:
    return InvalidRequestError("image", f"image is {given}: {why}.", hint)


def _cut(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"


def _of_url(url: str) -> str:
    if not is_url(url):
        hint = "Give an https address that the service can reach, or the picture itself."
        raise _refused(_cut(repr(url)), "of addresses, only those with https are sent", hint)
    return url


def _of_data_uri(uri: str) -> Picture:
    head = _DATA_URI.match(uri)
    try:
        if head is None:
            raise ValueError
        content = base64.b64decode(uri[head.end() :], validate=True)
    except ValueError:
        raise _refused(_cut(repr(uri[:60])), "it is no data URI in base64") from None
    return read_picture(content, f"a data URI of {len(content)} bytes")


def _file(path: Path) -> bytes:
    """The content of a person's file, or enough of it to see that it is too large."""
    given = _cut(repr(str(path)))
    try:
        path = path.expanduser()
        if path.exists() and not path.is_file():  # opening a pipe waits for whoever is at its other end
            raise _refused(given, "that is no file")
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise _refused(given, f"it has {size / 1e6:.1f} MB; {_LIMITS}", _SMALLER)
            return file.read(LARGEST + 1)
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, InvalidRequestError):
            raise
        why = getattr(error, "strerror", None) or str(error)
        raise _refused(given, f"it cannot be read ({why})", "Give the path of a picture.") from None


def _type(content: bytes) -> str | None:
    if content[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


# Width and height in pixels of what is whole, as far as its parts tell; else None.


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    position, size = 2, None
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker == 0xFF or marker in _BARE:  # a filling byte; a marker without a length
            position += 1 if marker == 0xFF else 2
            continue
        length = _number(content[position + 2 : position + 4])
        if marker == 0xDA:  # what follows is the picture
            return size if content.find(b"\xff\xd9", position + 2 + length) >= 0 else None
        if marker in _FRAMES and length >= 7:
            head = content[position + 5 : position + 9]
            size = _number(head[2:]), _number(head[:2])
        position += 2 + length
    return None


def _png_size(content: bytes) -> tuple[int, int] | None:
    if content[12:16] != b"IHDR":
        return None
    position = 8
    while position + 12 <= len(content):
        kind = content[position + 4 : position + 8]
        position += 12 + _number(content[position : position + 4])
        if kind == b"IEND" and position <= len(content):
            return _number(content[16:20]), _number(content[20:24])
    return None


def _webp_size(content: bytes) -> tuple[int, int] | None:
    if 8 + _little(content[4:8]) > len(content) or len(content) < 30:
        return None
    kind, head = content[12:16], content[20:30]
    if kind == b"VP8X":
        return 1 + _little(head[4:7]), 1 + _little(head[7:10])
    if kind == b"VP8L" and head[0] == 0x2F:
        bits = _little(head[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        return _little(head[6:8]) & 0x3FFF, _little(head[8:10]) & 0x3FFF
    return None


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


_SIZES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/jpeg": _jpeg_size,
    "image/png": _png_size,
    "image/webp": _webp_size,
}
