"""What every store promises, shown on each: the folder, a bucket in memory, moto (S3's semantics), and SeaweedFS
(a store that people run)."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fault_server import KEY
from object_stores import Place
from pictures import picture
from store_child import Other
from videos import small_mp4

from runcrate_widget import VideoClient
from runcrate_widget.errors import LibraryError
from runcrate_widget.library.cloud import alive, leases
from runcrate_widget.library.cloud.store import CloudStore
from runcrate_widget.library.store import Conflict, Store
from runcrate_widget.media.poster import make_poster
from runcrate_widget.picture import read_picture

NAME = "a-fox-12345678"
T = TypeVar("T")


def kinds(*names: str) -> pytest.MarkDecorator:
    """The fixture `place`, of these kinds alone."""
    return pytest.mark.parametrize("place", names, indirect=True)


in_buckets = kinds("memory", "moto", "seaweed")
of_processes = kinds("folder", "moto", "seaweed")
in_servers = kinds("moto", "seaweed")  # buckets that other processes see


def at_once(*calls: Callable[[], T]) -> list[T]:
    """What comes of them, begun together in a thread each."""
    begin = threading.Barrier(len(calls))

    def begun(call: Callable[[], T]) -> T:
        begin.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begun, calls))


def until(met: Callable[[], T | None], seconds: float = 60.0) -> T:
    """Looks again and again, until there is something."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if (found := met()) is not None:
            return found
        pause.wait(0.02)
    raise AssertionError("it never came")


# Records.


def test_of_many_threads_one_creates(place: Place) -> None:
    stores = [place.store() for _ in range(4)]
    for number in range(3):
        name = f"fox-{number:08x}"
        calls = [lambda n=n, name=name: stores[n % 4].create(name, b"%d" % n) for n in range(8)]
        made = at_once(*calls)
        assert sum(made) == 1
        found = place.store().read(name)
        assert found is not None and found.content == b"%d" % made.index(True)


@of_processes
def test_of_many_processes_one_creates(place: Place) -> None:
    names = [f"fox-{number:08x}" for number in range(40)]
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(Other(place)) for _ in range(4)]
        for other in others:
            assert other.ask("create_all", []) == []  # it is there
        for other in others:
            other.begin("create_all", names)
        made = [other.answer() for other in others]
    assert sorted(name for ours in made for name in ours) == sorted(names), "each by one alone"
    assert sorted(name for name, _ in place.store().scan()) == sorted(names)


@in_buckets
def test_who_knows_only_an_earlier_state_replaces_nothing(place: Place) -> None:
    one, other = place.store(), place.store()
    assert one.create(NAME, b"1")
    first, theirs = one.read(NAME), other.read(NAME)
    assert first is not None and theirs is not None
    other.replace(NAME, b"2", theirs.mark)
    for mark in (None, first.mark):  # as it was made here, and as it was read
        with pytest.raises(Conflict):
            one.replace(NAME, b"3", mark)
    found = one.read(NAME)
    assert found is not None and found.content == b"2"
    one.replace(NAME, b"3", found.mark)
    with pytest.raises(Conflict):
        other.replace(NAME, b"4", theirs.mark)


@in_buckets
def test_what_is_gone_is_not_replaced(place: Place) -> None:
    store = place.store()
    assert isinstance(store, CloudStore)
    with pytest.raises(Conflict):
        store.replace(NAME, b"1")
    assert store.create(NAME, b"1")
    store.bucket.delete(f"records/{NAME}.json")
    with pytest.raises(Conflict):
        store.replace(NAME, b"2")
    assert store.read(NAME) is None


def test_who_writes_one_after_the_other_needs_no_look_between(place: Place) -> None:
    store = place.store()
    assert store.create(NAME, b"0")
    for number in range(1, 6):
        store.replace(NAME, b"%d" % number)  # with the mark of a new record
    again = place.store()
    found = again.read(NAME)
    assert found is not None and found.content == b"5"
    for number in range(6, 9):
        again.replace(NAME, b"%d" % number, found.mark)
    last = store.read(NAME)
    assert last is not None and last.content == b"8"


