"""What becomes of jobs when three notebooks run the same cells in one library and are killed again and again.

    python tests/bench/kills.py [kills] [--seed N] [--store folder|moto|seaweed] [--team]

Three processes ask for the same videos; each is killed (SIGKILL) at a moment drawn by chance, and started again.
The service outlives them all and knows the truth. Told is how many jobs were lost (the service has one that no
record tells of), doubled (it made two for one request), and called unconfirmed without need: it never got that
request. With `--team`, eight processes of three machines ask for 200 of the same 400 videos each; the clock of
one is 90 s ahead, and one stands still for a minute (tests/team.py).
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import object_stores
from object_stores import ObjectStore
from team import Team, TeamService
from test_crash import VIDEO, Child, Service
from videos import small_mp4

PROCESSES = 3
PROMPTS = 4  # in a cell
KILLS = 4  # of each process in a cell
LONGEST = 0.4  # seconds from a process's start of work to its kill


def one_cell(service: Service, prompts: list[str], seed: int) -> int:
    """Has the cell run in all processes, each killed again and again, and then once in peace. Gives the kills."""

    def lives(number: int) -> int:
        chance, killed = random.Random(f"{seed}-{number}"), 0
        for _ in range(KILLS):
            child = Child(service, prompts=prompts)
            child.until(lambda line: "ready" in line)
            time.sleep(chance.uniform(0, LONGEST))
            child.kill()
            killed += child.process.returncode == -9  # one that was quicker has done its work
            said = child.end()
            assert not said, said
        return killed

    with ThreadPoolExecutor(PROCESSES) as pool:
        killed = sum(pool.map(lives, range(PROCESSES)))
    assert set(Child(service, prompts=prompts).ends()) == set(prompts)
    return killed


def team(store: ObjectStore | None, place: Path, kills: int, seed: int) -> None:
    """The issue's own: 8 processes, each with 200 of the same 400 requests."""
    with TeamService(video=small_mp4(1), folder=place / "library", polls=1, store=store) as service:
        of = Team(service, place, kills=kills, seed=seed)
        told = of.run()
    print(", ".join(f"{count} {what}" for what, count in told.items()))
    for trouble in sorted(set(of.troubles)):
        print("the store:", trouble)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kills", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=["folder", "moto", "seaweed"], default="folder")
    parser.add_argument("--team", action="store_true")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = None
        if options.store != "folder":
            (place / "server").mkdir()
            store = stack.enter_context(getattr(object_stores, options.store)(place / "server"))
        if options.team:
            team(store, place, options.kills, options.seed)
        else:
            cells(store, place, options)


def cells(store: ObjectStore | None, place: Path, options: argparse.Namespace) -> None:
    """Cells of a few videos, until there were so many kills."""
    told: Counter[str] = Counter()
    began = time.monotonic()
    while told["kills"] < options.kills:
        told["cells"] += 1
        folder = place / str(told["cells"])
        with Service(video=VIDEO, folder=folder, polls=2, store=store) as service:
            prompts = [f"Fox {number} of cell {told['cells']}" for number in range(PROMPTS)]
            told["kills"] += one_cell(service, prompts, options.seed + told["cells"])
            service.settle()
            records = service.records()
            told["requests"] += len(prompts)
            for prompt in prompts:
                ids, record = service.made.get(prompt, []), records.get(prompt, {})
                status = record.get("status", "no record")
                told[status] += 1
                told["doubled"] += len(ids) > 1
                told["lost"] += bool(ids) and record.get("id") not in ids and status != "unconfirmed"
                told["falsely unconfirmed"] += status == "unconfirmed" and not service.submits(prompt)
            told["broken files"] += sum(video != VIDEO for video in service.files("mp4").values())
    seconds = time.monotonic() - began
    print(f"{told.pop('kills')} kills of {PROCESSES} processes in {seconds:.0f} s:")
    for what in ("lost", "doubled", "falsely unconfirmed", "broken files"):
        print(f"  {told.pop(what):5} {what}")
    print("of", ", ".join(f"{count} {what}" for what, count in told.items()))


if __name__ == "__main__":
    main()
