"""An export is read by others: by `datasets`, `csv`, `json`, pandas and pyarrow; it is whole, or it is not there; and it never takes what is not its own."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as parquet  # type: ignore[import-untyped]
import pytest
from fault_server import FaultServer, client_of
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest, errors
from runcrate_widget.library.choice import Choice
from runcrate_widget.library.columns import COLUMNS, file_name, is_name
from runcrate_widget.library.lease import take_lease
from runcrate_widget.library.library import Library
from runcrate_widget.library.mirror import MARK
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.library.record import JobStatus, Record, write_record

pytestmark = pytest.mark.usefixtures("quick")

NOON = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)

#: What a table may stumble over; `datasets` takes some of these words for splits.
PROMPTS = [
    'A steam train, in the snow; a test of “quotes” and "others"',
    "Erste Zeile\nzweite Zeile\r\ndritte\u2028vierte\x85fünfte",
    "ثعلب في الثلج، ليلاً",
    "שועל בשלג",
    "一只狐狸 🦊, 雪の中",
    '=HYPERLINK("http://example.com")',
    "train",
]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "videos")


def put(library: Library, prompt: str, content: bytes | None = None, **fields: Any) -> Record:
    """A completed record with a video of its own."""
    asked = {name: fields.pop(name) for name in ("model", "duration", "extra", "image") if name in fields}
    request = VideoRequest(prompt, **{"model": "Veo 3.0", **asked})
    choice, age = Choice(**fields.pop("choice", {})), fields.pop("age", 0)
    record = fresh_record(library.folder, request, fields.pop("take", 1), 1, "https://private.example/api")
    created = NOON - timedelta(minutes=age)
    line = replace(
        record.timeline,
        created=created,
        sent=created + timedelta(seconds=1),
        submitted=created + timedelta(seconds=2),
        processing=created + timedelta(seconds=12),
        ready=created + timedelta(seconds=52.5),
        unseen=1.0,
    )
    defaults = {"status": JobStatus.COMPLETED, "id": f"vid_{record.key}"}
    record = replace(record, timeline=line, choice=choice, **{**defaults, **fields})
    library.folder.mkdir(exist_ok=True)
    (library.folder / f"{record.name}.json").write_bytes(write_record(record))
    record.path.write_bytes(small_mp4() if content is None else content)
    return record


def rows_of(folder: Path) -> list[dict[str, Any]]:
    content = (folder / "metadata.jsonl").read_bytes()
    lines = content.decode().splitlines()  # which ends a line at more than `\n`
    assert len(lines) == content.count(b"\n")
    return [json.loads(line) for line in lines]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def load(folder: Path) -> dict[str, Any]:
    """What `datasets` makes of it, offline and in a process of its own: its splits, its columns, its rows."""
    code = """
