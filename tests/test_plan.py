"""Many videos before any is sent: rows of all kinds, products, what is there, what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of

from runcrate_widget import VideoClient, VideoRequest, errors

pytestmark = pytest.mark.usefixtures("quick")

PROMPTS = ["A fox in the snow", "An owl at night", "A heron by the sea"]


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> VideoClient:
    return client_of(server, tmp_path, prices={"Veo 3.0": 0.5})


def table(kind: str, rows: list[dict[str, Any]]) -> Any:
    module = pytest.importorskip(kind)
    return module.Table.from_pylist(rows) if kind == "pyarrow" else module.DataFrame(rows)


def test_a_plan_sends_nothing_and_says_what_it_would(client: VideoClient, server: FaultServer) -> None:
    client.generate(PROMPTS[0], model="Veo 3.0", duration=4).wait(30)
    plan = client.plan(PROMPTS, models=["Veo 3.0"], durations=[4, 6], takes=2)
    assert len(plan) == 12
    assert plan.columns == (
        "Veo 3.0 · 4 s · take 1",
        "Veo 3.0 · 4 s · take 2",
        "Veo 3.0 · 6 s · take 1",
        "Veo 3.0 · 6 s · take 2",
    )
    assert (plan.known, len(plan.new), plan.problems) == (1, 11, [])
    assert plan.seconds == 3 * 2 * (4 + 6) - 4
    assert plan.cost == pytest.approx(0.5 * 56)
    assert repr(plan) == "<Plan 12 videos: 1 there already, 11 to make, 56 s of video, $28.00>"
    assert "A fox in the snow" in plan._repr_html_()
    assert server.count("submit") == 1


def test_the_product_goes_row_by_row_and_each_model_takes_what_it_makes(client: VideoClient) -> None:
    plan = client.plan(PROMPTS[:2], models=["Veo 3.0", "Sora 2"], aspect_ratio="9:16")
    assert [(one.prompt, one.model, one.duration) for one in plan.requests] == [
        (PROMPTS[0], "google/veo-3.0", 6),
        (PROMPTS[0], "openai/sora-2", 4),
        (PROMPTS[1], "google/veo-3.0", 6),
        (PROMPTS[1], "openai/sora-2", 4),
    ]
    assert {one.aspect_ratio for one in plan.requests} == {"9:16"}
    assert [(cell.row, cell.column) for cell in plan.cells] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert plan.cost is None
    assert "cost not known" in repr(plan)


def test_one_bad_row_says_which_and_stops_no_other(client: VideoClient) -> None:
    rows: list[Any] = [
        "A fox",
        {"prompt": "An owl", "duration": 7},
        {"prompt": " "},
        {"prompt": "A crow", "take": 0},
    ]
    plan = client.plan(rows, model="Veo 3.0")
    assert [request.prompt for request in plan.requests] == ["A fox"]
    told = [str(cell.error) for cell in plan.problems]
    assert told[0].startswith("Row 1: duration is 7; Veo 3.0 makes videos of 4, 6 or 8 s.")
    assert told[1].startswith("Row 2: prompt is empty.")
    assert told[2].startswith("Row 3: take is 0;")
    assert "3 that cannot be made" in repr(plan)
    assert "Row 2: prompt is empty." in plan._repr_html_()


@pytest.mark.parametrize("kind", ["list", "pandas", "polars", "pyarrow"])
def test_any_table_gives_the_same_rows(client: VideoClient, kind: str) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": "A fox", "model": "Veo 3.0", "duration": 4, "take": 2},
        {"prompt": "An owl", "model": "Sora 2", "duration": None, "take": 1},
    ]
    plan = client.plan(rows if kind == "list" else table(kind, rows))
    assert [(cell.request, cell.take) for cell in plan.cells] == [
        (VideoRequest("A fox", model="Veo 3.0", duration=4), 2),
        (VideoRequest("An owl", model="Sora 2"), 1),
    ]


def test_requests_are_taken_as_they_are_or_with_what_is_given(client: VideoClient) -> None:
    request = VideoRequest("A fox", model="Veo 3.0", extra={"seed": 7})
    assert client.plan([request, "An owl"], model="Veo 3.0").requests[0] == request
    plan = client.plan([request], durations=[4, 8])
    assert [(one.duration, dict(one.extra)) for one in plan.requests] == [(4, {"seed": 7}), (8, {"seed": 7})]
    assert client.plan("A fox", models=["Veo 3.0"]).requests == [VideoRequest("A fox", model="Veo 3.0")]


@pytest.mark.parametrize(
    ("prompts", "how", "match"),
    [
        (5, {}, "prompts is 5"),
        ({"prompt": "A fox"}, {}, "prompts is one dictionary"),
        ([3], {}, "Row 0 of prompts is 3"),
        ([{"prompt": "A fox", "durations": 4}], {}, "'durations', which is no parameter"),
        (["A fox"], {"models": "Veo 3.0"}, "models is 'Veo 3.0'; it must be a list"),
        (["A fox"], {"models": []}, r"models is \[\]"),
        (["A fox"], {"model": "Veo 3.0", "models": ["Sora 2"]}, "Both model and models"),
        (["A fox"], {"model": "Veo 3.0", "takes": 0}, "takes is 0"),
        (["A fox"], {"model": "Veo 3.0", "takes": True}, "takes is True"),
    ],
)
def test_what_is_no_list_of_prompts_is_refused(
    client: VideoClient, prompts: Any, how: dict[str, Any], match: str
) -> None:
    with pytest.raises(errors.InvalidRequestError, match=match):
        client.plan(prompts, **how)


def test_what_would_go_over_a_limit_is_said_before(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_seconds=10)
    plan = client.plan(PROMPTS, model="Veo 3.0")
    assert isinstance(plan.over_limit, errors.SpendingLimitError)
    with pytest.raises(errors.SpendingLimitError):
        client.generate_many(PROMPTS, model="Veo 3.0")
    assert server.count("submit") == 0


def test_a_request_is_replaced_and_checked_anew() -> None:
    request = VideoRequest("A fox", model="Veo 3.0", duration=8, extra={"seed": 7})
    assert request.replace(prompt="An owl") == VideoRequest(
        "An owl", model="Veo 3.0", duration=8, extra={"seed": 7}
    )
    with pytest.raises(errors.InvalidRequestError, match="duration is 7"):
        request.replace(duration=7)
    with pytest.raises(errors.InvalidRequestError, match="no 'takes'"):
        request.replace(takes=2)
    other = VideoRequest("A fox", model="Veo 3.0", image="https://example.com/a.png")
    assert other.replace(duration=4).image == "https://example.com/a.png"
    assert other.replace(image=None).image is None


def test_one_call_makes_one_video_and_says_what_makes_more(client: VideoClient, server: FaultServer) -> None:
    with pytest.raises(errors.InvalidRequestError, match="takes is 2, and generate") as caught:
        client.generate("A fox", model="Veo 3.0", takes=2)
    assert "generate_many" in caught.value.hint
    with pytest.raises(errors.InvalidRequestError, match="prompt is 3 things"):
        client.generate(PROMPTS, model="Veo 3.0")  # type: ignore[arg-type]
    assert server.count("submit") == 0


@pytest.mark.parametrize("timeout", ["3", -1, float("nan"), True, 1e300])
def test_a_timeout_is_a_number_of_seconds(client: VideoClient, timeout: Any) -> None:
    job = client.generate("A fox", model="Veo 3.0")
    for wait in (job.wait, client.generate_many(["A fox"], model="Veo 3.0").wait):
        with pytest.raises(errors.InvalidRequestError, match="timeout is"):
            wait(timeout)
    assert job.wait(float("inf"))
