"""The cache of a library in a bucket, which several processes fill."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runcrate_widget.library.cloud.cache import Cache

SIZE = 1000  # bytes of each file


def fill(cache: Cache, number: int) -> Path:
    cache.folder.mkdir(parents=True, exist_ok=True)
    path = cache.folder / f"fox-{number:08x}.mp4"
    path.write_bytes(b"x" * SIZE)
    os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    cache.make_room(path)
    return path


def test_two_processes_that_fill_it_keep_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNCRATE_CACHE", str(tmp_path))
    monkeypatch.setenv("RUNCRATE_CACHE_GB", f"{40 * SIZE / 1e9:.12f}")
    both = [Cache("s3://bucket/team", "team") for _ in range(2)]  # each is of a process
    paths = [fill(both[number % 2], number) for number in range(100)]
    there = [path for path in paths if path.exists()]
    assert 35 <= len(there) <= 40
    assert there == paths[-len(there) :], "the oldest go first"


def test_what_has_room_is_not_looked_through_for_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCRATE_CACHE", str(tmp_path))
    cache, scan = Cache("s3://bucket/team", "team"), os.scandir
    looks: list[Path] = []

    def look(folder: Path) -> object:
        looks.append(folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", look)
    for number in range(200):
        fill(cache, number)
    assert len(looks) == 1
