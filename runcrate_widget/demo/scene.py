"""What is drawn for a prompt: a landscape in layers that drift past each other, under a slowly moving sky.

Known words of the prompt choose the light and the place; everything else (hues, ridges, where the sun stands,
which way it drifts) comes from the seed, so that every prompt has a picture of its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from .canvas import Canvas, Layer
from .ground import ground
from .sea import sea
from .sky import aurora, clouds, stars, sun
from .view import View
from .weather import rain, snow
from .words import (
    AURORA_WORDS,
    LIGHT_WORDS,
    LIGHTS,
    PLACE_WORDS,
    RAIN_WORDS,
    SNOW_WORDS,
    choose,
    mentions,
)

#: Where it is, and in which light, when the prompt says nothing of it.
PLACES = ("hills", "mountains", "mountains", "ocean", "forest", "dunes")
USUAL_LIGHTS = ("sunrise", "sunset", "day", "dusk", "emerald", "autumn", "mist")


class Scene:
    """The picture at every moment.

    Args:
        width, height: in pixels, both even.
        seconds: how long it is to be looked at.
        prompt: chooses light and place.
        chance: all that the prompt does not say.
    """

    def __init__(self, width: int, height: int, seconds: float, prompt: str, chance: random.Random) -> None:
        words = frozenset(re.findall(r"[a-z]+", prompt.lower()))
        # In this order, also below: a prompt's picture stays what it was as long as chance is asked the same.
        direction = chance.choice((-1, 1))
        place = choose(PLACE_WORDS, words) or chance.choice(PLACES)
        light = choose(LIGHT_WORDS, words) or chance.choice(USUAL_LIGHTS)
        hue = chance.uniform(-0.035, 0.035)
        horizon = chance.uniform(0.46, 0.54) if place == "ocean" else chance.uniform(0.5, 0.6)
        sun_at = chance.uniform(0.2, 0.45) if chance.random() < 0.5 else chance.uniform(0.55, 0.72)
        view = View(
            width=width,
            height=height,
            seconds=seconds,
            unit=min(width, height) / 720,
            light=LIGHTS[light],
            hue=hue,
            horizon=horizon,
            sun_at=sun_at,
            direction=direction,
            chance=chance,
        )
        self._base = _sky(view)
        self._layers = list(_layers(view, place, words, self._base))

    def draw(self, seconds: float) -> Canvas:
        canvas = self._base.copy()
        for layer in self._layers:
            layer.draw(canvas, seconds)
        return canvas


def _sky(view: View) -> Canvas:
    """The gradient that everything else is laid on."""
    canvas = Canvas(view.width, view.height)
    light = view.light
    top, middle, haze = (view.colour(one) for one in (light.top, light.middle, light.haze))
    stops = [(0.0, top), (view.horizon * 0.55, middle), (view.horizon * 1.02, haze), (1.0, haze)]
    canvas.gradient(stops, view.chance.randbytes(view.width * view.height))
    return canvas


def _layers(view: View, place: str, words: frozenset[str], base: Canvas) -> Iterator[Layer]:
    """What moves, from the farthest to the nearest."""
    if view.light.stars:
        yield from stars(view)
    if mentions(words, AURORA_WORDS):
        yield from aurora(view)
    yield from sun(view, base)
    yield from clouds(view)
    yield from sea(view) if place == "ocean" else ground(view, place)
    if mentions(words, SNOW_WORDS):
        yield from snow(view)
    elif mentions(words, RAIN_WORDS):
        yield from rain(view)
