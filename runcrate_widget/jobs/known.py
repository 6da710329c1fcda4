"""The records that money and time are counted from. One function, so that it can be pointed elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from runcrate_widget.library.library import Library
from runcrate_widget.library.record import Record


def known_records(library: Library) -> Sequence[Record]:
    """All that the library has. It looks through the folder: not in the engine's thread."""
    return library.filter(hidden=None)
