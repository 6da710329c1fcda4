"""The main job, in a real JupyterLab with a real kernel in a real Chromium, driven as a new user would.

Where a test wants to know whether something happened *while a cell ran*, that cell waits for a file which
only the test writes: so nothing here depends on how quick the machine is.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, status
from lab import BLOCK, Lab, Notebook
from playwright.sync_api import Locator, expect
from videos import small_mp4

SHOW = "from runcrate_widget import VideoWidget\nw = VideoWidget()\nw"
# A cell that blocks the kernel's main thread until the test writes a file, and then says so.


@pytest.fixture
def quiet(console_errors: list[str]) -> Iterator[None]:
    """Nothing of ours goes wrong in the page (JupyterLab itself asks for some things that are not there)."""
    yield
    assert not [text for text in console_errors if "runcrate" in text.lower() or "anywidget" in text.lower()]


def widget(notebook: Notebook, cell: int) -> Locator:
    """The widget that a cell shows."""
    found = notebook.output(cell).locator(".runcrate-widget")
    expect(found).to_be_visible(timeout=30_000)
    return found


def choice(shown: Locator, value: str) -> Locator:
    """A chip: of the durations, or of the aspect ratios."""
    return shown.locator(f'input[type=radio][value="{value}"]')


def playing(shown: Locator, index: int = 0) -> dict[str, Any]:
    """What the browser says of a video once it has a picture; one that waits to be played is."""
    video = shown.locator("video").nth(index)
    expect(video).to_be_visible(timeout=60_000)
    handle = video.element_handle()
    assert handle is not None
    handle.evaluate("async video => { if (video.preload === 'none') await video.play(); }")
    shown.page.wait_for_function("video => video.readyState >= 2", arg=handle, timeout=60_000)
    facts: dict[str, Any] = handle.evaluate(
        "v => ({duration: v.duration, width: v.videoWidth, height: v.videoHeight, muted: v.muted, source: v.src})"
    )
    return facts


@pytest.mark.usefixtures("quiet")
def test_a_new_user_writes_a_prompt_presses_generate_and_watches_while_another_cell_runs(lab: Lab) -> None:
    notebook = lab.open("first/first.ipynb", [SHOW, BLOCK], env={"RUNCRATE_DEMO": "1"})
    notebook.run(0)
    shown = widget(notebook, 0)
    expect(shown.get_by_text("DEMO", exact=True).first).to_be_visible()

    shown.get_by_label("Prompt", exact=True).fill("A fox in the snow")
    shown.get_by_label("Model").select_option(label="Veo 3.0")
    choice(shown, "4").check(force=True)
    choice(shown, "9:16").check(force=True)
    shown.get_by_role("button", name="Generate").click()
    stage = shown.locator(".rw-stage")
    expect(stage).to_contain_text(re.compile("submitting|queued|processing"))

    # The other cell blocks the kernel. The stages move on all the same, up to the finished file.
    notebook.run(1, wait=False)
    assert notebook.is_running(1)
    folder = notebook.path.parent / "runcrate_videos"
    expect(stage).to_have_count(0, timeout=60_000)
    assert notebook.is_running(1)
    # Who shows the video first makes its poster, a moment after it.
    end = time.monotonic() + 30
    while not list(folder.glob("*.jpg")) and time.monotonic() < end:
        lab.page.wait_for_timeout(20)
    assert sorted(path.suffix for path in folder.iterdir()) == [".jpg", ".json", ".mp4"]

    facts = playing(shown)
    assert facts["duration"] == pytest.approx(4, abs=0.1)
    assert (facts["width"], facts["height"]) == (720, 1280)
    assert facts["muted"]
    assert "/files/first/runcrate_videos/" in facts["source"], "the server has it; the kernel is busy"
    assert notebook.is_running(1)
    (notebook.path.parent / "go.txt").write_text("go")
    notebook.wait_done(1)
    assert "the cell ran to its end" in notebook.text(1)


@pytest.mark.usefixtures("quiet")
def test_controls_and_traits_are_linked_both_ways(lab: Lab) -> None:
    look = "print(w.prompt, w.model, w.duration, w.aspect_ratio, w.takes, sep='|')"
    notebook = lab.open("main/links.ipynb", [SHOW, look], env={"RUNCRATE_DEMO": "1"})
    notebook.run(0)
    shown = widget(notebook, 0)

    def kernel_has(expected: str) -> None:
        notebook.run(1)
        expect(notebook.output(1)).to_have_text(expected)

    # From a cell to the control.
    notebook.run(
        notebook.add(
            "w.model = 'Sora 2'; w.duration = 12; w.aspect_ratio = '9:16'; w.prompt = 'From code'; w.takes = 3"
        )
    )
    expect(shown.get_by_label("Model")).to_have_value("openai/sora-2")
    expect(shown.get_by_label("Prompt", exact=True)).to_have_value("From code")
    expect(choice(shown, "12")).to_be_checked()
    expect(choice(shown, "9:16")).to_be_checked()
    expect(shown.get_by_label("Takes")).to_have_value("3")

    # From the control to the trait.
    shown.get_by_label("Prompt", exact=True).fill("From the form")
    shown.get_by_label("Takes").fill("2")
    choice(shown, "16:9").check(force=True)
    shown.get_by_label("Model").select_option(label="Hailuo 02")
    # 12 s is not among its durations: the nearest is.
    expect(choice(shown, "10")).to_be_checked()
    shown.get_by_label("Prompt", exact=True).blur()
    kernel_has("From the form|minimax/hailuo-02|10|16:9|2")

    # A continuous range has a slider.
    shown.get_by_label("Model").select_option(label="Kling v3")
    slider = shown.get_by_role("slider", name="Duration")
    expect(slider).to_have_value("10")
    slider.focus()
    slider.press("ArrowRight")
    kernel_has("From the form|kwaivgi/kling-v3|11|16:9|2")

    # What is not allowed is refused in words, and nothing moves.
    cell = notebook.add("w.duration = 16")
    notebook.run(cell)
    expect(notebook.output(cell)).to_contain_text("duration is 16; Kling v3 makes videos of 3 to 15 s")
    expect(slider).to_have_value("11")


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_ipywidgets_link_works_with_every_control(lab: Lab) -> None:
    linked = (
        "import ipywidgets as widgets\n"
        "from runcrate_widget import models\n"
        "boxes = {'prompt': widgets.Text(description='p'), 'takes': widgets.IntText(description='t'),\n"
        "  'duration': widgets.IntText(description='d'), 'aspect_ratio': widgets.Dropdown(options=['16:9', '9:16'], description='a'),\n"
        "  'model': widgets.Dropdown(options=list(models), description='m')}\n"
        "links = [widgets.link((w, name), (box, 'value')) for name, box in boxes.items()]\n"
        "widgets.VBox(list(boxes.values()))"
    )
    notebook = lab.open("linked/linked.ipynb", [SHOW, linked], env={"RUNCRATE_DEMO": "1"})
    notebook.run(0)
    shown = widget(notebook, 0)
    notebook.run(1)
    other = notebook.output(1)
    expect(other.locator("select").nth(1)).to_have_value("google/veo-3.0")

    shown.get_by_label("Prompt", exact=True).fill("Linked")
    shown.get_by_label("Model").select_option(label="Sora 2")
    choice(shown, "9:16").check(force=True)
    shown.get_by_label("Takes").fill("4")
    expect(other.locator("input[type=text]")).to_have_value("Linked")
    expect(other.locator("input[type=number]").nth(0)).to_have_value("4")
    expect(other.locator("input[type=number]").nth(1)).to_have_value("4")
    expect(other.locator("select").nth(0)).to_have_value("9:16")
    expect(other.locator("select").nth(1)).to_have_value("openai/sora-2")

    other.locator("select").nth(1).select_option("minimax/hailuo-02")
    other.locator("input[type=text]").fill("And back")
    other.locator("input[type=text]").blur()
    expect(shown.get_by_label("Model")).to_have_value("minimax/hailuo-02")
    expect(shown.get_by_label("Prompt", exact=True)).to_have_value("And back")
    expect(choice(shown, "6")).to_be_checked()


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_without_a_key_it_says_how_to_set_one_and_offers_the_demo(lab: Lab) -> None:
    notebook = lab.open("no_key/no_key.ipynb", [SHOW])
    notebook.run(0)
    shown = widget(notebook, 0)
    expect(shown).to_contain_text("RUNCRATE_API_KEY")
    shown.get_by_label("Prompt", exact=True).fill("A quiet lake")
    shown.get_by_role("button", name="demo").click()
    expect(shown.get_by_text("DEMO", exact=True).first).to_be_visible(timeout=30_000)
    shown.get_by_label("Prompt", exact=True).press("Control+Enter")
    expect(shown.locator("video")).to_be_visible(timeout=60_000)
    assert playing(shown)["duration"] == pytest.approx(6, abs=0.1)


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_a_failed_job_shows_the_services_reason_and_can_be_tried_again(lab: Lab) -> None:
    with FaultServer(
        video=small_mp4(2, 160, 90), poll=[status("failed", error={"message": "refused by <b>safety</b>"})]
    ) as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        notebook = lab.open("failed/failed.ipynb", [SHOW], env=environment)
        notebook.run(0)
        shown = widget(notebook, 0)
        shown.get_by_label("Prompt", exact=True).fill("<img src=x onerror=alert(1)>")
        shown.get_by_role("button", name="Generate").click()
        expect(shown).to_contain_text("refused by <b>safety</b>", timeout=30_000)
        expect(shown.get_by_text("DEMO", exact=True)).to_have_count(0)
        shown.get_by_role("button", name="Try again").click()
        assert playing(shown)["duration"] == pytest.approx(2, abs=0.1)
        assert server.count("submit") == 2
        assert shown.locator("img").count() == 0
        saved = json.dumps(notebook.save())
    assert KEY not in saved
    assert KEY not in lab.server.log


@pytest.mark.usefixtures("quiet")
def test_bad_input_is_said_at_the_control_and_nothing_is_sent(lab: Lab) -> None:
    with FaultServer() as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        notebook = lab.open("bad/bad.ipynb", [SHOW], env=environment)
        notebook.run(0)
        shown = widget(notebook, 0)
        expect(shown.get_by_role("button", name="Generate")).to_be_disabled()
        shown.get_by_label("Prompt", exact=True).press("Control+Enter")
        cell = notebook.add("w.generate()")
        notebook.run(cell)
        expect(notebook.output(cell)).to_contain_text("InvalidRequestError: prompt is empty")
        assert server.requests == []


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_code_beside_the_widget(lab: Lab) -> None:
    code = (
        "from runcrate_widget import VideoClient\n"
        "client = VideoClient()\n"
        "video = await client.generate('A cinematic sunrise', model='google/veo-3.0', duration=4)\n"
        "video"
    )
    notebook = lab.open("code/code.ipynb", [code], env={"RUNCRATE_DEMO": "1"})
    notebook.run(0)
    facts = playing(notebook.output(0))
    assert facts["duration"] == pytest.approx(4, abs=0.1)
    assert (facts["width"], facts["height"]) == (1280, 720)
    expect(notebook.output(0)).to_contain_text("DEMO")
    # The bytes are not in the notebook: it plays the file beside it.
    assert len(json.dumps(notebook.save())) < 18_000, "a poster has at most 15 KB"
    assert not list(Path(notebook.path.parent).glob("*.part"))


@pytest.mark.usefixtures("quiet")
def test_a_double_click_pays_once(lab: Lab) -> None:
    with FaultServer(video=small_mp4(2, 160, 90)) as server:
        notebook = lab.open(
            "double/double.ipynb", [SHOW], env={"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        )
        notebook.run(0)
        shown = widget(notebook, 0)
        shown.get_by_label("Prompt", exact=True).fill("A fox")
        box = shown.get_by_role("button", name="Generate").bounding_box()
        assert box is not None
        at = (box["x"] + 10, box["y"] + 10)
        for pause in (60, 120, 200):  # the time between the clicks of one hand
            notebook.page.mouse.click(*at)
            notebook.page.wait_for_timeout(pause)
        assert playing(shown)["duration"] == pytest.approx(2, abs=0.1)
        assert server.count("submit") == 1


@pytest.mark.slow
def test_a_restarted_kernel_loses_no_job_and_pays_for_none_again(lab: Lab) -> None:
    with FaultServer(video=small_mp4(2, 160, 90), polls=10**6) as server:
        code = "job = w.client.generate('From code', model='Veo 3.0')\njob"
        notebook = lab.open(
            "restart/restart.ipynb",
            [SHOW, code],
            env={"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url},
        )
        notebook.run_all()
        shown = widget(notebook, 0)
        shown.get_by_label("Prompt", exact=True).fill("From the form")
        shown.get_by_role("button", name="Generate").click()
        expect(shown.locator(".rw-stage")).to_contain_text("processing", timeout=30_000)
        expect(notebook.output(1)).to_contain_text("processing")
        assert server.count("submit") == 2

        notebook.restart_kernel()
        # What the wall asked for may have been refused by then, and says so, too.
        said = shown.get_by_role("status").filter(has_text="Run the cell again")
        expect(said).to_be_visible(timeout=30_000)
        expect(shown.locator(".rw-stage")).to_have_text(["processing"])  # and no time that would move

        notebook.run_all()
        shown = widget(notebook, 0)
        expect(shown.locator(".rw-stage")).to_have_count(2, timeout=30_000)
        for id in server.jobs:
            server.jobs[id] = 0
        expect(shown.locator(".rw-tile")).to_have_count(2, timeout=60_000)
        assert playing(shown)["duration"] == pytest.approx(2, abs=0.1)
        table = notebook.add("w.client.library")
        notebook.run(table)
        wall = widget(notebook, table)
        expect(wall.locator(".rw-tile")).to_have_count(2, timeout=30_000)
        expect(wall).to_contain_text("From the form")
        assert playing(wall)["duration"] == pytest.approx(2, abs=0.1)
        again = notebook.add("w.client.generate('From code', model='Veo 3.0')")
        notebook.run(again)
        assert playing(notebook.output(again))["duration"] == pytest.approx(2, abs=0.1)
        assert server.count("submit") == 2


@pytest.mark.usefixtures("quiet")
def test_a_fresh_widget_is_alive_while_a_cell_runs(lab: Lab) -> None:
    # On an ipykernel with subshells, which the newest has: an older one answers when the cell ends, and the
    # view says so.
    with FaultServer(video=small_mp4(2, 160, 90)) as server:
        code = f"w.prompt = 'From code'; w.generate()\n{BLOCK}"
        notebook = lab.open(
            "alive/alive.ipynb", [SHOW, code], env={"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        )
        notebook.run_all(wait=False)
        shown = widget(notebook, 0)
        assert playing(shown)["duration"] == pytest.approx(2, abs=0.1)
        shown.get_by_label("Prompt", exact=True).fill("From the form")
        shown.get_by_role("button", name="Generate").click()
        expect(shown.locator(".rw-tile")).to_have_count(2, timeout=30_000)
        expect(shown.locator(".rw-show")).to_contain_text("From the form")
        assert playing(shown)["duration"] == pytest.approx(2, abs=0.1)
        assert server.count("submit") == 2
        assert notebook.is_running(1)
        (notebook.path.parent / "go.txt").write_text("go")
        notebook.wait_done(1)
