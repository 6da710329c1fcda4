"""`Video`: a finished MP4, and how it shows itself."""

from __future__ import annotations

import base64
import html
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runcrate_widget.environment import located, notebook_shell, relative_url
from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.picture import Picture
from runcrate_widget.request import VideoRequest

from .gone import in_bin, why_gone
from .mp4 import MP4
from .poster import keep_poster, make_poster, read_poster

_LARGEST_EMBEDDED = 50_000_000  # bytes
_CAPTION = 120  # bytes of the prompt
#: Of what stands in the place of a player, on a poster or without one.
_SAID = "position:relative;margin:0;padding:8px;background:#000;color:#fff"


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
        """The whole file. Raises OSError if it is no longer there: a LibraryError, which says where it is."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise why_gone(self.path, self.id) or error from None

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __repr__(self) -> str:
        mark = " DEMO" if self.demo else ""
        return (
            f"<Video{mark} {self.path} {self.duration:g} s {self.width}×{self.height}"
            f"{' with sound' if self.audio else ''} {shortened(self.request.prompt, 60)!r} "
            f"({self.request.model_name})>"
        )

    @property
    def poster(self) -> bytes | None:
        """A small JPEG of a telling frame, at most 11,000 bytes; it lies beside the MP4. If there is none
        yet, it is made (some 0.1 s) where PyAV is installed; None elsewhere."""
        if jpeg := read_poster(self.path) or read_poster(in_bin(self.path)):
            return jpeg
        jpeg = make_poster(self.path)
        if jpeg is not None:
            self.keep_poster(jpeg)
        return jpeg

    def keep_poster(self, jpeg: bytes) -> None:
        """Keeps `jpeg` beside the MP4, if there is no poster yet.

        Raises:
            InvalidRequestError: it is no JPEG, or has more than 11,000 bytes.
        """
        keep_poster(self.path, jpeg)

    def picture(self, at: float | None = None) -> Picture:
        """The frame that is seen at `at` seconds, by default the last one, as a JPEG that another video can
        begin with: `client.generate("…", image=video)` does the same. It is taken once, and kept.

        Raises:
            InvalidRequestError: there is no such second.
            MissingExtraError: PyAV is not installed.
            LibraryError: the file is no longer there.
        """
        from .frames import frame_picture

        try:
            return frame_picture(self.path, at, self.duration)
        except InvalidRequestError as error:
            raise why_gone(self.path, self.id) or error from None

    def show(self, *, embed: bool = False) -> None:
        """Shows the video, as the last line of a cell does; of one that was deleted, its poster and how it
        comes back.

        Args:
            embed: puts the MP4 itself into the notebook, so that it plays wherever the notebook goes,
                also as a single HTML file. The notebook grows by four thirds of `size`.

        Raises:
            InvalidRequestError: `embed`, and it has more than 50 MB.
            OSError: `embed`, and the file is no longer there.
        """
        source = self._embedded() if embed else None
        shell = notebook_shell()
        if shell is None:
            print(self)  # noqa: T201
        else:
            shell.display_pub.publish(self._bundle(source), metadata={})

    def _embedded(self) -> str:
        if self.size > _LARGEST_EMBEDDED:
            raise InvalidRequestError(
                "embed",
                f"The video has {self.size / 1e6:.0f} MB; at most {_LARGEST_EMBEDDED / 1e6:.0f} MB can be "
                "embedded.",
                "Without embed=True it plays from its file, which goes with the notebook.",
            )
        return f"data:video/mp4;base64,{base64.b64encode(self.read_bytes()).decode()}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle()

    def _bundle(self, source: str | None = None) -> dict[str, str]:
        return {"text/plain": _printable(repr(self)), "text/html": self._html(source, self._more())}

    def _html(self, source: str | None = None, more: str = "") -> str:
        """A player over the poster, which is still there where the file is not, or where a host drops the
        player; below it the facts, and `more`. The source is by default the file itself, relative to the
        notebook: nothing of the video goes into the notebook."""
        gone = None if source else why_gone(self.path, self.id)
        source = html.escape(source or relative_url(self.path))
        poster = self.poster
        if poster is None:
            before, preload, after = "", "metadata", ""
            style = f"display:block;width:100%;aspect-ratio:{self.width}/{self.height};background:#000"
        else:
            alt = html.escape(shortened(self.request.prompt, 40))  # the whole of it is below
            before = (
                f"<div style='position:relative;aspect-ratio:{self.width}/{self.height}'>"
                f"<img src='data:image/jpeg;base64,{base64.b64encode(poster).decode()}' "
                f"alt='{alt}' style='display:block;width:100%'>"
            )
            # With no poster of its own, Chromium paints a player grey: an empty one lets ours be seen.
            preload, after = "none poster='data:,'", "</div>"
            style = "position:absolute;top:0;left:0;width:100%;height:100%"
        facts = [
            self.request.model_name,
            f"{self.duration:g} s",
            f"{self.width}×{self.height}",
            _printable(located(self.path)),
        ]
        mark = "<b>DEMO</b> · " if self.demo else ""
        player = f"<video src='{source}' preload={preload} controls loop muted playsinline style='{style}'>"
        player += "</video>"
        if gone is not None:
            player = f"<p style='{_SAID}'>{html.escape(_printable(str(gone)), quote=False)}</p>"
        wide = min(self.width, 640) if self.width >= self.height else min(self.width, 300)
        return (
            f"<figure style='margin:0;max-width:{wide}px'>{before}"
            f"{player}{after}<figcaption style='font-size:smaller'>"
            f"{html.escape(shortened(self.request.prompt, _CAPTION), quote=False)}<br>"
            f"{mark}{html.escape(' · '.join(facts), quote=False)}{more}</figcaption></figure>"
        )

    def _more(self) -> str:
        """What there is to read, to copy and to save, folded: it needs no script, and so works in a notebook
        that is only looked at."""
        facts = [f"{self.size / 1e6:.1f} MB", *(["with sound"] if self.audio else [])]
        prompt = _printable(self.request.prompt)
        whole = (
            ""
            if prompt == shortened(prompt, _CAPTION)
            else (f"<p style='white-space:pre-wrap'>{html.escape(prompt, quote=False)}</p>")
        )
        return (
            f"<details><summary>{'whole prompt, ' if whole else ''}save, code</summary>{whole}"
            f"{' · '.join(facts)} · "
            f"<a href='{html.escape(relative_url(self.path))}' download>save</a> · "
            f"<code>{html.escape(f'client.job({self.id!r}).wait()', quote=False)}</code></details>"
        )


def shortened(text: str, longest: int) -> str:
    """`text` in one line of at most `longest` bytes."""
    return cut(" ".join(text.split()), longest)


def cut(text: str, longest: int) -> str:
    """The beginning of `text`, in at most `longest` bytes."""
    whole = text.encode("utf-8", "replace")
    return whole.decode() if len(whole) <= longest else whole[: longest - 3].decode(errors="ignore") + "…"


def _printable(text: str) -> str:
    """`text` without what no message can carry: parts of a file's name that are no characters."""
    return text.encode("utf-8", "replace").decode()
