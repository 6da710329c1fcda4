"""A real JupyterLab, and a notebook in it, driven as a person would: `lab.open("a.ipynb", cells=[...])`,
`notebook.run(0)`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, cast
from urllib.parse import quote

import httpx
from playwright.sync_api import Locator, Page, expect
from typing_extensions import Self

#: How long a server or a kernel may take to start, in seconds: both import a lot.
START = 90.0
#: What a user would set by hand so as not to be interrupted, and cells that stay in the page when they are out of sight.
SETTINGS: dict[str, dict[str, object]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}

#: A cell that blocks the kernel's main thread until the test writes a file, and then says so.
BLOCK = (
    "import os, time\nwhile not os.path.exists('go.txt'): time.sleep(0.05)\nprint('the cell ran to its end')"
)

# JupyterLab's own objects, as `--expose-app-in-browser` gives them to the page.
_PANEL = "window.jupyterapp?.shell.currentWidget"
_KERNEL = f"{_PANEL}?.sessionContext.session?.kernel"


def server_environment(folder: Path) -> dict[str, str]:
    """The environment of a notebook server that has all its own files in `folder`."""
    theirs = ("JUPYTER", "IPYTHON", "RUNCRATE", "JPY_", "XDG_")
    return {name: value for name, value in os.environ.items() if not name.startswith(theirs)} | {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }


class LabServer:
    """`jupyter lab` on loopback, or another `app`. Nothing of the user's own settings, kernels or environment
    reaches it.

    `root` is the folder that it shows; `url` ends with a slash; `token` opens it; `page` is where it shows a
    notebook.
    """

    def __init__(self, folder: Path, *, app: str = "jupyterlab", page: str = "doc/tree/") -> None:
        self.page = page
        self.root = folder / "root"
        self.token = secrets.token_hex(16)
        self._log = folder / "server.log"
        self._runtime = folder / "runtime"
        self._kernels = folder / "data" / "kernels"
        self.root.mkdir(parents=True)
        settings = folder / "settings"
        for plugin, values in SETTINGS.items():
            file = settings / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values), encoding="utf-8")
        options = [
            "--allow-root",
            *([] if app == "nbclassic" else ["--expose-app-in-browser"]),
            "--no-browser",
            f"--IdentityProvider.token={self.token}",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={free_port()}",
            f"--ServerApp.root_dir={self.root}",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", app, *options],
                cwd=self.root,
                env=server_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = self._wait_until_up()
        self._api = httpx.Client(
            base_url=self.url, headers={"Authorization": f"token {self.token}"}, timeout=30, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_kernels()
        self._api.close()
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def log(self) -> str:
        """What the server and its kernels wrote so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop_kernels(self) -> None:
        """Stop every kernel, and wait until they are gone."""
        for session in self._api.get("api/sessions").raise_for_status().json():
            self._api.delete(f"api/sessions/{session['id']}")
        for kernel in self._api.get("api/kernels").raise_for_status().json():
            self._api.delete(f"api/kernels/{kernel['id']}")

    def kernel_spec(self, environment: Mapping[str, str]) -> str:
        """The name of a kernel of this Python that has `environment` beside the server's own."""
        # A hash: the name stands in the notebook, where an environment's secrets have no place.
        name = (
            f"tests-{hashlib.sha256(json.dumps(dict(environment), sort_keys=True).encode()).hexdigest()[:8]}"
        )
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "env": dict(environment),
            "metadata": {"debugger": False},
        }
        folder = self._kernels / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
        return name

    def write(self, name: str, cells: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        """Write the notebook `name` with these code cells, for a kernel with `env` set."""
        spec = self.kernel_spec(env or {})
        kernel = {"name": spec, "display_name": spec, "language": "python"}
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": kernel},
            "cells": code_cells(cells),
        }
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")

    def _wait_until_up(self) -> str:
        """Poll until the server answers; its own record says at which address (another port, if ours was
        taken).
        """
        record = self._runtime / f"jpserver-{self._process.pid}.json"
        end = time.monotonic() + START
        while time.monotonic() < end and self._process.poll() is None:
            try:
                url = str(json.loads(record.read_bytes())["url"])
                httpx.get(f"{url}api", timeout=5, trust_env=False).raise_for_status()
            except (OSError, ValueError, httpx.HTTPError):
                time.sleep(0.1)
            else:
                return url
        self._process.kill()
        raise RuntimeError(f"The server did not start. It wrote:\n{self.log}")


class Lab:
    """A JupyterLab in the page `page`."""

    def __init__(self, server: LabServer, page: Page) -> None:
        self.server = server
        self.page = page

    def open(self, name: str, cells: Sequence[str] = (), *, env: Mapping[str, str] | None = None) -> Notebook:
        """Write the notebook `name` with these code cells and open it; its kernel, with `env` set, is idle on
        return.

        Without `cells` a file that is there already (below `server.root`) is opened as it is. Folders in
        `name` are made.
        """
        path = self.server.root / name
        if cells or not path.exists():
            self.server.write(name, cells, env=env)
        self.page.goto(f"{self.server.url}{self.server.page}{quote(name)}?token={self.server.token}")
        opened = Notebook(self.page, path)
        opened.wait_ready()
        return opened


