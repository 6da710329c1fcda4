"""The records that money and time are counted from. One function, so that it can be pointed elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from runcrate_widget.library.library import Library
from runcrate_widget.library.record import Record
from runcrate_widget.request import VideoRequest


def known_records(library: Library) -> Sequence[Record]:
    """All that the library has. It looks through the folder: not in the engine's thread."""
    return library.filter(hidden=None)


def known_attempts(library: Library, service: str, requests: Collection[VideoRequest]) -> list[Record]:
    """All attempts at these requests that the library has, by one look through it."""
    prompts = {one.prompt for one in requests}
    return [
        one
        for one in known_records(library)
        if one.service == service and one.prompt in prompts and one.request in requests
    ]
