"""The notebook hosts, each as it is installed, in Chromium.

`with Voila(folder, page) as host: host.open(server)` is one.

A host shows two cells: `SHOW`, whose output is the widget, and one that blocks the kernel's main thread
(`block`, `unblock`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal

import httpx
from fault_server import KEY, FaultServer
from lab import START, Lab, LabServer, Notebook, code_cells, free_port, server_environment
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from typing_extensions import Self

Theme = Literal["light", "dark"]

#: One job at a time: a second one waits, and can be cancelled.
SHOW = "from runcrate_widget import VideoClient, VideoWidget\nw = VideoWidget(client=VideoClient(max_concurrent=1))\nw"
BLOCK = """import time, pathlib
pathlib.Path('running.txt').touch()
while not pathlib.Path('go.txt').exists(): time.sleep(0.05)
pathlib.Path('running.txt').unlink()"""


def settings(service: FaultServer) -> dict[str, str]:
    """The environment of a kernel that generates with `service`."""
    return {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": service.url}


class Host(ABC):
    """A notebook host in `page`.

    `themes` are what it can show, first the one that it opens in; `subshells` is whether it handles a click
    while a cell runs; `transport` is how a video that is finished meanwhile comes to the page; `folder` is where
    its notebook lies, once one is open.
    """

    themes: tuple[Theme, ...] = ("light", "dark")
    subshells = False
    transport: Literal["url", "pull", "push"]
    folder: Path

    def __init__(self, page: Page) -> None:
        self.page = page

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.page.close()

    @abstractmethod
    def open(self, service: FaultServer, show: str = SHOW) -> Locator:
        """Open a new notebook, whose jobs go to `service`, and run `show`, which ends with `w`: the widget."""

    def reopened(self, code: str, service: FaultServer) -> Locator:
        """Run `code` in place of `SHOW`, save the notebook, end its kernel, and open it again: the page's
        videos.
        """
        raise NotImplementedError

    @abstractmethod
    def _run_block(self) -> None:
        """Have `BLOCK` run."""

    @abstractmethod
    def theme(self, kind: Theme) -> None:
        """Change to the host's light or dark theme."""

    def block(self) -> None:
        """Run the other cell; it runs on return."""
        self._run_block()
        end = time.monotonic() + 30
        while not self.is_blocked():
            assert time.monotonic() < end, "the cell does not run"
            self.page.wait_for_timeout(20)

    def is_blocked(self) -> bool:
        """Whether the other cell runs."""
        return (self.folder / "running.txt").exists()

    def unblock(self) -> None:
        """End the other cell."""
        (self.folder / "go.txt").write_text("go")

    def _widget(self) -> Locator:
        found = self.page.locator(".runcrate-widget")
        expect(found).to_be_visible(timeout=60_000)
        return found


class _OnJupyter(Host):
    """A host that shows the notebooks of `server`, one server for all of them."""

    transport = "url"

    def __init__(self, page: Page, server: LabServer) -> None:
        super().__init__(page)
        self._server = server

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._server.stop_kernels()

    def open(self, service: FaultServer, show: str = SHOW) -> Locator:
        self._run(show, service)
        return self._widget()

    @abstractmethod
    def _run(self, code: str, service: FaultServer) -> None:
        """Open a new notebook with `code` in the place of `SHOW`, and run that."""


class JupyterLab(_OnJupyter):
    """JupyterLab, or Notebook 7, which is made of its parts. `old` is the environment of a kernel without
    subshells.
    """

    def __init__(self, page: Page, server: LabServer, *, old: Mapping[str, str] | None = None) -> None:
        super().__init__(page, server)
        self._environment = old or {}
        self.subshells = old is None
        self._notebook: Notebook

    def reopened(self, code: str, service: FaultServer) -> Locator:
        self._run(code, service)
        self._notebook.save()
        self.page.goto("about:blank")
        self._server.stop_kernels()
        Lab(self._server, self.page).open(self._notebook.path.relative_to(self._server.root).as_posix())
        return self.page.locator("video")

    def _run(self, code: str, service: FaultServer) -> None:
        env = {**settings(service), **self._environment}
        self._notebook = Lab(self._server, self.page).open(
            f"n{time.monotonic_ns()}/a.ipynb", [code, BLOCK], env=env
        )
        self.folder = self._notebook.path.parent
        self._notebook.run(0)

    def _run_block(self) -> None:
        self._notebook.run(1, wait=False)

    def theme(self, kind: Theme) -> None:
        self._notebook.theme(kind)


