"""`ClientMaker`: what plans and batches ask of their client."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from runcrate_widget.errors import RuncrateError, SpendingLimitError
from runcrate_widget.library.attempts import standing
from runcrate_widget.library.record import Record
from runcrate_widget.request import VideoRequest

from .known import known_attempts
from .leaving import Leaving
from .manager import stands

if TYPE_CHECKING:
    from .estimate import Estimate
    from .job import VideoJob
    from .many import Many


class ClientMaker:
    """A `Maker` (`plan.py`) of one client."""

    def __init__(self, client: Many) -> None:
        self.client: Many = client
        self.demo = client.demo

    @property
    def max_concurrent(self) -> int:
        return self.client.max_concurrent

    def generate(self, prompt: VideoRequest, *, take: int = 1) -> VideoJob:
        return self.client.generate(prompt, take=take)

    def has(self, request: VideoRequest, take: int) -> bool:
        return self.client._manager.has(request, take)

    def cost(self, request: VideoRequest) -> float | None:
        return self.client._limit.cost(request)

    def times(self, request: VideoRequest) -> Estimate:
        client = self.client
        return client._manager.times.of(request.model, request.duration, client._service)

    def over_limit(self, requests: Sequence[VideoRequest]) -> RuncrateError | None:
        try:
            self.client._manager.check_all(requests)
        except SpendingLimitError as error:
            return error
        return None

    def look_up(self, request: VideoRequest, take: int, key: str | None = None) -> VideoJob | None:
        """The job of this take that the library has, of all attempts that of the `key`; nothing is sent."""
        library, service = self.client.library, self.client._service
        if key is None:
            record = library.current(request, take, service)
        else:
            attempts = library.attempts(request, take, service)
            record = next((one for one in attempts if one.key == key), None) or library.find(key)
        return None if record is None else self.client._manager.look_up(record)

    def there(self, requests: Collection[VideoRequest]) -> set[tuple[VideoRequest, int]]:
        """The takes of these requests for which nothing would be sent, as `has` says: by one look through the
        folder for however many."""
        attempts: dict[tuple[VideoRequest, int], list[Record]] = {}
        for one in self.attempts(set(requests)):
            attempts.setdefault((one.request, one.take), []).append(one)
        found = {what: standing(ones) for what, ones in attempts.items()}
        return {what for what, record in found.items() if record is not None and stands(record)}

    def attempts(self, requests: Collection[VideoRequest]) -> list[Record]:
        """All attempts at these requests that the library has. It looks through the folder."""
        return known_attempts(self.client.library, self.client._service, requests)

    @property
    def leaving(self) -> Leaving | None:
        """Where this client leaves its jobs to a carrier: what does so."""
        return manager if isinstance(manager := self.client._manager, Leaving) else None

    def check(self, request: VideoRequest) -> None:
        self.client._check_request(request)

    def cancel_all(self, jobs: Sequence[VideoJob]) -> int:
        return self.client._manager.cancel_all(jobs)
