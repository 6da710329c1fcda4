"""Amounts of money as people and programs write them: `$1,234.50`, `2,40 USD`, `(2.40)`, `4e-05`. Pure.

Whether the comma stands before the cents, or the point, is what the amounts of one export say together: one
`2,40` among them says it of all. Where nothing says it, an amount that may be two (`1,234`) is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.price import shown

# Digits with points and commas, or with spaces or apostrophes before each three; and an exponent.
_NUMBER = re.compile(
    r"(?:(?<!\w)[.,])?\d+(?:[.,]\d+|['’ \u00a0\u202f]\d{3}(?!\d))*(?:e[+-]?\d+(?!\w))?", re.IGNORECASE
)
_BETWEEN = re.compile(r"['’ \u00a0\u202f]")
# May be a thousand and more, or one and a bit.
_EITHER = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
_MINUS = ("-", "−", "(")


@dataclass(frozen=True)
class Amounts:
    """How the amounts of one export are written: the signs that stand before the cents, as far as the export
    tells; `semicolons` says whether its fields are parted by them, as where the comma stands there."""

    before_cents: frozenset[str]
    semicolons: bool = False

    @classmethod
    def of(cls, values: Iterable[object], *, semicolons: bool = False) -> Amounts:
        """As all the amounts of an export say it."""
        told = (_told(_body(value)) for value in values if isinstance(value, str))
        return cls(frozenset(sign for sign in told if sign), semicolons)

    def dollars(self, value: object) -> float | None:
        """The amount, or None: there is none (`free`). Raises InvalidRequestError where it may be two, or is
        too much for a number."""
        if isinstance(value, str):
            return self._read(value)
        if value is None or isinstance(value, bool):
            return None
        try:
            found = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        except OverflowError:
            raise _refused(value, "which is no amount of money") from None
        return found if math.isfinite(found) else None

    def _read(self, text: str) -> float | None:
        found = _NUMBER.findall(text)
        if not found:
            return None
        if len(found) > 1:
            raise _refused(text, "which is more than one number")
        number = _BETWEEN.sub("", found[0])
        cents = _told(number) or self._usual(number, text)
        other = "," if cents == "." else "."
        whole, point, rest = number.partition(cents)
        try:
            dollars = float(f"{whole.replace(other, '')}.{rest}" if point else whole.replace(other, ""))
        except ValueError:
            dollars = math.inf
        if not (math.isfinite(dollars) and _is_grouped(whole.lower().partition("e")[0], other)):
            raise _refused(text, "which is no amount of money")
        before, _, after = text.partition(found[0])
        negative = text.strip().startswith(_MINUS) or before.rstrip(" $€£").endswith(_MINUS)
        return -dollars if negative or after.strip().startswith(("-", "−")) else dollars

    def _usual(self, number: str, text: str) -> str:
        """Which sign stands before the cents of a number that does not tell."""
        either = _EITHER.fullmatch(number)
        if either is None:
            return "."
        if len(self.before_cents) == 1:
            (cents,) = self.before_cents
            if cents == "," or not self.semicolons or either[1] == cents:
                return cents
        elif not self.before_cents and either[1] == ("," if self.semicolons else "."):
            return either[1]
        raise _refused(text, "and nothing in the export says whether that is thousands")


def _body(text: str) -> str:
    found = _NUMBER.findall(text)
    return _BETWEEN.sub("", found[0]) if len(found) == 1 else ""


def _told(number: str) -> str | None:
    """Which sign stands before the cents, if the number itself tells."""
    digits, _, power = number.lower().partition("e")
    signs = [char for char in digits if char in ".,"]
    if not signs:
        return None
    if len(set(signs)) == 2:
        return signs[-1]
    if len(signs) > 1:
        return ("," if signs[0] == "." else ".") if _is_grouped(digits, signs[0]) else None
    return None if _EITHER.fullmatch(digits) and not power else signs[0]


def _is_grouped(whole: str, sign: str) -> bool:
    """Whether `sign` stands where it parts thousands, if it is there: before the last three digits, and
    before two or three each."""
    _, *groups = whole.split(sign)
    return not groups or (len(groups[-1]) == 3 and all(2 <= len(group) <= 3 for group in groups))


def _refused(value: object, why: str) -> InvalidRequestError:
    message = f"The export has an amount of {shown(value)}, {why}."
    hint = 'Give rows with numbers: client.ledger.reconcile([{"id": "vid_…", "cost": 2.40}, …]).'
    return InvalidRequestError("export", message, hint)
