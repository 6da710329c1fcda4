"""The service's three calls over HTTP: one attempt each, typed answers, and every fault as one of our exceptions.

Nothing is sent twice from here: whether to ask again is the engine's business. The contract is API.md's: `POST /v1/videos`,
`GET /v1/videos/{id}`, `GET /v1/videos/{id}/download`.

Errors of httpx are never raised and never chained: their frames hold the request, and with it the key.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import quote, urlsplit

from runcrate_widget.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RuncrateError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from runcrate_widget.request import VideoRequest

from .limits import asked_to_wait

if TYPE_CHECKING:
    import httpx

_T = TypeVar("_T")

#: By asyncio, and by httpx and what it is made of. Some of it is private: a test tells when it has changed.
_IMPORTED_LATE = (
    "concurrent.futures.thread",
    "encodings.idna",
    "httpx",
    "httpcore._backends.anyio",
    "anyio._backends._asyncio",
)

BASE_URL = "https://api.runcrate.ai"

_CONNECT_TIMEOUT = 10.0
_READ_TIMEOUT = 30.0
# A submit that times out leaves the user with a job that nobody can confirm: it is given longer.
_SUBMIT_TIMEOUT = 90.0
_MOST_REDIRECTS = 5
_LONGEST_ANSWER = 1024 * 1024

_FAULTS: dict[int, tuple[type[APIError], str]] = {
    401: (
        AuthenticationError,
        "Check the API key: RUNCRATE_API_KEY in the environment, or VideoClient(api_key=…).",
    ),
    402: (
        InsufficientCreditsError,
        "Add credits or raise the budget in the Runcrate dashboard, then try again.",
    ),
    403: (PermissionDeniedError, "This key may not do that: see its permissions in the Runcrate dashboard."),
    404: (NotFoundError, "Check the id (or the model's id), and that the key belongs to the same account."),
    409: (ConflictError, "Wait a moment and look at the job again."),
    429: (RateLimitError, "Wait a minute, or ask for fewer jobs at once (max_concurrent=)."),
}
_BAD_REQUEST_HINT = "Change what the message names, then generate again. Nothing was made."
_SERVER_HINT = "This is the service's side: wait a little and try again."


class Key:
    """An API key that does not show itself: not in a repr, not in a pickle, not in `vars()`."""

    __slots__ = ("_reveal",)

    def __init__(self, text: str) -> None:
        wrong = ""
        if not isinstance(text, str):
            wrong = "is not a text"
        else:
            # Copied from a shell profile or a dashboard, keys come with quotes, a line's end, or the header's first word.
            text = re.sub(r"^bearer\s+", "", text.strip().strip("\"'`").strip(), flags=re.IGNORECASE)
            if not re.fullmatch(r"[\x21-\x7e]*", text):
                wrong = "has characters that no key has (spaces or non-ASCII)"
            elif not text:
                wrong = "is empty"
        if wrong:
            text = ""  # some tracebacks show the locals of their frames
            raise ConfigurationError(f"The API key {wrong}.", "It begins with rc_live_: copy it anew.")
        self._reveal = _sealed(text)

    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self._reveal()}"

    def redacted(self, body: bytes) -> bytes:
        """`body` without the key: some services repeat it when they refuse it."""
        return body.replace(self._reveal().encode(), repr(self).encode())

    def __repr__(self) -> str:
        if not hasattr(self, "_reveal"):  # a traceback with locals, of the constructor
            return "…"
        text = self._reveal()
        prefix = "rc_live_" if text.startswith("rc_live_") else ""
        return f"{prefix}…{text[-4:] if len(text) >= 16 else ''}"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return self._reveal() == other._reveal() if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._reveal())

    def __reduce__(self) -> NoReturn:
        raise TypeError("An API key is never pickled or copied: make the client anew where it is needed.")


def _sealed(text: str) -> Callable[[], str]:
    return lambda: text


@dataclass(frozen=True)
class Answer:
    """What the service says of a job: `error` is its reason when `status` is `failed`; `fields` is all it said."""

    id: str
    status: str
    error: str
    fields: dict[str, Any]

    @property
    def demo(self) -> bool:
        """Whether it was the demo backend that answered: it says so in every answer."""
        return self.fields.get("demo") is True


def check_base_url(base_url: str) -> str:
    """`base_url` without what it does not need. It must be https, or http to this machine itself: the key goes there.

    Raises:
        ConfigurationError: it is something else.
    """
    text = base_url.strip().rstrip("/") if isinstance(base_url, str) else ""
    text = text.removesuffix("/v1")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if (
        not re.fullmatch(r"[A-Za-z0-9.:-]+", host)
        or re.search(r"[\s\\@?#]|[^\x21-\x7e]", text)
        or parts.scheme not in ("http", "https")
    ):
        raise ConfigurationError(
            f"base_url is {base_url!r}, which is no URL of a service.", f"By default it is {BASE_URL}."
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"base_url is {base_url!r}: the API key would be readable on its way.",
            "Use https://; plain http:// is allowed only to this machine itself (127.0.0.1, localhost).",
        )
    return text


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself, whatever a name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _import_all() -> None:
    """Imports what the first request would, in this thread and not in the engine's.

    An interrupt in one thread that meets an import in another can leave both waiting for Python's import locks for ever.
    """
    for module in _IMPORTED_LATE:
        with contextlib.suppress(ImportError):
            import_module(module)
    with contextlib.suppress(ImportError, AttributeError):
        import_module("certifi").where()  # it imports, too


class VideoAPI:
    """The three calls. `key` is asked for the key at each of them, so that a mended one is used at once."""

    def __init__(self, base_url: str, key: Callable[[], Key]) -> None:
        _import_all()
        self.base_url = check_base_url(base_url)
        self.host = urlsplit(self.base_url).netloc
        self._key = key
        #: Requests a minute that the service allows this key, once it has said so.
        self.rate_limit: int | None = None
        #: Is told for how many seconds the service wants no further request.
        self.exhausted: Callable[[float], None] = lambda _: None
        #: Open connections, apart from this object, so that they can be closed when it is gone.
        self.connections: dict[str, httpx.AsyncClient] = {}

    async def submit(self, request: VideoRequest) -> Answer:
        """Asks for a video.

        Raises:
            TransportError: no answer; with `sent` True the service may have taken the job.
            APIError: the service refused; with a `ServerError` (not 503) or an `UnexpectedAnswerError` it may have taken it.
        """
        body = json.dumps(request.payload(), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        return await self._send("submit", "POST", f"{self.base_url}/v1/videos", self._answer, headers, body)

    async def status(self, id: str) -> Answer:
        """What has become of a job. Safe to repeat. Raises TransportError or APIError."""
        answer = await self._send("poll", "GET", self._url(id), self._answer)
        if answer.id != id:
            raise UnexpectedAnswerError(
                f"Asked for job {id}, the service answered for {answer.id[:80]!r}.", status=200
            )
        return answer

    async def download(self, id: str, part: Path, progress: Callable[[int, int | None], None]) -> None:
        """Writes the video into `part`, after what is already there where the server continues it. Safe to repeat.

        `progress` is told the bytes that are there, and how many it will be (None: not known).

        Raises:
            TransportError: the connection broke; `part` keeps what came.
            APIError: the service refused (404 while the job is not completed), or sent something that is no video.
            OSError: `part` cannot be written.
        """
        have = part.stat().st_size if part.exists() else 0
        url, headers = f"{self._url(id)}/download", dict[str, str]()
        if have:
            headers["Range"] = f"bytes={have}-"

        async def receive(response: httpx.Response) -> str | None:
            if response.is_redirect:
                return self._redirected(response)
            if response.status_code == 416:  # what is here is more than there is
                part.unlink()
                raise TransportError("The download could not be continued: it begins anew.", sent=True)
            await self._check(response)
            kind = response.headers.get("content-type", "").lower()
            if "json" in kind or "html" in kind:
                raise _unexpected(response, await self._body(response), "the video")
            start = have if response.status_code == 206 else 0
            if start and not response.headers.get("content-range", "").startswith(f"bytes {start}-"):
                part.unlink()
                raise TransportError("The service sent another part of the video: it begins anew.", sent=True)
            await _save(response, part, start, progress)
            return None

        for _ in range(_MOST_REDIRECTS + 1):
            target = await self._send("download", "GET", url, receive, headers)
            if target is None:
                return
            url = target
        raise UnexpectedAnswerError(
            f"The download redirects more than {_MOST_REDIRECTS} times.", _SERVER_HINT, status=310
        )

    def _url(self, id: str) -> str:
        if id in (".", "..") or not id:
            raise UnexpectedAnswerError(f"{id!r} is not the id of a job.", status=200)
        return f"{self.base_url}/v1/videos/{quote(id, safe='')}"

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        request: httpx.Request,
        auth: Callable[[httpx.Request], httpx.Request] | None,
        receive: Callable[[httpx.Response], Awaitable[_T]],
    ) -> _T:
        response = await client.send(request, auth=auth, stream=True)
        try:
            self._note_limits(response.headers)
            return await receive(response)
        finally:
            await response.aclose()

    def _note_limits(self, headers: httpx.Headers) -> None:
        limit = headers.get("x-ratelimit-limit", "")
        if limit.isdecimal() and int(limit) > 0:
            self.rate_limit = int(limit)
        if headers.get("x-ratelimit-remaining", "").strip() == "0" and (
            pause := asked_to_wait(headers, time.time())
        ):
            self.exhausted(pause)

    def _authorize(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = self._key().header()
        return request

    def _own_origin(self, url: str) -> bool:
        own, other = urlsplit(self.base_url), urlsplit(url)
        return (own.scheme, own.netloc.lower()) == (other.scheme, other.netloc.lower())

    def _redirected(self, response: httpx.Response) -> str:
        target = str(response.url.join(response.headers.get("location", "")))
        scheme = urlsplit(target).scheme
        if scheme != "https" and not (scheme == "http" and self.base_url.startswith("http:")):
            raise UnexpectedAnswerError(
                "The download redirects to where nothing is encrypted.", _SERVER_HINT, status=310
            )
        return target

    def _client(self, purpose: str) -> httpx.AsyncClient:
        import httpx

        if purpose not in self.connections:
            # A submit never travels on a connection that was kept: the server may be closing it, and nobody could tell
            # whether it had read the request. Proxies of the environment are not for this machine itself.
            self.connections[purpose] = httpx.AsyncClient(
                headers={"Accept-Encoding": "identity"},
                trust_env=not is_loopback(urlsplit(self.base_url).hostname or ""),
                limits=httpx.Limits(
                    max_keepalive_connections=0 if purpose == "submit" else 8, max_connections=None
                ),
                timeout=httpx.Timeout(
                    _SUBMIT_TIMEOUT if purpose == "submit" else _READ_TIMEOUT, connect=_CONNECT_TIMEOUT
                ),
            )
        return self.connections[purpose]

    async def _send(
        self,
        purpose: str,
        method: str,
        url: str,
        receive: Callable[[httpx.Response], Awaitable[_T]],
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> _T:
        """One request, and what `receive` makes of its answer. A fault of httpx becomes a TransportError without it."""
        import httpx

        never_sent = (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.ProxyError,
            httpx.UnsupportedProtocol,
        )
        # Not among the headers here: the locals of a frame show up in some tracebacks.
        auth = self._authorize if self._own_origin(url) else None
        sent = False
        try:
            client = self._client(purpose)
            request = client.build_request(method, url, headers=headers, content=body)
            sent = True
            # A download takes its time; anything else that drips on and on is a broken connection.
            within = (
                None
                if purpose == "download"
                else _SUBMIT_TIMEOUT
                if purpose == "submit"
                else 2 * _READ_TIMEOUT
            )
            return await asyncio.wait_for(self._exchange(client, request, auth, receive), within)
        except (RuncrateError, asyncio.CancelledError):
            raise
        except never_sent as error:
            why, sent = _why(error), False
        except OSError as error:
            if purpose == "download" and not isinstance(error, TimeoutError):
                raise  # the file's
            why = _why(error)
        except (
            Exception
        ) as error:  # of httpx, of what it is made of, of the environment's proxies and certificates
            why = _why(error)
        # Raised here, not above: within `except` it would drag httpx's error along as its context.
        host = urlsplit(url).netloc
        if sent:
            raise TransportError(
                f"The connection to {host} broke before the answer was complete ({why}).", sent=True
            )
        raise TransportError(
            f"{host} cannot be reached ({why}). Nothing was sent.",
            "Check the network, a proxy, and base_url.",
            sent=False,
        )

    async def _answer(self, response: httpx.Response) -> Answer:
        await self._check(response)
        body = await self._body(response)
        fields = _json(body)
        if not isinstance(fields, dict) or not _is_id(fields.get("id")):
            raise _unexpected(response, body, "a job's id")
        status = fields.get("status", "queued")
        status = (
            ascii(status)[:40]
            if not isinstance(status, str) or not status.isprintable()
            else status.strip().lower()
        )
        return Answer(fields["id"], status, error_text(fields) if status == "failed" else "", fields)

    async def _body(self, response: httpx.Response) -> bytes:
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _LONGEST_ANSWER:
                break
        return self._key().redacted(body)

    async def _check(self, response: httpx.Response) -> None:
        """Raises the APIError of an answer that is not 2xx."""
        status = response.status_code
        if response.is_redirect:
            raise UnexpectedAnswerError(
                f"{self.host} redirects elsewhere instead of answering.",
                "Correct base_url: the key is sent nowhere else.",
                status=status,
            )
        if response.is_success:
            return
        fields = _json(await self._body(response))
        about = fields.get("error") if isinstance(fields, dict) else None
        about = about if isinstance(about, dict) else fields if isinstance(fields, dict) else {}
        refused = _BAD_REQUEST_HINT if response.request.method == "POST" else _SERVER_HINT
        kind, hint = _FAULTS.get(
            status, (ServerError, _SERVER_HINT) if status >= 500 else (BadRequestError, refused)
        )
        said = error_text(fields) or f"{response.reason_phrase or 'no reason given'}"
        raise kind(
            f"The service refused ({status}): {said}",
            hint,
            status=status,
            code=_text(about.get("code")),
            type=_text(about.get("type")),
            retry_after=asked_to_wait(response.headers, time.time()),
        )


async def close(connections: dict[str, httpx.AsyncClient]) -> None:
    """Closes the connections of a VideoAPI; a later call of it opens new ones."""
    while connections:
        await connections.popitem()[1].aclose()


async def _save(
    response: httpx.Response, part: Path, have: int, progress: Callable[[int, int | None], None]
) -> None:
    length = response.headers.get("content-length", "")
    total = have + int(length) if length.isdigit() else None
    with open(part, "r+b" if have else "wb") as file:
        file.seek(have)
        file.truncate()
        progress(have, total)
        async for chunk in response.aiter_raw():
            file.write(chunk)
            have += len(chunk)
            progress(have, total)


def _unexpected(response: httpx.Response, body: bytes, wanted: str) -> UnexpectedAnswerError:
    said = error_text(_json(body)) or body[:120].decode("utf-8", "replace").strip()
    kind = response.headers.get("content-type", "no content type")
    return UnexpectedAnswerError(
        f"The service answered {response.status_code} without {wanted} ({kind}): {said!r}.",
        "Check base_url, and whether a proxy or a login page is on the way.",
        status=response.status_code,
    )


def error_text(fields: Any) -> str:
    """The service's own words in any of the error shapes that API.md names, on one line of at most 500 characters; or empty."""
    said = fields
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
            break
    if isinstance(said, dict):
        said = (
            said.get("message")
            or said.get("detail")
            or said.get("code")
            or (json.dumps(said) if said is not fields else "")
        )
    elif isinstance(said, list):
        said = json.dumps(said)
    text = " ".join(said.split()) if isinstance(said, str) else ""
    text = text.encode("utf-8", "replace").decode()  # half a character would break whoever passes it on
    return text if len(text) <= 500 else text[:499] + "…"


def _is_id(value: object) -> bool:
    # No control characters, no half ones, and nothing that is a path of its own.
    return isinstance(value, str) and value.isprintable() and value not in ("", ".", "..")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _why(error: Exception) -> str:
    words = " ".join(str(error).split())[:200]
    if not words and ("Timeout" in type(error).__name__):
        return "no answer in time"
    return words or type(error).__name__
