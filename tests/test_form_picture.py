"""The picture of the form: from the page into the library, as a control, and back to the page."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of
from pictures import KINDS, colour, near, noise, picture, write_colours
from test_wall import Wall
from test_widget import CONTROLS, Conversation
from traitlets import TraitError

from runcrate_widget import VideoRequest, VideoWidget
from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.media.mp4 import read_mp4
from runcrate_widget.media.video import Video
from runcrate_widget.notebook import rows
from runcrate_widget.notebook.messages import LARGEST_PICTURE
from runcrate_widget.picture import LARGEST, Picture

URL = "https://example.org/fox.png"

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def widget(server: FaultServer, tmp_path: Path) -> VideoWidget:
    return VideoWidget(client=client_of(server, tmp_path / "library"))


@pytest.fixture
def view(widget: VideoWidget) -> Conversation:
    return Conversation(widget)


def hand_over(view: Conversation, content: bytes, frame: Any = None, name: str = "fox.png") -> dict[str, Any]:
    data = base64.b64encode(content).decode()
    answer, _ = view.say("picture", data=data, name=name, **{"from": frame})
    return answer


def bodies(server: FaultServer) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in server.requests if one.step == "submit"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_from_the_page_is_sent_as_the_person_saw_it(
    kind: str, widget: VideoWidget, view: Conversation, server: FaultServer
) -> None:
    content = picture(kind)
    answer = hand_over(view, content, {"key": "0123abcd", "at": 4.25})
    known = answer["picture"]
    assert known == {
        "sha256": hashlib.sha256(content).hexdigest(),
        "type": f"image/{kind.lower()}",
        "size": len(content),
        "width": 64,
        "height": 36,
    }
    assert widget.image is None, "it is a control of its own"
    answer, _ = view.say("set", name="image", value=known["sha256"])
    assert answer["ok"]
    assert widget.image == widget.get_state()["image"] == known["sha256"]
    answer, _ = view.say("generate", **{**CONTROLS, "image": known["sha256"]})
    assert answer["ok"], answer
    (job,) = widget.jobs
    job.wait(30)
    assert bodies(server)[0]["image_url"] == (
        f"data:image/{kind.lower()};base64,{base64.b64encode(content).decode()}"
    )
    fields = json.loads((job.record.folder / f"{job.record.name}.json").read_bytes())
    assert fields["request"]["image"]["from"] == {"key": "0123abcd", "at": 4.25}
    row = rows.job_row(job, 1)
    assert row["picture"] == known["sha256"]
    assert len(json.dumps(row)) < 1024
    code, _ = view.say("code", key=job.key)
    assert eval(code["code"], {"client": widget.client}) is job


def test_after_a_reload_the_page_gets_a_small_one(
    view: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture("WEBP", (1280, 720), (30, 60, 200))
    known = hand_over(view, content)["picture"]
    answer, (small,) = view.say("picture_of", sha256=known["sha256"])
    assert answer["ok"]
    assert len(small) < 11_000
    assert near(colour(small), (30, 60, 200))
    monkeypatch.setitem(__import__("sys").modules, "av", None)  # without PyAV it is the picture itself
    assert view.say("picture_of", sha256=known["sha256"])[1] == [content]
    for unknown in ("ab" * 32, "../../etc/passwd", None, 5):
        answer, buffers = view.say("picture_of", sha256=unknown)
        assert (answer["ok"], buffers) == (True, [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no picture", "image is 'fox.png': its content is none of the types that are sent"),
        (picture()[:-9], "image is 'fox.png': it is no whole PNG"),
        (noise(5.1), "image is 'fox.png': it has 5.1 MB; a page can hand over 5 MB. Make it smaller"),
        (picture(size=(9000, 1)), "9000×1 pixels"),
    ],
)
def test_what_is_no_picture_is_refused_at_once(
    content: bytes, words: str, widget: VideoWidget, view: Conversation
) -> None:
    error = hand_over(view, content)["error"]
    assert (error["field"], error["hint"]) == ("image", error["hint"])
    assert words in f"{error['message']} {error['hint']}"
    assert not (widget.client.library.folder / "pictures").exists()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"data": "%%%", "name": ""}, "image is the picture: it came as no base64"),
        ({"data": None, "name": None}, "image is the picture: "),
        ({"data": base64.b64encode(picture()).decode(), "name": "a", "from": {"key": 1}}, "origin"),
        ({}, "image is the picture"),
    ],
)
def test_a_message_that_is_none_is_refused(message: dict[str, Any], words: str, view: Conversation) -> None:
    answer, _ = view.say("picture", **message)
    assert words in answer["error"]["message"]


def test_one_message_of_the_page_stays_below_what_breaks_the_connection() -> None:
    assert LARGEST_PICTURE * 4 / 3 + 1000 < 10 * 2**20
    assert LARGEST_PICTURE < LARGEST


def test_from_code_the_control_takes_what_generate_takes(widget: VideoWidget, tmp_path: Path) -> None:
    content = picture("JPEG")
    (tmp_path / "fox.jpg").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    for given in (tmp_path / "fox.jpg", str(tmp_path / "fox.jpg"), content, sha256):
        widget.image = given
        assert widget.image == sha256
    widget.prompt = "A fox"
    path = tmp_path / "colours-0123abcd.mp4"
    write_colours(path, [(200, 40, 40), (30, 60, 200)])
    video = Video(path, VideoRequest("A fox", model="Veo 3.0"), "vid_1", read_mp4(path))
    widget.image = video
    last = widget.image
    assert isinstance(last, str)
    assert last != sha256
    kept = widget.client.library.store.pictures.find(last)
    assert kept is not None
    assert kept.content is not None
    assert near(colour(kept.content), (30, 60, 200))
    image = widget._request().image
    assert isinstance(image, Picture)
    assert image.frame is not None
    assert (image.frame.key, image.frame.at) == ("0123abcd", 2.0)
    widget.image = URL
    assert widget.image == widget._request().image == URL
    with pytest.raises(TraitError, match="it cannot be read"):
        widget.image = "none.png"
    with pytest.raises(TraitError, match="there is no such picture"):
        widget.image = "ab" * 32
    assert widget.image == URL, "as it was"
    widget.image = None
    assert widget._request().image is None
    again = VideoWidget(client=widget.client, image=content, prompt="A fox")
    assert again.image == sha256


def test_a_page_names_no_file_of_this_machine(
    widget: VideoWidget, view: Conversation, tmp_path: Path
) -> None:
    (tmp_path / "private.png").write_bytes(picture())
    for given in (
        str(tmp_path / "private.png"),
        "data:image/png;base64,AAAA",
        5,
        ["a"],
        "http://example.org/",
    ):
        answer, _ = view.say("set", name="image", value=given)
        assert answer["error"]["field"] == "image"
        answer, _ = view.say("generate", **{**CONTROLS, "image": given})
        assert answer["error"]["field"] == "image"
        with pytest.raises(InvalidRequestError):
            widget.set_state({"image": given})
    assert widget.image is None
    assert widget.jobs == ()
    widget.set_state({"image": URL})
    assert widget.image == URL
    assert widget._models[0]["image"] is None


def test_the_settings_of_a_video_have_its_picture_and_what_no_control_has(
    widget: VideoWidget, view: Conversation
) -> None:
    frame = {"key": "0123abcd", "at": 4.25}
    sha256 = hand_over(view, picture("JPEG"), frame)["picture"]["sha256"]
    extended = widget.client.generate(
        "A fox", model="Veo 3.0", image=widget._picture(sha256), extra={"seed": 7}
    )
    address = widget.client.generate("A fox", model="Veo 3.0", image=URL)
    plain = widget.client.generate("A fox", model="Veo 3.0")
    for job in (extended, address, plain):
        job.wait(30)
    another = Wall(VideoWidget(client=widget.client))  # that knows nothing of the picture
    for job, image, extra in ((extended, sha256, ["seed"]), (address, URL, []), (plain, None, [])):
        settings = another.ask("settings_of", key=job.key)
        assert (settings["image"], settings["left_out"]) == (image, extra)
    rows = {row["key"]: row for row in another.rows(stack=None)}
    assert (rows[extended.key]["picture"], rows[extended.key]["frame"]) == (sha256, frame)
    assert (rows[address.key]["picture"], rows[address.key]["frame"]) == (None, None)
    again = another.widget._picture(sha256)
    assert isinstance(again, Picture) and again.frame and again.frame.key == "0123abcd", "it stays a frame"
