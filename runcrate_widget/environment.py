"""Where this process runs: the environment's settings, and the notebook, if there is one.

Settings are read here and nowhere else: in `%xmode Verbose`, a traceback prints the value of every expression
on the lines that it shows, and `os.environ` holds the key. Nothing here raises, and nothing imports IPython:
where it is not loaded, there is no notebook.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

_NOT_IN_A_URL = re.compile(r"[^\w./~-]")


def setting(name: str) -> str:
    """The environment variable `name` without outer white space; empty if there is none."""
    return os.environ.get(name, "").strip()


def notebook_shell() -> Any:
    """IPython's shell, or None outside of IPython."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def notebook_folder() -> Path:
    """The folder of this kernel's notebook (where the kernel started, if the host does not say it); else the
    working folder.

    Unlike the working folder it stays where it is when a cell changes that.
    """
    shell = notebook_shell()
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
