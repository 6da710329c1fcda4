"""The land: ridges behind ridges, each darker, larger and faster than the one behind, with mist between."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .canvas import Layer, mix
from .masks import even, fade, noise
from .outlines import build, plant, ridge, silhouette
from .view import View


def ground(view: View, place: str) -> Iterator[Layer]:
    """All ridges of a place, from the farthest to the nearest."""
    count = 4 if place in ("dunes", "city") else 5
    for number in range(count):
        depth = number / (count - 1)
        last = number == count - 1
        yield from _ridge(view, place, depth, first=number == 0, last=last)
        if not last:
            yield _mist(view, depth)


def _speed(depth: float) -> float:
    return 7 + 46 * math.pow(depth, 1.6)


def _foot(view: View, depth: float) -> float:
    return (view.horizon - 0.05 + 0.33 * math.pow(depth, 1.25)) * view.height


def _ridge(view: View, place: str, depth: float, *, first: bool, last: bool) -> Iterator[Layer]:
    """One ridge with what stands on it, and the lit windows of its houses."""
    speed = _speed(depth)
    width = view.wide(speed)
    rises = {"mountains": 0.3 - 0.12 * depth, "dunes": 0.1, "city": 0.05}
    rise = rises.get(place, 0.12 + 0.03 * depth) * view.height
    heights = ridge(view, place, width, rise, depth)
    trees = _trees(view, place, depth, first=first, last=last)
    tall = (1 - 0.35 * depth) * 0.26 * view.height if place == "city" and not last else 0.0
    head = even(trees + 1.2 * tall)
    top = even(_foot(view, depth) - rise) - head
    down: float = view.height - top
    if not last:  # what is lower down is hidden by the nearer ones, or by mist
        down = min(down, head + rise + 0.32 * view.height)
    height = even(down)

    mask = silhouette(heights, width, height, head)
    if trees:
        plant(mask, heights, trees, head, view.chance)
    windows = build(mask, tall, depth, view) if tall else None
    stops = [(0.0, 255), ((head + 0.4 * rise) / height, 255), (1.0, 0)]
    colour = mix(view.colour(view.light.far), view.colour(view.light.near), depth**0.8)
    motion = view.drift(speed, top, width)
    yield Layer(colour, mask.reduce(2) if last else fade(mask.reduce(2), stops), motion)
    if windows is not None:
        yield Layer(_lamp(view), fade(windows.reduce(2), stops), motion)


def _trees(view: View, place: str, depth: float, *, first: bool, last: bool) -> float:
    """How high the trees on a ridge are, in pixels; 0 where there are none."""
    bare = first if place == "forest" else not (last and place in ("mountains", "hills"))
    return 0.0 if bare else (10 + 64 * depth**1.5) * view.unit


def _lamp(view: View) -> tuple[float, float, float]:
    return mix(view.colour(view.light.sun), (255, 196, 110), 0.75 if view.light.stars else 0.2)


def _mist(view: View, depth: float) -> Layer:
    """A soft bank at the foot of a ridge."""
    speed = _speed(depth) * 0.6 + 9
    width, height = view.wide(speed), even(0.2 * view.height)
    mask = noise(view.chance, width, height, 60 * view.unit, contrast=1.5, stretch=1 / 4)
    mask = fade(mask, [(0.0, 0), (0.55, round(125 - 70 * depth)), (1.0, 0)])
    colour = mix(view.colour(view.light.haze), view.colour(view.light.sun), 0.15)
    y = _foot(view, depth) + 0.1 * view.height
    return Layer(colour, mask, view.drift(speed, y - height / 2, width), soft=True)
