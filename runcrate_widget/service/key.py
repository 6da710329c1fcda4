"""The API key: it does not show itself, and goes nowhere but to the service."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from typing import NoReturn

from runcrate_widget.errors import ConfigurationError

#: Of this process: so that a key's mark says nothing of the key.
_SALT = secrets.token_bytes(16)


class Key:
    """An API key that does not show itself: not in a repr, not in a pickle, not in `vars()`."""

    __slots__ = ("_reveal",)

    def __init__(self, text: str) -> None:
        wrong = ""
        if not isinstance(text, str):
            wrong = "is not a text"
        else:
            # Copied from a shell profile or a dashboard, keys come with quotes, a line's end, or the header's
            # first # word.
            text = re.sub(r"^bearer\s+", "", text.strip().strip("\"'`").strip(), flags=re.IGNORECASE)
            if not re.fullmatch(r"[\x21-\x7e]*", text):
                wrong = "has characters that no key has (spaces or non-ASCII)"
            elif not text:
                wrong = "is empty"
        if wrong:
            text = ""  # some tracebacks show the locals of their frames
            raise ConfigurationError(f"The API key {wrong}.", "It begins with rc_live_: copy it anew.")
        self._reveal = _sealed(text)

    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self._reveal()}"

    def mark(self) -> str:
        """The same for the same key within this process, and of no use to find the key."""
        return hashlib.blake2b(self._reveal().encode(), key=_SALT, digest_size=16).hexdigest()

    def redacted(self, body: bytes) -> bytes:
        """`body` without the key: some services repeat it when they refuse it."""
        return body.replace(self._reveal().encode(), repr(self).encode())

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
