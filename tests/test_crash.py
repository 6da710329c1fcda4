"""A process that is killed (SIGKILL) loses no job and pays for none twice.

Each test starts the program of crash_child.py, kills it at a chosen moment and starts it again. The service, which runs
here and outlives every child, knows the truth: what was asked of it, and which jobs it made. Each test runs with the
library in a folder, and in a bucket: of moto, which shows S3's semantics, and of SeaweedFS, a real one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import crash_child
import pytest
from fault_server import KEY, Exchange, Fault, FaultServer, Request, reply
from forked import Forked
from object_stores import ObjectStore
from pictures import picture
from videos import small_mp4

import runcrate_widget

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(runcrate_widget.__file__).parents[1])}
# A real video, and a `free` box that no two pieces of are alike, so that a piece in the wrong place is seen.
VIDEO = small_mp4(1) + struct.pack(">I4s", 400_008, b"free") + random.Random(1).randbytes(400_000)
FOX, OWL = "A fox in the snow", "An owl at night"

kills: Counter[str] = Counter()
#: The store that libraries are in; None for folders.
in_use: list[ObjectStore | None] = [None]


@pytest.fixture(
    autouse=True,
    params=["folder", *(pytest.param(name, marks=pytest.mark.slow) for name in ("moto", "seaweed"))],
)
def _where(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where the libraries of a test are."""
    if request.param != "folder":
        in_use[0] = request.getfixturevalue(f"{request.param}_server")
    yield
    in_use[0] = None


#: Of what only a folder has.
in_folders = pytest.mark.parametrize("_where", ["folder"], indirect=True)


@pytest.fixture(scope="module", autouse=True)
def _tell(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tells at the end how many kills there were, past pytest's capturing."""
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        print(
            f"\n{sum(kills.values())} kills survived: "
            + ", ".join(f"{count} {kind}" for kind, count in kills.items())
        )


class Child:
    """The program, running."""

    def __init__(self, service: Service, **plan: Any) -> None:
        cache, patience = plan.pop("cache", service.folder), plan.pop("patience", 120)
        service.children.append(self)
        about = {"url": service.url, "key": KEY, "library": service.library, "prompts": [FOX]}
        whole = {**about, "seconds": {"_LOOK_EVERY": 0.1}, **plan}
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in end())
        environment = {**ENVIRONMENT, **service.environment, "RUNCRATE_CACHE": str(cache)}
        self.process = Forked(
            crash_child.main, json.dumps(whole), env=environment, stderr=self._errors, patience=patience
        )
        self.told: list[dict[str, Any]] = []

    def until(self, met: Callable[[dict[str, Any]], object]) -> None:
        """Returns when the program has told something that `met` is true for."""
        for line in self.process.stdout:
            self.told.append(json.loads(line))
            if met(self.told[-1]):
                return
        raise AssertionError(f"it ended without that: {self.told}{self.end()}")

    def say_go(self) -> None:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> str:
        """Waits for its end. Gives what it wrote to stderr."""
        if not self._errors.closed:
            with self.process, contextlib.suppress(BrokenPipeError):
                self.told += map(json.loads, self.process.stdout)
            with self._errors:
                self._errors.seek(0)
                self._said = self._errors.read()
        return self._said

    def killed(self, kind: str) -> bool:
        """Waits for its end. Whether it was killed, as it should have been."""
        errors = self.end()
        assert errors == ""
        assert self.process.returncode in (0, -signal.SIGKILL), self.told
        kills[kind] += self.process.returncode != 0
        return self.process.returncode != 0

    def ends(self) -> dict[str, dict[str, Any]]:
        """Waits for its end, which must be an orderly one. Gives what came of each prompt."""
        errors = self.end()
        assert (errors, self.process.returncode) == ("", 0), self.told
        return {line["prompt"]: line for line in self.told if "end" in line}

    @property
    def operations(self) -> list[str]:
        return list(self.told[-1]["operations"])


