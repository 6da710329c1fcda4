"""A page of ours that stands for a notebook host, in Chromium, with cells that a real kernel runs: what
`vscode.py` and `colab.py` share.
"""

from __future__ import annotations

import json
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from access import check_access, check_fits
from browser import wheel_node
from fault_server import KEY, FaultServer
from hosts import Host, Theme
from lab import LabServer
from playwright.sync_api import Locator, Page, Route, WebSocket, expect
from typing_extensions import Self

PAGES = Path(__file__).parent / "pages"
JS = Path(__file__).parent.parent / "js"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SHOW = "from runcrate_widget import VideoWidget\nw = VideoWidget()\nw"

_BUNDLE = """
import { build } from "esbuild";
await build({
  entryPoints: ENTRIES,
  outdir: OUT,
  bundle: true,
  format: "esm",
  define: { global: "window" },
  external: ["./ipywidgets.js"],
  nodePaths: ["node_modules"],
  logLevel: "warning",
});
"""


def bundle_pages(folder: Path) -> None:
    """Bundle the scripts of the pages into `folder`."""
    entries = [str(PAGES / name) for name in ("vscode.js", "colab.js")]
    script = _BUNDLE.replace("ENTRIES", json.dumps(entries)).replace("OUT", json.dumps(str(folder)))
    subprocess.run([str(wheel_node()), "--input-type=module", "--eval", script], cwd=JS, check=True)


class HostPage(ABC):
    """The page `name`, at another origin than the notebook server's. `files` are what it may load, by path.

    A request to any other host is stopped, and noted in `foreign`.
    """

    def __init__(self, server: LabServer, page: Page, name: str, files: Mapping[str, Path]) -> None:
        self.page = page
        self.foreign: list[str] = []
        self._server = server
        self._name = name
        files = {f"/{name}.html": PAGES / f"{name}.html", **files}
        # A real one: Chromium lets no page that came from elsewhere talk to a server on loopback.
        self._web = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, files))
        self._thread = Thread(target=self._web.serve_forever, kwargs={"poll_interval": 0.05})
        self.origin = f"http://127.0.0.1:{self._web.server_port}"
        self._own = {urlsplit(self.origin).netloc, urlsplit(server.url).netloc}
        page.route("**/*", self._watch)
        page.on("websocket", self._note)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.page.close()
        self._web.shutdown()
        self._thread.join()
        self._web.server_close()
        self._server.stop_kernels()

    @abstractmethod
    def theme(self, kind: Literal["dark", "light"]) -> None:
        """Change to the host's dark or light theme."""

    def open(self, folder: str, service: FaultServer) -> Path:
        """Start a kernel that generates with `service`, in `folder` below the server's root, and the page;
        the folder's path.
        """
        path = self._server.root / folder
        path.mkdir(parents=True, exist_ok=True)
        session = {
            "path": f"{folder}/{self._name}.ipynb",
            "name": self._name,
            "type": "notebook",
            "kernel": {
                "name": self._server.kernel_spec({"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": service.url})
            },
        }
        url, headers = f"{self._server.url}api/sessions", {"Authorization": f"token {self._server.token}"}
        answer = httpx.post(
            url, json=session, headers=headers, timeout=60, trust_env=False
        ).raise_for_status()
        kernel = {"baseUrl": self._server.url, "token": self._server.token, "model": answer.json()["kernel"]}
        self.page.add_init_script(f"window.kernel = {json.dumps(kernel)};")
        self.page.goto(f"{self.origin}/{self._name}.html")
        self.page.wait_for_function("'run' in window")
        return path

    def run(self, code: str, *, wait: bool = True, timeout: float = 60.0) -> int:
        """Run `code` in a new cell; its index. `wait=False` returns as soon as it was sent to the kernel."""
        index = self.page.locator(".cell").count()
        self.page.evaluate("code => window.run(code)", code)
        if wait:
            self.wait_done(index, timeout=timeout)
        return index

    def output(self, index: int) -> Locator:
        """What the cell has shown."""
        return self.page.locator(".cell").nth(index)

    def widget(self, index: int) -> Locator:
        """The widget that a cell shows."""
        found = self.output(index).locator(".runcrate-widget")
        expect(found).to_be_visible(timeout=30_000)
        return found

    def playing(self, shown: Locator, index: int = 0) -> dict[str, Any]:
        """What the browser says of a video of the widget `shown`, once it plays."""
        video = shown.locator("video").nth(index)
        expect(video).to_be_visible(timeout=60_000)
        handle = video.element_handle()
        self.page.wait_for_function("video => video.currentTime > 0", arg=handle, timeout=60_000)
        facts: dict[str, Any] = video.evaluate(
            "v => ({duration: v.duration, width: v.videoWidth, height: v.videoHeight, muted: v.muted})"
        )
        return facts

    def check_looks(self, shown: Locator) -> None:
        """Fail where axe-core finds something within `shown`, in light or dark, wide or 400 px; or where it
        sticks out.
        """
        for width in (1280, 432):  # the pages have 16 px on each side
            self.page.set_viewport_size({"width": width, "height": 900})
            check_fits(shown)
            for theme in THEMES:
                self.theme(theme)
                check_access(self.page, shown)

    def wait_done(self, index: int, *, timeout: float = 60.0) -> None:
        """Wait until the cell has run to its end, with or without an error."""
        expect(self.output(index)).to_have_attribute("data-state", "done", timeout=timeout * 1000)

    def is_running(self, index: int) -> bool:
        """Whether the cell is running, or waits to be."""
        return self.output(index).get_attribute("data-state") == "running"

    def _watch(self, route: Route) -> None:
        if urlsplit(route.request.url).netloc in self._own:
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def _note(self, socket: WebSocket) -> None:
        if urlsplit(socket.url).netloc not in self._own:
            self.foreign.append(socket.url)


class InPage(Host):
    """A `HostPage` as one of the hosts, with one cell. Nothing goes wrong in it, be it ours or not."""

    transport = "push"

    def __init__(self, made: HostPage, errors: list[str]) -> None:
        super().__init__(made.page)
        self._made = made
        self._errors = errors

    def __enter__(self) -> Self:
        self._made.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._made.__exit__(kind, error, trace)
        assert self._made.foreign == []
        assert self._errors == []

    def open(self, service: FaultServer, show: str = SHOW) -> Locator:
        self.folder = self._made.open(f"n{time.monotonic_ns()}", service)
        return self._made.widget(self._made.run(show))

    def theme(self, kind: Theme) -> None:
        self._made.theme(kind)

    def _run_block(self) -> None:
        raise NotImplementedError


class _Files(BaseHTTPRequestHandler):
    def __init__(self, files: Mapping[str, Path], *rest: Any) -> None:
        self._files = files
        super().__init__(*rest)

    def do_GET(self) -> None:
        file = self._files.get(self.path)
        content = file.read_bytes() if file else b""
        self.send_response(200 if file else 404)
        if file:
            self.send_header("Content-Type", TYPES[file.suffix])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def read_alike(one: Locator, other: Locator) -> bool:
    """Whether two parts of a page have the same text, at one moment: the time of a player goes on."""
    alike = "(one, other) => one.innerText.trim() === other.innerText.trim()"
    return bool(one.evaluate(alike, other.element_handle()))
