"""What was sent is in the ledger, with what it cost when it was sent; and it can be compared with the service's own list."""

from __future__ import annotations

import contextlib
import csv
import json
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of, made, reply, reset, status

from runcrate_widget import VideoClient, VideoRequest, errors
from runcrate_widget.jobs.ledger import COLUMNS, OUTCOMES, Ledger, Spent, outcome_of, spent, today
from runcrate_widget.library.library import Library
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.record import JobStatus, Record, now, read_record, write_record
from runcrate_widget.request import restore_request

pytestmark = pytest.mark.usefixtures("quick")

PRICES = {"Veo 3.0": 0.4}


def job(client: VideoClient, prompt: str, **options: Any) -> None:
    """A job, to its end, whatever that is."""
    asked = {"model": "Veo 3.0", "duration": 6, **options}
    with contextlib.suppress(errors.JobError):
        client.generate(prompt, **asked).wait(30)


def some_of_each(server: FaultServer, folder: Path) -> VideoClient:
    client = client_of(server, folder, prices=PRICES)
    job(client, "paid")
    server._faults["poll"] = [status("failed", error="no")]
    job(client, "failed")
    server._faults["submit"] = [made(reset), reply(402), reply(422), reply(401)]
    for prompt in ("lost", "no credits", "not allowed", "wrong key"):
        job(client, prompt)
    job(client, "not priced", model="Veo 2.0", duration=5)
    return client


def test_every_outcome_is_told_apart_and_what_was_refused_is_not_there(
    server: FaultServer, tmp_path: Path
) -> None:
    client = some_of_each(server, tmp_path)
    ledger = client.ledger
    assert [(row["prompt"], row["outcome"], row["dollars"]) for row in ledger] == [
        ("not priced", "paid", None),
        ("lost", "unknown", 2.4),
        ("failed", "failed", 2.4),
        ("paid", "paid", 2.4),
    ]
    assert tuple(ledger[0]) == COLUMNS
    first = ledger[-1]
    assert (first["id"], first["model"], first["duration"], first["seconds"]) == (
        "vid_000001", "google/veo-3.0", 6, 6
    )  # fmt: skip
    assert first["when"] == client.library["vid_000001"].timeline.sent
    assert ledger[1]["id"] is None
    assert ledger.totals() == {
        "paid": Spent(2, 11, 2.4, 1),
        "failed": Spent(1, 6, 2.4, 0),
        "unknown": Spent(1, 6, 2.4, 0),
        "pending": Spent(),
        "demo": Spent(),
    }
    assert repr(ledger).splitlines() == [
        "paid     2 videos, 11 s, $2.40, price not known of 1",
        "failed   1 video, 6 s, $2.40",
        "unknown  1 video, 6 s, $2.40",
    ]


def test_the_past_costs_what_it_cost(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path) as client:
        job(client, "before there was a price")
        client.prices["google/veo-3.0"] = 0.5
        job(client, "at fifty cents")
        client.prices["google/veo-3.0"] = 100.0
    with client_of(server, tmp_path, prices={"Veo 3.0": 7}) as client:
        assert [row["dollars"] for row in client.ledger] == [3.0, None]
        assert client.ledger.totals()["paid"] == Spent(2, 12, 3.0, 1)


def test_where_no_price_is_known_there_are_no_dollars(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path) as client:
        assert client.ledger.totals()["paid"] == Spent(0, 0, 0.0, 0), "of nothing it is known"
        job(client, "a")
        assert client.ledger.totals()["paid"] == Spent(1, 6, None, 1)
        assert repr(client.ledger) == "paid     1 video, 6 s, price not known"


def test_what_was_sent_again_costs_the_price_of_then(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reply(429, Retry_After="0")]
    with client_of(server, tmp_path, prices={"Veo 3.0": 1}) as client:
        asked = client.generate("A fox", model="Veo 3.0", duration=6)
        asked.wait(30)
    assert server.count("submit") == 2
    assert json.loads(next(tmp_path.glob("*.json")).read_bytes())["cost"] == 6.0
    assert len(client.ledger) == 1


def test_demos_are_free_and_told_apart(server: FaultServer, tmp_path: Path) -> None:
    with VideoClient(demo=True, library=tmp_path, prices=PRICES) as client:
        client.generate("A fox", model="Veo 3.0", duration=4).wait(60)
        (row,) = client.ledger
        assert (row["outcome"], row["seconds"], row["dollars"]) == ("demo", 0, 0.0)
        assert client.ledger.totals()["demo"] == Spent(1, 0, 0.0, 0)
        assert client.ledger.totals()["paid"] == Spent()
        assert repr(client.ledger) == "demo     1 job, of which nothing is billed"
    with client_of(server, tmp_path) as client:
        assert client.ledger.reconcile([{"id": "vid_other"}]).only_here == []


