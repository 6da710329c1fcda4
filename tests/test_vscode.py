"""In VS Code's own widget manager, with its limits: a slow way to the page, no AAC, a white box behind, light
`--jp-*` in the dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from access import check_keyboard
from fault_server import FaultServer, status
from host_page import SHOW, read_alike
from lab import BLOCK, LabServer
from playwright.sync_api import Page, expect
from videos import small_mp4, write_large_mp4
from vscode import VSCode


@pytest.fixture
def vscode(lab_server: LabServer, page: Page, console_errors: list[str], pages: Path) -> Iterator[VSCode]:
    """The notebook. Nothing goes wrong in its page, and it asks no other host for anything."""
    with VSCode(lab_server, page, pages) as host:
        yield host
    assert host.foreign == []
    assert console_errors == []


def test_generate_watch_play_and_press_the_buttons_in_light_and_dark(vscode: VSCode) -> None:
    page = vscode.page
    refused = status("failed", error={"message": "refused by safety"})
    with FaultServer(video=small_mp4(2, 320, 180, audio=True), poll=[refused], polls=10**6) as server:
        folder = vscode.open("vscode/first", server)
        shown = vscode.widget(vscode.run(SHOW))
        shown.get_by_label("Prompt", exact=True).fill("A fox in the snow")
        shown.get_by_label("Model").select_option(label="Veo 3.0 Audio")
        shown.get_by_label("Prompt", exact=True).press("Control+Enter")
        expect(shown).to_contain_text("refused by safety", timeout=30_000)
        shown.get_by_role("button", name="Try again").press("Enter")
        expect(shown.locator(".rw-stage").first).to_contain_text("processing", timeout=30_000)
        vscode.check_looks(shown)
        check_keyboard(page, shown)
        server.jobs["vid_000002"] = 0
        facts = vscode.playing(shown)
        assert facts["duration"] == pytest.approx(2, abs=0.1)
        assert facts["muted"]
        assert shown.locator(".rw-player").get_attribute("data-transport") == "pull"
        vscode.check_looks(shown)

        # It cannot play the sound: it says so, and where the file is.
        file = next((folder / "runcrate_videos").glob("*.mp4"))
        expect(shown.locator(".rw-player")).to_contain_text("cannot play the sound")
        expect(shown.locator(".rw-player")).to_contain_text(str(file))

        shown.get_by_role("button", name="path").press(" ")
        expect(
            shown.get_by_role("button", name="copied").or_(shown.get_by_label("path, to copy by hand"))
        ).to_be_visible()
        with page.expect_download() as download:
            shown.get_by_role("link", name="Save").click()
        assert download.value.suggested_filename == file.name
        assert download.value.path().read_bytes() == file.read_bytes()
        check_keyboard(page, shown)
        # Nothing is doubled: no job, and not by the saved output below.
        expect(shown.locator("[data-key]")).to_have_count(1)
        assert read_alike(vscode.output(0), shown)
        assert server.count("submit") == 2


def test_the_white_box_is_painted_where_it_holds_this_widget_alone(vscode: VSCode) -> None:
    with FaultServer(video=small_mp4(1)) as server:
        vscode.open("vscode/box", server)
        shown = vscode.widget(vscode.run(SHOW))
        other = vscode.run("import ipywidgets\nipywidgets.VBox([VideoWidget(), ipywidgets.IntSlider()])")
        expect(vscode.widget(other)).to_be_visible()
        for kind in ("dark", "light"):
            vscode.theme("dark" if kind == "dark" else "light")
            card = shown.evaluate("root => getComputedStyle(root).backgroundColor")
            box, beside = (
                vscode.output(index).locator(".cell-output-ipywidget-background") for index in (0, other)
            )
            expect(box).to_have_css("background-color", card)
            expect(beside).to_have_css("background-color", "rgb(255, 255, 255)")  # for its black text


def test_while_a_cell_runs_it_shows_the_stages_and_the_video_and_a_click_waits(vscode: VSCode) -> None:
    with FaultServer(video=small_mp4(2, 320, 180), polls=10**6) as server:
        folder = vscode.open("vscode/busy", server)
        shown = vscode.widget(vscode.run(SHOW))
        busy = vscode.run(f"w.prompt = 'From code'; w.generate()\n{BLOCK}", wait=False)
        expect(shown.locator(".rw-stage")).to_contain_text("processing", timeout=30_000)

        # The extension knows no subshells: what is pressed is handled when the cell has ended.
        shown.get_by_label("Prompt", exact=True).fill("From the form")
        shown.get_by_role("button", name="Generate").click()
        expect(shown.get_by_role("status").filter(has_text="a cell is running")).to_be_visible()
        assert server.count("submit") == 1

        server.jobs["vid_000001"] = 0
        facts = vscode.playing(shown)
        assert facts["duration"] == pytest.approx(2, abs=0.1)
        assert shown.locator(".rw-player").get_attribute("data-transport") == "push"
        assert vscode.is_running(busy)

        (folder / "go.txt").write_text("go")
        vscode.wait_done(busy)
        expect(vscode.output(busy)).to_contain_text("the cell ran to its end")
        expect(shown.locator(".rw-stage")).to_contain_text("processing", timeout=30_000)
        assert server.count("submit") == 2
        expect(shown.locator("[data-key]")).to_have_count(2)


def test_a_video_of_some_mb_shows_its_poster_and_is_loaded_on_request(vscode: VSCode, tmp_path: Path) -> None:
    write_large_mp4(tmp_path / "large.mp4", 7)
    with FaultServer(video=(tmp_path / "large.mp4").read_bytes()) as server:
        vscode.open("vscode/large", server)
        shown = vscode.widget(vscode.run(SHOW))
        shown.get_by_label("Prompt", exact=True).fill("A large one")
        shown.get_by_role("button", name="Generate").click()
        load = shown.get_by_role("button", name=re.compile(r"^Load 7(\.\d)? MB"))
        expect(load).to_be_visible(timeout=30_000)
        frame = shown.locator(".rw-frame")
        poster = frame.evaluate(
            "frame => getComputedStyle(frame).backgroundImage + (frame.querySelector('img')?.src ?? '')"
        )
        assert "blob:" in poster or "data:" in poster
        vscode.check_looks(shown)
        load.click()
        expect(frame).to_contain_text(re.compile(r"\d of 7(\.\d)? MB"))
        assert vscode.playing(shown)["width"] == 640
        assert shown.locator(".rw-player").get_attribute("data-transport") == "pull"
