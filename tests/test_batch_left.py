"""A batch of a client that carries nothing is on record when it is asked for, and is taken back as a whole. One
that is lost with its client, or its program, is said to be."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer
from object_stores import Place

from runcrate_widget import VideoClient, VideoJob, errors
from runcrate_widget.jobs import tracker
from runcrate_widget.jobs.batch import Batch
from runcrate_widget.jobs.leaving import Leaving
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import Record

pytestmark = pytest.mark.usefixtures("quick")

#: A library in memory ends with its process.
between_processes = pytest.mark.parametrize("place", ["folder", "moto", "seaweed"], indirect=True)
NOWHERE = "http://127.0.0.1:9"  # nothing is sent
FOXES = [f"A fox in snow {number} cm deep" for number in range(300)]


def leaving(place: Place | Path, **options: Any) -> VideoClient:
    library = place if isinstance(place, Path) else place.location
    return VideoClient(base_url=NOWHERE, library=library, carry=False, **options)


def statuses(place: Place | Path) -> Counter[str]:
    """As another process sees them."""
    records = Library(place if isinstance(place, Path) else place.location).filter(hidden=None)
    return Counter(one.status.value for one in records)


def run(code: str, place: Place, *given: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, which has the library and what is given as its arguments."""
    command = [sys.executable, "-c", code, str(place.location), *given]
    return subprocess.run(command, env=place.environment(), capture_output=True, text=True, timeout=300)


# Left.

ASKS = """
import os, sys
from runcrate_widget import VideoClient
client = VideoClient(base_url="http://127.0.0.1:9", library=sys.argv[1], carry=False)
def ask():
    return client.generate_many([f"A fox {n}" for n in range(int(sys.argv[3]))], models=["Veo 3.0"], durations=[4])
if sys.argv[2] == "closed":
    with client:
        ask()
else:
    batch = ask()
    print(dict(batch.counts))
if sys.argv[2] == "gone":
    os._exit(0)
"""


@between_processes
@pytest.mark.parametrize(("end", "count"), [("gone", 150), ("ends", 5), ("closed", 70)])
def test_it_is_on_record_when_its_process_ends(place: Place, end: str, count: int) -> None:
    ran = run(ASKS, place, end, str(count))
    assert ran.returncode == 0 and not ran.stderr, ran.stderr
    assert statuses(place) == {"waiting": count}
    assert all(one.handed_over for one in Library(place.location).filter())


def test_all_of_it_is_there_at_once_and_the_batch_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "_MOST_HELD", 10)
    with leaving(place) as client:
        batch = client.generate_many([*FOXES[:90], FOXES[3]], model="Veo 3.0")
        assert statuses(place) == {"waiting": 90}
        assert batch.counts == {"waiting": 91}
        assert batch[3] is batch[90] and not batch[89].done
        again = client.generate_many(FOXES[:100], model="Veo 3.0")
        assert statuses(place) == again.counts == {"waiting": 100}
        assert [row["key"] for row in batch.to_dicts()][:90] == [job.key for job in again[:90]]
    assert "problem" not in repr(batch), "the carrier has all of them"


def test_a_thousand_and_more_are_counted_as_they_are(tmp_path: Path) -> None:
    prompts = [f"A fox {number}" for number in range(1200)]
    with leaving(tmp_path) as client:
        batch = client.generate_many(prompts, model="Veo 3.0")
        assert batch.counts == {"waiting": 1200} and statuses(tmp_path) == {"waiting": 1200}
        assert len(batch._track.open) <= tracker.MOST_OPEN, "they are not all followed"
        assert batch[1199].request.prompt == prompts[1199] and batch[1199].status == "waiting"
        assert {row["status"] for row in batch.to_dicts()} == {"waiting"}
        assert batch.cancel() == 1200
        assert batch.counts == {"cancelled": 1200}, "when it returns"
        assert statuses(tmp_path) == {"cancelled": 1200}
        assert len(list(batch.wait(60).as_completed())) == 1200


def test_what_failed_is_left_anew_and_what_ended_meanwhile_is_not(tmp_path: Path) -> None:
    with leaving(tmp_path) as client:
        first = client.generate_many(FOXES[:3], model="Veo 3.0")
        first.cancel()
        again = client.generate_many(FOXES[:3], model="Veo 3.0")
        assert [job.record.attempt for job in again] == [2, 2, 2]
        plan = client.plan(FOXES[:40], model="Veo 3.0")
        batch = Batch(plan, plan._maker, most_open=5)
        other = leaving(tmp_path)
        other.job(next(one for one in other.library if one.prompt == FOXES[39])).cancel()
        assert batch[39].status in ("waiting", "cancelled")  # as it was when it was left, or is
        assert len(client.library) == 43, "to look at it asks for nothing anew"
        batch.cancel()
        batch.wait(60)
        assert len(client.library) == 43
        other.close()


