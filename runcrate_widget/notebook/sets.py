"""Many videos at one press: all is checked before the first is sent, what was sent is shown, and a press that
comes twice sends nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import TYPE_CHECKING

from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.prompts import MOST

if TYPE_CHECKING:
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.request import VideoRequest

    from .messages import Message

_DOUBLE = 1.0  # seconds after the answer: so long the same press again is a hand that pressed twice


def begun(jobs: Iterator[VideoJob], wanted: int, add: Callable[[VideoJob], None]) -> list[VideoJob]:
    """Begins jobs; each is added as soon as it is there, whatever becomes of the next. An error says how many
    of those that were `wanted` were sent."""
    found: list[VideoJob] = []
    try:
        for job in jobs:
            found.append(job)
            add(job)
    except RuncrateError as error:
        if found:
            sent = "1 was" if len(found) == 1 else f"{len(found)} were"
            error.message = f"{sent} sent, of {wanted}; the others were not. {error.message}"
        raise
    return found


def requests_for(prompts: object, request: Callable[[str], VideoRequest]) -> list[VideoRequest]:
    """What is sent for a list of prompts. Raises InvalidRequestError if any of it is not allowed."""
    if not isinstance(prompts, list) or not all(isinstance(prompt, str) for prompt in prompts):
        raise InvalidRequestError("prompt", "The list of prompts is none.", "Reload the page.")
    if not prompts:
        raise InvalidRequestError("prompt", "The list of prompts is empty.", "Describe what the video shows.")
    if len(prompts) > MOST:
        message = f"There are {len(prompts)} prompts; at most {MOST} are sent at a time."
        raise InvalidRequestError("prompt", message, "Take some of them away.")
    return [request(prompt) for prompt in prompts]


class Once:
    """Does the same thing once, while it is under way and a moment longer. In the engine's thread."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Future[Message]] = {}

    async def do(self, what: Hashable, work: Callable[[], Awaitable[Message]]) -> Message:
        """The answer of `work`, which is called if `what` is not under way. What fails may be tried again at
        once."""
        task = self._tasks.get(what)
        if task is None:
            task = self._tasks[what] = asyncio.ensure_future(work())
            task.add_done_callback(lambda task: self._forget(what, task))
        return await asyncio.shield(task)

    def _forget(self, what: Hashable, task: asyncio.Future[Message]) -> None:
        failed = task.cancelled() or task.exception() is not None
        task.get_loop().call_later(0 if failed else _DOUBLE, self._tasks.pop, what, None)
