"""Real pictures for the tests, made with Pillow, and videos of which each frame has a colour of its own."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
from PIL import Image

KINDS = ("JPEG", "PNG", "WEBP")


def picture(
    kind: str = "PNG",
    size: tuple[int, int] = (64, 36),
    colour: tuple[int, int, int] = (200, 30, 60),
    **options: Any,
) -> bytes:
    """A picture in one colour, as a file of this type."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


def noise(megabytes: float, kind: str = "PNG") -> bytes:
    """A picture that no encoder makes smaller: of so many MB (10⁶ bytes), or a little more."""
    side = int((megabytes * 1e6 / 3) ** 0.5) + 1
    file = io.BytesIO()
    Image.effect_noise((side * 3, side), 200).save(file, kind, compress_level=0)
    return file.getvalue()


def colour(content: bytes) -> tuple[int, int, int]:
    """What colour the middle of a picture has."""
    with Image.open(io.BytesIO(content)) as opened:
        found = opened.convert("RGB").getpixel((opened.width // 2, opened.height // 2))
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]


def near(one: tuple[int, ...], other: tuple[int, ...], by: int = 12) -> bool:
    """Whether two colours are the same, but for what encoders do."""
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def write_colours(path: Path, colours: list[tuple[int, int, int]], each: int = 12) -> None:
    """An H.264 MP4 of one second of each colour."""
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=each, options={"g": "18"})
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        for one in colours:
            for _ in range(each):
                frame = av.VideoFrame.from_image(Image.new("RGB", (128, 72), one))  # type: ignore[no-untyped-call]
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