@dataclass
class Service(FaultServer):
    """The service, which knows the library and may kill a child in the middle of an exchange.

    `folder` is where the library is, or of one in a bucket (of `store`) the cache of this machine.
    """

    folder: Path = Path()
    store: ObjectStore | None = field(default_factory=lambda: in_use[0])
    made: dict[str, list[str]] = field(default_factory=dict)  # prompt → ids
    victim: Future[Child] = field(default_factory=Future)
    children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.library = self.store.new_library() if self.store else str(self.folder)
        self.environment = self.store.environment(self.folder) if self.store else {}

    def __exit__(self, *what: object) -> None:
        for child in self.children:  # a test that went wrong leaves some
            child.kill()
            child.end()
        super().__exit__(*what)

    def make_job(self, request: Request) -> str:
        id = super().make_job(request)
        self.made.setdefault(json.loads(request.body)["prompt"], []).append(id)
        return id

    def submits(self, prompt: str) -> int:
        """How often it was asked for a video of `prompt`."""
        bodies = [json.loads(request.body) for request in list(self.requests) if request.step == "submit"]
        return sum(body["prompt"] == prompt for body in bodies)

    def files(self, ending: str) -> dict[str, bytes]:
        """The records (`json`), or the videos (`mp4`): name → content."""
        if self.store is None:
            return {path.name: path.read_bytes() for path in self.folder.glob(f"*.{ending}")}
        place = {"json": "records/", "mp4": "videos/", "damaged": "damaged/"}[ending]
        found = self.store.objects(self.library, place)
        return {path.removeprefix(place): content for path, content in found.items()}

    def pictures(self) -> list[bytes]:
        """The pictures that videos begin with."""
        if self.store is None:
            return [path.read_bytes() for path in self.folder.glob("pictures/*.png")]
        return list(self.store.objects(self.library, "pictures/").values())

    def parts(self) -> list[Path]:
        """What has come so far of videos, on this machine."""
        return list(self.folder.glob("**/*.part"))

    def all_records(self) -> list[dict[str, Any]]:
        """What stands in each of the records."""
        return [json.loads(sidecar) for sidecar in self.files("json").values()]

    def records(self) -> dict[str, dict[str, Any]]:
        """The records as they are in the library, none of them damaged: prompt → fields."""
        records: dict[str, dict[str, Any]] = {}
        for fields in self.all_records():
            assert fields["request"]["prompt"] not in records, "two records of one call"
            records[fields["request"]["prompt"]] = fields
        return records

    def settle(self) -> None:
        """Waits until all that a dead child has sent is dealt with."""
        with contextlib.closing(
            http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        ) as connection:
            connection.request("GET", "/")  # connections are taken in their order
            connection.getresponse().read()
        end = time.monotonic() + 60
        while self.open_connections:
            assert time.monotonic() < end
            time.sleep(0.002)

    def check(self) -> None:
        """What holds whenever nobody is at work."""
        self.settle()
        assert not self.files("damaged")
        records = self.records()
        for prompt, ids in self.made.items():
            assert len(ids) == 1, f"made twice: {ids}"
            assert prompt in records, f"{ids[0]} was made, and nothing is on record"
            assert records[prompt]["id"] == ids[0] or records[prompt]["status"] in (
                "submitting",
                "unconfirmed",
            )
        videos = self.files("mp4")
        assert all(content == VIDEO for content in videos.values())
        for prompt, record in records.items():
            if record["status"] == "completed":
                assert sum(name.endswith(f"-{record['key']}.mp4") for name in videos) == 1, prompt


def victim_of(exchange: Exchange) -> tuple[Service, Child]:
    assert isinstance(exchange.server, Service)
    return exchange.server, exchange.server.victim.result(30)


# What the service does with the child.


async def properly(exchange: Exchange) -> None:
    """Answers as it should."""
    await getattr(exchange.server, f"_{exchange.request.step}")(exchange)


async def kill(exchange: Exchange) -> None:
    """The request has come in, and nothing comes of it."""
    victim_of(exchange)[1].kill()
    exchange.writer.close()


async def kill_then_make(exchange: Exchange) -> None:
    """The request has come in, and the job is made when nobody is there any more."""
    await kill(exchange)
    exchange.server.make_job(exchange.request)


async def make_then_kill(exchange: Exchange) -> None:
    """The job is made, and nobody is told."""
    exchange.server.make_job(exchange.request)
    await kill(exchange)


