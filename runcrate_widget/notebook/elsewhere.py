"""What is being made in a library, and not in this process, in one line: who sees it does not pay for it
again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runcrate_widget.jobs.living import living
from runcrate_widget.library.record import JobStatus
from runcrate_widget.media.player import shortened

if TYPE_CHECKING:
    from runcrate_widget.library.record import Record

_MOST_NAMED = 3
_LONGEST = 60  # bytes of a prompt, or of a name


def made_elsewhere(unfinished: Sequence[Record]) -> str:
    """`2 running · 1 waiting elsewhere in this library: A fox in the snow (ann) · An owl · A hare`; or
    nothing."""
    others = [one for one in unfinished if not _is_here(one)]
    if not others:
        return ""
    waiting = sum(one.status is JobStatus.WAITING for one in others)
    counts = {"running": len(others) - waiting, "waiting": waiting}
    counted = " · ".join(f"{count:,} {stage}" for stage, count in counts.items() if count)
    named = [_named(one) for one in others[:_MOST_NAMED]] + ["…"] * (len(others) > _MOST_NAMED)
    return f"{counted} elsewhere in this library: {' · '.join(named)}"


def _named(record: Record) -> str:
    owner = f" ({shortened(record.owner, _LONGEST)})" if record.owner else ""
    return shortened(record.prompt, _LONGEST) + owner


def _is_here(record: Record) -> bool:
    """Whether a job of it is shown, or waited for, in this process."""
    job = living.get((record.folder, record.name))
    return job is not None and not job.done
