"""Which model stands in for one that is gone, and what it does otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalog import Model


def nearest(model: Model, others: Iterable[Model], duration: float | None = None) -> Model | None:
    """Of `others`, the one that comes nearest to `model`; None if there are none.

    It is of the same maker, if one is, and of the same family (`Veo`). Then it makes the `duration` (in
    seconds; without one, most of the same durations), has sound or has none as well, and is called alike.
    """

    import difflib  # seldom needed

    def how_far(other: Model) -> tuple[float | bool, ...]:
        both, either = set(model.durations) & set(other.durations), {*model.durations, *other.durations}
        unlike = 1 - len(both) / len(either)
        off = unlike if duration is None else abs(other.nearest_duration(duration) - duration)
        named = difflib.SequenceMatcher(None, other.name.casefold(), model.name.casefold()).ratio()
        maker, family = _maker(other) != _maker(model), _family(other) != _family(model)
        return maker, family, off, other.audio != model.audio, unlike, 1 - named

    return min((one for one in others if one.id != model.id), key=how_far, default=None)


def differences(old: Model, new: Model, old_price: float | None, new_price: float | None) -> str:
    """What `new` does otherwise than `old`, in words, with what a second costs if it is known; empty where
    they do the same.

    Example:
        >>> from runcrate_widget import models
        >>> differences(models["Veo 3.0 Audio"], models["Veo 2.0"], 0.4, 0.3)
        '5 to 8 s instead of 4, 6 or 8 s, no sound, $0.3 a second instead of $0.4'
    """
    found = []
    if set(old.durations) != set(new.durations):
        found.append(f"{new.allowed} instead of {old.allowed}")
    if old.audio != new.audio:
        found.append("with sound" if new.audio else "no sound")
    if new_price is not None and new_price != old_price:
        instead = "" if old_price is None else f" instead of ${old_price:g}"
        found.append(f"${new_price:g} a second{instead}")
    return ", ".join(found)


def _maker(model: Model) -> str:
    return model.id.partition("/")[0].casefold()


def _family(model: Model) -> str:
    return model.name.split()[0].casefold()
