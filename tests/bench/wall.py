"""How long the wall takes to answer at 25,000 entries: opened cold, asked each kind of question, and looked
through again. Beside it sqlite3 in memory with the same questions, by LIKE and by its full-text index.

    python tests/bench/wall.py [entries]

A question's time has all of it: the entries that match, in stacks, by local day, and what there is to choose from.
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from runcrate_widget import VideoRequest, models
from runcrate_widget.library.choice import Choice
from runcrate_widget.library.library import Library
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.question import Question
from runcrate_widget.library.record import JobStatus, Record, now, write_record
from runcrate_widget.library.timeline import Timeline
from runcrate_widget.library.words import searched

RUNS = 15
SERVICE = "https://api.runcrate.ai"
SUBJECTS = ["fox", "owl", "harbour", "glacier", "tram", "lantern", "desert", "orchard", "heron", "violinist"]
PLACES = ["in fresh snow", "at dawn", "under neon rain", "by the sea", "on a misty hill", "in an empty hall"]
TAGS = ["draft", "final", "client", "b-roll", "loop"]


def make(folder: Path, count: int) -> None:
    """`count` records of about four takes a request, over a year, as the library writes them."""
    chance = random.Random(7)
    known = list(models.values())
    folder.mkdir()
    made = 0
    while made < count:
        model = chance.choice(known)
        prompt = (
            f"A {chance.choice(SUBJECTS)} {chance.choice(PLACES)}, slow tracking shot, shallow depth of field, "
            f"35 mm, number {made}"
        )
        request = VideoRequest(prompt, model=model.name)
        for take in range(1, min(chance.randint(1, 7), count - made) + 1):
            made += 1
            moment = now() - timedelta(seconds=chance.uniform(0, 365 * 86400))
            choice = Choice(
                kept=chance.choice([None, None, None, True, False]),
                rating=chance.choice([None, None, 1, 2, 3, 4, 5]),
                tags=tuple(chance.sample(TAGS, chance.randint(0, 2))),
                note=chance.choice(["", "", "the light is right"]),
                hidden=chance.random() < 0.05,
            )
            record = replace(
                fresh_record(folder, request, take, 1, SERVICE),
                id=f"vid_{made}",
                status=chance.choice([JobStatus.COMPLETED] * 19 + [JobStatus.FAILED]),
                timeline=Timeline(
                    moment, moment, moment, moment, moment, moment, moment, polls=9, unseen=1.0
                ),
                choice=choice,
                answer={"id": f"vid_{made}", "status": "queued"},
                cost=0.4 * (request.seconds or 0),
            )
            (folder / f"{record.name}.json").write_bytes(write_record(record))


QUESTIONS: dict[str, dict[str, Any]] = {
    "everything": {},
    "one letter": {"text": "f"},
    "a word": {"text": "fox"},
    "three words": {"text": "dawn fox veo"},
    "nothing has it": {"text": "zeppelin"},
    "one model": {"model": "google/veo-3.0"},
    "kept": {"kept": True},
    "rated 4 or more, best first": {"rating": 4, "order": "rating"},
    "a tag and a word": {"tag": "final", "text": "owl"},
    "by cost": {"cost_from": 1.0, "cost_to": 3.0, "order": "cost"},
    "oldest first": {"order": "oldest"},
    "failed": {"status": "failed"},
    "put away": {"hidden": True},
    "last 30 days": {"since": time.time() - 30 * 86400},
}


def timed(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Milliseconds: the median by the clock, and that of the processor's own time, which others do not take."""
    taken, own = [], []
    for _ in range(runs):
        begin, busy = time.perf_counter(), time.process_time()
        work()
        taken.append((time.perf_counter() - begin) * 1000)
        own.append((time.process_time() - busy) * 1000)
    return statistics.median(taken), statistics.median(own)


