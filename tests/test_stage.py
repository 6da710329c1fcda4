"""The stage: the player with its controls, and what is done with the video in it; in Chromium, against a model
that the test drives, and once in a real JupyterLab."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from access import check_access, check_fits, check_keyboard
from fault_server import KEY, FaultServer
from lab import Lab
from PIL import Image
from playwright.sync_api import expect
from shown import Widget, error, finished, generate_button, state
from videos import small_mp4

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

FRAME = 1 / 12  # seconds: of the tests' videos
_PICTURE = io.BytesIO()
Image.new("RGB", (16, 9), "red").save(_PICTURE, "JPEG")
JPEG = base64.b64encode(_PICTURE.getvalue()).decode()
SHOW = "from runcrate_widget import VideoWidget\nw = VideoWidget()\nw"


@pytest.fixture
def stage(widget: Widget) -> Locator:
    """Of a widget with one video of 2 s, which does not play, and a kernel that does what it is asked."""
    widget.page.emulate_media(reduced_motion="reduce")
    file = small_mp4(2, 160, 90, audio=True)
    wanted: dict[str, Any] = {"model": "openai/sora-2", "duration": 8, "aspect_ratio": "9:16"}
    job = finished("k1", file, prompt="A fox in the snow at dawn", **wanted)
    job["video"] |= {"duration": 2.0, "audio": True}
    shown = widget.start(state(_jobs=[job]), files={"k1": file}).locator(".rw-show")
    widget.wait_for("() => document.querySelector('.rw-show video')?.readyState >= 2")
    return shown


def playing(shown: Locator, what: str) -> Any:
    """Of the video's element."""
    return shown.locator("video").evaluate(f"video => video.{what}")


def at_rest(stage: Locator, time: float) -> None:
    """The frame that is shown is the one at that time, in seconds."""
    stage.page.wait_for_function(
        "([video, time]) => !video.seeking && Math.abs(video.currentTime - time) < 1 / 24",
        arg=[stage.locator("video").element_handle(), time + FRAME / 2],
    )


def asked(widget: Widget, kind: str) -> Any:
    """The last message of that kind."""
    return widget.of(kind)[-1]


def test_it_plays_pauses_and_says_how_far_it_is(stage: Locator) -> None:
    expect(stage.locator(".rw-time")).to_have_text("0:00 / 0:02")
    stage.get_by_role("button", name="Play").click()
    stage.page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    assert float(stage.get_by_role("slider").input_value()) > 0
    stage.get_by_role("button", name="Pause").click()
    expect(stage.get_by_role("button", name="Play")).to_be_visible()
    assert playing(stage, "paused")
    stage.locator("video").click()
    expect(stage.get_by_role("button", name="Pause")).to_be_visible()
    assert playing(stage, "controls") is False, "the controls are below: nothing lies on the picture"
    picture, controls = stage.locator("video").bounding_box(), stage.locator(".rw-transport").bounding_box()
    assert picture and controls and controls["y"] >= picture["y"] + picture["height"] - 0.5


def test_the_line_goes_anywhere_and_the_arrows_by_a_frame(stage: Locator) -> None:
    slider = stage.get_by_role("slider")
    slider.fill("1.5")
    expect(slider).to_have_attribute("aria-valuetext", "0:01 / 0:02")
    assert playing(stage, "currentTime") == pytest.approx(1.5)
    slider.fill(str(12.5 * FRAME))
    at_rest(stage, 12 * FRAME)
    # Two have to be seen before it is known how long one is.
    stage.get_by_role("button", name="Play").click()
    stage.page.wait_for_function("() => document.querySelector('video').currentTime > 1.4")
    stage.get_by_role("button", name="Pause").click()
    slider.fill(str(6.5 * FRAME))
    at_rest(stage, 6 * FRAME)
    for frame, name in ((7, "One frame on"), (8, "One frame on"), (7, "One frame back")):
        stage.get_by_role("button", name=name).click()
        at_rest(stage, frame * FRAME)
    slider.focus()
    for frame, key in ((8, "ArrowRight"), (7, "ArrowLeft"), (6, "ArrowLeft")):
        slider.press(key)
        at_rest(stage, frame * FRAME)


