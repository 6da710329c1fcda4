"""`Video`: a finished MP4, and how it shows itself."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .mp4 import MP4
from .request import VideoRequest


@dataclass(frozen=True)
class Video:
    """A finished video. As the last line of a cell it plays in the output.

    Attributes:
        path: the MP4, a `pathlib.Path`.
        request: what was asked for.
        id: the job's id at the service.
        mp4: what the file says of itself.
        demo: whether the demo backend made it.

    Example:
        >>> video = client.generate("A fox in the snow", model="Veo 3.0").wait()   # doctest: +SKIP
        >>> video.path, video.width, video.height, video.duration                  # doctest: +SKIP
    """

    path: Path
    request: VideoRequest
    id: str
    mp4: MP4
    demo: bool = False

    @property
    def width(self) -> int:
        """Pixels."""
        return self.mp4.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self.mp4.height

    @property
    def duration(self) -> float:
        """Seconds, as the file has them (`request.duration` is what was asked for)."""
        return self.mp4.duration

    @property
    def size(self) -> int:
        """Bytes."""
        return self.mp4.size

    @property
    def audio(self) -> bool:
        """Whether it has sound."""
        return self.mp4.audio

    def read_bytes(self) -> bytes:
        """The whole file. Raises OSError if it is no longer there."""
        return self.path.read_bytes()

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __repr__(self) -> str:
        mark = " DEMO" if self.demo else ""
        return (
            f"<Video{mark} {self.path} {self.duration:g} s {self.width}×{self.height}"
            f"{' with sound' if self.audio else ''} {_short(self.request.prompt)!r} ({self.request.model_name})>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        """A player whose source is the file itself, relative to the notebook: nothing of the video goes into the notebook."""
        try:
            relative = Path(os.path.relpath(self.path)).as_posix()
        except ValueError:  # another drive
            relative = self.path.as_posix()
        about = [self.request.model_name, f"{self.duration:g} s", f"{self.width}×{self.height}", relative]
        mark = "<b>DEMO</b> · " if self.demo else ""
        wide = min(self.width, 640) if self.width >= self.height else min(self.width, 300)
        return (
            f'<figure style="margin:0;max-width:{wide}px">'
            f'<video src="{html.escape(quote(relative))}" controls loop muted playsinline preload="metadata" '
            f'style="display:block;width:100%;aspect-ratio:{self.width}/{self.height};background:#000;border-radius:4px"></video>'
            f'<figcaption style="font-size:smaller;padding-top:4px">{html.escape(_short(self.request.prompt, 200))}<br>'
            f"{mark}{html.escape(' · '.join(about))}</figcaption></figure>"
        )


def _short(text: str, longest: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
