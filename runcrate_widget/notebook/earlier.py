"""What a widget shows of the time before it: the jobs that an earlier kernel left, and how many videos there
are.

A large library takes its time, so all of it is read in a thread beside. Nothing that goes wrong there may
hide a job that waits for a person's decision.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from concurrent.futures import Future

from runcrate_widget.client import VideoClient
from runcrate_widget.jobs.job import VideoJob
from runcrate_widget.jobs.loop import engine, run_in_background
from runcrate_widget.library.record import Record

from .feed import Feed

_log = logging.getLogger("runcrate_widget")


class Earlier:
    """`add(*jobs)` puts jobs into the widget, `changed()` is called when `count` has; both in the engine's
    thread.
    """

    def __init__(self, feed: Feed, add: Callable[..., None], changed: Callable[[], None]) -> None:
        #: How many finished videos the library has that are not in the list.
        self.count = 0
        self._feed = feed
        self._add = add
        self._changed = changed

    def look(self, client: VideoClient) -> None:
        """Has the jobs shown that are unfinished in the library, once they are found. At any time: they may
        have been found before anybody asks, and long after the widget is there.
        """
        me = weakref.ref(self)  # a library that is slow to read keeps no widget
        client._resumed.add_done_callback(lambda jobs: run_in_background(lambda: _find(me, client, jobs)))

    def videos(self, client: VideoClient) -> list[Record]:
        """What the library has of this service's videos that is not shown here, newest first."""
        return self._not_listed(_finished(client))

    def _not_listed(self, records: list[Record]) -> list[Record]:
        return [one for one in records if one.key not in self._feed.list]

    def counted(self, count: int) -> None:
        """So many are left. In the engine's thread."""
        self.count = count
        self._changed()

    def _show(self, jobs: list[VideoJob], decided: list[VideoJob]) -> None:
        if not self._feed.closed:
            for job in decided:
                self._feed.sent_again(job)
            self._add(*jobs)

    def _count(self, finished: list[Record]) -> None:
        if not self._feed.closed:
            self.counted(len(self._not_listed(finished)))


def _find(me: weakref.ref[Earlier], client: VideoClient, resumed: Future[list[VideoJob]]) -> None:
    if error := resumed.exception():
        _log.error("What is unfinished in the library could not be taken up: %s", error)
    else:
        _tell(me, client, resumed.result())
    # Also where nothing was to be taken up: these wait for a person, and not for a client.
    _tell(me, client, _unconfirmed(client))
    finished = _finished(client)
    _call(me, lambda earlier: earlier._count(finished))


def _tell(me: weakref.ref[Earlier], client: VideoClient, jobs: list[VideoJob]) -> None:
    decided = [job for job in jobs if job.status == "unconfirmed" and _was_sent_again(client, job)]
    _call(me, lambda earlier: earlier._show(jobs, decided))


def _call(me: weakref.ref[Earlier], tell: Callable[[Earlier], None]) -> None:
    def call() -> None:
        if (earlier := me()) is not None:
            tell(earlier)

    engine().call(call)


def _finished(client: VideoClient) -> list[Record]:
    """This service's videos that are there, newest first."""
    finished = client.library.filter(status="completed")
    return [one for one in finished if one.service == client._service and one.path.exists()]


def _unconfirmed(client: VideoClient) -> list[VideoJob]:
    found = []
    for record in client.library.filter(status="unconfirmed"):
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
