"""The desk: the wall of all videos beside the one in the player. The kernel is `fake_model.js`."""

from __future__ import annotations

import json
from typing import Any

from access import check_access
from desks import desk, entry, tile, watched
from playwright.sync_api import expect
from shown import SESSION, Widget, finished
from videos import small_mp4


def test_there_is_no_desk_without_a_video_and_no_wall_with_one(widget: Widget) -> None:
    view = desk(widget, [])
    widget.wait_for("model.of('wall_rows').length === 1")
    expect(view.locator(".rw-desk")).to_have_count(0)
    widget.do(f"model.wall.entries = [{{...{entry_js(0)}}}]; model.wallMoved()")
    expect(view.locator(".rw-solo .rw-place")).to_be_visible()
    expect(view.locator(".rw-rail")).to_have_count(0)


def entry_js(number: int) -> str:
    made = entry(number)
    rest: dict[str, Any] = {
        "note": "",
        "tags": [],
        "kept": None,
        "rating": None,
        "hidden": False,
        "binned": False,
        "id": None,
        "long": False,
        "made": None,
        "cost": None,
    }
    return json.dumps({**made, **rest, "takes": 1, "error": None, "status": "completed", "demo": False})


def test_what_is_kept_and_rejected_is_told_apart_from_the_second_stack_on(widget: Widget) -> None:
    view = desk(widget, [entry(0), entry(0, take=2), entry(1)])
    expect(view.locator(".rw-tile")).to_have_count(2)
    expect(tile(view, "e0-1").locator(".rw-count")).to_have_text("2")
    expect(view.get_by_label("Search")).to_have_count(0)
    expect(view.locator(".rw-parts label")).to_have_text(["All", "Kept", "Undecided", "Rejected"])
    tile(view, "e1-1").press("x")
    expect(view.get_by_label("Search"), "there is something to be found by").to_be_visible()
    view.get_by_text("Rejected", exact=True).first.click()
    expect(view.locator(".rw-tile")).to_have_count(1)
    expect(tile(view, "e1-1")).to_be_visible()
    assert widget.of("wall")[-1]["query"]["kept"] is False


def test_all_tools_come_with_the_fifth_stack_and_are_told_in_words(widget: Widget) -> None:
    view = desk(widget, [*(entry(number) for number in range(5)), entry(0, take=2)])
    expect(view.get_by_label("Search")).to_have_attribute("placeholder", "Search 6 videos in 5 stacks")
    rail = view.locator(".rw-rail")
    for word in ("Arena", "Costs", "Filter"):
        expect(rail.get_by_text(word, exact=True)).to_be_visible()
    for button in rail.get_by_role("button").all():
        assert button.get_attribute("title")
    rail.get_by_role("button", name="Filter").click()
    panel, wall = view.locator(".rw-filter").bounding_box(), view.locator(".rw-scroll").bounding_box()
    assert panel and wall
    assert panel["y"] + panel["height"] <= wall["y"], "it lies on none of the tiles"
    expect(view.get_by_label("Show only what is put away or deleted")).to_be_visible()


def test_a_tile_tells_its_model_and_the_pointer_the_rest(widget: Widget) -> None:
    view = desk(widget, [entry(0), entry(0, take=2), entry(1)])
    expect(tile(view, "e0-1")).to_have_attribute(
        "title", "A fox in the snow, number 0\nVeo 3.0 · 4 s · 16:9 · take 1, one of 2"
    )
    expect(tile(view, "e1-1").locator(".rw-model")).to_be_hidden()
    tile(view, "e1-1").hover()
    expect(tile(view, "e1-1").locator(".rw-model")).to_have_text("Veo 3.0")
    expect(tile(view, "e1-1").locator(".rw-model")).to_be_visible()


def test_every_tile_tells_its_model_where_there_are_several(widget: Widget) -> None:
    view = desk(widget, [entry(0), entry(1, model="openai/sora-2", model_name="Sora 2")])
    expect(view.locator(".rw-model")).to_have_text(["Veo 3.0", "Sora 2"])
    expect(tile(view, "e1-1").locator(".rw-model")).to_be_visible()


