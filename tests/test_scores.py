"""The scores of a video: each says of made-up pictures what is known of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageFilter
from videos import small_mp4, write_numbered_mp4

import runcrate_widget
from runcrate_widget import Clip, Video, VideoRequest, errors, scores
from runcrate_widget.media.mp4 import read_mp4

SCORES = [getattr(scores, name) for name in scores.__all__ if name != "duration_right"]
NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8))
FLAT, BLACK = (Image.new("RGB", (160, 90), colour) for colour in ((120, 90, 160), (0, 0, 0)))


def clip_of(path: Path, pictures: list[Image.Image], rate: int = 24) -> Clip:
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "10", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *pictures[0].size, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
    return Clip(path)


def moved(by: int) -> Image.Image:
    return Image.fromarray(np.roll(np.asarray(NOISE.filter(ImageFilter.GaussianBlur(3))), by, axis=1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.mp4"


def test_a_sharp_picture_is_sharper_than_a_blurred_one(tmp_path: Path) -> None:
    found = [
        scores.sharpness(clip_of(tmp_path / f"{n}.mp4", [picture] * 12))
        for n, picture in enumerate(
            [NOISE, *(NOISE.filter(ImageFilter.GaussianBlur(by)) for by in (1, 2, 5)), FLAT]
        )
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.9
    assert found[-1] == pytest.approx(0, abs=0.001)
    assert len(set(found)) == 5


def test_a_still_picture_has_no_motion_and_a_faster_one_has_more(tmp_path: Path) -> None:
    found = [
        scores.motion(clip_of(tmp_path / f"{by}.mp4", [moved(by * n) for n in range(36)])) for by in (0, 1, 3)
    ]
    assert found[0] < 0.002
    assert 0.01 < found[1] < found[2] < 0.5


def test_flashes_are_the_most_motion(path: Path) -> None:
    white = Image.new("RGB", (160, 90), (255, 255, 255))
    pictures = ([BLACK] * 6 + [white] * 6) * 4  # a quarter of a second each
    assert scores.motion(clip_of(path, pictures)) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("black", [0, 6, 24, 36])
def test_black_pictures_are_counted(path: Path, black: int) -> None:
    clip = clip_of(path, [moved(n) for n in range(36 - black)] + [BLACK] * black)
    assert scores.black_frames(clip) == pytest.approx(black / 36)


def test_a_dark_scene_with_a_light_is_not_black(path: Path) -> None:
    night = BLACK.copy()
    night.paste((220, 200, 120), (60, 30, 100, 60))
    assert scores.black_frames(clip_of(path, [night] * 6)) == 0


def test_what_stands_still_for_half_a_second_is_frozen(path: Path) -> None:
    clip = clip_of(path, [moved(n) for n in range(24)] + [moved(23)] * 12)
    assert scores.frozen_frames(clip) == pytest.approx(13 / 36, abs=0.03)
    assert scores.intact(clip) == pytest.approx(23 / 36, abs=0.03)


def test_a_drawing_at_twelve_a_second_is_not_frozen(path: Path) -> None:
    clip = clip_of(path, [moved(n // 2) for n in range(36)])
    assert scores.frozen_frames(clip) == 0
    assert scores.intact(clip) == 1


def test_slow_motion_is_not_frozen(path: Path) -> None:
    # Less changes from one picture to the next than counts, and much in half a second.
    clip = clip_of(path, [Image.new("RGB", (160, 90), (60 + n // 4,) * 3) for n in range(96)])
    assert scores.frozen_frames(clip) == 0


def test_what_is_black_and_frozen_counts_once(path: Path) -> None:
    clip = clip_of(path, [BLACK] * 24)
    assert (scores.black_frames(clip), scores.frozen_frames(clip), scores.intact(clip)) == (1, 1, 0)


def test_the_length_is_right_or_as_near_as_it_is(tmp_path: Path) -> None:
    path = write_numbered_mp4(tmp_path / "a.mp4", 92)  # 3.83 s
    video = Video(path, VideoRequest("A fox", model="Veo 3.0", duration=4), "vid_1", read_mp4(path))
    assert scores.duration_right(video) == 1.0
    assert scores.duration_right(video, 5) == pytest.approx(3.833 / 5, abs=0.001)
    assert scores.duration_right(Clip(path), 2) == pytest.approx(2 / 3.833, abs=0.001)
    with pytest.raises(errors.InvalidRequestError, match="seconds is not given"):
        scores.duration_right(Clip(path))


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "4", True])
def test_a_length_that_is_none_is_named(tmp_path: Path, seconds: Any) -> None:
    clip = Clip(write_numbered_mp4(tmp_path / "a.mp4", 2))
    with pytest.raises(errors.InvalidRequestError, match="seconds is ") as found:
        scores.duration_right(clip, seconds)
    assert found.value.field == "seconds"


@pytest.mark.parametrize("score", SCORES, ids=lambda one: one.__name__)
def test_every_score_is_a_share_of_any_video(score: Callable[[Any], float], tmp_path: Path) -> None:
    for n, (seconds, width, height) in enumerate([(1 / 12, 64, 36), (0.5, 36, 64), (0.5, 16, 16)]):
        (tmp_path / f"{n}.mp4").write_bytes(small_mp4(seconds, width, height))
        found = score(Clip(tmp_path / f"{n}.mp4"))
        assert type(found) is float
        assert 0 <= found <= 1


@pytest.mark.parametrize("score", [*SCORES, scores.duration_right], ids=lambda one: one.__name__)
@pytest.mark.parametrize("video", [None, "a.mp4", 7, Path("a.mp4")])
def test_what_is_no_video_is_refused(score: Callable[[Any], float], video: Any) -> None:
    with pytest.raises(errors.InvalidRequestError, match=r"^video is ") as found:
        score(video)
    assert found.value.field == "video"


@pytest.mark.parametrize("package", ["av", "numpy"])
@pytest.mark.parametrize("score", SCORES, ids=lambda one: one.__name__)
def test_what_is_missing_is_named(
    score: Callable[[Any], float], package: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = Clip(write_numbered_mp4(path, 2))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(errors.MissingExtraError, match=r"runcrate_widget\[video\]"):
        score(clip)


def test_they_are_a_public_module() -> None:
    import runcrate_widget.scores as module

    assert runcrate_widget.scores is module is scores
    assert "scores" in dir(runcrate_widget)
