"""What a person makes of a video stands on its record: kept, rated, noted, tagged, put away."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, client_of
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest, errors
from runcrate_widget.library.choice import Choice


def fox() -> VideoRequest:
    return VideoRequest("A fox", model="Veo 3.0")


@pytest.fixture
def made(server: FaultServer, tmp_path: Path, quick: None) -> tuple[VideoClient, list[Any]]:  # noqa: ARG001
    client = client_of(server, tmp_path)
    jobs = [client.generate(fox(), take=take) for take in (1, 2, 3)]
    for job in jobs:
        job.wait(30)
    return client, jobs


@pytest.mark.parametrize("field", [{"tags": ["fox", KEY]}, {"note": f"with {KEY}"}, {"add_tags": [KEY]}])
def test_an_api_key_is_no_tag_and_no_note(
    made: tuple[VideoClient, list[Any]], tmp_path: Path, field: dict[str, Any]
) -> None:
    _, (first, *_) = made
    with pytest.raises(errors.InvalidRequestError, match="has an API key in it") as caught:
        first.choose(**field)
    assert KEY not in str(caught.value)
    assert KEY not in (tmp_path / f"{first.record.name}.json").read_text()


def test_what_was_chosen_is_found_by_it_and_by_the_next_kernel(
    made: tuple[VideoClient, list[Any]], server: FaultServer, tmp_path: Path
) -> None:
    client, (first, second, third) = made
    first.choose(kept=True, rating=4, tags=["fox", "snow", "fox"], note="the tail is right")
    second.choose(kept=False, rating=1)
    third.choose(hidden=True)
    client.close()
    with client_of(server, tmp_path) as again:
        found = again.library
        assert [one.key for one in found.filter(kept=True)] == [first.key]
        assert [one.key for one in found.filter(kept=False)] == [second.key]
        assert [one.key for one in found.filter(rating=2)] == [first.key]
        assert [one.key for one in found.filter(tag="snow")] == [first.key]
        assert {one.key for one in found.filter(hidden=False)} == {first.key, second.key}
        assert len(found.filter(hidden=None)) == len(list(found)) == 3
        job = again.generate(fox())
        assert job.reused
        assert job.rating == 4
        assert job.choice == Choice(True, 4, "the tail is right", ("fox", "snow"))
        job.choose(rating=5)
        best = found.filter(rating=5)[0]
        assert (best.kept, best.rating, best.tags) == (True, 5, ("fox", "snow"))
        assert best.choice == Choice(True, 5, "the tail is right", ("fox", "snow"))
        job.choose(kept=None, rating=None, note="", tags=[])
        record = json.loads((tmp_path / f"{job.record.name}.json").read_bytes())
        assert "choice" not in record
    assert server.count("submit") == 3


def test_two_kernels_do_not_write_over_what_the_other_has_chosen(
    made: tuple[VideoClient, list[Any]], tmp_path: Path
) -> None:
    client, (job, *_) = made
    record = job.record
    # Another process has rated it since this one read it.
    path = tmp_path / f"{record.name}.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "choice": {"rating": 2}}))
    job.choose(kept=True)
    assert client.library.filter(kept=True, rating=2)
    assert job.rating == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rating", 6),
        ("rating", 0),
        ("rating", True),
        ("rating", 3.5),
        ("kept", "yes"),
        ("note", 5),
        ("note", "x" * 2001),
        ("tags", "fox"),
        ("tags", [""]),
        ("tags", [3]),
        ("tags", 7),
        ("hidden", None),
        ("stars", 5),
    ],
)
def test_what_is_no_choice_is_refused_and_the_old_one_stays(
    made: tuple[VideoClient, list[Any]], field: str, value: object
) -> None:
    _, (job, *_) = made
    job.choose(rating=3)
    with pytest.raises(errors.InvalidRequestError) as caught:
        job.choose(**{field: value})
    assert caught.value.field == field
    assert field in str(caught.value)
    assert job.choice == Choice(rating=3)


@pytest.mark.parametrize("damaged", [{"rating": 9}, ["x"], {"kept": "?"}, None, {"of": "a later version"}])
def test_a_choice_that_cannot_be_read_costs_no_video(
    made: tuple[VideoClient, list[Any]], server: FaultServer, tmp_path: Path, damaged: object
) -> None:
    client, (job, *_) = made
    client.close()
    path = tmp_path / f"{job.record.name}.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "choice": damaged}))
    del job
    with client_of(server, tmp_path) as again:
        (known,) = [one for one in again.library if one.name == path.stem]
        assert known.choice == Choice()
        assert again.generate(fox()).wait(30).path.is_file()
        again.generate(fox()).choose(rating=5)
        assert json.loads(path.read_bytes())["choice"] == {"rating": 5}
    assert server.count("submit") == 3


def test_a_job_that_is_not_done_is_not_judged(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1), polls=10**6) as server:
        client = client_of(server, tmp_path)
        job = client.generate(fox())
        with pytest.raises(errors.JobError, match="This job is not done: it is "):
            job.choose(rating=5)
        client.close()


def test_a_video_that_is_being_brought_back_is_not_judged_meanwhile(
    made: tuple[VideoClient, list[Any]],
) -> None:
    _, (job, *_) = made
    job._renew()  # as if somebody had just asked for it again
    with pytest.raises(errors.JobError, match="its video is being brought back"):
        job.choose(rating=5)
    job._settle()
    job.choose(rating=5)


FIRST, LAST = datetime.min, datetime.max  # noqa: DTZ901


@pytest.mark.parametrize("end", [FIRST, LAST, FIRST.replace(tzinfo=timezone(timedelta(hours=14)))])
def test_the_ends_of_time_are_no_bounds(made: tuple[VideoClient, list[Any]], end: datetime) -> None:
    client, _ = made
    early = end.year == 1
    assert len(client.library.filter(since=end)) == (3 if early else 0)
    assert len(client.library.filter(until=end)) == (0 if early else 3)
    assert len(client.ledger.filter(since=end)) == (3 if early else 0)
    assert client.ledger.totals(until=end)["paid"].videos == (0 if early else 3)


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "typo"},
        {"text": 3},
        {"model": 3},
        {"rating": "high"},
        {"since": "today"},
        {"tag": 1},
        {"kept": 1},
    ],
)
def test_a_wrong_question_is_told_so(made: tuple[VideoClient, list[Any]], asked: dict[str, Any]) -> None:
    (field,) = asked
    with pytest.raises(errors.InvalidRequestError) as caught:
        made[0].library.filter(**asked)
    assert caught.value.field == field