def test_as_many_as_a_limit_allows_are_left(place: Place) -> None:
    with leaving(place, max_seconds=4 * 70) as client:
        with pytest.raises(errors.SpendingLimitError):
            client.generate_many(FOXES[:90], model="Veo 3.0", duration=4)
        assert statuses(place) == {}
        batch = client.plan(FOXES[:90], model="Veo 3.0", duration=4).run()
        assert statuses(place) == {"waiting": 70}
        assert isinstance(batch.stopped, errors.SpendingLimitError)
        assert batch.counts == {"waiting": 70, "not begun": 20}


@pytest.mark.filterwarnings("ignore:.* is damaged")
def test_one_that_cannot_be_left_stops_no_other(tmp_path: Path) -> None:
    key = KEY
    client = leaving(tmp_path, api_key=key)
    damaged = client.generate(FOXES[1], model="Veo 3.0").record
    client.close()
    (tmp_path / f"{damaged.name}.json").write_text("{")
    with leaving(tmp_path, api_key=key) as client:
        prompts = [FOXES[0], FOXES[1], f"{key} runs", FOXES[2]]
        batch = client.generate_many(prompts, model="Veo 3.0")
        assert statuses(tmp_path) == {"waiting": 2}
        kinds = {type(one) for one in batch.problems}
        assert kinds == {errors.DamagedRecordError, errors.InvalidRequestError}


def test_where_the_store_gives_up_it_is_said_how_many_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with leaving(tmp_path) as client:
        create, made = client.library.store.create, list[str]()

        def full(name: str, content: bytes) -> bool:
            if len(made) >= 100:
                raise errors.LibraryError("No space left on device.", "Make room.")
            made.append(name)
            return create(name, content)

        monkeypatch.setattr(client.library.store, "create", full)
        with pytest.raises(errors.LibraryError, match=r"No space left.* Of 300 videos 10\d are on record"):
            client.generate_many(FOXES, model="Veo 3.0")
        written = statuses(tmp_path)["waiting"]
        assert 100 <= written < 120  # some were under way
        monkeypatch.undo()
        client.generate_many(FOXES, model="Veo 3.0")
        assert statuses(tmp_path) == {"waiting": 300}


INTERRUPTED = """
import sys, threading
from runcrate_widget import VideoClient
client = VideoClient(base_url="http://127.0.0.1:9", library=sys.argv[1], carry=False)
create, made, go = client.library.store.create, [], threading.Event()
def slow(name, content):
    made.append(name)
    if len(made) == 100:
        print("half way", flush=True)
    if len(made) >= 100:
        go.wait(1)
    return create(name, content)
client.library.store.create = slow
client.generate_many([f"A fox {n}" for n in range(300)], model="Veo 3.0")
"""


@between_processes
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_leaves_what_is_written_and_says_how_many(place: Place) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(place.location)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=place.environment(), **pipes) as program:
        assert program.stdout is not None and program.stdout.readline() == "half way\n"
        program.send_signal(signal.SIGINT)
        said = program.communicate(timeout=120)[1]
    written = statuses(place)["waiting"]
    assert 64 <= written < 300
    assert f"KeyboardInterrupt: Of 300 videos {written} are on record, and left to a carrier." in said


# Taken back.

TAKES_BACK = """
import os, sys
from runcrate_widget import VideoClient
client = VideoClient(base_url="http://127.0.0.1:9", library=sys.argv[1], carry=False)
batch = client.generate_many([f"A fox {n}" for n in range(int(sys.argv[2]))], model="Veo 3.0")
print(batch.cancel(), dict(batch.counts), flush=True)
os._exit(0)
"""


@between_processes
def test_taken_back_it_is_when_its_process_ends(place: Place) -> None:
    ran = run(TAKES_BACK, place, "120")
    assert ran.stdout == "120 {'cancelled': 120}\n", ran.stderr
    assert statuses(place) == {"cancelled": 120}


def test_also_where_its_client_is_closed(place: Place) -> None:
    with leaving(place) as client:
        batch = client.generate_many(FOXES[:20], model="Veo 3.0")
    assert batch.cancel() == 20
    assert statuses(place) == batch.counts == {"cancelled": 20}


