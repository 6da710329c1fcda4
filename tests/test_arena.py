"""The arena: what is compared next, that no judgement is lost, and that nobody sees whose video it is."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of
from test_widget import Conversation
from videos import small_mp4

from runcrate_widget import VideoRequest, VideoWidget, errors
from runcrate_widget.library import arena
from runcrate_widget.library.arena import Comparison, candidates, comparisons, judge, next_pair
from runcrate_widget.library.journal import append_line, read_lines
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus, Record, chosen, now

VEO, SORA, KLING = "google/veo-3.0", "openai/sora-2", "kwaivgi/kling-v3"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "videos")


def made(
    library: Library,
    prompt: str = "A fox",
    model: str = VEO,
    take: int = 1,
    service: str = "https://x.example",
    **more: Any,
) -> Record:
    """A finished video, as if a job had made it."""
    record, lease, _ = library.create(
        VideoRequest(prompt, model=model, **more), take, 1, service, id=f"vid_{take}"
    )
    record = replace(record, status=JobStatus.COMPLETED)
    library.write(record)
    record.path.write_bytes(small_mp4(1))
    assert lease is not None
    lease.release()
    return record


def compared(first: Record, second: Record, winner: str) -> Comparison:
    return Comparison(first.key, second.key, winner, (first.model, second.model), now())


def pair_of(found: arena.Next) -> frozenset[str]:
    assert found.pair is not None
    return frozenset(one.key for one in found.pair)


# What is written.


def test_what_was_judged_is_there_for_the_next_kernel_and_ranks_the_models(library: Library) -> None:
    veo, sora = made(library), made(library, model=SORA)
    for winner in ("left", "left", "tie", "skip", "right", "left"):
        judge(library, veo.key, sora.key, winner)
    found = Library(library.folder)
    assert [one.winner for one in comparisons(found)] == ["left", "left", "tie", "skip", "right", "left"]
    first, second = found.ranking()
    assert (first.model, second.model) == (VEO, SORA)
    assert found.ranking().comparisons == first.comparisons == 5, "a skip says nothing"
    sora.path.unlink()
    (library.folder / f"{sora.name}.json").unlink()
    assert found.ranking().comparisons == 5, "also when a record is gone"


def test_two_takes_of_one_model_say_nothing_of_models(library: Library) -> None:
    first, second = made(library), made(library, take=2)
    judge(library, first.key, second.key, "left")
    assert library.ranking() == []


@pytest.mark.parametrize(
    ("left", "right", "winner", "field"),
    [(0, 1, "both", "winner"), (0, 1, None, "winner"), (0, 0, "left", "key"), (0, "ffffffff", "left", "key"), (None, 1, "tie", "key")],
)  # fmt: skip
def test_what_is_no_judgement_is_refused(
    library: Library, left: Any, right: Any, winner: Any, field: str
) -> None:
    records = [made(library), made(library, model=SORA)]
    keys = [records[one].key if isinstance(one, int) else one for one in (left, right)]
    with pytest.raises(errors.InvalidRequestError) as caught:
        judge(library, keys[0], keys[1], winner)
    assert caught.value.field == field
    assert not (library.folder / "arena.jsonl").exists()


WHOLE = {
    "left": "aaaaaaaa",
    "right": "bbbbbbbb",
    "winner": "left",
    "models": [VEO, SORA],
    "when": "2026-11-26T02:30:00+00:00",
}


@pytest.mark.parametrize(
    "line",
    ["", "{", "null", "[]", '"text"', "\x00\x00\x00", "[" * 100_000, json.dumps({**WHOLE, "winner": "both"}), json.dumps({**WHOLE, "winner": ["left"]}),
     json.dumps({**WHOLE, "models": [VEO]}), json.dumps({**WHOLE, "models": "ab"}), json.dumps({**WHOLE, "left": 3}),
     json.dumps({**WHOLE, "right": "aaaaaaaa"}), json.dumps({**WHOLE, "when": "yesterday"}), json.dumps({**WHOLE, "when": "2026-11-26"}),
     json.dumps({**WHOLE, "when": None}), json.dumps({name: WHOLE[name] for name in WHOLE if name != "models"})],
)  # fmt: skip
def test_a_damaged_line_costs_no_other(library: Library, line: str) -> None:
    veo, sora = made(library), made(library, model=SORA)
    judge(library, veo.key, sora.key, "left")
    file = library.folder / "arena.jsonl"
    with file.open("ab") as more:
        more.write(line.encode() + b"\n" + json.dumps({**WHOLE, "of": "a later version"}).encode() + b"\n")
    judge(library, veo.key, sora.key, "tie")
    assert [one.winner for one in comparisons(library)] == ["left", "left", "tie"]


def test_a_line_that_was_torn_is_ended_by_the_next(library: Library) -> None:
    veo, sora = made(library), made(library, model=SORA)
    judge(library, veo.key, sora.key, "left")
    file = library.folder / "arena.jsonl"
    whole = file.read_bytes()
    for cut in range(1, len(whole)):
        file.write_bytes(whole + whole[:-cut])
        judge(library, veo.key, sora.key, "right")
        kept = [one.winner for one in comparisons(library)]
        # A line that lacks its end alone was not on disk when its process said so; and yet it is whole.
        assert kept == ["left", "left", "right"] if cut == 1 else kept == ["left", "right"], cut


def test_a_link_in_its_place_is_not_followed(library: Library, tmp_path: Path) -> None:
    veo, sora = made(library), made(library, model=SORA)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (library.folder / "arena.jsonl").symlink_to(elsewhere)
    with pytest.raises(errors.LibraryError):
        judge(library, veo.key, sora.key, "left")
    assert elsewhere.read_text() == "mine"


JUDGE = """
import sys
from runcrate_widget.library.arena import judge
from runcrate_widget.library.library import Library
library, left, right, winner, count = Library(sys.argv[1]), *sys.argv[2:5], int(sys.argv[5])
print("ready", flush=True)
sys.stdin.readline()
for n in range(count):
    judge(library, left, right, winner)
    print(n + 1, flush=True)
