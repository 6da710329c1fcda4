"""`OutputWidget`: a widget that an output shows and nobody holds, as of a library or a batch: a `VideoWidget`
without its form, which ends when its cell runs again."""

from __future__ import annotations

from collections.abc import Callable

from .live import Saved
from .widget import VideoWidget


class OutputWidget(VideoWidget):
    """What `_leave` is given stays in the notebook, instead of the videos that were made in it."""

    _form = False

    def _leave(self, saved: Saved) -> None:
        self._saved.close()
        self._feed.saved = self._saved = saved

    def _replaced(self) -> None:
        super()._replaced()
        if not self._outputs:
            self.close()


class SavedBundle(Saved):
    """What stays of it in the notebook: what `render` gives."""

    def __init__(self, key: str, render: Callable[[], dict[str, str]]) -> None:
        super().__init__(key)
        self._render = render

    def update(self) -> None:
        """Has it shown anew, soon."""
        self._output.update()

    def _bundle(self) -> dict[str, str]:
        bundle = self._render()
        return {**bundle, "text/html": self.hidden_by_the_widget(bundle["text/html"])}
