"""A desk for the tests of it: entries, and what is looked for in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from shown import Widget, state
from videos import small_mp4

if TYPE_CHECKING:
    from playwright.sync_api import Locator

HOUR = 3600


def entry(number: int, *, take: int = 1, **fields: Any) -> dict[str, Any]:
    """A take of stack `number`: the higher, the longer ago."""
    video = {
        "path": f"/home/me/videos/e{number}-{take}.mp4",
        "size": 1000,
        "width": 64,
        "height": 36,
        "duration": 4.0,
        "audio": False,
    }
    return {
        "key": f"e{number}-{take}",
        "stack": f"s{number}",
        "prompt": f"A fox in the snow, number {number}",
        "model": "google/veo-3.0",
        "model_name": "Veo 3.0",
        "duration": 4,
        "aspect_ratio": "16:9",
        "take": take,
        "created": time.time() - number * HOUR - take,
        "video": video,
        **fields,
    }


def desk(widget: Widget, entries: list[dict[str, Any]], **traits: Any) -> Locator:
    # One file for all: which is shown is told by its key.
    return widget.start(state(_entries=entries, **traits), files={"e0-1": small_mp4(1)})


def tile(view: Locator, key: str) -> Locator:
    return view.locator(f'.rw-tile[data-key="{key}"]')


def watched(view: Locator) -> Locator:
    return view.locator(".rw-tile[aria-current]")
