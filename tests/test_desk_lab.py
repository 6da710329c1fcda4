"""The desk in a real JupyterLab: by mouse, by keyboard alone, and while a cell runs."""

from __future__ import annotations

from access import check_access
from fault_server import KEY, FaultServer
from lab import BLOCK, Lab
from playwright.sync_api import expect
from videos import small_mp4

MANY = """
from runcrate_widget import VideoClient, VideoWidget
client = VideoClient()
prompts = [f"A {'lighthouse' if n == 7 else 'fox'}, number {n}" for n in range(12)]
jobs = [client.generate(prompt, model="Veo 3.0", duration=4) for prompt in prompts]
for job in jobs: job.wait(60)
w = VideoWidget(client=client, prompt="An owl")
w"""


def test_the_wall_is_watched_searched_and_judged_and_what_ends_meanwhile_comes_first(lab: Lab) -> None:
    with FaultServer(video=small_mp4(2, 160, 90)) as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        notebook = lab.open("desk/desk.ipynb", [MANY, "w.generate()\n" + BLOCK], env=environment)
        notebook.run(0, timeout=180)
        shown = notebook.output(0).locator(".runcrate-widget")
        tiles = shown.locator(".rw-tile")
        expect(tiles).to_have_count(12, timeout=60_000)
        expect(tiles.first).to_contain_text("number 11")
        expect(tiles.first.locator("img")).to_have_count(1, timeout=60_000)

        tiles.nth(2).click()
        expect(tiles.nth(2)).to_have_attribute("aria-current", "true")
        expect(shown.locator(".rw-show video")).to_have_count(1, timeout=60_000)
        # It is served by the page's own server: so are the others, and the one under the pointer plays.
        tiles.nth(4).hover()
        loop = tiles.nth(4).locator("video")
        lab.page.wait_for_function("video => video.currentTime > 0", arg=loop.element_handle(timeout=30_000))
        assert loop.evaluate("video => video.muted && video.loop")

        search = shown.get_by_label("Search")
        search.focus()
        lab.page.keyboard.type("lighth")
        expect(tiles).to_have_count(1)
        lab.page.keyboard.press("Control+A")
        lab.page.keyboard.press("Backspace")
        expect(tiles).to_have_count(12)
        for _ in range(12):  # from the search to the wall: its one stop
            lab.page.keyboard.press("Tab")
            if shown.evaluate("root => root.querySelector('.rw-tile:focus') !== null"):
                break
        lab.page.keyboard.press("Home")
        expect(tiles.first).to_be_focused()
        lab.page.keyboard.press("ArrowRight")
        lab.page.keyboard.press("k")
        lab.page.keyboard.press("5")
        expect(tiles.nth(1).locator(".rw-kept")).to_be_visible()
        expect(shown.get_by_text("Kept 1")).to_be_visible(timeout=30_000)
        check_access(lab.page, shown.locator(".rw-rail"))
        # A press on plain words leaves the keyboard in the widget: "x" would cut the cell, "d d" delete it.
        shown.locator(".rw-about .rw-facts").first.click()
        lab.page.keyboard.press("x")
        expect(tiles.nth(2).locator(".rw-no")).to_be_visible()
        shown.locator(".rw-counter").click()
        for key in ("x", "d", "d", "Enter", "y"):
            lab.page.keyboard.press(key)
        shown.locator(".rw-day").first.click(force=True)
        lab.page.keyboard.press("x")
        expect(notebook.cell(1)).to_be_visible()
        expect(shown, "the notebook heard none of these keys").to_be_visible()
        expect(lab.page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)
        assert shown.evaluate("root => root.matches(':focus-within')")
        # Until they are given back to it.
        shown.locator(".rw-counter").click()
        lab.page.keyboard.press("Escape")
        assert not shown.evaluate("root => root.matches(':focus-within')")
        lab.page.keyboard.press("b")
        expect(lab.page.locator(".jp-Notebook .jp-Cell")).to_have_count(3)
        lab.page.keyboard.press("z")
        expect(lab.page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)

        notebook.run(1, wait=False)
        expect(tiles).to_have_count(13, timeout=60_000)
        expect(tiles.first).to_contain_text("An owl")
        expect(tiles.nth(3)).to_have_attribute("aria-current", "true")
