"""The sound of films that are put one after the other: one track, exact to the sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .reading import opened, video_extra

if TYPE_CHECKING:
    import numpy as np
    from av import Packet
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from numpy.typing import NDArray

_FRAME = 1024  # samples that AAC encodes at a time
_BITS = 96_000  # a second and channel: more than is heard


@dataclass(frozen=True)
class SoundKind:
    """Samples a second, and channels."""

    rate: int
    channels: int


def sound_kind(container: InputContainer) -> SoundKind | None:
    """What the sound of a film is, if it has any."""
    if not container.streams.audio:
        return None
    context = container.streams.audio[0].codec_context
    return SoundKind(context.sample_rate, len(context.layout.channels))


class JoinedSound:
    """A track of AAC in an MP4 that is being written. A film without sound is silent."""

    def __init__(self, out: OutputContainer, rate: int, channels: int) -> None:
        with video_extra("Joining sound"):
            import numpy as np
        self._np, self._out, self._rate = np, out, rate
        self._layout = "stereo" if channels > 1 else "mono"
        self._stream: AudioStream = out.add_stream("aac", rate=rate, layout=self._layout)
        self._stream.bit_rate = _BITS * min(2, channels)
        self._left: NDArray[np.float32] = self._silence(0)
        self._written = 0  # samples that the encoder has

    @classmethod
    def of(cls, out: OutputContainer, kinds: Sequence[SoundKind | None]) -> JoinedSound | None:
        """The track for films of these kinds, the first of which gives the rate; None if all are silent."""
        heard = [kind for kind in kinds if kind is not None]
        return cls(out, heard[0].rate, max(kind.channels for kind in heard)) if heard else None

    def add(self, path: Path, from_: Fraction, begins: Fraction, ends: Fraction) -> None:
        """Adds what the film at `path` has from its second `from_` on, as what is heard from `begins` to
        `ends`."""
        last = round(ends * self._rate)
        first = round(begins * self._rate)
        for at, samples in self._samples(path, from_):
            # Up to there it is silent; what is earlier than the pictures is left out.
            if first + at > self._at:
                self._put(self._silence(min(first + at, last) - self._at))
            self._put(samples[:, max(0, self._at - first - at) :][:, : max(0, last - self._at)])
            if self._at >= last:
                break
        self._put(self._silence(last - self._at))

    def close(self) -> None:
        """Writes what is left."""
        if self._left.shape[1]:
            self._encode(self._left)
        self._mux(self._stream.encode(None))

    @property
    def _at(self) -> int:
        return self._written + int(self._left.shape[1])

    def _silence(self, samples: int) -> NDArray[np.float32]:
        channels = 2 if self._layout == "stereo" else 1
        return self._np.zeros((channels, max(0, samples)), self._np.float32)

    def _samples(self, path: Path, from_: Fraction) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """The sound in pieces, one after the other, each with the sample that it begins with."""
        from av import AudioResampler

        with opened(path) as container:
            if not container.streams.audio:
                return
            resampler = AudioResampler(format="fltp", layout=self._layout, rate=self._rate)
            at: int | None = None
            for frame in container.decode(container.streams.audio[0]):
                if at is None:
                    at = round((Fraction(frame.pts or 0) * (frame.time_base or 0) - from_) * self._rate)
                for piece in resampler.resample(frame):
                    samples: Any = piece.to_ndarray()
                    yield at, samples
                    at += samples.shape[1]
            for piece in resampler.resample(None) if at is not None else ():
                samples = piece.to_ndarray()
                yield at or 0, samples

    def _put(self, samples: NDArray[np.float32]) -> None:
        self._left = self._np.concatenate([self._left, samples], axis=1)
        while self._left.shape[1] >= _FRAME:
            self._encode(self._left[:, :_FRAME])
            self._left = self._left[:, _FRAME:]

    def _encode(self, samples: NDArray[np.float32]) -> None:
        from av import AudioFrame

        frame = AudioFrame.from_ndarray(
            self._np.ascontiguousarray(samples), format="fltp", layout=self._layout
        )
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._written, Fraction(1, self._rate)
        self._written += samples.shape[1]
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: Iterable[Packet[Any]]) -> None:
        for packet in packets:
            self._out.mux(packet)
