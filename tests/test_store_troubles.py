"""What goes wrong with an object store: answers that are lost, a store that promises nothing, wrong credentials.
Each is a `LibraryError` in words, without anybody's secret; and of what was written no two are made."""

from __future__ import annotations

import base64
import contextlib
import gc
import gzip
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, Exchange, FaultServer, made, reset
from object_stores import BUCKET, Place, free_ports
from pictures import picture
from store_proxy import Asked, StoreProxy
from test_store_promises import publish, until
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest
from runcrate_widget.errors import (
    JobError,
    JobStoppedError,
    JobUnconfirmedError,
    LibraryError,
    MissingExtraError,
    RuncrateError,
)
from runcrate_widget.jobs import run
from runcrate_widget.jobs.job import VideoJob
from runcrate_widget.jobs.loop import engine
from runcrate_widget.jobs.status import Move, moved
from runcrate_widget.library.cloud import address, leases, listing
from runcrate_widget.library.cloud.bucket import Tag
from runcrate_widget.library.cloud.store import CloudStore
from runcrate_widget.library.library import Library
from runcrate_widget.library.pictures import load_picture
from runcrate_widget.library.record import JobStatus, chosen, read_record, write_record
from runcrate_widget.library.records import restored
from runcrate_widget.library.store import Conflict, Stored
from runcrate_widget.picture import read_picture

