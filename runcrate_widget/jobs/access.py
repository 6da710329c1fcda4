"""With whom a client talks, with which key, and as whom; and how it gets into another process.
`VideoClient` is made of it."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from runcrate_widget.catalog import Model, models
from runcrate_widget.checks import check_flag
from runcrate_widget.environment import setting
from runcrate_widget.errors import ConfigurationError, InvalidRequestError, MissingKeyError
from runcrate_widget.library.record import LONGEST_OWNER, is_owner
from runcrate_widget.price import shown
from runcrate_widget.service.key import Key

from .many import Many
from .spending import DEMO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runcrate_widget.request import VideoRequest

_log = logging.getLogger("runcrate_widget")


class Access(Many):
    """The part of a client that knows the service, the key, and who it is for.

    Attributes:
        owner: who is recorded as the one who asked for its jobs; None: nobody.
        carry: whether it sends its jobs itself.
    """

    demo: bool
    owner: str | None
    carry: bool
    _key: Key | None
    _base_url: str
    _warned: list[Model]  # of each that is marked as retired
    _elsewhere = False  # whether it was made in another process, and came from there without its key

    @property
    def api_key(self) -> Key | None:
        """The key, wrapped so that it does not show itself; None if there is none. It can be set to another
        key (a text): jobs that were stopped by a wrong key go on."""
        return self._key or _key_of_environment()

    @api_key.setter
    def api_key(self, text: str) -> None:
        try:
            self._key = Key(text)
        finally:
            text = ""
        self._manager.retry_stopped()

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._base_url

    @property
    def _service(self) -> str:
        return DEMO if self.demo else self._base_url

    @property
    def service(self) -> str:
        """The base URL's host, as it is named to people."""
        return urlsplit(self._base_url).netloc

    def _require_key(self) -> Key:
        key = self.api_key
        if key is None:
            raise MissingKeyError(elsewhere=self._elsewhere)
        return key

    def _known_key(self) -> Key | None:
        """The key, which must be there if this client sends anything. Raises ConfigurationError."""
        if self.carry:
            return self._require_key()
        with contextlib.suppress(ConfigurationError):
            return self.api_key
        return None

    def _check_request(self, request: VideoRequest) -> None:
        """What stands before each job. Raises InvalidRequestError or ConfigurationError."""
        _refuse_key(request, self._known_key())
        if (known := models.find(request.model)) and not known.lives and known not in self._warned:
            self._warned.append(known)
            _log.warning("%s is marked as retired. It is sent all the same: the service decides.", known.name)

    def _check_ready(self) -> None:
        self._known_key()
        self._manager.check_open()

    # In another process: without its key, and it takes up nothing by itself.

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[type, Mapping[str, Any]]]:
        if self.demo:
            message = "The demo backend is a server in this process: no other one has it."
            hint = "Run `python -m runcrate_widget.demo`, and give what it says: base_url=…, api_key=…."
            raise ConfigurationError(message, hint)
        limit = self._limit
        return _arrived, (
            type(self),
            {
                "base_url": self._base_url,
                "library": self.library.location,
                "demo": False,
                "resume": False,
                "max_concurrent": self.max_concurrent,
                "prices": dict(self.prices),
                "max_seconds": limit.max_seconds,
                "max_cost": limit.max_cost,
                "limit_period": limit.period,
                "owner": self.owner,
                "carry": self.carry,
            },
        )

    def __copy__(self) -> NoReturn:
        raise TypeError("A client is not copied: its key stays with it. Make one where it is needed.")

    def __deepcopy__(self, _: object) -> NoReturn:
        self.__copy__()


def check_owner(owner: object) -> str | None:
    """Raises InvalidRequestError."""
    if owner is None or (isinstance(owner, str) and is_owner(owner) and "rc_live_" not in owner):
        return owner
    message = f"owner is {shown(owner)}; it must be a text of 1 to {LONGEST_OWNER} characters, or None."
    raise InvalidRequestError("owner", message)


def _refuse_key(request: VideoRequest, key: Key | None) -> None:
    """Raises InvalidRequestError where the key is in what would be sent, and recorded."""
    texts = {"prompt": request.prompt, "model": request.model, "extra": repr(request.extra)}
    if key is None or not key.is_in(*texts.values()):  # as in nearly every request
        return
    name = next((name for name, text in texts.items() if key.is_in(text)), "prompt")
    message = f"{name} has the API key in it. Nothing was sent, and nothing recorded."
    raise InvalidRequestError(name, message, "Take it out.")


def check_carry(carry: object, *, demo: bool) -> bool:
    """Raises InvalidRequestError, or ConfigurationError where no carrier would ever send it."""
    carries = check_flag("carry", carry)
    if demo and not carries:
        message = "The demo backend is a server of this process: no carrier sends what is left to one for it."
        hint = (
            "Leave out the demo, or carry=False (--no-carry). To try a carrier, run `runcrate-widget demo`, "
            "and give what it says."
        )
        raise ConfigurationError(message, hint)
    return carries


def _arrived(kind: type[Access], given: Mapping[str, Any]) -> Access:
    """A client that comes from another process."""
    client = kind(**given)
    client._elsewhere = True
    return client


def _key_of_environment() -> Key | None:
    text = setting("RUNCRATE_API_KEY")
    try:
        return Key(text) if text else None
    finally:
        text = ""
