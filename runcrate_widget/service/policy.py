"""Whether the service's words say that a video is forbidden: by its rules for content, before or after it was
made."""

from __future__ import annotations

import re

#: The words of the field. No documentation of Runcrate's lists its codes: these are those that OpenAI,
#: Google, Kling, ByteDance and MiniMax use in theirs, as far as they are public.
_WORDS = re.compile(
    r"content[ _-]?(policy|filter|violation|safety)|moderation|moderated|safety (system|filter|polic)|"
    r"\b(rai|responsible ai)\b|sensitive (content|information)|prohibited[ _-]?content|policy[ _-]?violation|"
    r"violates? (our|the) .{0,40}(polic|guideline|terms)|usage polic|blocked by|nsfw",
    re.IGNORECASE,
)


def is_filtered(*said: object) -> bool:
    """Whether any of these texts (a message, a code, a type) says so."""
    return any(isinstance(text, str) and _WORDS.search(text) for text in said)
