"""`jobs`, `library`, `library export` and `models`: what is there. None of them asks the service, or needs a
key."""

from __future__ import annotations

import shlex
import warnings
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from runcrate_widget.checks import bare_url, is_url
from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.format import videos
from runcrate_widget.jobs.progress import clock
from runcrate_widget.library.at_work import carrier_of, waits_for
from runcrate_widget.library.places import bucket_of, is_made

from . import codes
from .clients import library_of
from .lines import export_object, model_object, record_object
from .words import at_shell, clean, shown

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library
    from runcrate_widget.library.record import Record

    from .out import Out

_HEAD = ("ID", "STATUS", "ASKED FOR", "MODEL", "PROMPT")


def jobs(asked: Namespace, out: Out) -> int:
    """What is unfinished, and the latest of the rest."""
    library = library_of(asked)
    records = library.filter()
    unfinished = [one for one in records if not one.status.over]
    ended = [one for one in records if one.status.over and one.status != "cancelled"]
    listed = unfinished + ended[: asked.number]
    if not listed:
        out.say("No jobs.")
    reasons = _reasons(library, listed)
    _list(listed, out, reasons)
    for why, count in Counter(reasons.values()).items():
        out.say(clean(f"Not sent yet: {videos(count)}, {why}"))
    if any(one.status == "unconfirmed" for one in unfinished):
        out.say(
            "Look in the Runcrate dashboard whether it has the unconfirmed ones, then: "
            "runcrate-widget settle ID (--id vid_… | --resend | --give-up)"
        )
    return codes.ALL


def library(asked: Namespace, out: Out) -> int:
    """The videos that match, newest first."""
    text, library = _text(asked), library_of(asked)
    found = library.filter(text=text, **_where(asked))
    found_some = found if asked.number is None else found[: asked.number]
    if asked.paths:
        return _paths(library, [one for one in found_some if is_made(one)], out)
    _list(found_some, out, _reasons(library, found_some) if out.json else {})
    if not found:
        out.say("Nothing in the library matches.")
    elif len(found_some) < len(found):
        out.say(f"{len(found) - len(found_some):,} more")
    return codes.ALL


def _paths(library: Library, records: Sequence[Record], out: Out) -> int:
    """The files of these, each on this machine."""
    code = codes.ALL
    for number, record in enumerate(records):
        if out.closed:
            break
        if bucket_of(record) is not None:
            out.progress(f"fetching {number + 1:,} of {len(records):,}")
        path = library.store.bring(record.name)
        if path is None:
            out.say(f"{record.id or record.key} is left out: its file is gone.")
            code = codes.SOME
            continue
        out.text(shown(path))
        out.object(record_object(record))
    return code


def export(asked: Namespace, out: Out) -> int:
    """The videos that match, as a folder that other programs read."""
    where = {"text": _text(asked), **_where(asked)}
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


def _text(asked: Namespace) -> str | None:
    """The words that are searched for. Raises InvalidRequestError where one is a library."""
    for word in asked.words:
        if is_url(word) and not word.startswith(("http:", "https:")):
            place = bare_url(word)
            hint = f"A library is named by its option: --library {shlex.quote(place)}"
            raise InvalidRequestError("words", f"{place} is a place, and no word of a video.", hint)
    return " ".join(asked.words) or None


def _reasons(library: Library, records: Sequence[Record]) -> dict[str, str]:
    """What each of those waits for that were left to a carrier, by the names of their records."""
    left = [one for one in records if one.status == "waiting" and one.handed_over is not None]
    carrier = carrier_of(library) if left else None
    return {one.name: at_shell(waits_for(library, carrier, one.service), "")[0] for one in left}


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
        "owner": asked.owner,
        "hidden": None if asked.hidden else False,
    }


def _list(records: Sequence[Record], out: Out, reasons: Mapping[str, str]) -> None:
    owned = any(record.owner for record in records)
    rows: list[tuple[str, ...]] = [(*_HEAD[:-1], *(["OWNER"] if owned else []), _HEAD[-1])]
    for record in records:
        if out.closed:
            return
        mark = "DEMO " if record.demo else ""
        when = f"{record.created.astimezone():%Y-%m-%d %H:%M}"
        id, model = record.id or record.key, record.request.model_name
        owner = [record.owner or ""] if owned else []
        rows.append((id, state(record), when, model, *owner, mark + record.prompt))
        if out.json:
            out.object(record_object(record, reasons.get(record.name)))
    out.table(rows)


def state(record: Record) -> str:
    """The stage; of one that is under way, since when."""
    if record.status.over or record.status == "unconfirmed":
        kept = {True: " kept", False: " rejected", None: ""}[record.kept]
        stars = "" if record.rating is None else f" {record.rating}/5"
        return f"{record.status}{kept}{stars}"
    seconds = int((datetime.now(timezone.utc) - record.created).total_seconds())
    return f"{record.status} {clock(max(seconds, 0))}"
