"""An export's rows, as the content of its metadata file: JSON lines, CSV or Parquet. Pure."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

from runcrate_widget.errors import MissingExtraError

from .columns import COLUMNS, Row

#: What each format's file is called: all three are what Hugging Face's `datasets` looks for.
FILES = {"videofolder": "metadata.jsonl", "csv": "metadata.csv", "parquet": "metadata.parquet"}

# JSON lets these stand in a text; but some readers of lines end a line there.
_LINE_ENDS = str.maketrans({char: f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"})


def written(rows: Sequence[Row], format: str) -> bytes:
    """The content of `FILES[format]`. Raises MissingExtraError."""
    return _WRITERS[format](rows)


def _jsonl(rows: Sequence[Row]) -> bytes:
    lines = (json.dumps(_told(row), ensure_ascii=False, allow_nan=False) for row in rows)
    return "".join(f"{line.translate(_LINE_ENDS)}\n" for line in lines).encode()


def _csv(rows: Sequence[Row]) -> bytes:
    """UTF-8, without a byte order mark; a list is JSON, and what is not known is empty."""
    import csv

    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(map(_cell, _told(row).values()))
    return file.getvalue().encode()


def _parquet(rows: Sequence[Row]) -> bytes:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.parquet as parquet  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError(
            "Parquet needs pyarrow, which is not installed.",
            "Install it with: pip install 'runcrate_widget[data]', or choose format='videofolder'.",
        ) from None
    types = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "moment": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=schema), file)
    return file.getvalue()


def _told(row: Row) -> Row:
    """With texts in place of moments."""
    return {name: _moment(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _moment(moment: datetime) -> str:
    # All of one length, so that nobody takes the round ones for another type than the rest.
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, bool)) else value


_WRITERS: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "videofolder": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
}
