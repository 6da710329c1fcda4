"""What is drawn for a prompt: a landscape in layers that drift past each other, under a slowly moving sky.

Known words of the prompt choose the light and the place; everything else (hues, ridges, where the sun stands, which way it
drifts) comes from the seed, so that every prompt has a picture of its own.
"""

from __future__ import annotations

import colorsys
import math
import random
import re
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .canvas import FPS, Canvas, Colour, Layer, Motion, mix, smooth, still


@dataclass(frozen=True)
class Light:
    """The colours of a time of day, from the top of the sky down to the nearest ground."""

    top: str
    middle: str
    haze: str
    sun: str
    glow: str
    far: str
    near: str
    stars: bool = False


LIGHTS = {
    "sunrise": Light("#27497f", "#c98a9b", "#ffd9a0", "#fff3d6", "#ffb469", "#b97f8d", "#1b1c35"),
    "sunset": Light("#2b2a5e", "#b24a6b", "#ffab5e", "#ffe6b0", "#ff7a45", "#934468", "#170f28"),
    "day": Light("#2f74b8", "#79b4dd", "#e4f1f1", "#fffbe8", "#fff0c4", "#86b3c4", "#123043"),
    "mist": Light("#6f8796", "#a9bcc2", "#e6ebe6", "#fffaf0", "#fbf4e2", "#9fb3b8", "#1c2f38"),
    "dusk": Light("#1b2150", "#5a4a8c", "#e79aa4", "#ffe9d6", "#f08fa0", "#6d5a96", "#120f2a"),
    "night": Light("#050a20", "#0f1f48", "#3d5a8c", "#f4f3e6", "#6f8fc8", "#2a4270", "#04081a", stars=True),
    "winter": Light("#5c83ad", "#a9c4dc", "#f3eef0", "#fffdf5", "#ffeedd", "#a9c0d8", "#27405f"),
    "autumn": Light("#5f7391", "#d3a07c", "#ffe0ad", "#fff4d8", "#ffc070", "#c98a5f", "#33171a"),
    "emerald": Light("#0c3b4c", "#2f8078", "#cfe9c2", "#fdfbe0", "#b9e8b0", "#4d9684", "#06222b"),
}

#: The first row of which a word is in the prompt decides.
LIGHT_WORDS = {
    "night": "night midnight moon moonlight moonlit star stars starry galaxy milky space aurora northern neon dark firefly",
    "winter": "snow snowy snowfall snowing winter ice icy frozen frost glacier arctic blizzard christmas",
    "sunset": "sunset golden evening fire lava volcano volcanic savanna savannah desert dune dunes",
    "dusk": "dusk twilight purple lavender violet dream dreamy neon",
    "sunrise": "sunrise dawn morning daybreak warm",
    "autumn": "autumn fall october harvest leaves maple",
    "mist": "mist misty fog foggy rain rainy storm stormy cloud clouds cloudy grey gray smoke",
    "emerald": "jungle rainforest tropical green emerald spring moss fern",
    "day": "day noon summer sunny blue beach meadow picnic bright",
}
PLACE_WORDS = {
    "city": "city town streets skyline tokyo london paris york cyberpunk skyscraper skyscrapers building buildings rooftop",
    "ocean": "ocean sea wave waves lake water beach coast island sail sailing boat ship whale dolphin surf harbor harbour fish",
    "forest": "forest forests wood woods tree trees pine pines fir jungle rainforest fox wolf bear deer owl bird",
    "dunes": "desert dune dunes sand sahara camel mars savanna savannah plain plains field fields meadow wheat",
    "mountains": "mountain mountains alps alpine peak peaks summit himalaya cliff cliffs canyon glacier volcano rocky eagle",
    "hills": "hill hills valley countryside village farm vineyard",
}
SNOW_WORDS = "snow snowy snowfall snowing blizzard winter christmas"
RAIN_WORDS = "rain rainy raining storm stormy monsoon drizzle"
AURORA_WORDS = "aurora northern"


