"""What `import runcrate_widget; runcrate_widget.VideoWidget` costs the processor, and `VideoWidget()` after it; beside
anywidget, of which every widget is made, and the official SDK where it is installed.

    python tests/bench/imports.py [runs]

Each figure is the processor's time of a process of its own: minimum and median of the runs, and how many modules
were loaded, which depends on no load. What a line goes on from is loaded before its clock starts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

TIMED = """
import os, sys, time
{first}
loaded, before = len(sys.modules), time.process_time()
{code}
print(1000 * (time.process_time() - before), len(sys.modules) - loaded)
sys.stdout.flush(); os._exit(0)  # what is begun need not end well
"""
_CLASS = "import runcrate_widget; runcrate_widget.VideoWidget"
_KEY = "'rc_live_' + 'x' * 20"
#: What is timed, by its name: what comes before the clock starts, and what after.
CODES = {
    "anywidget": ("", "import anywidget"),
    "runcrate_widget": ("", "import runcrate_widget"),
    "after anywidget: runcrate_widget, VideoWidget": ("import anywidget", _CLASS),
    "after that: VideoWidget()": (f"import anywidget; {_CLASS}", "widget = runcrate_widget.VideoWidget()"),
    "after that: what sends": (
        f"import anywidget; {_CLASS}; widget = runcrate_widget.VideoWidget()",
        "from runcrate_widget.notebook.parts import load_rest; load_rest(widget.client)",
    ),
    "VideoClient()": ("", f"import runcrate_widget; client = runcrate_widget.VideoClient({_KEY})"),
    "the official SDK": ("", "import runcrate"),
    "httpx": ("", "import httpx"),
}


def timed(first: str, code: str) -> tuple[float, int] | None:
    """Milliseconds, and modules."""
    run = subprocess.run(
        [sys.executable, "-c", TIMED.format(first=first, code=code)], capture_output=True, text=True
    )
    if run.returncode or not run.stdout:
        return None
    taken, modules = run.stdout.split()
    return float(taken), int(modules)


def main(runs: int) -> None:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"ms of the processor, of {runs} runs; load {load} on {os.cpu_count()} cores")
    print(f"{'':46}{'minimum':>10}{'median':>10}{'modules':>10}")
    for name, (first, code) in CODES.items():
        found = [one for _ in range(runs) if (one := timed(first, code)) is not None]
        if not found:
            print(f"{name:46}{'not installed':>20}")
            continue
        times = [taken for taken, _ in found]
        print(f"{name:46}{min(times):>10.1f}{statistics.median(times):>10.1f}{found[0][1]:>10}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
