"""How late a video that is done is on disk, and after how many polls, by real clients over loopback. The jobs end 8 to 12 s
after their submit.

    python tests/bench/lag.py [runs]

Ours knows how long two batches of 20 took, or nothing (then each job has a library of its own). Beside it the official
SDK. Each way is a process of its own with 20 jobs, one submitted every 0.4 s, all ways at the same time: they
hardly use the processor. Their server, which knows when each was done, is a process, too. On disk: when the file of that
name was there (`ctime`).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sdk
from fault_server import KEY, Exchange, FaultServer, Request
from figures import Figure, column, load, table
from videos import small_mp4

from runcrate_widget import VideoClient

JOBS = 20
BATCHES = 2  # of as many, which are known
APART = 0.4  # seconds between two submits
RUNS = 4


class Timed(FaultServer):
    """A service whose jobs are done after 8 to 12 s."""

    def __enter__(self) -> Timed:  # noqa: PYI034  Self came with Python 3.11
        self.done: dict[str, float] = {}
        self.asked: Counter[str] = Counter()
        self.chance = random.Random()
        super().__enter__()
        return self

    def make_job(self, request: Request) -> str:
        id = super().make_job(request)
        self.done[id] = time.time() + self.chance.uniform(8, 12)
        return id

    async def _poll(self, exchange: Exchange) -> None:
        id = exchange.request.path.rsplit("/", 1)[-1]
        self.asked[id] += 1
        await exchange.send(
            200, {"id": id, "status": "completed" if time.time() >= self.done[id] else "processing"}
        )

    async def _elsewhere(self, exchange: Exchange) -> None:
        """By prompt: when that video was done, and how often it was asked for."""
        prompts = [json.loads(one.body)["prompt"] for one in self.requests if one.step == "submit"]
        told = zip(prompts, self.done.items(), strict=True)
        await exchange.send(200, {prompt: [done, self.asked[id]] for prompt, (id, done) in told})


def serve() -> None:
    with Timed(video=small_mp4(1)) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def ours(url: str, *, known: bool) -> None:
    with tempfile.TemporaryDirectory() as place:

        def client_of(name: str) -> VideoClient:
            return VideoClient(KEY, base_url=url, library=Path(place) / name, max_concurrent=JOBS)

        def batch(clients: list[VideoClient], of: str) -> dict[str, Path]:
            jobs = []
            for n, client in enumerate(clients):
                jobs.append(client.generate(f"{of} {n}", model="Veo 3.0"))
                time.sleep(APART)
            return {job.request.prompt: job.wait(60).path for job in jobs}

        one = client_of("known")
        for number in range(BATCHES if known else 0):
            batch([one] * JOBS, f"Batch {number}, fox")
        tell(url, batch([one if known else client_of(str(n)) for n in range(JOBS)], "A fox"))


def theirs(url: str) -> None:
    scope: dict[str, Any] = {}
    exec(sdk.code(), scope)
    with tempfile.TemporaryDirectory() as place:
        files = {f"A fox {n}": Path(place) / f"{n}.mp4" for n in range(JOBS)}
        threads = [
            threading.Thread(target=scope["make"], args=(url, KEY, str(file), prompt))
            for prompt, file in files.items()
        ]
        for thread in threads:
            thread.start()
            time.sleep(APART)
        for thread in threads:
            thread.join()
        tell(url, files)


def tell(url: str, files: dict[str, Path]) -> None:
    """Prints the mean lag, and how many polls a job had. `files` by their prompts."""
    with urllib.request.urlopen(f"{url}/told") as answer:
        told = json.load(answer)
    lags = [file.stat().st_ctime - told[prompt][0] for prompt, file in files.items()]
    polls = [told[prompt][1] for prompt in files]
    print(sum(lags) / len(lags), sum(polls) / len(polls))


def measured(what: str) -> tuple[float, ...]:
    with subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        url = server.stdout.readline().strip()
        ran = subprocess.run(
            [sys.executable, __file__, what, url], stdout=subprocess.PIPE, text=True, check=True
        )
        server.stdin.close()
    return tuple(float(word) for word in ran.stdout.split())


def figures(runs: int = RUNS) -> list[Figure]:
    """The lag and the polls of each."""
    peer = sdk.name()
    found: dict[str, list[tuple[float, ...]]] = {"with history": [], "with none": [], peer: []}
    given = []
    for run in range(runs):
        with ThreadPoolExecutor(len(found)) as pool:
            told = pool.map(measured, ("known", "nothing", "theirs"))
        for (name, samples), one in zip(found.items(), told, strict=True):
            samples.append(one)
            print(f"    run {run + 1}: {name}: {one[0]:.2f} s, {one[1]:.2f} polls", flush=True)
    for name, lag, polls in (("with history", 0.5, 3.0), ("with none", 0.8, 6.0)):
        what = f"done → on disk, jobs of 8–12 s, {name}"
        given.append(Figure(what, "s", column(found[name]), {peer: column(found[peer])}, most=lag))
        given.append(
            Figure(
                f"polls a job, {name}", "", column(found[name], 1), {peer: column(found[peer], 1)}, most=polls
            )
        )
    return given


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["theirs", url]:
            theirs(url)
        case ["known" | "nothing" as what, url]:
            ours(url, known=what == "known")
        case given:
            print(f"load {load()}")
            print(table(figures(int(given[0]) if given else RUNS)))
