"""`python -m runcrate_widget.demo`: the demo backend alone, until Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import time
from collections.abc import Sequence

CURL = """\
curl {url}/v1/videos -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
  -d '{{"model": "google/veo-3.0", "prompt": "A cinematic sunrise over misty mountains", "duration": 6}}'
curl {url}/v1/videos/ID -H 'Authorization: Bearer {key}'
curl -L {url}/v1/videos/ID/download -H 'Authorization: Bearer {key}' -o video.mp4"""


def main(words: Sequence[str] | None = None, *, program: str = "python -m runcrate_widget.demo") -> int:
    """Serves until Ctrl-C or SIGTERM; returns the exit code. `words` are the arguments, by default those of
    the process; `program` is what it is called."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Speaks the Runcrate video API on this machine and makes real MP4s, marked DEMO.",
        epilog="A prompt that contains [fail] becomes a job that fails, one with [refuse] is refused. "
        "The first model that is asked for a prompt with [retired] is refused from then on.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8787, help="the port; 0 takes a free one (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=4.0, help="how long a job takes at the least (%(default)s)"
    )
    parser.add_argument(
        "--key", help="the only key that is accepted; by default every one that begins with rc_live_"
    )
    parser.add_argument("--rate-limit", type=int, default=120, help="requests a minute and key (%(default)s)")
    parser.add_argument(
        "--credits", type=int, metavar="SECONDS", help="seconds of video before the answer is 402"
    )
    parser.add_argument(
        "--redirect", action="store_true", help="downloads redirect to another port, where no key may go"
    )
    asked = parser.parse_args(words)

    try:
        from .server import DemoServer
    except ImportError as error:
        from . import EXTRA, HOW_TO_INSTALL

        if error.name not in EXTRA:
            raise
        print(HOW_TO_INSTALL, file=sys.stderr)
        return 1
    try:
        server = DemoServer(
            host=asked.host,
            port=asked.port,
            seconds=asked.seconds,
            key=asked.key or "rc_live_demo",
            any_key=asked.key is None,
            rate_limit=asked.rate_limit,
            credits=asked.credits,
            height=720,
            redirect=asked.redirect,
        )
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "the port is taken" if taken else str(error)
        print(
            f"Cannot listen on {asked.host} port {asked.port}: {why}. --port 0 takes a free one.",
            file=sys.stderr,
        )
        return 1
    with server:
        # SIGINT too: a shell starts what is in its background with SIGINT ignored.
        for end in (signal.SIGINT, signal.SIGTERM):
            signal.signal(end, signal.default_int_handler)
        try:
            print(f"Demo backend on {server.url} (Ctrl-C ends it)")
            print(
                "It accepts",
                "this key:" if asked.key else "every key that begins with rc_live_, for example",
                server.key,
            )
            print(f"\n{CURL.format(url=server.url, key=server.key)}", flush=True)
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
