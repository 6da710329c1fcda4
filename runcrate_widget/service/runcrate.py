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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

from runcrate_widget.errors import APIError, RuncrateError, TransportError, UnexpectedAnswerError
from runcrate_widget.request import VideoRequest, wire_body

from .address import check_base_url, is_loopback, same_origin
from .answers import SERVER_HINT, error_text, found_answer, is_id, read_answer, refusal
from .arrival import has_all, save, wanted
from .backend import Answer, Sink
from .body import (
    LONGEST,
    LONGEST_OF_SUBMIT,
    Came,
    Reply,
    clean,
    cleaned,
    most_of_poll,
    most_of_submit,
    read_body,
    read_fields,
    read_reply,
)
from .connections import Connections
from .deadline import Deadline
from .key import Key
from .limits import Limits, asked_to_wait, read_limits
from .lines import Raw

if TYPE_CHECKING:
    import httpx

_T = TypeVar("_T")

_READ_TIMEOUT = 30.0
# A submit that times out leaves the user with a job that nobody can confirm: it is given longer.
_SUBMIT_TIMEOUT = 90.0
_SLOWEST_LINE = 64 * 1024  # bytes a second, of a submit that brings a picture along
_MOST_REDIRECTS = 5


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
        self._origin = f"{urlsplit(self.base_url).scheme}://{self.host}"
        self.demo = demo
        self.heard: Callable[[Limits], None] = lambda _: None
        self._key = key
        self.connections = Connections(
            self.base_url, own_machine=is_loopback(urlsplit(self.base_url).hostname or "")
        )

    @property
    def account(self) -> Hashable:
        try:
            return self.base_url, self._key().mark()
        except RuncrateError:  # there is none any more
            return self.base_url, ""

    async def submit(self, request: VideoRequest, begin: Callable[[], Awaitable[None]]) -> Answer:
        # With a picture it has megabytes: long enough to keep everybody else waiting.
        body = await asyncio.to_thread(_body, request) if request.image else _body(request)
        came = Came()
        try:
            reply, key = await self._asked(f"{self.base_url}/v1/videos", _Submit(body, begin, came))
        except TransportError:
            if (answer := found_answer(came.so_far())) is not None:
                return answer
            raise
        if not 200 <= reply.status < 300:
            raise self._refused(reply, key, of_submit=True)
        # The job is made, and paid for: whatever is wrong with the answer, its id is looked for.
        answer = read_answer(read_fields(reply.body, key)) or found_answer(reply.body)
        if answer is None:
            raise _unexpected(reply, "a job's id", key)
        return answer

    async def status(self, id: str) -> Answer:
        answer = self._answer(await self._asked(self._url(id)))
        if answer.id != id:
            message = f"Asked for job {id}, the service answered for {answer.id[:80]!r}."
            raise UnexpectedAnswerError(message, status=200)
        return answer

    async def download(self, id: str, sink: Sink, progress: Callable[[int, int | None], None]) -> None:
        url = f"{self._url(id)}/download"
        if has_all(sink):
            return
        headers = wanted(sink)
        for _ in range(_MOST_REDIRECTS + 1):
            deadline = Deadline(2 * _READ_TIMEOUT)

            async def receive(
                response: httpx.Response, key: Key, deadline: Deadline = deadline
            ) -> str | None:
                if response.is_redirect:
                    return self._redirected(response)
                if response.status_code == 416:  # what is here is more than there is
                    sink.discard()
                    raise TransportError("The download could not be continued: it begins anew.", sent=True)
                await self._check(response, key)
                kind = response.headers.get("content-type", "").lower()
                if "json" in kind or "html" in kind:
                    raise _unexpected(await read_reply(response, key), "the video", key)
                deadline.answered()
                await save(response, sink, deadline.progress, progress)
                return None

            target = await self._send("download", "GET", url, receive, headers, deadline=deadline)
            if target is None:
                return
            url = target
        message = f"The download redirects more than {_MOST_REDIRECTS} times."
        raise UnexpectedAnswerError(message, SERVER_HINT, status=310)

    def _redirected(self, response: httpx.Response) -> str:
        where = response.headers.get("location", "")
        if not where:
            raise UnexpectedAnswerError("The download redirects to nowhere.", SERVER_HINT, status=310)
        target = str(response.url.join(where))
        scheme = urlsplit(target).scheme
        if scheme != "https" and not (scheme == "http" and self.base_url.startswith("http:")):
            message = "The download redirects to where nothing is encrypted."
            raise UnexpectedAnswerError(message, SERVER_HINT, status=310)
        return target

    def _url(self, id: str) -> str:
        if not is_id(id):
            raise UnexpectedAnswerError(f"{id!r} is not the id of a job.", status=200)
        return f"{self.base_url}/v1/videos/{quote(id, safe='')}"

    async def _asked(self, url: str, submit: _Submit | None = None) -> tuple[Reply, Key]:
        """What is answered to a poll, or to a submit, and with which key it was asked: of a good answer and
        of any other."""
        key, raw, target = self._key(), Raw(), url[len(self._origin) :]
        try:
            lines = self.connections.lines()
            if lines is None:
                return await self._asked_by_httpx(url, submit)
            if submit is None:
                await lines.get(target, key, raw, patience=_READ_TIMEOUT, most=most_of_poll)
            else:
                begin, patience = submit.begin, submit.patience
                await lines.post(
                    target, key, submit.body, raw, begin=begin, patience=patience, most=most_of_submit
                )
        except (RuncrateError, asyncio.CancelledError):
            raise
        except Exception as error:
            # Of the sockets, of TLS and the environment's certificates, of h11.
            why = _why(error, key)
            if submit is not None and 200 <= raw.status < 300:
                submit.came.take(raw, key)
        else:
            long = len(raw.body) > LONGEST  # enough to keep everybody else waiting
            reply = await asyncio.to_thread(cleaned, raw, key) if long else cleaned(raw, key)
            self.heard(read_limits(reply.headers, time.time()))
            return reply, key
        raise self._broken(url, key, why, sent=raw.sent)

    async def _asked_by_httpx(self, url: str, submit: _Submit | None) -> tuple[Reply, Key]:
        if submit is None:
            return await self._send("poll", "GET", url, _whole)
        came = submit.came

        async def receive(response: httpx.Response, key: Key) -> tuple[Reply, Key]:
            if not response.is_success:
                return await _whole(response, key)
            body = await read_body(response, key, came, most=LONGEST_OF_SUBMIT)
            return Reply(response.status_code, response.reason_phrase, response.headers, body), key

        headers, deadline = {"Content-Type": "application/json"}, Deadline(submit.patience)
        return await self._send("submit", "POST", url, receive, headers, submit.body, submit.begin, deadline)

    async def _send(
        self,
        purpose: str,
        method: str,
        url: str,
        receive: Callable[[httpx.Response, Key], Awaitable[_T]],
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        begin: Callable[[], Awaitable[None]] | None = None,
        deadline: Deadline | None = None,
    ) -> _T:
        """One request, and what `receive` makes of its answer. A fault of httpx becomes a TransportError
        without it. `begin` is called right before the first byte of the request is written."""
        key, sent = self._key(), False

        async def trace(event: str, info: dict[str, Any]) -> None:
            nonlocal sent
            # A proxy is asked with CONNECT, on the same connection and before it.
            if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
                if begin is not None:
                    await begin()
                sent = True

        try:
            # A submit never travels on a connection that was kept: the server may be closing it, and nobody
            # could tell whether it had read the request.
            submit = purpose == "submit"
            patience = _SUBMIT_TIMEOUT if submit else _READ_TIMEOUT
            client = self.connections.client(purpose, patience=patience, kept=not submit)
            extensions = {"trace": trace}
            request = client.build_request(method, url, headers=headers, content=body, extensions=extensions)
            deadline = deadline or Deadline(2 * _READ_TIMEOUT)
            return await deadline.hold(self._exchange(client, request, key, receive))
        except (RuncrateError, asyncio.CancelledError):
            raise
        except Exception as error:
            # Of httpx, of what it is made of, of the environment's proxies and certificates.
            why = _why(error, key)
        # Raised here, not above: within `except` it would drag httpx's error along as its context.
        raise self._broken(url, key, why, sent=sent)

    def _broken(self, url: str, key: Key, why: str, *, sent: bool) -> TransportError:
        host = key.without(urlsplit(url).netloc)
        if sent:
            message = f"The connection to {host} broke before the answer was complete ({why})."
            return TransportError(message, sent=True)
        message = f"{host} cannot be reached ({why}). Nothing was sent."
        return TransportError(message, "Check the network, a proxy, and base_url.", sent=False)

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
        clean(response, key)
        try:
            self.heard(read_limits(response.headers, time.time()))
            return await receive(response, key)
        finally:
            await response.aclose()

    def _answer(self, told: tuple[Reply, Key]) -> Answer:
        reply, key = told
        if not 200 <= reply.status < 300:
            raise self._refused(reply, key, of_submit=False)
        answer = read_answer(read_fields(reply.body, key))
        if answer is None:
            raise _unexpected(reply, "a job's id", key)
        return answer

    async def _check(self, response: httpx.Response, key: Key) -> None:
        """Raises the APIError of a download's answer that is not 2xx."""
        if not response.is_success:
            raise self._refused(await read_reply(response, key), key, of_submit=False)

    def _refused(self, reply: Reply, key: Key, *, of_submit: bool) -> APIError:
        if 300 <= reply.status < 400:
            message = f"{self.host} redirects elsewhere instead of answering."
            hint = "Correct base_url: the key is sent nowhere else."
            return UnexpectedAnswerError(message, hint, status=reply.status)
        return refusal(
            read_fields(reply.body, key),
            reply.status,
            reply.reason,
            of_submit=of_submit,
            retry_after=asked_to_wait(reply.headers, time.time()),
        )


