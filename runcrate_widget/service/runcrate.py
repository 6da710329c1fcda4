"""Runcrate's three calls over HTTP: one attempt each, typed answers, and every fault as one of our
exceptions.

Nothing is sent twice from here: whether to ask again is the business of a job's run. The contract is
`docs/`'s page of the API: `POST /v1/videos`, `GET /v1/videos/{id}`, `GET /v1/videos/{id}/download`.

Errors of httpx are never raised and never chained: their frames hold the request, and with it the key.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

from runcrate_widget.errors import RuncrateError, TransportError, UnexpectedAnswerError
from runcrate_widget.request import VideoRequest, wire_body

from .address import check_base_url, is_loopback, same_origin
from .answers import SERVER_HINT, error_text, is_id, read_answer, read_json, refusal
from .backend import Answer, Sink
from .connections import Connections
from .key import Key
from .limits import Limits, asked_to_wait, read_limits

if TYPE_CHECKING:
    import httpx

_T = TypeVar("_T")

_READ_TIMEOUT = 30.0
# A submit that times out leaves the user with a job that nobody can confirm: it is given longer.
_SUBMIT_TIMEOUT = 90.0
_MOST_REDIRECTS = 5
_LONGEST_ANSWER = 1024 * 1024


class RuncrateBackend:
    """The three calls, as `Backend` has them. The demo backend is the same service at another address.

    Args:
        base_url: https, or http to this machine.
        key: is asked for the key at each call, so that a corrected one is used at once.
        demo: whether it is the demo backend, which is a new one, at a new port, in each process.

    Raises:
        ConfigurationError: the base URL would leak the key, or is none.
    """

    dashboard = "the Runcrate dashboard"

    def __init__(self, base_url: str, key: Callable[[], Key], *, demo: bool = False) -> None:
        self.base_url = check_base_url(base_url)
        self.service = "demo" if demo else self.base_url
        self.host = urlsplit(self.base_url).netloc
        self.demo = demo
        self.heard: Callable[[Limits], None] = lambda _: None
        self._key = key
        self.connections = Connections(own_machine=is_loopback(urlsplit(self.base_url).hostname or ""))

    @property
    def account(self) -> Hashable:
        try:
            return self.base_url, self._key().mark()
        except RuncrateError:  # there is none any more
            return self.base_url, ""

    async def submit(self, request: VideoRequest) -> Answer:
        body = json.dumps(wire_body(request), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        return await self._send("submit", "POST", f"{self.base_url}/v1/videos", self._answer, headers, body)

    async def status(self, id: str) -> Answer:
        answer = await self._send("poll", "GET", self._url(id), self._answer)
        if answer.id != id:
            message = f"Asked for job {id}, the service answered for {answer.id[:80]!r}."
            raise UnexpectedAnswerError(message, status=200)
        return answer

    async def download(self, id: str, sink: Sink, progress: Callable[[int, int | None], None]) -> None:
        have = sink.size
        url, headers = f"{self._url(id)}/download", {"Range": f"bytes={have}-"} if have else {}

        async def receive(response: httpx.Response, key: Key) -> str | None:
            if response.is_redirect:
                return self._redirected(response)
            if response.status_code == 416:  # what is here is more than there is
                sink.discard()
                raise TransportError("The download could not be continued: it begins anew.", sent=True)
            await self._check(response, key)
            await self._save(response, key, sink, have, progress)
            return None

        for _ in range(_MOST_REDIRECTS + 1):
            target = await self._send("download", "GET", url, receive, headers)
            if target is None:
                return
            url = target
        message = f"The download redirects more than {_MOST_REDIRECTS} times."
        raise UnexpectedAnswerError(message, SERVER_HINT, status=310)

    async def _save(
        self,
        response: httpx.Response,
        key: Key,
        sink: Sink,
        have: int,
        progress: Callable[[int, int | None], None],
    ) -> None:
        kind = response.headers.get("content-type", "").lower()
        if "json" in kind or "html" in kind:
            raise _unexpected(response, await _body(response, key), "the video")
        start = have if response.status_code == 206 else 0
        if start and not response.headers.get("content-range", "").startswith(f"bytes {start}-"):
            sink.discard()
            raise TransportError("The service sent another part of the video: it begins anew.", sent=True)
        length = response.headers.get("content-length", "")
        total = start + int(length) if length.isdigit() else None
        sink.begin(start)
        try:
            progress(start, total)
            async for chunk in response.aiter_raw():
                sink.write(chunk)
                start += len(chunk)
                progress(start, total)
        finally:
            sink.finish()

    def _redirected(self, response: httpx.Response) -> str:
        target = str(response.url.join(response.headers.get("location", "")))
        scheme = urlsplit(target).scheme
        if scheme != "https" and not (scheme == "http" and self.base_url.startswith("http:")):
            message = "The download redirects to where nothing is encrypted."
            raise UnexpectedAnswerError(message, SERVER_HINT, status=310)
        return target

    def _url(self, id: str) -> str:
        if not is_id(id):
            raise UnexpectedAnswerError(f"{id!r} is not the id of a job.", status=200)
        return f"{self.base_url}/v1/videos/{quote(id, safe='')}"

    async def _send(
        self,
        purpose: str,
        method: str,
        url: str,
        receive: Callable[[httpx.Response, Key], Awaitable[_T]],
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> _T:
        """One request, and what `receive` makes of its answer. A fault of httpx becomes a TransportError
        without it."""
        import httpx

        never_sent = (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.ProxyError,
            httpx.UnsupportedProtocol,
        )
        key, sent = self._key(), False
        try:
            # A submit never travels on a connection that was kept: the server may be closing it, and nobody
            # could tell whether it had read the request.
            submit = purpose == "submit"
            patience = _SUBMIT_TIMEOUT if submit else _READ_TIMEOUT
            client = self.connections.client(purpose, patience=patience, kept=not submit)
            request = client.build_request(method, url, headers=headers, content=body)
            sent = True
            # A download takes its time; anything else that drips on and on is a broken connection.
            within = {"submit": _SUBMIT_TIMEOUT, "download": None}.get(purpose, 2 * _READ_TIMEOUT)
            return await asyncio.wait_for(self._exchange(client, request, key, receive), within)
        except (RuncrateError, asyncio.CancelledError):
            raise
        except never_sent as error:
            why, sent = _why(error), False
        except Exception as error:
            # Of httpx, of what it is made of, of the environment's proxies and certificates.
            why = _why(error)
        # Raised here, not above: within `except` it would drag httpx's error along as its context.
        host = urlsplit(url).netloc
        if sent:
            message = f"The connection to {host} broke before the answer was complete ({why})."
            raise TransportError(message, sent=True)
        message = f"{host} cannot be reached ({why}). Nothing was sent."
        raise TransportError(message, "Check the network, a proxy, and base_url.", sent=False)

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        request: httpx.Request,
        key: Key,
        receive: Callable[[httpx.Response, Key], Awaitable[_T]],
    ) -> _T:
        def authorize(request: httpx.Request) -> httpx.Request:
            request.headers["Authorization"] = key.header()
            return request

        # Not among the headers before: the locals of a frame show up in some tracebacks.
        auth = authorize if same_origin(self.base_url, str(request.url)) else None
        response = await client.send(request, auth=auth, stream=True)
        try:
            self.heard(read_limits(response.headers, time.time()))
            return await receive(response, key)
        finally:
            await response.aclose()

    async def _answer(self, response: httpx.Response, key: Key) -> Answer:
        await self._check(response, key)
        body = await _body(response, key)
        answer = read_answer(body)
        if answer is None:
            raise _unexpected(response, body, "a job's id")
        return answer

    async def _check(self, response: httpx.Response, key: Key) -> None:
        """Raises the APIError of an answer that is not 2xx."""
        status = response.status_code
        if response.is_redirect:
            message = f"{self.host} redirects elsewhere instead of answering."
            hint = "Correct base_url: the key is sent nowhere else."
            raise UnexpectedAnswerError(message, hint, status=status)
        if response.is_success:
            return
        raise refusal(
            await _body(response, key),
            status,
            response.reason_phrase,
            of_submit=response.request.method == "POST",
            retry_after=asked_to_wait(response.headers, time.time()),
        )


async def _body(response: httpx.Response, key: Key) -> bytes:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            break
    return key.redacted(body)


def _unexpected(response: httpx.Response, body: bytes, wanted: str) -> UnexpectedAnswerError:
    said = error_text(read_json(body)) or body[:120].decode("utf-8", "replace").strip()
    kind = response.headers.get("content-type", "no content type")
    message = f"The service answered {response.status_code} without {wanted} ({kind}): {said!r}."
    hint = "Check base_url, and whether a proxy or a login page is on the way."
    return UnexpectedAnswerError(message, hint, status=response.status_code)


def _why(error: Exception) -> str:
    words = " ".join(str(error).split())[:200]
    if not words and "Timeout" in type(error).__name__:
        return "no answer in time"
    return words or type(error).__name__
