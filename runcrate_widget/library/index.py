"""`Index`: the records of a library in memory, as they were when all of them were looked at last."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping

from .record import Record


class Index:
    """Records by their names, and by what was asked for. Not for more than one thread at a time."""

    def __init__(self) -> None:
        #: Whether all were looked at once.
        self.complete = False
        #: When all were looked at last, by the monotonic clock.
        self.looked = float("-inf")
        self._by_name: dict[str, tuple[Hashable, Record]] = {}
        self._names: dict[tuple[str, str], list[str]] = {}  # by prompt and service; some may be gone

    def refresh(
        self, seen: Iterator[tuple[str, Hashable]], read: Callable[[Mapping[str, Hashable]], Iterator[Record]]
    ) -> list[Record]:
        """Looks at all: `seen` are names and marks; those whose mark is another one are read anew."""
        self.looked = time.monotonic()
        by_name: dict[str, tuple[Hashable, Record]] = {}
        changed: dict[str, Hashable] = {}
        for name, mark in seen:
            known = self._by_name.get(name)
            if known is not None and known[0] == mark:
                by_name[name] = known
            else:
                changed[name] = mark
        for record in read(changed):
            name = record.name
            by_name[name] = changed[name], record
            if name not in self._by_name:
                self._names.setdefault((record.prompt, record.service), []).append(name)
        self._by_name = by_name
        self.complete = True
        return [record for _, record in by_name.values()]

    def note(self, record: Record) -> None:
        """A record that was just made here."""
        self._by_name[record.name] = None, record
        self._names.setdefault((record.prompt, record.service), []).append(record.name)

    def of_prompt(self, prompt: str, service: str) -> list[Record]:
        """The records of one prompt at one service."""
        names = self._names.get((prompt, service), [])
        return [self._by_name[name][1] for name in names if name in self._by_name]
