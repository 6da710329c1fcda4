"""How long a library of 10,000 jobs takes to open, beside reading the same files with `json.loads` and
nothing else.

python tests/bench/library.py [jobs]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runcrate_widget import VideoRequest
from runcrate_widget.library.library import Library


def best_of(times: int, work: Callable[[], object]) -> float:
    """The shortest of some runs, in seconds."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def main() -> None:
    """Makes the library, and prints the times and their ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        library = Library(folder)
        request = VideoRequest("A cinematic sunrise over misty mountains", model="Veo 3.0")
        template, lock, _ = library.create(request, 1, 1, "https://api.runcrate.ai")
        assert lock is not None
        lock.release()
        for n in range(count - 1):
            fields = template.fields | {
                "key": f"{n:08x}",
                "id": f"vid_{n}",
                "status": "completed",
                "take": n + 2,
            }
            (folder / f"a-cinematic-sunrise-{n:08x}.json").write_text(json.dumps(fields, indent=1))
        opened = Library(folder)
        plain = best_of(3, lambda: [json.loads(path.read_bytes()) for path in folder.glob("*.json")])
        first = best_of(3, lambda: len(Library(folder)))
        assert len(opened) == count
        again = best_of(3, lambda: len(opened))
        lookup = best_of(3, lambda: opened.current(request, 5, "https://api.runcrate.ai"))
    print(
        f"{count} jobs: opened in {first:.2f} s; json.loads of the same files {plain:.2f} s; ratio {first / plain:.2f}"
    )
    print(
        f"looked at again (what changed is read): {again * 1000:.0f} ms; generate()'s look-up: {lookup * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
