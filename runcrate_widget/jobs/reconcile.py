"""What a ledger and a dashboard's export have of the same jobs, and where they differ.

No form of an export is documented. So its columns are found by their names, and it is said which they were.
"""

from __future__ import annotations

import csv
import io
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from runcrate_widget.checks import check_file
from runcrate_widget.errors import InvalidRequestError

from .amounts import Amounts

#: A CSV file's path, or rows.
Export: TypeAlias = "str | os.PathLike[str] | Iterable[Mapping[str, Any]]"

# Names of columns, the surest first, as `_letters` leaves them.
_IDS = ("id", "videoid", "jobid", "generationid", "requestid")
_COSTS = ("cost", "costusd", "totalcost", "amount", "amountusd", "charge", "price", "dollars", "usd", "total")

_SAME = 0.005  # dollars: half a cent
_LISTED = 10  # rows of each kind, in a repr

_reading = threading.Lock()  # the longest field that `csv` reads is one of the process


@dataclass(frozen=True, repr=False)
class Reconciliation:
    """What came of a comparison; its `repr` says it in words.

    Attributes:
        columns: which columns of the export were taken for the `id` and for the `cost`; None: there is none.
        both: how many jobs are here and there.
        only_here: rows of the ledger whose id the export has not.
        only_there: rows of the export whose id the ledger has not.
        differs: jobs of which both know the cost, and not the same: `id`, `here`, `there`.
        unpriced: jobs of which only the export knows the cost: `id`, `there`.
        without_id: rows of the ledger that have no id. Each may be one of those that are only there: then
            `job.adopt(id)` goes on with it.
        passed_over: rows of the export that have no id: a sum at the end, say.
    """

    columns: Mapping[str, str | None]
    both: int
    only_here: Sequence[dict[str, Any]]
    only_there: Sequence[dict[str, Any]]
    differs: Sequence[dict[str, Any]]
    unpriced: Sequence[dict[str, Any]]
    without_id: Sequence[dict[str, Any]]
    passed_over: int

    def __bool__(self) -> bool:
        """Whether nothing is left to explain."""
        return not (self.only_here or self.only_there or self.differs or self.without_id)

    def __repr__(self) -> str:
        id, cost = self.columns["id"], self.columns["cost"]
        lines = [f"id is the column {id!r}, cost {'is in none' if cost is None else f'the column {cost!r}'}"]
        lines.append(f"here and there: {self.both}")
        lines += _listed("only here", self.only_here, lambda row: f"{row['id']} {row['outcome']}")
        lines += _listed("only there", self.only_there, lambda row: str(row[id or ""]).strip())
        lines += _listed(
            "another cost",
            self.differs,
            lambda row: f"{row['id']} here ${row['here']:.2f}, there ${row['there']:.2f}",
        )
        lines += _listed("no price here", self.unpriced, lambda row: f"{row['id']} there ${row['there']:.2f}")
        lines += _listed("without an id", self.without_id, lambda row: f"{row['key']} {row['outcome']}")
        return "\n".join(lines)


def reconciled(rows: Sequence[dict[str, Any]], export: Export) -> Reconciliation:
    """Compares rows of a ledger with an export. Raises InvalidRequestError or OSError."""
    there_all, delimiter = _rows_of(export)
    names = list(dict.fromkeys(name for row in there_all for name in row if isinstance(name, str)))
    id_name, cost_name = _column(names, _IDS), _column(names, _COSTS)
    if id_name is None:
        has = f"Its columns are {', '.join(map(repr, names))}." if names else "It has no rows."
        hint = f"{has} The ids must be in one that is called id, video_id or job_id."
        raise InvalidRequestError("export", "The export has no column of ids.", hint)
    there: dict[str, list[dict[str, Any]]] = {}
    for row in there_all:
        if id := _text(row.get(id_name)):
            there.setdefault(id, []).append(row)
    here = {row["id"]: row for row in rows if row["id"]}
    costs = (row.get(cost_name or "") for row in there_all)
    amounts = Amounts.of(costs, semicolons=delimiter == ";")
    differs, unpriced = [], []
    for id, row in here.items():
        cost = _sum(there[id], cost_name, amounts) if id in there else None
        if cost is None:
            continue
        if row["dollars"] is None:
            unpriced.append({"id": id, "there": cost})
        elif abs(row["dollars"] - cost) > _SAME:
            differs.append({"id": id, "here": row["dollars"], "there": cost})
    return Reconciliation(
        columns={"id": id_name, "cost": cost_name},
        both=len(here.keys() & there.keys()),
        only_here=[dict(row) for id, row in here.items() if id not in there],
        only_there=[row for id, found in there.items() if id not in here for row in found],
        differs=differs,
        unpriced=unpriced,
        without_id=[dict(row) for row in rows if not row["id"]],
        passed_over=len(there_all) - sum(map(len, there.values())),
    )


def _rows_of(export: Any) -> tuple[list[dict[str, Any]], str]:
    """The rows, and what parts their fields in the file, if it is one."""
    if isinstance(export, (str, os.PathLike)):
        return _read(check_file("export", export))
    if hasattr(export, "to_dict"):  # a data frame
        export = export.to_dict("records")
    try:
        return [dict(row) for row in export], ""
    except (TypeError, ValueError):
        message = f"export is {type(export).__name__}; it must be a CSV file's path, or rows with names."
        raise InvalidRequestError("export", message) from None


def _read(path: Path) -> tuple[list[dict[str, Any]], str]:
    content = path.read_bytes()
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # as spreadsheets save "Unicode text"
    text = content.decode("utf-16" if wide else "utf-8-sig", "replace")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    with _reading:
        usual = csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a prompt may be very long
        try:
            reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
            return [dict(row) for row in reader], delimiter
        except csv.Error as error:
            hint = "Save it as CSV anew, or give rows: client.ledger.reconcile([{…}, …])."
            raise InvalidRequestError("export", f"{path} cannot be read as CSV: {error}.", hint) from None
        finally:
            csv.field_size_limit(usual)


def _column(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    """The first of the wanted columns that is there."""
    by_letters = {_letters(name): name for name in reversed(names)}
    return next((by_letters[name] for name in wanted if name in by_letters), None)


def _letters(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()  # NaN, in a data frame


def _sum(rows: Sequence[Mapping[str, Any]], column: str | None, amounts: Amounts) -> float | None:
    """What one job costs there: some export a line for each booking, and a debit below zero."""
    costs = [amounts.dollars(row.get(column)) for row in rows] if column is not None else []
    known = [cost for cost in costs if cost is not None]
    return abs(sum(known)) if known else None


def _listed(title: str, rows: Sequence[dict[str, Any]], said: Any) -> list[str]:
    more = [f"  and {len(rows) - _LISTED} more"] if len(rows) > _LISTED else []
    return [f"{title}: {len(rows)}", *(f"  {said(row)}" for row in rows[:_LISTED]), *more] if rows else []
