"""`Ledger`: everything that was sent, and what it cost, read from the library's records.

What a job cost stands on its record (`Record.cost`) from the moment it was sent: another price today changes
nothing of the past. Where no price was known then, the dollars stay unknown, and are counted as such.
"""

from __future__ import annotations

import csv
import html
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, overload

from runcrate_widget.checks import check_file
from runcrate_widget.format import videos
from runcrate_widget.library.record import JobStatus, Record, is_free, now
from runcrate_widget.library.search import moment

from .reconcile import Export, Reconciliation, reconciled
from .spending import VAST

#: What became of what was sent. `paid`: the service has made it. `failed`: it took it, and made no video;
#: whether it bills that is not documented. `unknown`: unconfirmed, or never heard of again. `pending`: still
#: under way. `demo`: for show, and free.
OUTCOMES = ("paid", "failed", "unknown", "pending", "demo")

#: The columns of a ledger, in their order.
COLUMNS = (
    "when",
    "id",
    "outcome",
    "model",
    "duration",
    "seconds",
    "dollars",
    "prompt",
    "key",
    "service",
    "owner",
)

_ANSWERED = timedelta(minutes=5)  # longer than a request waits for its answer
_HEARD = timedelta(days=1)  # far longer than a video takes
_SHOWN = 100  # rows of a table in a notebook
_MADE = frozenset({JobStatus.DOWNLOADING, JobStatus.COMPLETED})


@dataclass(frozen=True)
class Spent:
    """A sum over some jobs.

    Attributes:
        videos: how many.
        seconds: seconds of video, as far as they are known.
        dollars: their cost, as far as it is known; None where it is known of none of them.
        unpriced: of how many it is not known.
    """

    videos: int = 0
    seconds: float = 0.0
    dollars: float | None = 0.0
    unpriced: int = 0


