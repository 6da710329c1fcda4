"""The command line, as a shell has it: real processes, before a server that misbehaves and before the demo's."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fault_server import KEY, FaultServer, client_of, close, cut, hang, made, reply, status
from videos import small_mp4

from runcrate_widget.command import words
from runcrate_widget.command.codes import Tally
from runcrate_widget.command.rows import read_rows
from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.format import about
from runcrate_widget.library.library import Library
from runcrate_widget.library.record import JobStatus

ROOT = Path(__file__).resolve().parent.parent
CHILD = [sys.executable, str(ROOT / "tests" / "command_child.py")]
PAGE = ROOT / "docs" / "recipes" / "command.md"
VEO = ("--model", "Veo 3.0")
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and terminals of POSIX")


class Shell:
    """A folder, and a server, in which commands are run."""

    def __init__(self, server: FaultServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.library = folder / "runcrate_videos"

    def environment(self, **more: str | None) -> dict[str, str]:
        given = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RUNCRATE_")},
            "RUNCRATE_API_KEY": KEY,
            "RUNCRATE_BASE_URL": self.server.url,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            **more,
        }
        return {name: value for name, value in given.items() if value is not None}

    def start(self, *asked: str, program: list[str] = CHILD, **more: Any) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        how = {**pipes, "stdin": subprocess.DEVNULL, "encoding": "utf-8", **more}
        how.setdefault("env", self.environment())
        return subprocess.Popen([*program, *asked], cwd=self.folder, **how)

    def __call__(
        self,
        *asked: str,
        code: int | None = None,
        program: list[str] = CHILD,
        input: str | None = None,
        **more: Any,
    ) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [*program, *asked],
            cwd=self.folder,
            env=self.environment(**more),
            input=input or "",
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        assert "Traceback" not in ran.stderr
        assert KEY not in ran.stdout + ran.stderr
        assert code is None or ran.returncode == code, (ran.returncode, ran.stdout, ran.stderr)
        return ran

    def objects(self, *asked: str, **how: Any) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self(*asked, "--json", **how).stdout.splitlines()]

    def write(self, name: str, *lines: str) -> str:
        (self.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return name

    def sent(self) -> Counter[str]:
        """How often each prompt was submitted."""
        bodies = [json.loads(one.body) for one in self.server.requests if one.step == "submit"]
        return Counter(body["prompt"] for body in bodies)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with FaultServer(video=small_mp4(1), polls=0) as server:
        yield Shell(server, tmp_path)


# generate


def test_it_prints_the_file_and_run_again_it_is_free(shell: Shell) -> None:
    first = shell("generate", "A fox", *VEO, code=0, program=[sys.executable, "-m", "runcrate_widget"])
    (file,) = first.stdout.splitlines()
    assert (shell.folder / file).read_bytes() == shell.server.video
    assert re.fullmatch(r"runcrate_videos.a-fox-[0-9a-f]{8}\.mp4", file)
    assert first.stderr == ""
    again = shell("generate", "A fox", *VEO, code=0)
    assert again.stdout == first.stdout
    assert shell.server.count("submit") == 1
    assert client_of(shell.server, shell.library).library.filter(status="completed"), "the notebooks' library"


@pytest.mark.parametrize("place", ["", "copies", "fox.mp4"])
def test_nothing_is_put_into_the_library_not_even_by_force(shell: Shell, place: str) -> None:
    shell("generate", "A fox", *VEO, code=0)
    before = {path.name: path.read_bytes() for path in shell.library.iterdir()}
    output = str(shell.library / (place or next(name for name in before if name.endswith(".json"))))
    output = output.replace(".json", ".mp4")
    for asked in (("generate", "An owl", *VEO), ("get", "vid_000001")):
        assert "within the library" in shell(*asked, "-o", output, "--force", code=2).stderr
    assert {path.name: path.read_bytes() for path in shell.library.iterdir()} == before
    assert shell.server.count("submit") == 1


def test_braces_are_several_prompts_and_it_says_how_to_make_them(shell: Shell) -> None:
    said = shell("generate", "A {red|blue} fox", *VEO, code=2).stderr
    assert said.startswith(
        "runcrate-widget: prompt has {red|blue}, which stands for several prompts. Write each"
    )
    assert "batch FILE.txt" in said
    assert shell.server.requests == []


@ON_POSIX
def test_what_is_no_file_is_not_replaced_by_one(shell: Shell) -> None:
    os.mkfifo(shell.folder / "pipe.mp4")
    assert "is no file" in shell("generate", "A fox", *VEO, "-o", "pipe.mp4", "--force", code=2).stderr
    assert (shell.folder / "pipe.mp4").is_fifo()
    assert shell.server.count("submit") == 0


@ON_POSIX
def test_where_standard_error_is_closed_it_works_all_the_same(shell: Shell) -> None:
    command = shlex.join([*CHILD, "generate", "A fox", *VEO])
    ran = shell("-c", f"exec {command} 2>&-", program=["bash"], code=0)
    assert (shell.folder / ran.stdout.strip()).read_bytes() == shell.server.video
    ran = shell(
        "-c", f"exec {shlex.join([*CHILD, 'batch', '-', *VEO, '--yes'])} <&-", program=["bash"], code=2
    )
    assert "standard input is closed" in ran.stderr


def test_the_key_is_no_prompt(shell: Shell) -> None:
    shell.write("keys.csv", "prompt", f"the key is {KEY}")
    ran = shell("batch", "keys.csv", *VEO, "--yes")
    assert ran.returncode != 0
    assert shell.sent() == Counter()
    assert not list(shell.folder.rglob("*.json"))


def test_takes_are_numbered_and_nothing_is_overwritten(shell: Shell) -> None:
    asked = ("generate", "A fox", *VEO, "--takes", "2", "-o", "fox.mp4")
    ran = shell(*asked, code=0)
    assert sorted(ran.stdout.split()) == ["fox-1.mp4", "fox-2.mp4"]
    assert ran.stderr.splitlines() == ["2 made."]
    one = shell.folder / "fox-1.mp4"
    assert one.stat().st_nlink == 1, "who writes into it does not write into the library"
    assert shell(*asked, code=0).stderr == "2 there already, nothing made.\n"  # they are what is there
    *jobs, summary = shell.objects(*asked, code=0)
    assert (summary["made"], summary["reused"], [one["reused"] for one in jobs]) == (0, 2, [True, True])
    one.unlink()
    one.write_bytes(b"my own")
    refused = shell("generate", "An owl", *VEO, "--takes", "2", "-o", "fox.mp4", code=2)
    assert "'fox-1.mp4' is there already. Give another name, or --force. Nothing was sent." in refused.stderr
    shell(*asked, code=2)
    assert one.read_bytes() == b"my own"
    assert shell.server.count("submit") == 2
    shell(*asked, "--force", code=0)
    assert one.read_bytes() == shell.server.video
    assert sorted(path.name for path in shell.folder.iterdir()) == [
        "fox-1.mp4",
        "fox-2.mp4",
        "runcrate_videos",
    ]


def test_each_of_several_models_is_tried_and_all_are_refused_where_one_is_wrong(shell: Shell) -> None:
    ran = shell("generate", "A fox", *VEO, "-m", "Sora 2", "-d", "4", "-o", "foxes/", code=0)
    assert len(ran.stdout.split()) == 2
    assert len(list((shell.folder / "foxes").glob("a-fox-*.mp4"))) == 2
    refused = shell("generate", "A fox", *VEO, "-m", "Sora 2", "-d", "6", code=2)
    assert refused.stderr.startswith("runcrate-widget: duration is 6; Sora 2 makes videos of 4, 8 or 12 s.")
    assert shell.server.count("submit") == 2


def test_a_video_is_called_mp4_or_stands_in_a_folder(shell: Shell) -> None:
    for output, why in (
        ("fox.avi", "-o is 'fox.avi', and videos are MP4s. Call it fox.mp4, or give a folder: fox.avi/."),
        ("v1.0", "Call it v1.mp4"),
    ):
        assert why in shell("generate", "A fox", *VEO, "-o", output, code=2).stderr
        assert why in shell("get", "vid_000001", "-o", output, code=2).stderr
    file = shell.write("prompts.csv", "prompt", "A fox")
    named = shell("batch", file, *VEO, "--yes", "-o", "fox.mp4", code=2).stderr
    assert "-o is 'fox.mp4'; here it is a folder." in named
    assert shell.server.count("submit") == 0
    assert shell("generate", "A fox", *VEO, "-o", "fox", code=0).stdout == "fox.mp4\n"
    assert shell("generate", "A fox", *VEO, "-o", "FOX.MP4", code=0).stdout == "FOX.MP4\n"
    two = shell("generate", "A fox", *VEO, "-t", "2", "-o", "pair", code=0).stdout
    assert sorted(two.split()) == ["pair-1.mp4", "pair-2.mp4"]
    (shell.folder / "there").mkdir()
    for folder in ("there", "new/"):
        (path,) = shell("generate", "A fox", *VEO, "-o", folder, code=0).stdout.split()
        assert re.fullmatch(r"(there|new).a-fox-[0-9a-f]{8}\.mp4", path)
    assert shell.server.count("submit") == 2


def test_there_must_be_a_place_for_the_file(shell: Shell) -> None:
    shell.write("file")
    for output, why in (("no/fox.mp4", "'no' is not there"), ("file/fox.mp4", "'file' is no folder")):
        assert why in shell("generate", "A fox", *VEO, "-o", output, code=2).stderr
    assert shell("generate", "A fox", *VEO, "-o", "", code=2).stderr
    assert shell.server.count("submit") == 0


def test_what_is_made_and_cannot_be_copied_is_said(shell: Shell) -> None:
    shell.server.polls = 10**6
    running = shell.start("generate", "A fox", *VEO, "-o", "fox.mp4", "--json")
    wait_for(lambda: bool(shell.server.jobs))
    shell.write("fox.mp4", "somebody was quicker")
    finish(shell.server)
    said, told = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "It is made, and -o cannot be written: File exists." in told
    error, job, summary = map(json.loads, said.splitlines())
    assert (error["type"], error["kind"], job["output"], summary["not_written"]) == (
        "error",
        "storage",
        None,
        1,
    )
    assert (shell.folder / "fox.mp4").read_text() == "somebody was quicker\n"


def test_it_is_a_copy_that_replaces_nothing_by_itself(shell: Shell) -> None:
    from runcrate_widget.command.files import Files

    video = shell.folder / "video.mp4"
    video.write_bytes(b"video")

    files = Files(str(shell.folder / "copy.mp4"), force=False, count=1)
    copy = files.put(0, video)
    assert copy is not None
    assert copy.read_bytes() == b"video"
    assert not copy.samefile(video)
    files.put(0, video)  # it is the same
    video.write_bytes(b"another")
    with pytest.raises(FileExistsError):
        files.put(0, video)
    Files(str(copy), force=True, count=1).put(0, video)
    assert copy.read_bytes() == b"another"
    assert sorted(path.name for path in shell.folder.iterdir()) == ["copy.mp4", "video.mp4"]


# exit codes


def test_what_the_exit_codes_mean(shell: Shell) -> None:
    server = shell.server
    one, two = ("generate", "A fox", *VEO), ("generate", "A fox", *VEO, "--takes", "2")
    key: dict[str, Any] = {"RUNCRATE_API_KEY": "rc_live_wrong_0123456789"}
    refused = shell(*one, code=3, **key)
    assert "failed: The service refused (401): Invalid API key" in refused.stderr
    assert "VideoClient(" not in refused.stderr
    no_key = shell(*one, code=3, RUNCRATE_API_KEY=None)
    assert no_key.stderr == (
        "runcrate-widget: There is no API key. Set RUNCRATE_API_KEY in the environment; --demo needs none.\n"
    )
    server._faults["submit"] = [reply(402, {"error": {"message": "Insufficient credits"}})]
    assert "Insufficient credits" in shell(*one, code=3).stderr
    limited = shell(*one, "--max-seconds", "5", code=3)
    assert "--max-seconds is 5 s: 0 s of it is taken, and this video would take 6 s more." in limited.stderr
    unpriced = shell(*one, "--max-cost", "1", code=3).stderr
    assert "--max-cost is $1.00, and it is not known what a video of Veo 3.0 takes of it." in unpriced
    assert 'Give its price, in dollars a second: --price "Veo 3.0=…".' in unpriced
    over = shell(*one, "--max-cost", "1", "--price", "Veo 3.0=0.4", code=3).stderr
    assert "--max-cost is $1.00: $0.00 of it is taken, and this video would take $2.40 more." in over
    (said,) = shell.objects(*one, "--max-cost", "1", "--price", "Veo 3.0=0.4", code=3)
    assert said["message"].startswith("--max-cost is $1.00: $0.00")
    server._faults["poll"] = [status("failed", error={"message": "no reason"})]
    shell(*one, code=3)
    server._faults["poll"] = [status("failed", error={"message": "no reason"})]
    some = shell(*two, code=1)
    assert some.stderr.splitlines()[-1] == "1 made, 1 failed."
    shell(*two, "--max-cost", "2.4", "--price", "Veo 3.0=0.4", code=0)


def test_wrong_arguments_send_nothing(shell: Shell) -> None:
    for wrong in (
        ("generate", "A fox", "--model", "Veo 9"),
        ("generate", "A fox"),
        ("generate", " ", *VEO),
        ("generate", "A fox", *VEO, "--take", "0"),
        ("generate", "A fox", *VEO, "--takes", "0"),
        ("generate", "A fox", *VEO, "--duration", "long"),
        ("generate", "A fox", *VEO, "--duration", "7"),
        ("generate", "A fox", *VEO, "--extra", "{"),
        ("generate", "A fox", *VEO, "--image", "no.png"),
        ("generate", "A fox", *VEO, "--price", "dear"),
        ("generate", "A fox", *VEO, "--base-url", "http://example.org"),
        ("generate", "a", "fox", *VEO),
        ("generate", "A fox", *VEO, "--tak", "2"),  # no abbreviations
        ("make",),
        (),
    ):
        ran = shell(*wrong, code=2, program=[sys.executable, "-m", "runcrate_widget"])
        assert ran.stderr
        assert ran.stdout == ""
    assert shell.server.requests == []


def test_a_lost_answer_is_unconfirmed_and_settled_by_hand(shell: Shell) -> None:
    shell.server._faults["submit"] = [made(close), close, close]
    lost = shell("generate", "A fox", *VEO, code=4)
    (key,) = re.findall(r"runcrate-widget settle ([0-9a-f]{8}) --id vid_…", lost.stderr)
    assert "job." not in lost.stderr
    shell("generate", "A fox", *VEO, code=4)
    assert shell.sent()["A fox"] == 1, "it is not sent again"
    listed = shell("jobs", code=0)
    assert "unconfirmed" in listed.stdout
    assert "Look in the Runcrate dashboard" in listed.stderr
    shell("resume", code=4)
    assert "See `runcrate-widget settle`" in shell("get", key, code=2).stderr
    shell("settle", "12345678", "--give-up", code=3)
    shell("settle", key, code=2)
    adopted = shell("settle", key, "--id", "vid_000001", code=0)
    assert (shell.folder / adopted.stdout.strip()).read_bytes() == shell.server.video
    (second,) = re.findall(r"settle ([0-9a-f]{8}) --id", shell("generate", "An owl", *VEO, code=4).stderr)
    assert shell("settle", second, "--give-up", code=0).stdout == f"{second} is given up.\n"
    (third,) = re.findall(r"settle ([0-9a-f]{8}) --id", shell("generate", "A hen", *VEO, code=4).stderr)
    shell("settle", third, "--resend", code=0)
    assert shell.sent() == {"A fox": 1, "An owl": 1, "A hen": 2}


def test_where_asking_is_given_up_the_service_has_it_and_resume_goes_on(shell: Shell) -> None:
    shell.server._faults["poll"] = [reply(401, {"error": {"message": "revoked"}})]
    stopped = shell("generate", "A fox", *VEO, code=5)
    assert "To fetch what comes: runcrate-widget resume" in stopped.stderr
    ran = shell("resume", code=0)
    assert (shell.folder / ran.stdout.strip()).is_file()
    assert shell.server.count("submit") == 1
    assert shell("resume", code=0).stderr == "Nothing is unfinished.\n"


def test_what_has_to_be_looked_after_comes_first() -> None:
    assert Tally(made=2).code == 0
    assert (
        Tally(made=1, failed=1).code == Tally(made=1, refused=1).code == Tally(made=1, not_sent=1).code == 1
    )
    assert Tally(refused=2).code == 2
    assert Tally(failed=1).code == Tally(not_sent=1, refused=1).code == 3
    assert Tally(made=1, failed=1, unfinished=1, unconfirmed=1).code == 4
    assert Tally(made=1, failed=1, unfinished=1).code == 5
    assert str(Tally()) == "nothing"
    assert str(Tally(reused=2)) == "2 there already, nothing made"
    assert str(Tally(made=1, reused=1)) == "1 made, 1 there already"
    assert Tally(reused=2).code == 0
    assert Tally(reused=1, failed=1).code == 1


# the key


def test_a_key_is_never_an_argument_and_never_repeated(shell: Shell) -> None:
    for asked in (
        ("generate", "A fox", "--api-key", "rc_live_secret123"),
        ("generate", "A fox", "--api-key=rc_live_secret123"),
        ("jobs", "--key", "rc_live_secret123"),
        ("--api-key", "rc_live_secret123", "jobs"),
        ("generate", "rc_live_secret123", *VEO),
        ("generate", "A fox", "--token", "some other key"),
        ("generate", KEY, *VEO),
    ):
        ran = shell(*asked, code=2)
        assert "The API key is never an argument" in ran.stderr
        assert "Set RUNCRATE_API_KEY in the environment" in ran.stderr
        assert "secret123" not in ran.stderr
        assert "some other key" not in ran.stderr
    assert shell.server.requests == []


# batch


def test_a_batch_shows_its_plan_and_needs_a_yes(shell: Shell) -> None:
    file = shell.write("prompts.csv", "prompt,model,duration", "A fox,,4", '"An owl, at night",Sora 2,')
    shell("generate", "A fox", *VEO, "-d", "4", code=0)
    asked = ("batch", file, *VEO, "--price", "Sora 2=0.5")
    refused = shell(*asked, code=2)
    assert refused.stderr.splitlines() == [
        "to make        1 video, 4 s of video",
        "there already  1 video",
        "cost           $2.00",
        (
            "runcrate-widget: 1 video would be sent, and there is no terminal on which to ask. "
            "Give --yes, or --dry-run to see the plan alone."
        ),
    ]
    plan = shell.objects("batch", file, *VEO, "--dry-run", code=0)
    assert [(one["type"], one["new"], one["known"], one["cost"]) for one in plan] == [("plan", 1, 1, None)]
    assert shell.server.count("submit") == 1
    ran = shell(*asked, "--yes", "-o", "made", code=0)
    assert ran.stderr.splitlines()[-1] == "1 made, 1 there already."
    assert sorted(ran.stdout.split()) == sorted(
        str(Path("made") / one.name) for one in (shell.folder / "made").iterdir()
    )
    assert shell.sent() == {"A fox": 1, "An owl, at night": 1}
    assert shell(*asked, code=0).stderr.splitlines()[0] == "to make        nothing", (
        "free, so nobody is asked"
    )


def test_a_bad_row_says_which_line_it_is_and_stops_no_other(shell: Shell) -> None:
    file = shell.write(
        "prompts.csv",
        "Prompt,Duration,Aspect ratio,take,extra",
        "A fox,4.0,,,",
        "",
        "An owl,7,,,",
        '"A hen',
        'in two lines",long,,,',
        "A cow,4,square,,",
        "A pig,4,,0,",
        "A cat,4,,,no json",
        "A dog,4,,,,one too many",
        ",4,,,",
        'A bee,4,9:16,2,"{""seed"": 7}"',
    )
    objects = shell.objects("batch", file, *VEO, "--yes", code=1)
    assert {one["line"] for one in objects if one["type"] == "error"} == {4, 5, 7, 8, 9, 10, 11}
    assert all(one["file"] == file for one in objects if one["type"] == "error")
    jobs = {one["line"]: one for one in objects if one["type"] == "job"}
    assert {line: job["prompt"] for line, job in jobs.items()} == {2: "A fox", 12: "A bee"}
    assert (jobs[12]["aspect_ratio"], jobs[12]["take"]) == ("9:16", 2)
    assert (objects[0]["refused"], objects[-1]["refused"], objects[-1]["made"]) == (7, 7, 2)
    told = shell("batch", file, *VEO, "--dry-run", code=1).stderr
    assert (
        "prompts.csv, line 4: duration is 7; Veo 3.0 makes videos of 4, 6 or 8 s. The nearest is 6 s." in told
    )
    assert "prompts.csv, line 5: duration is 'long'; it must be a whole number of seconds" in told
    assert "prompts.csv, line 10: it has 6 cells, and the first line has 5." in told
    twice = shell.write("twice.csv", "prompt", *["A fox"] * 3)
    alike = [one for one in shell.objects("batch", twice, *VEO, "--yes", code=0) if one["type"] == "job"]
    assert (len({job["id"] for job in alike}), sorted(job["line"] for job in alike)) == (1, [2, 3, 4])
    assert not any(job["reused"] for job in alike if job["line"] == 2), "it was made now"
    bad = shell.write("bad.csv", "prompt,duration", "A fox,7")
    shell("batch", bad, *VEO, "--yes", code=2)


def test_json_lines_are_read_too_and_a_picture_is_beside_its_file(shell: Shell) -> None:
    lines = [
        '{"prompt": "A fox", "duration": 4, "extra": {"seed": 7}}',
        '"An owl"',
        "{not json}",
        '{"prompt": "A hen", "durations": 4}',
        "7",
        '{"prompt": "A cow", "duration": "4"}',
    ]
    objects = shell.objects("batch", "-", *VEO, "--yes", input="\n".join(lines), code=1)
    errors = {one["line"]: one["message"] for one in objects if one["type"] == "error"}
    assert set(errors) == {3, 4, 5, 6}
    assert errors[4] == "it has a column 'durations', which is no parameter. Did you mean duration?"
    assert sorted(one["line"] for one in objects if one["type"] == "job") == [1, 2]
    (shell.folder / "more").mkdir()
    (shell.folder / "more" / "fox.png").write_bytes(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
        + bytes([0, 0, 0, 9] * 2)
        + b"\x08\2\0\0\0"
        + bytes(4)
        + b"\0\0\0\0IEND"
        + bytes(4)
    )
    shell.write("more/prompts.csv", "prompt;image", "It runs;fox.png")
    asked = ("batch", str(Path("more") / "prompts.csv"), *VEO, "--yes")
    shell(*asked, code=0)
    assert b"data:image/png;base64" in shell.server.requests[-3].body
    shell(*asked, code=0)
    assert shell.sent()["It runs"] == 1


def test_columns_of_ones_own_are_not_sent_and_told_again(shell: Shell) -> None:
    table = shell.write("table.csv", "Scene,Aspect Ratio,prompt,shot", "opening,9:16,A fox,1", ",,An owl,2")
    ran = shell("batch", table, *VEO, "--dry-run", code=0)
    assert "your columns   Scene, shot: not sent" in ran.stderr
    lines = '{"prompt": "A fox", "aspect ratio": "9:16", "scene": ["opening", null]}\n{"prompt": "An owl"}'
    given = [
        shell.objects("batch", table, *VEO, "--yes", code=0),
        shell.objects("batch", "-", *VEO, "--yes", input=lines, code=0),
    ]
    own = [{one["prompt"]: one["own"] for one in objects if one["type"] == "job"} for objects in given]
    assert own == [
        {"A fox": {"Scene": "opening", "shot": "1"}, "An owl": {"shot": "2"}},
        {"A fox": {"scene": ["opening", None]}, "An owl": {}},
    ]
    sent = [json.loads(one.body) for one in shell.server.requests if one.step == "submit"]
    assert len(sent) == 2
    assert all(not {"scene", "Scene", "shot"} & set(one) for one in sent)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "has no rows"),
        (b"prompt\n", "has no rows"),
        (b"text\nA fox\n", "has no column 'prompt'; it has 'text'"),
        (
            b"prompt,durations\nA fox,4\n",
            "has a column 'durations', which is no parameter. Did you mean duration",
        ),
        (b"prompt,,model\nA fox,,Veo 3.0\n", "has a column without a name"),
        (b"model\nVeo 3.0\n", "has no column 'prompt'"),
        (b"prompt,prompt\nA,B\n", "has the column 'prompt' twice"),
        (b'[{"prompt": "A fox"}]', "is a JSON array"),
        (b"prompt\nA fox\nB\xe9b\xe9\n", "line 3, is not UTF-8"),
        ("prompt\nA fox\n".encode("utf-16"), "line 1, is not UTF-8"),
    ],
)
def test_a_file_that_is_none_sends_nothing(shell: Shell, content: bytes, why: str) -> None:
    (shell.folder / "prompts.csv").write_bytes(content)
    ran = shell("batch", "prompts.csv", *VEO, "--yes", code=2)
    assert ran.stderr.startswith("runcrate-widget: prompts.csv")
    assert why in ran.stderr
    assert shell.server.requests == []


def test_a_file_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    file = tmp_path / "prompts.csv"
    file.write_bytes("\ufeffPROMPT\taspect ratio\t\r\nEin Füchslein 🦊\t9:16\t\r\n\t\t\r\n".encode())
    rows = read_rows(str(file))
    assert (rows.rows, rows.lines) == ([{"prompt": "Ein Füchslein 🦊", "aspect_ratio": "9:16"}], [2])
    file.write_text('prompt,model\n"A fox\nin snow",Veo 3.0\nAn owl\n"broken', encoding="utf-8")
    rows = read_rows(str(file))
    assert rows.lines == [2, 4]
    assert [line for line, _ in rows.problems] == [5]
    file.write_text('"prompt","model"\nA fox,\n', encoding="utf-8")
    assert read_rows(str(file)).rows == [{"prompt": "A fox"}]
    file.write_text('"prompt"\n"A fox"\n', encoding="utf-8")
    assert read_rows(str(file)).rows == [{"prompt": "A fox"}], "and no video of the word prompt"
    with pytest.raises(InvalidRequestError, match=r"no\.csv cannot be read: No such file"):
        read_rows("no.csv")


def test_a_name_in_txt_is_a_prompt_a_line(shell: Shell) -> None:
    file = shell.write("prompts.txt", "A fox, running", "", '  "An owl", it says  ', "[fail] A hen")
    plan, *jobs, _ = shell.objects("batch", file, *VEO, "--yes", code=0)
    assert plan["videos"] == 3
    assert {job["line"]: job["prompt"] for job in jobs} == {
        1: "A fox, running",
        3: '"An owl", it says',
        4: "[fail] A hen",
    }
    for content, why in (
        ("prompt,duration\nA fox,4\n", "begins with the names of columns (prompt,duration)"),
        ("prompt;seed\nA fox;4\n", "Call it .csv, or take that line away."),
        ("Prompt\nA fox\n", "begins with the names of columns (Prompt)"),
        ("duration\tmodel\n4\tVeo 3.0\n", "begins with the names of columns"),
        ('{"prompt": "A fox"}\n', "has JSON"),
        ('[\n"A fox"\n]\n', "has JSON"),
        ("\n", "has no rows"),
    ):
        (shell.folder / "odd.txt").write_text(content, encoding="utf-8")
        assert why in shell("batch", "odd.txt", *VEO, "--yes", code=2).stderr
    both = "put `prompt` on top. A list with a prompt a line, and nothing else, is a file whose name ends in .txt."
    assert both in shell("batch", "-", *VEO, "--yes", input="A fox\nAn owl\n", code=2).stderr
    shell.write("prompts.csv", "A fox", "An owl")
    assert both in shell("batch", "prompts.csv", *VEO, "--yes", code=2).stderr
    shell.write("prompts.csv", "prompt,duration", "A fox,4", ",4")
    empty = shell("batch", "prompts.csv", *VEO, "--dry-run", code=1).stderr
    assert "prompts.csv, line 3: it has no prompt." in empty
    assert sum(shell.sent().values()) == 3


def test_one_mistake_for_all_rows_is_said_once_and_in_options(shell: Shell) -> None:
    file = shell.write("models.csv", "prompt,model", "A fox,Veo 3.0", "An owl,", "A hen,Sora 2")
    both = shell("batch", file, "-m", "Veo 3.0", "-m", "Sora 2", "-t", "2", "--dry-run", code=2).stderr
    assert both == (
        "runcrate-widget: --model is given more than once, and models.csv has values of its own in 'model'. "
        "Give --model once, or leave that column out.\n"
    )
    file = shell.write("prompts.csv", "prompt", "A fox", "An owl", "A hen")
    none = shell("batch", file, "--yes", code=2).stderr
    assert none.startswith("runcrate-widget: No model is given, and prompts.csv names none. Give --model")
    (said,) = shell("batch", file, *VEO, "-d", "7", "--yes", code=2).stderr.splitlines()
    assert said.startswith("runcrate-widget: duration is 7; Veo 3.0 makes")
    shell.write("prompts.csv", "prompt,duration", "A fox,4", "An owl,7", "A hen,5")
    some = shell("batch", file, *VEO, "-m", "Sora 2", "--dry-run", code=1).stderr
    assert "cannot be sent 4 videos of 2 lines" in some
    assert shell.server.requests == []


def test_a_mistyped_price_is_refused_in_words_of_the_command(shell: Shell) -> None:
    said = shell("generate", "A fox", *VEO, "--price", "Veo=0.4", "--max-cost", "1", code=2).stderr
    assert "'Veo'" in said
    assert "Did you mean" in said
    assert not re.search(r"\bprices\b|VideoClient", said)
    assert shell.server.requests == []


def test_a_price_is_an_option_here() -> None:
    error = InvalidRequestError("prices", "prices has 'Veo', which is no model.")
    assert words.told(error) == "--price has 'Veo', which is no model."


def test_a_bad_option_is_said_by_its_own_command(shell: Shell) -> None:
    for asked, near in (
        (("generate", "A fox", *VEO, "--ratio", "9:16"), "--aspect-ratio"),
        (("generate", "A fox", *VEO, "--aspect_ratio=9:16"), "--aspect-ratio"),
        (("library", "fox", "--ratng", "4", "snow"), "--rating"),
        (("get", "vid_000001", "--forse"), "--force"),
    ):
        told = shell(*asked, code=2).stderr
        assert told.startswith(f"usage: runcrate-widget {asked[0]} ")
        assert told.splitlines()[-1].endswith(f"Did you mean {near}?")
    assert shell.server.requests == []


def test_further_fields_are_given_one_by_one_or_as_json(shell: Shell) -> None:
    shell("generate", "A fox", *VEO, "--extra", "seed=7", "--extra", "style=film noir", code=0)
    body = json.loads(shell.server.requests[0].body)
    assert (body["seed"], body["style"]) == (7, "film noir")
    shell("generate", "A fox", *VEO, "--extra", '{"seed": 7, "style": "film noir"}', code=0)
    assert shell.server.count("submit") == 1
    for odd in ("seed", "=7", "[7]", "{"):
        assert shell("generate", "A fox", *VEO, "--extra", odd, code=2).stderr


@ON_POSIX
def test_on_a_terminal_it_asks_and_shows_how_far_it_is(shell: Shell) -> None:
    file = shell.write("prompts.csv", "prompt", "A fox", "An owl")
    code, text = on_terminal(shell, ("batch", file, *VEO), b"\n")
    assert code == 3
    assert text.endswith("Nothing was sent.\n")
    assert shell.server.count("submit") == 0
    code, text = on_terminal(shell, ("batch", file, *VEO, "--price", "Veo 3.0=0.4"), b"y\n")
    assert code == 0
    assert "cost           $4.80" in text
    assert "Send 2 videos? [y/N]" in text
    assert re.search(r"\r  0%\|          \| 0/2 \[00:00<\?\]\x1b\[K", text)
    assert text.rstrip().endswith("2 made.")
    code, text = on_terminal(shell, ("batch", file, *VEO), b"")
    assert (code, "Send" in text) == (0, False), "it is free, so nobody is asked"


# Interrupted


@ON_POSIX
def test_ctrl_c_leaves_them_running_and_says_how_to_go_on(shell: Shell) -> None:
    shell.server.polls = 10**6
    file = shell.write("prompts.csv", "prompt", *(f"A fox {n}" for n in range(6)))
    asked = ("batch", file, *VEO, "--yes", "--max-concurrent", "2")
    running = shell.start(*asked, "--json", "--library", "my videos")
    wait_for(lambda: len(shell.server.jobs) == 2)
    wait_for(lambda: len(submitted(shell.folder / "my videos")) == 2)
    running.send_signal(signal.SIGINT)
    said, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in told
    assert "2 not finished, 4 not sent." in told
    assert (
        "2 videos go on at the service. To fetch what comes: runcrate-widget resume --library 'my videos'"
        in told
    )
    assert "The same command again sends it, and pays nothing twice." in told
    objects = [json.loads(line) for line in said.splitlines()]
    assert Counter(one["status"] for one in objects if one["type"] == "job")["cancelled"] == 4
    assert {one["line"] for one in objects if one["type"] == "job"} == {2, 3, 4, 5, 6, 7}
    assert (objects[-1]["unfinished"], objects[-1]["not_sent"], objects[-1]["code"]) == (2, 4, 130)
    assert shell.server.count("submit") == 2
    finish(shell.server)
    resumed = shell("resume", "--library", "my videos", code=0)
    assert len(resumed.stdout.split("\n")) == 3
    assert shell.server.count("submit") == 2
    shell(*asked, "--library", "my videos", code=0)
    assert set(shell.sent().values()) == {1}
    assert len(shell.sent()) == 6


def test_killed_and_run_again_it_pays_for_nothing_twice(shell: Shell) -> None:
    shell.server.polls = 10**6
    file = shell.write("prompts.csv", "prompt", *(f"A fox {n}" for n in range(6)))
    asked = ("batch", file, *VEO, "--yes", "--max-concurrent", "2")
    running = shell.start(*asked)
    wait_for(lambda: len(submitted(shell.library)) == 2)
    running.kill()
    running.communicate(timeout=60)
    finish(shell.server)
    again = shell(*asked, code=0)
    assert "to make        4 videos" in again.stderr
    assert sorted(shell.sent().values()) == [1] * 6


@ON_POSIX
def test_resume_and_get_can_be_interrupted_too_and_sigterm_is_the_same(shell: Shell) -> None:
    shell.server.polls = 10**6
    running = shell.start("generate", "A fox", *VEO)
    wait_for(lambda: len(submitted(shell.library)) == 1)
    running.send_signal(signal.SIGTERM)
    assert "1 video goes on at the service." in running.communicate(timeout=60)[1]
    assert running.returncode == 143
    for asked in (("resume",), ("get", "vid_000001")):
        polls = shell.server.count("poll")
        running = shell.start(*asked)
        wait_for(lambda polls=polls: shell.server.count("poll") > polls)
        running.send_signal(signal.SIGINT)
        assert "Interrupted: 1 not finished." in running.communicate(timeout=60)[1]
        assert running.returncode == 130
    finish(shell.server)
    shell("get", "vid_000001", code=0)


@ON_POSIX
def test_what_is_just_being_sent_is_waited_for_and_a_second_ctrl_c_does_not_wait(shell: Shell) -> None:
    shell.server._faults["submit"] = [hang]
    running = shell.start("generate", "A fox", *VEO)
    wait_for(lambda: shell.server.count("submit") == 1)
    running.send_signal(signal.SIGINT)
    assert running.stderr is not None
    assert running.stderr.readline() == "Interrupted: no more is sent. (Once more ends this at once.)\n"
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert "submitting" in shell("jobs", code=0).stdout
    shell("resume", code=4)


@ON_POSIX
def test_before_anything_is_sent_ctrl_c_says_so(shell: Shell) -> None:
    shell.write("prompts.csv", "prompt", "A fox")
    code, text = on_terminal(shell, ("batch", "prompts.csv", *VEO), b"\x03")
    assert code == 130
    assert "Interrupted. Nothing was sent." in text
    assert shell.server.count("submit") == 0


# Pipes


@ON_POSIX
def test_nobody_has_to_read_to_the_end(shell: Shell) -> None:
    client = client_of(shell.server, shell.library, max_concurrent=8)
    batch = client.generate_many([f"A fox {n} " + "in snow " * 40 for n in range(300)], model="Veo 3.0")
    wait_for(lambda: len(list(shell.library.glob("*.json"))) == len(batch))
    client.close()
    for asked in (("library",), ("library", "--json"), ("jobs", "-n", "300")):
        running = shell.start(*asked)
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == ""
        running.stderr.close()
        assert running.wait(60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_full_disk_is_said(shell: Shell) -> None:
    with open("/dev/full", "w") as full:
        running = shell.start("models", "--json", stdout=full)
        assert "standard output cannot be written: No space left on device." in running.communicate()[1]
        assert running.returncode == 1
        running = shell.start("generate", "A fox", *VEO, "-o", "fox.mp4", stdout=full)
        assert "standard output cannot be written" in running.communicate(timeout=60)[1]
    assert running.returncode == 1
    assert (shell.folder / "fox.mp4").is_file()


@ON_POSIX
def test_a_closed_pipe_ends_no_job(shell: Shell) -> None:
    shell.server.polls = 10**6
    running = shell.start("generate", "A fox", *VEO, "-o", "fox.mp4", "--takes", "2")
    assert running.stdout is not None
    running.stdout.close()
    wait_for(lambda: len(shell.server.jobs) == 2)
    finish(shell.server)
    assert running.stderr is not None
    assert running.stderr.read() == "2 made.\n"
    running.stderr.close()
    assert running.wait(60) == 0
    assert (shell.folder / "fox-2.mp4").read_bytes() == shell.server.video


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_no_alphabet_ends_it(shell: Shell, encoding: str) -> None:
    prompt = "Ein Füchslein 🦊 im Schnee 雪"
    for asked in (("generate", prompt, *VEO), ("jobs",), ("jobs", "--json")):
        ran = subprocess.run(
            [*CHILD, *asked],
            cwd=shell.folder,
            env=shell.environment(PYTHONIOENCODING=encoding, PYTHONUTF8="0"),
            capture_output=True,
            timeout=60,
        )
        assert (ran.returncode, ran.stderr) == (0, b"")
        ran.stdout.decode(encoding)
    assert json.loads(ran.stdout.splitlines()[0])["prompt"] == prompt


def test_nothing_tells_a_terminal_what_to_do(shell: Shell) -> None:
    message = "no\x1b]0;owned\x07 reason\x1b[2J"
    shell.server._faults["poll"] = [status("failed", error={"message": message})]
    failed = shell("generate", "A \x1b[31mred\x07 fox\u202e", *VEO, code=3)
    listed = shell("jobs", code=0)
    for text in (failed.stdout, failed.stderr, listed.stdout):
        assert not [char for char in text if not char.isprintable() and char != "\n"]


def test_columns_are_aligned_also_where_letters_are_wide() -> None:
    lines = words.table([("ID", "PROMPT"), ("雪雪", "a fox in the snow"), ("e\u0301", "x")], 16)
    assert lines == ["ID    PROMPT", "雪雪  a fox in…", "e\u0301     x"]
    assert words.cut("雪雪雪", 4) == "雪…"
    assert about(40) == "40 s"
    assert about(700) == "12 min"
    assert about(9000) == "2.5 h"


# Looking


def test_the_library_is_searched_and_its_videos_are_got(shell: Shell) -> None:
    shell("generate", "A fox in snow", *VEO, code=0)
    shell("generate", "An owl", "-m", "Sora 2", code=0)
    client = client_of(shell.server, shell.library)
    (fox,) = client.library.filter(text="fox")
    client._look_up(fox).choose(kept=True, rating=4, tags=["calm"])
    client.close()

    def found(*asked: str) -> list[str]:
        return [one["prompt"] for one in shell.objects("library", *asked, code=0)]

    assert found() == ["An owl", "A fox in snow"]
    for asked in (
        ("snow", "fox"),
        ("snow", "--kept", "fox"),
        ("--rating", "4", "fox", "-m", "Veo 3.0", "snow"),
        ("--kept",),
        ("--rating", "4"),
        ("--tag", "calm"),
        ("-m", "Veo 3.0"),
        ("--until", "2999-01-01", "--kept"),
        ("--since", "2020-01-01T12:00", "--status", "completed", "--rating", "3"),
    ):
        assert found(*asked) == ["A fox in snow"], asked
    assert found("--rejected") == found("--since", "2999-01-01") == []
    assert found("-n", "1") == ["An owl"]
    assert "Nothing in the library matches." in shell("library", "whale", code=0).stderr
    assert "status is 'done'; a job is one of" in shell("library", "--status", "done", code=2).stderr
    assert shell("library", "--since", "yesterday", code=2).stderr
    text = shell("library", code=0).stdout.splitlines()
    assert text[0].split() == ["ID", "STATUS", "ASKED", "FOR", "MODEL", "PROMPT"]
    assert "completed kept 4/5" in text[2]
    (path,) = shell("library", "fox", "--paths", code=0).stdout.splitlines()
    assert (shell.folder / path).is_file()
    got = shell("get", str(fox.id), fox.key, "-o", "here/", code=0, RUNCRATE_API_KEY=None)
    assert len(set(got.stdout.split())) == 1
    assert (shell.folder / got.stdout.split()[0]).read_bytes() == shell.server.video
    assert shell("get", "vid_999999", code=3).stderr.startswith("runcrate-widget: The service refused (404)")
    assert "id is '..'; it looks like vid_abc123." in shell("get", "..", code=2).stderr
    some = shell("get", "vid_999999", str(fox.id), code=1)
    *_, summary = shell.objects("get", "vid_999999", str(fox.id), code=1)
    assert (summary["code"], summary["failed"], summary["reused"]) == (1, 1, 1)
    assert len(some.stdout.splitlines()) == 1
    other = shell.server.make_job(shell.server.requests[0])
    shell("get", other, "-o", "other.mp4", code=0)
    assert (shell.folder / "other.mp4").is_file(), "one that another program asked for"
    assert shell("jobs", "-n", "1", code=0).stdout.count("\n") == 2
    elsewhere = shell("jobs", code=0, RUNCRATE_LIBRARY=str(shell.folder / "none"))
    assert (elsewhere.stdout, elsewhere.stderr) == ("", "No jobs.\n")
    assert not (shell.folder / "none").exists()


def test_videos_are_chosen_without_a_key(shell: Shell) -> None:
    for prompt in ("A fox", "An owl"):
        shell("generate", prompt, *VEO, code=0)
    requests = len(shell.server.requests)
    owl, fox = shell.objects("library", code=0)
    how: dict[str, Any] = {"RUNCRATE_API_KEY": None}
    asked = ("choose", fox["id"], owl["key"])
    said = shell(*asked, "--keep", "--rating", "4", "--tag", "calm", "--note", "the tail", code=0, **how)
    assert said.stdout.splitlines()[0] == f"{fox['id']} completed kept 4/5 #calm the tail"
    for one in shell.objects("library", "--kept", "--tag", "calm", code=0):
        assert (one["rating"], one["note"], one["tags"]) == (4, "the tail", ["calm"])
    (chosen,) = shell.objects("choose", fox["id"], "--reject", "--tag", "dark", "--untag", "calm", code=0)
    assert (chosen["kept"], chosen["rating"], chosen["tags"]) == (False, 4, ["dark"])
    (chosen,) = shell.objects("choose", fox["id"], "--undecided", "--rating", "0", "--note", "", code=0)
    assert (chosen["kept"], chosen["rating"], chosen["note"]) == (None, None, "")
    assert "There is nothing to write. Give --keep" in shell("choose", fox["id"], code=2).stderr
    assert "rating is 6" in shell(*asked, "--rating", "6", code=2).stderr
    assert "The library has no job vid_9." in shell("choose", "vid_9", "--keep", code=3).stderr
    some = shell("choose", "vid_9", fox["id"], "--keep", code=1)
    assert some.stdout.startswith(fox["id"])
    shell("choose", fox["id"], "--keep", "--reject", code=2)
    assert len(shell.server.requests) == requests


def test_what_was_lost_is_told_in_words_of_the_command_also_in_json(shell: Shell) -> None:
    shell.server._faults["submit"] = [made(close), close, close]
    shell("generate", "A fox", *VEO, code=4)
    (job,) = shell.objects("jobs", code=0)
    assert f"`runcrate-widget settle {job['key']} --id vid_…` goes on with it" in job["error"]["hint"]
    assert "job." not in job["error"]["hint"]


def test_models_are_listed_with_what_they_cost(shell: Shell) -> None:
    shell.write("models.json", '{"Veo 3.0": {"price": 0.4}, "Sora 2": {"retired": "2020-01-31"}}')
    models = {one["name"]: one for one in shell.objects("models", code=0, RUNCRATE_MODELS="models.json")}
    assert models["Veo 3.0"]["price"] == 0.4
    assert models["Veo 3.0"]["durations"] == [4, 6, 8]
    assert models["Sora 2"]["retired"] == "2020-01-31"
    text = shell("models", code=0, RUNCRATE_MODELS="models.json", RUNCRATE_API_KEY=None).stdout
    assert re.search(r"Veo 3\.0 +google/veo-3\.0 +4, 6 or 8 s +\$0\.4/s", text)


@pytest.mark.skipif(not hasattr(Library, "export"), reason="it comes with another branch")
def test_the_library_is_exported(shell: Shell) -> None:
    shell("generate", "A fox in snow", *VEO, code=0)
    shell("generate", "An owl", *VEO, code=0)
    ran = shell("library", "export", "foxes", "fox", "--model", "Veo 3.0", code=0)
    assert (ran.stdout, ran.stderr) == ("foxes\n", "1 video, 1 of them new.\n")
    (row,) = (shell.folder / "foxes" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    assert "A fox in snow" in row
    (path,) = shell("library", "owl", "--paths", code=0).stdout.splitlines()
    (shell.folder / path).unlink()
    (made,) = shell.objects("library", "export", "all", "--format", "csv", "--link", code=1)
    assert (made["type"], made["format"], made["videos"], len(made["skipped"])) == ("export", "csv", 1, 1)
    assert set(made) == fields_of_page()["export"]
    assert (
        "left out: its file is gone." in shell("library", "export", "all", "--format", "csv", code=1).stderr
    )
    shell("library", "export", "none", "whale", code=2)
    shell("library", "export", "foxes", "--format", "odd", code=2)
    shell("library", "export", code=2)
    assert shell("library", "--", "export", code=0).stderr == "Nothing in the library matches.\n"


@ON_POSIX
def test_a_working_folder_that_is_gone_is_said(shell: Shell) -> None:
    code = (
        "import os, sys; from runcrate_widget.__main__ import main; os.mkdir('x'); os.chdir('x'); os.rmdir('../x'); "
        "sys.exit(main(['jobs']))"
    )
    assert "No such file or directory" in shell(program=[sys.executable, "-c", code], code=3).stderr


def test_damage_is_told_as_an_error_and_in_json(shell: Shell) -> None:
    shell.write("file", "no folder")
    (error,) = shell.objects("generate", "A fox", *VEO, "--library", "file", code=3)
    assert (error["type"], error["kind"], error["code"]) == ("error", "storage", 3)
    shell.server._faults["download"] = [cut(0.5)]
    shell("generate", "A fox", *VEO, code=0)


# What is promised


def test_the_page_names_every_field_and_every_code(shell: Shell) -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = fields_of_page()
    told.pop("export")
    file = shell.write("prompts.csv", "prompt,duration", "A fox,4", "An owl,7")
    objects = shell.objects("batch", file, *VEO, "--yes", code=1)
    objects += shell.objects("models", code=0)
    objects += shell.objects("library", code=0)
    objects += shell.objects("carry", "--until-done", code=0)
    file = shell.write("prompts.csv", "prompt", "A hen", "A cow")
    shell.server._faults["submit"] = [reply(401)] * 4
    objects += shell.objects("batch", file, *VEO, "--yes", "--max-seconds", "6", code=3)
    seen: dict[str, set[frozenset[str]]] = {}
    for one in objects:
        seen.setdefault(one["type"], set()).add(frozenset(one))
    assert set(seen) == set(told)
    for kind, kinds in seen.items():
        assert kinds == {frozenset(told[kind])}, kind
    statuses = {*map(str, JobStatus), "not sent"}
    assert statuses <= set(re.findall(r"`([a-z ]+)`", page))
    assert {"0", "1", "2", "3", "4", "5", "130"} <= set(re.findall(r"^\| (\d+) \|", page, re.MULTILINE))


def test_nothing_is_loaded_before_it_is_used(shell: Shell) -> None:
    code = (
        "import sys, runcrate_widget.__main__ as program\n"
        "try: program.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted(set(sys.modules) & {'httpx', 'traitlets', 'anywidget', 'ipywidgets', 'IPython', 'asyncio'}))"
    )
    for asked in (("--help",), ("generate", "--help"), ("generate",)):
        ran = shell(*asked, program=[sys.executable, "-c", code])
        assert ran.stdout.splitlines()[-1:] in ([], [""]), asked
    looked = shell("library", code=0, program=[sys.executable, "-c", code]).stdout.split()
    assert not {"anywidget", "ipywidgets", "IPython", "httpx"} & set(looked)


def test_every_command_says_what_it_does(shell: Shell) -> None:
    whole = shell("--help", code=0).stdout
    for name in (
        "generate",
        "batch",
        "jobs",
        "resume",
        "get",
        "settle",
        "library",
        "choose",
        "library export",
        "models",
        "demo",
    ):
        assert re.search(rf"^    {name}\s", whole, re.MULTILINE)
        assert shell(*name.split(), "--help", code=0).stdout.startswith(f"usage: runcrate-widget {name}")
    assert shell("--version", code=0).stdout.startswith("runcrate-widget ")
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'runcrate-widget = "runcrate_widget.__main__:main"' in pyproject


@ON_POSIX
def test_the_demo_server_is_a_command(shell: Shell) -> None:
    running = shell.start("demo", "--port", "0", env=shell.environment(PYTHONUNBUFFERED="1"))
    assert running.stdout is not None
    url = running.stdout.readline().split()[3]
    assert httpx.get(f"{url}/v1/videos/vid_0").status_code == 401
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 0


@pytest.mark.slow
def test_with_the_demo_backend_nobody_is_asked_and_nothing_costs(shell: Shell) -> None:
    file = shell.write("prompts.csv", "prompt,duration", "A fox,4", "A [fail] owl,4")
    ran = shell("batch", file, *VEO, "--demo", code=1, RUNCRATE_API_KEY=None, RUNCRATE_BASE_URL=None)
    assert "cost           nothing: it is the demo backend" in ran.stderr
    assert ran.stderr.splitlines()[-1] == "1 made, 1 failed."
    (job,) = shell.objects("library", "fox", code=0)
    assert job["demo"]
    assert "DEMO A fox" in shell("jobs", code=0).stdout


# Helpers


def fields_of_page() -> dict[str, set[str]]:
    """The objects of which the page tells, each with its fields."""
    parts = re.split(r"^### `(\w+)`.*$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    tables = zip(parts[1::2], parts[2::2], strict=True)
    found = {name: re.findall(r"^\| `([^|]+)` \|", text, re.MULTILINE) for name, text in tables}
    return {name: {one for field in fields for one in field.split("`, `")} for name, fields in found.items()}


def wait_for(what: Any) -> None:
    """Until it is so: asked again and again, for at most a minute."""
    pause = threading.Event()
    for _ in range(6000):
        if what():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to that")


def finish(server: FaultServer) -> None:
    """The service is done with all that it has."""
    server.polls = 0
    for id in list(server.jobs):
        server.jobs[id] = 0


def submitted(library: Path) -> list[Path]:
    """The records that have an id."""
    found = []
    for path in library.glob("*.json"):
        with contextlib.suppress(ValueError, OSError):
            if json.loads(path.read_text(encoding="utf-8"))["id"]:
                found.append(path)
    return found


def on_terminal(shell: Shell, asked: tuple[str, ...], typed: bytes) -> tuple[int, str]:
    """Runs a command on a terminal of its own, on which this is typed once it asks; its exit code, and what
    it said."""
    import pty

    try:
        pid, terminal = pty.fork()
    except OSError as error:
        pytest.skip(f"there is no terminal to be had here: {error}")
    if pid == 0:
        os.chdir(shell.folder)
        os.execve(CHILD[0], [*CHILD, *asked], shell.environment(TERM="xterm", COLUMNS="100"))
    said = b""
    with contextlib.suppress(OSError):  # EIO: its other end is closed
        while chunk := os.read(terminal, 4096):
            said += chunk
            if typed and b"[y/N] " in said:
                os.write(terminal, typed)
                typed = b""
    os.close(terminal)
    text = said.decode()
    assert "Traceback" not in text
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, text.replace("\r\n", "\n")
