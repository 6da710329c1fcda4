"""The one transition: how a job gets from a status to the next.

A job's state is its record (`job.record`), and only what stands here changes its status: the record in
memory, then the record on disk, then the traits that people see. Which moves there are, `MOVES` says; any
other is an error.

    waiting ──► submitting ──► queued ◄──► processing
       │  ▲         │ │           │            │
       │  └─again───┘ ├► failed ◄─┴────────────┤
       ▼              ▼                        ▼
    cancelled     unconfirmed ──adopted──►  downloading ──► completed
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import ImpossibleMoveError, LibraryError, RuncrateError
from runcrate_widget.library.conflict import Superseded
from runcrate_widget.library.record import JobStatus, Record, now

from .loop import Ask, in_thread

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library
    from runcrate_widget.media.video import Video

    from .job import VideoJob

WAITING, SUBMITTING, QUEUED, PROCESSING, DOWNLOADING, COMPLETED, FAILED, UNCONFIRMED, CANCELLED = JobStatus

MOVES: Mapping[JobStatus, frozenset[JobStatus]] = {
    WAITING: frozenset({SUBMITTING, CANCELLED, FAILED, UNCONFIRMED}),
    SUBMITTING: frozenset({WAITING, QUEUED, FAILED, UNCONFIRMED}),
    QUEUED: frozenset({PROCESSING, DOWNLOADING, FAILED}),
    PROCESSING: frozenset({QUEUED, DOWNLOADING, FAILED}),
    DOWNLOADING: frozenset({COMPLETED, FAILED}),
    COMPLETED: frozenset({DOWNLOADING}),  # its file is gone
    FAILED: frozenset(),
    UNCONFIRMED: frozenset({CANCELLED}),  # the dashboard does not have it
    CANCELLED: frozenset(),
}

#: A job whose id was given by hand begins anew with that id; if it was a wrong one, again.
_MAY_BE_ADOPTED = frozenset({UNCONFIRMED, QUEUED, PROCESSING, DOWNLOADING, FAILED})

#: The moment that a move is.
_MOMENTS = {SUBMITTING: "sent", QUEUED: "submitted", PROCESSING: "processing", DOWNLOADING: "ready"}
#: Seconds: who looked away for longer does not know when it began.
_CLOSE_LOOK = 6.0
_ENDS = frozenset({COMPLETED, FAILED, UNCONFIRMED, CANCELLED})

_log = logging.getLogger("runcrate_widget")


@dataclass(frozen=True)
class Move:
    """A move to the status `to`, and what is known with it.

    Attributes:
        error: why there is no video.
        video: the finished one.
        note: what is going on meanwhile, for people.
        facts: further fields of the record that change: `id`, `answer`, `demo`, `cost`, `adopted`.
        polls: how often the service was asked since the last move.
        unseen: seconds in which nobody looked, before this was seen; see `Timeline`.
        must: whether the move is undone, and the error raised, where the record cannot be written.
            Otherwise the job goes on, and the person is told what would be lost: the service may have it.
    """

    to: JobStatus
    error: RuncrateError | None = None
    video: Video | None = None
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    polls: int = 0
    unseen: float | None = None
    must: bool = False


def moved(record: Record, move: Move) -> Record:
    """The record after a move. Raises ImpossibleMoveError."""
    to, timeline = move.to, record.timeline
    adopted = "adopted" in move.facts
    if adopted:
        allowed = to is QUEUED and (record.status in _MAY_BE_ADOPTED or lacks_id(record))
    else:
        allowed = to in MOVES[record.status] or (to is CANCELLED and has_given_id(record))
    if not allowed:
        raise ImpossibleMoveError(f"A job that is {record.status} cannot become {to}.")
    moments: dict[str, Any] = {"polls": timeline.polls + move.polls, "ended": now() if to in _ENDS else None}
    moment = _MOMENTS.get(to)
    if to is PROCESSING and (move.unseen or 0.0) > _CLOSE_LOOK:
        moment = None  # nobody was there to see it
    # The first time counts; but what is sent again is sent when it is sent last.
    if moment is not None and not adopted and (to is SUBMITTING or getattr(timeline, moment) is None):
        moments[moment] = now()
        if to is DOWNLOADING:
            moments["unseen"] = move.unseen
    if to is COMPLETED:
        moments["downloaded"] = moments["ended"]
    if to is WAITING:
        moments["sent"] = None  # it was not acted on
    timeline = replace(timeline, **moments)
    return replace(record, status=to, timeline=timeline, error=_error_fields(move.error), **move.facts)


def lacks_id(record: Record) -> bool:
    """Whether it was sent, and the service's answer with its id was lost; it may have been given up since."""
    given_up = record.status is CANCELLED and record.timeline.sent is not None
    return record.status is UNCONFIRMED or given_up


def has_given_id(record: Record) -> bool:
    """Whether the service is asked for it by an id that was given by hand, and may be a wrong one."""
    return record.adopted is not None and record.status in (QUEUED, PROCESSING, DOWNLOADING)


async def make_move(job: VideoJob, library: Library, move: Move, ask: Ask = in_thread) -> None:
    """Moves a job, in the engine's thread; the record is written in another, or as `ask` has it.

    Raises:
        ImpossibleMoveError: there is no such move.
        LibraryError: the move `must` be written, and cannot.
        Superseded: another process has gone on with the job, which is now as that has it.
    """
    await begin_move(job, library, move, ask)()


def begin_move(
    job: VideoJob, library: Library, move: Move, ask: Ask = in_thread
) -> Callable[[], Awaitable[None]]:
    """The same; the job has moved when this returns, and what it returns has that written and told."""
    before = _begin(job, move)

    async def written() -> None:
        _finish(job, before, move, await ask(_written, library, job.record))

    return written


def _begin(job: VideoJob, move: Move) -> Record:
    before = job.record
    job.record = moved(before, move)  # at once, so that nobody else moves it from where it was
    return before


def _written(library: Library, record: Record) -> Record | LibraryError | Superseded:
    try:
        return library.write(record)
    except (LibraryError, Superseded) as error:
        return error


def _finish(job: VideoJob, before: Record, move: Move, written: Record | LibraryError | Superseded) -> None:
    note = move.note
    if isinstance(written, Superseded):
        job.record = written.record
        raise written
    failure = written if isinstance(written, LibraryError) else None
    if isinstance(written, Record) and written.mark != job.record.mark:  # another process had written, too
        job.record = replace(job.record, mark=written.mark, choice=written.choice)
    if failure is not None and move.must:
        job.record = before
        raise failure
    if failure is not None:
        id = job.record.id
        lost = f"Note down the id: {id}" if id else ""  # without one, the service may never have seen it
        _log.error("%s The record of job %s could not be written. %s", failure, id or job.key, lost)
        note = f"{failure.message} {lost}".strip()
    job._show(note=note, error=move.error, video=move.video)


def restore_error(record: Record) -> RuncrateError:
    """The error of a record that has ended without a video."""
    told = record.error or {}
    message = told.get("message", "No reason is on record.")
    return RuncrateError(message, told.get("hint", ""), kind=told.get("kind", "unforeseen"))


def _error_fields(error: RuncrateError | None) -> dict[str, str] | None:
    return None if error is None else {"message": error.message, "hint": error.hint, "kind": error.kind}
