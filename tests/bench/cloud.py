"""A library in an object store beside one in a folder: what a job costs, how long a large library takes to open, and
one process that carries what others have left to it.

    python tests/bench/cloud.py [jobs] [records] [waiting]

The store is SeaweedFS, a real one, and the service a fast fake one; both are on loopback, so that what a network adds
has to be thought of: a request for each that is counted. Every figure is of a process of its own.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from download import resident
from fault_server import KEY, FaultServer
from object_stores import moto, seaweed
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest
from runcrate_widget.library.library import Library
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.record import write_record

SERVICE = "https://api.runcrate.ai"
AT_ONCE = 50  # jobs


def serve() -> None:
    with FaultServer(video=small_mp4(1), polls=1) as server:
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


def main(many: int, records: int, waiting: int) -> None:
    with tempfile.TemporaryDirectory() as folder, service() as url:
        (Path(folder) / "seaweed").mkdir()
        (Path(folder) / "moto").mkdir()
        with seaweed(Path(folder) / "seaweed") as real, moto(Path(folder) / "moto") as semantics:
            print(f"load {os.getloadavg()[0]:.1f}\n")
            print(f"{many} jobs: a job      processor ms   generate() ms   requests to the store")
            for name, server in (("folder", None), ("SeaweedFS", real), ("moto", semantics)):
                os.environ.update(server.environment(Path(folder) / "cache") if server else {})
                place = server.new_library() if server else str(Path(folder) / "jobs")
                cpu, _, _, requests, asked = run("jobs", place, url, many)
                print(f"  {name:<20} {1000 * cpu / many:10.1f} {asked:15.1f} {requests / many:15.1f}")
            os.environ.update(real.environment(Path(folder) / "cache"))
            print(f"\n{records} records       opened s   processor s   again s   requests     MB")
            for name, place in (("folder", str(Path(folder) / "large")), ("SeaweedFS", real.new_library())):
                make(place, records)
                for how in ("", "with its index") if name == "SeaweedFS" else ("",):
                    cpu, wall, mb, requests, again = run("opened", place, url, records)
                    title = f"{name} {how}".strip()
                    print(
                        f"  {title:<22} {wall:6.2f} {cpu:12.2f} {again / 1000:10.2f} {requests:10.0f} {mb:6.0f}"
                    )
            print(
                f"\n{waiting} waiting, carried     s   processor s    MB   requests a job   in hand at most"
            )
            for name, place in (("folder", str(Path(folder) / "left")), ("SeaweedFS", real.new_library())):
                leave(place, url, waiting)
                cpu, wall, mb, requests, most = run("carry", place, url, waiting)
                each = requests / waiting
                print(f"  {name:<20} {wall:8.1f} {cpu:10.1f} {mb:8.0f} {each:12.1f} {most:16.0f}")
            print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        what, place, url, count = sys.argv[2:]
        if what == "serve":
            serve()
        else:
            {"jobs": jobs, "opened": opened, "carry": carry}[what](place, url, int(count))
    else:
        numbers = [int(one) for one in sys.argv[1:]]
        main(*(numbers + [200, 25_000, 10_000][len(numbers) :]))
