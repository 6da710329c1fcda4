"""What a person types at a shell, or in the line of `%%video`: the two take the same. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean --takes?`, or an empty text where no option is near.

    Example:
        >>> nearest("--ratio", ["--duration", "--aspect-ratio"])
        ' Did you mean --aspect-ratio?'
    """
    bare = word.split("=", 1)[0].strip("-").casefold().replace("_", "-")
    names = {option.strip("-"): option for option in known if option.startswith("--")}
    within = [name for name in names if len(bare) > 2 and bare in name.split("-")]
    near = within or difflib.get_close_matches(bare, names, n=1, cutoff=0.7)
    return f" Did you mean {names[near[0]]}?" if near else ""


def extra_of(text: str) -> dict[str, Any]:
    """Further fields of the API: `KEY=VALUE`, of which the value is JSON where it can be read as such and
    else a text, or all of them as one JSON object. Raises ValueError with what is wrong.

    Example:
        >>> extra_of("seed=7"), extra_of("style=noir"), extra_of('{"seed": 7}')
        ({'seed': 7}, {'style': 'noir'}, {'seed': 7})
    """
    name, sign, value = text.partition("=")
    if text.lstrip()[:1] in ("{", "["):
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{text!r} is no JSON: {error}") from None
        if not isinstance(given, dict):
            raise ValueError(f"{text!r} is no JSON object")
        return given
    if not sign or not name.strip():
        raise ValueError(f"""{text!r} is neither KEY=VALUE nor JSON: seed=7, or '{{"seed": 7}}'""")
    try:
        return {name.strip(): json.loads(value)}
    except (ValueError, RecursionError):
        return {name.strip(): value}


def together(given: Sequence[Mapping[str, Any]] | None) -> dict[str, Any] | None:
    """All of `extra_of`, as one; None where nothing was given."""
    return {name: value for one in given for name, value in one.items()} if given else None


def several(given: Mapping[str, Sequence[Any] | None]) -> dict[str, Any]:
    """The arguments of `client.plan`: what was given once is the same for all, what was given more often is
    tried each way.

    Example:
        >>> several({"model": ["Veo 3.0", "Sora 2"], "duration": [4], "aspect_ratio": None})
        {'models': ['Veo 3.0', 'Sora 2'], 'duration': 4}
    """
    how: dict[str, Any] = {}
    for name, values in given.items():
        once = list(dict.fromkeys(values or ()))
        if len(once) == 1:
            how[name] = once[0]
        elif once:
            how[f"{name}s"] = once
    return how
