"""`Bucket`: the objects below one URL, by obstore. Whatever goes wrong there is a `LibraryError`.

Nothing of what a store's answer says is repeated: it may have the id of a key, or a signature.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from runcrate_widget.errors import LibraryError, MissingExtraError

T = TypeVar("T")

#: What a library's URL begins with.
SCHEMES = ("s3", "gs", "az", "memory")

#: Bytes of one part of a video that is uploaded; four at a time.
PART = 8 * 1024 * 1024
_PARTS = 4

_TIMEOUTS = {"connect_timeout": "10s", "timeout": "60s"}
_RETRY: dict[str, Any] = {"max_retries": 4, "retry_timeout": timedelta(seconds=40)}

#: Who has written an object: tells our own write, whose answer was lost, from another's.
_WRITER = "writer"

_STATUS = re.compile(r"\b(?:status code|status)[: ]+\(?(\d{3})\b|\b(4\d\d|5\d\d) [A-Z]")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")


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
        self._store, self._signs = _opened(self.url)
        #: How many requests were sent, for who measures.
        self.requests = 0

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
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        writer = secrets.token_hex(8)
        with self._telling():
            try:
                # Twice by the same writer: if the first has arrived after all, the second is refused.
                made = self._twice(
                    lambda: obstore.put(self._store, path, content, mode=mode, attributes={_WRITER: writer})
                )
                return self._tag(made)
            except (AlreadyExistsError, PreconditionError):
                return self._of_writer(path, writer)
            except FileNotFoundError:
                if isinstance(mode, str):  # it is the bucket that is not there
                    raise
                return self._of_writer(path, writer)
            except Exception:
                if mode == "overwrite":
                    raise
                # It may have been taken, and the answer lost.
                with contextlib.suppress(Exception):
                    if tag := self._of_writer(path, writer):
                        return tag
                raise

    def _of_writer(self, path: str, writer: str) -> Tag | None:
        """The state of the object, if this writer has made it: its answer was lost, and it was sent again."""
        import obstore

        self.requests += 1
        try:
            got = self._twice(lambda: obstore.get(self._store, path, options={"head": True}))
        except FileNotFoundError:
            return None
        return self._tag(got.meta) if got.attributes.get(_WRITER) == writer else None

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
                self._twice(lambda: obstore.copy(self._store, path, to))
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
                    for page in obstore.list(self._store, below, offset=after, chunk_size=1000):
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
                    self._store, path, file, attributes=about, chunk_size=PART, max_concurrency=_PARTS
                )

            self._twice(put)

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
        import obstore

        with self._telling():
            try:
                got = obstore.get(self._store, path, options={"range": (offset, offset + length)})
                return bytes(got.bytes()), got.meta["size"]
            except FileNotFoundError:
                return None

    def sign(self, path: str, seconds: int) -> str | None:
        """A URL by which anybody may read the object for so long; None where the store has no such thing."""
        if not self._signs:
            return None
        import obstore

        with self._telling():
            return obstore.sign(self._store, "GET", path, timedelta(seconds=seconds))

    # What goes wrong.

    def _twice(self, call: Callable[[], T]) -> T:
        """Does it again if it was not answered. obstore does so, too, but not where the machine slept
        meanwhile, or the process stood still: then its time was over before it went on."""
        from obstore.exceptions import GenericError

        try:
            return call()
        except GenericError:
            self.requests += 1
            return call()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        _check_no_fork(self.url)
        self.requests += 1
        try:
            yield
        except LibraryError:
            raise
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                raise unusable(self.url, error) from None
            raise
        except Exception as error:
            raise unusable(self.url, error) from None


def _read(store: Any, path: str, options: Any = None) -> tuple[Any, bytes]:
    import obstore

    got = obstore.get(store, path, options=options)
    return got, bytes(got.bytes())


def unusable(url: str, error: Exception) -> LibraryError:
    """What is told of an error that the store gave."""
    text = str(error)
    codes = [*_CODE.findall(text), *(one for found in _STATUS.findall(text) for one in found if one)]
    said = f" ({', '.join(dict.fromkeys(codes))})" if codes else ""
    kind = type(error).__name__
    if kind in ("UnauthenticatedError", "PermissionDeniedError") or {"401", "403"} & set(codes):
        what = f"it does not let these credentials in{said}"
        hint = "They come from the store's own chain: environment variables, a profile, the machine's role."
    elif isinstance(error, FileNotFoundError):
        what, hint = f"there is no such bucket{said}", "Make it, or mend the URL."
    elif kind == "NotSupportedError":
        what, hint = "it does not know conditional writes", "A library needs them: choose another store."
    else:
        what = f"it did not answer as it should{said or f' ({kind})'}"
        hint = "Look at the network, the URL, the region and the endpoint (AWS_REGION, AWS_ENDPOINT_URL)."
    return LibraryError(f"The library {url} cannot be used: {what}.", hint, kind="store")


def normal(url: str) -> str:
    """The URL of a library, as it is shown and compared. Raises LibraryError."""
    # Nothing of a URL is repeated that is refused: it may have a secret in it.
    known = ", ".join(f"{one}://" for one in SCHEMES)
    given = url.partition("://")[0].lower()
    scheme = {"gcs": "gs", "azure": "az", "s3a": "s3"}.get(given, given)
    if scheme not in SCHEMES:
        message = f"library is a URL of {given[:20]}://…, which is no store that is known."
        raise LibraryError(message, f"Give a folder, or a URL that begins with one of {known}.")
    bucket, _, rest = url.partition("://")[2].partition("/")
    if "@" in bucket or "?" in url or "#" in url:
        raise LibraryError(
            f"library is a URL of {scheme}:// with more than a bucket and a path.",
            "Credentials come from the store's own chain (environment, profile, role), never from the URL.",
        )
    path = "/".join(part for part in rest.split("/") if part)
    if not _BUCKET.fullmatch(bucket) or any(part in (".", "..") for part in path.split("/")):
        message = f"library is a URL of {scheme}:// that names no bucket, or goes up from it."
        raise LibraryError(message, f"Like this: {scheme}://bucket/team.")
    return f"{scheme}://{bucket}/{path}".rstrip("/")


def _check_no_fork(url: str) -> None:
    """obstore's threads are not there after a fork, and it makes no others: it would never be answered."""
    global _process
    if _process is None:
        _process = os.getpid()
    elif _process != os.getpid():
        raise LibraryError(
            f"{url} cannot be used here: this process is a fork of one that has opened an object store.",
            'Start processes by "spawn": multiprocessing.set_start_method("spawn").',
        )


