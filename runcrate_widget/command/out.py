"""`Out`: where a command says what it has to say. Results go to standard output: as text, or with `--json` as
one object a line; everything else goes to standard error."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .options import PROGRAM
from .words import error_fields, table, told

if TYPE_CHECKING:
    from runcrate_widget.errors import RuncrateError
    from runcrate_widget.jobs.progress import Progress


class Out:
    """What one command says.

    Attributes:
        json: whether results are objects.
        began: whether something may have been sent.
        closed: whether nobody reads the results any more (`… | head`): they are then dropped.
        lost: whether results could not be written for another reason (a full disk).
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.began = False
        self.closed = False
        self.lost = False
        self._progress: Progress | None = None
        for stream in (sys.stdout, sys.stderr):
            # Neither another alphabet nor a name that is no text may end a command whose jobs are paid.
            with contextlib.suppress(AttributeError, ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

    @property
    def columns(self) -> int | None:
        """How wide a text may be; None where no person looks."""
        return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None

    def object(self, fields: Mapping[str, Any]) -> None:
        """One line of JSON, for programs; in ASCII, so that every console and pipe carries it."""
        if self.json:
            self._write(json.dumps(fields))

    def text(self, text: str) -> None:
        """One line, for people and for what reads names of files."""
        if not self.json:
            self._write(text)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows, for people; the first has the names of the columns."""
        if not self.json and len(rows) > 1:
            for line in table(rows, self.columns):
                self._write(line)

    def say(self, text: str) -> None:
        """One line on standard error, for people."""
        self.clear()
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def error(self, error: RuncrateError, code: int, **where: Any) -> None:
        """Says what went wrong with the command, or with a row (`where` says which)."""
        place = f"{where['file']}, line {where['line']}: " if "line" in where else ""
        self.say(f"{place}{told(error)}" if place else f"{PROGRAM}: {told(error)}")
        about = {"code": code, "file": None, "line": None, **where}
        self.object({"type": "error", **error_fields(error), **about})

    def progress(self, text: str, *, last: bool = False) -> None:
        """Shows how far it is, where standard error is a terminal."""
        if self._progress is None:
            from runcrate_widget.jobs.progress import Progress

            self._progress = Progress()
            if os.name == "nt" and self._progress.on_terminal:
                os.system("")  # has an old console understand what clears a line
        if self._progress.on_terminal:
            self._progress.show(text, last=last)

    def clear(self) -> None:
        """Takes the line of progress away."""
        if self._progress is not None:
            self._progress.clear()

    def _write(self, line: str) -> None:
        if self.closed or sys.stdout is None:
            return
        self.clear()
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except OSError as error:
            self.closed = True
            if error.errno not in (errno.EPIPE, errno.EINVAL):  # the second is Windows' word for it
                self.lost = True
                self.say(f"{PROGRAM}: standard output cannot be written: {error.strerror}.")
            # Else Python complains at its end, when it flushes.
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, sys.stdout.fileno())
                os.close(nowhere)
