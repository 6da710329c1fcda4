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

Blocked: the longest time in which the page did nothing else, neither a timer of 50 ms nor a click.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import httpx
from playwright.sync_api import Playwright, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from browser import ARGUMENTS, find_browser
from fault_server import KEY, FaultServer
from lab import Lab, LabServer
from videos import write_large_mp4

SIZES = (1, 20, 60, 200)  # MB
LIMIT = 60.0  # seconds for a first frame
PREPARE = """\
from pathlib import Path
from runcrate_widget import VideoWidget
w = VideoWidget(prompt="A fox in the snow")
video = w.generate().wait()
path = str(video.path.relative_to(Path.cwd()))
import ipywidgets
from IPython.display import Video"""
WAYS = {
    "VideoWidget": "w",
    "our Video": "video",
    "IPython.display.Video, linked": "Video(path)",
    "IPython.display.Video, embed=True": "Video(path, embed=True)",
    "ipywidgets.Video.from_file": "ipywidgets.Video.from_file(path, autoplay=False)",
}
# Runs the second cell, and saves {frame, blocked} in milliseconds once its video has a frame; `frame` is null
# after the limit.
MEASURE = """
([limit, player, url, token]) => setTimeout(async () => {
  const { content } = jupyterapp.shell.currentWidget;
  content.activeCellIndex = 1;
  const output = content.widgets[1].node;
  let blocked = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) blocked = Math.max(blocked, duration);
  }).observe({ type: "longtask" });
  let last = performance.now();
  const tick = () => {
    blocked = Math.max(blocked, performance.now() - last - 50);
    last = performance.now();
  };
  setInterval(tick, 50);
  const begun = performance.now();
  const shown = new Promise((resolve) => {
    const seen = new Set();
    new MutationObserver(() => {
      for (const video of output.querySelectorAll(player)) {
        if (!seen.has(video)) video.requestVideoFrameCallback(() => resolve(performance.now() - begun));
        seen.add(video);
        video.muted = true;
        video.play().catch(() => {}); // anew whenever JupyterLab gives it another source
      }
    }).observe(output, { childList: true, subtree: true, attributeFilter: ["src"] });
  });
  void jupyterapp.commands.execute("notebook:run-cell");
  const late = new Promise((resolve) => setTimeout(resolve, limit * 1000, null));
  const frame = await Promise.race([shown, late]);
  tick();
  const body = JSON.stringify({ type: "file", format: "text", content: JSON.stringify({ frame, blocked }) });
  await fetch(url, { method: "PUT", body, headers: { Authorization: `token ${token}` } });
}, 1000)
"""


def measure(
    server: LabServer, service: FaultServer, playwright: Playwright, name: str, code: str
) -> dict[str, Any]:
    """What the page found out: `frame` and `blocked` in milliseconds, each None if it did not come to that."""
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
        chromium = subprocess.Popen([browser.path, *ARGUMENTS, *options], stderr=subprocess.DEVNULL)
        try:
            driver = playwright.chromium.connect_over_cdp(_address(Path(profile, "DevToolsActivePort")))
            page = driver.contexts[0].new_page()
            environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": service.url}
            notebook = Lab(server, page).open(f"{name}/bench.ipynb", [PREPARE, code], env=environment)
            notebook.run(0)
            if "Error" in notebook.text(0):
                raise RuntimeError(notebook.text(0))
            # The widget has a second player, for when there is no kernel, which it hides.
            player = ".rw-player video" if code == WAYS["VideoWidget"] else "video"
            page.evaluate(MEASURE, [LIMIT, player, f"{server.url}api/contents/{result.name}", server.token])
            driver.close()  # only lets go of it
            end = time.monotonic() + LIMIT + 10
            while time.monotonic() < end:
                time.sleep(0.1)
                with contextlib.suppress(FileNotFoundError, ValueError):  # not there, or half of it
                    return cast("dict[str, Any]", json.loads(result.read_bytes()))
            return {"frame": None, "blocked": None}  # the page has crashed
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
                for n, (way, code) in enumerate(WAYS.items()):
                    with FaultServer(video=file.read_bytes(), polls=0) as service:
                        found = measure(server, service, playwright, f"{size}-{n}", code)
                    frame, blocked = found["frame"], found["blocked"]
                    ours = frame if n == 0 else ours
                    ratio = f"{frame / ours:.1f} ×" if frame and ours else ""
                    shown = f"{frame / 1000:.2f} s" if frame else f"no frame in {LIMIT:g} s"
                    stood = f"{blocked / 1000:.2f} s" if blocked is not None else "crashed"
                    print(f"{way:35} {shown:>16} {stood:>13} {ratio:>15}", flush=True)


if __name__ == "__main__":
    main()
