"""`Leaving`: the jobs of a client that carries none. What is asked for is written down, and left to a carrier
(`carrier.py`); `onlooking.py` shows what becomes of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

from runcrate_widget.errors import (
    DamagedRecordError,
    InvalidRequestError,
    LibraryError,
    RuncrateError,
    SpendingLimitError,
)
from runcrate_widget.format import videos
from runcrate_widget.library.attempts import standing
from runcrate_widget.library.conflict import Superseded
from runcrate_widget.library.parallel import side_by_side
from runcrate_widget.library.pictures import keep_picture
from runcrate_widget.library.record import JobStatus, Record
from runcrate_widget.library.store import Lease
from runcrate_widget.request import VideoRequest
from runcrate_widget.service.answers import is_id

from .cancelling import NOT_SENT, cancelling
from .handing import hand_over
from .job import VideoJob
from .known import known_attempts
from .living import had, was_left
from .loop import engine
from .manager import JobManager, stands
from .onlooking import Onlooking
from .status import moved

_AT_A_TIME = 64  # takes are decided on, and then written side by side
_MOST_NAMED = 5

_Take = tuple[VideoRequest, int]
_Left = tuple[_Take, Record | RuncrateError]

_log = logging.getLogger("runcrate_widget")


class Leaving(JobManager):
    """Sends nothing, and needs no key."""

    _kind = Onlooking

    # Very many at once, without a job for each. Not in the engine's thread.

    def leave_all(self, wanted: Sequence[_Take]) -> Iterator[list[_Left]]:
        """Has these takes, each of which is there once, written down, some at a time. Gives each with its
        record, which is durable then, or why there is none, in their order. Ends early where one error would
        be that of all: see `stops_all`.

        Raises SpendingLimitError before the first that would go over a limit, and ConfigurationError where
        the client is closed.
        """
        self.check_open()
        attempts: dict[_Take, list[Record]] = {}
        asked = {request for request, _ in wanted}
        for one in known_attempts(self._library, self._backend.service, asked):
            attempts.setdefault((one.request, one.take), []).append(one)
        there = {take: found for take, ones in attempts.items() if (found := standing(ones))}
        for at in range(0, len(wanted), _AT_A_TIME):
            for left in self._leave_some(wanted[at : at + _AT_A_TIME], there):
                yield left
                if any(stops_all(one) for _, one in left):
                    return

    def _leave_some(self, some: Sequence[_Take], there: Mapping[_Take, Record]) -> Iterator[list[_Left]]:
        written = None
        with self._library.lock:
            found = {take: there.get(take) or self._had(*take) for take in some}
            try:
                self._check(found)
            except SpendingLimitError:
                if len(some) == 1:
                    raise
            else:
                written = side_by_side(lambda take: self._leave(*take, found[take]), some)
        if written is not None:
            yield list(zip(some, written, strict=True))
            return
        for one in some:  # as many as may be
            yield from self._leave_some([one], there)

    def _had(self, request: VideoRequest, take: int) -> Record | None:
        record = had(self._library.folder, self._backend.service, request, take)
        return None if record is None else self._library.write(record)  # somebody has removed its file

    def _check(self, found: Mapping[_Take, Record | None]) -> None:
        """Raises SpendingLimitError if those that are new go over a limit."""
        limit = self._limit()
        left = {record.name: record.request for record in found.values() if record and was_left(record)}
        new = [request for (request, _), record in found.items() if record is None or _is_anew(record)]
        if new or left:
            limit.check_all([*new, *left.values()], self._library)
            limit.asked.update(left)

    def _leave(self, request: VideoRequest, take: int, record: Record | None) -> Record | RuncrateError:
        try:
            if record is None or _is_anew(record):
                record, lease, _ = self._create(request, take, record.attempt + 1 if record else 1)
                if lease is not None:
                    lease.release()
            elif record.status is JobStatus.WAITING:
                keep_picture(self._library.store, request)
            return hand_over(self._library, record)
        except Superseded as other:
            return other.record
        except RuncrateError as error:
            return error

    @property
    def closed(self) -> bool:
        return self._runs.closed

    def take_up(self, record: Record) -> VideoJob:
        """The job of one that was left, which is looked at until it ends."""
        with self._library.lock:
            return self._job(record, wanted=True)

    def take_back(self, left: Sequence[Record]) -> tuple[list[Record], LibraryError | None]:
        """Cancels those of them that still wait, and that nobody has in hand. Gives those that wait no more,
        as they are on record now; and why some could not be taken back, if that is so. Says which are in
        somebody's hands."""
        tried = side_by_side(self._take_one_back, left)
        over = [one for one in tried if isinstance(one, Record)]
        engine().run(lambda: self._taken_in(over))
        if held := [record.name for record, one in zip(left, tried, strict=True) if one is None]:
            names = ", ".join([*held[:_MOST_NAMED], *(["…"] if len(held) > _MOST_NAMED else [])])
            count = videos(len(held))
            _log.warning("Not cancelled. A carrier has them in hand, and sends them: %s (%s).", count, names)
        errors = [one for one in tried if isinstance(one, LibraryError)]
        if not errors:
            return over, None
        message = f"{videos(len(errors))} could not be taken back, and may be sent: {errors[0].message}"
        return over, LibraryError(message, "Call cancel() again.", kind=errors[0].kind)

    def _take_one_back(self, record: Record) -> Record | LibraryError | None:
        try:
            lease = self._library.lease(record.name)
            if lease is None:
                found = self._library.reread(record)
                return None if found.status is JobStatus.WAITING else found
            try:
                found = self._library.reread(record)
                if found.status is not JobStatus.WAITING:
                    return found
                return self._library.write(moved(found, cancelling(NOT_SENT)))
            finally:
                lease.release()
        except Superseded as other:
            return other.record
        except LibraryError as error:
            return error

    def _taken_in(self, records: Sequence[Record]) -> None:
        assert isinstance(self._runs, Onlooking)
        for record in records:
            self._runs.take_in(record)

    # One by one.

    def attach(self, id: str) -> VideoJob:
        known = isinstance(id, str) and self._library.find(id.strip(), service=self._backend.service)
        if isinstance(id, str) and is_id(id.strip()) and known is None:
            message = f"The library has no job {id}, and this client asks the service nothing (carry=False)."
            raise InvalidRequestError("id", message, f"`runcrate-widget get {id}` fetches it, with a key.")
        return super().attach(id)

    def resume(self, job: VideoJob) -> None:
        if job.done and job.record.status is JobStatus.WAITING and job.record.handed_over is None:
            self._runs.check_service(job)
            self._limit().check_waiting(job.record, self._library)
            with self._library.lock:
                hand_over(self._library, job.record)
        super().resume(job)

    def _job(self, record: Record, lease: Lease | None = None, *, wanted: bool = False) -> VideoJob:
        if wanted:
            record, lease = hand_over(self._library, record, lease), None
        return super()._job(record, lease, wanted=wanted)


def stops_all(one: Record | RuncrateError) -> bool:
    """Whether this is an error that any other take would have as well."""
    return isinstance(one, RuncrateError) and not isinstance(one, (InvalidRequestError, DamagedRecordError))


def _is_anew(record: Record) -> bool:
    """Whether it is asked for anew, as another attempt."""
    return record.status is not JobStatus.WAITING and not stands(record)
