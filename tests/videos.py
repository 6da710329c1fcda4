"""Real MP4s for the tests, made with PyAV: small ones in memory, and large ones as files."""

from __future__ import annotations

import io
import os
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
from PIL import Image


def small_jpeg(mark: bytes = b"") -> bytes:
    """A JPEG as far as its segments tell, with `mark` for a picture."""
    frame, scan = (
        b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00",
        b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00",
    )
    return b"\xff\xd8" + frame + scan + mark + b"\xff\xd9"


@lru_cache(maxsize=8)
def small_mp4(
    seconds: float = 1.0, width: int = 64, height: int = 36, audio: bool = False, codec: str = "libx264"
) -> bytes:
    """An H.264 MP4 of this length and shape, with a changing picture, and silence if `audio`.

    With the codec `mpeg4` (MPEG-4 part 2) it is whole, and no browser plays it.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=12)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=44100) if audio else None
        for n in range(round(seconds * 12)):
            picture = Image.new("RGB", (width, height), ((n * 20) % 256, 90, 160))
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
        if sound is not None:
            for n in range(round(seconds * 44100 / 1024)):
                frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
                for plane in frame.planes:
                    plane.update(bytes(plane.buffer_size))
                frame.sample_rate, frame.pts = 44100, n * 1024
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return file.getvalue()


def write_large_mp4(path: Path, megabytes: int) -> None:
    """Writes an H.264 MP4 of noise, 640×360 at 24 pictures a second, of so many MB (10⁶ bytes) or up to half
    a MB more.

    It decodes and seeks as any does: one second is encoded, and its packets are written again and again, each
    time later. Its index is at the end, as encoders write it by default. Takes 0.1 s at 1 MB, and 0.2 s at
    200 MB.
    """
    rate = 24
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream(
            "libx264",
            rate=rate,
            # One group of pictures that needs none of another, so that it can follow itself.
            options={"preset": "ultrafast", "tune": "zerolatency", "g": str(rate), "qp": "46"},
        )
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        packets: list[av.Packet[Any]] = []
        for _ in range(rate):
            noise = Image.frombytes("RGB", (640, 360), os.urandom(640 * 360 * 3))
            packets += stream.encode(av.VideoFrame.from_image(noise))  # type: ignore[no-untyped-call]
        packets += stream.encode(None)
        second = sum(packet.size for packet in packets)
        for n in range(round(megabytes * 1e6 / second + 0.5)):
            for at, packet in enumerate(packets):
                packet.time_base = Fraction(1, rate)
                packet.pts = packet.dts = n * rate + at
                packet.duration = 1
                container.mux(packet)
