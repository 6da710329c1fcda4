"""What an export has of each video: its columns, in their order, and what is in them. Pure.

What a person would not publish by accident is left out: no path, no service's address, and of a URL neither
its query, which may be signed, nor a password.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from runcrate_widget.media.mp4 import MP4
from runcrate_widget.picture import Picture

from .naming import readable_name
from .record import Record

#: One video of an export, by the names of the columns.
Row: TypeAlias = "dict[str, Any]"

#: The columns, and what is in each: `text`, `int`, `float`, `bool`, `texts` or `moment`. Any but the file's
#: own may be None: not known, or not given.
COLUMNS: dict[str, str] = {
    "file_name": "text",  # what datasets calls it
    # What was asked for.
    "prompt": "text",
    "model": "text",
    "model_name": "text",
    "duration": "int",
    "aspect_ratio": "text",
    "image": "text",
    "image_from": "text",
    "extra": "text",
    "take": "int",
    # What a person makes of it.
    "kept": "bool",
    "rating": "int",
    "tags": "texts",
    "note": "text",
    # Who asked for it, and what it took.
    "owner": "text",
    "cost": "float",
    "created": "moment",
    "sent": "moment",
    "ready": "moment",
    "queued_for": "float",
    "making": "float",
    "made_in": "float",
    # What came of it.
    "seconds": "float",
    "width": "int",
    "height": "int",
    "audio": "bool",
    "size": "int",
    "sha256": "text",
    "id": "text",
    "key": "text",
    "demo": "bool",
}

#: `datasets` takes these words of a file's name for a split, and then leaves out every other file.
_SPLITS = re.compile(r"\d*(train|training|validation|valid|dev|val|test|testing|eval|evaluation)\d*")
_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*://\S+\s*", re.IGNORECASE)
_VAST = 1 << 63


def row_of(record: Record, file_name: str, mp4: MP4, sha256: str) -> Row:
    """What is in the columns of this video."""
    return {
        "file_name": file_name,
        **facts_of(record),
        "seconds": mp4.duration,
        "width": mp4.width,
        "height": mp4.height,
        "audio": mp4.audio,
        "size": mp4.size,
        "sha256": sha256,
        "id": _each(record.id, _whole),
        "key": _whole(record.key),
        "demo": record.demo,
    }


def facts_of(record: Record) -> Row:
    """What of the columns its record knows: what was asked for, what a person makes of it, what it took."""
    request, choice, line = record.request, record.choice, record.timeline
    extra = {name: value for name, value in request.extra.items() if name != "image_url"}
    image = request.image
    picture = image if isinstance(image, Picture) else None
    row: Row = {
        "prompt": request.prompt,
        "model": request.model,
        "model_name": request.model_name,
        "duration": request.duration,
        "aspect_ratio": request.aspect_ratio,
        "image": f"sha256:{picture.sha256}" if picture else image and _address(str(image)),
        "image_from": picture.frame.key if picture and picture.frame else None,
        "extra": json.dumps(_each(extra, _address), sort_keys=True, ensure_ascii=False) if extra else None,
        "take": record.take,
        "kept": choice.kept,
        "rating": choice.rating,
        "tags": list(choice.tags),
        "note": choice.note or None,
        "owner": record.owner,
        "cost": 0.0 if record.demo else record.cost,
        "created": line.created,
        "sent": line.sent,
        "ready": line.ready,
        "queued_for": line.queued_for,
        "making": line.making,
        "made_in": line.made_in,
    }
    return {name: _each(value, _whole) for name, value in row.items()}


def file_name(record: Record, taken: set[str]) -> str:
    """What its file is called in an export: words of the prompt, and the key; none that is `taken`, to which
    it is added."""
    stem, _, key = readable_name(record.prompt, record.key).rpartition("-")
    words = [word for word in stem.split("-") if not _SPLITS.fullmatch(word)]
    # A record that somebody has copied by hand has the key of another; and a key is what its record says.
    key = re.sub(r"\W", "", key) or "video"
    for number in range(1, len(taken) + 2):
        name = "-".join([*words, key, *([str(number)] if number > 1 else [])]) + ".mp4"
        if name.casefold() not in taken:
            break
    taken.add(name.casefold())
    return name


def is_name(name: object) -> bool:
    """Whether it is the name of a video in an export, and leads nowhere else."""
    if not isinstance(name, str) or name.startswith(".") or not name.endswith(".mp4"):
        return False
    return PurePath(name).name == name and "\\" not in name and ":" not in name


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed; without numbers that no table can hold."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _each(one, change) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(one, change) for one in value]
    return None if isinstance(value, int) and abs(value) >= _VAST else value


def _address(text: str) -> str:
    """Without what may be a secret, if it is a URL."""
    if not _URL.fullmatch(text):
        return text
    try:
        parts = urlsplit(text)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return ""


def _whole(text: str) -> str:
    """The text with a replacement character for each half of one: no file of text may have these."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
