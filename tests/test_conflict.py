"""Two processes have written one record: who wins. An id is never lost, a paid one never written over, nothing
moves back, and two ids end in two records."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_stores import Place

from runcrate_widget import VideoRequest
from runcrate_widget.library.choice import Choice
from runcrate_widget.library.conflict import Superseded, is_paid_apart, resolved
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, is_free
from runcrate_widget.library.timeline import Timeline

S = JobStatus
BEGIN = datetime(2026, 11, 26, tzinfo=timezone.utc)
REQUEST = VideoRequest("A fox", model="Veo 3.0")
#: With the service; how far.
FAR = {S.QUEUED: 1, S.PROCESSING: 1, S.DOWNLOADING: 2, S.FAILED: 3, S.COMPLETED: 3}


def record(status: JobStatus, id: str | None = None, sent: int | None = None, **fields: Any) -> Record:
    """`sent`: which sending it was."""
    moment = None if sent is None else BEGIN + timedelta(seconds=sent)
    line = Timeline(created=BEGIN, sent=moment)
    more = {"mark": object(), **fields}
    return Record(
        "a-fox-12345678", Path("x"), "12345678", REQUEST, 1, 1, "https://s", line, status, id, **more
    )


def states() -> list[tuple[JobStatus, str | None, int | None]]:
    """All that a record can be, with two ids and two sendings."""
    found: list[tuple[JobStatus, str | None, int | None]] = [(S.WAITING, None, None)]
    for sent in (1, 2):
        found += [(one, None, sent) for one in (S.SUBMITTING, S.UNCONFIRMED, S.FAILED, S.CANCELLED)]
        found += [(one, f"vid_{sent}", sent) for one in FAR]
    return [*found, (S.FAILED, None, None), (S.CANCELLED, None, None), (S.UNCONFIRMED, None, None)]


@pytest.mark.parametrize(("ours", "theirs"), list(product(states(), states())))
def test_whatever_two_have_written(ours: Any, theirs: Any) -> None:
    one, other = record(*ours), record(*theirs)
    kept = resolved(one, other)
    now, apart = kept or other, is_paid_apart(one, other)
    # An id is never lost: it stands in the record, or in one of its own.
    if other.id:
        assert now.id == other.id
    if one.id and one.id != other.id:
        assert apart or now.id == one.id
    assert not apart or (one.id and kept is None), "what is kept apart writes over nothing"
    # What may be paid is not called free, or waiting, by who does not know better.
    same_sending = one.timeline.sent is not None and one.timeline.sent == other.timeline.sent
    may_be_paid = other.status in (S.SUBMITTING, S.UNCONFIRMED) and other.timeline.sent is not None
    if may_be_paid and now is not other and not now.id:
        assert now.status in (S.FAILED, S.UNCONFIRMED, S.CANCELLED)
        assert same_sending or (now.status is S.CANCELLED and other.status is S.UNCONFIRMED)
    if may_be_paid and now.id:
        assert same_sending, "the other sending would be forgotten"
    # Nothing moves back.
    assert FAR.get(now.status, 0) >= (FAR.get(other.status, 0) if other.id else 0)
    if other.status is not S.WAITING:
        assert now.status is not S.WAITING
    # Nobody else sends what somebody may have sent.
    if other.status is not S.WAITING:
        assert now.status is not S.SUBMITTING or now is other
    if kept is not None:
        assert kept.mark is other.mark, "in the state that was seen"


@given(st.permutations(range(4)), st.data())
def test_in_whatever_order_they_write_all_ids_are_there(order: list[int], data: Any) -> None:
    """Some processes have each a record in memory, and write it over what is there, one after the other."""
    pool = states()
    held = [record(*data.draw(st.sampled_from(pool))) for _ in order]
    there = [record(S.WAITING)]
    for number in order:
        ours = held[number]
        if is_paid_apart(ours, there[0]):
            there.append(ours)
        if (kept := resolved(ours, there[0])) is not None:
            there[0] = kept
    ids = {one.id for one in held if one.id}
    assert {one.id for one in there if one.id} == ids
    assert all(not is_free(one) for one in there if one.id)


def test_what_a_person_chose_meanwhile_stays() -> None:
    ours, theirs = record(S.PROCESSING, "vid_1", 1), record(S.QUEUED, "vid_1", 1, choice=Choice(rating=5))
    kept = resolved(ours, theirs)
    assert kept is not None and (kept.status, kept.choice.rating) == (S.PROCESSING, 5)


in_buckets = pytest.mark.parametrize("place", ["memory", "moto", "seaweed"], indirect=True)


def two(place: Place) -> tuple[Library, Library, Record]:
    """One library as two processes see it, and a job of it that both have before them."""
    from runcrate_widget.library.cloud.store import CloudStore

    one, other = Library(str(place.location)), Library(str(place.location))
    other.store = CloudStore(str(place.location))  # of its own, as in another process
    made, lease, _ = one.create(REQUEST, 1, 1, "https://s")
    assert lease is not None
    lease.release()
    return one, other, made


def sent(made: Record, second: int, **fields: Any) -> Record:
    line = replace(made.timeline, sent=BEGIN + timedelta(seconds=second))
    return replace(made, **{"status": S.SUBMITTING, "timeline": line, **fields})


@in_buckets
def test_of_two_that_go_on_to_send_one_may(place: Place) -> None:
    one, other, made = two(place)
    theirs = other.reread(made)
    one.write(sent(made, 1))
    with pytest.raises(Superseded) as caught:
        other.write(sent(theirs, 2))
    assert caught.value.record.status is S.SUBMITTING
    assert caught.value.record.timeline.sent == BEGIN + timedelta(seconds=1)


@in_buckets
def test_an_id_that_comes_late_is_written_over_what_was_only_supposed(place: Place) -> None:
    one, other, made = two(place)
    mine = one.write(sent(made, 1))
    other.write(replace(other.reread(made), status=S.UNCONFIRMED))  # taken over: it stood still for long
    one.write(replace(mine, status=S.QUEUED, id="vid_1"))
    (found,) = list(other)
    assert (found.status, found.id) == ("queued", "vid_1")


@in_buckets
def test_two_that_were_paid_have_two_records(place: Place) -> None:
    one, other, made = two(place)
    theirs = other.reread(made)
    mine = one.write(sent(made, 1))
    one.write(replace(mine, status=S.QUEUED, id="vid_1"))
    with pytest.raises(Superseded):
        other.write(sent(theirs, 2, status=S.QUEUED, id="vid_2"))
    found = {record.id: record for record in other}
    assert set(found) == {"vid_1", "vid_2"}
    assert [found[id].attempt for id in ("vid_1", "vid_2")] == [1, 2]
    assert found["vid_2"].status == "queued", "somebody goes on with it"
    assert {record.id for record in one.unfinished("https://s")} == {"vid_1", "vid_2"}


@in_buckets
def test_a_record_that_somebody_removed_is_written_again(place: Place) -> None:
    from runcrate_widget.library.cloud.store import CloudStore

    one, other, made = two(place)
    assert isinstance(one.store, CloudStore)
    mine = one.write(sent(made, 1))
    one.store.bucket.delete(f"records/{made.name}.json")
    mine = one.write(replace(mine, status=S.QUEUED, id="vid_1"))
    one.write(replace(mine, status=S.PROCESSING))
    (found,) = list(other)
    assert (found.id, found.status) == ("vid_1", "processing")
