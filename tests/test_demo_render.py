"""What the demo backend renders, looked at with a real decoder."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

av = pytest.importorskip("av")
pytest.importorskip("PIL")

from PIL import Image, ImageChops, ImageStat  # noqa: E402

from runcrate_widget.demo.canvas import FPS  # noqa: E402
from runcrate_widget.demo.caption import caption  # noqa: E402
from runcrate_widget.demo.render import RenderStopped, frame_size, render  # noqa: E402

SMALL = 144


def make(folder: Path, prompt: str = "A fox in the snow", **options: Any) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.mp4"
    render(path, prompt, **{"seconds": 2, "height": SMALL, **options})
    return path


def frames(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as file:
        return [frame.to_image() for frame in file.decode(video=0)]


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.mark.parametrize("seconds", [2, 3, 6, 15])
@pytest.mark.parametrize("audio", [False, True])
def test_length_is_exact(tmp_path: Path, seconds: int, audio: bool) -> None:
    with av.open(str(make(tmp_path, seconds=seconds, height=64, audio=audio))) as file:
        video = file.streams.video[0]
        assert sum(1 for _ in file.decode(video)) == video.frames == seconds * FPS
        assert video.average_rate == FPS
        assert video.duration * video.time_base == seconds
        assert abs(Fraction(file.duration, av.time_base) - seconds) < Fraction(1, FPS)


@pytest.mark.parametrize(
    ("aspect_ratio", "height", "size"),
    [
        ("16:9", 720, (1280, 720)),
        ("9:16", 720, (720, 1280)),
        ("16:9", 144, (256, 144)),
        ("9:16", 90, (90, 160)),
    ],
)
def test_shape(tmp_path: Path, aspect_ratio: str, height: int, size: tuple[int, int]) -> None:
    assert frame_size(aspect_ratio, height) == size
    if height < 720:
        shown = frames(make(tmp_path, aspect_ratio=aspect_ratio, height=height))
        assert {frame.size for frame in shown} == {size}


def test_codecs_and_colours(tmp_path: Path) -> None:
    with av.open(str(make(tmp_path))) as file:
        (stream,) = file.streams
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_range) == (1, 1)  # BT.709, TV range


def test_sound_is_quiet_continuous_and_there_only_when_asked_for(tmp_path: Path) -> None:
    with av.open(str(make(tmp_path, audio=False))) as file:
        assert not file.streams.audio
    with av.open(str(make(tmp_path, audio=True, seconds=4))) as file:
        (stream,) = file.streams.audio
        assert (stream.codec_context.name, stream.sample_rate, stream.channels) == ("aac", 44100, 2)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
        data = b"".join(
            bytes(part.planes[0])[: part.samples * 2]
            for frame in file.decode(stream)
            for part in resampler.resample(frame)
        )
    values = memoryview(data).cast("h")
    assert abs(len(values) / 8000 - 4) < 0.1
    peak = max(map(abs, values))
    assert 800 < peak < 12000
    # A click would be a jump from one sample to the next that the chord's low tones do not make.
    assert max(abs(a - b) for a, b in pairwise(values)) < peak * 0.75
    assert max(map(abs, values[:80])) < peak / 8 and max(map(abs, values[-80:])) < peak / 8


def test_the_index_comes_first(tmp_path: Path) -> None:
    data, at, boxes = make(tmp_path, audio=True).read_bytes(), 0, []
    while at < len(data):
        boxes.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    assert at == len(data)
    assert boxes.index(b"moov") < boxes.index(b"mdat")


def test_the_same_prompt_gives_the_same_picture(tmp_path: Path) -> None:
    assert make(tmp_path).read_bytes() == make(tmp_path).read_bytes()


def test_other_prompts_takes_and_models_give_other_pictures(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = [
        {"prompt": "A cat"},
        {"prompt": "A dog"},
        {"prompt": "A cat", "take": 1},
        {"prompt": "A cat", "about": "Sora 2"},
        {"prompt": "The ocean at night"},
        {"prompt": "A sunrise in the mountains"},
    ]
    shown = [frames(make(tmp_path, **one))[24].crop((0, 30, 256, 80)) for one in asked]  # without the words
    for number, one in enumerate(shown):
        for other in shown[number + 1 :]:
            assert difference(one, other) > 5


def test_it_moves(tmp_path: Path) -> None:
    shown = frames(make(tmp_path, "A valley", seconds=4))
    assert difference(shown[0], shown[-1]) > 3
    assert all(difference(one, other) < 12 for one, other in pairwise(shown))


def test_words_choose_the_light(tmp_path: Path) -> None:
    def brightness(prompt: str) -> float:
        return float(ImageStat.Stat(frames(make(tmp_path, prompt))[0].convert("L")).mean[0])

    assert brightness("A lake at night") + 40 < brightness("A lake on a sunny day")


def test_every_frame_carries_the_mark(tmp_path: Path) -> None:
    shown = frames(make(tmp_path, "A lake at night", height=288, seconds=2))
    width, height = shown[0].size
    for frame in shown:
        corner = frame.convert("L").crop((round(width * 0.85), 0, width, round(height * 0.2)))
        assert sum(corner.histogram()[170:]) > 60


@pytest.mark.parametrize(
    "prompt",
    [
        "x",
        "\x00\x07\x1b[31m",
        "日本の海の朝",
        "🌌" * 50,
        "A" * 300,
        "word " * 60,
        "a\nb\tc\u2028d\u202ee",
        "é" * 40 + "e\u0301",
        "half \ud83d of a character",
        "مرحبا بالعالم",
        "!" * 5000,
    ],
)
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (256, 144)])
def test_odd_prompts_stay_inside_of_the_picture(prompt: str, size: tuple[int, int]) -> None:
    picture = caption(*size, prompt, "Veo 3.0 · 6 s")
    assert picture.size == size
    white = picture.convert("RGB").convert("L").point([255 * (v > 200) for v in range(256)])
    visible = ImageChops.multiply(white, picture.getchannel("A"))
    left, top, right, bottom = visible.getbbox() or (0, 0, 0, 0)
    assert left > 0 and right < size[0]
    assert top > 0 and bottom < size[1]
    below_the_mark = visible.crop((0, size[1] // 4, *size)).getbbox()
    assert below_the_mark is not None and below_the_mark[1] > size[1] * 0.2


def test_an_odd_prompt_renders(tmp_path: Path) -> None:
    assert len(frames(make(tmp_path, "half \ud83d 日本 \x00 🌌", height=64))) == 2 * FPS


def test_it_stops_soon(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(RenderStopped):
        make(tmp_path, stop=stop, seconds=15)


def test_other_threads_stay_alive(tmp_path: Path) -> None:
    """The interpreter's lock is never held for long: a kernel that renders stays responsive."""
    thread = threading.Thread(target=make, args=(tmp_path,), kwargs={"height": 720, "seconds": 2})
    gaps = []
    thread.start()
    last = time.perf_counter()
    while thread.is_alive():
        time.sleep(0.005)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
    gaps.sort()
    assert gaps[len(gaps) * 95 // 100] < 0.1
