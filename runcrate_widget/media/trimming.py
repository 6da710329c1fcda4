"""Cuts a piece out of a film: exact to the picture, its sound to the sample.

The pictures are copied as they are where that gives the very ones that were asked for: from a key frame on,
to where nothing that is shown needs what comes later. Elsewhere those of the piece are encoded anew. The
sound is copied always.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .encoding import MP4_OPTIONS, Pictures, copied_sound, copied_stream
from .reading import Index, index_of, opened, pictures_of, some_pictures

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream


def trim(source: Path, start: float, end: float, target: str) -> str:
    """Writes what is seen from `start` to `end`; returns why the pictures were encoded anew, or nothing."""
    with opened(source) as container:
        index = index_of(container)
    first = index.at(start)
    after = max(first + 1, index.before(end))
    begins = index.times[first]
    ends = index.times[after] if after < len(index.times) else index.end
    why = _why_not_copied(index, first, after)
    import av

    with opened(source) as seen, opened(source) as heard, av.open(target, "w", "mp4", MP4_OPTIONS) as out:
        stream = pictures_of(seen)
        sound = heard.streams.audio[0] if heard.streams.audio else None
        pictures = None if not why else Pictures(out, stream, index.rate, index.base)
        copy = None if why else copied_stream(out, stream)
        if sound is not None:
            copied = copied_stream(out, sound)
            for packet in copied_sound(heard, sound, begins * index.base, ends * index.base):
                packet.stream = copied
                out.mux(packet)
        if pictures is None:
            for packet in _packets(seen, stream, index, first, after):
                packet.stream = copy
                out.mux(packet)
        else:
            for number, frame in some_pictures(source, index, range(first, after)):
                until = index.times[number + 1] if number + 1 < len(index.times) else index.end
                pictures.put(frame, index.times[number] - begins, until - begins)
            pictures.close()
    return why


def _why_not_copied(index: Index, first: int, after: int) -> str:
    """Why these pictures cannot be had by copying their packets; nothing, if they can."""
    if index.hidden:
        return "it has pictures that are not to be seen"
    at = _place(index, first)
    if not index.order[at][1]:
        at_second = f"{float(index.times[first] * index.base):.3f}".rstrip("0").rstrip(".")
        return f"there is no key frame at {at_second} s"
    taken = {time for time, _, _ in index.order[at : at + after - first]}
    wanted = set(index.times[first:after])
    return "" if taken == wanted else "its last pictures need those that come after them"


def _place(index: Index, number: int) -> int:
    """Where, in the order of decoding, a picture is."""
    return next(at for at, (time, _, _) in enumerate(index.order) if time == index.times[number])


def _packets(
    container: InputContainer, stream: VideoStream, index: Index, first: int, after: int
) -> Iterator[Packet[Any]]:
    begins, left = index.times[first], after - first
    container.seek(index.order[_place(index, first)][2], stream=stream)
    for packet in container.demux(stream):
        if packet.pts is None or packet.dts is None or (left == after - first and packet.pts != begins):
            continue
        packet.pts -= begins
        packet.dts -= begins
        yield packet
        left -= 1
        if not left:
            return
