"""What gets into another process, and what stays: a client without its key, records, videos, requests."""

from __future__ import annotations

import copy
import gc
import json
import os
import pickle
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, client_of
from object_stores import moto
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest, errors
from runcrate_widget.library.record import Record

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.usefixtures("quick")

#: A worker: it is given a client as bytes, and generates.
WORKER = """
import json, pickle, sys
from runcrate_widget.jobs import polling
polling.SHORTEST = 0.01
client = pickle.loads(sys.stdin.buffer.read())
try:
    job = client.generate("A fox", model="Veo 3.0")
    print(json.dumps({"path": str(job.wait(60).path), "owner": job.record.owner, "key": job.key}))
except Exception as error:
    print(json.dumps({"error": type(error).__name__, "said": str(error)}))
"""


def worker(content: bytes, **env: str) -> dict[str, Any]:
    """What a process makes of a client that came as bytes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUNCRATE_")}
    ran = subprocess.run(
        [sys.executable, "-c", WORKER],
        input=content,
        env={**environment, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert KEY.encode() not in ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_a_client_gets_into_another_process_without_its_key(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1)) as server:
        options: dict[str, Any] = {
            "max_concurrent": 2,
            "prices": {"Veo 3.0": 0.4},
            "max_seconds": 60.0,
            "max_cost": 20.0,
            "limit_period": timedelta(days=1),
            "owner": "ann",
        }
        client = client_of(server, tmp_path, **options)
        content = pickle.dumps(client)
        assert KEY.encode() not in content
        there = pickle.loads(content)
        try:
            assert type(there) is VideoClient and there.api_key is None
            for name in ("base_url", "max_concurrent", "max_seconds", "max_cost", "owner", "carry", "demo"):
                assert getattr(there, name) == getattr(client, name), name
            assert there.prices == {"google/veo-3.0": 0.4} and there._limit.period == timedelta(days=1)
            assert there.library.folder == client.library.folder
            assert there.unfinished() == []
            assert pickle.dumps(there) == content
            said = worker(content)
            assert said["error"] == "MissingKeyError"
            assert "came from another process" in said["said"] and "RUNCRATE_API_KEY" in said["said"]
            assert server.count("submit") == 0
            said = worker(content, RUNCRATE_API_KEY=KEY)
            assert said["owner"] == "ann" and Path(said["path"]).is_file()
            assert client.job(said["key"]).wait(30), "as job.key names it"
            assert worker(content, RUNCRATE_API_KEY=KEY)["path"] == said["path"]
            assert server.count("submit") == 1
        finally:
            there.close()
            client.close()


def test_one_that_carries_nothing_needs_no_key_there_either(tmp_path: Path) -> None:
    with FaultServer() as server, client_of(server, tmp_path, api_key=None, carry=False) as client:
        there = pickle.loads(pickle.dumps(client))
        assert there.carry is False
        job = there.generate("A fox", model="Veo 3.0")
        assert job.record.handed_over and not server.requests
        there.close()


def test_it_takes_up_nothing_by_itself(tmp_path: Path) -> None:
    with FaultServer(polls=10**9) as server, client_of(server, tmp_path) as client:
        client.generate("A fox", model="Veo 3.0")
        there = pickle.loads(pickle.dumps(client))
        assert there.unfinished() == [] and there._made is None


def test_what_stays_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"python -m runcrate_widget\.demo.*base_url"):
        pickle.dumps(VideoClient(demo=True, library=tmp_path, resume=False))
    with FaultServer(video=small_mp4(1)) as server, client_of(server, tmp_path) as client:
        job = client.generate("A fox", model="Veo 3.0")
        with pytest.raises(TypeError, match=r"Pass job\.key"):
            pickle.dumps(job)
        for way in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="not copied"):
                way(client)
        job.wait(30)


def test_records_videos_and_requests_do(tmp_path: Path) -> None:
    with FaultServer(video=small_mp4(1)) as server, client_of(server, tmp_path, owner="ann") as client:
        job = client.generate("A fox", model="Veo 3.0", extra={"seed": 3})
        video = job.wait(30)
        job.choose(kept=True, tags=["fox"])
        record = client.library[job.key]
        for one in (video, job.request, VideoRequest("An owl", model="Sora 2", image=video)):
            assert pickle.loads(pickle.dumps(one)) == one
            assert KEY.encode() not in pickle.dumps(one)
        again = pickle.loads(pickle.dumps(record))
        assert isinstance(again, Record) and vars(again) == vars(record)
        assert again.video == video and again.owner == "ann"
        assert pickle.loads(pickle.dumps(client.library.filter())) is not None


#: A worker on another machine, as far as its cache tells: it is given a record and a video of a bucket.
ELSEWHERE = """
import json, pickle, sys
for one in pickle.loads(sys.stdin.buffer.read()):
    video = getattr(one, "video", one)
    print(json.dumps([video.location, str(video.path), len(video.read_bytes()), str(getattr(one, "path", ""))]))
