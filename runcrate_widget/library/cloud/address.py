"""Where a bucket is, and who we are to it: a library's URL, obstore's store, the chain of credentials, and
what is told of what goes wrong there.

Nothing of what a store's answer says is repeated: it may have the id of a key, or a signature.
"""

from __future__ import annotations

import os
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from runcrate_widget.errors import LibraryError, MissingExtraError

#: What a library's URL begins with.
SCHEMES = ("s3", "gs", "az", "memory")

#: Of one request. Silence ends the first kind, which is answered soon; the second takes as long as what it
#: brings, or the store's own work, does.
_TIMEOUTS = {"connect_timeout": "5s", "timeout": "60s"}
_SILENCE = {"read_timeout": "15s"}
# Of a large object: four parts of 8 MB at a time over a line of half a megabit a second.
_PATIENCE = {"timeout": "600s"}

# A request that was not answered is not asked again by obstore: it is by `Bucket`, once.
_RETRY: dict[str, Any] = {"max_retries": 4, "retry_timeout": timedelta(seconds=10)}

_STATUS = re.compile(r"\b(?:status code|status)[: ]+\(?(\d{3})\b|\b(4\d\d|5\d\d) [A-Z]")

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")

_LOOK = "Look at the network, the URL, the region and the endpoint (AWS_REGION, AWS_ENDPOINT_URL)."

#: What obstore's error has in it, what that means, and what to do.
_CAUSES = (
    (
        r"\bBadScheme\b|\bURL scheme is not allowed\b",
        "its endpoint is one of http, which is not encrypted",
        "Set AWS_ALLOW_HTTP=true if this server has no https; else mend the endpoint (AWS_ENDPOINT_URL).",
    ),
    (
        r"\bConnectionRefused\b|\bConnection refused\b",
        "nobody listens at its endpoint (connection refused)",
        "Start the server, or mend the endpoint (AWS_ENDPOINT_URL).",
    ),
    (r"\bdns error\b", "its host was not found", _LOOK),
    (r"\bkind: Timeout\b", "it did not answer in time", _LOOK),
)


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
        # Where there was an answer it has a code.
        causes = () if said else (one for one in _CAUSES if re.search(one[0], text))
        what, hint = next(
            ((told, hint) for _, told, hint in causes),
            (f"it did not answer as it should{said or f' ({kind})'}", _LOOK),
        )
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
    if "%" in rest or not rest.isprintable():  # obstore would read them as other characters
        message = f"library is a URL of {scheme}:// with a % or a control character in its path."
        raise LibraryError(message, "Write the path as it is; letters, digits, spaces and -_. will do.")
    path = "/".join(part for part in rest.split("/") if part)
    if not _BUCKET.fullmatch(bucket) or any(part in (".", "..") for part in path.split("/")):
        message = f"library is a URL of {scheme}:// that names no bucket, or goes up from it."
        raise LibraryError(message, f"Like this: {scheme}://bucket/team.")
    return f"{scheme}://{bucket}/{path}".rstrip("/")


def check_no_fork(url: str) -> None:
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


def opened(url: str, *, patient: bool = False) -> tuple[Any, bool]:
    """The store of obstore, and whether it signs URLs; `patient`: for what is not answered soon. Raises
    MissingExtraError or LibraryError."""
    try:
        from obstore.store import MemoryStore, from_url
    except ImportError:
        raise MissingExtraError(
            f"A library at {url.partition(':')[0]}://… needs obstore, which is not installed.",
            "pip install 'runcrate_widget[cloud]'",
        ) from None
    check_no_fork(url)
    scheme = url.partition(":")[0]
    if scheme == "memory":  # of this process, for tests
        with _opening:
            return _memories.setdefault(url, MemoryStore()), False
    more: Any = {}
    try:
        if scheme == "s3":
            more = _profile()
        times = _TIMEOUTS | (_PATIENCE if patient else _SILENCE)
        options: Any = {**times, "allow_http": _is_set("AWS_ALLOW_HTTP")}
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