def test_the_picture_hears_the_keyboard(stage: Locator) -> None:
    video = stage.locator("video")
    video.focus()
    video.press("End")
    assert playing(stage, "currentTime") == pytest.approx(playing(stage, "duration"))
    video.press("Home")
    assert playing(stage, "currentTime") == 0
    video.press(" ")
    expect(stage.get_by_role("button", name="Pause")).to_be_visible()
    video.press(" ")
    expect(stage.get_by_role("button", name="Play")).to_be_visible()
    assert (playing(stage, "loop"), playing(stage, "muted")) == (True, True)
    video.press("l")
    video.press("m")
    expect(stage.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "false")
    expect(stage.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "true")
    assert (playing(stage, "loop"), playing(stage, "muted")) == (False, False)
    stage.get_by_role("button", name="Sound").click()
    assert playing(stage, "muted")


def test_what_a_person_makes_of_it_is_said_to_the_kernel(widget: Widget, stage: Locator) -> None:
    keep = stage.get_by_role("button", name="Keep")
    keep.click()
    assert asked(widget, "choose") == {"keys": ["k1"], "changes": {"kept": True}}
    kept = stage.get_by_role("button", name="Kept")
    expect(kept).to_have_attribute("aria-pressed", "true")
    kept.click()
    expect(keep).to_have_attribute("aria-pressed", "false")
    assert asked(widget, "choose")["changes"] == {"kept": None}
    stage.get_by_role("button", name="Reject").click()
    expect(stage.get_by_role("button", name="Rejected")).to_be_visible()
    assert asked(widget, "choose")["changes"] == {"kept": False}

    stage.get_by_role("button", name="4 of 5").click()
    expect(stage.locator(".rw-lit")).to_have_count(4)
    assert asked(widget, "choose")["changes"] == {"rating": 4}
    stage.get_by_role("button", name="4 of 5").click()
    expect(stage.locator(".rw-lit")).to_have_count(0)

    stage.get_by_role("button", name="note").click()
    stage.get_by_label("Note").fill("Best tail")
    stage.get_by_label("Note").press("Enter")
    assert asked(widget, "choose")["changes"] == {"note": "Best tail"}
    note = stage.get_by_role("button", name="Best tail")
    expect(note).to_be_focused()
    note.press("Enter")
    stage.get_by_label("Note").fill("Not this")
    stage.get_by_label("Note").press("Escape")
    expect(note).to_be_visible()
    assert asked(widget, "choose")["changes"] == {"note": "Best tail"}

    stage.get_by_role("button", name="tag").click()
    for tag in ("winter", "client A"):
        stage.get_by_label("New tag").fill(tag)
        stage.get_by_label("New tag").press("Enter")
        expect(stage.locator(".rw-tag bdi", has_text=tag)).to_be_visible()
    assert asked(widget, "choose")["changes"] == {"add_tags": ["client A"]}, "and no other's is dropped"
    stage.get_by_label("New tag").press("Escape")
    stage.get_by_role("button", name="Remove the tag winter").click()
    expect(stage.locator(".rw-tag bdi")).to_have_text(["client A"])
    assert asked(widget, "choose")["changes"] == {"remove_tags": ["winter"]}


def test_a_refused_choice_is_as_before_and_says_why(widget: Widget, stage: Locator) -> None:
    widget.page.evaluate("error => { model.failures.choose = error; }", error("The disk is full."))
    stage.get_by_role("button", name="Keep").click()
    expect(stage.get_by_role("alert")).to_contain_text("The disk is full. Do that.")
    expect(stage.get_by_role("button", name="Keep")).to_have_attribute("aria-pressed", "false")
    widget.do("model.failures = {}")
    stage.get_by_role("button", name="Keep").click()
    expect(stage.get_by_role("button", name="Kept")).to_be_visible()
    expect(stage.get_by_role("alert")).to_have_count(0)


