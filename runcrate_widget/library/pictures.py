"""The picture that a request begins with, between its request and its submit: it lies in the library.

It is there before the record that names it, and it is read, and checked, whenever the request is sent.
"""

from __future__ import annotations

from runcrate_widget.errors import LibraryError
from runcrate_widget.picture import Picture
from runcrate_widget.request import VideoRequest, with_picture

from .store import Store


def keep_picture(store: Store, request: VideoRequest) -> VideoRequest:
    """The request as it stands in a record: its picture is in the store, durably, and not in memory. Raises
    LibraryError."""
    picture = request.image
    if not isinstance(picture, Picture):
        return request
    try:
        store.pictures.keep(picture)
    except LibraryError:  # the store does not answer: nothing is known of the picture
        raise
    except OSError as error:
        if picture.content is None:
            raise _missing(store, picture, error) from error
        raise store.unusable(error) from error
    return with_picture(request, picture.without_content())


def load_picture(store: Store, request: VideoRequest) -> VideoRequest:
    """The request as it is sent: with its picture's content. Raises LibraryError where that is gone, or
    damaged; of the kind `store` where the store does not answer."""
    picture = request.image
    if not isinstance(picture, Picture) or picture.content is not None:
        return request
    try:
        content = store.pictures.read(picture)
    except LibraryError:
        raise
    except OSError as error:
        raise _missing(store, picture, error) from error
    return with_picture(request, picture.with_content(content))


def _missing(store: Store, picture: Picture, error: OSError) -> LibraryError:
    place = store.pictures.place(picture)
    return LibraryError(
        f"The picture that this video begins with is not there any more, or damaged: {place} "
        f"({error.strerror or error}).",
        "It is not sent without it. Ask for it with the picture itself: generate(…, image=…).",
    )
