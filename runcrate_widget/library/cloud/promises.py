"""What a store must promise, and shows before a library is opened in it: nobody's money hangs on hope.

Of two who create an object, the second is refused; so is who replaces one in a state that it is no longer in.
Many servers that speak S3 pass over such conditions without a word: there two processes would pay for the
same video.
"""

from __future__ import annotations

import secrets
import threading

from runcrate_widget.errors import LibraryError

from .bucket import Bucket

_kept: set[str] = set()  # URLs, in this process
_checking = threading.Lock()


def check_promises(bucket: Bucket, identity: str) -> None:
    """Raises LibraryError if the store does not keep them, or cannot be used. `identity`: of what was checked
    before."""
    with _checking:
        if identity in _kept:
            return
        path = f"probe/{secrets.token_hex(8)}"
        # Where there is no answer, or a person interrupts, nothing more is asked: it stays there.
        broken = _broken_promise(bucket, path)
        try:
            bucket.delete(path)
        except LibraryError:
            # Who carries a job could not give it back, and nobody else could rate or delete its video.
            if not broken:
                message = f"The library {bucket.url} cannot be used: what is written there cannot be deleted."
                raise LibraryError(
                    message,
                    "Give these credentials the right to delete objects, too (on S3: s3:DeleteObject). "
                    "If they have it, try again.",
                    kind="store",
                ) from None
        if broken:
            raise _broken(bucket, broken)
        _kept.add(identity)


def _broken_promise(bucket: Bucket, path: str) -> str:
    """What the store does that it must not, or ""."""
    first = bucket.create(path, b"first")
    second = bucket.replace(path, b"second", first) if first else None
    if second is None or first is None:
        return "an object that nobody else touched could not be replaced"
    if bucket.create(path, b"rival") is not None:
        return "it lets an object be created that is there"
    if bucket.replace(path, b"stale", first) is not None:
        return "it lets an object be replaced by who knows only an earlier state of it"
    found = bucket.get(path)
    if found is None or found.content != b"second" or found.tag != second:
        return "it does not give back what was written last"
    if [one.tag for one in bucket.list("probe/") if one.path == path] != [second]:
        return "its listing does not have what was written last"
    return ""


def _broken(bucket: Bucket, what: str) -> LibraryError:
    return LibraryError(
        f"The library {bucket.url} cannot be used: {what}. A video could be paid twice.",
        "Use a store with conditional writes (S3 since 2024, Google Cloud Storage, Azure, MinIO, SeaweedFS), "
        "or a folder.",
        kind="store",
    )