NAME = "a-fox-12345678"
SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
in_servers = pytest.mark.parametrize("place", ["moto", "seaweed"], indirect=True)
in_moto = pytest.mark.parametrize("place", ["moto"], indirect=True)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gives up does so soon."""
    monkeypatch.setattr(address, "_RETRY", {"max_retries": 0})


def a_put(part: str) -> Any:
    return lambda asked: asked.method == "PUT" and part in asked.path


# Answers that are lost.


@in_servers
def test_who_created_and_was_not_told_has_created(place: Place, proxy: StoreProxy) -> None:
    store = place.store()
    proxy.drop_answer(a_put("records/"))
    assert store.create(NAME, b"1") is True
    assert proxy.dropped == 1
    store.replace(NAME, b"2")  # and knows its state
    assert store.create(NAME, b"3") is False
    found = store.read(NAME)
    assert found is not None and found.content == b"2"


@in_servers
def test_who_replaced_and_was_not_told_has_replaced(place: Place, proxy: StoreProxy) -> None:
    store = place.store()
    assert store.create(NAME, b"1")
    proxy.drop_answer(a_put("records/"))
    store.replace(NAME, b"2")
    assert proxy.dropped == 1
    store.replace(NAME, b"3")
    found = store.read(NAME)
    assert found is not None and found.content == b"3"


@in_servers
def test_what_another_wrote_is_not_taken_for_ours_although_our_answer_is_lost(
    place: Place, proxy: StoreProxy
) -> None:
    store, other = place.store(), place.store()
    assert other.create(NAME, b"theirs")
    proxy.drop_answer(a_put("records/"))
    with contextlib.suppress(LibraryError):  # refused, and that was lost
        assert store.create(NAME, b"theirs") is False, "it is not ours, though it is the same to the letter"
    assert proxy.dropped == 1
    seen = store.read(NAME)
    assert seen is not None
    other.replace(NAME, b"theirs again")
    proxy.drop_answer(a_put("records/"))
    with pytest.raises((Conflict, LibraryError)):
        store.replace(NAME, b"ours", seen.mark)
    found = store.read(NAME)
    assert found is not None and found.content == b"theirs again"


@in_servers
def test_a_line_whose_answer_is_lost_is_there_once(place: Place, proxy: StoreProxy) -> None:
    store = place.store()
    for number in range(3):
        proxy.drop_answer(a_put("lines/"))
        store.append("arena", b"%d" % number)
    assert proxy.dropped == 3
    assert store.lines("arena") == [b"0", b"1", b"2"]


@in_servers
def test_a_lease_whose_answer_is_lost_is_ours(place: Place, proxy: StoreProxy) -> None:
    store = place.store()
    proxy.drop_answer(a_put("leases/"))
    lease = store.lease(NAME)
    assert proxy.dropped == 1
    assert lease is not None and lease.held()


@in_servers
def test_a_renewal_whose_answer_is_lost_is_one(place: Place, proxy: StoreProxy) -> None:
    store = place.store()
    assert isinstance(store, CloudStore)
    lease = store.lease(NAME)
    assert lease is not None and store._leases._presence is not None
    proxy.drop_answer(a_put("alive/"))
    store._leases._presence.renew()
    assert proxy.dropped == 1
    store._leases._presence.renew()
    assert lease.held()


def says(status: str) -> Callable[[Asked], bool]:
    """Whether a record is written with this status."""
    return lambda asked: (
        asked.method == "PUT" and "records/" in asked.path and f'"status": "{status}"'.encode() in asked.body
    )


@in_moto
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "status", ["waiting", "submitting", "queued", "processing", "downloading", "completed"]
)
def test_whatever_answer_is_lost_a_job_is_sent_once_and_made(
    place: Place, proxy: StoreProxy, server: FaultServer, status: str
) -> None:
    proxy.drop_answer(says(status))
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        job = client.generate("A fox", model="Veo 3.0")
        video = job.wait(60)
        assert proxy.dropped == 1
        assert video.path.read_bytes() == server.video
        assert server.count("submit") == 1
        (record,) = client.library
        assert (record.status, record.id) == ("completed", job.id)


@in_moto
@pytest.mark.usefixtures("quick", "soon")
def test_a_store_that_does_not_answer_before_a_job_is_sent_is_asked_again(
    place: Place, proxy: StoreProxy, server: FaultServer
) -> None:
    for _ in range(2):
        proxy.cut(says("submitting"))
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        job = client.generate("A fox", model="Veo 3.0")
        job.wait(60)
        assert proxy.dropped == 2
        assert server.count("submit") == 1
        assert [record.status for record in client.library] == ["completed"]


@in_moto
@pytest.mark.usefixtures("quick", "soon")
def test_a_record_of_which_nobody_knows_whether_it_is_written_has_nothing_sent_twice(
    place: Place, proxy: StoreProxy, server: FaultServer
) -> None:
    proxy.drop_answer(says("submitting"))
    for _ in range(4):  # whether it is ours
        proxy.cut(lambda asked: asked.method == "HEAD" and "records/" in asked.path)
    proxy.cut(says("waiting"))  # and that it was not sent after all
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        job = client.generate("A fox", model="Veo 3.0")
        job.wait(60)
        assert proxy.dropped > 2
        assert server.count("submit") == 1, "and here it is known that nothing was sent before"
        assert [(one.status, one.id) for one in client.library] == [("completed", job.id)]


@in_moto
@pytest.mark.usefixtures("quick", "soon")
def test_what_another_has_made_of_such_a_record_holds(
    place: Place, proxy: StoreProxy, server: FaultServer
) -> None:
    away = threading.Event()

    def gone(asked: Asked) -> bool:
        if asked.method == "HEAD" and "records/" in asked.path:  # whether it is ours
            proxy.refuse = True
            away.set()
        return proxy.refuse

    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        proxy.drop_answer(says("submitting"))
        proxy.cut(gone)
        job = client.generate("A fox", model="Veo 3.0")
        assert away.wait(60)
        assert place.server is not None
        ((path, content),) = place.server.objects(str(place.location), "records/").items()
        told = json.loads(content)
        assert (told["status"], told["id"]) == ("submitting", None)
        told |= {"status": "unconfirmed", "error": {"message": "It was lost.", "kind": "unconfirmed"}}
        key = f"{place.location}/{path}".removeprefix(f"s3://{BUCKET}/")
        place.server.boto3().put_object(Bucket=BUCKET, Key=key, Body=json.dumps(told).encode())
        proxy.refuse = False
        with pytest.raises(JobUnconfirmedError, match="It was lost"):
            job.wait(60)
        assert server.count("submit") == 0


@in_moto
@pytest.mark.usefixtures("quick", "soon")
def test_what_waits_while_the_store_is_away_is_sent_when_it_is_back(
    place: Place, proxy: StoreProxy, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_LONGEST_AWAY", 0.05)
    for _ in range(24):
        proxy.cut(says("submitting"))
    shown: list[tuple[str, str]] = []
    with VideoClient(KEY, base_url=server.url, library=str(place.location), max_concurrent=1) as client:
        jobs = [client.generate(prompt, model="Veo 3.0") for prompt in ("A fox", "An owl", "A hen")]
        for job in jobs:
            job.observe(lambda change: shown.append((change.owner.status, change.new)), "note")
        for job in jobs:
            job.wait(60)
        assert proxy.dropped == 24
        assert server.count("submit") == 3
        assert {one.status for one in client.library} == {"completed"}
        away = [status for status, note in shown if "trying again: The library" in note]
        assert set(away) == {"waiting"}


@in_moto
@pytest.mark.usefixtures("quick")
def test_however_many_videos_are_uploaded_what_is_sent_is_written_at_once(
    place: Place, proxy: StoreProxy, server: FaultServer
) -> None:
    proxy.silent = a_put("videos/")
    count = min(32, (os.cpu_count() or 1) + 4) + 2  # more than asyncio has threads
    changed = threading.Event()
    with VideoClient(KEY, base_url=server.url, library=str(place.location), max_concurrent=2) as client:
        jobs = [client.generate(f"A fox {number}", model="Veo 3.0") for number in range(count)]
        for job in jobs:
            job.subscribe(changed.set)
        while (coming := sum(job.status == "downloading" for job in jobs)) < count:
            assert changed.wait(60), f"{coming} of {count} could be written while videos were uploaded"
            changed.clear()
        proxy.silent = None
        for job in jobs:
            job.wait(60)


@in_moto
@pytest.mark.usefixtures("quick", "soon")
def test_an_id_that_cannot_be_written_is_told_and_written_with_what_comes_next(
    place: Place, proxy: StoreProxy, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        proxy.cut(says("queued"))
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        job = client.generate("A fox", model="Veo 3.0")
        job.wait(60)
        assert f"Note down the id: {job.id}" in caplog.text
        (record,) = client.library
        assert (record.status, record.id) == ("completed", job.id)
        assert server.count("submit") == 1


@in_moto
@pytest.mark.usefixtures("soon")
def test_what_was_not_answered_is_asked_once_more(place: Place, proxy: StoreProxy) -> None:
    """As after a machine has slept: obstore's own time is over then."""
    store = place.store()
    assert isinstance(store, CloudStore)
    calls: list[Callable[[], Any]] = [
        lambda: store.create(NAME, b"1"),
        lambda: store.replace(NAME, b"2"),
        lambda: store.read(NAME),
        lambda: dict(store.scan()),
        lambda: store.append("arena", b"1"),
        lambda: store.lease(NAME),
        lambda: publish(store),
        lambda: store.aside(NAME),
        lambda: store.bucket.move(f"videos/{NAME}.mp4", f"bin/{NAME}.mp4"),
        lambda: store.bucket.delete(f"records/{NAME}.json"),
    ]
    for number, call in enumerate(calls, 1):
        proxy.cut(lambda asked: True)
        call()
        assert proxy.dropped == number
    assert store.read(NAME) is None and store.lines("arena") == [b"1"]


