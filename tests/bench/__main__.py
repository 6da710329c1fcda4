"""Every bench, one after the other, ours beside each peer in the same run; and one table of it all at the end.

    python tests/bench [--quick] [subject ...]

`--quick` takes smaller sizes and fewer runs: some minutes, for a look. The whole takes some half an hour. Each bench is also a program
of its own, which its top explains, and which tells more. A busy machine makes all slower, ours and theirs: the load
is told before each.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cloud
import download
import first_frame
import lag
import library
import notebook_size
import scroll
import sdk
import wall
from figures import Figure, Samples, column, in_turn, load, machine, table
from polls import QUICK, REAL, Kind, Told, always, exponential, fixed, ideal, learning, nothing_known
from videos import write_large_mp4

from runcrate_widget.library.library import Library
from runcrate_widget.library.question import Question

Subject = Callable[[bool], list[Figure]]


#: `imports.py` tells more of them; here each has its turn.
_TIMED = """
import os, sys, time
{first}
before = time.process_time()
{code}
print(1000 * (time.process_time() - before), flush=True)
os._exit(0)  # what is begun need not end well
"""


def of_imports(quick: bool) -> list[Figure]:
    """The processor's time of the class of the widget after anywidget, of which every widget is made."""
    codes = {"ours": ("import anywidget", "import runcrate_widget; runcrate_widget.VideoWidget")}
    codes |= {sdk.name(): ("", loading)} if (loading := sdk.loading()) else {}
    codes |= {"httpx": ("", "import httpx"), "anywidget": ("", "import anywidget")}

    def run(first: str, code: str) -> tuple[float]:
        program = _TIMED.format(first=first, code=code)
        return (
            float(subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True).stdout),
        )

    found = in_turn(5 if quick else 15, {name: partial(run, *code) for name, code in codes.items()})
    peers = {f"import of {name}": column(found[name]) for name in codes if name != "ours"}
    what = "import runcrate_widget; VideoWidget, beyond anywidget: processor"
    return [Figure(what, "ms", column(found["ours"]), peers, most=40)]


def of_many(quick: bool) -> list[Figure]:
    """Hundreds of jobs at once, and a cell that runs beside them: as `many.py` tells it."""
    jobs, rounds = (100, 1) if quick else (200, 3)
    command = [sys.executable, str(Path(__file__).with_name("many.py")), str(jobs), str(rounds)]
    # A process of its own: the memory of its children is counted from what their parent has.
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    print(told)
    script, given = "a script with httpx", []
    found: dict[tuple[str, int], list[tuple[float, ...]]] = {}
    for who, count, *numbers in _MANY.findall(told):
        found.setdefault((who, int(count.replace(",", ""))), []).append(tuple(float(one) for one in numbers))
    peers = {script: column(found[script, jobs], 1)}
    given.append(
        Figure(f"{jobs} jobs at once: processor", "s", column(found["ours", jobs], 1), peers, most=2.5)
    )
    for (who, count), numbers in found.items():
        if who == "ours" and count != jobs:
            given.append(Figure(f"{count:,} jobs at once: more memory", "MB", column(numbers, 3)))
    cells = {who or "ours": [float(one) for one in shares if one] for who, *shares in _CELL.findall(told)}
    beside: dict[str, Samples] = {script: cells["script"]} if "script" in cells else {}
    what = f"a cell beside {jobs} jobs that are asked for: of its speed alone"
    given.append(Figure(what, "%", cells["ours"], beside, least=98))
    return given


_MANY = re.compile(r"^(.+?), ([\d,]+) jobs +(\d+) +([\d.]+) +([\d.]+) +(\d+)", re.MULTILINE)
_CELL = re.compile(
    r"(?:jobs, (\w+):|asked for has) ([\d.]+)% of its speed(?: \(([\d.]+)% to ([\d.]+)%\))?", re.MULTILINE
)


def of_polling(quick: bool) -> list[Figure]:
    """On a simulated clock: lag and polls where videos take long; ours, fixed, exponential, and the ideal."""
    jobs, best = 60 if quick else 200, "the ideal, as many polls"
    others = {"fixed 5 s, as the SDK": fixed, "exponential": exponential}
    given = []

    def add(what: str, told: list[Told], kinds: list[Kind], *, lag: float, polls: float) -> None:
        peers = {name: [always(kind, pause) for kind in kinds] for name, pause in others.items()}
        peers[best] = [ideal(kind, one.asked) for kind, one in zip(kinds, told, strict=True)]
        long = len(kinds) > 1

        def late(some: list[Told]) -> list[float]:
            return [100 * one.share if long else one.lag for one in some]

        lags: dict[str, Samples] = {name: late(some) for name, some in peers.items()}
        asked: dict[str, Samples] = {name: [one.asked for one in some] for name, some in peers.items()}
        unit, of = ("%", ", of the time") if long else ("s", "")
        given.append(Figure(f"simulated, {what}: lag{of}", unit, late(told), lags, most=lag, worst=True))
        given.append(
            Figure(
                f"simulated, {what}: polls", "", [one.asked for one in told], asked, most=polls, worst=True
            )
        )

    add(f"{QUICK.name}, nothing known", [nothing_known(QUICK)], [QUICK], lag=0.8, polls=6)
    add(f"{QUICK.name}, with history", [learning(QUICK, jobs=jobs, runs=3)], [QUICK], lag=0.5, polls=3)
    told = [learning(kind, jobs=jobs, runs=3) for kind in REAL]
    add(f"{len(REAL)} kinds of 30 to 300 s", told, REAL, lag=2, polls=10)
    return given