class Ledger(Sequence[dict[str, Any]]):
    """What was sent, newest first: a sequence of rows, each a dictionary with these fields.

    ============  ======================================================================================
    `when`        when it was sent (UTC); of a job that came in by its id, when it came in
    `id`          the service's, or None: it never gave one
    `outcome`     `paid`, `failed`, `unknown`, `pending` or `demo`
    `model`       the model's id
    `duration`    seconds, as asked for, or None
    `seconds`     seconds of video that are billed, if it is billed; 0 of a demo, or None: not known
    `dollars`     its cost by the price that was valid when it was sent; 0 of a demo, or None: not known
    `prompt`      what was asked for
    `key`         the job's name in the library
    `service`     who has it
    `owner`       who asked for it, or None: `VideoClient(owner=…)`
    ============  ======================================================================================

    What the service refused (no credits, a wrong key, a request that is not allowed) is not here: nothing was
    made. Neither is what was never sent.

    `unknown` is what is `unconfirmed`, and what was sent and never heard of again: without an answer for
    five minutes, or without an end for a day.

    Example:
        >>> client.ledger.totals()["paid"].dollars                    # doctest: +SKIP
        14.4
        >>> client.ledger.to_frame()                                  # doctest: +SKIP
    """

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._rows = list(rows)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name != "of"]  # which the client calls

    @classmethod
    def of(cls, records: Iterable[Record], *, at: datetime | None = None) -> Ledger:
        """Of records, as things stood at the time `at`; by default now."""
        at = at or now()
        told = ((record, outcome_of(record, at)) for record in records)
        rows = [_row(record, outcome) for record, outcome in told if outcome is not None]
        return cls(sorted(rows, key=lambda row: row["when"], reverse=True))

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Ledger: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | Ledger:
        return Ledger(self._rows[place]) if isinstance(place, slice) else dict(self._rows[place])

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(dict, self._rows)

    def filter(self, *, since: date | str | None = None, until: date | str | None = None) -> Ledger:
        """What was sent in that time: a datetime, a date (its beginning), or either as a text. Without a zone
        it is local time. Raises InvalidRequestError.

        Example:
            >>> november = client.ledger.filter(since="2026-11-01", until="2026-12-01")   # doctest: +SKIP
        """
        begin, end = moment("since", since), moment("until", until)
        return Ledger(
            row
            for row in self._rows
            if (begin is None or row["when"] >= begin) and (end is None or row["when"] <= end)
        )

    def totals(self, *, since: date | str | None = None, until: date | str | None = None) -> dict[str, Spent]:
        """The sum of each outcome. What is `failed`, `unknown` or `pending` may be billed or not. Raises
        InvalidRequestError."""
        sums = _Sums()
        for row in self.filter(since=since, until=until)._rows:
            sums.add(row["outcome"], row["seconds"], row["dollars"])
        return sums.spent()

    def to_frame(self) -> Any:
        """A row each, as a DataFrame of pandas; of polars, or as a table of pyarrow, where that is what is
        installed. Raises MissingExtraError."""
        from runcrate_widget.library.frame import frame_of

        return frame_of(self._rows, COLUMNS)

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Writes it as a CSV file (UTF-8, times in UTC) and returns its path. A text that a spreadsheet would
        take for a formula gets an apostrophe before it. Raises InvalidRequestError or
        OSError."""
        path = check_file("path", path)
        # A prompt of a record may have half of a character, which no file has.
        with open(path, "w", encoding="utf-8-sig", errors="replace", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for row in self._rows:
                writer.writerow([_cell(row[name]) for name in COLUMNS])
        return path

    def reconcile(self, export: Export) -> Reconciliation:
        """Compares it with what the dashboard has exported: what is only here, what is only there, and where
        the cost is another. Demos are left out.

        Args:
            export: the path of a CSV file, or rows: a list of dictionaries or a data frame. The column of the
                ids is found by its name (`id`, `video_id`, `job_id`), that of the cost, too (`cost`,
                `amount`, …); `Reconciliation.columns` says which they were.

        Raises:
            InvalidRequestError: it has no column of ids.
            OSError: the file cannot be read.

        Example:
            >>> client.ledger.filter(since=november).reconcile("usage.csv")     # doctest: +SKIP
        """
        return reconciled([row for row in self._rows if row["outcome"] != "demo"], export)

    def __repr__(self) -> str:
        totals = self.totals()
        lines = [f"{name:8} {_said(name, totals[name])}" for name in OUTCOMES if totals[name].videos]
        return "\n".join(lines) or "nothing was sent"

    def _repr_html_(self) -> str:
        sums = "<br>".join(html.escape(line) for line in repr(self).splitlines())
        heads = "".join(f"<th style='text-align:left'>{name}</th>" for name in COLUMNS)
        rows = "".join(map(_html_row, self._rows[:_SHOWN]))
        left = len(self) - _SHOWN
        more = f"<tr><td colspan={len(COLUMNS)}>and {left} more</td></tr>" if left > 0 else ""
        return f"<p>{sums}</p><table><tr>{heads}</tr>{rows}{more}</table>"


def spent(
    records: Iterable[Record], *since: datetime | None, asked: Collection[str] = ()
) -> list[dict[str, Spent]]:
    """The sum of each outcome, of what was sent since each of these moments (None: of all), in one pass. The
    records of the names `asked` count for the first one, whatever has become of the clock."""
    begins = [begin or datetime.min.replace(tzinfo=timezone.utc) for begin in since]
    earliest, sums, at = min(begins), [_Sums() for _ in begins], now()
    for record in records:
        when, named = _when(record), record.name in asked
        if (when < earliest and not named) or (outcome := outcome_of(record, at)) is None:
            continue
        demo = outcome == "demo"
        seconds, dollars = (0, 0.0) if demo else (record.request.duration, record.cost)
        for place, (begin, total) in enumerate(zip(begins, sums, strict=True)):
            if when >= begin or (named and place == 0):
                total.add(outcome, seconds, dollars)
    return [total.spent() for total in sums]


def outcome_of(record: Record, at: datetime) -> str | None:
    """What became of a job, by the time `at`. None: it was never sent, or nothing was made of it."""
    status, line = record.status, record.timeline
    if status is JobStatus.WAITING or is_free(record):
        return None
    if record.demo:
        return "demo"
    if status in _MADE or (status is JobStatus.FAILED and line.ready is not None):
        return "paid"
    if status is JobStatus.FAILED:
        return "failed"
    if status is JobStatus.UNCONFIRMED:
        return "unknown"
    patience = _ANSWERED if status is JobStatus.SUBMITTING else _HEARD
    return "pending" if at - (record.adopted or _when(record)) <= patience else "unknown"


def today() -> datetime:
    """When this day began, by the local clock."""
    return datetime.combine(now().astimezone().date(), time()).astimezone()


class _Sums:
    """Sums by outcome, while they are added up."""

    def __init__(self) -> None:
        #: Videos, seconds, dollars, and of how many these are known.
        self._by_outcome: dict[str, list[float]] = {name: [0, 0.0, 0.0, 0] for name in OUTCOMES}

    def add(self, outcome: str, seconds: float | None, dollars: float | None) -> None:
        sums = self._by_outcome[outcome]
        sums[0] += 1
        if seconds is not None and 0 <= seconds < VAST:  # a record may say anything
            sums[1] += seconds
        if dollars is not None and dollars < VAST:
            sums[2] += dollars
            sums[3] += 1

    def spent(self) -> dict[str, Spent]:
        return {
            name: Spent(
                int(videos),
                seconds,
                None if videos and not priced else round(dollars, 6),
                int(videos - priced),
            )
            for name, (videos, seconds, dollars, priced) in self._by_outcome.items()
        }


def _when(record: Record) -> datetime:
    line = record.timeline
    return line.sent or line.submitted or line.created


def _row(record: Record, outcome: str) -> dict[str, Any]:
    demo = outcome == "demo"
    return {
        "when": _when(record),
        "id": record.id,
        "outcome": outcome,
        "model": record.model,
        "duration": record.request.duration,
        "seconds": 0 if demo else record.request.seconds,
        "dollars": 0.0 if demo else _known(record.cost),
        "prompt": record.prompt,
        "key": record.key,
        "service": record.service,
        "owner": record.owner,
    }


def _known(dollars: float | None) -> float | None:
    return dollars if dollars is not None and dollars < VAST else None  # a record may say anything


def _said(outcome: str, spent: Spent) -> str:
    """`3 videos, 18 s, $7.20`, and of how many the price is not known."""
    if outcome == "demo":  # also those that came to nothing
        return f"{spent.videos:,} job{'' if spent.videos == 1 else 's'}, of which nothing is billed"
    parts = [videos(spent.videos), f"{spent.seconds:g} s"]
    parts += [] if spent.dollars is None else [f"${spent.dollars:,.2f}"]
    if spent.unpriced:
        which = "" if spent.unpriced == spent.videos else f" of {spent.unpriced:,}"
        parts.append(f"price not known{which}")
    return ", ".join(parts)


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") and value else value


def _html_row(row: Mapping[str, Any]) -> str:
    dollars = row["dollars"]
    shown = {
        **row,
        "when": f"{row['when'].astimezone():%Y-%m-%d %H:%M}",
        "dollars": "" if dollars is None else f"${dollars:,.2f}",
        "prompt": row["prompt"][:200],
    }
    cells = ("" if shown[name] is None else html.escape(str(shown[name])) for name in COLUMNS)
    return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"
