"""`Clip`: an MP4 that is no job's: a piece of a video, several together, or any file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from runcrate_widget.checks import check_flag, check_text
from runcrate_widget.errors import InvalidRequestError, InvalidVideoError
from runcrate_widget.picture import Picture

from .film import Film
from .mp4 import MP4, read_mp4
from .player import shortened
from .poster import make_poster


@dataclass(frozen=True, init=False)
class Clip(Film):
    """An MP4 that is no job's: what `trim` and `join` give, or any file of yours. As the last line of a
    cell it plays, and it has the pictures and the editing of a `Video`.

    Attributes:
        path: the MP4, a `pathlib.Path`.
        caption: what stands below it; by default the file's name.
        demo: whether something of it is of the demo backend.
        reencoded: why its pictures were encoded anew; empty where they were copied as they are.
        mp4: what the file says of itself.

    Raises:
        InvalidRequestError: there is no such file, it is not a whole MP4, or an argument is none.

    Example:
        >>> Clip("holidays.mp4").contact_sheet()                                       # doctest: +SKIP
    """

    path: Path
    caption: str
    demo: bool
    reencoded: str
    mp4: MP4 = field(repr=False)

    def __init__(
        self,
        path: str | os.PathLike[str],
        caption: str = "",
        *,
        demo: bool = False,
        reencoded: str = "",
    ) -> None:
        try:
            name = os.fsdecode(path)
            # A link is followed here, and no later: what it leads to does not change meanwhile.
            real = Path(os.path.realpath(name))
            mp4 = read_mp4(real)
        except (TypeError, ValueError):
            message = f"path is {path!r}; it must be the path of an MP4."
            raise InvalidRequestError("path", message) from None
        except (InvalidVideoError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise InvalidRequestError("path", f"path is {name!r}: {why}") from None
        for name_of, text in (("caption", caption), ("reencoded", reencoded)):
            check_text(name_of, text)
        facts = {
            "path": real,
            "caption": caption,
            "demo": check_flag("demo", demo),
            "reencoded": reencoded,
            "mp4": mp4,
        }
        for fact, value in facts.items():
            object.__setattr__(self, fact, value)

    def __repr__(self) -> str:
        return (
            f"<Clip{' DEMO' if self.demo else ''} {self.path} {self.duration:g} s {self.width}×{self.height}"
            f"{' with sound' if self.audio else ''} {shortened(self.caption, 60)!r}>"
        )

    @cached_property
    def poster(self) -> bytes | None:
        """A small JPEG of a telling frame, at most 11,000 bytes; None without PyAV. No file is made of it."""
        return make_poster(self.path)

    def picture(self, at: float | None = None) -> Picture:
        """The frame that is seen at `at` seconds, by default the last one, as a JPEG that another video can
        begin with: `client.generate("…", image=clip)` does the same.

        Raises:
            InvalidRequestError: there is no such second.
            MissingExtraError: PyAV is not installed.
        """
        from .frames import clip_picture

        return clip_picture(self.path, at, self.duration)

    def _words(self) -> str:
        return self.caption or self.path.name

    def _code(self) -> str:
        return f"Clip({os.fspath(self.path)!r})"

    def _more_facts(self) -> list[str]:
        return [f"encoded anew: {self.reencoded}"] if self.reencoded else []
