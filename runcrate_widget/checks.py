"""What an argument must be, where that needs no more than the argument itself. What is not raises
InvalidRequestError, which names it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .errors import InvalidRequestError

#: `s3://bucket/team`, also with one slash, as a path has it; and not `C:/videos`.
_URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


def check_flag(field: str, value: object) -> bool:
    """True or False."""
    if not any(value is one or value == one for one in (True, False)):
        raise InvalidRequestError(field, f"{field} is {value!r}; it must be True or False.")
    return bool(value)


def check_text(field: str, value: object) -> str:
    """A text; it may be empty."""
    if not isinstance(value, str):
        raise InvalidRequestError(field, f"{field} is {value!r}; it must be a text.")
    return value


def check_number(field: str, value: object) -> float:
    """A number that is one: neither a truth value nor infinite."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf"):
        return value
    raise InvalidRequestError(field, f"{field} is {value!r}; it must be a number.")


def check_file(field: str, value: object) -> Path:
    """The path of a file, or of where one is to be."""
    try:
        path = Path(os.fsdecode(value)).expanduser()  # type: ignore[arg-type]
        os.fsencode(path)
        if "\0" not in str(path) and path.name and not path.is_dir():
            return path
    except (TypeError, ValueError, RuntimeError):
        pass
    raise InvalidRequestError(field, f"{field} is {value!r}; it must be the path of a file.")


def is_url(text: str) -> bool:
    """Whether a text is the URL of a place (`s3://bucket/team`), and no path of this machine; also where it
    was a path in between, which leaves one slash of it."""
    return _URL.match(text.strip()) is not None


def bare_url(url: str) -> str:
    """A URL as a message may have it: without who somebody is there, and a query, which may be secrets."""
    return re.split(r"[?#]", re.sub(r"(:/+).*@", r"\1…@", url))[0]


def check_here(field: str, place: str) -> None:
    """Raises InvalidRequestError where what is to be a path is a URL: there would be a folder `s3:`."""
    if is_url(place):
        message = f"{field} is {bare_url(place)!r}, which is a URL and no path."
        raise InvalidRequestError(field, message, "Give a place on this machine, and copy it from there.")
