"""A library and a service through whatever happens, in whatever order: processes that are killed, answers that are lost,
records that are damaged, clocks that jump, clients that are closed. After each step: no more jobs than were asked for, no id
forgotten, no file named `.mp4` that is not whole."""

from __future__ import annotations

import json
import os
import re
import tempfile
import threading
import warnings
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import crash_child
import pytest
from fault_server import KEY, FaultServer, close, cut, html, made, reply, reset, short, status
from forked import Forked
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from object_stores import ObjectStore
from videos import small_mp4

import runcrate_widget
from runcrate_widget import VideoClient, VideoJob, errors
from runcrate_widget.jobs import polling, run
from runcrate_widget.library import naming, record
from runcrate_widget.library.cloud import alive, leases
from runcrate_widget.library.cloud.store import CloudStore

pytestmark = pytest.mark.slow

VIDEO = small_mp4(1)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(runcrate_widget.__file__).parents[1])}

PROMPTS = st.sampled_from(["A fox", "An owl"])
FAULTS: dict[str, list[Any]] = {
    "submit": [
        made(reset),
        made(close),
        reset,
        reply(429),
        reply(503),
        reply(500),
        made(reply(502)),
        made(html()),
    ],
    "poll": [reset, reply(502), reply(429), status("failed", error="too dark"), html(), reply(404)],
    "download": [cut(0.5), short(0.5), reset, reply(503), html()],
}

_KEPT = re.compile(r"\.(json(\.damaged\d*)?|mp4)$")