def test_while_the_kernel_is_busy_the_choice_is_seen_and_waits(widget: Widget, stage: Locator) -> None:
    widget.do("model.busy = true")
    stage.get_by_role("button", name="Keep").click()
    stage.get_by_role("button", name="5 of 5").click()
    expect(stage.get_by_role("button", name="Kept")).to_be_visible()
    expect(stage.locator(".rw-lit")).to_have_count(5)
    widget.do("model.idle()")
    expect(stage.get_by_role("button", name="Kept")).to_be_visible()
    expect(stage.locator(".rw-lit")).to_have_count(5)
    assert [one["changes"] for one in widget.of("choose")] == [{"kept": True}, {"rating": 5}]


def test_its_settings_are_used_again_and_varied(widget: Widget, stage: Locator) -> None:
    view = widget.view(0)
    stage.get_by_role("button", name="Use these settings").click()
    expect(view.get_by_label("Prompt", exact=True).first).to_have_value("A fox in the snow at dawn")
    expect(view.get_by_label("Model")).to_have_value("openai/sora-2")
    expect(view.locator('input[type=radio][value="8"]')).to_be_checked()
    expect(view.locator('input[type=radio][value="9:16"]')).to_be_checked()
    stage.get_by_role("button", name="Vary").click()
    field = view.get_by_label("Prompt", exact=True).first
    expect(field).to_be_focused()
    widget.page.keyboard.type(", fog")
    expect(field).to_have_value("A fox in the snow at dawn, fog")
    assert widget.of("generate") == []


def test_the_next_one_begins_with_its_last_frame(widget: Widget, stage: Locator) -> None:
    extend = stage.get_by_role("button", name="Extend")
    extend.click()
    widget.wait_for("model.of('picture').length === 1")
    sent = asked(widget, "picture")
    assert (sent["name"], sent["from"]["key"]) == ("the last frame", "k1")
    length = playing(stage, "duration")
    assert length - FRAME < sent["from"]["at"] < length
    at_rest(stage, length - FRAME)
    shown = stage.locator("video").evaluate(_PIXEL)
    with Image.open(io.BytesIO(base64.b64decode(sent["data"]))) as frame:
        assert (frame.format, frame.size) == ("JPEG", (160, 90))
        middle = frame.convert("RGB").getpixel((80, 45))
    assert isinstance(middle, tuple)
    assert middle == pytest.approx(shown, abs=8)
    view = widget.view(0)
    expect(view.get_by_text("starts from the last frame of “A fox in the snow at dawn”")).to_be_visible()
    view.get_by_role("button", name="Generate").click()
    assert asked(widget, "generate")["image"] == "ab" * 32


def test_what_goes_on_from_another_says_so(widget: Widget, stage: Locator) -> None:
    stage.get_by_role("button", name="Extend").click()
    expect(widget.view(0).get_by_text("starts from the last frame of")).to_be_visible()
    file = small_mp4(2, 160, 90)
    first = widget.do("model.state._first.rows[0]")
    thumbnail = f"Uint8Array.from(atob('{JPEG}'), (one) => one.charCodeAt(0))"
    widget.do(f"model.posters['{'ab' * 32}'] = {thumbnail}; 0")
    widget.set("_jobs", [finished("k2", file, prompt="It stops", picture="ab" * 32), first])
    stage.page.locator('[data-key="k2"]').first.click()
    says = stage.get_by_text("begins with the last frame of “A fox in the snow at dawn”")
    expect(says).to_be_visible()
    expect(says.locator("xpath=..").locator("img")).to_have_js_property("naturalWidth", 16)
    assert asked(widget, "picture_of") == {"sha256": "ab" * 32}


