"""How a widget is shown in the output of a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

from .live import when_replaced
from .parts import load_rest

if TYPE_CHECKING:
    from .widget import VideoWidget


def display_widget(widget: VideoWidget) -> None:
    """Two outputs: the live view, and below it what a saved notebook shows in its place (`live.py`)."""
    if widget.comm is None:
        print(f"{widget!r}, closed")  # noqa: T201
        return
    bundle = widget._repr_mimebundle_() or {"text/plain": repr(widget)}
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    # A page without the widget shows this above what is saved, which says it all.
    data = {**data, "text/plain": "" if widget._runtime else "VideoWidget"}
    widget._feed.wake()
    widget._outputs += 1
    widget._when_closed.callback(when_replaced(widget._replaced))
    display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
    if widget._runtime:  # in a notebook
        widget._saved.display()
    # The form is on its way. What answers it, and what sends, is loaded meanwhile.
    load_rest(widget.client)
