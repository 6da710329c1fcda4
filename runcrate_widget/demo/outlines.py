"""Outlines: ridges and waves as lists of heights, their silhouettes, and the firs and houses on them.

Heights and silhouettes are in half pixels, so that a mask which is halved afterwards has a smooth edge.
"""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw

from .view import View


def ridge(view: View, place: str, width: int, rise: float, depth: float) -> list[float]:
    """The height above the layer's foot for every half pixel."""
    size = {"mountains": 400, "dunes": 620, "city": 700}.get(place, 330)
    scale = size * (0.75 + 0.6 * depth) * view.unit
    octaves = {"mountains": 6, "dunes": 2}.get(place, 4)
    sharp = place == "mountains"
    total = [0.0] * (width * 2)
    level = 1.0
    for _ in range(octaves):
        _add_octave(total, view.chance, scale, level, sharp=sharp)
        level *= 0.46 if sharp else 0.34
        scale /= 2.1
    low, high = min(total), max(total)
    return [rise * 2 * (one - low) / ((high - low) or 1) for one in total]


def _add_octave(
    total: list[float], chance: random.Random, scale: float, level: float, *, sharp: bool
) -> None:
    """Adds a line through random points, `scale` pixels apart and up to `level` high, with corners or not."""
    points = [chance.random() for _ in range(round(len(total) // 2 / scale) + 3)]
    offset = chance.random()
    for i in range(len(total)):
        at = i / 2 / scale + offset
        left = int(at)
        share = at - left
        if not sharp:
            share = share * share * (3 - 2 * share)
        total[i] += level * (points[left] + (points[left + 1] - points[left]) * share)


def swell(view: View, width: int, rise: float, length: float) -> list[float]:
    """The height of waves with narrow crests for every half pixel."""
    first, second, third = (view.chance.uniform(0, math.tau) for _ in range(3))
    heights = []
    for i in range(width * 2):
        at = i / 2 / length * math.tau
        crest = 1 - abs(math.sin(at / 2 + first))
        long = 0.5 + 0.5 * math.sin(at * 0.43 + second)
        short = 0.5 + 0.5 * math.sin(at * 2.3 + third)
        heights.append(2 * rise * (0.55 * crest * crest + 0.28 * long + 0.17 * short))
    return heights


def silhouette(heights: list[float], width: int, height: int, head: int = 0) -> Image.Image:
    """White below the heights, in twice the size; the highest point is `head` pixels below the top."""
    mask = Image.new("L", (width * 2, height * 2))
    highest = max(heights) + 2 * head
    points = [(float(x), highest - y + 1) for x, y in enumerate(heights)]
    ImageDraw.Draw(mask).polygon([(0.0, height * 2.0), *points, (width * 2.0, height * 2.0)], fill=255)
    return mask


def plant(mask: Image.Image, heights: list[float], size: float, head: int, chance: random.Random) -> None:
    """Firs along the ridge."""
    draw = ImageDraw.Draw(mask)
    highest, x = max(heights) + 2 * head, 0.0
    while x < len(heights):
        foot = highest - heights[int(x)] + size * 0.3
        tall = 2 * size * chance.uniform(0.45, 1.0)
        for tier in range(4):
            top = foot - tall * (1 - tier * 0.2)
            half = tall * 0.085 * (1 + tier)
            draw.polygon([(x, top), (x - half, top + tall * 0.36), (x + half, top + tall * 0.36)], fill=255)
        draw.rectangle((x - tall * 0.02, foot - tall * 0.2, x + tall * 0.02, foot + tall * 0.2), fill=255)
        x += size * chance.uniform(0.25, 1.1)


def build(mask: Image.Image, tall: float, depth: float, view: View) -> Image.Image:
    """Houses and towers; returns the mask of their lit windows."""
    chance = view.chance
    windows = Image.new("L", mask.size)
    draw, light = ImageDraw.Draw(mask), ImageDraw.Draw(windows)
    x, lot = 0.0, (54 + 60 * depth) * view.unit
    step = 15 * view.unit * (0.7 + 0.6 * depth)
    while x < mask.width:
        wide = 2 * lot * chance.uniform(0.4, 1.0)
        roof = 2 * tall * (1.2 - chance.betavariate(1.3, 2.2))
        light.rectangle((x, roof, x + wide, mask.height), fill=0)  # it hides what is behind it
        draw.rectangle((x, roof, x + wide, mask.height), fill=255)
        if chance.random() < 0.2:
            mast = (x + wide / 2, roof, x + wide / 2, roof - tall * 0.3)
            draw.line(mast, fill=255, width=max(1, round(3 * view.unit)))
        _light_windows(light, x, roof, int(wide / step), int((mask.height - roof) / step / 1.5), step, chance)
        x += wide
        if chance.random() < 0.4:
            x += lot * chance.uniform(0.05, 0.5)
    return windows


def _light_windows(
    light: ImageDraw.ImageDraw,
    x: float,
    roof: float,
    columns: int,
    rows: int,
    step: float,
    chance: random.Random,
) -> None:
    """Every fifth window of a house, each at a brightness of its own."""
    for column in range(1, columns):
        for row in range(1, rows):
            if chance.random() >= 0.2:
                continue
            left, top = x + column * step, roof + row * step * 1.5
            light.rectangle((left, top, left + step * 0.4, top + step * 0.7), fill=chance.randint(60, 200))