"""


def judging(library: Library, left: Record, right: Record, winner: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", JUDGE, str(library.folder), left.key, right.key, winner, str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def test_two_processes_lose_none_of_each_others(library: Library) -> None:
    veo, sora = made(library), made(library, model=SORA)
    processes = [judging(library, veo, sora, winner, 100) for winner in ("left", "right")]
    for process in processes:
        go(process)
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert Counter(one.winner for one in comparisons(library)) == {"left": 100, "right": 100}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_what_a_process_had_written_when_it_was_killed_is_there(library: Library) -> None:
    veo, sora = made(library), made(library, model=SORA)
    with judging(library, veo, sora, "left", 10**6) as process:
        go(process)
        assert process.stdout
        said = 0
        while said < 30:
            said = int(process.stdout.readline())
        process.kill()
        said = max([said, *(int(line) for line in process.stdout if line.endswith("\n"))])
    assert said <= len(comparisons(library)) <= said + 1
    judge(library, veo.key, sora.key, "tie")
    assert comparisons(library)[-1].winner == "tie"


def test_lines_of_several_threads_do_not_get_into_each_other_without_any_lock(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    with ThreadPoolExecutor(8) as threads:
        for n in range(400):
            threads.submit(append_line, file, f"{n:03}".encode() * 100)
    assert sorted(read_lines(file)) == [f"{n:03}".encode() * 100 for n in range(400)]


# What comes next.


def test_no_pair_comes_twice_before_all_have_come(library: Library) -> None:
    records = [made(library, model=model, take=take) for model in (VEO, SORA, KLING) for take in (1, 2)]
    records += [made(library, "A lake", model=model) for model in (VEO, SORA)]
    made(library, "Alone")
    expected = {frozenset(pair) for pair in combinations([one.key for one in records[:6]], 2)}
    expected |= {frozenset(one.key for one in records[6:])}
    chance, said = random.Random(5), list[Comparison]()
    for again in (1, 2):
        seen = set()
        for n in range(len(expected)):
            found = next_pair(list(library), said, chance)
            assert found.left_to_do == (len(expected) - n if again == 1 else 0)
            assert found.pair is not None
            seen.add(pair_of(found))
            said.append(compared(*found.pair, chance.choice([*arena.WINNERS])))
        assert seen == expected, again


def test_two_models_come_before_two_takes_and_the_doubtful_before_the_decided(library: Library) -> None:
    by_model = {
        model: [made(library, model=model, take=take) for take in range(1, 11)]
        for model in (VEO, SORA, KLING)
    }
    said = [compared(by_model[VEO][n], by_model[SORA][n], "left" if n % 2 else "right") for n in range(8)]
    said += [
        compared(by_model[VEO][n], by_model[SORA][n + 1], "left" if n % 2 else "right") for n in range(8)
    ]
    for seed in range(20):
        found = next_pair(list(library), said, random.Random(seed))
        assert found.pair and KLING in {one.model for one in found.pair}, "nothing is known of it"
        assert len({one.model for one in found.pair}) == 2


def test_neither_side_is_preferred(library: Library) -> None:
    made(library)
    made(library, model=SORA)
    chance = random.Random(7)
    left = Counter(pair[0].model for _ in range(1000) if (pair := next_pair(list(library), [], chance).pair))
    assert 440 < left[VEO] < 560
    assert left[VEO] + left[SORA] == 1000


def test_only_what_is_alike_and_there_is_compared(library: Library) -> None:
    made(library, aspect_ratio="9:16")
    veo, gone, hidden = made(library), made(library, model=SORA), made(library, model=KLING)
    gone.path.unlink()
    library.write(chosen(hidden, {"hidden": True}))
    made(library, "Another prompt", model=SORA)
    assert next_pair(candidates(library), []) == arena.Next(None, 0)
    back = made(library, "  A\nfox ", model=SORA, take=3)
    assert pair_of(next_pair(candidates(library), [])) == {veo.key, back.key}


def test_a_thousand_takes_of_a_prompt_are_no_burden(library: Library) -> None:
    one = made(library)
    records = [
        replace(one, key=f"{n:08x}", request=VideoRequest("A fox", model=(VEO, SORA, KLING)[n % 3]))
        for n in range(1000)
    ]
    said = [compared(*pair, "left") for pair, _ in zip(combinations(records, 2), range(5000), strict=False)]
    found = next_pair(records, said)
    assert found.pair and found.left_to_do == 1000 * 999 // 2 - 5000


# The conversation with the view.


@pytest.fixture
def view(server: FaultServer, tmp_path: Path) -> Conversation:
    return Conversation(VideoWidget(client=client_of(server, tmp_path / "videos")))


def test_the_view_is_shown_two_without_their_names_and_its_word_is_kept(
    view: Conversation, library: Library
) -> None:
    one, two = made(library), made(library, model=SORA)
    shown, _ = view.say("arena")
    assert {shown["left"], shown["right"]} == {one.key, two.key}
    assert shown["left_video"]["path"].endswith(".mp4") and shown["left_video"]["duration"] > 0
    assert (shown["prompt"], shown["done"], shown["left_to_do"], shown["ranking"]) == ("A fox", 0, 1, [])
    said = json.dumps(shown).lower()
    assert not any(name in said for name in ("veo", "sora", "google", "openai"))
    after, _ = view.say("judge", left=shown["left"], right=shown["right"], winner="left")
    best = {one.key: "Veo 3.0", two.key: "Sora 2"}[shown["left"]]
    assert after["ranking"][0]["model_name"] == best
    assert (after["done"], after["left_to_do"], after["ranking"][0]["comparisons"]) == (1, 0, 1)
    assert [one.winner for one in comparisons(library)] == ["left"]


def test_a_key_that_is_pressed_twice_judges_once(view: Conversation, library: Library) -> None:
    for model in (VEO, SORA, KLING):
        made(library, model=model)
    shown, _ = view.say("arena")
    word = {"left": shown["left"], "right": shown["right"], "winner": "right"}
    first, second = view.say("judge", **word)[0], view.say("judge", **word)[0]
    assert first["ok"] and second["ok"]
    assert len(comparisons(library)) == 1
    assert {first["left"], first["right"]} != {shown["left"], shown["right"]}
    assert view.say("judge", left=first["left"], right=first["right"], winner="tie")[0]["done"] == 2


def test_what_could_not_be_written_may_be_said_again(view: Conversation, library: Library) -> None:
    made(library)
    made(library, model=SORA)
    shown, _ = view.say("arena")
    word = {"left": shown["left"], "right": shown["right"], "winner": "left"}
    assert view.say("judge", **{**word, "winner": "both"})[0]["error"]["field"] == "winner"
    blocked = library.folder / "arena.jsonl"
    blocked.mkdir()
    assert not view.say("judge", **word)[0]["ok"]
    blocked.rmdir()
    assert view.say("judge", **word)[0]["done"] == 1


def test_what_is_no_video_is_not_shown(view: Conversation, library: Library) -> None:
    made(library)
    made(library, model=SORA).path.write_bytes(b"no video")
    shown, _ = view.say("arena")
    assert (shown["left"], shown["right_video"], shown["left_to_do"]) == (None, None, 0)
    three = made(library, model=KLING)
    shown, _ = view.say("arena")
    assert three.key in (shown["left"], shown["right"])


def test_takes_of_one_model_are_not_counted_by_the_view(view: Conversation, library: Library) -> None:
    made(library)
    made(library, take=2)
    shown, _ = view.say("arena")
    after, _ = view.say("judge", left=shown["left"], right=shown["right"], winner="left")
    assert len(comparisons(library)) == 1
    assert (after["done"], after["ranking"]) == (0, [])
