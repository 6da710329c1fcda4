"""How late it is seen that a video is done, and after how many polls: ours beside others, on a simulated clock.

    python tests/bench/polling.py [--jobs N]

Ours learns from one video after the other, begins with 32, and knows of each only what its polls have seen.
`fixed 5 s` is the official SDK's way. The ideal knows from which times each is drawn, and has as many polls as
ours: no schedule is better. Told are the mean lag, the 95th percentile of the lags, and the mean number of polls.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from polls import QUICK, REAL, WIDE, Told, always, exponential, fixed, ideal, learning, nothing_known

from runcrate_widget.jobs.schedule import Schedule


def cell(told: Told) -> str:
    return f"{told.lag:.2f} / {told.p95:.1f} s, {told.asked:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=600, help="of each kind (%(default)s)")
    jobs = parser.parse_args().jobs
    print("| the videos take | ours | of the time | fixed 5 s | exponential | ideal |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind in [None, QUICK, *REAL, *WIDE]:
        ours = nothing_known(QUICK) if kind is None else learning(kind, jobs=jobs // 3, runs=3)
        name = f"{QUICK.name}, nothing known" if kind is None else kind.name
        kind = kind or QUICK
        others = [always(kind, fixed), always(kind, exponential), ideal(kind, ours.asked)]
        print(
            f"| {name} | **{cell(ours)}** | {ours.share:.1%} | {' | '.join(map(cell, others))} |", flush=True
        )
    seen = [(80 + 40 * n / 32, 2.0) for n in range(32)]
    began = time.process_time()
    for _ in range(50):
        schedule = Schedule.of(seen)
    made = (time.process_time() - began) / 50
    began = time.process_time()
    for n in range(100_000):
        schedule.next_poll(n / 800)
    print(f"\nA schedule is made in {made * 1e3:.1f} ms of CPU, and asked in", end=" ")
    print(f"{(time.process_time() - began) * 10:.1f} µs.")


if __name__ == "__main__":
    main()
