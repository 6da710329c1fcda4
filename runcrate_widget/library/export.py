"""`export`: the library's videos as a folder that other programs read. It is the method `Library.export`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from runcrate_widget.checks import check_here
from runcrate_widget.errors import InvalidRequestError, InvalidVideoError
from runcrate_widget.format import videos
from runcrate_widget.media.mp4 import read_mp4
from runcrate_widget.media.plain import open_plain

from .choice import check
from .record import JobStatus, Record

if TYPE_CHECKING:
    from .library import Library

#: Which videos: keywords of `Library.filter`; a function that says it of a record; or the records, jobs, keys
#: or ids themselves.
Where: TypeAlias = "Mapping[str, Any] | Callable[[Record], object] | Iterable[Any] | None"

_WHERE = "keywords of library.filter ({'kept': True}), a function of a record, or a list of records or keys"
_SAID = 3  # of what was left out


@dataclass(frozen=True)
class Exported:
    """What an export has become. It is a path, too: `open(exported / "metadata.jsonl")`.

    Attributes:
        folder: where it is.
        videos: how many are in it.
        copied: how many of these have come anew; the others were there, and the same.
        skipped: why a video that was asked for is not in it, by its key.
    """

    folder: Path
    videos: int
    copied: int
    skipped: Mapping[str, str] = field(default_factory=dict)

    def __fspath__(self) -> str:
        return os.fspath(self.folder)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def __str__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        left_out = f", {_said(self.skipped)}" if self.skipped else ""
        return f"<Exported {videos(self.videos)} ({self.copied} new) in {str(self.folder)!r}{left_out}>"


def export(
    self: Library,
    folder: str | os.PathLike[str],
    *,
    where: Where = None,
    format: str = "videofolder",
    link: bool = False,
) -> Exported:
    """Makes a folder of videos, and of a file that tells of each: what was asked for, what you made of it,
    what it cost and how long it took (`docs/recipes/export.md` has the columns).

    Called again it brings the folder up to date: what is the same is not copied again, and what does not
    belong to it any more is taken away. Files that are yours are left alone.

    Args:
        folder: where: a new or empty folder outside of the library, or one that was exported before.
        where: which videos: the keywords of `filter`, as a dictionary; or a function that says it of a
            `Record`; or records, jobs, keys or ids, in the order that they shall have. By default all but
            those that were put away. Oldest first.
        format: `"videofolder"` (Hugging Face: `metadata.jsonl`), `"csv"` (`metadata.csv`) or `"parquet"`
            (`metadata.parquet`, which needs pyarrow: the extra `data`).
        link: True gives the library's own files a second name, where the file system can, instead of copying
            them. That takes no room; but whoever changes such a file changes the library's.

    Raises:
        InvalidRequestError: an argument is not what belongs there; no video matches; or there is something in
            the folder that is no export, or was changed by somebody else.
        MissingExtraError: a package is not installed.
        RuncrateError: another process exports to this folder right now.
        LibraryError: the folder cannot be written.

    A video whose file is not there is left out, with a warning; `Exported.skipped` says why.

    Example:
        >>> client.library.export("foxes", where={"kept": True, "text": "fox"})     # doctest: +SKIP
        <Exported 12 videos (12 new) in '/home/me/foxes'>
    """
    from .columns import Row, file_name, row_of
    from .formats import FILES, written
    from .mirror import Mirror

    place = _place(folder)
    if place.is_relative_to(self.folder.resolve()):
        message = f"folder is {os.fspath(folder)!r}, which is within the library."
        raise InvalidRequestError(
            "folder", message, "Give one outside: what is in there is the library's own."
        )
    good = isinstance(format, str) and format in FILES
    check("format", format, good, f"one of {', '.join(map(repr, FILES))}")
    check("link", link, isinstance(link, bool), "True or False")
    records = _chosen(self, where)
    written([], format)  # before anything is copied: a package may be missing
    taken: set[str] = set()
    names = {record.name: file_name(record, taken) for record in records}
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    with Mirror.of(place) as mirror:
        mirror.claim(names.values())
        for record in records:
            name = names[record.name]
            try:
                path = self.store.bring(record.name) or record.path
                mp4 = read_mp4(path)
                file = os.fdopen(open_plain(path), "rb")
            except (InvalidVideoError, OSError) as error:
                skipped[record.key] = _why(self, record, error)
                continue
            with file:
                sha256 = mirror.put(file, path, name, link=link)
            rows.append(row_of(record, name, mp4, sha256))
        if not rows:
            message = f"where asks for {len(records)} videos, and no file of them is there."
            raise InvalidRequestError("where", message, f"{_said(skipped)}.")
        mirror.finish(FILES[format], written(rows, format))
    if skipped:
        warnings.warn(f"The export {place.name} has {_said(skipped)}.", stacklevel=2)
    return Exported(place, len(rows), mirror.copied, skipped)


def _place(folder: object) -> Path:
    try:
        path = os.fsdecode(folder)  # type: ignore[arg-type]
        if not path.strip() or "\0" in path:
            raise ValueError
        place = Path(path).expanduser().resolve()
    except (TypeError, ValueError, RuntimeError, OSError):
        message = f"folder is {folder!r}; it must be the path of a folder."
        raise InvalidRequestError("folder", message) from None
    check_here("folder", path)
    return place


def _chosen(library: Library, where: Where) -> list[Record]:
    """The records that are asked for. Raises InvalidRequestError."""
    if where is None or isinstance(where, Mapping):
        found = _filtered(library, where or {})
    elif callable(where):
        found = [record for record in _filtered(library, {}) if where(record)]
    else:
        good = isinstance(where, Iterable) and not isinstance(where, (str, bytes))
        check("where", where, good, _WHERE)
        found = _listed(library, where)
    if not found:
        raise InvalidRequestError("where", "No video of this library is what where asks for.")
    return found


def _filtered(library: Library, asked: Mapping[str, Any]) -> list[Record]:
    """Those that have a video, oldest first."""
    import inspect

    known = list(inspect.signature(library.filter).parameters)
    for name in asked:
        if name not in known:
            message = f"where has {name!r}, which is nothing that filter knows."
            raise InvalidRequestError("where", message, f"There are {', '.join(known)}.")
    return [one for one in reversed(library.filter(**asked)) if one.status is JobStatus.COMPLETED]


def _listed(library: Library, given: Iterable[Any]) -> list[Record]:
    """As they are now, each once, in their order."""
    by_word: dict[str, Record] = {}
    for record in library:
        by_word.update({word: record for word in (record.id, record.key, record.name) if word})
    found = {}
    for one in given:
        # A copied record has the key of another, and its own name.
        word = one if isinstance(one, str) else getattr(one, "name", None) or getattr(one, "key", None)
        known = by_word.get(word) if isinstance(word, str) else None
        if known is None or getattr(one, "folder", library.folder) != library.folder:
            message = f"where has {one!r}, which is no job of this library."
            raise InvalidRequestError("where", message, f"where must be {_WHERE}.")
        found[known.name] = known
    return list(found.values())


def _why(library: Library, record: Record, error: Exception) -> str:
    if record.status is not JobStatus.COMPLETED:
        return f"its job is {record.status}"
    if not isinstance(error, FileNotFoundError):
        return str(getattr(error, "strerror", None) or error).rstrip(".")
    deleted = library.bin.find(record) is not None
    return "it was deleted; library.restore brings it back" if deleted else "its file is gone"


def _said(skipped: Mapping[str, str]) -> str:
    """`2 left out: 3f9c2a71 (its file is gone), …`"""
    some = [f"{key} ({why})" for key, why in skipped.items()]
    more = f" and {len(some) - _SAID} more" if len(some) > _SAID else ""
    return f"{len(some)} left out: {', '.join(some[:_SAID])}{more}"
