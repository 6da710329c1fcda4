"""What a video begins with: what is taken for a picture, what a request with one is, and how it gets to the
service."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of
from hypothesis import given
from hypothesis import strategies as st
from pictures import KINDS, colour, near, noise, picture, write_colours
from videos import small_mp4

from runcrate_widget import VideoClient, VideoRequest, models
from runcrate_widget.catalog import Model
from runcrate_widget.errors import InvalidRequestError, JobFailedError, LibraryError
from runcrate_widget.library.record import read_record
from runcrate_widget.media.mp4 import read_mp4
from runcrate_widget.media.video import Video
from runcrate_widget.notebook.rows import job_row, python_call
from runcrate_widget.picture import LARGEST, LONGEST_SIDE, Frame, Picture, read_picture
from runcrate_widget.request import fingerprint, request_fields, restore_request, wire_body

URL = "https://example.org/fox.png"


def fox(image: Any = None, **options: Any) -> VideoRequest:
    return VideoRequest("A fox", model="Veo 3.0", image=image, **options)


def image_of(request: VideoRequest) -> Picture:
    assert isinstance(request.image, Picture)
    return request.image


def sent(server: FaultServer) -> list[bytes]:
    """The pictures that came to the service, in their order; of a request without one, nothing."""
    bodies = [json.loads(one.body) for one in server.requests if one.step == "submit"]
    return [base64.b64decode(body.get("image_url", "").partition(";base64,")[2]) for body in bodies]


# What is taken for a picture.


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(1, 40), st.integers(1, 40))
def test_a_picture_is_known_by_its_content(kind: str, width: int, height: int) -> None:
    content = picture(kind, (width, height))
    found = read_picture(content)
    assert (found.type, found.width, found.height) == (f"image/{kind.lower()}", width, height)
    assert (found.size, found.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    "content",
    [
        picture("JPEG", (90, 50), progressive=True),
        picture("JPEG", (90, 50), comment=b"\xff\xd9 is no end here"),
        picture("WEBP", (90, 50), lossless=True),
        picture("WEBP", (90, 50), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"),  # its extended form
    ],
)
def test_every_form_of_a_type_is_read(content: bytes) -> None:
    found = read_picture(content)
    assert (found.width, found.height) == (90, 50)


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_a_picture_that_is_cut_off_is_none(kind: str, data: st.DataObject) -> None:
    content = picture(kind, (40, 30))
    end = data.draw(st.integers(0, len(content) - 2))
    with pytest.raises(InvalidRequestError, match="image is"):
        read_picture(content[:end])


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]),
)
def test_no_bytes_make_it_fail_otherwise(content: bytes, head: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        read_picture(head + content)


def test_it_comes_as_a_path_bytes_or_a_data_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = picture("JPEG")
    file = tmp_path / "fox.png"  # what it is called does not matter
    file.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    uri = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    ways: list[Any] = [file, str(file), "fox.png", content, bytearray(content), memoryview(content), uri]
    requests = [fox(one) for one in ways]
    assert {fingerprint(one) for one in requests} == {fingerprint(requests[0])}
    assert {image_of(one).type for one in requests} == {"image/jpeg"}
    assert fox(requests[0].image) == requests[0]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("none.png", "image is 'none.png': it cannot be read (No such file"),
        (b"GIF89a" + bytes(40), "none of the types that are sent; allowed are JPEG, PNG and WebP"),
        (b"", "image is 0 bytes"),
        (picture()[:-9], "no whole PNG"),
        (b"\xff\xd8\xff" + bytes(LARGEST), "it has 8.0 MB; at most 8 MB and 8192 pixels a side are sent"),
        (picture(size=(LONGEST_SIDE + 1, 1)), "it has 8193×1 pixels; at most"),
        ("http://example.org/fox.png", "only those with https"),
        ("file:///etc/fox.png", "only those with https"),
        ("https://", "only those with https"),
        ("data:image/png,abc", "no data URI in base64"),
        ("data:image/png;base64,%%%", "no data URI in base64"),
        ("", "image is ''"),
        (5, "image is 5: it must be a path, bytes, an https URL, a Video or (video, seconds)"),
        ((1, 2), "it must be a path"),
        (".", "that is no file"),
    ],
)
def test_what_is_no_picture_is_named(image: Any, words: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        fox(image)
    assert caught.value.field == "image"
    assert words in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_large_file_and_a_pipe_are_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "large.png", "wb") as file:
        file.truncate(10**12)
    with pytest.raises(InvalidRequestError, match=r"it has 1000000\.0 MB"):
        fox(tmp_path / "large.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InvalidRequestError, match="that is no file"):
        fox(tmp_path / "pipe.png")


def test_a_model_that_takes_none_is_named() -> None:
    assert {model.image for model in models.values()} == {None}
    plain = Model("acme/plain", "Plain", (4,), image=False)
    with pytest.raises(InvalidRequestError, match="image is given, and Plain takes none"):
        VideoRequest("A fox", model=plain, image=picture())
    assert VideoRequest("A fox", model=Model("acme/p", "P", (4,), image=True), image=picture()).image
    with pytest.raises(InvalidRequestError, match="The image of P is 'yes'"):
        Model("acme/p", "P", (4,), image="yes")  # type: ignore[arg-type]


# What a request with a picture is: to itself, on the wire, in a record.


def test_a_url_is_sent_as_it_is_and_is_the_same_as_the_further_field() -> None:
    request = fox(URL, extra={"seed": 7})
    assert wire_body(request)["image_url"] == request.image == URL
    assert request == fox(extra={"seed": 7, "image_url": URL})
    assert restore_request(request_fields(request)) == request
    with pytest.raises(InvalidRequestError, match="image is given, too"):
        fox(URL, extra={"image_url": URL})
    assert fox(extra={"image_url": {"odd": 1}}).image is None


@given(st.sampled_from(KINDS), st.tuples(*[st.integers(0, 255)] * 3), st.none() | st.floats(0, 1e6))
def test_the_record_has_all_of_a_picture_but_its_bytes(
    kind: str, hue: tuple[int, int, int], at: float | None
) -> None:
    content = picture(kind, (33, 20), hue)
    frame = None if at is None else Frame("3f9c2a71", at)
    request = fox(read_picture(content, frame=frame))
    fields = json.loads(json.dumps(request_fields(request)))
    assert len(json.dumps(fields)) < 500
    again = restore_request(fields)
    assert (again, fingerprint(again), again.image) == (request, fingerprint(request), request.image)
    assert image_of(again).frame == frame
    assert request_fields(again) == fields
    assert (
        wire_body(request)["image_url"]
        == f"data:image/{kind.lower()};base64,{base64.b64encode(content).decode()}"
    )
    with pytest.raises(InvalidRequestError, match="not at hand"):  # never without it
        wire_body(again)
    assert pickle.loads(pickle.dumps(request)) == request


images = st.none() | st.sampled_from(
    [URL, *(picture(kind, colour=(n, n, n)) for kind in KINDS for n in (1, 2))]
)


@given(images, images)
def test_requests_are_the_same_exactly_when_their_pictures_are(one: Any, other: Any) -> None:
    a, b = fox(one), fox(other)
    assert (fingerprint(a) == fingerprint(b)) == (one == other) == (a == b) == (len({a, b}) == 1)


def test_the_fingerprint_of_a_picture_stays_what_it_was() -> None:
    # As that of a request without one: libraries on users' disks hold it.
    fields = {
        **request_fields(fox(duration=6)),
        "image": {"sha256": "ab" * 32, "type": "image/png", "size": 9, "width": 1, "height": 1},
    }
    assert (
        fingerprint(restore_request(fields))
        == "e83af80755f31407e99bddb10ed56b78c47b43d07c8a5554e6877df13cae3ed9"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "../../etc/passwd"},
        {"sha256": "AB" * 32},
        {"type": "image/svg+xml"},
        {"type": []},
        {"size": -1},
        {"width": True},
        {"from": {"key": 5, "at": 1.0}},
        {"from": {"key": "3f9c2a71", "at": float("inf")}},
        {"from": []},
    ],
)
def test_a_record_with_another_picture_is_damaged(wrong: dict[str, Any]) -> None:
    fields = request_fields(fox(picture()))
    fields["image"].update(wrong)
    with pytest.raises(TypeError, match="its picture"):
        restore_request(fields)


# On its way.


def settle(job: Any, *statuses: str) -> None:
    """Waits until the job is at one of these."""
    there = threading.Event()

    def look() -> None:
        if job.record.status in statuses:
            there.set()

    end = job.subscribe(look)
    look()
    assert there.wait(30)
    end()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", KINDS)
def test_it_lies_in_the_library_once_and_is_sent_whole(
    kind: str, server: FaultServer, tmp_path: Path
) -> None:
    content = picture(kind)
    client = client_of(server, tmp_path)
    jobs = [client.generate("A fox", model="Veo 3.0", image=content, take=take) for take in (1, 2)]
    for job in jobs:
        job.wait(30)
    assert sent(server) == [content, content]
    (kept,) = (tmp_path / "pictures").iterdir()
    assert kept.read_bytes() == content
    assert kept.name.startswith(hashlib.sha256(content).hexdigest())
    sidecar = (tmp_path / f"{jobs[0].record.name}.json").read_bytes()
    assert len(sidecar) < 1500
    fields = json.loads(sidecar)
    assert (fields["version"], fields["request"]["image"]["sha256"]) == (3, kept.stem)
    assert "image_url" not in fields["request"].get("extra", {})
    assert image_of(jobs[0].request).content is None, "a job keeps no megabytes in memory"
    assert job_row(jobs[0], 0)["picture"] == kept.stem
    # Run again it is free, and finds it by the path that the code button gives.
    again = eval(python_call(jobs[0]), {"client": client})
    assert again is jobs[0]
    assert again.reused
    assert server.count("submit") == 2


@pytest.mark.usefixtures("quick")
def test_a_request_without_one_is_written_as_ever(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    job = client.generate(fox(URL))
    job.wait(30)
    fields = json.loads((tmp_path / f"{job.record.name}.json").read_bytes())
    assert (fields["version"], fields["request"]["extra"]) == (2, {"image_url": URL})
    assert json.loads(server.requests[0].body)["image_url"] == URL
    assert f"image={URL!r}" in python_call(job)
    assert "extra=" not in python_call(job)
    assert not (tmp_path / "pictures").exists()


def waiting(server: FaultServer, folder: Path, image: bytes) -> Any:
    """A job that waits to be sent, of a client that is closed meanwhile."""
    with client_of(server, folder, max_concurrent=1) as client:
        first = client.generate("In front of it", model="Veo 3.0")
        settle(first, "queued", "processing")
        job = client.generate(fox(image))
        assert job.status == "waiting"
    return job


@pytest.fixture
def slow() -> Any:
    """A service whose first job is not done before a test ends."""
    with FaultServer(video=small_mp4(1), polls=10**6) as server:
        yield server


@pytest.mark.usefixtures("quick")
def test_one_that_waits_has_its_picture_after_a_restart(slow: FaultServer, tmp_path: Path) -> None:
    content = picture("WEBP")
    waiting(slow, tmp_path, content)
    slow.polls = 1
    with client_of(slow, tmp_path) as client:
        # The same request, by what is on record: nobody gives the picture again.
        (record,) = (one for one in client.library if one.status == "waiting")
        client.generate(record.request).wait(30)
    assert sent(slow) == [b"", content]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("wrong", ["gone", "damaged", "another", "link"])
def test_it_is_never_sent_without_its_picture(
    wrong: str, slow: FaultServer, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = picture()
    job = waiting(slow, tmp_path, content)
    file = tmp_path / "pictures" / image_of(job.request).name
    if wrong == "damaged":
        file.write_bytes(content[:-1])
    elif wrong == "another":
        file.write_bytes(picture(colour=(1, 2, 3)))
    else:
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "same.png"
        file.rename(elsewhere)
        if wrong == "link":
            file.symlink_to(elsewhere)
    slow.polls = 1
    before = slow.count("submit")
    with client_of(slow, tmp_path) as client:
        (record,) = (one for one in client.library if one.status == "waiting")
        with pytest.raises(LibraryError, match="not there any more, or damaged"):
            client.generate(record.request)
        # It may also go while the job waits for its turn.
        again = client._manager._job(record, wanted=True)
        with pytest.raises(
            JobFailedError, match=r"not there any more, or damaged.*It is not sent without it"
        ):
            again.wait(30)
        assert again.error is not None
        assert again.error.kind == "storage"
        with pytest.raises(LibraryError, match="not there any more"):
            again.resubmit()
        assert slow.count("submit") == before
        # With the picture itself it is sent, and mended in the library.
        client.generate(fox(content)).wait(30)
    assert sent(slow) == [b"", content]
    assert file.read_bytes() == content
    assert not file.is_symlink()


def test_nothing_is_written_through_a_link(server: FaultServer, tmp_path: Path) -> None:
    library, elsewhere = tmp_path / "library", tmp_path / "elsewhere"
    library.mkdir()
    elsewhere.mkdir()
    (library / "pictures").symlink_to(elsewhere)
    with client_of(server, library) as client, pytest.raises(LibraryError, match="is no folder"):
        client.generate(fox(picture()))
    assert list(elsewhere.iterdir()) == []
    assert list(library.glob("*.json")) == []
    assert server.requests == []


def test_a_record_is_not_written_before_its_picture(server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "pictures").write_bytes(b"")  # in its way
    with client_of(server, tmp_path) as client, pytest.raises(LibraryError, match="cannot be used"):
        client.generate(fox(picture()))
    assert [one.name for one in tmp_path.iterdir()] == ["pictures"]


def test_an_older_version_leaves_such_a_record_alone(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path) as client:
        name = client.generate(fox(picture())).record.name
    content = (tmp_path / f"{name}.json").read_bytes()
    assert json.loads(content)["version"] == 3, "what it does not know of it would be sent without"
    assert read_record(name, tmp_path, content) is not None
    later = json.dumps({**json.loads(content), "version": 4}).encode()
    assert read_record(name, tmp_path, later) is None


@pytest.mark.usefixtures("quick")
def test_the_largest_one_is_sent_and_a_service_may_send_it_back(tmp_path: Path) -> None:
    content = noise(7.8)
    assert 7_800_000 < len(content) <= LARGEST

    def echo(status: int) -> Any:
        async def fault(exchange: Any) -> None:
            uri = json.loads(exchange.request.body)["image_url"]
            id = exchange.server.make_job(exchange.request)
            error = {"error": {"message": f"'image_url' is {uri[:5000]}"}}
            await exchange.send(status, {"image_url": uri, "id": id} if status == 200 else error)

        return fault

    with FaultServer(video=small_mp4(1), submit=[echo(422), echo(200)]) as server:
        client = client_of(server, tmp_path)
        with pytest.raises(JobFailedError, match=r"'image_url' is data:image/png;base64,…"):
            client.generate(fox(content)).wait(60)
        job = client.generate(fox(content))
        job.wait(60)
        assert sent(server) == [content, content]
    assert {one.stat().st_size < 2000 for one in tmp_path.glob("*.json")} == {True}


# A frame of a video.


COLOURS = [(200, 40, 40), (40, 180, 60), (30, 60, 200)]


@pytest.fixture
def video(tmp_path: Path) -> Video:
    path = tmp_path / "three-colours-0123abcd.mp4"
    write_colours(path, COLOURS)
    return Video(path, fox(), "vid_1", read_mp4(path))


def test_a_video_gives_its_last_frame_or_one_of_a_second(video: Video) -> None:
    last = image_of(fox(video))
    assert last.content is not None
    assert near(colour(last.content), COLOURS[2])
    assert (last.type, last.width, last.height) == ("image/jpeg", 128, 72)
    assert last.frame == Frame("0123abcd", 3.0)
    for at, wanted in ((0, 0), (0.99, 0), (1.0, 1), (1.5, 1), (2.0, 2), (3.0, 2)):
        found = image_of(fox((video, at)))
        assert found.content is not None
        assert near(colour(found.content), COLOURS[wanted]), at
        assert found.frame == Frame("0123abcd", at)
    for wrong in (-1, 3.5, float("nan"), "1", True):
        with pytest.raises(InvalidRequestError, match="it must be a second of it"):
            fox((video, wrong))


def test_a_frame_that_was_taken_once_stays_what_it_was(video: Video) -> None:
    # Another version of an encoder makes other bytes, and run again the request would be paid anew.
    first = video.picture()
    (noted,) = video.path.parent.glob("pictures/*.frame")
    assert noted.read_text() == first.name
    other = picture("JPEG", colour=(1, 2, 3))
    fake = read_picture(other)
    (noted.parent / fake.name).write_bytes(other)
    noted.write_text(fake.name)
    assert video.picture() == fake, "it is not taken again"
    (noted.parent / fake.name).unlink()
    assert video.picture() == first, "but where it is gone"
    noted.write_text("../../etc/passwd")
    assert video.picture() == first


def test_what_cannot_be_decoded_is_told(video: Video) -> None:
    video.path.write_bytes(b"no video")
    with pytest.raises(InvalidRequestError, match="no frame can be taken of it"):
        fox(video)


@pytest.mark.usefixtures("quick")
def test_a_shot_is_extended(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    first = client.generate(fox())
    shot = first.wait(30)
    job = client.generate("It runs away", model="Veo 3.0", image=shot)
    job.wait(30)
    frame = image_of(job.request).frame
    assert frame is not None
    assert (frame.key, frame.at) == (first.key, shot.duration)
    fields = json.loads((tmp_path / f"{job.record.name}.json").read_bytes())
    assert fields["request"]["image"]["from"] == {"key": first.key, "at": shot.duration}
    assert client.generate("It runs away", model="Veo 3.0", image=shot) is job
    assert client.generate("It runs away", model="Veo 3.0", image=(shot, 0.0)) is not job


def test_pictures_that_a_killed_process_was_writing_are_cleared_away(tmp_path: Path, video: Video) -> None:
    video.picture()
    old, new = (video.path.parent / "pictures" / f".{name}.png.1-1.tmp" for name in ("a", "b"))
    old.write_bytes(b"")
    os.utime(old, (1, 1))
    new.write_bytes(b"")
    VideoClient("rc_live_test", library=tmp_path, resume=False).library.tidy()
    assert not old.exists()
    assert new.exists()
