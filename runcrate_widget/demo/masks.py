"""Masks without a subject: noise, glows and disks, and how a mask is weakened."""

from __future__ import annotations

import random
from itertools import pairwise

from PIL import Image, ImageDraw

from .canvas import smooth


def even(size: float) -> int:
    """The nearest even number of pixels, at least 2."""
    return max(2, round(size / 2) * 2)


def noise(
    chance: random.Random, width: int, height: int, size: float, contrast: float, stretch: float = 1.0
) -> Image.Image:
    """Soft random spots of about `size` pixels, `stretch` times as high as wide; contrast leaves fewer."""
    columns = max(2, round(width / size * min(1.0, stretch)))
    rows = max(2, round(height / size / max(1.0, stretch)))
    small = Image.frombytes("L", (columns, rows), chance.randbytes(columns * rows))
    large = small.resize((width, height), Image.Resampling.BICUBIC)
    return large.point(
        [round(255 * smooth((v / 255 - 0.5) * contrast + 0.5 - 0.12 * contrast)) for v in range(256)]
    )


def fade(mask: Image.Image, stops: list[tuple[float, int]]) -> Image.Image:
    """The mask, weakened from top (0.0) to bottom (1.0) to the levels (of 255) of the stops."""
    column = Image.new("L", (1, mask.height))
    values = []
    for row in range(mask.height):
        at = row / max(1, mask.height - 1)
        (low, first), (high, second) = next(
            (pair for pair in pairwise(stops) if at <= pair[1][0]), (stops[-1], stops[-1])
        )
        values.append(round(first + (second - first) * smooth((at - low) / max(1e-9, high - low))))
    column.putdata(values)
    return Image.composite(mask, Image.new("L", mask.size), column.resize(mask.size))


def halo(radius: int, level: int, power: float) -> Image.Image:
    """A round glow that fades from its middle."""
    distance = Image.radial_gradient("L").resize((2 * radius, 2 * radius), Image.Resampling.BICUBIC)
    # Pillow's gradient is 255 in the corners, and 255 / sqrt(2) where the circle touches the sides.
    return distance.point([round(level * (1 - min(1.0, v / 178)) ** power) for v in range(256)])


def disk(radius: int) -> Image.Image:
    """A round mask with a smooth edge."""
    mask = Image.new("L", (8 * radius, 8 * radius))
    ImageDraw.Draw(mask).ellipse((4, 4, 8 * radius - 5, 8 * radius - 5), fill=255)
    return mask.reduce(4)
