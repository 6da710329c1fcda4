"""The sea: water from the horizon down, an island, waves that come nearer, and the sun's road on them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from PIL import Image, ImageChops

from .canvas import Colour, Layer, Motion, mix, smooth, still
from .masks import even, fade, noise
from .outlines import ridge, silhouette, swell
from .view import View

WAVES = 7
#: The wave after which sparkles come, and how far below the horizon they begin, of the height.
GLITTER = {1: 0.0, 3: 0.05, 5: 0.12}


def sea(view: View) -> Iterator[Layer]:
    """From the water's far edge to the nearest wave."""
    light, top = view.light, even(view.horizon * view.height)
    deep = mix(view.colour(light.near), view.colour(light.top), 0.45)
    shine = mix(view.colour(light.haze), view.colour(light.glow), 0.4)
    water = Image.new("L", (view.width, view.height - top + 8), 255)
    yield Layer(mix(shine, deep, 0.35), fade(water, [(0.0, 170), (0.1, 255), (1.0, 255)]), still(0.0, top))
    yield _island(view, top)
    for number in range(WAVES):
        yield from _wave(view, number, top, deep, shine)
        if number in GLITTER:
            yield _glitter(view, number, top)


def _island(view: View, top: int) -> Layer:
    speed = 8.0
    width = view.wide(speed)
    heights = ridge(view, "hills", width, 0.07 * view.height, 0.0)
    mask = silhouette(heights, width, even(0.075 * view.height)).reduce(2)
    colour = mix(view.colour(view.light.far), view.colour(view.light.haze), 0.3)
    return Layer(colour, mask, view.drift(speed, top - mask.height + 3, width))


def _wave(view: View, number: int, top: int, deep: Colour, shine: Colour) -> Iterator[Layer]:
    """A wave and its bright crest."""
    depth = (number + 1) / WAVES
    y = top + 0.42 * depth**1.7 * view.height
    rise = (4 + 30 * depth**1.3) * view.unit
    sway = (10 + 34 * depth) * view.unit
    width = even(view.width + 4 * sway)
    heights = swell(view, width, rise, (60 + 420 * depth) * view.unit)
    low: float = view.height
    if number < WAVES - 3:  # as far down as the next three waves leave it to be seen
        low = top + 0.42 * min(1.0, depth + 3 / WAVES) ** 1.7 * view.height
    mask = silhouette(heights, width, even(low - y + 3 * rise)).reduce(2)
    mask = fade(mask, [(0.0, 150), (0.25, 225), (1.0, 255)])
    motion = _bob(sway, y - rise, 0.4 * rise, 5.5 + 2 * depth, view.chance.uniform(0, math.tau))
    colour = mix(mix(shine, deep, 0.45), mix(deep, view.colour(view.light.near), 0.7), depth)
    yield Layer(colour, mask, motion)
    crest = mask.crop((0, 0, width, even(3 * rise)))
    crest = ImageChops.subtract(crest, ImageChops.offset(crest, 0, max(1, round(0.32 * rise))))
    crest = fade(crest, [(0.0, 190), (0.3, 120), (0.62, 0), (1.0, 0)])
    yield Layer(mix(colour, shine, 0.5), crest, motion)


def _glitter(view: View, number: int, top: int) -> Layer:
    """Sparkles below the sun: two noises that move across each other."""
    chance, unit, spread = view.chance, view.unit, 90 + 60 * number
    width, height = even(2.4 * spread * unit), even((0.1 + 0.06 * number) * view.height)
    size, stretch = (3.5 + 1.6 * number) * unit, 1 / 5
    spots = noise(chance, width, height, size, contrast=2.6, stretch=stretch)
    spots = fade(spots, [(0.0, 0), (0.12, 255), (0.7, 200), (1.0, 0)])
    across = Image.new("L", (width, 1))
    across.putdata([round(255 * smooth(1 - abs(2 * i / (width - 1) - 1))) for i in range(width)])
    spots = Image.composite(spots, Image.new("L", spots.size), across.resize(spots.size))
    speed = 14 * unit
    covered = width + even(speed * view.seconds + 4)
    moving = noise(chance, covered, height, size, contrast=2.6, stretch=stretch)
    x = even(view.sun_at * view.width - width / 2)
    y = top + even(GLITTER[number] * view.height)
    return Layer(
        view.colour(view.light.sun),
        spots,
        still(x, y),
        texture=moving,
        texture_motion=lambda t: (-speed * t, 0.0),
    )


def _bob(sway: float, y: float, lift: float, period: float, phase: float) -> Motion:
    """A wave's way: to and fro by `sway` (it is `4 * sway` wider than the frame), up and down by `lift`."""

    def motion(seconds: float) -> tuple[float, float]:
        angle = math.tau * seconds / period + phase
        return -2 * sway + sway * 1.6 * math.sin(angle * 0.8), y + lift * math.cos(angle)

    return motion
