"""What a video of 300 MB takes of memory, and of time, while it is fetched: ours, which also checks that it is whole, beside
httpx's stream, the official SDK's way (all of it in memory) and urllib's copy.

    python tests/bench/download.py [megabytes] [runs]

Each is a process of its own that has fetched a small one before, and so has loaded all that it needs. Memory: the most that was
resident, beyond what was at the start. Needs Linux's /proc. Time: from the moment when it was known to be ready.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
from fault_server import KEY, Exchange, FaultServer
from figures import Figure, column, in_turn, load, table
from videos import small_mp4, write_large_mp4

from runcrate_widget import VideoClient

MEGABYTES = 300
RUNS = 3
PEERS = ("httpx's stream", "urllib, copied", "in memory, as the SDK")
HEADERS = {"Authorization": f"Bearer {KEY}"}


class TwoVideos(FaultServer):
    """Whose first video is small."""

    async def _download(self, exchange: Exchange) -> None:
        if exchange.request.path.split("/")[3] == "vid_000001":
            await exchange.send(200, small_mp4(1), headers={"Content-Type": "video/mp4"})
        else:
            await super()._download(exchange)


def serve(file: str) -> None:
    with TwoVideos(video=Path(file).read_bytes(), polls=0) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def resident(what: str) -> float:
    """MB: `VmRSS` now, or `VmHWM` at the most. `ru_maxrss` would begin with the parent's."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(what)


def forget_the_most() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def tell(begun: float, seconds: float, size: int) -> None:
    print(resident("VmHWM") - begun, seconds, size)


def ours(url: str, folder: Path) -> None:
    client = VideoClient(KEY, base_url=url, library=folder)
    client.generate("A small one", model="Veo 3.0").wait(60)
    forget_the_most()
    begun = resident("VmRSS")
    job = client.generate("A large one", model="Veo 3.0")
    size = job.wait(600).path.stat().st_size
    ready, there = job.timeline.ready, job.timeline.downloaded
    assert ready is not None
    assert there is not None
    tell(begun, (there - ready).total_seconds(), size)


def by(fetch: Callable[[str, Path], object], url: str, folder: Path) -> None:
    """By a function of a video's address and a path."""
    for n in (1, 2):
        body = {"model": "google/veo-3.0", "prompt": f"A fox {n}", "duration": 6}
        httpx.post(f"{url}/v1/videos", json=body, headers=HEADERS).raise_for_status()
    fetch(f"{url}/v1/videos/vid_000001/download", folder / "small.mp4")
    forget_the_most()
    begun, at = resident("VmRSS"), time.perf_counter()
    fetch(f"{url}/v1/videos/vid_000002/download", folder / "large.mp4")
    tell(begun, time.perf_counter() - at, (folder / "large.mp4").stat().st_size)


def stream(address: str, path: Path) -> None:
    with httpx.stream("GET", address, headers=HEADERS, timeout=60) as answer, path.open("wb") as file:
        for piece in answer.iter_bytes():
            file.write(piece)


def copied(address: str, path: Path) -> None:
    asked = urllib.request.Request(address, headers=HEADERS)
    with urllib.request.urlopen(asked) as answer, path.open("wb") as file:
        shutil.copyfileobj(answer, file)


def in_memory(address: str, path: Path) -> None:
    path.write_bytes(httpx.get(address, headers=HEADERS, timeout=60).content)


def measured(way: str, video: Path) -> tuple[float, ...]:
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, __file__, "serve", str(video)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        assert server.stdin is not None
        url = server.stdout.readline().strip()
        command = [sys.executable, __file__, "fetch", way, url, folder]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        server.stdin.close()
    *numbers, size = (float(word) for word in ran.stdout.split())
    assert size == video.stat().st_size
    return tuple(numbers)


def figures(megabytes: int = MEGABYTES, runs: int = RUNS) -> list[Figure]:
    """The memory and the time of each."""
    with tempfile.TemporaryDirectory() as place:
        video = Path(place) / "video.mp4"
        write_large_mp4(video, megabytes)
        found = in_turn(runs, {way: lambda way=way: measured(way, video) for way in ("ours", *PEERS)})  # type: ignore[misc]
    return [
        Figure(
            f"a download of {megabytes} MB: {what}",
            unit,
            column(found["ours"], at),
            {name: column(found[name], at) for name in PEERS},
            most=most,
        )
        for at, (what, unit, most) in enumerate(
            [("memory beyond the start", "MB", 8), ("time, checked and flushed", "s", None)]
        )
    ]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", file]:
            serve(file)
        case ["fetch", way, url, folder]:
            fetches = dict(zip(PEERS, (stream, copied, in_memory), strict=True))
            ours(url, Path(folder)) if way == "ours" else by(fetches[way], url, Path(folder))
        case given:
            numbers = [int(one) for one in given]
            print(f"load {load()}")
            print(table(figures(*numbers)))
