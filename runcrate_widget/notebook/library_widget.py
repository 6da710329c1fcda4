"""`LibraryWidget`: what `client.library` shows in a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from runcrate_widget.client import VideoClient, client_of

from .live import Saved
from .output_widget import OutputWidget
from .runtime import runtime_ref
from .tables import library_html

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library


class LibraryWidget(OutputWidget):
    """The videos of this client's library."""

    def __init__(self, client: VideoClient) -> None:
        super().__init__(client=client)
        self._leave(_SavedTable(self.model_id, client.library))

    def __repr__(self) -> str:
        return f"<LibraryWidget {self.client.library!r}>"


class _SavedTable(Saved):
    """What stays of it in the notebook: a table."""

    def __init__(self, key: str, library: Library) -> None:
        super().__init__(key)
        self._library = library

    def _bundle(self) -> dict[str, str]:
        return {
            "text/plain": repr(self._library),
            "text/html": self.hidden_by_the_widget(
                f"<p>{html.escape(repr(self._library))}</p>{library_html(self._library)}"
            ),
        }


def display_library(library: Library) -> bool:
    """Shows the wall in the output of the cell that runs. Returns False where that cannot be: outside of a
    kernel that has widgets, of a library without a client, and of one with nothing in it."""
    client = client_of(library)
    if client is None or not len(library) or runtime_ref() is None:
        return False
    LibraryWidget(client)._ipython_display_()
    return True
