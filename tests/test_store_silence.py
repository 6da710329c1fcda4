"""A store that stands still: it takes connections, and answers nothing. Whoever waits is told, can leave at any
time, and gets an error in the end; what takes its time is waited for."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fault_server import KEY, FaultServer
from object_stores import Place
from store_proxy import StoreProxy
from test_store_promises import publish

from runcrate_widget import VideoClient
from runcrate_widget.errors import LibraryError
from runcrate_widget.library.cloud import address, waiting

NAME = "a-fox-12345678"
#: Before anything else in a child: the store's own times are never over.
FOR_EVER = """
import sys, threading
from runcrate_widget.library.cloud import address
address._TIMEOUTS = {"connect_timeout": "1000s", "timeout": "1000s"}
address._SILENCE = {}
"""
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

pytestmark = pytest.mark.parametrize("place", ["moto"], indirect=True)


@contextmanager
def child(place: Place, proxy: StoreProxy, code: str) -> Iterator[subprocess.Popen[str]]:
    """A program with this code, on the library behind the proxy; it is given `KEY` and the library's URL."""
    assert place.server is not None
    environment = {**place.environment(), **place.server.environment(place.cache, proxy.port)}
    pipe = subprocess.PIPE
    running = subprocess.Popen(
        [sys.executable, "-c", FOR_EVER + code, KEY, str(place.location)],
        stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def asks_in_vain(running: subprocess.Popen[str], proxy: StoreProxy) -> None:
    """The program, which has opened its library, is told to list it, and is not answered."""
    assert running.stdin and running.stdout
    assert running.stdout.readline() == "open\n"
    proxy.silent = lambda asked: True
    running.stdin.write("list\n")
    running.stdin.flush()
    assert proxy.kept.wait(60)


@ON_POSIX
@pytest.mark.parametrize("command", ["library", "generate"])
def test_ctrl_c_ends_a_command_although_the_store_is_silent(
    place: Place, proxy: StoreProxy, command: str
) -> None:
    proxy.silent = lambda asked: True
    words = {"library": [], "generate": ["A fox", "--model", "Veo 3.0"]}[command]
    code = f"""
from runcrate_widget.command.main import main
import os
os.environ["RUNCRATE_API_KEY"] = sys.argv[1]
sys.exit(main([{command!r}, *{words!r}, "--library", sys.argv[2]]))
"""
    with child(place, proxy, code) as running:
        assert proxy.kept.wait(60)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
        assert running.returncode == 130
        assert "Interrupted. Nothing was sent." in said and "Traceback" not in said


@ON_POSIX
def test_an_interrupt_in_python_comes_through_and_the_program_goes_on(
    place: Place, proxy: StoreProxy
) -> None:
    code = """
from runcrate_widget import VideoClient
client = VideoClient(sys.argv[1], library=sys.argv[2], resume=False)
print("open", flush=True)
sys.stdin.readline()
try:
    list(client.library)
except KeyboardInterrupt:
    print("interrupted", flush=True)
sys.stdin.readline()
print(len(list(client.library)), flush=True)
"""
    with child(place, proxy, code) as running:
        asks_in_vain(running, proxy)
        running.send_signal(signal.SIGINT)
        assert running.stdout and running.stdout.readline() == "interrupted\n"
        proxy.silent = None
        said, _ = running.communicate("again\n", timeout=60)
        assert (said, running.returncode) == ("0\n", 0)


def test_a_program_ends_although_one_of_its_threads_waits_for_the_store(
    place: Place, proxy: StoreProxy
) -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
from runcrate_widget import VideoClient
client = VideoClient(sys.argv[1], library=sys.argv[2], resume=False)
lease = client.library.lease("a-fox-12345678")  # which is given back at the end
print("open", flush=True)
sys.stdin.readline()
ThreadPoolExecutor(1).submit(list, client.library)
sys.stdin.readline()
"""
    with child(place, proxy, code) as running:
        asks_in_vain(running, proxy)
        running.communicate("end\n", timeout=60)
        assert running.returncode == 0


class Told(logging.Filter):
    """What is logged of one library: those of earlier tests may be looked for still."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self.location = location
        self.said: list[str] = []
        self.event = threading.Event()

    def filter(self, record: logging.LogRecord) -> bool:
        if self.location in record.getMessage():
            self.said.append(record.getMessage())
            self.event.set()
        return True


def test_it_is_told_once_and_what_comes_late_is_taken(
    place: Place, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = place.store()
    assert store.create(NAME, b"1")
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.0)
    told = Told(str(place.location))
    monkeypatch.setattr(logging.getLogger("runcrate_widget"), "filters", [told])
    proxy.silent = lambda asked: True
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(store.read, NAME) for _ in range(3)]
        assert told.event.wait(60)
        proxy.silent = None
        assert {found.content for one in answers if (found := one.result())} == {b"1"}
    assert told.said == [f"The store of {place.location} does not answer; trying since 0 s."]