async def answer_then_kill(exchange: Exchange) -> None:
    """The answer is on its way; whether it is read is a race."""
    await properly(exchange)
    await kill(exchange)


def kill_within_answer(share: float) -> Fault:
    """Sends a share of the answer."""

    async def fault(exchange: Exchange) -> None:
        submit = exchange.request.step == "submit"
        id = (
            exchange.server.make_job(exchange.request) if submit else exchange.request.path.rsplit("/", 1)[-1]
        )
        whole = json.dumps({"id": id, "status": "queued"}).encode()
        await exchange.send(200, whole[: int(len(whole) * share)], length=len(whole))
        await asyncio.sleep(0.02)  # it has read that much
        await kill(exchange)

    return fault


def kill_within_download(share: float) -> Fault:
    """Sends the video up to a share of its whole, from where the request wants it; kills when some of it is
    on disk.
    """

    async def fault(exchange: Exchange) -> None:
        service, _ = victim_of(exchange)
        start = int(exchange.request.headers.get("range", "bytes=0-")[6:-1])
        head = {"Content-Type": "video/mp4", "Content-Range": f"bytes {start}-{len(VIDEO) - 1}/{len(VIDEO)}"}
        piece = VIDEO[start : int(len(VIDEO) * share)]
        await exchange.send(206 if start else 200, piece, headers=head, length=len(VIDEO) - start)
        end = time.monotonic() + 60
        while piece and not any(part.stat().st_size > start for part in service.parts()):
            assert time.monotonic() < end
            await asyncio.sleep(0.001)
        await kill(exchange)

    return fault


# What a child tells.


def looks_on(line: dict[str, Any]) -> bool:
    return "another notebook" in line.get("note", "")


def waits_to_send(line: dict[str, Any]) -> bool:
    return "trying again" in line.get("note", "")


# A life, a death, and the next life.


@dataclass
class Case:
    """One kill. `end`: how the next life must end, if the moment of the kill tells."""

    name: str
    faults: dict[str, Any] = field(default_factory=dict)  # step → list of faults
    at: tuple[int, str] | None = None
    delay: float | None = None
    prompts: list[str] = field(default_factory=lambda: [FOX])
    only_unfinished: bool = False
    end: str | None = None
    refused: int = 0  # submits that the service refused, which may be sent again


def survive(case: Case, folder: Path, kind: str) -> Counter[str]:
    """Starts a child, kills it, starts it again. Gives how the calls ended."""
    with Service(video=VIDEO, folder=folder, polls=2, **case.faults) as service:
        plan = {"prompts": case.prompts}
        first = Child(service, at=case.at, **plan)
        service.victim.set_result(first)
        if case.delay is not None:
            first.until(lambda line: "ready" in line)
            time.sleep(case.delay)
            first.kill()
        assert first.killed(kind) or case.delay is not None, f"it was not killed: {first.told}"
        service.check()
        left = service.records()
        sent = {prompt: service.submits(prompt) for prompt in case.prompts}
        expected = {
            prompt: end_after(left.get(prompt), sent[prompt] - case.refused) for prompt in case.prompts
        }
        if case.only_unfinished:
            ends = Child(service, only_unfinished=True).ends()
            service.check()
            known = {prompt for prompt in left if left[prompt]["status"] not in ("waiting", "completed")}
            assert {prompt: ends[prompt]["end"] for prompt in ends} == {
                prompt: expected[prompt] for prompt in known
            }
            assert {prompt: service.submits(prompt) for prompt in case.prompts} == sent, (
                "it sent what nobody asked for now"
            )
        ends = Child(service, **plan).ends()
        service.check()
        assert {prompt: ends[prompt]["end"] for prompt in ends} == expected
        if case.end is not None:
            assert set(expected.values()) == {case.end}
        for prompt in case.prompts:
            assert service.submits(prompt) <= 1 + case.refused
            if expected[prompt] == "video":
                assert service.made[prompt] == [ends[prompt]["id"]]
                assert service.files("mp4")[ends[prompt]["file"]] == VIDEO
            else:
                assert service.submits(prompt) == sent[prompt]
                assert service.records()[prompt]["status"] == "unconfirmed"
        assert not service.parts()
        return Counter(expected.values())


