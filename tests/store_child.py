"""A process of its own that does to a store what it is told: `Other` starts it, and speaks with it.

    python store_child.py LOCATION '{"VALID_FOR": 1.0}'

The second word sets seconds of `cloud/alive.py` and `cloud/leases.py`. A line of its stdin is a call of the
store's, as JSON; a line of its stdout is what came of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from object_stores import Place
    from typing_extensions import Self


class Other:
    """Another process, at the same library."""

    def __init__(self, place: Place, cache: Path | None = None, **seconds: float) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in end())
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(place.location), json.dumps(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=place.environment(cache),
        )

    def ask(self, *call: Any) -> Any:
        """What comes of this call in that process."""
        self.begin(*call)
        return self.answer()

    def begin(self, *call: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise AssertionError(self._errors.read())
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        with self.process, self._errors:
            pass


class _Calls:
    def __init__(self, store: Any) -> None:
        self.store = store
        self.leases: dict[str, Any] = {}
        self.marks: dict[str, Any] = {}
        self.sinks: dict[str, Any] = {}

    def create_all(self, names: list[str]) -> list[str]:
        """Those that were ours."""
        return [name for name in names if self.store.create(name, str(os.getpid()).encode())]

    def append_all(self, journal: str, lines: list[str]) -> None:
        for line in lines:
            self.store.append(journal, line.encode())

    def replace_all(self, name: str, rounds: int) -> int:
        """Adds 1 to the number that a record is, so often; how often it had to be done again."""
        from runcrate_widget.library.store import Conflict

        again = 0
        for _ in range(rounds):
            while True:
                found = self.store.read(name)
                try:
                    self.store.replace(name, str(int(found.content) + 1).encode(), found.mark)
                    break
                except Conflict:
                    again += 1
        return again

    def lease(self, name: str) -> bool | None:
        """Whether it was had, and is sure."""
        if (lease := self.store.lease(name)) is None:
            return None
        self.leases[name] = lease
        return bool(lease.sure)

    def held(self, name: str) -> bool:
        return bool(self.leases[name].held())

    def release(self, name: str) -> None:
        self.leases.pop(name).release()

    def read(self, name: str) -> str | None:
        found = self.store.read(name)
        if found is None:
            return None
        self.marks[name] = found.mark
        return str(found.content.decode())

    def replace(self, name: str, content: str) -> bool:
        """In the state that was read last. False: it is in another."""
        from runcrate_widget.library.store import Conflict

        try:
            self.store.replace(name, content.encode(), self.marks[name])
        except Conflict:
            return False
        return True

    def arrive(self, name: str, content: str) -> int:
        """Some bytes of a video come; how many there were before."""
        from runcrate_widget.service.backend import Whole

        if name not in self.sinks:
            sink = self.sinks[name] = self.store.receive(name)
            before = int(sink.size)
            sink.resume() if before else sink.begin(Whole(total=100))
        else:
            sink, before = self.sinks[name], 0
        sink.write(content.encode())
        sink._file.flush()
        return before


def main() -> None:
    from runcrate_widget.library.places import opened

    location, seconds = sys.argv[1], json.loads(sys.argv[2])
    if seconds:
        from runcrate_widget.library.cloud import alive, leases

        for name, value in seconds.items():
            for module in (alive, leases):
                if hasattr(module, name):
                    setattr(module, name, value)
    calls = _Calls(opened(location if "://" in location else Path(location)))
    for line in sys.stdin:
        name, *given = json.loads(line)
        print(json.dumps(getattr(calls, name)(*given)), flush=True)


if __name__ == "__main__":
    main()
