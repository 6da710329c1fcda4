"""`VideoClient`: the public face for code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .api import BASE_URL, Key, VideoAPI
from .catalog import check_prices, models
from .engine import JobCarrier, new_key
from .errors import InvalidRequestError, MissingExtraError, MissingKeyError
from .job import VideoJob
from .library import Library
from .request import VideoRequest

if TYPE_CHECKING:
    from .demo.server import DemoServer


class VideoClient:
    """Generates videos. It opens no connection and no folder until something is generated.

    Args:
        api_key: the key; by default `RUNCRATE_API_KEY` of the environment, read whenever it is needed.
        base_url: the service; by default `RUNCRATE_BASE_URL`, else `https://api.runcrate.ai`. https, or http to this machine.
        library: the folder for the videos; by default `RUNCRATE_LIBRARY`, else `runcrate_videos` beside the notebook.
        demo: True for the demo backend (no key, no cost, no network); by default what `RUNCRATE_DEMO` says.
        max_concurrent: how many jobs may be with the service at a time; further ones are `waiting`.
        prices: `{model: dollars a second}`, to see what a video costs.

    Raises:
        ConfigurationError: the base URL would leak the key, or the key is none.
        MissingExtraError: `demo` needs what is not installed.
        InvalidRequestError: `prices` or `max_concurrent` is not allowed.

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
        max_concurrent: int = 4,
        prices: Mapping[str, float] | None = None,
    ) -> None:
        if isinstance(max_concurrent, bool) or not isinstance(max_concurrent, int) or max_concurrent < 1:
            raise InvalidRequestError("max_concurrent", f"max_concurrent is {max_concurrent!r}; it must be 1 or more.")
        self.demo = _demo_by_environment() if demo is None else bool(demo)
        self.prices = check_prices(prices)
        self.library = Library(library)
        if self.demo:
            server = _demo_server()
            api_key, base_url = server.key, server.url
        self._key = Key(api_key) if api_key is not None else None
        self._api = VideoAPI(base_url or os.environ.get("RUNCRATE_BASE_URL") or BASE_URL, self._require_key)
        self._carrier = JobCarrier(self._api, self.library, max_concurrent)

    @property
    def api_key(self) -> Key | None:
        """The key, wrapped so that it does not show itself; None if there is none. It can be set to another key (a text): jobs
        that were stopped by a wrong key go on."""
        from_environment = os.environ.get("RUNCRATE_API_KEY", "").strip()
        return self._key or (Key(from_environment) if from_environment else None)

    @api_key.setter
    def api_key(self, text: str) -> None:
        self._key = Key(text)
        self._carrier.mend()

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._api.base_url

    @property
    def service(self) -> str:
        """The base URL's host, as it is named to people."""
        return self._api.host

    def price(self, model: str) -> float | None:
        """Dollars a second of `model` (an id), or None: no price is public, so the user has to have given it."""
        known = models.find(model)
        return self.prices.get(known.id if known else model, known.price if known else None)

    def generate(
        self,
        prompt: str | VideoRequest,
        *,
        model: str | None = None,
        duration: int | None = None,
        aspect_ratio: str | None = None,
        extra: Mapping[str, Any] | None = None,
        take: int = 1,
    ) -> VideoJob:
        """Begins a job and returns it at once. The arguments are those of `VideoRequest`, which may also be given whole.

        Raises:
            InvalidRequestError: an argument is not allowed; nothing is sent.
            MissingKeyError: there is no key; nothing is sent.
        """
        if isinstance(prompt, VideoRequest):
            request = prompt
        else:
            request = VideoRequest(prompt, model=model or "", duration=duration, aspect_ratio=aspect_ratio, extra=extra)
        if isinstance(take, bool) or not isinstance(take, int) or take < 1:
            raise InvalidRequestError("take", f"take is {take!r}; it must be a whole number from 1.")
        self._require_key()
        job = VideoJob(request, key=new_key(), take=take, carrier=self._carrier, demo=self.demo)
        self._carrier.begin(job)
        return job

    def _require_key(self) -> Key:
        key = self.api_key
        if key is None:
            raise MissingKeyError
        return key

    def __repr__(self) -> str:
        where = "demo backend" if self.demo else self.base_url
        return f"<VideoClient {where}, key {self.api_key or 'not set'}, library {str(self.library.folder)!r}>"


def _demo_by_environment() -> bool:
    return os.environ.get("RUNCRATE_DEMO", "").strip().lower() not in ("", "0", "false", "no", "off")


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
