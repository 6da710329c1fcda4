"""`Facts`: what there is to read of a job without asking anybody: what its record says. `VideoJob` is made of
it."""

from __future__ import annotations

from pathlib import Path

from runcrate_widget.library.choice import Choice
from runcrate_widget.library.record import Record
from runcrate_widget.library.timeline import Timeline

from .living import note_id


class Facts:
    """The part of a job that its record knows, by the names that a `Record` has."""

    _record: Record | None = None
    _stopped_at: float | None = None

    @property
    def record(self) -> Record:
        """What the library holds of it; it is replaced at each change."""
        assert self._record is not None
        return self._record

    @record.setter
    def record(self, record: Record) -> None:
        before, self._record = self._record, record
        if record.id is not None and (before is None or before.id != record.id):
            note_id(self)

    @property
    def prompt(self) -> str:
        """What was asked for, in words."""
        return self.record.prompt

    @property
    def model(self) -> str:
        """The model's id."""
        return self.record.model

    @property
    def path(self) -> Path:
        """The MP4, which is there once `status` is `completed`. Of a library in an object store,
        `job.video.path` fetches it, if it is not on this machine yet."""
        return self.record.path

    @property
    def cost(self) -> float | None:
        """Dollars, by the price that was valid when it was sent. None: not known, or never sent."""
        return self.record.cost

    @property
    def timeline(self) -> Timeline:
        """Every moment of the job so far: `created`, `sent`, `submitted`, `processing`, `ready`,
        `downloaded`, `ended`."""
        return self.record.timeline

    @property
    def started(self) -> float:
        """When it was asked for, in seconds since the epoch."""
        return self.record.created.timestamp()

    @property
    def ended(self) -> float | None:
        """When it came to its end, or was stopped, in seconds since the epoch; None while it goes on."""
        ended = self.record.ended
        return self._stopped_at if ended is None else ended.timestamp()

    @property
    def choice(self) -> Choice:
        """What a person makes of the video: `kept`, `rating`, `note`, `tags`, `hidden`."""
        return self.record.choice

    @property
    def rating(self) -> int | None:
        """1 to 5, or None: `job.choose(rating=4)`."""
        return self.record.choice.rating
