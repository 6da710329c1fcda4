"""What a widget shows of the time before it, the jobs that an earlier kernel left unfinished, and of what
other notebooks make of them.

A large library takes its time, so all of it is read in a thread beside. Nothing that goes wrong there may
hide a job that waits for a person's decision.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from runcrate_widget.jobs.loop import engine, run_in_background

from .live import call_engine

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.library.shelf import Shelf

    from .feed import Feed

_log = logging.getLogger("runcrate_widget")


class Earlier:
    """`add(*jobs)` puts jobs into the widget, in the engine's thread."""

    def __init__(self, feed: Feed, add: Callable[..., None]) -> None:
        self._feed = feed
        self._add = add
        self._shelf: Shelf | None = None

    def look(self, client: VideoClient) -> None:
        """Has the jobs shown that are unfinished in the library, once they are found. At any time: they may
        have been found before anybody asks, and long after the widget is there.
        """
        self._shelf = client.library.shelf
        self._shelf.subscribe(self._moved)
        me = weakref.ref(self)  # a library that is slow to read keeps no widget
        client._resumed.add_done_callback(lambda jobs: run_in_background(lambda: _find(me, client, jobs)))

    def _moved(self) -> None:
        """Something of the library is another than before. In any thread."""
        call_engine(self._put_right)

    def _put_right(self) -> None:
        shelf = self._shelf
        if self._feed.closed or shelf is None:
            return
        for job in self._feed.list.at_rest():
            seen = shelf.seen(job.record.name)
            if seen is not None and (seen.status, seen.id) != (job.status, job.id):
                job._manager.look_again(job)

    def _show(self, jobs: list[VideoJob], decided: list[VideoJob]) -> None:
        if not self._feed.closed:
            for job in decided:
                self._feed.sent_again(job)
            self._add(*jobs)


def _find(me: weakref.ref[Earlier], client: VideoClient, resumed: Future[list[VideoJob]]) -> None:
    if error := resumed.exception():
        _log.error("What is unfinished in the library could not be taken up: %s", error)
    else:
        _tell(me, client, resumed.result())
    # Also where nothing was to be taken up: these wait for a person, and not for a client.
    _tell(me, client, _unconfirmed(client))
    try:
        _tell(me, client, client.unsent())
    except Exception:
        _log.exception("What was never sent could not be looked up")


def _tell(me: weakref.ref[Earlier], client: VideoClient, jobs: list[VideoJob]) -> None:
    decided = [job for job in jobs if job.status == "unconfirmed" and _was_sent_again(client, job)]

    def tell() -> None:
        if (earlier := me()) is not None:
            earlier._show(jobs, decided)

    engine().call(tell)


def _unconfirmed(client: VideoClient) -> list[VideoJob]:
    found = []
    for record in client.library.filter(status="unconfirmed", hidden=None):
        if record.service != client._service:
            continue
        try:
            found.append(client.job(record.key))
        except Exception:  # one that cannot be shown hides no other
            _log.exception("An unconfirmed job could not be shown: %r", record)
    return found


def _was_sent_again(client: VideoClient, job: VideoJob) -> bool:
    try:
        latest = client.library.current(job.request, job.take, job.record.service)
    except Exception:  # a damaged file: then the person decides
        _log.debug("The attempts of %r could not be read", job, exc_info=True)
        return False
    return latest is not None and latest.attempt > job.record.attempt