def test_what_a_carrier_has_in_hand_is_named(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with leaving(place) as client:
        batch = client.generate_many(FOXES[:20], model="Veo 3.0")
        name, other = batch[7].record.name, place.store() if place.shared else client.library.store
        lease = other.lease(name)
        assert lease is not None
        with caplog.at_level(logging.WARNING):
            assert batch.cancel() == 19
        assert batch.counts == {"cancelled": 19, "waiting": 1}
        assert f"A carrier has them in hand, and sends them: 1 video ({name})." in caplog.text
        lease.release()


def test_what_cannot_be_taken_back_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with leaving(tmp_path) as client:
        batch = client.generate_many(FOXES[:20], model="Veo 3.0")
        bad, write = {batch[at].key for at in (2, 9)}, client.library.write

        def fails(record: Any) -> Any:
            if record.key in bad:
                raise errors.LibraryError("The store does not answer.")
            return write(record)

        monkeypatch.setattr(client.library, "write", fails)
        with pytest.raises(errors.LibraryError, match="2 videos could not be taken back"):
            batch.cancel()
        assert batch.counts == {"cancelled": 18, "waiting": 2}
        monkeypatch.undo()
        assert batch.cancel() == 2
        assert statuses(tmp_path) == {"cancelled": 20}


def test_taken_back_by_an_observer_it_holds_nobody_up(tmp_path: Path) -> None:
    with leaving(tmp_path) as client:
        batch, told = client.generate_many(FOXES[:20], model="Veo 3.0"), threading.Event()
        batch[0].observe(lambda _: told.set() if batch.cancel() else None, "status")
        batch[0].cancel()
        assert told.wait(60)
        batch.wait(60)
        assert statuses(tmp_path) == batch.counts == {"cancelled": 20}


def test_it_is_not_done_before_all_that_was_taken_back_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed, fourth, go, last = [], threading.Event(), threading.Event(), threading.Event()
    take_up = Leaving.take_up

    def held(self: Leaving, record: Record) -> VideoJob:
        if record.status == "waiting":
            followed.append(record)
            if len(followed) == 4:
                fourth.set()
                go.wait(60)
        else:
            last.wait(60)
        return take_up(self, record)

    monkeypatch.setattr(Leaving, "take_up", held)
    with leaving(tmp_path) as client:
        batch = client.generate_many(FOXES[:20], model="Veo 3.0")
        track = batch._track
        assert fourth.wait(60)
        cancelling = threading.Thread(target=batch.cancel)
        cancelling.start()
        with track.changed:
            assert track.changed.wait_for(lambda: track.cancelled, 60)
        go.set()
        with track.changed:
            assert track.changed.wait_for(lambda: track.fed and not track.open, 60)
        assert not batch.done
        with pytest.raises(errors.WaitTimeoutError):
            batch.wait(0)
        last.set()
        assert batch.wait(60).counts == {"cancelled": 20}
        cancelling.join()


# Of a client that sends them itself.

LOST = """
import sys, threading
from runcrate_widget import VideoClient
client = VideoClient(sys.argv[1], base_url=sys.argv[2], library=sys.argv[3], max_concurrent=1)
create, made, held = client.library.store.create, [], threading.Event()
def slow(name, content):
    made.append(name)
    if len(made) > 20:
        held.wait(float(sys.argv[5]))
    return create(name, content)
client.library.store.create = slow
batch = client.generate_many([f"A fox {n}" for n in range(50)], model="Veo 3.0")
batch[19]
if sys.argv[4] == "closed":
    client.close()
if sys.argv[4] == "cancelled":
    held.set()
    batch.cancel()
    client.close()
"""


def lost(server: FaultServer, folder: Path, how: str, seconds: float) -> str:
    server.polls = 10**6
    command = [sys.executable, "-c", LOST, KEY, server.url, str(folder), how, str(seconds)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stderr


def test_closed_it_says_how_many_were_not_sent(server: FaultServer, tmp_path: Path) -> None:
    said = lost(server, tmp_path, "closed", 0.2)
    count = 50 - server.count("submit")
    assert (
        f"the client was closed, and not sent: {count} videos of a batch. Nothing of that is billed." in said
    )
    assert "not begun" not in said, "it is said once"


def test_taken_back_there_is_nothing_to_be_said(server: FaultServer, tmp_path: Path) -> None:
    assert lost(server, tmp_path, "cancelled", 0.0) == ""


@pytest.mark.slow
def test_where_the_program_ends_it_says_how_many_were_not_begun(server: FaultServer, tmp_path: Path) -> None:
    said = lost(server, tmp_path, "ends", 60.0)
    left = [json.loads(path.read_bytes()) for path in tmp_path.glob("*.json")]
    waiting = sum(one["status"] == "waiting" for one in left)
    assert f"not sent in time, and `waiting` in the library: {waiting} videos." in said
    assert f"not begun, and not in the library: {50 - len(left)} videos of a batch." in said
