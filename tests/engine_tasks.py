"""What the workers of test_engines.py do, of whatever engine: functions that another process can import."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from runcrate_widget import VideoClient, VideoRequest, scores
from runcrate_widget.jobs import polling, run
from runcrate_widget.library.record import Record


def quickly() -> None:
    """The same schedule, on a shorter clock."""
    polling.SHORTEST, polling.LONGEST_BACKOFF, run._LOOK_EVERY = 0.02, 0.05, 0.05


def measure(record: Record) -> tuple[int, dict[str, Any]]:
    """Which process it was, and what it has found."""
    video = record.video
    assert video is not None
    sheet = video.contact_sheet(columns=2, rows=2)
    first, last = video.frames(2, as_="numpy")
    return os.getpid(), {
        "key": record.key,
        "sharpness": scores.sharpness(record),
        "motion": scores.motion(video),
        "intact": scores.intact(video),
        "sheet": hashlib.sha256(sheet.tobytes()).hexdigest(),
        "frames": [hashlib.sha256(one.tobytes()).hexdigest() for one in (first, last)],
    }


def rate(client: VideoClient, record: Record, sharpness: float) -> str:
    """Writes a score back."""
    job = client.job(record)
    job.choose(rating=1 + round(4 * sharpness), tags=["measured"])
    return job.key


def generate(request: VideoRequest, client: VideoClient, running: Path) -> str:
    """Asks for a video and waits for it. Which process is at it stands in a file of `running`."""
    quickly()
    (running / request.prompt.replace(" ", "-")).write_text(str(os.getpid()))
    video = client.generate(request).wait(timeout=90)
    assert video.read_bytes()
    return video.id


def ask(request: VideoRequest, client: VideoClient) -> str:
    """Leaves it to a carrier."""
    return client.generate(request).key


def export(client: VideoClient, folder: Path) -> int:
    """How many videos were exported."""
    return client.library.export(folder, where={"tag": "measured"}).videos
