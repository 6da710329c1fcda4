"""`Video`: the HTML that it shows itself with, and that stays in a saved notebook."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from videos import small_jpeg, small_mp4, write_large_mp4

from runcrate_widget import Video, VideoRequest, errors
from runcrate_widget.media.mp4 import read_mp4
from runcrate_widget.media.poster import poster_path

SMALL = small_mp4(1, 320, 180)


def video(path: Path, prompt: str = "A fox", **options: bool) -> Video:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SMALL)
    return Video(path, VideoRequest(prompt, model="Veo 3.0"), "vid_1", read_mp4(path), **options)


class Tags(HTMLParser):
    """The tags of an HTML, by name, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: dict[str, dict[str, str]] = {}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in self.tags or tag == "br", f"two of {tag}"
        self.tags[tag] = {name: value or "" for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(of: Video) -> Tags:
    return Tags(of._repr_mimebundle_()["text/html"])


@pytest.fixture(autouse=True)
def _beside_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_player_lies_over_the_one_copy_of_the_poster(tmp_path: Path) -> None:
    one = video(tmp_path / "runcrate_videos" / "a-fox-12345678.mp4", 'A fox\'s "tail" <in> the snow & ice')
    there = shown(one)
    poster = base64.b64decode(there.tags["img"]["src"].removeprefix("data:image/jpeg;base64,"))
    assert poster == one.poster == poster_path(one.path).read_bytes()
    assert there.tags["img"]["alt"] == one.request.prompt
    assert there.tags["video"]["src"] == "runcrate_videos/a-fox-12345678.mp4"
    assert there.tags["video"]["preload"] == "none"
    assert {"controls", "loop", "muted", "playsinline"} <= set(there.tags["video"])
    assert one.request.prompt in there.text
    assert "Veo 3.0 · 1 s · 320×180 · runcrate_videos/a-fox-12345678.mp4" in there.text
    assert "DEMO" not in there.text
    assert "DEMO" in shown(video(one.path, demo=True)).text


def test_without_a_poster_the_browser_looks_for_a_first_picture(tmp_path: Path) -> None:
    one = video(tmp_path / "a.mp4")
    one.path.write_bytes(SMALL[:100])  # so that none can be made
    there = shown(one)
    assert "img" not in there.tags
    assert there.tags["video"]["preload"] == "metadata"
    assert "aspect-ratio:320/180" in there.tags["video"]["style"]


def test_a_poster_of_the_page_is_kept(tmp_path: Path) -> None:
    one = video(tmp_path / "a.mp4")
    with pytest.raises(errors.InvalidRequestError):
        one.keep_poster(b"<svg>")
    one.keep_poster(small_jpeg(b"of the page"))
    assert one.poster == small_jpeg(b"of the page")


@pytest.mark.parametrize(
    "name",
    [
        "a b.mp4",
        "50%20#1?.mp4",
        'it\'s "q".mp4',
        "ü é漢.mp4",
        "a:b.mp4",
        "<b>&amp;.mp4",
        "back\\slash.mp4",
        "e\u0301.mp4",
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="such names")
def test_any_name_is_a_url_that_leads_to_it(tmp_path: Path, name: str) -> None:
    there = shown(video(tmp_path / name))
    source = there.tags["video"]["src"]
    assert unquote(source) == name
    assert not re.search(r"[#?:\\\"' ]", source)
    assert name in there.text


@pytest.mark.skipif(sys.platform != "linux", reason="such names")
def test_a_name_that_is_no_text_can_still_be_sent(tmp_path: Path) -> None:
    bundle = video(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4")))._repr_mimebundle_()
    assert "src='%FF.mp4'" in bundle["text/html"]
    assert all(text.encode() for text in bundle.values())


def test_a_file_outside_of_the_notebooks_folder_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = video(tmp_path / "elsewhere" / "a.mp4")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    there = shown(one)
    assert there.tags["video"]["src"] == "../elsewhere/a.mp4"
    assert one.path.as_posix() in there.text


KERNEL = """
import os, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from runcrate_widget import Video, VideoRequest
from runcrate_widget.media.mp4 import read_mp4
path = Path(sys.argv[1])
os.chdir("/")
shell.user_ns.update(dict(given.split("=") for given in sys.argv[2:]))
print(Video(path, VideoRequest("A fox", model="Veo 3.0"), "vid_1", read_mp4(path))._html())
"""


def test_it_is_the_notebooks_folder_whatever_the_working_folder_is(tmp_path: Path) -> None:
    # JPY_SESSION_NAME would say the wrong one where a notebook runs another (papermill): the child inherits
    # it.
    one = video(tmp_path / "videos" / "a.mp4")

    def source(*names: str) -> str:
        environment = {
            **os.environ,
            "JPY_SESSION_NAME": "/another/notebook.ipynb",
            "IPYTHONDIR": str(tmp_path / "ipython"),
        }
        command = [sys.executable, "-c", KERNEL, str(one.path), *names]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return Tags(ran.stdout).tags["video"]["src"]

    assert source() == "videos/a.mp4"
    assert source(f"__vsc_ipynb_file__={tmp_path}/notebooks/a.ipynb") == "../videos/a.mp4"


@pytest.mark.parametrize(
    "prompt", ["A fox in the snow, seen from afar, with the sun behind it. " * 30, "雪の中の狐、" * 100]
)
def test_it_is_light(tmp_path: Path, prompt: str) -> None:
    path = tmp_path / "runcrate_videos" / "a-cinematic-sunrise-over-misty-mountains-e6f598f3.mp4"
    path.parent.mkdir()
    write_large_mp4(path, 1)  # noise, so the poster is as large as they come
    one = video(path, prompt)
    assert one.poster
    assert len(one._html().encode()) - len(base64.b64encode(one.poster)) <= 1024
    assert len(base64.b64encode(one.poster)) <= 15_000


def test_alone_it_has_the_whole_prompt_and_what_one_does_with_it(tmp_path: Path) -> None:
    prompt = "A <b>fox</b> in the snow,\n\nfilmed from afar. " * 20
    one = video(tmp_path / "a b.mp4", prompt)
    there = shown(one)
    assert prompt.strip() in there.text
    assert there.tags["a"] == {"href": "a%20b.mp4", "download": ""}
    assert "client.job('vid_1').wait()" in there.text
    assert "script" not in there.tags
    assert "details" in there.tags, "folded"
    assert "<details" not in one._html(), "many players have none of it"


def test_embedded_it_needs_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = video(tmp_path / "a.mp4")
    there = Tags(one._html(one._embedded()))
    assert base64.b64decode(there.tags["video"]["src"].removeprefix("data:video/mp4;base64,")) == SMALL
    one.show(embed=True)
    assert capsys.readouterr().out == f"{one!r}\n", "where there is no notebook, it prints itself"


def test_too_large_a_video_is_not_embedded(tmp_path: Path) -> None:
    write_large_mp4(tmp_path / "a.mp4", 51)
    with pytest.raises(errors.InvalidRequestError, match=r"has 5[12] MB; at most 50 MB can be embedded"):
        video(tmp_path / "a.mp4").show(embed=True)
