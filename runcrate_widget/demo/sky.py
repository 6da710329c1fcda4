"""What is above the horizon: the sun, the stars, the aurora and the clouds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PIL import Image, ImageChops, ImageDraw

from .canvas import Canvas, Layer, mix, still
from .masks import disk, even, fade, halo, noise
from .view import View


def sun(view: View, base: Canvas) -> Iterator[Layer]:
    """A disk and its glow, rising (or setting) slowly; its wide glow stands still and is laid on `base`."""
    light, chance, unit = view.light, view.chance, view.unit
    rise = 5.0 if chance.random() < 0.7 else -4.0
    x, y = view.sun_at * view.width, (view.horizon - chance.uniform(0.1, 0.22)) * view.height
    if light.stars:
        y, rise = chance.uniform(0.2, 0.3) * view.height, 2.0

    def around(radius: float, seconds: float) -> tuple[float, float]:
        return x - radius, y - radius - rise * unit * seconds

    glow = view.colour(light.glow)
    radius = even(620 * unit)
    wide = halo(radius, 215, 2.4)
    # A little noise, or the steps of its 8 bits would be seen as bands.
    grain = Image.frombytes("L", wide.size, chance.randbytes(wide.width * wide.height)).point(
        [v % 5 for v in range(256)]
    )
    wide.paste(
        ImageChops.subtract(ImageChops.add(wide, grain), Image.new("L", wide.size, 2)),
        mask=wide.point([0] * 3 + [255] * 253),
    )
    Layer(glow, wide, partial(around, radius), soft=True).draw(base, view.seconds / 2)
    radius = even(260 * unit)
    glow = mix(glow, view.colour(light.sun), 0.6)
    yield Layer(glow, halo(radius, 190, 2.2), partial(around, radius), soft=True)
    radius = even(chance.uniform(36, 50) * unit)
    yield Layer(view.colour(light.sun), disk(radius), partial(around, radius))


def stars(view: View) -> Iterator[Layer]:
    """Points that twinkle."""
    chance, unit = view.chance, view.unit
    width, height = view.width, even(view.horizon * view.height)
    points = Image.new("L", (width * 2, height * 2))
    draw = ImageDraw.Draw(points)
    for _ in range(round(width * height / unit**2 / 2300)):
        x, y = chance.uniform(0, width * 2), chance.triangular(0, height * 2, 0)
        r = unit * chance.choice((1.0, 1.0, 1.3, 1.3, 1.7, 2.6))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=chance.randint(90, 255))
    twinkle = noise(chance, width + 200, height, 34, contrast=2.2)
    twinkle = twinkle.point([60 + v * 195 // 255 for v in range(256)])
    speed = 24 * unit
    yield Layer(
        (235, 240, 255),
        points.reduce(2),
        still(),
        soft=True,
        texture=twinkle,
        texture_motion=lambda t: (-min(199.0, speed * t), 0.0),
    )


def aurora(view: View) -> Iterator[Layer]:
    """Two curtains whose folds wander."""
    unit, height = view.unit, even(view.horizon * view.height * 0.95)
    for colour, speed in (((60, 235, 160), 16.0), ((120, 110, 240), 26.0)):
        width = view.wide(speed)
        curtain = noise(view.chance, width, height, 110 * unit, contrast=2.4, stretch=9)
        covered = width + even(60 * unit * view.seconds)
        folds = noise(view.chance, covered, height, 26 * unit, contrast=1.2, stretch=16)
        yield Layer(
            colour,
            fade(curtain, [(0.0, 0), (0.25, 70), (0.6, 160), (1.0, 0)]),
            view.drift(speed, 0, width),
            soft=True,
            texture=folds,
            texture_motion=lambda t: (-40 * unit * t, 0.0),
        )


def clouds(view: View) -> Iterator[Layer]:
    """Long soft streaks, brighter than the sky behind them."""
    chance, light = view.chance, view.light
    for _ in range(2):
        speed = chance.uniform(5, 13)
        width, height = view.wide(speed), even(chance.uniform(0.16, 0.26) * view.height)
        mask = noise(chance, width, height, 30 * view.unit, contrast=2.6, stretch=1 / 7)
        mask = fade(mask, [(0.0, 0), (0.5, 45 if light.stars else 130), (1.0, 0)])
        y = chance.uniform(0.04, view.horizon - 0.2) * view.height
        colour = mix(view.colour(light.haze), view.colour(light.sun), chance.uniform(0.1, 0.6))
        yield Layer(colour, mask, view.drift(speed, y, width), soft=True)
