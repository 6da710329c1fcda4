"""`Timeline`: the moments of a job."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

#: Seconds: who looked away for longer does not know how long it took.
LONGEST_BLIND = 60.0


@dataclass(frozen=True, repr=False)
class Timeline:
    """The moments of a job, as datetimes in UTC; None where it did not come to that, or nobody was there to
    see it.

    Attributes:
        created: when it was asked for.
        sent: when the submit began; the last one, if it was sent again.
        submitted: when the service's id arrived.
        processing: when `processing` was first seen, if somebody had looked in the 6 s before.
        ready: when `completed` was seen.
        downloaded: when the file was whole and in its place.
        ended: when it came to its end, whatever that is.
        polls: how often the service was asked for its status.
        unseen: seconds before `ready` in which nobody asked: so much earlier it may have been ready. None: it
            is not known, as of one that was done when another process took it over.
    """

    created: datetime
    sent: datetime | None = None
    submitted: datetime | None = None
    processing: datetime | None = None
    ready: datetime | None = None
    downloaded: datetime | None = None
    ended: datetime | None = None
    polls: int = 0
    unseen: float | None = None

    @property
    def waited(self) -> float | None:
        """Seconds in our own queue, before it was sent; None if it was not sent."""
        return _between(self.created, self.sent)

    @property
    def made_in(self) -> float | None:
        """Seconds from the service's id to `completed`: its queue and the making. None if that is not known:
        nobody looked for a minute before the end, or the id was given by hand."""
        return _between(self.submitted, self.ready) if self._looked else None

    @property
    def queued_for(self) -> float | None:
        """Seconds from the service's id to `processing`: its queue. None if that is not known."""
        return _between(self.submitted, self.processing)

    @property
    def making(self) -> float | None:
        """Seconds from `processing` to `completed`. None if that is not known."""
        return _between(self.processing, self.ready) if self._looked else None

    @property
    def _looked(self) -> bool:
        return self.unseen is not None and self.unseen <= LONGEST_BLIND

    def __repr__(self) -> str:
        began = f"created     {self.created.astimezone():%Y-%m-%d %H:%M:%S}"
        later = [(name, _between(self.created, getattr(self, name))) for name in MOMENTS[1:]]
        lines = [f"{name:<11} +{seconds:.1f} s" for name, seconds in later if seconds is not None]
        made = "" if self.made_in is None else f"made in {self.made_in:.1f} s, "
        return "\n".join([began, *lines, f"{made}{self.polls} polls"])


#: The names of the moments, in their order.
MOMENTS = tuple(one.name for one in fields(Timeline) if one.name not in ("polls", "unseen"))


def _between(begin: datetime | None, end: datetime | None) -> float | None:
    """Seconds. None: one is not known, or a clock was set back in between."""
    seconds = -1.0 if begin is None or end is None else (end - begin).total_seconds()
    return seconds if seconds >= 0 else None