import json, sys
from datasets import Video, load_dataset
splits = load_dataset("videofolder", data_dir=sys.argv[1], cache_dir=sys.argv[2])
columns = {name: str(kind) for name, kind in splits["train"].features.items()}
rows = [dict(row) for row in splits["train"].cast_column("video", Video(decode=False))]
print(json.dumps({"splits": list(splits), "columns": columns, "rows": rows}, default=str))
"""
    cache = folder.parent / f"cache-{len(list(folder.parent.glob('cache-*')))}"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(cache)],
        capture_output=True,
        text=True,
        timeout=300,
        encoding="utf-8",
        env={**os.environ, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "1", "PYTHONIOENCODING": "utf-8"},
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> Iterator[VideoClient]:
    with client_of(server, tmp_path / "videos", prices={"Veo 3.0": 0.5}) as client:
        yield client


def test_what_was_made_is_exported_with_all_that_is_known(client: VideoClient, tmp_path: Path) -> None:
    job = client.generate(PROMPTS[0], model="Veo 3.0", duration=6, take=2, extra={"seed": 7})
    video = job.wait(30)
    job.choose(kept=True, rating=4, tags=["fox", "a, b"], note="good\nlight")
    exported = client.library.export(tmp_path / "out")
    assert (exported.folder, exported.videos, exported.copied) == (tmp_path / "out", 1, 1)
    (row,) = rows_of(tmp_path / "out")
    assert list(row) == list(COLUMNS)
    copy = tmp_path / "out" / row["file_name"]
    assert copy.read_bytes() == video.read_bytes()
    line = job.timeline
    assert row == {
        **dict.fromkeys(COLUMNS),
        "file_name": f"a-steam-in-the-snow-a-of-{job.key}.mp4",
        "prompt": PROMPTS[0],
        "model": "google/veo-3.0",
        "model_name": "Veo 3.0",
        "duration": 6,
        "aspect_ratio": "16:9",
        "extra": '{"seed": 7}',
        "take": 2,
        "kept": True,
        "rating": 4,
        "tags": ["fox", "a, b"],
        "note": "good\nlight",
        "cost": 3.0,
        "created": line.created.isoformat(timespec="microseconds"),
        "sent": line.sent and line.sent.isoformat(timespec="microseconds"),
        "ready": line.ready and line.ready.isoformat(timespec="microseconds"),
        "queued_for": line.queued_for,
        "making": line.making,
        "made_in": line.made_in,
        "seconds": video.duration,
        "width": video.width,
        "height": video.height,
        "audio": video.audio,
        "size": video.size,
        "sha256": hashlib.sha256(copy.read_bytes()).hexdigest(),
        "id": video.id,
        "key": job.key,
        "demo": False,
    }


def a_few(library: Library) -> list[Record]:
    """Oldest first."""
    choices: list[dict[str, Any]] = [
        {"kept": True, "rating": 5, "tags": ["fox", 'a "b", c'], "note": "line\nline, and comma"},
        {"kept": False},
        {},
    ]
    return [
        put(library, prompt, age=len(PROMPTS) - n, choice=choices[n % 3], cost=None if n == 1 else 2.4)
        for n, prompt in enumerate(PROMPTS)
    ]


@pytest.mark.parametrize("format", ["videofolder", "csv", "parquet"])
def test_datasets_reads_each_format_whole(library: Library, tmp_path: Path, format: str) -> None:
    records = a_few(library)
    library.export(tmp_path / "out", format=format)
    found = load(tmp_path / "out")
    assert found["splits"] == ["train"], "no word of a prompt is taken for a split"
    assert list(found["columns"]) == ["video", *list(COLUMNS)[1:]]
    assert [row["prompt"] for row in found["rows"]] == [record.prompt for record in records]
    assert [row["rating"] for row in found["rows"]] == [record.rating for record in records]
    for row, record in zip(found["rows"], records, strict=True):
        assert Path(row["video"]["path"]).read_bytes() == record.path.read_bytes()
    if format == "parquet":
        assert found["columns"]["created"] == "Value('timestamp[us, tz=UTC]')"


def test_csv_is_read_by_the_standard_library_and_by_pandas(library: Library, tmp_path: Path) -> None:
    records = a_few(library)
    library.export(tmp_path / "out", format="csv")
    with open(tmp_path / "out" / "metadata.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [list(row) for row in rows] == [list(COLUMNS)] * len(records)
    assert [row["prompt"] for row in rows] == [record.prompt for record in records]
    assert [json.loads(row["tags"]) for row in rows] == [list(record.tags) for record in records]
    assert [row["cost"] for row in rows[:3]] == ["2.4", "", "2.4"]
    frame = pd.read_csv(tmp_path / "out" / "metadata.csv")
    assert list(frame["prompt"]) == [record.prompt for record in records]
    assert list(frame["making"]) == [40.5] * len(records)
    assert frame["demo"].dtype == bool
    assert pd.isna(frame["rating"][1]) and frame["rating"][0] == 5


def test_parquet_has_the_same_types_whatever_is_in_it(library: Library, tmp_path: Path) -> None:
    put(library, "A fox")
    library.export(tmp_path / "plain", format="parquet")
    records = [one for one in library if one.prompt == "A fox"] + a_few(library)
    library.export(tmp_path / "full", format="parquet", where=records)
    table = parquet.read_table(tmp_path / "full" / "metadata.parquet")
    assert table.schema.equals(parquet.read_schema(tmp_path / "plain" / "metadata.parquet"))
    assert table.schema.field("tags").type == pa.list_(pa.string())
    rows = table.to_pylist()
    assert [row["prompt"] for row in rows] == [record.prompt for record in records]
    assert [row["created"] for row in rows] == [record.created for record in records]
    assert [row["kept"] for row in rows] == [record.kept for record in records]
    assert [row["tags"] for row in rows] == [list(record.tags) for record in records]


@pytest.mark.parametrize("format", ["videofolder", "csv", "parquet"])
def test_halves_of_characters_and_vast_numbers_of_a_record_do_no_harm(
    library: Library, tmp_path: Path, format: str
) -> None:
    record = put(
        library, "A fox", choice={"note": "half \ud83e of one, and \ud83e\udd8a", "tags": ["\udc80"]}
    )
    sidecar = library.folder / f"{record.name}.json"
    told = json.loads(sidecar.read_bytes().decode("utf-8", "surrogatepass"))
    told["request"].update(prompt="A \ud800 fox", duration=10**30)
    sidecar.write_bytes(json.dumps(told).encode())
    library.export(tmp_path / "out", format=format)
    text = (tmp_path / "out" / f"metadata.{'jsonl' if format == 'videofolder' else format}").read_bytes()
    if format == "parquet":
        (row,) = parquet.read_table(tmp_path / "out" / "metadata.parquet").to_pylist()
        assert (row["prompt"], row["note"], row["tags"], row["duration"]) == (
            "A \ufffd fox",
            "half \ufffd of one, and 🦊",
            ["\ufffd"],
            None,
        )
    else:
        assert "A \ufffd fox" in text.decode() and "half \ufffd of one, and 🦊" in text.decode()


def test_nothing_is_in_it_that_one_would_not_publish(library: Library, tmp_path: Path) -> None:
    put(
        library,
        "A fox",
        extra={
            "callback": "https://me:secret@hook.example/x?token=secret",
            "image_url": "https://a.example/b.png?sig=secret",
        },
        answer={"note": "secret"},
    )
    put(library, "An owl", error={"message": "secret", "hint": "", "kind": "x"})
    for format in ("videofolder", "csv", "parquet"):
        folder = library.export(tmp_path / format, format=format).folder
        for path in folder.iterdir():
            content = path.read_bytes()
            for word in ("secret", str(tmp_path), "private.example", "rc_live"):
                assert word.encode() not in content, f"{word} in {path.name}"
    (fox,) = (row for row in rows_of(tmp_path / "videofolder") if row["prompt"] == "A fox")
    assert fox["image"] == "https://a.example/b.png"
    assert json.loads(fox["extra"]) == {"callback": "https://hook.example/x"}


def test_which_videos(library: Library, tmp_path: Path) -> None:
    old = put(library, "An owl", age=2, model="Sora 2", choice={"kept": True})
    fox = put(library, "A fox", age=1, choice={"kept": True, "tags": ["red"]})
    other = put(library, "A wolf", choice={"hidden": True})
    put(library, "A storm", status=JobStatus.FAILED)

    def prompts(where: Any) -> list[str]:
        return [row["prompt"] for row in rows_of(library.export(tmp_path / "out", where=where).folder)]

    assert prompts(None) == ["An owl", "A fox"], "oldest first, and what was put away is left out"
    assert prompts({"kept": True, "model": "Veo 3.0"}) == ["A fox"]
    assert prompts({"hidden": None}) == ["An owl", "A fox", "A wolf"]
    assert prompts(lambda record: "owl" in record.prompt) == ["An owl"]
    assert prompts(library.filter(kept=True)) == ["A fox", "An owl"], "in their order"
    assert prompts([other, fox.key, old.id, fox]) == ["A wolf", "A fox", "An owl"]
    files = [row["file_name"] for row in rows_of(tmp_path / "out")]
    assert names(tmp_path / "out") == [*sorted(files), "metadata.jsonl"]


def test_a_job_or_a_batch_of_them_will_do(client: VideoClient, tmp_path: Path) -> None:
    job = client.generate("A fox", model="Veo 3.0", duration=4)
    job.wait(30)
    assert [row["key"] for row in rows_of(client.library.export(tmp_path / "out", where=[job]).folder)] == [
        job.key
    ]


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        ("where", {"keep": True}, "'keep'"),
        ("where", {"kept": "yes"}, "kept"),
        ("where", "3f9c2a71", "where is"),
        ("where", 7, "where is 7"),
        ("where", ["00000000"], "'00000000'"),
        ("where", [None], "None"),
        ("where", [], "No video"),
        ("where", {"text": "nothing of that"}, "No video"),
        ("format", "json", "'videofolder', 'csv', 'parquet'"),
        ("format", ["csv"], "format is"),
        ("link", 1, "True or False"),
        ("folder", "", "folder is ''"),
        ("folder", "a\0b", "folder is"),
        ("folder", 7, "folder is 7"),
    ],
)
def test_a_wrong_argument_is_told(
    library: Library, tmp_path: Path, field: str, given: Any, words: str
) -> None:
    put(library, "A fox")
    arguments = {"folder": tmp_path / "out", field: given}
    with pytest.raises(errors.InvalidRequestError) as caught:
        library.export(arguments.pop("folder"), **arguments)
    assert words in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["videos"]


def test_records_of_another_library_are_refused(library: Library, tmp_path: Path) -> None:
    put(library, "A fox")
    other = Library(tmp_path / "other")
    with pytest.raises(errors.InvalidRequestError, match="no job of this library"):
        library.export(tmp_path / "out", where=[put(other, "A fox")])


def test_what_is_no_export_is_left_alone(library: Library, tmp_path: Path) -> None:
    put(library, "A fox")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("mine", "file", "videos"):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(errors.InvalidRequestError) as caught:
            library.export(tmp_path / name)
        assert caught.value.field == "folder"
        assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "empty").mkdir()
    assert library.export(tmp_path / "empty" / "").videos == 1


@pytest.mark.parametrize("folder", ["", "bin", "pictures", "foxes"])
def test_nothing_goes_into_the_library_itself(library: Library, folder: str) -> None:
    put(library, "A fox", small_mp4(1))
    with pytest.raises(errors.InvalidRequestError, match="within the library") as refused:
        library.export(library.folder / folder)
    assert refused.value.field == "folder"
    assert not (library.folder / "bin").exists()


def test_a_file_of_yours_is_not_written_over(library: Library, tmp_path: Path) -> None:
    put(library, "A fox")
    out = library.export(tmp_path / "out").folder
    owl = put(library, "An owl")
    (out / f"{owl.name}.mp4").write_text("mine")
    with pytest.raises(errors.InvalidRequestError, match="in its way"):
        library.export(out)
    assert (out / f"{owl.name}.mp4").read_text() == "mine"


def test_it_is_brought_up_to_date(library: Library, tmp_path: Path) -> None:
    fox, owl = put(library, "A fox", age=1), put(library, "An owl")
    out = library.export(tmp_path / "out").folder
    (out / "README.md").write_text("mine")
    seen = {name: os.stat(out / name) for name in names(out)}
    library.write(replace(fox, choice=Choice(kept=True, rating=5)))
    library.write(replace(owl, choice=Choice(kept=False)))
    wolf = put(library, "A wolf")
    exported = library.export(out)
    assert (exported.videos, exported.copied) == (3, 1)
    assert [row["rating"] for row in rows_of(out)] == [5, None, None]
    for name, before in seen.items():
        if name.endswith(".mp4"):
            assert os.path.samestat(os.stat(out / name), before)
    exported = library.export(out, where={"kept": True})
    assert (exported.videos, exported.copied) == (1, 0)
    assert names(out) == ["README.md", f"a-fox-{fox.key}.mp4", "metadata.jsonl"]
    assert wolf.path.exists() and owl.path.exists()
    # One that somebody has changed is not the video any more.
    (out / f"a-fox-{fox.key}.mp4").write_bytes(b"cut")
    assert library.export(out, where={"kept": True}).copied == 1
    assert (out / f"a-fox-{fox.key}.mp4").read_bytes() == fox.path.read_bytes()


def test_another_format_takes_the_place_of_the_first(library: Library, tmp_path: Path) -> None:
    fox = put(library, "A fox")
    for format, name in (
        ("csv", "metadata.csv"),
        ("videofolder", "metadata.jsonl"),
        ("parquet", "metadata.parquet"),
    ):
        library.export(tmp_path / "out", format=format)
        assert names(tmp_path / "out") == [f"a-fox-{fox.key}.mp4", name], "datasets refuses two of them"


def test_what_somebody_added_to_the_metadata_is_not_lost(library: Library, tmp_path: Path) -> None:
    put(library, "A fox")
    out = library.export(tmp_path / "out").folder
    mine = (out / "metadata.jsonl").read_text(encoding="utf-8").replace("}", ', "caption": "mine"}')
    (out / "metadata.jsonl").write_text(mine, encoding="utf-8")
    put(library, "An owl")
    for format in ("videofolder", "csv"):
        with pytest.raises(errors.InvalidRequestError, match="somebody has changed it"):
            library.export(out, format=format)
    assert (out / "metadata.jsonl").read_text(encoding="utf-8") == mine
    (out / "metadata.jsonl").unlink()
    assert library.export(out).videos == 2


@pytest.mark.parametrize(
    "mark",
    [
        b"not JSON",
        b"[]",
        b'{"version": 2, "files": {}, "metadata": {}}',
        b'{"version": 1, "files": {"../videos/mine.mp4": null}, "metadata": {}}',
    ],
)
def test_a_mark_that_cannot_be_believed_takes_nothing(library: Library, tmp_path: Path, mark: bytes) -> None:
    put(library, "A fox")
    out = library.export(tmp_path / "out").folder
    (library.folder / "mine.mp4").write_bytes(b"mine")
    (out / MARK).write_bytes(mark)
    with pytest.raises(errors.InvalidRequestError, match=r"cannot be read"):
        library.export(out)
    assert (library.folder / "mine.mp4").exists()


def test_what_is_not_there_is_left_out_and_said(library: Library, tmp_path: Path) -> None:
    put(library, "A fox")
    gone, deleted, broken, link = (put(library, prompt) for prompt in ("gone", "deleted", "broken", "link"))
    failed = put(library, "failed", status=JobStatus.FAILED)
    gone.path.unlink()
    library.delete(deleted)
    broken.path.write_bytes(small_mp4()[:-200])
    link.path.unlink()
    failed.path.unlink()
    (tmp_path / "secret").write_bytes(small_mp4())
    link.path.symlink_to(tmp_path / "secret")
    with pytest.warns(UserWarning, match="5 left out: .* and 2 more"):
        exported = library.export(tmp_path / "out", where=library.filter(hidden=None))
    assert exported.videos == 1
    assert {key: why.split(";")[0] for key, why in exported.skipped.items()} == {
        gone.key: "its file is gone",
        deleted.key: "it was deleted",
        broken.key: exported.skipped[broken.key],
        link.key: "it is a symbolic link",
        failed.key: "its job is failed",
    }
    assert "cut short" in exported.skipped[broken.key]
    assert [row["prompt"] for row in rows_of(tmp_path / "out")] == ["A fox"]
    with pytest.raises(errors.InvalidRequestError, match="no file of them is there"):
        library.export(tmp_path / "none", where=[gone])
    assert not list(tmp_path.glob("*none*")) and not list(tmp_path.glob(".none*"))


def test_a_link_takes_no_room_and_a_copy_is_one(library: Library, tmp_path: Path) -> None:
    fox = put(library, "A fox")
    out = library.export(tmp_path / "out", link=True).folder
    copy = out / f"a-fox-{fox.key}.mp4"
    assert copy.samefile(fox.path)
    assert library.export(out, link=True).copied == 0
    assert library.export(out).copied == 1, "it is asked for as a copy now"
    assert not copy.samefile(fox.path)
    assert rows_of(out)[0]["sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert copy.read_bytes() == fox.path.read_bytes()


def test_where_there_are_no_links_it_is_copied(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("another device")

    fox = put(library, "A fox")
    monkeypatch.setattr(os, "link", refuse)
    out = library.export(tmp_path / "out", link=True).folder
    assert (out / f"a-fox-{fox.key}.mp4").read_bytes() == fox.path.read_bytes()


def test_two_processes_do_not_make_one_at_a_time(library: Library, tmp_path: Path) -> None:
    put(library, "A fox")
    lease = take_lease(tmp_path, ".out.export")
    assert lease is not None
    with pytest.raises(errors.RuncrateError, match="right now") as caught:
        library.export(tmp_path / "out")
    assert caught.value.kind == "conflict"
    lease.release()
    assert library.export(tmp_path / "out").videos == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "videos"], (
        "nothing is left lying about"
    )


def test_a_folder_that_cannot_be_written_is_told(library: Library, tmp_path: Path) -> None:
    put(library, "A fox")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(errors.LibraryError, match="cannot be written"):
        library.export(tmp_path / "file" / "out")


@pytest.mark.parametrize("there", [False, True])
def test_a_full_disk_leaves_it_as_it_was(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    put(library, "A fox")
    if there:
        library.export(tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.suffix == ".jsonl"}
    put(library, "An owl")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "utime", full)
        with pytest.raises(errors.LibraryError, match="No space left"):
            library.export(tmp_path / "out")
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.suffix == ".jsonl"}
    assert after == before
    assert not list(tmp_path.rglob("*.part"))
    assert sorted(path.name for path in tmp_path.iterdir()) == (["out"] if there else []) + ["videos"]
    assert library.export(tmp_path / "out").videos == 2


def test_without_pyarrow_there_is_no_parquet_and_it_says_what_to_do(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(library, "A fox")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(errors.MissingExtraError, match=r"runcrate_widget\[data\]"):
        library.export(tmp_path / "out", format="parquet")
    assert not (tmp_path / "out").exists(), "and nothing was copied first"
    assert library.export(tmp_path / "out", format="csv").videos == 1


CHILD = """
import os, signal, sys
from runcrate_widget.library.library import Library