@dataclass(repr=False)
class _Submit:
    """What is sent; see `Backend.submit`. `came`: of a good answer, also where it breaks off."""

    body: bytes
    begin: Callable[[], Awaitable[None]]
    came: Came

    @property
    def patience(self) -> float:
        """Seconds until it is given up."""
        return _SUBMIT_TIMEOUT + len(self.body) / _SLOWEST_LINE


async def _whole(response: httpx.Response, key: Key) -> tuple[Reply, Key]:
    return await read_reply(response, key), key


def _body(request: VideoRequest) -> bytes:
    return json.dumps(wire_body(request), ensure_ascii=False).encode()


def _unexpected(reply: Reply, wanted: str, key: Key) -> UnexpectedAnswerError:
    said = error_text(read_fields(reply.body, key)) or reply.body[:120].decode("utf-8", "replace").strip()
    kind = reply.headers.get("content-type", "no content type")
    message = f"The service answered {reply.status} without {wanted} ({kind}): {said!r}."
    hint = "Check base_url, and whether a proxy or a login page is on the way."
    return UnexpectedAnswerError(message, hint, status=reply.status)


def _why(error: Exception, key: Key) -> str:
    words = " ".join(key.without(str(error)).split())[:200]
    if not words and "Timeout" in type(error).__name__:
        return "no answer in time"
    return words or type(error).__name__
