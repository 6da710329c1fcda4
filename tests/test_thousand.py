"""A batch of 1,000 on the demo server, killed three times in the middle and run again: each is made, and paid, once.

The demo server is a process of its own that outlives the kills, and says of each submit that it takes which video that is:
what a dashboard knows. Its pictures are drawn once; each job's file ends with its prompt, so that none can be another's.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runcrate_widget import VideoClient

COUNT = 1000
KILLED_AFTER = (150, 450, 800)  # videos that the library has
SERVER = """\
import json, shutil, struct, sys
from pathlib import Path
from runcrate_widget.demo import jobs
from runcrate_widget.demo.server import DemoServer
folder, count = Path(sys.argv[1]), int(sys.argv[2])
adding, drawn = jobs.Jobs.add, folder / "drawn.mp4"
jobs.render(drawn, "A fox", seconds=4, height=36)
def render(path, prompt, **_):
    end = prompt.encode()
    path.write_bytes(drawn.read_bytes() + struct.pack(">I4s", 8 + len(end), b"free") + end)
def add(self, key, asked):
    job = adding(self, key, asked)
    with open(folder / "taken.jsonl", "a") as told:
        print(json.dumps([asked.prompt, job.id]), file=told)
    return job
jobs.render, jobs.Jobs.add, jobs.MAX_JOBS = render, add, count
options = {"port": 0, "seconds": 0.2, "key": None, "rate_limit": 10**6, "credits": None, "height": 36, "redirect": False}
with DemoServer(**options) as server:
    print(server.url, server.key, flush=True)
    sys.stdin.read()
"""
CLIENT = """\
import sys
from runcrate_widget import VideoClient
url, key, folder, count = sys.argv[1:]
client = VideoClient(key, base_url=url, library=folder, max_concurrent=100)
batch = client.generate_many([f"A fox, number {n}" for n in range(int(count))], model="Veo 3.0", duration=4)
for job in batch.as_completed():
    print(job.status.value, flush=True)
"""


@contextlib.contextmanager
def demo_server(folder: Path) -> Iterator[tuple[str, str]]:
    """Its URL and key."""
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder), str(COUNT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            url, key = process.stdout.readline().split()
            yield url, key
        finally:
            process.stdin.close()


def run_until(completed: int | None, url: str, key: str, library: Path) -> int:
    """Runs the script; kills it (SIGKILL) once so many of its videos are completed. Gives how many were."""
    command = [sys.executable, "-c", CLIENT, url, key, str(library), str(COUNT)]
    seen = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen += line.strip() == "completed"
            if seen == completed:
                process.kill()
                break
        code = process.wait()
    assert code == (0 if completed is None else -9)
    return seen


@pytest.mark.slow
def test_a_thousand_killed_three_times_are_each_made_and_paid_once(tmp_path: Path) -> None:
    library = tmp_path / "videos"
    with demo_server(tmp_path / "server") as (url, key):
        for completed in KILLED_AFTER:
            assert run_until(completed, url, key, library) == completed
            assert completed <= len(list(library.glob("*.mp4"))) < COUNT, "killed in the middle"
        seen = run_until(None, url, key, library)

        # What was being sent in the moment of a kill is left to the user, who looks into the dashboard.
        dashboard = taken(tmp_path / "server")
        client = VideoClient(key, base_url=url, library=library)
        unsure = client.library.filter(status="unconfirmed")
        assert len(unsure) == COUNT - seen
        for record in unsure:
            job = client.generate(record.request)
            assert job.reused, "it is not sent again by itself"
            if job.request.prompt in dashboard:
                job.adopt(dashboard[job.request.prompt])
            else:
                job = job.resubmit()
            job.wait(60)

        dashboard = taken(tmp_path / "server")
        made = client.library.filter(status="completed")
        client.close()
    assert {one.request.prompt: one.id for one in made} == dashboard, "each is that of its own submit"
    assert len(made) == COUNT
    drawn = (tmp_path / "server" / "drawn.mp4").read_bytes()
    for one in made:
        assert one.path.read_bytes() == drawn + box(one.request.prompt)
    assert not list(library.glob("*.part*"))


def taken(folder: Path) -> dict[str, str]:
    """What the server has taken: the prompt of each submit, and its id. None of it twice."""
    told = [json.loads(line) for line in (folder / "taken.jsonl").read_text(encoding="utf-8").splitlines()]
    dashboard = dict(told)
    assert len(dashboard) == len(told), "paid twice"
    return dashboard


def box(prompt: str) -> bytes:
    """What a job's file has at its end, and a player does not look at."""
    return struct.pack(">I4s", 8 + len(prompt), b"free") + prompt.encode()
