"""How long a large library takes to open, and a job of it to be found: this version beside an earlier one.

    python tests/bench/library.py [jobs] [--before REVISION]

Each version reads the same jobs as it writes them itself, in a process of its own, in turn with the other. Beside
them stands `json.loads` of the same files, and nothing else.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from runcrate_widget import VideoRequest
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.record import JobStatus, now, write_record
from runcrate_widget.library.timeline import Timeline
from runcrate_widget.request import wire_body

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICE = "https://api.runcrate.ai"
RUNS = 3

# What each version is asked, in its own words.
CHILD = """
import json, sys, time
from runcrate_widget import VideoClient, VideoRequest
try:
    from runcrate_widget.library.library import Library
except ImportError:
    from runcrate_widget.library import Library

folder, prompts = sys.argv[1], json.loads(sys.argv[2])
def timed(work, times):
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return sorted(taken)[len(taken) // 2]
cold = timed(lambda: len(Library(folder)), 1)
client = VideoClient("rc_live_bench", library=folder)
client.unfinished()
requests = [VideoRequest(prompt, model="Veo 3.0") for prompt in prompts]
def known():
    for request in requests:
        assert client.generate(request).reused
def takes():
    for request in requests:
        assert client.library.next_take(request, "https://api.runcrate.ai") == 2
print(json.dumps({
    "cold open, s": cold,
    "generate() of a known request, ms": timed(known, 3) / len(requests) * 1000,
    "next take, ms": timed(takes, 3) / len(requests) * 1000,
}))
"""


def make(folder: Path, count: int, *, first_version: bool) -> None:
    """`count` jobs that have ended, as this version writes them or as the first one did."""
    folder.mkdir()
    for n in range(count):
        request = VideoRequest(prompt(n), model="Veo 3.0")
        moment = now()
        line = Timeline(moment, moment, moment, moment, moment, moment, moment, polls=9, unseen=1.0)
        record = replace(
            fresh_record(folder, request, 1, 1, SERVICE),
            id=f"vid_{n}",
            status=JobStatus.UNCONFIRMED,  # it comes back, and neither a file is looked for nor anything asked
            timeline=line,
            answer={"id": f"vid_{n}", "status": "queued"},
        )
        content = write_record(record)
        if first_version:
            fields = json.loads(content)
            kept = (
                "key",
                "id",
                "status",
                "take",
                "attempt",
                "service",
                "created",
                "ended",
                "error",
                "answer",
            )
            old = {"version": 1, **{name: fields[name] for name in kept}, "request": wire_body(request)}
            content = json.dumps(old, ensure_ascii=False, indent=1).encode()
        (folder / f"{record.name}.json").write_bytes(content)


def prompt(n: int) -> str:
    """What the `n`-th job shows."""
    return f"A cinematic sunrise over misty mountains, number {n}"


def ask(tree: Path, folder: Path, prompts: list[str]) -> dict[str, float]:
    """What one version takes."""
    command = [sys.executable, "-c", CHILD, str(folder), json.dumps(prompts)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    ran = subprocess.run(command, env=environment, cwd=folder.parent, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(ran.stdout))


def plain(folder: Path) -> float:
    """Seconds for reading the files alone."""
    begin = time.perf_counter()
    for path in folder.glob("*.json"):
        json.loads(path.read_bytes())
    return time.perf_counter() - begin


def unpacked(revision: str, folder: Path) -> Path:
    """The package as it was at `revision`."""
    archive = ["git", "archive", revision, "runcrate_widget"]
    content = subprocess.run(archive, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as tree:
        tree.extractall(folder)
    return folder


def main() -> None:
    """Makes the libraries, and prints the times and their ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("jobs", type=int, nargs="?", default=20_000)
    parser.add_argument("--before", help="a revision of this repository to compare with")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        make(here / "now", asked.jobs, first_version=False)
        versions = {"now": (ROOT, here / "now")}
        if asked.before:
            make(here / "before", asked.jobs, first_version=True)
            versions["before"] = (unpacked(asked.before, here / "tree"), here / "before")
        prompts = [prompt(n * asked.jobs // 20) for n in range(20)]
        for _, folder in versions.values():
            plain(folder)  # from here on in the page cache, for both
        found: dict[str, list[dict[str, float]]] = {name: [] for name in versions}
        for _ in range(RUNS):
            for name, (tree, folder) in versions.items():
                found[name].append(ask(tree, folder, prompts))
        alone = statistics.median(plain(here / "now") for _ in range(RUNS))

    def median(name: str, what: str) -> float:
        return statistics.median(one[what] for one in found[name])

    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"{asked.jobs} jobs, median of {RUNS} runs, load {load} on {os.cpu_count()} cores")
    for what in found["now"][0]:
        line = f"{what:36} {median('now', what):8.3f}"
        if asked.before:
            before = median("before", what)
            line += f"   before {before:8.3f}   ratio {median('now', what) / before:.3f}"
        print(line)
    cold = median("now", "cold open, s")
    print(f"{'json.loads of the same files, s':36} {alone:8.3f}   cold open / that: {cold / alone:.2f}")


if __name__ == "__main__":
    main()
