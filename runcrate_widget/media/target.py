"""Where a file goes that is made of films, and how it gets there: whole, or not at all."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runcrate_widget.checks import check_here
from runcrate_widget.errors import InvalidRequestError

from .temporary import temporary_path


def target_path(given: Any, name: str, sources: Sequence[Path], folder: Path) -> Path:
    """Where to write: `given`, or the file `name` in that folder; by default in `folder`.

    It is neither a source nor a video of a library, which was paid for.

    Raises:
        InvalidRequestError: it is no such place.
    """
    if given is None:
        return folder / name
    try:
        path = Path(os.fsdecode(given))
        if "\0" in os.fsdecode(given) or not os.fsdecode(given).strip():
            raise ValueError
    except (TypeError, ValueError):
        raise InvalidRequestError("path", f"path is {given!r}; it must be the path of a file.") from None
    check_here("path", os.fsdecode(given))
    path = Path(os.path.abspath(path / name if path.is_dir() else path))
    ending = Path(name).suffix
    if path.suffix.lower() != ending:
        raise InvalidRequestError("path", f"path is {str(path)!r}; the name must end in {ending}.")
    if path.is_dir() or not path.parent.is_dir():
        raise InvalidRequestError("path", f"path is {str(path)!r}; there is no folder {str(path.parent)!r}.")
    if any(path.exists() and path.samefile(source) for source in sources):
        raise InvalidRequestError("path", f"path is {str(path)!r}, which is what it is made of.")
    if path.with_suffix(".json").exists() and path.exists():
        message = f"path is {str(path)!r}, a video of a library, with its record beside it."
        raise InvalidRequestError("path", message, "It is not written over; name another file.")
    return path


@contextmanager
def written(path: Path, *, ours: bool) -> Iterator[str]:
    """A name to write to, which becomes `path` when all went well, and is gone otherwise.

    What is there is replaced if its name is `ours`: it follows from what was asked for. Elsewhere it is a
    person's: where the same is there already, it stays; and nothing else is written over.

    Raises:
        InvalidRequestError: another file is there.
    """
    temporary = temporary_path(path)
    try:
        with open(temporary, "wb"):  # so a folder that cannot be written to says so in Python's own words
            pass
        yield str(temporary)
        if not ours and path.exists():
            if not filecmp.cmp(temporary, path, shallow=False):
                message = f"path is {str(path)!r}, and there is another file already."
                raise InvalidRequestError("path", message, "Give another name, or remove it first.")
        else:
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
