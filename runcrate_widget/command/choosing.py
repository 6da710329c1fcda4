"""`choose`: what a person makes of videos. It asks the service nothing, and needs no key."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import InvalidRequestError, NotFoundError, RuncrateError
from runcrate_widget.library.choice import Choice

from . import codes
from .clients import client_of
from .lines import record_object
from .looking import state
from .words import clean

if TYPE_CHECKING:
    from .out import Out


def choose(asked: Namespace, out: Out) -> int:
    """Writes what is made of these videos to their records; what is not named stays as it is."""
    changes = _changes(asked)
    Choice().changed(changes)  # what is wrong with it is said once, and nothing is written
    done = 0
    errors: list[int] = []
    with client_of(asked) as client:
        for id in dict.fromkeys(asked.id):
            try:
                record = client.library.find(id)
                if record is None:
                    message = f"The library has no job {id}."
                    raise NotFoundError(message, "See `runcrate-widget library`.", status=404)
                job = client._look_up(record)
                job.choose(**changes)
            except RuncrateError as error:
                code = codes.code_of(error)
                errors.append(code)
                out.error(error, code)
                continue
            done += 1
            note = f"  {job.record.choice.note}" if job.record.choice.note else ""
            tags = "".join(f" #{tag}" for tag in job.record.tags)
            out.text(clean(f"{job.id or job.key}  {state(job.record)}{tags}{note}"))
            out.object(record_object(job.record))
    return (codes.SOME if done else max(errors)) if errors else codes.ALL


def _changes(asked: Namespace) -> dict[str, Any]:
    """The arguments of `job.choose`. Raises InvalidRequestError where there are none."""
    changes: dict[str, Any] = {
        "kept": asked.kept,
        "rating": asked.rating,
        "add_tags": asked.tag,
        "remove_tags": asked.untag,
        "note": asked.note,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    if asked.undecided:
        changes["kept"] = None
    if asked.rating == 0:
        changes["rating"] = None
    if not changes:
        hint = 'Give --keep, --reject, --undecided, --rating N, --tag WORD, --untag WORD or --note "…".'
        raise InvalidRequestError("choose", "There is nothing to write.", hint)
    return changes
