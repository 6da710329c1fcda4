"""Completion in the line of `%%video`: our options, the models, and the values that a model has, alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from IPython.core import completer as ipython

from runcrate_widget.catalog import ASPECT_RATIOS, models
from runcrate_widget.client import VideoClient

from .magic_line import parser

_LINE = re.compile(r"\s*%%?video\s")
#: The words before the cursor: the last may be in quotes that are still open.
_WORDS = re.compile(r""""[^"]*"?|'[^']*'?|[^\s"']+""")
_MODEL = re.compile(r"""(?:--model[=\s]\s*|-m\s*)("[^"]*"|'[^']*'|[^\s"']+)""")


def suggestions(line: str, at: int, variables: Callable[[], Iterable[str]] = tuple) -> tuple[str, list[str]]:
    """What may stand at this place of the line: what is there of it already, and what it may become."""
    before = line[:at]
    words = _WORDS.findall(before)
    closed = not words or (before[-1].isspace() and before.count('"') % 2 == before.count("'") % 2 == 0)
    fragment = "" if closed else words.pop()
    option = next((word for word in words[-1:] if word.startswith("-")), "")
    if not option and fragment.startswith("--") and "=" in fragment:
        option, _, fragment = fragment.partition("=")
    values = _values(option, line, variables)
    bare = fragment.strip("\"'").casefold()
    if values:
        begins = [value for value in values if value.casefold().startswith(bare)]
        found = begins or [value for value in values if bare in value.casefold()] or values
        return fragment, [_quoted(value, fragment, line[at : at + 1]) for value in found]
    takes_none = option in ("", "--demo", "-h", "--help")
    if takes_none and (fragment.startswith("-") or (not fragment and before.lstrip().startswith("%%"))):
        given = {word.split("=", 1)[0] for word in words}
        names = [name for name in parser()._option_string_actions if name.startswith("--")]
        return fragment, [name for name in names if name.startswith(fragment) and name not in given]
    return fragment, []


def _values(option: str, line: str, variables: Callable[[], Iterable[str]]) -> list[str]:
    if option in ("-m", "--model"):
        return [model.name for model in models.values() if model.lives]
    if option in ("-a", "--aspect-ratio"):
        return list(ASPECT_RATIOS)
    if option in ("-d", "--duration"):
        named = [models.find(name.strip("\"'")) for name in _MODEL.findall(line)]
        chosen = [model for model in named if model is not None] or list(models.values())
        return [str(one) for one in sorted({one for model in chosen for one in model.durations})]
    return list(variables()) if option in ("-c", "--client") else []


def _quoted(value: str, fragment: str, after: str) -> str:
    """In quotes where it has spaces, or where there is a quote already; without the last one where the editor
    has put it there."""
    quote = fragment[:1] if fragment[:1] in ("'", '"') else '"' if " " in value else ""
    return f"{quote}{value}{'' if after == quote else quote}"


def register(shell: Any) -> None:
    """Has the shell complete the line, and ask nobody else there. (An IPython before 8.6 cannot.)"""
    if not hasattr(shell.Completer, "custom_matchers"):
        return

    def clients() -> list[str]:
        return [name for name, one in shell.user_ns.items() if isinstance(one, VideoClient)]

    @ipython.context_matcher(priority=1000, identifier="runcrate_widget.video")  # type: ignore[untyped-decorator]
    def video(context: Any) -> dict[str, Any]:
        line = context.line_with_cursor
        fragment = ""
        found: list[str] = []
        if _LINE.match(line[: context.cursor_position]):
            fragment, found = suggestions(line, context.cursor_position, clients)
        made = [ipython.SimpleCompletion(text=one, type="param") for one in found]
        whole = {"matched_fragment": fragment} if found else {}
        return {"completions": made, "suppress": bool(found), "ordered": True, **whole}

    there = shell.Completer.custom_matchers
    there[:] = [one for one in there if getattr(one, "matcher_identifier", "") != "runcrate_widget.video"]
    there.append(video)
