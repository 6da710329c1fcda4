"""What axe-core has against a part of a page, and whether the keyboard reaches all of it.

`check_access(page, ".runcrate-widget")`; `look(host, shown, "dark")` is for a widget in a host.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from hosts import Host, Theme
    from playwright.sync_api import Locator, Page

AXE = Path(__file__).parent.parent / "js" / "node_modules" / "axe-core" / "axe.min.js"

# `axe.run` takes an element of the page, or, for one in a shadow root, the selectors of its hosts from the
# outermost one inwards and then its own. An attribute of ours makes each of them a selector.
_RUN = """async (root) => {
  const path = [];
  for (let element = root; element; element = element.getRootNode().host) path.unshift(element);
  path.forEach((element, depth) => element.setAttribute('data-axe-path', depth));
  try {
    const selectors = path.map((_, depth) => `[data-axe-path="${depth}"]`);
    const context = path.length > 1 ? { fromShadowDom: selectors } : { include: selectors };
    const { passes, violations } = await axe.run(context, { resultTypes: ['violations'] });
    return { passed: passes.length, violations };
  } finally {
    for (const element of path) element.removeAttribute('data-axe-path');
  }
}"""


def check_access(page: Page, root: str | Locator) -> None:
    """Fail with a list of what axe-core finds wrong within `root`: a selector, or the locator of one element.

    An open shadow root on the way to it, or within it, is looked into. What moves or fades should be at rest.
    """
    locator = page.locator(root) if isinstance(root, str) else root
    if not page.evaluate("() => 'axe' in window"):
        # As an AMD module it would not be on `window`: a page with require.js has a global `define`.
        script = AXE.read_text(encoding="utf-8")
        page.evaluate(
            f"(() => {{ const define = undefined, module = undefined, exports = undefined;\n{script}\n}})()"
        )
    found = locator.evaluate(_RUN)
    assert found["passed"], "axe-core found nothing to check there."
    assert not found["violations"], "\n".join(_describe(violation) for violation in found["violations"])


def check_fits(root: Locator) -> None:
    """Fail where something within `root` sticks out of it, or of the page."""
    out: list[str] = root.evaluate(
        """root => [root, ...root.querySelectorAll('*')].filter((element) => {
          const { right } = element.getBoundingClientRect();
          return right > root.getBoundingClientRect().right + 0.5 || right > document.documentElement.clientWidth;
        }).map((element) => element.outerHTML.slice(0, 160))"""
    )
    assert not out, "\n".join(["These stick out:", *out])


def _describe(violation: dict[str, Any]) -> str:
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}"]
    for node in violation["nodes"]:
        lines += [f"  {node['html'][:200]}", *(f"    {line}" for line in node["failureSummary"].splitlines())]
    return "\n".join(lines)


# What Tab stops at, one of each group of radio buttons. A part that the browser itself draws, as in a video,
# belongs to its element.
_STOPS = """root => {
  const names = new Set();
  const stops = [...root.querySelectorAll('a[href], button, input, select, textarea, video[controls], [tabindex="0"]')].filter(
    (element) => {
      if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) return false;
      if (element.type !== 'radio') return true;
      const first = !names.has(element.name);
      names.add(element.name);
      return first;
    },
  );
  root.__stops = stops;
  root.tabIndex = -1;
  root.focus();
  root.removeAttribute('tabindex');
  return stops.map((element) => element.outerHTML.slice(0, 160));
}"""
_STOP = """root => {
  const active = root.getRootNode().activeElement;
  if (!active || active === root || !root.contains(active)) return null;
  const index = root.__stops.findIndex(
    (element) => element === active || (active.type === 'radio' && element.name === active.name),
  );
  const drawn = active.offsetWidth > 1 ? active : active.nextElementSibling; // a hidden input draws beside itself
  const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(drawn);
  const around = parseFloat(outlineWidth) + parseFloat(outlineOffset);
  const { left, right, top, bottom } = drawn.getBoundingClientRect();
  let cut = false;
  for (let box = drawn.parentElement; box && root.contains(box); box = box.parentElement) {
    if (getComputedStyle(box).overflow === 'visible') continue;
    const edge = box.getBoundingClientRect();
    cut ||= left - around < edge.left - 0.5 || right + around > edge.right + 0.5;
    cut ||= top - around < edge.top - 0.5 || bottom + around > edge.bottom + 0.5;
  }
  const visible = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0 && !cut;
  return { index, visible, html: active.outerHTML.slice(0, 160) };
}"""


def check_keyboard(page: Page, root: str | Locator) -> None:
    """Fail unless Tab alone reaches every control within `root`, in their order and with a visible focus, and
    leaves it again.
    """
    locator = page.locator(root) if isinstance(root, str) else root
    stops: list[str] = locator.evaluate(_STOPS)
    assert stops, "There is nothing to reach there."
    reached: list[int] = []
    for _ in range(20 * len(stops)):  # a video has some ten stops of its own
        page.keyboard.press("Tab")
        stop = locator.evaluate(_STOP)
        if stop is None:
            break
        if stop["index"] not in reached[-1:]:  # a video's further stops show themselves
            assert stop["visible"], f"Nothing shows the focus, or not all of it, at {stop['html']}"
            reached.append(stop["index"])
    else:
        raise AssertionError(f"Tab does not leave; it is at {stop['html']}")
    missed = [stop for index, stop in enumerate(stops) if index not in reached]
    assert not missed, "Tab does not reach:\n" + "\n".join(missed)
    assert reached == sorted(reached), "\n".join(
        ["Tab goes in another order than the page:", *(stops[index] for index in reached)]
    )


_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def look(host: Host, shown: Locator, *themes: Theme) -> None:
    """In each theme, wide and narrow: axe-core finds nothing, and nothing sticks out."""
    for theme in themes:
        host.theme(theme)
        expect(shown).to_have_class("runcrate-widget rw-dark" if theme == "dark" else "runcrate-widget")
        for width in (1280, 400):
            host.page.set_viewport_size({"width": width, "height": 900})
            # Some hosts lay their page out again a moment later.
            in_page = "root => root.getBoundingClientRect().right <= document.documentElement.clientWidth"
            host.page.wait_for_function(in_page, arg=shown.element_handle())
            host.page.evaluate(_FRAMES)  # the wall is laid out anew when its size was seen to have changed
            check_fits(shown)
            check_access(host.page, shown)
    host.page.set_viewport_size({"width": 1280, "height": 900})
