"""`VideoClient`: the public face for code."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .catalog import Model
from .checks import check_flag
from .environment import setting
from .errors import ConfigurationError, MissingExtraError
from .jobs.access import Access, check_carry, check_owner
from .jobs.loop import run_in_background, uninterrupted
from .jobs.many import refuse_many
from .jobs.spending import SpendingLimit
from .library.library import Library
from .library.record import Record
from .request import VideoRequest, check_count
from .service.address import BASE_URL, check_base_url
from .service.key import Key

if TYPE_CHECKING:
    from .demo.server import DemoServer
    from .jobs.estimate import Estimate
    from .jobs.job import VideoJob
    from .jobs.ledger import Ledger
    from .jobs.manager import JobManager
    from .picture import PictureLike

_log = logging.getLogger("runcrate_widget")


class VideoClient(Access):
    """Generates videos, and goes on with what an earlier client left unfinished in its library.

    Args:
        api_key: the key; by default `RUNCRATE_API_KEY` of the environment, read whenever it is needed.
        base_url: the service; by default `RUNCRATE_BASE_URL`, else `https://api.runcrate.ai`. https, or
            http to this machine.
        library: the folder for the videos; by default `RUNCRATE_LIBRARY`, else `runcrate_videos` beside
            the notebook.
        demo: True for the demo backend (no key, no cost, no network); by default what `RUNCRATE_DEMO` says.
        resume: whether to go on with what is unfinished in the library; with False it follows only what
            it is asked for.
        max_concurrent: how many jobs may be with the service at a time; further ones are `waiting`.
        prices: `{model: dollars a second}`, to see what a video costs. They win over those that were set in
            a widget, which the library remembers.
        max_seconds, max_cost: limits, in seconds of video and in dollars; a request that would go over
            one is refused.
        limit_period: what of the library counts towards them: the last `timedelta`; by default what is
            asked for from now on.
        owner: who is recorded as the one who asks for its jobs; by default nobody is.
        carry: with False it sends, asks and fetches nothing, and needs no key: what is asked for is written
            down, and left to `runcrate-widget carry`. It shows what becomes of that.

    Raises:
        ConfigurationError: the base URL would leak the key; it, or `carry=False`, is given beside `demo`; or
            the key is none.
        MissingExtraError: `demo` needs what is not installed.
        InvalidRequestError: an argument is not allowed.

    `with VideoClient() as client:` closes it at the end (`close()`); else it goes on until the process ends.

    Example:
        >>> from runcrate_widget import VideoClient
        >>> client = VideoClient(demo=True)                                             # doctest: +SKIP
        >>> job = client.generate("A cinematic sunrise", model="google/veo-3.0")         # doctest: +SKIP
        >>> job.wait(timeout=600).path                                                   # doctest: +SKIP
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        library: str | os.PathLike[str] | None = None,
        demo: bool | None = None,
        resume: bool = True,
        max_concurrent: int = 4,
        prices: Mapping[str, float] | None = None,
        max_seconds: float | None = None,
        max_cost: float | None = None,
        limit_period: timedelta | None = None,
        owner: str | None = None,
        carry: bool = True,
    ) -> None:
        # First of all, so that no traceback that shows locals shows the key.
        try:
            key = None if api_key is None else Key(api_key)
        finally:
            api_key = None
        check_count("max_concurrent", max_concurrent)
        self.demo = _demo_by_environment() if demo is None else check_flag("demo", demo)
        self.owner, self.carry = check_owner(owner), check_carry(carry, demo=self.demo)
        self._warned: list[Model] = []  # of each that is marked as retired
        self.library = Library(library)
        self.prices = prices
        if self.demo:
            if base_url is not None:
                message = f"base_url is {base_url!r}, and the demo backend is a server of its own."
                raise ConfigurationError(message, "Leave out base_url, or say demo=False.")
            server = _demo_server()
            key, base_url = Key(server.key), server.url
        self._key = key
        self._base_url = check_base_url(base_url or setting("RUNCRATE_BASE_URL") or BASE_URL)
        self._limit = SpendingLimit(max_seconds, max_cost, limit_period, self.price, self.demo)
        self._making = threading.RLock()
        self._made: JobManager | None = None
        self.max_concurrent = max_concurrent
        #: The jobs that were unfinished in the library, once they are found.
        self._resumed: Future[list[VideoJob]] = Future()
        if check_flag("resume", resume) and self.library.store.exists():
            self._resumed = run_in_background(lambda: _resume(self))
        else:
            self._resumed.set_result([])
        _clients[self.library] = weakref.ref(self)

    @property
    def _manager(self) -> JobManager:
        with self._making:
            self._made = self._made or _new_manager(self)
            return self._made

    def close(self) -> None:
        """Lets its jobs go. Their records stay, and the next client on that library goes on with them; who
        waits for one is told so by a `JobStoppedError`. Nothing can be asked of it any more.

        Waits for the answer of a request that is just being sent (at most 90 s; more with a picture), so that
        no job is left unconfirmed; what is still `waiting` is not sent.
        """
        from .jobs.ending import closing

        with closing(self):
            self._manager.close()

    def __enter__(self) -> VideoClient:  # noqa: PYI034  Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def generate(
        self,
        prompt: str | VideoRequest,
        *,
        model: str | Model | None = None,
        duration: int | None = None,
        aspect_ratio: str | None = None,
        image: PictureLike | None = None,
        extra: Mapping[str, Any] | None = None,
        take: int | None = 1,
        takes: object = None,
    ) -> VideoJob:
        """Begins a job and returns it at once. The arguments are those of `VideoRequest`, which may also be
        given whole.

        Running a cell again is free: a job that the library has for the same request and `take` comes
        back (`job.reused`), finished or still running, and nothing is sent. `take=2` asks for another video
        of the same request, `take=None` for the first take that is not there yet. One that failed is sent
        anew; one that is `unconfirmed` is not.

        Raises:
            InvalidRequestError: an argument is not allowed, or has the API key in it.
            MissingKeyError: there is no key.
            SpendingLimitError: it would go over a limit.
            LibraryError: the library folder cannot be written. In all these cases nothing is sent.
        """
        refuse_many(prompt, takes)
        if isinstance(prompt, VideoRequest):
            request = prompt
        else:
            given: dict[str, Any] = {"duration": duration, "aspect_ratio": aspect_ratio, "image": image}
            request = VideoRequest(prompt, model=model, **given, extra=extra)
        if take is not None:
            check_count("take", take)
        self._check_request(request)
        manager = self._manager  # which is loaded in this thread
        if take is None:
            return uninterrupted(lambda: manager.obtain_new(request))
        return uninterrupted(lambda: manager.obtain(request, take))

    def job(self, id: str | Record) -> VideoJob:
        """The job of this id (`vid_…`) of this client's service, also one that another process or program
        submitted: then the service is asked whether it knows it. It is followed, its video fetched.

        Of a `Record` of this library that is under way it is the same; else it is the job as it is: nothing
        is sent, asked or fetched for it before it is told to (`job.choose(…)`, `job.resume()`).

        Raises InvalidRequestError (that is no id, or the record of another library) or NotFoundError.
        """
        manager = self._manager
        if isinstance(id, Record):
            from .jobs.given import job_of

            return uninterrupted(lambda: job_of(manager, id))
        return uninterrupted(lambda: manager.attach(id))

    def _look_up(self, record: Record) -> VideoJob:
        return self._manager.look_up(self.library.reread(record))

    def estimate(self, model: str | Model, *, duration: int | None = None) -> Estimate:
        """How long such a video takes the service, its queue (`.queue`) and the making (`.making`), in
        seconds: from this library's own times of that model and duration. Raises InvalidRequestError.

        Example:
            >>> client.estimate("Veo 3.0", duration=6)     # doctest: +SKIP
            <Estimate usually 45–70 s (of 12 videos)>
        """
        asked = VideoRequest("any", model=model, duration=duration)
        return self._manager.times.of(asked.model, asked.duration, self._service)

    @property
    def ledger(self) -> Ledger:
        """What was sent until now, and what it cost: a table, read from the library each time."""
        from .jobs.ledger import Ledger

        return Ledger.of(self.library)

    def unfinished(self) -> list[VideoJob]:
        """What an earlier client left unfinished, and this one goes on with; not what was never sent."""
        return list(self._resumed.result())

    def unsent(self) -> list[VideoJob]:
        """What was never sent, because its kernel ended or its client was closed: it is `waiting`, and in no
        limit, until somebody sends it (`job.resume()`, `generate()`) or gives it up (`job.cancel()`)."""
        return self._manager.unsent() if self.library.unfinished(self._service) else []

    def __repr__(self) -> str:
        if not hasattr(self, "_made"):
            return "<VideoClient that could not be made>"
        try:
            key = repr(self.api_key) if self.api_key else "not set"
        except ConfigurationError:
            key = "unusable"
        where = "demo backend" if self.demo else self.base_url
        key = f"key {key}" if self.carry else "carries nothing"
        return f"<VideoClient {where}, {key}, library {self.library.location!r}>"


