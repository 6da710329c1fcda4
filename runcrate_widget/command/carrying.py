"""`carry`: a process that sends what others have left to it in a library, for as long as it runs."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections import Counter
from typing import TYPE_CHECKING

from runcrate_widget.errors import (
    InvalidRequestError,
    LibraryError,
    MissingKeyError,
    RuncrateError,
)
from runcrate_widget.format import videos

from . import codes
from .clients import client_of
from .codes import Tally
from .following import Interrupts
from .lines import carrier_object, job_object
from .words import clean, shown, told

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.carrier import Carrier, State
    from runcrate_widget.jobs.job import VideoJob

    from .out import Out

_TICK = 0.2  # seconds: a signal is heard after so long
#: Kinds of what holds it up, and passes by itself.
_PASSING = ("network", "rate_limit", "service", "unconfirmed")
_LOGGED = 30.0  # seconds between two lines of a log, where nothing has ended


def carry(asked: Namespace, out: Out) -> int:
    """Sends what is left to it, and goes on with what nobody carries, until it is interrupted."""
    if asked.folder is not None and asked.library is not None:
        raise InvalidRequestError("library", "The library is given twice.", "Leave out --library.")
    asked.library = asked.folder if asked.library is None else asked.library
    with client_of(asked) as client:
        if client.api_key is None:
            raise MissingKeyError
        from runcrate_widget.jobs.carrier import Carrier

        carrier = Carrier(
            client._manager,
            client.library,
            client._service,
            places=client.max_concurrent,
            limit=lambda: client._limit,
        )
        try:
            return _Carrying(asked, out, client, carrier).run()
        finally:
            client.close()  # what is being sent is awaited
            carrier.leave()


class _Carrying:
    """Looks again and again, and tells what has become of what."""

    def __init__(self, asked: Namespace, out: Out, client: VideoClient, carrier: Carrier) -> None:
        self._asked, self._out, self._client, self._carrier = asked, out, client, carrier
        self._tally = Tally()
        self._service = client._service
        self._begun = False
        self._others = 0  # looks at which another one was at work
        self._told = ""  # what holds it up
        self._logged, self._line = 0.0, ""
        self._object: dict[str, object] = {}

    def run(self) -> int:
        out, carrier, code = self._out, self._carrier, None
        with Interrupts() as interrupts:
            out.began = True
            while interrupts.number is None and code is None:
                began = time.monotonic()
                code = self._look()
                while (
                    code is None
                    and interrupts.number is None
                    and (left := began + carrier.pause - time.monotonic()) > 0
                    and not carrier.wait(min(left, _TICK))
                ):
                    pass
            out.clear()
            if interrupts.number is not None:
                out.say("Ending: what is being sent is awaited. (Once more ends this at once.)")
                self._client.close()
                code = interrupts.code
        return self._end(codes.ALL if code is None else code)

    def _look(self) -> int | None:
        """One look; an exit code if it is the last."""
        try:
            state = self._carrier.look()
        except LibraryError as error:
            if self._asked.until_done:
                raise
            self._hold(error)
            return None
        for job in state.ended:
            self._ended(job)
        self._others = 0 if state.other is None else self._others + 1
        if state.other is None and not self._begun:
            self._begun = True
            self._out.say(clean(f"Carrying {self._client.library.location}: Ctrl+C ends it in order."))
            self._say_what_is_not_ours()
        self._hold(state.held)
        if self._others > 1:  # who clears up has its lease for a moment
            self._once(f"There is {state.other} at work on this library: waiting to take over.")
        self._progress(state)
        return self._over(state) if self._asked.until_done else None

    def _say_what_is_not_ours(self) -> None:
        try:
            waiting = self._client.library.filter(status="waiting", hidden=None)
        except LibraryError:  # the next look says so
            return
        others = Counter(one.service for one in waiting if one.handed_over and one.service != self._service)
        for service, count in others.items():
            self._out.say(
                clean(f"Left to a carrier of {service}, and not sent by this one: {videos(count)}.")
            )

    def _over(self, state: State) -> int | None:
        if state.idle:
            return codes.ALL
        if self._carrier.in_hand or state.other is not None:  # what is begun may not be sent yet
            return None
        if state.held is not None and state.held.kind not in _PASSING:
            return codes.code_of(state.held)
        return codes.UNFINISHED if state.stopped and not state.waiting else None

    def _hold(self, error: RuncrateError | None) -> None:
        if error is not None:
            self._once(f"Waiting: {told(error)}")
        elif self._told and not self._others:
            self._told = ""
            self._out.say("Going on.")

    def _once(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._out.say(clean(text))

    def _ended(self, job: VideoJob) -> None:
        self._tally.note(job)
        if job.video is not None:
            self._out.text(shown(job.video.path))
        elif job.error is not None:
            self._out.say(f"{job.id or job.key} {job.status}: {told(job.error, job.key)}")
        self._out.object(job_object(job))

    def _progress(self, state: State) -> None:
        found = carrier_object(state, self._tally)
        if found != self._object:
            self._object = found
            self._out.object(found)
        if state.other is not None:  # who has it does not know how far that one is
            return
        parts = [f"{state.waiting:,} waiting", f"{state.sent:,} at the service"]
        parts += [f"{state.stopped:,} stopped, and tried again later"] if state.stopped else []
        line = f"{', '.join(parts)}; {self._tally} since it began"
        if sys.stderr is not None and sys.stderr.isatty():
            self._out.progress(line)
        elif line != self._line and time.monotonic() - self._logged >= _LOGGED:
            self._logged, self._line = time.monotonic(), line
            self._out.say(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}")

    def _end(self, code: int) -> int:
        left = [job for job in self._carrier.in_hand.values() if job.record.id is not None and not job.video]
        self._out.say(clean(f"{self._tally}." if any(self._tally.fields().values()) else "Nothing was made."))
        if left:
            verb = "goes" if len(left) == 1 else "go"
            self._out.say(
                f"{videos(len(left))} {verb} on at the service: the next carrier fetches what comes."
            )
        self._out.object({"type": "summary", **self._tally.fields(), "code": code})
        return code