def test_what_plays_what_has_the_keyboard_and_what_is_chosen_look_unlike(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(6)])
    tile(view, "e0-1").focus()
    for key in ("ArrowRight", "Space", "ArrowRight"):
        widget.page.keyboard.press(key)
    look = """tile => { const { outlineStyle, boxShadow } = getComputedStyle(tile);
        const edge = getComputedStyle(tile.querySelector("[aria-hidden]"), "::after").borderTopStyle;
        return [outlineStyle, boxShadow, edge].map((one) => !["none", ""].includes(one)) }"""
    plays, chosen, focused, plain = (tile(view, f"e{n}-1").evaluate(look) for n in range(4))
    assert focused == [True, False, False]
    assert plays == [False, True, False]
    assert chosen == [False, False, True]
    assert plain == [False, False, False]
    expect(watched(view).locator(".rw-foot .rw-icon-play")).to_be_visible()
    keep = view.get_by_role("button", name="Keep", exact=True).first
    keep.click()
    kept = view.get_by_role("button", name="Kept")
    assert kept.evaluate("button => getComputedStyle(button).boxShadow") == "none"


def test_an_upright_tile_has_no_empty_sides_and_the_steps_follow_the_facts(widget: Widget) -> None:
    widget.page.set_viewport_size({"width": 1232, "height": 900})
    upright = entry(1)
    upright["video"] |= {"width": 36, "height": 64}
    view = desk(widget, [entry(0), upright])
    widget.do("""(async () => {
      const canvas = new OffscreenCanvas(36, 64);
      canvas.getContext("2d").fillRect(0, 0, 36, 64);
      const jpeg = await (await canvas.convertToBlob({ type: "image/jpeg" })).bytes();
      model.posters["e1-1"] = jpeg;
      model.wallMoved();
    })()""")
    expect(tile(view, "e1-1").locator("img")).to_have_count(2)
    behind, picture = tile(view, "e1-1").locator("img").all()
    fits = "img => getComputedStyle(img).objectFit"
    assert (behind.evaluate(fits), picture.evaluate(fits)) == ("cover", "contain")
    facts = [view.locator(one).bounding_box() for one in (".rw-what", ".rw-choice")]
    steps = view.locator(".rw-last").bounding_box()
    assert steps and all(facts)
    assert 0 <= steps["y"] - max(box["y"] + box["height"] for box in facts if box) <= 16


def test_of_five_thousand_at_most_fifty_tiles_are_there_and_all_are_reached(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(5000)])
    expect(view.locator(".rw-tile").first).to_have_attribute("aria-setsize", "5000")
    box = view.locator(".rw-scroll")
    most = box.evaluate(
        """async (box) => {
          let most = 0;
          for (const part of [0, 0.1, 0.35, 0.7, 0.2, 1]) {
            box.scrollTop = part * box.scrollHeight;
            await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            most = Math.max(most, box.querySelectorAll(".rw-tile").length);
          }
          return most;
        }"""
    )
    assert 20 < most <= 50
    expect(tile(view, "e4999-1")).to_be_visible()
    asked = widget.of("wall_rows")
    assert all(one["count"] == 60 for one in asked)
    assert len(asked) < 20, "what was passed by is not asked for"


def test_what_flies_by_is_not_asked_for_until_one_stops(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(5000)])
    expect(tile(view, "e0-1")).to_be_visible()
    asked = view.locator(".rw-scroll").evaluate(
        """async (box) => {
          const asked = () => model.of("posters").length + model.of("wall_rows").length;
          const before = asked();
          for (let frame = 0; frame < 30; frame++) {
            box.scrollTop += box.clientHeight;
            box.dispatchEvent(new Event("scroll"));
            await null; // in one task, however slow the machine is: it is drawn in between
          }
          return asked() - before;
        }"""
    )
    assert asked == 0
    assert view.locator(".rw-scroll").evaluate("box => box.scrollTop") > 9000
    expect(view.locator(".rw-tile[data-key]").nth(10)).to_be_visible()


def test_in_a_narrow_card_what_is_pressed_comes_into_sight(widget: Widget) -> None:
    widget.page.set_viewport_size({"width": 430, "height": 500})
    view = desk(widget, [entry(number) for number in range(20)])
    tile(view, "e7-1").click()
    expect(view.locator(".rw-player")).to_be_in_viewport(ratio=1)
    expect(tile(view, "e7-1")).not_to_be_in_viewport()
    # And the wall, as soon as one goes on in it.
    tile(view, "e7-1").press("ArrowRight")
    expect(tile(view, "e8-1")).to_be_in_viewport()


