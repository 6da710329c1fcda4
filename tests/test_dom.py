"""The front end's renderer (`js/src/ui/dom.ts`) in Chromium, bundled by itself: what stays is not touched, what
changes is right.
"""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import wheel_node
from playwright.sync_api import expect
from videos import small_mp4

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from playwright.sync_api import Page

    Run: TypeAlias = Callable[..., Any]

JS = Path(__file__).parent.parent / "js"
BUNDLE = """
import { build } from "esbuild";
await build({
  stdin: { contents: 'export * from "./src/ui/dom.ts"; export * from "./src/ui/stateful.ts"', resolveDir: "." },
  outfile: process.argv[1], bundle: true, format: "iife", globalName: "dom", tsconfigRaw: {},
});
"""
# What the scripts below use: `el` is drawn into, `touched` gives the elements below it that were put in or
# taken out since the last call.
PRELUDE = """
var { h, render, stateful, Fragment } = dom;
var el = document.querySelector("main");
var find = (selector) => el.querySelector(selector);
var names = (records) => records.flatMap((r) => [...r.addedNodes, ...r.removedNodes]).map((n) => n.id || n.nodeName);
var watcher = new MutationObserver(() => {});
watcher.observe(el, { childList: true, subtree: true, attributes: true, characterData: true });
var touched = () => names(watcher.takeRecords());
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("dom") / "dom.js"
    command = [str(wheel_node()), "--input-type=module", "--eval", BUNDLE, "--", str(file)]
    subprocess.run(command, cwd=JS, check=True)
    return file.read_text(encoding="utf-8")


@pytest.fixture
def run(page: Page, bundle: str, console_errors: list[str]) -> Any:
    """Runs a script in a page with the renderer and gives what it returns."""
    page.set_content("<!doctype html><main></main>")
    page.add_script_tag(content=bundle + PRELUDE)

    def run(script: str, argument: Any = None) -> Any:
        return page.evaluate(f"async (argument) => {{ {script} }}", argument)

    yield run
    assert console_errors == []


# What it draws


def test_elements_texts_fragments_and_what_is_left_out(run: Run) -> None:
    html = run(
        """const Pair = ({ first, children }) => [h("b", null, first), h(Fragment, null, ...children)];
           render(h("p", { class: "x" }, "a", 0, null, false, true, undefined, "", [1, [2, "3"]],
             h(Pair, { first: "f" }, "c", h("i", null, "d")), "<u>"), el);
           return el.innerHTML;"""
    )
    assert html == '<p class="x">a0123<b>f</b>c<i>d</i>&lt;u&gt;</p>'


def test_attributes(run: Run) -> None:
    shown = run(
        """const draw = (attributes) => { render(h("button", attributes), el); return el.innerHTML; };
           return [
             draw({ hidden: true, disabled: false, title: "", "aria-busy": false, "data-a": true, tabindex: 0, role: null }),
             draw({ disabled: true, "aria-busy": true, "data-a": undefined, tabindex: -1 }),
             draw(null),
           ];"""
    )
    assert shown == [
        '<button hidden="" title="" aria-busy="false" data-a="true" tabindex="0"></button>',
        '<button aria-busy="true" tabindex="-1" disabled=""></button>',
        "<button></button>",
    ]


def test_an_attribute_that_stays_is_not_set_again(run: Run) -> None:
    count = run(
        """const draw = (now) => render(h("div", { class: "x", style: { "--a": 1 }, title: now }, "text ", now), el);
           draw("a");
           touched();
           draw("b");
           return watcher.takeRecords().map((r) => r.attributeName ?? r.type);"""
    )
    assert sorted(count) == ["characterData", "title"]


def test_styles_come_change_and_go(run: Run) -> None:
    shown = run(
        """const draw = (style) => {
             render(h("div", { style }), el);
             const { style: own } = el.firstChild;
             return ["--shape", "width", "margin-top"].map((name) => own.getPropertyValue(name));
           };
           return [draw({ "--shape": "16/9", width: "4px" }), draw({ "--shape": "9/16", "margin-top": 0 }), draw(undefined)];"""
    )
    assert shown == [["16/9", "4px", ""], ["9/16", "", "0px"], ["", "", ""]]


def test_svg_and_what_is_in_it_are_svg(run: Run) -> None:
    kinds = run(
        """const Path = () => h("path", { d: "M0 0h5" });
           render(h("p", null, h("svg", { viewBox: "0 0 16 16" }, h(Path), [h("g", null, h("path"))]), h("a", null)), el);
           return [...el.querySelectorAll("*")].map((e) => e.constructor.name);"""
    )
    assert kinds == [
        "HTMLParagraphElement",
        "SVGSVGElement",
        "SVGPathElement",
        "SVGGElement",
        "SVGPathElement",
        "HTMLAnchorElement",
    ]
    assert run("return el.querySelector('svg').viewBox.baseVal.width") == 16


# What stays


def test_every_keyed_list_becomes_every_other_with_the_same_elements(run: Run) -> None:
    wrong = run(
        """const lists = [[]];
           for (const list of lists) for (const key of "abcd") if (!list.includes(key)) lists.push([...list, key]);
           const Item = ({ id }) => [h("i", { id }), h("u", null, id)];
           const draw = (keys) => render(h("div", null, h("h1"), keys.map((key) => h(Item, { key, id: key })), "end"), el);
           const wrong = [];
           for (const before of lists) for (const after of lists) {
             draw(before);
             const old = new Map([...el.querySelectorAll("i")].map((item) => [item.id, item]));
             draw(after);
             const items = [...el.querySelectorAll("i")];
             const right = el.textContent === after.join("") + "end"
               && items.map((item) => item.id).join() === after.join()
               && items.every((item) => !old.has(item.id) || old.get(item.id) === item)
               && el.firstChild.firstChild.nodeName === "H1";
             if (!right) wrong.push([before, after, el.innerHTML]);
           }
           return [lists.length, wrong];"""
    )
    assert wrong == [65, []]


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ("abc", "nabc", ["n"]),
        ("abc", "abnc", ["n"]),
        ("abc", "abcn", ["n"]),
        ("abc", "bc", ["a"]),
        ("abc", "ac", ["b"]),
        ("abcd", "dabc", ["d"]),
        ("abcd", "bcda", ["a"]),
        ("abcd", "acbd", ["b"]),
        ("abcd", "nbcd", ["a", "n"]),
        ("abc", "abc", []),
    ],
)
def test_only_what_moves_is_touched(run: Run, before: str, after: str, moved: list[str]) -> None:
    names = run(
        """const draw = (keys) => render(h("ul", null, [...keys].map((key) => h("li", { key, id: key }, h("b", null, key)))), el);
           draw(argument[0]);
           touched();
           draw(argument[1]);
           return [...new Set(touched())].sort();""",
        [before, after],
    )
    assert names == moved


def test_a_key_that_is_a_number_is_no_position(run: Run) -> None:
    names = run(
        """const draw = () => render(h("p", null, h("i", { key: 1, id: "keyed" }), h("i", { id: "second" })), el);
           draw();
           touched();
           draw();
           return [touched(), [...find("p").children].map((e) => e.id)];"""
    )
    assert names == [[], ["keyed", "second"]]


def test_a_key_that_is_there_twice_leaves_nothing_behind(run: Run) -> None:
    script = """
      for (const keys of argument) render(h("ul", null, [...keys].map((key) => h("li", { key }, key))), el);
      return [...el.querySelectorAll("li")].map((li) => li.textContent);
    """
    assert run(script, ["aab", "aab", "bab", "aa", "ba"]) == ["b", "a"]


def test_a_conditional_child_leaves_its_siblings_alone(run: Run) -> None:
    names = run(
        """const Maybe = ({ now }) => now && h("i", { id: "in" });
           const draw = (now) => render([now && h("p", { id: "p" }), h("input", { id: "a" }), h(Maybe, { now }), h("b", { id: "b" })], el);
           draw(false);
           touched();
           draw(true);
           const order = [...el.children].map((e) => e.id);
           draw("");
           return [order, [...el.children].map((e) => e.id), [...new Set(touched().filter((name) => name !== "#text"))].sort()];"""
    )
    assert names == [["p", "a", "in", "b"], ["a", "b"], ["in", "p"]]


def test_another_type_or_key_in_a_place_is_another_element(run: Run) -> None:
    assert run(
        """const draw = (type, key) => { render(h("div", null, h(type, { key })), el); return el.firstChild.firstChild; };
           const [a, b, c, d] = [draw("p"), draw("p"), draw("b"), draw("b", 1)];
           return [a === b, b.isConnected, c === d, c.isConnected, el.innerHTML];"""
    ) == [True, False, False, False, "<div><b></b></div>"]


def test_a_playing_video_plays_on_while_its_list_changes(page: Page, run: Run) -> None:
    src = "data:video/mp4;base64," + base64.b64encode(small_mp4(4.0)).decode()
    run(
        """window.halts = 0;
           const mute = (video) => { if (video) video.muted = true; };
           const Row = ({ src }) => h("li", null, h("video", { src, loop: true, autoplay: true, ref: mute }));
           window.draw = (keys) => render(h("ul", null, keys.map((key) =>
             key === "v" ? h(Row, { key, src: argument }) : h("li", { key }, key))), el);
           draw(["b", "v", "c"]);
           find("video").addEventListener("pause", () => halts++);""",
        src,
    )
    page.wait_for_function("find('video').currentTime > 0")
    played = run(
        """const video = find("video");
           const before = video.currentTime;
           draw(["a", "b", "v", "c"]);
           draw(["n", "a", "v", "c", "b"]);
           draw(["v"]);
           draw(["c", "v", "d"]);
           return [video === find("video"), video.paused, before];"""
    )
    assert played[:2] == [True, False]
    page.wait_for_function("before => find('video').currentTime !== before", arg=played[2])
    assert run("return [halts, find('video').paused]") == [0, False]


@pytest.mark.parametrize("shadow", [False, True])
def test_focus_selection_and_scroll_survive_redraws(page: Page, run: Run, shadow: bool) -> None:
    run(
        """if (argument) {
             el = document.createElement("div");
             document.querySelector("main").attachShadow({ mode: "open" }).append(el);
           }
           window.draw = (n) => render(h("div", { class: `n${n}` },
             n > 0 && h("p", null, "new"),
             h("div", { id: "box", style: { height: "40px", overflow: "auto" } },
               n > 0 && h("p", null, "n"),
               h("textarea", { value: "what is typed", rows: 9, onInput: () => {} })),
             Array.from({ length: n }, (_, index) => h("i", { key: index }, index))), el);
           draw(0);""",
        shadow,
    )
    page.locator("textarea").focus()
    state = run(
        """const area = find("textarea");
           area.setSelectionRange(2, 6, "backward");
           find("#box").scrollTop = 30;
           for (const n of [1, 3, 3, 0, 2]) draw(n);
           return [el.getRootNode().activeElement === area, area.selectionStart, area.selectionEnd, area.selectionDirection,
             find("#box").scrollTop > 0];"""
    )
    assert state == [True, 2, 6, "backward", True]


# Controls


def test_a_value_is_set_again_only_where_it_differs(page: Page, run: Run) -> None:
    run(
        """window.draw = (value) => render(h("input", { value, onInput: (event) => draw(event.currentTarget.value) }), el);
           draw("abc");"""
    )
    box = page.locator("input")
    box.focus()
    box.evaluate("box => box.setSelectionRange(1, 1)")
    page.keyboard.press("x")
    assert box.evaluate("box => [box.value, box.selectionStart]") == ["axbc", 2], (
        "the caret stays where one types"
    )
    run("find('input').value = 'typed'; draw('axbc')")
    expect(box).to_have_value("axbc")  # the same as before, and not what the box had
    run("draw('')")
    expect(box).to_have_value("")
    run("draw(0)")
    expect(box).to_have_value("0")


def test_a_number_that_is_half_typed_is_left_alone(page: Page, run: Run) -> None:
    run(
        """const draw = (value) => render(h("input", { type: "number", value, onInput: (event) => draw(event.currentTarget.value) }), el);
           draw(7);"""
    )
    box = page.locator("input")
    box.focus()
    page.keyboard.press("End")
    page.keyboard.type("e1")  # "7e" is no number yet: the box says ""
    expect(box).to_have_value("7e1")


def test_a_range_gets_its_value_after_its_limits(run: Run) -> None:
    assert (
        run(
            """render(h("input", { value: 150, type: "range", min: 120, max: 180, step: 1 }), el);
           return find("input").valueAsNumber;"""
        )
        == 150
    )


def test_a_progress_of_nothing_is_still_a_known_one(run: Run) -> None:
    assert run("render(h('progress', { value: 0 }), el); return find('progress').position") == 0


def test_a_select_shows_its_value_however_its_options_change(page: Page, run: Run) -> None:
    run(
        """window.draw = (value, names) => render(h("select", { value }, !names.includes(value) && h("option", { value }, "?"),
             names.map((name) => h("option", { key: name, value: name }, name))), el);
           draw("b", ["a", "b", "c"]);"""
    )
    box = page.locator("select")
    expect(box).to_have_value("b")
    box.select_option("c")
    run("draw('b', ['a', 'b', 'c'])")
    expect(box).to_have_value("b")
    run("draw('b', ['n', 'b', 'a'])")
    expect(box).to_have_value("b")
    run("draw('gone', ['n', 'b', 'a'])")
    expect(box).to_have_value("gone")
    expect(box.locator("option")).to_have_text(["?", "n", "b", "a"])
    run("draw('n', ['n', 'b'])")
    expect(box).to_have_value("n")


def test_radios_show_what_they_are_told_and_not_what_was_clicked(page: Page, run: Run) -> None:
    run(
        """window.picked = [];
           window.draw = (chosen) => render(h("div", null, ["a", "b"].map((value) => h("input", {
             key: value, type: "radio", name: "n", value, checked: value === chosen,
             onChange: (event) => picked.push(event.currentTarget.value) }))), el);
           draw("a");"""
    )
    first, second = page.locator("input").all()
    expect(first).to_be_checked()
    second.click()
    assert run("return picked") == ["b"]
    run("draw('a')")
    expect(first).to_be_checked()
    expect(second).not_to_be_checked()
    run("draw('')")
    expect(first).not_to_be_checked()
    run("draw('b')")
    expect(second).to_be_checked()


# Handlers and references


def test_the_newest_handler_hears_an_event_once_and_none_when_it_is_gone(page: Page, run: Run) -> None:
    run(
        """window.heard = [];
           window.draw = (n) => render(h("div", n ? { onFocusIn: (event) => heard.push(["in", n, event.currentTarget.nodeName]),
               onPointerEnter: (event) => heard.push(["enter", n, event.currentTarget.nodeName]) } : null,
             h("button", { onClick: n ? (event) => heard.push(["click", n, event.currentTarget.nodeName]) : null }, "press")), el);
           draw(1);
           draw(2);"""
    )
    page.locator("button").click()
    assert run("return heard") == [["enter", 2, "DIV"], ["in", 2, "DIV"], ["click", 2, "BUTTON"]]
    run("draw(0); find('button').click()")
    assert len(run("return heard")) == 3
    run("draw(3); find('button').click()")
    assert run("return heard[3]") == ["click", 3, "BUTTON"]


def test_what_a_handler_returns_means_nothing(run: Run) -> None:
    assert (
        run(
            """render(h("input", { type: "checkbox", checked: false, onClick: () => false }), el);
           find("input").click();
           return find("input").checked;"""
        )
        is True
    )


def test_a_reference_is_told_when_its_element_comes_and_goes(run: Run) -> None:
    told = run(
        """const told = [];
           const ref = (element) => told.push(element && [element.nodeName, element.isConnected, element.childElementCount]);
           const other = (element) => told.push(["other", element?.nodeName]);
           const draw = (...children) => { render(h("div", null, ...children), el); return told.splice(0); };
           return [
             draw(h("p", { ref }, h("i"))), draw(h("p", { ref })),
             draw(h("b", { ref })), // the same function: it ends with the element that is there
             draw(h("b", { ref: other })), draw(h("b", { ref: null })), draw(h("b", { ref })),
             draw(h("p", null, h("i", { ref }))), draw(h("p")), draw(),
           ];"""
    )
    assert told == [
        [["P", True, 1]],
        [],
        [None, ["B", True, 0]],
        [None, ["other", "B"]],
        [["other", None]],
        [["B", True, 0]],
        [None, ["I", True, 0]],
        [None],
        [],
    ]


def test_an_element_can_take_the_focus_as_it_comes(run: Run) -> None:
    assert run(
        """const focus = (element) => element?.focus();
           const draw = (asking) => render(asking ? h("span", null, h("button", { ref: focus, id: "yes" })) : h("button"), el);
           draw(false);
           find("button").focus();
           draw(true);
           const first = document.activeElement.id;
           find("#yes").blur();
           draw(true);
           return [first, document.activeElement.nodeName];"""
    ) == ["yes", "BODY"]


# Components with a state


def test_a_state_lasts_as_long_as_its_place_and_changes_are_drawn_together(run: Run) -> None:
    shown = run(
        """let draws = 0;
           const sets = {};
           const Count = stateful(0, ({ name }, state, set) => { draws++; sets[name] = set; return h("i", null, name, state); });
           const draw = (...names) => render(names.map((name) => h(Count, { key: name, name })), el);
           draw("a", "b");
           sets.a(1);
           sets.a(2);
           sets.b(7);
           const out = [el.textContent];
           await null;
           out.push(el.textContent, draws);
           draw("n", "b", "a");
           out.push(el.textContent);
           const gone = sets.a;
           draw("b");
           gone(9);
           await null;
           draw("b", "a");
           out.push(el.textContent);
           return out;"""
    )
    assert shown == ["a0b0", "a2b7", 4, "n0b7a2", "b7a0"]


def test_a_state_that_is_set_after_the_end_draws_nothing(run: Run) -> None:
    assert (
        run(
            """let set;
           const Part = stateful("on", (props, state, setState) => { set = setState; return state; });
           render(h(Part), el);
           set("late");
           render(null, el);
           set("later");
           await null;
           return el.innerHTML;"""
        )
        == ""
    )


def test_two_trees_in_one_page_are_each_their_own(run: Run) -> None:
    assert run(
        """const other = document.createElement("aside");
           document.body.append(other);
           const Part = stateful(0, (props, state, set) => h("button", { onClick: () => set(state + 1) }, state));
           render(h(Part), el);
           render(h(Part), other);
           other.firstChild.click();
           await null;
           render(null, el);
           other.firstChild.click();
           await null;
           return [el.innerHTML, other.textContent];"""
    ) == ["", "2"]


# When something throws


def test_a_component_that_throws_leaves_what_is_shown_as_it_was(run: Run) -> None:
    shown = run(
        """let set;
           const Part = stateful("a", (props, state, setState) => {
             set = setState;
             if (state === "bad") throw new Error("no");
             return h("i", null, state);
           });
           const Bad = () => { throw new Error("no"); };
           const draw = (n, bad) => {
             try { render(h("div", { class: `n${n}` }, n > 1 && h("p"), h(Part), bad && h(Bad)), el); } catch { return "thrown"; }
           };
           draw(1);
           const part = find("i");
           const before = el.innerHTML;
           touched();
           const out = [draw(2, true), el.innerHTML === before, touched()];
           set("bad");
           out.push(draw(2), el.innerHTML === before);
           set("c");
           await null;
           out.push(el.innerHTML, find("i") === part);
           return out;"""
    )
    assert shown == ["thrown", True, [], "thrown", True, '<div class="n2"><p></p><i>c</i></div>', True]


def test_after_a_change_that_the_browser_refuses_the_next_redraw_is_right(run: Run) -> None:
    shown = run(
        """const draw = (value) => {
             try {
               render(h("div", null, h("b", { title: value }), h("progress", { value }), h("i", null, value)), el);
             } catch { return "thrown"; }
           };
           return [draw(0.25), draw(NaN), draw(0.25), el.innerHTML, find("progress").value];"""
    )
    html = '<div><b title="0.25"></b><progress value="0.25"></progress><i>0.25</i></div>'
    assert shown == [None, "thrown", None, html, 0.25]


def test_what_somebody_else_did_to_the_page_is_survived(run: Run) -> None:
    shown = run(
        """const draw = (n) => render(h("p", null, "count ", n, h("b", { id: "b" }, n)), el);
           draw(1);
           // As a translation does: texts are wrapped, and elements go.
           const font = document.createElement("font");
           el.firstChild.firstChild.replaceWith(font);
           find("#b").remove();
           draw(2);
           draw(3);
           return [find("#b").textContent, el.textContent];"""
    )
    assert shown == ["3", "count 33"]


def test_the_end_takes_everything_away(run: Run) -> None:
    assert run(
        """el.innerHTML = "<p>what was there</p>";
           const Part = () => [h("i"), "text", [h("b")]];
           render(h(Part), el);
           const drawn = el.innerHTML;
           render(null, el);
           const ended = el.innerHTML;
           render(h(Part), el);
           return [drawn, ended, el.innerHTML];"""
    ) == ["<i></i>text<b></b>", "", "<i></i>text<b></b>"]
