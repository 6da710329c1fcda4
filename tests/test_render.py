"""The built front end in Chromium, against a model that the test drives (`fake_model.js`)."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from shown import PROMPT, SESSION, Widget, error, finished, generate_button, job, row, state
from videos import small_mp4

if TYPE_CHECKING:
    from playwright.sync_api import Locator

# The form


def test_the_form_shows_the_traits_and_follows_them(widget: Widget) -> None:
    view = widget.start(state())
    expect(view.get_by_label("Prompt", exact=True)).to_have_value(PROMPT)
    expect(view.get_by_label("Model")).to_have_value("google/veo-3.0")
    expect(view.get_by_role("radio", name="6", exact=True)).to_be_checked()
    expect(view.get_by_role("radio", name="16:9")).to_be_checked()
    expect(view.get_by_label("Cost")).to_have_text("costs 6 s ≈ $2.40")

    widget.set("prompt", "A fox")
    widget.set("duration", 8)
    widget.set("aspect_ratio", "9:16")
    widget.set("takes", 3)
    expect(view.get_by_label("Prompt", exact=True)).to_have_value("A fox")
    expect(view.get_by_role("radio", name="8 s")).to_be_checked()
    expect(view.get_by_role("radio", name="9:16")).to_be_checked()
    expect(view.get_by_label("takes")).to_have_value("3")
    expect(view.get_by_label("Cost")).to_have_text("costs 3 × 8 s ≈ $9.60")
    assert widget.of("set") == [], "what the kernel set is not sent back to it"


def test_durations_are_choices_or_a_slider_or_a_number_as_the_model_has_them(widget: Widget) -> None:
    view = widget.start(state())
    durations = view.get_by_role("group", name="Duration in seconds")
    expect(durations.get_by_role("radio")).to_have_count(3)

    widget.set("model", "kwaivgi/kling-v3")
    slider = view.get_by_role("slider", name="Duration")
    expect(slider).to_have_attribute("min", "3")
    expect(slider).to_have_attribute("max", "15")
    expect(slider).to_have_value("6")
    expect(durations).to_have_count(0)
    slider.fill("9")
    assert widget.of("set") == [{"name": "duration", "value": 9}]
    expect(view.get_by_label("Cost")).to_have_text("9 s of video")

    widget.set("model", "acme/next-1")
    expect(slider).to_have_count(0)
    expect(view.get_by_label("Model").locator("option:checked")).to_have_text("acme/next-1")
    number = view.get_by_label("duration")
    expect(number).to_have_value("9")
    number.fill("")
    assert widget.of("set")[1:] == [{"name": "duration", "value": None}]
    expect(view.get_by_label("Cost")).to_have_text("")


def test_each_control_that_is_moved_is_sent(widget: Widget) -> None:
    view = widget.start(state())
    view.get_by_label("Model").select_option("openai/sora-2")
    view.get_by_text("8", exact=True).click()
    view.get_by_text("9:16").click()
    view.get_by_label("takes").fill("2")
    assert widget.of("set") == [
        {"name": "model", "value": "openai/sora-2"},
        {"name": "duration", "value": 8},
        {"name": "aspect_ratio", "value": "9:16"},
        {"name": "takes", "value": 2},
    ]
    view.get_by_label("Prompt", exact=True).fill("A bear")
    view.get_by_label("Prompt", exact=True).blur()
    assert widget.of("set")[4:] == [{"name": "prompt", "value": "A bear"}]


def test_takes_stay_between_one_and_eight(widget: Widget) -> None:
    view = widget.start(state())
    takes = view.get_by_label("takes")
    takes.fill("12")
    expect(view.get_by_label("Cost")).to_contain_text("8 ×")  # what will be sent, while it is typed
    takes.blur()
    expect(takes).to_have_value("8")
    takes.fill("")
    takes.blur()
    expect(takes).to_have_value("8")
    assert widget.of("set") == [{"name": "takes", "value": 8}]


def test_the_kernel_decides_the_duration_of_a_new_model(widget: Widget) -> None:
    view = widget.start(state())
    view.get_by_label("Model").select_option("openai/sora-2")
    expect(view.get_by_role("radio", name="4")).not_to_be_checked()
    widget.set("duration", 8)
    expect(view.get_by_role("radio", name="8")).to_be_checked()


def test_what_is_typed_is_not_overwritten_by_an_older_echo(widget: Widget) -> None:
    view = widget.start(state(prompt=""), echo=False)
    prompt = view.get_by_label("Prompt", exact=True)
    prompt.press_sequentially("A f")
    widget.wait_for('model.of("set").length === 1')
    prompt.press_sequentially("ox")
    widget.set("prompt", "A f")
    expect(prompt).to_have_value("A fox")
    widget.wait_for('model.of("set").length === 2')
    expect(prompt).to_have_value("A fox")
    assert widget.of("set")[1] == {"name": "prompt", "value": "A fox"}
    widget.set("prompt", "Set in a cell")
    expect(prompt).to_have_value("Set in a cell")


def test_a_value_of_the_kernel_waits_for_the_answer_to_the_view(widget: Widget) -> None:
    view = widget.start(state(), busy=True, echo=False)
    view.get_by_text("8 s").click()
    widget.set("duration", 4)
    expect(view.get_by_role("radio", name="8 s")).to_be_checked()
    widget.do("model.idle()")
    expect(view.get_by_role("radio", name="4")).to_be_checked()


def test_the_prompt_grows_with_its_text(widget: Widget) -> None:
    view = widget.start(state())
    prompt = view.get_by_label("Prompt", exact=True)
    low = prompt.bounding_box()
    prompt.fill("\n".join("abcdefg"))
    high = prompt.bounding_box()
    assert low and high and high["height"] > low["height"] + 50


# Generate


def test_generate_carries_what_the_controls_show(widget: Widget) -> None:
    view = widget.start(state())
    view.get_by_label("Prompt", exact=True).fill("A bear")
    view.get_by_text("4", exact=True).click()
    generate_button(view).click()
    assert widget.of("generate") == [
        {
            "prompt": "A bear",
            "model": "google/veo-3.0",
            "duration": 4,
            "aspect_ratio": "16:9",
            "takes": 1,
            "image": None,
        }
    ]
    assert widget.do("model.kinds()").index("generate") > widget.do("model.kinds()").index("set")
    expect(view.get_by_label("Prompt", exact=True)).to_have_value("A bear")


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter"])
def test_ctrl_enter_generates_and_the_notebook_does_not_hear_it(widget: Widget, keys: str) -> None:
    view = widget.start(state())
    widget.do("window.heard = []; document.addEventListener('keydown', (event) => heard.push(event.key))")
    prompt = view.get_by_label("Prompt", exact=True)
    prompt.press(keys)
    widget.wait_for('model.of("generate").length === 1')
    prompt.press("d")
    prompt.press("Shift+Enter")
    prompt.press("Control+s")
    assert [key for key in widget.do("heard") if key not in ("Control", "Meta")] == ["s"]
    # JupyterLab listens before the widget can stop it, and looks for this.
    assert prompt.evaluate("box => box.closest('[data-lm-suppress-shortcuts]') !== null")


def test_a_double_click_sends_once_and_the_next_click_sends_again(widget: Widget) -> None:
    view = widget.start(state(), busy=True)
    generate_button(view).dblclick()
    expect(generate_button(view)).to_have_text("sending…")
    view.get_by_label("Prompt", exact=True).press("Control+Enter")
    assert len(widget.of("generate")) == 1
    widget.do("model.idle()")
    expect(generate_button(view)).to_have_text("Generate")
    generate_button(view).click()
    assert len(widget.of("generate")) == 2


def test_only_a_press_of_ones_own_in_the_form_generates(widget: Widget) -> None:
    view = widget.start(state(_jobs=[finished("k1", small_mp4(1))]), files={"k1": small_mp4(1)})
    view.get_by_role("button", name="note").click()
    view.get_by_label("Note").press("Control+Enter")
    view.locator(".rw-player video").press("Control+Enter")
    prompt = view.get_by_label("Prompt", exact=True)
    held = "new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, repeat: true, bubbles: true})"
    prompt.evaluate(f"field => field.dispatchEvent({held})")
    assert widget.of("generate") == []
    prompt.press("Control+Enter")
    assert len(widget.of("generate")) == 1


def test_what_is_asked_for_while_another_is_being_sent_is_not_lost(widget: Widget) -> None:
    view = widget.start(state(), busy=True)
    prompt = view.get_by_label("Prompt", exact=True)
    prompt.fill("A fox")
    generate_button(view).dblclick()
    expect(generate_button(view)).to_have_text("sending…")
    prompt.fill("An owl")
    expect(generate_button(view)).to_have_text("Generate")
    widget.another_press()
    prompt.press("Control+Enter")
    prompt.press("Control+Enter")
    assert [one["prompt"] for one in widget.of("generate")] == ["A fox", "An owl"]


def test_a_busy_kernel_is_named_until_it_answers(widget: Widget) -> None:
    view = widget.start(state())
    widget.do("model.busy = true")
    generate_button(view).click()
    status = view.get_by_text(
        "Queued: a cell is running, or the library does not answer. It starts after that."
    )
    expect(status).to_have_count(0)
    expect(status).to_be_visible()
    widget.do("model.idle()")
    expect(status).to_have_count(0)


def test_a_kernel_that_was_never_heard_may_not_be_there(widget: Widget) -> None:
    view = widget.start(state(), busy=True)
    generate_button(view).click()
    expect(
        view.get_by_text("If one is busy, this is queued; if there is none, run the cell again.")
    ).to_be_visible()


def test_nothing_is_sent_without_a_prompt_and_the_button_says_why(widget: Widget) -> None:
    view = widget.start(state(prompt="  "))
    button = generate_button(view)
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description("Describe the video first.")
    view.get_by_label("Prompt", exact=True).press("Control+Enter")
    button.click(force=True)
    assert widget.of("generate") == []
    view.get_by_label("Prompt", exact=True).fill("A fox")
    expect(button).to_be_enabled()
    expect(button).not_to_have_accessible_description("Describe the video first.")


@pytest.mark.parametrize("field", ["prompt", "model", "duration", "aspect_ratio", "takes"])
def test_an_error_stands_with_its_field_and_the_prompt_stays(widget: Widget, field: str) -> None:
    view = widget.start(state(), failures={"generate": error("Not so.", "Do this.", field)})
    generate_button(view).click()
    alert = view.locator(f".rw-field-{field}").get_by_role("alert")
    expect(alert).to_have_text("Not so. Do this.")
    expect(view.get_by_role("alert")).to_have_count(1)
    expect(view.locator("[aria-invalid]")).to_have_accessible_description("Not so. Do this.")
    expect(view.get_by_label("Prompt", exact=True)).to_have_value(PROMPT)
    widget.do("model.failures = {}")
    widget.another_press()
    generate_button(view).click()
    expect(alert).to_have_count(0)


def test_an_error_of_no_field_stands_below_the_form(widget: Widget) -> None:
    failures = {"generate": error("The key was refused.", "Set another.")}
    view = widget.start(state(), failures=failures)
    generate_button(view).click()
    expect(view.locator(".rw-form > [role=alert]")).to_have_text("The key was refused. Set another.")


def test_no_key_says_how_to_set_one_and_offers_the_demo(widget: Widget) -> None:
    session = {**SESSION, "has_key": False}
    view = widget.start(state(_session=session))
    notice = view.get_by_role("region", name="API key")
    expect(notice).to_contain_text("RUNCRATE_API_KEY")
    expect(notice).to_contain_text('os.environ["RUNCRATE_API_KEY"] = getpass()')
    expect(generate_button(view)).to_be_disabled()
    expect(view.get_by_text("Generate needs an API key, or the demo.")).to_be_visible()
    view.get_by_role("button", name="Try the demo (no key, no cost)").click()
    assert widget.of("demo") == [{}]
    widget.set("_session", {**session, "demo": True})
    expect(notice).to_have_count(0)
    expect(generate_button(view)).to_be_enabled()
    expect(view.get_by_text("DEMO")).to_be_visible()
    expect(view.get_by_label("Cost")).to_have_text("6 s, free")


def test_a_widget_without_a_key_asks_the_kernel_when_one_comes_back_to_it(widget: Widget) -> None:
    session = {**SESSION, "has_key": False}
    view = widget.start(state(_session=session))
    view.get_by_label("Prompt", exact=True).focus()
    widget.wait_for('model.of("hello").length >= 2')


# The jobs


def test_without_jobs_there_is_no_strip_and_no_desk(widget: Widget) -> None:
    view = widget.start(state(prompt=""))
    examples = view.get_by_role("region", name="Examples")
    expect(examples).to_be_visible()
    expect(view.locator(".rw-stripe, .rw-needs, .rw-desk")).to_have_count(0)
    widget.set("_jobs", [job()])
    expect(row(view, "k1")).to_be_visible()
    expect(examples).to_have_count(0)


@pytest.mark.parametrize("status", ["waiting", "submitting", "queued", "processing", "downloading"])
def test_a_running_job_shows_its_stage_and_the_time_by_the_kernels_clock(widget: Widget, status: str) -> None:
    note = "reconnecting: the service answered 502"
    view = widget.start(
        state(_jobs=[job(status=status, note=note, started=time.time() + 3600 - 42)]), clock=3600
    )
    stage = row(view, "k1").locator(".rw-stage")
    expect(stage).to_have_text(re.compile(rf"^{status} · 0:4[2-6]$"))
    before = stage.text_content()
    expect(row(view, "k1")).to_contain_text(note)
    expect(row(view, "k1").get_by_role("button")).to_have_count(1 if status == "waiting" else 0)
    expect(stage).not_to_have_text(before or "")
    expect(stage).to_have_text(re.compile(rf"^{status} · 0:4[3-9]$"))


def test_a_row_survives_its_changes_and_each_stage_is_announced(widget: Widget) -> None:
    view = widget.start(state(_jobs=[job()]))
    spoken = view.locator("[aria-live=polite].rw-unseen")
    expect(spoken).to_have_text("")
    row(view, "k1").evaluate("row => { row.mark = 'same' }")
    widget.set("_jobs", [job("k2", "queued"), job(status="downloading")])
    expect(spoken).to_have_text("A fox in the snow, k2: queued. A fox in the snow, k1: downloading")
    assert row(view, "k1").evaluate("row => row.mark") == "same"
    assert keys(view) == ["k1", "k2"], "the oldest first, so that a new one moves none"


def test_a_failed_job_says_why_and_is_tried_again(widget: Widget) -> None:
    failed = job(status="failed", ended=time.time(), error=error("Content policy.", "Change the prompt."))
    view = widget.start(state(_jobs=[failed]))
    expect(row(view, "k1").get_by_role("alert")).to_have_text("Content policy. Change the prompt.")
    row(view, "k1").get_by_role("button", name="Try again").click()
    assert widget.of("resubmit") == [{"key": "k1"}]


def test_an_unconfirmed_job_asks_before_it_is_sent_again(widget: Widget) -> None:
    lost = job(status="unconfirmed", error=error("No answer.", "Look at the dashboard."))
    view = widget.start(state(_jobs=[lost]))
    there = row(view, "k1")
    there.get_by_role("button", name="Send again").click()
    expect(there).to_contain_text("This may be billed twice. Send again?")
    there.get_by_role("button", name="No", exact=True).click()
    expect(there).not_to_contain_text("billed twice")
    expect(there.get_by_role("button", name="Send again")).to_be_focused()
    assert widget.of("resubmit") == []
    there.get_by_role("button", name="Send again").click()
    there.get_by_role("button", name="Yes, send again").click()
    assert widget.of("resubmit") == [{"key": "k1"}]


def test_an_unconfirmed_job_that_the_dashboard_does_not_have_is_given_up(widget: Widget) -> None:
    lost = job(status="unconfirmed", error=error("No answer.", "Look at the dashboard."))
    view = widget.start(state(_jobs=[lost]))
    there = row(view, "k1")
    there.get_by_role("button", name="It is not there").click()
    expect(there).to_contain_text("so nothing was billed?")
    assert widget.of("cancel") == []
    there.get_by_role("button", name="Yes, give it up").click()
    assert widget.of("cancel") == [{"key": "k1"}]


def test_a_waiting_job_is_cancelled_and_a_refusal_stands_in_its_row(widget: Widget) -> None:
    view = widget.start(
        state(_jobs=[job(status="waiting")]), failures={"cancel": error("It was sent already.")}
    )
    row(view, "k1").get_by_role("button", name="Cancel").click()
    assert widget.of("cancel") == [{"key": "k1"}]
    expect(row(view, "k1").get_by_role("alert")).to_have_text("It was sent already. Do that.")


@pytest.mark.parametrize(
    ("status", "words"), [("downloading", "Download again"), ("processing", "Ask again")]
)
def test_a_job_that_is_stopped_is_asked_for_again_and_not_generated(
    widget: Widget, status: str, words: str
) -> None:
    view = widget.start(state(_jobs=[job(status=status, stopped=True, error=error("404"))]))
    expect(row(view, "k1").locator(".rw-stage")).to_contain_text(f"{status}, stopped")
    expect(row(view, "k1").get_by_role("button")).to_have_count(1)
    row(view, "k1").get_by_role("button", name=words).click()
    assert widget.of("resume") == [{"key": "k1"}]


def test_html_in_a_prompt_is_text(widget: Widget) -> None:
    evil = '<img src=x onerror="window.owned = true"><b>bold</b>'
    file = small_mp4()
    failed = job("k3", "failed", prompt=evil, error=error(evil, evil))
    jobs = [job(prompt=evil, note=evil), finished("k2", file, prompt=evil), failed]
    view = widget.start(state(prompt=evil, _jobs=jobs), files={"k2": file})
    widget.wait_for_videos(1)
    expect(row(view, "k1").locator(".rw-title")).to_have_text(evil)
    expect(row(view, "k3").locator(".rw-title")).to_have_text(evil)
    expect(row(view, "k3").get_by_role("alert")).to_have_text(f"{evil} {evil}")
    expect(show(view).locator(".rw-wording p")).to_have_text(evil)
    expect(view.locator("img, b")).to_have_count(0)
    assert widget.do("window.owned") is None


def show(view: Locator) -> Locator:
    """The video in the player, and what is known of it."""
    return view.locator(".rw-show")


def tile(view: Locator, key: str) -> Locator:
    """The video on the wall."""
    return view.locator(f'.rw-tile[data-key="{key}"]')


def one_after_another(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`jobs`, of which the first has ended last."""
    return [{**job, "ended": time.time() - n} for n, job in enumerate(jobs)]


