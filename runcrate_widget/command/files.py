"""`-o`: a copy of a video outside of the library, where it stays as it is: whoever writes into the copy does
not harm what was paid. Nothing is overwritten without `--force`."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from pathlib import Path

from runcrate_widget.checks import check_here
from runcrate_widget.errors import InvalidRequestError


class Files:
    """The names of `count` videos.

    Args:
        given: a file's name (numbered if there are several videos; `.mp4` if it has no ending), or a
            folder's (one that is there, or with a slash at its end), in which they are called as in the
            library; None: there is nothing to name.
        force: whether what is there may be replaced.
        folder: whether it must be a folder, which is made.
        library: the library's folder, in which nothing is put: what is there was paid.

    Raises:
        InvalidRequestError: there is no such place, or the name is no MP4's.
    """

    def __init__(
        self, given: str | None, *, force: bool, count: int, library: Path | None = None, folder: bool = False
    ) -> None:
        self._force = force
        self._count = count
        self._given = None if given is None else Path(given)
        if given is None or self._given is None:
            return
        check_here("output", given)
        self._folder = folder or self._given.is_dir() or given.endswith(("/", os.sep))
        if not given.strip() or "\0" in given:
            raise InvalidRequestError("output", "-o names no file.")
        ending = self._given.suffix
        if (
            folder
            and ending.casefold() == ".mp4"
            and not self._given.is_dir()
            and given[-1] not in ("/", os.sep)
        ):
            message = f"-o is {given!r}; here it is a folder."
            raise InvalidRequestError("output", message, "Leave the ending out. Nothing was sent.")
        if not self._folder and not ending:
            self._given = self._given.with_name(f"{self._given.name}.mp4")
        elif not self._folder and ending.casefold() != ".mp4":
            hint = f"Call it {self._given.with_suffix('.mp4').name}, or give a folder: {given}/."
            message = f"-o is {given!r}, and videos are MP4s."
            raise InvalidRequestError("output", message, f"{hint} Nothing was sent.")
        place = self._given if self._folder else self._given.parent
        if library is not None and place.resolve().is_relative_to(library.resolve()):
            message = f"-o is {given!r}, which is within the library."
            raise InvalidRequestError("output", message, "Give a place outside. Nothing was sent.")
        if self._folder and not place.exists():
            return  # it is made with the first video
        if not place.is_dir():
            what = "is no folder" if place.exists() else "is not there"
            raise InvalidRequestError("output", f"-o is {given!r}: {str(place)!r} {what}.")

    def name(self, at: int) -> Path | None:
        """What the video at this place is called, as far as that is known before it is made."""
        given = self._given
        if given is None or self._folder:
            return None
        return given if self._count == 1 else given.with_name(f"{given.stem}-{at + 1}{given.suffix}")

    def check(self, at: int, known: Path | None) -> None:
        """Raises InvalidRequestError if the name is taken by anything but the video `known`: before anything
        is paid for."""
        target = self.name(at)
        if target is None or not os.path.lexists(target):
            return
        if not target.is_symlink() and not target.is_file():
            message = f"-o: {str(target)!r} is no file."
            raise InvalidRequestError("output", message, "Give another name. Nothing was sent.")
        if self._force:
            return
        if known is None or not _same(known, target):
            message = f"-o: {str(target)!r} is there already."
            raise InvalidRequestError("output", message, "Give another name, or --force. Nothing was sent.")

    def put(self, at: int, video: Path) -> Path | None:
        """Gives the video at this place its name. Raises OSError."""
        if self._given is None:
            return None
        if self._folder:
            self._given.mkdir(parents=True, exist_ok=True)
        target = self.name(at) or self._given / video.name
        if self._force:
            _replace(video, target)
        else:
            _create(video, target)
        return target


def _same(one: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return one.samefile(other) or filecmp.cmp(one, other, shallow=False)
    return False


def _create(video: Path, target: Path) -> None:
    if os.path.lexists(target) and _same(video, target):
        return
    _copy(video, target)


def _copy(video: Path, target: Path) -> None:
    with video.open("rb") as source, target.open("xb") as copy:
        try:
            shutil.copyfileobj(source, copy, 1 << 20)
        except BaseException:
            copy.close()
            target.unlink()
            raise


def _replace(video: Path, target: Path) -> None:
    if os.path.lexists(target) and not target.is_symlink() and _same(video, target):
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        _create(video, part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
