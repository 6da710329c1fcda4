"""How long a finished video takes from its cell to its first frame in JupyterLab, and for how long it blocks
the page.

    python tests/bench/first_frame.py [megabytes ...]

Each figure is of a page, a kernel and a Chromium of their own. A first cell has the client download the video
into its library beside the notebook, and makes the widget; the cell that is measured only shows what the
table names. So ours begins where its peers do: with a file. Every player is muted and told to play as soon as
it is in the page (`Video` fetches nothing before, and shows its poster). The time is from the command that
runs the cell to the moment when the browser has put the first frame on the screen
(`requestVideoFrameCallback`). The page measures itself and saves what it found by the server's contents API:
whatever drives a browser would be sent a copy of each message, and slow down those who send the video in one.

The bare URL is what there is beside: the page itself, with no cell and no kernel, makes a `<video>` of the server's address
of that file. Blocked: the longest time in which the page did nothing else, neither a timer of 50 ms nor a click.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
from playwright.sync_api import Playwright, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from browser import ARGUMENTS, find_browser, wheel_node
from fault_server import KEY, FaultServer
from figures import Figure, column, in_turn
from lab import Lab, LabServer
from videos import write_large_mp4

# Playwright's own Node needs libatomic, which a minimal system does not have.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(wheel_node()))

SIZES = (1, 20, 60, 200)  # MB
LIMIT = 60.0  # seconds for a first frame
PREPARE = '''\
from pathlib import Path
from runcrate_widget import VideoWidget
w = VideoWidget(prompt="A fox in the snow")
video = w.generate().wait()
path = str(video.path.relative_to(Path.cwd()))
print(path)
import anywidget
import ipywidgets
import traitlets
from IPython.display import Video
class Peer(anywidget.AnyWidget):
    _esm = """export default { render({ model, el }) {
      const { baseUrl } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
      el.innerHTML = `<video src="${baseUrl}files/${model.get("path")}" preload="auto"></video>`;
    } }"""
    path = traitlets.Unicode(f"{Path.cwd().name}/{path}").tag(sync=True)
peer = Peer()'''
PRESSED, OURS = "a poster pressed in VideoWidget", "VideoWidget"
LINKED, BARE = "IPython.display.Video, linked", "the bare URL"
PEER = "a <video> in an anywidget"  # what the host itself takes for a widget
SECOND = """
w.prompt = "An owl at night"
w.generate().wait()"""
WAYS = {
    OURS: "w",
    PRESSED: "w",
    "our Video": "video",
    BARE: "",
    LINKED: "Video(path)",
    PEER: "peer",
    "IPython.display.Video, embed=True": "Video(path, embed=True)",
    "ipywidgets.Video.from_file": "ipywidgets.Video.from_file(path, autoplay=False)",
}
RUNS = 3
# Runs the second cell, or makes a player of `bare`, or presses `tile`, and saves {frame, blocked, task} in milliseconds once that video has a
# frame; `frame` is null after the limit.
MEASURE = """
([limit, player, bare, tile, url, token]) => setTimeout(async () => {
  const { content } = jupyterapp.shell.currentWidget;
  content.activeCellIndex = 1;
  const output = content.widgets[1].node;
  let [blocked, task] = [0, 0];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) task = Math.max(task, duration);
  }).observe({ type: "longtask" });
  let last = performance.now();
  const tick = () => {
    blocked = Math.max(blocked, performance.now() - last - 50);
    last = performance.now();
  };
  setInterval(tick, 50);
  // What plays already is no news: only another source of it is.
  const was = new Map([...output.querySelectorAll(player)].map((video) => [video, video.src]));
  const begun = performance.now();
  const shown = new Promise((resolve) => {
    const seen = new Set();
    new MutationObserver(() => {
      for (const video of output.querySelectorAll(player)) {
        if (was.get(video) === video.src) continue;
        if (!seen.has(video)) video.requestVideoFrameCallback(() => resolve(performance.now() - begun));
        seen.add(video);
        video.muted = true;
        video.play().catch(() => {}); // anew whenever JupyterLab gives it another source
      }
    }).observe(output, { childList: true, subtree: true, attributeFilter: ["src"] });
  });
  if (bare) {
    const video = document.createElement("video");
    video.src = bare;
    output.append(video);
  } else if (tile) output.querySelector(tile).click();
  else void jupyterapp.commands.execute("notebook:run-cell");
  const late = new Promise((resolve) => setTimeout(resolve, limit * 1000, null));
  const frame = await Promise.race([shown, late]);
  tick();
  const told = JSON.stringify({ frame, blocked: Math.max(blocked, task), task });
  const body = JSON.stringify({ type: "file", format: "text", content: told });
  await fetch(url, { method: "PUT", body, headers: { Authorization: `token ${token}` } });
}, 1000)
"""


# Until it has two posters and a video whose first frame is there.
SHOWN = """() => {
  const posters = document.querySelectorAll(".rw-tile img").length === 2;
  const video = document.querySelector(".rw-player video");
  return posters && document.querySelector(".rw-tile[aria-current]") && video?.readyState > 1;
}"""


def measure(
    server: LabServer, service: FaultServer, playwright: Playwright, name: str, way: str
) -> dict[str, Any]:
    """What the page found out: `frame`, `blocked` and the longest `task` (0 if none is over 50 ms) in milliseconds, each None
    if it did not come to that."""
    code = WAYS[way]
    result = server.root / f"{name}.json"
    browser = find_browser()
    assert browser is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = [
            "--headless",
            "--no-sandbox",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "--window-size=1280,900",
            "about:blank",
        ]
        environment = {**os.environ, **browser.environment}
        command = [str(browser.path), *ARGUMENTS, *options]
        chromium = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
        try:
            driver = playwright.chromium.connect_over_cdp(_address(Path(profile, "DevToolsActivePort")))
            page = driver.contexts[0].new_page()
            kernel = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": service.url}
            notebook = Lab(server, page).open(
                f"{name}/bench.ipynb", [PREPARE + (SECOND if way == PRESSED else ""), code], env=kernel
            )
            notebook.run(0)
            if "Error" in notebook.text(0):
                raise RuntimeError(notebook.text(0))
            # The widget has a second player, for when there is no kernel, which it hides.
            player = ".rw-player video" if way in (OURS, PRESSED) else "video"
            tile = ""
            if way == PRESSED:
                notebook.run(1)
                page.wait_for_function(SHOWN, timeout=LIMIT * 1000)
                tile = ".rw-tile:not([aria-current])"
            bare = "" if code else f"{server.url}files/{name}/{quote(notebook.text(0).split()[0])}"
            saved = f"{server.url}api/contents/{result.name}"
            page.evaluate(MEASURE, [LIMIT, player, bare, tile, saved, server.token])
            driver.close()  # only lets go of it
            end = time.monotonic() + LIMIT + 10
            while time.monotonic() < end:
                time.sleep(0.1)
                with contextlib.suppress(FileNotFoundError, ValueError):  # not there, or half of it
                    return cast("dict[str, Any]", json.loads(result.read_bytes()))
            return {"frame": None, "blocked": None, "task": None}  # the page has crashed
        finally:
            chromium.kill()
            chromium.wait()
            server.stop_kernels()


def _address(record: Path) -> str:
    """Where the Chromium that writes `record` is driven from, once it has its first page."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(OSError, IndexError, httpx.HTTPError):
            url = f"http://127.0.0.1:{int(record.read_text().split()[0])}"
            if any(
                target["type"] == "page" for target in httpx.get(f"{url}/json/list", trust_env=False).json()
            ):
                return url
        time.sleep(0.1)
    raise RuntimeError("Chromium did not start.")


