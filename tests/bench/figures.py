"""What a bench found: ours beside each peer, measured in turn, and whether that is what was asked for; and the table of it."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Samples = Sequence[float]


@dataclass(frozen=True)
class Figure:
    """One measure. The less the better; `least` turns that round.

    Attributes:
        what, unit: what was measured, and in what.
        ours, peers: what each run gave, of ours and of each peer by its name.
        most: the target: our median may be that at most.
        times: the target: our median may be so many times that of the first peer.
        least: the target: our median must be that at the least.
        worst: the samples are not runs but cases: the target is for the worst of them.
    """

    what: str
    unit: str
    ours: Samples
    peers: Mapping[str, Samples] = field(default_factory=dict)
    most: float | None = None
    times: float | None = None
    least: float | None = None
    worst: bool = False

    @property
    def asked(self) -> str:
        """The target in words; empty where there is none."""
        if self.most is not None:
            return f"≤ {self.most:g} {self.unit}".strip()
        if self.least is not None:
            return f"≥ {self.least:g} {self.unit}".strip()
        return f"≤ {self.times:g} ×" if self.times is not None else ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        ours = max(self.ours) if self.worst else statistics.median(self.ours)
        if self.most is not None:
            return ours <= self.most
        if self.least is not None:
            return ours >= self.least
        if self.times is None:
            return None
        return ours <= self.times * statistics.median(next(iter(self.peers.values())))


def table(figures: Sequence[Figure]) -> str:
    """A row for each peer of each figure, in Markdown."""
    lines = [
        "| what | ours: median (spread) | peer | its median (spread) | ours / peer | asked | met |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in figures:
        met = {True: "yes", False: "**no**", None: ""}[one.met]
        for n, (name, theirs) in enumerate(one.peers.items() or [("", ())]):
            own = statistics.median(one.ours)
            ratio = own / peer if theirs and (peer := statistics.median(theirs)) else None
            cells = [
                f"{one.what}, {one.unit}" if one.unit else one.what,
                told(one.ours),
                name,
                told(theirs) if theirs else "",
                "" if ratio is None else f"{ratio:.2f}",
                one.asked if n == 0 else "",
                met if n == 0 else "",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def told(samples: Samples) -> str:
    """`12.3 (11.8–14.0)`: the median, the least and the most."""
    median = statistics.median(samples)
    digits = 0 if abs(median) >= 100 else 1 if abs(median) >= 10 else 2
    if len(samples) == 1:
        return f"{median:,.{digits}f}"
    return f"{median:,.{digits}f} ({min(samples):,.{digits}f}–{max(samples):,.{digits}f})"


def in_turn(
    runs: int, ways: Mapping[str, Callable[[], Sequence[float]]]
) -> dict[str, list[tuple[float, ...]]]:
    """What each way gave in each run: one after the other, and then again, so that all meet the same load."""
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in ways}
    for run in range(runs):
        for name, way in ways.items():
            found[name].append(tuple(way()))
            numbers = ", ".join(f"{value:,.2f}" for value in found[name][-1])
            print(f"    run {run + 1}: {name}: {numbers}", flush=True)
    return found


def column(found: Sequence[tuple[float, ...]], at: int = 0) -> list[float]:
    """One number of each run."""
    return [one[at] for one in found]


def load() -> str:
    """The load of the last minute, as far as this system tells."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def machine() -> str:
    """Cores, memory, system and Python."""
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    model = platform.processor() or platform.machine()
    told = Path("/proc/cpuinfo")
    if told.exists():
        names = [
            line for line in told.read_text(encoding="utf-8").splitlines() if line.startswith("model name")
        ]
        model = names[0].partition(": ")[2] if names else model
    return f"{os.cpu_count()} cores ({model}){memory}, {platform.system()}, Python {sys.version.split()[0]}"
