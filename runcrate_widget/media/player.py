"""How a film shows itself in a notebook: a player over its poster, and below it the facts."""

from __future__ import annotations

import base64
import contextlib
import html
from abc import abstractmethod
from pathlib import Path
from typing import Any

from runcrate_widget.checks import check_flag
from runcrate_widget.environment import located, notebook_shell, relative_url
from runcrate_widget.errors import InvalidRequestError, RuncrateError

from .mp4 import MP4

_LARGEST_EMBEDDED = 50_000_000  # bytes
_CAPTION = 120  # bytes of the prompt
#: Of what stands in the place of a player, on a poster or without one.
_SAID = "position:relative;margin:0;padding:8px;overflow-wrap:anywhere;background:#000;color:#fff"


class Player:
    """What shows itself as an MP4 that plays. As the last line of a cell it is in the output."""

    path: Path
    mp4: MP4
    demo: bool
    _whole = "whole text, "

    @abstractmethod
    def _words(self) -> str:
        """What stands below the player."""

    @property
    @abstractmethod
    def poster(self) -> bytes | None:
        """A small JPEG of a telling frame, at most 11,000 bytes; None where there is none."""

    @abstractmethod
    def _code(self) -> str:
        """The code that gives it."""

    def _made_by(self) -> list[str]:
        """The facts that come first."""
        return []

    def _gone(self) -> RuncrateError | None:
        """Why the file is not there, if it is not and that is known."""
        return None

    def _instead(self) -> str:
        """What is said in the place of the player, if it is not there."""
        gone = self._gone()
        return "" if gone is None else str(gone)

    def _source(self) -> str | None:
        """What a notebook plays it from; None if that does not last."""
        return relative_url(self.path)

    def _place(self) -> str:
        """Where it is, for people."""
        return located(self.path)

    @abstractmethod
    def read_bytes(self) -> bytes:
        """The whole file."""

    def _more_facts(self) -> list[str]:
        return []

    def show(self, *, embed: bool = False) -> None:
        """Shows the video, as the last line of a cell does; of one that was deleted, its poster and how it
        comes back.

        Args:
            embed: puts the MP4 itself into the notebook, so that it plays wherever the notebook goes,
                also as a single HTML file. The notebook grows by four thirds of `size`.

        Raises:
            InvalidRequestError: `embed`, and it has more than 50 MB; or that is not True or False.
            OSError: `embed`, and the file is no longer there.
        """
        source = self._embedded() if check_flag("embed", embed) else None
        shell = notebook_shell()
        if shell is None:
            print(self)  # noqa: T201
        elif source is not None:
            shell.display_pub.publish(self._bundle(source), metadata={})
        else:
            data, metadata = shell.display_formatter.format(self)
            if data:  # else it was shown by a widget
                shell.display_pub.publish(data, metadata=metadata)

    def _embedded(self) -> str:
        if self.mp4.size > _LARGEST_EMBEDDED:
            raise InvalidRequestError(
                "embed",
                f"The video has {self.mp4.size / 1e6:.0f} MB; at most {_LARGEST_EMBEDDED / 1e6:.0f} MB can "
                "be embedded.",
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
        said = "" if source else self._instead()
        source = html.escape(source or self._source() or "")
        poster = None
        with contextlib.suppress(RuncrateError):  # a library that cannot be reached has none to give
            poster = self.poster
        if poster is None:
            before, preload, after = "", "metadata", ""
            style = (
                f"display:block;width:100%;aspect-ratio:{self.mp4.width}/{self.mp4.height};background:#000"
            )
        else:
            alt = html.escape(shortened(self._words(), 40))  # the whole of it is below
            before = (
                f"<div style='position:relative;aspect-ratio:{self.mp4.width}/{self.mp4.height}'>"
                f"<img src='data:image/jpeg;base64,{base64.b64encode(poster).decode()}' "
                f"alt='{alt}' style='display:block;width:100%'>"
            )
            # With no poster of its own, Chromium paints a player grey: an empty one lets ours be seen.
            preload, after = "none poster='data:,'", "</div>"
            style = "position:absolute;top:0;left:0;width:100%;height:100%"
        facts = [
            *self._made_by(),
            f"{self.mp4.duration:g} s",
            f"{self.mp4.width}×{self.mp4.height}",
            _printable(self._place()),
        ]
        mark = "<b>DEMO</b> · " if self.demo else ""
        player = f"<video src='{source}' preload={preload} controls loop muted playsinline style='{style}'>"
        player += "</video>"
        if said:
            player = f"<p style='{_SAID}'>{html.escape(_printable(said), quote=False)}</p>"
        wide = min(self.mp4.width, 640) if self.mp4.width >= self.mp4.height else min(self.mp4.width, 300)
        return (
            f"<figure style='margin:0;max-width:{wide}px'>{before}"
            f"{player}{after}<figcaption style='font-size:smaller'>"
            f"{html.escape(shortened(self._words(), _CAPTION), quote=False)}<br>"
            f"{mark}{html.escape(' · '.join(facts), quote=False)}{more}</figcaption></figure>"
        )

    def _more(self) -> str:
        """What there is to read, to copy and to save, folded: it needs no script, and so works in a notebook
        that is only looked at."""
        facts = [
            f"{self.mp4.size / 1e6:.1f} MB",
            *(["with sound"] if self.mp4.audio else []),
            *(html.escape(one, quote=False) for one in self._more_facts()),
        ]
        prompt = _printable(self._words())
        whole = (
            ""
            if prompt == shortened(prompt, _CAPTION)
            else (f"<p style='white-space:pre-wrap'>{html.escape(prompt, quote=False)}</p>")
        )
        source = self._source()
        save = f"<a href='{html.escape(source)}' download>save</a> · " if source else ""
        return (
            f"<details><summary>{self._whole if whole else ''}{'save, ' if save else ''}code</summary>{whole}"
            f"{' · '.join(facts)} · {save}"
            f"<code>{html.escape(self._code(), quote=False)}</code></details>"
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
