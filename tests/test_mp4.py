"""Whether a file is a whole MP4."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from videos import small_mp4

from runcrate_widget.errors import InvalidVideoError
from runcrate_widget.media.mp4 import MP4, read_mp4


@pytest.mark.parametrize(("width", "height", "audio"), [(64, 36, False), (36, 64, True)])
def test_a_whole_one_is_read(tmp_path: Path, width: int, height: int, audio: bool) -> None:
    data = small_mp4(2, width, height, audio)
    file = tmp_path / "video.mp4"
    file.write_bytes(data)
    facts = read_mp4(file)
    assert facts == MP4(len(data), width, height, facts.duration, audio)
    assert facts.duration == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b'{"error": "no such video"}', "not an MP4"),
        (b"<html>Please log in</html>", "not an MP4"),
        (b"\0" * 5000, "not an MP4"),
        (b"\0\0\0\x10ftypisom\0\0\0\0", "moov"),
        (b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov", "mdat"),
        (b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov\0\0\0\x08mdat", "without a picture"),
        (b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x10moov\0\0\0\x63trak\0\0\0\x08mdat", "damaged"),
        (b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x04moov", "cut short"),
    ],
)
def test_what_is_none_is_told_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    file = tmp_path / "video.mp4"
    file.write_bytes(data)
    with pytest.raises(InvalidVideoError, match=words):
        read_mp4(file)


def test_no_part_of_a_video_passes_for_the_whole(tmp_path: Path) -> None:
    data = small_mp4(1, audio=True)
    file = tmp_path / "video.mp4"
    for length in range(len(data)):
        file.write_bytes(data[:length])
        with pytest.raises(InvalidVideoError):
            read_mp4(file)


def test_something_after_the_end_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "video.mp4"
    file.write_bytes(small_mp4(1) + b"trailing rubbish that is no box")
    with pytest.raises(InvalidVideoError):
        read_mp4(file)


@given(st.integers(0, 5000), st.binary(min_size=1, max_size=40))
def test_damage_never_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, at: int, damage: bytes
) -> None:
    data = bytearray(small_mp4(1))
    at %= len(data)
    data[at : at + len(damage)] = damage
    file = tmp_path_factory.getbasetemp() / "damaged.mp4"
    file.write_bytes(data)
    with contextlib.suppress(InvalidVideoError):
        read_mp4(file)