class Notebook:
    """An open notebook. Cells are counted from 0, all kinds together; times are in seconds."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.path = path

    def cell(self, index: int) -> Locator:
        """The whole cell."""
        return self.page.locator(f".jp-Notebook .jp-Cell >> nth={index}")

    def output(self, index: int) -> Locator:
        """What the cell shows below its code."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def text(self, index: int) -> str:
        """The text of the cell's output, as a person reads it."""
        parts = self.output(index).locator(".jp-OutputArea-output")
        return "\n".join(part.strip("\n") for part in parts.all_inner_texts())

    def set_source(self, index: int, source: str) -> None:
        """Replace the code of a cell."""
        self._click_into(index)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def add(self, source: str) -> int:
        """Append a code cell; its index."""
        index = self.page.locator(".jp-Notebook .jp-Cell").count()
        self._click_into(index - 1)
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        expect(self.page.locator(".jp-Notebook .jp-Cell")).to_have_count(index + 1)
        self.set_source(index, source)
        return index

    def run(self, index: int, *, wait: bool = True, timeout: float = 60.0) -> None:
        """Click into a cell and press Ctrl+Enter. `wait=False` returns as soon as the cell was sent to the
        kernel.
        """
        before = self._prompt(index).inner_text()
        self._click_into(index)
        self.page.keyboard.press("Control+Enter")
        expect(self._prompt(index)).not_to_have_text(before, timeout=10_000)
        if wait:
            self.wait_done(index, timeout=timeout)

    def run_all(self, *, wait: bool = True, timeout: float = 120.0) -> None:
        """Run every cell from top to bottom, as the menu's "Run All Cells" does."""
        self._command("notebook:run-all-cells", wait=wait, timeout=timeout)

    def wait_done(self, index: int, *, timeout: float = 60.0) -> None:
        """Wait until the cell has run to its end, with or without an error."""
        expect(self._prompt(index)).to_have_text(re.compile(r"\[\d+\]"), timeout=timeout * 1000)

    def is_running(self, index: int) -> bool:
        """Whether the cell is running, or waits to be."""
        return "*" in self._prompt(index).inner_text()

    def wait_ready(self, *, timeout: float = START) -> None:
        """Wait until the kernel is up and idle."""
        self.page.wait_for_function(f"{_PANEL}?.sessionContext.isReady === true", timeout=timeout * 1000)
        self.page.wait_for_function(f"{_KERNEL}?.status === 'idle'", timeout=timeout * 1000)

    def restart_kernel(self, *, timeout: float = START) -> None:
        """Restart the kernel and say yes to the question; the kernel is idle on return."""
        self._command("kernelmenu:restart", wait=False)
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self._command_done(timeout)
        self.wait_ready(timeout=timeout)

    def save(self) -> dict[str, Any]:
        """Save, and give what is then in the file."""
        for _ in range(10):  # an output that changed meanwhile (a poster came) is for the next
            self._command("docmanager:save", wait=True, timeout=30.0)
            if not self.page.evaluate(f"{_PANEL}.context.model.dirty"):
                return cast("dict[str, Any]", json.loads(self.path.read_text(encoding="utf-8")))
        raise AssertionError("However often it is saved, it is not clean.")

    def theme(self, kind: Literal["dark", "light"]) -> None:
        """Change to JupyterLab's dark or light theme."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })",
            f"JupyterLab {kind.capitalize()}",
        )
        light = "true" if kind == "light" else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def _click_into(self, index: int) -> None:
        # Near the corner: a toolbar covers the right end of the active cell's first line.
        self.cell(index).locator(".jp-InputArea-editor .cm-content").click(position={"x": 4, "y": 6})

    def _prompt(self, index: int) -> Locator:
        return self.cell(index).locator(".jp-InputPrompt")

    def _command(self, name: str, *, wait: bool, timeout: float = 30.0) -> None:
        self.page.evaluate(
            """([name]) => {
              window.__done = false;
              window.jupyterapp.commands.execute(name).finally(() => { window.__done = true; });
            }""",
            [name],
        )
        if wait:
            self._command_done(timeout)

    def _command_done(self, timeout: float) -> None:
        self.page.wait_for_function("window.__done", timeout=timeout * 1000)


def code_cells(sources: Sequence[str]) -> list[dict[str, object]]:
    """The cells of a notebook file."""
    empty: dict[str, object] = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    return [{**empty, "id": f"cell-{index}", "source": source} for index, source in enumerate(sources)]


def free_port() -> int:
    """A port of loopback that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
