"""The line of `%%video` and `%video`: the options of `runcrate-widget generate`, and the help."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from IPython.core.error import UsageError

from runcrate_widget.catalog import ASPECT_RATIOS
from runcrate_widget.typed import extra_of, nearest

_ABOUT = """\
Makes a video of the cell's text (%%video) or of the words after the options (%video). Run again, it is free.
`{name}` is filled in from the notebook, in the text and in the options.
"""
_EXAMPLE = """\
* given more than once: a video with each of them

example:
  %%video --model "Veo 3.0" --duration 4 -o fox
  A {animal} in the snow, slow dolly
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without a traceback."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%%video: {message}. (%%video --help has the options.)")

    def unrecognized(self, word: str) -> NoReturn:
        """Refuses a word that is no option."""
        near = nearest(word, self._option_string_actions) if word.startswith("-") else ""
        raise UsageError(f"%%video: unrecognized: {word}.{near} (%%video --help has the options.)")


def parser(fill: Callable[[str], str] = str) -> Parser:
    """The options; `fill` fills in the notebook's variables."""

    def whole(text: str) -> int:
        try:
            return int(fill(text))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None

    def extra(text: str) -> dict[str, Any]:
        try:
            return extra_of(text if text.lstrip().startswith("{") else fill(text))
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    def text(given: str) -> str:
        return fill(given)

    one = Parser(
        prog="%%video",
        usage="%%%%video --model NAME [options]   (the text: the cell); %%video … A fox in the snow",
        description=_ABOUT,
        epilog=_EXAMPLE,
        add_help=False,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = one.add_argument
    add("-m", "--model", type=text, action="append", metavar="NAME", help="a name or an id*")
    add("-d", "--duration", type=whole, action="append", metavar="SECONDS", help="whole seconds* (6)")
    ratios = " or ".join(ASPECT_RATIOS)
    add("-a", "--aspect-ratio", type=text, action="append", metavar="RATIO", help=f"{ratios}*")
    add("-t", "--takes", type=whole, default=1, metavar="N", help="how many videos of each (1)")
    add("--take", type=whole, default=1, metavar="N", help="the first take: another video of the same (1)")
    add("-i", "--image", metavar="FILE", help="what it begins with: a path, an https URL, or a variable")
    add(
        "--extra",
        type=extra,
        action="append",
        metavar="KEY=VALUE",
        help="a further field of the API: seed=7 (or several as JSON)",
    )
    add(
        "-o",
        "--output",
        metavar="VARIABLE",
        help="the variable that gets the job, or the batch (of which job.video.path is the file)",
    )
    add("-c", "--client", metavar="VARIABLE", help="the variable with the client; else `client`, if any")
    add("--demo", action="store_true", help="with the demo backend: no key, no cost")
    add("-h", "--help", action="store_true", help="shows this")
    return one


def split(line: str) -> Sequence[str]:
    """The words of the line, as a shell splits them. Raises UsageError."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%%video: {error}. Close the quotes.") from None


def help_alone(lines: list[str]) -> list[str]:
    """A cell that is nothing but `%%video --help`, as the line magic: IPython refuses a cell without text."""
    words = "".join(lines).split()
    if words[:1] == ["%%video"] and {"-h", "--help"} & set(words) and len(lines) - lines.count("\n") == 1:
        return ["%video --help\n"]
    return lines
