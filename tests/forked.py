"""A program of the tests that is forked from a process that has imported the product already: what it does and how it
is killed is its own, as with any other, and it begins without the third of a second of CPU that importing takes.

That process (multiprocessing's "forkserver", one for each process of pytest) has no client, no thread, and no file
of the product open.
"""

from __future__ import annotations

import atexit
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "runcrate_widget.client",
        "runcrate_widget.jobs.run",
        "runcrate_widget.library.cloud.store",
        "runcrate_widget.service.runcrate",
    ]
)
#: Whoever asks for an exit code takes it, and `start()` asks for all: two threads would get each other's in the way.
_one_asks = threading.Lock()


class Forked:
    """`main(word)` in a process of its own, which is killed after `patience` seconds: what the tests use of
    `subprocess.Popen`, with pipes of text for stdin and stdout.
    """

    def __init__(
        self,
        main: Callable[[str], None],
        word: str,
        *,
        env: dict[str, str],
        stderr: IO[str],
        patience: float = 120,
    ) -> None:
        stdin, say = _context.Pipe(duplex=False)
        hear, stdout = _context.Pipe(duplex=False)
        told = Connection(os.dup(stderr.fileno()), readable=False)
        with stdin, stdout, told:
            self._process = _context.Process(target=_run, args=(main, word, env, [stdin, stdout, told]))
            with _one_asks:
                self._process.start()
        with say, hear:
            self.stdin, self.stdout = os.fdopen(os.dup(say.fileno()), "w"), os.fdopen(os.dup(hear.fileno()))
        self._watchdog = threading.Timer(patience, self.kill)
        self._watchdog.start()

    @property
    def returncode(self) -> int | None:
        """None while it goes on; the negative number of the signal that has killed it."""
        with _one_asks:
            return self._process.exitcode

    def wait(self) -> None:
        multiprocessing.connection.wait([self._process.sentinel])

    def kill(self) -> None:
        self._process.kill()

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process.pid
        os.kill(self._process.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdin.close()
        self.stdout.close()
        self.wait()
        self._watchdog.cancel()


def _run(main: Callable[[str], None], word: str, env: dict[str, str], ends: list[Any]) -> None:
    os.environ.clear()
    os.environ.update(env)
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin = os.fdopen(0)
    try:
        main(word)
    finally:  # as where Python itself ends, which multiprocessing leaves out
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
