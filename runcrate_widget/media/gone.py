"""What is told of a video whose file is not there any more."""

from __future__ import annotations

from pathlib import Path

from runcrate_widget.errors import LibraryError

#: The folder of a library where deleted videos are.
BIN = "bin"


def in_bin(path: Path) -> Path:
    """Where the file at `path` is once it was deleted."""
    return path.parent / BIN / path.name


def why_gone(path: Path, id: str) -> LibraryError | None:
    """Why the MP4 at `path`, of the job `id`, is not there, and how it comes back; None if it is there."""
    if path.exists():
        return None
    if in_bin(path).exists():
        message = f"The video {id} was deleted: it is in the bin of its library."
        hint = f"client.library.restore({id!r}) brings it back, and so does generate() with its request."
    else:
        message = f"The file of the video {id} is not there any more: {path}."
        hint = f"client.job({id!r}).resume() fetches it again, and so does generate() with its request."
    return LibraryError(message, hint, kind="not_found")