def keys(view: Locator) -> list[str]:
    """The keys of the rows, from top to bottom."""
    found: list[str] = view.locator("[data-key]").evaluate_all("rows => rows.map(row => row.dataset.key)")
    return found


def test_an_unconfirmed_job_takes_an_id_by_hand_and_says_in_its_row_what_is_wrong_with_it(
    widget: Widget,
) -> None:
    lost = job(status="unconfirmed", error=error("No answer.", "Look at the dashboard."))
    view = widget.start(state(_jobs=[lost, job("k2")]), failures={"adopt": error("That is another's id.")})
    there = row(view, "k1")
    there.get_by_role("button", name="Give its id").click()
    use = there.get_by_role("button", name="Use this id")
    expect(use).to_have_attribute("aria-disabled", "true")
    use.dispatch_event("click")
    field = there.get_by_label("Its id in the dashboard")
    field.press_sequentially(" vid_5 ")
    use.click()
    expect(there.get_by_role("alert").last).to_have_text("That is another's id. Do that.")
    expect(there).to_contain_text("No answer. Look at the dashboard.")
    expect(field).to_have_value(" vid_5 ")
    widget.do("model.failures = {}; 0")
    field.fill("vid_6")
    field.press("Control+Enter")
    assert widget.of("adopt") == [{"key": "k1", "job_id": "vid_5"}, {"key": "k1", "job_id": "vid_6"}]
    assert widget.of("generate") == [], "the keys belong to the field"
    expect(there).not_to_contain_text("another's id")
    # One that was wrong can be put right.
    widget.set("_jobs", [job(stopped=True, adoptable=True, error=error("Nobody knows vid_6."))])
    expect(there.get_by_role("button", name="Ask again")).to_be_visible()
    expect(there.get_by_role("button", name="Give its id")).to_be_visible()
    expect(there.get_by_role("button", name="Send again")).to_have_count(0)


