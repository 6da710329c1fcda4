"""The client, or the library alone, of what was given: on the same library as the notebooks."""

from __future__ import annotations

import os
import shlex
import subprocess
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from runcrate_widget.format import videos

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.library.library import Library


def client_of(asked: Namespace, *, resume: bool = False) -> VideoClient:
    """The client. Raises ConfigurationError, InvalidRequestError or LibraryError."""
    from runcrate_widget.client import VideoClient

    given: dict[str, Any] = {
        name: value
        for name in ("max_concurrent", "max_cost", "max_seconds", "limit_period", "owner", "carry")
        if (value := getattr(asked, name, None)) is not None
    }
    return VideoClient(
        base_url=asked.base_url,
        library=asked.library,
        demo=True if asked.demo else None,
        resume=resume,
        prices=dict(getattr(asked, "price", None) or []) or None,
        **given,
    )


def library_of(asked: Namespace) -> Library:
    """The library alone, for what only reads: it needs no key. Raises LibraryError."""
    from runcrate_widget.library.library import Library

    return Library(asked.library)


def how_to_resume(asked: Namespace, client: VideoClient, count: int) -> str:
    """What to do about jobs that the service has, and that nobody asks for any more."""
    if client.demo:
        return f"The demo backend ends with this command, and {videos(count)} with it: run it again."
    command = ["runcrate-widget", "resume"]
    for option, value in (("--library", asked.library), ("--base-url", asked.base_url)):
        command += [option, value] if value else []
    verb = "goes" if count == 1 else "go"
    return f"{videos(count)} {verb} on at the service. To fetch what comes: {_typed(command)}"


def _typed(command: list[str]) -> str:
    """As one types it here."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
