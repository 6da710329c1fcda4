"""`runcrate-widget` on a shorter clock: the same program, as test_command.py starts it."""

from __future__ import annotations

import sys

from runcrate_widget.__main__ import main

if __name__ == "__main__":
    if sys.argv[1] in ("generate", "batch", "resume", "get", "settle", "carry"):
        from runcrate_widget.jobs import polling

        polling.SHORTEST, polling.LONGEST_BACKOFF = 0.01, 0.05
    if sys.argv[1] == "carry":
        from runcrate_widget.jobs import unfinished

        unfinished.LOOK_EVERY = 0.05
    sys.exit(main())
