"""Encodes pictures as H.264, each at its time, and copies sound: what editing is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import ConfigurationError, MissingExtraError

from .reading import NEAR

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream

# So good that nobody sees a difference; a key frame for every 48 pictures, to seek by.
_X264 = {"preset": "fast", "crf": "15", "g": "48"}
MP4_OPTIONS = {"movflags": "+faststart", "max_interleave_delta": "0"}


def copied_stream(out: OutputContainer, stream: Any) -> Any:
    """A stream for the packets of `stream`, as they are.

    Raises:
        MissingExtraError: the PyAV that is installed is too old for it.
    """
    import av

    try:
        copy: Any = out.add_stream_from_template(stream, opaque=True)
    except (AttributeError, TypeError):  # what those before 14.2 say
        message = f"Copying pictures and sound needs PyAV 14.2 or later; {av.__version__} is installed."
        hint = "Install it with: pip install -U 'runcrate_widget[video]'"
        raise MissingExtraError(message, hint) from None
    copy.codec_context.codec_tag = stream.codec_context.codec_tag  # `hvc1` plays where `hev1` does not
    return copy


class Pictures:
    """A stream of H.264 in an MP4 that is being written, of the shape and the colours of `like`."""

    def __init__(self, out: OutputContainer, like: VideoStream, rate: Fraction, base: Fraction) -> None:
        import av

        try:
            self._stream = out.add_stream("libx264", rate=rate, options=_X264)
        except (ValueError, av.FFmpegError):
            message = "The PyAV that is installed has no encoder of H.264 (libx264)."
            raise ConfigurationError(message, "That of PyPI has: pip install --force-reinstall av") from None
        self._out, self._base = out, base
        self._took: dict[int, int] = {}
        context, model = self._stream.codec_context, like.codec_context
        # H.264 in 4:2:0 has even sizes.
        self.width, self.height = (max(2, size // 2 * 2) for size in (model.width, model.height))
        context.width, context.height, context.pix_fmt = self.width, self.height, "yuv420p"
        context.time_base = base
        if model.sample_aspect_ratio:
            context.sample_aspect_ratio = model.sample_aspect_ratio
        context.color_range, context.colorspace = model.color_range, model.colorspace
        context.color_primaries, context.color_trc = model.color_primaries, model.color_trc

    @property
    def matrix(self) -> str:
        """How FFmpeg's `scale` is told the colours."""
        known = {1: "bt709", 5: "bt601", 6: "bt601"}.get(int(self._stream.codec_context.colorspace))
        return f":out_color_matrix={known}" if known else ""

    def put(self, frame: VideoFrame, begins: int, ends: int) -> None:
        """Adds a picture that is seen from `begins` to `ends`, in units of the stream's base."""
        from av.video.frame import PictureType

        if (frame.format.name, frame.width, frame.height) != ("yuv420p", self.width, self.height):
            frame = frame.reformat(self.width, self.height, "yuv420p")
        frame.pts, frame.time_base = begins, self._base
        frame.pict_type = PictureType.NONE  # the encoder decides anew which of them are key frames
        self._took[begins] = max(1, ends - begins)
        self._mux(self._stream.encode(frame))

    def close(self) -> None:
        """Writes what the encoder still has."""
        self._mux(self._stream.encode(None))

    def _mux(self, packets: Iterable[Packet[Any]]) -> None:
        for packet in packets:
            if packet.pts is not None:
                packet.duration = self._took.pop(packet.pts, packet.duration or 1)
            self._out.mux(packet)


def copied_sound(
    container: InputContainer, stream: AudioStream, begins: Fraction, ends: Fraction
) -> Iterator[Packet[Any]]:
    """The packets of the sound between two seconds, so that they begin at 0.

    A packet of AAC is decoded with the one before it, so that one comes along, at a time below 0: the MP4's
    edit list has players leave out what is before 0, and so the sound begins to the sample.
    """
    base = stream.time_base
    assert base is not None
    first, last = begins / base, ends / base
    held: Packet[Any] | None = None
    for packet in container.demux(stream):
        if packet.pts is None:
            continue
        if packet.pts + (packet.duration or 0) <= first:
            held = packet
            continue
        if packet.pts >= last - NEAR / base:
            break
        for one in (held, packet):
            if one is not None:
                assert one.pts is not None
                one.duration = min(one.duration or 0, max(1, round(last - one.pts)))
                one.pts = one.dts = round(one.pts - first)
                yield one
        held = None