@in_buckets
def test_of_many_that_replace_one_state_one_does(place: Place) -> None:
    stores = [place.store() for _ in range(8)]
    assert stores[0].create(NAME, b"0")
    for number in range(4):
        found = stores[0].read(NAME)
        assert found is not None

        def replaced(n: int, number: int = number, mark: Any = found.mark) -> bool:
            try:
                stores[n].replace(NAME, b"%d by %d" % (number, n), mark)
            except Conflict:
                return False
            return True

        done = at_once(*(lambda n=n: replaced(n) for n in range(8)))
        assert sum(done) == 1
        now = stores[0].read(NAME)
        assert now is not None and now.content == b"%d by %d" % (number, done.index(True))


@in_servers
def test_of_many_processes_that_count_none_is_lost(place: Place) -> None:
    assert place.store().create(NAME, b"0")
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(Other(place)) for _ in range(4)]
        for other in others:
            other.begin("replace_all", NAME, 20)
        again = sum(other.answer() for other in others)
    found = place.store().read(NAME)
    assert found is not None and found.content == b"80"
    assert again > 0, "they met"


def test_a_scan_has_all_and_tells_what_changed(place: Place) -> None:
    store, other = place.store(), place.store()
    for number in range(5):
        assert store.create(f"fox-{number:08x}", b"1")
    seen = dict(other.scan())
    assert sorted(seen) == [f"fox-{number:08x}" for number in range(5)]
    for name in seen:
        found = dict(other.read_all({name: seen[name]}))[name]
        assert found is not None and found.content == b"1"
    store.replace("fox-00000002", b"22")
    store.create("fox-00000009", b"1")
    now = dict(other.scan())
    assert {name for name in now if seen.get(name) != now[name]} == {"fox-00000002", "fox-00000009"}
    found = dict(other.read_all(now))["fox-00000002"]
    assert found is not None and found.content == b"22"


def test_a_damaged_record_is_set_aside_and_not_lost(place: Place) -> None:
    store = place.store()
    assert store.create(NAME, b"{")
    assert store.aside(NAME) is None
    read = store.read(NAME)
    assert read is not None
    with pytest.warns(UserWarning, match="is damaged .why.*was set aside"):
        assert store.set_aside(NAME, "why", read)
    assert store.read(NAME) is None
    assert place.store().aside(NAME)


@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_what_was_mended_meanwhile_is_not_set_aside_and_what_was_before_stays(place: Place) -> None:
    store = place.store()
    for damaged in (b"{first", b"{second"):
        assert store.create(NAME, damaged)
        read = store.read(NAME)
        assert read is not None and store.set_aside(NAME, "why", read)
    assert store.create(NAME, b"{")
    read = store.read(NAME)
    assert read is not None
    store.replace(NAME, b"good")
    assert store.set_aside(NAME, "why", read) is False
    now = store.read(NAME)
    assert now is not None and now.content == b"good"
    if isinstance(store, CloudStore):
        found = store.bucket.get(f"damaged/{NAME}.json")
        aside = b"" if found is None else found.content
    else:
        aside = b"".join(path.read_bytes() for path in store.folder.glob("*.damaged*"))
    assert b"{first" in aside and b"{second" in aside and b"good" not in aside


# Leases.


def test_of_many_one_has_the_lease(place: Place) -> None:
    stores = [place.store() for _ in range(4)]
    taken = at_once(*(lambda n=n: stores[n % 4].lease(NAME) for n in range(16)))
    (lease,) = [one for one in taken if one is not None]
    assert lease.held() and lease.sure
    assert all(store.leased(NAME) for store in stores)
    lease.release()
    lease.release()
    assert not lease.held()


