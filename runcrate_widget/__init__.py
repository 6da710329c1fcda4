"""Generate video from a notebook: a Jupyter widget and a Python API over Runcrate's asynchronous video API.

    from runcrate_widget import VideoWidget
    VideoWidget()

or from code:

    from runcrate_widget import VideoClient
    video = VideoClient().generate("A cinematic sunrise", model="google/veo-3.0", duration=6).wait()
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .environment import notebook_shell

if TYPE_CHECKING:
    from . import errors, scores
    from .catalog import Model, models
    from .client import VideoClient
    from .errors import RuncrateError
    from .jobs.job import VideoJob
    from .media.clip import Clip
    from .media.video import Video
    from .notebook.widget import VideoWidget
    from .prompts import expand
    from .request import VideoRequest

__version__ = "0.1.0"
__all__ = [
    "Clip",
    "Model",
    "RuncrateError",
    "Video",
    "VideoClient",
    "VideoJob",
    "VideoRequest",
    "VideoWidget",
    "errors",
    "expand",
    "models",
    "scores",
]

if sys.platform == "emscripten":
    raise ImportError("runcrate_widget needs threads and sockets, which Pyodide (JupyterLite) does not have.")

# Loaded when first used: importing the package is quick, and asks for nothing that the user does not use.
_HOMES = {
    "Clip": "media.clip",
    "Model": "catalog",
    "RuncrateError": "errors",
    "Video": "media.video",
    "VideoClient": "client",
    "VideoJob": "jobs.job",
    "VideoRequest": "request",
    "VideoWidget": "notebook.widget",
    "expand": "prompts",
    "models": "catalog",
}


def __getattr__(name: str) -> Any:
    if name in ("errors", "scores"):
        return import_module(f".{name}", __name__)
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext runcrate_widget`: brings `%video` and `%%video`."""
    import_module(".notebook.magic", __name__).load(shell)


def _show_in_notebooks() -> None:
    """In an ipykernel, shows a job live and the library as a table."""
    shell = notebook_shell()
    if getattr(shell, "kernel", None) is not None:
        import_module(".notebook.tables", __name__).register_formatters(shell)


_show_in_notebooks()
