"""The whole space of what a service can answer, by chance: step × status × headers × body × timing, over real
HTTP on loopback. Whatever is drawn, these hold:

- one call of `generate()` makes at most one job, and none is submitted again that may have been taken;
- no id is forgotten that the service told in an answer that could be read;
- no file is called `.mp4` that is not the whole video;
- the job ends as API.md and the once-only rule (`jobs/submit.py`) say, or is kept and goes on when asked;
- the service is asked so many times and no more.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import tempfile
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from fault_server import Exchange, FaultServer, client_of, close, reset
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from videos import small_mp4

from runcrate_widget import errors
from runcrate_widget.jobs import download, polling
from runcrate_widget.library.library import Library
from runcrate_widget.service import deadline, runcrate

VIDEO = small_mp4(1)
OTHER = bytes(8) + VIDEO[8:]  # as long, and no MP4
_DIGITS = "9" * 5000

# On a short clock: what it shortens are pauses and patience, which decide no outcome here.
SHORTEST, PATIENCE = 0.01, 0.4


@dataclass(frozen=True)
class Answer:
    """One thing that the service does."""

    status: int = 200
    body: str = "good"
    headers: tuple[tuple[str, str], ...] = ()
    timing: str = "at once"
    makes: bool = True  # for a submit: whether the service takes the job, whatever it then says

    async def __call__(self, exchange: Exchange) -> None:
        step = exchange.request.step
        id = "vid_000001"
        if step == "submit" and self.makes:
            id = exchange.server.make_job(exchange.request)
        if self.timing == "reset":
            return await reset(exchange)
        if self.timing == "closed":
            return await close(exchange)
        if self.timing == "hang":
            await exchange.server.ended.wait()
            return None
        body = self.bytes(step, id)
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Type: {self.kind(step)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.timing != "no length":
            lines.append(f"Content-Length: {len(body) + (9 if self.timing == 'cut' else 0)}")
        if self.timing == "interim":
            lines = ["HTTP/1.1 103 Early Hints", "Link: </a>", ""] * 3 + lines
        exchange.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        pieces = [body[:7], body[7:]] if self.timing == "in pieces" else [body]
        for piece in pieces:
            exchange.writer.write(piece)
            await exchange.writer.drain()
            await asyncio.sleep(0)
        if self.timing in ("cut", "no length"):
            exchange.writer.close()
        return None

    def kind(self, step: str) -> str:
        return "video/mp4" if step == "download" and self.body != "page" else "application/json"

    def bytes(self, step: str, id: str) -> bytes:
        word = {"submit": "queued", "poll": "processing"}.get(step, "completed")
        good = VIDEO if step == "download" else json.dumps({"id": id, "status": word}).encode()
        return {
            "good": good,
            "empty": b"",
            "no end": good[:-1],
            "half": good[: len(good) // 2 if step == "download" else 10],  # before the end of the id
            "page": b"<html>Please log in</html>",
            "error": b'{"error": {"message": "no", "code": "x"}}',
            "other": OTHER if step == "download" else b'{"id": "vid_000099", "status": "completed"}',
            "deep": b"[" * 20_000,
            "digits": b'{"seed": '
            + _DIGITS.encode()
            + b', "id": "'
            + id.encode()
            + b'", "status": "queued"}',
            "gzip": gzip.compress(good),
            "long": good if step == "download" else b'{"x": "' + b"A" * 1_200_000 + b'", ' + good[1:],
        }[self.body]

    @property
    def tells(self) -> bool:
        """For a submit: whether the id can be read in it. With `other` it tells one, of another job."""
        packed = ("Content-Encoding", "gzip") in self.headers
        told = self.body in ("good", "digits", "long", "no end") or (self.body == "gzip" and packed)
        return (
            200 <= self.status < 300
            and told
            and self.makes
            and self.timing not in ("reset", "closed", "hang")
        )


HEADERS = st.lists(
    st.sampled_from(
        [
            ("Retry-After", "0"),
            ("Retry-After", "-1"),
            ("Retry-After", "0.02"),
            ("Retry-After", _DIGITS),
            ("Retry-After", formatdate(0, usegmt=True)),
            ("X-RateLimit-Limit", _DIGITS),
            ("X-RateLimit-Limit", "0"),
            ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Reset", "0"),
            ("X-RateLimit-Reset", "1000000000000"),
            ("X-RateLimit-Reset", _DIGITS),
            ("ETag", '"one"'),
            ("ETag", 'W/"two"'),
            ("Content-Encoding", "gzip"),
            ("Content-Encoding", "br"),
            ("Content-Range", "bytes 5-9/10"),
            ("Content-Range", f"bytes 0-{len(VIDEO) - 1}/{_DIGITS}"),
        ]
    ),
    max_size=2,
    unique_by=lambda pair: pair[0],
).map(tuple)

STATUSES = st.sampled_from(
    [200] * 8 + [201, 202, 206, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 408, 409, 416, 422, 429, 429, 499]
    + [500, 502, 503, 503, 504, 524]
)  # fmt: skip
BODIES = st.sampled_from(
    ["good"] * 6 + ["empty", "no end", "half", "page", "error", "other", "deep", "digits", "gzip", "long"]
)
TIMINGS = st.sampled_from(
    ["at once"] * 6 + ["reset", "closed", "hang", "cut", "no length", "in pieces", "interim"]
)
# Mostly one thing wrong at a time: two that are wrong hide each other.
ANSWERS = (
    st.builds(Answer, body=BODIES)
    | st.builds(Answer, headers=HEADERS)
    | st.builds(Answer, timing=TIMINGS)
    | st.builds(Answer, STATUSES, headers=HEADERS)
    | st.builds(Answer, STATUSES, BODIES, HEADERS, TIMINGS, st.booleans())
)
STEPS = st.fixed_dictionaries(
    {
        "submit": st.lists(ANSWERS, max_size=2),
        "poll": st.lists(ANSWERS, max_size=3),
        "download": st.lists(ANSWERS, max_size=3),
    }
)


def sent_again(answer: Answer) -> bool:
    """Whether the once-only rule lets it be sent again by itself."""
    return answer.status in (429, 503) and answer.timing in (
        "at once",
        "no length",
        "in pieces",
        "interim",
        "cut",
    )


def check(steps: dict[str, list[Answer]]) -> None:
    # 429 and 503 say that nothing was made: a service that says so and makes one is past all help.
    submits = [
        Answer(one.status, one.body, one.headers, one.timing, one.makes and one.status not in (429, 503))
        for one in steps["submit"]
    ]
    faults: dict[str, Any] = {**steps, "submit": submits}
    with (
        tempfile.TemporaryDirectory() as place,
        pytest.MonkeyPatch.context() as patch,
        FaultServer(video=VIDEO, polls=0, **faults) as server,
        client_of(server, Path(place)) as client,
    ):
        patch.setattr(polling, "SHORTEST", SHORTEST)
        patch.setattr(polling, "LONGEST_BACKOFF", 2 * SHORTEST)
        patch.setattr(download, "_NOT_YET", 0.05)
        patch.setattr(runcrate, "_READ_TIMEOUT", PATIENCE)
        # Only where the service lets it run out: a busy machine is slow as well, and nobody could tell the two
        # apart. Whatever is asked again may be asked once more.
        hangs = any(one.timing == "hang" for one in submits)
        if hangs:
            patch.setattr(runcrate, "_SUBMIT_TIMEOUT", PATIENCE)
        patch.setattr(deadline, "_WINDOW", PATIENCE)
        folder = Path(place)
        job = client.generate("A fox", model="Veo 3.0")
        outcome = _outcome(job)
        made = list(server.jobs)
        allowed = 1
        while allowed <= len(submits) and sent_again(submits[allowed - 1]):
            allowed += 1
        assert len(made) <= 1, "paid twice"
        assert server.count("submit") <= allowed, "sent again"
        for answer in submits[: server.count("submit")]:
            if answer.tells and not hangs:
                assert job.id == made[0], "an id was forgotten"
                assert [one.id for one in Library(folder)] == made
        last = (submits + [Answer()] * 9)[server.count("submit") - 1]
        if last.tells and not hangs:
            assert outcome in ("video", "stopped"), (outcome, job.error)
        elif last.makes and not hangs:
            # The id of another job is taken at its word, and what that has is what is shown.
            others = ["stopped", "video"] if last.body == "other" else []
            assert outcome in ("unconfirmed", "failed", *others)
        if outcome == "failed":
            assert not made or not 200 <= last.status < 300, "it was taken, and is called a failure"
        if outcome == "stopped":  # kept, and goes on when the person asks
            for step in ("poll", "download"):
                server._faults[step] = []
            if job.id in server.jobs:
                job.resume()
                assert _outcome(job) == "video"
        for file in folder.glob("*.mp4"):
            assert file.read_bytes() == VIDEO
        # The floor under every pause: each attempt but the first of a step has one before it.
        polls = [one for one in server.requests if one.step == "poll"]
        gaps = [after.at - before.at for before, after in itertools.pairwise(polls)]
        assert all(gap >= 0.95 * SHORTEST for gap in gaps), gaps
        assert len(server.requests) <= 80


def _outcome(job: Any) -> str:
    try:
        job.wait(30)
    except errors.JobError as error:
        return {
            errors.JobFailedError: "failed",
            errors.JobUnconfirmedError: "unconfirmed",
            errors.JobStoppedError: "stopped",
        }[type(error)]
    return "video"


def one_wrong(**wrong: Any) -> dict[str, list[Answer]]:
    """A submit that goes wrong in one way, and all else well."""
    return {"submit": [Answer(**wrong)], "poll": [], "download": []}


# What is to be met in every run, and not only by chance.
@example(one_wrong(body="no end"))
@example(one_wrong(body="long"))
@example(one_wrong(body="digits"))
@example(one_wrong(timing="cut"))
@example(one_wrong(timing="reset"))
@example(one_wrong(headers=(("X-RateLimit-Limit", _DIGITS),)))
@example(one_wrong(status=429, headers=(("Retry-After", "0"),)))
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_a_service_answers(steps: dict[str, list[Answer]]) -> None:
    check(steps)


@pytest.mark.slow
@settings(max_examples=250, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_a_service_answers_at_length(steps: dict[str, list[Answer]]) -> None:
    check(steps)
