"""`Prices`: dollars a second of each model, as the user gave them; those from the widget are remembered.

They are kept in `prices.txt` in the library's folder (JSON; but a record is what is called `.json`), so that
the next kernel on this library has them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from runcrate_widget.catalog import check_prices
from runcrate_widget.errors import InvalidRequestError

from .library import Library

_NAME = "prices"

_log = logging.getLogger("runcrate_widget")


class Prices(dict[str, float]):
    """Dollars a second, by a model's id. What is given explicitly wins over what is remembered.

    `library` is None for the demo backend, of which nothing is remembered. Raises InvalidRequestError where a
    price is not a number, 0 or more.
    """

    def __init__(self, given: Mapping[str, float] | None, library: Library | None) -> None:
        self._library = library
        super().__init__({**self._remembered(), **check_prices(given)})

    def remember(self, model: str, price: float | None) -> None:
        """Sets a price, or with None forgets it, here and for later kernels on this library. Another kernel
        that is running keeps those that it has.

        Raises:
            InvalidRequestError: it is no price.
            LibraryError: it cannot be written. Then it is as it was.
        """
        if not isinstance(model, str) or not model.strip():
            raise InvalidRequestError("model", f"model is {model!r}; it must be a model's id.")
        ((id, _),) = check_prices({model: 0.0}).items()
        checked = None if price is None else check_prices({id: price})[id]
        if self._library is not None:
            with self._library.lock:
                kept = _with(self._remembered(), id, checked)
                self._library.store.keep(_NAME, json.dumps(kept, indent=1).encode())
        if checked is None:
            self.pop(id, None)
        else:
            self[id] = checked

    def _remembered(self) -> dict[str, float]:
        content = self._library.store.kept(_NAME) if self._library is not None else None
        found: dict[str, float] = {}
        try:
            table = dict(json.loads(content)) if content else {}
        except (ValueError, TypeError, RecursionError):
            _log.warning("prices.txt in the library cannot be read; what it says is not used.")
            return found
        for id, price in table.items():
            try:
                found |= check_prices({id: price})
            except InvalidRequestError as error:
                _log.warning("prices.txt in the library: %s", error.message)
        return found


def _with(prices: Mapping[str, float], id: str, price: float | None) -> dict[str, float]:
    others = {key: value for key, value in prices.items() if key != id}
    return others if price is None else {**others, id: price}