def test_with_its_settings_comes_its_own_picture_or_none(widget: Widget) -> None:
    file = small_mp4(1)
    plain = finished("k1", file, picture=None)
    begun = finished("k2", file, picture="cd" * 32)
    begun |= {name: begun[name] - 60 for name in ("started", "ended")}
    view = widget.start(state(_jobs=[plain, begun], image="ab" * 32), files={"k1": file, "k2": file})
    expect(view.get_by_text("starts from")).to_be_visible()
    stage = view.locator(".rw-show")
    expect(stage).to_have_attribute("data-key", "k1")
    stage.get_by_role("button", name="Vary").click()
    expect(view.get_by_text("starts from")).to_have_count(0)
    generate_button(view).click()
    assert asked(widget, "generate")["image"] is None
    view.locator('.rw-tile[data-key="k2"]').click()
    stage.get_by_role("button", name="Use these settings").click()
    expect(view.get_by_text("starts from a picture")).to_be_visible()
    widget.wait_for("document.querySelector('.rw-primary').ariaDisabled !== 'true'")
    widget.another_press()
    generate_button(view).click()
    widget.wait_for("model.of('generate').length === 2")
    assert asked(widget, "generate")["image"] == "cd" * 32
    assert asked(widget, "picture_of") == {"sha256": "cd" * 32}


def test_what_an_earlier_kernel_made_says_of_which_video_its_picture_is(widget: Widget) -> None:
    file = small_mp4(1)
    first = {**finished("k1", file, prompt="A red kite"), "created": 1_600_000_000, "stack": "k1"}
    frame = {"picture": "ab" * 32, "frame": {"key": "k1", "at": 0.96}}
    second = {**finished("k2", file, prompt="It lands"), "created": 1_700_000_000, "stack": "k2", **frame}
    view = widget.start(state(_jobs=[], _entries=[second, first]), files={"k1": file, "k2": file})
    expect(view.locator(".rw-show")).to_contain_text("begins with the last frame of “A red kite”")
    view.get_by_role("button", name="Use these settings").click()
    expect(view.get_by_text("starts from the last frame of “A red kite”")).to_be_visible()


def test_what_the_form_cannot_bring_is_said(widget: Widget, stage: Locator) -> None:
    view = widget.view(0)
    widget.do("model.wall.left_out = ['negative_prompt', 'seed']; 0")
    stage.get_by_role("button", name="Use these settings").click()
    expect(view.get_by_role("alert")).to_contain_text("further fields: negative_prompt, seed.")
    widget.do("model.wall.left_out = []; 0")
    stage.get_by_role("button", name="Use these settings").click()
    expect(view.get_by_role("alert")).to_have_count(0)


def test_a_picture_on_its_way_does_not_come_after_the_settings(widget: Widget, stage: Locator) -> None:
    view = widget.view(0)
    widget.do("model.busy = true")
    stage.get_by_role("button", name="Extend").click()
    widget.wait_for("model.of('picture').length === 1")
    stage.get_by_role("button", name="Use these settings").click()
    widget.wait_for("model.of('settings_of').length === 1")
    widget.do("model.idle()")
    expect(view.get_by_label("Model")).to_have_value("openai/sora-2")
    expect(view.get_by_text("starts from")).to_have_count(0)
    generate_button(view).click()
    assert asked(widget, "generate")["image"] is None


_PIXEL = """video => {
  const context = new OffscreenCanvas(160, 90).getContext("2d");
  context.drawImage(video, 0, 0);
  return [...context.getImageData(80, 45, 1, 1).data].slice(0, 3);
}"""


def test_a_choice_on_the_wall_that_is_refused_says_why_at_the_form(widget: Widget) -> None:
    file = small_mp4(1)
    before, newest = finished("k1", file), finished("k2", file)
    view = widget.start(state(_jobs=[newest, before]), files={"k1": file, "k2": file})
    expect(view.locator(".rw-show")).to_have_attribute("data-key", "k2")
    widget.page.evaluate("error => { model.failures.choose = error; }", error("The disk is full."))
    view.locator('.rw-tile[data-key="k1"]').press("k")
    expect(view.locator(".rw-form").get_by_role("alert")).to_contain_text("The disk is full. Do that.")
    expect(view.locator(".rw-show")).to_have_attribute("data-key", "k2")


