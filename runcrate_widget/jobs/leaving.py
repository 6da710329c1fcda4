"""`Leaving`: the jobs of a client that carries none. What is asked for is written down, and left to a carrier
(`carrier.py`); `onlooking.py` shows what becomes of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from runcrate_widget.errors import DamagedRecordError, InvalidRequestError, SpendingLimitError
from runcrate_widget.library.record import JobStatus, Record
from runcrate_widget.library.store import Lease
from runcrate_widget.request import VideoRequest
from runcrate_widget.service.answers import is_id

from .cancelling import NOT_SENT, cancelling
from .handing import hand_over
from .job import VideoJob
from .living import waits_for_carrier
from .manager import JobManager
from .onlooking import Onlooking
from .status import moved


class Leaving(JobManager):
    """Sends nothing, and needs no key."""

    _kind = Onlooking

    def leave_all(self, wanted: Iterable[tuple[VideoRequest, int]]) -> list[Record]:
        """Has these takes written down, as far as the limits allow, without a job for each; gives those that
        were not before."""
        left: list[Record] = []
        with contextlib.suppress(SpendingLimitError):  # who asks for that one is told so
            for request, take in wanted:
                with contextlib.suppress(DamagedRecordError), self._library.lock:
                    if not self.has(request, take):
                        left.append(self._leave(request, take))
        return left

    def take_back(self, left: Iterable[Record]) -> None:
        """Cancels those of them that still wait, and that nobody has in hand."""
        for record in left:
            lease = self._library.lease(record.name)
            if lease is None:
                continue
            try:
                if waits_for_carrier(found := self._library.reread(record)):
                    self._library.write(moved(found, cancelling(NOT_SENT)))
            finally:
                lease.release()

    def _leave(self, request: VideoRequest, take: int) -> Record:
        record = self._library.current(request, take, self._backend.service)
        if record is not None and record.status is JobStatus.WAITING:
            self._limit().check_waiting(record, self._library)
            return hand_over(self._library, record)
        self._limit().check(request, self._library)
        made, lease, _ = self._create(request, take, record.attempt + 1 if record else 1)
        if lease is not None:
            lease.release()
        return made

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
