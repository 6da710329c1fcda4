"""Hundreds of jobs in a real JupyterLab: they are counted, a few are shown, and they outlast a reload."""

from __future__ import annotations

import pytest
from access import check_access
from fault_server import KEY, FaultServer
from lab import Lab
from playwright.sync_api import expect
from videos import small_mp4

MANY = """
from runcrate_widget import VideoClient, VideoWidget
w = VideoWidget(client=VideoClient(max_concurrent=1), prompt='A fox', takes=8)
for _ in range(38): w.generate()
w"""


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_three_hundred_wait_are_cancelled_at_once_and_come_again_after_a_reload(lab: Lab, by: str) -> None:
    with FaultServer(video=small_mp4(2, 160, 90), polls=10**6) as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        notebook = lab.open(f"long-{by}/long.ipynb", [MANY], env=environment)
        notebook.run(0, timeout=120)
        shown = notebook.output(0).locator(".runcrate-widget")
        rows = shown.locator(".rw-run")
        stripe = shown.get_by_role("region", name="In the making")
        expect(stripe).to_contain_text("1 running · 303 waiting", timeout=60_000)
        expect(rows).to_have_count(4)
        expect(rows.first.locator(".rw-stage")).to_contain_text("processing", timeout=30_000)

        def press(name: str) -> None:
            button = stripe.get_by_role("button", name=name)
            if by == "mouse":
                button.click()
            else:
                button.focus()
                lab.page.keyboard.press("Enter")

        press("Show all")
        expect(rows).to_have_count(60)
        expect(stripe).to_contain_text("and 244 more")
        check_access(lab.page, shown)
        notebook.save()
        lab.page.reload()
        notebook.wait_ready()
        expect(stripe).to_contain_text("1 running · 303 waiting", timeout=60_000)
        expect(rows).to_have_count(4)

        press("Cancel the 303")
        expect(stripe).not_to_contain_text("waiting", timeout=60_000)
        expect(rows).to_have_count(1)
        server.jobs["vid_000001"] = 0
        expect(shown.locator("video")).to_have_count(1, timeout=60_000)
        expect(stripe).to_have_count(0)
        assert server.count("submit") == 1
