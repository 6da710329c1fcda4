"""A contact sheet: one picture with many of a film's, each with its second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import InvalidRequestError

from .choosing import whole_number
from .reading import as_image, read_index, some_pictures, video_extra

if TYPE_CHECKING:
    from PIL.Image import Image

    from .film import Film

_ROWS = 3
_GAP = 4  # pixels
_GROUND, _LABEL, _INK = (24, 24, 24), (0, 0, 0, 150), (255, 255, 255)
_LARGEST = 16_384  # pixels
_MOST_PIXELS = 200_000_000  # 600 MB


def contact_sheet(film: Film, columns: Any, rows: Any, width: Any) -> Image:
    """What `Film.contact_sheet` gives."""
    across = whole_number("columns", columns, 1, 100)
    down = _ROWS if rows is None else whole_number("rows", rows, 1, 100)
    wide = whole_number("width", width, 20 * across, _LARGEST)
    with video_extra("A contact sheet"):
        from PIL import Image, ImageDraw, ImageFont

    index = read_index(film.path)
    count = min(across * down, len(index.times))
    across = min(across, count)
    down = -(-count // across) if rows is None else down
    cell = (wide - _GAP * (across + 1)) // across
    high = max(1, round(cell * film.height / film.width))
    size = wide, high * down + _GAP * (down + 1)
    if size[0] * size[1] > _MOST_PIXELS:
        message = f"width is {width!r}; the sheet would have {size[0]:,} × {size[1]:,} pixels."
        raise InvalidRequestError("width", message, "Ask for a smaller width, more columns or fewer rows.")
    sheet = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(sheet, "RGBA")
    font = ImageFont.load_default(max(9, min(18, cell // 12)))
    places: dict[int, list[int]] = {}
    for place, number in enumerate(index.spread(count)):
        places.setdefault(number, []).append(place)
    for number, frame in some_pictures(film.path, index, places):
        small = as_image(frame).resize((cell, high), Image.Resampling.LANCZOS)
        for place in places[number]:
            x = _GAP + place % across * (cell + _GAP)
            y = _GAP + place // across * (high + _GAP)
            sheet.paste(small, (x, y))
            text = f"{float(index.times[number] * index.base):.1f} s"
            box = draw.textbbox((x + 5, y + 3), text, font=font)
            draw.rectangle((x, y, box[2] + 5, box[3] + 3), fill=_LABEL)
            draw.text((x + 5, y + 3), text, fill=_INK, font=font)
    return sheet
