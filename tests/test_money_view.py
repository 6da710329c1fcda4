"""What was spent, as one sees it: apart by what became of it, and with the words that are true."""

from __future__ import annotations

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


@pytest.fixture
def widget(page: Page) -> Widget:
    return Widget(page)


def spent(
    videos: int = 0, seconds: float = 0, dollars: float | None = 0.0, unpriced: int = 0
) -> dict[str, Any]:
    return {"videos": videos, "seconds": seconds, "dollars": dollars, "unpriced": unpriced}


def row(**fields: Any) -> dict[str, Any]:
    none = {name: spent() for name in ("paid", "failed", "unknown", "pending")}
    return {**none, "demos": 0, **fields}


MONEY = {
    "session": row(paid=spent(3, 12, 4.8)),
    "today": row(paid=spent(9, 36, 14.4), failed=spent(1, 4, 1.6)),
    "library": row(
        paid=spent(1131, 5540, 2212.8, 12), failed=spent(4, 16, 6.4), unknown=spent(3, 12, None, 3), demos=2
    ),
}


def opened(
    widget: Widget, money: dict[str, Any] = MONEY, limit: Any = None, demo: bool = False, **flags: Any
) -> Locator:
    traits = state(_jobs=[finished("k1", FILE)], _session={**SESSION, "limit": limit, "demo": demo})
    view = widget.start(traits, files={"k1": FILE}, answers={"money": money}, **flags)
    view.get_by_role("button", name="What it has cost").click()
    return view.get_by_role("region", name="Money")


def texts(money: Locator, name: str) -> list[str]:
    lines = money.get_by_role("region", name=name).get_by_role("listitem")
    expect(lines.first).to_be_visible()
    return [one.inner_text() for one in lines.all()]


def test_paid_failed_and_unknown_stand_apart(widget: Widget) -> None:
    money = opened(widget)
    assert texts(money, "This session") == ["paid\n$4.80\n3 videos · 12 s"]
    assert texts(money, "Today") == ["paid\n$14.40\n9 videos · 36 s", "failed\n$1.60\n1 video · 4 s"]
    assert texts(money, "This library") == [
        "paid\n$2,212.80\n1,131 videos · 5,540 s · 12 without a price",
        "failed\n$6.40\n4 videos · 16 s",
        "unknown\nprice not known\n3 videos · 12 s",
    ]


def test_it_says_what_is_not_known(widget: Widget) -> None:
    money = opened(widget, limit={"seconds": None, "dollars": 8.8})
    expect(money).to_contain_text(
        "failed: it took the request and made none; whether that is billed is not documented"
    )
    expect(money).to_contain_text("unknown: no answer, or no end was heard of: it may have been made")
    expect(money).to_contain_text(
        "Each at the price that was set when it was sent; what is billed, the dashboard says."
    )
    expect(money).to_contain_text("Of the demo, and free: 2.")
    expect(money).to_contain_text("$8.80 left of the limit")
    expect(money).to_contain_text("client.ledger.reconcile")


def test_nothing_was_spent(widget: Widget) -> None:
    money = opened(widget, {name: row() for name in ("session", "today", "library")})
    assert texts(money, "This library") == ["paid\n–"]
    expect(money).not_to_contain_text("unknown:")


def test_a_price_is_set_and_forgotten(widget: Widget) -> None:
    money = opened(widget)
    price = money.get_by_label("Veo 3.0")
    expect(price).to_have_value("0.40")
    price.fill("$0,75")
    price.press("Tab")
    widget.page.wait_for_function("model.of('price').length === 1")
    price.fill("")
    price.press("Tab")
    widget.page.wait_for_function("model.of('price').length === 2")
    sent = [(one["model"], one["price"]) for one in widget.do("model.of('price')")]
    assert sent == [("google/veo-3.0", 0.75), ("google/veo-3.0", None)]
    expect(money.get_by_label("Sora 2")).to_have_value("")


def test_what_is_no_price_is_said_and_not_sent(widget: Widget) -> None:
    money = opened(widget)
    price = money.get_by_label("Sora 2")
    price.fill("cheap")
    price.press("Tab")
    expect(money.get_by_role("alert")).to_have_text("A number of dollars a second, such as 0.40.")
    expect(price).to_have_value("cheap")
    assert widget.do("model.of('price')") == []
    widget.do("model.failures = {price: {message: 'Too much.', hint: '', field: null, kind: ''}}")
    price.fill("9999999")
    price.press("Tab")
    expect(money.get_by_role("alert")).to_have_text("Too much.")


def test_it_counts_anew_when_the_library_has_changed(widget: Widget) -> None:
    money = opened(widget)
    expect(money.get_by_role("region", name="Today")).to_be_visible()
    widget.do("model.answers.money.session = model.answers.money.today")
    widget.set("_session", {**SESSION, "wall": 7})
    expect(money.get_by_role("region", name="This session")).to_contain_text("$14.40")
    assert len(widget.do("model.of('money')")) == 2


def test_a_refusal_offers_to_count_again(widget: Widget) -> None:
    money = opened(widget, failures={"money": error("The library cannot be read.")})
    expect(money.get_by_role("alert")).to_contain_text("The library cannot be read.")
    widget.do("model.failures = {}")
    money.get_by_role("button", name="Count again").click()
    expect(money.get_by_role("region", name="Today")).to_be_visible()
    expect(money.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("width", [1232, 432])
def test_access(widget: Widget, width: int) -> None:
    widget.page.set_viewport_size({"width": width, "height": 900})
    money = opened(widget)
    expect(money.get_by_role("region", name="Today")).to_be_visible()
    expect(money).to_be_focused()
    check_access(widget.page, money)
    check_fits(money)
    check_keyboard(widget.page, money)


@pytest.mark.parametrize(
    ("demo", "said"),
    [(False, "dollars a second, remembered in this library"),
     (True, "dollars a second, of the demo, and not remembered")],
)  # fmt: skip
def test_whether_a_price_is_remembered_is_said_as_it_is(widget: Widget, demo: bool, said: str) -> None:
    expect(opened(widget, demo=demo)).to_contain_text(said)
