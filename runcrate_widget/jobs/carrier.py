"""`Carrier`: sends, within one rate limit and one budget, what others have left to it in a library, and goes
on with what a process that is gone has left unfinished.

It holds no more jobs than there are places at the service, and a few that come next: the library holds the
rest. What would refuse any job (the key, the credits, the budget, the network) holds all of them up, and
fails none; after a pause that gets longer, one job tries again. So it is where an answer is lost: each that
is sent then needs a person.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runcrate_widget.errors import (
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    JobError,
    LibraryError,
    PermissionDeniedError,
    RateLimitError,
    RuncrateError,
    ServerError,
    SpendingLimitError,
    TransportError,
)
from runcrate_widget.library.at_work import AtWork, take_office, tell, told
from runcrate_widget.library.attempts import is_owned
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, now
from runcrate_widget.library.store import Lease

from .job import VideoJob
from .known import known_records
from .living import living, onlooked
from .manager import JobManager
from .spending import SpendingLimit
from .unfinished import Unfinished

#: So many more than there are places are begun, so that none stays empty until the next look.
MORE = 4
_MOST_TAKEN_UP = 100  # of those that processes that are gone had sent
_MOST_ASKED = 20  # at each look: whether somebody carries them
#: Seconds. What is held up, and what has stopped, is tried again after so long, and then seldomer.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0
#: Where answers are lost.
LONGEST_LOST = 600.0

#: What refuses one job, and would refuse any other.
_OF_ALL = (
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    LibraryError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,  # 503, again and again
    SpendingLimitError,
    TransportError,
)
#: What may do so, and may be of one model.
_OF_ONE = (PermissionDeniedError, ServerError)


@dataclass(frozen=True)
class State:
    """How it stands after a look.

    Attributes:
        waiting: how many have been left to a carrier, and are not sent yet.
        sent: how many it has with the service, or whoever is at work in its place.
        ended: those that have come to an end since the last look.
        stopped: how many have stopped, and are tried again later.
        held: what holds up all that wait, or None.
        other: the carrier that is at work in its place, or None.
    """

    waiting: int = 0
    sent: int = 0
    ended: Sequence[VideoJob] = ()
    stopped: int = 0
    held: RuncrateError | None = None
    other: AtWork | None = None

    @property
    def idle(self) -> bool:
        """Whether there is nothing left to do, for it or for another."""
        return not (self.waiting or self.sent or self.stopped)


def _unsent(records: Sequence[Record], known: Iterable[Record]) -> list[Record]:
    """Those of which `known` does not say that they were sent since: what was, counts there."""
    sent = {one.name for one in known if one.status is not JobStatus.WAITING}
    return [one for one in records if one.name not in sent]


@dataclass
class _Rest:
    """It is not tried again before `until`."""

    pause: float = field(default_factory=lambda: FIRST_PAUSE)
    until: float = field(default_factory=lambda: time.monotonic() + FIRST_PAUSE)
    longest: float = field(default_factory=lambda: LONGEST_PAUSE)

    def again(self) -> None:
        self.pause = min(max(2 * self.pause, FIRST_PAUSE), self.longest)
        self.until = time.monotonic() + self.pause


class Carrier:
    """Of one library, with the jobs of `manager`, whose client takes up nothing by itself.

    `look()` is called again and again, by one thread; `wait()` waits until there may be something to do.

    Args:
        places: how many jobs may be with the service at a time.
        limit: what may be spent.
    """

    def __init__(
        self,
        manager: JobManager,
        library: Library,
        service: str,
        *,
        places: int,
        limit: Callable[[], SpendingLimit],
    ) -> None:
        #: The jobs that it has in hand, by the names of their records.
        self.in_hand: dict[str, VideoJob] = {}
        self._manager = manager
        self._library = library
        self._places = places
        self._limit = limit
        self._lease: Lease | None = None
        self._me = AtWork(socket.gethostname(), os.getpid(), service=service)
        self._news = threading.Event()
        self._taken_up: set[str] = set()  # of those in hand: they were sent by others
        self._unsent: set[str] = set()  # of those in hand: the service has not taken them yet
        self._resting: dict[str, _Rest] = {}
        self._asked: dict[str, int] = {}  # of those that others may carry: at which look that was asked
        self._looks = 0
        self._unfinished = Unfinished(library, service)
        self._left = 0  # of those that wait: how many are not in hand
        # What holds them up; in the engine's thread, too.
        self._lock = threading.Lock()
        self._held: RuncrateError | None = None
        self._hold = _Rest()
        self._accepted = 0
        self._refused: dict[str, int] = {}  # by names: how many had been accepted then
        manager._runs.hold(self._put_back)

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return self._unfinished.pause

    def wait(self, seconds: float) -> bool:
        """Waits for so long at most; whether there is something to do."""
        return self._news.wait(seconds)

    def look(self) -> State:
        """Begins what there is a place for. The library is looked through for it once in a while, and not
        whenever something ends. Raises LibraryError."""
        self._news.clear()
        self._looks += 1
        if not self._in_office():
            return self._look_on()
        ended = self._ended()
        for job in ended:
            self._unfinished.forget(job.record.name)
        if not self._unfinished.is_due(plenty=self._left > self._places):
            state = self._go_on(ended)
            if not state.idle:
                return state
        self._unfinished.look()
        return self._go_on(ended)

    def _look_on(self) -> State:
        """Another one is at work in its place."""
        other = told(self._library)
        if self._unfinished.is_due():
            self._unfinished.look()
        return State(len(self._unfinished.waiting), len(self._unfinished.under_way), other=other)

    def _go_on(self, ended: Sequence[VideoJob]) -> State:
        """With what was unfinished when the library was looked through last."""
        waiting, under_way = self._unfinished.waiting, self._unfinished.under_way
        self._forget_all_but(self._unfinished.names)
        self._take_up(under_way)
        held = self._feed(waiting)
        self._say(held)
        at_hand = sum(job.record.status is JobStatus.WAITING for job in self.in_hand.values())
        self._left = len(waiting) - sum(name in waiting for name in self.in_hand)
        stopped = sum(name in under_way and name not in self.in_hand for name in self._resting)
        return State(self._left + at_hand, len(self.in_hand) - at_hand, ended, stopped, held)

    def leave(self) -> None:
        """Leaves its place to another."""
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def _forget_all_but(self, names: set[str]) -> None:
        with self._lock:
            self._refused = {name: count for name, count in self._refused.items() if name in names}
        self._resting = {name: rest for name, rest in self._resting.items() if name in names}
        self._asked = {name: look for name, look in self._asked.items() if name in names}

    # Whose place it is.

    def _in_office(self) -> bool:
        if self._lease is not None and not self._lease.held():  # this process may have stood still for long
            self.leave()  # else it would be in its own way
        if self._lease is None:
            self._lease = take_office(self._library)
            if self._lease is not None:
                self._unfinished.note_others()
                self._me = replace(self._me, since=now().isoformat(timespec="seconds"), held="")
                tell(self._library, self._me)
        return self._lease is not None

    def _say(self, held: RuncrateError | None) -> None:
        """Has those that wait know what they wait for."""
        words = held.message if held else ""
        if words != self._me.held:
            self._me = replace(self._me, held=words)
            tell(self._library, self._me)

    # What it has in hand.

    def _ended(self) -> list[VideoJob]:
        ended = []
        for name, job in list(self.in_hand.items()):
            if name in self._unsent and job.record.id is not None:
                self._unsent.discard(name)
                self._accept()
            if not job.done:
                if job in onlooked:  # of a client of this process that only looks
                    self._begin(job.record)
                continue
            del self.in_hand[name]
            if name in self._unsent and job.record.status is JobStatus.UNCONFIRMED:
                self._lose()
            self._unsent.discard(name)
            self._taken_up.discard(name)
            if job.record.status.over or job.record.status is JobStatus.UNCONFIRMED:
                ended.append(job)
            else:
                self._resting.setdefault(name, _Rest(0.0)).again()
        return ended

    def _accept(self) -> None:
        """The service has taken one: what has held up the others does so no more."""
        with self._lock:
            self._accepted += 1
            if self._held is not None:
                self._held = None
                for name in self._refused:
                    self._resting.pop(name, None)

    def _lose(self) -> None:
        """The answer to one was lost: that of the next may be, too."""
        message = "The answer to a request was lost. One is tried again after a while."
        with self._lock:
            if self._held is None:
                self._hold = _Rest(longest=LONGEST_LOST)
                self._held = RuncrateError(message, "See `runcrate-widget jobs`.", kind="unconfirmed")

    def _begin(self, record: Record) -> None:
        waits = record.status is JobStatus.WAITING
        with self._library.lock:
            job = self._manager._job(record, wanted=waits)
        try:
            job = self._manager._revived(job)
        except JobError:  # another process has it after all
            self._resting.setdefault(record.name, _Rest(0.0)).again()
            return
        self.in_hand[record.name] = job
        (self._unsent if waits else self._taken_up).add(record.name)
        job._done.add_done_callback(lambda _: self._news.set())

    def _is_free(self, record: Record) -> bool:
        """Whether nobody else has it in hand."""
        here = living.get((record.folder, record.name))
        return (here is not None and not here.done) or not is_owned(record)

    def _fresh(self, records: Mapping[str, Record]) -> Iterator[Record]:
        """Those that may be begun, as far as they are asked for."""
        at, rests = time.monotonic(), self._resting
        for name, one in records.items():
            if name not in self.in_hand and (name not in rests or at >= rests[name].until):
                yield one

    def _take_up(self, records: Mapping[str, Record]) -> None:
        """Goes on with what the service has, and nobody carries."""
        left = sorted(self._fresh(records), key=lambda one: self._asked.get(one.name, 0))
        room = min(_MOST_ASKED, _MOST_TAKEN_UP - len(self._taken_up))
        for record in left[: max(room, 0)]:
            self._asked[record.name] = self._looks
            if self._is_free(record):
                self._begin(record)

    def _feed(self, waiting: Mapping[str, Record]) -> RuncrateError | None:
        """Begins the oldest of those that wait, as many as there is a place for. Gives what holds up the
        next."""
        begun = [waiting[name] for name in self.in_hand if name in waiting]
        fresh: Iterable[Record] = self._fresh(waiting)
        with self._lock:
            if not waiting:
                self._held = None
            if self._held is not None:
                if begun or time.monotonic() < self._hold.until:
                    return self._held
                # One tries it: rather another than one that was refused.
                fresh = sorted(fresh, key=lambda one: one.name in self._refused)[:1]
                if not fresh:
                    return self._held
                self._hold.again()
            held = self._held
        limit, room, known = self._limit(), self._room(), None
        for record in fresh:
            if room <= 0:
                break
            if not self._is_free(record):  # somebody with a key has asked for it, too
                continue
            if known is None:
                known = known_records(self._library) if limit else ()
                begun = _unsent(begun, known)
            try:
                limit.check_all([one.request for one in [*begun, record]], known, sent="")
            except SpendingLimitError as error:
                return error
            begun.append(record)
            self._begin(record)
            room -= 1
        return held

    def _room(self) -> int:
        """How many more may be begun."""
        # What is downloaded has left its place; what others have sent has none, and counts all the same.
        coming = sum(job.record.status is JobStatus.DOWNLOADING for job in self.in_hand.values())
        places = self._places + (0 if self._taken_up else MORE)
        return places - len(self.in_hand) + min(coming, 2 * places)

    def _put_back(self, job: VideoJob, error: RuncrateError) -> bool:
        """In the engine's thread: whether a job that is refused waits on. One that is not allowed, while
        others are, is refused for itself."""
        name = job.record.name
        with self._lock:
            own = isinstance(error, _OF_ONE) and (self._refused.get(name, self._accepted) < self._accepted)
            if job.record.handed_over is None or own or not isinstance(error, _OF_ALL):
                return False
            self._refused.setdefault(name, self._accepted)
            if self._held is None and not isinstance(error, SpendingLimitError):  # counted at each look
                self._hold = _Rest()
                self._held = error
        return True
