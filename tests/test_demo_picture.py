"""The demo backend begins a video with the picture that it was sent, and refuses what is none."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pictures import KINDS, colour, near, picture

from runcrate_widget import VideoClient
from runcrate_widget.demo import serve
from runcrate_widget.demo.server import DemoServer
from runcrate_widget.picture import Picture

RED, BLUE = (200, 40, 40), (30, 60, 200)


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with serve(seconds=0.4, height=144, rate_limit=10_000) as server:
        yield server


def uri(content: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_video_begins_with_its_picture_and_goes_on_without(
    kind: str, server: DemoServer, tmp_path: Path
) -> None:
    client = VideoClient(server.key, base_url=server.url, library=tmp_path)
    content = picture(kind, (300, 300), RED)
    video = client.generate("Snow", model="Veo 3.0", duration=4, image=content).wait(60)
    first, last = video.picture(0), video.picture()
    assert first.content is not None
    assert last.content is not None
    assert near(colour(first.content), RED, 20)
    assert not near(colour(last.content), RED, 40)
    # And the next one where it ended.
    job = client.generate("Snow", model="Veo 3.0", duration=4, image=video)
    after = job.wait(60).picture(0)
    assert after.content is not None
    assert near(colour(after.content), colour(last.content), 25)
    assert isinstance(job.request.image, Picture)
    assert job.request.image == last


@pytest.mark.parametrize(
    ("image_url", "words"),
    [
        (5, "must be an https URL, or a data URI"),
        ("", "must be an https URL, or a data URI"),
        ("http://example.org/fox.png", "must be an https URL"),
        ("data:image/png;base64,%%%", "no data URI in base64"),
        (uri(b"GIF89a" + bytes(99)), "none of the types"),
        (uri(picture()[:-9]), "no whole PNG"),
        (uri(picture()[:45] + b"\xff\xff" + picture()[47:]), "cannot be decoded"),
        (uri(picture(size=(9000, 1))), "9000×1 pixels"),
    ],
)
def test_what_is_no_picture_is_refused(server: DemoServer, image_url: Any, words: str) -> None:
    body = {"model": "google/veo-3.0", "prompt": "[fail]", "image_url": image_url}
    answer = httpx.post(
        f"{server.url}/v1/videos", json=body, headers={"Authorization": f"Bearer {server.key}"}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (422, "image_url")
    assert words in error["message"]


def test_a_picture_on_the_web_is_taken_and_not_fetched(server: DemoServer, tmp_path: Path) -> None:
    client = VideoClient(server.key, base_url=server.url, library=tmp_path)
    url = "https://127.0.0.1:9/fox.png"
    assert client.generate("Snow", model="Veo 3.0", duration=4, image=url).wait(60).duration == 4
