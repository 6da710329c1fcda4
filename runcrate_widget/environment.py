"""The environment's settings.

Read here and nowhere else: in `%xmode Verbose`, a traceback prints the value of every expression on the lines that it shows, and
`os.environ` holds the key. Nothing here raises.
"""

from __future__ import annotations

import os


def setting(name: str) -> str:
    """The environment variable `name` without outer white space; empty if there is none."""
    return os.environ.get(name, "").strip()
