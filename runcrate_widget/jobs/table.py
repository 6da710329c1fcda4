"""What is asked for in bulk, as rows: a list of prompts, of requests or of dictionaries, or any table
(pandas, polars or pyarrow, by narwhals). Nothing is checked here but that it has rows, and what its columns
are: a parameter each, or the user's own."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from runcrate_widget.errors import InvalidRequestError, MissingExtraError
from runcrate_widget.request import VideoRequest

#: What a column may be: the parameters of `client.generate`.
COLUMNS = ("prompt", "model", "duration", "aspect_ratio", "image", "extra", "take")

#: What the API calls some of them.
_OF_THE_API = {"image_url": "image", "duration_seconds": "duration"}
_ALIKE = 0.8  # from here on a column is a parameter that was mistyped

_HINT = (
    "Give a list of prompts, of VideoRequests or of dictionaries, or a table with the columns "
    + ", ".join(COLUMNS)
)

#: How a file of prompts is read, by its suffix.
_READ = {
    ".csv": "pandas.read_csv({})",
    ".tsv": 'pandas.read_csv({}, sep="\\t")',
    ".parquet": "pandas.read_parquet({})",
    ".json": "pandas.read_json({})",
    ".jsonl": "pandas.read_json({}, lines=True)",
    ".xlsx": "pandas.read_excel({})",
    ".txt": "pathlib.Path({}).read_text().splitlines()",
}


@dataclass(frozen=True)
class Row:
    """One thing that is asked for.

    Attributes:
        given: parameters by their names, as far as they are given.
        own: the columns that are no parameters, by their names: they are the user's own.
        request: a whole request, in place of `given`.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[Any, Any] = field(default_factory=dict)
    request: VideoRequest | None = None


def rows_of(given: Any) -> list[Row]:
    """The rows of what is given, in their order.

    Args:
        given: one prompt or request; a list of prompts, requests or dictionaries of `client.generate`'s
            parameters; a table with these as its columns. A cell that is empty (None or NaN) is one that is
            not given; a column that is no parameter is the user's own.

    Raises:
        InvalidRequestError: it is none of these, or the name of a file; or it has a column that is almost a
            parameter, or none of prompts.
        MissingExtraError: it is a table, and narwhals is not installed.
    """
    _refuse_file(given)
    if isinstance(given, (str, VideoRequest)):
        return [_row(given, 0)]
    if isinstance(given, Mapping):
        raise InvalidRequestError("prompts", "prompts is one dictionary.", f"{_HINT}.")
    listed = isinstance(given, Iterable) and not _is_table(given)
    things = list(given) if listed else _records(given)
    rows = [_row(one, number) for number, one in enumerate(things)]
    if things and all(isinstance(one, Mapping) and "prompt" not in _parameters(one) for one in things):
        names = ", ".join(dict.fromkeys(repr(name) for one in things for name in one)) or "no columns"
        raise InvalidRequestError("prompts", f"prompts has no column 'prompt'; it has {names}.", f"{_HINT}.")
    return rows


def _refuse_file(given: Any) -> None:
    """Raises InvalidRequestError for what names a file, and is no prompt."""
    if not isinstance(given, (str, os.PathLike)):
        return
    name = os.fspath(given)
    if isinstance(given, str) and not (_looks_like_a_file(given) or _is_a_file(given)):
        return
    suffix = os.path.splitext(name)[1].casefold()
    read = _READ.get(str(suffix), _READ[".txt"]).format(repr(name))
    hint = f"Read it: client.plan({read})."
    if isinstance(given, str):
        hint += f" To make a video of these words, give a list of them: [{name!r}]."
    raise InvalidRequestError("prompts", f"prompts is {name!r}, which is a file and no prompt.", hint)


def _looks_like_a_file(text: str) -> bool:
    return text.casefold().endswith(tuple(_READ)) and not re.search(r"\s", text)


def _is_a_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # longer than a name can be
        return False


def _row(one: Any, number: int) -> Row:
    if isinstance(one, VideoRequest):
        return Row(request=one)
    if isinstance(one, str):
        return Row({"prompt": one})
    if _is_empty(one):
        return Row()
    if not isinstance(one, Mapping):
        raise InvalidRequestError("prompts", f"Row {number} of prompts is {one!r}.", f"{_HINT}.")
    known = _parameters(one)
    given = {name: one[column] for name, column in known.items() if not _is_empty(one[column])}
    return Row(given, {column: value for column, value in one.items() if parameter(column) is None})


def _parameters(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The parameters that the columns of a row are, each with what its column is called."""
    found: dict[str, Any] = {}
    for column in row:
        name = parameter(column)
        if name in found:
            message = f"prompts has the column {name!r} twice: {found[name]!r} and {column!r}."
            raise InvalidRequestError("prompts", message, "Leave one of them out.")
        if name is not None:
            found[name] = column
    return found


@lru_cache(maxsize=1000)
def parameter(column: Any, of: str = "prompts") -> str | None:
    """Which parameter a column is, however it is written (`Aspect ratio`); None if it is the user's own.
    Raises InvalidRequestError where it is almost one; `of` says what has the column."""
    name = re.sub(r"[\s-]+", "_", str(column).strip().casefold())
    if name in COLUMNS:
        return name
    parts = {part: one for one in COLUMNS for part in one.split("_")}  # aspect, ratio
    close = difflib.get_close_matches(name, COLUMNS, 1, _ALIKE)
    meant = parts.get(name) or _OF_THE_API.get(name) or next(iter(close), None)
    if meant is None:
        return None
    raise InvalidRequestError(
        "prompts",
        f"{of} has a column {column!r}, which is no parameter. Did you mean {meant}?",
        f"Known are {', '.join(COLUMNS)}; further fields of the API go into extra. A column of your own "
        "needs a name that is less like one of these.",
    )


def _is_empty(value: Any) -> bool:
    """None, or what a table has where nothing is (NaN, NaT, pandas' NA)."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _is_table(given: Any) -> bool:
    return any(hasattr(given, name) for name in ("columns", "column_names", "__dataframe__"))


def _records(given: Any) -> list[dict[str, Any]]:
    if not _is_table(given):
        raise InvalidRequestError("prompts", f"prompts is {given!r}.", f"{_HINT}.")
    try:
        import narwhals.stable.v1 as nw
    except ImportError:
        raise MissingExtraError(
            "A table of prompts needs narwhals, which is not installed.",
            "Install it with: pip install 'runcrate_widget[data]', or give a list of dictionaries.",
        ) from None
    try:
        frame = nw.from_native(given, eager_only=True)
    except TypeError as error:
        raise InvalidRequestError(
            "prompts", f"prompts is no table that can be read: {error}", _HINT
        ) from None
    rows: list[dict[str, Any]] = list(frame.iter_rows(named=True))
    # Where a column has holes, pandas makes its whole numbers floats.
    return [
        {name: _whole(value) if parameter(name) else value for name, value in row.items()} for row in rows
    ]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