#: By their libraries.
_clients: weakref.WeakKeyDictionary[Library, weakref.ref[VideoClient]] = weakref.WeakKeyDictionary()


def client_of(library: Library) -> VideoClient | None:
    """The client that this library is of, if it is still there."""
    client = _clients.get(library)
    return client() if client else None


def clients_of(folder: Path, service: str | None = None) -> list[VideoClient]:
    """The clients whose library has this folder, those of the service first."""
    clients = [client for one in list(_clients.values()) if (client := one()) is not None]
    there = [client for client in clients if client.library.folder == folder]
    return sorted(there, key=lambda client: client._service != service)


def _new_manager(client: VideoClient) -> JobManager:
    """Made when it is first asked for: what sends takes longer to load than all else together, and who only
    looks does not need it."""
    from .jobs.leaving import Leaving
    from .jobs.manager import JobManager
    from .service.runcrate import RuncrateBackend

    kind = JobManager if client.carry else Leaving
    backend = RuncrateBackend(client._base_url, client._require_key, demo=client.demo)
    most, limit = client.max_concurrent, lambda: client._limit
    return kind(backend, client.library, max_concurrent=most, limit=limit, owner=client.owner)


def _resume(client: VideoClient) -> list[VideoJob]:
    client.library.tidy()
    return client._manager.resume_all() if client.library.unfinished(client._service) else []


def _demo_by_environment() -> bool:
    return setting("RUNCRATE_DEMO").lower() not in ("", "0", "false", "no", "off")


@lru_cache(maxsize=1)
def _demo_server() -> DemoServer:
    """The one demo backend of this process, started when it is first asked for."""
    try:
        from .demo import serve

        # As many requests as a client makes: here nobody has to be protected from them.
        return serve(rate_limit=6000)
    except ImportError as error:
        raise MissingExtraError(
            f"The demo backend needs packages that are not installed ({error.name or error}).",
            "Install them with: pip install 'runcrate_widget[demo]'",
        ) from None
