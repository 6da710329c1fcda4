"""The studio in every host of the README's table: many are made, compared, judged and paid for, by mouse and
by the keyboard.
"""

from __future__ import annotations

import re

import pytest
from access import check_keyboard, look
from fault_server import FaultServer
from hosts import Host, Theme
from playwright.sync_api import Locator, expect
from shown import seen
from videos import small_mp4

pytestmark = pytest.mark.browser

WEATHER = ("fog", "hail", "rain", "sleet", "snow", "sun", "thunder")
#: With the two stacks that are made in the page the wall is as large as the search is for.
EARLIER = len(WEATHER)
#: A library with some videos in it. Voila runs this anew for each page.
SHOW = f"""from runcrate_widget import VideoClient, VideoWidget
from runcrate_widget.jobs import polling
polling.SHORTEST = 0.01
with VideoClient() as earlier:
    if not len(earlier.library):
        prompts = [f"A lighthouse in {{weather}}" for weather in {WEATHER}]
        made = [earlier.generate(prompt, model="Veo 3.0", duration=4) for prompt in prompts]
        for one in made: one.wait(60)
w = VideoWidget(client=VideoClient())
w"""

#: Both of them play, and at most a frame apart.
TOGETHER = """view => {
  const [first, second, ...more] = view.querySelectorAll(".rw-compare video");
  if (!first || !second || more.length) return false;
  const play = [first, second].every((video) => !video.paused && video.currentTime > 0);
  return play && Math.abs(first.currentTime - second.currentTime) < 1 / 12;
}"""


def tiles_of(shown: Locator, count: int) -> Locator:
    """The tiles of the wall, once there are so many."""
    tiles = shown.locator(".rw-tile")
    expect(tiles).to_have_count(count, timeout=60_000)
    return tiles


def plays(video: Locator) -> None:
    expect(video).to_be_visible(timeout=60_000)
    video.page.wait_for_function("v => v.currentTime > 0", arg=video.element_handle(), timeout=60_000)


def make(shown: Locator) -> None:
    """Two takes of one prompt with each of two models, each two a stack of the wall."""
    tiles_of(shown, EARLIER)
    shown.get_by_label("Prompt", exact=True).click()
    shown.page.keyboard.type("A fox in the snow")
    shown.locator('input[type=radio][value="4"]').check(force=True)
    shown.get_by_role("button", name="One more").click()
    expect(shown.get_by_label("Cost", exact=True)).to_have_text("8 s of video")
    pressed = 0
    for n, model in enumerate(("Veo 3.0", "Sora 2")):
        shown.get_by_label("Model", exact=True).select_option(label=model)
        # Sooner than in half a second it would be the second press of a double click (js/src/ui/page.ts).
        shown.page.wait_for_function("then => Date.now() - then > 500", arg=pressed)
        shown.get_by_role("button", name="Generate").click()
        pressed = shown.page.evaluate("Date.now()")
        newest = tiles_of(shown, EARLIER + 1 + n).first
        expect(newest.locator(".rw-count")).to_have_text("2", timeout=60_000)
        expect(newest.locator("img")).to_have_count(1, timeout=60_000)
    expect(shown.locator(".rw-stack")).to_have_count(2)
    expect(shown.locator(".rw-stage")).to_have_count(0)


def watch(host: Host, shown: Locator) -> None:
    """The newest is in the player, and a click puts another there."""
    show = shown.locator(".rw-show")
    plays(show.locator("video"))
    expect(show).to_contain_text("Sora 2")
    shown.locator(".rw-tile").nth(1).click()
    expect(show).to_contain_text("Veo 3.0")
    plays(show.locator("video"))
    way = "url" if host.transport == "url" else "pull"
    expect(show.locator(".rw-player")).to_have_attribute("data-transport", way)
    takes = show.get_by_role("list", name="Takes").get_by_role("button")
    expect(takes).to_have_count(2, timeout=30_000)
    takes.first.click()
    expect(takes.first).to_have_attribute("aria-current", "true")
    plays(show.locator("video"))


def search_and_judge(shown: Locator) -> None:
    """What is typed is found at once. On a tile the keys keep and rate, and the kernel hears it."""
    keyboard = shown.page.keyboard
    search = shown.get_by_label("Search")
    search.click()
    keyboard.type("lighth")
    tiles_of(shown, EARLIER)
    keyboard.press("Control+A")
    keyboard.type("lighthouse thund")
    expect(tiles_of(shown, 1)).to_contain_text("A lighthouse in thunder")
    keyboard.press("Control+A")
    keyboard.press("Backspace")
    tiles = tiles_of(shown, EARLIER + 2)
    expect(search).to_be_focused()
    for _ in range(12):  # to the wall: its one stop
        keyboard.press("Tab")
        if shown.evaluate("root => root.querySelector('.rw-tile:focus') !== null"):
            break
    keyboard.press("Home")
    expect(tiles.first).to_be_focused()
    for _ in range(2):  # past the stacks, which show another take instead of one that is rejected
        keyboard.press("ArrowRight")
    keyboard.press("x")  # which in Jupyter cuts the cell
    expect(tiles.nth(2).locator(".rw-no")).to_be_visible(timeout=30_000)
    keyboard.press("k")
    keyboard.press("5")
    expect(tiles.nth(2).locator(".rw-kept")).to_be_visible(timeout=30_000)
    expect(tiles.nth(2).locator(".rw-rate")).to_have_text("★ 5", timeout=30_000)
    expect(shown.get_by_text("Kept 1")).to_be_visible(timeout=30_000)


