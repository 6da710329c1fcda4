"""The API key: it does not show itself, and goes nowhere but to the service."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import secrets
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, NoReturn
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
    r"\\{1,4}u([0-9a-f]{4})|%([0-9a-f]{2})|&#x0*([0-9a-f]{1,4});|&#0*([0-9]{1,5});|\\{1,4}(/)|\\{1,4}([nrt])",
    re.IGNORECASE,
)
#: What may stand between two letters of a key that was broken into lines, and is not seen.
_UNSEEN = re.compile("[\\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
#: Base64 for a URL, as the usual one.
_STANDARD = str.maketrans("-_", "+/")
#: Characters of a key's beginning that are not told either: the first eight are those of every key.
_LEAST = 12
_LETTER = re.compile(_ESCAPE.pattern + "|.", re.IGNORECASE | re.DOTALL)


def _plain(letter: re.Match[str]) -> str:
    *hexadecimal, decimal, slash, white = letter.groups()
    if white:
        return "\n"
    if code := next(filter(None, hexadecimal), ""):
        return chr(int(code, 16))
    return chr(int(decimal)) if decimal else slash or letter.group()


class Key:
    """An API key that does not show itself: not in a repr, not in a pickle, not in `vars()`."""

    __slots__ = ("__weakref__", "_forms", "_mark", "_reveal")

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
        self._reveal = reveal = _sealed(text)
        self._forms = cache(lambda: _forms(reveal()))  # every word of the service is searched for them
        self._mark = hashlib.blake2b(text.encode(), key=_SALT, digest_size=16).hexdigest()
        _alive[id(self)] = self

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name[0] == "_"]  # there is nothing in it for people

    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self._reveal()}"

    def mark(self) -> str:
        """The same for the same key within this process, and of no use to find the key."""
        return self._mark

    def redacted(self, body: bytes) -> bytes:
        """`body` without the key: some services repeat it when they refuse it."""
        text = self.without(body.decode("latin-1"), repr(self).encode().decode("latin-1"))
        return text.encode("latin-1")

    def without(self, text: str, instead: str | None = None) -> str:
        """`text` without the key, whether it is there as it is, in other case, broken by white space, escaped
        for JSON, a URL or HTML, in hexadecimal or in base64; or only its beginning, from 12 characters on."""
        forms = self._forms()
        if not _may_be_in(_UNSEEN.sub("", _ESCAPE.sub(_plain, text)), forms):  # as in nearly every text
            return text
        parts = [(match.group(), _plain(match)) for match in _LETTER.finditer(text)]
        # One letter each, so that a place in what is searched is one in `parts`.
        places = [at for at, (_, plain) in enumerate(parts) if not _UNSEEN.match(plain)]
        found = _places("".join(parts[at][1] for at in places), forms)
        kept, at = "", 0
        for begin, end in sorted((places[begin], places[end - 1] + 1) for begin, end in found):
            if begin >= at:
                kept += "".join(part for part, _ in parts[at:begin]) + (instead or repr(self))
            at = max(at, end)
        return kept + "".join(part for part, _ in parts[at:])

    def is_in(self, *texts: str) -> bool:
        """Whether `without` would change any of the texts; in one go, because the key is in nearly none."""
        text = "\n".join(texts)
        return self.without(text) != text

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


class _Form(NamedTuple):
    """A way of writing a key; its beginning alone, so long, is enough to be taken out."""

    whole: str
    least: int
    cased: bool


def _forms(key: str) -> list[_Form]:
    plain = _UNSEEN.sub("", _ESCAPE.sub(_plain, key)).lower()
    forms = [_Form(plain, min(_LEAST, len(plain)), cased=False)]
    if len(key) < _LEAST:  # what that is in base64 stands in many a text
        return forms
    forms.append(_Form(key.encode().hex(), 2 * _LEAST, cased=False))
    # Of what it stands in, the key may begin at any of the three bytes that are four characters. The first
    # ones have bits of what is before it.
    for before, mixed in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(bytes(before) + key.encode()).decode()
        whole, least = ((before + length) * 8 // 6 for length in (len(key), _LEAST))
        forms.append(_Form(coded[mixed:whole], least - mixed, cased=True))
    return forms


def _may_be_in(text: str, forms: list[_Form]) -> bool:
    exact, low = text.translate(_STANDARD), text.lower()
    return any(form.whole[: form.least] in (exact if form.cased else low) for form in forms)


def _places(text: str, forms: list[_Form]) -> Iterator[tuple[int, int]]:
    """Where a key begins and ends in a text, in each of these forms."""
    exact = text.translate(_STANDARD)
    low = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    for whole, least, cased in forms:
        searched, end = exact if cased else low, 0
        while (begin := searched.find(whole[:least], end)) >= 0:
            end = begin + least
            while end - begin < len(whole) and searched[end : end + 1] == whole[end - begin]:
                end += 1
            yield begin, end


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
