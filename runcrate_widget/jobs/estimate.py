"""`Estimate`: how long a video will take, from how long others like it took. Pure: times in, times out.

Nothing is assumed of how the times lie. Of `n` times that came by the same chance, the next one is below
the k-th smallest with probability k / (n + 1); so what is called "80 %" comes true for 80 % of the videos,
and where there are too few times to say so, nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from runcrate_widget.checks import check_number

#: The times that count: services change, and last month's are no news.
LATEST = 50
_FEWEST = 4  # of fewer, nobody can say by when 80 % are done


@dataclass(frozen=True)
class Estimate:
    """What is known of the time that a video takes with the service: its queue and the making.

    Attributes:
        times: seconds that earlier videos took, shortest first.
        queue: the same of the queue alone, before `processing`; None where it is not told apart.
        making: of the making alone, from `processing` on. A job that is `processing` is `done_by` this.

    Example:
        >>> from runcrate_widget.jobs.estimate import Estimate
        >>> Estimate.of([52, 61, 45, 70, 58, 49, 66])
        <Estimate usually 47–68 s (of 7 videos)>
    """

    times: tuple[float, ...]
    queue: Estimate | None = None
    making: Estimate | None = None

    @classmethod
    def of(cls, latest: Iterable[float]) -> Estimate:
        """Of the seconds that videos took, the latest first."""
        kept = [seconds for seconds, _ in zip(latest, range(LATEST), strict=False)]
        return cls(tuple(sorted(kept)))

    @property
    def usual(self) -> tuple[float, float] | None:
        """From and to, in seconds: 8 of 10 are within. None: too few times are known."""
        low, high = self._below(0.1, self.times), self._below(0.9, self.times)
        if low is None or high is None:  # then 6 of 10
            low, high = self._below(0.2, self.times), self._below(0.8, self.times)
        return None if low is None or high is None else (low, high)

    def done_by(self, share: float = 0.8, *, elapsed: float = 0.0) -> float | None:
        """Seconds from its begin at which `share` of the videos that took longer than `elapsed` are done.
        None: too few did. Raises InvalidRequestError."""
        share, elapsed = check_number("share", share), check_number("elapsed", elapsed)
        return self._below(share, tuple(one for one in self.times if one > elapsed))

    def progress(self, elapsed: float) -> float | None:
        """How far a bar may be, from 0 to below 1. None: too few times are known, and there is no bar."""
        elapsed, end = check_number("elapsed", elapsed), self._below(0.8, self.times)
        if not end:
            return None
        return 0.9 * elapsed / end if elapsed <= end else 0.9 + 0.09 * (1 - end / elapsed)

    @staticmethod
    def _below(share: float, times: tuple[float, ...]) -> float | None:
        """What the next time is below with a probability of `share`."""
        place = share * (len(times) + 1)
        if len(times) < _FEWEST or not 1 <= place <= len(times):
            return None
        under = math.floor(place)
        first, second = times[under - 1], times[min(under, len(times) - 1)]
        return first + (place - under) * (second - first)

    def __str__(self) -> str:
        usual = self.usual
        return "" if usual is None else f"usually {usual[0]:.0f}–{usual[1]:.0f} s"

    def __repr__(self) -> str:
        return f"<Estimate {self or 'not known yet'} (of {len(self.times)} videos)>"

    def __bool__(self) -> bool:
        """Whether there are times enough to say anything."""
        return self.usual is not None
