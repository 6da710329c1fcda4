"""A video is deleted, and brought back: its file goes into the bin, its record stays and is put away.

It was paid, so `generate()` must find it again. Whoever ends halfway leaves a video that is put away with its
file in place, or one that is in the bin: neither is lost, and the same again does the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runcrate_widget.errors import InvalidRequestError, RuncrateError

from .record import Record, chosen

if TYPE_CHECKING:
    from .library import Library


def delete(library: Library, which: Record | str) -> Record:
    """Puts a video (a record, or the key or id of one) into the folder `bin` of the library, and has its
    record put away. `generate()` with its request, or `restore`, brings it back; nothing is paid again.

    Raises:
        InvalidRequestError: there is no such job, or it has not ended.
        RuncrateError: somebody has it in hand.
        LibraryError: the folder cannot be written.
    """
    with _in_hand(library, which) as record:
        if not record.status.over:
            message = f"This job is {record.status}: it is under way, or waits for a decision of yours."
            raise InvalidRequestError("key", message, "Delete it when it has ended.")
        hidden = chosen(record, {"hidden": True})
        library.write(hidden)
        try:
            library.bin.put(record)
        except OSError as error:
            library.write(record)  # it is not deleted
            raise library.store.unusable(error) from error
    library.shelf.touch()
    return hidden


def restore(library: Library, which: Record | str) -> Record:
    """Brings back what was deleted, or put away. Raises as `delete` does."""
    with _in_hand(library, which) as record:
        try:
            library.bin.take_out(record)
        except OSError as error:
            raise library.store.unusable(error) from error
        shown = chosen(record, {"hidden": False})
        library.write(shown)
    library.shelf.touch()
    return shown


@contextlib.contextmanager
def _in_hand(library: Library, which: Record | str) -> Iterator[Record]:
    """The record as it is now, with the right to carry its job."""
    known = library.find(which) if isinstance(which, str) else which
    if not isinstance(known, Record) or known.folder != library.folder:
        raise InvalidRequestError(
            "key", f"{which!r} is no job of this library.", "Give a record, a key or an id."
        )
    lease = library.lease(known.name)
    if lease is None:
        message = "This job is under way, here or in another notebook."
        raise RuncrateError(message, "Try again when it has ended.", kind="conflict")
    try:
        yield library.reread(known)
    finally:
        lease.release()
