"""A library in an object store beside one in a folder: what a job costs, how long a large library takes to open, and
one process that carries what others have left to it.

    python tests/bench/cloud.py [jobs] [records] [waiting] [runs]

The store is SeaweedFS, a real one, and the service a fast fake one that is done at the second poll; both are on loopback:
what a network adds, each of the requests that are counted would wait for. Every figure is of a process of its own.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from download import resident
from fault_server import KEY, FaultServer
from figures import Figure, in_turn, load, machine, table
from object_stores import seaweed
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest
from runcrate_widget.library.library import Library
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.record import write_record

SERVICE = "https://api.runcrate.ai"
AT_ONCE = 200  # jobs
LIMIT = 60_000  # requests a minute: the service holds nobody up
JOBS, RECORDS, WAITING = 200, 25_000, 10_000


def serve() -> None:
    with FaultServer(video=small_mp4(1), polls=1, limit=LIMIT) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def jobs(place: str, url: str, count: int) -> None:
    """Makes so many videos, each after the last was asked for."""
    client = VideoClient(KEY, base_url=url, library=place, max_concurrent=AT_ONCE)
    before, asked = usage(client.library), 0.0
    made = []
    for n in range(count):
        begin = time.perf_counter()
        made.append(client.generate(f"A fox {n}", model="Veo 3.0"))
        asked += time.perf_counter() - begin
    for job in made:
        job.wait(300)
    tell(before, usage(client.library), asked * 1000 / count)
    client.close()


def opened(place: str, url: str, count: int) -> None:  # noqa: ARG001
    before = usage(None)
    library = Library(place)
    assert len(library) == count
    cold = usage(library)
    len(library)
    tell(before, cold, 1000 * (time.perf_counter() - cold[1]))


def carry(place: str, url: str, count: int) -> None:
    """Carries what waits, until nothing does."""
    from runcrate_widget.jobs.carrier import Carrier

    client = VideoClient(KEY, base_url=url, library=place, max_concurrent=AT_ONCE, resume=False)
    before = usage(client.library)
    carrier = Carrier(
        client._manager, client.library, client._service, places=AT_ONCE, limit=lambda: client._limit
    )
    ended, most = 0, 0
    while True:
        state = carrier.look()
        ended, most = ended + len(state.ended), max(most, len(carrier.in_hand))
        if state.idle:
            break
        carrier.wait(carrier.pause)
    assert ended == count, (ended, count)
    tell(before, usage(client.library), most)
    carrier.leave()
    client.close()


def usage(library: Library | None) -> tuple[float, float, float, float]:
    """Seconds of the processor, of the clock, MB, requests to the store."""
    told = resource.getrusage(resource.RUSAGE_SELF)
    bucket: Any = getattr(library.store, "bucket", None) if library is not None else None
    requests = bucket.requests if bucket is not None else 0
    return told.ru_utime + told.ru_stime, time.perf_counter(), resident("VmHWM"), requests


def tell(before: tuple[float, ...], after: tuple[float, ...], more: float) -> None:
    print(*(now - then for now, then in zip(after, before, strict=True)), more)


def make(place: str, count: int) -> None:
    """Puts so many records into the library."""
    library = Library(place)

    def one(n: int) -> None:
        record = fresh_record(library.folder, VideoRequest(f"A fox {n}", model="Veo 3.0"), 1, 1, SERVICE)
        library.store.create(record.name, write_record(record))

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(one, range(count)))


def leave(place: str, url: str, count: int) -> None:
    """Leaves so many requests to a carrier."""
    from dataclasses import replace

    from runcrate_widget.library.record import now
    from runcrate_widget.service.address import normal_service

    library = Library(place)

    def one(n: int) -> None:
        request = VideoRequest(f"An owl {n}", model="Veo 3.0")
        record = fresh_record(library.folder, request, 1, 1, normal_service(url))
        library.store.create(record.name, write_record(replace(record, handed_over=now())))

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(one, range(count)))


def run(what: str, place: str, url: str, count: int) -> list[float]:
    command = [sys.executable, __file__, "--child", what, place, url, str(count)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [float(one) for one in said.stdout.split()]


@contextlib.contextmanager
def service() -> Iterator[str]:
    command = [sys.executable, __file__, "--child", "serve", "", "", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def figures(many: int = JOBS, records: int = RECORDS, waiting: int = WAITING, runs: int = 3) -> list[Figure]:
    """Ours is in the bucket; the peer is a folder."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(service())
        (folder / "seaweed").mkdir()
        real = stack.enter_context(seaweed(folder / "seaweed"))
        environment = real.environment(folder / "cache")
        os.environ.update(environment)
        stack.callback(lambda: [os.environ.pop(name) for name in environment])
        places: dict[str, Callable[[], str]] = {
            "ours": real.new_library,
            "a folder": lambda: tempfile.mkdtemp(dir=folder),
        }
        made = in_turn(
            runs, {name: partial(_run_anew, "jobs", new, url, many) for name, new in places.items()}
        )
        left: dict[str, list[tuple[float, ...]]] = {}
        for name, new in places.items():
            place = new()
            leave(place, url, waiting)
            left[name] = [tuple(run("carry", place, url, waiting))]
        large = {name: new() for name, new in places.items()}
        for place in large.values():
            make(place, records)
        first = [run("opened", large["ours"], url, records)]
        again = in_turn(
            runs, {name: partial(run, "opened", place, url, records) for name, place in large.items()}
        )

    def figure(
        what: str, unit: str, found: dict[str, list[tuple[float, ...]]], at: int, by: float = 1.0
    ) -> Figure:
        ours, peer = ([one[at] * by for one in found[name]] for name in ("ours", "a folder"))
        return Figure(what, unit, ours, {"a folder": peer})

    each, owned = f"a bucket: each of {many} jobs", f"a bucket: {waiting:,} waiting, carried"
    index = f"a bucket: {records:,} records opened with their index"
    return [
        figure(f"{each}: generate()", "ms", made, 4),
        figure(f"{each}: processor", "ms", made, 0, 1000 / many),
        Figure(f"{each}: requests to the store", "", [one[3] / many for one in made["ours"]]),
        figure(owned, "s", left, 1),
        figure(f"{owned}: processor", "s", left, 0),
        figure(f"{owned}: memory beyond the start", "MB", left, 2),
        figure(f"{owned}: jobs in hand at most", "", left, 4),
        Figure(f"{owned}: requests to the store, a job", "", [one[3] / waiting for one in left["ours"]]),
        Figure(f"a bucket: {records:,} records opened without an index", "s", [one[1] for one in first]),
        figure(index, "s", again, 1),
        Figure(f"{index}: requests", "", [one[3] for one in again["ours"]]),
        figure(f"a bucket: {records:,} records looked through again", "s", again, 4, 0.001),
    ]


def _run_anew(what: str, new: Callable[[], str], url: str, count: int) -> list[float]:
    return run(what, new(), url, count)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        what, place, url, count = sys.argv[2:]
        if what == "serve":
            serve()
        else:
            {"jobs": jobs, "opened": opened, "carry": carry}[what](place, url, int(count))
    else:
        print(machine(), f"load {load()}\n", sep="\n")
        print(table(figures(*map(int, sys.argv[1:]))))