def end_after(record: dict[str, Any] | None, submits: int) -> str:
    """How a call must end whose process left this record, and had sent its request so many times."""
    if record is None or record["status"] == "waiting":
        assert submits <= 0, "it was sent, and its record does not say so"
        return "video"
    return "video" if record["id"] else "JobUnconfirmedError"


def operations_of_one_life(folder: Path, **plan: Any) -> list[str]:
    """What a child does to the files of its library, when nobody disturbs it."""
    with Service(video=VIDEO, folder=folder) as service:
        child = Child(service, **plan)
        assert child.ends()[FOX]["end"] == "video"
        return child.operations


def creation(operations: list[str]) -> int:
    """The how-manieth of them makes the record."""
    return next(
        number
        for number, name in enumerate(operations, 1)
        if name == "link" or name.startswith("put records/")
    )


def locking(operations: list[str]) -> int:
    """The how-manieth of them takes the lease."""
    return next(
        number
        for number, name in enumerate(operations, 1)
        if name == "flock" or name.startswith("put leases/")
    )


def survive_all(cases: list[Case], folder: Path, kind: str) -> Counter[str]:
    """All of the cases, two at a time. Gives how the calls ended."""
    ends: Counter[str] = Counter()
    wrong: list[str] = []

    def survived(number: int) -> None:
        try:
            ends.update(survive(cases[number], folder / str(number), kind))
        except Exception as error:
            wrong.append(f"{cases[number].name}: {type(error).__name__} {error}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(survived, range(len(cases))))
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong)
    return ends


LOST, DONE = "JobUnconfirmedError", "video"


@pytest.mark.slow
def test_killed_while_it_talks_to_the_service(tmp_path: Path) -> None:
    half = kill_within_answer(0.5)
    both = [FOX, OWL]
    again = reply(503, Retry_After="0")
    cases = [
        Case("submit has come in", {"submit": [kill]}, end=LOST),
        Case("submit has come in, made later", {"submit": [kill_then_make]}, end=LOST),
        Case("job is made", {"submit": [make_then_kill]}, end=LOST),
        Case("job is made, head of the answer", {"submit": [kill_within_answer(0)]}, end=LOST),
        Case("job is made, half of the answer", {"submit": [half]}, end=LOST),
        Case("submit is answered", {"submit": [answer_then_kill]}),
        Case("submit is answered, then unfinished()", {"submit": [answer_then_kill]}, only_unfinished=True),
        Case("half of the answer, then unfinished()", {"submit": [half]}, only_unfinished=True, end=LOST),
        Case("second attempt has come in", {"submit": [again, kill_then_make]}, end=LOST, refused=1),
        Case("second attempt is answered", {"submit": [again, answer_then_kill]}, refused=1),
        *(Case(f"poll {n}", {"poll": [properly] * n + [kill]}, end=DONE) for n in range(3)),
        Case("half of a poll's answer", {"poll": [half]}, end=DONE),
        Case("poll is answered", {"poll": [answer_then_kill]}, end=DONE),
        Case("poll, then unfinished()", {"poll": [kill]}, end=DONE, only_unfinished=True),
        Case("completed", {"poll": [properly, properly, answer_then_kill]}, end=DONE),
        Case("download has come in", {"download": [kill]}, end=DONE),
        *(
            Case(f"{share:.0%} of the download", {"download": [kill_within_download(share)]}, end=DONE)
            for share in (0, 0.2, 0.5, 0.8, 0.999999, 1)
        ),
        Case(
            "half of the download, then unfinished()",
            {"download": [kill_within_download(0.5)]},
            end=DONE,
            only_unfinished=True,
        ),
        Case("download is answered", {"download": [answer_then_kill]}, end=DONE),
        Case("first of two submits", {"submit": [make_then_kill]}, prompts=both),
        Case("second of two submits", {"submit": [properly, make_then_kill]}, prompts=both),
        Case("second of two is answered", {"submit": [properly, answer_then_kill]}, prompts=both),
        Case("third poll of two jobs", {"poll": [properly, properly, kill]}, prompts=both),
        Case("download of one of two", {"download": [kill_within_download(0.5)]}, prompts=both),
        Case(
            "download of the second of two",
            {"download": [properly, kill_within_download(0.5)]},
            prompts=both,
            end=DONE,
        ),
    ]
    survive_all(cases, tmp_path, "in talks with the service")


