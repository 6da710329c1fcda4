"""What the widget is told of money and of time: sums, the limits' remainder, prices, and how long such videos took."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_server import Exchange, FaultServer, client_of, made, reply, reset, status
from test_rows import View

from runcrate_widget import VideoClient, VideoRequest, VideoWidget, errors
from runcrate_widget.jobs import times as times_module
from runcrate_widget.jobs.estimate import LATEST, Estimate
from runcrate_widget.jobs.known import known_records
from runcrate_widget.jobs.ledger import today
from runcrate_widget.jobs.loop import engine
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import Record, now

pytestmark = pytest.mark.usefixtures("quick")

VEO = "google/veo-3.0"
NONE = {"videos": 0, "seconds": 0, "dollars": 0, "unpriced": 0}


def end(client: VideoClient, prompt: str, **options: Any) -> None:
    try:
        client.generate(prompt, **{"model": "Veo 3.0", "duration": 6, **options}).wait(30)
    except errors.JobError:
        return


def rewrite(folder: Path, prompt: str, **fields: Any) -> None:
    """Somebody changes the record of this prompt."""
    (path,) = (one for one in folder.glob("*.json") if prompt in one.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **fields}), encoding="utf-8")


class Limits:
    """What `_session.limit` says, as it changes."""

    def __init__(self, widget: VideoWidget) -> None:
        self.widget = widget
        self.changed = threading.Condition()
        widget.observe(self._changed, "_session")

    def _changed(self, _: Any) -> None:
        with self.changed:
            self.changed.notify_all()

    def become(self, limit: Any) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.widget._session["limit"] == limit, 60), (
                self.widget._session["limit"]
            )


# What was spent


def test_what_was_spent_in_this_session_today_and_in_all(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path, prices={"Veo 3.0": 0.4}) as client:
        for prompt in ("years ago", "this morning"):
            end(client, prompt)
    rewrite(tmp_path, "years ago", sent="2021-01-01T00:00:00+00:00", created="2021-01-01T00:00:00+00:00")
    rewrite(tmp_path, "this morning", sent=today().isoformat(), created=today().isoformat())
    client = client_of(server, tmp_path, prices={"Veo 3.0": 0.5})
    server._faults["submit"] = [made(reset), reply(402)]
    for prompt in ("lost", "refused"):
        end(client, prompt)
    server._faults["poll"] = [status("failed")]
    end(client, "failed")
    end(client, "not priced", model="Veo 2.0", duration=5)
    answer = View(VideoWidget(client=client)).ask("money")
    three = {"videos": 1, "seconds": 6, "dollars": 3.0, "unpriced": 0}
    session = {
        "paid": {"videos": 1, "seconds": 5, "dollars": None, "unpriced": 1},
        "failed": three,
        "unknown": three,
        "pending": NONE,
        "demos": 0,
    }
    assert answer["session"] == session
    assert answer["today"] == {
        **session, "paid": {"videos": 2, "seconds": 11, "dollars": 2.4, "unpriced": 1}
    }  # fmt: skip
    assert answer["library"] == {
        **session, "paid": {"videos": 3, "seconds": 17, "dollars": 4.8, "unpriced": 1}
    }  # fmt: skip


def test_this_session_is_what_the_limit_counts_also_where_the_clock_was_set_back(
    server: FaultServer, tmp_path: Path
) -> None:
    with client_of(server, tmp_path, max_seconds=6) as client:
        client._limit = replace(client._limit, begun=now() + timedelta(hours=1))
        job = client.generate("A fox", model="Veo 3.0", duration=6)
        job.wait(30)
        with pytest.raises(errors.SpendingLimitError, match="6 s of it is taken"):
            client.generate("An owl", model="Veo 3.0", duration=6)
        told = View(VideoWidget(client=client)).ask("money")
        assert (told["session"]["paid"]["videos"], told["session"]["paid"]["seconds"]) == (1, 6)
        timeline = replace(job.timeline, created=now() + timedelta(hours=2), ended=None)
        job.record = replace(job.record, timeline=timeline)
        assert job.elapsed == 0
        assert " 0:00 " in repr(job)


def test_a_demo_is_free(tmp_path: Path) -> None:
    with VideoClient(demo=True, library=tmp_path, prices={"Veo 3.0": 0.4}) as client:
        end(client, "A fox", duration=4)
        answer = View(VideoWidget(client=client)).ask("money")
    assert answer["session"] == {"paid": NONE, "failed": NONE, "unknown": NONE, "pending": NONE, "demos": 1}


# What is left


def test_the_remainder_follows_what_is_asked_for(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_seconds=20, max_cost=5, prices={"Veo 3.0": 0.4})
    widget = VideoWidget(client=client, prompt="A fox", model="Veo 3.0", duration=6)
    limits, view = Limits(widget), View(widget)
    limits.become({"seconds": 20, "dollars": 5})
    view.hello()
    widget.generate()
    limits.become({"seconds": 14, "dollars": 2.6})
    refused = asyncio.Event()

    async def refuse(exchange: Exchange) -> None:
        await refused.wait()
        await reply(402)(exchange)

    server._faults["submit"] = [refuse]
    widget.generate()
    limits.become({"seconds": 8, "dollars": 0.2})
    server._loop.call_soon_threadsafe(refused.set)
    limits.become({"seconds": 14, "dollars": 2.6})
    client.max_cost = None
    view.hello()
    limits.become({"seconds": 14, "dollars": None})
    client.max_seconds = None
    view.hello()
    limits.become(None)


def test_what_is_left_is_what_may_be_asked_for(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_seconds=15, max_cost=7, prices={"Veo 3.0": 0.5})
    fox = VideoRequest("A fox", model="Veo 3.0", duration=6)
    end(client, "A fox")
    client.prices[VEO] = 1.0  # what was sent before costs what it cost
    left = client._limit.left(client.library)
    assert left == (9, 4)
    with pytest.raises(errors.SpendingLimitError, match=r"\$3\.00 of it is taken"):
        client._limit.check(fox, client.library)
    client.max_cost = 9
    client._limit.check(fox, client.library)
    client.max_seconds = 5
    assert client._limit.left(client.library) == (0, 6), "never below nothing"


def test_demos_take_nothing_of_a_real_limit(server: FaultServer, tmp_path: Path) -> None:
    period = timedelta(days=1)
    with VideoClient(demo=True, library=tmp_path, max_seconds=10, limit_period=period) as client:
        end(client, "A fox", duration=6)
        assert client._limit.left(client.library) == (4, None), "but of their own"
    with client_of(server, tmp_path, max_seconds=10, limit_period=period) as client:
        assert client._limit.left(client.library) == (10, None)
        end(client, "A fox")
        assert client._limit.left(client.library) == (4, None)


def test_without_a_limit_nothing_is_counted(server: FaultServer, tmp_path: Path) -> None:
    widget = VideoWidget(client=client_of(server, tmp_path))
    View(widget).hello()
    assert widget._session["limit"] is None
    assert not engine().run(lambda: widget._remainder._busy)


# Prices


def test_a_price_from_the_widget_is_there_and_stays(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_cost=5)
    widget = VideoWidget(client=client, prompt="A fox", model="Veo 3.0", duration=6)
    limits, view = Limits(widget), View(widget)
    assert view.ask("price", model=VEO, price=0.4)["ok"]
    assert {row["price"] for row in widget._models if row["id"] == VEO} == {0.4}
    widget.generate()
    limits.become({"seconds": None, "dollars": 2.6})
    assert client_of(server, tmp_path).price(VEO) == 0.4
    refused = view.ask("price", model=VEO, price=-1)
    assert (refused["ok"], refused["error"]["field"]) == (False, "price")
    assert view.ask("price", model=VEO, price=None)["ok"]
    assert {row["price"] for row in widget._models} == {None}


# Time


def test_how_long_such_videos_took(server: FaultServer, tmp_path: Path) -> None:
    begin = now()
    with client_of(server, tmp_path) as client:
        for n in range(6):
            end(client, f"fox-{n}.")
        end(client, "other", duration=4)
    for n in range(6):
        moments = {
            "submitted": begin,
            "processing": begin + timedelta(seconds=10 + n),
            "ready": begin + timedelta(seconds=100 - n),
        }
        rewrite(tmp_path, f"fox-{n}.", unseen=1.0, **{name: one.isoformat() for name, one in moments.items()})
    rewrite(tmp_path, "fox-5.", processing=None)
    client = client_of(server, tmp_path)
    view = View(VideoWidget(client=client))
    answer = view.ask("times", model=VEO, duration=6)
    assert answer["queued"] == [10, 11, 12, 13, 14]
    assert answer["making"] == [82, 84, 86, 88, 90]
    assert answer["whole"] == [95, 96, 97, 98, 99, 100]
    assert view.ask("times", model=VEO, duration=None)["whole"] == answer["whole"], "6 s is made unasked"
    assert len(view.ask("times", model=VEO, duration=4)["whole"]) == 1, "also of too few to say anything"
    assert view.ask("times", model="acme/dream-1", duration=None)["whole"] == []
    assert not view.ask("times", model=VEO, duration=7)["ok"]
    known = client.estimate(VEO, duration=6)
    assert known.making == Estimate((82.0, 84.0, 86.0, 88.0, 90.0))
    assert known.queue == Estimate((10.0, 11.0, 12.0, 13.0, 14.0))


def test_what_was_just_made_counts_and_the_library_is_not_looked_through_again(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Library] = []

    def look(library: Library) -> Sequence[Record]:
        looked.append(library)
        return known_records(library)

    monkeypatch.setattr(times_module, "known_records", look)
    client = client_of(server, tmp_path)
    assert client.estimate(VEO, duration=6).times == ()
    for n in range(1, 4):
        end(client, f"fox {n}")
        assert len(client.estimate(VEO, duration=6).times) == n
    assert looked == [client.library]
    monkeypatch.setattr(times_module, "_LOOK_EVERY", 0.0)
    with client_of(server, tmp_path, resume=False) as other:
        end(other, "fox 4")
    assert len(client.estimate(VEO, duration=6).times) == 4, "what another client has made, each once"


def test_only_the_latest_of_each_are_kept() -> None:
    latest, begin = times_module._Latest(), now()
    for n in [*range(0, 300, 2), *range(1, 300, 2)]:
        latest.add(begin + timedelta(minutes=n), None if n % 3 else float(n), float(n), float(n))
    found = latest.estimate()
    assert found.times == tuple(float(n) for n in range(300 - LATEST, 300))
    assert found.queue is not None and found.queue.times == tuple(float(n) for n in range(150, 300, 3))


def test_a_row_says_when_the_service_took_it_and_when_it_began(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    widget = VideoWidget(client=client_of(server, tmp_path), prompt="🦊 " * 500, model="Veo 3.0")
    view = View(widget)
    view.hello()
    job: Any = widget.generate()
    view.wait_for(job.key, status="processing")
    row = view.rows[job.key]
    for name in ("submitted", "processing"):
        moment: datetime = getattr(job.timeline, name)
        assert row[name] == pytest.approx(moment.timestamp(), abs=0.001)
    assert row["started"] <= row["submitted"] <= row["processing"]
    assert len(json.dumps(row, ensure_ascii=False).encode()) < 1024
