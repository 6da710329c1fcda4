"""The list as its views get it: what changed, row by row, and pages of the rest."""

from __future__ import annotations

import builtins
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of, status

from runcrate_widget import VideoClient, VideoJob, VideoWidget
from runcrate_widget.jobs.loop import engine
from runcrate_widget.notebook.joblist import PAGE, JobList
from runcrate_widget.notebook.messages import JobRow

pytestmark = pytest.mark.usefixtures("quick")


class View:
    """What a page has of the list: a dictionary of rows, and the revision up to which it has everything."""

    def __init__(self, widget: VideoWidget) -> None:
        self.widget = widget
        self.rows: dict[str, dict[str, Any]] = {}
        self.seen = -1
        self.count = 0
        self.bytes = 0
        self.came = threading.Condition()
        self.answers: dict[str, dict[str, Any]] = {}
        widget.send = self._sent
        widget.observe(self._changed, "_changed")

    def _sent(self, content: dict[str, Any], buffers: Any = None) -> None:
        with self.came:
            self.answers[content["id"]] = content
            self.came.notify_all()

    def _changed(self, change: Any) -> None:
        with self.came:
            self.bytes += len(json.dumps(change["new"]))
            self.take(change["new"])
            self.came.notify_all()

    def take(self, changed: dict[str, Any]) -> None:
        for row in changed["rows"]:
            if row["revision"] >= self.rows.get(row["key"], row)["revision"]:
                self.rows[row["key"]] = row
        if changed["since"] <= self.seen:
            self.seen = max(self.seen, changed["revision"])

    def ask(self, kind: str, **content: Any) -> dict[str, Any]:
        self.count += 1
        id = f"{builtins.id(self)}-{self.count}"
        self.widget._handle_custom_msg({"id": id, "kind": kind, **content}, [])
        with self.came:
            assert self.came.wait_for(lambda: id in self.answers, 60)
        return self.answers[id]

    def hello(self) -> dict[str, Any]:
        answer = self.ask("hello", root=None, seen=self.widget._revision, rows=self.seen)
        if "first" in answer:
            self.rows = {row["key"]: row for row in answer["first"]["rows"]}
            self.seen = answer["first"]["revision"]
        if "changed" in answer:
            self.take(answer["changed"])
        return answer

    def page(self, after: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        place = {"started": after["started"], "key": after["key"]} if after else None
        return self.ask("rows", **{"after": place, "waiting": False, "count": PAGE, **more})

    def wait_for(self, key: str, **fields: Any) -> None:
        with self.came:
            found = self.came.wait_for(
                lambda: key in self.rows and fields.items() <= self.rows[key].items(), 30
            )
            assert found, self.rows


def many(client: VideoClient, count: int) -> list[VideoJob]:
    """Real jobs, of which one at a time is with the service."""
    return [client.generate("A fox", model="Veo 3.0", take=take) for take in range(1, count + 1)]


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> VideoClient:
    server.polls = 10**6
    return client_of(server, tmp_path, max_concurrent=1)


def cancel(jobs: list[VideoJob]) -> None:
    for job in jobs:
        job.cancel()
    for job in jobs:
        with pytest.raises(Exception, match="cancel"):
            job.wait(30)


def settle(widget: VideoWidget) -> None:
    """Until all that has changed has been told."""
    while engine().run(lambda: widget._feed.list.due):
        engine().run(widget._feed.update)


def order(rows: list[dict[str, Any]]) -> list[str]:
    return [row["key"] for row in rows]


def test_a_change_sends_its_row_and_no_other(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    jobs = many(client, 60)
    widget._add(*jobs)
    view = View(widget)
    view.hello()
    assert len(view.rows) == 60
    view.wait_for(jobs[0].key, status="processing")
    settle(widget)
    view.bytes = 0
    cancel([jobs[7]])
    view.wait_for(jobs[7].key, status="cancelled")
    assert view.bytes < 1024
    assert order(widget._changed["rows"]) == [jobs[7].key]
    assert (widget._changed["total"], widget._changed["open"]) == (60, 59)


def test_what_is_said_again_without_a_change_is_not_sent(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    (job,) = many(client, 1)
    widget._add(job)
    view = View(widget)
    view.hello()
    view.wait_for(job.key, status="processing")
    settle(widget)
    before = widget._revision
    engine().run(lambda: widget._feed._changed(job))
    assert widget._feed.list.due
    # In one go: the next poll of the job may be heard right after.

    def told() -> bool:
        widget._feed.update()
        return widget._feed.list.due

    left = engine().run(told)
    assert widget._revision == before and not left


def test_a_view_that_missed_changes_is_told_them_and_nothing_else(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    jobs = many(client, 30)
    widget._add(*jobs)
    view = View(widget)
    view.hello()
    widget.unobserve(view._changed, "_changed")  # as if every message got lost
    cancel(jobs[10:13])
    answer = view.hello()
    assert {row["key"] for row in answer["changed"]["rows"]} >= {job.key for job in jobs[10:13]}
    assert len(answer["changed"]["rows"]) <= 4, "those, and perhaps the one that is with the service"
    assert all(view.rows[job.key]["status"] == "cancelled" for job in jobs[10:13])
    again = view.hello()
    assert "changed" not in again and "first" not in again


def test_many_changes_come_a_part_at_a_time_and_all_of_them(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    view = View(widget)
    view.hello()
    most: list[int] = []
    widget.observe(lambda change: most.append(len(change["new"]["rows"])), "_changed")
    jobs = many(client, 100)
    widget._add(*jobs)
    for job in jobs:
        view.wait_for(job.key)
    assert max(most) <= 40
    assert view.seen == widget._changed["revision"], "without a gap"


def test_a_view_that_missed_too_much_begins_anew(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    view = View(widget)
    view.hello()
    widget.unobserve(view._changed, "_changed")
    jobs = many(client, 250)
    cancel(jobs[1:240])
    widget._add(*jobs)
    engine().run(lambda: widget._feed.list.take())
    answer = view.hello()
    assert "changed" not in answer
    first = answer["first"]
    assert (first["total"], first["newest"]) == (250, PAGE)
    assert order(first["rows"])[:PAGE] == [job.key for job in reversed(jobs)][:PAGE]
    assert jobs[0].key in order(first["rows"]), "the one that has not ended, however old"
    assert len(first["rows"]) == PAGE + 1


def test_what_waits_comes_in_parts_the_next_first_and_what_is_under_way_apart(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    jobs = many(client, 70)
    widget._add(*jobs)
    view = View(widget)
    view.hello()
    view.wait_for(jobs[0].key, status="processing")
    found: list[dict[str, Any]] = []
    more = True
    while more:
        answer = view.page(found[-1] if found else None, waiting=True)
        more = answer["more"]
        found += answer["rows"]
    assert order(found) == [job.key for job in jobs[1:]]
    assert order(view.page(None)["rows"]) == [jobs[0].key]
    assert (widget._changed["open"], widget._changed["waiting"]) == (70, 69)
    assert len(view.page(None, waiting=True, count=10**9)["rows"]) == 69, "no more than 200"
    assert len(view.page(None, waiting=True, count=0)["rows"]) == 1, "and no fewer than one"
    first = widget._feed.list.first()
    assert [row["key"] for row in first["rows"][PAGE:]] == [job.key for job in jobs[:40]]


def test_all_that_wait_are_cancelled_at_once(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    jobs = many(client, 30)
    widget._add(*jobs)
    view = View(widget)
    view.hello()
    view.wait_for(jobs[0].key, status="processing")
    assert view.ask("cancel_waiting")["ok"]
    for job in jobs[1:]:
        view.wait_for(job.key, status="cancelled")
    settle(widget)
    assert (widget._changed["open"], widget._changed["waiting"]) == (1, 0)
    assert jobs[0].status == "processing"


def test_what_failed_needs_somebody_until_it_is_put_away_or_sent_again(tmp_path: Path) -> None:
    refused = status("failed", error={"message": "refused"})
    with FaultServer(poll=[refused] * 2, polls=10**6) as server:
        client = client_of(server, tmp_path)
        widget = VideoWidget(client=client)
        jobs = many(client, 2)
        widget._add(*jobs)
        view = View(widget)
        view.hello()
        for job in jobs:
            view.wait_for(job.key, status="failed", settled=False)
        settle(widget)
        assert widget._feed.list.first()["open"] == 2
        assert view.ask("choose", keys=[jobs[0].key], changes={"hidden": True})["ok"]
        view.wait_for(jobs[0].key, settled=True)
        assert view.ask("resubmit", key=jobs[1].key)["ok"]
        view.wait_for(jobs[1].key, settled=True)
        settle(widget)
        assert widget._feed.list.first()["open"] == 1, "the one that was sent again"


def test_until_a_view_is_heard_the_state_itself_is_kept_new(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    seen = threading.Event()
    jobs = many(client, 3)

    def look(_: object = None) -> None:
        if [row["status"] for row in widget._first["rows"]][-1:] == ["processing"]:
            seen.set()

    widget.observe(look, "_first")
    widget._add(*jobs)
    look()
    assert seen.wait(30)
    assert widget._changed["rows"] == []


def test_a_page_that_is_reloaded_gets_what_is_so_now(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    view = View(widget)
    view.hello()
    jobs = many(client, 300)
    widget._add(*jobs)
    for job in jobs:
        view.wait_for(job.key)
    assert widget._first["total"] == 0, "what it was when a view was heard first"
    state = widget.get_state()
    assert (state["_first"]["total"], state["_first"]["revision"]) == (300, widget._changed["revision"])
    small = {name: value for name, value in state.items() if name not in ("_esm", "_css")}
    assert len(json.dumps(small).encode()) < 60_000, "with 300 jobs of which none has ended"
    cancel(jobs[1:])
    engine().run(widget._feed.update)
    small = {name: value for name, value in widget.get_state().items() if name not in ("_esm", "_css")}
    assert len(json.dumps(small).encode()) < 40_000


def test_two_views_have_the_same_list(client: VideoClient) -> None:
    widget = VideoWidget(client=client)
    first = View(widget)
    first.hello()
    jobs = many(client, 5)
    widget._add(*jobs)
    for job in jobs:
        first.wait_for(job.key)
    second = View(widget)  # in another tab
    widget.observe(first._changed, "_changed")
    second.hello()
    cancel(jobs[2:])
    for view in (first, second):
        for job in jobs[2:]:
            view.wait_for(job.key, status="cancelled")
        assert {key: row["status"] for key, row in view.rows.items()} == {job.key: job.status for job in jobs}


def test_a_job_is_listed_once_and_rows_tell_where_they_stand(client: VideoClient) -> None:
    told: list[VideoJob] = []
    rows = JobList(told.append)
    jobs = many(client, 3)
    assert [rows.add(job) for job in (jobs[1], jobs[0], jobs[2], jobs[1])] == [True, True, True, False]
    assert rows.jobs == jobs
    assert rows.find(jobs[0].key) is jobs[0] and rows.find("nobody") is None and rows.find(None) is None
    for job in jobs:
        engine().run(lambda job=job: rows.mark(job))  # type: ignore[misc]
    taken: list[JobRow] = rows.take(2)
    assert [row["key"] for row in taken] == [jobs[0].key, jobs[1].key]
    assert {row["revision"] for row in taken} == {1}
    assert [row["revision"] for row in rows.take()] == [2]
    assert rows.take() == []
