"""An error as the API answers with it."""

from __future__ import annotations


class Refusal(Exception):
    """An error answer: HTTP status, message, code, further headers."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        *,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        error = {"message": message, "type": _type(status), "code": code}
        if param is not None:
            error["param"] = param
        self.body = {"error": error}


def _type(status: int) -> str:
    if status == 402:
        return "insufficient_credits"
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
