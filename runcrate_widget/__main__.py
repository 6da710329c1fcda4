"""`python -m runcrate_widget`, which is also called `runcrate-widget`: see `command/`."""

from __future__ import annotations

import sys

from .command.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