@pytest.mark.slow
def test_killed_at_each_change_of_a_file(tmp_path: Path) -> None:
    operations = operations_of_one_life(tmp_path / "counted")
    if in_use[0] is None:
        assert {"open", "fsync", "link", "replace", "flock"} <= set(operations)
    # After one is as before the next, but for what is said to the service in between, which is killed in the
    # test above.
    moments = [
        (number, when, name)
        for number, name in enumerate(operations, 1)
        for when in ("before", "after")
        if when == "before"
        or name in ("link", "replace")
        or name.startswith("put")
        or number == len(operations)
    ]
    if in_use[0] is not None:
        # The lease is given back beside the rest, and what is at the end is not always the same.
        moments = [one for one in moments if one[0] <= len(operations) - 2]
    cases = [
        Case(f"{when} {number} {name}", at=(number, when), only_unfinished=index % 2 == 1)
        for index, (number, when, name) in enumerate(moments)
    ]
    ends = survive_all(cases, tmp_path, "at a change of a file")
    # From the record that says so until the one that has the id, it is not known whether the service has it.
    assert 0 < ends[LOST] < ends[DONE]


def test_killed_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(os.urandom(8))
    cases = [
        Case(f"after {delay:.4f} s", delay=delay) for delay in (chance.uniform(0, 0.25) for _ in range(12))
    ]
    survive_all(cases, tmp_path, "at any moment")


@pytest.mark.slow
def test_killed_while_it_keeps_the_picture_that_the_video_begins_with(tmp_path: Path) -> None:
    image = tmp_path / "fox.png"
    image.write_bytes(picture())
    plan = {"image": str(image)}
    recorded = creation(operations_of_one_life(tmp_path / "counted", **plan))
    last = recorded + (3 if in_use[0] is None else 0)  # before it is said to be on its way

    def survived(number: int) -> None:
        with Service(video=VIDEO, folder=tmp_path / str(number)) as service:
            at = (number, "after" if number % 2 else "before")
            assert Child(service, at=at, **plan).killed("while it keeps a picture")
            service.check()
            kept = service.pictures()
            assert kept or not service.records(), "the record is there before its picture"
            assert all(content == picture() for content in kept)
            assert Child(service, **plan).ends()[FOX]["end"] == "video"
            service.check()
            (body,) = (json.loads(one.body) for one in service.requests if one.step == "submit")
            assert base64.b64decode(body["image_url"].partition(",")[2]) == picture()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(survived, range(1, last + 1)))


@pytest.mark.slow
def test_killed_again_and_again_while_it_takes_up_what_is_there(tmp_path: Path) -> None:
    with Service(video=VIDEO, folder=tmp_path / "library", poll=[kill]) as service:
        child = Child(service)
        service.victim.set_result(child)
        assert child.killed("at a poll")
        for number in range(1, 100):
            child = Child(
                service, at=(number, "after" if number % 2 else "before"), only_unfinished=number % 3 == 0
            )
            if not child.killed("while taking up"):
                break
            service.check()
        assert number > 8
        assert Child(service).ends()[FOX]["end"] == "video"
        service.check()
        assert service.submits(FOX) == 1


def test_a_download_that_is_killed_again_and_again_is_continued(tmp_path: Path) -> None:
    shares = (0.2, 0.4, 0.6, 0.8)
    with Service(
        video=VIDEO, folder=tmp_path / "library", download=[kill_within_download(share) for share in shares]
    ) as service:
        for _ in shares:
            service.victim = Future()
            child = Child(service)
            service.victim.set_result(child)
            assert child.killed("at a download")
            service.check()
        assert Child(service).ends()[FOX]["end"] == "video"
        service.check()
        begun = [
            int(r.headers.get("range", "bytes=0-")[6:-1]) for r in service.requests if r.step == "download"
        ]
        assert begun[0] == 0
        assert begun == sorted(set(begun)), "each went on where the last one was"