def test_what_was_lost_on_the_way_is_noticed_and_asked_for(widget: Widget) -> None:
    view = widget.start(state(_jobs=[job("k1"), job("k2", "queued")]))
    widget.do("model.lose = true; 0")
    widget.set("_jobs", [job("k1", "downloading"), job("k2", "queued")])
    expect(row(view, "k1").locator(".rw-stage")).to_contain_text("processing")
    widget.do("model.lose = false; 0")
    hellos = len(widget.of("hello"))
    widget.set("_jobs", [job("k1", "downloading"), job("k2", "processing")])
    expect(row(view, "k2").locator(".rw-stage")).to_contain_text("processing")
    expect(row(view, "k1").locator(".rw-stage")).to_contain_text("downloading")
    assert len(widget.of("hello")) == hellos + 1


def test_the_last_word_may_get_lost_too(widget: Widget) -> None:
    # Nothing comes after it that would show the gap: while a time moves on, the view looks whether there is more.
    view = widget.start(state(_jobs=[job("k1")]))
    widget.do("model.lose = true; 0")
    widget.set("_jobs", [job("k1", "failed", ended=time.time())])
    expect(row(view, "k1").locator(".rw-stage")).to_contain_text("failed", timeout=15_000)


def test_a_job_that_ends_stays_where_it_was_seen(widget: Widget) -> None:
    file = small_mp4()
    older = [job(f"k{n}", "cancelled") for n in range(40)]
    view = widget.start(state(_jobs=[*older, job("old")]), files={"old": file})
    expect(row(view, "old")).to_have_count(1)
    widget.set("_jobs", [*older, finished("old", file)])
    widget.wait_for_videos(1)
    assert keys(view) == ["old"]


