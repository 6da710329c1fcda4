"""The strip: what needs a person, and what is being made."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect
from shown import Widget, error, finished, job, row, state
from videos import small_mp4

PROMPTS = [
    "Two kites over a winter beach, wide shot",
    "Lighthouse in heavy fog, slow push in",
    "Close-up of rain on a fern, macro",
    "Portrait of a known actor on a stage",
]
TIMES = {"making": [float(n) for n in range(40, 70, 3)], "queued": [5.0] * 10}
TIMES["whole"] = [one + 5 for one in TIMES["making"]]
LOST = error("Sent, and no answer came: it may have been paid for.", "Look at the dashboard for its id.")


def running(key: str, seconds: float, **fields: Any) -> dict[str, Any]:
    """One that is being made, and was sent that many seconds ago."""
    now = time.time()
    times = {"started": now - seconds - 2, "submitted": now - seconds, "processing": now - seconds + 5}
    return job(key, "processing", **{**times, **fields})


def everything() -> list[dict[str, Any]]:
    waiting = [job(f"w{n}", "waiting", prompt=PROMPTS[n % 3], started=time.time() - n) for n in range(8)]
    made = [
        running("k1", 17, prompt=PROMPTS[0]),
        running("k2", 42, prompt=PROMPTS[0]),
        job("k3", "queued", prompt=PROMPTS[1], submitted=time.time() - 31),
        running("k4", 58, prompt=PROMPTS[2], model="openai/sora-2"),
    ]
    lost = job("u1", "unconfirmed", prompt=PROMPTS[1], error=LOST)
    refused = error("Refused by the content rules; not charged.", "Change the prompt and try again.")
    failed = job("f1", "failed", prompt=PROMPTS[3], error=refused, ended=time.time())
    return [*waiting, *made, lost, failed]


def test_there_is_no_strip_where_there_is_nothing_to_say(widget: Widget) -> None:
    file = small_mp4()
    view = widget.start(state(_jobs=[job("k1", "cancelled"), finished("k2", file)]), files={"k2": file})
    widget.wait_for_videos(1)
    expect(view.locator(".rw-stripe, .rw-needs")).to_have_count(0)


def test_it_says_how_many_there_are_and_shows_the_first(widget: Widget) -> None:
    view = widget.start(state(_jobs=everything()), times=TIMES)
    stripe = view.get_by_role("region", name="In the making")
    expect(stripe).to_contain_text("4 running · 8 waiting")
    expect(stripe).to_contain_text("all by about")
    shown = stripe.locator("[data-key]")
    expect(shown).to_have_count(4)
    stripe.get_by_role("button", name="Show all").click()
    expect(shown).to_have_count(12)
    expect(shown.last).to_have_attribute("data-key", "w0")  # the last that was asked for
    expect(shown.nth(4)).to_have_attribute("data-key", "w7")  # the next to be sent
    stripe.get_by_role("button", name="Show fewer").press("Enter")
    expect(shown).to_have_count(4)


def test_what_is_known_of_the_time_is_said_and_a_bar_is_never_full(widget: Widget) -> None:
    jobs = [running("late", 3000), running("new", 5), running("over", 56), job("sending", "submitting")]
    view = widget.start(state(_jobs=jobs), times=TIMES)
    expect(row(view, "new")).to_contain_text("usually 45–72 s")
    expect(row(view, "over")).to_contain_text(re.compile(r"likely by \d\d:\d\dVeo"))
    expect(row(view, "late")).to_contain_text("longer than usual")
    for key in ("new", "over", "late"):
        width = row(view, key).locator(".rw-bar > *").evaluate("bar => parseFloat(bar.style.width)")
        assert 0 < width < 100
    expect(row(view, "sending").locator(".rw-bar > *")).to_have_count(0)
    assert len(widget.of("times")) == 1, "of one model and duration"
    expect(view.locator(".rw-end")).to_have_text("")  # of the late one nobody can say it


def test_what_is_half_way_is_not_said_to_take_longer_than_usual(widget: Widget) -> None:
    """Of four known times three are left above 45 s: too few for an estimate, and yet it is in time."""
    queued = job("q1", "queued", submitted=time.time() - 45)
    view = widget.start(state(_jobs=[queued]), times={**TIMES, "whole": [40.0, 50.0, 60.0, 70.0]})
    expect(row(view, "q1")).to_contain_text("usually 40–70 s")
    expect(row(view, "q1")).not_to_contain_text("longer than usual")


def test_each_is_told_from_the_others_by_its_model_and_its_take(widget: Widget) -> None:
    jobs = [
        running("k1", 17, prompt=PROMPTS[0], take=2),
        running("k2", 18, prompt=PROMPTS[0]),
        running("k3", 19, prompt=PROMPTS[0], model="openai/sora-2", model_name="Sora 2"),
    ]
    view = widget.start(state(_jobs=jobs))
    assert [
        row(view, key).locator(".rw-line").inner_text().split("\n")[-1] for key in ("k1", "k2", "k3")
    ] == [
        "Veo 3.0 · take 2",
        "Veo 3.0 · take 1",
        "Sora 2",
    ]


def test_the_first_of_its_kind_has_no_bar(widget: Widget) -> None:
    view = widget.start(state(_jobs=[running("k1", 17)]))
    expect(row(view, "k1")).to_contain_text("no estimate yet")
    expect(row(view, "k1").locator(".rw-bar > *")).to_have_count(0)
    expect(view.locator(".rw-end")).to_have_text("")


def test_when_one_more_was_made_the_times_are_asked_for_again(widget: Widget) -> None:
    file = small_mp4()
    view = widget.start(state(_jobs=[running("k1", 17), running("k2", 19)]), files={"k2": file})
    expect(row(view, "k1")).to_contain_text("no estimate yet")
    widget.do(f"model.times = {TIMES}; 0")
    widget.set("_jobs", [running("k1", 17), finished("k2", file)])
    expect(row(view, "k1")).to_contain_text("usually")
    assert widget.of("times") == [{"model": "google/veo-3.0", "duration": 6}] * 2


def test_all_that_wait_are_cancelled_by_one_press_and_one_alone_by_its_own(widget: Widget) -> None:
    view = widget.start(state(_jobs=everything()))
    view.get_by_role("button", name="Show all").click()
    row(view, "w3").get_by_role("button", name="Cancel").click()
    assert widget.of("cancel") == [{"key": "w3"}]
    expect(row(view, "k1").get_by_role("button")).to_have_count(0)
    view.get_by_role("button", name="Cancel the 8").press("Enter")
    assert widget.of("cancel_waiting") == [{}]


def test_ten_thousand_that_wait_are_counted_and_a_few_of_them_shown(widget: Widget) -> None:
    waiting = [job(f"w{n}", "waiting", started=1e9 - n) for n in range(10_000)]
    view = widget.start(state(_jobs=[*waiting, running("k1", 17)]))
    expect(view.locator(".rw-stripe")).to_contain_text("1 running · 10,000 waiting")
    expect(view.locator("[data-key]")).to_have_count(4)
    view.get_by_role("button", name="Show all").click()
    expect(view.locator("[data-key]")).to_have_count(60)
    expect(view.get_by_text("and 9,941 more")).to_be_visible()
    gaps = widget.do(
        """new Promise((done) => {
          const begun = performance.now();
          model.setJobs(model.state._first.rows.map((row) => ({ ...row, note: "x" })));
          requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
        })"""
    )
    assert gaps < 500


def test_what_may_have_been_paid_for_stands_above_all(widget: Widget) -> None:
    view = widget.start(state(_jobs=everything()))
    needs = view.get_by_role("list", name="What needs you")
    expect(needs.locator("[data-key]")).to_have_count(2)
    names = needs.locator("[data-key]").evaluate_all("rows => rows.map((row) => row.dataset.key)")
    assert names == ["u1", "f1"]
    above, below = needs.bounding_box(), view.locator(".rw-stripe").bounding_box()
    assert above and below and above["y"] < below["y"]


def test_more_than_two_that_failed_are_folded_and_what_may_cost_is_not(widget: Widget) -> None:
    jobs = [job(f"f{n}", "failed", error=error("Refused.")) for n in range(3)]
    jobs += [job(f"u{n}", "unconfirmed", error=LOST) for n in range(4)]
    view = widget.start(state(_jobs=jobs))
    needs = view.get_by_role("list", name="What needs you")
    expect(needs).to_contain_text("3 failed")
    expect(needs).to_contain_text("4 unconfirmed")
    expect(needs.locator("[data-key]")).to_have_count(2)
    expect(row(view, "u0")).to_be_visible()
    needs.get_by_role("button", name="show").last.click()
    expect(row(view, "f2")).to_contain_text("Refused.")
    needs.get_by_role("button", name="Put all away").click()
    assert widget.of("choose") == [{"keys": ["f0", "f1", "f2"], "changes": {"hidden": True}}]


def test_one_that_failed_is_put_away_or_gives_its_settings(widget: Widget) -> None:
    failed = job("f1", "failed", error=error("Refused."))
    view = widget.start(state(_jobs=[failed]))
    whole = {"prompt": "The whole prompt", "model": "google/veo-3.0", "duration": 6, "aspect_ratio": "16:9"}
    widget.page.evaluate(
        "settings => { model.answers.settings_of = settings; }",
        {**whole, "note": "", "image": None, "extra": []},
    )
    row(view, "f1").get_by_role("button", name="Use these settings").click()
    assert widget.of("settings_of") == [{"key": "f1"}]
    expect(view.get_by_label("Prompt")).to_have_value("The whole prompt")
    row(view, "f1").get_by_role("button", name="Put away").click()
    assert widget.of("choose") == [{"keys": ["f1"], "changes": {"hidden": True}}]
    widget.set("_jobs", [{**failed, "settled": True}])
    expect(row(view, "f1")).to_have_count(0)


def test_the_settings_of_one_that_failed_come_with_its_own_picture(widget: Widget) -> None:
    jobs = [
        job("f1", "failed", error=error("Refused."), picture="cd" * 32),
        job("f2", "failed", error=error("Refused."), picture=None),
    ]
    view = widget.start(state(_jobs=jobs, image="ab" * 32))
    for key, picture in (("f1", "cd" * 32), ("f2", None)):
        widget.page.evaluate("image => { model.answers.settings_of = { image }; }", picture)
        row(view, key).get_by_role("button", name="Use these settings").click()
        widget.wait_for(f"model.of('settings_of').some(({{ key }}) => key === '{key}')")
        expect(view.get_by_text("starts from")).to_have_count(1 if picture else 0)
        widget.wait_for(f"model.state.image === {json.dumps(picture)}")


def test_a_model_that_is_gone_offers_another_and_says_what_that_is(widget: Widget) -> None:
    gone = {**error("Veo 3.0 is gone."), "kind": "model"}
    view = widget.start(state(_jobs=[job("f1", "failed", error=gone)]))
    there = row(view, "f1")
    expect(there.get_by_role("button", name="Try again")).to_have_count(0)
    there.get_by_role("button", name="Make it with another model").click()
    expect(there).to_contain_text("Kling v3, 5 s · $1.50 · no sound")
    expect(there.get_by_role("button", name="Yes, make it")).to_be_focused()
    assert widget.of("rerun") == [{"keys": ["f1"], "model": None, "confirmed": False}]
    widget.page.keyboard.press("Enter")
    widget.wait_for("model.of('choose').length === 1")
    assert widget.of("rerun")[1] == {"keys": ["f1"], "model": "kwaivgi/kling-v3", "confirmed": True}


ELSEWHERE = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true }); 0"
BACK = "document.dispatchEvent(new Event('visibilitychange'))"


def test_the_tab_says_that_a_video_is_there_until_one_is_back(widget: Widget) -> None:
    view = widget.start(state(_jobs=[running("k1", 9), running("k2", 8)]))
    expect(row(view, "k1")).to_be_visible()
    widget.do(ELSEWHERE % "true")
    widget.set("_jobs", [job("k1", "failed"), running("k2", 8)])
    expect(widget.page).to_have_title("(1) Fake model")
    widget.set("_jobs", [job("k1", "failed"), job("k2", "failed")])
    expect(widget.page).to_have_title("(2) Fake model")
    widget.do(ELSEWHERE % "false" + f"; document.hasFocus = () => true; {BACK}")
    expect(widget.page).to_have_title("Fake model")


def test_the_browser_notifies_only_where_one_said_yes(widget: Widget) -> None:
    widget.do("""window.told = []; window.Notification = class {
      static permission = "default";
      static async requestPermission() { Notification.permission = "granted"; }
      constructor(title, { body }) { told.push([title, body]); }
    }; 0""")
    view = widget.start(state(_jobs=[running("k1", 9), running("k2", 8), running("k3", 8)]))
    expect(row(view, "k1")).to_be_visible()
    widget.do(ELSEWHERE % "true")
    widget.set("_jobs", [job("k1", "failed"), running("k2", 8), running("k3", 8)])
    expect(widget.page).to_have_title("(1) Fake model")
    assert widget.do("told") == []
    view.get_by_role("button", name="Tell me when they are done").click()
    expect(view.get_by_role("button", name="Tell me when they are done")).to_have_count(0)
    widget.set("_jobs", [job("k1", "failed"), job("k2", "failed"), running("k3", 8)])
    assert widget.do("told") == [["2 videos have ended", "A fox in the snow, k2"]]


@pytest.mark.parametrize("width", [320, 400, 594, 800, 1200])
def test_nothing_of_it_is_wider_than_the_card(widget: Widget, width: int) -> None:
    widget.page.set_viewport_size({"width": width, "height": 800})
    long = "Supercalifragilistic" * 12
    jobs = [running("k1", 9, prompt=long, note=long), running("k2", 9), running("k3", 9), *everything()[:3]]
    jobs += [job("u1", "unconfirmed", prompt=long, error=error(long, long))]
    view = widget.start(state(_jobs=jobs), times=TIMES)
    row(view, "u1").get_by_role("button", name="Send again").click()
    row(view, "u1").get_by_role("button", name="Give its id").click()
    outside = view.evaluate(
        """root => {
          const card = root.querySelector(".rw-card").getBoundingClientRect();
          return [...root.querySelectorAll(".rw-stripe *, .rw-needs *")]
            .filter((e) => !e.closest(".rw-unseen, svg"))
            .filter((e) => e.getBoundingClientRect().right > card.right + 0.5)
            .map((e) => e.className);
        }"""
    )
    assert outside == []
    visible = view.locator(".rw-run").evaluate_all("rows => rows.filter((r) => r.offsetHeight).length")
    assert visible == (2 if width < 594 else 4)
    # What is said of it is whole, and the prompt in one line.
    heights = view.locator(".rw-run").evaluate_all(
        "rows => rows.map((e) => e.offsetHeight - e.querySelector('.rw-facts').offsetHeight)"
    )
    assert all(height < 45 for height in heights)


@pytest.mark.parametrize("width", [400, 1200])
def test_what_a_job_waits_for_is_said_whole(widget: Widget, width: int) -> None:
    widget.page.set_viewport_size({"width": width, "height": 800})
    said = "waits for a carrier: runcrate-widget carry s3://our-bucket/a-team/foxes"
    view = widget.start(state(_jobs=[job("k1", "waiting", note=said)]))
    note = row(view, "k1").get_by_text(said)
    expect(note).to_be_visible()
    assert note.evaluate(
        """note => {
          const [mine, row] = [note, note.closest(".rw-run")].map((one) => one.getBoundingClientRect());
          return note.scrollWidth <= note.clientWidth && mine.right <= row.right && mine.bottom <= row.bottom;
        }"""
    )


def test_a_set_whose_kernel_ended_before_it_was_sent_is_sent_or_given_up(widget: Widget) -> None:
    lost = error("It was never sent: its kernel ended.", "Send it, or give it up.")
    jobs = [job(f"n{n}", "waiting", stopped=True, error=lost) for n in range(4)]
    view = widget.start(state(_jobs=jobs))
    needs = view.get_by_label("What needs you")
    needs.get_by_role("button", name="Send the 4").click()
    expect(needs).to_contain_text("Send 4?")
    assert widget.of("resume") == []
    needs.get_by_role("button", name="Yes, send them").click()
    assert sorted(one["key"] for one in widget.of("resume")) == ["n0", "n1", "n2", "n3"]
    needs.get_by_role("button", name="show").click()
    row(view, "n0").get_by_role("button", name="Give it up").click()
    assert widget.of("cancel") == [{"key": "n0"}]
    row(view, "n0").get_by_role("button", name="Send it").click()
