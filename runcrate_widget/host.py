"""What the kernel can tell of where it runs: the notebook's folder, and the server that shows it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import quote

from .environment import setting

_NOT_IN_A_URL = re.compile(r"[^\w./~-]")


def notebook_folder() -> Path:
    """The folder of this kernel's notebook (where the kernel started, if the host does not say it); else the working folder.

    Unlike the working folder it stays where it is when a cell changes that.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return Path.cwd()
    # VS Code may start its kernels in the workspace's folder.
    notebook = shell.user_ns.get("__vsc_ipynb_file__")
    return Path(notebook).parent if notebook else Path(shell.starting_dir)


def located(path: Path) -> str:
    """`path`, with forward slashes: relative to the notebook's folder if it is below it, else absolute."""
    folder = notebook_folder()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def relative_url(path: Path) -> str:
    """`path` as a URL, relative to the notebook: it holds when both are moved together."""
    try:
        relative = Path(os.path.relpath(path, notebook_folder())).as_posix()
    except ValueError:  # another drive
        return path.as_uri()
    # Letters of any script stay as they are, which is shorter, and read by every browser.
    return _NOT_IN_A_URL.sub(lambda found: quote(os.fsencode(found[0])), relative)


def server_root() -> Path | None:
    """The folder that the notebook server shows, and serves below its `files/`; None where that is not to be known."""
    from jupyter_core.paths import jupyter_runtime_dir

    try:
        record = Path(jupyter_runtime_dir()) / f"jpserver-{int(setting('JPY_PARENT_PID'))}.json"
        return Path(json.loads(record.read_bytes())["root_dir"]).resolve()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_served(path: Path, root: Path | None) -> bool:
    """Whether the server of `root` would serve `path`: not from elsewhere, and nothing hidden."""
    if root is None or not path.is_relative_to(root):
        return False
    return not any(part.startswith(".") for part in path.relative_to(root).parts)
