"""What the widget does with the messages of the wall: as `handlers.py`, and registered there.

Whatever reads a file or goes through all entries is done in a thread beside the engine's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from runcrate_widget.catalog import models
from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.jobs.living import refresh
from runcrate_widget.library.choice import Choice
from runcrate_widget.library.question import Question
from runcrate_widget.prompts import literal

from .entries import sendable
from .handlers import handles
from .rerun import NOT_KNOWN
from .wall_messages import DayRow, ModelCountRow, SettingsPayload, TagCountRow, WallPayload

if TYPE_CHECKING:
    from runcrate_widget.library.entry import Entry

    from .messages import Message
    from .widget import VideoWidget

_MOST_ROWS = 60
_MOST_POSTERS = 40
_MOST_KEYS = 1000
_MOST_TAGS = 200  # that are shown


@handles("wall")
async def _wall(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    asked, minutes = Question.of(message.get("query")), number(message, "tz", -24 * 60, 24 * 60)
    shelf = await widget._wall.shelf()

    def answer() -> WallPayload:
        version, found = shelf.stacks(asked)
        there = shelf.overview(asked)
        return WallPayload(
            version=version,
            total=found.total,
            stacks=len(found.found),
            days=[DayRow(day=day, count=count) for day, count in found.days(minutes)],
            models=[
                ModelCountRow(id=id, name=known.name if (known := models.find(id)) else id, count=count)
                for id, count in there.models
            ],
            tags=[TagCountRow(tag=tag, count=count) for tag, count in there.tags[:_MOST_TAGS]],
            kept=there.kept,
            put_away=there.put_away,
        )

    return cast("Message", sendable(await asyncio.to_thread(answer)))


@handles("wall_rows")
async def _wall_rows(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    asked, start = Question.of(message.get("query")), number(message, "start", 0, 10**9)
    count = number(message, "count", 1, _MOST_ROWS)
    shelf = await widget._wall.shelf()
    version, rows = await asyncio.to_thread(widget._wall.rows, shelf, asked, start, count)
    return {"version": version, "rows": rows}


@handles("posters")
async def _posters(widget: VideoWidget, message: Message, buffers: list[bytes]) -> Message:
    keys = _keys(message, _MOST_POSTERS)
    shelf = await widget._wall.shelf()
    library = widget.client.library

    def read() -> dict[str, bytes]:
        return widget._wall.posters.of([entry for key in keys if (entry := shelf.find(key))], library)

    found = await asyncio.to_thread(read)
    buffers.extend(found.values())
    return {"with": list(found)}


@handles("choose")
async def _choose(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    keys, changes = _keys(message, _MOST_KEYS), message.get("changes")
    if not isinstance(changes, dict):
        raise InvalidRequestError("changes", f"changes is {changes!r}; it must be what is to change.")
    Choice().changed(changes)  # what is wrong with it is said before anything is done
    shelf = await widget._wall.shelf()
    client = widget.client

    def choose(entry: Entry) -> None:
        client._look_up(entry.record).choose(**changes)

    if changes:  # else it is only asked how they are
        await asyncio.to_thread(widget._wall.each, shelf, keys, choose)
    return {"rows": await asyncio.to_thread(widget._wall.rows_of, shelf, keys)}


@handles("bin")
async def _bin(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    keys, shelf = _keys(message, _MOST_KEYS), await widget._wall.shelf()
    library = widget.client.library

    def delete(entry: Entry) -> None:
        refresh(library.delete(entry.record))

    await asyncio.to_thread(widget._wall.each, shelf, keys, delete)
    return {}


@handles("restore")
async def _restore(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    keys, shelf = _keys(message, _MOST_KEYS), await widget._wall.shelf()
    library = widget.client.library

    def restore(entry: Entry) -> None:
        refresh(library.restore(entry.record))

    await asyncio.to_thread(widget._wall.each, shelf, keys, restore)
    return {"rows": await asyncio.to_thread(widget._wall.rows_of, shelf, keys)}


@handles("settings_of")
async def _settings_of(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    job = widget._feed.list.find(message.get("key"))
    record = job.record if job is not None else None
    if record is None:
        shelf = await widget._wall.shelf()
        entry = await asyncio.to_thread(shelf.find, message.get("key"))
        record = entry.record if entry else None
    if record is None:
        raise RuncrateError("The library does not have this video any more.", "Look again.")
    request, image = record.request, record.request.image
    if not message.get("noted") and not request.prompt:
        raise RuncrateError(NOT_KNOWN, "The service has it, by its id; its dashboard may say what it shows.")
    settings = SettingsPayload(
        prompt=request.prompt,
        literal=literal(request.prompt),
        model=request.model,
        duration=request.duration,
        aspect_ratio=request.aspect_ratio,
        image=widget._pictures.of_request(image),
        left_out=[name for name in request.extra if not (image and name == "image_url")],
        note=record.choice.note,
    )
    return cast("Message", sendable(settings))


def _keys(message: Message, most: int) -> list[str]:
    keys: Any = message.get("keys")
    good = isinstance(keys, list) and 0 < len(keys) <= most and all(isinstance(key, str) for key in keys)
    if not good:
        raise InvalidRequestError("keys", f"keys must be a list of 1 to {most:,} keys.")
    return list(dict.fromkeys(keys))


def number(message: Message, name: str, least: int, most: int) -> int:
    """A field of a message that is one. Raises InvalidRequestError."""
    given = message.get(name)
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise InvalidRequestError(name, f"{name} is {given!r}; it must be from {least} to {most}.")
    return given
