"""`Listing`: all records of a bucket, without a request for each.

The bucket's own listing says which records there are, and in which state. Many are read at a time. Where very
many are wanted, an index object is read before: the content of each record as some process has seen it, with
its state. It is believed only where the listing says that the record is still in that state, and that state
is the hash of that content (where a store has no hashes: where some of the records, read anew, are as it
says). Whoever finds that it knows too little writes it anew.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import random
import zlib
from collections.abc import Callable, Hashable, Iterator, Mapping

from runcrate_widget.errors import LibraryError
from runcrate_widget.library.parallel import side_by_side, threads
from runcrate_widget.library.store import Stored

from .bucket import Bucket, Listed, Tag

_INDEX = "index.json.gz"
_FORM = 1
_AT_ONCE = 64  # requests
_PAGE = 1000  # objects of one answer
_PARTS = 6  # of a listing, at the same time
_MANY = 200  # records: then the index is worth its while
_SAMPLE = 8  # records that are read anew, where nothing else says whether it is right
_chance = random.Random()  # not the one that a notebook may have seeded


class Listing:
    """Of the records below `records/`. For any thread."""

    def __init__(self, bucket: Bucket, read: Callable[[str], Stored | None]) -> None:
        self._bucket = bucket
        self._read = read
        self._ordered = True
        self._cuts: list[str] = []  # paths, between which there were about as many each

    def scan(self) -> Iterator[tuple[str, Tag]]:
        """The names of all records, and their states. Raises LibraryError."""
        # Pages come one after the other: of what was many, parts are listed at the same time.
        cuts = [None, *self._cuts, None]
        with threads(len(cuts), "runcrate_widget listing") as pool:
            parts = list(pool.map(self._part, cuts[:-1], cuts[1:]))
        paths = [one.path for part in parts for one in part]
        if self._cuts and paths != sorted(paths):  # a store that lists in an order of its own
            self._cuts, self._ordered = [], False
            parts = [self._part(None, None)]
        elif self._ordered and len(paths) >= _PARTS * _PAGE and paths == sorted(paths):
            step = len(paths) // _PARTS + 1
            self._cuts = paths[step::step]
        for part in parts:
            for one in part:
                if one.path.endswith(".json"):
                    yield one.path[len("records/") : -len(".json")], one.tag

    def _part(self, after: str | None, last: str | None) -> list[Listed]:
        """What comes after one path, up to another and with it."""
        part = []
        for one in self._bucket.list("records/", after):
            if last is not None and one.path > last:
                break
            part.append(one)
        return part

    def read(self, seen: Mapping[str, Hashable]) -> Iterator[tuple[str, Stored | None]]:
        """Those records, by their names and the states in which a scan has seen them. Raises LibraryError."""
        known: dict[str, Stored] = {}
        before = None
        if len(seen) >= _MANY:
            known, before = self._from_index(seen)
            yield from known.items()
        unknown = [name for name in seen if name not in known]
        with threads(_AT_ONCE, "runcrate_widget records") as pool:
            for name, stored in zip(unknown, pool.map(self._read, unknown), strict=True):
                yield name, stored
                if len(unknown) >= _MANY and stored is not None:
                    known[name] = stored
        if len(unknown) >= _MANY:
            self._write_index(known, before)

    def _from_index(self, seen: Mapping[str, Hashable]) -> tuple[dict[str, Stored], Tag | None]:
        found, known = self._bucket.get(_INDEX), dict[str, Stored]()
        if found is None:
            return known, None
        with contextlib.suppress(
            OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError, RecursionError
        ):
            told = json.loads(gzip.decompress(found.content))
            if told["form"] == _FORM:
                for name, (e_tag, version, content) in told["records"].items():
                    if seen.get(name) == (tag := Tag(e_tag, version)):
                        known[name] = Stored(content.encode("utf-8", "surrogatepass"), tag)
        return self._believed(known), found.tag

    def _believed(self, known: dict[str, Stored]) -> dict[str, Stored]:
        """What of the index is so: by its hash, and else, if some of it are so, all of it."""
        rest = {name: one for name, one in known.items() if not _is_hash(one.content, one.mark)}
        names = _chance.sample(sorted(rest), min(_SAMPLE, len(rest)))
        for name, now in zip(names, side_by_side(self._read, names), strict=True):
            if now is not None and now.mark == rest[name].mark and now != rest[name]:
                return {name: one for name, one in known.items() if name not in rest}
        return known

    def _write_index(self, known: Mapping[str, Stored], before: Tag | None) -> None:
        records = {
            name: (mark.e_tag, mark.version, content.decode("utf-8", "surrogatepass"))
            for name, (content, mark) in known.items()
            if isinstance(mark, Tag)
        }
        with contextlib.suppress(LibraryError, UnicodeError):  # it only saves time; another may be quicker
            content = gzip.compress(json.dumps({"form": _FORM, "records": records}).encode(), 6)
            if before is None:
                self._bucket.create(_INDEX, content)
            else:
                self._bucket.replace(_INDEX, content, before)


def _is_hash(content: bytes, state: Hashable) -> bool:
    """Whether that state is the MD5 of the content, as what S3 calls an ETag is; not of what is encrypted by
    a key of its owner."""
    said = state.e_tag if isinstance(state, Tag) else None
    return said is not None and said.strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest()
