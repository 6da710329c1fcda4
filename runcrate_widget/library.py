"""The folder that keeps what was made: one MP4 a job, under a name that a person can read.

A video arrives in a `.part` file and gets its name only when it is a whole MP4.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from .errors import LibraryError
from .mp4 import MP4, read_mp4

#: Beside the notebook: Jupyter starts a kernel in its notebook's folder.
DEFAULT_FOLDER = "runcrate_videos"

_LONGEST_SLUG = 40


class Library:
    """The folder `folder` (made when the first file is written)."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        given = folder or os.environ.get("RUNCRATE_LIBRARY") or DEFAULT_FOLDER
        self.folder = Path(given).expanduser().absolute()

    def part(self, name: str) -> Path:
        """Where the video `name` arrives. Makes the folder. Raises LibraryError if that cannot be done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.unusable(error) from error
        return self.folder / f"{name}.mp4.part"

    def keep(self, name: str) -> tuple[Path, MP4]:
        """Gives the video that has arrived its name, if it is whole.

        Raises:
            InvalidVideoError: it is not; the `.part` is left for the caller.
            LibraryError: the folder cannot be written.
        """
        part, path = self.part(name), self.folder / f"{name}.mp4"
        try:
            facts = read_mp4(part)
            with open(part, "rb") as file:
                os.fsync(file.fileno())
            os.replace(part, path)
        except OSError as error:
            raise self.unusable(error) from error
        return path, facts

    def unusable(self, error: OSError) -> LibraryError:
        """What is told of an `OSError` that this folder gave."""
        return LibraryError(
            f"The library folder {self.folder} cannot be used: {error.strerror or error}.",
            "Make room or mend its permissions, or choose another: VideoClient(library=…) or RUNCRATE_LIBRARY.",
        )

    def __repr__(self) -> str:
        return f"Library({str(self.folder)!r})"


def readable_name(prompt: str, key: str) -> str:
    """`a-cinematic-sunrise-3f9c2a71`: letters and digits of the prompt, then the job's key; safe as a file name anywhere."""
    words = "".join(char if char.isalnum() else " " for char in unicodedata.normalize("NFC", prompt).lower()).split()
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:_LONGEST_SLUG]
        # Bytes count, too: file systems allow 255 of them.
        if len(longer) > _LONGEST_SLUG or len(longer.encode()) > 3 * _LONGEST_SLUG:
            break
        slug = longer
    return f"{slug or 'video'}-{key}"