# The videos


def test_a_finished_video_plays_muted_with_its_facts(widget: Widget) -> None:
    file = small_mp4(1.0, 128, 72)
    jobs = [finished("k1", file, width=128, height=72)]
    view = widget.start(state(_jobs=jobs), files={"k1": file})
    widget.wait_for_videos(1)
    video = view.locator("video")
    facts = video.evaluate("v => [v.muted, v.loop, v.playsInline, v.videoWidth, v.videoHeight]")
    assert facts == [True, True, True, 128, 72]
    widget.wait_for(
        "!document.querySelector('video').paused && document.querySelector('video').currentTime > 0"
    )
    expect(show(view)).to_contain_text("Veo 3.0 · 6 s · 16:9")
    expect(show(view)).to_contain_text("made in 0:51")
    player, about = (
        show(view).locator(".rw-player").bounding_box(),
        show(view).locator(".rw-about").bounding_box(),
    )
    assert player and about and about["x"] >= player["x"] + player["width"]


def test_save_gives_the_file_under_its_name(widget: Widget) -> None:
    file = small_mp4()
    view = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file})
    with widget.page.expect_download() as download:
        view.get_by_role("link", name="save").click()
    assert download.value.suggested_filename == "k1.mp4"
    assert Path(download.value.path()).read_bytes() == file


