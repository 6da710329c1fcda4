"""The grid of a batch in Chromium, by the built front end: by mouse, by keyboard alone, narrow and wide."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from access import check_access, check_fits, check_keyboard
from desks import entry
from PIL import Image
from playwright.sync_api import expect
from shown import SESSION, Widget, error, state
from videos import small_mp4

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

MODELS = ["Veo 3.0", "Sora 2", "Kling v3"]
PROMPTS = [
    "A cinematic sunrise over misty mountains, the fog rolling through a valley of pines, slow dolly",
    "A fox in the snow",
    "A lighthouse at night, the beam sweeping over a stormy sea",
]
FILE = small_mp4(1)
LINE = "5 of 9 done · 1 running · 1 waiting · 1 failed · $12.30"


def cell(at: int, status: str = "completed", columns: int = 3, **fields: Any) -> dict[str, Any]:
    """A cell whose job is `c<at>`."""
    row, column = divmod(at, columns)
    prompt = PROMPTS[row % 3]
    job = entry(at, key=f"c{at}", prompt=prompt, status=status, model_name=MODELS[column % 3], error=None)
    job["video"] = {**job["video"], "size": len(FILE)} if status == "completed" else None
    job |= fields
    begun = status not in ("not begun", "refused")
    return {"at": at, "prompt": prompt, "status": status, "error": None, "job": job if begun else None}


def cells() -> list[dict[str, Any]]:
    """Three prompts by three models, of each kind one."""
    made = [cell(at, cost=2.4) for at in range(9)]
    made[2] = cell(2, "processing")
    made[4] = cell(4, "failed", error=error("The service refused the prompt.", "Change its words."))
    made[5] = cell(5, "waiting")
    made[8] = {**cell(8, "refused"), "error": error("Row 2: duration is 7.", "It must be 4, 6 or 8.")}
    return made


def grid(
    widget: Widget,
    all_cells: list[dict[str, Any]],
    columns: list[str] | None = None,
    flags: dict[str, Any] | None = None,
    **told: Any,
) -> Locator:
    columns = MODELS if columns is None else columns
    row = {
        "columns": columns,
        "rows": len(all_cells) // (len(columns) or 1),
        "line": LINE,
        "waiting": 1,
        "over": False,
        "stopped": "",
        **told,
    }
    session = {**SESSION, "form": False}
    view = widget.start(
        state(_cells=all_cells, _grid=row, _session=session), files={"c0": FILE}, **(flags or {})
    )
    jpeg = list(picture())
    widget.page.evaluate(
        """([jpeg, keys]) => { for (const key of keys) model.posters[key] = new Uint8Array(jpeg); model.wallMoved() }""",
        [jpeg, [one["job"]["key"] for one in all_cells if one["job"]]],
    )
    expect(view.get_by_role("grid")).to_be_visible()
    return view


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (160, 90), (200, 140, 80)).save(file, "JPEG")
    return file.getvalue()


def place(view: Locator, at: int) -> Locator:
    return view.locator(f'[data-at="{at}"]')


def chosen(widget: Widget) -> list[dict[str, Any]]:
    return [one for one in widget.of("choose") if one["changes"]]


def test_it_has_a_row_a_prompt_and_a_column_a_model_and_says_how_far_each_is(widget: Widget) -> None:
    view = grid(widget, cells())
    expect(view.get_by_text(LINE)).to_be_visible()
    expect(view.get_by_role("columnheader")).to_have_text(["Prompt", *MODELS])
    expect(view.get_by_role("rowheader")).to_have_text(PROMPTS)
    expect(place(view, 0).locator("img")).to_have_count(1)
    expect(place(view, 0)).to_contain_text("$2.40")
    expect(place(view, 2)).to_contain_text("processing · ")
    expect(place(view, 4)).to_contain_text("The service refused the prompt. Change its words.")
    expect(place(view, 5)).to_contain_text("waiting")
    expect(place(view, 8)).to_contain_text("Row 2: duration is 7. It must be 4, 6 or 8.")


def test_by_mouse_it_is_played_kept_and_rejected(widget: Widget) -> None:
    view = grid(widget, cells())
    place(view, 0).click()
    player = view.get_by_label("The chosen video")
    expect(player.locator("video")).to_be_visible()
    player.get_by_role("button", name="Keep").click()
    expect(place(view, 0).locator(".rw-kept")).to_be_visible()
    place(view, 1).click()
    player.get_by_role("button", name="Reject").click()
    expect(place(view, 1)).to_have_class("rw-tile rw-rejected")
    assert [(one["keys"], one["changes"]) for one in chosen(widget)] == [
        (["c0"], {"kept": True}),
        (["c1"], {"kept": False}),
    ]
    view.get_by_role("button", name="Close (Esc)").click()
    expect(player).to_have_count(0)
    expect(place(view, 1)).to_be_focused()
    view.get_by_role("button", name="Cancel what waits").click()
    assert widget.of("cancel_batch") == [{}]


def test_by_keyboard_alone_it_is_played_kept_rated_and_left(page: Page, widget: Widget) -> None:
    view = grid(widget, cells())
    place(view, 0).focus()
    for key in ("k", "4", "ArrowRight", "x", "ArrowRight", "k", "ArrowRight"):  # the third is not done
        page.keyboard.press(key)
    expect(place(view, 3), "the next row's first").to_be_focused()
    assert [(one["keys"], one["changes"]) for one in chosen(widget)] == [
        (["c0"], {"kept": True}),
        (["c0"], {"rating": 4}),
        (["c1"], {"kept": False}),
    ]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    player = view.get_by_label("The chosen video")
    expect(player.locator("video")).to_be_visible()
    expect(place(view, 0)).to_be_focused()
    player.locator("video").focus()
    page.keyboard.press("k")  # and no longer
    page.keyboard.press("Escape")
    expect(player).to_have_count(0)
    expect(place(view, 0)).to_be_focused()
    assert chosen(widget)[-1]["changes"] == {"kept": None}
    page.keyboard.press("p")
    expect(view.get_by_label("Prompt", exact=True)).to_have_text(PROMPTS[0])
    page.keyboard.press("p")
    expect(view.get_by_label("Prompt", exact=True)).to_have_count(0)
    for key in (" ", "ArrowRight", " ", "c"):
        page.keyboard.press(key)
    expect(view.locator(".rw-compare video")).to_have_count(2)


def test_what_is_not_begun_says_what_is_wrong_with_it_whole(page: Page, widget: Widget) -> None:
    view = grid(widget, cells())
    place(view, 8).focus()
    page.keyboard.press("Enter")
    expect(view.get_by_label("Prompt", exact=True)).to_contain_text("It must be 4, 6 or 8.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_is_accessible_wide_and_narrow(page: Page, widget: Widget, theme: str) -> None:
    view = grid(widget, cells())
    page.evaluate(f"document.body.dataset.jpThemeLight = '{'true' if theme == 'light' else 'false'}'")
    page.evaluate("document.body.append(document.createElement('button'))")  # for Tab to leave to
    root = view.locator(".runcrate-widget")
    place(view, 0).press("k")
    expect(place(view, 0).locator(".rw-kept")).to_be_visible()
    for opened in (False, True):
        if opened:
            place(view, 0).press("Enter")
            expect(view.locator(".rw-show video")).to_be_visible()
        for width in (1200, 800, 400):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(
                "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )
            check_fits(root)
            check_access(page, root)
            check_keyboard(page, root)


def test_of_a_thousand_rows_some_fifty_tiles_are_live(page: Page, widget: Widget) -> None:
    many = [{**cell(at), "prompt": f"Prompt number {at // 3}"} for at in range(3000)]
    view = grid(widget, many)
    tiles = view.get_by_role("gridcell")
    for width in (1200, 400):
        page.set_viewport_size({"width": width, "height": 900})
        expect(place(view, 0)).to_be_visible()
        assert 6 <= tiles.count() <= 50
    page.set_viewport_size({"width": 1200, "height": 900})
    place(view, 0).focus()
    page.keyboard.press("End")
    expect(place(view, 2999)).to_be_focused()
    expect(place(view, 2999)).to_contain_text("Kling v3")
    expect(place(view, 2999).locator("img")).to_have_count(1)
    expect(view.get_by_role("rowheader").last).to_have_text("Prompt number 999")
    assert tiles.count() <= 50
    assert all(one["count"] <= 60 for one in widget.of("batch"))
    assert sum(one["count"] for one in widget.of("batch")) < 400, "what is not looked at is not asked for"


def test_it_moves_as_the_kernel_tells_it_also_while_that_hears_nothing(widget: Widget) -> None:
    view = grid(widget, cells())
    expect(place(view, 2)).to_contain_text("processing")
    widget.do("model.busy = true")
    done, told = (
        cell(2, cost=1.5),
        {"line": "6 of 9 done · $13.80", "waiting": 0, "stopped": "Take 2 was kept."},
    )
    widget.page.evaluate("([cells, told]) => model.setCells(cells, told)", [[done], told])
    expect(view.get_by_text("6 of 9 done · $13.80")).to_be_visible()
    expect(view.get_by_text("Take 2 was kept.")).to_be_visible()
    expect(place(view, 2)).to_contain_text("$1.50")
    expect(view.get_by_role("button", name="Cancel what waits")).to_have_count(0)


def test_where_a_host_loses_what_the_kernel_sends_it_is_asked_for(widget: Widget) -> None:
    view = grid(widget, cells(), flags={"answers": {"hello": {"revision": 5}}})
    expect(place(view, 2)).to_contain_text("processing")
    widget.page.evaluate(
        """(cell) => {
          model.cells[2] = cell;
          model.wall.put(cell.job);
          model.state._grid = { ...model.state._grid, version: 9, line: "6 of 9 done" };
        }""",
        cell(2, cost=1.5),
    )
    expect(view.get_by_text("6 of 9 done")).to_be_visible()
    expect(place(view, 2)).to_contain_text("$1.50")


def test_takes_of_one_prompt_stand_in_lines_that_have_their_names(page: Page, widget: Widget) -> None:
    takes = [{**cell(at), "prompt": "A fox"} for at in range(20)]
    view = grid(widget, takes, [f"take {at + 1}" for at in range(20)])
    expect(place(view, 19)).to_contain_text("take 20")
    expect(view.get_by_role("rowheader")).to_have_text("A fox")
    place(view, 0).focus()
    for key in ("End", "ArrowUp", "Home", "ArrowDown"):
        page.keyboard.press(key)
    expect(view.locator(".rw-tile:focus")).to_have_count(1)
    check_fits(view.locator(".runcrate-widget"))


def test_the_keyboard_stays_at_its_cell_when_the_columns_no_longer_fit(page: Page, widget: Widget) -> None:
    view = grid(widget, cells())
    page.set_viewport_size({"width": 1200, "height": 900})
    place(view, 0).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    page.set_viewport_size({"width": 400, "height": 900})
    expect(view.locator(".rw-above")).to_have_count(3)
    expect(view.locator('.rw-tile[tabindex="0"]')).to_have_attribute("data-key", "c7")
    expect(view.locator('.rw-tile[data-key="c7"]')).to_be_focused()


def test_a_choice_that_is_refused_is_told(widget: Widget) -> None:
    view = grid(widget, cells())
    refused = json.dumps({**error("The disk is full.", "Make room."), "kind": "storage"})
    widget.do(f"model.failures.choose = {refused}")
    place(view, 0).press("k")
    expect(view.get_by_role("alert").filter(has_text="The disk is full. Make room.")).to_be_visible()
    expect(place(view, 0).locator(".rw-kept")).to_have_count(0)
