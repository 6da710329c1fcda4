"""What many jobs at once cost: the processor's time of 200, the memory of 200, 600 and 2,000, and what a cell that
runs meanwhile loses. Beside a script of the same with httpx (submit, ask every 5 s, download), which keeps no record
and repeats nothing.

    python tests/bench/many.py [jobs] [rounds]

The server is a process of its own, and so is each figure. A job is done after its third poll; beside a cell it is
never done: all are sent before the cell begins, and old enough to be asked for as seldom as it gets where nothing
is known of such videos (every 5 s). The cell counts for a second alone, beside our jobs and beside the script's,
in turn, 6 times a round, each in a process of its own. What it loses at least is what of a processor the thread
beside it takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from download import resident
from fault_server import KEY, FaultServer
from videos import small_mp4

from runcrate_widget import VideoClient

SLICE = 1.0  # seconds, in which the cell counts: short, because what else a machine does comes and goes
SETTLED = 45.0  # seconds after which a job is asked for every 5 s


def serve(polls: int) -> None:
    with FaultServer(video=small_mp4(1), polls=polls) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def ours(url: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        client = VideoClient(KEY, base_url=url, library=folder, max_concurrent=count)
        begin = usage()
        batch = client.generate_many([f"A fox {n}" for n in range(count)], model="Veo 3.0").wait(600)
        tell(begin, len(batch.videos))
        client.close()


def script(url: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        begin = usage()
        asyncio.run(scripted(url, count, folder))
        tell(begin, len(list(Path(folder).glob("*.mp4"))))


async def scripted(url: str, count: int, folder: str) -> None:
    async def one(client: httpx.AsyncClient, n: int) -> None:
        body = {"model": "google/veo-3.0", "prompt": f"A fox {n}", "duration": 6}
        id = (await client.post("/v1/videos", json=body)).json()["id"]
        while (await client.get(f"/v1/videos/{id}")).json()["status"] != "completed":
            await asyncio.sleep(5)
        async with client.stream("GET", f"/v1/videos/{id}/download") as answer:
            with open(f"{folder}/{n}.mp4", "wb") as file:
                async for piece in answer.aiter_bytes():
                    file.write(piece)

    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        await asyncio.gather(*(one(client, n) for n in range(count)))


def cell(beside: str, url: str, count: int) -> None:
    """Counts whenever it is told to, with jobs that are asked for meanwhile, or without."""
    with tempfile.TemporaryDirectory() as folder:
        if beside == "ours":
            client = VideoClient(KEY, base_url=url, library=folder, max_concurrent=count)
            batch = client.generate_many([f"An owl {n}" for n in range(count)], model="Veo 3.0")
            while batch.counts.get("processing", 0) < count:
                time.sleep(0.1)
        elif beside == "script":
            threading.Thread(target=lambda: asyncio.run(scripted(url, count, folder)), daemon=True).start()
        time.sleep(SETTLED)
        print("settled", flush=True)
        for _ in sys.stdin:
            all_before, own_before = time.process_time(), time.thread_time()
            made = rounds()
            own = time.thread_time() - own_before
            print(made, time.process_time() - all_before - own, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


def rounds() -> int:
    end, count = time.perf_counter() + SLICE, 0
    while time.perf_counter() < end:
        count += 1
        sum(range(200))
    return count


def usage() -> tuple[float, float, float]:
    told = resource.getrusage(resource.RUSAGE_SELF)
    return told.ru_utime + told.ru_stime, time.monotonic(), resident("VmHWM")


def tell(begin: tuple[float, float, float], made: int) -> None:
    cpu, wall, peak = (now - then for now, then in zip(usage(), begin, strict=True))
    print(f"{made} {cpu:.2f} {wall:.1f} {peak:.0f}")


@contextlib.contextmanager
def a_server(polls: int) -> Iterator[str]:
    with running("serve", polls) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()


def running(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def measured(what: str, count: int) -> list[str]:
    with a_server(2) as url, running(what, url, count) as ran:
        told = ran.communicate(timeout=900)[0]
    if ran.returncode:
        sys.exit(f"{what}: {ran.returncode}")
    return told.split()


def cells(count: int, times: int) -> None:
    """A cell alone, beside our jobs and beside the script's, in turn."""
    told: dict[str, list[tuple[float, float]]] = {"alone": [], "ours": [], "script": []}
    with a_server(10**9) as url, contextlib.ExitStack() as stack:
        beside = {what: stack.enter_context(running("cell", what, url, count)) for what in told}
        for process in beside.values():
            assert process.stdout is not None
            process.stdout.readline()
        for _ in range(times):
            for what, process in beside.items():
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write("\n")
                process.stdin.flush()
                made, others = process.stdout.readline().split()
                told[what].append((float(made), float(others)))
    for what in ("ours", "script"):
        shares = [made / alone for (made, _), (alone, _) in zip(told[what], told["alone"], strict=True)]
        taken = statistics.median(others for _, others in told[what]) / SLICE
        print(
            f"a cell beside {count} jobs, {what}: {statistics.median(shares):.1%} of its speed"
            f" ({min(shares):.1%} to {max(shares):.1%}); their thread takes {taken:.1%} of a processor"
        )


def main(count: int, times: int) -> None:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"load {load} on {os.cpu_count()} cores")
    print(f"{'':34}{'made':>6}{'s of the processor':>20}{'s by the clock':>16}{'MB more':>9}")
    for what, jobs in [
        *[("ours", count), ("script", count)] * times,
        ("ours", 3 * count),
        ("ours", 10 * count),
    ]:
        name = "a script with httpx" if what == "script" else what
        made, cpu, wall, peak = measured(what, jobs)
        print(f"{f'{name}, {jobs:,} jobs':34}{made:>6}{cpu:>20}{wall:>16}{peak:>9}", flush=True)
    cells(count, 6 * times)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", polls]:
            serve(int(polls))
        case ["cell", beside, url, jobs]:
            cell(beside, url, int(jobs))
        case ["ours" | "script" as what, url, jobs]:
            {"ours": ours, "script": script}[what](url, int(jobs))
        case given:
            numbers = [int(one) for one in given]
            main(*[*numbers, *[200, 5][len(numbers) :]])