def test_path_and_code_are_copied(widget: Widget) -> None:
    widget.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    file = small_mp4()
    view = widget.start(state(_jobs=[finished("k1", file, prompt='A "fox"')]), files={"k1": file})
    view.get_by_role("button", name="path").click()
    expect(view.get_by_role("button", name="copied")).to_be_visible()
    assert widget.do("navigator.clipboard.readText()") == "/home/me/videos/k1.mp4"
    view.get_by_role("button", name="code").click()
    expect(view.get_by_role("button", name="copied")).to_have_count(2)
    assert widget.do("navigator.clipboard.readText()") == 'client.generate("k1")', "the kernel's word"


def test_a_copy_that_is_refused_shows_the_text_selected(widget: Widget) -> None:
    widget.do("navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); 0")
    file = small_mp4()
    view = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file})
    view.get_by_role("button", name="path").click()
    box = view.get_by_label("path, to copy by hand")
    expect(box).to_have_value("/home/me/videos/k1.mp4")
    expect(box).to_be_focused()
    assert (
        box.evaluate("box => box.value.slice(box.selectionStart, box.selectionEnd)")
        == "/home/me/videos/k1.mp4"
    )


def test_the_newest_is_fetched_and_others_when_pressed(widget: Widget) -> None:
    file = small_mp4()
    keys = ["k1", "k2", "k3", "k4", "k5"]
    jobs = one_after_another([finished(key, file) for key in keys])
    view = widget.start(state(_jobs=jobs), files=dict.fromkeys(keys, file))
    widget.wait_for_videos(1)
    expect(show(view)).to_have_attribute("data-key", "k1")
    assert [chunk["key"] for chunk in widget.of("chunk")] == ["k1"]
    tile(view, "k5").click()
    expect(show(view)).to_have_attribute("data-key", "k5")
    widget.wait_for_videos(1)
    assert [chunk["key"] for chunk in widget.of("chunk")] == ["k1", "k5"]
    tile(view, "k1").click()
    expect(show(view)).to_have_attribute("data-key", "k1")
    widget.wait_for_videos(1)
    assert [chunk["key"] for chunk in widget.of("chunk")] == ["k1", "k5"], "what is here is not fetched again"
    assert show(view).locator("video").evaluate("v => v.autoplay")


def test_a_lost_chunk_is_asked_for_again(widget: Widget) -> None:
    file = small_mp4()
    widget.page.clock.install()
    widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file}, lost=1)
    widget.wait_for('model.of("chunk").length === 1')
    widget.page.clock.fast_forward(5000)
    widget.wait_for_videos(1)
    ids = widget.do('model.of("chunk").map((message) => message.id)')
    assert len(ids) == len(set(ids)) == 2


def test_a_pull_shows_its_progress_and_waits_for_a_busy_kernel(widget: Widget) -> None:
    file = small_mp4() + bytes(5 * 2**20)  # the player passes over what follows the last box
    widget.page.clock.install()
    view = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file}, busy=True)
    frame = row(view, "k1").locator(".rw-frame")
    expect(frame).to_have_text("0 of 5.2 MB")
    widget.page.clock.fast_forward(5000)
    expect(frame).to_have_text("0 of 5.2 MB · waiting for the kernel")
    widget.do("model.lost = 0; model.idle(); 0")
    widget.wait_for_videos(1)
    assert len(widget.of("chunk")) == 6


def test_a_pull_that_fails_gives_the_path_and_another_try(widget: Widget) -> None:
    file = small_mp4()
    failures = {"chunk": error("The file is gone.", "Download it again.")}
    view = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file}, failures=failures)
    alert = row(view, "k1").get_by_role("alert")
    expect(alert).to_contain_text("The file is gone. Download it again.")
    expect(alert).to_contain_text("/home/me/videos/k1.mp4")
    assert len(widget.of("chunk")) == 1, "not tried again by itself"
    widget.do("model.failures = {}")
    alert.get_by_role("button", name="Try again").click()
    widget.wait_for_videos(1)


def test_a_file_that_the_browser_cannot_play_gives_its_path(widget: Widget) -> None:
    file = b"not a video at all"
    view = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file})
    expect(row(view, "k1").get_by_role("alert")).to_contain_text("cannot play it")
    expect(row(view, "k1").get_by_role("alert")).to_contain_text("/home/me/videos/k1.mp4")


