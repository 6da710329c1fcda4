"""An animated GIF of a film, in two passes: first the 256 colours that are best for all of it, then the
pictures. Neither pass holds more than one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .reading import opened, pictures_of

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import OutputContainer
    from av.filter.context import FilterContext

_HUNDREDTHS = 100  # of a second: what a GIF measures time in


def write_gif(source: Path, target: str, fps: float, width: int, height: int) -> None:
    """Writes it, of so many pictures a second, and of this size; it plays without an end."""
    import av

    (palette,) = _filtered(source, fps, width, height, None)
    with av.open(target, "w", "gif", {"loop": "0"}) as out:
        stream = out.add_stream("gif", rate=_HUNDREDTHS)
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        at = -1
        for frame in _filtered(source, fps, width, height, palette):
            at = max(at + 1, round((frame.time or 0.0) * _HUNDREDTHS))
            frame.pts, frame.time_base = at, Fraction(1, _HUNDREDTHS)
            _mux(out, stream.encode(frame), fps)
        _mux(out, stream.encode(None), fps)


def _mux(out: OutputContainer, packets: Iterable[Packet[Any]], fps: float) -> None:
    for packet in packets:
        packet.duration = max(1, round(_HUNDREDTHS / fps))  # of which the last one's counts
        out.mux(packet)


def _filtered(
    source: Path, fps: float, width: int, height: int, palette: VideoFrame | None
) -> Iterator[VideoFrame]:
    """The pictures in the colours of `palette`; without one, the palette that is best for them."""
    from av.filter import Graph

    with opened(source) as container:
        stream = pictures_of(container)
        graph = Graph()
        pictures, sink = graph.add_buffer(template=stream), graph.add("buffersink")
        rate, size = graph.add("fps", str(fps)), graph.add("scale", f"{width}:{height}:flags=lanczos")
        colours = (
            graph.add("palettegen") if palette is None else graph.add("paletteuse", "diff_mode=rectangle")
        )
        for one, other in ((pictures, rate), (rate, size), (size, colours), (colours, sink)):
            one.link_to(other)
        given = None
        if palette is not None:
            given = graph.add_buffer(
                width=palette.width,
                height=palette.height,
                format=palette.format,
                time_base=Fraction(1, _HUNDREDTHS),
            )
            given.link_to(colours, 0, 1)
        graph.configure()
        if given is not None:
            given.push(palette)
            given.push(None)
        for frame in container.decode(stream):
            pictures.push(frame)
            yield from _ready(sink)
        pictures.push(None)
        yield from _ready(sink)


def _ready(sink: FilterContext) -> Iterator[VideoFrame]:
    import av

    while True:
        try:
            frame: Any = sink.pull()
        except (BlockingIOError, av.error.EOFError):
            return
        yield frame
