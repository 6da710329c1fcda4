"""What is judged, put away or deleted: what comes in its place, where the keyboard is then, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desks import desk, entry, tile, watched
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from shown import Widget


def go_on(view: Locator, key: str) -> None:
    """It is in the player, and nothing that has gone."""
    expect(view.locator(".rw-show")).to_have_attribute("data-key", key)
    expect(watched(view)).to_have_attribute("data-key", key)


def test_what_is_deleted_or_put_away_gives_way_to_the_next_and_can_be_had_back(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(6)])
    tile(view, "e2-1").click()
    line = view.locator(".rw-undo")
    view.get_by_role("button", name="Delete").press("Enter")
    view.get_by_role("button", name="Yes, delete").press("Enter")
    expect(tile(view, "e2-1")).to_have_count(0)
    go_on(view, "e3-1")
    expect(view.locator(".rw-show")).to_be_focused()
    expect(line).to_contain_text("Deleted: its file is in the library’s bin.")
    line.get_by_role("button", name="Undo").press("Enter")
    go_on(view, "e2-1")
    assert widget.of("restore") == [{"keys": ["e2-1"]}]
    expect(line).to_be_empty()
    expect(view.locator(".rw-show")).to_be_focused()

    tile(view, "e5-1").click()
    view.get_by_role("button", name="Put away").press("Enter")
    go_on(view, "e4-1")  # there is none after it
    expect(line).to_contain_text("Put away.")
    line.get_by_role("button", name="Close").click()
    expect(line).to_be_empty()


def test_when_the_last_is_put_away_the_way_back_is_told(widget: Widget) -> None:
    view = desk(widget, [entry(0)])
    view.get_by_role("button", name="More", exact=True).click()
    view.get_by_role("button", name="Put away").press("Enter")
    expect(view.get_by_text("All are put away or deleted: see Filter.")).to_be_visible()
    expect(view.locator(".rw-place")).to_be_focused()
    view.get_by_role("button", name="Undo").click()
    expect(view.locator(".rw-show")).to_have_attribute("data-key", "e0-1")


def test_a_refused_delete_is_back_in_the_player_with_the_reason(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(6)])
    widget.do("model.failures.bin = { message: 'The disk is full.', hint: 'Do that.', field: null }")
    view.get_by_role("button", name="Delete").click()
    view.get_by_role("button", name="Yes, delete").click()
    expect(view.locator(".rw-about").get_by_role("alert")).to_contain_text("The disk is full.")
    go_on(view, "e0-1")
    expect(view.locator(".rw-undo")).to_be_empty()


def test_what_is_judged_away_gives_way_to_the_next_for_the_keyboard_and_the_player(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(8)])
    view.get_by_text("Undecided", exact=True).click()
    tile(view, "e1-1").click()
    keyboard = widget.page.keyboard
    for gone, next_one in (("e1-1", "e2-1"), ("e2-1", "e3-1")):
        keyboard.press("x")
        expect(tile(view, gone)).to_have_count(0)
        expect(tile(view, next_one)).to_be_focused()
        go_on(view, next_one)
    keyboard.press("k")
    go_on(view, "e4-1")
    assert [(one["keys"], one["changes"]) for one in widget.of("choose")] == [
        (["e1-1"], {"kept": False}),
        (["e2-1"], {"kept": False}),
        (["e3-1"], {"kept": True}),
    ]
    # In the player: the keyboard stays there.
    view.get_by_role("button", name="Reject", exact=True).first.click()
    go_on(view, "e5-1")
    expect(view.locator(".rw-show")).to_be_focused()
    keyboard.press("x")
    go_on(view, "e6-1")
    view.locator(".rw-undo").get_by_role("button", name="Undo").click()
    go_on(view, "e5-1")
    # The last of them: the one before.
    tile(view, "e7-1").click()
    keyboard.press("x")
    expect(tile(view, "e6-1")).to_be_focused()
    go_on(view, "e6-1")


def test_while_the_kernel_is_busy_the_next_comes_at_once(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(8)])
    view.get_by_text("Undecided", exact=True).click()
    tile(view, "e0-1").click()
    widget.do("model.busy = true")
    widget.page.keyboard.press("x")
    expect(tile(view, "e1-1")).to_be_focused()
    go_on(view, "e1-1")
    widget.do("model.idle()")
    expect(tile(view, "e0-1")).to_have_count(0)
    expect(tile(view, "e1-1")).to_be_focused()
    go_on(view, "e1-1")


def test_one_that_comes_into_a_tiles_place_leaves_the_keyboard_in_the_search(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(30)])
    tile(view, "e0-1").press("ArrowRight")
    view.get_by_label("Search").click()
    widget.page.keyboard.type("number 2")
    expect(view.locator(".rw-tile").first).to_have_attribute("aria-setsize", "12")
    expect(view.get_by_label("Search")).to_be_focused()


def test_the_keys_are_the_videos_own_where_one_has_pressed_on_words(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(6)])
    keyboard = widget.page.keyboard
    view.locator(".rw-about .rw-facts").first.click()
    keyboard.press("x")
    expect(view.get_by_role("button", name="Rejected")).to_be_visible()
    keyboard.press("4")
    expect(view.locator(".rw-lit")).to_have_count(4)
    view.get_by_role("button", name="Keep", exact=True).first.focus()
    keyboard.press("x")
    expect(view.get_by_role("button", name="Reject", exact=True).first).to_be_visible()
    view.get_by_role("button", name="tag").click()
    keyboard.type("k2")
    expect(view.get_by_placeholder("a tag")).to_have_value("k2")
    keyboard.press("Escape")
    assert [one["changes"] for one in widget.of("choose")] == [{"kept": False}, {"rating": 4}, {"kept": None}]
