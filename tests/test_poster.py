"""The poster: a small JPEG of a telling frame, beside the MP4."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image
from videos import small_jpeg, small_mp4, write_large_mp4

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.media.poster import LARGEST, keep_poster, make_poster, poster_path, read_poster


def picture(jpeg: bytes | None) -> Image.Image:
    assert jpeg is not None
    assert len(jpeg) <= LARGEST
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


def write_mp4(path: Path, pictures: list[Image.Image], rate: int = 8) -> Path:
    """An MP4 of these pictures."""
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *pictures[0].size, "yuv420p"
        for one in pictures:
            container.mux(stream.encode(av.VideoFrame.from_image(one)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
    return path


def stripes(colour: tuple[int, int, int]) -> Image.Image:
    whole = Image.new("RGB", (320, 180), "black")
    whole.paste(colour, (0, 0, 320, 90))
    return whole


def test_noise_which_compresses_worst_of_all_still_fits(tmp_path: Path) -> None:
    write_large_mp4(tmp_path / "noise.mp4", 1)
    image = picture(make_poster(tmp_path / "noise.mp4"))
    assert image.width * 360 == pytest.approx(image.height * 640, rel=0.02)


@pytest.mark.parametrize(
    ("size", "expected"), [((1280, 720), (480, 270)), ((360, 640), (270, 480)), ((64, 36), (64, 36))]
)
def test_it_has_the_videos_shape_and_is_small(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(small_mp4(1, *size))
    assert picture(make_poster(file)).size == expected


def test_it_is_of_about_one_second_in(tmp_path: Path) -> None:
    red, blue = stripes((220, 30, 30)), stripes((30, 30, 220))
    red_or_blue = picture(make_poster(write_mp4(tmp_path / "a.mp4", [red] * 7 + [blue] * 17))).getpixel(
        (100, 20)
    )
    assert isinstance(red_or_blue, tuple)
    assert red_or_blue[2] > 150 > 100 > red_or_blue[0]


def test_black_is_passed_over(tmp_path: Path) -> None:
    black, green = Image.new("RGB", (320, 180)), stripes((30, 200, 30))
    pixel = picture(make_poster(write_mp4(tmp_path / "a.mp4", [black] * 20 + [green] * 12))).getpixel(
        (100, 20)
    )
    assert isinstance(pixel, tuple)
    assert pixel[1] > 150


def test_a_video_that_is_all_black_has_a_black_one(tmp_path: Path) -> None:
    extremes = (
        picture(make_poster(write_mp4(tmp_path / "a.mp4", [Image.new("RGB", (320, 180))] * 60)))
        .convert("L")
        .getextrema()
    )
    assert extremes[1] <= 8  # type: ignore[operator]


@pytest.mark.parametrize("content", [b"", b"no video", small_mp4(1)[:-2000], b"\xff\xd8\xff" + bytes(100)])
def test_what_cannot_be_decoded_has_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    assert make_poster(tmp_path / "a.mp4") is None
    assert make_poster(tmp_path / "nothing.mp4") is None


def test_it_is_kept_once_and_whole(tmp_path: Path) -> None:
    video = tmp_path / "a-fox-12345678.mp4"
    video.write_bytes(small_mp4(1, 320, 180))
    assert read_poster(video) is None
    jpeg = make_poster(video)
    assert jpeg
    keep_poster(video, jpeg)
    keep_poster(video, small_jpeg(b"another"))
    assert read_poster(video) == jpeg
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-fox-12345678.jpg", "a-fox-12345678.mp4"]


@pytest.mark.parametrize(
    "jpeg",
    [b"", b"GIF89a", b"\x89PNG", b"\xff\xd8\xff<script>", small_jpeg()[:-2], small_jpeg(bytes(LARGEST))],
)
def test_what_is_no_small_jpeg_is_refused(tmp_path: Path, jpeg: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="JPEG of at most 11000 bytes"):
        keep_poster(tmp_path / "a.mp4", jpeg)
    assert not list(tmp_path.iterdir())


def test_somebodys_own_picture_of_that_name_is_left_alone(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    own = b"\xff\xd8\xff" + bytes(200_000)
    poster_path(video).write_bytes(own)
    assert read_poster(video) is None
    keep_poster(video, small_jpeg())
    assert poster_path(video).read_bytes() == own


def test_a_folder_that_cannot_be_written_is_no_error() -> None:
    keep_poster(Path("/proc/a.mp4"), small_jpeg())


def test_without_pyav_there_is_none_and_nothing_breaks(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(small_mp4(1))
    code = (
        "import sys; sys.modules['av'] = None\n"
        "from pathlib import Path\nfrom runcrate_widget.media.poster import make_poster\n"
        f"print(make_poster(Path({str(tmp_path / 'a.mp4')!r})))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "None\n"
    )


def test_importing_the_package_imports_no_decoder() -> None:
    code = "import sys, runcrate_widget.client, runcrate_widget.media.video, runcrate_widget.media.poster; print('av' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False\n"
    )