def test_what_is_typed_is_searched_as_it_is_typed(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(300)])
    view.get_by_label("Search").press_sequentially("number 29")
    expect(view.locator(".rw-tile")).to_have_count(13)
    assert widget.of("wall")[-1]["query"]["text"] == "number 29"
    expect(view.locator(".rw-rail").get_by_role("status")).to_have_text("13 found")
    view.get_by_label("Search").fill("nothing of the kind")
    expect(view.get_by_text("Nothing is like that.")).to_be_visible()
    expect(view.get_by_label("Search")).to_be_visible()
    view.get_by_label("Search").fill("")
    expect(view.locator(".rw-tile").first).to_have_attribute("aria-setsize", "300")


def test_the_keyboard_goes_over_the_wall_watches_chooses_and_judges(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(40)])
    tile(view, "e0-1").focus()
    keyboard = widget.page.keyboard
    keyboard.press("ArrowRight")
    expect(tile(view, "e1-1")).to_be_focused()
    keyboard.press("Enter")
    expect(watched(view)).to_have_attribute("data-key", "e1-1")
    keyboard.press("Space")
    keyboard.press("ArrowDown")
    expect(tile(view, "e4-1")).to_be_focused()
    keyboard.press("Space")
    expect(view.locator(".rw-selection")).to_contain_text("2 chosen")
    expect(tile(view, "e4-1").locator(".rw-pick")).to_have_text("2")
    keyboard.press("k")
    keyboard.press("4")
    expect(tile(view, "e4-1").locator(".rw-kept")).to_be_visible()
    expect(tile(view, "e4-1").locator(".rw-rate")).to_have_text("★ 4")
    assert [one["changes"] for one in widget.of("choose")] == [{"kept": True}, {"rating": 4}]
    keyboard.press("x")
    expect(tile(view, "e4-1").locator(".rw-no")).to_be_visible()
    expect(tile(view, "e4-1")).to_be_focused()
    keyboard.press("End")
    expect(tile(view, "e39-1")).to_be_focused()
    expect(tile(view, "e39-1")).to_be_in_viewport()
    assert view.locator('.rw-tile[tabindex="0"]').count() == 1


def test_what_finishes_while_the_kernel_says_nothing_is_first_and_in_the_player(widget: Widget) -> None:
    file = small_mp4(1)
    view = desk(widget, [entry(number) for number in range(12)])
    expect(watched(view)).to_have_attribute("data-key", "e0-1")
    widget.do("model.busy = true")
    widget.set("_jobs", [finished("k1", file)])
    expect(view.locator(".rw-tile").first).to_have_attribute("data-key", "k1")
    expect(watched(view)).to_have_attribute("data-key", "k1")
    tile(view, "e3-1").click()
    widget.set("_jobs", [finished("k2", file), finished("k1", file)])
    expect(view.locator(".rw-tile").first).to_have_attribute("data-key", "k2")
    expect(watched(view)).to_have_attribute("data-key", "e3-1")


def test_what_the_kernel_knows_of_it_comes_when_it_can_answer(widget: Widget) -> None:
    file = small_mp4(1)
    view = desk(widget, [entry(0, take=1, kept=True), *(entry(number) for number in range(1, 12))])
    expect(watched(view)).to_have_attribute("data-key", "e0-1")
    widget.do("model.busy = true")
    widget.set("_jobs", [finished("e0-2", file)])
    expect(view.locator(".rw-tile")).to_have_count(13)
    widget.do(
        f"model.wall.entries.push({{...{entry_js(0)}, key: 'e0-2', take: 2}}); model.wallMoved(); model.idle()"
    )
    # It is a take of a stack, of which a better one is shown; it stays in the player.
    expect(view.locator(".rw-tile")).to_have_count(12)
    assert widget.of("choose") == [{"keys": ["e0-2"], "changes": {}}]
    expect(tile(view, "e0-1").locator(".rw-count")).to_have_text("2")
    expect(view.locator(".rw-show")).to_have_attribute("data-key", "e0-2")