class Peer:
    """The same entries in sqlite3, in memory."""

    def __init__(self, records: list[Record], stacks: dict[str, str], *, full_text: bool) -> None:
        self.full_text = full_text
        self.base = sqlite3.connect(":memory:")
        self.base.execute(
            "create table e (n integer primary key, key, status, model, created real, kept, rating, hidden, "
            "cost real, stack, searched)"
        )
        rows = [
            (
                n,
                one.key,
                one.status.value,
                one.model,
                one.created.timestamp(),
                one.choice.kept,
                one.choice.rating or 0,
                one.choice.hidden,
                0.4 * (one.request.seconds or 0),
                stacks[one.key],
                searched(one),
            )
            for n, one in enumerate(records)
        ]
        self.base.executemany(f"insert into e values ({','.join('?' * 11)})", rows)
        self.base.execute("create table t (n, tag)")
        tags = [(n, tag) for n, one in enumerate(records) for tag in one.choice.tags]
        self.base.executemany("insert into t values (?, ?)", tags)
        if full_text:
            self.base.execute("create virtual table f using fts5(searched, tokenize='trigram')")
            self.base.executemany(
                "insert into f (rowid, searched) values (?, ?)", [(r[0], r[-1]) for r in rows]
            )
        self.base.execute("create index on_status on e (status, hidden, created)")

    def ask(self, asked: Question) -> None:
        """As the wall does: the stacks in order, the days, and what there is to choose from."""
        base = ["status = ?", "hidden = ?"]
        given: list[Any] = [asked.status or "completed", asked.hidden]
        where, args = list(base), list(given)
        for word in asked.text.split():
            if self.full_text and len(word) >= 3:
                where.append("n in (select rowid from f where f match ?)")
                args.append(f'"{word}"')
            else:
                where.append("searched like ?")
                args.append(f"%{word}%")
        for name, test in (
            ("model", "model = ?"),
            ("kept", "kept = ?"),
            ("rating", "rating >= ?"),
            ("tag", "n in (select n from t where tag = ?)"),
            ("since", "created >= ?"),
            ("cost_from", "cost >= ?"),
            ("cost_to", "cost <= ?"),
        ):
            value = getattr(asked, name)
            if value is not None:
                where.append(test)
                args.append(value)
        order = {"newest": "max(created) desc", "oldest": "min(created)", "rating": "max(rating) desc"}
        found = self.base.execute(
            f"select stack, count(*), max(created) from e where {' and '.join(where)} group by stack "
            f"order by {order.get(asked.order, 'max(cost) desc')}",
            args,
        ).fetchall()
        self.base.execute(
            "select date(d, 'unixepoch', '+60 minutes'), count(*) from (select max(created) as d from e where "
            f"{' and '.join(where)} group by stack) group by 1",
            args,
        ).fetchall()
        assert found is not None
        both = " and ".join(base)
        self.base.execute(
            f"select model, count(*), sum(kept) from e where {both} group by model", given
        ).fetchall()
        self.base.execute(
            f"select tag, count(*) from t join e using (n) where {both} group by tag", given
        ).fetchall()
        self.base.execute("select count(*) from e where status = ? and hidden", given[:1]).fetchall()


def main(count: int) -> None:
    """Prints a line for each."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "videos"
        make(folder, count)
        library = Library(folder)
        begin, busy = time.perf_counter(), time.process_time()
        shelf = library.shelf
        shelf.look().result()
        cold = f"{time.perf_counter() - begin:8.2f} s ({time.process_time() - busy:.2f})"
        load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
        print(
            f"{count:,} entries; median by the clock (of the processor's time) of {RUNS}; load {load} on {os.cpu_count()} cores"
        )
        print(f"{'opened cold: every record read and prepared':48}{cold}")
        records = list(library)
        entries = {one.key: shelf.find(one.key) for one in records}
        stacks = {key: one.stack for key, one in entries.items() if one}
        peers = {}
        for name, full_text in (("sqlite LIKE", False), ("sqlite FTS5", True)):
            begin = time.perf_counter()
            peers[name] = Peer(records, stacks, full_text=full_text)
            print(
                f"{name + ': filled from the same records in memory':48}{time.perf_counter() - begin:8.2f} s"
            )
        print(
            f"{'ms a question':32}{'first':>16}{'as one types':>18}{''.join(f'{name:>18}' for name in peers)}  stacks, days"
        )
        worst = 0.0
        for title, given in QUESTIONS.items():
            asked = Question(**given)
            found = [0, 0]

            def ask(asked: Question = asked, found: list[int] = found) -> None:
                _, answer = shelf.stacks(asked)
                found[:] = [len(answer.found), len(answer.days(60))]
                shelf.overview(asked)

            def first(ask: Callable[[], None] = ask) -> None:
                shelf._answers.clear()  # as if it were the first question since something has changed
                ask()

            def typing(ask: Callable[[], None] = ask) -> None:
                for known in [one for one in shelf._answers if one[0] == "stacks"]:  # type: ignore[index]
                    del shelf._answers[known]  # a new question, of what has not changed
                ask()

            times = [
                timed(first),
                timed(typing),
                *(timed(partial(peer.ask, asked)) for peer in peers.values()),
            ]
            worst = max(worst, times[0][1])
            cells = "".join(f"{clock:>11.1f} ({own:.0f})" for clock, own in times)
            print(f"{title:32}{cells}   {found[0]:,}, {found[1]:,}")
        print(f"the slowest of all, ms of the processor: {worst:.0f}")
        one = records[count // 2]
        writes = iter(replace(one, choice=Choice(rating=n % 5 + 1, note=str(n))) for n in range(RUNS))
        clock, own = timed(lambda: shelf.note(next(writes)))
        print(f"{'a record written here is known after, ms':48}{clock:8.2f} ({own:.2f})")

        def again() -> None:
            shelf._scanned, shelf._surely = 0.0, -1e9
            shelf.look()
            assert shelf._scan is not None
            shelf._scan.result()

        clock, own = timed(again, 5)
        print(f"{'the folder looked through, nothing new, ms':48}{clock:8.1f} ({own:.0f})")

        def unchanged() -> None:
            shelf._scanned = 0.0
            shelf.look()
            assert shelf._scan is not None
            shelf._scan.result()

        time.sleep(2.1)  # the folder's time is trusted once it is as old as that
        again()
        print(f"{'the folder not even listed, ms':48}{timed(unchanged, 5)[0]:8.2f}")
        begin = time.perf_counter()
        library.filter(text="fox")
        print(
            f"{'client.library.filter(text=…), which looks first, ms':48}{(time.perf_counter() - begin) * 1000:8.1f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25_000)
