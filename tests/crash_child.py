"""The program that test_crash.py kills: a notebook of one cell, which asks for some videos and waits for
them.

    python crash_child.py '{"url": …, "library": …, "prompts": ["A fox"]}'

It tells what happens, one JSON object a line. It can end or stop itself before or after the n-th thing that
it does to a file of its library, or the n-th request to its bucket: `"at": [n, "before"], "signal": 9`. Its
clock can be another than ours (`"clock": 90`, in seconds), and the times of a bucket's leases shorter
(`"seconds": {"EXPIRES_AFTER": 2}`, see cloud/alive.py).
"""

from __future__ import annotations

import builtins
import fcntl
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from signal import pthread_kill
from typing import Any


def tell(**what: Any) -> None:
    """One write, so that threads do not get in each other's way, and nothing is lost in a buffer."""
    os.write(1, json.dumps(what).encode() + b"\n")


def watch(folder: str, at: list[Any] | None, signal: int) -> list[str]:
    """Has every change of a file in `folder` counted. Gives the list that they will be in."""
    operations: list[str] = []

    def strike(moment: list[Any]) -> None:
        if moment == at:
            tell(struck=operations)
            # To this thread, which then does nothing more: one to the process may be heard by another first.
            pthread_kill(threading.get_ident(), signal)

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            where = args[0]
            if not (
                name in ("fsync", "flock")
                or (not isinstance(where, int) and os.fsdecode(where).startswith(folder))
            ):
                return function(*args, **options)
            operations.append(name)
            number = len(operations)
            strike([number, "before"])
            try:
                return function(*args, **options)
            finally:
                strike([number, "after"])

        return call

    if "://" in folder:
        _watch_requests(operations, strike)
        return operations
    homes: list[tuple[Any, str]] = [
        (os, name) for name in ("open", "fsync", "link", "replace", "unlink", "mkdir")
    ]
    for home, name in [*homes, (builtins, "open"), (fcntl, "flock")]:
        setattr(home, name, watched(name, getattr(home, name)))
    return operations


def _watch_requests(operations: list[str], strike: Callable[[list[Any]], None]) -> None:
    """The same for a bucket: what is asked of it, as `put records/…`."""
    import obstore

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(store: Any, path: Any, *args: Any, **options: Any) -> Any:
            if str(path).startswith(("probe/", "alive/")):
                return function(store, path, *args, **options)
            operations.append(f"{name} {path}")
            number = len(operations)
            strike([number, "before"])
            try:
                return function(store, path, *args, **options)
            finally:
                strike([number, "after"])

        return call

    for name in ("get", "head", "put", "delete", "copy", "list"):
        setattr(obstore, name, watched(name, getattr(obstore, name)))


def set_clock(ahead: float) -> None:
    """Has the clock of this process be ahead, for all that is ours."""
    from runcrate_widget.library import record

    real_now, real_time, real_ns = record.now, time.time, time.time_ns
    modules = [module for name, module in sys.modules.items() if name.startswith("runcrate_widget")]
    for module in modules:
        if getattr(module, "now", None) is real_now:
            module.now = lambda: real_now() + timedelta(seconds=ahead)  # type: ignore[attr-defined]
    time.time = lambda: real_time() + ahead
    time.time_ns = lambda: real_ns() + int(ahead * 1e9)


def tell_of_troubles() -> None:
    """What the store says, of which a `LibraryError` repeats nothing."""
    from runcrate_widget.library.cloud import address, bucket

    unusable = address.unusable

    def telling(url: str, error: Exception) -> Any:
        tell(trouble=f"{type(error).__name__}: {error}"[:1000])
        return unusable(url, error)

    bucket.unusable = telling  # type: ignore[attr-defined]


def set_seconds(seconds: dict[str, float]) -> None:
    from runcrate_widget.library.cloud import alive, leases

    for name, value in seconds.items():
        for module in (alive, leases):
            if hasattr(module, name):
                setattr(module, name, value)


def main(word: str) -> None:
    plan = json.loads(word)
    from runcrate_widget import VideoClient, errors
    from runcrate_widget.jobs import polling, run

    polling.SHORTEST, polling.LONGEST_BACKOFF, run._LOOK_EVERY = 0.01, 0.05, 0.05
    if plan.get("clock"):
        set_clock(plan["clock"])
    if "://" in plan["library"]:
        set_seconds(plan.get("seconds", {}))
        tell_of_troubles()
    operations = watch(plan["library"], plan.get("at"), plan.get("signal", 9))
    tell(ready=True)
    if plan.get("wait_for_word"):
        sys.stdin.readline()
    client = VideoClient(
        plan["key"], base_url=plan["url"], library=plan["library"], **plan.get("options", {})
    )
    if plan.get("unfinished_first"):
        client.unfinished()
    if plan.get("only_unfinished"):
        jobs = client.unfinished()
    else:
        given = {"duration": 6, "take": plan.get("take", 1), "image": plan.get("image")}
        jobs = [client.generate(prompt, model="Veo 3.0", **given) for prompt in plan["prompts"]]
    for job in jobs:
        job.observe(lambda change: tell(note=change["new"]), "note")
        tell(note=job.note)
    for job in jobs:
        try:
            file = job.wait(plan.get("timeout", 110)).path.name
        except errors.JobError as error:
            tell(prompt=job.request.prompt, end=type(error).__name__, id=job.id, said=str(error))
        else:
            tell(prompt=job.request.prompt, end="video", id=job.id, file=file)
    tell(operations=operations)


if __name__ == "__main__":
    main(sys.argv[1])
