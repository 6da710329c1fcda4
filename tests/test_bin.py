"""What is deleted goes into the bin, and comes back from there: nothing is lost, and nothing paid twice."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fault_server import FaultServer, client_of, made, reset
from videos import small_jpeg, small_mp4

from runcrate_widget import VideoClient, VideoJob, VideoRequest, errors
from runcrate_widget.library.library import Library

pytestmark = pytest.mark.usefixtures("quick")


def fox() -> VideoRequest:
    return VideoRequest("A fox", model="Veo 3.0")


@pytest.fixture
def made_one(server: FaultServer, tmp_path: Path) -> tuple[VideoClient, VideoJob]:
    client = client_of(server, tmp_path)
    job = client.generate(fox())
    job.wait(30).keep_poster(small_jpeg())
    return client, job


def files(folder: Path) -> set[str]:
    """The videos and posters, wherever they are."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name.replace(next(folder.glob("*.json")).stem, "fox") for name in found if ".json" not in name}


def test_a_deleted_video_is_in_the_bin_and_its_record_stays(
    made_one: tuple[VideoClient, VideoJob], tmp_path: Path
) -> None:
    client, job = made_one
    record = client.library.delete(job.key)
    assert files(tmp_path) == {"bin/fox.mp4", "bin/fox.jpg"}
    assert record.choice.hidden
    assert [one.key for one in client.library.filter(hidden=True)] == [job.key]
    assert client.library.delete(record).choice.hidden, "once more, and nothing happens"
    assert not client.library.restore(record).choice.hidden
    assert files(tmp_path) == {"fox.mp4", "fox.jpg"}
    assert job.record.path.read_bytes() == small_mp4(1)
    assert client.library.filter(hidden=False)


@pytest.mark.parametrize("held", [True, False], ids=["the job is held", "the job is gone"])
def test_generate_again_takes_it_out_of_the_bin_and_sends_and_fetches_nothing(
    made_one: tuple[VideoClient, VideoJob], server: FaultServer, tmp_path: Path, held: bool
) -> None:
    client, job = made_one
    client.library.delete(job.key)
    if not held:
        job = None  # type: ignore[assignment]
    before = len(server.requests)
    again = client.generate(fox())
    assert again.wait(30).read_bytes() == small_mp4(1)
    assert again.reused
    assert files(tmp_path) == {"fox.mp4", "fox.jpg"}
    assert not again.choice.hidden
    assert not client.library[again.key].choice.hidden
    assert len(server.requests) == before
    if held:
        assert again is job


def test_a_second_one_of_the_same_name_does_not_take_the_place_of_the_first(
    made_one: tuple[VideoClient, VideoJob], tmp_path: Path
) -> None:
    client, job = made_one
    client.library.delete(job.key)
    job.record.path.write_bytes(b"another")
    client.library.delete(job.key)
    assert files(tmp_path) == {"bin/fox.mp4", "bin/fox-2.mp4", "bin/fox.jpg"}
    job.record.path.write_bytes(b"a third")
    client.library.restore(job.key)
    assert job.record.path.read_bytes() == b"a third", "what is there is not written over"
    client.library.delete(job.key)
    client.library.restore(job.key)
    assert job.record.path.read_bytes() == b"a third", "the latest comes back"
    assert (tmp_path / "bin" / f"{job.record.name}.mp4").read_bytes() == small_mp4(1)


def test_what_is_under_way_or_undecided_is_not_deleted(server: FaultServer, tmp_path: Path) -> None:
    server.polls = 10**6
    client = client_of(server, tmp_path)
    job = client.generate(fox())
    begun = threading.Event()
    job.observe(lambda _: begun.set() if job.id else None, "id")
    assert job.id or begun.wait(30)
    with pytest.raises(errors.RuncrateError, match="under way"):
        client.library.delete(job.key)
    server._faults["submit"] = [made(reset)]
    lost = client.generate("An owl", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError):
        lost.wait(30)
    with pytest.raises(errors.InvalidRequestError, match="unconfirmed"):
        client.library.delete(lost.key)
    with pytest.raises(errors.InvalidRequestError, match="no job"):
        client.library.delete("nothing")
    with pytest.raises(errors.InvalidRequestError, match="no job of this library"):
        Library(tmp_path / "other").delete(job.record)
    client.close()
    with pytest.raises(errors.InvalidRequestError, match="under way"):
        Library(tmp_path).delete(job.key)
    assert not (tmp_path / "bin").exists()


