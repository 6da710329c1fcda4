"""Who may ask, how often, and for how much: keys, the rate limit, the credits and the models of each."""

from __future__ import annotations

import hmac
import math
import secrets
import time
from collections import Counter

from .checks import Asked
from .refusal import Refusal

KEY_PREFIX = "rc_live_"
RETIRE_MARK = "[retired]"
REFUSE_MARK = "[refuse]"
DEMO_PREFIX = "rc_demo_"  # a key of the demo's own does not look like one that costs
WINDOW = 60.0


class Keys:
    """The keys that are accepted: one, or also every one with the prefix `rc_live_`."""

    def __init__(self, own: str | None, *, any_key: bool) -> None:
        self.own = own or f"{DEMO_PREFIX}{secrets.token_hex(12)}"
        self._any = any_key

    def accepted(self, authorization: str) -> str | None:
        """The key in this header, if it is one that is accepted."""
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer":
            return None
        if self._any and key.startswith((KEY_PREFIX, DEMO_PREFIX)):
            return key
        return key if hmac.compare_digest(key.encode(), self.own.encode()) else None


class RateLimit:
    """Counts the requests of each key in windows of a minute; the first begins with the first request."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._reset = 0.0
        self._used: Counter[str] = Counter()

    def count(self, key: str) -> dict[str, str]:
        """The headers that tell the state. Raises Refusal(429) where there were too many."""
        now = time.time()
        if now >= self._reset:
            self._reset = now + WINDOW
            self._used.clear()
        self._used[key] += 1
        headers = {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(max(0, self._limit - self._used[key])),
            "X-RateLimit-Reset": str(math.ceil(self._reset)),
        }
        if self._used[key] <= self._limit:
            return headers
        wait = math.ceil(self._reset - now)
        raise Refusal(
            429,
            f"Rate limit reached: {self._limit} requests a minute. Try again in {wait} s.",
            "rate_limit_exceeded",
            headers=headers | {"Retry-After": str(wait)},
        )


class Credits:
    """The seconds of video that each key may still ask for; None: no end."""

    def __init__(self, seconds: int | None) -> None:
        self._seconds = seconds
        self._billed: Counter[str] = Counter()

    def check(self, key: str, duration: int) -> None:
        """Raises Refusal(402) where a video of this length would take more than is left."""
        if self._seconds is None:
            return
        left = self._seconds - self._billed[key]
        if duration > left:
            message = f"This video takes {duration} s of credits, and {left} s are left."
            raise Refusal(402, message, "budget_exceeded")

    def bill(self, key: str, duration: int) -> None:
        self._billed[key] += duration


class Rules:
    """What is refused because a prompt asks for it: so one sees by hand what else comes seldom.

    With `[refuse]` a prompt is against the rules. With `[retired]` the first model that is asked goes away,
    for that key: it is refused from then on, whatever the prompt; another model makes the video.
    """

    def __init__(self) -> None:
        self._retired: dict[str, str] = {}  # by the key: a model's id

    def check(self, key: str, asked: Asked) -> None:
        """Raises Refusal(400) or Refusal(410)."""
        if REFUSE_MARK in asked.prompt:
            message = f"The prompt contains {REFUSE_MARK}, which asks the demo backend to refuse it."
            raise Refusal(400, message, "content_policy_violation", param="prompt")
        if RETIRE_MARK in asked.prompt:
            self._retired.setdefault(key, asked.model.id)
        if self._retired.get(key) == asked.model.id:
            message = (
                f"The model {asked.model.id} has been retired, as a prompt with {RETIRE_MARK} asked for."
            )
            raise Refusal(410, message, "model_retired", param="model")