def test_killed_while_it_waits_to_send_again(tmp_path: Path) -> None:
    with Service(video=VIDEO, folder=tmp_path / "library", submit=[reply(503, Retry_After="50")]) as service:
        child = Child(service)
        child.until(waits_to_send)
        child.kill()
        assert child.killed("while waiting to send again")
        assert service.records()[FOX]["status"] == "waiting"
        assert Child(service, only_unfinished=True).ends() == {}, "nobody asks for it now"
        assert service.submits(FOX) == 1
        assert Child(service).ends()[FOX]["end"] == "video"
        service.check()


# Two at once.


def two(service: Service, **plan: Any) -> list[dict[str, Any]]:
    """How two children end that are let go together."""
    children = [Child(service, wait_for_word=True, **plan) for _ in range(2)]
    for child in children:
        child.until(lambda line: "ready" in line)
    for child in children:
        child.say_go()
    return [child.ends()[FOX] for child in children]


@pytest.mark.parametrize("polls", [1, 2, 3, 4, 6, 9, 15, 30])
def test_two_that_ask_for_the_same_at_once_get_the_same(tmp_path: Path, polls: int) -> None:
    with Service(video=VIDEO, folder=tmp_path / "library", polls=polls) as service:
        one, other = two(service)
        assert one == other
        assert one["end"] == "video"
        assert service.submits(FOX) == 1
        service.check()
        if service.store is None:
            assert sorted(path.suffix for path in service.folder.iterdir()) == [".json", ".mp4"]


def test_two_that_want_a_new_one_at_once_get_two(tmp_path: Path) -> None:
    with Service(video=VIDEO, folder=tmp_path / "library") as service:
        one, other = two(service, take=None)
        assert {one["end"], other["end"]} == {"video"}
        assert {one["id"], other["id"]} == set(service.jobs) == {"vid_000001", "vid_000002"}


@pytest.mark.parametrize("only_unfinished", [False, True], ids=["generate", "unfinished"])
@pytest.mark.parametrize(
    ("step", "before", "end"),
    [("submit", (), LOST), ("poll", (), DONE), ("poll", (properly,), DONE), ("download", (), DONE)],
    ids=["submit", "first poll", "second poll", "download"],
)
def test_one_looks_on_while_the_other_is_killed(
    tmp_path: Path, step: str, before: tuple[Fault, ...], end: str, only_unfinished: bool
) -> None:
    came, seen = threading.Event(), asyncio.Event()

    async def hold(exchange: Exchange) -> None:
        came.set()
        await seen.wait()
        await (
            make_then_kill if step == "submit" else kill_within_download(0.5) if step == "download" else kill
        )(exchange)

    with Service(video=VIDEO, folder=tmp_path / "library", **{step: [*before, hold]}) as service:  # type: ignore[arg-type]
        one = Child(service)
        service.victim.set_result(one)
        assert came.wait(60)
        other = Child(service, only_unfinished=only_unfinished)
        other.until(looks_on)
        service._loop.call_soon_threadsafe(seen.set)
        assert one.killed("while another looks on")
        assert other.ends()[FOX]["end"] == end
        service.check()
        assert service.submits(FOX) == 1
        if step == "download":
            assert [int(r.headers["range"][6:-1]) > 0 for r in service.requests if "range" in r.headers] == [
                True
            ]


def test_one_takes_over_from_another_that_was_killed_before_it_sent(tmp_path: Path) -> None:
    # The other has been asked for a video, too, so it may send what the first could not.
    with Service(video=VIDEO, folder=tmp_path / "library", submit=[reply(503, Retry_After="50")]) as service:
        one = Child(service)
        one.until(waits_to_send)
        other = Child(service)
        other.until(looks_on)
        one.kill()
        assert one.killed("while another looks on")
        assert other.ends()[FOX]["end"] == "video"
        service.check()
        assert service.submits(FOX) == 2


