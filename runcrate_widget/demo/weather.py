"""What falls: snow and rain, in three distances; each sheet follows itself without a seam."""

from __future__ import annotations

import math
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFilter

from .canvas import FPS, Layer, Motion
from .masks import even
from .view import View

DISTANCES = (0.2, 0.55, 1.0)
WHITE = (250, 252, 255)


def snow(view: View) -> Iterator[Layer]:
    """Flakes that sway."""
    for depth in DISTANCES:
        mask = _sheet(view, depth, flakes=True)
        if depth > 0.5:
            mask = mask.filter(ImageFilter.GaussianBlur(1.6 * depth * view.unit))
        yield from _falling(view, mask, 1.6 + 3.4 * depth, 26 * view.unit)


def rain(view: View) -> Iterator[Layer]:
    """Slanting lines."""
    for depth in DISTANCES:
        yield from _falling(view, _sheet(view, depth, flakes=False), 26 + 20 * depth, 0.0)


def _sheet(view: View, depth: float, *, flakes: bool) -> Image.Image:
    """Flakes or drops as large as the frame; what leaves it below comes in above."""
    chance, unit = view.chance, view.unit
    width, height = even(view.width + 80 * unit), view.height
    sheet = Image.new("L", (width * 2, height * 2))
    draw = ImageDraw.Draw(sheet)
    length = unit * (30 + 60 * depth)
    for _ in range(round(width * height / unit**2 / (4200 + 9000 * depth))):
        x, y = chance.uniform(0, width * 2), chance.uniform(0, height * 2)
        r = unit * (1.2 + 4.6 * depth * chance.uniform(0.6, 1)) * (1 if flakes else 0.35)
        for wrapped in (y, y - height * 2):
            if flakes:
                draw.ellipse((x - r, wrapped - r, x + r, wrapped + r), fill=round(235 - 95 * depth))
                continue
            line = (x, wrapped, x + length * 0.12, wrapped - length)
            draw.line(line, fill=95, width=max(1, round(r * 1.4)))
    return sheet.reduce(2)


def _falling(view: View, mask: Image.Image, pixels: float, sway: float) -> Iterator[Layer]:
    """The sheet twice, one above the other, falling by so many pixels (of 720) a frame."""
    # By whole pixels a frame: smooth, and nothing is computed between them.
    speed = FPS * max(1, round(view.unit * pixels))
    phase = view.chance.uniform(0, math.tau)
    for above in (0, view.height):
        motion = _fall(-even(40 * view.unit), sway, phase, speed, view.height, above)
        yield Layer(WHITE, mask, motion)


def _fall(x: float, sway: float, phase: float, speed: int, height: int, above: int) -> Motion:
    """The way of a sheet, which begins anew after `height` pixels."""

    def motion(seconds: float) -> tuple[float, float]:
        return x + sway * math.sin(seconds * 0.7 + phase), round(speed * seconds) % height - above

    return motion