def test_what_is_given_back_another_has(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_LOOK_EVERY", 0.0)
    one, other = place.store(), place.store()
    first = one.lease(NAME)
    assert first is not None
    assert other.lease(NAME) is None
    first.release()
    second = until(lambda: other.lease(NAME))
    assert second.held() and second.sure
    second.release()
    third = other.lease(NAME)
    assert third is not None, "its own, at once"
    third.release()


@of_processes
def test_a_process_that_is_killed_holds_nothing_any_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(alive, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(alive, "EXPIRES_AFTER", 1e9)  # it is not by waiting that it is known
    store = place.store()
    with Other(place) as other:
        assert other.ask("lease", NAME) is True
        assert store.lease(NAME) is None and store.leased(NAME)
        other.process.kill()
        other.process.wait()
        assert not store.leased(NAME)
        lease = store.lease(NAME)
        assert lease is not None and lease.held()
        assert lease.sure is not place.in_bucket


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock of this process says: one number."""
    told = [100.0]
    for module in (alive, leases):
        monkeypatch.setattr(module, "clock", lambda: told[0])
    return told


@in_servers
def test_a_process_of_another_machine_is_gone_when_it_was_silent_for_long(
    place: Place, tmp_path: Path, moment: list[float]
) -> None:
    store = place.store()
    with Other(place, tmp_path / "elsewhere", RENEWED_EVERY=1e9) as other:
        assert other.ask("lease", NAME) is True
        assert store.lease(NAME) is None
        other.process.kill()
        other.process.wait()
        moment[0] += alive.EXPIRES_AFTER - 1
        assert store.lease(NAME) is None and store.leased(NAME)
        moment[0] += 2
        lease = store.lease(NAME)
    assert lease is not None and not lease.sure


@in_servers
def test_who_renews_is_not_gone_however_long_it_takes(
    place: Place, tmp_path: Path, moment: list[float]
) -> None:
    store = place.store()
    assert isinstance(store, CloudStore)
    with Other(place, tmp_path / "elsewhere", RENEWED_EVERY=0.02) as other:
        assert other.ask("lease", NAME) is True
        assert store.lease(NAME) is None
        mine = store._leases._presence
        assert mine is not None
        (path,) = (one.path for one in store.bucket.list("alive/") if not one.path.endswith(mine.token))
        for _ in range(4):
            before = store.bucket.get(path)
            until(lambda before=before: store.bucket.get(path) != before or None)  # type: ignore[misc]
            moment[0] += alive.EXPIRES_AFTER + 1
            assert store.lease(NAME) is None
        assert other.ask("held", NAME)


@in_servers
@pytest.mark.skipif(os.name == "nt", reason="SIGSTOP")
def test_who_stood_still_for_long_holds_nothing_and_learns_of_it(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {"RENEWED_EVERY": 0.1, "VALID_FOR": 0.5, "EXPIRES_AFTER": 1.0}
    for name, value in short.items():
        monkeypatch.setattr(alive, name, value)
    monkeypatch.setattr(alive, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(leases, "_LOOK_EVERY", 0.0)
    store = place.store()
    with Other(place, tmp_path / "elsewhere", **short) as other:
        assert other.ask("create_all", [NAME]) == [NAME]
        assert other.ask("read", NAME) == str(other.process.pid)
        assert other.ask("lease", NAME) is True
        assert store.lease(NAME) is None
        other.process.send_signal(signal.SIGSTOP)
        lease = until(lambda: store.lease(NAME))
        found = store.read(NAME)
        assert found is not None
        store.replace(NAME, b"taken over", found.mark)
        other.process.send_signal(signal.SIGCONT)
        assert other.ask("held", NAME) is False
        assert other.ask("replace", NAME, "mine") is False
        other.ask("release", NAME)  # and gives back nothing of ours
        assert other.ask("lease", NAME) is None
        assert lease.held()
        until(lambda: not store.leased("another") or None)
        assert other.ask("lease", "another-12345678") is True, "it goes on with others, under a new name"
    found = store.read(NAME)
    assert found is not None and found.content == b"taken over"


@in_buckets
def test_who_ends_leaves_no_lease_and_no_word_of_itself(place: Place) -> None:
    store = place.store()
    assert isinstance(store, CloudStore)
    taken = [store.lease(f"fox-{number:08x}") for number in range(5)]
    for lease in taken:
        assert lease is not None
        lease.release()
    store._leases.end()
    assert [*store.bucket.list("leases/"), *store.bucket.list("alive/")] == []


# What is no job's.


def test_what_several_add_to_a_journal_is_there_each_once(place: Place) -> None:
    lines = [[f"{n}-{number}" for number in range(15)] for n in range(4)]
    if place.shared:
        with contextlib.ExitStack() as stack:
            others = [stack.enter_context(Other(place)) for _ in lines]
            for other, ours in zip(others, lines, strict=True):
                other.begin("append_all", "arena", ours)
            for other in others:
                other.answer()
    else:
        stores = [place.store() for _ in lines]

        def append(n: int) -> None:
            for line in lines[n]:
                stores[n].append("arena", line.encode())

        at_once(*(lambda n=n: append(n) for n in range(4)))
    found = [line.decode() for line in place.store().lines("arena")]
    assert sorted(found) == sorted(line for ours in lines for line in ours)
    for ours in lines:
        assert [line for line in found if line in ours] == ours, "in their order"


def test_what_is_kept_is_there_and_the_last_holds(place: Place) -> None:
    store = place.store()
    assert store.kept("prices") is None
    store.keep("prices", b"1")
    store.keep("prices", b"2")
    assert place.store().kept("prices") == b"2"


# Videos, posters, pictures.


@contextlib.contextmanager
def elsewhere(place: Place, cache: Path) -> Iterator[Store]:
    """The same library on another machine, which has nothing of it yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNCRATE_CACHE", str(cache))
        yield place.store()


def publish(store: Store, name: str = NAME, content: bytes | None = None) -> Path:
    sink = store.receive(name)
    sink.begin(None)
    sink.write(content or small_mp4(1))
    sink.finish()
    return store.publish(name)


def test_a_video_is_where_it_was_published_and_everywhere(place: Place, tmp_path: Path) -> None:
    store = place.store()
    assert store.bring(NAME) is None and not store.has_video(NAME)
    path = publish(store)
    assert store.has_video(NAME) and path.read_bytes() == small_mp4(1) and store.bring(NAME) == path
    with elsewhere(place, tmp_path / "elsewhere") as other:
        assert other.has_video(NAME)
        brought = other.bring(NAME)
        assert brought is not None and brought.read_bytes() == small_mp4(1)
        assert (brought == path) is not place.in_bucket


@in_buckets
def test_a_large_video_comes_whole_in_parts(place: Place, tmp_path: Path) -> None:
    content = small_mp4(1) + os.urandom(20_000_000)
    store = place.store()
    publish(store, content=content)
    with elsewhere(place, tmp_path / "elsewhere") as other:
        brought = other.bring(NAME)
        assert brought is not None and brought.read_bytes() == content
        assert sorted(path.name for path in brought.parent.iterdir()) == [f"{NAME}.mp4"]


def test_a_poster_needs_no_video_on_this_machine(place: Place, tmp_path: Path) -> None:
    store = place.store()
    path = publish(store)
    jpeg = make_poster(path)
    assert jpeg is not None
    if not place.in_bucket:
        store.keep_poster(NAME, jpeg)
    assert store.poster(NAME) == jpeg
    with elsewhere(place, tmp_path / "elsewhere") as other:
        assert other.poster(NAME) == jpeg == other.poster(NAME)
        assert other.poster("none-12345678") is None
        if place.in_bucket:
            assert not (other.folder / f"{NAME}.mp4").exists()


def test_a_picture_is_kept_once_and_read_everywhere(place: Place, tmp_path: Path) -> None:
    store, content = place.store(), picture()
    one = read_picture(content)
    store.pictures.keep(one)
    store.pictures.note("a-fox@last.frame", one)
    with elsewhere(place, tmp_path / "elsewhere") as other:
        assert other.pictures.read(one) == content
        found = other.pictures.find(one.sha256)
        assert found is not None and found.content == content
        noted = other.pictures.noted("a-fox@last.frame")
        assert noted is not None and noted.sha256 == one.sha256
        assert other.pictures.noted("another.frame") is None
        with pytest.raises(OSError):
            other.pictures.read(read_picture(picture(colour=(1, 2, 3))))


@in_buckets
def test_a_signed_url_plays_and_says_nothing_of_the_key(place: Place) -> None:
    import httpx

    store = place.store()
    publish(store)
    url = store.url(NAME)
    if place.server is None:
        assert url is None
        return
    assert url is not None and "testsecret" not in url
    answer = httpx.get(url, headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, b"ftyp")


@in_servers
def test_two_processes_of_one_machine_do_not_write_into_one_part(place: Place) -> None:
    """One stood still, and another has taken its job over; then both go on."""
    with Other(place) as one, Other(place) as other:
        assert one.ask("arrive", NAME, "one's ") == 0
        assert other.ask("arrive", NAME, "other's ") == 0, "what lives goes on with its own"
        one.ask("arrive", NAME, "rest")
        other.ask("arrive", NAME, "rest")
        store = place.store()
        parts = sorted(path.read_bytes() for path in store.folder.glob("parts/*.part"))
        assert parts == [b"one's rest", b"other's rest"]
    with Other(place) as third:
        assert third.ask("arrive", NAME, ", and the third's") in (10, 12), "what is left of one that is gone"
    parts = sorted(path.read_bytes() for path in store.folder.glob("parts/*.part"))
    assert len(parts) == 2 and any(part.endswith(b"rest, and the third's") for part in parts)
    for path in store.folder.glob("parts/*.part*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    store.tidy()
    assert not list(store.folder.glob("parts/*.part*"))


@in_buckets
def test_the_cache_lets_go_what_was_used_least_recently_and_the_bucket_has(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(small_mp4(1))
    monkeypatch.setenv("RUNCRATE_CACHE_GB", f"{2.5 * size / 1e9:.12f}")
    store = place.store()
    store.folder.mkdir(parents=True)
    mine = store.folder / "cut-by-hand.mp4"
    mine.write_bytes(small_mp4(1))
    part = store.receive("part-12345678")
    part.begin(None)
    part.write(b"x" * size)
    part.finish()
    names = [f"fox-{number:08x}" for number in range(4)]
    for age, name in enumerate(names):
        path = publish(store, name)
        long_ago = 1_000_000_000 + age
        os.utime(path, (long_ago, long_ago))
    assert [store.bring(name) is not None for name in names] == [True] * 4, "the bucket has what went"
    here = {path.name for path in store.folder.glob("*.mp4")}
    assert mine.name in here and f"{names[3]}.mp4" in here
    assert [path.stat().st_size for path in store.folder.glob("parts/part-*.part")] == [size], (
        "nobody else has that"
    )
    for path in store.folder.glob("fox-*.mp4"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    last = publish(store, "owl-12345678")
    assert sum(path.stat().st_size for path in store.folder.glob("*-????????.mp4")) <= 2.5 * size
    assert last.exists()
    for name in names:
        brought = store.bring(name)
        assert brought is not None and brought.read_bytes() == small_mp4(1)


@in_buckets
def test_what_was_in_use_when_the_cache_was_full_goes_when_a_library_is_opened_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(small_mp4(1))
    monkeypatch.setenv("RUNCRATE_CACHE_GB", f"{2.5 * size / 1e9:.12f}")
    store = place.store()
    paths = [publish(store, f"fox-{number:08x}") for number in range(5)]
    place.store().tidy()
    assert all(path.exists() for path in paths), "who was given one a moment ago may open it"
    for path in paths:
        os.utime(path, (1_000_000_000, 1_000_000_000))
    with VideoClient(KEY, library=str(place.location)) as client:
        assert client.unfinished() == []  # once it has looked through the library
        assert sum(path.exists() for path in paths) == 2


def test_what_is_being_written_is_not_cleared_away(place: Place) -> None:
    """Nobody need have a lease of it, and its process may be one of another machine."""
    store = place.store()
    store.folder.mkdir(parents=True, exist_ok=True)
    new, old = (store.folder / f".fox-{number:08x}.999999999-1.tmp" for number in range(2))
    for path in (new, old):
        path.write_bytes(b"{")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    store.tidy()
    assert new.exists() and not old.exists()


# What goes wrong.


@in_buckets
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_says_so_and_does_not_wait_for_ever(place: Place) -> None:
    store = place.store()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of who forks beside threads
        child = os.fork()
    if child == 0:
        said = []
        for call in (lambda: store.read(NAME), place.store):
            try:
                call()
            except LibraryError as error:
                said.append(error.message)
        os.write(writing, "|".join(said).encode())
        os._exit(0)
    os.close(writing)
    watchdog = threading.Timer(60, os.kill, (child, signal.SIGKILL))
    watchdog.start()
    with open(reading) as pipe:
        said = pipe.read().split("|")
    os.waitpid(child, 0)
    watchdog.cancel()
    assert len(said) == 2 and all("is a fork of" in one for one in said)
    assert store.read(NAME) is None, "here it goes on"
