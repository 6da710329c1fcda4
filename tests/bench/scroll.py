"""How smoothly 5,000 videos scroll in the studio, beside a plain page that has as many `<img>` of the same posters, laid
out as a grid, each with an address of its own, and no script.

    python tests/bench/scroll.py [entries] [runs]

300 frames, in each of which the page is scrolled on by 0, 10, 40 or 400 pixels: how many of them came more than 20 ms after the one
before. Without a GPU, as tests run, a frame is drawn by the processor, so the plain page is the measure of what can be had. The
model is the fake one of the tests; every poster is there when it is asked for.
"""

from __future__ import annotations

import base64
import io
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from browser import ARGUMENTS, find_browser, wheel_node
from figures import Figure, column, in_turn, load, table
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Page, sync_playwright
from shown import PROMPT, Widget, state

ENTRIES = 5000
POSTERS = 24  # different ones
RUNS = 3
SPEEDS = (0, 10, 40, 400)  # pixels a frame; at rest, too: what the machine itself loses
PLAIN = "a plain page of <img>"
# Scrolls `box`, and gives how many of 300 frames came late.
SCROLL = """
async ([box, pixels]) => {
  const scrolled = document.querySelector(box);
  scrolled.scrollTop = 0;
  await new Promise((resolve) => setTimeout(resolve, 500));
  let late = 0;
  let last = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < 300; frame++) {
    scrolled.scrollTop += pixels;
    const now = await new Promise(requestAnimationFrame);
    late += now - last > 20;
    last = now;
  }
  if (scrolled.scrollTop < 250 * pixels) throw new Error(`It has scrolled to ${scrolled.scrollTop}.`);
  return late;
}"""
GIVE_POSTERS = """
([posters, keys]) => {
  const made = posters.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
  keys.forEach((key, n) => { model.posters[key] = made[n % made.length]; });
  model.wallMoved();
}"""
MAKE_PLAIN = """
([posters, count]) => {
  const box = document.createElement("div");
  box.id = "plain";
  box.style = "height: 700px; overflow: auto; display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px";
  const made = posters.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
  for (let n = 0; n < count; n++) {
    const image = document.createElement("img");
    image.src = URL.createObjectURL(new Blob([made[n % made.length]], { type: "image/jpeg" }));
    image.style = "width: 100%; height: 130px; object-fit: cover";
    box.append(image);
  }
  document.body.replaceChildren(box);
  const loaded = (image) => new Promise((resolve) => { image.onload = () => resolve(); });
  return Promise.all([...document.images].map((image) => image.complete || loaded(image))).then(() => 0);
}"""


def entries(count: int) -> list[dict[str, Any]]:
    """Rows of the wall: every fifth has three takes, every seventh is upright."""
    now, rows = time.time(), []
    for n in range(count):
        tall = n % 7 == 3
        video = {"path": f"/home/me/videos/{n}.mp4", "size": 10**6, "duration": 4.0, "audio": False}
        shape = {"width": 36, "height": 64} if tall else {"width": 64, "height": 36}
        rows += [
            {
                "key": f"e{n}-{take}",
                "prompt": f"{PROMPT} {n}",
                "model": "google/veo-3.0",
                "model_name": "Veo 3.0",
                "duration": 4 + n % 5,
                "aspect_ratio": "9:16" if tall else "16:9",
                "take": take,
                "stack": f"s{n}",
                "created": now - n * 3600 - take,
                "cost": 1.6,
                "kept": True if n % 6 == 0 else None,
                "rating": 4 if n % 4 == 0 else None,
                "video": video | shape,
            }
            for take in range(1, 4 if n % 5 == 0 else 2)
        ]
    return rows


def posters() -> list[str]:
    """JPEGs of 320 x 180, of some 10 KB, in base64."""
    chance, made = random.Random(5), []
    for _ in range(POSTERS):
        noise = Image.frombytes("RGB", (40, 23), chance.randbytes(40 * 23 * 3)).resize((320, 180))
        file = io.BytesIO()
        noise.filter(ImageFilter.GaussianBlur(1)).save(file, "JPEG", quality=80)
        made.append(base64.b64encode(file.getvalue()).decode())
    return made


def ours(page: Page, count: int) -> str:
    """Shows the studio; gives what is scrolled."""
    widget, rows = Widget(page), entries(count)
    widget.start(state(_entries=rows))
    page.evaluate(GIVE_POSTERS, [posters(), [row["key"] for row in rows]])
    page.wait_for_function("document.querySelectorAll('.rw-tile img').length > 8")
    return ".rw-scroll"


def plain(page: Page, count: int) -> str:
    """Shows the pictures alone; gives what is scrolled."""
    Widget(page)  # the same page, without the widget
    page.evaluate(MAKE_PLAIN, [posters(), count])
    return "#plain"


def measured(browser: Browser, show: Any, count: int) -> tuple[float, ...]:
    """The late frames at each speed."""
    with browser.new_context(viewport={"width": 1232, "height": 1100}) as context:
        page = context.new_page()
        box = show(page, count)
        page.wait_for_timeout(1000)
        return tuple(page.evaluate(SCROLL, [box, pixels]) for pixels in SPEEDS)


def figures(count: int = ENTRIES, runs: int = RUNS) -> list[Figure]:
    """Late frames of 300 at each speed."""
    browser = find_browser()
    assert browser is not None, "python tests/browser.py installs one"
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(wheel_node()))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser.path,
            args=list(ARGUMENTS),
            chromium_sandbox=False,
            env={**os.environ, **browser.environment},
        )
        ways = {"ours": ours, PLAIN: plain}
        found = in_turn(
            runs,
            {name: lambda show=show: measured(chromium, show, count) for name, show in ways.items()},  # type: ignore[misc]
        )
        chromium.close()
    return [
        Figure(
            f"{count:,} entries, {f'scrolled by {pixels} px a frame' if pixels else 'at rest'}: frames over 20 ms, of 300",
            "",
            column(found["ours"], at),
            {PLAIN: column(found[PLAIN], at)},
            times=1 if pixels else None,
        )
        for at, pixels in enumerate(SPEEDS)
    ]


if __name__ == "__main__":
    print(f"load {load()}")
    print(table(figures(*(int(one) for one in sys.argv[1:]))))
