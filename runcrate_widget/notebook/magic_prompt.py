"""`{variables}` of a prompt in a cell, filled in from the notebook: names only, so that no code is run."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.prompts import expand, literal

#: `name`, and after it `.name`, `[0]`, `[-1]`, `["key"]`, which mean what they mean in an f-string.
_NAME = re.compile(r"""[^\W\d]\w*((\.[^\W\d]\w*)|(\[(-?\d+|"[^"\[\]]*"|'[^'\[\]]*')\]))*""")
_STEP = re.compile(r"""\.(?P<attribute>\w+)|\[(?P<index>-?\d+)\]|\[["'](?P<key>[^"']*)["']\]""")


class SeveralError(InvalidRequestError):
    """The prompt has alternatives. `text` is what `prompts.expand` takes, with its variables filled in."""

    def __init__(self, text: str, count: int) -> None:
        super().__init__("prompt", f"The prompt stands for {count}: {{a|b}} gives one each.")
        self.text = text


def filled(text: str, variables: Mapping[str, Any]) -> str:
    """The prompt with each `{variable}` (also `{row.name}`, `{names[0]}`, `{row["name"]}`, `{x:.1f}`) as the
    notebook has it.

    Raises:
        InvalidRequestError: there is no such variable, or it is more than a name. (`SeveralError`: the text
            stands for several prompts.)
    """
    pieces: list[str] = []
    alternatives: set[int] = set()  # which of the pieces are some
    try:
        for before, name, spec, conversion in string.Formatter().parse(text):
            pieces.append(before)
            if name is None:
                continue
            whole = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            if "|" in whole:
                alternatives.add(len(pieces))
                pieces.append(f"{{{whole}}}")
                continue
            value = _value(name, whole, variables)
            if "{" in (spec or ""):
                raise _no_name(whole)
            pieces.append(format(string.Formatter().convert_field(value, conversion), spec or ""))
    except InvalidRequestError:
        raise
    except (ValueError, TypeError) as error:
        message = f"prompt cannot be filled in: {error}."
        raise InvalidRequestError("prompt", message, "{{ is a brace.") from None
    if alternatives:
        # What was filled in, and what was a doubled brace, stands for itself.
        whole = "".join(one if at in alternatives else literal(one) for at, one in enumerate(pieces))
        raise SeveralError(whole, len(expand(whole)))
    return "".join(pieces)


def _no_name(whole: str) -> InvalidRequestError:
    message = f"prompt has {{{whole}}}; only names are filled in, such as {{x}}, {{x.y}} and {{x[0]}}"
    return InvalidRequestError(
        "prompt", f"{message}: no code is run.", "Set a variable before, and name it here; {{ is a brace."
    )


def _value(name: str, whole: str, variables: Mapping[str, Any]) -> Any:
    """What a name stands for. Raises InvalidRequestError."""
    if not _NAME.fullmatch(name):
        raise _no_name(whole)
    first = re.match(r"\w+", name)
    assert first is not None
    hint = "Run the cell that sets it; {{ is a brace."
    if first[0] not in variables:
        message = f"prompt has {{{name}}}, which this notebook does not have."
        raise InvalidRequestError("prompt", message, hint)
    value = variables[first[0]]
    for step in _STEP.finditer(name, first.end()):
        try:
            if step["attribute"] is not None:
                value = getattr(value, step["attribute"])
            else:
                value = value[int(step["index"])] if step["index"] is not None else value[step["key"]]
        except (AttributeError, LookupError, TypeError) as error:
            message = f"prompt has {{{name}}}, and there is none: {type(error).__name__}: {error}."
            raise InvalidRequestError("prompt", message, hint) from None
    return value
