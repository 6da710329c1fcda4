"""Of pictures: the part of `messages.py` that says what a video begins with.

It belongs to that file, and has the same twin; it stands here because a file is to be short.
"""

from __future__ import annotations

from typing import TypedDict


class FrameRow(TypedDict):
    """Where in which video a picture was taken from."""

    key: str  # the video's job
    at: float  # seconds


#: Bytes of a picture in one message: base64 makes 4/3 of it, and over 10 MiB the connection breaks.
LARGEST_PICTURE = 5_000_000

#: A JPEG, PNG or WebP for a video to begin with. It is put into the library; no control is set.
PictureRequest = TypedDict(
    "PictureRequest",
    {
        "data": str,  # base64; empty: the kernel takes the frame, which the page may not
        "name": str,  # what the person's file is called, for an error; or ""
        "from": "FrameRow | None",
    },
)


class PictureRow(TypedDict):
    """A picture that is in the library."""

    sha256: str
    type: str  # "image/jpeg", "image/png" or "image/webp"
    size: int  # bytes
    width: int  # pixels
    height: int  # pixels


class PicturePayload(TypedDict):
    """What `image` is set to is its `sha256`."""

    picture: PictureRow


class PictureOfRequest(TypedDict):
    """A picture in the library, to be shown."""

    sha256: str
