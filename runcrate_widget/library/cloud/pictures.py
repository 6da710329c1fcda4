"""The pictures that videos begin with, in a bucket: each once, named after its content, and in the cache."""

from __future__ import annotations

import contextlib
from pathlib import Path

from runcrate_widget.media.pictures import FOLDER, Pictures, is_whole
from runcrate_widget.picture import LARGEST, Picture

from .bucket import Bucket


class CloudPictures(Pictures):
    """As in a folder, which is the cache: what is not there comes from the bucket."""

    def __init__(self, bucket: Bucket, cache: Path) -> None:
        super().__init__(cache)
        self._bucket = bucket

    def place(self, picture: Picture) -> str:
        return f"{self._bucket.url}/{FOLDER}/{picture.name}"

    def _read(self, name: str, most: int = LARGEST) -> bytes:
        with contextlib.suppress(OSError):
            content = super()._read(name, most)
            if is_whole(name, content):  # the cache may have lost some of it
                return content
        found = self._bucket.get(f"{FOLDER}/{name}")
        if found is None:
            raise FileNotFoundError(f"{self._bucket.url}/{FOLDER}/{name} is not there")
        with contextlib.suppress(OSError):
            super()._write(name, found.content)
        return found.content

    def _has(self, picture: object) -> bool:  # noqa: ARG002
        return False  # here, perhaps; whether the bucket has it, nobody knows

    def _write(self, name: str, content: bytes) -> None:
        self._bucket.put(f"{FOLDER}/{name}", content)
        with contextlib.suppress(OSError):
            super()._write(name, content)
