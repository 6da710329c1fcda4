"""Videos that are compared: the studio's part alone in Chromium, with real MP4s, and how far they are from each other."""

from __future__ import annotations

import io
import json
import re
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import pytest
from access import check_access, check_fits, check_keyboard
from browser import wheel_node
from fault_server import KEY, FaultServer
from lab import Lab
from PIL import Image
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import FloatRect, Locator, Page, Route

HERE = Path(__file__).parent
JS = HERE.parent / "js"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".mp4": "video/mp4"}
RATE = 24  # frames a second
HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Compare</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="compare.css"></head>
<body data-jp-theme-light="true" style="background: canvas"><main class="runcrate-widget">
<div class="rw-card"></div></main><script type="module" src="compare.js"></script></body></html>"""

_BUNDLE = """
import { build } from "esbuild";
await build({
  entryPoints: [ENTRY], outdir: OUT, bundle: true, format: "esm", tsconfigRaw: {}, logLevel: "warning",
  jsx: "transform", jsxFactory: "h", jsxFragment: "Fragment", inject: ["src/ui/dom.ts"],
});
"""

# At every frame that the page draws while all videos play: how far apart are the frames that they show
# (`requestVideoFrameCallback`), and their times. `steady` is the longest run in which neither was more than one.
_WATCH = """frame => {
  const videos = [...document.querySelectorAll("video")];
  const shown = videos.map(() => undefined);
  const drift = { samples: 0, steady: 0, frames: [0, 0, 0, 0], milliseconds: [] };
  window.drift = drift;
  for (const [n, video] of videos.entries()) {
    const look = (_, { mediaTime }) => {
      shown[n] = Math.round(mediaTime / frame);
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  }
  const apart = (numbers) => Math.max(...numbers) - Math.min(...numbers);
  let run = 0;
  const look = () => {
    const times = videos.map((video) => video.currentTime);
    if (videos.every((video) => !video.paused && !video.seeking) && shown.every((one) => one !== undefined)) {
      const frames = apart(shown);
      drift.samples++;
      drift.frames[Math.min(frames, 3)]++;
      drift.milliseconds.push(apart(times) * 1000);
      run = frames <= 1 && apart(times) <= frame ? run + 1 : 0;
      drift.steady = Math.max(run, drift.steady);
    } // else they begin anew
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
_COLOURS = """() => [...document.querySelectorAll("video")].map((video) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
})"""


@lru_cache(maxsize=32)
def film(seconds: float = 4.0, *, audio: bool = False, tint: int = 0) -> bytes:
    """An MP4 of which every frame is a little lighter than the one before."""
    file = io.BytesIO()
    count = round(seconds * RATE)
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"g": "48", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        sound = container.add_stream("aac", rate=44100) if audio else None
        for n in range(count):
            light = 20 + round(200 * n / count)
            image = Image.new("RGB", (320, 180), (light, tint, light))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
        if sound is not None:
            for n in range(round(seconds * 44100 / 1024)):
                frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
                for plane in frame.planes:
                    plane.update(bytes(plane.buffer_size))
                frame.sample_rate, frame.pts = 44100, n * 1024
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return file.getvalue()


def entry(key: str, file: bytes, seconds: float = 4.0, **fields: Any) -> dict[str, Any]:
    """A row of the wall whose video is `file`."""
    audio = fields.pop("audio", False)
    return {
        "key": key,
        "id": f"vid_{key}",
        "prompt": f"A fox trotting through fresh snow at dawn, {key}",
        "long": False,
        "model": "google/veo-3.0",
        "model_name": "Veo 3.0",
        "duration": round(seconds),
        "aspect_ratio": "16:9",
        "take": 1,
        "stack": key,
        "takes": 1,
        "status": "completed",
        "error": None,
        "created": 1.0,
        "made": 51.0,
        "cost": None,
        "kept": None,
        "rating": None,
        "note": "",
        "tags": [],
        "hidden": False,
        "binned": False,
        "demo": False,
        "video": {
            "path": f"/home/me/videos/{key}.mp4",
            "size": len(file),
            "width": 320,
            "height": 180,
            "duration": seconds,
            "audio": audio,
        },
        **fields,
    }


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the page's script and stylesheet."""
    out = tmp_path_factory.mktemp("compare")
    entry_point = json.dumps(str(HERE / "pages" / "compare.jsx"))
    script = _BUNDLE.replace("ENTRY", entry_point).replace("OUT", json.dumps(str(out)))
    subprocess.run([str(wheel_node()), "--input-type=module", "--eval", script], cwd=JS, check=True)
    return out


class Comparison:
    """The comparison in `page`, and the kernel's side of it."""

    def __init__(self, page: Page, bundle: Path) -> None:
        self.page = page
        self.files: dict[str, bytes] = {}
        self._bundle = bundle
        page.route("http://localhost/**", self._serve)
        page.goto("http://localhost/")
        page.wait_for_function("'compare' in window")

    def _serve(self, route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if not name:
            route.fulfill(body=HTML, content_type="text/html")
            return
        body = self.files.get(name) or (self._bundle / name).read_bytes()
        route.fulfill(body=body, content_type=TYPES[Path(name).suffix])

    def open(self, entries: list[dict[str, Any]], files: list[bytes]) -> Locator:
        """Compare `entries`, whose videos are `files`, as one who has pressed Compare."""
        self.files = {f"{row['key']}.mp4": file for row, file in zip(entries, files, strict=True)}
        state: dict[str, Any] = {
            "prompt": "",
            "model": "",
            "duration": None,
            "aspect_ratio": None,
            "takes": 1,
            "image": None,
        }
        session = {"demo": False, "has_key": True, "service": "", "library": "", "root": None, "saved": ""}
        state |= {"_models": [], "_session": {**session, "earlier": 0, "limit": None, "wall": 0}}
        keys = [row["key"] for row in entries]
        self.page.evaluate("args => compare(...args)", [state, entries, keys])
        self.page.get_by_role("button", name="Compare").click()
        return self.page.get_by_label("Comparison")

    def films(self, count: int, seconds: float = 4.0) -> Locator:
        """Compare so many videos, all of the same frames."""
        made = film(seconds)
        return self.open([entry(f"k{n}", made, seconds) for n in range(count)], [made] * count)

    def playing(self) -> None:
        """Until all of them play."""
        self.page.wait_for_function(
            """() => {
              const videos = [...document.querySelectorAll("video")];
              return videos.length && videos.every((video) => !video.paused && video.readyState >= 3);
            }"""
        )

    def at(self, seconds: float) -> None:
        """Until the first has come so far."""
        self.page.wait_for_function(
            "to => document.querySelector('video').currentTime >= to", arg=seconds, polling=30
        )

    def still(self) -> list[float]:
        """Once all have stopped and shown where they are: their times."""
        self.page.wait_for_function(
            """() => [...document.querySelectorAll("video")].every(
              (video) => video.paused && !video.seeking && video.readyState >= 2)"""
        )
        times: list[float] = self.page.evaluate(
            "() => [...document.querySelectorAll('video')].map((video) => video.currentTime)"
        )
        return times

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def of(self, kind: str) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = self.page.evaluate(
            "kind => model.sent.filter((message) => message.kind === kind)", kind
        )
        return [{k: v for k, v in message.items() if k not in ("id", "kind")} for message in sent]


@pytest.fixture
def comparison(page: Page, bundle: Path, console_errors: list[str]) -> Iterator[Comparison]:
    yield Comparison(page, bundle)
    assert console_errors == []


def frames(times: list[float]) -> list[int]:
    """Which frame is shown at each time."""
    return [int(time * RATE) for time in times]


@pytest.mark.parametrize("count", [2, 4, 6])
def test_they_are_at_most_one_frame_apart_while_they_play(
    comparison: Comparison, count: int, record_property: Callable[[str, object], None]
) -> None:
    comparison.films(count, seconds=3)
    comparison.playing()
    comparison.page.evaluate(_WATCH, 1 / RATE)
    # A browser that gets no processor for a while shows an old frame of one of them: that is not ours to hold.
    comparison.page.wait_for_function("() => drift.steady >= 60", timeout=60_000)
    drift = comparison.page.evaluate("drift")
    record_property("drift", drift)


def test_one_that_has_strayed_is_brought_back(comparison: Comparison) -> None:
    comparison.films(2)
    comparison.playing()
    comparison.at(0.3)
    strayed = """() => {
      const [first, second] = document.querySelectorAll("video");
      second.currentTime += 0.5;
      return second.currentTime - first.currentTime;
    }"""
    assert comparison.page.evaluate(strayed) > 0.4
    comparison.page.wait_for_function(
        """most => {
          const [first, second] = document.querySelectorAll("video");
          const play = !first.paused && !second.paused && !second.seeking;
          return play && Math.abs(first.currentTime - second.currentTime) < most;
        }""",
        arg=1 / RATE / 2,
    )


@pytest.mark.parametrize("count", [2, 6])
def test_all_show_the_same_frame_after_a_scrub_a_step_and_a_stop(comparison: Comparison, count: int) -> None:
    view = comparison.films(count)
    comparison.playing()
    comparison.at(0.5)
    comparison.press("Space")
    stopped = frames(comparison.still())
    assert len(set(stopped)) == 1, stopped
    shown = comparison.page.evaluate(_COLOURS)
    assert shown == [shown[0]] * count

    scrub = view.get_by_role("slider", name="Position")
    box = scrub.bounding_box()
    assert box is not None
    comparison.page.mouse.move(box["x"] + 10, box["y"] + 10)
    comparison.page.mouse.down()
    for part in (0.2, 0.9, 0.4, 0.7):
        comparison.page.mouse.move(box["x"] + box["width"] * part, box["y"] + 10)
    comparison.page.mouse.up()
    scrubbed = frames(comparison.still())
    assert len(set(scrubbed)) == 1, scrubbed
    assert abs(scrubbed[0] - 0.7 * 4 * RATE) < 3
    expect(scrub).to_have_attribute("aria-valuetext", re.compile(r"0:02\.\d\d"))

    comparison.press("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight")
    assert frames(comparison.still()) == [scrubbed[0] + 2] * count
    comparison.press("Home")
    assert frames(comparison.still()) == [0] * count
    comparison.press("End")
    assert frames(comparison.still()) == [4 * RATE - 1] * count


def test_a_shorter_one_rests_on_its_last_frame_and_all_begin_anew(comparison: Comparison) -> None:
    files = [film(1.0), film(2.0, tint=90)]
    comparison.open([entry("short", files[0], 1.0), entry("long", files[1], 2.0)], files)
    comparison.playing()
    comparison.page.wait_for_function(
        "() => { const [a, b] = document.querySelectorAll('video'); return a.currentTime > 0.9 && b.currentTime > 1.4 }"
    )
    comparison.playing()  # from the beginning
    comparison.press("l")
    comparison.page.wait_for_function(
        "() => { const [a, b] = document.querySelectorAll('video'); return a.paused && b.paused && b.currentTime > 1.9 }"
    )
    assert frames(comparison.still()) == [RATE - 1, 2 * RATE - 1]


def test_one_that_is_offset_stays_ahead_of_the_other(comparison: Comparison) -> None:
    view = comparison.films(2)
    comparison.press("Space")
    comparison.press("Home", *"]" * 12)
    first, second = frames(comparison.still())
    assert (first, second) == (0, 12)
    expect(view.get_by_role("button", name="Offset of 2: +0.50 s")).to_be_visible()
    comparison.press("Space")
    comparison.playing()
    comparison.at(0.8)
    comparison.press("Space")
    first, second = frames(comparison.still())
    assert second - first == 12
    view.get_by_role("button", name="Offset of 2").click()
    assert len(set(frames(comparison.still()))) == 1


def test_one_at_most_is_heard(comparison: Comparison) -> None:
    files = [film(2.0, audio=True), film(2.0, audio=True, tint=80), film(2.0)]
    rows = [entry(f"k{n}", file, 2.0, audio=n < 2) for n, file in enumerate(files)]
    view = comparison.open(rows, files)
    comparison.playing()
    muted = "() => [...document.querySelectorAll('video')].map((video) => video.muted)"
    assert comparison.page.evaluate(muted) == [True, True, True]
    comparison.press("2")
    assert comparison.page.evaluate(muted) == [True, False, True]
    expect(view.get_by_role("button", name="Sound of 2")).to_have_attribute("aria-pressed", "true")
    comparison.press("3")
    expect(view.get_by_text("3 has no sound")).to_be_attached()
    comparison.press("1")
    assert comparison.page.evaluate(muted) == [False, True, True]
    comparison.press("1")
    assert comparison.page.evaluate(muted) == [True, True, True]
    view.get_by_role("button", name="Sound of 2").click()
    assert comparison.page.evaluate(muted) == [True, False, True]
    expect(view.get_by_role("button", name="Sound of 3")).to_have_count(0)
    sound = view.get_by_role("button", name="Sound", exact=True)
    sound.click()
    assert comparison.page.evaluate(muted) == [True, True, True]
    sound.click()
    assert comparison.page.evaluate(muted) == [False, True, True]
    comparison.playing()


def test_two_in_one_picture_are_wiped_or_taken_from_each_other(comparison: Comparison) -> None:
    same = film(2.0)
    view = comparison.open([entry("a", same, 2.0), entry("b", same, 2.0)], [same, same])
    comparison.playing()
    comparison.press("Space", "Home", "d")
    comparison.still()
    boxes = [view.locator("video").nth(n).bounding_box() for n in (0, 1)]
    assert boxes[0] == boxes[1] and boxes[0] is not None
    assert brightest(comparison, boxes[0]) <= 3, "the same video, the same frame: nothing is left"
    comparison.press(*"]" * 21)
    comparison.still()
    comparison.page.wait_for_function("() => document.querySelectorAll('video')[1].currentTime > 0.8")
    assert brightest(comparison, boxes[0]) > 30

    comparison.press("w")
    wiper = view.get_by_role("slider", name=re.compile("How much of 1"))
    wiper.click(position={"x": boxes[0]["width"] * 0.25, "y": 50})
    seam = view.locator(".rw-sides > i").bounding_box()
    assert seam is not None and abs(seam["x"] + 1 - boxes[0]["x"] - boxes[0]["width"] * 0.25) < 2
    left, right = (pixel(comparison, boxes[0], part) for part in (0.15, 0.6))
    assert right[0] > left[0] + 30, "the second is further on, and lighter"
    comparison.press("ArrowRight")
    assert float(wiper.input_value()) > 25
    comparison.press("s")
    expect(wiper).to_have_count(0)


def test_sides_are_kept_and_rejected(comparison: Comparison) -> None:
    view = comparison.films(2, 1.0)
    comparison.playing()
    view.get_by_role("button", name="Keep 1").click()
    expect(view.get_by_role("button", name="Keep 1")).to_have_attribute("aria-pressed", "true")
    comparison.press("2", "x")
    expect(view.get_by_role("button", name="Reject 2")).to_have_attribute("aria-pressed", "true")
    comparison.press("x")
    expect(view.get_by_role("button", name="Reject 2")).to_have_attribute("aria-pressed", "false")
    assert comparison.of("choose") == [
        {"keys": ["k0"], "changes": {"kept": True}},
        {"keys": ["k1"], "changes": {"kept": False}},
        {"keys": ["k1"], "changes": {"kept": None}},
    ]
    comparison.page.evaluate("() => { model.refused = { message: 'The disk is full.', hint: '' } }")
    comparison.press("k")
    expect(view.get_by_role("alert")).to_contain_text("The disk is full.")


def test_names_are_hidden_for_who_wants_to_judge_blindly(comparison: Comparison) -> None:
    view = comparison.films(2, 1.0)
    expect(view.get_by_text("Veo 3.0")).to_have_count(2)
    comparison.press("n")
    expect(view.get_by_text("Veo 3.0")).to_have_count(0)
    expect(view.get_by_text("fox")).to_have_count(0)
    comparison.press("n", "p")
    expect(view.locator("figcaption p")).to_have_count(2)


def test_escape_goes_back_to_where_one_was(comparison: Comparison) -> None:
    view = comparison.films(2, 1.0)
    comparison.playing()
    comparison.press("Escape")
    expect(view).to_have_count(0)
    expect(comparison.page.get_by_role("button", name="Compare")).to_be_focused()


@pytest.mark.parametrize("width", [1200, 800, 400])
def test_it_fits_and_everybody_can_use_it(comparison: Comparison, width: int) -> None:
    comparison.page.set_viewport_size({"width": width, "height": 900})
    view = comparison.films(3, 1.0)
    comparison.playing()
    comparison.press("Space")
    comparison.still()
    for dark in (False, True):
        comparison.page.evaluate(
            """dark => {
              document.body.dataset.jpThemeLight = `${!dark}`;
              document.body.style.colorScheme = dark ? "dark" : "light";
              document.querySelector("main").classList.toggle("rw-dark", dark);
            }""",
            dark,
        )
        check_access(comparison.page, ".runcrate-widget")
    check_fits(view)
    check_keyboard(comparison.page, view)


@pytest.mark.slow
def test_in_jupyterlab_two_are_chosen_and_compared_by_mouse_and_by_keyboard(lab: Lab) -> None:
    with FaultServer(video=film(3.0)) as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        show = "from runcrate_widget import VideoWidget\nw = VideoWidget()\nw"
        make = (
            "jobs = []\n"
            "for n in range(3):\n"
            "    w.prompt = f'A fox in snow {n} cm deep'\n"
            "    jobs.append(w.generate())\n"
            "for job in jobs: job.wait(60)\n"
            "print(*[job.key for job in jobs])"
        )
        notebook = lab.open("compare/compare.ipynb", [show, make], env=environment)
        notebook.run_all()
        keys = notebook.text(1).split()
        view = notebook.output(0).locator(".runcrate-widget")
        expect(view.locator(".rw-tile")).to_have_count(3)
        tiles = [view.locator(f'.rw-tile[data-key="{key}"]') for key in keys]
        for tile in tiles[:2]:
            tile.focus()
            lab.page.keyboard.press("Space")
        view.locator(".rw-selection").get_by_role("button", name="Compare").click()
        compared = view.get_by_label("Comparison")
        together = """view => {
          const [first, second] = view.querySelectorAll(".rw-compare video");
          const play = first && second && !first.paused && !second.paused;
          return play && Math.abs(first.currentTime - second.currentTime) < 1 / 24;
        }"""
        element = view.element_handle()
        lab.page.wait_for_function(together, arg=element, timeout=60_000)

        # By keyboard alone: it has the focus.
        for name in ("Space", "Home", "2", "k", "w"):
            lab.page.keyboard.press(name)
        expect(compared.get_by_role("button", name="Play")).to_be_visible()
        expect(compared.get_by_role("button", name="Wipe")).to_have_attribute("aria-pressed", "true")
        check_access(lab.page, compared)
        look = notebook.add(f"print(next(j for j in jobs if j.key == {keys[1]!r}).choice.kept)")
        notebook.run(look)
        expect(notebook.output(look)).to_have_text(re.compile("True"))
        compared.focus()
        lab.page.keyboard.press("Escape")
        expect(compared).to_have_count(0)


def pixel(comparison: Comparison, box: FloatRect, part: float) -> tuple[int, int, int]:
    """The colour at this part of the width of `box`."""
    shot = comparison.page.screenshot(clip=box)
    with Image.open(io.BytesIO(shot)) as image:
        found = image.convert("RGB").getpixel((int(image.width * part), image.height // 2))
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]


def brightest(comparison: Comparison, box: FloatRect) -> int:
    """The most of any colour in the middle of `box`."""
    return max(pixel(comparison, box, 0.5))