WAITS = """
from runcrate_widget.library.cloud import waiting
waiting.TOLD_AFTER = 2.5
def work():
    print("begun", flush=True)
    return sys.stdin.readline()
waiting.Waiting("s3://bucket/team").call(work)
"""


@ON_POSIX
def test_a_process_that_stood_still_says_nothing_of_the_store(place: Place, proxy: StoreProxy) -> None:
    with child(place, proxy, WAITS) as running:
        assert running.stdout is not None and running.stdout.readline() == "begun\n"
        running.send_signal(signal.SIGSTOP)
        threading.Event().wait(3.0)  # what is tried is that this time passes
        running.send_signal(signal.SIGCONT)
        threading.Event().wait(0.5)  # some looks of its own
        said = running.communicate("\n", timeout=30)[1]
        assert running.returncode == 0 and said == ""


def test_in_the_end_there_is_an_error_and_no_more_than_was_to_be_tried(
    place: Place, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "_SILENCE", {"read_timeout": "0.2s"})
    monkeypatch.setattr(address, "_RETRY", {**address._RETRY, "retry_timeout": timedelta(seconds=0.1)})
    proxy.silent = lambda asked: True
    with pytest.raises(LibraryError, match="did not answer in time") as caught:
        VideoClient(KEY, library=str(place.location))
    assert caught.value.kind == "store"
    # A write twice, and twice whether it has arrived after all.
    assert [asked.method for asked in proxy.asked] == ["PUT", "PUT", "HEAD", "HEAD"]


@pytest.mark.parametrize(
    "times",
    [
        {"_SILENCE": {"read_timeout": "0.3s"}},
        {"_TIMEOUTS": {"connect_timeout": "5s", "timeout": "3s"}},
    ],
    ids=["silence", "time"],
)
def test_a_large_upload_takes_as_long_as_it_takes(
    place: Place, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch, times: dict[str, Any]
) -> None:
    for name, shorter in times.items():
        monkeypatch.setattr(address, name, shorter)
    store = place.store()
    assert store.create(NAME, b"1")
    proxy.silent = lambda asked: asked.method == "PUT" or "records/" in asked.path
    with ThreadPoolExecutor(1) as pool:
        published = pool.submit(publish, store)
        assert proxy.kept.wait(60)
        with pytest.raises(LibraryError, match="did not answer in time"):
            store.read(NAME)  # that takes longer than a small object may
        proxy.silent = None
        published.result(60)
    assert store.has_video(NAME)
    assert sum("videos/" in asked.path and asked.method == "PUT" for asked in proxy.asked) == 1


@pytest.mark.usefixtures("quick")
def test_what_is_silent_for_a_while_has_a_job_made_once(
    place: Place, proxy: StoreProxy, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "_SILENCE", {"read_timeout": "0.3s"})
    monkeypatch.setattr(address, "_RETRY", {**address._RETRY, "retry_timeout": timedelta(seconds=0.1)})
    with VideoClient(KEY, base_url=server.url, library=str(place.location)) as client:
        proxy.silent = lambda asked: b'"status": "submitting"' in asked.body
        job = client.generate("A fox", model="Veo 3.0")
        assert proxy.kept.wait(60)
        proxy.silent = None  # and what was asked meanwhile arrives now, all of it
        job.wait(60)
        assert server.count("submit") == 1
        assert [record.status for record in client.library] == ["completed"]