def comparison(shown: Locator) -> Locator:
    """Those that are chosen, or the first two, beside each other; both play."""
    tiles = tiles_of(shown, EARLIER + 2)
    if not shown.locator(".rw-chosen").count():
        for tile in (tiles.first, tiles.nth(1)):
            tile.focus()
            shown.page.keyboard.press("Space")
    button = shown.locator(".rw-selection").get_by_role("button", name="Compare")
    button.click()
    shown.page.wait_for_function(TOGETHER, arg=shown.element_handle(), timeout=60_000)
    return shown.get_by_label("Comparison")


def compare(shown: Locator) -> None:
    """By keyboard: stopped, in one picture, and back to where one was; by mouse: how much is seen of each."""
    compared = comparison(shown)
    keyboard = shown.page.keyboard
    keyboard.press("Space")
    expect(compared.get_by_role("button", name="Play", exact=True)).to_be_visible()
    keyboard.press("w")
    expect(compared.get_by_role("button", name="Wipe")).to_have_attribute("aria-pressed", "true")
    edge = compared.get_by_label("How much of 1 is seen")
    box = edge.bounding_box()
    assert box
    edge.click(position={"x": box["width"] / 4, "y": box["height"] / 2})
    expect(edge).to_have_value(re.compile(r"^2[3-7]"))
    keyboard.press("Escape")
    expect(compared).to_have_count(0)
    expect(shown.locator(".rw-selection").get_by_role("button", name="Compare")).to_be_focused()


def arena(shown: Locator) -> Locator:
    """The arena, with two that play and can be judged."""
    tiles_of(shown, EARLIER + 2)
    shown.get_by_role("button", name="Which is better?").click()
    found = shown.get_by_role("region", name="Arena")
    seen(found)
    return found


def judge(shown: Locator) -> None:
    """By the keys, without the names; and what follows for the models."""
    found = arena(shown)
    expect(found).to_contain_text("0 compared between models · 6 pairs left")
    expect(found).to_contain_text("A fox in the snow")
    for n, key in enumerate(("ArrowLeft", "=", "ArrowRight"), start=1):
        seen(found)
        for side in ("Left", "Right"):
            plays(found.get_by_label(f"{side} video"))
        expect(found.locator(".rw-two")).not_to_contain_text(re.compile("Veo|Sora"))
        shown.page.keyboard.press(key)
        expect(found).to_contain_text(f"{n} compared between models · {6 - n} pair", timeout=30_000)
    ranking = found.locator(".rw-ranking > li")
    expect(ranking).to_have_count(2)
    expect(ranking.filter(has_text="Sora 2")).to_contain_text("of 3")
    shown.page.keyboard.press("Escape")
    expect(found).to_have_count(0)


def money(shown: Locator) -> Locator:
    """What it has cost, once it is counted."""
    tiles_of(shown, EARLIER + 2)
    shown.get_by_role("button", name="What it has cost").click()
    found = shown.get_by_role("region", name="Money")
    expect(found.get_by_role("region", name="This library")).to_be_visible(timeout=30_000)
    return found


def pay(shown: Locator) -> None:
    """A price that is set here is what the next press costs; so is one that is set beside the button."""
    keyboard = shown.page.keyboard
    cost = shown.get_by_label("Cost", exact=True)
    expect(cost).to_have_text("8 s of video")
    found = money(shown)
    expect(found.get_by_role("region", name="This session")).to_contain_text("4 videos · 16 s")
    expect(found.get_by_role("region", name="This library")).to_contain_text(f"{EARLIER + 4} videos · 44 s")
    price = found.get_by_label("Sora 2", exact=True)
    price.click()
    keyboard.type("0.25")
    keyboard.press("Tab")
    expect(cost).to_have_text("costs 2 × 4 s ≈ $2.00", timeout=30_000)
    expect(price).to_have_value("0.25")
    keyboard.press("Escape")
    expect(found).to_have_count(0)
    shown.get_by_label("Model", exact=True).select_option(label="Veo 3.0")
    shown.get_by_role("button", name="price not set").click()
    keyboard.type("0.4")
    keyboard.press("Enter")
    expect(cost).to_have_text("costs 2 × 4 s ≈ $3.20", timeout=30_000)


def look_at(host: Host, shown: Locator, theme: Theme) -> None:
    """Everybody can use all of it, with the keyboard alone (in one theme), wide and narrow; Escape closes what is
    open."""
    keys = theme == host.themes[0]
    host.theme(theme)  # which in Voila is another page: nothing is open or chosen in it
    tiles_of(shown, EARLIER + 2)
    plays(shown.locator(".rw-show video"))
    if keys:
        check_keyboard(host.page, shown)
    look(host, shown, theme)
    for part in (comparison, arena, money):
        found = part(shown)
        if part is comparison:
            found.press("Space")
        if keys:
            check_keyboard(host.page, shown)
        look(host, shown, theme)
        found.press("Escape")
        expect(found).to_have_count(0)


@pytest.mark.parametrize(
    "host",
    [
        "JupyterLab",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                "JupyterLab, ipykernel 6.30",
                "Notebook 7",
                "nbclassic",
                "Voila",
                "marimo",
                "marimo, mo.ui.anywidget",
                "VS Code",
                "Colab",
            )
        ),
    ],
    indirect=True,
)
def test_many_are_made_compared_judged_and_paid_for(host: Host) -> None:
    with FaultServer(video=small_mp4(2, 320, 180)) as server:
        shown = host.open(server, SHOW)
        make(shown)
        assert server.count("submit") == EARLIER + 4
        watch(host, shown)
        search_and_judge(shown)
        compare(shown)
        judge(shown)
        pay(shown)
        assert server.count("submit") == EARLIER + 4
        for theme in host.themes:
            look_at(host, shown, theme)
        assert server.count("submit") == EARLIER + 4
