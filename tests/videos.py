"""Real MP4s for the tests, made with PyAV: small ones in memory, and large ones as files."""

from __future__ import annotations

import io
import os
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
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


def write_numbered_mp4(
    path: Path,
    frames: int,
    *,
    rate: int = 24,
    size: tuple[int, int] = (64, 36),
    key_every: int = 12,
    sound: int = 0,
    options: dict[str, str] | None = None,
    hidden: int = 0,
    codec: str = "libx264",
    tag: str | None = None,
) -> Path:
    """Writes an H.264 MP4 whose pictures tell their number (`number_of`): with pictures that need later ones,
    and a key frame every so many; with `sound`, that many samples a second of AAC, of a tone that rises. The
    first `hidden` pictures are not to be seen: an edit list begins after them."""
    given = {"g": str(key_every), "bf": "2", "sc_threshold": "0", "preset": "veryfast", "crf": "12"}
    with av.open(path, "w", format="mp4", options={"max_interleave_delta": "0"}) as container:
        stream = container.add_stream(codec, rate=rate, options=given | (options or {}))
        if tag:
            stream.codec_context.codec_tag = tag
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        heard = container.add_stream("aac", rate=sound, layout="stereo") if sound else None
        if heard is not None:
            for n in range(-(-frames * sound // (rate * 1024))):
                at = (np.arange(n * 1024, (n + 1) * 1024) / sound)[None, :]
                tone = np.sin(2 * np.pi * (200 + 150 * at) * at) * 0.4
                samples = np.concatenate([tone, tone * 0.5]).astype(np.float32)
                frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts = sound, n * 1024
                container.mux(heard.encode(frame))
            container.mux(heard.encode(None))
        packets = []
        for n in range(frames):
            picture = Image.new("RGB", size, colour_of(n))
            packets += stream.encode(av.VideoFrame.from_image(picture))  # type: ignore[no-untyped-call]
        for packet in [*packets, *stream.encode(None)]:
            assert packet.pts is not None
            assert packet.dts is not None
            assert packet.time_base is not None
            shift = round(Fraction(hidden, rate) / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            container.mux(packet)
    return path


def colour_of(number: int) -> tuple[int, int, int]:
    """The colour that picture `number`, of up to 100, has all over."""
    return (20 + 24 * (number % 10), 20 + 24 * (number // 10), 128)


def number_of(picture: Any) -> int:
    """The number that a picture tells in its middle: a Pillow image, or an array."""
    array = np.asarray(picture)
    middle = array[array.shape[0] // 2 - 2 :, array.shape[1] // 2 - 2 :][:4, :4].mean(axis=(0, 1))
    tens, ones = (round((float(middle[channel]) - 20) / 24) for channel in (1, 0))
    return 10 * tens + ones


def sound_of(path: str | os.PathLike[str]) -> tuple[float, Any]:
    """When the sound of an MP4 begins, in seconds, and its samples: channels by time."""
    with av.open(os.fspath(path)) as container:
        frames = list(container.decode(container.streams.audio[0]))
    return float(frames[0].time or 0.0), np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