def adopt(job: VideoJob) -> None:
    job.adopt("vid_000001")


def rate(job: VideoJob) -> None:
    job.choose(rating=3)


def resume(job: VideoJob) -> None:
    with pytest.raises(JobError, match="no id"):
        job.resume()


@in_moto
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("press", "end"),
    [(adopt, "completed"), (VideoJob.cancel, "cancelled"), (rate, "unconfirmed"), (resume, "unconfirmed")],
)
def test_other_jobs_go_on_while_a_person_presses_something_and_the_store_is_silent(
    place: Place, proxy: StoreProxy, server: FaultServer, press: Callable[[VideoJob], None], end: str
) -> None:
    server._faults["submit"] = [made(reset)]
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        job = client.generate("A fox", model="Veo 3.0")
        with pytest.raises(JobUnconfirmedError):
            job.wait(60)
        proxy.silent = lambda asked: (
            asked.method in ("PUT", "GET") and ("leases/" in asked.path or "records/" in asked.path)
        )
        pressed: Future[None] = Future()

        def thread() -> None:
            try:
                press(job)
                pressed.set_result(None)
            except BaseException as error:
                pressed.set_exception(error)

        threading.Thread(target=thread, daemon=True).start()
        try:
            assert proxy.kept.wait(30)
            goes_on = threading.Event()
            engine().call(goes_on.set)
            assert goes_on.wait(60), "the thread of all jobs stands still"
            assert not pressed.done()
        finally:
            proxy.silent = None
        pressed.result(60)
        if end == "completed":
            job.wait(60)
        (record,) = client.library
        assert (record.status, job.status) == (end, end)
        assert record.rating == job.rating == (3 if press is rate else None)
        assert server.count("submit") == 1


@in_moto
@pytest.mark.usefixtures("quick")
def test_what_several_say_of_one_job_at_the_same_time_is_all_done(place: Place, server: FaultServer) -> None:
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        job = client.generate("A fox", model="Veo 3.0")
        job.wait(60)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: job.choose(rating=1 + number % 5), range(16)))
        (record,) = client.library
        assert record.choice == job.choice and job.rating is not None