"""


def test_a_record_of_a_bucket_has_its_video_on_every_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto(tmp_path) as store, FaultServer(video=small_mp4(1)) as server:
        for name, value in store.environment(tmp_path / "here").items():
            monkeypatch.setenv(name, value)
        with client_of(server, store.new_library()) as client:  # type: ignore[arg-type]
            video = client.generate("A fox", model="Veo 3.0").wait(60)
            (record,) = client.library.filter()
        assert vars(pickle.loads(pickle.dumps(record))) == vars(record)
        ran = subprocess.run(
            [sys.executable, "-c", ELSEWHERE],
            input=pickle.dumps([record, video]),
            env={**os.environ, "PYTHONPATH": str(ROOT), "RUNCRATE_CACHE": str(tmp_path / "there")},
            stdout=subprocess.PIPE,
            timeout=120,
            check=True,
        )
        for line in ran.stdout.splitlines():
            location, path, size, own = json.loads(line)
            assert location == video.location and size == len(small_mp4(1))
            assert Path(path).is_relative_to(tmp_path / "there")
            assert own in ("", path)
        assert len(ran.stdout.splitlines()) == 2


def test_a_record_of_a_bucket_has_its_video_when_nobody_holds_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCRATE_CACHE", str(tmp_path))

    def records() -> list[Record]:
        with client_of(server, "memory://pickle/alone") as client:  # type: ignore[arg-type]
            client.generate("A fox", model="Veo 3.0").wait(60)
            return list(client.library.filter())

    with FaultServer(video=small_mp4(1)) as server:
        (record,) = records()
    record.path.unlink()  # the cache had no room for it
    gc.collect()
    assert record.video is not None and record.video.read_bytes() == small_mp4(1)


ERRORS = [
    errors.RuncrateError("What happened", "What to do", kind="storage"),
    errors.InvalidRequestError("prompt", "prompt is empty", "Write one."),
    errors.MissingKeyError(elsewhere=True),
    errors.LibraryError("It is full", "Make room.", kind="store"),
    errors.TransportError("No answer", sent=True),
    errors.RateLimitError("Too many", status=429, code="slow", retry_after=3.0),
    errors.WaitTimeoutError(None, "It takes longer", "Wait again."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_comes_as_it_is(error: errors.RuncrateError) -> None:
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is type(error) and str(there) == str(error)
    assert there.args == error.args and vars(there) == vars(error)


def test_an_error_of_a_job_comes_without_its_job(tmp_path: Path) -> None:
    with FaultServer(polls=10**9) as server, client_of(server, tmp_path) as client:
        job = client.generate("A fox", model="Veo 3.0")
        with pytest.raises(errors.WaitTimeoutError) as raised:
            job.wait(0)
        there = pickle.loads(pickle.dumps(raised.value))
    assert raised.value.job is job and there.job is None
    assert str(there) == str(raised.value) and there.kind == "timeout"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_fork_of_who_has_opened_a_bucket_says_so_and_does_not_hang() -> None:
    program = """
import os, sys, warnings
warnings.simplefilter("ignore")  # of forking with threads
from runcrate_widget import VideoClient, errors
VideoClient(library="memory://a", resume=False)
if not (child := os.fork()):
    for url in ("memory://a", "memory://b"):
        try:
            VideoClient(library=url, resume=False)
        except errors.LibraryError as error:
            assert "fork" in str(error) and "spawn" in str(error)
        else:
            os._exit(1)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60
    )
    assert ran.returncode == 0
