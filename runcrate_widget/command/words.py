"""Texts for a terminal: harmless, of the right width, aligned."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runcrate_widget.errors import RuncrateError

#: What an error says to programs, and what a person at a shell does instead.
_HERE = (
    (", or pass VideoClient(api_key=…); demo=True needs none.", "; --demo needs none."),
    (", or VideoClient(api_key=…)", ""),
    ("Give its price: VideoClient(prices={…}).", 'Give its price: --price "MODEL=DOLLARS".'),
    ("another is given as model=Model(…)", "another is added in the file that RUNCRATE_MODELS names"),
    ("max_concurrent=", "--max-concurrent"),
    ('job.adopt("vid_…") goes on with it', "`runcrate-widget settle {key} --id vid_…` goes on with it"),
    ("(job.resubmit())", "(`… settle {key} --resend`)"),
    ("(job.cancel())", "(`… settle {key} --give-up`)"),
    ("job.resubmit() sends it as it is", "`runcrate-widget settle {key} --resend` sends it as it is"),
    ("resubmit() sends it again, adopt(id) gives it one", "See `runcrate-widget settle`"),
)


def clean(text: str) -> str:
    """`text` in one line, without what a terminal would take for an order (a prompt, or a service, may say
    anything)."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def width(text: str) -> int:
    """Of how many columns a terminal shows it."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def cut(text: str, columns: int) -> str:
    """The beginning of `text`, in at most so many columns."""
    if width(text) <= columns:
        return text
    kept = ""
    for char in text:
        if width(kept + char) > columns - 1:
            break
        kept += char
    return f"{kept.rstrip()}…"


def table(rows: Sequence[Sequence[str]], columns: int | None) -> list[str]:
    """The lines of a table, of which the last column is cut where it would go over `columns`."""
    rows = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell + " " * (wide - width(cell)) for cell, wide in zip(row[:-1], widths, strict=False)]
        before = "".join(f"{cell}  " for cell in cells)
        left = None if columns is None else max(columns - width(before), 10)
        lines.append((before + (row[-1] if left is None else cut(row[-1], left))).rstrip())
    return lines


def shown(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def hint_of(error: RuncrateError, key: str = "KEY") -> str:
    """An error's hint, as it is at a shell; `key` is its job's."""
    hint = error.hint
    for there, here in _HERE:
        hint = hint.replace(there, here.replace("{key}", key))
    return hint


def told(error: RuncrateError, key: str = "KEY") -> str:
    """What happened, and what to do."""
    return clean(f"{error.message} {hint_of(error, key)}")
