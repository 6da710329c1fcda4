"""The grid of a batch in a real JupyterLab: watched, judged, read by code, kept and opened again."""

from __future__ import annotations

import json

import pytest
from access import check_access
from fault_server import KEY, FaultServer
from lab import BLOCK, Lab
from playwright.sync_api import expect
from videos import small_mp4

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SHOW = (
    "from runcrate_widget import VideoClient\n"
    "client = VideoClient(demo=True)\n"
    "batch = client.generate_many(['A fox', 'An <b>owl</b>'], models=['Veo 3.0', 'Kling v3'], duration=4)\n"
    "batch"
)
READ = "print([job.choice.kept for job in batch], batch[0].rating)"


def test_a_batch_is_watched_judged_and_read_and_stays_when_it_is_opened_again(lab: Lab) -> None:
    notebook = lab.open("grid/grid.ipynb", [SHOW, READ])
    notebook.run(0)
    shown = notebook.output(0).locator(".runcrate-widget")
    expect(shown.get_by_role("columnheader")).to_have_text(["Prompt", "Veo 3.0", "Kling v3"])
    expect(shown.get_by_role("rowheader")).to_have_text(["A fox", "An <b>owl</b>"])
    expect(shown.locator(".rw-how")).to_contain_text("4 of 4 done", timeout=120_000)
    tiles = shown.get_by_role("gridcell")
    expect(tiles.locator("img")).to_have_count(4, timeout=60_000)

    tiles.nth(2).hover()  # nothing plays large: it plays there
    loop = tiles.nth(2).locator("video")
    lab.page.wait_for_function("video => video.currentTime > 0", arg=loop.element_handle(timeout=30_000))
    tiles.nth(3).click()
    player = shown.get_by_label("The chosen video")
    expect(player.locator("video")).to_be_visible(timeout=60_000)
    player.get_by_role("button", name="Reject").click()
    tiles.first.focus()
    lab.page.keyboard.press("k")
    lab.page.keyboard.press("5")
    expect(tiles.first.locator(".rw-kept")).to_be_visible()
    notebook.run(1)
    assert notebook.text(1).strip() == "[True, None, None, False] 5"
    notebook.set_source(1, "batch[1].choose(kept=True)")
    notebook.run(1)
    expect(tiles.nth(1).locator(".rw-kept"), "what code says is seen").to_be_visible()

    for theme in ("light", "dark"):
        notebook.theme(theme)
        check_access(lab.page, shown)
    notebook.theme("light")
    saved = notebook.save()
    assert len(json.dumps(saved)) < 150_000
    lab.server.stop_kernels()
    again = lab.open("grid/grid.ipynb")
    table = again.output(0).locator("table")
    expect(table.locator("th")).to_have_text(["", "Veo 3.0", "Kling v3"])
    expect(table.locator("video")).to_have_count(4)
    expect(again.output(0)).to_contain_text("Batch of 4: 4 completed")
    video = table.locator("video").first
    video.evaluate("video => video.play()")
    lab.page.wait_for_function("video => video.currentTime > 0", arg=video.element_handle())


BEST = """
from runcrate_widget import VideoClient
client = VideoClient(max_concurrent=1)
found = client.best_of("A fox", model="Veo 3.0", duration=4, takes=9, at_a_time=3)
found"""


def test_who_keeps_one_in_the_grid_stops_best_of(lab: Lab) -> None:
    with FaultServer(video=small_mp4(1)) as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        read = "found.wait(60)\nprint(found.best.take, found.best.choice.kept, found.stopped.kind)"
        notebook = lab.open("grid/best.ipynb", [BEST, read], env=environment)
        server.polls = 10**6
        notebook.run(0)
        shown = notebook.output(0).locator(".runcrate-widget")
        tiles = shown.get_by_role("gridcell")
        expect(tiles).to_have_count(9)
        expect(tiles.nth(0)).to_contain_text("processing", timeout=60_000)
        expect(tiles.nth(2)).to_contain_text("waiting")
        (first,) = server.jobs
        server.jobs[first] = 0
        expect(tiles.nth(0).locator("img")).to_have_count(1, timeout=60_000)
        expect(tiles.nth(1)).to_contain_text("processing", timeout=60_000)
        tiles.nth(0).focus()
        lab.page.keyboard.press("k")
        expect(tiles.nth(2)).to_contain_text("cancelled", timeout=60_000)
        _, second = server.jobs
        server.jobs[second] = 0
        expect(shown.get_by_text("Take 1 was kept: no more are made.")).to_be_visible(timeout=60_000)
        notebook.run(1)
        assert notebook.text(1).strip() == "1 True kept"
        assert server.count("submit") == 2, "the one that was kept, and the one that was under way"


FILL = """
from runcrate_widget import VideoClient
client = VideoClient()
display(client.generate_many(["A fox", "An owl"], models=["Veo 3.0", "Kling v3"], duration=4))
"""


def test_it_fills_while_a_cell_runs_in_a_kernel_that_answers_nothing_then(
    lab: Lab, old_ipykernel: dict[str, str]
) -> None:
    with FaultServer(video=small_mp4(1)) as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url} | old_ipykernel
        notebook = lab.open("fill/fill.ipynb", [FILL + BLOCK], env=environment)
        server.polls = 10**6
        notebook.run(0, wait=False)
        shown = notebook.output(0).locator(".runcrate-widget")
        tiles = shown.get_by_role("gridcell")
        expect(tiles).to_have_count(4, timeout=60_000)
        expect(tiles.filter(has_text="processing")).to_have_count(4, timeout=60_000)
        for id in server.jobs:
            server.jobs[id] = 0
        expect(shown.locator(".rw-how")).to_contain_text("4 of 4 done", timeout=60_000)
        expect(tiles.locator(".rw-foot")).to_have_count(4)
        tiles.first.focus()
        lab.page.keyboard.press("k")
        expect(tiles.first.locator(".rw-kept"), "seen at once").to_be_visible()
        assert notebook.is_running(0)
        (lab.server.root / "fill" / "go.txt").touch()
        notebook.wait_done(0)
        expect(tiles.locator("img")).to_have_count(4, timeout=60_000)
        expect(tiles.first.locator(".rw-kept")).to_be_visible()
