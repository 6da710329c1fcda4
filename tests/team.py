"""A team at one library: processes that ask for the same videos, are killed at random, stand still for long, and
have clocks that are wrong; on machines of their own, as far as caches tell. The service outlives them all and
knows the truth.

    told = Team(service, folder, kills=100).run()
    assert told["doubled"] == told["lost"] == 0
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_server import Request
from test_crash import Child, Service

LONGEST = 0.4  # seconds from a submit to the kill that it calls for


@dataclass
class TeamService(Service):
    """The service, which tells when it was asked for so many videos."""

    progress: threading.Condition = field(default_factory=threading.Condition)

    def make_job(self, request: Request) -> str:
        id = super().make_job(request)
        with self.progress:
            self.progress.notify_all()
        return id


#: Of processes that the store did not answer: then it is not too busy, but broken.
MOST_RESTARTS = 30


@dataclass
class Team:
    """`processes` of them, each of which asks for `each` of the same `requests`.

    Process 0 stands still for `stopped` seconds when a third is made, and the clock of process 1 is `ahead`
    by so many seconds. `seconds`: of the leases (cloud/alive.py), in all of them.
    """

    service: TeamService
    folder: Path
    processes: int = 8
    each: int = 200
    requests: int = 400
    kills: int = 100
    stopped: float = 60.0
    ahead: float = 90.0
    seconds: dict[str, float] = field(default_factory=dict)
    patience: float = 1200.0
    seed: int = 1
    troubles: list[str] = field(default_factory=list)  #: What the store said, where it did not answer.

    def run(self) -> Counter[str]:
        """What became of it."""
        self._prompts = [f"Fox {number} of the team" for number in range(self.requests)]
        self._children: dict[int, Child] = {}
        self._over = threading.Event()
        self._killed: Counter[int] = Counter()
        self._restarts = 0
        began = time.monotonic()
        with ThreadPoolExecutor(self.processes + 2) as pool:
            lives = [pool.submit(self._live, number) for number in range(self.processes)]
            killer, stopper = pool.submit(self._kill), pool.submit(self._stop)
            try:
                for life in lives:
                    life.result()
            finally:
                self._over.set()
                with self.service.progress:
                    self.service.progress.notify_all()
            killer.result()
            stopper.result()
        told = self._judged()
        told["troubles of the store"], told["restarts"] = len(self.troubles), self._restarts
        told["seconds"] = round(time.monotonic() - began)
        return told

    def _plan(self, number: int) -> dict[str, Any]:
        chance = random.Random(f"{self.seed}-{number}")
        return {
            "prompts": chance.sample(self._prompts, self.each),
            "options": {"max_concurrent": 8},
            "seconds": {"_LOOK_EVERY": 0.1, **self.seconds},
            "clock": self.ahead if number == 1 else 0,
            "timeout": self.patience,
            "cache": self.folder / f"machine-{number % 3}",
            "patience": self.patience,
        }

    def _live(self, number: int) -> None:
        """One process, started again whenever it was killed, until it has all that it asked for."""
        while True:
            child = self._children[number] = Child(self.service, **self._plan(number))
            said = child.end()
            self.troubles += [line["trouble"] for line in child.told if "trouble" in line]
            if child.process.returncode == 0:
                assert not said, said
                return
            if "did not answer as it should" in said:  # moto, which is one process, has too much to do
                self._restarts += 1
                assert self._restarts <= MOST_RESTARTS, said
                continue
            assert child.process.returncode == -signal.SIGKILL, said
            self._killed[number] += 1

    def _kill(self) -> None:
        """Each time that so many more videos are being made, one of them is killed a moment later."""
        chance, pause = random.Random(f"{self.seed}"), threading.Event()
        for kill in range(1, self.kills + 1):
            if not self._made(kill * self.requests * 0.9 / self.kills):
                return
            pause.wait(chance.uniform(0, LONGEST))
            running = [
                child
                for number, child in self._children.items()
                if number != 0 and child.process.returncode is None and self._is_at_work(child)
            ]
            if running:
                chance.choice(running).process.kill()

    def _is_at_work(self, child: Child) -> bool:
        return bool(child.told)

    def _stop(self) -> None:
        if not self.stopped or not self._made(self.requests / 3):
            return
        child, pause = self._children[0], threading.Event()
        child.process.send_signal(signal.SIGSTOP)
        pause.wait(self.stopped)
        child.process.send_signal(signal.SIGCONT)

    def _made(self, count: float) -> bool:
        """Waits until the service has made so many. False: the team is done."""
        with self.service.progress:
            self.service.progress.wait_for(lambda: len(self.service.jobs) >= count or self._over.is_set())
        return len(self.service.jobs) >= count

    def _judged(self) -> Counter[str]:
        """One that comes later asks for all; then it is counted."""
        service = self.service
        last = Child(
            service,
            **{**self._plan(self.processes), "prompts": self._prompts, "clock": 0},
        )
        ends = last.ends()
        assert set(ends) >= set(self._prompts)
        service.settle()
        told: Counter[str] = Counter(kills=sum(self._killed.values()), submits=service.count("submit"))
        records: dict[str, list[dict[str, Any]]] = {}
        for record in service.all_records():
            records.setdefault(record["request"]["prompt"], []).append(record)
        videos = service.files("mp4")
        for prompt in self._prompts:
            ids, mine = service.made.get(prompt, []), records.get(prompt, [])
            statuses = [record["status"] for record in mine]
            known = {record["id"] for record in mine}
            told["doubled"] += max(0, len(ids) - 1)
            told["lost"] += any(id not in known for id in ids) and "unconfirmed" not in statuses
            told["falsely unconfirmed"] += "unconfirmed" in statuses and not service.submits(prompt)
            told["two records"] += len(mine) > 1
            told.update(statuses)
            told.update(
                f"failed: {one['error']['message'][:90]}" for one in mine if one["status"] == "failed"
            )
            for record in mine:
                if record["status"] == "completed":
                    content = [c for name, c in videos.items() if name.endswith(f"-{record['key']}.mp4")]
                    told["broken videos"] += content != [service.video]
        return told
