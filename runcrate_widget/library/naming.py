"""What a job's files are called: a name that a person can read, and that follows from what was asked for.

It is how a job is found again, on every machine and by every later version: it must never change.
"""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

from runcrate_widget.request import VideoRequest, fingerprint

from .record import JobStatus, Record, now
from .timeline import Timeline

_LONGEST_SLUG = 40


def fresh_record(
    folder: Path,
    request: VideoRequest,
    take: int,
    attempt: int,
    service: str,
    *,
    id: str | None = None,
    demo: bool = False,
    owner: str | None = None,
    handed_over: bool = False,
) -> Record:
    """The record, not written yet, of a job that is about to be sent (or, with an `id`, that the service
    has)."""
    key, moment = _key(request, take, attempt, service, id), now()
    return Record(
        name=readable_name(request.prompt, key),
        folder=folder,
        key=key,
        request=request,
        take=take,
        attempt=attempt,
        service=service,
        timeline=Timeline(created=moment),
        status=JobStatus.QUEUED if id else JobStatus.WAITING,
        id=id,
        demo=demo,
        owner=owner,
        handed_over=moment if handed_over else None,
    )


def record_name(request: VideoRequest, take: int, attempt: int, service: str) -> str:
    """What the files of this attempt at this take are called, without their ending."""
    return readable_name(request.prompt, _key(request, take, attempt, service))


def readable_name(prompt: str, key: str) -> str:
    """`a-cinematic-sunrise-3f9c2a71`: letters and digits of the prompt, then the job's key; safe as a file
    name anywhere."""
    normal = unicodedata.normalize("NFC", prompt).lower()
    slug = ""
    for word in "".join(char if char.isalnum() else " " for char in normal).split():
        longer = f"{slug}-{word}" if slug else word[:_LONGEST_SLUG]
        # Bytes count, too: file systems allow 255 of them.
        if len(longer) > _LONGEST_SLUG or len(longer.encode()) > 3 * _LONGEST_SLUG:
            break
        slug = longer
    return f"{slug or 'video'}-{key}"


def each_once(records: list[Record]) -> list[Record]:
    """Without the copies that somebody has made of a record's file: they would be counted twice. Of records
    that share a key, those count whose files have their own names, and if there is none, the first."""
    by_key: dict[str, Record] = {}
    shared: dict[str, list[Record]] = {}
    for one in records:
        first = by_key.setdefault(one.key, one)
        if first is not one:
            shared.setdefault(one.key, [first]).append(one)
    copies: set[str] = set()
    for key, same in shared.items():
        counts = [one for one in same if one.name == readable_name(one.prompt, key)] or same[:1]
        copies |= {one.name for one in same} - {one.name for one in counts}
    return [one for one in records if one.name not in copies] if copies else records


def _key(request: VideoRequest, take: int, attempt: int, service: str, id: str | None = None) -> str:
    parts = (fingerprint(request), str(take), str(attempt), service, id or "")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
