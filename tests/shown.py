"""A widget shown in Chromium by the built front end, against a model that the test drives (`fake_model.js`)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

import runcrate_widget

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

HERE = Path(__file__).parent
STATIC = Path(runcrate_widget.__file__).parent / "static"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".mp4": "video/mp4",
    ".txt": "text/plain",
}

MODELS = [
    {"id": "google/veo-3.0", "name": "Veo 3.0", "durations": [4, 6, 8], "continuous": False, "price": 0.4},
    {"id": "openai/sora-2", "name": "Sora 2", "durations": [4, 8, 12], "continuous": False, "price": None},
    {"id": "kwaivgi/kling-v3", "name": "Kling v3", "durations": [3, 15], "continuous": True, "price": None},
]
SESSION = {
    "demo": False,
    "has_key": True,
    "service": "api.runcrate.ai",
    "library": "videos",
    "root": None,
    "saved": "w1",
    "limit": None,
    "wall": 0,
    "form": True,
    "elsewhere": "",
}
PROMPT = "A cinematic sunrise over misty mountains"


def state(**fields: Any) -> dict[str, Any]:
    """The synced traits of a widget that has a key and no jobs."""
    return {
        "prompt": PROMPT,
        "model": "google/veo-3.0",
        "duration": 6,
        "aspect_ratio": "16:9",
        "takes": 1,
        "image": None,
        "_models": [{"audio": False, "notes": "", **model} for model in MODELS],
        "_jobs": [],  # from which the fake kernel makes the traits that the widget has
        "_session": SESSION,
        "_revision": 0,
        **fields,
    }


def job(key: str = "k1", status: str = "processing", **fields: Any) -> dict[str, Any]:
    """A job that began 42 s ago."""
    return {
        "key": key,
        "id": f"vid_{key}",
        "prompt": f"A fox in the snow, {key}",
        "model": "google/veo-3.0",
        "model_name": "Veo 3.0",
        "duration": 6,
        "aspect_ratio": "16:9",
        "take": 1,
        "status": status,
        "note": "",
        "error": None,
        "started": time.time() - 42,
        "submitted": None,
        "processing": None,
        "ended": None,
        "made": None,
        "demo": False,
        "undecided": status == "unconfirmed",
        "adoptable": status == "unconfirmed",
        "stopped": False,
        "settled": False,
        "video": None,
        **fields,
    }


def finished(key: str, file: bytes, *, width: int = 64, height: int = 36, **fields: Any) -> dict[str, Any]:
    """A job that was made in 51 s, and whose video is `file`."""
    video = {
        "path": f"/home/me/videos/{key}.mp4",
        "size": len(file),
        "width": width,
        "height": height,
        "duration": 1.0,
        "audio": False,
    }
    started = time.time() - 100
    times = {"started": started, "ended": started + 53.5, "made": 51.2}
    return job(key, "completed", video=video, **times, **fields)


def error(message: str, hint: str = "Do that.", field: str | None = None) -> dict[str, Any]:
    return {"message": message, "hint": hint, "field": field}


class Widget:
    """The widget in `page`, and the kernel's side of its model."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.files: dict[str, bytes] = {}
        page.route("http://localhost/**", self._serve)
        page.goto("http://localhost/")

    def _serve(self, route: Route) -> None:
        name = route.request.url.rpartition("/")[2] or "fake_model.html"
        file = self.files.get(name)
        if file is None:
            file = ((STATIC if (STATIC / name).exists() else HERE) / name).read_bytes()
        route.fulfill(body=file, content_type=TYPES[Path(name).suffix])

    def start(
        self, traits: dict[str, Any], *, files: dict[str, bytes] | None = None, views: int = 1, **flags: Any
    ) -> Locator:
        """Show `views` views of a widget with `traits`; `files` are the jobs' videos. Gives the first view."""
        self.files = {f"{key}.mp4": file for key, file in (files or {}).items()}
        options = {"files": {key: f"{key}.mp4" for key in files or {}}, "views": views, "flags": flags}
        self.page.evaluate(
            "([traits, options]) => { delete window.started; start(traits, options); }", [traits, options]
        )
        self.page.wait_for_function("() => window.started")
        assert self.do("window.started") == "well"
        return self.view(0)

    def view(self, index: int) -> Locator:
        return self.page.locator(".view").nth(index)

    def set(self, name: str, value: Any) -> None:
        """Set a trait, as the kernel does; `_jobs` is the whole list, of which it says what is new."""
        call = "model.setJobs(value)" if name == "_jobs" else "model.set(name, value)"
        self.page.evaluate(f"([name, value]) => {{ {call} }}", [name, value])

    def do(self, script: str) -> Any:
        return self.page.evaluate(script)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of this kind that the view has sent, without their ids."""
        sent: list[dict[str, Any]] = self.page.evaluate("kind => model.of(kind)", kind)
        return [{k: v for k, v in message.items() if k not in ("id", "kind")} for message in sent]

    def wait_for(self, condition: str) -> None:
        self.page.wait_for_function(condition)

    def another_press(self) -> None:
        """Waits until a press is no longer the second one of a double click."""
        self.page.wait_for_function("then => Date.now() - then > 500", arg=self.do("Date.now()"))

    def wait_for_videos(self, count: int) -> None:
        """Until `count` videos are shown and each has a picture."""
        self.page.wait_for_function(
            """count => {
              const videos = [...document.querySelectorAll("video")];
              return videos.length === count && videos.every((video) => video.readyState >= 2);
            }""",
            arg=count,
        )


def generate_button(view: Locator) -> Locator:
    return view.locator(".rw-primary")


def row(view: Locator, key: str) -> Locator:
    return view.locator(f'[data-key="{key}"]')


def seen(arena: Locator) -> None:
    """Two clips that play, for long enough to be judged."""
    equal = arena.get_by_role("button", name="Equal")
    expect(equal).to_have_attribute("aria-disabled", "false", timeout=60_000)
    begun = arena.page.evaluate("performance.now()")
    arena.page.wait_for_function("begun => performance.now() - begun > 450", arg=begun)
