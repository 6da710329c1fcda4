"""What an answer's body says, in whatever of the documented shapes. Pure functions."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from runcrate_widget.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

from .backend import Answer

#: What follows from an HTTP status (API.md, "Errors"): the error, and what to do next.
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
SERVER_HINT = "This is the service's side: wait a little and try again."
_LONGEST_FIELD = 10_000  # characters
#: Of JSON, as far as it is needed to find one field of it.
_TOKENS = re.compile(
    r'(?P<text>"[^"\\]*(?:\\.[^"\\]*)*")|(?P<broken>")|(?P<open>[\[{]+)|(?P<close>[\]}]+)|(?P<colon>:)|(?P<other>[^\s"\[\]{}:]+)',
    re.DOTALL,
)
#: In what a service says: the picture that it was sent.
_PICTURE = re.compile(r"(data:image/[\w.+-]+;base64,)[\w+/=-]{32,}")

_BAD_REQUEST_HINT = "Change what the message names, then generate again. Nothing was made."


def refusal(fields: Any, status: int, reason: str, *, of_submit: bool, retry_after: float | None) -> APIError:
    """The error that an answer which is not 2xx stands for, with the service's own words. `fields`: its
    body's."""
    about = fields.get("error") if isinstance(fields, dict) else None
    about = about if isinstance(about, dict) else fields if isinstance(fields, dict) else {}
    if status >= 500:
        usual: tuple[type[APIError], str] = (ServerError, SERVER_HINT)
    else:
        usual = (BadRequestError, _BAD_REQUEST_HINT if of_submit else SERVER_HINT)
    kind, hint = _FAULTS.get(status, usual)
    code, type = (text if isinstance(text := about.get(name), str) else None for name in ("code", "type"))
    said = error_text(fields) or reason or "no reason given"
    message = f"The service refused ({status}): {said}"
    return kind(message, hint, status=status, code=code, type=type, retry_after=retry_after)


def read_answer(fields: Any) -> Answer | None:
    """What the fields of a body say of a job; None if they are not about one."""
    if not isinstance(fields, dict) or not is_id(fields.get("id")):
        return None
    status = fields.get("status", "queued")
    if isinstance(status, str) and status.isprintable():
        status = status.strip().lower()
    else:
        status = ascii(status)[:40]
    return Answer(fields["id"], status, error_text(fields) if status == "failed" else "", fields)


def found_answer(body: bytes) -> Answer | None:
    """The same of what came of a body that is no JSON, or not all of it: as long as its `id` is there, a job
    that was paid for is not lost."""
    depth, name, awaited = 0, "", False
    for token in _TOKENS.finditer(body.decode("utf-8", "replace")):
        kind, text = token.lastgroup, token.group()
        if kind == "text" and depth == 1:
            value = read_json(text.encode("utf-8", "surrogatepass"))
            if awaited and name == "id":
                return Answer(value, "queued", "", {"id": value}) if is_id(value) else None
            name = value if isinstance(value, str) else ""
        elif kind == "broken":
            return None
        elif kind in ("open", "close"):
            depth += len(text) if kind == "open" else -len(text)
            if depth <= 0:
                return None
        elif kind == "other":
            name = ""
        awaited = kind == "colon"
    return None


def shortened(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what is very long, such as a picture that the service sends back: it would be in the record."""
    return {name: value for name, value in fields.items() if len(json.dumps(value)) <= _LONGEST_FIELD}


def is_id(value: object) -> bool:
    """Whether it can be a job's id: no control characters, no half ones, and nothing that is a path of its
    own."""
    return isinstance(value, str) and value.isprintable() and value not in ("", ".", "..")


def error_text(fields: Any) -> str:
    """The service's own words in any of the error shapes that API.md names, on one line of at most 500
    characters; or empty."""
    said = fields
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
            break
    if isinstance(said, dict):
        whole = json.dumps(said) if said is not fields else ""
        said = said.get("message") or said.get("detail") or said.get("code") or whole
    elif isinstance(said, list):
        said = json.dumps(said)
    text = _PICTURE.sub(r"\1…", " ".join(said.split())) if isinstance(said, str) else ""
    text = text.encode("utf-8", "replace").decode()  # half a character would break whoever passes it on
    return text if len(text) <= 500 else text[:499] + "…"


def read_json(body: bytes) -> Any:
    """The value of a JSON text; None if it is none. What Python alone takes for a number, or will not read as
    one, is left as a text: it is to be written down again."""
    try:
        return json.loads(body, parse_int=_whole, parse_float=_finite, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= 400 else text  # of more than 4,300 digits Python reads none


def _finite(text: str) -> float | str:
    return number if math.isfinite(number := float(text)) else text
