"""One line that says how far many videos are, as tqdm writes it:

37%|███▋      | 37/100 [02:10<03:42, 2 failed]
"""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 10  # characters of the bar
_PARTS = " ▏▎▍▌▋▊▉"
_EVERY_SHOWN = 0.2  # seconds between two states of the line, on a terminal
_EVERY_LOGGED = 30.0  # and in a log


def clock(seconds: float) -> str:
    """`02:10`, `1:02:10`."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def line(done: int, total: int, elapsed: float, *, failed: int = 0, left: float | None = None) -> str:
    """The line, of which `elapsed` and `left` are seconds; `left` is None where nobody knows."""
    share = done / total if total else 1.0
    eighths = int(share * _WIDTH * 8)
    bar = "█" * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")
    times = f"{clock(elapsed)}<{'?' if left is None else clock(left)}"
    wrong = f", {failed} failed" if failed else ""
    return f"{share:4.0%}|{bar:{_WIDTH}}| {done}/{total} [{times}{wrong}]"


def time_left(elapsed: float, made: int, rest: int, expected: float | None) -> float | None:
    """In how many seconds the `rest` is made, of which none is there already, when `made` took `elapsed`;
    as long as none is made, by how long all were `expected` to take. None: nobody knows."""
    if rest <= 0:
        return 0.0
    if made > 0:
        return elapsed / made * rest
    return expected - elapsed if expected is not None and expected > elapsed else None


class Progress:
    """Writes the line to `stream` (standard error): over itself on a terminal, now and then in a log."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        #: Whether a person is looking at it.
        self.on_terminal = self._stream.isatty()
        self._written = float("-inf")
        self._last = ""

    def show(self, text: str, *, last: bool = False) -> None:
        """Shows it, if it is time to."""
        now = time.monotonic()
        every = _EVERY_SHOWN if self.on_terminal else _EVERY_LOGGED
        if text == self._last or (not last and now - self._written < every):
            return
        self._written, self._last = now, text
        self._stream.write(f"\r{text}\x1b[K{chr(10) if last else ''}" if self.on_terminal else f"{text}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Takes the line away from a terminal, so that something else can be written there."""
        if self.on_terminal and self._last:
            self._written, self._last = float("-inf"), ""
            self._stream.write("\r\x1b[K")
            self._stream.flush()