@in_moto
@pytest.mark.usefixtures("quick")
def test_what_another_has_sent_meanwhile_is_not_cancelled_and_comes_to_an_end(
    place: Place, server: FaultServer
) -> None:
    server.polls = 1_000_000
    assert place.server is not None
    with VideoClient(KEY, base_url=server.url, library=str(place.location), max_concurrent=1) as client:
        first = client.generate("An owl", model="Veo 3.0")
        sent = threading.Event()
        first.observe(lambda _: sent.set(), "id")
        assert first.id is not None or sent.wait(60)
        job = client.generate("A fox", model="Veo 3.0")
        objects = place.server.objects(str(place.location), "records/").items()
        ((path, content),) = [(path, content) for path, content in objects if "fox" in path]
        told = json.loads(content) | {"status": "submitting", "sent": "2026-01-01T00:00:00.000000+00:00"}
        key = f"{place.location}/{path}".removeprefix(f"s3://{BUCKET}/")
        place.server.boto3().put_object(Bucket=BUCKET, Key=key, Body=json.dumps(told).encode())
        with pytest.raises(RuncrateError, match=r"it is submitting"):
            job.cancel()
        with pytest.raises(JobUnconfirmedError):
            job.wait(60)


def a_delete(asked: Asked) -> bool:
    return asked.deletes and b"leases/" in asked.body


