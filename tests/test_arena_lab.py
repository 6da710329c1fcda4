"""The arena, the money and the library's wall in a real JupyterLab, by mouse and by the keyboard alone."""

from __future__ import annotations

import json
import time

import pytest
from access import check_access
from fault_server import KEY, FaultServer
from lab import Lab
from playwright.sync_api import Locator, expect
from shown import seen
from videos import small_mp4

MAKE = (
    "from runcrate_widget import VideoClient, VideoWidget\n"
    "from runcrate_widget.jobs import polling\n"
    "polling.SHORTEST = 0.01\n"
    "client = VideoClient(prices={'Veo 3.0': 0.4})\n"
    "for prompt in ('A fox', 'An owl'):\n"
    "    for model in ('Veo 3.0', 'Sora 2'):\n"
    "        client.generate(prompt, model=model, duration=4).wait(60)"
)


def shown(output: Locator) -> Locator:
    found = output.locator(".runcrate-widget")
    expect(found).to_be_visible(timeout=30_000)
    return found


@pytest.mark.browser
@pytest.mark.slow
def test_two_are_judged_and_the_money_is_told(lab: Lab) -> None:
    with FaultServer(video=small_mp4()) as server:
        env = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        cells = [MAKE, "VideoWidget(client=client)", "client.library", "print(client.library.ranking())"]
        notebook = lab.open("main/arena.ipynb", cells, env=env)
        for cell in (0, 1):
            notebook.run(cell)
        page = lab.page
        widget = shown(notebook.output(1))

        # By mouse.
        widget.get_by_role("button", name="Which is better?").click()
        arena = widget.get_by_role("region", name="Arena")
        expect(arena).to_contain_text("0 compared between models · 2 pairs left", timeout=30_000)
        seen(arena)
        expect(arena.locator(".rw-two")).not_to_contain_text("Veo")
        check_access(page, arena)
        arena.get_by_role("button", name="Left").click()
        expect(arena).to_contain_text("1 compared between models · 1 pair left")
        expect(arena.locator(".rw-ranking > li")).to_have_count(2)

        # By the keyboard alone.
        seen(arena)
        arena.focus()
        page.keyboard.press("=")
        expect(arena).to_contain_text("2 compared between models · every pair was shown")
        page.keyboard.press("Escape")
        expect(arena).to_have_count(0)
        money_button = widget.get_by_role("button", name="What it has cost")
        money_button.focus()
        page.keyboard.press("Enter")
        money = widget.get_by_role("region", name="Money")
        expect(money.get_by_role("region", name="This session")).to_contain_text(
            "4 videos · 16 s · 2 without"
        )
        expect(money.get_by_role("region", name="This library")).to_contain_text("$3.20")
        check_access(page, money)
        price = money.get_by_label("Sora 2", exact=True)
        price.focus()
        page.keyboard.type("0.25")
        page.keyboard.press("Tab")
        expect(price).to_have_value("0.25")
        notebook.run(3)
        assert "of 2 comparisons" in notebook.text(3)
        prices = notebook.path.parent / "runcrate_videos" / "prices.txt"
        end = time.monotonic() + 30
        while not prices.exists() and time.monotonic() < end:
            page.wait_for_timeout(20)
        assert json.loads(prices.read_text()) == {"openai/sora-2": 0.25}

        # The library: the same without the form. What is asked of it reaches its files.
        notebook.run(2)
        wall = shown(notebook.output(2))
        expect(wall.get_by_role("region", name="Videos")).to_be_visible(timeout=30_000)
        expect(wall.locator("textarea")).to_have_count(0)
        expect(notebook.output(2).locator("table")).to_be_hidden()
        wall.get_by_role("button", name="Which is better?").click()
        seen(wall.get_by_role("region", name="Arena"))
        check_access(page, wall)
