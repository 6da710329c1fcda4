"""Puts films one after the other.

The pictures are copied as they are where every film was encoded in the same way. Elsewhere they are encoded
anew, in the size of the first film: none is stretched, and each is seen as long as it was. The sound is put
together sample by sample and encoded once more (`sound.py`): its packets do not end where pictures do, so
copies of them would drift away from the pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .encoding import MP4_OPTIONS, Pictures, copied_stream
from .reading import Index, index_of, opened, pictures_of
from .sound import JoinedSound, SoundKind, sound_kind

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.filter import Graph
    from av.video.stream import VideoStream

_FINE = Fraction(1, 90_000)  # seconds: what the usual rates divide


@dataclass(frozen=True)
class _Part:
    """A film, and what has to be the same in all of them for their packets to be copied."""

    path: Path
    index: Index
    codec: str
    size: str
    colours: str
    pixels: Fraction
    settings: bytes
    sound: SoundKind | None


def join(sources: Sequence[Path], target: str) -> str:
    """Writes the films one after the other; returns why the pictures were encoded anew, or nothing."""
    parts = [_part(path) for path in sources]
    why = _why_not_copied(parts)
    import av

    with ExitStack() as stack:
        first = pictures_of(stack.enter_context(opened(sources[0])))
        out = stack.enter_context(av.open(target, "w", "mp4", MP4_OPTIONS))
        bases = {part.index.base for part in parts}
        base = bases.pop() if len(bases) == 1 else _FINE
        pictures = Pictures(out, first, parts[0].index.rate, base) if why else None
        copy = None if why else copied_stream(out, first)
        sound = JoinedSound.of(out, [part.sound for part in parts])
        begins = Fraction(0)
        for part in parts:
            ends = begins + part.index.seconds
            if sound is not None:
                sound.add(part.path, part.index.times[0] * part.index.base, begins, ends)
            if pictures is None:
                for packet in _packets(part, begins):
                    packet.stream = copy
                    out.mux(packet)
            else:
                _encode(part, parts[0], begins, base, pictures)
            begins = ends
        if pictures is not None:
            pictures.close()
        if sound is not None:
            sound.close()
    return why


def _part(path: Path) -> _Part:
    with opened(path) as container:
        stream = pictures_of(container)
        context = stream.codec_context
        pixels = stream.sample_aspect_ratio or Fraction(1)
        colours = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
        return _Part(
            path,
            index_of(container),
            context.name.removeprefix("lib"),
            f"{context.width}×{context.height}",
            f"{context.pix_fmt} {' '.join(str(int(one)) for one in colours)}",
            pixels if pixels > 0 else Fraction(1),
            bytes(context.extradata or b""),
            sound_kind(container),
        )


def _why_not_copied(parts: Sequence[_Part]) -> str:
    """In words, what is not the same in all of them; nothing, if they can be copied."""
    for what, values in (
        ("codecs", [part.codec for part in parts]),
        ("sizes", [part.size for part in parts]),
        ("colours", [part.colours for part in parts]),
        ("shapes of a pixel", [str(part.pixels) for part in parts]),
    ):
        differing = list(dict.fromkeys(values))
        if len(differing) > 1:
            return f"their {what} differ ({', '.join(differing)})"
    if len({part.settings for part in parts}) > 1:
        return "their encoders' settings differ"
    if any(part.index.hidden for part in parts):
        return "there are pictures that are not to be seen"
    last = None
    begins = Fraction(0)
    for part in parts:
        index = part.index
        if not index.order[0][1] or index.order[0][0] != index.times[0]:
            return "one does not begin with a key frame"
        lead = begins - index.times[0] * index.base
        if last is not None and lead + index.order[0][2] * index.base <= last:
            return "the order of their pictures differs"
        last = lead + index.order[-1][2] * index.base
        begins += index.seconds
    return ""


def _packets(part: _Part, begins: Fraction) -> Iterator[Packet[Any]]:
    with opened(part.path) as container:
        stream = pictures_of(container)
        base = part.index.base
        lead = round(begins / base) - part.index.times[0]
        for packet in container.demux(stream):
            if packet.pts is not None and packet.dts is not None:
                packet.pts += lead
                packet.dts += lead
                yield packet


def _encode(part: _Part, like: _Part, begins: Fraction, base: Fraction, pictures: Pictures) -> None:
    index = part.index
    bounds = [
        round((begins + (time - index.times[0]) * index.base) / base) for time in (*index.times, index.end)
    ]
    places = {time: number for number, time in enumerate(index.times)}
    alike = (part.size, part.colours, part.pixels) == (like.size, like.colours, like.pixels)
    with opened(part.path) as container:
        stream = pictures_of(container)
        graph = None if alike else _fitting(stream, part.pixels / like.pixels, pictures)
        for frame in container.decode(stream):
            number = places.get(frame.pts) if frame.pts is not None else None
            if number is not None:
                fitted = frame if graph is None else _through(graph, frame)
                pictures.put(fitted, bounds[number], bounds[number + 1])


def _fitting(stream: VideoStream, pixels: Fraction, pictures: Pictures) -> Graph:
    """Makes a picture as large as fits without stretching it, with black where it does not reach."""
    from av.filter import Graph

    wide, high = stream.codec_context.width * pixels, stream.codec_context.height
    scale = min(pictures.width / wide, Fraction(pictures.height, high))
    width, height = (max(2, round(size * scale / 2) * 2) for size in (wide, high))
    graph = Graph()
    chain = [
        graph.add_buffer(template=stream),
        graph.add("scale", f"{width}:{height}:flags=bicubic:out_range=tv{pictures.matrix}"),
        graph.add("pad", f"{pictures.width}:{pictures.height}:(ow-iw)/2:(oh-ih)/2"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*chain).configure()
    return graph


def _through(graph: Graph, frame: VideoFrame) -> VideoFrame:
    graph.push(frame)
    fitted: Any = graph.pull()
    return fitted  # type: ignore[no-any-return]
