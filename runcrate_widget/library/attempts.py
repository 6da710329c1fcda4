"""Which attempt stands for a take: what is asked for again is answered with that one, and only where there is
none of which anything came is it sent anew.

A take may have several: one that failed, or whose answer was lost, was sent again. The last is not always the
one that counts: the service may have taken the first all the same, and refused the second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from runcrate_widget.request import VideoRequest

from .index import Index
from .naming import each_once, record_name
from .places import store_of
from .record import JobStatus, Record

_LOOK_EVERY = 2.0  # seconds: often enough for what a person does to files

_NOTHING_CAME = (JobStatus.FAILED, JobStatus.CANCELLED)


def nothing_came(record: Record) -> bool:
    """Whether an attempt has ended, and there is no video of it."""
    return record.status in _NOTHING_CAME


def standing(attempts: Sequence[Record]) -> Record | None:
    """Of all attempts at a take, the one that counts: one that the service has made or is making, then one
    whose turn is still to come, then one that may have been taken; then the last."""
    worth = {one.name: _worth(one) for one in attempts}
    if JobStatus.UNCONFIRMED in (one.status for one in attempts):
        # What nobody carries is sent when it is asked for: not over one that may have been taken.
        worth |= {
            one.name: 1
            for one in attempts
            if one.status is JobStatus.WAITING and one.handed_over is None and not is_owned(one)
        }
    return max(attempts, key=lambda one: (worth[one.name], one.attempt), default=None)


def is_owned(record: Record) -> bool:
    """Whether a process that lives has the job in hand, this one or another."""
    return store_of(record.folder).leased(record.name)


def _worth(record: Record) -> int:
    if nothing_came(record):
        return 0
    return {JobStatus.UNCONFIRMED: 2, JobStatus.WAITING: 3}.get(record.status, 4)


class Attempts:
    """Of a library, found by their names: those of a known request without a look at any other file. Not for
    more than one thread at a time.

    `read` reads a record, `look` looks at all of them.
    """

    def __init__(
        self, index: Index, read: Callable[[str], Record | None], look: Callable[[], object]
    ) -> None:
        self._index = index
        self._read = read
        self._look = look

    def of(self, request: VideoRequest, take: int, service: str) -> list[Record]:
        """All attempts at this take of this request."""
        found = self._in_line(request, take, service, 1)
        anew = all(map(nothing_came, found))
        if anew or self._index.complete:
            # A person may have given a file another name, or removed an earlier attempt. Before money is
            # spent, all are looked at.
            if anew and time.monotonic() - self._index.looked > _LOOK_EVERY:
                self._look()
            seen = {one.name for one in found}
            for known in self.takes(request, service):
                other = self._read(known.name) if known.take == take and known.name not in seen else None
                if other is not None:
                    found.append(other)
            found = each_once(found)
            last = max((one.attempt for one in found), default=0)
            found += self._in_line(request, take, service, last + 1)
        return found

    def takes(self, request: VideoRequest, service: str) -> list[Record]:
        """What was seen of this request when all was looked at last."""
        if not self._index.complete:
            self._look()
        return [one for one in self._index.of_prompt(request.prompt, service) if one.request == request]

    def _in_line(self, request: VideoRequest, take: int, service: str, attempt: int) -> list[Record]:
        """The attempts from `attempt` on that are there one after the other, by their names."""
        found = []
        while (record := self._read(record_name(request, take, attempt, service))) is not None:
            found.append(record)
            attempt += 1
        return found
