"""`jobs`, `library`, `library export` and `models`: what is there. None of them asks the service, or needs a
key."""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from runcrate_widget.format import videos
from runcrate_widget.jobs.progress import clock
from runcrate_widget.library.places import is_made

from . import codes
from .clients import library_of
from .lines import export_object, model_object, record_object
from .words import clean, shown

if TYPE_CHECKING:
    from runcrate_widget.library.record import Record

    from .out import Out

_HEAD = ("ID", "STATUS", "ASKED FOR", "MODEL", "PROMPT")


def jobs(asked: Namespace, out: Out) -> int:
    """What is unfinished, and the latest of the rest."""
    records = library_of(asked).filter()
    unfinished = [one for one in records if not one.status.over]
    ended = [one for one in records if one.status.over and one.status != "cancelled"]
    listed = unfinished + ended[: asked.number]
    if not listed:
        out.say("No jobs.")
    _list(listed, out)
    if any(one.status == "unconfirmed" for one in unfinished):
        out.say(
            "Look in the Runcrate dashboard whether it has the unconfirmed ones, then: "
            "runcrate-widget settle ID (--id vid_… | --resend | --give-up)"
        )
    return codes.ALL


def library(asked: Namespace, out: Out) -> int:
    """The videos that match, newest first."""
    found = library_of(asked).filter(text=" ".join(asked.words) or None, **_where(asked))
    found_some = found if asked.number is None else found[: asked.number]
    if asked.paths:
        for record in found_some:
            if not out.closed and is_made(record):
                out.text(shown(record.path))
                out.object(record_object(record))
        return codes.ALL
    _list(found_some, out)
    if not found:
        out.say("Nothing in the library matches.")
    elif len(found_some) < len(found):
        out.say(f"{len(found) - len(found_some):,} more")
    return codes.ALL


def export(asked: Namespace, out: Out) -> int:
    """The videos that match, as a folder that other programs read."""
    where = {"text": " ".join(asked.words) or None, **_where(asked)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is said below
        library = library_of(asked)
        made = library.export(asked.folder, where=where, format=asked.format, link=asked.link)
    out.text(shown(made.folder))
    out.say(f"{videos(made.videos)}, {made.copied:,} of them new.")
    for key, why in made.skipped.items():
        out.say(f"{key} is left out: {clean(why)}.")
    out.object(export_object(made, asked.format))
    return codes.SOME if made.skipped else codes.ALL


def models(asked: Namespace, out: Out) -> int:
    """The table of models."""
    from runcrate_widget.catalog import models as table
    from runcrate_widget.library.prices import Prices

    prices = Prices(None, library_of(asked))
    rows = [("NAME", "ID", "SECONDS", "PRICE", "NOTES")]
    for model in table.values():
        price = prices.get(model.id, model.price)
        gone = "" if model.lives else "retired; "
        cost = "not known" if price is None else f"${price:g}/s"
        rows.append((model.name, model.id, model.allowed, cost, gone + model.notes))
        out.object(model_object(model, price))
    out.table(rows)
    return codes.ALL


def _where(asked: Namespace) -> dict[str, Any]:
    """The filters of `library.filter`, as they were given."""
    return {
        "model": asked.model,
        "status": asked.status,
        "since": asked.since,
        "until": asked.until,
        "kept": asked.kept,
        "rating": asked.rating,
        "tag": asked.tag,
        "hidden": None if asked.hidden else False,
    }


def _list(records: Iterable[Record], out: Out) -> None:
    rows: list[tuple[str, ...]] = [_HEAD]
    for record in records:
        if out.closed:
            return
        mark = "DEMO " if record.demo else ""
        when = f"{record.created.astimezone():%Y-%m-%d %H:%M}"
        id, model = record.id or record.key, record.request.model_name
        rows.append((id, state(record), when, model, mark + record.prompt))
        if out.json:
            out.object(record_object(record))
    out.table(rows)


def state(record: Record) -> str:
    """The stage; of one that is under way, since when."""
    if record.status.over or record.status == "unconfirmed":
        kept = {True: " kept", False: " rejected", None: ""}[record.kept]
        stars = "" if record.rating is None else f" {record.rating}/5"
        return f"{record.status}{kept}{stars}"
    seconds = int((datetime.now(timezone.utc) - record.created).total_seconds())
    return f"{record.status} {clock(max(seconds, 0))}"
