"""`main`: one command, from its words to its exit code."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from runcrate_widget.environment import setting

from . import codes
from .options import NO_KEY, PROGRAM, holds_key, parser
from .out import Out

#: The command of each name: its module, which is loaded then, and its function.
_HOMES = {
    "generate": ("making", "generate"),
    "batch": ("making", "batch"),
    "jobs": ("looking", "jobs"),
    "resume": ("taking_up", "resume"),
    "get": ("taking_up", "get"),
    "settle": ("taking_up", "settle"),
    "library": ("looking", "library"),
    "choose": ("choosing", "choose"),
    "library export": ("looking", "export"),
    "models": ("looking", "models"),
    "carry": ("carrying", "carry"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; `words` are by default those of the process."""
    words = list(sys.argv[1:] if words is None else words)
    if words[:1] == ["demo"]:
        from runcrate_widget.demo.__main__ import main as demo

        return demo(words[1:], program=f"{PROGRAM} demo")
    if holds_key(words, setting("RUNCRATE_API_KEY")):
        sys.stderr.write(f"{PROGRAM}: {NO_KEY}\n")
        return codes.WRONG
    if words[:2] == ["library", "export"]:  # the one command of two words
        words[:2] = ["library export"]
    asked = parser().parse_args(words)
    out = Out(json=asked.json)
    try:
        code = _run(asked, out)
        return codes.SOME if out.lost and code == codes.ALL else code
    except KeyboardInterrupt:
        out.say("Interrupted." if out.began else "Interrupted. Nothing was sent.")
        return codes.INTERRUPTED
    finally:
        out.clear()


def _run(asked: Namespace, out: Out) -> int:
    from runcrate_widget.errors import RuncrateError

    module, name = _HOMES[asked.command]
    try:
        home = import_module(f".{module}", __package__)
        return cast("Callable[[Namespace, Out], int]", getattr(home, name))(asked, out)
    except RuncrateError as error:
        code = codes.code_of(error)
        out.error(error, code)
    except OSError as error:  # the working folder is gone, say
        code = codes.NONE
        out.error(RuncrateError(str(error), kind="storage"), code)
    return code
