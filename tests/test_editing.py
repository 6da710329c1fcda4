"""Cutting and joining: exact to the picture, the sound to the sample, without encoding where that can be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence
from videos import number_of, small_mp4, sound_of, write_large_mp4, write_numbered_mp4

from runcrate_widget import Clip, Video, VideoRequest, errors
from runcrate_widget.demo.render import render
from runcrate_widget.media.mp4 import read_mp4

FRAMES, RATE, SOUND = 60, 24, 44100
DURATION = FRAMES / RATE


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbered_mp4(tmp_path_factory.mktemp("numbered") / "a.mp4", FRAMES, sound=SOUND)


@pytest.fixture
def clip(made: Path, tmp_path: Path) -> Clip:
    (tmp_path / "a.mp4").write_bytes(made.read_bytes())
    return Clip(tmp_path / "a.mp4", "Numbers")


def numbers(clip: Clip) -> list[int]:
    return [number_of(one) for one in clip.frames(as_="numpy")]


def packets_of(path: Path) -> list[bytes]:
    """The coded pictures, in the order of decoding."""
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def pictures_take(path: Path) -> float:
    """How long the pictures take, in seconds, as the file says."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return float(stream.duration * stream.time_base)


# Trimming.


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, DURATION),
        (0, 1),
        (0.5, 2.5),
        (1, 1.04),
        (0.3, 1.7),
        (0.51, 0.52),
        (1.25, DURATION),
        (2.49, DURATION),
        (0, 0.001),
        (1 / 3, 2 / 3),
        (Fraction(7, 24), Fraction(8, 24)),
    ],
)
def test_a_piece_is_exact_to_the_picture_and_the_sample(clip: Clip, start: Any, end: Any) -> None:
    piece = clip.trim(start, end)
    first = int(start * RATE + 0.02)
    after = max(first + 1, min(FRAMES, -int(-(end * RATE - 0.02) // 1)))
    assert numbers(piece) == list(range(first, after))
    assert pictures_take(piece.path) == pytest.approx((after - first) / RATE, abs=0.0005)
    assert piece.duration == pytest.approx((after - first) / RATE, abs=0.001)
    (_, whole), (begins, heard) = sound_of(clip), sound_of(piece)
    assert begins == pytest.approx(0, abs=1e-4)
    from_ = round(first * SOUND / RATE)
    samples = min(round((after - first) * SOUND / RATE), whole.shape[1] - from_, heard.shape[1])
    assert samples >= min(round((after - first) * SOUND / RATE), whole.shape[1] - from_)
    # One sample off is some 0.01 off.
    assert np.abs(heard[:, :samples] - whole[:, from_ : from_ + samples]).max() < 0.001


def test_what_can_be_copied_is(clip: Clip) -> None:
    whole = packets_of(clip.path)
    for start, end, first, after in ((0, None, 0, 60), (0.5, None, 12, 60), (1, 2, 24, 48), (1.5, 2, 36, 48)):
        piece = clip.trim(start, end)
        assert piece.reencoded == ""
        assert packets_of(piece.path) == whole[first:after]


def test_what_cannot_says_why_and_is_as_good(clip: Clip) -> None:
    piece = clip.trim(0.25, 1)
    assert piece.reencoded == "there is no key frame at 0.25 s"
    before, after = clip.frames(at=0.5, as_="numpy")[0], piece.frames(at=0.25, as_="numpy")[0]
    assert np.abs(before.astype(int) - after).mean() < 3
    held = [clip.trim(0, end / RATE).reencoded for end in range(1, 13)]
    assert set(held) == {"", "its last pictures need those that come after them"}
    assert clip.trim(0, 1).poster
    assert "encoded anew: there is no key frame" in piece._repr_mimebundle_()["text/html"]


def test_a_piece_of_a_piece_is_one(clip: Clip) -> None:
    piece = clip.trim(0.3, 2.2).trim(0.5, 1.5)
    assert numbers(piece) == list(range(19, 43))
    assert "Numbers" in piece.caption


def test_hidden_pictures_stay_hidden(tmp_path: Path) -> None:
    clip = Clip(write_numbered_mp4(tmp_path / "a.mp4", 30, hidden=5, key_every=60))
    assert numbers(clip.trim(0, 0.5)) == list(range(5, 17))
    assert numbers(clip.trim(0.5)) == list(range(17, 30))
    assert numbers(Video.join([clip, clip])) == [*range(5, 30)] * 2


def test_one_picture_is_a_video_and_can_be_cut(tmp_path: Path) -> None:
    clip = Clip(write_numbered_mp4(tmp_path / "a.mp4", 1))
    assert numbers(clip.trim()) == [0]
    assert numbers(Video.join([clip, clip, clip])) == [0, 0, 0]
    assert clip.trim(0, 0.01).duration == pytest.approx(1 / 24, abs=0.001)


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("start", (-1,)),
        ("start", (DURATION + 1,)),
        ("start", (float("nan"), 1)),
        ("start", ("1", 2)),
        ("start", (None, 2)),
        ("start", (True, 2)),
        ("end", (0, DURATION + 0.1)),
        ("end", (1, 1)),
        ("end", (2, 1)),
        ("end", (0, 0)),
        ("end", (0, float("inf"))),
        ("end", (0, [1])),
    ],
)
def test_a_second_that_is_none_is_named(clip: Clip, field: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(errors.InvalidRequestError, match=f"^{field} is ") as found:
        clip.trim(*arguments)
    assert found.value.field == field
    assert [one.name for one in clip.path.parent.iterdir()] == ["a.mp4"]


def test_the_end_of_a_video_as_a_start_is_empty(clip: Clip) -> None:
    with pytest.raises(errors.InvalidRequestError, match="there is nothing"):
        clip.trim(clip.duration)


# Joining.


def test_videos_of_one_kind_are_copied(clip: Clip) -> None:
    second = clip.trim(1)
    both = Video.join([clip, second, clip])
    assert both.reencoded == ""
    assert numbers(both) == [*range(60), *range(24, 60), *range(60)]
    assert packets_of(both.path) == packets_of(clip.path) + packets_of(second.path) + packets_of(clip.path)
    assert pictures_take(both.path) == pytest.approx(156 / 24, abs=0.0005)
    assert both.duration == pytest.approx(156 / 24, abs=0.001)


def test_sound_stays_with_its_pictures_however_many_are_joined(clip: Clip) -> None:
    short = clip.trim(
        0, 1
    )  # 43.07 packets of AAC: copies of them would be off by a third of a second at the end
    many = Video.join([short] * 20)
    begins, heard = sound_of(many)
    (_, whole) = sound_of(clip)
    assert begins == pytest.approx(0, abs=1e-4)
    assert heard.shape[1] == pytest.approx(20 * SOUND, abs=1024)
    for n in range(20):
        inner = heard[:, n * SOUND + 2000 : (n + 1) * SOUND - 2000]
        assert np.abs(inner - whole[:, 2000 : SOUND - 2000]).mean() < 0.01, f"the {n}th is where it was"


@pytest.fixture
def others(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "others"
    folder.mkdir()
    (folder / "codec.mp4").write_bytes(small_mp4(1, codec="mpeg4"))
    return {
        "upright": write_numbered_mp4(folder / "upright.mp4", 24, size=(36, 64)),
        "large": write_numbered_mp4(folder / "large.mp4", 24, size=(128, 72), sound=48000),
        "slow": write_numbered_mp4(folder / "slow.mp4", 12, rate=12, sound=22050),
        "settings": write_numbered_mp4(folder / "settings.mp4", 24, options={"x264-params": "ref=4:cabac=0"}),
        "codec": folder / "codec.mp4",
    }


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("upright", "their sizes differ (64×36, 36×64)"),
        ("large", "their sizes differ (64×36, 128×72)"),
        ("settings", "their encoders' settings differ"),
        ("codec", "their codecs differ (h264, mpeg4)"),
    ],
)
def test_what_differs_is_said_and_it_is_encoded_in_the_size_of_the_first(
    clip: Clip, others: dict[str, Path], other: str, why: str
) -> None:
    before, second = clip.trim(0, 1), others[other]
    both = Video.join([before, second, before])
    assert both.reencoded == why
    assert (both.width, both.height) == (64, 36)
    pictures = numbers(both)
    count = len(packets_of(second))
    assert pictures[:24] == pictures[-24:] == list(range(24))
    assert len(pictures) == 48 + count
    if other != "codec":
        assert pictures[24:-24] == list(range(24))
    assert pictures_take(both.path) == pytest.approx(2 + pictures_take(second), abs=0.001)
    assert both.duration == pytest.approx(3, abs=0.001)
    _, heard = sound_of(both)
    _, whole = sound_of(clip)
    last = heard[:, 2 * SOUND + 2000 : 3 * SOUND - 2000]
    assert np.abs(last - whole[:, 2000 : SOUND - 2000]).mean() < 0.01
    assert (np.abs(heard[:, SOUND + 3000 : 2 * SOUND - 3000]).max() < 0.001) == (other != "large"), "silent"


def test_an_upright_one_is_not_stretched(clip: Clip, others: dict[str, Path]) -> None:
    both = Video.join([clip, others["upright"]])
    picture = both.frames(at=DURATION + 0.5, as_="numpy")[0].astype(int)
    assert picture[:, :18].max() < 24, "black beside it"
    assert picture[:, -18:].max() < 24
    assert number_of(picture) == 12
    flat = Video.join([others["upright"], clip]).frames(at=2, as_="numpy")[0].astype(int)
    assert flat.shape == (64, 36, 3)
    assert flat[:16].max() < 24, "black above it"


def test_each_picture_is_seen_as_long_as_it_was(clip: Clip, others: dict[str, Path]) -> None:
    both = Video.join([clip.trim(0, 1), others["slow"]])
    assert numbers(both) == [*range(24), *range(12)]
    assert both.duration == pytest.approx(2, abs=0.001)
    assert [number_of(one) for one in both.frames(at=[1.04, 1.08, 1.125, 1.17])] == [0, 0, 1, 2]


def test_what_is_joined_is_one_or_many_and_may_be_a_path(clip: Clip, tmp_path: Path) -> None:
    assert numbers(Video.join([clip])) == list(range(60))
    assert numbers(Video.join(str(one) for one in [clip.path, clip.path]))[60:] == list(range(60))
    silent = Clip(write_numbered_mp4(tmp_path / "silent.mp4", 24))
    assert not Video.join([silent, silent]).has_audio
    both = Video.join([silent, clip])
    assert both.has_audio
    assert np.abs(sound_of(both)[1][:, :40000]).max() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("videos", [[], None, 7, "a.mp4", [None], ["no.mp4"], [7], {"a": 1}])
def test_what_is_no_list_of_videos_is_refused(clip: Clip, videos: Any) -> None:
    with pytest.raises(errors.InvalidRequestError) as found:
        Video.join(videos)
    assert found.value.field in ("videos", "videos[0]", "path")
    assert [one.name for one in clip.path.parent.iterdir()] == ["a.mp4"]


# Where it goes.


def test_run_again_it_is_the_same_file(clip: Clip) -> None:
    assert clip.trim(0.25, 1).path == clip.trim(0.25, 1).path == clip.path.with_name("a-0.25-1s.mp4")
    assert Video.join([clip, clip]).path == Video.join([clip, clip]).path
    assert Video.join([clip, clip]).path != Video.join([clip, clip.trim(0.25, 1)]).path
    assert clip.to_gif().name == "a-10fps-64px.gif"
    assert len(list(clip.path.parent.iterdir())) == 5


def makers() -> dict[str, Callable[[Clip, Any], Any]]:
    return {
        "trim": lambda clip, path: clip.trim(0, 1, path),
        "join": lambda clip, path: Video.join([clip, clip], path),
        "to_gif": lambda clip, path: clip.to_gif(path),
    }


@pytest.mark.parametrize("maker", makers())
@pytest.mark.parametrize("path", ["no/such/a{}", "a.txt", "a", 7, "", " ", b"\xff", "a\0{}"])
def test_a_path_that_is_none_is_named(clip: Clip, maker: str, path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(clip.path.parent)
    ending = ".gif" if maker == "to_gif" else ".mp4"
    given = path.format(ending) if isinstance(path, str) else path
    with pytest.raises(errors.InvalidRequestError, match=r"^path is ") as found:
        makers()[maker](clip, given)
    assert found.value.field == "path"
    assert [one.name for one in clip.path.parent.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("maker", ["trim", "join"])
def test_neither_the_source_nor_a_paid_video_is_written_over(clip: Clip, maker: str) -> None:
    before = clip.path.read_bytes()
    with pytest.raises(errors.InvalidRequestError, match="what it is made of"):
        makers()[maker](clip, clip.path)
    paid = clip.path.with_name("paid-12345678.mp4")
    paid.write_bytes(before)
    paid.with_suffix(".json").write_text("{}")
    with pytest.raises(errors.InvalidRequestError, match="a video of a library"):
        makers()[maker](clip, paid)
    assert paid.read_bytes() == clip.path.read_bytes() == before


def test_a_folder_is_a_place(clip: Clip, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert clip.trim(0, 1, tmp_path / "out").path == tmp_path / "out" / "a-0-1s.mp4"


@pytest.mark.parametrize("maker", makers())
def test_the_same_is_written_once_and_nothing_else_is_written_over(
    clip: Clip, tmp_path: Path, maker: str
) -> None:
    path = tmp_path / f"cut{'.gif' if maker == 'to_gif' else '.mp4'}"
    makers()[maker](clip, path)
    made = (path.stat().st_ino, path.read_bytes())
    makers()[maker](clip, path)  # the cell runs again
    assert made == (path.stat().st_ino, path.read_bytes())
    path.write_text("something of a person")
    with pytest.raises(errors.InvalidRequestError, match="there is another file already") as found:
        makers()[maker](clip, path)
    assert found.value.field == "path"
    assert path.read_text() == "something of a person"
    assert not list(tmp_path.glob(".*")), "nothing is left"


def test_what_fails_leaves_nothing(clip: Clip) -> None:
    data = clip.path.read_bytes()
    clip.path.write_bytes(data[: len(data) // 3] + bytes(2 * len(data) // 3))
    for make in makers().values():
        with pytest.raises(errors.InvalidVideoError):
            make(clip, None)
    assert [one.name for one in clip.path.parent.iterdir()] == ["a.mp4"]


def test_threads_edit_at_once(clip: Clip) -> None:
    with ThreadPoolExecutor(6) as pool:
        pieces = list(pool.map(lambda n: clip.trim(n / 24, (n + 12) / 24), [0, 3, 12, 0, 3, 12]))
    assert [numbers(piece)[0] for piece in pieces] == [0, 3, 12, 0, 3, 12]
    assert [len(numbers(piece)) for piece in pieces] == [12] * 6


# GIFs.


def test_a_gif_has_the_pictures_at_their_times(clip: Clip) -> None:
    path = clip.to_gif(fps=12, width=64)
    with Image.open(path) as gif:
        assert gif.size == (64, 36)
        assert gif.info["loop"] == 0
        frames = [(one.convert("RGB"), one.info["duration"]) for one in ImageSequence.Iterator(gif)]
    assert [number_of(one) for one, _ in frames] == list(range(0, 60, 2))
    assert sum(long for _, long in frames) == pytest.approx(1000 * DURATION, abs=30)


def test_a_gif_is_no_larger_and_no_faster_than_the_video(clip: Clip, tmp_path: Path) -> None:
    with Image.open(clip.to_gif(tmp_path / "b.gif", fps=50, width=2000)) as gif:
        assert gif.size == (64, 36)
        assert gif.n_frames == FRAMES
    upright = Clip(write_numbered_mp4(tmp_path / "up.mp4", 6, size=(36, 64)))
    with Image.open(upright.to_gif(width=18)) as gif:
        assert gif.size == (18, 32)


@pytest.mark.parametrize("fps", [1e-9, 0.1, 0.3])
def test_a_gif_has_at_least_one_picture(clip: Clip, fps: float) -> None:
    with Image.open(clip.to_gif(fps=fps, width=32)) as gif:
        assert gif.n_frames == 1
        assert gif.info["duration"] >= 100


def test_another_gif_has_another_name_and_the_same_one_the_same(clip: Clip) -> None:
    asked: list[dict[str, Any]] = [{}, {"fps": 5}, {"fps": 5, "width": 32}, {"width": 32}, {"fps": 4.5}]
    paths = [clip.to_gif(**one) for one in asked]
    assert len(set(paths)) == 5 and all(path.exists() for path in paths)
    assert paths[2].name == "a-5fps-32px.gif"
    assert [clip.to_gif(**one) for one in asked] == paths


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("fps", {"fps": 0}),
        ("fps", {"fps": 51}),
        ("fps", {"fps": float("nan")}),
        ("fps", {"fps": "10"}),
        ("fps", {"fps": True}),
        ("width", {"width": 0}),
        ("width", {"width": 2.5}),
    ],
)
def test_a_gif_says_which_argument_is_wrong(clip: Clip, field: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidRequestError, match=f"^{field} is ") as found:
        clip.to_gif(**arguments)
    assert found.value.field == field


# What a clip is in a notebook.


def test_a_clip_shows_itself_as_a_video_does(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clip.path.parent)
    piece = clip.trim(0, 1)
    html = piece._repr_mimebundle_()["text/html"]
    assert "<video src='a-0-1s.mp4'" in html
    assert "Numbers, 0–1 s" in html
    assert "data:image/jpeg;base64," in html, "its poster"
    assert not list(clip.path.parent.glob("*.jpg")), "which is no file"
    assert "Clip(" in html
    assert "DEMO" not in html
    assert repr(piece) == f"<Clip {piece.path} 1 s 64×36 with sound 'Numbers, 0–1 s'>"
    assert Clip(piece).caption == ""
    assert "a-0-1s.mp4" in Clip(piece)._html()


def test_what_is_made_of_a_demo_is_one(clip: Clip) -> None:
    request = VideoRequest("A fox <in> the snow", model="Veo 3.0")
    video = Video(clip.path, request, "vid_1", read_mp4(clip.path), demo=True)
    piece = video.trim(0, 1)
    both = Video.join([clip, piece])
    assert piece.demo
    assert both.demo
    assert "DEMO" in both._repr_mimebundle_()["text/html"]
    assert "A fox &lt;in&gt; the snow, 0–1 s" in piece._repr_mimebundle_()["text/html"]


def test_another_video_can_begin_with_a_clip(clip: Clip) -> None:
    piece = clip.trim(0, 1)
    request = VideoRequest("It goes on", model="Veo 3.0", image=piece)
    again = VideoRequest("It goes on", model="Veo 3.0", image=(piece, piece.duration))
    assert request == again
    assert request != VideoRequest("It goes on", model="Veo 3.0", image=(piece, 0))
    assert not (clip.path.parent / "pictures").exists()
    with pytest.raises(errors.InvalidRequestError, match="image is 9"):
        piece.picture(9)


# The demo's own, as a user has it.


@pytest.mark.parametrize("aspect_ratio", ["16:9", "9:16"])
def test_videos_of_the_demo_are_cut_and_joined(tmp_path: Path, aspect_ratio: str) -> None:
    path = tmp_path / "demo.mp4"
    render(path, "A fox", seconds=4, height=90, audio=True, aspect_ratio=aspect_ratio)
    clip = Clip(path)
    end, middle = clip.trim(2), clip.trim(1, 2.5)
    assert (end.reencoded, middle.reencoded) == ("", "there is no key frame at 1 s")
    assert end.duration == pytest.approx(2, abs=0.001)
    assert middle.duration == pytest.approx(1.5, abs=0.001)
    both = Video.join([clip, end])
    assert both.reencoded == ""
    assert both.duration == pytest.approx(6, abs=0.001)
    assert len(list(Video.join([middle, clip]).frames())) == 36 + 96
    (_, whole), (_, heard) = sound_of(clip), sound_of(both)
    assert (
        np.abs(heard[:, 4 * SOUND + 2000 :][:, :80000] - whole[:, 2 * SOUND + 2000 :][:, :80000]).mean()
        < 0.01
    )


def test_a_long_video_is_cut_where_it_says(tmp_path: Path) -> None:
    write_large_mp4(tmp_path / "a.mp4", 10)
    clip = Clip(tmp_path / "a.mp4")
    piece = clip.trim(20, 22)
    assert piece.reencoded == ""
    assert piece.duration == pytest.approx(2, abs=0.001)
    assert re.search(r"-20-22s\.mp4$", str(piece.path))
    assert np.array_equal(piece.frames(1, as_="numpy")[0], clip.frames(at=20, as_="numpy")[0])


@pytest.mark.skipif("libx265" not in av.codecs_available, reason="PyAV has no encoder of HEVC")
def test_another_codec_is_copied_too_under_the_name_that_it_had(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    settings = "keyint=12:min-keyint=12:scenecut=0:open-gop=0:log-level=none"
    options = {"preset": "ultrafast", "x265-params": settings}
    write_numbered_mp4(path, 36, size=(128, 72), codec="libx265", tag="hvc1", options=options)
    piece = Clip(path).trim(0.5, 1.5)
    both = Video.join([path, piece])
    assert (piece.reencoded, both.reencoded) == ("", "")
    assert numbers(both) == [*range(36), *range(12, 36)]
    for one in (piece, both):
        with av.open(os.fspath(one)) as container:
            context = container.streams.video[0].codec_context
            assert (context.name, context.codec_tag) == ("hevc", "hvc1"), "Safari plays no `hev1`"
