"""`Unfinished`: what of a library is not finished, as it was when a carrier last looked through it."""

from __future__ import annotations

import time

from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record

from .living import waits_for_carrier

#: Seconds between two looks; of one that takes long, a fifth of the time at most, and a twentieth while more
#: are known to wait than there are places for.
LOOK_EVERY = 1.0
_SHARE, _SHARE_OF_PLENTY = 5, 20
#: Nobody has to carry them on: what waits has to be sent, and the others need a person.
_AT_REST = (JobStatus.WAITING, JobStatus.UNCONFIRMED)


class Unfinished:
    """Of what was sent to one service, or is to be."""

    def __init__(self, library: Library, service: str) -> None:
        #: Seconds until the next look.
        self.pause = LOOK_EVERY
        # By names, oldest first. Sorted out once: what waits is looked at whenever a job ends, and may be
        # thousands.
        self.waiting: dict[str, Record] = {}  #: for a carrier
        self.under_way: dict[str, Record] = {}  #: the service has them
        #: Of all of their records.
        self.names: set[str] = set()
        self._library = library
        self._service = service
        self._looked, self._took = float("-inf"), 0.0

    def is_due(self, *, plenty: bool = False) -> bool:
        """Whether it is time to look again; `plenty`: more wait than there are places for."""
        share = _SHARE_OF_PLENTY if plenty else _SHARE
        return time.monotonic() - self._looked >= max(LOOK_EVERY, share * self._took)

    def look(self) -> None:
        """Looks through the library. Raises LibraryError."""
        began = time.monotonic()
        found = {one.name: one for one in self._library.unfinished(self._service)}
        self.waiting = {name: one for name, one in found.items() if waits_for_carrier(one)}
        self.under_way = {name: one for name, one in found.items() if one.status not in _AT_REST}
        self.names = set(found)
        self._looked = time.monotonic()
        self._took = self._looked - began
        self.pause = max(LOOK_EVERY, _SHARE * self._took)

    def note_others(self) -> None:
        """Somebody else was at work meanwhile: it is time to look again."""
        self._looked = float("-inf")

    def forget(self, name: str) -> None:
        """This one has ended."""
        self.waiting.pop(name, None)
        self.under_way.pop(name, None)
        self.names.discard(name)
