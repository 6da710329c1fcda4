"""From what is given to a plan: each row, with each combination of what several are given of.

What is wrong with one row stops no other. What an argument makes wrong with every row is an error at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.prompts import alternatives
from runcrate_widget.request import VideoRequest, check_count

from .plan import Cell, Maker, Plan
from .table import Row, rows_of

#: What one parameter may be given several values of.
_SEVERAL = {"model": "models", "duration": "durations", "aspect_ratio": "aspect_ratios"}

_Made = VideoRequest | InvalidRequestError


def plan_of(
    prompts: Any,
    maker: Maker,
    *,
    takes: int,
    alike: Mapping[str, Any],
    several: Mapping[str, Sequence[Any] | None],
) -> Plan:
    """The plan of what is given: each row, with each combination of `several`, `takes` times.

    Args:
        prompts: see `rows_of`.
        alike: parameters that are the same for all; None where it is not given.
        several: the values of `models`, `durations` and `aspect_ratios`, or None.

    Raises:
        InvalidRequestError: something is given twice, or is no list; an argument is wrong for every row that
            it is meant for; or a prompt stands for several.
    """
    check_count("takes", takes)
    rows = rows_of(prompts)
    axes = dict(_axes(several))
    shared = {name: value for name, value in alike.items() if value is not None}
    _check_given_once(rows, shared, axes)
    _check_braces(rows)
    combinations = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    made = [[_request(row, {**shared, **chosen}) for chosen in combinations] for row in rows]
    _check_arguments(rows, made, shared, axes, combinations)
    cells = list(_cells(rows, made, shared, combinations, takes))
    return Plan(cells, list(_titles(combinations, takes)), maker)


def _axes(several: Mapping[str, Sequence[Any] | None]) -> Iterator[tuple[str, list[Any]]]:
    for name, plural in _SEVERAL.items():
        values = several.get(plural)
        if values is None:
            continue
        if isinstance(values, (str, bytes)) or not isinstance(values, Sequence) or not values:
            raise InvalidRequestError(plural, f"{plural} is {values!r}; it must be a list of them.")
        yield name, list(values)


def unnumbered(error: InvalidRequestError) -> InvalidRequestError:
    """What is wrong with a row without its number: for who has given one alone, or counts in another way."""
    return InvalidRequestError(error.field, re.sub(r"^Row \d+: ", "", error.message), error.hint)


# What is wrong with an argument, and not with a row.


def _check_given_once(rows: Sequence[Row], shared: Mapping[str, Any], axes: Mapping[str, Any]) -> None:
    for name in axes:
        if name in shared:
            raise InvalidRequestError(
                name, f"Both {name} and {_SEVERAL[name]} are given.", "Give one of them."
            )
        own = next((number for number, row in enumerate(rows) if name in row.given), None)
        if own is not None:
            message = f"{_SEVERAL[name]} is given, and the rows have a {name} of their own (row {own})."
            raise InvalidRequestError(_SEVERAL[name], message, "Give one of them.")
    for name, value in shared.items():
        if name in _SEVERAL and isinstance(value, (list, tuple, set, frozenset)):
            message = f"{name} is {value!r}, which is more than one."
            raise InvalidRequestError(
                name, message, f"{_SEVERAL[name]}=[…] makes each prompt with each of them."
            )


def _check_braces(rows: Sequence[Row]) -> None:
    """Raises InvalidRequestError where a prompt stands for several: it would be paid with its braces."""
    for number, row in enumerate(rows):
        prompt = row.given.get("prompt")
        found = alternatives(prompt) if isinstance(prompt, str) else None
        if found is not None:
            message = f"Row {number}: prompt has {found}, which stands for several prompts."
            hint = (
                "runcrate_widget.expand(prompt) is the list of them; "
                "a VideoRequest(prompt, model=…) is sent with its braces as they are."
            )
            raise InvalidRequestError("prompt", message, hint)


def _check_arguments(
    rows: Sequence[Row],
    made: Sequence[Sequence[_Made]],
    shared: Mapping[str, Any],
    axes: Mapping[str, Sequence[Any]],
    combinations: Sequence[Mapping[str, Any]],
) -> None:
    """Raises InvalidRequestError where an argument makes every row wrong that it is meant for."""
    if not any("model" in row.given or row.request for row in rows):
        shared = {"model": None, **shared}  # not given, and it has to be
    for name in shared:
        if name not in axes:
            meant = (
                one for row, line in zip(rows, made, strict=True) if name not in row.given for one in line
            )
            if (error := _blamed(name, meant)) is not None:
                raise error
    for name, values in axes.items():
        for value in values:
            places = [at for at, chosen in enumerate(combinations) if chosen[name] is value]
            if (error := _blamed(name, (line[at] for line in made for at in places))) is not None:
                field = _SEVERAL[name]
                raise InvalidRequestError(field, f"{field} has {value!r}: {error.message}", error.hint)


def _blamed(name: str, made: Iterable[_Made]) -> InvalidRequestError | None:
    """An error of this field, if all of them are errors."""
    found = None
    for one in made:
        if isinstance(one, VideoRequest):
            return None
        if one.field == name:
            found = one
    return found


# The rows.


def _request(row: Row, given: Mapping[str, Any]) -> _Made:
    """The request of a row, or what is wrong with it."""
    try:
        if row.request is not None:
            return row.request.replace(**given) if given else row.request
        check_count("take", row.given.get("take", 1))
        asked = {**given, **row.given}
        asked.pop("take", None)
        if "prompt" not in asked:
            raise InvalidRequestError("prompt", "prompt is not given.", "Describe what the video shows.")
        return VideoRequest(asked.pop("prompt"), **asked)
    except InvalidRequestError as error:
        return error


def _cells(
    rows: Sequence[Row],
    made: Sequence[Sequence[_Made]],
    shared: Mapping[str, Any],
    combinations: Sequence[Mapping[str, Any]],
    takes: int,
) -> Iterator[Cell]:
    for number, (row, line) in enumerate(zip(rows, made, strict=True)):
        first = row.given.get("take", 1)
        places = ((at, take) for at in range(len(combinations)) for take in range(takes))
        for column, (at, take) in enumerate(places):
            one = line[at]
            if isinstance(one, VideoRequest):
                yield Cell(number, column, one, first + take, own=row.own)
            else:
                error = InvalidRequestError(one.field, f"Row {number}: {one.message}", one.hint)
                given = {**shared, **combinations[at], **row.given}
                yield Cell(number, column, None, take + 1, error, given, row.own)


def _titles(combinations: Sequence[Mapping[str, Any]], takes: int) -> Iterator[str]:
    """What each column is called: by what differs between the columns."""
    for chosen in combinations:
        words = [_word(name, value) for name, value in chosen.items()]
        for take in range(1, takes + 1):
            yield " · ".join([*words, *([f"take {take}"] if takes > 1 else [])])


def _word(name: str, value: Any) -> str:
    return f"{value} s" if name == "duration" else str(getattr(value, "name", value))
