"""A prompt becomes an MP4: H.264 in yuv420p, 24 frames a second, the index in front; AAC for sound."""

from __future__ import annotations

import hashlib
import io
import math
import random
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.filter import Graph
from PIL import Image, ImageOps

from .canvas import FPS, Canvas, Overlay, smooth
from .caption import caption
from .scene import Scene

SAMPLE_RATE = 44100
# FFmpeg's own numbers: matrix, primaries and transfer of HDTV; 16 to 235.
BT709 = 1
TV_RANGE = 1

_X264 = {
    "preset": "veryfast",
    "crf": "19",
    # One thread, so that a kernel and the rest of the machine stay free; a key frame every 2 s, for seeking.
    "x264-params": "threads=1:lookahead-threads=1:keyint=48:aq-mode=3:aq-strength=1.1:chroma-qp-offset=-3",
}


class RenderStopped(Exception):
    """`stop` was set."""


def frame_size(aspect_ratio: str, height: int) -> tuple[int, int]:
    """Width and height in pixels, both even.

    `height` is the shorter side: 720 is 1280x720 for 16:9 and 720x1280 for 9:16.
    """
    short, long = round(height / 2) * 2, round(height * 16 / 9 / 2) * 2
    return (long, short) if aspect_ratio == "16:9" else (short, long)


def render(
    path: Path,
    prompt: str,
    *,
    seconds: int,
    aspect_ratio: str = "16:9",
    height: int = 720,
    audio: bool = False,
    about: str = "",
    take: int = 0,
    begin: bytes | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Writes the video.

    The same arguments give the same picture; another prompt, `about` or `take` gives another one.

    Args:
        path: where to; a file that is there is overwritten.
        prompt: any text: it is shown, chooses what is drawn where its words are known, and seeds the rest.
        seconds: the length.
        aspect_ratio: `16:9` or `9:16`.
        height: the shorter side in pixels.
        audio: whether there is a sound track.
        about: a short line below the prompt.
        take: which one of several of the same.
        begin: a picture that the video begins with: it fills the first frame, and gives way within a second.
        stop: when set, the rendering ends soon.

    Raises:
        RenderStopped: `stop` was set; what is at `path` is not a video.
        av.FFmpegError, OSError: the file cannot be written.
    """
    width, height = frame_size(aspect_ratio, height)
    seed = hashlib.sha256(f"{prompt}\0{about}\0{take}".encode("utf-8", "replace")).digest()
    scene = Scene(width, height, seconds, prompt, random.Random(seed))
    words = Overlay(caption(width, height, prompt, about))
    first = None if begin is None else Overlay(_filling(begin, width, height))

    options = {"movflags": "+faststart", "max_interleave_delta": "0"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        video = container.add_stream("libx264", rate=FPS, options=_X264)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.time_base = Fraction(1, FPS)
        video.codec_context.color_range = TV_RANGE
        video.codec_context.colorspace = BT709
        video.codec_context.color_primaries = BT709
        video.codec_context.color_trc = BT709
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo") if audio else None
        if sound is not None:
            sound.bit_rate = 128_000
            # All of it at once is some 100 KB; the muxer puts it between the pictures.
            for packet in _sound(sound, seconds, random.Random(seed)):
                container.mux(packet)
        for number in range(seconds * FPS):
            if stop is not None and stop.is_set():
                raise RenderStopped("The rendering was stopped.")
            canvas = scene.draw(number / FPS)
            if first is not None and number < FPS:
                canvas.overlay(first, 1 - smooth(number / FPS))
            canvas.overlay(words)
            frame = _frame(canvas)
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))


def _filling(picture: bytes, width: int, height: int) -> Image.Image:
    """The picture, upright, as large as it has to be to fill the frame; what does not fit is cut off."""
    with Image.open(io.BytesIO(picture)) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    return ImageOps.fit(upright, (width, height)).convert("RGBA")


def _frame(canvas: Canvas) -> av.VideoFrame:
    frame = av.VideoFrame(canvas.width, canvas.height, "yuv420p")
    for plane, picture in zip(frame.planes, canvas.planes, strict=True):
        if plane.line_size != picture.width:  # FFmpeg's rows are aligned
            picture = picture.crop((0, 0, plane.line_size, picture.height))
        plane.update(picture.tobytes())
    frame.colorspace = BT709
    frame.color_range = TV_RANGE
    return frame


def _sound(stream: AudioStream, seconds: int, chance: random.Random) -> Iterator[av.Packet[AudioStream]]:
    """A quiet chord whose voices swell and fade, each at its own pace."""
    root = 110 * 2 ** (chance.choice((-2, 0, 1, 3, 5)) / 12)
    third = chance.choice((3, 4))
    channels: list[list[str]] = [[], []]
    for step in (0, 7, 12, 12 + third, 19, 26):
        frequency = root * 2 ** (step / 12)
        level = 0.075 / (1 + step / 14)
        period = chance.uniform(5, 9)
        for side, voices in enumerate(channels):
            detune = frequency * (1 + (side - 0.5) * 0.0016)
            phase = chance.uniform(0, math.tau)
            swell = f"(0.6+0.4*sin({math.tau / period:.5f}*t+{phase:.3f}))"
            turn = math.tau * detune
            voices.append(f"{level:.4f}*{swell}*(sin({turn:.4f}*t)+0.18*sin({2 * turn:.4f}*t))")
    graph = Graph()
    ends = min(1.5, seconds / 3)
    chain = [
        graph.add(
            "aevalsrc",
            exprs="|".join("+".join(voices) for voices in channels),
            s=str(SAMPLE_RATE),
            d=str(seconds),
        ),
        graph.add("lowpass", f="1400"),
        graph.add("afade", t="in", d=str(ends), curve="hsin"),
        graph.add("afade", t="out", st=str(seconds - ends), d=str(ends), curve="hsin"),
        graph.add("aformat", sample_fmts="fltp", channel_layouts="stereo"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*chain).configure()
    while True:
        try:
            frame = graph.pull()
        except (av.error.EOFError, BlockingIOError):
            break
        assert isinstance(frame, av.AudioFrame)
        yield from stream.encode(frame)
    yield from stream.encode(None)
