"""The shelf: what a library's records answer when somebody looks at all of them, and how it hears of what is new."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from runcrate_widget import VideoRequest, errors
from runcrate_widget.library import disk as disk_module
from runcrate_widget.library.choice import Choice
from runcrate_widget.library.library import Library
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.question import Question
from runcrate_widget.library.record import JobStatus, Record
from runcrate_widget.library.stacks import Stacks

HERE = "https://api.runcrate.ai"
NOON = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)


def put(library: Library, prompt: str, *, take: int = 1, at: datetime = NOON, **fields: Any) -> Record:
    """A record, as the library writes it."""
    asked = {name: fields.pop(name) for name in ("model", "duration", "extra") if name in fields}
    request = VideoRequest(prompt, **{"model": "Veo 3.0", **asked})
    service, choice = fields.pop("service", HERE), fields.pop("choice", {})
    record = fresh_record(library.folder, request, take, 1, service)
    record = replace(
        record,
        timeline=replace(record.timeline, created=at),
        choice=Choice(**choice),
        **{"status": JobStatus.COMPLETED, "id": f"vid_{record.key}", **fields},
    )
    library.write(record)
    return record


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def ask(library: Library, **asked: Any) -> Stacks:
    library.shelf.look().result(30)
    return library.shelf.stacks(Question(**asked))[1]


def keys(found: Stacks) -> list[list[str]]:
    return [[one.key for one in stack] for stack in found.found]


def again(library: Library) -> None:
    """Has the folder looked through now."""
    library.shelf._scanned = library.shelf._surely = -1e9
    library.shelf.look()
    assert library.shelf._scan is not None
    library.shelf._scan.result(30)


def test_takes_of_one_request_are_a_stack_and_what_differs_in_anything_is_another(library: Library) -> None:
    first, third = (put(library, "A fox", take=take, at=NOON + timedelta(hours=take)) for take in (1, 3))
    others = [
        put(library, "A Fox", at=NOON - timedelta(hours=1)),
        put(library, "A fox", duration=4, at=NOON - timedelta(hours=2)),
        put(library, "A fox", extra={"seed": 7}, at=NOON - timedelta(hours=3)),
        put(library, "A fox", model="Sora 2", at=NOON - timedelta(hours=4)),
        put(library, "A fox", service="demo", at=NOON - timedelta(hours=5)),
    ]
    found = ask(library)
    assert keys(found) == [[third.key, first.key], *([one.key] for one in others)]
    assert found.total == 7
    assert keys(ask(library, order="oldest")) == [
        *([one.key] for one in reversed(others)),
        [first.key, third.key],
    ]
    (stack,) = {one.stack for one in found.found[0]}
    assert keys(ask(library, stack=stack)) == [[third.key], [first.key]], (
        "the takes, the newest of equals first"
    )
    put(library, "A fox", take=1, at=NOON, choice={"rating": 2})
    assert keys(ask(library, stack=stack)) == [[first.key], [third.key]], "the best first"


def test_days_are_those_of_the_one_who_looks(library: Library) -> None:
    for number, hour in enumerate((1, 11, 23)):
        put(library, f"A fox, {number}", at=NOON.replace(hour=hour))
    assert ask(library).days(0) == [("2026-11-25", 3)]
    assert ask(library).days(60) == [("2026-11-26", 1), ("2026-11-25", 2)]
    assert ask(library).days(-120) == [("2026-11-25", 2), ("2026-11-24", 1)]
    assert ask(library, order="oldest").days(60) == [("2026-11-25", 2), ("2026-11-26", 1)]
    assert ask(library, order="rating").days(60) == [("", 3)]
    assert ask(library, text="nothing").days(0) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fox snow", True),
        ("SNOW Fox", True),
        ("ow fo", True),
        ("veo fox", True),
        ("fox fox-cub", False),
        ("golden hour", True),
        ("client", True),
        ("client snow golden 3.0", True),
        ("vid_one", True),
        ("snowfox", False),
        ("cafe\u0301 STRASSE", True),
        ("  ", True),
    ],
)
def test_all_words_are_found_in_any_order_wherever_they_stand(
    library: Library, text: str, found: bool
) -> None:
    choice = {"note": "Golden hour", "tags": ["client work"]}
    put(library, "A fox in the snow by the caf\u00e9 in the Stra\u00dfe", id="vid_ONE", choice=choice)
    assert bool(ask(library, text=text).total) is found
    assert bool(library.filter(text=text)) is found, "code finds the same"


def test_every_filter_finds_its_own(library: Library) -> None:
    kept = put(library, "A", at=NOON, cost=3.0, choice={"kept": True, "rating": 4, "tags": ["b-roll"]})
    rejected = put(library, "B", at=NOON - timedelta(days=1), cost=3.0, choice={"kept": False, "rating": 2})
    open_one = put(library, "C", at=NOON - timedelta(days=2), model="Sora 2")
    hidden = put(library, "D", at=NOON - timedelta(days=3), choice={"hidden": True})
    failed = put(library, "E", at=NOON - timedelta(days=4), status=JobStatus.FAILED, id=None)

    def found(**asked: Any) -> list[str]:
        return [key for stack in keys(ask(library, **asked)) for key in stack]

    assert found() == [kept.key, rejected.key, open_one.key]
    assert found(kept=True) == [kept.key]
    assert found(kept=False) == [rejected.key]
    assert found(undecided=True) == [open_one.key]
    assert found(rating=2) == [kept.key, rejected.key]
    assert found(rating=3) == [kept.key]
    assert found(tag="b-roll") == [kept.key]
    assert found(model="openai/sora-2") == found(model="Sora 2") == [open_one.key]
    assert found(hidden=True) == [hidden.key]
    assert found(status="failed") == [failed.key]
    assert found(since=NOON.timestamp() - 86400) == [kept.key, rejected.key]
    assert found(until=NOON.timestamp() - 86400) == [rejected.key, open_one.key]
    assert found(cost_from=3.0, cost_to=3.0) == [kept.key, rejected.key], "the other's is not known"
    assert found(cost_to=2.9) == []
    assert found(order="rating") == [kept.key, rejected.key, open_one.key]
    assert found(order="cost") == [kept.key, rejected.key, open_one.key], "what is not known is last"
    there = library.shelf.overview(Question(text="A"))
    assert there.models == [("google/veo-3.0", 2), ("openai/sora-2", 1)]
    assert (there.tags, there.kept, there.put_away) == ([("b-roll", 1)], 1, 1)


def test_a_demo_is_free_whatever_is_paid_for_its_model(library: Library) -> None:
    demo = put(library, "A fox", demo=True)
    put(library, "An owl", cost=3.0)
    put(library, "A heron")
    assert keys(ask(library, cost_to=2.9)) == [[demo.key]], "of the third it is not known"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", 3),
        ("text", "x" * 1001),
        ("model", ["a"]),
        ("status", "typo"),
        ("kept", "yes"),
        ("undecided", None),
        ("rating", "high"),
        ("rating", True),
        ("tag", {}),
        ("hidden", 1),
        ("since", float("nan")),
        ("until", float("inf")),
        ("cost_from", "1"),
        ("cost_to", 10**400),
        ("stack", 5),
        ("order", "best"),
        ("order", ["newest"]),
    ],
)
def test_a_wrong_question_is_refused_by_its_field(field: str, value: object) -> None:
    with pytest.raises(errors.InvalidRequestError) as caught:
        Question.of({field: value})
    assert caught.value.field == field
    wrong: list[Any] = [None, [], "text", {"colour": "red"}]
    for nothing in wrong:
        with pytest.raises(errors.InvalidRequestError):
            Question.of(nothing)


def test_what_is_written_here_is_known_at_once_and_moves_the_version(library: Library) -> None:
    put(library, "A fox")
    assert library.shelf.version == 0, "nobody has looked"
    assert ask(library).total == 1
    seen = [library.shelf.version]
    assert seen[0] > 0

    class Listener:
        def moved(self) -> None:
            seen.append(library.shelf.version)

    listener = Listener()
    library.shelf.subscribe(listener.moved)
    owl = put(library, "An owl")
    assert library.shelf.stacks(Question())[1].total == 2
    library.write(owl)
    assert len(seen) == 2, "the same once more is no news"
    library.write(replace(owl, choice=Choice(rating=5)))
    assert library.shelf.stacks(Question(rating=5))[1].total == 1
    assert len(set(seen)) == len(seen) == 3
    del listener
    put(library, "A crow")
    assert len(seen) == 3, "whoever is gone hears nothing"


def test_what_another_process_wrote_is_seen_when_the_folder_is_looked_through(
    library: Library, tmp_path: Path
) -> None:
    fox = put(library, "A fox")
    assert ask(library).total == 1
    before = library.shelf.version
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]);"
        "from test_shelf import *; put(Library(Path(sys.argv[1])), 'An owl')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)], check=True)
    assert library.shelf.stacks(Question())[1].total == 1, "what is known"
    again(library)
    assert library.shelf.stacks(Question())[1].total == 2
    after = library.shelf.version
    assert after > before
    again(library)
    assert library.shelf.version == after, "nothing is new"
    (tmp_path / f"{fox.name}.json").unlink()
    again(library)
    assert [one.record.prompt for (one,) in library.shelf.stacks(Question())[1].found] == ["An owl"]
    assert library.shelf.version > after


def test_what_is_written_while_the_folder_is_read_is_not_taken_back(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    fox = put(library, "A fox")
    ask(library)
    read, reading, go_on = library.shelf._read, threading.Event(), threading.Event()

    def slowly() -> Any:
        records = read()
        reading.set()
        assert go_on.wait(30)
        return records

    monkeypatch.setattr(library.shelf, "_read", slowly)
    library.shelf._scanned = library.shelf._surely = -1e9
    library.shelf.look()
    assert reading.wait(30)
    library.write(replace(fox, choice=Choice(rating=5)))
    owl = put(library, "An owl")
    go_on.set()
    assert library.shelf._scan is not None
    library.shelf._scan.result(30)
    assert library.shelf.stacks(Question(rating=5))[1].total == 1
    assert library.shelf.find(owl.key)


@pytest.mark.filterwarnings("ignore:.* is damaged:UserWarning")
def test_one_bad_record_hides_no_other(library: Library, tmp_path: Path) -> None:
    good = put(library, "A fox")
    file = tmp_path / f"{good.name}.json"
    content = json.loads(file.read_bytes())

    def hostile(name: str, **changes: Any) -> None:
        asked = {**content["request"], **changes.pop("request", {})}
        told = {**content, "key": name, **changes, "request": asked}
        (tmp_path / f"hostile-{name}.json").write_text(json.dumps(told))

    hostile("00000001", request={"duration": 10**400})
    hostile("00000002", request={"prompt": "\ud800 half", "model": "\udfff"})
    hostile("00000003", request={"extra": {"deep": [[[[{}]]]]}, "duration": -5})
    hostile("00000004", id="x" * 100_000, take=10**50)
    hostile("00000005", created="8999-12-31T23:59:59+00:00")
    hostile("00000006", request={"prompt": 5})
    (tmp_path / "hostile-00000007.json").write_bytes(b"\xff\xfe{")
    (tmp_path / "a-copy.json").write_text(json.dumps({**content, "created": "2030-01-01T00:00:00+00:00"}))
    found = ask(library, order="cost")
    assert {one.key for stack in found.found for one in stack} >= {
        good.key,
        *(f"0000000{n}" for n in range(1, 6)),
    }
    assert found.days(0)
    entry = library.shelf.find(good.key)
    assert entry and entry.record.name == good.name, "and not the copy of it that has its key"
    for order in ("newest", "oldest", "rating"):
        assert ask(library, order=order, text="fox").days(600)


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    library = Library(tmp_path / "file")
    with pytest.raises(errors.LibraryError):
        library.shelf.look().result(30)
    assert ask(Library(tmp_path / "nowhere")).total == 0


def test_an_unchanged_folder_is_not_listed_again(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_module, "_COARSE", 0)
    put(library, "A fox")
    again(library)
    reads: list[int] = []
    read = library.shelf._read

    def counted() -> Any:
        reads.append(1)
        return read()

    monkeypatch.setattr(library.shelf, "_read", counted)
    for _ in range(3):
        library.shelf._scanned = -1e9
        ask(library)
        assert library.shelf._scan is not None
        library.shelf._scan.result(30)
    assert reads == []
    put(Library(library.folder), "An owl")  # as another process
    library.shelf._scanned = -1e9
    ask(library)
    assert library.shelf._scan is not None
    library.shelf._scan.result(30)
    assert reads == [1]
