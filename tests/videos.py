"""Small real MP4s for the tests, made with PyAV."""

from __future__ import annotations

import io
from functools import lru_cache

import av
from PIL import Image


@lru_cache(maxsize=8)
def small_mp4(seconds: float = 1.0, width: int = 64, height: int = 36, audio: bool = False) -> bytes:
    """An H.264 MP4 of this length and shape, with a changing picture, and silence if `audio`."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12)
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