def test_one_takes_over_that_found_the_job_while_it_was_being_sent(tmp_path: Path) -> None:
    # As above, but the new client has taken the job up as an unfinished one by the time that it is asked for
    # it.
    came, answer = threading.Event(), asyncio.Event()

    async def hold(exchange: Exchange) -> None:
        came.set()
        await answer.wait()
        await reply(503, Retry_After="50")(exchange)

    with Service(video=VIDEO, folder=tmp_path / "library", submit=[hold]) as service:
        one = Child(service)
        assert came.wait(60)
        other = Child(service, unfinished_first=True)
        other.until(looks_on)
        service._loop.call_soon_threadsafe(answer.set)
        one.until(waits_to_send)
        one.kill()
        assert one.killed("while another looks on")
        assert other.ends()[FOX]["end"] == "video"
        service.check()
        assert service.submits(FOX) == 2


def suspended(service: Service, number: int, **plan: Any) -> Child:
    """A child that has stopped itself before what it does to a file for the `number`th time."""
    child = Child(service, at=(number, "before"), signal=int(signal.SIGSTOP), **plan)
    child.until(lambda line: "struck" in line)
    return child


@pytest.mark.slow
def test_one_is_suspended_and_the_other_does_its_work_or_looks_on(tmp_path: Path) -> None:
    operations = operations_of_one_life(tmp_path / "counted")
    recorded, locked = creation(operations), locking(operations)
    last = len(operations) - (0 if in_use[0] is None else 2)  # a bucket is not always looked through so often
    for number in [*range(1, locked + 1), *range(recorded + 1, recorded + 8, 2), last]:
        with Service(video=VIDEO, folder=tmp_path / str(number)) as service:
            one = suspended(service, number)
            other = Child(service)
            other.until(lambda line: looks_on(line) or "end" in line)
            one.process.send_signal(signal.SIGCONT)
            assert one.ends()[FOX] == other.ends()[FOX] == {**other.ends()[FOX], "end": "video"}, number
            assert service.submits(FOX) == 1
            service.check()


@pytest.mark.parametrize(
    "killed",
    [
        pytest.param(False, id="and goes on"),
        pytest.param(True, id="and is killed"),
    ],
)
def test_one_is_suspended_between_its_lock_and_its_record(tmp_path: Path, killed: bool) -> None:
    number = creation(operations_of_one_life(tmp_path / "counted"))
    with Service(video=VIDEO, folder=tmp_path / "library") as service:
        one = suspended(service, number)
        other = Child(service)
        other.until(looks_on)
        if killed:
            one.kill()
            assert one.killed("while another looks on")
        else:
            one.process.send_signal(signal.SIGCONT)
            assert one.ends()[FOX]["end"] == "video"
        assert other.ends()[FOX]["end"] == "video"
        service.check()
        assert service.submits(FOX) == 1


def test_one_is_suspended_before_it_takes_a_number_that_the_other_takes(tmp_path: Path) -> None:
    with Service(video=VIDEO, folder=tmp_path / "library") as service:
        one = suspended(service, 1, take=None)
        other = Child(service, take=None).ends()[FOX]
        one.process.send_signal(signal.SIGCONT)
        assert {one.ends()[FOX]["id"], other["id"]} == set(service.jobs) == {"vid_000001", "vid_000002"}


@in_folders
def test_what_a_killed_process_leaves_lying_about_is_cleared_away(tmp_path: Path) -> None:
    operations = operations_of_one_life(tmp_path / "counted")
    with Service(video=VIDEO, folder=tmp_path / "library") as service:
        linked = operations.index("link") + 1
        completed = max(number for number, name in enumerate(operations, 1) if name != "unlink")
        for prompt, number in {FOX: linked, OWL: completed}.items():
            assert Child(service, prompts=[prompt], at=(number, "after")).killed("at a change of a file")
        left = list(service.folder.glob(".*.tmp"))
        assert left
        for path in left:
            os.utime(path, (1, 1))  # one that is new may be somebody's
        assert {end["end"] for end in Child(service, prompts=[FOX, OWL]).ends().values()} == {"video"}
        assert sorted(path.suffix for path in service.folder.iterdir()) == [".json", ".json", ".mp4", ".mp4"]


@in_folders
def test_a_program_that_only_makes_a_client_ends_quietly(tmp_path: Path) -> None:
    code = f"from runcrate_widget import VideoClient; VideoClient({KEY!r}, library={str(tmp_path)!r})"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=ENVIRONMENT
    )
    assert (ran.stderr, ran.returncode) == ("", 0)
