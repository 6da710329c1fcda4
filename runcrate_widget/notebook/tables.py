"""How IPython shows what comes from below: the library as a wall, or else as a table; a job as
an output that changes.

Light: `import runcrate_widget` runs `register_formatters`. What is heavy is imported when something is shown.
"""

from __future__ import annotations

import base64
import html
from importlib import import_module
from typing import TYPE_CHECKING, Any

from runcrate_widget.environment import relative_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runcrate_widget.library.choice import Choice
    from runcrate_widget.library.library import Library
    from runcrate_widget.library.record import Record

_MOST = 100  # rows
_MOST_POSTERS = 30  # that are put in, where the videos are in a bucket
_HEADS = ("", "prompt", "model", "status", "made", "choice", "file")


def register_formatters(shell: Any) -> None:
    """Tells the IPython `shell` how to show a job, the library and records of it."""
    formatters = shell.display_formatter.formatters
    library = "runcrate_widget.library"
    formatters["text/html"].for_type_by_name(f"{library}.library", "Library", library_html)
    formatters["text/html"].for_type_by_name(f"{library}.search", "Records", records_html)
    live = shell.display_formatter.ipython_display_formatter
    live.for_type_by_name("runcrate_widget.jobs.job", "VideoJob", _show_live)
    live.for_type_by_name(f"{library}.cloud.video", "CloudVideo", _show_video)
    live.for_type_by_name("runcrate_widget.jobs.batch", "Batch", _show_grid)
    live.for_type_by_name("runcrate_widget.jobs.best", "BestOf", _show_grid)
    live.for_type_by_name(f"{library}.library", "Library", _show_wall)


def _show_live(job: Any) -> None:
    from runcrate_widget.library.places import bucket_of

    # What is in a bucket plays by a widget alone.
    widget = import_module("runcrate_widget.notebook.job_widget") if bucket_of(job.record) else None
    if widget is None or not widget.display_job(job):
        import_module("runcrate_widget.notebook.live").display_job(job)


def _show_video(video: Any) -> None:
    """Raises NotImplementedError where its poster has to do."""
    if not import_module("runcrate_widget.notebook.job_widget").display_video(video):
        raise NotImplementedError


def _show_grid(batch: Any) -> None:
    import_module("runcrate_widget.notebook.batch_view").display_batch(batch)


def _show_wall(library: Any) -> None:
    """Raises NotImplementedError where a table has to do, which IPython shows then."""
    if not import_module("runcrate_widget.notebook.library_widget").display_library(library):
        raise NotImplementedError


def library_html(library: Library) -> str:
    """The whole library as a table, newest first."""
    return records_html(library.filter())


def records_html(records: Sequence[Record]) -> str:
    """Records as a table, in their order."""
    from .posters import posters_in_buckets

    posters = posters_in_buckets([one for one in records[:_MOST_POSTERS] if one.status == "completed"])
    owned = any(record.owner for record in records[:_MOST])
    names = (*_HEADS[:-1], "owner", _HEADS[-1]) if owned else _HEADS
    heads = "".join(f"<th style='text-align:left'>{name}</th>" for name in names)
    rows = "".join(_row(record, posters.get(record.name), owned=owned) for record in records[:_MOST])
    left = len(records) - _MOST
    more = f"<tr><td colspan={len(names)}>and {left} more</td></tr>" if left > 0 else ""
    return f"<table><tr>{heads}</tr>{rows}{more}</table>"


def _row(record: Record, poster: bytes | None, *, owned: bool) -> str:
    done = record.status == "completed"
    error = record.error or {}
    reason = f": {html.escape(str(error.get('message', '')))}" if error else ""
    mark = "<b>DEMO</b> " if record.service == "demo" else ""
    cells = [
        _picture(record, poster) if done else "",
        mark + html.escape(record.prompt[:200]),
        html.escape(record.request.model_name),
        html.escape(record.status) + reason,
        f"{record.created.astimezone():%Y-%m-%d %H:%M}",
        html.escape(_verdict(record.choice)),
        *([html.escape(record.owner or "")] if owned else []),
        html.escape(record.path.name) if done else html.escape(record.id or ""),
    ]
    return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"


def _verdict(choice: Choice) -> str:
    """What people said of it: `kept ★ 4 #fox the tail is right`."""
    said = {True: "kept", False: "rejected", None: ""}[choice.kept]
    stars = f"★ {choice.rating}" if choice.rating else ""
    words = [
        said,
        stars,
        *(f"#{tag}" for tag in choice.tags),
        choice.note[:80],
        "put away" if choice.hidden else "",
    ]
    return " ".join(filter(None, words))


def _picture(record: Record, poster: bytes | None) -> str:
    style = "height:48px;display:block"
    if poster:
        return (
            f'<img src="data:image/jpeg;base64,{base64.b64encode(poster).decode()}" alt="" style="{style}">'
        )
    from runcrate_widget.library.places import bucket_of

    if bucket_of(record):  # nothing of it lasts that a notebook could name
        return ""
    source = html.escape(relative_url(record.path))
    return f'<video src="{source}#t=0.1" preload="metadata" muted style="{style}"></video>'