count = int(sys.argv[3])

def watched(function):
    def call(*given, **options):
        global count
        count -= 1
        if count == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **options)
    return call

for name in ("replace", "utime", "unlink", "mkdir", "rename", "fsync"):
    setattr(os, name, watched(getattr(os, name)))
exported = Library(sys.argv[1]).export(sys.argv[2], where={"kept": True})
print(exported.copied)
"""


def killed(library: Library, out: Path, at: int) -> str:
    """An export in a process that is killed at the so-manieth change of a file; what it said, if it was not."""
    command = [sys.executable, "-c", CHILD, str(library.folder), str(out), str(at)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode in (0, -signal.SIGKILL), ran.stderr
    return ran.stdout


def consistent(out: Path) -> None:
    """Whoever looks finds what is told of, and that is as it is told."""
    for row in rows_of(out):
        assert hashlib.sha256((out / row["file_name"]).read_bytes()).hexdigest() == row["sha256"]


@pytest.mark.skipif(os.name == "nt", reason="it kills by a signal")
@pytest.mark.slow
def test_killed_at_every_moment_it_is_whole_or_not_there_and_the_next_goes_on(
    library: Library, tmp_path: Path
) -> None:
    first, second = (
        put(library, "A fox", choice={"kept": True}),
        put(library, "An owl", choice={"kept": True}),
    )
    third = put(library, "A wolf")
    # New folders, each one moment later.
    for at in range(1, 100):
        out = tmp_path / f"out-{at}"
        done = killed(library, out, at)
        if out.exists():
            consistent(out)
            assert len(rows_of(out)) == 2
        library.export(out, where={"kept": True})
        consistent(out)
        assert names(out) == [f"{first.name}.mp4", f"{second.name}.mp4", "metadata.jsonl"]
        if done:
            break
    assert 10 < at < 99
    # One that is there: the owl goes, the wolf comes; then the other way round.
    on, off = third, second
    for at in range(1, 100):
        library.write(replace(on, choice=Choice(kept=True)))
        library.write(replace(off, choice=Choice(kept=False)))
        before = rows_of(out)
        done = killed(library, out, at)
        consistent(out)
        assert rows_of(out) == before or {row["key"] for row in rows_of(out)} == {first.key, on.key}
        library.export(out, where={"kept": True})
        consistent(out)
        assert names(out) == [f"{first.name}.mp4", f"{on.name}.mp4", "metadata.jsonl"]
        if done:
            break
        on, off = off, on
    assert 10 < at < 99
    hidden = [path.name for path in tmp_path.rglob("*") if path.name.startswith(".") and path.name != MARK]
    assert hidden == [], "nothing is left lying about"


@pytest.mark.skipif(os.name == "nt", reason="it kills by a signal")
def test_killed_in_the_middle_it_goes_on_where_it_was(library: Library, tmp_path: Path) -> None:
    for n in range(20):
        put(library, f"Fox {n}", choice={"kept": True})
    out = tmp_path / "out"
    assert killed(library, out, 30) == ""
    assert not out.exists(), "it is there when it is whole"
    exported = library.export(out, where={"kept": True})
    assert exported.videos == 20
    assert 0 < exported.copied < 20
    consistent(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "videos"]


def test_two_thousand_videos(library: Library, tmp_path: Path) -> None:
    content = small_mp4()
    for n in range(2000):
        put(library, f"Fox number {n}, in the snow", content, age=n, cost=2.4)
    out = tmp_path / "out"
    exported = library.export(out)
    assert (exported.videos, exported.copied) == (2000, 2000)
    assert len({row["file_name"] for row in rows_of(out)}) == 2000
    again = library.export(out)
    assert (again.videos, again.copied) == (2000, 0)


def test_names_of_files_are_readable_and_each_is_another(library: Library) -> None:
    taken: set[str] = set()
    for prompt, name in {
        "A fox in the snow": "a-fox-in-the-snow-{}.mp4",
        "Train": "{}.mp4",
        "The dev's 2nd test2, an evaluation": "the-s-2nd-an-{}.mp4",
        "Contest on a terrain": "contest-on-a-terrain-{}.mp4",
        "ثعلب في الثلج": "ثعلب-في-الثلج-{}.mp4",
        "🦊": "video-{}.mp4",
    }.items():
        record = fresh_record(library.folder, VideoRequest(prompt, model="Veo 3.0"), 1, 1, "https://s")
        assert file_name(record, taken) == name.format(record.key)
        assert file_name(record, taken) == name.format(f"{record.key}-2")
        odd = replace(record, key="../../etc/x")
        assert is_name(file_name(odd, taken))
