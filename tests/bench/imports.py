"""What `import runcrate_widget; runcrate_widget.VideoWidget` costs the processor, and `VideoWidget()` after it; beside
anywidget, of which every widget is made, and the official SDK where it is installed.

    python tests/bench/imports.py [runs]

Each figure is the processor's time of a process of its own: minimum and median of the runs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

TIMED = """
import os, sys
before = sum(os.times()[:2])
{code}
print(1000 * (sum(os.times()[:2]) - before))
"""
#: What is timed, by its name. `os._exit`: what is begun need not end well.
CODES = {
    "anywidget": "import anywidget",
    "runcrate_widget": "import runcrate_widget",
    "anywidget, runcrate_widget, VideoWidget": "import anywidget, runcrate_widget; runcrate_widget.VideoWidget",
    "… and VideoWidget()": "import anywidget, runcrate_widget; runcrate_widget.VideoWidget()",
    "… and VideoClient()": "import runcrate_widget; runcrate_widget.VideoClient('rc_live_' + 'x' * 20)",
    "the official SDK": "import runcrate",
    "httpx": "import httpx",
}


def milliseconds(code: str) -> float | None:
    run = subprocess.run(
        [sys.executable, "-c", TIMED.format(code=code) + "sys.stdout.flush(); os._exit(0)"],
        capture_output=True,
        text=True,
    )
    return float(run.stdout) if run.returncode == 0 and run.stdout else None


def main(runs: int) -> None:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"ms of the processor, of {runs} runs; load {load} on {os.cpu_count()} cores")
    print(f"{'':44}{'minimum':>10}{'median':>10}{'beyond anywidget (median)':>28}")
    base = 0.0
    for name, code in CODES.items():
        times = [taken for _ in range(runs) if (taken := milliseconds(code)) is not None]
        if not times:
            print(f"{name:44}{'not installed':>20}")
            continue
        median = statistics.median(times)
        base = base or median
        beyond = f"{median - base:.0f}" if "anywidget," in code else ""
        print(f"{name:44}{min(times):>10.0f}{median:>10.0f}{beyond:>28}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
