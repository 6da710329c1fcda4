"""The jobs of a batch one by one, each as soon as it is done: `batch.as_completed()`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

from .job import VideoJob

if TYPE_CHECKING:
    from .batch import Batch


class AsCompleted:
    """Gives each job of a batch once, as it is done."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __iter__(self) -> Iterator[VideoJob]:
        batch, given = self._batch, 0
        while True:
            with batch._changed:
                while given >= len(batch._finished):
                    if batch._is_done():
                        return
                    batch._changed.wait()
                at = batch._finished[given]
            given += 1
            yield batch[at]

    async def __aiter__(self) -> AsyncIterator[VideoJob]:
        batch, given = self._batch, 0
        while True:
            with batch._changed:
                at = batch._finished[given] if given < len(batch._finished) else None
                if at is None and batch._is_done():
                    return
                waker: Future[None] = Future()
                if at is None:
                    batch._wakers.add(waker)
            if at is None:
                await asyncio.wrap_future(waker)
                continue
            given += 1
            yield batch[at]
