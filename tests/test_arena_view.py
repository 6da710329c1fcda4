"""The arena as one sees it: two clips without names, keys that say which is better, the ranking beneath."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from access import check_access, check_fits, check_keyboard
from playwright.sync_api import expect
from shown import SESSION, Widget, error, finished, state
from videos import small_mp4

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

FILE = small_mp4()
VIDEO = finished("x", FILE)["video"]
RANKING = [
    {"model_name": "Veo 3.0", "strength": 0.66, "low": 0.08, "high": 1.38, "comparisons": 14},
    {"model_name": "Kling v3", "strength": -0.7, "low": -1.6, "high": 0.0, "comparisons": 9},
]


@pytest.fixture
def widget(page: Page) -> Widget:
    return Widget(page)


def two(left: str | None = "l1", right: str | None = "r1", **fields: Any) -> dict[str, Any]:
    return {
        "left": left,
        "right": right,
        "left_video": VIDEO,
        "right_video": VIDEO,
        "prompt": "A fox in the snow",
        "done": 14,
        "left_to_do": 6,
        "ranking": RANKING,
        **fields,
    }


NONE = two(left=None, right=None, left_video=None, right_video=None, prompt="", left_to_do=0, ranking=[])


def opened(widget: Widget, arena: dict[str, Any], session: dict[str, Any] = SESSION, **flags: Any) -> Locator:
    files = dict.fromkeys(("k1", "k2", "l1", "r1", "l2", "r2"), FILE)
    traits = state(_jobs=[finished("k1", FILE), finished("k2", FILE)], _session=session)
    answers = {"arena": arena, "judge": two("l2", "r2", done=15, left_to_do=1)}
    view = widget.start(traits, files=files, answers=answers, **flags)
    view.get_by_role("button", name="Which is better?").click()
    return view.get_by_role("region", name="Arena")


def seen(arena: Locator) -> None:
    """Both can be judged, and were looked at for half a second."""
    expect(arena.get_by_role("button", name="Equal")).to_have_attribute("aria-disabled", "false")
    begun = arena.page.evaluate("performance.now()")
    arena.page.wait_for_function("begun => performance.now() - begun > 450", arg=begun)


def judged(widget: Widget) -> list[tuple[str, str, str]]:
    return [(one["left"], one["right"], one["winner"]) for one in widget.do("model.of('judge')")]


def test_two_clips_begin_together_and_tell_no_name(widget: Widget) -> None:
    arena = opened(widget, two())
    seen(arena)
    widget.page.wait_for_function(
        "[...document.querySelectorAll('.rw-arena video')].every(one => !one.paused && one.muted)"
    )
    times = arena.locator("video").evaluate_all("all => all.map(one => one.currentTime)")
    assert abs(times[0] - times[1]) < 0.2
    assert arena.locator(".rw-two").inner_text() == ""
    assert [one.get_attribute("aria-label") for one in arena.locator("video").all()] == [
        "Left video",
        "Right video",
    ]
    expect(arena).to_contain_text("14 compared between models · 6 pairs left")
    expect(arena).to_contain_text("A fox in the snow")


def test_the_keys_judge_what_was_seen_once(widget: Widget) -> None:
    arena = opened(widget, two())
    expect(arena).to_be_focused()
    seen(arena)
    widget.page.keyboard.press("ArrowRight")
    widget.page.keyboard.press("ArrowRight")  # of the next two, which were not seen
    expect(arena).to_contain_text("15 compared between models · 1 pair left")
    assert judged(widget) == [("l1", "r1", "right")]
    for key, winner in (("ArrowLeft", "left"), ("=", "tie"), ("s", "skip")):
        widget.do("model.answers.judge.left = 'l' + (model.answers.judge.left === 'l2' ? 1 : 2)")
        seen(arena)
        count = len(judged(widget))
        widget.page.keyboard.press(key)
        widget.page.wait_for_function(f"model.of('judge').length === {count + 1}")
        assert judged(widget)[-1][2] == winner
    widget.page.keyboard.press("Escape")
    expect(arena).to_have_count(0)


def test_by_mouse(widget: Widget) -> None:
    arena = opened(widget, two())
    seen(arena)
    arena.get_by_role("button", name="Left").click()
    expect(arena).to_contain_text("15 compared between models")
    assert judged(widget) == [("l1", "r1", "left")]


def test_a_clip_that_is_not_here_is_not_judged(widget: Widget) -> None:
    arena = opened(widget, two(), lost=99)
    equal = arena.get_by_role("button", name="Equal")
    expect(equal).to_have_attribute("aria-disabled", "true")
    widget.page.keyboard.press("=")
    arena.get_by_role("button", name="Skip").click()
    expect(arena).to_contain_text("15 compared between models")
    assert judged(widget) == [("l1", "r1", "skip")]


def test_the_ranking_says_how_sure_it_is(widget: Widget) -> None:
    arena = opened(widget, two())
    rows = arena.locator(".rw-ranking > li")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_have_text("Veo 3.066 % (52–80) of 14")
    expect(rows.nth(1)).to_have_text("Kling v333 % (17–50) of 9")
    places = rows.locator(".rw-whisker").evaluate_all(
        """all => all.map(one => {
          const line = getComputedStyle(one, '::before');
          const whole = one.clientWidth;
          return [parseFloat(line.left), whole - parseFloat(line.right)].map(x => Math.round(100 * x / whole));
        })"""
    )
    assert places == [[52, 80], [17, 50]]


def test_nothing_to_compare(widget: Widget) -> None:
    arena = opened(widget, NONE)
    expect(arena).to_contain_text("nothing to compare yet")
    expect(arena).to_contain_text("A ranking needs the same prompt made with two models")


def test_opened_again_it_asks_anew_and_counts_what_is_new(widget: Widget) -> None:
    arena = opened(widget, NONE)
    expect(arena).to_contain_text("nothing to compare yet")
    widget.do("model.answers.arena = " + json.dumps(two("l1", "r1", left_to_do=3)))
    widget.do("model.set('_session', { ...model.get('_session'), wall: 7 })")
    expect(arena.locator("video")).to_have_count(2)
    expect(arena).to_contain_text("3 pairs left")
    arena.get_by_role("button", name="Done").click()
    widget.do("model.answers.arena = " + json.dumps(two("l2", "r2", left_to_do=2)))
    widget.view(0).get_by_role("button", name="Which is better?").click()
    expect(arena).to_contain_text("2 pairs left")
    seen(arena)
    widget.page.keyboard.press("ArrowLeft")
    expect(arena).to_contain_text("1 pair left")
    assert judged(widget) == [("l2", "r2", "left")]


def test_a_refusal_offers_to_go_on(widget: Widget) -> None:
    arena = opened(widget, two(), failures={"arena": error("The library cannot be read.")})
    expect(arena.get_by_role("alert")).to_contain_text("The library cannot be read.")
    widget.do("model.failures = {}")
    arena.get_by_role("button", name="Show two").click()
    expect(arena.locator(".rw-two")).to_be_visible()
    expect(arena.get_by_role("alert")).to_have_count(0)


def test_a_busy_kernel_is_said(widget: Widget) -> None:
    arena = opened(widget, two())
    seen(arena)
    widget.do("model.busy = true")
    widget.page.keyboard.press("=")
    expect(arena).to_contain_text("A cell is running")
    widget.do("model.idle()")
    expect(arena).to_contain_text("15 compared between models")
    expect(arena).not_to_contain_text("A cell is running")


def test_the_demo_says_that_its_pictures_tell(widget: Widget) -> None:
    arena = opened(widget, two(), {**SESSION, "demo": True})
    expect(arena).to_contain_text("The demo's pictures name their model.")


@pytest.mark.parametrize("width", [1232, 432])
def test_access(widget: Widget, width: int) -> None:
    widget.page.set_viewport_size({"width": width, "height": 800})
    arena = opened(widget, two())
    seen(arena)
    check_access(widget.page, arena)
    check_fits(arena)
    check_keyboard(widget.page, arena)