def test_a_bin_that_is_a_link_is_not_followed(
    made_one: tuple[VideoClient, VideoJob], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    client, job = made_one
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (tmp_path / "bin").symlink_to(elsewhere)
    with pytest.raises(errors.LibraryError):
        client.library.delete(job.key)
    assert job.record.path.exists()
    assert not client.library[job.key].choice.hidden
    (elsewhere / job.record.path.name).write_bytes(b"somebody's")
    assert client.library.bin.find(job.record) is None


CHILD = """
import os, sys
from runcrate_widget.library import bin as rooms
from runcrate_widget.library.library import Library

calls, at, todo = 0, int(sys.argv[3]), sys.argv[4]
def watched(function):
    def call(*args, **options):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), 9)
        return function(*args, **options)
    return call
for name in ("link", "unlink", "mkdir", "replace", "fsync"):
    setattr(os, name, watched(getattr(os, name)))
getattr(Library(sys.argv[1]), todo)(sys.argv[2])
print("done")
"""


@pytest.mark.parametrize("todo", ["delete", "restore"])
def test_killed_at_any_call_nothing_is_lost_and_the_same_again_does_the_rest(
    made_one: tuple[VideoClient, VideoJob], tmp_path: Path, todo: str
) -> None:
    client, job = made_one
    other = {"delete": "restore", "restore": "delete"}[todo]
    ends = {"delete": {"bin/fox.mp4", "bin/fox.jpg"}, "restore": {"fox.mp4", "fox.jpg"}}
    for at in range(1, 60):
        getattr(client.library, other)(job.key)
        command = [sys.executable, "-c", CHILD, str(tmp_path), job.key, str(at), todo]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert {Path(name).name for name in files(tmp_path) if "lock" not in name and "tmp" not in name} == {
            "fox.mp4",
            "fox.jpg",
        }
        assert json.loads((tmp_path / f"{job.record.name}.json").read_bytes())["status"] == "completed"
        getattr(client.library, todo)(job.key)
        for left in tmp_path.rglob("*.tmp"):
            os.utime(left, (1, 1))  # one that is new may be somebody's
        client.library.tidy()
        assert files(tmp_path) == ends[todo], at
        if ran.stdout == "done\n":
            assert at > 5
            return
    pytest.fail("it never came to its end")


def test_two_processes_that_delete_and_restore_lose_nothing(
    made_one: tuple[VideoClient, VideoJob], tmp_path: Path
) -> None:
    client, job = made_one
    code = """
import sys
from runcrate_widget import errors
from runcrate_widget.library.library import Library
library = Library(sys.argv[1])
done = 0
while done < 60:
    try:
        (library.restore if done % 2 else library.delete)(sys.argv[2])
        done += 1
    except errors.RuncrateError as error:
        assert error.kind == "conflict", error
print(done)
"""
    command = [sys.executable, "-c", code, str(tmp_path), job.key]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [int(one.communicate(timeout=120)[0]) for one in running] == [60, 60]
    client.library.restore(job.key)
    assert job.record.path.read_bytes() == small_mp4(1)
    assert files(tmp_path) == {"fox.mp4", "fox.jpg"}


def test_where_files_have_one_name_only_they_are_moved_all_the_same(
    made_one: tuple[VideoClient, VideoJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, job = made_one

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no such thing here")

    monkeypatch.setattr(os, "link", refused)
    client.library.delete(job.key)
    assert files(tmp_path) == {"bin/fox.mp4", "bin/fox.jpg"}
    client.library.restore(job.key)
    assert files(tmp_path) == {"fox.mp4", "fox.jpg"}


def test_a_video_that_was_deleted_says_where_it_is_and_how_it_comes_back(
    made_one: tuple[VideoClient, VideoJob],
) -> None:
    client, job = made_one
    video = job.wait(30)
    client.library.delete(job.key)
    for ask in (video.read_bytes, lambda: video.show(embed=True), video.picture):
        with pytest.raises(errors.RuncrateError, match="in the bin") as caught:
            ask()
        assert isinstance(caught.value, OSError)
        assert caught.value.kind == "not_found"
        assert f"restore({job.id!r})" in caught.value.hint
    shown = video._repr_mimebundle_()["text/html"]
    assert "<video" not in shown
    assert "in the bin" in shown
    assert "data:image/jpeg" in shown, "its poster is there"
    client.library.restore(job.key)
    assert video.read_bytes() == small_mp4(1)
    assert "<video" in video._repr_mimebundle_()["text/html"]
    video.path.unlink()
    with pytest.raises(errors.LibraryError, match="not there any more"):
        video.read_bytes()
