"""Everything this package raises on purpose, in one tree::

    RuncrateError
    ├── InvalidRequestError       (a ValueError)    bad input, found before anything is sent
    ├── UnknownModelError         (a KeyError)      `models[...]` has no such model
    ├── ConfigurationError                          the client cannot work as it is set up
    │   ├── MissingKeyError
    │   └── MissingExtraError     (an ImportError)
    ├── SpendingLimitError                          it would go over max_seconds or max_cost: not sent
    ├── LibraryError              (an OSError)      the folder cannot be read or written
    │   └── DamagedRecordError                      the record that says whether this was paid is damaged
    ├── TransportError                              no answer came: `.sent` says whether it may have arrived
    ├── APIError                                    the service said no: `.status`, `.code`, `.type`
    │   ├── BadRequestError       400, 422 and any other 4xx
    │   ├── AuthenticationError   401
    │   ├── InsufficientCreditsError  402
    │   ├── PermissionDeniedError 403
    │   ├── NotFoundError         404
    │   ├── ConflictError         409
    │   ├── RateLimitError        429: `.retry_after`
    │   ├── ServerError           5xx
    │   └── UnexpectedAnswerError                   an answer that API.md does not know
    ├── InvalidVideoError                           what arrived is not a whole MP4
    ├── ImpossibleMoveError                         a job cannot go from its status to that one
    └── JobError                                    what `wait()` and `await` raise: `.job`
        ├── JobFailedError
        ├── JobUnconfirmedError
        ├── JobCancelledError
        ├── JobStoppedError                         the service has it, and asking for it has stopped
        └── WaitTimeoutError      (a TimeoutError)  the wait is over; the job goes on

`message` says what happened, `hint` what to do next; `str()` of an error is both. `kind` is one word for
programs: `input`, `configuration`, `key`, `limit`, `storage`, `network`, `refused`, `credits`, `permission`,
`not_found`, `model` (the service has it no more), `conflict`, `rate_limit`, `service`, `unexpected` (an
answer), `video`, `failed`, `filtered` (by the rules for content), `unconfirmed`, `unsent` (its kernel ended
before), `cancelled`, `closed`, `timeout`, or `unforeseen`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .jobs.job import VideoJob


#: What looks like a key: somebody may have given it in the place of something else.
_KEY = re.compile(r"\brc_live_[\w-]{6,}")


def _without_key(text: str) -> str:
    return _KEY.sub("rc_live_…", text) if "rc_live_" in text else text


class RuncrateError(Exception):
    """The root. `message` (str) is what happened, `hint` (str, may be empty) what to do next, `kind` (str)
    one word."""

    kind: str = "unforeseen"

    def __init__(self, message: str, hint: str = "", *, kind: str | None = None) -> None:
        message, hint = _without_key(message), _without_key(hint)
        if message and message[-1] not in ".!?…:":
            message += "."  # the service's words often end without
        super().__init__(message, hint)
        self.message = message
        self.hint = hint
        if kind is not None:
            self.kind = kind

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    # In another process: as it is, whatever its class takes.
    def __reduce__(
        self,
    ) -> tuple[Callable[..., RuncrateError], tuple[type[RuncrateError], object, Mapping[str, object]]]:
        return _arrived, (type(self), self.args, vars(self))


def _arrived(
    kind: type[RuncrateError], args: tuple[object, ...], about: Mapping[str, object]
) -> RuncrateError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(about)
    return error


class InvalidRequestError(RuncrateError, ValueError):
    """Bad input, found before anything was sent. `field` (str) names what is at fault.

    Example:
        >>> from runcrate_widget import VideoRequest
        >>> VideoRequest("A fox", model="Veo 3.0", duration=7)
        Traceback (most recent call last):
        runcrate_widget.errors.InvalidRequestError: duration is 7; Veo 3.0 makes videos of 4, 6 or 8 s. ...
    """

    kind = "input"

    def __init__(self, field: str, message: str, hint: str = "") -> None:
        RuncrateError.__init__(self, message, hint)
        self.args = (field, self.message, hint)
        self.field = field


class UnknownModelError(RuncrateError, KeyError):
    """The table of models has no such id or name."""

    kind = "input"

    __str__ = RuncrateError.__str__


class ConfigurationError(RuncrateError):
    """The client cannot work as it is set up: a base URL that would leak the key, a model table that cannot
    be read."""

    kind = "configuration"


class MissingKeyError(ConfigurationError):
    """There is no API key, and something was to be sent."""

    kind = "key"

    def __init__(self, *, elsewhere: bool = False) -> None:
        hint = (
            "Set RUNCRATE_API_KEY in the environment, or pass VideoClient(api_key=…); demo=True needs none."
        )
        if elsewhere:
            hint = (
                "The client came from another process, and its key stayed there: set RUNCRATE_API_KEY in the "
                "environment of this one (of each worker), or client.api_key."
            )
        RuncrateError.__init__(self, "There is no API key.", hint)
        self.args = ()


class MissingExtraError(ConfigurationError, ImportError):
    """A part that is installed on demand is not there. The hint is the command that installs it."""


class SpendingLimitError(RuncrateError):
    """A request would go over the client's `max_seconds` or `max_cost`. It was not sent."""

    kind = "limit"


