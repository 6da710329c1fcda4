"""Texts for a terminal: harmless, of the right width, aligned."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runcrate_widget.errors import RuncrateError

_EXPANDED = (
    "runcrate_widget.expand(prompt) is the list of them; a VideoRequest(prompt, model=…) is sent with its "
    "braces as they are"
)
#: What an error says to programs, and what a person at a shell does instead.
_HERE = (
    (_EXPANDED, "Write each as a line of a .txt file, and `runcrate-widget batch FILE.txt` makes them all"),
    ("Choose when it is: job.wait().", "Choose when it is: `runcrate-widget resume` goes on with it."),
    ("job.resume() brings it back", "the command that asked for it brings it back"),
    ("job.resume() goes on with it", "`runcrate-widget resume` goes on with it"),
    ("job.resume() goes on", "`runcrate-widget resume` goes on"),
    ("Send it (job.resume()), or give it up (job.cancel())", "Run what asked for it again: that sends it"),
    ("client.job(id) fetches the video", "`runcrate-widget get ID` fetches the video"),
    ("VideoClient(library=…) or RUNCRATE_LIBRARY", "--library or RUNCRATE_LIBRARY"),
    (", or pass VideoClient(api_key=…); demo=True needs none.", "; --demo needs none."),
    (", or VideoClient(api_key=…)", ""),
    ("another is given as model=Model(…)", "another is added in the file that RUNCRATE_MODELS names"),
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


def at_shell(message: str, hint: str, key: str = "KEY") -> tuple[str, str]:
    """An error's message and hint, as they are at a shell; `key` is its job's."""
    for there, here in _HERE:
        hint = hint.replace(there, here.replace("{key}", key))
    unpriced = _UNPRICED.search(message)
    if unpriced:
        hint = hint.replace(*_PRICE).replace("MODEL", unpriced[1])
    return _OPTIONS.sub(_option, message), _OPTIONS.sub(_option, hint)


#: Arguments of the client that are options here.
_OPTIONS = re.compile(r"\b(max_cost|max_seconds|max_concurrent|base_url|prices(?= (?:is|has|are)\b))\b=?")
_UNPRICED = re.compile(r"what a video of (.+) takes of it")
_PRICE = (
    "Give its price: VideoClient(prices={…}).",
    'Give its price, in dollars a second: --price "MODEL=…".',
)


def _option(found: re.Match[str]) -> str:
    name = found[1].removesuffix("s") if found[1] == "prices" else found[1]
    return f"--{name.replace('_', '-')}"


def error_fields(error: RuncrateError, key: str = "KEY") -> dict[str, str]:
    """An error as JSON has it."""
    message, hint = at_shell(error.message, error.hint, key)
    return {"kind": error.kind, "message": message, "hint": hint}


def told(error: RuncrateError, key: str = "KEY") -> str:
    """What happened, and what to do."""
    return clean(" ".join(at_shell(error.message, error.hint, key)))
