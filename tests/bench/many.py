"""What many jobs at once cost: the processor's time of 200, the memory of 2,000, and what a cell that runs meanwhile
loses. Beside a script of the same with httpx (submit, ask every 5 s, download), which keeps no record and repeats
nothing.

    python tests/bench/many.py [jobs] [jobs for the memory]

The server is a process of its own, and so is each figure. A job is done after its third poll.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fault_server import KEY, FaultServer
from videos import small_mp4

from runcrate_widget import VideoClient

LOOP = 5.0  # seconds, in which the cell counts


def serve() -> None:
    with FaultServer(video=small_mp4(1), polls=2) as server:
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
    async def one(client: httpx.AsyncClient, n: int, folder: str) -> None:
        body = {"model": "google/veo-3.0", "prompt": f"A fox {n}", "duration": 6}
        id = (await client.post("/v1/videos", json=body)).json()["id"]
        while (await client.get(f"/v1/videos/{id}")).json()["status"] != "completed":
            await asyncio.sleep(5)
        async with client.stream("GET", f"/v1/videos/{id}/download") as answer:
            with open(f"{folder}/{n}.mp4", "wb") as file:
                async for piece in answer.aiter_bytes():
                    file.write(piece)

    async def work(folder: str) -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            await asyncio.gather(*(one(client, n, folder) for n in range(count)))

    with tempfile.TemporaryDirectory() as folder:
        begin = usage()
        asyncio.run(work(folder))
        tell(begin, len(list(Path(folder).glob("*.mp4"))))


def cell(url: str, count: int) -> None:
    """How often a loop goes round in some seconds, with jobs that are asked for and without."""
    with tempfile.TemporaryDirectory() as folder:
        alone = rounds()
        client = VideoClient(KEY, base_url=url, library=folder, max_concurrent=count)
        batch = client.generate_many([f"An owl {n}" for n in range(count)], model="Veo 3.0")
        while batch.counts.get("processing", 0) + batch.counts.get("queued", 0) < count // 2:
            time.sleep(0.05)
        print(f"{rounds() / alone:.4f}")
        os._exit(0)


def rounds() -> int:
    end, count = time.perf_counter() + LOOP, 0
    while time.perf_counter() < end:
        count += 1
        sum(range(200))
    return count


def usage() -> tuple[float, float, float]:
    told = resource.getrusage(resource.RUSAGE_SELF)
    return told.ru_utime + told.ru_stime, time.monotonic(), told.ru_maxrss / 1024


def tell(begin: tuple[float, float, float], made: int) -> None:
    cpu, wall, peak = (now - then for now, then in zip(usage(), begin, strict=True))
    print(f"{made} {cpu:.2f} {wall:.1f} {peak:.0f}")


def measured(what: str, count: int) -> list[str]:
    with subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        ran = subprocess.run(
            [sys.executable, __file__, what, url, str(count)], capture_output=True, text=True, timeout=900
        )
        server.terminate()
    if ran.returncode:
        sys.exit(ran.stderr)
    return ran.stdout.split()


def main(count: int, many: int) -> None:
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"load {load} on {os.cpu_count()} cores")
    print(f"{'':34}{'made':>6}{'s of the processor':>20}{'s by the clock':>16}{'MB more':>9}")
    for name, what, jobs in (
        ("ours", "ours", count),
        ("a script with httpx", "script", count),
        ("ours", "ours", many),
    ):
        made, cpu, wall, peak = measured(what, jobs)
        print(f"{f'{name}, {jobs:,} jobs':34}{made:>6}{cpu:>20}{wall:>16}{peak:>9}")
    (share,) = measured("cell", count)
    print(f"a cell that runs while {count} jobs are asked for has {float(share):.1%} of its speed")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case [what, url, jobs]:
            {"ours": ours, "script": script, "cell": cell}[what](url, int(jobs))
        case given:
            numbers = [int(one) for one in given] or [200, 2000]
            main(numbers[0], numbers[-1])
