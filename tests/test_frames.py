"""The pictures of a video: which they are, to a frame; and what holds them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from videos import number_of, small_mp4, write_large_mp4, write_numbered_mp4

from runcrate_widget import Clip, Video, VideoRequest, errors
from runcrate_widget.media.mp4 import read_mp4

FRAMES = 60


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbered_mp4(tmp_path_factory.mktemp("numbered") / "a.mp4", FRAMES, sound=44100)


@pytest.fixture
def clip(path: Path) -> Clip:
    return Clip(path)


def numbers(pictures: Any) -> list[int]:
    return [number_of(one) for one in pictures]


def test_every_picture_comes_once_in_its_order(clip: Clip) -> None:
    pictures = clip.frames()
    assert iter(pictures) is pictures, "one at a time"
    assert numbers(pictures) == list(range(FRAMES))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30, 60])
def test_so_many_are_spread_from_the_first_to_the_last(clip: Clip, n: int) -> None:
    found = numbers(clip.frames(n))
    assert found == [round(one * (FRAMES - 1) / max(1, n - 1)) for one in range(n)]
    assert n == 1 or (found[0], found[-1]) == (0, FRAMES - 1)


def test_more_than_there_are_repeat_some(path: Path, tmp_path: Path) -> None:
    (tmp_path / "one.mp4").write_bytes(small_mp4(1 / 12))
    assert len({one.tobytes() for one in Clip(tmp_path / "one.mp4").frames(5)}) == 1
    assert numbers(Clip(path).frames(2 * FRAMES))[::2][:5] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("n", range(FRAMES))
def test_what_is_seen_at_a_second_is_the_picture_that_began_last(clip: Clip, n: int) -> None:
    begins = n / 24
    assert numbers(clip.frames(at=[begins, begins + 0.03, begins + 0.041])) == [n, n, n]


def test_seconds_come_in_the_order_in_which_they_are_asked_for(clip: Clip) -> None:
    assert numbers(clip.frames(at=(2.4, 0, 1.0, 2.4))) == [57, 0, 24, 57]
    assert numbers(clip.frames(at=np.array([0.5, 1.5], np.float32))) == [12, 36]
    assert numbers(clip.frames(at=clip.duration)) == [FRAMES - 1]
    assert clip.frames(at=[]) == []
    assert numbers([clip.last_frame()]) == [FRAMES - 1]


def test_pictures_are_of_pillow_or_numpy(clip: Clip) -> None:
    (image,), (array,) = clip.frames(1), clip.frames(1, as_="numpy")
    assert isinstance(image, Image.Image)
    assert (image.mode, image.size) == ("RGB", (64, 36))
    assert array.shape == (36, 64, 3)
    assert array.dtype == np.uint8
    assert np.array_equal(np.asarray(image), array)
    assert next(clip.frames(as_="numpy")).shape == (36, 64, 3)


def test_what_is_not_to_be_seen_is_not_given(tmp_path: Path) -> None:
    clip = Clip(write_numbered_mp4(tmp_path / "a.mp4", 30, hidden=5))
    assert numbers(clip.frames()) == list(range(5, 30))
    assert numbers(clip.frames(at=[0, 1.0])) == [5, 29]
    assert numbers(clip.frames(2)) == [5, 29]


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("n", {"n": 0}),
        ("n", {"n": -3}),
        ("n", {"n": 2.5}),
        ("n", {"n": True}),
        ("n", {"n": "8"}),
        ("n", {"n": 10**9}),
        ("at", {"at": -0.1}),
        ("at", {"at": [1, 2.6]}),
        ("at", {"at": float("nan")}),
        ("at", {"at": float("inf")}),
        ("at", {"at": "1"}),
        ("at", {"at": ["1"]}),
        ("at", {"at": True}),
        ("at", {"n": 3, "at": 1}),
        ("as_", {"as_": "jpeg"}),
        ("as_", {"as_": None}),
        ("as_", {"as_": ["pil"]}),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_read(
    clip: Clip, field: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(errors.InvalidRequestError) as found:
        clip.frames(**arguments)
    assert found.value.field == field
    assert str(found.value).startswith(("n and at", f"{field} is "))


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("columns", {"columns": 0}),
        ("columns", {"columns": 1.5}),
        ("rows", {"rows": -1}),
        ("width", {"width": 30}),
        ("width", {"width": 10**6}),
        ("width", {"width": float("nan")}),
        ("width", {"columns": 1, "rows": 100, "width": 16_384}),
    ],
)
def test_a_sheet_says_which_argument_is_wrong(clip: Clip, field: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidRequestError, match=f"^{field} is ") as found:
        clip.contact_sheet(**arguments)
    assert found.value.field == field


def cells(sheet: Image.Image, columns: int, rows: int) -> list[int]:
    """The numbers in the cells of a sheet, row by row."""
    wide, high = sheet.width / columns, sheet.height / rows
    return [
        number_of(sheet.crop((int(x * wide), int(y * high), int((x + 1) * wide), int((y + 1) * high))))
        for y in range(rows)
        for x in range(columns)
    ]


def test_a_contact_sheet_has_them_in_rows(clip: Clip) -> None:
    sheet = clip.contact_sheet()
    assert sheet.width == 960
    assert cells(sheet, 4, 3) == numbers(clip.frames(12))
    assert cells(clip.contact_sheet(5, 2, width=500), 5, 2) == numbers(clip.frames(10))


def test_a_sheet_of_an_upright_video_is_upright(tmp_path: Path) -> None:
    clip = Clip(write_numbered_mp4(tmp_path / "a.mp4", 5, size=(36, 64)))
    sheet = clip.contact_sheet(2, width=200)
    assert sheet.height > 2 * sheet.width
    assert cells(sheet, 2, 3)[:5] == [0, 1, 2, 3, 4], "no more than there are"


def test_the_facts_of_a_file(clip: Clip, path: Path) -> None:
    assert (clip.fps, clip.has_audio, clip.audio) == (24.0, True, True)
    assert (clip.width, clip.height, clip.size) == (64, 36, path.stat().st_size)
    assert clip.duration == pytest.approx(2.5, abs=0.025), "its sound ends with a whole packet"
    assert clip.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_video_has_all_of_it(path: Path) -> None:
    video = Video(path, VideoRequest("A fox", model="Veo 3.0"), "vid_1", read_mp4(path))
    assert numbers(video.frames(2)) == [0, FRAMES - 1]
    assert video.fps == 24
    assert len(video.sha256) == 64
    assert video == Video(path, video.request, "vid_1", video.mp4), "what is known of it does not count"
    with pytest.raises(AttributeError):
        video.path = path  # type: ignore[misc]


def test_threads_read_one_video_at_once(clip: Clip) -> None:
    def seen(second: float) -> int:
        return number_of(clip.frames(at=[second])[0])

    seconds = [(7 * n % 25) / 10 for n in range(40)]
    wanted = [seen(one) for one in seconds]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(seen, seconds)) == wanted
        assert list(pool.map(lambda _: len(list(clip.frames())), range(8))) == [FRAMES] * 8


def test_a_damaged_file_is_told_in_words(tmp_path: Path, path: Path) -> None:
    data = path.read_bytes()
    (tmp_path / "a.mp4").write_bytes(data)
    clip = Clip(tmp_path / "a.mp4")
    clip.path.write_bytes(data[:200])
    asked: list[Callable[[], Any]] = [lambda: clip.frames(3), lambda: list(clip.frames()), clip.last_frame]
    for ask in [*asked, clip.contact_sheet]:
        with pytest.raises(errors.InvalidVideoError, match=r"cannot be decoded"):
            ask()
    clip.path.unlink()
    for ask in [*asked, lambda: clip.sha256]:
        with pytest.raises(FileNotFoundError):
            ask()


@pytest.mark.parametrize("given", ["no.mp4", 7, None, "", "a\0b.mp4"])
def test_a_clip_of_what_is_no_file_is_refused(
    given: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.InvalidRequestError, match=r"^path is ") as found:
        Clip(given)
    assert found.value.field == "path"


def test_a_clip_of_what_is_no_video_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("<html>Please log in</html>")
    with pytest.raises(errors.InvalidRequestError, match="is not an MP4"):
        Clip(tmp_path / "a.mp4")


def test_any_name_is_a_file(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("http:a.mp4", "%d#1?.mp4", "漢 ü.mp4"):
        Path(name).write_bytes(path.read_bytes())
        assert numbers(Clip(name).frames(2)) == [0, FRAMES - 1]
        assert Clip(Clip(name).trim(0, 1, f"cut {name}").path).duration == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(
    ("package", "ask"),
    [
        ("av", lambda clip: clip.frames(2)),
        ("av", lambda clip: next(clip.frames())),
        ("av", lambda clip: clip.fps),
        ("av", lambda clip: clip.trim(0, 1)),
        ("av", lambda clip: clip.to_gif()),
        ("numpy", lambda clip: clip.frames(2, as_="numpy")),
        ("numpy", lambda clip: Clip.join([clip, clip])),
        ("PIL.Image", lambda clip: clip.frames(2)),
        ("PIL", lambda clip: clip.contact_sheet()),
    ],
)
def test_what_is_missing_is_named_with_what_installs_it(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, ask: Any
) -> None:
    (tmp_path / "a.mp4").write_bytes(path.read_bytes())
    monkeypatch.setitem(sys.modules, package, None)  # what Python has of a package that is not installed
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'runcrate_widget\[video\]'"):
        ask(Clip(tmp_path / "a.mp4"))
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"], "nothing is left behind"


def test_nothing_of_it_is_imported_before_it_is_used(path: Path) -> None:
    code = (
        "import sys, runcrate_widget; assert 'runcrate_widget.scores' not in sys.modules\n"
        "from runcrate_widget import Clip, Video, VideoClient, scores; Clip(sys.argv[1])\n"
        "print([name for name in ('av', 'numpy', 'PIL') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


MEASURED = """
import resource, sys
from runcrate_widget import Clip
clip = Clip(sys.argv[1])
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
clip.frames(1), clip.contact_sheet(2, 1)
before = peak()
seen = sum(1 for one in clip.frames(as_="numpy"))
clip.frames(4)
joined = Clip.join([clip, clip])
print(seen, clip.duration, joined.duration, peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="measures by getrusage")
def test_a_minute_of_video_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "minute.mp4"
    write_large_mp4(path, 24)
    ran = subprocess.run([sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    seen, duration, joined, grown = map(float, ran.stdout.split())
    assert seen == pytest.approx(duration * 24)
    assert duration > 50, "so as pictures it has a gigabyte"
    assert joined == pytest.approx(2 * duration, abs=0.01)
    assert grown < 60, "MB"
