"""The jobs of a batch one by one, each as soon as it is done: `batch.as_completed()`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

from .job import VideoJob
from .loop import engine

if TYPE_CHECKING:
    from .batch import Batch


def refuse_here(what: str) -> None:
    """Raises RuntimeError in the engine's thread, which would wait for itself."""
    if engine().here:
        raise RuntimeError(
            f"{what} was called in the engine's own thread (by an observer?): it waits for itself."
        )


class AsCompleted:
    """Gives each job of a batch once, as it is done."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __iter__(self) -> Iterator[VideoJob]:
        refuse_here("as_completed()")
        batch, track, given = self._batch, self._batch._track, 0
        while True:
            with track.changed:
                while given >= len(track.finished):
                    if track.is_done():
                        return
                    track.changed.wait()
                at = track.finished[given]
            given += 1
            yield batch[at]

    async def __aiter__(self) -> AsyncIterator[VideoJob]:
        async for at in self._places():
            yield self._batch[at]

    async def _places(self) -> AsyncIterator[int]:
        track, given = self._batch._track, 0
        while True:
            with track.changed:
                at = track.finished[given] if given < len(track.finished) else None
                if at is None and track.is_done():
                    return
                waker: Future[None] = Future()
                if at is None:
                    track.wakers.add(waker)
            if at is None:
                await asyncio.wrap_future(waker)
                continue
            given += 1
            yield at
