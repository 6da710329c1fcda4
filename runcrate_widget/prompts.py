r"""One text that stands for several prompts: `A {red|blue} fox`, or one prompt a line. Pure.

The twin of this file is `js/src/kernel/prompts.ts`, with which the page shows the list before anything is
sent; a test runs both on the same texts.

`{a|b|c}` stands for each of its alternatives, one of which may be empty. Braces without a `|` between them
stay as they are, and so do the outer ones of two pairs. `\{`, `\|` and `\}` are those characters
themselves.
"""

from __future__ import annotations

import re
from itertools import product

from .errors import InvalidRequestError

MOST = 200  #: prompts that one text may stand for.

_SPACE = " \t\r\n"  # what Python and JavaScript both call white space
_LINES = re.compile(r"\r\n|\r|\n")
# What follows a backslash is no brace and no bar, whatever stands before that.
_BRACES = re.compile(r"(?<!\\)\{((?:[^{}]|(?<=\\)[{}])*)(?<!\\)\}")
_BAR = re.compile(r"(?<!\\)\|")
_MEANT = re.compile(r"[{|}]")
_ESCAPED = re.compile(r"\\([{|}])")


def expand(text: str, each_line: bool = False) -> list[str]:
    """The prompts that `text` stands for, each once, in their order: the last braces change fastest.

    Args:
        text: a prompt, with braces or without.
        each_line: whether each line is a prompt of its own. Empty lines are none.

    Raises:
        InvalidRequestError: there are more than 200, or it is no text.

    Example:
        >>> from runcrate_widget import expand
        >>> expand("A {red|blue} fox in {snow|rain}")
        ['A red fox in snow', 'A red fox in rain', 'A blue fox in snow', 'A blue fox in rain']
        >>> expand("A {red} fox")
        ['A {red} fox']
    """
    if not isinstance(text, str):
        raise InvalidRequestError("prompt", f"prompt is {text!r}; it must be a text.")
    found: dict[str, None] = {}
    counted = 0
    for line in _LINES.split(text) if each_line else [text]:
        if not line.strip(_SPACE):
            continue
        choices, count = _choices(line), 1
        for alternatives in choices:
            count *= len(alternatives)
            if counted + count > MOST:
                message = f"The prompt stands for more than {MOST} prompts."
                raise InvalidRequestError("prompt", message, "Take some of its alternatives or lines away.")
        prompts = ("".join(words).strip(_SPACE) for words in product(*choices))
        found.update((prompt, None) for prompt in prompts if prompt)
        counted += count
    return list(found)


def literal(text: str) -> str:
    r"""A text that stands for the prompt `text` alone: where that has braces that mean something, with a
    backslash before each.

    Example:
        >>> from runcrate_widget.prompts import literal
        >>> print(literal("A {red|blue} fox"))
        A \{red\|blue\} fox
    """
    try:
        plain = expand(text) == ([text.strip(_SPACE)] if text.strip(_SPACE) else [])
    except InvalidRequestError:  # very many
        plain = False
    return text if plain else _MEANT.sub(r"\\\g<0>", text)


def alternatives(text: str) -> str | None:
    """The first of the braces of `text` that stand for several, or None: it stands for itself.

    Example:
        >>> from runcrate_widget.prompts import alternatives
        >>> alternatives("A {red|blue} fox")
        '{red|blue}'
    """
    found = (braces for braces in _BRACES.finditer(text) if _BAR.search(braces[1]))
    return next((braces[0] for braces in found), None)


def _choices(line: str) -> list[list[str]]:
    """The pieces of a line, one after the other, each with what may stand there."""
    pieces: list[list[str]] = []
    end = 0
    for braces in _BRACES.finditer(line):
        alternatives = _BAR.split(braces[1])
        if len(alternatives) > 1:
            pieces += [[line[end : braces.start()]], alternatives]
            end = braces.end()
    return [[_ESCAPED.sub(r"\1", text) for text in piece] for piece in [*pieces, [line[end:]]]]
