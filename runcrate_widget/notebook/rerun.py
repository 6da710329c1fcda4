"""A set of videos once more, on another model: what that would be, and, once it is confirmed, done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from runcrate_widget.alternatives import differences
from runcrate_widget.catalog import Model, models
from runcrate_widget.client import VideoClient
from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.jobs.job import VideoJob
from runcrate_widget.jobs.loop import engine
from runcrate_widget.library.record import Record
from runcrate_widget.media.video import cut
from runcrate_widget.picture import Picture
from runcrate_widget.request import VideoRequest

from .handlers import handles
from .messages import Message
from .rows import LONGEST_PROMPT
from .sets import begun
from .sets_messages import RerunPayload, RerunRow

if TYPE_CHECKING:
    from .widget import VideoWidget

_MOST = 1000  # videos


@handles("rerun")
async def _rerun(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    keys = message["keys"]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise InvalidRequestError("keys", "The list of jobs is none.", "Reload the page.")
    model, confirmed = message.get("model"), message.get("confirmed") is True
    add = partial(engine().call, widget._add)

    async def answer() -> Message:
        return dict(await asyncio.to_thread(_asked, widget.client, keys, model, confirmed, add))

    return await (widget._once.do(("rerun", repr((keys, model))), answer) if confirmed else answer())


@dataclass(frozen=True)
class _Again:
    """One video of the set."""

    old: Record
    request: VideoRequest
    there: bool


def _asked(
    client: VideoClient, keys: list[str], model: str | None, confirmed: bool, add: Callable[[VideoJob], None]
) -> RerunPayload:
    old = _records(client, keys)
    first = old[0].request
    to = model or _nearest(first)
    again = _set(client, old, to)
    wanted = [one.request for one in again if not one.there]
    jobs: list[VideoJob] = []
    if confirmed:
        client._manager.check_all(wanted)
        # By their takes, and not as new ones: what was begun by a first press comes back to a second.
        each = (client.generate(one.request, take=one.old.take) for one in again)
        jobs = begun(each, len(again), add)
    seconds = [request.seconds for request in wanted]
    costs = [client._limit.cost(request) for request in wanted]
    new, known = models.find(again[0].request.model), models.find(first.model)
    return RerunPayload(
        model=again[0].request.model,
        model_name=again[0].request.model_name,
        differs=differences(known, new, *map(client.price, (known.id, new.id))) if known and new else "",
        rows=[_row(one) for one in again],
        seconds=None if None in seconds else sum(one or 0 for one in seconds),
        cost=None if None in costs else sum(one or 0 for one in costs),
        keys=[job.key for job in jobs],
    )


def _records(client: VideoClient, keys: list[str]) -> list[Record]:
    """The records of these keys, in that order, each video once."""
    by_key = {one.key: one for one in client.library}
    missing = [key for key in keys if key not in by_key]
    found = {(by_key[key].request, by_key[key].take): by_key[key] for key in keys if key in by_key}
    if missing or not found:
        raise RuncrateError("The library does not have these jobs.", "Look at the list again.")
    if len(found) > _MOST:
        message = f"These are {len(found)} videos; at most {_MOST} are sent at a time."
        raise InvalidRequestError("keys", message, "Choose fewer.")
    return list(found.values())


def _nearest(request: VideoRequest) -> str:
    other = models.nearest(request.model, duration=request.duration)
    if other is None:
        raise RuncrateError("No other model is in the table.", "Add one: models.add(Model(…)).")
    return other.id


def _set(client: VideoClient, old: list[Record], model: str) -> list[_Again]:
    """What is to be asked for. Two videos that are the same one on that model are one."""
    found: dict[tuple[VideoRequest, int], _Again] = {}
    for one in old:
        request = _moved(one.request, model, models.find(model))
        there = client._manager.has(request, one.take)
        found.setdefault((request, one.take), _Again(one, request, there))
    return list(found.values())


def _moved(old: VideoRequest, model: str, known: Model | None) -> VideoRequest:
    """The same on another model, with the nearest duration that it makes."""
    seconds = old.duration
    return VideoRequest(
        old.prompt,
        model=model,
        duration=known.nearest_duration(seconds) if known and seconds else seconds,
        aspect_ratio=old.aspect_ratio,
        extra=old.extra or None,
        image=old.image if isinstance(old.image, Picture) else None,  # an address stands in `extra`
    )


def _row(one: _Again) -> RerunRow:
    return RerunRow(
        key=one.old.key,
        prompt=cut(one.old.prompt, LONGEST_PROMPT),
        take=one.old.take,
        duration=one.request.duration,
        was=one.old.request.duration,
        aspect_ratio=one.request.aspect_ratio,
        there=one.there,
    )
