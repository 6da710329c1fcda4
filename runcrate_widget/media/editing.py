"""What is made of films and is a file by itself: clips and GIFs. The arguments, and where it goes."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import Any

from runcrate_widget.errors import InvalidRequestError

from . import joining, trimming
from .choosing import whole_number
from .clip import Clip
from .film import Film, film_of
from .gif import write_gif
from .reading import seconds_within, video_extra
from .target import target_path, written

_FASTEST = 50  # pictures a second: what programs show of a GIF


def trim(film: Film, start: Any, end: Any, path: Any) -> Clip:
    """What `Film.trim` gives."""
    begins = seconds_within("start", start, film.duration)
    hint = "Without one it is the end of the video."
    ends = film.duration if end is None else seconds_within("end", end, film.duration, hint)
    if begins >= ends:
        field, given = ("start", start) if end is None else ("end", end)
        message = f"{field} is {given!r}; from {begins:g} s to {ends:g} s there is nothing."
        raise InvalidRequestError(field, message)
    target = target_path(path, f"{film.path.stem}-{begins:.6g}-{ends:.6g}s.mp4", [film.path], film._folder)
    with written(target, ours=path is None) as temporary:
        why = trimming.trim(film.path, begins, ends, temporary)
    return Clip(target, f"{film._words()}, {begins:.6g}–{ends:.6g} s", demo=film.demo, reencoded=why)


def join(videos: Any, path: Any) -> Clip:
    """What `Film.join` gives."""
    films = _films(videos)
    sources = [film.path for film in films]
    # The same videos give the same name: run again, a cell makes no further file.
    about = hashlib.sha256("\n".join(map(os.fspath, sources)).encode("utf-8", "surrogateescape")).hexdigest()
    name = f"{films[0].path.stem}-joined-{len(films)}-{about[:6]}.mp4"
    target = target_path(path, name, sources, films[0]._folder)
    with video_extra("Joining videos"):
        import numpy  # noqa: F401, ICN001  for the sound
    with written(target, ours=path is None) as temporary:
        why = joining.join(sources, temporary)
    words = " + ".join(dict.fromkeys(film._words() for film in films))
    return Clip(target, words, demo=any(film.demo for film in films), reencoded=why)


def _films(videos: Any) -> list[Film]:
    if isinstance(videos, (str, bytes, os.PathLike)) or not isinstance(videos, Iterable):
        raise InvalidRequestError("videos", f"videos is {videos!r}; it must be a list of videos.")
    films: list[Film] = []
    for number, one in enumerate(videos):
        if isinstance(one, (str, os.PathLike)) and not isinstance(one, Film):
            one = Clip(one)
        films.append(film_of(f"videos[{number}]", one))
    if not films:
        raise InvalidRequestError("videos", "videos is empty; there is nothing to join.")
    return films


def to_gif(film: Film, path: Any, fps: Any, width: Any) -> Path:
    """What `Film.to_gif` gives."""
    real = isinstance(fps, Real) and not isinstance(fps, bool)
    if not real or not math.isfinite(fps) or not 0 < fps <= _FASTEST:
        message = f"fps is {fps!r}; it must be a number of pictures a second, at most {_FASTEST}."
        raise InvalidRequestError("fps", message)
    wide = min(whole_number("width", width, 1), film.width)
    high = max(1, round(wide * film.height / film.width))
    # At least one picture.
    rate = min(max(float(fps), 1 / film.duration), film.fps)
    target = target_path(path, f"{film.path.stem}-{rate:.6g}fps-{wide}px.gif", [film.path], film._folder)
    with written(target, ours=path is None) as temporary:
        write_gif(film.path, temporary, rate, wide, high)
    return target
