"""`Wall`: what a widget knows of the library for its views: the version, what the files say, and
the jobs of entries that something was asked of.

The library is looked through when the wall is asked for, and from then on while somebody is there.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import RuncrateError
from runcrate_widget.jobs.loop import engine
from runcrate_widget.library.shelf import LOOK_EVERY, Shelf

from .elsewhere import made_elsewhere

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.library.entry import Entry
    from runcrate_widget.library.question import Question

    from .entries import Facts
    from .feed import Feed
    from .posters import Posters
    from .wall_messages import EntryRow

_TOLD_EVERY = 0.5  # seconds
_LOOKED_AT = 600.0  # seconds after a view's last word in which the folder is looked at
_REMEMBERED = 64  # jobs


class Wall:
    """Of one widget. `client` gives the one that it works with; `changed()` is called in the engine's
    thread, at most twice a second. What takes long is called in a thread beside, and says so. `aside`:
    whether it also says what others make.
    """

    def __init__(
        self,
        feed: Feed,
        client: Callable[[], VideoClient],
        changed: Callable[[], None],
        *,
        aside: bool = False,
    ) -> None:
        #: As it was told last; 0 until somebody asked.
        self.version = 0
        #: What other processes make in the library, in words.
        self.elsewhere = ""
        #: What is shown instead of the library; nothing is looked through for it.
        self.only: Shelf | None = None
        self._feed = feed
        self._client = client
        self._changed = changed
        self._aside = aside
        self._shelf: Shelf | None = None
        self._jobs: OrderedDict[str, VideoJob] = OrderedDict()  # held, so that each goes on being the one
        self._told = -_TOLD_EVERY
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None  # of the next word
        self._next_look: asyncio.TimerHandle | None = None

    @cached_property
    def facts(self) -> Facts:
        """What the files say. Loaded with the first row that is asked for."""
        from .entries import Facts

        return Facts()

    @cached_property
    def posters(self) -> Posters:
        from .posters import Posters

        return Posters()

    # In the engine's thread

    async def shelf(self) -> Shelf:
        """What is known of the library, once something is. Raises LibraryError."""
        shelf = self.only or self._client().library.shelf
        if shelf is not self._shelf:
            self._shelf = shelf
            shelf.subscribe(self._moved)
        self._heard_at = engine().loop.time()
        await asyncio.shield(asyncio.wrap_future(shelf.look()))
        self._go_on_looking()
        return shelf

    def forget(self) -> None:
        """The widget goes on with another client: views ask anew."""
        self._shelf, self.version, self.elsewhere = None, 0, ""
        self._jobs.clear()

    def heard(self) -> None:
        """A view has said something."""
        self._heard_at = engine().loop.time()
        self._go_on_looking()

    async def look_up(self, key: object) -> None:
        """Finds the job of an entry, if it is not in the list, for `job`."""
        shelf, client = self._shelf, self._client()
        if shelf is None or key in self._feed.list:
            return

        def find() -> VideoJob | None:
            entry = shelf.find(key)
            return client._look_up(entry.record) if entry else None

        job = await asyncio.to_thread(find)
        if job is not None:
            self._jobs[job.key] = job
            self._jobs.move_to_end(job.key)
            while len(self._jobs) > _REMEMBERED:
                self._jobs.popitem(last=False)

    def job(self, key: object) -> VideoJob | None:
        """The job of an entry that was looked up."""
        return self._jobs.get(key) if isinstance(key, str) else None

    def _go_on_looking(self) -> None:
        if self._shelf is not None and self.only is None and self._next_look is None:
            self._look_again()
            self._tell_soon()

    def _look_again(self) -> None:
        self._next_look = None
        silent = engine().loop.time() - self._heard_at
        if self._shelf is not None and not self._feed.resting and silent < _LOOKED_AT:
            self._shelf.look()
            self._next_look = engine().loop.call_later(LOOK_EVERY + 0.1, self._look_again)
        else:
            self._tell_soon()  # what others make is not known any more

    def _tell_soon(self) -> None:
        if self._timer is None and not self._feed.closed:
            pause = self._told + _TOLD_EVERY - engine().loop.time()
            self._timer = engine().loop.call_later(max(0.0, pause), self._tell)

    def _tell(self) -> None:
        self._timer, self._told = None, engine().loop.time()
        if self._shelf is None or self._feed.closed:
            return
        elsewhere = self._made_elsewhere(self._shelf) if self._aside and self._next_look else ""
        if (self._shelf.version, elsewhere) != (self.version, self.elsewhere):
            self.version, self.elsewhere = self._shelf.version, elsewhere
            self._changed()

    def _made_elsewhere(self, shelf: Shelf) -> str:
        return made_elsewhere([one for one in shelf.unfinished() if one.key not in self._feed.list])

    # In any thread

    def _moved(self) -> None:
        engine().call(self._tell_soon)

    # In a thread beside the engine's: what takes its time

    def rows(self, shelf: Shelf, asked: Question, start: int, count: int) -> tuple[int, list[EntryRow]]:
        """Some of the rows that a question finds, and of which version they are."""
        version, found = shelf.stacks(asked)
        shown = found.found[start : start + count]
        best = [min(stack, key=lambda take: take.rank) for stack in shown]
        sizes = [len(stack) if asked.stack is None else found.total for stack in shown]
        return version, self._rows(best, sizes)

    def rows_of(self, shelf: Shelf, keys: Sequence[str]) -> list[EntryRow]:
        """The rows of these entries, of those that there are."""
        entries = [entry for key in keys if (entry := shelf.find(key))]
        return self._rows(entries, [shelf.takes(entry) for entry in entries])

    def _rows(self, entries: Sequence[Entry], takes: Sequence[int]) -> list[EntryRow]:
        from runcrate_widget.library.parallel import side_by_side
        from runcrate_widget.library.places import bucket_of

        from .entries import entry_row

        library = self._client().library

        def row(at: int) -> EntryRow:
            return entry_row(entries[at], takes[at], library, self.facts)

        # Of those in a bucket only what may have been deleted is asked about.
        if any(entry.hidden and bucket_of(entry.record) for entry in entries):
            return side_by_side(row, range(len(entries)))
        return [row(at) for at in range(len(entries))]

    def each(self, shelf: Shelf, keys: Sequence[str], work: Callable[[Entry], Any]) -> None:
        """Does something with each of these entries: what goes wrong with one keeps it from no other, and is
        told at the end. Raises RuncrateError."""
        failed: list[RuncrateError] = []
        for key in keys:
            entry = shelf.find(key)
            try:
                if entry is None:
                    raise RuncrateError("The library does not have this video any more.", "Look again.")
                work(entry)
            except RuncrateError as error:
                failed.append(error)
        if failed:
            first = failed[0]
            if len(keys) > 1:
                first.message = f"It could not be done with {len(failed)} of {len(keys)}: {first.message}"
            raise first
