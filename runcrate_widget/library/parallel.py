"""Many questions to a store at once: in a bucket each takes its way there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_AT_ONCE = 16

_A = TypeVar("_A")
_B = TypeVar("_B")


def side_by_side(work: Callable[[_A], _B], items: Sequence[_A]) -> list[_B]:
    """What `work` gives for each of them, in their order. Raises what it raises."""
    with threads(min(_AT_ONCE, len(items) or 1), "runcrate_widget store") as pool:
        return list(pool.map(work, items))


@contextmanager
def threads(count: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads that nobody waits for who is interrupted, or whom one of them told that the store is silent."""
    pool = ThreadPoolExecutor(count, name)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
