"""The API key: it does not show itself, and goes nowhere but to the service."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any, NoReturn
from weakref import WeakValueDictionary

from runcrate_widget.errors import ConfigurationError

#: Those that exist, by `id()`: equal ones are still two, of which either may go first.
_alive: WeakValueDictionary[int, Key] = WeakValueDictionary()

#: Of this process: so that a key's mark says nothing of the key.
_SALT = secrets.token_bytes(16)


#: JSON can be nested so deeply that it can be read, and not written again.
_DEEPEST = 50

#: A letter as JSON, a URL or HTML may have it, or a repr of it.
_ESCAPE = re.compile(
    r"\\{1,4}u([0-9a-f]{4})|%([0-9a-f]{2})|&#x0*([0-9a-f]{1,4});|&#0*([0-9]{1,5});|\\{1,4}(/)", re.IGNORECASE
)
_LETTER = re.compile(_ESCAPE.pattern + "|.", re.IGNORECASE | re.DOTALL)


def _plain(letter: re.Match[str]) -> str:
    *hexadecimal, decimal, slash = letter.groups()
    if code := next(filter(None, hexadecimal), ""):
        return chr(int(code, 16))
    return chr(int(decimal)) if decimal else slash or letter.group()


class Key:
    """An API key that does not show itself: not in a repr, not in a pickle, not in `vars()`."""

    __slots__ = ("__weakref__", "_reveal")

    def __init__(self, text: str) -> None:
        wrong = ""
        if not isinstance(text, str):
            wrong = "is not a text"
        else:
            # Copied from a shell profile or a dashboard, keys come with quotes, a line's end, or the header's
            # first word.
            text = re.sub(r"^bearer\s+", "", text.strip().strip("\"'`").strip(), flags=re.IGNORECASE)
            if not re.fullmatch(r"[\x21-\x7e]*", text):
                wrong = "has characters that no key has (spaces or non-ASCII)"
            elif not text:
                wrong = "is empty"
        if wrong:
            text = ""  # some tracebacks show the locals of their frames
            raise ConfigurationError(f"The API key {wrong}.", "It begins with rc_live_: copy it anew.")
        self._reveal = _sealed(text)
        _alive[id(self)] = self

    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self._reveal()}"

    def mark(self) -> str:
        """The same for the same key within this process, and of no use to find the key."""
        return hashlib.blake2b(self._reveal().encode(), key=_SALT, digest_size=16).hexdigest()

    def redacted(self, body: bytes) -> bytes:
        """`body` without the key: some services repeat it when they refuse it."""
        text = self.without(body.decode("latin-1"), repr(self).encode().decode("latin-1"))
        return text.encode("latin-1")

    def without(self, text: str, instead: str | None = None) -> str:
        """`text` without the key, whether it is there as it is, in other case, or escaped for JSON, a URL or
        HTML."""
        key = _ESCAPE.sub(_plain, self._reveal()).lower()
        if key not in _ESCAPE.sub(_plain, text).lower():  # in nearly every text, and quickly seen
            return text
        parts = [(match.group(), _plain(match)) for match in _LETTER.finditer(text)]
        # One letter each, so that a place in what is searched is one in `parts`.
        flat = "".join(low if len(low := plain.lower()) == 1 else plain for _, plain in parts)
        kept, at = "", 0
        while (found := flat.find(key, at)) >= 0:
            kept += "".join(part for part, _ in parts[at:found]) + (instead or repr(self))
            at = found + len(key)
        return kept + "".join(part for part, _ in parts[at:])

    def without_in(self, value: Any, depth: int = 0) -> Any:
        """A JSON value without the key in any of its texts, and no deeper than anything that means
        something."""
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, (dict, list)) and depth == _DEEPEST:
            return "…"
        if isinstance(value, dict):
            return {self.without(name): self.without_in(one, depth + 1) for name, one in value.items()}
        return [self.without_in(one, depth + 1) for one in value] if isinstance(value, list) else value

    def __repr__(self) -> str:
        if not hasattr(self, "_reveal"):  # a traceback with locals, of the constructor
            return "…"
        text = self._reveal()
        prefix = "rc_live_" if text.startswith("rc_live_") else ""
        return f"{prefix}…{text[-4:] if len(text) >= 16 else ''}"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return self._reveal() == other._reveal() if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._reveal())

    def __reduce__(self) -> NoReturn:
        raise TypeError("An API key is never pickled or copied: make the client anew where it is needed.")


def _sealed(text: str) -> Callable[[], str]:
    return lambda: text


class _Redacting(logging.Filter):
    """What others log of an answer may have the key in it: httpx tells its reason phrase, httpcore its
    headers."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            said = record.getMessage()
        except Exception:  # logging itself reports that
            return True
        for key in list(_alive.values()):
            if (clean := key.without(said)) != said:
                record.msg, record.args, said = clean, None, clean
        return True


def _guard_logs() -> None:
    # A filter of a logger does not see what those below it are told: each has its own.
    for name in ("", ".connection", ".http11", ".http2", ".proxy", ".socks"):
        logging.getLogger(f"httpcore{name}").addFilter(_guard)
    logging.getLogger("httpx").addFilter(_guard)


_guard = _Redacting()
_guard_logs()
