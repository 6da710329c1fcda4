"""What the kernel tells a batch's grid, and does as it asks."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of
from test_messages import python_fields
from test_widget import Conversation

from runcrate_widget import VideoClient, VideoWidget
from runcrate_widget.jobs.batch import Batch
from runcrate_widget.notebook import messages
from runcrate_widget.notebook.batch_view import bundle
from runcrate_widget.notebook.batch_widget import BatchWidget

pytestmark = pytest.mark.usefixtures("quick")

LONG = "A fox in the snow, " + "and more of it, " * 40


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> VideoClient:
    return client_of(server, tmp_path, prices={"Veo 3.0": 0.5}, max_concurrent=2)


def shown(batch: Batch, client: VideoClient) -> BatchWidget:
    return BatchWidget(batch, client, lambda: bundle(batch, {}))


def told(widget: BatchWidget, condition: Any) -> dict[str, Any]:
    """What the trait has, once it is so."""
    came = threading.Event()

    def look(_: object = None) -> None:
        if condition(widget._grid):
            came.set()

    widget.observe(look, "_grid")
    look()
    assert came.wait(30), widget._grid
    widget.unobserve(look, "_grid")
    grid: dict[str, Any] = widget._grid
    return grid


def kept(grid: dict[str, Any]) -> list[Any]:
    by_place = sorted(grid["cells"], key=lambda cell: cell["at"])
    return [cell["job"]["kept"] if cell["job"] else None for cell in by_place]


def test_it_is_told_as_it_comes_and_what_a_person_or_code_makes_of_it(client: VideoClient) -> None:
    batch = client.generate_many([LONG, "An owl"], models=["Veo 3.0", "Sora 2"])
    widget = shown(batch, client)
    assert (widget._grid["rows"], widget._grid["columns"]) == (2, ["Veo 3.0", "Sora 2"])
    grid = told(widget, lambda grid: grid["over"] and len(grid["cells"]) == 4)
    assert set(grid) == set(python_fields(messages.GridRow))
    assert grid["line"] == "4 of 4 done · $6.00, 2 without a price"
    first = min(grid["cells"], key=lambda cell: cell["at"])
    assert set(first) == set(python_fields(messages.CellRow))
    assert len(first["prompt"].encode()) < 250, "its beginning: the trait may be saved"
    assert first["job"]["key"] == batch[0].key

    view = Conversation(widget)
    whole, _ = view.say("batch", start=0, count=1)
    assert [cell["prompt"] for cell in whole["cells"]] == [batch[0].request.prompt]
    answer, _ = view.say("choose", keys=[batch[0].key], changes={"kept": True})
    assert answer["ok"]
    assert batch[0].choice.kept is True
    batch[3].choose(kept=False)
    told(widget, lambda grid: kept(grid) == [True, None, None, False])
    widget.close()


def test_cancel_takes_back_what_waits(client: VideoClient, server: FaultServer) -> None:
    server.polls = 10**6
    batch = client.generate_many([f"A fox {n}" for n in range(6)], model="Veo 3.0")
    widget = shown(batch, client)
    told(widget, lambda grid: "2 running · 4 waiting" in grid["line"])
    answer, _ = Conversation(widget).say("cancel_batch")
    assert answer["ok"]
    grid = told(widget, lambda grid: grid["waiting"] == 0)
    assert "4 cancelled" in grid["line"]
    for id in server.jobs:
        server.jobs[id] = 0
    batch.wait(60)
    assert server.count("submit") == 2
    widget.close()


def test_a_row_that_cannot_be_made_says_why(client: VideoClient) -> None:
    batch = client.generate_many(["A fox", {"prompt": "An owl", "duration": 7}], model="Veo 3.0").wait(60)
    grid = told(shown(batch, client), lambda grid: grid["version"] > 0)
    assert "1 refused" in grid["line"]
    answer, _ = Conversation(shown(batch, client)).say("batch", start=1, count=60)
    (refused,) = answer["cells"]
    assert (refused["status"], refused["job"]) == ("refused", None)
    assert "duration is 7" in refused["error"]["message"]
    assert refused["error"]["hint"]


def test_another_widget_has_no_grid(client: VideoClient) -> None:
    answer, _ = Conversation(VideoWidget(client=client)).say("batch", start=0, count=1)
    assert not answer["ok"]
    assert answer["error"]["message"] == "This widget shows no batch."


def test_it_ends_with_its_cell_and_hears_nothing_more(client: VideoClient) -> None:
    batch = client.generate_many(["A fox"], model="Veo 3.0").wait(60)
    before = len(batch._track._listeners)
    widget = shown(batch, client)
    assert len(batch._track._listeners) == before + 1
    widget._outputs = 1
    widget._replaced()
    assert widget.comm is None
    assert len(batch._track._listeners) == before