def at(stage: JobStatus, sent: timedelta, **fields: Any) -> Record:
    one = fresh_record(Path("nowhere"), VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://s")
    moment = now() - sent
    line = replace(one.timeline, created=moment - timedelta(hours=1), sent=moment)
    return replace(one, status=stage, timeline=replace(line, **fields.pop("line", {})), **fields)


def test_what_was_never_heard_of_again_is_unknown() -> None:
    minute, day = timedelta(minutes=1), timedelta(days=1)
    assert outcome_of(at(JobStatus.SUBMITTING, minute), now()) == "pending"
    assert outcome_of(at(JobStatus.SUBMITTING, 10 * minute), now()) == "unknown"
    for stage in (JobStatus.QUEUED, JobStatus.PROCESSING):
        assert outcome_of(at(stage, day / 2, id="vid_1"), now()) == "pending"
        assert outcome_of(at(stage, 2 * day, id="vid_1"), now()) == "unknown"
        assert outcome_of(at(stage, 2 * day, id="vid_1", adopted=now()), now()) == "pending"
    assert outcome_of(at(JobStatus.DOWNLOADING, 9 * day, id="vid_1"), now()) == "paid"
    lost = at(JobStatus.FAILED, minute, id="vid_1", line={"ready": now()})
    assert outcome_of(lost, now()) == "paid", "the service made it; it was the download that failed"
    for stage in (JobStatus.WAITING, JobStatus.CANCELLED, JobStatus.FAILED):
        assert outcome_of(at(stage, minute), now()) is None


def test_a_time_can_be_asked_for(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path, prices=PRICES) as client:
        job(client, "yesterday's")
        path = next(tmp_path.glob("*.json"))
        fields = json.loads(path.read_bytes())
        fields["sent"] = (today() - timedelta(hours=1)).isoformat()
        path.write_text(json.dumps(fields))
        job(client, "today's")
        ledger = client.ledger
    assert [row["prompt"] for row in ledger.filter(since=today())] == ["today's"]
    assert [row["prompt"] for row in ledger.filter(until=today())] == ["yesterday's"]
    naive = datetime.fromtimestamp(today().timestamp())  # noqa: DTZ006  local, as a person writes it
    assert len(ledger.filter(since=naive)) == 1
    assert ledger.totals(since=today())["paid"].videos == 1
    with pytest.raises(errors.InvalidRequestError, match="since is 5"):
        ledger.filter(since=5)  # type: ignore[arg-type]


def test_the_sums_of_records_are_those_of_the_ledger(server: FaultServer, tmp_path: Path) -> None:
    client = some_of_each(server, tmp_path)
    half = client.ledger[1]["when"]
    assert spent(client.library, None, half) == [client.ledger.totals(), client.ledger.totals(since=half)]
    assert [tuple(sums) for sums in spent([], None)] == [OUTCOMES]


def test_25_000_records_are_counted_within_100_ms() -> None:
    some = [
        at(JobStatus.COMPLETED, timedelta(minutes=minutes), id=f"vid_{minutes}", cost=minutes / 10)
        for minutes in range(250)
    ]
    records = some * 100

    def timed() -> float:
        begin = time.thread_time()
        spent(records, None, now() - timedelta(hours=2), today())
        return time.thread_time() - begin

    assert min(timed() for _ in range(5)) < 0.1


# As a file


def test_a_csv_has_what_the_ledger_has(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path / "library", prices=PRICES) as client:
        for prompt in ("A fox, in the “snow”\nand rain", "=HYPERLINK(1)", "-5 degrees"):
            job(client, prompt)
        ledger = client.ledger
    path = ledger.to_csv(tmp_path / "ledger.csv")
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == [row["id"] for row in ledger]
    assert rows[-1]["prompt"] == "A fox, in the “snow”\nand rain"
    assert [row["prompt"] for row in rows[:2]] == ["'-5 degrees", "'=HYPERLINK(1)"]
    assert datetime.fromisoformat(rows[0]["when"]).tzinfo == timezone.utc
    assert rows[0]["dollars"] == "2.4"
    same = ledger.reconcile(path)
    assert same and same.both == 3, "it agrees with itself"


def test_a_notebook_shows_a_table_and_nothing_in_it_is_html(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path) as client:
        job(client, "<script>alert(1)</script>")
        html = client.ledger._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<th style='text-align:left'>outcome</th>" in html
    many = Ledger([client.ledger[0]] * 250)
    assert "and 150 more" in many._repr_html_()
    assert len(many[:10]) == 10


# Beside the dashboard's export


def test_it_is_compared_with_an_export(server: FaultServer, tmp_path: Path) -> None:
    client = some_of_each(server, tmp_path / "library")
    export = tmp_path / "usage.csv"
    export.write_text(
        "Date,Video ID,Model,Amount (USD)\n"
        "2026-11-01,vid_000001,veo,$2.40\n"
        "2026-11-01,vid_000002,veo,0.00\n"
        '2026-11-01,vid_000003,veo,"$1,002.40"\n'
        "2026-11-01,vid_000004,veo,1.25\n"
        ",,,1006.05\n"
    )
    found = client.ledger.reconcile(export)
    assert found.columns == {"id": "Video ID", "cost": "Amount (USD)"}
    assert found.both == 3
    assert found.only_here == []
    assert [row["Video ID"] for row in found.only_there] == ["vid_000003"], "whose answer was lost"
    assert found.differs == [{"id": "vid_000002", "here": 2.4, "there": 0.0}]
    assert found.unpriced == [{"id": "vid_000004", "there": 1.25}]
    assert [row["prompt"] for row in found.without_id] == ["lost"]
    assert found.passed_over == 1
    assert not found
    said = repr(found)
    for text in ("'Video ID'", "only there: 1", "vid_000003", "here $2.40, there $0.00", "without an id: 1"):
        assert text in said
    assert [row["id"] for row in client.ledger.reconcile([{"id": "vid_9"}]).only_here] == [
        "vid_000004", "vid_000002", "vid_000001"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("2.40", 2.4),
        ("-$2.40", 2.4),
        ("(2.40)", 2.4),
        ("2,40 €", 2.4),
        ("1.234,50", 1234.5),
        ("1,234.50", 1234.5),
        ("1,234,567", 1234567.0),
        ("1'234.50", 1234.5),
        ("1 234,50", 1234.5),
        ("0,400", 0.4),
        ("2.405", 2.405),
        ("4e-05", 4e-05),
        ("1.5e1", 15.0),
        ("1,234e1", 12.34),
        ("1e5", 1e5),
        ("-4E-05", 4e-05),
        ("Rs.2.40", 2.4),
        ("2.40 EUR", 2.4),
        ("2.40-", 2.4),
        ("", None),
        ("free", None),
        ("٣", 3.0),
        (2.4, 2.4),
        (4e-05, 4e-05),
        (Decimal("2.40"), 2.4),
        (True, None),
        ([1], None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_a_cost_is_read_as_people_write_it(text: Any, cost: float | None) -> None:
    ledger = Ledger.of([at(JobStatus.COMPLETED, timedelta(), id="vid_1")])
    found = ledger.reconcile([{"job_id": "vid_1", "cost": text}])
    assert [row["there"] for row in found.unpriced] == ([] if cost is None else [cost])


def costs_there(folder: Path, text: str) -> list[float]:
    """What a file says that jobs cost, of which each line has one: `vid_0` and so on."""
    export = folder / "export.csv"
    export.write_text(text, encoding="utf-8")
    records = [at(JobStatus.COMPLETED, timedelta(), id=f"vid_{n}") for n in range(len(text.splitlines()) - 1)]
    found = Ledger.of(records).reconcile(export).unpriced
    return [row["there"] for row in sorted(found, key=lambda row: str(row["id"]))]


@pytest.mark.parametrize(
    ("text", "costs"),
    [
        ("id;cost\nvid_0;0,400\nvid_1;2,405\n", [0.4, 2.405]),
        ("id;cost\nvid_0;2,405\n", [2.405]),
        ("id;cost\nvid_0;2,4\nvid_1;1.234\n", [2.4, 1234.0]),
        ("id;cost\nvid_0;2.4\nvid_1;2.405\n", [2.4, 2.405]),
        ("id\tcost\nvid_0\t0,40\nvid_1\t2,405\n", [0.4, 2.405]),
        ('id,cost\nvid_0,2.40\nvid_1,"1,234"\n', [2.4, 1234.0]),
        ("id,cost\nvid_0,4e-05\nvid_1,1.5e1\nvid_2,1e5\n", [4e-05, 15.0, 1e5]),
    ],
)
def test_where_the_cents_begin_is_said_by_the_whole_export(
    tmp_path: Path, text: str, costs: list[float]
) -> None:
    assert costs_there(tmp_path, text) == costs


@pytest.mark.parametrize(
    "text",
    [
        'id,cost\nvid_0,"1,234"\n',
        "id\tcost\nvid_0\t2,405\n",
        "id;cost\nvid_0;2.405\n",
        "id;cost\nvid_0;2,4\nvid_1;2.4\nvid_2;2,405\n",
        "id;cost\nvid_0;2.4\nvid_1;2,405\n",
        "id,cost\nvid_0,$2.40 for 6 s\n",
        f"id,cost\nvid_0,{'9' * 400}\n",
        "id,cost\nvid_0,1.2.3\nvid_1,1.2,3.4\n",
    ],
)
def test_an_amount_that_may_be_another_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match=r"amount of .*\.$") as caught:
        costs_there(tmp_path, text)
    assert caught.value.field == "export" and "reconcile" in caught.value.hint


def test_a_number_that_no_float_holds_is_refused() -> None:
    ledger = Ledger.of([at(JobStatus.COMPLETED, timedelta(), id="vid_1")])
    with pytest.raises(errors.InvalidRequestError):
        ledger.reconcile([{"id": "vid_1", "cost": 10**400}])


def test_a_ledger_with_any_prompt_is_written_and_agrees_with_itself(tmp_path: Path) -> None:
    prompts = ("x" * 200_000, "half \ud83d a fox", "two\r\nlines")
    records = [
        replace(
            at(JobStatus.COMPLETED, timedelta(), id=f"vid_{n}", cost=2.4),
            request=restore_request({"prompt": prompt, "model": "google/veo-3.0", "duration": 6}),
        )
        for n, prompt in enumerate(prompts)
    ]
    limit = csv.field_size_limit()
    ledger = Ledger.of(records)
    found = ledger.reconcile(ledger.to_csv(tmp_path / "ledger.csv"))
    assert found and found.both == 3
    assert csv.field_size_limit() == limit, "which is the whole process's"


def test_what_is_no_csv_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "export.csv").write_text("id\nvid_1\n")

    def broken(*_: Any, **__: Any) -> Any:
        raise csv.Error("line contains NUL")

    monkeypatch.setattr(csv, "DictReader", broken)
    with pytest.raises(errors.InvalidRequestError, match="cannot be read as CSV: line contains NUL"):
        Ledger.of([]).reconcile(tmp_path / "export.csv")


@pytest.mark.parametrize(
    "zone", [None, timezone.utc, timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))]
)
def test_the_beginning_and_the_end_of_time_are_no_bound(zone: timezone | None) -> None:
    ledger = Ledger.of([at(JobStatus.COMPLETED, timedelta(), id="vid_1", cost=1.0)])
    first, last = datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)
    assert len(ledger.filter(since=first, until=last)) == 1
    assert len(ledger.filter(since=last)) == len(ledger.filter(until=first)) == 0
    assert ledger.totals(since=first)["paid"].videos == 1


