"""The words in the picture: the prompt in the lower third, a line about the video, and the DEMO mark."""

from __future__ import annotations

import unicodedata

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .canvas import smooth

Font = ImageFont.FreeTypeFont

#: Fonts of the usual systems, where one is installed, for what Pillow's own font lacks: it has Latin only.
_FALLBACKS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "Arial Unicode.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "meiryo.ttc",
    "malgun.ttf",
    "segoeui.ttf",
    "arial.ttf",
)
#: More characters than this never fit.
_MOST = 700
#: What typography may be simplified to where a font lacks it.
_PLAIN = str.maketrans(
    {"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "•": "·", "×": "x"}
)


def caption(width: int, height: int, prompt: str, about: str) -> Image.Image:
    """The RGBA picture that is laid over every frame.

    Args:
        width, height: its size in pixels.
        prompt: any text; what no font here can draw is left out, and what does not fit ends with an ellipsis.
        about: a short line below it.
    """
    unit = min(width, height) / 720
    margin = round(56 * unit)
    inner = width - 2 * margin
    text, name = _drawable(" ".join(_printable(prompt[:_MOST]).split()))
    if not text:
        text, name = f"A prompt of {len(prompt)} characters", None
    lines, font = _fit(text, name, inner, unit, most=4 if width > height else 8)

    size = font.size
    step = size * 1.28
    about_size = max(6.0, 21 * unit)
    about_top = height - margin - about_size
    top = about_top - 16 * unit - step * len(lines)

    words = Image.new("L", (width, height))
    draw = ImageDraw.Draw(words)
    for number, line in enumerate(lines):
        draw.text((margin, top + number * step), line, fill=255, font=font)
    draw.text((margin, about_top), about, fill=185, font=_font(None, about_size))
    _mark(draw, width, margin, unit)

    picture = Image.new("RGBA", (width, height), (6, 9, 18, 0))
    picture.putalpha(_scrim(width, height, top, unit))
    shadow = words.filter(ImageFilter.GaussianBlur(max(1.0, 7 * unit))).point(
        [min(255, round(v * 0.75)) for v in range(256)]
    )
    for colour, mask in (((4, 6, 14), shadow), ((255, 255, 255), words)):
        layer = Image.new("RGBA", (width, height), (*colour, 0))
        layer.putalpha(mask)
        picture = Image.alpha_composite(picture, layer)
    return picture


def _mark(draw: ImageDraw.ImageDraw, width: int, margin: int, unit: float) -> None:
    """DEMO, spaced, in a thin frame in the upper right corner."""
    size = max(6.0, 19 * unit)
    font = _font(None, size)
    spacing = 4.5 * unit
    lengths = [font.getlength(letter) for letter in "DEMO"]
    inside = sum(lengths) + 3 * spacing
    pad = 13 * unit
    right, top = width - margin, margin * 0.8
    left, bottom = right - inside - 2 * pad, top + size * 1.0 + 1.2 * pad
    draw.rounded_rectangle(
        (left, top, right, bottom), radius=7 * unit, outline=205, width=max(1, round(1.6 * unit))
    )
    x = left + pad
    for letter, length in zip("DEMO", lengths, strict=True):
        draw.text((x, (top + bottom) / 2), letter, fill=235, font=font, anchor="lm")
        x += length + spacing


def _scrim(width: int, height: int, top: float, unit: float) -> Image.Image:
    """Darkens what is behind the text, which begins at `top`."""
    column = Image.new("L", (1, height))
    first, last = top - 150 * unit, top + 40 * unit
    column.putdata(
        [
            round(110 * smooth((y - first) / (last - first)) + 65 * smooth((y - last) / (height - last)))
            for y in range(height)
        ]
    )
    return column.resize((width, height))


def _printable(text: str) -> str:
    """Composed (NFC); white space for control characters; without half characters and the like."""
    text = unicodedata.normalize("NFC", text)
    kept = (" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)
    return "".join(one for one in kept if unicodedata.category(one) not in ("Cs", "Co", "Cn", "Cf"))


def _font(name: str | None, size: float) -> Font:
    if name is not None:
        return ImageFont.truetype(name, size)
    font = ImageFont.load_default(size)
    assert isinstance(font, Font)  # Pillow is built with FreeType in every wheel
    return font


def _missing(text: str, font: Font) -> set[str]:
    """The characters that this font has no glyph for: they look as a code point does that no font has."""
    nothing = bytes(font.getmask("\U0010fffe"))
    return {one for one in set(text) if not one.isspace() and bytes(font.getmask(one)) == nothing}


def _drawable(text: str) -> tuple[str, str | None]:
    """The text as far as it can be drawn, and the font for it (None: Pillow's own)."""
    own = _font(None, 24)
    text = "".join(one.translate(_PLAIN) if one in _missing(text, own) else one for one in text)
    missing, name = _missing(text, own), None
    # A letter is worth another font, an emoji is not.
    if any(one.isalpha() for one in missing):
        for candidate in _FALLBACKS:
            try:
                lacks = _missing(text, _font(candidate, 24))
            except OSError:
                continue
            if len(lacks) < len(missing):
                name, missing = candidate, lacks
    font = _font(name, 24)
    # Without its accent a letter can still be read.
    bare = {one: unicodedata.normalize("NFKD", one)[0] for one in missing}
    bare = {one: base for one, base in bare.items() if base.isascii() and not _missing(base, font)}
    kept = "".join(bare.get(one, "" if one in missing else one) for one in text)
    return " ".join(kept.split()), name


def _fit(text: str, name: str | None, width: float, unit: float, most: int) -> tuple[list[str], Font]:
    """The lines of the text, at most so many, in the largest type that fits."""
    for size in (46, 40, 35, 31, 28, 25):
        font = _font(name, max(7.0, size * unit))
        lines = _wrap(text, font, width)
        # A short prompt may be large; a long one is set smaller before it takes more lines.
        if len(lines) <= (2 if size > 35 else 3 if size > 28 else most):
            return lines, font
    last = " ".join(lines[most - 1 :])
    while font.getlength(f"{last}…") > width:
        last = last[:-1]
    return [*lines[: most - 1], f"{last.rstrip()}…"], font


def _wrap(text: str, font: Font, width: float) -> list[str]:
    """Breaks at spaces, and inside of a word only where it is wider than a line (or has no spaces)."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = ""
        for one in word:
            if font.getlength(line + one) > width:
                lines.append(line)
                line = ""
            line += one
    return [*lines, line]
