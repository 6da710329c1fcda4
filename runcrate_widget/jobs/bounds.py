"""What holds a client's jobs in bounds, and can be set at any time: prices, limits, how many at once.
`VideoClient` is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from runcrate_widget.catalog import models
from runcrate_widget.library.prices import Prices
from runcrate_widget.request import check_count

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library

    from .manager import JobManager
    from .spending import SpendingLimit


class Bounds:
    """The part of a client that says what its jobs may cost, and how many there are at once."""

    if TYPE_CHECKING:
        demo: bool
        library: Library
        _limit: SpendingLimit
        _made: JobManager | None

    @property
    def prices(self) -> Prices:
        """Dollars a second by a model's id: what was given, and what was set in a widget on this library. It
        can be set to a dictionary, as in the constructor. Raises InvalidRequestError."""
        return self._prices

    @prices.setter
    def prices(self, given: Mapping[str, float] | None) -> None:
        # Of the demo nothing is remembered.
        self._prices = Prices(given, None if self.demo else self.library)

    @property
    def max_concurrent(self) -> int:
        """How many jobs may be with the service at a time. It can be set: of more that are there already none
        is taken back, and none is sent until there are fewer. Raises InvalidRequestError."""
        return self._max_concurrent

    @max_concurrent.setter
    def max_concurrent(self, count: int) -> None:
        check_count("max_concurrent", count)
        self._max_concurrent = count
        if self._made is not None:
            self._made.resize(count)

    @property
    def max_seconds(self) -> float | None:
        """The limit in seconds of video, or None. It can be set."""
        return self._limit.max_seconds

    @max_seconds.setter
    def max_seconds(self, value: float | None) -> None:
        self._limit = replace(self._limit, max_seconds=value)

    @property
    def max_cost(self) -> float | None:
        """The limit in dollars, or None. It can be set."""
        return self._limit.max_cost

    @max_cost.setter
    def max_cost(self, value: float | None) -> None:
        self._limit = replace(self._limit, max_cost=value)

    def price(self, model: str) -> float | None:
        """Dollars a second of `model` (an id), or None: no price is public, so the user has to have given
        it."""
        known = models.find(model)
        return self.prices.get(known.id if known else model, known.price if known else None)
