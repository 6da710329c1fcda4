"""A batch as an output of a notebook: a grid, prompts down, models across, that changes as the videos come.

What stays in the notebook is HTML, so that it is light: posters and videos are files beside the notebook,
which play in it when it is opened again. Where there are widgets, a `BatchWidget` stands in its place.
"""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

from runcrate_widget.client import VideoClient
from runcrate_widget.environment import relative_url
from runcrate_widget.media.player import shortened
from runcrate_widget.media.poster import poster_path

from .live import display_live
from .runtime import runtime_ref

if TYPE_CHECKING:
    from runcrate_widget.jobs.batch import Batch
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.jobs.plan import Cell
    from runcrate_widget.media.video import Video

_EVERY = 1.0  # seconds, at most
_MOST_ROWS = 50
_MOST_CELLS = 300
_LONGEST = 90  # bytes of a prompt
_SIDE = 176  # pixels
_MOST_EMBEDDED = 40  # posters: half a megabyte


def display_batch(batch: Batch) -> None:
    """Shows it as it is, and goes on showing it: as a widget, and else as HTML until all are done."""
    players: dict[str, str] = {}  # by the job's key: a poster is read, or made, once
    client = batch.plan._maker.client
    if not isinstance(client, VideoClient) or runtime_ref() is None:
        display_live(lambda: bundle(batch, players), _EVERY, batch.subscribe, lambda: batch.done)
    else:
        from .batch_widget import BatchWidget  # it takes long to load

        BatchWidget(batch, client, lambda: bundle(batch, players))._ipython_display_()


def bundle(batch: Batch, players: dict[str, str]) -> dict[str, str]:
    """What stands in the notebook. `players` has the videos that were shown already."""
    said = repr(batch)
    rows = _rows(batch, players)
    heads = (
        "".join(f"<th style='text-align:left'>{_text(title)}</th>" for title in batch.plan.columns)
        if any(batch.plan.columns)
        else ""
    )
    head = f"<tr><th></th>{heads}</tr>" if heads else ""
    left = 1 + max((cell.row for cell in batch.plan.cells), default=-1) - len(rows)
    more = f"<p>and {left:,} more rows</p>" if left > 0 else ""
    stopped = batch.stopped
    why = f"<p>{_text(f'{stopped.message} {stopped.hint}')}</p>" if stopped else ""
    table = f"<table>{head}{''.join(rows)}</table>"
    return {"text/plain": said, "text/html": f"<p>{_text(said.strip('<>'))}</p>{why}{table}{more}"}


def _rows(batch: Batch, players: dict[str, str]) -> list[str]:
    by_row: dict[int, list[str]] = {}
    names: dict[int, str] = {}
    for cell, status, job in batch.look(_MOST_CELLS):
        if cell.row not in by_row and len(by_row) == _MOST_ROWS:
            break
        names.setdefault(cell.row, cell.request.prompt if cell.request else f"row {cell.row}")
        by_row.setdefault(cell.row, []).append(
            f"<td style='vertical-align:top;text-align:left'>{_cell(cell, status, job, players)}</td>"
        )
    return [
        f"<tr><td style='text-align:left;vertical-align:top;max-width:220px' title='{_text(names[row])}'>"
        f"{_text(shortened(names[row], _LONGEST))}</td>{''.join(cells)}</tr>"
        for row, cells in by_row.items()
    ]


def _cell(cell: Cell, status: str, job: VideoJob | None, players: dict[str, str]) -> str:
    if job is not None and job.video is not None:
        if "<img" not in players.get(job.key, ""):  # the page may have made a poster since
            embedded = sum("base64," in one for one in players.values())
            players[job.key] = _player(job.video, embed=embedded < _MOST_EMBEDDED)
        return players[job.key]
    error = cell.error or (job.error if job else None)
    reason = f"<br>{_text(error.message)}" if error else ""
    return f"<div style='width:{_SIDE}px;text-align:left'>{_text(status)}{reason}</div>"


def _player(video: Video, *, embed: bool) -> str:
    """The video over its poster, which is a file: hosts find what `src` names beside the notebook, and not
    what `poster` names. Of a video in a bucket there is no such file: its poster is put in, if `embed`."""
    wide = _SIDE if video.width >= video.height else _SIDE // 2
    over = "position:absolute;inset:0;width:100%;height:100%"
    picture, source = "", video._source()
    if (source or embed) and (poster := video.poster):
        image = (
            _text(relative_url(poster_path(video.path)))
            if source
            else f"data:image/jpeg;base64,{base64.b64encode(poster).decode()}"
        )
        picture = f"<img src='{image}' alt='' loading=lazy style='{over};object-fit:cover'>"
    mark = "<b>DEMO</b> · " if video.demo else ""
    box = f"position:relative;width:{wide}px;aspect-ratio:{video.width}/{video.height};background:#000"
    player = (
        f"<video src='{_text(source)}' preload=none poster='data:,' controls loop muted "
        f"playsinline style='{over}'></video>"
        if source
        else ""
    )
    name = video.location.replace("\\", "/").rpartition("/")[2]
    return f"<div style='{box}'>{picture}{player}</div><small>{mark}{_text(name)}</small>"


def _text(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode())
