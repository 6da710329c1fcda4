"""Rows as a table of whatever is installed, and records as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from runcrate_widget.errors import MissingExtraError

from .columns import COLUMNS, Row, facts_of
from .places import is_made
from .record import Record

_FACTS = list(COLUMNS)[1 : list(COLUMNS).index("seconds")]  # what is known without the file
_COLUMNS = ("key", "id", "status", *_FACTS, "demo", "hidden", "service", "path", "error")


def records_frame(records: Iterable[Record]) -> Any:
    """A row a record, with what it says. Raises MissingExtraError."""
    return frame_of([_row(record) for record in records], _COLUMNS)


def frame_of(rows: Sequence[Row], columns: Sequence[str] = ()) -> Any:
    """A DataFrame of pandas, or else of polars, or a table of pyarrow; without rows it has the `columns` all
    the same. Raises MissingExtraError."""
    names = columns or (list(rows[0]) if rows else [])
    table = {name: [row[name] for row in rows] for name in names}
    for name in ("pandas", "polars", "pyarrow"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        if name == "pyarrow":
            return module.table(table)
        # A person's own columns may have something of each kind.
        return module.DataFrame(table, **({"strict": False} if name == "polars" else {}))
    raise MissingExtraError(
        "to_frame() needs pandas, polars or pyarrow, of which none is installed.",
        "Install one of them: pip install pandas.",
    )


def _row(record: Record) -> Row:
    made = is_made(record)
    return {
        "key": record.key,
        "id": record.id,
        "status": record.status.value,
        **facts_of(record),
        "demo": record.demo,
        "hidden": record.choice.hidden,
        "service": record.service,
        "path": str(record.path) if made else None,
        "error": record.error.get("message") if record.error else None,
    }
