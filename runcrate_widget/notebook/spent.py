"""What was spent, for the page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from runcrate_widget.jobs.known import known_records
from runcrate_widget.jobs.ledger import Spent, spent, today

from .handlers import handles
from .money_messages import MoneyPayload, MoneyRow, SpentRow

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient

    from .messages import Message
    from .widget import VideoWidget


@handles("money")
async def _say(widget: VideoWidget, _: Message, __: list[bytes]) -> Message:
    return dict(await asyncio.to_thread(_money, widget.client))


def _money(client: VideoClient) -> MoneyPayload:
    """What was spent: since this client was made, on this day, and in all that the library has. It looks
    through the folder."""
    records = known_records(client.library)
    limit = client._limit
    session, day, library = spent(records, limit.begun, today(), None, asked=limit.asked)
    return MoneyPayload(session=_money_row(session), today=_money_row(day), library=_money_row(library))


def _money_row(sums: Mapping[str, Spent]) -> MoneyRow:
    return MoneyRow(
        paid=_spent_row(sums["paid"]),
        failed=_spent_row(sums["failed"]),
        unknown=_spent_row(sums["unknown"]),
        pending=_spent_row(sums["pending"]),
        demos=sums["demo"].videos,
    )


def _spent_row(one: Spent) -> SpentRow:
    return SpentRow(videos=one.videos, seconds=one.seconds, dollars=one.dollars, unpriced=one.unpriced)
