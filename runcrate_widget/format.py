"""Counts and times as a person reads them. Pure. (What the page says of them is `js/src/ui/format.ts`.)"""

from __future__ import annotations


def videos(count: int) -> str:
    """`1 video`, `2 videos`."""
    return f"{count:,} video{'' if count == 1 else 's'}"


def about(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
