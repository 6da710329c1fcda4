"""`Prices`: dollars a second of each model, as the user gave them; those from the widget are remembered.

They are kept in `prices.txt` in the library's folder (JSON; but a record is what is called `.json`), so that
the next kernel on this library has them. Whoever changes that file holds `prices.lock` meanwhile: two kernels
lose nothing of each other.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from runcrate_widget.catalog import id_of, models
from runcrate_widget.errors import InvalidRequestError, LibraryError
from runcrate_widget.price import check_price, shown

from .library import Library

_NAME = "prices"
_PATIENCE = 30.0  # seconds for another process: it needs some milliseconds
_LOOK_EVERY = 0.01

_log = logging.getLogger("runcrate_widget")


class Prices(MutableMapping[str, float]):
    """Dollars a second, by a model's id; a name will do to look one up, or to set it. What is given
    explicitly wins over what is remembered.

    `library` is None for the demo backend, of which nothing is remembered. Raises InvalidRequestError where a
    price is not a number, 0 or more, or a model is neither a known one nor an id, which has a slash; then
    nothing is changed.

    Example:
        >>> from runcrate_widget.library.prices import Prices
        >>> prices = Prices({"Veo 3.0": 0.4}, None)
        >>> prices["Sora 2"] = 0.5
        >>> prices
        {'google/veo-3.0': 0.4, 'openai/sora-2': 0.5}
    """

    def __init__(self, given: Mapping[str, float] | None, library: Library | None) -> None:
        self._library = library
        checked = _checked(given)
        self._by_id = {**self._remembered(), **checked}

    def __getitem__(self, model: str) -> float:
        price = self._by_id.get(model) if isinstance(model, str) else None
        return self._by_id[id_of(model)] if price is None else price

    def __setitem__(self, model: str, price: float) -> None:
        self._by_id.update(_checked({model: price}))

    def __delitem__(self, model: str) -> None:
        del self._by_id[id_of(model)]

    def __contains__(self, model: object) -> bool:
        return isinstance(model, str) and bool(model.strip()) and id_of(model) in self._by_id

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def update(self, *given: Any, **by_name: Any) -> None:
        """As of a dictionary: all of it, or nothing."""
        try:
            prices = dict(*given, **by_name)
        except (TypeError, ValueError):
            message = f"prices are {shown(given)}; they must be ids or names, and dollars a second."
            raise InvalidRequestError("prices", message) from None
        self._by_id.update(_checked(prices))

    def __ior__(self, given: Any) -> Prices:  # noqa: PYI034  Self came with Python 3.11
        self.update(given)
        return self

    def copy(self) -> dict[str, float]:
        """A dictionary of its own."""
        return dict(self._by_id)

    def __repr__(self) -> str:
        if not hasattr(self, "_by_id"):  # a traceback with locals, of the constructor
            return "<Prices that were refused>"
        return repr(self._by_id)

    def remember(self, model: str, price: float | None) -> None:
        """Sets a price, or with None forgets it, here and for later kernels on this library. Another kernel
        that is running keeps those that it has.

        Raises:
            InvalidRequestError: it is no price, or that is no model.
            LibraryError: it cannot be written. Then it is as it was.
        """
        id = id_of(model) if price is None else _priced(model)
        checked = None if price is None else check_price(price, model)
        if self._library is not None:
            with _alone(self._library):
                kept = _with(self._remembered(), id, checked)
                self._library.store.keep(_NAME, json.dumps(kept, indent=1).encode())
        if checked is None:
            self._by_id.pop(id, None)
        else:
            self._by_id[id] = checked

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
                found[id_of(id)] = check_price(price, id)  # of a model that another notebook has, too
            except InvalidRequestError as error:
                _log.warning("prices.txt in the library: %s", error.message)
        return found


@contextlib.contextmanager
def _alone(library: Library) -> Iterator[None]:
    """For as long as `prices.txt` is read and written anew: of all processes one at a time. Raises
    LibraryError."""
    end = time.monotonic() + _PATIENCE
    while (lease := library.lease(_NAME)) is None:
        if time.monotonic() > end:
            message = f"Another process has kept {_NAME}.lock in {library.location} for {_PATIENCE:g} s."
            raise LibraryError(message, "If none is at work there, remove the file and try again.")
        threading.Event().wait(_LOOK_EVERY)
    try:
        yield
    finally:
        lease.release()


def _checked(prices: Mapping[str, float] | None) -> dict[str, float]:
    """A user's `{id or name: dollars a second}`, by id. Raises InvalidRequestError where it is not that, a
    price is not a number >= 0, or it is of no model."""
    if prices is not None and not isinstance(prices, Mapping):
        message = f"prices is {shown(prices)}; it must be a dictionary of ids or names to dollars a second."
        raise InvalidRequestError("prices", message, 'Like this: {"google/veo-3.0": 0.40}.')
    return {_priced(model): check_price(price, model) for model, price in (prices or {}).items()}


def _priced(model: str) -> str:
    """The id of a model that is given a price. A name that no model has would be a price of nothing; an id is
    taken as it is, because the service may have newer ones. Raises InvalidRequestError."""
    id = id_of(model).strip()
    if id not in models and ("/" not in id or len(id.split()) > 1):
        message = f"There is a price for {shown(model)}, which is no model.{models.suggestion(model)}"
        names = ", ".join(one.name for one in models.values())
        raise InvalidRequestError("prices", message, f"Known names are {names}; an id has a slash.")
    return id


def _with(prices: Mapping[str, float], id: str, price: float | None) -> dict[str, float]:
    others = {key: value for key, value in prices.items() if key != id}
    return others if price is None else {**others, id: price}
