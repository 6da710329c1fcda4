"""VS Code's notebook as a page: its own widget manager, its colours and limits, and a real kernel. See
`pages/vscode.js`.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Literal

from browser import wheel_node
from host_page import JS, HostPage
from jupyter_core.paths import jupyter_path
from lab import LabServer
from playwright.sync_api import Page

# `npm install` of the first one fails on a dependency that it does not need: its file is self-contained.
PACKED = {
    "ipywidgets.js": ("@vscode/jupyter-ipywidgets8@1.0.9", "package/dist/ipywidgets.js"),
    "require.js": ("requirejs@2.3.8", "package/require.js"),
}
CACHE = JS.parent / ".hosts"


class VSCode(HostPage):
    """The notebook; `pages` is the folder of the bundled pages."""

    def __init__(self, server: LabServer, page: Page, pages: Path) -> None:
        files = {"/vscode.js": pages / "vscode.js", "/nbextensions/anywidget/index.js": _anywidget()}
        super().__init__(server, page, "vscode", {**files, **{f"/{name}": _packed(name) for name in PACKED}})

    def theme(self, kind: Literal["dark", "light"]) -> None:
        """Change to the dark or the light theme."""
        self.page.evaluate(
            "kind => { document.body.className = document.body.dataset.vscodeThemeKind = kind; }",
            f"vscode-{kind}",
        )


def _anywidget() -> Path:
    for folder in jupyter_path("nbextensions", "anywidget"):
        if (Path(folder) / "index.js").exists():
            return Path(folder) / "index.js"
    raise FileNotFoundError("anywidget's nbextension is not installed.")


def _packed(name: str) -> Path:
    """The file `name` out of its npm package, fetched once."""
    spec, member = PACKED[name]
    kept = CACHE / spec.rpartition("/")[2] / name
    if kept.exists():
        return kept
    node = wheel_node()
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        subprocess.run(
            [str(node), str(npm), "pack", "--silent", spec], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        archive = next(Path(folder).glob("*.tgz"))
        with tarfile.open(archive) as tar:
            content = tar.extractfile(member)
            assert content is not None
            part = Path(folder) / name
            part.write_bytes(content.read())
        os.replace(part, kept)
    return kept