def test_what_finishes_while_the_walls_answer_is_on_its_way_is_there_once(widget: Widget) -> None:
    file = small_mp4(1)
    view = desk(widget, [entry(0, take=1, kept=True), *(entry(number) for number in range(1, 12))])
    expect(view.locator(".rw-tile")).to_have_count(12)
    # Being asked how they are moves nothing: nor does it in the kernel.
    widget.do(f"""model.busy = true; model.answers.choose = {{rows: []}};
        model.wall.entries.push({{...{entry_js(0)}, key: 'e0-2', take: 2, cost: null, made: null}},
          {{...{entry_js(12)}, key: 'n1', cost: null, made: null}});
        model.wallMoved()""")
    widget.wait_for("model.of('wall').length === 2")
    # The list tells of them after the wall was asked, which has them in its answer.
    widget.set("_jobs", [finished("n1", file), finished("e0-2", file)])
    expect(view.locator(".rw-tile")).to_have_count(14)
    widget.do("model.idle()")
    expect(view.locator(".rw-tile")).to_have_count(13)
    expect(tile(view, "n1")).to_have_count(1)
    expect(tile(view, "e0-1").locator(".rw-count")).to_have_text("2")


def test_what_is_looked_at_stays_in_its_place_when_another_comes(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(300)])
    box = view.locator(".rw-scroll")
    expect(view.locator(".rw-tile").first).to_be_visible()
    box.evaluate("box => { box.scrollTop = 3000 }")
    key = box.evaluate(
        """async (box) => {
          const top = box.getBoundingClientRect().top;
          const first = () =>
            [...box.querySelectorAll(".rw-tile")].find((one) => one.getBoundingClientRect().top > top)?.dataset.key;
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
          while (!first()) await new Promise(requestAnimationFrame);
          return first();
        }"""
    )
    before = tile(view, key).bounding_box()
    rows = ", ".join(f"{{...{entry_js(0)}, key: 'new{n}', stack: 'new{n}', created: 9e9}}" for n in range(3))
    widget.do(f"model.wall.entries = [{rows}, ...model.wall.entries]; model.wallMoved()")
    expect(view.locator(".rw-tile").first).to_have_attribute("aria-setsize", "303")
    after = tile(view, key).bounding_box()
    assert before and after
    assert abs(after["y"] - before["y"]) < 30, "a row more, and it is where it was"


def test_a_stack_is_kept_filtered_and_put_away(widget: Widget) -> None:
    entries = [
        entry(number, kept=number < 2 or None, tags=["winter"] if number == 5 else []) for number in range(12)
    ]
    view = desk(widget, entries)
    view.get_by_text("Kept 2").click()
    expect(view.locator(".rw-tile")).to_have_count(2)
    view.get_by_text("All", exact=True).click()
    view.get_by_role("button", name="Filter").click()
    view.get_by_label("Tag").select_option("winter")
    expect(view.locator(".rw-tile")).to_have_count(1)
    view.get_by_label("Tag").press("Escape")
    expect(view.get_by_role("button", name="Filter")).to_be_focused()
    tile(view, "e5-1").hover()
    tile(view, "e5-1").locator(".rw-pick").click()
    view.locator(".rw-selection").get_by_role("button", name="Put away").click()
    expect(view.locator(".rw-tile")).to_have_count(0)
    view.get_by_role("button", name="Filter").click()
    view.locator(".rw-filter").get_by_role("button", name="Clear").click()
    expect(view.locator(".rw-tile")).to_have_count(11)
    view.get_by_label("Show only what is put away or deleted: 1").check()
    expect(view.locator(".rw-tile")).to_have_count(1)


def test_axe_has_nothing_against_the_desk(widget: Widget) -> None:
    view = desk(widget, [entry(number, rating=number % 6 or None) for number in range(30)])
    expect(view.locator(".rw-tile").first).to_be_visible()
    view.get_by_role("button", name="Filter").click()
    check_access(widget.page, ".runcrate-widget .rw-rail")


def test_the_wall_is_asked_again_only_when_it_has_moved(widget: Widget) -> None:
    view = desk(widget, [entry(number) for number in range(12)])
    expect(view.locator(".rw-tile")).to_have_count(12)
    before = len(widget.of("wall"))
    widget.set("takes", 2)
    widget.set("_session", {**SESSION, "wall": widget.do("model.wall.version")})
    widget.page.wait_for_function("new Promise((r) => requestAnimationFrame(() => r(true)))")
    assert len(widget.of("wall")) == before
    widget.do("model.wallMoved()")
    widget.wait_for(f"model.of('wall').length === {before + 1}")
