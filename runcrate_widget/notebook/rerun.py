"""A set of videos once more, on another model: what that would be, and, once it is confirmed, done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from runcrate_widget.alternatives import differences
from runcrate_widget.catalog import Model, models
from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.jobs.loop import engine
from runcrate_widget.media.video import cut
from runcrate_widget.picture import Picture
from runcrate_widget.request import VideoRequest

from .handlers import handles
from .rows import LONGEST_PROMPT
from .sets import begun
from .sets_messages import LeftOutRow, RerunPayload, RerunRow

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.library.record import Record

    from .messages import Message
    from .widget import VideoWidget

_MOST = 1000  # videos

NOT_KNOWN = "It is not known what this video was asked for with: it came here by its id."


@handles("rerun")
async def _rerun(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    keys = message["keys"]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise InvalidRequestError("keys", "The list of jobs is none.", "Reload the page.")
    model, confirmed = message.get("model"), message.get("confirmed") is True
    if model is not None and not isinstance(model, str):
        raise InvalidRequestError("model", f"model is {model!r}; it must be a model's id or name.")
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
    old, left_out = _known(_records(client, keys))
    first = old[0].request
    to = model or _nearest(first)
    again = _set(client, old, to, left_out)
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
        left_out=[LeftOutRow(key=one.key, id=one.id, why=why) for one, why in left_out],
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


def _known(records: list[Record]) -> tuple[list[Record], list[tuple[Record, str]]]:
    """Those of which it is known what was asked for, and the others. Raises RuncrateError where
    all are."""
    known = [one for one in records if one.prompt.strip()]
    if not known:
        raise RuncrateError(NOT_KNOWN, "Choose others.")
    return known, [(one, NOT_KNOWN) for one in records if one not in known]


def _nearest(request: VideoRequest) -> str:
    other = models.nearest(request.model, duration=request.duration)
    if other is None:
        raise RuncrateError("No other model is in the table.", "Add one: models.add(Model(…)).")
    return other.id


def _set(
    client: VideoClient, old: list[Record], model: str, left_out: list[tuple[Record, str]]
) -> list[_Again]:
    """What is to be asked for. Two videos that are the same one on that model are one. What is not allowed is
    `left_out`, unless that is so of all, or it is the model's fault."""
    found: dict[tuple[VideoRequest, int], _Again] = {}
    first: InvalidRequestError | None = None
    for one in old:
        try:
            request = _moved(one.request, model, models.find(model))
        except InvalidRequestError as error:
            if error.field == "model":
                raise
            first = first or error
            left_out.append((one, error.message))
            continue
        there = client._manager.has(request, one.take)
        found.setdefault((request, one.take), _Again(one, request, there))
    if first is not None and not found:
        raise first
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
