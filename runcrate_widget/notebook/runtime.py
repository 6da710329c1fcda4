"""The front end's source, once a kernel.

anywidget sends a widget's source with every instance, and a notebook keeps each. So one `Runtime` has it, and
each widget a loader of a few hundred bytes that takes it from there (anywidget's composition,
`js/src/loader.ts`).
"""

from __future__ import annotations

from pathlib import Path

import anywidget
from IPython.core.getipython import get_ipython
from traitlets import Unicode

STATIC = Path(__file__).parent.parent / "static"


def source(name: str) -> str:
    """The text of the built file `name`."""
    return (STATIC / name).read_text(encoding="utf-8")


class Runtime(anywidget.AnyWidget):
    """Carries the source, and is never shown itself."""

    _esm = STATIC / "packed.js"
    #: Read by the page when it is first used. It comes along: the kernel may be busy when that is.
    _studio = Unicode().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(_studio=source("studio.txt"))


_runtime: Runtime | None = None


def runtime_ref() -> str | None:
    """What a loader asks its host for, `"anywidget:<model id>"`; None where there is no Jupyter kernel:
    marimo, say.
    """
    global _runtime
    if not hasattr(get_ipython(), "kernel"):
        return None
    if _runtime is None or _runtime.comm is None:  # None once it was closed, as by `Widget.close_all()`
        _runtime = Runtime()
    return f"anywidget:{_runtime.model_id}"