class NbClassic(_OnJupyter):
    """The classic notebook. It has no dark theme, and knows no subshells."""

    themes = ("light",)
    _name = ""

    def __init__(self, page: Page, server: LabServer) -> None:
        super().__init__(page, server)
        self._has_widgets = False
        page.on("websocket", lambda socket: socket.on("framereceived", self._hear))

    def reopened(self, code: str, service: FaultServer) -> Locator:
        self._run(code, service)
        self.page.wait_for_selector(".output_subarea video", timeout=60_000)
        self.page.evaluate("async () => { await Jupyter.notebook.save_notebook(); }")
        self.page.goto("about:blank")
        self._server.stop_kernels()
        self._open()
        return self.page.locator("video")

    def open_too_soon(self, service: FaultServer) -> Locator:
        """As `open`, but the widget is there before the page has the kernel's widgets: what the cell shows once
        it has.
        """
        asked: list[str | bytes] = []
        kernels: list[WebSocketRoute] = []

        def connect(socket: WebSocketRoute) -> None:
            kernel = socket.connect_to_server()
            socket.on_message(
                lambda said: asked.append(said) if "comm_info_request" in str(said) else kernel.send(said)
            )
            kernels.append(kernel)

        self.page.route_web_socket(re.compile("/channels"), connect)
        self._write(SHOW, service)
        self._load()
        self.run()
        self._widget()
        end = time.monotonic() + START
        while not self._has_widgets:
            while asked:
                kernels[-1].send(asked.pop())
            assert time.monotonic() < end, "the page does not ask for the kernel's widgets"
            self.page.wait_for_timeout(20)
        return self.page.locator(".output").first

    def run(self) -> None:
        """Run the first cell."""
        self.page.evaluate("Jupyter.notebook.execute_cells([0])")

    def _run(self, code: str, service: FaultServer) -> None:
        self._write(code, service)
        self._open()
        self.run()

    def _write(self, code: str, service: FaultServer) -> None:
        self._name = f"n{time.monotonic_ns()}/a.ipynb"
        self._server.write(self._name, [code, BLOCK], env=settings(service))
        self.folder = (self._server.root / self._name).parent

    def _open(self) -> None:
        self._load()
        # nbclassic's widget manager asks a new kernel which widgets it has, and when that is answered it draws
        # every output with a widget anew. The view that it takes away for that counts as closed from then on, and
        # is not shown again (`removeView` in widgetsnbextension's extension.js). It asks after its target is
        # there: the view of a cell that was sent before the answer may stand by then, on a busy machine, and goes.
        end = time.monotonic() + START
        while not self._has_widgets:
            assert time.monotonic() < end, "the page did not hear which widgets the kernel has"
            self.page.wait_for_timeout(20)

    def _hear(self, frame: str | bytes) -> None:
        self._has_widgets = self._has_widgets or "comm_info_reply" in str(frame)

    def _load(self) -> None:
        self._has_widgets = False
        self.page.goto(f"{self._server.url}nbclassic/notebooks/{self._name}?token={self._server.token}")
        # Connected is not enough: on a busy machine what a kernel sends before it has answered once may be lost.
        ready = (
            "window.Jupyter?.notebook?._fully_loaded && Jupyter.notebook.kernel?.info_reply?.protocol_version"
        )
        self.page.wait_for_function(ready, timeout=START * 1000)
        # The extensions come after the kernel, each when it comes: before anywidget's the page does not know
        # where its front end is.
        ready = """'jupyter.widget' in Jupyter.notebook.kernel.comm_manager.targets
            && Jupyter.notebook.get_cell(0).output_area.mime_types()
                .includes('application/vnd.jupyter.widget-view+json')
            && requirejs.s.contexts._.config.map?.['*']?.anywidget"""
        self.page.wait_for_function(ready, timeout=START * 1000)

    def _run_block(self) -> None:
        self.page.evaluate("Jupyter.notebook.execute_cells([1])")

    def theme(self, kind: Theme) -> None:
        assert kind == "light"