class LibraryError(RuncrateError, OSError):
    """The library folder cannot be read or written."""

    kind = "storage"


class DamagedRecordError(LibraryError):
    """The record of this very take is there and cannot be read: sending it again might be paid twice."""


class TransportError(RuncrateError):
    """No answer came from the service.

    `sent` (bool): False when the connection never opened, so that the request cannot have been acted on.
    """

    kind = "network"

    def __init__(self, message: str, hint: str = "", *, sent: bool) -> None:
        super().__init__(message, hint)
        self.sent = sent


class APIError(RuncrateError):
    """The service answered, and it is not what was asked for.

    `status` (int) is HTTP's, `code` and `type` (str or None) are the service's own, `retry_after` (float or
    None) is the seconds after which the service wants to be asked again.
    """

    kind = "service"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int,
        code: str | None = None,
        type: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.type = type
        self.retry_after = retry_after


class BadRequestError(APIError):
    """400, 422 and any other 4xx: the service does not accept what was asked for."""

    kind = "refused"


class AuthenticationError(APIError):
    """401: the key is missing or wrong."""

    kind = "key"


class InsufficientCreditsError(APIError):
    """402: no credits left, or a budget is reached (`code` is then `budget_exceeded`)."""

    kind = "credits"


class PermissionDeniedError(APIError):
    """403: the key may not do this."""

    kind = "permission"


class NotFoundError(APIError):
    """404: the service does not know this, or does not have it yet."""

    kind = "not_found"


class ConflictError(APIError):
    """409."""

    kind = "conflict"


class RateLimitError(APIError):
    """429: too many requests for this key in this minute."""

    kind = "rate_limit"


class ServerError(APIError):
    """5xx: the fault is the service's, or of something before it."""


class UnexpectedAnswerError(APIError):
    """An answer that the contract does not know: HTML where JSON belongs, no id, a redirect."""

    kind = "unexpected"


class InvalidVideoError(RuncrateError):
    """What arrived is not a whole MP4."""

    kind = "video"


class ImpossibleMoveError(RuncrateError):
    """A job cannot go from its status to that one. If no program of yours asked for it, the fault is ours."""


class JobError(RuncrateError):
    """A job came to no video. `job` is the `VideoJob`, with all that is known; None where the error has come
    from another process, in which the job stays."""

    def __init__(self, job: VideoJob | None, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.job = job

    def __reduce__(
        self,
    ) -> tuple[Callable[..., RuncrateError], tuple[type[RuncrateError], object, Mapping[str, object]]]:
        return _arrived, (type(self), self.args, {**vars(self), "job": None})


class JobFailedError(JobError):
    """The job failed. The message carries the service's own reason; `__cause__` is the error behind it, where
    there is one."""

    kind = "failed"


class JobUnconfirmedError(JobError):
    """The request was sent and no answer came: the service may or may not have taken (and billed) the job."""

    kind = "unconfirmed"


class JobCancelledError(JobError):
    """The job was cancelled before it was sent."""

    kind = "cancelled"


class JobStoppedError(JobError):
    """The service has the job, and asking for it (or for its video) has stopped: `job.resume()` goes on.
    Nothing is paid anew."""


class WaitTimeoutError(JobError, TimeoutError):
    """`wait(timeout=)` is over. The job goes on: wait again."""

    kind = "timeout"


def __dir__() -> list[str]:
    return sorted(name for name in globals() if name.endswith("Error"))
