"""With Colab's manners: what the kernel sends by itself is lost, buffers are `Uint8Array`s, and there is no
composition.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from access import check_keyboard
from colab import Colab
from fault_server import FaultServer, status
from host_page import SHOW, read_alike
from lab import BLOCK, LabServer
from playwright.sync_api import Page, expect
from videos import small_mp4


@pytest.fixture
def colab(lab_server: LabServer, page: Page, console_errors: list[str], pages: Path) -> Iterator[Colab]:
    """The notebook. Nothing goes wrong in its page, and it asks no other host for anything."""
    with Colab(lab_server, page, pages) as host:
        yield host
    assert host.foreign == []
    assert console_errors == []


def test_generate_watch_play_and_press_the_buttons_in_light_and_dark(colab: Colab) -> None:
    page = colab.page
    refused = status("failed", error={"message": "refused by safety"})
    with FaultServer(video=small_mp4(2, 320, 180, audio=True), poll=[refused], polls=10**6) as server:
        folder = colab.open("colab/first", server)
        shown = colab.widget(colab.run(SHOW))
        expect(shown.get_by_label("Model")).to_have_value("google/veo-3.0")
        shown.get_by_label("Prompt", exact=True).fill("A fox in the snow")
        shown.locator('input[type=radio][value="4"]').check(force=True)
        shown.get_by_role("button", name="Generate").click()
        expect(shown).to_contain_text("refused by safety", timeout=30_000)
        shown.get_by_role("button", name="Try again").press("Enter")
        expect(shown.locator(".rw-stage").first).to_contain_text("processing", timeout=30_000)
        colab.check_looks(shown)
        check_keyboard(page, shown)
        server.jobs["vid_000002"] = 0
        facts = colab.playing(shown)
        assert facts["duration"] == pytest.approx(2, abs=0.1)
        assert facts["muted"]
        assert shown.locator(".rw-player").get_attribute("data-transport") == "pull"
        expect(shown.locator(".rw-player")).not_to_contain_text("sound")
        colab.check_looks(shown)

        file = next((folder / "runcrate_videos").glob("*.mp4"))
        with page.expect_download() as download:
            shown.get_by_role("link", name="Save").click()
        assert download.value.path().read_bytes() == file.read_bytes()
        code = shown.get_by_role("button", name="code")
        code.press(" ")
        expect(
            shown.get_by_role("button", name="copied").or_(shown.get_by_label("code, to copy by hand"))
        ).to_be_visible()
        check_keyboard(page, shown)

        # What the form said is in the kernel, once.
        look = colab.run("print(w.prompt, w.duration, len(w.jobs), sep='|')")
        expect(colab.output(look)).to_have_text("A fox in the snow|4|2")
        # Nothing is doubled: no job, and not by the saved output below.
        expect(shown.locator("[data-key]")).to_have_count(1)
        assert read_alike(colab.output(0), shown)
        assert server.count("submit") == 2


def test_while_a_cell_runs_a_click_waits_and_is_handled_once(colab: Colab) -> None:
    with FaultServer(video=small_mp4(2, 320, 180), polls=10**6) as server:
        folder = colab.open("colab/busy", server)
        shown = colab.widget(colab.run(SHOW))
        expect(shown.get_by_label("Model")).to_have_value("google/veo-3.0")
        busy = colab.run(BLOCK, wait=False)
        shown.get_by_label("Prompt", exact=True).fill("A fox in the snow")
        shown.get_by_role("button", name="Generate").click()
        expect(shown.get_by_role("status").filter(has_text="a cell is running")).to_be_visible()
        assert colab.is_running(busy)
        assert server.count("submit") == 0

        (folder / "go.txt").write_text("go")
        colab.wait_done(busy)
        expect(shown.locator(".rw-stage")).to_contain_text("processing", timeout=30_000)
        expect(shown.get_by_role("status").filter(has_text="a cell is running")).to_be_hidden()

        # The video is made while another cell runs, and is there when that has ended.
        busy = colab.run(
            "from glob import glob\nwhile not glob('runcrate_videos/*.mp4'): time.sleep(0.05)", wait=False
        )
        server.jobs["vid_000001"] = 0
        colab.wait_done(busy)
        assert colab.playing(shown)["duration"] == pytest.approx(2, abs=0.1)
        expect(shown.locator("[data-key]")).to_have_count(1)
        assert server.count("submit") == 1
