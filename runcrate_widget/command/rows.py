"""A file of prompts: CSV, whose columns are parameters or the user's own; JSON lines, an object (or a prompt)
each; or, where its name ends in `.txt`, a prompt a line. None is taken for another, because each line may
cost: a table that is called `.txt` is refused, and so is a list that is not."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.jobs.table import COLUMNS, parameter

from .words import clean

_BOTH = (
    "The first line names the columns: put `prompt` on top. A list with a prompt a line, and nothing else, "
    "is a file whose name ends in .txt."
)
_PLAIN = "and a file in .txt has a prompt a line"
_LONGEST = 100_000_000  # bytes


@dataclass
class Rows:
    """What a file asks for.

    Attributes:
        name: the file's.
        rows: the rows, as `client.plan` takes them.
        lines: the line of each in the file, from 1, where it begins.
        problems: the lines that cannot be read, and why.
    """

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[tuple[int, InvalidRequestError]] = field(default_factory=list)


def read_rows(name: str) -> Rows:
    """The rows of a file; `-` is standard input. One bad row stops no other.

    Raises:
        InvalidRequestError: it cannot be read at all, or has a column that is almost a parameter.
    """
    text = _text(name)
    found = Rows("standard input" if name == "-" else name)
    first = text.lstrip()[:1]
    plain = Path(name).suffix.casefold() == ".txt"
    if first == "[" and not plain:
        message = f"{found.name} is a JSON array."
        raise InvalidRequestError("file", message, "Give JSON lines (an object a line), or CSV.")
    folder = Path() if name == "-" else Path(name).parent
    if plain:
        _check_plain(text, found.name)
        read = _lines(text)
    elif first in ("{", '"') and _is_json(text):
        read = _objects(text)
    else:
        read = _cells(text, found.name)
    for line, row in read:
        if not isinstance(row, InvalidRequestError) and "prompt" not in row:
            row = InvalidRequestError("prompt", "it has no prompt.", "Describe what the video shows.")
        if isinstance(row, InvalidRequestError):
            found.problems.append((line, row))
        else:
            found.rows.append(_with_image(row, folder))
            found.lines.append(line)
    if not found.rows and not found.problems:
        raise InvalidRequestError("file", f"{found.name} has no rows.")
    return found


def _text(name: str) -> str:
    try:
        if name == "-":
            if sys.stdin is None:
                raise OSError("standard input is closed")
            content = sys.stdin.buffer.read(_LONGEST + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(_LONGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidRequestError("file", f"{name} cannot be read: {why}.") from None
    if len(content) > _LONGEST:
        raise InvalidRequestError("file", f"{name} has more than {_LONGEST // 1_000_000} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"{name}, line {line}, is not UTF-8."
        raise InvalidRequestError("file", message, 'Save it as UTF-8 (Excel: "CSV UTF-8").') from None


def _is_json(text: str) -> bool:
    """Whether the first line is a JSON value by itself: the first of a CSV may be in quotes, too."""
    try:
        first = json.loads(text.lstrip().split("\n", 1)[0])
    except (ValueError, RecursionError):
        return text.lstrip()[:1] == "{"
    return not (isinstance(first, str) and first.strip().casefold() in COLUMNS)


def _check_plain(text: str, name: str) -> None:
    """Raises InvalidRequestError where what is called a list of prompts looks like something else: its lines
    would be paid for as they stand."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    if not head:
        return
    if head.strip() in ("[", "{") or _is_object(head):
        raise InvalidRequestError("file", f"{name} has JSON, {_PLAIN}.", "Call it .jsonl.")
    columns = _names(_split(head))
    if "prompt" in columns or all(column in COLUMNS for column in columns if column):
        message = f"{name} begins with the names of columns ({clean(head)[:60]})"
        raise InvalidRequestError("file", f"{message}, {_PLAIN}.", "Call it .csv, or take that line away.")


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), (dict, list, str))
    except (ValueError, RecursionError):
        return False


def _lines(text: str) -> Iterator[tuple[int, dict[str, Any] | InvalidRequestError]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, {"prompt": line.strip()}


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any] | InvalidRequestError]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, _object(line)


def _object(line: str) -> dict[str, Any] | InvalidRequestError:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        return InvalidRequestError("row", f"this is no JSON: {error}")
    if isinstance(given, str):
        return {"prompt": given}
    if not isinstance(given, dict):
        return InvalidRequestError("row", "this is no JSON object.", "Give one with parameters by name.")
    try:
        columns = _columns(given, "row", "it")
    except InvalidRequestError as error:
        return error
    return dict(zip(columns, given.values(), strict=True))


def _columns(names: Iterable[str], kind: str, of: str) -> list[str]:
    """What the columns are: parameters by their names, and the user's own."""
    columns: list[str] = []
    for name in names:
        column = parameter(name, of) or name
        if column in columns:
            raise InvalidRequestError(kind, f"{of} has the column {column!r} twice.")
        columns.append(column)
    return columns


def _cells(text: str, name: str) -> Iterator[tuple[int, dict[str, Any] | InvalidRequestError]]:
    head = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(head), strict=True)
    columns: list[str] | None = None
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _head(cells, name)
            else:
                yield line, _row(columns, cells)
    except csv.Error as error:
        where = reader.line_num if columns is None else before + 1
        yield where, InvalidRequestError("row", f"this is no CSV from here on: {error}.")


def _delimiter(head: str) -> str:
    return next((one for one in ",;\t" if one in head), ",")


def _split(head: str) -> list[str]:
    return [cell.strip().strip('"') for cell in head.split(_delimiter(head))]


def _names(cells: list[str]) -> list[str]:
    return [re.sub(r"[\s-]+", "_", cell.strip().casefold()) for cell in cells]


def _head(cells: list[str], file: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if "" in names:
        raise InvalidRequestError("file", f"{file} has a column without a name.", _BOTH)
    columns = _columns(names, "file", file)
    if "prompt" not in columns:
        message = f"{file} has no column 'prompt'; it has {', '.join(map(repr, columns))[:200]}."
        raise InvalidRequestError("file", message, _BOTH)
    return columns


def _row(columns: list[str], cells: list[str]) -> dict[str, Any] | InvalidRequestError:
    if any(cell.strip() for cell in cells[len(columns) :]):
        message = f"it has {len(cells)} cells, and the first line has {len(columns)}."
        return InvalidRequestError("row", message, "Put a prompt that has commas into quotes.")
    return {
        name: _value(name, cell.strip()) for name, cell in zip(columns, cells, strict=False) if cell.strip()
    }


def _value(name: str, cell: str) -> Any:
    """What a cell says; what it says wrongly stays a text, and is refused as such, with its row."""
    if name in ("duration", "take") and re.fullmatch(r"\d{1,9}(\.0*)?", cell):
        return int(float(cell))
    if name == "extra":
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def _with_image(row: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A picture is named as seen from the file that names it."""
    image = row.get("image")
    if isinstance(image, str) and "://" not in image:
        return {**row, "image": os.fspath(folder / image)}
    return row
