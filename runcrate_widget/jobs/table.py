"""What is asked for in bulk, as rows: a list of prompts, of requests or of dictionaries, or any table
(pandas, polars or pyarrow, by narwhals). Nothing is checked here but that it has rows and known columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from runcrate_widget.errors import InvalidRequestError, MissingExtraError
from runcrate_widget.request import VideoRequest

#: What a column may be: the parameters of `client.generate`.
COLUMNS = ("prompt", "model", "duration", "aspect_ratio", "image", "extra", "take")

#: One thing that is asked for: a whole request, or some of its parameters by their names.
Row: TypeAlias = "VideoRequest | dict[str, Any]"

_HINT = (
    "Give a list of prompts, of VideoRequests or of dictionaries, or a table with the columns "
    + ", ".join(COLUMNS)
)


def rows_of(given: Any) -> list[Row]:
    """The rows of what is given, in their order.

    Args:
        given: one prompt or request; a list of prompts, requests or dictionaries of `client.generate`'s
            parameters; a table with these as its columns. A cell that is empty (None or NaN) is one that is
            not given.

    Raises:
        InvalidRequestError: it is none of these, or has a column that is no parameter.
        MissingExtraError: it is a table, and narwhals is not installed.
    """
    if isinstance(given, (str, VideoRequest)):
        return [_row(given, 0)]
    if isinstance(given, Mapping):
        raise InvalidRequestError("prompts", "prompts is one dictionary.", f"{_HINT}.")
    if isinstance(given, Iterable) and not _is_table(given):
        return [_row(one, number) for number, one in enumerate(given)]
    return [_row(one, number) for number, one in enumerate(_records(given))]


def _row(one: Any, number: int) -> Row:
    if isinstance(one, VideoRequest):
        return one
    if isinstance(one, str):
        return {"prompt": one}
    if not isinstance(one, Mapping):
        raise InvalidRequestError("prompts", f"Row {number} of prompts is {one!r}.", f"{_HINT}.")
    unknown = [str(name) for name in one if name not in COLUMNS]
    if unknown:
        raise InvalidRequestError(
            "prompts",
            f"Row {number} of prompts has {', '.join(map(repr, unknown))}, which is no parameter.",
            f"Known are {', '.join(COLUMNS)}; leave other columns out.",
        )
    return {name: value for name, value in one.items() if not _is_empty(value)}


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
    return [{name: _whole(value) for name, value in row.items()} for row in rows]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
