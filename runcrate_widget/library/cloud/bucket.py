"""`Bucket`: the objects below one URL, by obstore. Whatever goes wrong there is a `LibraryError`.

Nothing of what a store's answer says is repeated: it may have the id of a key, or a signature.
"""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from runcrate_widget.errors import LibraryError

from .address import check_no_fork, normal, opened, unusable
from .waiting import Waiting

T = TypeVar("T")

#: Bytes of one part of a video that is uploaded; four at a time.
PART = 8 * 1024 * 1024
_PARTS = 4

#: Bytes that any line takes in a few seconds.
_SMALL = 100_000

#: Who has written an object: tells our own write, whose answer was lost, from another's.
_WRITER = "writer"

_CONFLICTS = 6  # of a write, one after the other, with nothing in its way: 3 to 6 seconds
_chance = random.Random()  # not the one that a notebook may have seeded


@dataclass(frozen=True)
class Tag:
    """A state of an object, as its store tells one from the next."""

    e_tag: str | None
    version: str | None


class Found(NamedTuple):
    """What there is: the content, and the state."""

    content: bytes
    tag: Tag


class Listed(NamedTuple):
    """What a listing says of an object."""

    path: str
    tag: Tag
    size: int


class Bucket:
    """The objects below `url`. For any thread of the process that opened it."""

    def __init__(self, url: str) -> None:
        self.url = normal(url)
        self._store, self._signs = opened(self.url)
        #: For what takes the store, or the line, its time.
        self._patient, _ = opened(self.url, patient=True)
        self._waiting = Waiting(self.url)
        #: How many requests were sent, for who measures.
        self.requests = 0

    def renew(self, other: Bucket) -> None:
        """Goes on with what `other` was opened with: the credentials of before may have expired."""
        self._store, self._patient, self._signs = other._store, other._patient, other._signs

    def _tag(self, told: Mapping[str, Any]) -> Tag:
        """From what obstore says of an object."""
        # Of a bucket of S3 that keeps versions a listing does not say which one it is; and none is asked for.
        version = None if self.url.startswith("s3:") else told.get("version")
        return Tag(told.get("e_tag"), version)

    # Small objects.

    def get(self, path: str) -> Found | None:
        """The object; None if there is none."""
        with self._telling():
            try:
                got, content = self._twice(lambda: _read(self._store, path))
                return Found(content, self._tag(got.meta))
            except FileNotFoundError:
                return None

    def has(self, path: str) -> bool:
        """Whether there is such an object."""
        import obstore

        with self._telling():
            try:
                self._twice(lambda: obstore.head(self._store, path))
            except FileNotFoundError:
                return False
            return True

    def create(self, path: str, content: bytes) -> Tag | None:
        """Makes the object; None if there is one, which stays as it is."""
        return self._put(path, content, "create")

    def replace(self, path: str, content: bytes, tag: Tag) -> Tag | None:
        """Replaces the object, which has to be in the state `tag`; None if it is in another, or gone."""
        # Of a store that told no state, nothing would be asked of it: it would be replaced whatever it is.
        mode = {name: text for name, text in vars(tag).items() if text is not None}
        return self._put(path, content, mode) if mode else None

    def put(self, path: str, content: bytes) -> Tag:
        """Makes or replaces the object, whatever it is."""
        tag = self._put(path, content, "overwrite")
        assert tag is not None
        return tag

    def _put(self, path: str, content: bytes, mode: Any) -> Tag | None:
        """Raises LibraryError if the store refuses it again and again, and nothing is in its way: S3 does so
        while two write at once (409, ConditionalRequestConflict)."""
        pause, writer = threading.Event(), secrets.token_hex(8)
        for attempt in range(_CONFLICTS):
            pause.wait(attempt and 0.05 * 2**attempt * (1 + _chance.random()))
            done, tag = self._put_once(path, content, mode, writer)
            if done:
                return tag
        message = f"Too many write {path} in the library {self.url} at the same time."
        raise LibraryError(message, "Try again.", kind="store")

    def _put_once(self, path: str, content: bytes, mode: Any, writer: str) -> tuple[bool, Tag | None]:
        """Whether it is decided, and how."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        soon = len(content) <= _SMALL
        store = self._store if soon else self._patient
        with self._telling():
            try:
                # Twice by the same writer: if the first has arrived after all, the second is refused.
                made = self._twice(
                    lambda: obstore.put(store, path, content, mode=mode, attributes={_WRITER: writer}),
                    soon=soon,
                )
                return True, self._tag(made)
            except (AlreadyExistsError, PreconditionError):
                tag, ours = self._there(path, writer)
                if ours:
                    return True, tag
                # Still as it has to be: then it was another's request that was in the way.
                known = Tag(mode.get("e_tag"), mode.get("version")) if isinstance(mode, dict) else None
                return mode != "overwrite" and tag != known, None
            except FileNotFoundError:
                if isinstance(mode, str):  # it is the bucket that is not there
                    raise
                tag, ours = self._there(path, writer)
                return True, tag if ours else None
            except Exception:
                if mode == "overwrite":
                    raise
                # It may have been taken, and the answer lost.
                with contextlib.suppress(Exception):
                    tag, ours = self._there(path, writer)
                    if ours:
                        return True, tag
                raise

    def _there(self, path: str, writer: str) -> tuple[Tag | None, bool]:
        """The state of the object, and whether this writer has made it: its answer was lost, and it was sent
        again."""
        import obstore

        self.requests += 1
        try:
            got = self._twice(lambda: obstore.get(self._store, path, options={"head": True}))
        except FileNotFoundError:
            return None, False
        return self._tag(got.meta), got.attributes.get(_WRITER) == writer

    def delete(self, path: str) -> None:
        """Removes the object, if there is one."""
        import obstore

        with self._telling(), contextlib.suppress(FileNotFoundError):
            self._twice(lambda: obstore.delete(self._store, path))

    def move(self, path: str, to: str) -> bool:
        """Gives the object another name, in the place of what has it. False: there is no such object."""
        import obstore

        with self._telling():
            try:
                self._twice(lambda: obstore.copy(self._patient, path, to), soon=False)
            except FileNotFoundError:
                return False
        self.delete(path)
        return True

    def list(self, prefix: str, after: str | None = None) -> Iterator[Listed]:
        """What there is below the prefix, which ends in a slash; in the order of names, from the first one
        after `after` on. A request for each thousand."""
        import obstore
        from obstore.exceptions import GenericError

        below, again = prefix.rstrip("/"), True
        with self._telling():
            self.requests -= 1
            while True:
                try:
                    pages = obstore.list(self._store, below, offset=after, chunk_size=1000)
                    while (page := self._waiting.call(partial(next, pages, None))) is not None:
                        self.requests += 1
                        for one in page:
                            after = one["path"]
                            yield Listed(after, self._tag(one), one["size"])
                    return
                except GenericError:  # as in `_twice`, and it goes on where it was
                    if not again:
                        raise
                    again = False

    # Videos.

    def upload(self, path: str, source: Path, kind: str) -> None:
        """Makes the object of a file, in parts, in the place of what is there."""
        import obstore

        with self._telling(), open(source, "rb") as file:
            self.requests += max(0, (os.fstat(file.fileno()).st_size - 1) // PART) + 1

            def put() -> None:
                file.seek(0)
                # Who follows a link to it saves it; a player does not mind.
                about = {"Content-Type": kind, "Content-Disposition": "attachment"}
                obstore.put(
                    self._patient, path, file, attributes=about, chunk_size=PART, max_concurrency=_PARTS
                )

            self._twice(put, soon=False)

    def download(self, path: str, write: Callable[[bytes], object]) -> int | None:
        """Reads the object, range by range; its size in bytes, or None if there is none."""
        at, tag = 0, None
        size: int | None = None
        while size is None or at < size:
            with self._telling():
                options: Any = {"range": (at, at + PART)}
                if tag is not None and tag.e_tag:
                    options["if_match"] = tag.e_tag  # and not the rest of another video
                try:
                    got, piece = self._twice(partial(_read, self._store, path, options))
                except FileNotFoundError:
                    return None
                size, tag = got.meta["size"], tag or self._tag(got.meta)
            if not piece:
                break
            write(piece)
            at += len(piece)
        return size

    def piece(self, path: str, offset: int, length: int) -> tuple[bytes, int] | None:
        """So many bytes of the object from there on, and its size; None if there is none."""
        options = {"range": (offset, offset + length)}
        with self._telling():
            try:
                got, content = self._twice(lambda: _read(self._store, path, options))
                return content, got.meta["size"]
            except FileNotFoundError:
                return None

    def sign(self, path: str, seconds: int) -> str | None:
        """A URL by which anybody may read the object for so long; None where the store has no such thing."""
        if not self._signs:
            return None
        import obstore

        with self._telling():
            return self._waiting.call(
                lambda: obstore.sign(self._store, "GET", path, timedelta(seconds=seconds))
            )

    # What goes wrong.

    def _twice(self, call: Callable[[], T], *, soon: bool = True) -> T:
        """Does it again if it was not answered. obstore does so, too, but not where it met silence, the
        machine slept meanwhile, or the process stood still: then its time was over before it went on. `soon`:
        the answer does not take long."""
        from obstore.exceptions import GenericError

        try:
            return self._waiting.call(call, told=soon)
        except GenericError:
            self.requests += 1
            return self._waiting.call(call, told=soon)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        check_no_fork(self.url)
        self.requests += 1
        try:
            yield
        except FileNotFoundError as error:
            raise unusable(self.url, error) from None
        except OSError:  # a LibraryError is one, too
            raise
        except Exception as error:
            raise unusable(self.url, error) from None


def _read(store: Any, path: str, options: Any = None) -> tuple[Any, bytes]:
    import obstore

    got = obstore.get(store, path, options=options)
    return got, bytes(got.bytes())
