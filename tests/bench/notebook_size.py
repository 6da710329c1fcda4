"""How large a notebook becomes that shows 1, 10 and 30 videos: ours beside IPython's and ipywidgets' own.

python tests/bench/notebook_size.py

The same file of 1 MB each time (noise, whose poster is as large as they come). Run by nbclient, which saves
the widgets' state.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from fault_server import KEY, FaultServer
from videos import write_large_mp4

COUNTS = (1, 10, 30)
BEGIN = """
from IPython.display import display
from runcrate_widget import VideoClient
from runcrate_widget.jobs import polling
polling.SHORTEST = 0.01
client = VideoClient({key!r}, base_url={url!r}, library={folder!r}, max_concurrent=8)
jobs = [client.generate("A cinematic sunrise over misty mountains", model="Veo 3.0", take=n) for n in range(1, {count} + 1)]
"""
OURS, WHOLE, STATE = (
    "runcrate_widget: Video",
    "IPython.display.Video(embed=True)",
    "ipywidgets.Video.from_file",
)
WAYS = {
    OURS: "jobs[{n}].wait()",
    "runcrate_widget: a displayed job": "jobs[{n}]",
    "runcrate_widget: VideoWidget": "from runcrate_widget import VideoWidget\nVideoWidget(client=client)",
    WHOLE: "from IPython.display import Video\nVideo(jobs[{n}].wait().path, embed=True)",
    STATE: "from ipywidgets import Video\nVideo.from_file(jobs[{n}].wait().path)",
}


def size(show: str, count: int, video: bytes) -> int:
    """Bytes of the notebook that shows `count` of them."""
    with tempfile.TemporaryDirectory() as place, FaultServer(video=video) as server:
        begin = BEGIN.format(key=KEY, url=server.url, folder=f"{place}/runcrate_videos", count=count)
        cells = [begin, *(show.format(n=n) for n in range(count)), "for job in jobs: job.wait()"]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])  # type: ignore[no-untyped-call]
        client = nbclient.NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            store_widget_state=True,
            resources={"metadata": {"path": place}},
        )
        asyncio.run(client.async_execute())
        return len(nbformat.writes(notebook).encode())  # type: ignore[no-untyped-call]


def main() -> None:
    """Runs all of the notebooks, and prints their sizes in KB, and each as a multiple of the same number of
    our `Video`s.
    """
    with tempfile.TemporaryDirectory() as place:
        write_large_mp4(Path(place) / "noise.mp4", 1)
        video = (Path(place) / "noise.mp4").read_bytes()
    print(f"{'KB of a notebook with':34}" + "".join(f"{count:>9} (×)   " for count in COUNTS))
    sizes: dict[str, list[int]] = {}
    for name, show in WAYS.items():
        sizes[name] = [size(show, count, video) for count in COUNTS]
        cells = (
            f"{kb / 1000:>9,.0f} ({kb / ours:.1f})" for kb, ours in zip(sizes[name], sizes[OURS], strict=True)
        )
        print(f"{name:34}" + "".join(f"{cell:16}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
