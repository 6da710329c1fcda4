"""The program that test_crash.py kills: a notebook of one cell, which asks for some videos and waits for
them.

    python crash_child.py '{"url": …, "library": …, "prompts": ["A fox"]}'

It tells what happens, one JSON object a line. It can end or stop itself before or after the n-th thing that
it does to a file of its library: `"at": [n, "before"], "signal": 9`.
"""

from __future__ import annotations

import builtins
import fcntl
import json
import os
import sys
import threading
from collections.abc import Callable
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

    homes: list[tuple[Any, str]] = [
        (os, name) for name in ("open", "fsync", "link", "replace", "unlink", "mkdir")
    ]
    for home, name in [*homes, (builtins, "open"), (fcntl, "flock")]:
        setattr(home, name, watched(name, getattr(home, name)))
    return operations


def main() -> None:
    plan = json.loads(sys.argv[1])
    from runcrate_widget import VideoClient, errors
    from runcrate_widget.jobs import polling, run

    polling.SHORTEST, polling.LONGEST_BACKOFF, run._LOOK_EVERY = 0.01, 0.05, 0.05
    operations = watch(plan["library"], plan.get("at"), plan.get("signal", 9))
    tell(ready=True)
    if plan.get("wait_for_word"):
        sys.stdin.readline()
    client = VideoClient(plan["key"], base_url=plan["url"], library=plan["library"])
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
            file = job.wait(plan.get("timeout", 30)).path.name
        except errors.JobError as error:
            tell(prompt=job.request.prompt, end=type(error).__name__, id=job.id, said=str(error))
        else:
            tell(prompt=job.request.prompt, end="video", id=job.id, file=file)
    tell(operations=operations)


if __name__ == "__main__":
    main()