def test_a_cost_that_nobody_has_is_not_known(tmp_path: Path) -> None:
    ledger = Ledger.of([at(JobStatus.COMPLETED, timedelta(), id="vid_1", cost=10**400)])
    assert ledger[0]["dollars"] is None
    assert "vid_1" in ledger._repr_html_()
    assert ledger.to_csv(tmp_path / "ledger.csv").exists()


@pytest.mark.parametrize("name", ["id", "ID", "video_id", "Job Id", "jobId"])
@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8-sig"), (";", "utf-8"), ("\t", "utf-16")])
def test_columns_are_found_by_their_names(tmp_path: Path, name: str, delimiter: str, encoding: str) -> None:
    export = tmp_path / "export.csv"
    export.write_text(f"when{delimiter}{name}\nx{delimiter} vid_1 \n", encoding=encoding)
    found = Ledger.of([at(JobStatus.COMPLETED, timedelta(), id="vid_1", cost=1.0)]).reconcile(export)
    assert found and found.both == 1
    assert found.columns == {"id": name, "cost": None}


def test_several_bookings_of_one_job_are_added_up() -> None:
    ledger = Ledger.of([at(JobStatus.COMPLETED, timedelta(), id="vid_1", cost=2.4)])
    assert ledger.reconcile([{"id": "vid_1", "cost": -1.2}, {"id": "vid_1", "cost": "-1.20"}])
    assert not ledger.reconcile([{"id": "vid_1", "cost": -2.4}, {"id": "vid_1", "cost": 2.4}])


