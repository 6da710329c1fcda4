"""What a widget says of money: what was spent, and what is left of the client's limits.

All of it is counted from the library's records, in threads beside the engine's: a large library takes its
time.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from runcrate_widget.jobs.loop import engine, run_in_background

from .live import call_engine
from .state_messages import LimitRow

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.spending import Amount, SpendingLimit

_log = logging.getLogger("runcrate_widget")

_OFTEN = 10.0  # seconds: who only looks is told what others have spent no sooner


class Remainder:
    """What is left of a client's limits. `changed()` is called in the engine's thread when `row` has.

    In the engine's thread, but for the counting.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        #: None: there is no limit, or it is not known yet.
        self.row: LimitRow | None = None
        self._changed = changed
        self._limit: SpendingLimit | None = None  # what was counted for
        self._counted = -_OFTEN
        self._busy = False
        self._again = False

    def look_soon(self, client: VideoClient) -> None:
        """As `look`, from any thread."""
        engine().call(self.look, client)

    def look(self, client: VideoClient, *, spent: bool = True) -> None:
        """Has it counted anew; where nothing was `spent`, as far as is known, not too often."""
        limit = client._limit
        if not limit:
            self._limit = None
            self._show(None)
        elif self._busy:
            self._again = self._again or spent
        elif spent or limit is not self._limit or time.monotonic() - self._counted > _OFTEN:
            self._busy, self._again, self._limit = True, False, limit
            me = weakref.ref(self)  # a library that is slow to read keeps no widget

            def left() -> Amount | None:
                from runcrate_widget.jobs.known import known_records

                return limit.left(known_records(client.library))

            counting = run_in_background(left)
            counting.add_done_callback(lambda left: call_engine(lambda: _told(me, client, left)))

    def _told(self, client: VideoClient, left: Future[Amount | None]) -> None:
        self._busy, self._counted = False, time.monotonic()
        if error := left.exception():
            _log.error("What is left of the limits could not be counted: %s", error)
        elif client._limit is self._limit:
            amount = left.result()
            self._show(LimitRow(seconds=amount.seconds, dollars=amount.dollars) if amount else None)
        if self._again or client._limit is not self._limit:
            self.look(client)

    def _show(self, row: LimitRow | None) -> None:
        if row != self.row:
            self.row = row
            self._changed()


def _told(me: weakref.ref[Remainder], client: VideoClient, left: Future[Amount | None]) -> None:
    if (remainder := me()) is not None:
        remainder._told(client, left)
