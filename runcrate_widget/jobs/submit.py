"""The once-only rule: what becomes of a submit that met an error.

A submit costs dollars, and the API knows no idempotency key. So a request is sent once. It is sent again by
itself
only when it cannot have been acted on: the connection never opened, or the answer was 429 or 503. After
anything else that leaves it open whether the service took the job, it is *unconfirmed*, and only the person
may have it sent again.

Seven SDKs were put before a server that took the job and lost the answer: four submitted again, so that one
call made 2 to 10 jobs, each billed. `tests/faults.py` holds ours to this rule.
"""

from __future__ import annotations

from enum import Enum

from runcrate_widget.errors import (
    APIError,
    BadRequestError,
    RuncrateError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)

#: A connection that never opened is tried again for about 10 s before the user is told: it is a wrong address
#: more #: often than a network that comes back.
_CONNECT_ATTEMPTS = 4
#: A rate limit, or a service without capacity, is waited for.
_CAPACITY_ATTEMPTS = 20


class Verdict(Enum):
    """What becomes of a job whose submit met an error."""

    SEND_AGAIN = "it cannot have been acted on, and another attempt is worth it"
    REFUSED = "the service has no such job: it has failed"
    UNCONFIRMED = "the service may have taken it"


def verdict(error: RuncrateError, attempts: int) -> Verdict:
    """What becomes of a job whose submit met `error` at the `attempts`-th attempt."""
    if _may_have_been_taken(error):
        return Verdict.UNCONFIRMED
    if isinstance(error, TransportError) and attempts < _CONNECT_ATTEMPTS:
        return Verdict.SEND_AGAIN
    if isinstance(error, APIError) and error.status in (429, 503) and attempts < _CAPACITY_ATTEMPTS:
        return Verdict.SEND_AGAIN
    return Verdict.REFUSED


def _may_have_been_taken(error: RuncrateError) -> bool:
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, UnexpectedAnswerError):
        # 302 and 303 may point to what was made; 301, 307 and 308 say that nothing was done here.
        return error.status not in (300, 301, 304, 305, 307, 308)
    if isinstance(error, BadRequestError):
        return error.status in (408, 499)  # something on the way lost patience
    return isinstance(error, ServerError) and error.status != 503
