"""Many jobs at once: in their order, as they come, cancelled, stopped by a limit, killed and run again."""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, client_of, reply, status

from runcrate_widget import VideoClient, errors
from runcrate_widget.jobs import tracker
from runcrate_widget.jobs.batch import Batch
from runcrate_widget.jobs.progress import Progress, line, time_left

pytestmark = pytest.mark.usefixtures("quick")

PROMPTS = [f"A fox in snow {n} cm deep" for n in range(12)]


def prompts_of(server: FaultServer) -> Counter[str]:
    return Counter(json.loads(one.body)["prompt"] for one in server.requests if one.step == "submit")


def test_all_are_made_in_their_order_and_again_for_nothing(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    batch = client.generate_many(PROMPTS, model="Veo 3.0")
    assert batch.wait(60) is batch
    assert [job.request.prompt for job in batch] == PROMPTS
    assert [video.request.prompt for video in batch.videos] == PROMPTS
    assert (batch.counts, batch.failed, batch.problems) == ({"completed": 12}, [], [])
    assert batch.done
    assert repr(batch) == "<Batch of 12: 12 completed>"
    assert batch[-1] is batch[11]
    assert batch[2:4] == [batch[2], batch[3]]
    with pytest.raises(IndexError, match="has 12 jobs"):
        batch[12]
    again = client.generate_many(PROMPTS, model="Veo 3.0")
    assert again.plan.known == 12
    assert all(job.reused for job in again.wait(60))
    assert server.count("submit") == 12


def test_each_is_given_as_soon_as_it_is_done(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path, max_concurrent=12)
    batch = client.generate_many(PROMPTS[:3], model="Veo 3.0")
    ids = {job.request.prompt: job for job in batch}
    given: list[str] = []
    for n in (2, 0, 1):
        job = ids[PROMPTS[n]]
        while job.id is None:
            came = threading.Event()
            job.observe(lambda _, came=came: came.set(), "id")
            if job.id is None:
                assert came.wait(30)
        server.jobs[job.id] = 0
        given.append(next(iter_once(batch, len(given))).request.prompt)
    assert given == [PROMPTS[2], PROMPTS[0], PROMPTS[1]]


def iter_once(batch: Any, skip: int) -> Iterator[Any]:
    """The next of `as_completed()`, after those that were given."""
    for number, job in enumerate(batch.as_completed()):
        if number == skip:
            yield job
            return


def test_they_are_awaited_and_iterated_in_a_loop_that_goes_on(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)

    async def work() -> tuple[list[str], int]:
        batch = client.generate_many(PROMPTS[:5], model="Veo 3.0")
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(beat())
        seen = [job.request.prompt async for job in batch.as_completed()]
        assert await batch is batch
        task.cancel()
        return seen, beats

    seen, beats = asyncio.run(work())
    assert sorted(seen) == sorted(PROMPTS[:5])
    assert beats > 10


def test_one_that_fails_stops_no_other(server: FaultServer, tmp_path: Path) -> None:
    server._faults["poll"] = [status("failed", error={"message": "refused by safety"})]
    client = client_of(server, tmp_path, max_concurrent=1)
    rows: list[Any] = [*PROMPTS[:3], {"prompt": "An owl", "duration": 7}]
    batch = client.generate_many(rows, model="Veo 3.0").wait(60)
    (failed,) = batch.failed
    assert failed.request.prompt == PROMPTS[0]
    assert len(batch.videos) == 2
    assert [str(one)[:22] for one in batch.problems] == ["Row 3: duration is 7; "]
    assert "1 problem: Row 3" in repr(batch)


def test_a_limit_stops_it_before_it_is_gone_over(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, max_seconds=20)
    batch = client.plan(PROMPTS[:5], model="Veo 3.0").run().wait(60)
    assert isinstance(batch.stopped, errors.SpendingLimitError)
    assert server.count("submit") == 3, "18 of 20 s"
    assert batch.counts == {"completed": 3, "not begun": 2}
    with pytest.raises(errors.SpendingLimitError):
        batch[4]
    assert batch.problems == [batch.stopped]


def test_no_credits_and_no_key_are_said(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reply(402, {"error": {"message": "Insufficient credits"}})] * 20
    batch = client_of(server, tmp_path).generate_many(PROMPTS[:3], model="Veo 3.0").wait(60)
    kinds = {job.error.kind for job in batch.failed if job.error}
    assert "credits" in kinds
    assert kinds <= {"credits", "cancelled"}, "what had not been sent by then is not sent"


def test_cancelled_it_sends_no_more_and_what_was_sent_goes_on(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path, max_concurrent=2)
    batch = client.generate_many(PROMPTS, model="Veo 3.0")
    sent = [batch[0], batch[1]]
    for job in sent:
        while job.id is None:
            came = threading.Event()
            job.observe(lambda _, came=came: came.set(), "id")
            if job.id is None:
                assert came.wait(30)
    assert batch.cancel() == 10
    for job in sent:
        assert job.id is not None
        server.jobs[job.id] = 0
    batch.wait(60)
    assert len(batch.videos) == 2
    assert server.count("submit") == 2


def test_it_says_so_where_the_time_is_over(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    batch = client_of(server, tmp_path).generate_many(PROMPTS[:2], model="Veo 3.0")
    with pytest.raises(errors.WaitTimeoutError, match="is not done after"):
        batch.wait(0.01)


def test_of_very_many_only_some_are_begun_at_a_time(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "_MOST_HELD", 2)
    server.polls = 10**6
    client = client_of(server, tmp_path, max_concurrent=2)
    plan = client.plan(PROMPTS, model="Veo 3.0")
    batch = Batch(plan, plan._maker, most_open=3)
    assert batch[2].request.prompt == PROMPTS[2]
    with pytest.raises(errors.RuncrateError, match="Job 7 of the batch is not begun yet"):
        batch[7]
    assert len(list(tmp_path.glob("*.json"))) == 3
    server.polls = 0
    for id in list(server.jobs):
        server.jobs[id] = 0
    batch.wait(60)
    assert [job.request.prompt for job in batch] == PROMPTS, "those that are not held any more, too"
    assert server.count("submit") == 12


def test_a_table_has_a_row_for_each(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, prices={"Veo 3.0": 0.5})
    batch = client.generate_many(PROMPTS[:2], model="Veo 3.0").wait(60)
    frame = batch.to_frame()
    assert list(frame["prompt"]) == PROMPTS[:2]
    assert list(frame["cost"]) == [3.0, 3.0]
    assert [Path(path).exists() for path in frame["path"]] == [True, True]
    assert batch.to_dicts()[0]["status"] == "completed"


def test_the_table_has_all_rows_of_the_plan_in_their_order(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    rows: list[Any] = ["", PROMPTS[0], {"prompt": "An owl", "duration": 7}]
    frame = client.generate_many(rows, model="Veo 3.0", takes=2).wait(60).to_frame()
    assert list(frame["row"]) == [0, 0, 1, 1, 2, 2]
    assert list(frame["status"]) == ["refused"] * 2 + ["completed"] * 2 + ["refused"] * 2
    assert list(frame["prompt"]) == ["", "", PROMPTS[0], PROMPTS[0], "An owl", "An owl"]
    assert frame["error"][4].startswith("Row 2: duration is 7; Veo 3.0 makes")


def test_one_bad_row_is_one_problem(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    batch = client.generate_many([PROMPTS[0], ""], models=["Veo 3.0", "Sora 2"], takes=2).wait(60)
    assert [str(one) for one in batch.problems] == ["Row 1: prompt is empty. Describe what the video shows."]
    assert repr(batch) == "<Batch of 4: 4 completed; 1 problem: Row 1: prompt is empty>"


def test_the_time_that_is_left_does_not_count_what_was_there(server: FaultServer, tmp_path: Path) -> None:
    assert time_left(1.0, 0, 3, 9.0) == 8.0
    assert time_left(10.0, 0, 3, 9.0) is None, "it takes longer than was expected"
    assert time_left(1.0, 0, 3, None) is None
    assert time_left(6.0, 2, 1, 9.0) == 3.0
    assert time_left(6.0, 2, 0, 9.0) == 0.0
    client = client_of(server, tmp_path)
    client.generate_many(PROMPTS[:3], model="Veo 3.0").wait(60)
    server.polls = 10**6
    batch = client.generate_many(PROMPTS[:4], model="Veo 3.0")
    while len(batch._track.finished) < 3:
        with batch._track.changed:
            batch._track.changed.wait(1)
    batch._began, batch._expected = batch._began - 1000, 5000
    shown = batch._line()
    assert re.fullmatch(r" 75%\|███████▌  \| 3/4 \[16:4\d<1:06:3\d\]", shown), shown


def test_one_line_says_how_far_it_is(tmp_path: Path) -> None:
    assert line(37, 100, 130, left=222) == " 37%|███▋      | 37/100 [02:10<03:42]"
    assert line(0, 4, 1) == "  0%|          | 0/4 [00:01<?]"
    assert line(4, 4, 3723, failed=2, left=0) == "100%|██████████| 4/4 [1:02:03<00:00, 2 failed]"
    log = io.StringIO()
    progress = Progress(log)
    for done in range(5):
        progress.show(line(done, 4, 1), last=done == 4)
    assert log.getvalue().splitlines() == [line(0, 4, 1), line(4, 4, 1)], "a log is not filled with it"
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from fault_server import KEY, FaultServer, client_of\n"
        "from videos import small_mp4\n"
        "with FaultServer(video=small_mp4(1)) as server:\n"
        f"    client_of(server, {str(tmp_path)!r}).generate_many(['A', 'B'], model='Veo 3.0').wait(60, progress=True)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr.splitlines()[-1].startswith("100%|██████████| 2/2 [")


KILLED = """\
import os, sys
sys.path.insert(0, "tests")
from runcrate_widget import VideoClient
from pathlib import Path
client = VideoClient(sys.argv[4], base_url=sys.argv[1], library=sys.argv[2], max_concurrent=8)
batch = client.generate_many([f"A fox {n}" for n in range(30)], model="Veo 3.0")
done = 0
for job in batch.as_completed():
    done += 1
    if done == int(sys.argv[3]):
        os._exit(9)
print(len(batch.videos))
"""


@pytest.mark.slow
def test_killed_and_run_again_it_goes_on_and_pays_for_nothing_twice(
    server: FaultServer, tmp_path: Path
) -> None:
    for kill_after in (4, 8, 6, 0):
        run = subprocess.run(
            [sys.executable, "-c", KILLED, server.url, str(tmp_path), str(kill_after), KEY],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert run.returncode == (9 if kill_after else 0), run.stderr
    # Those that were just being sent when it was killed are unconfirmed: nobody sends them again by himself.
    made = prompts_of(server)
    assert max(made.values()) == 1
    lost = VideoClient(KEY, base_url=server.url, library=tmp_path, resume=False)
    unconfirmed = lost.library.filter(status="unconfirmed")
    assert int(run.stdout) + len(unconfirmed) == 30


def test_it_says_how_far_it_is_and_what_it_costs(server: FaultServer, tmp_path: Path) -> None:
    server._faults["poll"] = [status("failed", error={"message": "refused by safety"})]
    client = client_of(server, tmp_path, max_concurrent=1, prices={"Veo 3.0": 0.5})
    rows: list[Any] = [*PROMPTS[:2], {"prompt": "An owl", "duration": 7}, {"prompt": "A", "model": "Sora 2"}]
    batch = client.generate_many(rows, model="Veo 3.0").wait(60)
    assert batch.overview.line() == "2 of 4 done · 1 failed · 1 refused · $6.00, 1 without a price"
    assert batch.overview.waiting == 0
    failed, made, refused, other = batch.overview.at(range(4))
    assert (failed.status, made.status, refused.status, other.status) == (
        "failed",
        "completed",
        "refused",
        "completed",
    )
    assert (refused.key, refused.problem) == (None, batch.plan.problems[0].error)
    assert made.key == batch[1].key


def test_its_latest_changes_are_known_and_whether_there_were_more(
    server: FaultServer, tmp_path: Path
) -> None:
    prompts = [f"A fox {n}" for n in range(40)]
    batch = client_of(server, tmp_path).generate_many(prompts, model="Veo 3.0").wait(60)
    moves, places, missed = batch.overview.latest(0)
    assert (len(places), missed) == (30, True)
    assert batch.overview.latest(moves) == (moves, places, False)
    heard = threading.Event()
    batch.subscribe(heard.set)
    batch[3].choose(kept=True)  # also long after it is done
    assert heard.wait(30)
    after, places, missed = batch.overview.latest(moves)
    assert (after, places[-1], missed) == (moves + 1, 3, False)
