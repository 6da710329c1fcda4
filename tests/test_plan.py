"""Many videos before any is sent: rows of all kinds, products, what is there, what it costs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of

import runcrate_widget
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
    assert "\n  Row 2: prompt is empty. Describe what the video shows." in repr(plan)
    assert "cannot: Row 2: prompt is empty." in plan._repr_html_()


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
        ([{"text": "A fox"}], {"model": "Veo 3.0"}, "has no column 'prompt'; it has 'text'"),
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
    with pytest.raises(errors.SpendingLimitError, match=r"plan\(…\)\.run\(\) makes as many as the limit"):
        client.generate_many(PROMPTS, model="Veo 3.0")
    assert len(plan.run().wait(60).videos) == 1, "6 of 10 s"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("ten.csv", "pandas.read_csv('ten.csv')"),
        ("in/ten.TSV", "read_csv('in/ten.TSV', sep="),
        ("ten.parquet", "read_parquet"),
        ("ten.json", "read_json('ten.json')"),
        ("ten.jsonl", "lines=True"),
        ("ten.xlsx", "read_excel"),
        ("ten.txt", "read_text().splitlines()"),
        (Path("ten.csv"), "pandas.read_csv('ten.csv')"),
    ],
)
def test_the_name_of_a_file_is_no_prompt(client: VideoClient, name: Any, read: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match="which is a file and no prompt") as caught:
        client.plan(name, model="Veo 3.0")
    assert read in caught.value.hint


def test_a_file_that_is_there_is_no_prompt_and_a_list_of_its_name_is(
    client: VideoClient, tmp_path: Path
) -> None:
    file = tmp_path / "ten prompts"
    file.write_text("A fox")
    with pytest.raises(errors.InvalidRequestError, match="which is a file"):
        client.generate_many(str(file), model="Veo 3.0")
    assert len(client.plan([str(file)], model="Veo 3.0").new) == 1
    for prompt in ("A fox reads ten.csv", "x" * 5000, "A fox\0"):
        assert len(client.plan(prompt, model="Veo 3.0")) == 1


@pytest.mark.parametrize("prompts", [["A fox", "A {red|blue} cat"], [{"prompt": "A {red|blue} cat"}]])
def test_what_stands_for_several_prompts_is_not_paid_with_its_braces(
    client: VideoClient, server: FaultServer, prompts: list[Any]
) -> None:
    with pytest.raises(errors.InvalidRequestError, match=r"prompt has \{red\|blue\}") as caught:
        client.generate_many(prompts, model="Veo 3.0")
    assert "runcrate_widget.expand" in caught.value.hint
    assert server.count("submit") == 0
    expanded = client.plan(runcrate_widget.expand("A {red|blue} cat"), model="Veo 3.0")
    assert [one.prompt for one in expanded.requests] == ["A red cat", "A blue cat"]
    meant = VideoRequest("A {red|blue} cat", model="Veo 3.0")
    assert client.plan([meant, "A {red} cat"], model="Veo 3.0").requests[0] == meant


def test_a_prompt_that_comes_twice_is_told_as_repeated(client: VideoClient) -> None:
    plan = client.plan(["A fox", "A fox"], model="Veo 3.0")
    assert (plan.known, len(plan.new), plan.repeated) == (0, 1, 1)
    assert "0 there already, 1 to make, 1 repeated (takes=2 makes another), 6 s" in repr(plan)
    plan.run().wait(60)
    again = client.plan(["A fox", "A fox"], model="Veo 3.0")
    assert (again.known, len(again.new), again.repeated) == (1, 0, 1)


def test_a_plan_that_was_run_says_what_was_to_be_made(client: VideoClient) -> None:
    plan = client.plan(PROMPTS[:2], model="Veo 3.0")
    batch = plan.run().wait(60)
    assert batch.plan is plan
    assert re.match(
        r"<Plan run at \d\d:\d\d, when it was 2 videos: 0 there already, 2 to make, 12 s", repr(plan)
    )
    assert "sends it" not in plan._repr_html_()
    assert all(job.reused for job in plan.run().wait(60))
    assert "when it was 2 videos: 2 there already, 0 to make" in repr(plan)


def test_a_plan_is_a_sequence_and_a_table(client: VideoClient) -> None:
    client.generate(PROMPTS[0], model="Veo 3.0").wait(30)
    plan = client.plan([*PROMPTS[:2], PROMPTS[1], ""], model="Veo 3.0")
    assert [cell.row for cell in plan] == [0, 1, 2, 3]
    assert plan[0] is plan.cells[0] and plan[1:3] == plan.cells[1:3]
    frame = plan.to_frame()
    assert list(frame["status"]) == ["there already", "to make", "repeated", "refused"]
    assert list(frame["cost"].fillna(0)) == [0, 3.0, 0, 0]
    assert frame["error"][3] == "Row 3: prompt is empty."
    page = plan._repr_html_()
    assert all(f"<th style='text-align:left'>{name}</th>" in page for name in ("status", "cost"))
    cells = [part.split("</td>")[0] for part in page.split("<td style='text-align:left'>")[1:]]
    assert [row[3] for row in zip(*[iter(cells)] * 5, strict=True)] == [
        "there already",
        "to make",
        "repeated",
        "cannot: Row 3: prompt is empty. Describe what the video shows.",
    ]
    many = repr(client.plan([""] * 30 + ["A fox"], model="Veo 3.0"))
    assert "Row 4: prompt is empty" in many and "Row 5" not in many
    assert "and 25 more: to_frame() has them" in many
    late = client.plan(["A fox"] * 30 + [""], model="Veo 3.0")
    assert "Row 30: prompt is empty" in late._repr_html_()


@pytest.mark.parametrize(
    ("prompts", "how", "field", "match"),
    [
        (PROMPTS, {}, "model", "model is not given"),
        (["", "A fox"], {}, "model", "model is not given"),
        (PROMPTS, {"model": ["Veo 3.0", "Sora 2"]}, "model", "model is .*, which is more than one"),
        (PROMPTS, {"model": "Veo 3.0", "duration": [4]}, "duration", "which is more than one"),
        (PROMPTS, {"model": "Veeo"}, "model", "model is 'Veeo'"),
        (PROMPTS, {"model": "Veo 3.0", "duration": 7}, "duration", "^duration is 7"),
        (PROMPTS, {"models": ["Veo 3.0", "Veeo"]}, "models", "models has 'Veeo': model is"),
        (
            PROMPTS,
            {"models": ["Veo 3.0"], "durations": [4, 7]},
            "durations",
            "durations has 7: duration is 7",
        ),
        (PROMPTS, {"model": "Veo 3.0", "aspect_ratio": "4:3"}, "aspect_ratio", "^aspect_ratio is '4:3'"),
        ([{"prompt": "A", "model": "Veo 3.0"}], {"models": ["Sora 2"]}, "models", "a model of their own"),
    ],
)
def test_what_an_argument_makes_wrong_with_every_row_is_an_error_at_once(
    client: VideoClient, prompts: Any, how: dict[str, Any], field: str, match: str
) -> None:
    with pytest.raises(errors.InvalidRequestError, match=match) as caught:
        client.plan(prompts, **how)
    assert caught.value.field == field


def test_what_is_wrong_with_some_rows_stays_with_them(client: VideoClient) -> None:
    rows = [{"prompt": "A fox", "model": "Sora 2"}, {"prompt": "An owl", "model": "Veo 3.0"}, {"prompt": "A"}]
    plan = client.plan(rows, duration=12)
    assert [cell.error is None for cell in plan] == [True, False, False]
    assert len(client.plan(["A"], models=["Veo 3.0", "Kling v3"], durations=[4, 7]).problems) == 1
    assert len(client.plan([{"prompt": "A", "duration": 7}], model="Veo 3.0").problems) == 1


def test_a_plan_of_nothing_that_can_be_made_is_not_run(client: VideoClient) -> None:
    plan = client.plan(["", " "], model="Veo 3.0")
    assert len(plan.problems) == 2
    with pytest.raises(
        errors.InvalidRequestError, match=r"None of the 2 rows can be made\. Row 0: prompt is"
    ):
        plan.run()
    assert client.plan([], model="Veo 3.0").run().wait(30).done


@pytest.mark.parametrize("kind", ["list", "pandas", "polars", "pyarrow"])
def test_columns_of_ones_own_are_not_sent_and_come_back(client: VideoClient, kind: str) -> None:
    rows: list[dict[str, Any]] = [
        {"Prompt": "A fox", "id": "x", "weight": 1.0, "Aspect ratio": "9:16"},
        {"Prompt": "", "id": "y", "weight": 2.0, "Aspect ratio": None},
    ]
    plan = client.plan(rows if kind == "list" else table(kind, rows), model="Veo 3.0")
    assert plan.requests == [VideoRequest("A fox", model="Veo 3.0", aspect_ratio="9:16")]
    assert plan.not_sent == ("id", "weight")
    assert repr(plan).count("not sent: id, weight (fields of the API go into extra)") == 1
    for told in (plan.to_dicts(), plan.run().wait(60).to_dicts()):
        assert [(one["id"], one["weight"]) for one in told] == [("x", 1.0), ("y", 2.0)]
    assert told[0]["video_id"] and told[0]["status"] == "completed"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("aspect", "aspect_ratio"),
        ("durations", "duration"),
        ("Durration", "duration"),
        ("image_url", "image"),
        ("promt", "prompt"),
    ],
)
def test_a_column_that_is_almost_a_parameter_is_refused(client: VideoClient, name: str, meant: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match=f"column '{name}', which .* mean {meant}") as caught:
        client.plan([{"prompt": "A fox", name: 4}], model="Veo 3.0")
    assert "extra" in caught.value.hint
    assert "Row" not in str(caught.value)
    with pytest.raises(errors.InvalidRequestError, match="the column 'prompt' twice: 'prompt' and 'Prompt'"):
        client.plan([{"prompt": "A fox", "Prompt": "An owl"}], model="Veo 3.0")


@pytest.mark.parametrize("hole", [None, float("nan")])
def test_a_hole_in_a_column_of_prompts_is_a_problem_of_its_row(client: VideoClient, hole: Any) -> None:
    pandas = pytest.importorskip("pandas")
    given = ["A fox", hole, "An owl"]
    for prompts in (given, pandas.Series(given), pandas.Series(given, dtype="string")):
        plan = client.plan(prompts, model="Veo 3.0")
        assert len(plan.new) == 2
        assert [str(cell.error) for cell in plan.problems] == [
            "Row 1: prompt is not given. Describe what the video shows."
        ]


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