def test_the_whole_prompt_is_read_and_copied(widget: Widget, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    file = small_mp4(1)
    whole = "A fox in the snow. " * 40
    job = finished("k1", file, prompt=f"{whole[:300]}…")
    view = widget.start(state(_jobs=[job]), files={"k1": file})
    settings = {"prompt": whole, "model": "openai/sora-2", "duration": 8, "aspect_ratio": None, "note": ""}
    page.evaluate("settings => { model.answers.settings_of = settings; }", settings)
    view.get_by_role("button", name="The whole prompt").click()
    words = view.locator(".rw-whole")
    expect(words.locator("section")).to_have_text(whole.strip())
    words.get_by_role("button", name="Copy the prompt").click()
    expect(words).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == whole


def test_two_prompts_are_shown_with_what_differs(widget: Widget) -> None:
    file = small_mp4(1)
    before = finished("k1", file, prompt="A red fox in the snow")
    newest = finished("k2", file, prompt="A grey fox in the snow")
    view = widget.start(state(_jobs=[newest, before]), files={"k1": file, "k2": file})
    expect(view.locator(".rw-show")).to_have_attribute("data-key", "k2")
    put_on_stage(view, "k1")
    view.get_by_role("button", name="The whole prompt").click()
    view.get_by_role("button", name="Difference from “A grey fox").click()
    expect(view.locator(".rw-whole section")).to_have_text("A grey red fox in the snow")
    expect(view.locator(".rw-whole del")).to_have_text("grey")
    expect(view.locator(".rw-whole ins")).to_have_text("red")


def put_on_stage(view: Locator, key: str) -> None:
    """As a person does."""
    view.locator(f'.rw-tile[data-key="{key}"]').click()
    expect(view.locator(".rw-show")).to_have_attribute("data-key", key)


def test_put_away_deleted_and_brought_back(widget: Widget, stage: Locator) -> None:
    view = widget.view(0)
    if stage.get_by_role("button", name="More").is_visible():
        stage.get_by_role("button", name="More").click()
    stage.get_by_role("button", name="Put away").click()
    assert asked(widget, "choose")["changes"] == {"hidden": True}
    expect(stage).to_have_count(0)
    view.get_by_role("button", name="Undo").click()
    if stage.get_by_role("button", name="More").is_visible():
        stage.get_by_role("button", name="More").click()
    stage.get_by_role("button", name="Delete").click()
    stage.get_by_role("button", name="No", exact=True).click()
    assert widget.of("bin") == []
    stage.get_by_role("button", name="Delete").click()
    stage.get_by_role("button", name="Yes, delete").click()
    expect(stage, "nothing is left in the player of one that is gone").to_have_count(0)
    assert asked(widget, "bin")["keys"] == ["k1"]
    view.get_by_role("button", name="Filter").click()
    view.get_by_label("Show only what is put away or deleted: 1").check()
    view.locator(".rw-tile").click()
    expect(stage.locator(".rw-frame")).to_have_text("It is in the bin.")
    stage.get_by_role("button", name="Restore").click()
    view.locator(".rw-filter").get_by_role("button", name="Clear").click()
    expect(stage.locator("video")).to_be_visible()
    assert asked(widget, "restore")["keys"] == ["k1"]


def test_the_takes_of_a_request_stand_beside_each_other(widget: Widget) -> None:
    file = small_mp4(1)
    first = finished("t1", file, prompt="A fox")
    entries = [
        {**first, "key": f"t{n}", "take": n, "stack": "s", "created": 1_700_000_000 + n, "kept": kept}
        for n, kept in ((1, False), (2, None), (3, True))
    ]
    other = {**first, "key": "o1", "prompt": "An owl", "stack": "o", "created": 1_600_000_000}
    widget.start(state(_jobs=[], _entries=[*entries, other]), files={entry["key"]: file for entry in entries})
    stage = widget.view(0).locator(".rw-show")
    expect(stage).to_have_attribute("data-key", "t3")
    expect(stage).to_contain_text("take 3 of 3")
    takes = stage.get_by_role("list", name="Takes").get_by_role("button")
    expect(takes).to_have_count(3)
    names = [take.get_attribute("aria-label") for take in takes.all()]
    assert names == ["Take 1, rejected", "Take 2", "Take 3, kept"]
    takes.nth(1).press("Enter")
    expect(stage).to_have_attribute("data-key", "t2")
    expect(takes.nth(1)).to_have_attribute("aria-current", "true")
    expect(takes).to_have_count(3)


@pytest.mark.parametrize("width", [1200, 800, 400])
@pytest.mark.parametrize("light", ["true", "false"])
def test_everybody_gets_everywhere(widget: Widget, stage: Locator, width: int, light: str) -> None:
    widget.page.set_viewport_size({"width": width, "height": 900})
    widget.do(f"document.body.dataset.jpThemeLight = '{light}'")
    stage.get_by_role("button", name="The whole prompt").click()
    stage.get_by_role("button", name="Keep").click()
    stage.get_by_role("button", name="3 of 5").click()
    expect(stage.locator(".rw-lit")).to_have_count(3)
    check_fits(stage)
    check_access(widget.page, stage)
    check_keyboard(widget.page, stage)


@pytest.mark.slow
def test_in_jupyterlab_a_press_plays_at_once_by_mouse_and_by_keyboard(lab: Lab) -> None:
    with FaultServer(video=small_mp4(4, 1280, 720)) as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        code = (
            "jobs = []\n"
            "for n in range(4):\n"
            "    w.prompt = f'A fox in snow {n} cm deep'\n"
            "    jobs.append(w.generate())\n"
            "for job in jobs: job.wait(60)\n"
            "for job in jobs: print(job.key)"
        )
        notebook = lab.open("stage/stage.ipynb", [SHOW, code], env=environment)
        notebook.run_all()
        keys = notebook.text(1).split()
        view = notebook.output(0).locator(".runcrate-widget")
        expect(view.locator('.rw-player[data-transport="url"]')).to_be_visible(timeout=60_000)
        first = view.locator(".rw-show").get_attribute("data-key")
        took = [pressed_to_playing(view, key) for key in keys if key != first]
        print("press to playing:", [f"{one:.0f} ms" for one in took])  # a figure; it decides nothing here
        assert len(took) == 3

        # By keyboard alone.
        stage = view.locator(".rw-show")
        key = stage.get_attribute("data-key")
        stage.locator("video").focus()
        for name in ("k", "4"):
            lab.page.keyboard.press(name)
        expect(stage.get_by_role("button", name="Kept")).to_be_visible()
        expect(stage.locator(".rw-lit")).to_have_count(4)
        look = notebook.add(
            f"job = next(j for j in jobs if j.key == {key!r}); print(job.choice.kept, job.rating)"
        )
        notebook.run(look)
        expect(notebook.output(look)).to_have_text(re.compile("True 4"))
        check_access(lab.page, stage)


_PRESS = """([view, key]) => new Promise((resolve) => {
  const before = view.querySelector('video').src;
  let begun;
  const heard = ({ target }) => {
    if (target.src === before) return;
    view.removeEventListener('playing', heard, true);
    resolve(performance.now() - begun);
  };
  view.addEventListener('playing', heard, true);
  const tile = view.querySelector(`.rw-tile[data-key="${key}"]`);
  tile.addEventListener('click', () => { begun = performance.now(); }, { capture: true, once: true });
  tile.click();
})"""


def pressed_to_playing(view: Locator, key: str) -> float:
    """From the press on its poster to the event `playing`, in milliseconds."""
    return float(view.page.evaluate(_PRESS, [view.element_handle(), key]))