@pytest.mark.parametrize("plays", [True, False])
def test_a_host_that_cannot_play_the_sound_says_so(widget: Widget, plays: bool) -> None:
    if not plays:
        widget.do("HTMLMediaElement.prototype.canPlayType = () => ''; 0")
    file = small_mp4(audio=True)
    sounding = finished("k1", file)
    sounding["video"]["audio"] = True
    jobs = one_after_another([sounding, finished("k2", file)])
    view = widget.start(state(_jobs=jobs), files={"k1": file, "k2": file})
    widget.wait_for_videos(1)
    expect(show(view)).to_have_attribute("data-key", "k1")
    silent = view.get_by_text("This notebook cannot play the sound.")
    expect(silent).to_have_count(0 if plays else 1)
    tile(view, "k2").click()
    expect(show(view)).to_have_attribute("data-key", "k2")
    expect(silent).to_have_count(0)


def test_a_demo_is_marked(widget: Widget) -> None:
    file = small_mp4()
    jobs = one_after_another([finished("k2", file, demo=True), finished("k3", file)])
    view = widget.start(state(_jobs=jobs), files={"k2": file, "k3": file})
    expect(show(view).get_by_text("DEMO", exact=True)).to_be_visible()
    tile(view, "k3").click()
    expect(show(view)).to_have_attribute("data-key", "k3")
    expect(show(view).get_by_text("DEMO", exact=True)).to_have_count(0)
    # Where all is a demo, it is said once.
    tile(view, "k2").click()
    widget.set("_session", {**SESSION, "demo": True})
    expect(view.locator(".rw-strip").get_by_text("DEMO", exact=True)).to_be_visible()
    expect(show(view).get_by_text("DEMO", exact=True)).to_have_count(0)


# Views and the widget's life


def test_two_views_are_one_widget_and_fetch_a_video_once(widget: Widget) -> None:
    file = small_mp4()
    first = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file}, views=2)
    second = widget.view(1)
    widget.wait_for_videos(2)
    assert len(widget.of("chunk")) == 1
    first.get_by_text("4", exact=True).click()
    expect(second.get_by_role("radio", name="4", exact=True)).to_be_checked()
    expect(first.get_by_role("radio", name="4", exact=True)).to_be_checked()
    second.get_by_label("Prompt", exact=True).fill("From the second")
    expect(first.get_by_label("Prompt", exact=True)).to_have_value("From the second")
    generate_button(second).click()
    assert [message["prompt"] for message in widget.of("generate")] == ["From the second"]
    ids = widget.do("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))
    # One that goes leaves the other as it was.
    widget.do("shown[0].remove()")
    expect(first.locator("*")).to_have_count(0)
    widget.set("prompt", "Still here")
    expect(second.get_by_label("Prompt", exact=True)).to_have_value("Still here")
    widget.wait_for_videos(1)


def test_a_destroyed_widget_lets_go_of_everything(widget: Widget, console_errors: list[str]) -> None:
    file = small_mp4()
    view = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file})
    widget.wait_for_videos(1)
    url = view.locator("video").get_attribute("src")
    fetched = "url => fetch(url).then((r) => r.blob()).then((b) => b.size, () => 'revoked')"
    assert widget.page.evaluate(fetched, url) == len(file)
    widget.do("destroy()")
    expect(view.locator("*")).to_have_count(0)
    assert widget.do("model.listeners()") == 0
    with widget.page.expect_console_message():  # the browser says that the blob is not there
        assert widget.page.evaluate(fetched, url) == "revoked"
    console_errors.clear()


def test_a_double_click_that_the_kernel_was_quicker_than_generates_once(widget: Widget) -> None:
    view = widget.start(state(prompt="A fox"))
    button = view.locator(".rw-primary")
    button.click()
    expect(button).to_have_text("sending…")
    for _ in range(3):  # the answer is there by now
        button.dispatch_event("click")
    assert len(widget.of("generate")) == 1
    expect(button).to_have_text("Generate")
    button.click()
    assert len(widget.of("generate")) == 2


def test_when_the_kernel_has_ended_nothing_goes_on_and_it_says_so(widget: Widget) -> None:
    view = widget.start(state(_jobs=[job(status="processing")]))
    expect(row(view, "k1").locator(".rw-stage")).to_contain_text("processing ·")
    widget.do("model.send = () => { throw new Error('closed'); }, 0")
    expect(view.get_by_text("Run the cell again")).to_be_visible(timeout=15_000)
    expect(row(view, "k1").locator(".rw-stage")).to_have_text("processing")
    expect(row(view, "k1").locator(".rw-bar > *")).to_have_count(0)


def test_of_the_videos_that_were_seen_the_last_twelve_stay_in_the_page(widget: Widget) -> None:
    file = small_mp4()
    keys = [f"k{n}" for n in range(13)]
    jobs = one_after_another([finished(key, file) for key in keys])
    view = widget.start(state(_jobs=jobs), files=dict.fromkeys(keys, file))
    widget.wait_for_videos(1)
    widget.do("window.revoked = []; URL.revokeObjectURL = (url) => revoked.push(url); 0")
    url = view.locator("video").get_attribute("src")
    for key in keys[1:]:
        assert widget.do("revoked") == []
        tile(view, key).evaluate("tile => tile.click()")  # it may be further down
        expect(show(view)).to_have_attribute("data-key", key)
        widget.wait_for_videos(1)
    assert widget.do("revoked") == [url]


# For everyone, everywhere


