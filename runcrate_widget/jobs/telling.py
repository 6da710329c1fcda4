"""`told`: what a person tells a job to do. It is done in the engine's thread, where the job is; a bucket is
asked beside it, so that all other jobs go on meanwhile."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from runcrate_widget.library.library import Library
from runcrate_widget.library.places import url_of

from .job import VideoJob
from .loop import Ask, at_once, engine, in_place, in_thread

_T = TypeVar("_T")

#: What is told of one job is done one after the other. In the engine's thread.
_turns: weakref.WeakKeyDictionary[VideoJob, asyncio.Lock] = weakref.WeakKeyDictionary()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turns.clear)


def in_bucket(library: Library) -> bool:
    """Whether asking it may take long."""
    return url_of(library.folder) is not None


def told(library: Library, job: VideoJob, work: Callable[[Ask], Coroutine[Any, Any, _T]]) -> _T:
    """Has `work` done for the job, and gives what it gives, from any thread. It asks the library by the `Ask`
    that it is given. (An observer, in the engine's thread, waits in it.)"""
    if engine().here or engine().ending or not in_bucket(library):
        return engine().run(lambda: at_once(work(in_place)))
    return engine().submit(lambda: _in_turn(job, work)).result()


def begin(library: Library, job: VideoJob, work: Callable[[Ask], Coroutine[Any, Any, None]]) -> None:
    """The same, in the engine's thread, which does not wait for a bucket."""
    if in_bucket(library):
        engine().spawn(_in_turn(job, work))
    else:
        at_once(work(in_place))


async def _in_turn(job: VideoJob, work: Callable[[Ask], Coroutine[Any, Any, _T]]) -> _T:
    async with _turns.setdefault(job, asyncio.Lock()):
        return await work(in_thread)
