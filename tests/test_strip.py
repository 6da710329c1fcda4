"""The strip: what needs a person, and what is being made."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import expect
from test_render import SESSION, Widget, error, finished, generate_button, job, row, state
from test_render import widget as widget
from videos import small_mp4

PROMPTS = [
    "Two kites over a winter beach, wide shot",
    "Lighthouse in heavy fog, slow push in",
    "Close-up of rain on a fern, macro",
    "Portrait of a known actor on a stage",
]
TIMES = {"making": [float(n) for n in range(40, 70, 3)], "queued": [5.0] * 10}
TIMES["whole"] = [one + 5 for one in TIMES["making"]]
LOST = error("Sent, and no answer came: it may have been paid for.", "Look at the dashboard for its id.")


def running(key: str, seconds: float, **fields: Any) -> dict[str, Any]:
    """One that is being made, and was sent that many seconds ago."""
    now = time.time()
    times = {"started": now - seconds - 2, "submitted": now - seconds, "processing": now - seconds + 5}
    return job(key, "processing", **{**times, **fields})


def everything() -> list[dict[str, Any]]:
    waiting = [job(f"w{n}", "waiting", prompt=PROMPTS[n % 3], started=time.time() - n) for n in range(8)]
    made = [
        running("k1", 17, prompt=PROMPTS[0]),
        running("k2", 42, prompt=PROMPTS[0]),
        job("k3", "queued", prompt=PROMPTS[1], submitted=time.time() - 31),
        running("k4", 58, prompt=PROMPTS[2], model="openai/sora-2"),
    ]
    lost = job("u1", "unconfirmed", prompt=PROMPTS[1], error=LOST)
    refused = error("Refused by the content rules; not charged.", "Change the prompt and try again.")
    failed = job("f1", "failed", prompt=PROMPTS[3], error=refused, ended=time.time())
    return [*waiting, *made, lost, failed]
