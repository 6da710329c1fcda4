"""What the widget does with each message of its view: one function a kind, in a registry.

They run in the engine's thread, so that they are handled while a cell runs wherever the host delivers them;
what is slow goes into a thread beside it. What each takes and gives is in `messages.py`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from traitlets import TraitError

from runcrate_widget.errors import InvalidRequestError, JobError, RuncrateError
from runcrate_widget.jobs.loop import engine

from .delivery import read_chunk
from .entries import sendable
from .rows import error_row, python_call
from .runtime import source
from .sets import requests_for
from .state_messages import CONTROLS, STATE, Message

if TYPE_CHECKING:
    from .conversation import Reply
    from .messages import RowsRequest
    from .widget import VideoWidget

_log = logging.getLogger("runcrate_widget")

_MOST_PROMPTS = 100
_MOST_TEXT = 400_000  # characters of earlier prompts in one answer, and what is left of the last

Handler: TypeAlias = "Callable[[VideoWidget, Message, list[bytes]], Awaitable[Message]]"

#: The rooms of further handlers: imported with the first message that needs one.
_LATER = ("arena", "batch_handlers", "rerun", "spent", "wall_handlers")

#: By the kind of message, as far as they were imported. There is no other list of the kinds.
HANDLERS: dict[str, Handler] = {}


class _Fields(dict[str, Any]):
    """A message. What it should have and has not comes of a page that is older or newer than the kernel."""

    def __missing__(self, name: str) -> Any:
        raise _unfit(f"its message has no {name!r}")


def _unfit(why: str) -> RuncrateError:
    hint = "Save the notebook, reload the page, and run the cell again."
    return RuncrateError(f"The page and the kernel do not fit: {why}.", hint)


def _whole(message: Message, name: str) -> int:
    try:
        return int(message[name])
    except (TypeError, ValueError, OverflowError):
        raise _unfit(f"the {name} of its message is none") from None


def handles(kind: str) -> Callable[[Handler], Handler]:
    """The decorated function answers the messages of this kind. What it appends to its last argument goes
    along as buffers.
    """

    def register(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        return handler

    return register


def handler_of(kind: object) -> Handler | None:
    """What answers the messages of this kind."""
    if not isinstance(kind, str):
        return None
    if kind not in HANDLERS:
        for room in _LATER:
            import_module(f"{__package__}.{room}")
    return HANDLERS.get(kind)


async def reply_to(widget: VideoWidget, message: Message) -> Reply:
    """The reply to `message`, whatever happens."""
    buffers: list[bytes] = []
    message = _Fields(message)
    kind = message.get("kind")
    try:
        handler = handler_of(kind)
        if handler is None:
            raise RuncrateError(f"The kernel does not know the message {kind!r}.", "Reload the page.")
        if "key" in message and kind != "settings_of":  # which needs no job
            await widget._wall.look_up(message["key"])
        return {"ok": True, **await handler(widget, message, buffers)}, buffers
    except (RuncrateError, TraitError, OSError) as error:
        return {"ok": False, "error": error_row(error)}, []
    # The last three are somebody's observer's.
    except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        _log.exception("A message of the widget's view failed: %s", kind)
        unforeseen = RuncrateError(f"Something unforeseen went wrong: {error!r}.")
        return {"ok": False, "error": error_row(unforeseen)}, []


@handles("hello")
async def _hello(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    widget._set_root(message.get("root"))
    widget._show_session()
    widget._remainder.look(widget.client, spent=False)
    if widget._feed.list.due:
        widget._feed.update()
    answer: Message = {"now": time.time(), "revision": widget._revision}
    if message.get("seen") != widget._revision:
        answer["state"] = {name: getattr(widget, name) for name in STATE}
    seen = message.get("rows", -1)
    if seen != widget._feed.list.revision:
        changed = widget._feed.list.changed_since(seen)
        answer |= {"first": widget._feed.list.first()} if changed is None else {"changed": changed}
    return answer


@handles("rows")
async def _rows(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    return dict(widget._feed.list.page(cast("RowsRequest", message)))


@handles("set")
async def _set_control(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    widget._set_controls(**{message["name"]: message["value"]})
    return {}


@handles("generate")
async def _generate(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    asked = {name: message[name] for name in CONTROLS}
    widget._set_controls(**asked)
    widget._show_session()
    prompts, takes = message.get("prompts"), widget.takes
    requests = [widget._request()] if prompts is None else requests_for(prompts, widget._request)

    async def begin() -> Message:
        # Not in the engine's thread: it writes to the library, which may be slow.
        jobs = await asyncio.to_thread(
            widget._generated, requests, takes, lambda job: engine().call(widget._add, job)
        )
        return {"keys": [job.key for job in jobs]}

    if prompts is None:  # each press is another take
        return await begin()
    return await widget._once.do(("generate", repr((asked, prompts))), begin)


@handles("earlier_prompts")
async def _earlier_prompts(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    count, library = max(0, min(_whole(message, "count"), _MOST_PROMPTS)), widget.client.library
    prompts = await asyncio.to_thread(lambda: dict.fromkeys(record.prompt for record in library))
    prompts.pop("", None)  # of a job that only its id is known of
    found: list[str] = []
    for prompt in islice(prompts, count):
        if sum(map(len, found)) > _MOST_TEXT:
            break
        found.append(prompt)  # the whole of it, for it is sent again
    return {"prompts": sendable(found)}


@handles("cancel")
async def _cancel(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    widget._job(message).cancel()
    return {}


@handles("cancel_waiting")
async def _cancel_waiting(widget: VideoWidget, _: Message, __: list[bytes]) -> Message:
    def cancel() -> None:
        for job in widget._feed.list.waiting():
            with suppress(JobError):  # its turn has come
                job.cancel()

    # Not in the engine's thread: each is written to the library.
    await asyncio.to_thread(cancel)
    return {}


@handles("resubmit")
async def _resubmit(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    job = widget._job(message)
    again = await asyncio.to_thread(job.resubmit)
    widget._feed.sent_again(job)
    widget._add(again)
    return {"key": again.key}


@handles("adopt")
async def _adopt(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    # Not in the engine's thread: it looks through the library.
    job = widget._job(message)
    await asyncio.to_thread(job.adopt, message["job_id"])
    widget._add(job)
    return {}


@handles("resume")
async def _resume(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    job = widget._job(message)
    # Not in the engine's thread: what was never sent is within the limits first.
    await asyncio.to_thread(job.resume)
    widget._add(job)  # one of the wall: it is under way now
    return {}


@handles("demo")
async def _demo(widget: VideoWidget, _: Message, __: list[bytes]) -> Message:
    from runcrate_widget.client import VideoClient

    library = widget.client.library.location
    widget._use(await asyncio.to_thread(lambda: VideoClient(demo=True, library=library)))
    return {}


@handles("code")
async def _code(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    return {"code": python_call(widget._job(message))}


@handles("chunk")
async def _chunk(widget: VideoWidget, message: Message, buffers: list[bytes]) -> Message:
    offset = _whole(message, "offset")
    data, total = await read_chunk(widget._video(message), offset, _whole(message, "length"))
    buffers.append(data)
    return {"offset": offset, "total": total}


@handles("url")
async def _url(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    video = widget._video(message)
    return {"url": await asyncio.to_thread(lambda: video.url)}


@handles("poster")
async def _poster(widget: VideoWidget, message: Message, buffers: list[bytes]) -> Message:
    video = widget._video(message)
    jpeg = await asyncio.to_thread(lambda: video.poster)
    if jpeg:
        buffers.append(jpeg)
    return {}


@handles("keep_poster")
async def _keep_poster(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    try:
        jpeg = base64.b64decode(message["jpeg"], validate=True)
    except binascii.Error as error:
        raise InvalidRequestError("jpeg", f"This is no base64: {error}.") from None
    await asyncio.to_thread(widget._video(message).keep_poster, jpeg)
    return {}


@handles("times")
async def _times(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    known = await asyncio.to_thread(widget.client.estimate, message["model"], duration=message["duration"])
    each = {"making": known.making, "queued": known.queue, "whole": known}
    return {name: [] if one is None else list(one.times) for name, one in each.items()}


@handles("price")
async def _price(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    await asyncio.to_thread(widget.client.prices.remember, message["model"], message["price"])
    widget._show_session()
    widget._remainder.look(widget.client)
    return {}


@handles("picture")
async def _picture(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    data, frame = message.get("data"), message.get("from")
    if data or not isinstance(frame, dict):
        picture = await asyncio.to_thread(widget._pictures.received, data, message.get("name"), frame)
    else:
        await widget._wall.look_up(frame.get("key"))
        picture = await asyncio.to_thread(widget._pictures.taken, widget._video(frame), frame.get("at"))
    return {"picture": dict(picture)}


@handles("picture_of")
async def _picture_of(widget: VideoWidget, message: Message, buffers: list[bytes]) -> Message:
    if shown := await asyncio.to_thread(widget._pictures.shown, message.get("sha256")):
        buffers.append(shown)
    return {}


@handles("source")
async def _send_source(_: VideoWidget, message: Message, __: list[bytes]) -> Message:
    return {"js": source("studio.txt" if message["part"] == "studio" else "widget.js")}
