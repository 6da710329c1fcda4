"""The widget in every notebook host that can be installed, each in Chromium with a real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from access import check_access, check_fits, check_keyboard
from fault_server import FaultServer, status
from hosts import Host, JupyterLab, Marimo, NbClassic, Voila
from lab import LabServer
from playwright.sync_api import Page, expect
from videos import small_mp4


@pytest.fixture(scope="module")
def notebook_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with LabServer(tmp_path_factory.mktemp("notebook"), app="notebook", page="notebooks/") as server:
        yield server


@pytest.fixture(scope="module")
def nbclassic_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with LabServer(tmp_path_factory.mktemp("nbclassic"), app="nbclassic") as server:
        yield server


@pytest.fixture
def host(request: pytest.FixtureRequest, page: Page, tmp_path: Path) -> Iterator[Host]:
    """The host that the test's parameter names."""
    name = request.param
    made: Host
    if name == "Notebook 7":
        made = JupyterLab(page, request.getfixturevalue("notebook_server"))
    elif name == "nbclassic":
        made = NbClassic(page, request.getfixturevalue("nbclassic_server"))
    elif name == "Voila":
        made = Voila(page, tmp_path)
    elif name.startswith("marimo"):
        made = Marimo(page, tmp_path, shown="mo.ui.anywidget(w)" if "ui" in name else "w")
    else:
        old = request.getfixturevalue("old_ipykernel") if "6.30" in name else {}
        made = JupyterLab(page, request.getfixturevalue("lab_server"), old)
    with made:
        yield made


@pytest.mark.parametrize(
    "host",
    ["JupyterLab", "JupyterLab, ipykernel 6.30", "Notebook 7", "nbclassic", "Voila", "marimo", "marimo, mo.ui.anywidget"],
    indirect=True,
)
def test_generate_watch_play_and_press_the_buttons(host: Host, console_errors: list[str]) -> None:
    refused = status("failed", error={"message": "refused by safety"})
    with FaultServer(video=small_mp4(2, 320, 180), poll=[refused], polls=10**6) as server:
        shown = host.open(server)
        check_keyboard(host.page, shown)
        shown.get_by_label("Prompt").fill("A fox in the snow")
        generate = shown.get_by_role("button", name="Generate")
        generate.click()
        expect(shown).to_contain_text("refused by safety", timeout=30_000)
        shown.get_by_role("button", name="Try again").click()
        stage = shown.locator(".rw-stage")
        expect(stage.first).to_contain_text("processing", timeout=30_000)

        # A second one waits for the first, and is cancelled. (Generate is closed for a second after a press.)
        generate.click()
        shown.get_by_role("button", name="Cancel").click()
        expect(stage.first).to_have_text("cancelled · 0:00")

        # It comes to its end while a cell runs, and plays.
        if not isinstance(host, Voila):
            host.block()
        server.jobs["vid_000002"] = 0
        video = shown.locator("video")
        expect(video).to_be_visible(timeout=60_000)
        host.page.wait_for_function("v => v.currentTime > 0", arg=video.element_handle(), timeout=60_000)
        if not isinstance(host, Voila):
            assert host.is_blocked()
            host.unblock()
        assert video.evaluate("v => v.loop && v.muted && Math.abs(v.duration - 2) < 0.1")
        # Seeking, and on from there.
        video.evaluate("v => new Promise((done) => { v.pause(); v.onseeked = done; v.currentTime = 1.5; })")
        assert video.evaluate("v => Math.abs(v.currentTime - 1.5) < 0.1")

        shown.get_by_role("button", name="path").click()
        shown.get_by_role("button", name="code").click()
        # On a page without a clipboard the text stands there to be copied by hand.
        by_hand = shown.get_by_label("code, to copy by hand")
        expect(by_hand.or_(shown.get_by_role("button", name="copied").nth(1))).to_be_visible()
        with host.page.expect_download() as download:
            shown.get_by_role("link", name="save").click()
        assert Path(download.value.path()).read_bytes() == next(host.folder.glob("runcrate_videos/*.mp4")).read_bytes()
        assert server.count("submit") == 2

        for theme in host.themes:
            host.theme(theme)
            for width in (1280, 400):
                host.page.set_viewport_size({"width": width, "height": 900})
                check_fits(shown)
                check_access(host.page, shown)
    assert [error for error in console_errors if "runcrate" in error or "rw-" in error] == []


@pytest.mark.parametrize("host", ["JupyterLab, ipykernel 6.30", "marimo"], indirect=True)
def test_where_a_click_waits_for_the_cell_it_says_so_and_is_done_once(host: Host) -> None:
    with FaultServer(video=small_mp4(1), polls=10**6) as server:
        shown = host.open(server)
        shown.get_by_label("Prompt").fill("A fox in the snow")
        generate = shown.get_by_role("button", name="Generate")
        for stage in ("processing", "waiting"):
            generate.click()
            expect(shown.locator(".rw-stage").first).to_contain_text(stage, timeout=30_000)
        host.block()
        shown.get_by_role("button", name="Cancel").click()
        expect(shown.get_by_text("The kernel is busy: queued until the running cell ends.")).to_be_visible()
        generate.click()
        expect(shown.get_by_text("The kernel is busy: queued, it starts when the running cell ends.")).to_be_visible()
        shown.get_by_role("button", name="sending…").click(force=True)
        assert host.is_blocked()
        host.unblock()
        expect(shown.locator(".rw-stage")).to_have_count(3)
        expect(shown.locator(".rw-stage").nth(1)).to_contain_text("cancelled")
        expect(shown.locator(".rw-stage").nth(0)).to_contain_text("waiting")
        assert server.count("submit") == 1
