"""What of a record is searched, and how: every word of a text has to be in it, in any order."""

from __future__ import annotations

import unicodedata

from .record import Record


def searched(record: Record) -> str:
    """All that a record is found by, as `words` are compared with it: the prompt, the model's name and id,
    the note, the tags, the service's id and the key."""
    choice, request = record.choice, record.request
    # One field a line: no word, which has no white space, is found across two of them.
    parts = (request.prompt, request.model_name, request.model, choice.note, *choice.tags)
    return _folded("\n".join((*parts, record.id or "", record.key)))


def words(text: str) -> list[str]:
    """The words of a text, each once, the longest first; without those that are part of another."""
    found: list[str] = []
    for word in sorted(set(_folded(text).split()), key=lambda word: (-len(word), word)):
        if not any(word in longer for longer in found):
            found.append(word)
    return found


def _folded(text: str) -> str:
    """Without case, and each letter in one form: `é` may be one character or two."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()