def test_an_export_without_ids_is_refused(tmp_path: Path) -> None:
    ledger = Ledger.of([])
    (tmp_path / "export.csv").write_text("date,model\n1,2\n")
    with pytest.raises(errors.InvalidRequestError, match="no column of ids") as caught:
        ledger.reconcile(tmp_path / "export.csv")
    assert "'date', 'model'" in caught.value.hint
    for nothing in (5, [3], []):
        with pytest.raises(errors.InvalidRequestError):
            ledger.reconcile(nothing)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        ledger.reconcile(tmp_path / "none.csv")


# On the record


def test_a_cost_is_on_the_record_and_a_bad_one_is_not_known() -> None:
    one = at(JobStatus.COMPLETED, timedelta(), id="vid_1", cost=2.4)
    assert read_record(one.name, one.folder, write_record(one)).cost == 2.4  # type: ignore[union-attr]
    unknown = write_record(replace(one, cost=None))
    assert b"cost" not in unknown
    for bad in (b"-1", b"NaN", b'"much"', b"true", b"1" + b"0" * 400, b"1e308"):
        content = write_record(one).replace(b'"cost": 2.4', b'"cost": ' + bad)
        read = read_record(one.name, one.folder, content)
        assert read is not None, "what was paid is not set aside for it"
        assert read.cost is None


