"""`Listing`: all records of a bucket, without asking for each: what changed since it was looked at last.

The store's own listing says which records there are, and in which state. Only those that are in another state
than before are read, many at a time. The first time, an index object is read before: the content of each
record as some process has seen it, with its state. It is believed only where the listing says that the record
is still in that state; whoever finds that it knows too little writes it anew.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from runcrate_widget.errors import LibraryError
from runcrate_widget.library.store import Stored

from .bucket import Bucket, Tag

_INDEX = "index.json.gz"
_FORM = 1
_AT_ONCE = 32  # requests
_WORTH_IT = 200  # records that the index did not know: then it is written


class Listing:
    """Of the records below `records/`. For any thread."""

    def __init__(self, bucket: Bucket, read: Callable[[str], Stored | None]) -> None:
        self._bucket = bucket
        self._read = read
        self._lock = threading.Lock()
        self._tags: dict[str, Tag] = {}  # as they were seen last
        self._fresh: dict[str, Stored] = {}  # read, and not yet asked for
        self._started = False

    def scan(self) -> Iterator[tuple[str, Tag]]:
        """The names of all records, and their states. The content of those that changed is at hand
        afterwards (`content`). Raises LibraryError."""
        with self._lock:
            listed = {
                one.path[len("records/") : -len(".json")]: one.tag
                for one in self._bucket.list("records/")
                if one.path.endswith(".json")
            }
            changed = [name for name, tag in listed.items() if self._tags.get(name) != tag]
            self._fresh.clear()
            index = None
            if not self._started and len(changed) >= _WORTH_IT:
                index = self._from_index(listed)
                changed = [name for name in changed if name not in self._fresh]
            with ThreadPoolExecutor(_AT_ONCE, "runcrate_widget records") as pool:
                for name, seen in zip(changed, pool.map(self._read, changed), strict=True):
                    if seen is not None:
                        self._fresh[name] = seen
            if not self._started and len(changed) >= _WORTH_IT:
                self._write_index(listed, index)
            self._tags, self._started = listed, True
        return iter(listed.items())

    def content(self, name: str) -> Stored | None:
        """A record as it was when all were looked at last."""
        seen = self._fresh.pop(name, None)
        return self._read(name) if seen is None else seen

    def _from_index(self, listed: dict[str, Tag]) -> Tag | None:
        found = self._bucket.get(_INDEX)
        if found is None:
            return None
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError, KeyError, AttributeError):
            told = json.loads(gzip.decompress(found.content))
            if told["form"] == _FORM:
                for name, (e_tag, version, content) in told["records"].items():
                    if listed.get(name) == (tag := Tag(e_tag, version)):
                        self._fresh[name] = Stored(str(content).encode("utf-8", "surrogatepass"), tag)
        return found.tag

    def _write_index(self, listed: dict[str, Tag], before: Tag | None) -> None:
        records = {
            name: (tag.e_tag, tag.version, seen.content.decode("utf-8", "surrogatepass"))
            for name, tag in listed.items()
            if (seen := self._fresh.get(name)) is not None and seen.mark == tag
        }
        with contextlib.suppress(LibraryError, UnicodeError):  # it only saves time; another may be quicker
            content = gzip.compress(json.dumps({"form": _FORM, "records": records}).encode(), 6)
            if before is None:
                self._bucket.create(_INDEX, content)
            else:
                self._bucket.replace(_INDEX, content, before)
