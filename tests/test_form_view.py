"""The form in Chromium: what it shows of money, time, pictures and sets, and what it sends."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import pytest
from access import check_access, check_fits, check_keyboard
from lab import Lab
from pictures import noise, picture
from PIL import Image
from playwright.sync_api import Locator, expect
from shown import MODELS, SESSION, Widget, error, generate_button, job, state

KNOWN = "ab" * 32  # as which the fake kernel keeps each picture
USUAL = {"making": [], "queued": [], "whole": [44, 46, 48, 50, 52, 55, 60, 62, 66, 70, 71]}


def session(**fields: Any) -> dict[str, Any]:
    return {**SESSION, **fields}


def cost(view: Locator) -> Locator:
    return view.locator(".rw-cost")


def drop(view: Locator, kind: str, name: str, content: bytes, type: str = "image/png") -> None:
    """Drops or pastes a file on the prompt, as the browser tells of it."""
    view.get_by_label("Prompt", exact=True).evaluate(
        """(field, [kind, name, type, content]) => {
          const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], name, { type }));
          const event = kind === "drop"
            ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
          field.dispatchEvent(event);
          window.taken = event.defaultPrevented;
        }""",
        [kind, name, type, base64.b64encode(content).decode()],
    )


def sent_picture(widget: Widget) -> bytes:
    widget.wait_for("model.of('picture').length === 1")
    return base64.b64decode(widget.of("picture")[0]["data"])


# Money and time


def test_the_cost_is_said_in_words_with_the_time_and_what_is_left(widget: Widget) -> None:
    limit = {"seconds": None, "dollars": 8.8}
    view = widget.start(state(takes=3, duration=4, _session=session(limit=limit)), answers={"times": USUAL})
    expect(cost(view)).to_have_text("costs 3 × 4 s ≈ $4.80usually 44–71 s · $8.80 left")
    expect(generate_button(view)).to_be_enabled()
    widget.page.set_viewport_size({"width": 600, "height": 800})
    expect(view.get_by_text("$8.80 left")).to_be_hidden()


def test_what_goes_over_the_limit_is_not_sent_and_the_button_says_why(widget: Widget) -> None:
    limit = {"seconds": 12, "dollars": None}
    view = widget.start(state(takes=2, duration=8, _session=session(limit=limit)))
    why = "The limit has 12 s of video left; this takes 16 s of video."
    expect(generate_button(view)).to_be_disabled()
    expect(generate_button(view)).to_have_accessible_description(why)
    expect(view.get_by_text(why)).to_be_visible()
    view.get_by_label("Prompt", exact=True).press("Control+Enter")
    assert widget.of("generate") == []
    view.get_by_role("button", name="One fewer").click()
    expect(generate_button(view)).to_be_enabled()
    widget.set("_session", session(limit={"seconds": 4, "dollars": None}))
    expect(generate_button(view)).to_be_disabled()


def test_a_price_that_nobody_gave_can_be_given_beside_the_cost(widget: Widget) -> None:
    view = widget.start(state(model="openai/sora-2", duration=12))
    expect(cost(view)).to_contain_text("12 s of video, price not set")
    view.get_by_role("button", name="price not set").press("Enter")
    field = view.get_by_label("Dollars a second")
    expect(field).to_be_focused()
    field.press("Escape")
    expect(field).to_have_count(0)
    view.get_by_role("button", name="price not set").click()
    field.fill("a lot")
    field.press("Enter")
    assert widget.of("price") == []
    field.fill("0,10")
    field.press("Enter")
    assert widget.of("price") == [{"model": "openai/sora-2", "price": 0.1}]
    assert widget.of("generate") == []
    models = [{"audio": False, "notes": "", **model, "price": 0.1} for model in MODELS]
    widget.set("_models", models)
    expect(cost(view)).to_contain_text("costs 12 s ≈ $1.20")


def test_a_price_that_is_refused_says_so_below_the_form(widget: Widget) -> None:
    failures = {"price": error("The library cannot be written.", "Look at it.")}
    view = widget.start(state(model="openai/sora-2", duration=12), failures=failures)
    view.get_by_role("button", name="price not set").click()
    view.get_by_label("Dollars a second").fill("0.1")
    view.get_by_role("button", name="set", exact=True).click()
    expect(view.get_by_role("alert")).to_have_text("The library cannot be written. Look at it.")


def test_the_demo_costs_nothing_and_is_marked_once(widget: Widget) -> None:
    view = widget.start(state(_session=session(demo=True)))
    expect(cost(view)).to_contain_text("6 s, free")
    expect(view.get_by_text("DEMO")).to_have_count(1)


# The prompt


def test_braces_are_shown_as_a_list_with_their_cost_before_anything_is_sent(widget: Widget) -> None:
    view = widget.start(state(prompt="", takes=2))
    view.get_by_label("Prompt", exact=True).fill("A {red|blue} fox in {snow|rain|fog}")
    shown = view.get_by_role("list", name="What is sent").get_by_role("listitem")
    expect(shown).to_have_count(6)
    expect(shown.nth(3)).to_have_text("A blue fox in snow")
    expect(view.get_by_text("6 prompts")).to_be_visible()
    expect(cost(view)).to_contain_text("costs 12 × 6 s ≈ $28.80")
    generate_button(view).click()
    (sent,) = widget.of("generate")
    assert sent["prompt"] == "A {red|blue} fox in {snow|rain|fog}"
    assert sent["prompts"][3] == "A blue fox in snow"
    assert (len(sent["prompts"]), sent["takes"]) == (6, 2)
    view.get_by_label("sent as it stands").check()
    expect(shown).to_have_count(0)
    expect(cost(view)).to_contain_text("costs 2 × 6 s ≈ $4.80")


def test_lines_are_one_prompt_until_the_person_wants_a_list(widget: Widget) -> None:
    view = widget.start(state(prompt="A fox\nA bear\n\nA {red|blue} owl"))
    expect(cost(view)).to_contain_text("costs 2 × 6 s")
    expect(view.get_by_role("group", name="3 lines")).to_contain_text("one prompt")
    expect(view.get_by_label("one prompt")).to_be_checked()
    view.get_by_label("3 prompts").press("Space")
    expect(view.get_by_role("listitem")).to_have_text(["A fox", "A bear", "A red owl", "A blue owl"])
    expect(generate_button(view)).to_have_text("Generate 4")
    view.get_by_label("sent as it stands").check()
    expect(view.get_by_role("listitem")).to_have_text(["A fox", "A bear", "A {red|blue} owl"])
    view.get_by_label("one prompt").check()
    generate_button(view).click()
    assert "prompts" not in widget.of("generate")[0]


def test_the_list_of_what_is_sent_shows_whole_lines(widget: Widget) -> None:
    view = widget.start(state(prompt="A {1|2|3|4|5|6|7|8|9} fox"))
    cut = view.get_by_role("list", name="What is sent").evaluate(
        """list => {
          const end = list.getBoundingClientRect().bottom; // its padding would show a part of the next
          return [...list.children].map((one) => one.getBoundingClientRect())
            .filter(({ top, bottom }) => top < end - 1 && bottom > end + 1).length;
        }"""
    )
    assert cut == 0


def test_too_many_are_not_sent_and_none_is_not_either(widget: Widget) -> None:
    view = widget.start(state(prompt="{a|b}" * 8))
    expect(generate_button(view)).to_have_accessible_description(
        "The prompt stands for too many: at most 200 are sent at a time."
    )
    view.get_by_label("Prompt", exact=True).fill("{ | }")
    expect(generate_button(view)).to_have_accessible_description("Describe the video first.")
    view.get_by_label("Prompt", exact=True).press("Control+Enter")
    assert widget.of("generate") == []


def test_the_arrow_keys_go_through_earlier_prompts_and_back_to_what_was_written(widget: Widget) -> None:
    answers = {"earlier_prompts": {"prompts": ["Newest", "Older\nof two lines", "Oldest"]}}
    view = widget.start(state(prompt="Draft"), answers=answers)
    prompt = view.get_by_label("Prompt", exact=True)
    prompt.press("End")
    prompt.press("ArrowUp")  # to the beginning of the line, as always
    prompt.press("Home")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("Newest")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("Older\nof two lines")
    expect(view.get_by_text("earlier prompt 2 of 3")).to_be_visible()
    prompt.press("ArrowUp")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("Oldest")
    for expected in ("Older\nof two lines", "Newest", "Draft"):
        prompt.press("ArrowDown")
        expect(prompt).to_have_value(expected)
    assert len(widget.of("earlier_prompts")) == 1
    prompt.press("Home")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("Newest")
    prompt.press("End")
    prompt.press_sequentially("!")
    prompt.press("ArrowDown")  # it is the person's own now
    expect(prompt).to_have_value("Newest!")


def test_the_examples_fill_the_form_in_and_go(widget: Widget) -> None:
    view = widget.start(state(prompt=""))
    examples = view.get_by_role("region", name="Examples")
    expect(examples.get_by_role("button")).to_have_count(4)
    examples.get_by_role("button", name="Waterfall, vertical pan").click()
    prompt = view.get_by_label("Prompt", exact=True)
    expect(prompt).to_be_focused()
    expect(view.get_by_role("radio", name="9:16")).to_be_checked()
    expect(examples).to_have_count(0)
    assert (prompt.input_value()).startswith("Waterfall, vertical pan, from the foaming pool")
    expect(generate_button(view)).to_be_enabled()


def test_there_are_no_examples_beside_what_is_there(widget: Widget) -> None:
    view = widget.start(state(prompt=""))
    expect(view.get_by_role("region", name="Examples")).to_have_count(1)
    widget.set("_jobs", [job()])
    expect(view.get_by_role("region", name="Examples")).to_have_count(0)


# The start picture


@pytest.mark.parametrize("way", ["choose", "drop", "paste"])
def test_a_picture_is_shown_and_goes_into_the_library_as_it_is_shown(widget: Widget, way: str) -> None:
    content = picture("PNG", (320, 180))
    view = widget.start(state())
    if way == "choose":
        file: Any = {"name": "fox.png", "mimeType": "image/png", "buffer": content}
        view.get_by_label("Start picture").set_input_files(file)
    else:
        drop(view, way, "fox.png", content)
        assert widget.do("window.taken")
    expect(view.get_by_text("starts from fox.png")).to_be_visible()
    assert sent_picture(widget) == content
    assert widget.of("picture")[0] | {"data": ""} == {"data": "", "name": "fox.png", "from": None}
    shown = view.locator(".rw-start img")
    assert shown.evaluate("async image => { await image.decode(); return image.naturalWidth; }") == 320
    widget.wait_for("model.of('set').length === 1")
    assert widget.of("set") == [{"name": "image", "value": KNOWN}]
    generate_button(view).click()
    assert widget.of("generate")[0]["image"] == KNOWN
    assert widget.of("picture_of") == [], "it is here"
    view.get_by_role("button", name="Remove the start picture").click()
    expect(view.get_by_label("Start picture")).to_have_count(1)
    assert widget.of("set")[-1] == {"name": "image", "value": None}


def test_a_text_that_is_pasted_is_the_prompts(widget: Widget) -> None:
    view = widget.start(state())
    drop(view, "paste", "notes.txt", b"A fox", "text/plain")
    assert not widget.do("window.taken")
    assert widget.of("picture") == []


def test_a_large_picture_is_made_smaller_and_what_is_seen_is_what_is_sent(widget: Widget) -> None:
    content = noise(6)
    view = widget.start(state())
    file: Any = {"name": "large.png", "mimeType": "image/png", "buffer": content}
    view.get_by_label("Start picture").set_input_files(file)
    expect(view.get_by_text("starts from large.png, made smaller")).to_be_visible(timeout=30_000)
    sent = sent_picture(widget)
    assert len(content) > 5_000_000 >= len(sent)
    with Image.open(io.BytesIO(sent)) as opened, Image.open(io.BytesIO(content)) as whole:
        assert opened.format == "JPEG"
        assert opened.width / opened.height == pytest.approx(whole.width / whole.height, rel=0.01)
    seen = view.locator(".rw-start img").evaluate(
        """async image => {
          const bytes = await (await fetch(image.src)).arrayBuffer();
          return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))];
        }"""
    )
    assert bytes(seen) == hashlib.sha256(sent).digest()


def test_what_is_no_picture_is_refused_where_it_was_given(widget: Widget) -> None:
    view = widget.start(state())
    drop(view, "drop", "broken.png", b"no picture")
    alert = view.locator(".rw-field-image").get_by_role("alert")
    expect(alert).to_have_text("broken.png is no picture that can be read here. Give a JPEG, PNG or WebP.")
    expect(view.get_by_label("Start picture")).to_have_count(1)
    assert widget.of("picture") == []
    widget.do(
        "model.failures = {picture: {message: 'Too many pixels.', hint: 'Give another.', field: 'image'}}"
    )
    drop(view, "drop", "fox.png", picture())
    expect(alert).to_have_text("Too many pixels. Give another.")
    expect(generate_button(view)).to_be_enabled()
    widget.do("model.failures = {}")
    drop(view, "drop", "fox.png", picture())
    expect(alert).to_have_count(0)


def test_nothing_is_sent_while_a_picture_is_on_its_way(widget: Widget) -> None:
    view = widget.start(state(), busy=True)
    drop(view, "drop", "fox.png", picture())
    expect(generate_button(view)).to_have_accessible_description("The picture is not in the library yet.")
    view.get_by_label("Prompt", exact=True).press("Control+Enter")
    widget.do("model.idle()")
    expect(generate_button(view)).to_be_enabled()
    assert widget.of("generate") == []
    generate_button(view).click()
    assert widget.of("generate")[0]["image"] == KNOWN


def test_a_picture_of_before_is_fetched_and_an_address_is_not(widget: Widget) -> None:
    view = widget.start(state(image=KNOWN))
    expect(view.get_by_text("starts from a picture")).to_be_visible()
    assert widget.of("picture_of") == [{"sha256": KNOWN}]
    widget.set("image", "https://example.org/a/fox.png")
    expect(view.get_by_text("starts from fox.png")).to_be_visible()
    expect(view.locator(".rw-start img")).to_have_count(0)
    assert len(widget.of("picture_of")) == 1


def test_a_model_that_begins_with_no_picture_has_none(widget: Widget) -> None:
    models = [
        {"audio": False, "notes": "", **model, "image": model["id"] != MODELS[0]["id"]} for model in MODELS
    ]
    view = widget.start(state(_models=models))
    expect(view.get_by_label("Start picture")).to_have_count(0)
    drop(view, "drop", "fox.png", picture())
    assert widget.of("picture") == []
    view.get_by_label("Model").select_option("openai/sora-2")
    expect(view.get_by_label("Start picture")).to_have_count(1)
    widget.set("image", KNOWN)
    view.get_by_label("Model").select_option("google/veo-3.0")
    expect(view.get_by_text("Veo 3.0 begins with no picture")).to_be_visible()
    expect(generate_button(view)).to_be_disabled()
    view.get_by_role("button", name="Remove the start picture").click()
    expect(generate_button(view)).to_be_enabled()


# What the form says of the service


def test_a_retired_model_is_marked_in_the_picker_and_when_it_is_chosen(widget: Widget) -> None:
    models = [{"audio": False, "notes": "", "retired": None, **model} for model in MODELS]
    models[1]["retired"] = "2026-11-25"
    view = widget.start(state(_models=models))
    expect(view.get_by_label("Model").locator("option")).to_have_text(
        ["Veo 3.0", "Sora 2 (retired)", "Kling v3"]
    )
    view.get_by_label("Model").select_option("openai/sora-2")
    expect(view.get_by_text("Sora 2 is gone since 2026-11-25")).to_be_visible()
    expect(generate_button(view)).to_be_enabled()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "waiting", "note": "rate limit: goes on in 12 s"}, "The service asks for a pause"),
        ({"status": "waiting", "note": "trying again: no connection"}, "The service does not answer"),
        ({"status": "failed", "error": {**error("None left."), "kind": "credits"}}, "No credits were left"),
    ],
)
def test_what_the_jobs_have_met_is_said_beside_the_button(
    widget: Widget, fields: dict[str, Any], words: str
) -> None:
    view = widget.start(state(_jobs=[job(**fields)]))
    expect(view.locator(".rw-form").get_by_text(words)).to_be_visible()
    expect(generate_button(view)).to_be_enabled()
    widget.set("_jobs", [job(status="completed")])
    expect(view.locator(".rw-form").get_by_text(words)).to_have_count(0)


# How it looks

LONG = "A fox trotting through fresh snow at dawn, slow tracking shot, breath in the cold air. " * 40
TEXTS = {
    "empty": "",
    "3,000 characters": LONG[:3000],
    "right to left": "ثعلب يركض في الثلج عند الفجر، لقطة تتبع بطيئة",
    "Chinese": "清晨，一只狐狸在新雪中小跑，缓慢的跟踪镜头，冷空气中呼出的白气清晰可见，柔和的轮廓光。",
    "a list": "A {red|blue} fox in {snow|rain}\nand fog",
}


@pytest.mark.parametrize("width", [340, 432, 832, 1232])
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_fits_and_is_accessible(widget: Widget, text: str, width: int) -> None:
    widget.page.set_viewport_size({"width": width, "height": 900})
    limit = {"seconds": 1000, "dollars": 1000}
    view = widget.start(state(prompt=TEXTS[text], takes=3, _session=session(limit=limit)))
    if text == "a list":
        expect(view.get_by_role("list", name="What is sent")).to_be_visible()
    if text == "empty":
        expect(view.get_by_role("region", name="Examples")).to_be_visible()
    check_fits(view.locator(".rw-form"))
    check_access(widget.page, ".runcrate-widget")
    if text == "right to left":
        prompt = view.get_by_label("Prompt", exact=True)
        assert prompt.evaluate("field => getComputedStyle(field).direction") == "rtl"
    if text == "3,000 characters":
        expect(view.get_by_text("3,000 characters")).to_be_visible()
        box = view.locator(".rw-grow").bounding_box()
        assert box
        assert box["height"] < 300


def test_the_keyboard_reaches_all_of_it(widget: Widget) -> None:
    view = widget.start(state(prompt="A {red|blue} fox", model="openai/sora-2", duration=12))
    expect(view.get_by_role("button", name="price not set")).to_be_visible()
    expect(view.get_by_role("list", name="What is sent")).to_be_visible()
    check_keyboard(widget.page, ".runcrate-widget")


# In a real JupyterLab

SHOW = "from runcrate_widget import VideoWidget\nw = VideoWidget(takes=1)\nw"


def test_a_set_with_a_start_picture_is_made_in_jupyterlab_by_the_keyboard_alone(lab: Lab) -> None:
    look = "jobs = w.jobs\nprint(sorted(j.request.prompt for j in jobs), len({j.request.image.sha256 for j in jobs}))"
    notebook = lab.open("form/set.ipynb", [SHOW, look], env={"RUNCRATE_DEMO": "1"})
    notebook.run(0)
    shown = notebook.output(0).locator(".runcrate-widget")
    prompt = shown.get_by_label("Prompt", exact=True)
    prompt.focus(timeout=30_000)
    lab.page.keyboard.type("A {red|blue} fox")
    expect(shown.get_by_role("list", name="What is sent").get_by_role("listitem")).to_have_text(
        ["A red fox", "A blue fox"]
    )
    drop(shown, "paste", "fox.png", picture("PNG", (320, 180)))
    expect(shown.get_by_text("starts from fox.png")).to_be_visible()
    button = shown.get_by_role("button", name="Generate 2")
    expect(button).to_be_enabled(timeout=30_000)
    check_access(lab.page, shown)
    prompt.press("Control+Enter")
    making = shown.get_by_role("region", name="In the making")
    expect(making.get_by_text("A red fox")).to_be_visible(timeout=30_000)
    expect(making.get_by_text("A blue fox")).to_be_visible(timeout=30_000)
    notebook.run(1)
    expect(notebook.output(1)).to_have_text("['A blue fox', 'A red fox'] 1")
    # Before anything was sent the field was empty: the newest earlier prompt is one of these.
    prompt.fill("")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("A blue fox", timeout=30_000)