def test_everything_is_done_with_the_keyboard_alone(widget: Widget) -> None:
    # Some browsers without a window answer for the person.
    widget.do("window.Notification = class { static permission = 'default' }; 0")
    file = small_mp4()
    jobs = [job("k1", "waiting"), finished("k2", file)]
    view = widget.start(state(prompt="", _jobs=jobs), files={"k2": file})
    widget.wait_for_videos(1)
    press = widget.page.keyboard.press
    press("Tab")
    widget.page.keyboard.type("A fox")
    press("Tab")
    expect(view.get_by_label("Start picture")).to_be_focused()
    press("Tab")
    press("ArrowDown")  # the next model
    press("Tab")
    press("ArrowRight")  # the next duration
    press("Tab")
    press("ArrowRight")  # the next aspect ratio
    press("Tab")
    expect(view.get_by_role("button", name="One fewer")).to_be_focused()
    press("Tab")
    press("ArrowUp")  # one more take
    press("Tab")
    expect(view.get_by_role("button", name="One more")).to_be_focused()
    press("Tab")
    expect(view.get_by_role("button", name="price not set")).to_be_focused()
    press("Tab")
    expect(generate_button(view)).to_be_focused()
    assert generate_button(view).evaluate("b => getComputedStyle(b).outlineStyle") == "solid"
    press("Enter")
    widget.wait_for('model.of("generate").length === 1')
    assert widget.of("generate") == [
        {
            "prompt": "A fox",
            "model": "openai/sora-2",
            "duration": 8,
            "aspect_ratio": "9:16",
            "takes": 2,
            "image": None,
        }
    ]
    expect(generate_button(view)).to_be_focused()
    expect(view.get_by_role("button", name="Tell me when they are done")).to_be_visible()
    press("Tab")
    expect(view.get_by_role("button", name="Tell me when they are done")).to_be_focused()
    press("Tab")
    expect(row(view, "k1").get_by_role("button", name="Cancel")).to_be_focused()
    press("Enter")
    assert widget.of("cancel") == [{"key": "k1"}]


def test_every_control_and_every_picture_has_a_name(widget: Widget) -> None:
    file = small_mp4()
    files = dict.fromkeys(["k1", "k2", "k3", "k4"], file)
    jobs = [finished(key, file) for key in files]
    jobs += [job("k5", "failed"), job("k6", "unconfirmed"), job("k7", "waiting")]
    view = widget.start(state(_jobs=jobs), files=files)
    widget.wait_for_videos(1)
    expect(view.locator(".rw-tile")).to_have_count(4)
    tree = view.aria_snapshot()
    for role in ("button", "textbox", "combobox", "radio", "spinbutton", "link", "group", "list"):
        assert re.search(rf'- {role} "', tree), role
        assert not re.search(rf"- {role}(:|$| \[)", tree, re.MULTILINE), f"a {role} has no name"
    assert "img" not in tree, "the icons are for the eye alone"


def contrasts(view: Locator) -> list[list[Any]]:
    """`[text, contrast]` of every text that is shown, with what is behind it painted together."""
    measured: list[list[Any]] = view.evaluate(
        """root => {
          const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
          const paint = (colours) => {
            pen.clearRect(0, 0, 1, 1);
            for (const colour of colours) {
              pen.fillStyle = colour;
              pen.fillRect(0, 0, 1, 1);
            }
            return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
          };
          const light = (rgb) => {
            const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const found = [];
          const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const element = node.parentElement;
            if (!node.data.trim() || element.closest(".rw-unseen, style, option, legend, [aria-disabled=true]")) continue;
            const behind = [];
            for (let e = element; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
            const [a, b] = [
              light(paint(behind)),
              light(paint([...behind, getComputedStyle(element).color])),
            ].sort((x, y) => y - x);
            found.push([node.data, (a + 0.05) / (b + 0.05)]);
          }
          return found;
        }"""
    )
    return measured


THEMES = {
    "JupyterLab light": "document.body.dataset.jpThemeLight = 'true'",
    "JupyterLab dark": "document.body.dataset.jpThemeLight = 'false'",
    "no host's colours, light": "document.body.className = ''; delete document.body.dataset.jpThemeLight",
    "no host's colours, dark": "document.body.className = 'dark'; delete document.body.dataset.jpThemeLight",
    # VS Code sets light --jp-* in its dark theme.
    "VS Code dark": """document.body.dataset.vscodeThemeKind = 'vscode-dark';
      for (const [name, value] of Object.entries({
        'editor-background': '#1f1f1f', foreground: '#cccccc', descriptionForeground: '#9d9d9d',
        focusBorder: '#0078d4', 'button-background': '#0078d4', 'button-foreground': '#ffffff',
        errorForeground: '#f85149', 'panel-border': '#2b2b2b',
      })) document.body.style.setProperty(`--vscode-${name}`, value)""",
}


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_is_legible_in_every_theme(widget: Widget, theme: str) -> None:
    widget.do(THEMES[theme])
    file = small_mp4()
    failed = job("k2", "failed", error=error("Content policy."))
    jobs = [job(), failed, job("k3", "cancelled"), finished("k4", file, demo=True)]
    session = {**SESSION, "has_key": False}
    view = widget.start(state(_jobs=jobs, _session=session), files={"k4": file})
    widget.wait_for_videos(1)
    widget.set("_session", {**session, "has_key": True})
    expect(view.get_by_role("region", name="API key")).to_have_count(0)
    texts = contrasts(view)
    assert {"Generate", "Content policy.", "DEMO", "processing"} <= {text for text, _ in texts}
    assert [(text, round(contrast, 2)) for text, contrast in texts if contrast < 4.5] == []
    dark = "dark" in theme
    background = view.locator(".rw-card").evaluate("card => getComputedStyle(card).backgroundColor")
    levels = [int(level) for level in re.findall(r"\d+", background)[:3]]
    assert (max(levels) < 90) if dark else (min(levels) > 200)
    scheme = view.locator(".runcrate-widget").evaluate("root => getComputedStyle(root).colorScheme")
    assert scheme == ("dark" if dark else "light")


