"""What a widget of 1,000 and 10,000 jobs sends its page: the code of now beside that of a commit before rows were deltas.

python tests/bench/rows.py [commit] [count …]

All that goes over the comm is counted, without the front end's source: what a page gets when it is opened or loaded anew, what the
life of one more job costs (six stages and more), and the largest message of that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BEFORE = "605fd5e"
SOURCES = ("_esm", "_css")


def measure(count: int) -> dict[str, float]:
    """In a process with the one tree or the other on its path."""
    sys.path.insert(0, str(ROOT / "tests"))
    import comm
    from comm.base_comm import BaseComm
    from fault_server import KEY, FaultServer
    from videos import small_mp4

    from runcrate_widget import VideoClient, VideoJob, VideoWidget

    sent: list[tuple[int, str]] = []  # bytes, and of what

    class Counting(BaseComm):
        def publish_msg(
            self, msg_type: str, data: Any = None, *_: Any, buffers: Any = None, **__: Any
        ) -> None:
            state = (data or {}).get("state", {})
            left = {name: value for name, value in state.items() if name not in SOURCES}
            told = {**(data or {}), "state": left} if state else data
            size = len(json.dumps(told)) + sum(len(buffer) for buffer in buffers or [])
            whole = "_first" in state
            sent.append(
                (size, "whole" if whole else "change" if {"_jobs", "_changed"} & set(state) else "other")
            )

    comm.create_comm = Counting
    with tempfile.TemporaryDirectory() as place, FaultServer(video=small_mp4(1)) as server:
        library = Path(place) / "videos"
        first = VideoClient(KEY, base_url=server.url, library=library)
        first_job = first.generate(
            "A fox trotting through fresh snow at dawn, slow tracking shot", model="Veo 3.0"
        )
        video = first_job.wait(60)
        (sidecar,) = library.glob("*.json")
        text = sidecar.read_text(encoding="utf-8")
        for n in range(1, count):
            key = f"{n:08x}"
            name = sidecar.name.replace(first_job.key, key)
            own = text.replace(first_job.key, key).replace(str(first_job.id), f"vid_{key}")
            (library / name).write_text(own, encoding="utf-8")
            os.link(video.path, library / name.replace(".json", ".mp4"))

        client = VideoClient(KEY, base_url=server.url, library=library)
        widget = VideoWidget(client=client, prompt="An owl")
        records = list(client.library)
        if hasattr(client, "_carrier"):  # in which a look-up by id goes through all of them
            jobs = [VideoJob(record, client._carrier) for record in records]
            for job in jobs:
                job.set_trait("video", video)
        else:
            jobs = [client.job(str(record.id)) for record in records]
            for job in jobs:
                job.wait(60)
        widget._add(*jobs)
        quiet(sent)

        sent.clear()
        state = widget.get_state()
        opening = len(json.dumps({name: value for name, value in state.items() if name not in SOURCES}))
        rows = state.get("_first", {}).get("revision", -1)
        hello = {"id": "v-1", "kind": "hello", "root": None, "seen": widget._revision, "rows": rows}
        widget._handle_custom_msg(hello, [])
        quiet(sent)
        opening += sum(size for size, _ in sent)

        sent.clear()
        last = widget.generate()
        assert isinstance(last, VideoJob)
        last.wait(60)
        quiet(sent)
        changes = [size for size, kind in sent if kind == "change"]
        return {
            "opening": opening,
            "change": max(changes),
            "messages": len(changes),
            "life": sum(size for size, _ in sent),
            "rest": sum(size for size, kind in sent if kind == "whole"),
        }


def quiet(sent: list[Any]) -> None:
    """Until nothing has been sent for a while."""
    count = -1
    while count != len(sent):
        count = len(sent)
        time.sleep(3)


def in_process(tree: Path, count: int) -> dict[str, float]:
    """Measured with the package of `tree`."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    command = [sys.executable, __file__, "--measure", str(count)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=tree)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(commit: str, counts: list[int]) -> None:
    """Prints a row for each measure and count: before, now, and the ratio."""
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place)
        archive = subprocess.run(
            ["git", "archive", commit, "runcrate_widget"], cwd=ROOT, check=True, capture_output=True
        )
        subprocess.run(["tar", "x", "-C", place], input=archive.stdout, check=True)
        shutil.copytree(
            ROOT / "runcrate_widget" / "static", tree / "runcrate_widget" / "static"
        )  # it is not counted
        print(
            f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n{'bytes':44}{commit:>12}{'now':>12}{'ratio':>9}"
        )
        for count in counts:
            before, now = in_process(tree, count), in_process(ROOT, count)
            for name, title in (
                ("opening", "a page is opened or reloaded"),
                ("change", "the largest change while one job is made"),
                ("life", "all that is sent while one job is made"),
            ):
                title = f"{count:,} jobs: {title}"
                print(
                    f"{title:56}{before[name]:>12,.0f}{now[name]:>12,.0f}{before[name] / now[name]:>8.0f}×",
                    flush=True,
                )
            print(
                f"  {before['messages']:.0f} changes before, {now['messages']:.0f} now; when all is at rest, "
                f"what a view begins with is sent once: {now['rest']:,.0f}"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
        commits = [word for word in sys.argv[1:] if not word.isdigit()]
        main(commits[0] if commits else BEFORE, numbers or [1000, 10_000])
