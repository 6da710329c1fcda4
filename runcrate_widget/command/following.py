"""Waiting for jobs at a shell: each is told of as it is done, and Ctrl+C ends the waiting, not the jobs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING

from runcrate_widget.errors import RuncrateError
from runcrate_widget.jobs.progress import clock, line

if TYPE_CHECKING:
    from runcrate_widget.jobs.batch import Batch
    from runcrate_widget.jobs.job import VideoJob

    from .codes import Tally
    from .out import Out

_TICK = 0.2  # seconds: a signal is heard after so long


class Interrupts:
    """While it is entered, Ctrl+C (and SIGTERM) is noted, and interrupts nothing: no record, no lock, is left
    half way. A second one ends the process at once.

    Attributes:
        number: the signal that came, or None.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interrupts:  # noqa: PYI034  Self came with Python 3.11
        for number in (signal.SIGINT, signal.SIGTERM):
            # A shell has what it starts in the background ignore Ctrl+C: so it stays.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def _heard(self, number: int, _: FrameType | None) -> None:
        if self.number is not None:
            os._exit(128 + number)
        self.number = number

    @property
    def code(self) -> int:
        """The exit code that says so."""
        return 128 + (self.number or signal.SIGINT)


def in_batch(batch: Batch) -> SimpleQueue[VideoJob | None]:
    """The jobs of a batch as they are done, then None."""
    done: SimpleQueue[VideoJob | None] = SimpleQueue()

    def run() -> None:
        with contextlib.suppress(RuncrateError):
            for job in batch.as_completed():
                done.put(job)
        done.put(None)

    threading.Thread(target=run, daemon=True).start()
    return done


def of_jobs(jobs: Sequence[VideoJob]) -> SimpleQueue[VideoJob | None]:
    """These jobs as they are done, then None."""
    done: SimpleQueue[VideoJob | None] = SimpleQueue()

    async def one(job: VideoJob) -> None:
        with contextlib.suppress(RuncrateError):
            await job
        done.put(job)

    async def run() -> None:
        await asyncio.gather(*map(one, jobs))
        done.put(None)

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    return done


def each(
    done: SimpleQueue[VideoJob | None], interrupts: Interrupts, show: Callable[[], None]
) -> Iterator[VideoJob]:
    """Each job as it is done, until all are, or until an interrupt; meanwhile `show` says how far it is."""
    while interrupts.number is None:
        show()
        try:
            job = done.get(timeout=_TICK)
        except Empty:
            continue
        if job is None:
            return
        yield job
    with contextlib.suppress(Empty):
        while (job := done.get_nowait()) is not None:
            yield job


class Shown:
    """How far `total` jobs are, in one line: of a single job its stage, of more than one the bar.

    Args:
        only: gives the single job, as soon as there is one.
        expected: seconds that all of them take, if that is known.
    """

    def __init__(
        self,
        out: Out,
        tally: Tally,
        total: int,
        *,
        only: Callable[[], VideoJob | None],
        expected: float | None = None,
    ) -> None:
        self._out, self._tally, self._total = out, tally, total
        self._only, self._expected = only, expected
        self._began = time.monotonic()

    def __call__(self) -> None:
        elapsed, tally = time.monotonic() - self._began, self._tally
        if self._total == 1:
            job = self._only()
            note = f" ({job.note})" if job is not None and job.note else ""
            usual = "" if self._expected is None else f", usually about {clock(self._expected)}"
            self._out.progress(f"{job.status if job else 'waiting'} {clock(elapsed)}{note}{usual}")
            return
        failed = tally.failed + tally.unconfirmed
        ended = tally.made + failed + tally.unfinished + tally.not_sent
        done = ended + tally.reused  # which took no time
        left = elapsed / ended * (self._total - done) if ended else self._expected
        self._out.progress(line(done, self._total, elapsed, failed=failed, left=left))