class _Server:
    """A notebook host's own process, whose page is at `url` once it answers."""

    def __init__(self, folder: Path, command: list[str], service: FaultServer, path: str = "") -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/{path}"
        self._log = folder / "server.log"
        environment = (
            server_environment(folder) | settings(service) | {"XDG_CONFIG_HOME": str(folder / "config")}
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command, f"--port={port}"],
                cwd=folder / "root",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + START
        while time.monotonic() < end and self._process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=60, trust_env=False)
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        self.stop()
        raise RuntimeError(f"The server did not start. It wrote:\n{self._log.read_text(errors='replace')}")

    def stop(self) -> None:
        """End it, and the kernels that it has started."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()


class _OwnServer(Host):
    """A host that has a server for each notebook."""

    def __init__(self, page: Page, folder: Path) -> None:
        super().__init__(page)
        self._home = folder
        self.folder = folder / "root"
        self.folder.mkdir()
        self._server: _Server | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._server:
            self._server.stop()


class Voila(_OwnServer):
    """Voila. It shows outputs alone: there is no cell to run. Another theme is another page, with a kernel of
    its own.
    """

    themes = ("dark", "light")
    transport = "pull"

    def open(self, service: FaultServer, show: str = SHOW) -> Locator:
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": kernel},
            "cells": code_cells([show]),
        }
        (self.folder / "a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        self._server = _Server(self._home, ["voila", "a.ipynb", "--no-browser"], service)
        self.page.goto(f"{self._server.url}?theme={self.themes[0]}", timeout=60_000)
        return self._widget()

    def _run_block(self) -> None:
        raise NotImplementedError

    def theme(self, kind: Theme) -> None:
        assert self._server
        if f"theme={kind}" not in self.page.url:
            self.page.goto(f"{self._server.url}?theme={kind}", timeout=60_000)
            self._widget()


class Marimo(_OwnServer):
    """`marimo run`. `shown` is how the notebook shows the widget `w`."""

    transport = "push"

    def __init__(self, page: Page, folder: Path, shown: str) -> None:
        super().__init__(page, folder)
        self._shown = shown

    def open(self, service: FaultServer, show: str = SHOW) -> Locator:
        cells = [
            "import marimo as mo",
            f"{show.rpartition(chr(10))[0]}\n{self._shown}",
            "button = mo.ui.run_button(label='block')\nbutton",
            f"mo.stop(not button.value)\n{BLOCK}",
        ]
        returned = ["return (mo,)", "return", "return (button,)", "return"]
        taken = ["", "mo", "mo", "mo, button"]
        indented = [cell.replace("\n", "\n    ") for cell in cells]
        code = "".join(
            f"\n@app.cell\ndef _({names}):\n    {cell}\n    {end}\n"
            for names, cell, end in zip(taken, indented, returned, strict=True)
        )
        (self.folder / "a.py").write_text(f"import marimo\n\napp = marimo.App()\n{code}", encoding="utf-8")
        (self._home / "config" / "marimo").mkdir(parents=True)
        (self._home / "config" / "marimo" / "marimo.toml").write_text(
            '[display]\ntheme = "system"\n', encoding="utf-8"
        )
        self._server = _Server(self._home, ["marimo", "run", "a.py", "--headless", "--no-token"], service)
        self.page.emulate_media(color_scheme="light")
        self.page.goto(self._server.url)
        return self._widget()

    def _run_block(self) -> None:
        self.page.get_by_role("button", name="block").click()

    def theme(self, kind: Theme) -> None:
        self.page.emulate_media(color_scheme=kind)
        expect(self.page.locator(f"body.{kind}")).to_have_count(1)
