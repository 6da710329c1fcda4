"""Takes of one prompt until one is good enough or the budget is spent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of

from runcrate_widget import Video, VideoClient, errors

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> VideoClient:
    return client_of(server, tmp_path, prices={"Veo 3.0": 0.5, "Sora 2": 1.0})


class Scores:
    """A score that is given for each video in turn."""

    def __init__(self, *scores: float) -> None:
        self._scores = iter(scores)
        self.asked: list[Video] = []

    def __call__(self, video: Video) -> float:
        self.asked.append(video)
        return next(self._scores)


def test_it_stops_when_the_budget_is_spent_and_goes_on_with_more(
    client: VideoClient, server: FaultServer
) -> None:
    found = client.best_of("A fox", model="Veo 3.0", duration=4, budget=7.0).wait(60)
    assert server.count("submit") == 3, "3 × $2.00"
    assert found.spent == 6.0
    assert (
        found.stopped
        and found.stopped.message == "The next take would cost $2.00, and $6.00 of $7.00 are spent."
    )
    assert client.best_of("A fox", model="Veo 3.0", duration=4, budget=7.0).wait(60).spent == 6.0
    assert server.count("submit") == 3
    more = client.best_of("A fox", model="Veo 3.0", duration=4, budget=9.0).wait(60)
    assert (server.count("submit"), more.spent) == (4, 8.0)


def test_it_stops_when_one_scores_enough_which_is_kept(client: VideoClient, server: FaultServer) -> None:
    scores = Scores(0.2, 0.4, 0.9, 1.0)
    found = client.best_of("A fox", model="Veo 3.0", score=scores, enough=0.8).wait(60)
    assert server.count("submit") == 3
    assert found.best and (found.best.take, found.best.choice.kept) == (3, True)
    assert sorted(found.scores.values()) == [0.2, 0.4, 0.9]
    assert found.stopped and found.stopped.kind == "kept"


def test_it_stops_when_a_person_keeps_one(client: VideoClient, server: FaultServer) -> None:
    found = client.best_of("A fox", model="Veo 3.0", takes=5)
    first = next(iter(found.as_completed()))
    first.choose(kept=True)
    found.wait(60)
    assert server.count("submit") < 5
    assert found.best is first
    again = client.best_of("A fox", model="Veo 3.0", takes=5).wait(60)
    assert again.best is first
    assert server.count("submit") < 5, "the same call again makes no more"


def test_once_one_is_kept_what_waits_for_its_turn_is_not_sent(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path, max_concurrent=1)
    found = client.best_of("A fox", model="Veo 3.0", takes=6, at_a_time=3)
    while not server.jobs:
        with found._track.changed:
            found._track.changed.wait(1)
    (first,) = server.jobs
    server.jobs[first] = 0
    kept = next(iter(found.as_completed()))
    while len(server.jobs) < 2:  # the next is under way, two more wait behind it
        with found._track.changed:
            found._track.changed.wait(1)
    kept.choose(kept=True)
    with found._track.changed:
        assert found._track.changed.wait_for(
            lambda: all(job.status != "waiting" for job in found._track.open.values()), 30
        )
    server.jobs[[*server.jobs][1]] = 0
    found.wait(60)
    assert found.best is kept
    assert found.stopped and found.stopped.kind == "kept"
    assert server.count("submit") == 2
    assert found.counts["cancelled"] >= 1


def test_without_a_limit_all_are_made_and_the_best_is_that_of_the_highest_score(client: VideoClient) -> None:
    found = client.best_of("A fox", models=["Veo 3.0", "Sora 2"], takes=2, score=Scores(3, 1, 7, 5)).wait(60)
    assert [(job.request.model, job.take) for job in found] == [
        ("google/veo-3.0", 1),
        ("google/veo-3.0", 2),
        ("openai/sora-2", 1),
        ("openai/sora-2", 2),
    ]
    assert found.best is found[2]
    found[2].choose(kept=False)
    assert found.best is found[3], "what was rejected is not it"


def test_a_score_that_fails_stops_nothing(client: VideoClient) -> None:
    def broken(video: Video) -> float:
        raise ZeroDivisionError(str(video.path))

    found = client.best_of("A fox", model="Veo 3.0", takes=2, score=broken).wait(60)
    assert len(found.videos) == 2
    assert found.scores == {}


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ({"budget": "15"}, "budget is '15'"),
        ({"budget": float("nan")}, "budget is nan"),
        ({"score": 3}, "score is 3"),
        ({"enough": 0.5}, "there is no score"),
        ({"at_a_time": 0}, "at_a_time is 0"),
        ({"takes": "3"}, "takes is '3'"),
        ({"duration": 7}, "duration is 7"),
        ({"model": "Kling v3", "budget": 5}, "the price of Kling v3 is not known"),
    ],
)
def test_what_is_not_allowed_is_refused_before_anything_is_sent(
    client: VideoClient, server: FaultServer, how: dict[str, Any], match: str
) -> None:
    with pytest.raises(errors.InvalidRequestError, match=match):
        client.best_of("A fox", **{"model": "Veo 3.0", **how})
    assert server.count("submit") == 0
