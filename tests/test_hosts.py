"""The widget in every notebook host that can be installed, each in Chromium with a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from access import check_keyboard, look
from fault_server import FaultServer, status
from hosts import Host, NbClassic, Voila
from playwright.sync_api import expect
from videos import small_mp4


@pytest.mark.parametrize(
    "host",
    [
        "JupyterLab",
        pytest.param("JupyterLab, ipykernel 6.30", marks=pytest.mark.slow),
        pytest.param("Notebook 7", marks=pytest.mark.slow),
        pytest.param("nbclassic", marks=pytest.mark.slow),
        pytest.param("Voila", marks=pytest.mark.slow),
        "marimo",
        pytest.param("marimo, mo.ui.anywidget", marks=pytest.mark.slow),
    ],
    indirect=True,
)
def test_generate_watch_play_and_press_the_buttons(host: Host) -> None:
    refused = status("failed", error={"message": "refused by safety"})
    with FaultServer(video=small_mp4(2, 320, 180), poll=[refused], polls=10**6) as server:
        shown = host.open(server)
        expect(shown.locator(".rw-examples")).to_be_visible(timeout=30_000)  # the last that comes
        check_keyboard(host.page, shown)
        shown.get_by_label("Prompt", exact=True).fill("A fox in the snow")
        generate = shown.get_by_role("button", name="Generate")
        generate.press("Enter")
        expect(shown).to_contain_text("refused by safety", timeout=30_000)
        shown.get_by_role("button", name="Try again").press("Enter")
        stage = shown.locator(".rw-stage")
        expect(stage.first).to_contain_text("processing", timeout=30_000)

        # A second one waits for the first. (Generate is closed for a second after a press.)
        generate.click()
        expect(stage.last).to_contain_text("waiting")
        look(host, shown, host.themes[0])

        # It is cancelled, while a cell runs if it can be; and while that runs the first comes to its end, and
        # plays.
        if host.subshells:
            host.block()
        shown.get_by_role("button", name="Cancel").press("Enter")
        expect(stage).to_have_count(1)
        if not host.subshells and not isinstance(host, Voila):
            host.block()
        server.jobs["vid_000002"] = 0
        video = shown.locator(".rw-player video")
        expect(video).to_be_visible(timeout=60_000)
        host.page.wait_for_function("v => v.currentTime > 0", arg=video.element_handle(), timeout=60_000)
        expect(shown.locator(".rw-player")).to_have_attribute("data-transport", host.transport)
        if not isinstance(host, Voila):
            assert host.is_blocked()
            host.unblock()
        assert video.evaluate("v => v.loop && v.muted && Math.abs(v.duration - 2) < 0.1")
        # Seeking, and on from there.
        video.evaluate("v => new Promise((done) => { v.pause(); v.onseeked = done; v.currentTime = 1.5; })")
        assert video.evaluate("v => Math.abs(v.currentTime - 1.5) < 0.1")
        video.evaluate("v => v.play()")
        # Over its end, to its beginning.
        host.page.wait_for_function("v => v.currentTime < 1.5", arg=video.element_handle())
        video.evaluate("v => v.pause()")

        for label, title in (("path", "Copy: "), ("code", "Copy the Python call")):
            button = shown.get_by_title(title)
            button.press("Enter")
            # On a page without a clipboard the text stands there to be copied by hand.
            by_hand = shown.get_by_label(f"{label}, to copy by hand")
            expect(button.filter(has_text="copied").or_(by_hand)).to_be_visible()
        with host.page.expect_download() as download:
            shown.get_by_role("link", name="Save").press("Enter")
        assert (
            Path(download.value.path()).read_bytes()
            == next(host.folder.glob("runcrate_videos/*.mp4")).read_bytes()
        )
        assert server.count("submit") == 2
        check_keyboard(host.page, shown)
        look(host, shown, *host.themes)


@pytest.mark.slow
@pytest.mark.parametrize("host", ["JupyterLab, ipykernel 6.30", "nbclassic", "marimo"], indirect=True)
def test_what_is_pressed_while_a_cell_runs_is_done_once_when_it_ends(host: Host) -> None:
    with FaultServer(video=small_mp4(1), polls=10**6) as server:
        shown = host.open(server)
        shown.get_by_label("Prompt", exact=True).fill("A fox in the snow")
        generate = shown.get_by_role("button", name="Generate")
        stage = shown.locator(".rw-stage")
        for text in ("processing", "waiting"):
            generate.click()
            expect(stage.last).to_contain_text(text, timeout=30_000)
        host.block()
        shown.get_by_role("button", name="Cancel").click()
        expect(
            shown.get_by_text("Queued: a cell is running, or the library does not answer.")
        ).to_be_visible()
        generate.click()
        expect(
            shown.get_by_text(
                "Queued: a cell is running, or the library does not answer. It starts after that."
            )
        ).to_be_visible()
        shown.get_by_role("button", name="sending…").click(force=True)
        assert host.is_blocked()
        expect(stage).to_have_count(2)
        host.unblock()
        expect(generate).to_be_visible()
        expect(stage).to_have_count(2)
        # The new one is sent when the first is finished, and no other.
        expect(stage.last).to_contain_text("waiting")
        server.jobs["vid_000001"] = 0
        expect(stage).to_have_count(1, timeout=30_000)
        expect(stage).to_contain_text("processing", timeout=30_000)
        expect(shown.locator(".rw-run")).to_have_count(1)
        expect(shown.locator(".rw-show")).to_have_count(1)
        assert server.count("submit") == 2


@pytest.mark.slow
@pytest.mark.parametrize("host", ["JupyterLab", "Notebook 7", "nbclassic"], indirect=True)
def test_a_saved_video_plays_when_its_notebook_is_opened_again(host: Host) -> None:
    code = "from runcrate_widget import VideoClient\nVideoClient().generate('A fox', model='Veo 3.0').wait()"
    with FaultServer(video=small_mp4(2, 320, 180)) as server:
        video = host.reopened(code, server)
        expect(video).to_be_visible(timeout=60_000)
        expect(host.page.get_by_alt_text("A fox")).to_be_visible()
        video.evaluate("v => v.play()")
        host.page.wait_for_function("v => v.currentTime > 0", arg=video.element_handle(), timeout=60_000)
        assert server.count("submit") == 1


@pytest.mark.slow
@pytest.mark.parametrize("host", ["nbclassic"], indirect=True)
def test_a_widget_that_nbclassic_takes_away_says_how_to_get_it_back(host: Host) -> None:
    assert isinstance(host, NbClassic)
    with FaultServer(video=small_mp4(1)) as server:
        shown = host.open_too_soon(server)
        widget = host.page.locator(".runcrate-widget")
        # The host's own fault, and so of every widget.
        expect(widget).to_have_count(0)
        expect(shown.get_by_text("run this cell to use it again")).to_be_visible()
        host.run()
        expect(widget).to_be_visible(timeout=30_000)
        expect(shown.get_by_text("run this cell to use it again")).to_be_hidden()
        widget.get_by_label("Prompt", exact=True).fill("A fox in the snow")
        widget.get_by_role("button", name="Generate").click()
        expect(widget.locator(".rw-player video")).to_be_visible(timeout=60_000)