_process: int | None = None  # the one that uses obstore
_memories: dict[str, Any] = {}
_opening = threading.Lock()


def _opened(url: str) -> tuple[Any, bool]:
    """The store of obstore, and whether it signs URLs. Raises MissingExtraError or LibraryError."""
    try:
        from obstore.store import MemoryStore, from_url
    except ImportError:
        raise MissingExtraError(
            f"A library at {url.partition(':')[0]}://… needs obstore, which is not installed.",
            "pip install 'runcrate_widget[cloud]'",
        ) from None
    _check_no_fork(url)
    scheme = url.partition(":")[0]
    if scheme == "memory":  # of this process, for tests
        with _opening:
            return _memories.setdefault(url, MemoryStore()), False
    more: Any = {}
    try:
        if scheme == "s3":
            more = _profile()
        options: Any = {**_TIMEOUTS, "allow_http": _is_set("AWS_ALLOW_HTTP")}
        open_url: Any = from_url  # each kind of store has its own types
        return open_url(url, client_options=options, retry_config=_RETRY, **more), True
    except LibraryError:
        raise
    except Exception as error:
        raise unusable(url, error) from None


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("1", "true", "yes", "on")


def _profile() -> dict[str, Any]:
    """What a profile of the AWS command line says, where the environment names no key of its own."""
    named = os.environ.get("AWS_PROFILE", "")
    file = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    if os.environ.get("AWS_ACCESS_KEY_ID") or not (named or file.is_file()):
        return {}
    try:
        import boto3  # type: ignore[import-untyped,import-not-found,unused-ignore]
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError:
        if not named:
            return {}
        message = f"AWS_PROFILE is {named!r}, and what reads profiles is not installed."
        raise LibraryError(message, "pip install boto3, or set AWS_ACCESS_KEY_ID and the rest.") from None
    try:
        session = boto3.Session()
        provider = Boto3CredentialProvider(session)
    except Exception as error:
        message = f"The profile {named or 'default'!r} cannot be used ({type(error).__name__})."
        raise LibraryError(message, "Mend it, or set AWS_ACCESS_KEY_ID and the rest.") from None
    return {"credential_provider": provider} | (
        {"region": session.region_name} if session.region_name else {}
    )