@in_moto
@pytest.mark.usefixtures("soon")
def test_a_lease_that_could_not_be_given_back_is_once_the_store_answers(
    place: Place, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY", 0.05)
    monkeypatch.setattr(leases, "_LOOK_EVERY", 0.0)
    store, other = place.store(), place.store()
    lease = store.lease(NAME)
    assert lease is not None and other.lease(NAME) is None
    for _ in range(4):  # two tries: each asks once more
        proxy.cut(a_delete)
    lease.release()
    taken = until(lambda: other.lease(NAME))
    assert proxy.dropped == 4
    assert taken.held() and store.lease(NAME) is None


@in_moto
@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("arrived", [False, True])
def test_a_lease_that_is_given_back_once_more_is_taken_from_nobody(
    place: Place, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch, arrived: bool
) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY", 1e6)
    monkeypatch.setattr(leases, "_LOOK_EVERY", 0.0)
    store, other = place.store(), place.store()
    assert isinstance(store, CloudStore)
    lease = store.lease(NAME)
    assert lease is not None
    for _ in range(2):
        (proxy.drop_answer if arrived else proxy.cut)(a_delete)
    lease.release()
    until(lambda: store._leases._undone or None)
    mine, theirs = (other, store) if arrived else (store, other)
    taken = mine.lease(NAME)
    assert taken is not None and taken.held()
    for name in ("b-12345678", "c-12345678"):  # the store answers: then the first is tried again, too
        another = store.lease(name)
        assert another is not None
        another.release()
        until(lambda name=name: other.lease(name))  # type: ignore[misc]
    assert proxy.dropped == 2
    assert not store._leases._undone and theirs.lease(NAME) is None and taken.held()


@in_moto
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_who_presses_ctrl_c_while_a_lease_is_given_back_at_the_end_sees_no_traceback(
    place: Place, proxy: StoreProxy
) -> None:
    store = place.store()
    assert isinstance(store, CloudStore)
    lease = store.lease(NAME)
    assert lease is not None
    main = threading.main_thread().ident or 0

    def waits() -> bool:
        stack = traceback.extract_stack(sys._current_frames()[main])
        return [one.name for one in stack if one.name in ("end", "join")] == ["end", "join"]

    def press(asked: Asked) -> bool:
        if a_delete(asked):
            until(lambda: waits() or None)
            signal.pthread_kill(main, signal.SIGINT)
            pressed.append(asked)
        return False

    pressed: list[Asked] = []
    proxy.cut(press)
    lease.release()
    try:
        store._leases.end()
    except KeyboardInterrupt:
        pytest.fail("it is told of")
    assert until(lambda: pressed or None)


# Others that write at the same time.


@in_moto
@pytest.mark.usefixtures("soon")
def test_a_write_that_another_was_in_the_way_of_is_tried_again(place: Place, proxy: StoreProxy) -> None:
    store, other = place.store(), place.store()
    assert isinstance(store, CloudStore)
    calls: list[Callable[[], Any]] = [
        lambda: store.create(NAME, b"1"),
        lambda: store.replace(NAME, b"2"),
        lambda: store.keep("prices", b"3"),
        lambda: store.lease(NAME),
    ]
    for call in calls:
        proxy.conflicts = 2
        assert call() is not False
        assert proxy.conflicts == 0
    seen = store.read(NAME)
    assert seen is not None and seen.content == b"2"
    other.replace(NAME, b"theirs", seen.mark)
    proxy.conflicts = 1
    assert store.create(NAME, b"ours") is False
    proxy.conflicts = 1
    with pytest.raises(Conflict):
        store.replace(NAME, b"ours")
    proxy.conflicts = 10**6  # without end, and nothing is there
    with pytest.raises(LibraryError, match="Too many write") as caught:
        store.create("another-12345678", b"1")
    assert caught.value.kind == "store", "it passes, and is no record that cannot be read"


@in_moto
@pytest.mark.usefixtures("quick", "soon")
def test_a_first_record_that_another_write_is_in_the_way_of_is_none_that_is_damaged(
    place: Place, proxy: StoreProxy, server: FaultServer
) -> None:
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        proxy.conflicts = 2
        client.generate("A fox", model="Veo 3.0").wait(60)
        assert (proxy.conflicts, server.count("submit")) == (0, 1)


# The pictures that videos begin with.


@in_moto
@pytest.mark.usefixtures("quick", "soon")
def test_a_picture_that_the_store_does_not_give_now_fails_no_job(
    place: Place, proxy: StoreProxy, server: FaultServer, tmp_path: Path
) -> None:
    with VideoClient(KEY, base_url=server.url, library=str(place.location), carry=False) as client:
        client.generate("A fox", model="Veo 3.0", image=picture())
        (record,) = client.library
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RUNCRATE_CACHE", str(tmp_path / "elsewhere"))
            other = Library(str(place.location)).store
        for _ in range(4):  # and each is asked twice
            proxy.cut(lambda asked: asked.method == "GET" and "/pictures/" in asked.path)
        with pytest.raises(LibraryError, match="did not answer") as caught:
            load_picture(other, record.request)
        assert caught.value.kind == "store"
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        for path in client.library.store.pictures.folder.iterdir():
            path.unlink()
        job = client.job(record)
        job.resume()
        job.wait(60)
        assert proxy.dropped == 4 and server.count("submit") == 1
        sent = json.loads(server.requests[0].body)["image_url"]
        assert base64.b64decode(sent.partition(",")[2]) == picture()


@in_moto
def test_a_picture_that_is_damaged_in_the_cache_comes_from_the_bucket(place: Place) -> None:
    store, content = place.store(), picture()
    one = read_picture(content)
    store.pictures.note("a-fox@last.frame", one)
    for damaged in (content[:50], b"", content + b"1"):
        for path in store.pictures.folder.iterdir():
            path.write_bytes(damaged)
        assert store.pictures.read(one) == content
        noted = store.pictures.noted("a-fox@last.frame")
        assert noted is not None and noted.content == content
        assert (store.pictures.folder / one.name).read_bytes() == content, "and is mended there"
    assert isinstance(store, CloudStore)
    store.bucket.put(f"pictures/{one.name}", content[:50])
    (store.pictures.folder / one.name).unlink()
    with pytest.raises(OSError, match=rf"{place.location}/pictures/.* is damaged"):
        store.pictures.read(one)


# A store that promises nothing.


@in_moto
def test_credentials_that_may_not_delete_are_refused(place: Place, proxy: StoreProxy) -> None:
    proxy.may_delete = False
    with pytest.raises(LibraryError, match="what is written there cannot be deleted") as caught:
        VideoClient(KEY, library=str(place.location))
    assert "s3:DeleteObject" in str(caught.value) and caught.value.kind == "store"
    proxy.may_delete = True
    place.store()


@in_moto
@pytest.mark.parametrize("deaf", [("if-match",), ("if-none-match",), ("if-match", "if-none-match")])
def test_a_store_that_passes_over_conditions_is_refused(
    place: Place, proxy: StoreProxy, deaf: tuple[str, ...]
) -> None:
    assert place.server is not None
    proxy.strip = deaf
    with pytest.raises(
        LibraryError, match=r"cannot be used: it lets an object be (created|replaced)"
    ) as caught:
        VideoClient(KEY, library=str(place.location))
    assert "paid twice" in str(caught.value)
    assert place.server.objects(str(place.location)) == {}, "it leaves nothing behind"
    proxy.strip = ()
    place.store()


@in_servers
def test_a_bucket_that_keeps_versions_is_as_good_as_any(place: Place) -> None:
    assert place.server is not None
    s3 = place.server.boto3()
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    store, other = (CloudStore(f"{place.location}".replace(BUCKET, "versions")) for _ in range(2))
    assert store.create(NAME, b"1")
    store.replace(NAME, b"2")
    ((name, mark),) = other.scan()
    found = other.read(NAME)
    assert name == NAME and found is not None and found == (b"2", mark)
    other.replace(NAME, b"3", mark)
    with pytest.raises(Conflict):
        store.replace(NAME, b"4")
    store.bucket.delete(f"records/{NAME}.json")
    assert store.read(NAME) is None and store.create(NAME, b"5")


# What cannot be used.


def told(library: str, *secrets: str) -> RuncrateError:
    """What a client says that cannot open a library; nowhere in it is a secret."""
    with pytest.raises(RuncrateError) as caught:
        VideoClient(KEY, library=library)
    error = caught.value
    whole = "".join(traceback.format_exception(error)) + repr(error) + str(error) + error.hint
    chained: BaseException | None = error
    while chained is not None:
        whole += repr(chained) + repr(chained.args)
        chained = chained.__cause__
    for secret in (*secrets, KEY):
        assert secret not in whole
    return error


@pytest.mark.usefixtures("place")
@in_servers
def test_a_bucket_that_is_not_there() -> None:
    error = told("s3://there-is-none/team", "testsecret")
    assert isinstance(error, LibraryError) and error.kind == "store"
    assert "there is no such bucket" in error.message and "s3://there-is-none/team" in error.message
    assert "paid twice" not in str(error)


@pytest.mark.parametrize("place", ["seaweed"], indirect=True)  # moto lets everybody in
@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials(place: Place, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(wrong, SECRET)
    error = told(str(place.location), SECRET, "testsecret")
    assert isinstance(error, LibraryError) and error.kind == "store"
    assert "does not let these credentials in" in error.message
    assert "environment variables, a profile" in error.hint


@in_moto
def test_a_new_client_uses_the_credentials_of_now(
    place: Place, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(place.location)
    with VideoClient(library=url) as before:
        before.library.store.create(NAME, b"1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "RENEWED")
        proxy.asked.clear()
        with VideoClient(library=url) as now:
            assert now.library.store is before.library.store
            now.library.store.read(NAME)
    *_, read = [asked for asked in proxy.asked if asked.method == "GET" and NAME in asked.path]
    assert "Credential=RENEWED/" in read.headers["authorization"]


@in_moto
@pytest.mark.usefixtures("soon")
def test_an_endpoint_where_nobody_is(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    for endpoint in (f"http://127.0.0.1:{port}", f"http://me:{SECRET}@127.0.0.1:{port}"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        error = told(str(place.location), SECRET, "testsecret")
        assert isinstance(error, LibraryError) and error.kind == "store"
        assert "connection refused" in error.message and "AWS_ENDPOINT_URL" in error.hint


@in_moto
@pytest.mark.parametrize("user", ["", f"me:{SECRET}@"])
def test_an_endpoint_that_is_not_encrypted(place: Place, monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    assert place.server is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{user}127.0.0.1:{place.server.port}")
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    error = told(str(place.location), SECRET, "testsecret")
    assert isinstance(error, LibraryError) and error.kind == "store"
    assert "not encrypted" in error.message and "AWS_ALLOW_HTTP=true" in error.hint


@pytest.mark.parametrize(
    "url",
    [
        f"s3://me:{SECRET}@bucket/team",
        f"S3://{SECRET}@bucket/team",
        f"s3://bucket/team?X-Amz-Signature={SECRET}",
        f"s3://bucket/team#{SECRET}",
        f"https://me:{SECRET}@host/bucket",
        f"https://host/bucket?X-Amz-Signature={SECRET}",
        f"ftp://{SECRET}@host",
        f"s3://[{SECRET}/team",
        f"https://[{SECRET}@/team",
        f"s3:///{SECRET}@/..",
        f"s3://me:{SECRET}%40bucket/team",
    ],
)
def test_a_url_with_a_secret_in_it_is_refused_and_not_repeated(url: str) -> None:
    error = told(url, SECRET)
    assert isinstance(error, LibraryError)
    assert error.hint


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///team",
        "s3://bucket/../other",
        "s3://bucket/%2e%2e/other",
        "s3://bucket/a%20b",
        "s3://bucket/a\nb",
        "memory://",
        "file:///tmp/x",
    ],
)
def test_a_url_that_names_no_place(url: str) -> None:
    error = told(url)
    assert isinstance(error, LibraryError) and url[:4] in error.message


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "obstore.store", None)
    error = told("s3://bucket/team")
    assert isinstance(error, MissingExtraError) and "runcrate_widget[cloud]" in str(error)


@in_moto
def test_no_repr_and_no_record_has_a_secret(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.server is not None
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    client = VideoClient(KEY, library=str(place.location), demo=False)
    shown = repr(client) + repr(client.library) + repr(client.library.store) + repr(vars(client.library))
    assert SECRET not in shown and KEY not in shown
    _, lease, new = client.library.create(VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://s")
    assert new and lease is not None
    for path, content in place.server.objects(str(place.location)).items():
        assert SECRET.encode() not in content and KEY.encode() not in content, path
    lease.release()


@in_moto
@pytest.mark.usefixtures("soon")
def test_a_store_that_is_gone_meanwhile_is_told_of(place: Place, proxy: StoreProxy) -> None:
    library = Library(str(place.location))
    record, lease, _ = library.create(VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://s")
    assert lease is not None
    proxy.refuse = True
    for call in (lambda: library.write(record), lambda: list(library), lambda: library.lease("b-12345678")):
        with pytest.raises(LibraryError, match="cannot be used"):
            call()
    proxy.refuse = False
    library.write(replace(record, status=JobStatus.CANCELLED))
    assert [one.status for one in library] == ["cancelled"]


# What others have made of a record meanwhile.


@in_moto
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("what", ["deleted", "put away"])
def test_what_another_has_made_and_deleted_meanwhile_does_not_come_back(place: Place, what: str) -> None:
    """Who stood still in its download, or its upload, ends it after another has the job."""
    other = CloudStore(str(place.location))
    video = small_mp4(1)

    async def made_elsewhere(exchange: Exchange) -> None:
        ((name, _),) = other.scan()
        read = other.read(name)
        assert read is not None
        record = read_record(name, other.folder, read.content)
        assert record is not None
        made = chosen(moved(record, Move(JobStatus.COMPLETED)), {"hidden": True})
        other.replace(name, write_record(made), read.mark)
        other.bucket.put(f"{'bin' if what == 'deleted' else 'videos'}/{name}.mp4", video)
        await exchange.send(200, video, headers={"Content-Type": "video/mp4"})

    with (
        FaultServer(video=video, download=[made_elsewhere]) as server,
        VideoClient(KEY, base_url=server.url, library=str(place.location)) as client,
    ):
        job = client.generate("A fox", model="Veo 3.0")
        if what == "deleted":
            with pytest.raises(JobStoppedError, match="it was deleted"):
                job.wait(60)
        else:
            job.wait(60)
        assert job.status == "completed" and job.record.choice.hidden
        paths = {
            one.path.partition("/")[0] for part in ("videos", "bin") for one in other.bucket.list(f"{part}/")
        }
        assert paths == ({"bin"} if what == "deleted" else {"videos"})
        assert client.generate("A fox", model="Veo 3.0").wait(60).path.read_bytes() == video, "it comes back"
        assert server.count("submit") == 1


@in_moto
def test_a_record_that_a_later_version_has_written_meanwhile_is_left_alone(place: Place) -> None:
    library, other = Library(str(place.location)), place.store()
    record, lease, _ = library.create(VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://s")
    assert lease is not None
    stored = other.read(record.name)
    assert stored is not None
    later = json.dumps({**json.loads(stored.content), "version": 99}).encode()
    other.replace(record.name, later, stored.mark)
    done = threading.Event()
    said: list[BaseException] = []

    def write() -> None:
        try:
            library.write(replace(record, status=JobStatus.SUBMITTING))
        except BaseException as error:
            said.append(error)
        done.set()

    threading.Thread(target=write, daemon=True).start()
    assert done.wait(60), "it goes round and round"
    assert isinstance(said[0], LibraryError) and "later version" in str(said[0])
    now = other.read(record.name)
    assert now is not None and now.content == later


# The index.


@in_servers
def test_an_index_saves_reading_and_is_never_trusted_over_the_records(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MANY", 10)
    library = Library(str(place.location))
    records = [
        library.create(VideoRequest("A fox", model="Veo 3.0"), take, 1, "https://s")[0]
        for take in range(1, 31)
    ]
    assert len(list(Library(str(place.location)))) == 30  # writes it

    def opened() -> tuple[int, dict[str, str]]:
        store = CloudStore(str(place.location))
        before = store.bucket.requests
        read = store.read_all(dict(store.scan()))
        names = {name: json.loads(stored.content)["status"] for name, stored in read if stored is not None}
        return store.bucket.requests - before, names

    requests, found = opened()
    assert requests <= 3, "one listing, and the index"
    assert set(found) == {one.name for one in records}
    library.write(replace(records[3], status=JobStatus.CANCELLED))
    requests, found = opened()
    assert requests <= 4
    assert found[records[3].name] == "cancelled", "the record holds"
    store = CloudStore(str(place.location))
    store.bucket.delete(f"records/{records[5].name}.json")
    assert set(opened()[1]) == {one.name for one in records} - {records[5].name}
    whole = store.bucket.get("index.json.gz")
    assert whole is not None
    torn = whole.content[:40] + b"\xff" * 40 + whole.content[80:]
    deep = gzip.compress(b"[" * 200_000)
    for damaged in (b"", b"no gzip", b"\x1f\x8b\x08\x00", bytes(1000), torn, whole.content[:90], deep):
        store.bucket.put("index.json.gz", damaged)
        assert set(opened()[1]) == {one.name for one in records} - {records[5].name}
    gc.collect()


@pytest.mark.parametrize("lie", ["no record", "cancelled"])
@pytest.mark.parametrize("place", ["memory", "moto", "seaweed"], indirect=True)
def test_an_index_that_lies_is_not_believed_and_costs_no_record(
    place: Place, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    monkeypatch.setattr(listing, "_MANY", 10)
    store = place.store()
    assert isinstance(store, CloudStore)
    library = Library(str(place.location))
    for take in range(1, 21):
        library.create(VideoRequest("A fox", model="Veo 3.0"), take, 1, "https://s")
    told = {}
    for name, tag in store.scan():
        read = store.read(name)
        assert isinstance(tag, Tag) and read is not None
        said = read.content.decode().replace('"waiting"', '"cancelled"') if lie == "cancelled" else lie
        told[name] = (tag.e_tag, tag.version, said)
    store.bucket.put("index.json.gz", gzip.compress(json.dumps({"form": 1, "records": told}).encode()))
    assert [one.status for one in Library(f"{place.location}/")] == ["waiting"] * 20
    assert len(list(store.bucket.list("records/"))) == 20 and not list(store.bucket.list("damaged/"))


@in_moto
def test_a_record_that_is_mended_before_it_is_set_aside_stays(place: Place) -> None:
    library, store = Library(str(place.location)), place.store()
    record, lease, _ = library.create(VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://s")
    assert lease is not None and isinstance(store, CloudStore)
    good = store.read(record.name)
    assert good is not None
    damaged = Stored(b"{", store.bucket.put(f"records/{record.name}.json", b"{"))
    store.bucket.put(f"records/{record.name}.json", good.content)
    read = restored(store, record.name, damaged)
    assert read is not None and read.key == record.key
    assert not store.aside(record.name)


@pytest.mark.parametrize("place", ["memory", "moto", "seaweed"], indirect=True)
def test_what_is_listed_in_parts_has_all_also_what_is_new(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_PAGE", 2)
    store, other = place.store(), place.store()
    assert isinstance(store, CloudStore) and isinstance(other, CloudStore)
    names = {f"fox-{number:08x}" for number in range(0, 80, 2)}
    for name in names:
        assert store.create(name, b"1")
    for _ in range(2):
        assert set(dict(other.scan())) == names
    assert other._listing._cuts, "from now on in parts"
    gone = {cut[len("records/") : -len(".json")] for cut in other._listing._cuts}
    new = {f"fox-{number:08x}" for number in range(1, 80, 2)} | {"a-first-00000000", "z-last-00000000"}
    for name in new:
        assert store.create(name, b"1")
    found = [name for name, _ in other.scan()]
    assert len(found) == len(set(found)) and set(found) == names | new
    for name in gone:
        store.bucket.delete(f"records/{name}.json")
    assert set(dict(other.scan())) == (names | new) - gone


@in_moto
def test_two_machines_see_each_others_jobs(place: Place, tmp_path: Path) -> None:
    library = Library(str(place.location))
    library.create(VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNCRATE_CACHE", str(tmp_path / "elsewhere"))
        other = Library(str(place.location))
        assert [one.prompt for one in other] == ["A fox"]
        assert other.folder != library.folder
        other.create(VideoRequest("An owl", model="Veo 3.0"), 1, 1, "https://s")
    assert sorted(one.prompt for one in library) == ["A fox", "An owl"]
