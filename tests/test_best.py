"""Takes of one prompt until one is good enough or the budget is spent."""

from __future__ import annotations

import threading
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
    assert found.scores == {found[0]: 0.2, found[1]: 0.4, found[2]: 0.9}
    assert found.stopped and found.stopped.kind == "kept"
    assert found.stopped.message == "Take 3 scored 0.9, which is enough: no more are made."
    assert found.problems == [], "it is what was wanted"
    said = "the best is take 3, score 0.9; $9.00 spent; Take 3 scored 0.9, which is enough: no more are made"
    assert repr(found) == f"<Best of 20: 3 completed, 17 not begun; {said}>"
    assert list(found.to_frame()["score"].dropna()) == [0.2, 0.4, 0.9]


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


def broken(video: Video) -> Any:
    del video
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (broken, "ZeroDivisionError: division by zero."),
        (lambda video: video.nope, "AttributeError: 'Video' object has no attribute 'nope'."),
        (lambda video: "x", "ValueError: it gave 'x', which is no finite number."),
        (lambda video: None, "TypeError: float() argument"),
        (lambda video: float("nan"), "ValueError: it gave nan, which is no finite number."),
    ],
)
def test_a_score_that_cannot_be_had_buys_no_more(
    client: VideoClient, server: FaultServer, capfd: pytest.CaptureFixture[str], score: Any, told: str
) -> None:
    found = client.best_of("A fox", model="Veo 3.0", takes=4, score=score, enough=1).wait(60)
    assert server.count("submit") == 1
    assert found.stopped is not None and found.stopped.kind == "score"
    assert found.stopped.message.startswith(f"The score of take 1 could not be had: {told}")
    assert isinstance(found.stopped.__cause__, Exception)
    assert found.problems == [found.stopped]
    assert (found.best, found.scores) == (None, {})
    assert "Traceback" not in capfd.readouterr().err
    mended = client.best_of("A fox", model="Veo 3.0", takes=2, score=Scores(1, 2)).wait(60)
    assert (server.count("submit"), mended.best, mended.stopped) == (2, mended[1], None)


def test_of_several_at_a_time_those_that_wait_are_not_sent_when_a_score_cannot_be_had(
    server: FaultServer, tmp_path: Path
) -> None:
    client = client_of(server, tmp_path, max_concurrent=1)
    begun = threading.Event()  # all three: then the second waits for its turn at least
    server.polls = 10**6
    found = client.best_of("A fox", model="Veo 3.0", takes=6, at_a_time=3, score=broken)
    while not (server.jobs and begun.is_set()):
        with found._track.changed:
            if len(found._track.open) == 3:
                begun.set()
            found._track.changed.wait(1)
    server.polls = 0
    for id in list(server.jobs):
        server.jobs[id] = 0
    found.wait(60)
    assert found.stopped and found.stopped.kind == "score"
    assert server.count("submit") <= 2, "the first, and the one that was sent as soon as that was done"


def test_the_last_that_is_broken_and_the_one_that_is_kept_are_told(client: VideoClient) -> None:
    found = client.best_of("A fox", model="Veo 3.0", takes=1, score=broken).wait(60)
    assert found.stopped and found.stopped.kind == "score"
    assert found.best is None
    found[0].choose(kept=True)
    assert found.best is found[0]


def test_what_waits_for_its_turn_is_in_the_budget(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, prices={"Veo 3.0": 0.5}, max_concurrent=1)
    found = client.best_of("A fox", model="Veo 3.0", duration=4, budget=4.5, at_a_time=5).wait(60)
    assert (server.count("submit"), found.spent) == (2, 4.0)


def test_in_the_demo_the_budget_is_what_it_would_cost(tmp_path: Path) -> None:
    pytest.importorskip("av")
    with VideoClient(demo=True, library=tmp_path, prices={"Veo 3.0": 0.4}) as client:
        plan = client.plan(["A fox"], model="Veo 3.0", duration=4, takes=20)
        assert "would cost $32.00 (the demo costs nothing)" in repr(plan)
        found = client.best_of("A fox", model="Veo 3.0", duration=4, takes=5, budget=1.7).wait(60)
        assert len(found.videos) == 1
        assert found.spent == pytest.approx(1.6)
        assert found.stopped is not None
        assert found.stopped.message == (
            "The next take would cost $1.60, and $1.60 of $1.70 would be spent (in the demo nothing is paid)."
        )
        assert "would cost $1.60, in the demo nothing is paid" in repr(found)


def test_it_takes_one_prompt(client: VideoClient) -> None:
    with pytest.raises(errors.InvalidRequestError, match=r"best_of\(\) takes one prompt") as caught:
        client.best_of(["A fox", "An owl"], model="Veo 3.0")  # type: ignore[arg-type]
    assert "generate_many" in caught.value.hint


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
