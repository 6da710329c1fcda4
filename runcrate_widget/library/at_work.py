"""Who carries what is left to a carrier: one process at a time, which has the lease `carrier` of the library,
and says beside the records where it is, since when, of which service, and what holds it up."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from runcrate_widget.errors import LibraryError

if TYPE_CHECKING:
    from .library import Library
    from .store import Lease

_NAME = "carrier"


@dataclass(frozen=True)
class AtWork:
    """A carrier, as it tells of itself.

    Attributes:
        host, process: where it is; empty, and 0, if that is not known.
        since: when it began, as a text of ISO 8601; empty if that is not known.
        held: what holds it up, in words, or empty.
        service: to which service it sends, as records have it; empty if that is not known.
    """

    host: str = ""
    process: int = 0
    since: str = ""
    held: str = ""
    service: str = ""

    def __str__(self) -> str:
        where = f" on {self.host} (process {self.process})" if self.host else ""
        return f"a carrier{where}{f', since {self.since}' if self.since else ''}"


def take_office(library: Library) -> Lease | None:
    """The right to be the carrier of a library; None if another has it. Raises LibraryError."""
    return library.lease(_NAME)


def tell(library: Library, one: AtWork) -> None:
    """Has others know of the carrier that has that right. Raises LibraryError."""
    library.store.keep(_NAME, json.dumps(asdict(one)).encode())


def carrier_of(library: Library) -> AtWork | None:
    """The carrier that is at work on a library, or None. Raises LibraryError."""
    return told(library) if library.store.leased(_NAME) else None


def told(library: Library) -> AtWork:
    """What the last carrier has told of itself. Raises LibraryError."""
    try:
        fields = json.loads(library.store.kept(_NAME) or b"{}")
        known = {name: kind(fields[name]) for name, kind in _FIELDS.items() if name in fields}
        return AtWork(**known)
    except LibraryError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError):  # somebody has edited it
        return AtWork()


_FIELDS = {"host": str, "process": int, "since": str, "held": str, "service": str}


def waits_for(library: Library, carrier: AtWork | None, service: str) -> str:
    """What a job of this service is waiting for that was left to a carrier; `carrier` is the one at work."""
    if carrier is None:
        return f"waits for a carrier: runcrate-widget carry {shlex.quote(library.location)}"
    if carrier.service and carrier.service != service:
        return f"waits for a carrier of {service}: the one at work sends to {carrier.service}"
    return f"the carrier waits: {carrier.held}" if carrier.held else "waits for its turn at the carrier"
