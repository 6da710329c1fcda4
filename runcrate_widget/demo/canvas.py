"""Pictures as an H.264 encoder wants them: three grey planes, on which colours are laid through masks.

Working on YUV 4:2:0 directly, and moving masks by fractions of a pixel with `Image.resize(box=…)`, a frame of
1280x720 with ten layers takes some 5 ms and needs no NumPy; every step is short, and without the GIL.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops

FPS = 24

Colour = tuple[float, float, float]  # red, green, blue: 0 to 255
#: From seconds to where the layer's upper left corner is, in pixels.
Motion = Callable[[float], tuple[float, float]]

#: RGB to Y'CbCr of BT.709 in TV range, as the video is tagged; the form is that of `Image.convert`.
_MATRIX = (0.1826, 0.6142, 0.0620, 16.0, -0.1006, -0.3386, 0.4392, 128.0, 0.4392, -0.3989, -0.0403, 128.0)


def still(x: float = 0.0, y: float = 0.0) -> Motion:
    """The way of what stays where it is."""
    return lambda _: (x, y)


def to_yuv(colour: Colour) -> tuple[float, float, float]:
    """Y, U and V of a colour."""
    r, g, b = colour
    y, u, v = (_MATRIX[i] * r + _MATRIX[i + 1] * g + _MATRIX[i + 2] * b + _MATRIX[i + 3] for i in (0, 4, 8))
    return y, u, v


class Canvas:
    """One frame: the Y plane in full, U and V in half size. `width` and `height` are in pixels, and even."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.planes = [
            Image.new("L", (width, height)),
            *(Image.new("L", (width // 2, height // 2)) for _ in "UV"),
        ]

    def copy(self) -> Canvas:
        twin = Canvas.__new__(Canvas)
        twin.width, twin.height = self.width, self.height
        twin.planes = [plane.copy() for plane in self.planes]
        return twin

    def gradient(self, stops: list[tuple[float, Colour]], noise: bytes) -> None:
        """Fills the canvas from top (0.0) to bottom (1.0).

        `noise` (width * height bytes) dithers, so that there are no bands.
        """
        for index, plane in enumerate(self.planes):
            w, h = plane.size
            values = [_between(stops, (row + 0.5) / h)[index] for row in range(h)]
            whole, rest = Image.new("L", (1, h)), Image.new("L", (1, h))
            whole.putdata([int(value) for value in values])
            rest.putdata([int(value % 1 * 255) for value in values])
            grain = Image.frombytes("L", (w, h), noise[: w * h])
            up = ImageChops.subtract(rest.resize((w, h)), grain).point([0] + [1] * 255)
            plane.paste(ImageChops.add(whole.resize((w, h)), up))

    def overlay(self, picture: Overlay, share: float = 1.0) -> None:
        """Lays the picture over it, as much of it as `share` says."""
        masks = picture.masks
        if share < 1:
            masks = [mask.point([round(value * share) for value in range(256)]) for mask in masks]
        for index, plane in enumerate(self.planes):
            plane.paste(picture.planes[index], (0, 0), masks[min(index, 1)])


def _between(stops: list[tuple[float, Colour]], at: float) -> tuple[float, float, float]:
    """The YUV colour at a height, eased between the stops on both sides of it."""
    for (low, first), (high, second) in pairwise(stops):
        if at <= high:
            share = smooth((at - low) / (high - low))
            return to_yuv(mix(first, second, share))
    return to_yuv(stops[-1][1])


def smooth(share: float) -> float:
    """From 0 to 1 with a gentle start and end; what is beyond stays at the ends."""
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour at that share of the way from the first to the second."""
    r, g, b = (a + (z - a) * share for a, z in zip(first, second, strict=True))
    return r, g, b


@dataclass
class Layer:
    """A colour that shows where its mask is white, and moves.

    Attributes:
        colour: one colour for the whole layer.
        mask: mode L, of any size.
        motion: where it is at a time.
        soft: it has no edges, so that nobody sees it move by whole pixels, which is cheaper.
        texture: mode L; multiplied with the mask while it moves below it, for what glitters. It must always
            cover the mask.
        texture_motion: where the texture is at a time, relative to the layer: at most (0, 0).
    """

    colour: Colour
    mask: Image.Image
    motion: Motion
    soft: bool = False
    texture: Image.Image | None = None
    texture_motion: Motion = lambda _: (0.0, 0.0)

    def __post_init__(self) -> None:
        self._masks = (self.mask, self.mask.reduce(2))
        self._textures = (self.texture, self.texture.reduce(2)) if self.texture else (None, None)
        self._values = [round(value) for value in to_yuv(self.colour)]

    def draw(self, canvas: Canvas, seconds: float) -> None:
        x, y = self.motion(seconds)
        tx, ty = self.texture_motion(seconds)
        if self.soft:
            x, y, tx, ty = (round(value / 2) * 2 for value in (x, y, tx, ty))
        for half, (mask, texture) in enumerate(zip(self._masks, self._textures, strict=True)):
            scale = 0.5 if half else 1.0
            cut = _cut(mask, x * scale, y * scale, canvas.planes[half].size)
            if cut is None:
                return
            at, piece = cut
            if texture is not None:
                below = _cut(texture, (x + tx) * scale - at[0], (y + ty) * scale - at[1], piece.size)
                if below is not None:
                    piece = ImageChops.multiply(piece, below[1])
            for index in (1, 2) if half else (0,):
                canvas.planes[index].paste(self._values[index], at, piece)


def _cut(
    mask: Image.Image, x: float, y: float, size: tuple[int, int]
) -> tuple[tuple[int, int], Image.Image] | None:
    """What of a mask at (x, y) is inside of a plane, moved to whole pixels, and where; None if nothing is."""
    left, top = max(0, math.ceil(x)), max(0, math.ceil(y))
    right, bottom = min(size[0], math.floor(x + mask.width)), min(size[1], math.floor(y + mask.height))
    if left >= right or top >= bottom:
        return None
    # First the whole pixels, which costs nothing; then the fraction, in the directions that have one.
    first, row = math.floor(left - x), math.floor(top - y)
    dx, dy = left - x - first, top - y - row
    piece = mask.crop((first, row, first + right - left + (dx > 0), row + bottom - top + (dy > 0)))
    if dx or dy:
        box = (dx, dy, dx + right - left, dy + bottom - top)
        piece = piece.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box)
    return (left, top), piece


class Overlay:
    """A still RGBA picture of the canvas's size, prepared to be laid over every frame."""

    def __init__(self, picture: Image.Image) -> None:
        y, u, v = picture.convert("RGB").convert("RGB", _MATRIX).split()
        alpha = picture.getchannel("A")
        self.planes = [y, u.reduce(2), v.reduce(2)]
        self.masks = [alpha, alpha.reduce(2)]