def figures(sizes: Sequence[int] = (20, 200), runs: int = RUNS) -> list[Figure]:
    """The first frame and the longest task of the page, of our widget, of a linked one, and of the bare URL."""
    given = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, sync_playwright() as playwright:
        file, number = Path(folder, "video.mp4"), count()
        with LabServer(Path(folder, "lab")) as server:
            for size in sizes:
                write_large_mp4(file, size)

                def run(way: str, size: int = size) -> tuple[float, float]:
                    with FaultServer(video=file.read_bytes(), polls=0) as service:
                        found = measure(server, service, playwright, f"{size}-{next(number)}", way)
                    late, long = found["frame"], found["task"]
                    return LIMIT * 1000 if late is None else late, LIMIT * 1000 if long is None else long

                found = in_turn(runs, {way: partial(run, way) for way in (PRESSED, BARE, OURS, LINKED, PEER)})
                for way, *peers in ((PRESSED, BARE), (OURS, LINKED, PEER)):
                    where = "a poster pressed" if way == PRESSED else "the widget's cell run"
                    frame, task = (column(found[way], at) for at in (0, 1))
                    given += [
                        Figure(
                            f"{size} MB, {where}: first frame",
                            "ms",
                            frame,
                            {peer: column(found[peer]) for peer in peers},
                            times=1.3,
                        ),
                        Figure(
                            f"{size} MB, {where}: longest page task (0: none over 50)",
                            "ms",
                            task,
                            {peer: column(found[peer], 1) for peer in peers},
                            most=50,
                        ),
                    ]
    return given


def main() -> None:
    """Prints a table, and how many times longer each peer takes than our widget."""
    sizes = [int(given) for given in sys.argv[1:]] or list(SIZES)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, sync_playwright() as playwright:
        file = Path(folder, "video.mp4")
        with LabServer(Path(folder, "lab")) as server:
            for size in sizes:
                write_large_mp4(file, size)
                print(
                    f"\n{size} MB" + " " * 32 + "first frame    page blocked    beside VideoWidget",
                    flush=True,
                )
                ours = None
                for n, way in enumerate(WAYS):
                    with FaultServer(video=file.read_bytes(), polls=0) as service:
                        found = measure(server, service, playwright, f"{size}-{n}", way)
                    frame, blocked = found["frame"], found["blocked"]
                    ours = frame if n == 0 else ours
                    ratio = f"{frame / ours:.1f} ×" if frame and ours else ""
                    shown = f"{frame / 1000:.2f} s" if frame else f"no frame in {LIMIT:g} s"
                    stood = f"{blocked / 1000:.2f} s" if blocked is not None else "crashed"
                    print(f"{way:35} {shown:>16} {stood:>13} {ratio:>15}", flush=True)


if __name__ == "__main__":
    main()