def test_the_theme_is_followed_while_the_widget_stands(widget: Widget) -> None:
    view = widget.start(state())
    root = view.locator(".runcrate-widget")
    expect(root).to_have_css("color-scheme", "light")
    widget.do(THEMES["JupyterLab dark"])
    expect(root).to_have_css("color-scheme", "dark")


@pytest.mark.parametrize("width", [320, 400, 559, 700, 1200])
def test_nothing_is_wider_than_the_page(widget: Widget, width: int) -> None:
    widget.page.set_viewport_size({"width": width, "height": 800})
    tall, wide = small_mp4(1.0, 36, 64), small_mp4(1.0, 64, 36)
    long = "Supercalifragilistic" * 12
    jobs = [
        job("k1", prompt=long, note=long),
        job("k2", "unconfirmed", error=error(long, long)),
        finished("k3", tall, width=36, height=64, prompt=long),
        finished("k4", wide, demo=True, prompt=long),
    ]
    session = {**SESSION, "has_key": False}
    view = widget.start(state(prompt=long, _jobs=jobs, _session=session), files={"k3": tall, "k4": wide})
    widget.wait_for_videos(1)
    row(view, "k2").get_by_role("button", name="Send again").click()
    assert widget.do("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    outside = view.evaluate(
        """root => {
          const card = root.querySelector(".rw-card").getBoundingClientRect();
          return [...root.querySelectorAll("*")]
            .filter((e) => !e.closest(".rw-unseen, svg") && !e.matches("option, .rw-choices input"))
            .filter((e) => e.getBoundingClientRect().right > card.right + 0.5)
            .map((e) => e.className);
        }"""
    )
    assert outside == []
    player, about = (
        show(view).locator(".rw-player").bounding_box(),
        show(view).locator(".rw-about").bounding_box(),
    )
    assert player and about
    assert about["y"] >= player["y"] + player["height"]
    wall, place = view.locator(".rw-rail").bounding_box(), view.locator(".rw-place").bounding_box()
    assert wall and place
    beside = place["x"] >= wall["x"] + wall["width"]
    below = wall["y"] >= place["y"] + place["height"]
    assert (beside, below) == ((False, True) if width <= 700 else (True, False))
    film = show(view).locator("video").bounding_box()
    assert film and film["height"] <= 800
    assert film["width"] / film["height"] == pytest.approx(16 / 9, rel=0.02), "a tall one makes it no higher"


def test_less_movement_where_it_was_asked_for(widget: Widget) -> None:
    widget.page.emulate_media(reduced_motion="reduce")
    file = small_mp4()
    under_way = job(submitted=time.time() - 42)
    times = {"making": [], "queued": [], "whole": [50, 55, 60, 65, 70]}
    view = widget.start(state(_jobs=[under_way, finished("k2", file)]), files={"k2": file}, times=times)
    widget.wait_for_videos(1)
    bar = row(view, "k1").locator(".rw-bar > *")
    expect(bar).to_have_css("transition-duration", "0s")
    assert view.locator("video").evaluate("v => v.autoplay || !v.paused") is False
    widget.page.emulate_media(reduced_motion="no-preference")
    expect(bar).to_have_css("transition-duration", "1s")


def test_every_rule_of_the_stylesheet_is_under_the_one_class(widget: Widget) -> None:
    file = small_mp4()
    view = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file})
    widget.wait_for_videos(1)
    expect(view.locator("style")).to_have_count(3)  # the core's, the studio's, and what hides the saved page
    rules = view.evaluate(
        """view => [...view.querySelectorAll("style")]
          .flatMap(({ sheet }) => [...sheet.cssRules].map((rule) => rule.selectorText ?? rule.name ?? rule.cssText))"""
    )
    assert rules
    ours = r"\.runcrate-widget\b.*|runcrate-widget-\w+|\.[\w-]+:has\(> \* > \.runcrate-widget\)|\.rw-saved-w1"
    assert [rule for rule in rules if not re.fullmatch(ours, rule)] == []


def test_a_key_that_was_set_since_is_noticed_by_the_press_that_needs_it(widget: Widget) -> None:
    view = widget.start(state(_session={**SESSION, "has_key": False}))
    # As the kernel does: the answer to a hello comes after the trait.
    widget.do("model.beforeHello = () => model.set('_session', {...model.state._session, has_key: true}); 0")
    generate_button(view).dispatch_event("click")
    widget.wait_for("model.of('generate').length === 1")


def test_a_pull_ends_when_the_kernel_does(widget: Widget) -> None:
    file = small_mp4()
    view = widget.start(state(_jobs=[finished("k1", file)]), files={"k1": file}, withhold=True)
    expect(row(view, "k1").locator(".rw-frame")).to_contain_text("0 of")
    # The next thing that is sent finds that there is nobody.
    widget.do("model.send = () => { throw new Error('Kernel is dead'); }; 0")
    generate_button(view).click()
    expect(row(view, "k1").get_by_role("alert")).to_contain_text("The kernel has ended.")


def test_save_is_told_to_the_page_and_what_is_typed_is_not(widget: Widget) -> None:
    view = widget.start(state())
    widget.do("""document.addEventListener('keydown', (event) => {
      if (event.target.closest('.runcrate-widget')) return;
      (window.heard ??= []).push(event.key);
      event.preventDefault();
    }); 0""")
    view.get_by_label("Prompt", exact=True).press("Control+s")
    view.get_by_label("Prompt", exact=True).press("Control+z")
    view.get_by_label("Prompt", exact=True).press("d")
    generate_button(view).press("Control+s")
    generate_button(view).press("Control+b")
    generate_button(view).press("d")
    heard = widget.do("window.heard.filter((key) => key !== 'Control')")
    assert heard == ["s", "s", "b"]