def test_a_record_that_says_anything_spoils_no_sum(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path, prices=PRICES, max_seconds=100, limit_period=timedelta(1)) as client:
        for prompt in ("a", "b", "c"):
            job(client, prompt)
        for path, duration, cost in zip(
            sorted(tmp_path.glob("*.json")), (10**400, -6, 6), (10**400, 0.0, 2.4), strict=True
        ):
            fields = json.loads(path.read_bytes())
            path.write_text(
                json.dumps({**fields, "cost": cost, "request": {**fields["request"], "duration": duration}})
            )
        assert client.ledger.totals()["paid"] == Spent(3, 6, 2.4, 1)
        assert spent(client.library, None)[0] == client.ledger.totals()
        assert client._limit.left(client.library) == (94, None)
        client.ledger.to_csv(tmp_path / "ledger.csv")
        assert "2.40" in client.ledger._repr_html_()
        for one in client.library:
            assert client._limit.cost(one.request) in (None, 2.4)


def test_a_price_beyond_all_bounds_damages_no_record(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path, prices={"Veo 3.0": 1.7e308}) as client:
        job(client, "A fox")
    with client_of(server, tmp_path) as client:
        assert [one.status for one in client.library] == ["completed"]
        assert client.ledger[0]["dollars"] is None


def test_a_job_of_another_program_is_there_with_its_id(server: FaultServer, tmp_path: Path) -> None:
    server.jobs["vid_elsewhere"] = 0
    with client_of(server, tmp_path, prices=PRICES) as client:
        client.job("vid_elsewhere").wait(30)
        (row,) = client.ledger
    assert (row["id"], row["outcome"], row["seconds"], row["dollars"]) == (
        "vid_elsewhere",
        "paid",
        None,
        None,
    )
    assert len(Library(tmp_path)) == 1


@pytest.mark.parametrize("duration", [-1000, -(10**400), 10**400, 10**12])
def test_seconds_that_no_video_has_lift_no_limit_and_break_none(
    server: FaultServer, tmp_path: Path, duration: int
) -> None:
    with client_of(server, tmp_path) as client:
        job(client, "a")
    (path,) = tmp_path.glob("*.json")
    fields = json.loads(path.read_bytes())
    path.write_text(json.dumps({**fields, "request": {**fields["request"], "duration": duration}}))
    with client_of(server, tmp_path, max_seconds=6, limit_period=timedelta(1)) as client:
        assert client._limit.left(client.library) == (6, None)
        job(client, "b")
        with pytest.raises(errors.SpendingLimitError, match="6 s of it is taken"):
            job(client, "c")
        odd = restore_request({"prompt": "Fox", "model": "x/y", "duration": duration})
        with pytest.raises(errors.SpendingLimitError, match="it is not known"):
            client._limit.check(odd, client.library)
        assert client.ledger._repr_html_()
    assert server.count("submit") == 2


@pytest.mark.parametrize("duration", [10**400, -(10**5000), 86_401], ids=["vast", "vast below 0", "a day"])
def test_a_duration_that_no_video_has_is_refused(duration: int) -> None:
    with pytest.raises(errors.InvalidRequestError, match="it must be 1 to 86,400") as caught:
        VideoRequest("Fox", model="x/y", duration=duration)
    assert len(str(caught.value)) < 200
    with pytest.raises(errors.InvalidRequestError, match="Veo"):
        VideoRequest("Fox", model="Veo 3.0", duration=duration)


def test_a_limit_that_no_float_holds_is_refused(server: FaultServer, tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidRequestError, match="max_seconds"):
        client_of(server, tmp_path, max_seconds=10**400)
