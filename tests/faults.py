#!/usr/bin/env python3
"""Every fault that a client of this API meets, what is right then, and what ours and the official SDK make of
it.

    python tests/faults.py [--sdk-python PATH] [--only poll]

prints the table; `test_faults.py` holds ours to it. Both clients meet the same faults, in the same order, on
the same server, and make one call each. The SDK is `runcrate-sdk`, in the Python that is named (by default
the one that runs this), and each of its calls gets a process of its own; it is no dependency of this project.
"""

from __future__ import annotations

import argparse
import gzip
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m tests.faults`

from fault_server import (
    KEY,
    Exchange,
    Fault,
    FaultServer,
    accepted,
    another_range,
    close,
    cut,
    drip,
    endless,
    half_answer,
    hang,
    html,
    interim,
    limited_until,
    limited_until_date,
    made,
    packed,
    redirect,
    redirect_elsewhere,
    reply,
    reset,
    retry_after_date,
    short,
    stall,
    status,
    versioned,
    whole_again,
)
from videos import small_mp4

from runcrate_widget import VideoClient, VideoJob, errors
from runcrate_widget.jobs import polling
from runcrate_widget.service import runcrate

VIDEO = small_mp4(1)
SDK_PATIENCE = 25.0  # seconds
SDK_READ_TIMEOUT = 2.0
#: Seconds that lie at least before what is asked again, on the clock of `short_clock`: half of its longest.
MIN_PAUSE = 0.025


@dataclass(frozen=True)
class Row:
    """A fault, and what is right then.

    `outcome`: `video`; `unconfirmed` (it may have been taken, and is not sent again); `failed` (nothing was
    made, or the service says so); `stopped` (the job is kept, and asking for it goes on when the user asks).
    """

    step: str
    fault: str
    faults: list[Fault]
    outcome: str = "video"
    jobs: int = 1  # made on the server
    submits: int = 1  # that came in
    pause: float = 0.0  # seconds that the service asked for before the next request
    timeout: float | None = None  # seconds: the step's timeout, where the fault is about one

    @property
    def name(self) -> str:
        """For a person."""
        return f"{self.step}: {self.fault}"


async def odd_note(exchange: Exchange) -> None:
    """The job is made, and its answer has what UTF-8 cannot hold: JavaScript cuts texts so."""
    await exchange.send(
        200, {"id": exchange.server.make_job(exchange.request), "status": "queued", "note": "a fox \ud83e"}
    )


def taken(body: bytes, **headers: str) -> Fault:
    """For a submit: the job is made, its id is `vid_000001`, and this is the answer."""
    return made(reply(200, body, **headers))


def echo(status: int) -> Fault:
    """A refusal that repeats the key wherever it can."""
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)

    async def fault(exchange: Exchange) -> None:
        body = f'{{"error": {{"message": "No key {KEY.upper()}, {escaped}"}}}}'.encode()
        await exchange.send(status, body, reason=f"Not {KEY}", headers={"X-Echo": KEY})

    return fault


async def refuse(_: object) -> None:
    """Stands for a port at which nobody listens: see `server_of`."""


LIMITS: list[tuple[str, Fault, float]] = [
    ("429, Retry-After in seconds", reply(429, Retry_After="1"), 1.0),
    ("429, Retry-After as an HTTP date", limited_until_date, 1.0),
    ("429, X-RateLimit-Reset", limited_until, 1.0),
    ("429, no header", reply(429), 0.0),
    ("503, Retry-After in seconds", reply(503, Retry_After="1"), 1.0),
]

#: "At once", and times that have passed: no pause at all, if they are taken at their word.
AT_ONCE: list[tuple[str, Fault]] = [
    ("429, Retry-After: 0, three times", reply(429, Retry_After="0")),
    ("429, Retry-After: -5, three times", reply(429, Retry_After="-5")),
    ("429, a date that has passed, three times", reply(429, Retry_After=retry_after_date(-60, 1e9))),
    ("429, a reset that has passed, three times", reply(429, X_RateLimit_Reset="1000000000")),
]

_DIGITS = "9" * 5000
_OTHER = small_mp4(2)
_GOOD = b'{"id": "vid_000001", "status": "queued"}'
_LOGIN = "https://login.example/"


async def _huge(exchange: Exchange) -> None:
    await exchange.send(200, VIDEO, headers={"Content-Type": "video/mp4"}, length=4 * 1024**4)
    await exchange.server.ended.wait()


_JSON_AS_VIDEO = reply(200, {"error": {"message": "still being made"}}, Content_Type="video/mp4")

ROWS: list[Row] = [
    Row("submit", "none at all", []),
    Row("submit", "202 instead of 200", [accepted]),
    Row("submit", "answer lost (job made, then reset)", [made(reset)], "unconfirmed"),
    Row("submit", "answer lost (job made, then closed)", [made(close)], "unconfirmed"),
    Row("submit", "job made, then half an answer", [made(half_answer)], "unconfirmed"),
    Row("submit", "job made, then 500", [made(reply(500))], "unconfirmed"),
    Row("submit", "job made, then 502", [made(reply(502))], "unconfirmed"),
    Row("submit", "job made, then 502 with HTML", [made(html(502))], "unconfirmed"),
    Row("submit", "job made, then 504", [made(reply(504))], "unconfirmed"),
    Row("submit", "job made, then 524", [made(reply(524))], "unconfirmed"),
    Row("submit", "job made, then 408", [made(reply(408))], "unconfirmed"),
    Row("submit", "job made, then 499", [made(reply(499))], "unconfirmed"),
    Row("submit", "job made, then 303 to it", [made(redirect("/v1/videos/vid_000001", 303))], "unconfirmed"),
    Row("submit", "job made, then no answer", [made(hang)], "unconfirmed", timeout=1.0),
    Row("submit", "job made, no id in the 200", [made(reply(200, {"status": "queued"}))], "unconfirmed"),
    Row(
        "submit",
        "job made, an id that is no text",
        [made(reply(200, {"id": 12, "status": "queued"}))],
        "unconfirmed",
    ),
    Row("submit", "job made, HTML with 200", [made(html())], "unconfirmed"),
    Row("submit", "job made, half JSON", [made(reply(200, b'{"id": "vid_0'))], "unconfirmed"),
    Row("submit", "job made, JSON nested without end", [made(reply(200, b"[" * 100_000))], "unconfirmed"),
    Row("submit", "job made, half an emoji beside its id", [odd_note]),
    Row("submit", "job made, nothing in the 200", [made(reply(200, b""))], "unconfirmed"),
    Row(
        "submit", "job made, 3 MB before its id", [taken(b'{"x": "' + b"A" * 3_000_000 + b'", ' + _GOOD[1:])]
    ),
    Row(
        "submit", "job made, 3 MB after its id", [taken(_GOOD[:-1] + b', "x": "' + b"A" * 3_000_000 + b'"}')]
    ),
    Row("submit", "job made, cut after its id", [taken(b'{"id": "vid_000001", "sta')]),
    Row("submit", "job made, a number of 5,000 digits", [taken(b'{"x": ' + b"9" * 5000 + b", " + _GOOD[1:])]),
    Row("submit", "job made, a limit of 5,000 digits", [taken(_GOOD, X_RateLimit_Limit=_DIGITS)]),
    Row("submit", "job made, gzip", [taken(gzip.compress(_GOOD), Content_Encoding="gzip")]),
    Row("submit", "job made, gzip in name only", [taken(_GOOD, Content_Encoding="gzip")]),
    Row("submit", "job made, then 103s without end", [made(interim)], "unconfirmed", timeout=1.0),
    Row("submit", "401 that repeats the key", [echo(401)], "failed", jobs=0),
    Row("submit", "reset, no job made", [reset], "unconfirmed", jobs=0),
    Row("submit", "500, no job made", [reply(500)], "unconfirmed", jobs=0),
    *(Row("submit", fault, [answer], submits=2, pause=pause) for fault, answer, pause in LIMITS),
    Row("submit", "503, no header, three times", [reply(503)] * 3, submits=4),
    Row("submit", "connection refused", [refuse], "failed", jobs=0, submits=0),
    Row("submit", "400", [reply(400)], "failed", jobs=0),
    Row("submit", "401", [reply(401)], "failed", jobs=0),
    Row("submit", "402", [reply(402)], "failed", jobs=0),
    Row("submit", "422", [reply(422)], "failed", jobs=0),
    Row("submit", "307 to a login page", [redirect(_LOGIN, 307)], "failed", jobs=0),
    Row("poll", "500", [reply(500)]),
    Row("poll", "502", [reply(502)]),
    Row("poll", "502, thirty times", [reply(502)] * 30),
    Row("poll", "502 with HTML", [html(502)]),
    Row("poll", "503", [reply(503)]),
    Row("poll", "504", [reply(504)]),
    Row("poll", "reset", [reset]),
    Row("poll", "closed", [close]),
    Row("poll", "half an answer", [half_answer]),
    *(Row("poll", fault, [answer], pause=pause) for fault, answer, pause in LIMITS),
    *(Row("poll", fault, [answer] * 3, pause=MIN_PAUSE) for fault, answer in AT_ONCE),
    Row("poll", "a limit of 5,000 digits", [reply(429, X_RateLimit_Limit=_DIGITS, Retry_After=_DIGITS)]),
    Row("poll", "503 that repeats the key", [echo(503)]),
    Row("poll", "103s without end", [interim], timeout=0.5),
    Row("poll", "no answer", [hang], timeout=0.5),
    Row("poll", "HTML instead of JSON", [html()]),
    Row("poll", "302 to a login page", [redirect(_LOGIN)]),
    Row("poll", "half JSON", [reply(200, b'{"id": "vid_000001", "sta')]),
    Row("poll", "JSON that is no object", [reply(200, b"[]")]),
    Row("poll", "JSON nested without end", [reply(200, b"[" * 100_000)]),
    Row("poll", "nothing in the 200", [reply(200, b"")]),
    Row("poll", "unknown status", [status("dreaming")]),
    Row("poll", "no status", [reply(200, {"id": "vid_000001"})]),
    Row("poll", "no id", [reply(200, {"status": "completed"})]),
    Row("poll", "another job's id", [reply(200, {"id": "vid_000009", "status": "completed"})]),
    Row("poll", "404 at first", [reply(404)]),
    Row("poll", "404 for good", [reply(404)] * 6, "stopped"),
    Row("poll", "401", [reply(401)], "stopped"),
    Row("poll", "402", [reply(402)], "stopped"),
    Row("poll", "403", [reply(403)], "stopped"),
    Row("poll", "failed", [status("failed", error={"message": "refused by the safety filter"})], "failed"),
    Row(
        "poll",
        "failed, with half an emoji",
        [status("failed", error={"message": "refused \ud83d"})],
        "failed",
    ),
    Row("download", "cut at half, Range is known", [cut(0.5)]),
    Row("download", "cut at half, Range is not known", [cut(0.5), whole_again]),
    Row("download", "cut at half, another range comes", [cut(0.5), another_range]),
    Row("download", "cut at half, no length", [endless(0.5)]),
    Row("download", "whole, no length", [endless(1)]),
    Row("download", "short, with a length that agrees", [short(0.5)]),
    Row("download", "short for good", [short(0.5)] * 6, "stopped"),
    Row("download", "nothing in the 200", [short(0)]),
    Row("download", "404 at first", [reply(404)]),
    Row("download", "redirect to another host", [redirect_elsewhere]),
    Row("download", "redirect in a circle", [redirect("/v1/videos/vid_000001/download")] * 8),
    Row("download", "JSON with 200", [reply(200, {"error": {"message": "still being made"}})]),
    Row("download", "JSON with 200, called video/mp4", [_JSON_AS_VIDEO]),
    Row("download", "HTML with 200", [html()]),
    Row("download", "500", [reply(500)]),
    Row("download", "502", [reply(502)]),
    Row("download", "reset", [reset]),
    *(Row("download", fault, [answer], pause=pause) for fault, answer, pause in LIMITS[:1]),
    Row("download", "no answer", [hang], timeout=0.5),
    Row("download", "half, then nothing more", [stall(0.5)], timeout=0.5),
    Row("download", "slower than the timeout, but moving", [drip(6, 0.2)], timeout=0.6),
    Row("download", "404, twenty times", [reply(404)] * 20),
    Row("download", "cut at half, then another video", [cut(0.5), versioned(_OTHER, {})]),
    Row(
        "download",
        "cut at half, then another one as long",
        [
            versioned(VIDEO, {"ETag": '"one"'}, 0.5),
            versioned(bytes(8) + VIDEO[8:], {"ETag": '"two"'}, knows_if_range=False),
        ],
    ),
    Row("download", "gzip", [packed("gzip", gzip.compress)]),
    Row("download", "packed as br", [packed("br", bytes)]),
    Row("download", "4 TB promised", [_huge]),
    Row("download", "103s without end", [interim], timeout=0.5),
    Row("download", "401", [reply(401)], "stopped"),
]


@dataclass(frozen=True)
class Result:
    """What came of a row. `leaks`: places where the key was that are not for it; `again` is what the same
    call did a second time.
    """

    outcome: str
    jobs: int
    submits: int
    seconds: float
    said: str
    pause: float
    leaks: list[str]
    again: str = ""


@contextmanager
def server_of(row: Row) -> Iterator[tuple[FaultServer, FaultServer, str]]:
    """The server that misbehaves, another host, and the URL to give to the client."""
    with FaultServer(video=VIDEO) as elsewhere, FaultServer(video=VIDEO, elsewhere=elsewhere.url) as server:
        if row.faults == [refuse]:
            with socket.socket() as nobody:  # bound, and not listening
                nobody.bind(("127.0.0.1", 0))
                yield server, elsewhere, f"http://127.0.0.1:{nobody.getsockname()[1]}"
        else:
            server._faults[row.step] = list(row.faults)
            yield server, elsewhere, server.url


@contextmanager
def short_clock(row: Row) -> Iterator[None]:
    """The same schedule on a shorter clock. The timeouts only where the row is about one: a busy machine is
    slow as well.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polling, "SHORTEST", 0.01)
        patch.setattr(polling, "LONGEST_BACKOFF", 0.05)
        if row.timeout is not None:
            patch.setattr(
                runcrate, "_SUBMIT_TIMEOUT" if row.step == "submit" else "_READ_TIMEOUT", row.timeout
            )
        yield


def leaks_of(server: FaultServer, elsewhere: FaultServer) -> list[str]:
    """Where the key was, and should not have been."""
    found = [
        f"{one.path} of another host"
        for one in elsewhere.requests
        if KEY in f"{one.path}{one.headers}{one.body!r}"
    ]
    for one in server.requests:
        others = {name: value for name, value in one.headers.items() if name != "authorization"}
        if KEY in f"{one.path}{others}{one.body!r}":
            found.append(f"{one.method} {one.path}, outside of its header")
    return found


def pause_of(row: Row, server: FaultServer) -> float:
    """Seconds between the fault and the next request."""
    at = [one.at for one in server.requests]
    first = next((n for n, one in enumerate(server.requests) if one.step == row.step), len(at))
    return at[first + 1] - at[first] if first + 1 < len(at) else 0.0


def ours(row: Row, folder: Path) -> Result:
    """One call of `generate()`, and what came of it; then the same call in a notebook that is run again."""
    with short_clock(row), server_of(row) as (server, elsewhere, url):
        job = _generate(url, folder)
        began = time.monotonic()
        outcome, said = _outcome(job)
        seconds = time.monotonic() - began
        jobs, submits, pause = len(server.jobs), server.count("submit"), pause_of(row, server)
        again = ""
        if outcome != "failed":  # a failed one is sent anew, as it should be
            del job
            job = _generate(url, folder)
            reused = job.reused
            again = f"{_outcome(job)[0]}, {'reused' if reused else 'sent anew'}, {server.count('submit') - submits} more submits"
        return Result(outcome, jobs, submits, seconds, said, pause, leaks_of(server, elsewhere), again)


def _generate(url: str, folder: Path) -> VideoJob:
    return VideoClient(KEY, base_url=url, library=folder).generate(
        "A fox in the snow", model="google/veo-3.0", duration=6
    )


def _outcome(job: VideoJob) -> tuple[str, str]:
    try:
        video = job.wait(60)
    except errors.JobError as error:
        names = {
            errors.JobFailedError: "failed",
            errors.JobUnconfirmedError: "unconfirmed",
            errors.JobStoppedError: "stopped",
        }
        return names.get(type(error), f"{type(error).__name__} at {job.status}"), str(error)
    whole = video.path.read_bytes() == VIDEO and not list(video.path.parent.glob("*.part"))
    return "video" if whole else "a file that is not the video", ""


_SDK_CALL = """
import os, sys
from runcrate import Runcrate
url, path, timeout = sys.argv[1:]
client = Runcrate(api_key=os.environ["RUNCRATE_API_KEY"], inference_url=url, timeout=float(timeout))
client.models.generate_video_and_save(
    path, model="google/veo-3.0", prompt="A fox in the snow", duration=6, poll_interval=0.05
)
"""


def sdk(row: Row, python: str) -> Result:
    """The same call with the official SDK."""
    with tempfile.TemporaryDirectory() as folder, server_of(row) as (server, elsewhere, url):
        path = Path(folder) / "video.mp4"
        command = [python, "-W", "ignore", "-c", _SDK_CALL, url, str(path), str(SDK_READ_TIMEOUT)]
        environment = {**os.environ, "RUNCRATE_API_KEY": KEY}
        began = time.monotonic()
        try:
            ran = subprocess.run(
                command, capture_output=True, text=True, timeout=SDK_PATIENCE, env=environment
            )
        except subprocess.TimeoutExpired:
            outcome = f"no end in {SDK_PATIENCE:g} s"
        else:
            lines = ran.stderr.strip().splitlines()
            raised = next(
                (line for line in reversed(lines) if line[:1].strip() and ":" in line), ""
            ).partition(":")[0]
            if ran.returncode:
                outcome = f"raises {raised.rpartition('.')[2] or 'an error'}"
                told = any(id in lines[-1] for id in server.jobs) if lines else False
                outcome += "" if not server.jobs or told else ", job lost"
            else:
                outcome = (
                    "video"
                    if path.read_bytes() == VIDEO
                    else f"says done: {path.stat().st_size} bytes, no video"
                )
        seconds = time.monotonic() - began
        jobs, submits, pause = len(server.jobs), server.count("submit"), pause_of(row, server)
        return Result(outcome, jobs, submits, seconds, "", pause, leaks_of(server, elsewhere))


def sdk_version(python: str) -> str | None:
    """Of the SDK that this Python has, if any."""
    code = "import runcrate; from importlib.metadata import version; print(version('runcrate-sdk'))"
    try:
        ran = subprocess.run([python, "-c", code], capture_output=True, text=True)
    except OSError:
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None


def main() -> int:
    """Prints the table; 0 if ours is right in every row."""
    parser = argparse.ArgumentParser(
        description="What a client makes of each fault: ours, and the official SDK."
    )
    parser.add_argument(
        "--sdk-python", default=sys.executable, metavar="PATH", help="a Python that has runcrate-sdk"
    )
    parser.add_argument("--only", default="", metavar="WORDS", help="only rows whose name has this in it")
    given = parser.parse_args()
    rows = [row for row in ROWS if given.only in row.name]
    version = sdk_version(given.sdk_python)
    print(f"{'':51}│ ours{'':24}│ runcrate-sdk {version or '(not installed)'}")
    print(f"{'fault':51}│ {'outcome':13}{'jobs':>6}{'s':>8} │ {'outcome':43}{'jobs':>5}")
    print("─" * 51 + "┼" + "─" * 29 + "┼" + "─" * 50)
    wrong = dear = lost = false = videos = 0
    with ThreadPoolExecutor(3) as pool, tempfile.TemporaryDirectory() as folder:
        theirs = [pool.submit(sdk, row, given.sdk_python) for row in rows] if version else []
        for n, row in enumerate(rows):
            our = ours(row, Path(folder) / str(n))
            right = (our.outcome, our.jobs, our.submits, our.leaks) == (
                row.outcome,
                row.jobs,
                row.submits,
                [],
            )
            wrong += not right
            dear += our.jobs > 1
            line = f"{row.name:51.51}│ {our.outcome + ('' if right else ' !'):13}{our.jobs:>6}{our.seconds:>8.1f} │ "
            if theirs:
                their = theirs[n].result()
                lost += "lost" in their.outcome or ("no end" in their.outcome and their.jobs > 0)
                false += "says done" in their.outcome
                videos += their.outcome == "video"
                line += f"{their.outcome + (' KEY LEAKED' if their.leaks else ''):43}{their.jobs:>5}"
            else:
                line += "not installed"
            print(line, flush=True)
    print(
        f"\nours: {len(rows) - wrong} of {len(rows)} rows right, {dear} with more than one job made for one call"
    )
    if version:
        due = sum(row.outcome == "video" for row in rows)
        print(
            f"runcrate-sdk {version}: {videos} videos where {due} were to be had, {lost} jobs made and lost, {false} broken files kept"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