class Scene:
    """The picture at every moment.

    Args:
        width, height: in pixels, both even.
        seconds: how long it is to be looked at.
        prompt: chooses light and place.
        chance: all that the prompt does not say.
    """

    def __init__(self, width: int, height: int, seconds: float, prompt: str, chance: random.Random) -> None:
        self.width = width
        self.height = height
        self.seconds = seconds
        self.chance = chance
        self.unit = min(width, height) / 720
        self.direction = chance.choice((-1, 1))
        words = set(re.findall(r"[a-z]+", prompt.lower()))
        place = _choose(PLACE_WORDS, words) or chance.choice(
            ("hills", "mountains", "mountains", "ocean", "forest", "dunes")
        )
        light = _choose(LIGHT_WORDS, words) or chance.choice(
            ("sunrise", "sunset", "day", "dusk", "emerald", "autumn", "mist")
        )
        self.light = LIGHTS[light]
        self.hue = chance.uniform(-0.035, 0.035)
        self.horizon = chance.uniform(0.5, 0.6) if place != "ocean" else chance.uniform(0.46, 0.54)
        self.sun_at = chance.uniform(0.2, 0.45) if chance.random() < 0.5 else chance.uniform(0.55, 0.72)
        self.layers: list[Layer] = []

        self.base = Canvas(width, height)
        top, middle, haze = (self.colour(one) for one in (self.light.top, self.light.middle, self.light.haze))
        stops = [(0.0, top), (self.horizon * 0.55, middle), (self.horizon * 1.02, haze), (1.0, haze)]
        self.base.gradient(stops, chance.randbytes(width * height))

        if self.light.stars:
            self.add_stars()
        if words & set(AURORA_WORDS.split()):
            self.add_aurora()
        self.add_sun()
        self.add_clouds()
        if place == "ocean":
            self.add_sea()
        else:
            self.add_ground(place)
        if words & set(SNOW_WORDS.split()):
            self.add_falling(snow=True)
        elif words & set(RAIN_WORDS.split()):
            self.add_falling(snow=False)

    def draw(self, seconds: float) -> Canvas:
        canvas = self.base.copy()
        for layer in self.layers:
            layer.draw(canvas, seconds)
        return canvas

    # ---------------------------------------------------------------------------------------- the parts

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

    def add_sun(self) -> None:
        """A disk and its glow, rising (or setting) slowly."""
        light, rise = self.light, 5.0 if self.chance.random() < 0.7 else -4.0
        x, y = self.sun_at * self.width, (self.horizon - self.chance.uniform(0.1, 0.22)) * self.height
        if light.stars:
            y, rise = self.chance.uniform(0.2, 0.3) * self.height, 2.0

        def around(radius: float, seconds: float) -> tuple[float, float]:
            return x - radius, y - radius - rise * self.unit * seconds

        glow = self.colour(light.glow)
        # The wide glow stands still: it belongs to the sky.
        radius = even(620 * self.unit)
        wide = halo(radius, 215, 2.4)
        # A little noise, or the steps of its 8 bits would be seen as bands.
        grain = Image.frombytes("L", wide.size, self.chance.randbytes(wide.width * wide.height)).point(
            [v % 5 for v in range(256)]
        )
        wide.paste(
            ImageChops.subtract(ImageChops.add(wide, grain), Image.new("L", wide.size, 2)),
            mask=wide.point([0] * 3 + [255] * 253),
        )
        Layer(glow, wide, partial(around, radius), soft=True).draw(self.base, self.seconds / 2)
        radius = even(260 * self.unit)
        glow = mix(glow, self.colour(light.sun), 0.6)
        self.layers.append(Layer(glow, halo(radius, 190, 2.2), partial(around, radius), soft=True))
        radius = even(self.chance.uniform(36, 50) * self.unit)
        self.layers.append(Layer(self.colour(light.sun), disk(radius), partial(around, radius)))

    def add_stars(self) -> None:
        width, height = self.width, even(self.horizon * self.height)
        stars = Image.new("L", (width * 2, height * 2))
        draw = ImageDraw.Draw(stars)
        for _ in range(round(width * height / self.unit**2 / 2300)):
            x, y = self.chance.uniform(0, width * 2), self.chance.triangular(0, height * 2, 0)
            r = self.unit * self.chance.choice((1.0, 1.0, 1.3, 1.3, 1.7, 2.6))
            draw.ellipse((x - r, y - r, x + r, y + r), fill=self.chance.randint(90, 255))
        twinkle = self.noise(width + 200, height, 34, contrast=2.2).point(
            [60 + v * 195 // 255 for v in range(256)]
        )
        speed = 24 * self.unit
        self.layers.append(
            Layer(
                (235, 240, 255),
                stars.reduce(2),
                still(),
                True,
                twinkle,
                lambda t: (-min(199.0, speed * t), 0.0),
            )
        )

    def add_aurora(self) -> None:
        height = even(self.horizon * self.height * 0.95)
        for colour, speed in (((60, 235, 160), 16.0), ((120, 110, 240), 26.0)):
            width = self.wide(speed)
            curtain = self.noise(width, height, 110 * self.unit, contrast=2.4, stretch=9)
            folds = self.noise(
                width + even(60 * self.unit * self.seconds), height, 26 * self.unit, contrast=1.2, stretch=16
            )
            curtain = fade(curtain, [(0.0, 0), (0.25, 70), (0.6, 160), (1.0, 0)])
            self.layers.append(
                Layer(
                    colour,
                    curtain,
                    self.drift(speed, 0, width),
                    True,
                    folds,
                    lambda t: (-40 * self.unit * t, 0.0),
                )
            )

    def add_clouds(self) -> None:
        """Long soft streaks, brighter than the sky behind them."""
        for _ in range(2):
            speed = self.chance.uniform(5, 13)
            width, height = self.wide(speed), even(self.chance.uniform(0.16, 0.26) * self.height)
            mask = self.noise(width, height, 30 * self.unit, contrast=2.6, stretch=1 / 7)
            mask = fade(mask, [(0.0, 0), (0.5, 130 if not self.light.stars else 45), (1.0, 0)])
            y = self.chance.uniform(0.04, self.horizon - 0.2) * self.height
            colour = mix(
                self.colour(self.light.haze), self.colour(self.light.sun), self.chance.uniform(0.1, 0.6)
            )
            self.layers.append(Layer(colour, mask, self.drift(speed, y, width), soft=True))

    def add_mist(self, y: float, level: int, speed: float) -> None:
        width, height = self.wide(speed), even(0.2 * self.height)
        mask = self.noise(width, height, 60 * self.unit, contrast=1.5, stretch=1 / 4)
        mask = fade(mask, [(0.0, 0), (0.55, level), (1.0, 0)])
        colour = mix(self.colour(self.light.haze), self.colour(self.light.sun), 0.15)
        self.layers.append(Layer(colour, mask, self.drift(speed, y - height / 2, width), soft=True))

    def add_ground(self, place: str) -> None:
        """Ridges behind ridges, each darker, larger and faster than the one behind it, with mist between."""
        count = {"dunes": 4, "city": 4}.get(place, 5)
        far, near = self.colour(self.light.far), self.colour(self.light.near)
        for number in range(count):
            depth = number / (count - 1)
            speed = 7 + 46 * depth**1.6
            width = self.wide(speed)
            y = (self.horizon - 0.05 + 0.33 * depth**1.25) * self.height
            rise = {"mountains": 0.3 - 0.12 * depth, "dunes": 0.1, "city": 0.05}.get(
                place, 0.12 + 0.03 * depth
            ) * self.height
            ridge = self.ridge(place, width, rise, depth)
            last = number == count - 1
            trees = (
                (10 + 64 * depth**1.5) * self.unit
                if (place == "forest" and number > 0) or (place in ("mountains", "hills") and last)
                else 0.0
            )
            tall = (1 - 0.35 * depth) * 0.26 * self.height if place == "city" and not last else 0.0
            head = even(trees + 1.2 * tall)
            top = even(y - rise) - head
            # What is lower down is hidden by the nearer ones, or by mist.
            height = even(
                self.height - top if last else min(self.height - top, head + rise + 0.32 * self.height)
            )
            mask = self.silhouette(ridge, width, height, head)
            if trees:
                self.plant(mask, ridge, trees, head)
            windows = self.build(mask, tall, depth) if tall else None
            stops = [(0.0, 255), ((head + 0.4 * rise) / height, 255), (1.0, 0)]
            mask = mask.reduce(2) if last else fade(mask.reduce(2), stops)
            motion = self.drift(speed, top, width)
            self.layers.append(Layer(mix(far, near, depth**0.8), mask, motion))
            if windows is not None:
                lit = mix(self.colour(self.light.sun), (255, 196, 110), 0.75 if self.light.stars else 0.2)
                self.layers.append(Layer(lit, fade(windows.reduce(2), stops), motion))
            if not last:
                self.add_mist(y + 0.1 * self.height, round(125 - 70 * depth), speed * 0.6 + 9)

    def add_sea(self) -> None:
        """Water from the horizon down, the sun's road on it, and waves that come nearer."""
        light, top = self.light, even(self.horizon * self.height)
        deep = mix(self.colour(light.near), self.colour(light.top), 0.45)
        shine = mix(self.colour(light.haze), self.colour(light.glow), 0.4)
        height = self.height - top + 8
        self.layers.append(
            Layer(
                mix(shine, deep, 0.35),
                fade(Image.new("L", (self.width, height), 255), [(0.0, 170), (0.1, 255), (1.0, 255)]),
                still(0.0, top),
            )
        )
        speed = 8.0
        width = self.wide(speed)
        ridge = self.ridge("hills", width, 0.07 * self.height, 0.0)
        isle = self.silhouette(ridge, width, even(0.075 * self.height)).reduce(2)
        self.layers.append(
            Layer(
                mix(self.colour(light.far), self.colour(light.haze), 0.3),
                isle,
                self.drift(speed, top - isle.height + 3, width),
            )
        )
        count = 7
        for number in range(count):
            depth = (number + 1) / count
            size = 0.42 * depth**1.7
            y = top + size * self.height
            rise = (4 + 30 * depth**1.3) * self.unit
            sway = (10 + 34 * depth) * self.unit
            width = even(self.width + 4 * sway)
            ridge = self.swell(width, rise, (60 + 420 * depth) * self.unit)
            # As far down as the next three waves leave it to be seen.
            low = (
                top + 0.42 * min(1.0, depth + 3 / count) ** 1.7 * self.height
                if number < count - 3
                else self.height
            )
            mask = self.silhouette(ridge, width, even(low - y + 3 * rise)).reduce(2)
            mask = fade(mask, [(0.0, 150), (0.25, 225), (1.0, 255)])
            motion = bob(sway, y - rise, 0.4 * rise, 5.5 + 2 * depth, self.chance.uniform(0, math.tau))
            colour = mix(mix(shine, deep, 0.45), mix(deep, self.colour(light.near), 0.7), depth)
            self.layers.append(Layer(colour, mask, motion))
            crest = mask.crop((0, 0, width, even(3 * rise)))
            crest = ImageChops.subtract(crest, ImageChops.offset(crest, 0, max(1, round(0.32 * rise))))
            self.layers.append(
                Layer(
                    mix(colour, shine, 0.5),
                    fade(crest, [(0.0, 190), (0.3, 120), (0.62, 0), (1.0, 0)]),
                    motion,
                )
            )
            if number in (1, 3, 5):
                self.add_glitter(top, number)

    def add_glitter(self, top: int, number: int) -> None:
        """Sparkles below the sun: two noises that move across each other."""
        unit, spread = self.unit, 90 + 60 * number
        width, height = even(2.4 * spread * unit), even((0.1 + 0.06 * number) * self.height)
        size, stretch = (3.5 + 1.6 * number) * unit, 1 / 5
        spots = self.noise(width, height, size, contrast=2.6, stretch=stretch)
        spots = fade(spots, [(0.0, 0), (0.12, 255), (0.7, 200), (1.0, 0)])
        across = Image.new("L", (width, 1))
        across.putdata([round(255 * smooth(1 - abs(2 * i / (width - 1) - 1))) for i in range(width)])
        spots = Image.composite(spots, Image.new("L", spots.size), across.resize(spots.size))
        speed = 14 * unit
        moving = self.noise(
            width + even(speed * self.seconds + 4), height, size, contrast=2.6, stretch=stretch
        )
        x, y = (
            even(self.sun_at * self.width - width / 2),
            top + even((0, 0, 0, 0.05, 0, 0.12)[number] * self.height),
        )
        self.layers.append(
            Layer(self.colour(self.light.sun), spots, still(x, y), False, moving, lambda t: (-speed * t, 0.0))
        )

    def add_falling(self, snow: bool) -> None:
        """Flakes or drops, in three distances; each sheet follows itself without a seam."""
        for depth in (0.2, 0.55, 1.0):
            width, height = even(self.width + 80 * self.unit), self.height
            sheet = Image.new("L", (width * 2, height * 2))
            draw = ImageDraw.Draw(sheet)
            for _ in range(round(width * height / self.unit**2 / (4200 + 9000 * depth))):
                x, y = self.chance.uniform(0, width * 2), self.chance.uniform(0, height * 2)
                r = self.unit * (1.2 + 4.6 * depth * self.chance.uniform(0.6, 1)) * (1 if snow else 0.35)
                for wrapped in (y, y - height * 2):
                    length = self.unit * (30 + 60 * depth)
                    if snow:
                        draw.ellipse((x - r, wrapped - r, x + r, wrapped + r), fill=round(235 - 95 * depth))
                    else:
                        draw.line(
                            (x, wrapped, x + length * 0.12, wrapped - length),
                            fill=95,
                            width=max(1, round(r * 1.4)),
                        )
            mask = sheet.reduce(2)
            if snow and depth > 0.5:
                mask = mask.filter(ImageFilter.GaussianBlur(1.6 * depth * self.unit))
            # By whole pixels a frame: smooth, and nothing is computed between them.
            speed = FPS * max(1, round(self.unit * ((1.6 + 3.4 * depth) if snow else (26 + 20 * depth))))
            sway, phase = 26 * self.unit if snow else 0.0, self.chance.uniform(0, math.tau)
            for above in (0, height):
                motion = fall(-even(40 * self.unit), sway, phase, speed, height, above)
                self.layers.append(Layer((250, 252, 255), mask, motion))

    # ---------------------------------------------------------------------------------------- shapes

    def ridge(self, place: str, width: int, rise: float, depth: float) -> list[float]:
        """The height above the layer's foot for every half pixel."""
        scale = (
            {"mountains": 400, "dunes": 620, "city": 700}.get(place, 330) * (0.75 + 0.6 * depth) * self.unit
        )
        octaves = {"mountains": 6, "dunes": 2}.get(place, 4)
        sharp = place == "mountains"
        total = [0.0] * (width * 2)
        level, full = 1.0, 0.0
        for _ in range(octaves):
            points = [self.chance.random() for _ in range(round(width / scale) + 3)]
            offset = self.chance.random()
            for i in range(width * 2):
                at = i / 2 / scale + offset
                left = int(at)
                share = at - left
                if not sharp:
                    share = share * share * (3 - 2 * share)
                total[i] += level * (points[left] + (points[left + 1] - points[left]) * share)
            full += level
            level *= 0.46 if sharp else 0.34
            scale /= 2.1
        low, high = min(total), max(total)
        return [rise * 2 * (one - low) / ((high - low) or 1) for one in total]

    def swell(self, width: int, rise: float, length: float) -> list[float]:
        """The height of waves with narrow crests for every half pixel."""
        phases = [self.chance.uniform(0, math.tau) for _ in range(3)]
        heights = []
        for i in range(width * 2):
            at = i / 2 / length * math.tau
            one = 1 - abs(math.sin(at / 2 + phases[0]))
            heights.append(
                2
                * rise
                * (
                    0.55 * one * one
                    + 0.28 * (0.5 + 0.5 * math.sin(at * 0.43 + phases[1]))
                    + 0.17 * (0.5 + 0.5 * math.sin(at * 2.3 + phases[2]))
                )
            )
        return heights

    def silhouette(self, ridge: list[float], width: int, height: int, head: int = 0) -> Image.Image:
        """White below the ridge, in twice the size; the ridge's highest point is `head` pixels below the top."""
        mask = Image.new("L", (width * 2, height * 2))
        highest = max(ridge) + 2 * head
        points = [(float(x), highest - y + 1) for x, y in enumerate(ridge)]
        ImageDraw.Draw(mask).polygon([(0.0, height * 2.0), *points, (width * 2.0, height * 2.0)], fill=255)
        return mask

    def plant(self, mask: Image.Image, ridge: list[float], size: float, head: int) -> None:
        """Firs along the ridge."""
        draw = ImageDraw.Draw(mask)
        highest, x = max(ridge) + 2 * head, 0.0
        while x < len(ridge):
            foot = highest - ridge[int(x)] + size * 0.3
            tall = 2 * size * self.chance.uniform(0.45, 1.0)
            for tier in range(4):
                top = foot - tall * (1 - tier * 0.2)
                half = tall * 0.085 * (1 + tier)
                draw.polygon(
                    [(x, top), (x - half, top + tall * 0.36), (x + half, top + tall * 0.36)], fill=255
                )
            draw.rectangle((x - tall * 0.02, foot - tall * 0.2, x + tall * 0.02, foot + tall * 0.2), fill=255)
            x += size * self.chance.uniform(0.25, 1.1)

    def build(self, mask: Image.Image, tall: float, depth: float) -> Image.Image:
        """Houses and towers; returns the mask of their lit windows."""
        windows = Image.new("L", mask.size)
        draw, light = ImageDraw.Draw(mask), ImageDraw.Draw(windows)
        x, lot = 0.0, (54 + 60 * depth) * self.unit
        step = 15 * self.unit * (0.7 + 0.6 * depth)
        while x < mask.width:
            wide = 2 * lot * self.chance.uniform(0.4, 1.0)
            roof = 2 * tall * (1.2 - self.chance.betavariate(1.3, 2.2))
            light.rectangle((x, roof, x + wide, mask.height), fill=0)  # it hides what is behind it
            draw.rectangle((x, roof, x + wide, mask.height), fill=255)
            if self.chance.random() < 0.2:
                draw.line(
                    (x + wide / 2, roof, x + wide / 2, roof - tall * 0.3),
                    fill=255,
                    width=max(1, round(3 * self.unit)),
                )
            for column in range(1, int(wide / step)):
                for row in range(1, int((mask.height - roof) / step / 1.5)):
                    if self.chance.random() < 0.2:
                        left, top = x + column * step, roof + row * step * 1.5
                        light.rectangle(
                            (left, top, left + step * 0.4, top + step * 0.7),
                            fill=self.chance.randint(60, 200),
                        )
            x += wide + (lot * self.chance.uniform(0.05, 0.5) if self.chance.random() < 0.4 else 0)
        return windows

    def noise(
        self, width: int, height: int, size: float, contrast: float, stretch: float = 1.0
    ) -> Image.Image:
        """Soft random spots of about `size` pixels, `stretch` times as high as wide; more contrast leaves fewer."""
        columns = max(2, round(width / size * min(1.0, stretch * 1.0) if stretch < 1 else width / size))
        rows = max(2, round(height / size if stretch < 1 else height / (size * stretch)))
        small = Image.frombytes("L", (columns, rows), self.chance.randbytes(columns * rows))
        large = small.resize((width, height), Image.Resampling.BICUBIC)
        return large.point(
            [round(255 * smooth((v / 255 - 0.5) * contrast + 0.5 - 0.12 * contrast)) for v in range(256)]
        )


def _choose(table: dict[str, str], words: set[str]) -> str | None:
    return next((name for name, known in table.items() if words & set(known.split())), None)


def bob(sway: float, y: float, lift: float, period: float, phase: float) -> Motion:
    """A wave's way: to and fro by `sway` (it is `4 * sway` wider than the frame), and up and down by `lift`."""

    def motion(seconds: float) -> tuple[float, float]:
        angle = math.tau * seconds / period + phase
        return -2 * sway + sway * 1.6 * math.sin(angle * 0.8), y + lift * math.cos(angle)

    return motion


def fall(x: float, sway: float, phase: float, speed: int, height: int, above: int) -> Motion:
    """The way of a sheet of flakes or drops, which begins anew after `height` pixels."""

    def motion(seconds: float) -> tuple[float, float]:
        return x + sway * math.sin(seconds * 0.7 + phase), round(speed * seconds) % height - above

    return motion


def even(size: float) -> int:
    """The nearest even number of pixels, at least 2."""
    return max(2, round(size / 2) * 2)


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
