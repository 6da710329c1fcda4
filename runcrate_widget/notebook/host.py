"""What the kernel can tell of the notebook server that shows it."""

from __future__ import annotations

import json
from pathlib import Path

from runcrate_widget.environment import setting


def server_root() -> Path | None:
    """The folder that the notebook server shows, and serves below its `files/`; None where that is not to be
    known.
    """
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