class Lives(RuleBasedStateMachine):
    """`allowed` counts, for each prompt, how often a person said that it may be sent."""

    store: ObjectStore | None = None  #: With the library in it; else it is in a folder.

    @initialize()
    def begin(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name) / "videos"
        self.library: Any = self.store.new_library() if self.store else self.folder
        own = self.store.environment(self.folder) if self.store else {}
        self.environment = {**ENVIRONMENT, **own}
        self.own = mock.patch.dict(os.environ, own)
        self.own.start()
        self.leases = [mock.patch.object(module, "_LOOK_EVERY", 0.02) for module in (alive, leases)]
        for each in self.leases:
            each.start()
        self.server = FaultServer(video=VIDEO, polls=1).__enter__()
        self.shorter = mock.patch.multiple(polling, SHORTEST=0.01, LONGEST_BACKOFF=0.02)
        self.shorter.start()
        self.look = mock.patch.object(run, "_LOOK_EVERY", 0.02)
        self.look.start()
        self.clock = timedelta()
        now = record.now

        def moved() -> Any:
            return now() + self.clock

        self.times = [mock.patch.object(module, "now", moved) for module in (naming, run)]
        for patch in self.times:
            patch.start()
        self.client: VideoClient = self.opened()
        self.allowed: Counter[str] = Counter()
        self.corrupted = self.count = 0

    def opened(self) -> VideoClient:
        return VideoClient(KEY, base_url=self.server.url, library=self.library)

    def finished(self, job: VideoJob) -> None:
        """Waits for its end, whatever that is."""
        try:
            job.wait(60)
        except errors.WaitTimeoutError:
            raise
        except errors.JobError:
            pass

    def ask(self, prompt: str) -> None:
        """As a cell that is run again. What failed, or cannot be told from it, may be sent anew."""
        before = [one for one in self.client.library if one.prompt == prompt]
        if all(one.status in ("failed", "cancelled") for one in before):
            self.allowed[prompt] += 1
        try:
            self.finished(self.client.generate(prompt, model="Veo 3.0", duration=6))
        except errors.DamagedRecordError:
            assert self.corrupted

    @rule(prompt=PROMPTS)
    def generate(self, prompt: str) -> None:
        self.ask(prompt)

    @rule(step=st.sampled_from(sorted(FAULTS)), data=st.data())
    def generate_while_something_goes_wrong(self, step: str, data: st.DataObject) -> None:
        self.count += 1
        prompt = f"Another fox, number {self.count}"
        self.server._faults[step] = [data.draw(st.sampled_from(FAULTS[step]))]
        self.ask(prompt)
        self.server._faults[step] = []

    @rule(prompt=PROMPTS, at=st.integers(1, 60), when=st.sampled_from(["before", "after"]))
    def another_process_is_killed(self, prompt: str, at: int, when: str) -> None:
        self.client.close()
        before = [one for one in self.client.library if one.prompt == prompt]
        if all(one.status in ("failed", "cancelled") for one in before):
            self.allowed[prompt] += 1
        plan = {"url": self.server.url, "key": KEY, "library": str(self.library), "prompts": [prompt]}
        word = json.dumps({**plan, "at": [at, when], "signal": 9})
        with (
            tempfile.TemporaryFile("w+") as said,
            Forked(crash_child.main, word, env=self.environment, stderr=said) as child,
        ):
            child.stdout.read()
        self.client = self.opened()

    @rule()
    def a_new_kernel(self) -> None:
        self.client.close()
        self.client = self.opened()
        for job in self.client.unfinished():
            self.finished(job)

    @rule(prompt=PROMPTS)
    def closed_at_once(self, prompt: str) -> None:
        before = [one for one in self.client.library if one.prompt == prompt]
        if all(one.status in ("failed", "cancelled") for one in before):
            self.allowed[prompt] += 1
        try:
            self.client.generate(prompt, model="Veo 3.0", duration=6)
        except errors.DamagedRecordError:
            assert self.corrupted
        self.client.close()
        self.client = self.opened()

    @rule(hours=st.integers(-48, 48))
    def the_clock_jumps(self, hours: int) -> None:
        self.clock += timedelta(hours=hours)

    @rule(prompt=PROMPTS)
    def a_record_is_damaged(self, prompt: str) -> None:
        self.client.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for one in self.client.library:
                if one.prompt == prompt and one.status == "completed":
                    damaged = b'{"version": 2, "id": '
                    store = self.client.library.store
                    if isinstance(store, CloudStore):
                        store.bucket.put(f"records/{one.name}.json", damaged)
                    else:
                        (self.folder / f"{one.name}.json").write_bytes(damaged)
                    self.corrupted += 1
                    break
            self.client = self.opened()
            len(self.client.library)

    @rule(prompt=PROMPTS)
    def lock_files_are_removed(self, prompt: str) -> None:
        for path in self.folder.glob("*.lock"):
            path.unlink(missing_ok=True)
        store = self.client.library.store
        if isinstance(store, CloudStore):
            for one in list(store.bucket.list("leases/")):
                store.bucket.delete(one.path)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        self.settle()
        submits: Counter[str] = Counter()
        for request in list(self.server.requests):
            if request.step == "submit":
                submits[json.loads(request.body)["prompt"]] += 1
        files = self.files()
        texts = "".join(text.decode(errors="replace") for name, text in files.items() if ".json" in name)
        records = [json.loads(text) for name, text in files.items() if name.endswith(".json")]
        open_ends = [
            one for one in records if one["id"] is None and one["status"] in ("submitting", "unconfirmed")
        ]
        unknown = [id for id in self.server.jobs if f'"{id}"' not in texts]
        assert len(unknown) <= len(open_ends) + self.corrupted, (unknown, records)
        assert len(self.server.jobs) <= sum(self.allowed.values()), (self.allowed, submits)
        assert all(content == VIDEO for name, content in files.items() if name.endswith(".mp4"))

    def files(self) -> dict[str, bytes]:
        """What there is of records, damaged ones (`….damaged`) and videos."""
        if self.store is None:
            # And no lock, which may just be given back.
            found = [path for path in self.folder.glob("*.*") if _KEPT.search(path.name)]
            return {path.name: path.read_bytes() for path in found}
        objects = self.store.objects(self.library)
        return {
            path.partition("/")[2] + (".damaged" if path.startswith("damaged/") else ""): content
            for path, content in objects.items()
            if path.startswith(("records/", "videos/", "damaged/"))
        }

    def settle(self) -> None:
        """Waits until nobody writes any more: what is under way here has come to its end."""
        pause = threading.Event()
        for _ in range(3000):
            if not any(one.record.status == "submitting" for one in self.client._manager._runs.wanted()):
                return
            pause.wait(0.01)
        raise AssertionError("it does not come to an end")

    def teardown(self) -> None:
        if hasattr(self, "times"):  # also where no client came of it
            if hasattr(self, "client"):
                self.client.close()
            self.server.__exit__()
            for patch in self.times:
                patch.stop()
            for each in self.leases:
                each.stop()
            self.own.stop()
            self.look.stop()
            self.shorter.stop()
            self.place.cleanup()


Lives.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestLives = Lives.TestCase


@pytest.mark.parametrize("kind", ["moto", "seaweed"])
def test_the_same_in_a_bucket(request: pytest.FixtureRequest, kind: str) -> None:
    class InBucket(Lives):
        store = request.getfixturevalue(f"{kind}_server")

    run_state_machine_as_test(InBucket, settings=Lives.TestCase.settings)
