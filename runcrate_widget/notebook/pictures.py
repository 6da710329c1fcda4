"""The pictures that a widget's form is given: they go into its client's library, and it holds references.

A reference is a text: the sha256 of a picture in the library, or an https URL.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.media.poster import thumbnail
from runcrate_widget.picture import (
    Picture,
    PictureLike,
    is_sha256,
    is_url,
    picture_of,
    read_picture,
    restore_frame,
)

from .picture_messages import LARGEST_PICTURE, PictureRow

if TYPE_CHECKING:
    from runcrate_widget.library.store import Store
    from runcrate_widget.media.video import Video


class GivenPictures:
    """Those of one widget. `store()` is that of its client's library."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        # With what the library does not say of them: of which video one is a frame.
        self._known: dict[str, Picture] = {}

    def reference(self, image: PictureLike) -> str:
        """By what the picture is known; it is in the library then. Raises InvalidRequestError or
        LibraryError."""
        if isinstance(image, str) and is_sha256(image):
            self.find(image)
            return image
        picture = picture_of(image)
        return picture if isinstance(picture, str) else self.keep(picture).sha256

    def keep(self, picture: Picture) -> Picture:
        """Puts the picture into the library. Raises LibraryError."""
        store = self._store()
        try:
            store.pictures.keep(picture)
        except OSError as error:
            raise store.unusable(error) from error
        kept = self._known[picture.sha256] = picture.without_content()
        return kept

    def find(self, reference: str) -> Picture | str:
        """The picture of a reference, or the URL that it is. Raises InvalidRequestError."""
        if is_url(reference):
            return reference
        known = self._known.get(reference) or (self._read(reference) if is_sha256(reference) else None)
        if known is None:
            message = (
                f"image is {reference[:80]!r}: there is no such picture in the library, or it is damaged."
            )
            raise InvalidRequestError("image", message, "Give the picture again.")
        self._known[known.sha256] = known.without_content()
        return self._known[known.sha256]

    def of_request(self, image: Picture | str | None) -> str | None:
        """By what the picture of an earlier request is known. Of which video it is a frame stays known."""
        if not isinstance(image, Picture):
            return image
        self._known.setdefault(image.sha256, image.without_content())
        return image.sha256

    def received(self, data: object, name: object, frame: object) -> PictureRow:
        """Puts the picture of a view's message into the library. Raises InvalidRequestError or
        LibraryError."""
        called = repr(name[:80]) if isinstance(name, str) and name else "the picture"
        try:
            content = base64.b64decode(data, validate=True) if isinstance(data, str) else b""
        except (binascii.Error, ValueError) as error:
            raise InvalidRequestError(
                "image", f"image is {called}: it came as no base64 ({error})."
            ) from None
        if len(content) > LARGEST_PICTURE:
            size, most = len(content) / 1e6, LARGEST_PICTURE / 1e6
            message = f"image is {called}: it has {size:.1f} MB; a page can hand over {most:g} MB."
            raise InvalidRequestError("image", message, "Make it smaller, or set widget.image to its path.")
        try:
            origin = None if frame is None else restore_frame(frame)
        except TypeError as error:
            raise InvalidRequestError("image", f"image is {called}: {error}.") from None
        return self._row(read_picture(content, called, frame=origin))

    def taken(self, video: Video, at: Any) -> PictureRow:
        """Puts a frame of a video into the library, where a page plays it and may not see its pixels. Raises
        InvalidRequestError, LibraryError, or MissingExtraError."""
        return self._row(video.picture(at))

    def _row(self, picture: Picture) -> PictureRow:
        kept = self.keep(picture)
        return PictureRow(
            sha256=kept.sha256, type=kept.type, size=kept.size, width=kept.width, height=kept.height
        )

    def shown(self, sha256: object) -> bytes | None:
        """A small JPEG of the picture, where PyAV is installed; else itself, if that is not too large."""
        picture = self._read(sha256) if is_sha256(sha256) else None
        content = picture.content if picture else None
        if content is None:
            return None
        return thumbnail(content) or (content if len(content) <= LARGEST_PICTURE else None)

    def _read(self, sha256: Any) -> Picture | None:
        return self._store().pictures.find(sha256)


def check_from_page(image: object) -> None:
    """A page names no file of this machine: a stranger may look at it, as in Voila. Raises
    InvalidRequestError."""
    if image is not None and not (is_sha256(image) or is_url(image)):
        message = f"image is {str(image)[:80]!r}; a page gives a picture's sha256, or an https URL."
        raise InvalidRequestError("image", message)
