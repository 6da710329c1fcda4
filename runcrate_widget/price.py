"""What a price is: dollars a second of video."""

from __future__ import annotations

from .errors import InvalidRequestError

_LONGEST = 80  # characters of what was given, in a message


def check_price(price: object, of: object) -> float:
    """`price` as a float. Raises InvalidRequestError where it is not a number of 0 or more that a float can
    hold; `of` names the model."""
    number = isinstance(price, (int, float)) and not isinstance(price, bool)
    try:
        found = float(price) if number else -1.0  # type: ignore[arg-type]
    except OverflowError:  # a whole number that no float can be
        found = -1.0
    if not 0 <= found < float("inf"):
        whose = of if isinstance(of, str) else shown(of)
        message = f"The price of {whose} is {shown(price)}; it must be dollars a second, 0 or more."
        raise InvalidRequestError("price", message)
    return found


def shown(given: object) -> str:
    """What was given, for a message, and not too long."""
    try:
        text = repr(given)
    except ValueError:  # a whole number of very many digits
        return "a number of very many digits"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
