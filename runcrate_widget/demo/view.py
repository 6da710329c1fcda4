"""What all parts of a picture share: its size, its light, which way it drifts, and its chance."""

from __future__ import annotations

import colorsys
import random
from dataclasses import dataclass

from .canvas import Colour, Motion
from .masks import even
from .words import Light


@dataclass(frozen=True)
class View:
    """One picture's frame and mood.

    Attributes:
        width, height: in pixels, both even.
        seconds: how long it is to be looked at.
        unit: a pixel of 720, in pixels.
        light: the colours of the time of day.
        hue: how far every hue is turned for this prompt, of 1.
        horizon: how far down it is, of the height.
        sun_at: where the sun stands, of the width.
        direction: 1 or -1: which way the layers drift.
        chance: all that the prompt does not say.
    """

    width: int
    height: int
    seconds: float
    unit: float
    light: Light
    hue: float
    horizon: float
    sun_at: float
    direction: int
    chance: random.Random

    def colour(self, text: str) -> Colour:
        """A colour `#rrggbb`, its hue turned a little for this prompt."""
        r, g, b = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
        h, light, s = colorsys.rgb_to_hls(r, g, b)
        r, g, b = colorsys.hls_to_rgb((h + self.hue) % 1, light, s)
        return r * 255, g * 255, b * 255

    def drift(self, speed: float, y: float, width: int) -> Motion:
        """Moves a layer of this width sideways over the frame, at so many pixels (of 720) a second."""
        way = speed * self.unit
        start = 0.0 if self.direction < 0 else self.width - width

        def motion(seconds: float) -> tuple[float, float]:
            return start + self.direction * way * seconds, y

        return motion

    def wide(self, speed: float) -> int:
        """The width of a layer that covers the frame while it drifts at that speed."""
        return even(self.width + speed * self.unit * self.seconds + 4)
