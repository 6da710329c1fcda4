"""Which pictures of a film were asked for: `Film.frames` and `Film.last_frame`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import InvalidRequestError

from .reading import all_pictures, as_array, as_image, chosen, read_index, seconds_within

if TYPE_CHECKING:
    from av import VideoFrame
    from PIL.Image import Image

    from .film import Film

_MOST = 10_000
_FORMS: dict[str, Callable[[VideoFrame], Any]] = {"pil": as_image, "numpy": as_array}


def frames(film: Film, n: Any, at: Any, as_: Any) -> Any:
    """What `Film.frames` gives."""
    made = _FORMS.get(as_) if isinstance(as_, str) else None
    if made is None:
        raise InvalidRequestError("as_", f"as_ is {as_!r}; it must be 'pil' or 'numpy'.")
    if n is not None and at is not None:
        raise InvalidRequestError("at", "n and at are both given; n is how many, at is which seconds.")
    if at is not None:
        seconds = [seconds_within("at", one, film.duration) for one in _listed(at)]
        index = read_index(film.path)
        return chosen(film.path, index, [index.at(one) for one in seconds], made)
    if n is not None:
        number = whole_number("n", n, 1, _MOST)  # all of them are in memory
        index = read_index(film.path)
        return chosen(film.path, index, index.spread(number), made)
    return _all(film.path, made)


def last_frame(film: Film) -> Image:
    """The last picture."""
    index = read_index(film.path)
    image: Image = chosen(film.path, index, [len(index.times) - 1], as_image)[0]
    return image


def whole_number(field: str, given: Any, least: int, most: int | None = None) -> int:
    """`given` as an int between these.

    Raises:
        InvalidRequestError: it is none.
    """
    whole = isinstance(given, Integral) and not isinstance(given, bool)
    if not whole or given < least or (most is not None and given > most):
        limits = f"of at least {least}" if most is None else f"between {least} and {most}"
        raise InvalidRequestError(field, f"{field} is {given!r}; it must be a whole number {limits}.")
    return int(given)


def _listed(at: Any) -> list[Any]:
    return list(at) if isinstance(at, Iterable) and not isinstance(at, (str, bytes)) else [at]


def _all(path: Path, made: Callable[[VideoFrame], Any]) -> Iterator[Any]:
    for frame in all_pictures(path):
        yield made(frame)
