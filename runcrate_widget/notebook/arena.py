"""The arena's messages: two videos are shown without their models' names; what was said of them is kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.jobs.ends import recorded_end
from runcrate_widget.library import arena
from runcrate_widget.media.video import cut

from .arena_messages import ArenaPayload, RankingRow
from .handlers import handles
from .rows import LONGEST_PROMPT, video_row

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library
    from runcrate_widget.library.ranking import Ranking
    from runcrate_widget.library.record import Record

    from .messages import Message, VideoRow
    from .widget import VideoWidget


@handles("arena")
async def _arena(widget: VideoWidget, _: Message, __: list[bytes]) -> Message:
    await widget._wall.shelf()  # where the jobs of what is shown are found, when their bytes are asked for
    return dict(await asyncio.to_thread(_shown, widget))


@handles("judge")
async def _judge(widget: VideoWidget, message: Message, _: list[bytes]) -> Message:
    left, right, winner = str(message["left"]), str(message["right"]), str(message["winner"])
    if winner not in arena.WINNERS:
        raise InvalidRequestError("winner", f"{winner!r} is nothing that can be said of two videos.")
    # Of a key that was pressed twice, the second judges what is not shown any more.
    if (left, right) in widget._compared:
        widget._compared.remove((left, right))
        try:
            await asyncio.to_thread(arena.judge, widget.client.library, left, right, winner)
        except BaseException:
            widget._compared.add((left, right))  # it was not written: say it again
            raise
    return dict(await asyncio.to_thread(_shown, widget))


def _shown(widget: VideoWidget) -> ArenaPayload:
    """The next two, which may be judged from now on."""
    library: Library = widget.client.library
    made = arena.comparisons(library)
    records = {one.key: one for one in arena.candidates(library)}
    while True:
        found = arena.next_pair(records.values(), made)
        videos = {one.key: _video(one) for one in found.pair or ()}
        damaged = [key for key, video in videos.items() if video is None]
        if not damaged:
            break
        for key in damaged:
            del records[key]
    left, right = found.pair or (None, None)
    ranked = arena.ranking(library)
    if left and right:
        widget._compared.add((left.key, right.key))
    return ArenaPayload(
        left=left.key if left else None,
        right=right.key if right else None,
        left_video=videos[left.key] if left else None,
        right_video=videos[right.key] if right else None,
        prompt=cut(left.prompt, LONGEST_PROMPT) if left else "",
        done=ranked.comparisons,  # two takes of one model tell nothing of models
        left_to_do=found.left_to_do,
        ranking=_rows(ranked),
    )


def _video(record: Record) -> VideoRow | None:
    end = recorded_end(record)
    return video_row(end.video) if end and end.video else None


def _rows(ranking: Ranking) -> list[RankingRow]:
    return [
        RankingRow(
            model_name=one.model_name,
            strength=one.strength,
            low=one.low,
            high=one.high,
            comparisons=one.comparisons,
        )
        for one in ranking
    ]