def of_library(quick: bool) -> list[Figure]:
    """20,000 records: opened cold, and a job of them found."""
    count, runs, plain = (
        (5000, 2, "json.loads of the same files") if quick else (20_000, 5, "json.loads of the same files")
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "now"
        library.make(folder, count, first_version=False)
        library.plain(folder)  # from here on in the page cache, for both
        prompts = [library.prompt(n * count // 20) for n in range(20)]
        found = in_turn(
            runs,
            {
                "ours": lambda: list(library.ask(library.ROOT, folder, prompts).values()),
                plain: lambda: [library.plain(folder)],
            },
        )
    return [
        Figure(
            f"{count:,} records: opened cold",
            "s",
            column(found["ours"]),
            {plain: column(found[plain])},
            most=1,
        ),
        Figure(f"{count:,} records: generate() of a known request", "ms", column(found["ours"], 1), most=10),
        Figure(f"{count:,} records: the next take", "ms", column(found["ours"], 2)),
    ]


def of_wall(quick: bool) -> list[Figure]:
    """A search of the wall at 25,000 entries, beside sqlite3 in memory."""
    count = 5000 if quick else 25_000
    asked = [Question(**given) for given in wall.QUESTIONS.values()]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "videos"
        wall.make(folder, count)
        known = Library(folder)
        known.shelf.look().result()
        records = list(known)
        stacks = {one.key: entry.stack for one in records if (entry := known.shelf.find(one.key))}
        peers = {
            name: wall.Peer(records, stacks, full_text=full)
            for name, full in (("sqlite LIKE", False), ("sqlite FTS5", True))
        }

        def first(one: Question) -> None:
            known.shelf._answers.clear()  # as if it were the first question since something has changed
            known.shelf.stacks(one)[1].days(60)
            known.shelf.overview(one)

        def worst(ask: Callable[[Question], object]) -> list[float]:
            return [max(wall.timed(partial(ask, one), 3)[0] for one in asked)]

        found = in_turn(
            3,
            {"ours": partial(worst, first)}
            | {name: partial(worst, peer.ask) for name, peer in peers.items()},
        )
    return [
        Figure(
            f"{count:,} entries: the slowest of {len(asked)} questions",
            "ms",
            column(found["ours"]),
            {name: column(found[name]) for name in peers},
            most=100,
        )
    ]


def of_notebooks(quick: bool) -> list[Figure]:
    """What a notebook weighs that shows some videos of 1 MB."""
    count = 3 if quick else 10
    with tempfile.TemporaryDirectory() as place:
        write_large_mp4(Path(place) / "noise.mp4", 1)
        video = (Path(place) / "noise.mp4").read_bytes()
    ways = {
        name: notebook_size.WAYS[name]
        for name in (notebook_size.OURS, notebook_size.WHOLE, notebook_size.STATE)
    }
    ours, *peers = ({name: [notebook_size.size(show, count, video) / 1000]} for name, show in ways.items())
    others: dict[str, Samples] = {name: size for one in peers for name, size in one.items()}
    return [Figure(f"a saved notebook with {count} videos", "KB", ours[notebook_size.OURS], others)]


SUBJECTS: dict[str, Subject] = {
    "polling": of_polling,
    "lag": lambda quick: lag.figures(1 if quick else lag.RUNS),
    "imports": of_imports,
    "many": of_many,
    "download": lambda quick: download.figures(
        100 if quick else download.MEGABYTES, 1 if quick else download.RUNS
    ),
    "first_frame": lambda quick: first_frame.figures(
        (20,) if quick else (20, 200), 1 if quick else first_frame.RUNS
    ),
    "scroll": lambda quick: scroll.figures(1000 if quick else scroll.ENTRIES, 1 if quick else scroll.RUNS),
    "library": of_library,
    "wall": of_wall,
    "notebooks": of_notebooks,
    "cloud": lambda quick: cloud.figures(40, 1000, 200, 1) if quick else cloud.figures(),
}


def main() -> int:
    """Runs them and prints the table; 1 if one could not be run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer runs")
    parser.add_argument(
        "subjects", nargs="*", metavar="subject", help=f"{', '.join(SUBJECTS)}; by default all"
    )
    given = parser.parse_args()
    unknown = [name for name in given.subjects if name not in SUBJECTS]
    if unknown:
        parser.error(f"there is no {unknown[0]!r}: {', '.join(SUBJECTS)}")
    print(machine())
    found: list[Figure] = []
    loads, broken = [float(load())] if load() != "unknown" else [], []
    for name in given.subjects or SUBJECTS:
        began = time.monotonic()
        print(f"\n{name} (load {load()})", flush=True)
        try:
            found += SUBJECTS[name](given.quick)
        except Exception as error:  # the others are worth having
            broken.append(name)
            print(f"    {type(error).__name__}: {error}")
        loads += [float(load())] if load() != "unknown" else []
        print(f"    {time.monotonic() - began:.0f} s")
    print(f"\n{time.strftime('%Y-%m-%d')}, {machine()}")
    if loads:
        print(f"load {min(loads):.1f} to {max(loads):.1f}, median {statistics.median(loads):.1f}")
    print(f"\n{table(found)}\n")
    with_target = [one for one in found if one.met is not None]
    print(f"{sum(bool(one.met) for one in with_target)} of {len(with_target)} targets met.", end=" ")
    print(f"Not run to the end: {', '.join(broken)}." if broken else "")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
