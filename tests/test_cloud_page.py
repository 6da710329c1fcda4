"""A library in a bucket, as a notebook shows it: by a real S3 server (moto, on loopback), which no page may read
but by a player."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from fault_server import KEY, FaultServer, client_of
from lab import Lab, LabServer, Notebook
from moto_app import OneAtATime
from playwright.sync_api import Locator, expect
from test_delivery import player, seek, widget
from test_wall import Wall
from videos import small_mp4, write_large_mp4
from werkzeug.serving import make_server

from runcrate_widget import VideoClient, VideoWidget
from runcrate_widget.notebook.tables import _show_video, library_html
from runcrate_widget.picture import Frame, Picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECRET = "testsecret"


class Bucket:
    """S3 in this process; what is done by a signed URL is in `played`: (range, status)."""

    def __init__(self) -> None:
        self._s3 = OneAtATime()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.played: list[tuple[str, int]] = []
        self.gets: list[str] = []  # paths that were read by their owner
        self.expired: set[str] = set()  # signatures
        self.signatures: set[str] = set()
        self.meet: threading.Semaphore | None = None  # of those who ask for a poster
        self.met = threading.Event()  # as many as were to be there
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        signature = query.get("X-Amz-Signature", [""])[0]
        path = environ["PATH_INFO"]
        if signature in self.expired:
            self.played.append((environ.get("HTTP_RANGE", ""), 403))
            start("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>AccessDenied</Code></Error>"]
        if not signature and environ["REQUEST_METHOD"] == "GET":
            self.gets.append(path)
            if self.meet and "/posters/" in path:
                # Of those that are too many none waits.
                if not self.meet.acquire(blocking=False):
                    self.met.set()
                self.met.wait(30)

        def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if signature:
                self.signatures.add(signature)
                self.played.append((environ.get("HTTP_RANGE", ""), int(status.split()[0])))
            # As of a bucket that nobody has set up for pages.
            kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control")]
            return start(status, kept, *rest)

        return self._s3(environ, begin)

    def environment(self, cache: Path) -> dict[str, str]:
        """Of a process with a cache of its own: another machine."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ENDPOINT_URL": self.url,
            "RUNCRATE_CACHE": str(cache),
        }

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """With the bucket `films` in it."""
    running = Bucket()
    try:
        for name, value in running.environment(tmp_path / "cache").items():
            monkeypatch.setenv(name, value)
        import boto3  # type: ignore[import-untyped,import-not-found,unused-ignore]

        boto3.client("s3", endpoint_url=running.url).create_bucket(Bucket="films")
        yield running
    finally:
        running.close()


@pytest.fixture
def library() -> str:
    """The URL of a library that no other test has."""
    return f"s3://films/{uuid.uuid4().hex[:8]}"


def of_another(bucket: Bucket, library: str, server: FaultServer, cache: Path) -> dict[str, str]:
    """The environment of a kernel on another machine."""
    return {
        **bucket.environment(cache),
        "RUNCRATE_API_KEY": KEY,
        "RUNCRATE_BASE_URL": server.url,
        "RUNCRATE_LIBRARY": library,
    }


def emptied(client: VideoClient) -> None:
    """As of a machine that has never seen these videos."""
    for file in client.library.folder.glob("*.*"):
        file.unlink()


@pytest.mark.usefixtures("quick")
def test_what_the_page_is_told_comes_of_records_and_nothing_is_fetched_for_it(
    server: FaultServer, bucket: Bucket, library: str
) -> None:
    client = client_of(server, library)  # type: ignore[arg-type]
    job = client.generate("A fox", model="Veo 3.0")
    job.wait(30)
    emptied(client)
    bucket.gets.clear()
    view = Wall(VideoWidget(client=client))
    view.wall()
    (row,) = view.rows()
    location = f"{library}/videos/{job.record.name}.mp4"
    assert row["video"]["path"] == location
    assert row["video"]["size"] == len(server.video)
    assert view.widget._session["library"] == library
    assert library_html(client.library).count("<img") == 1
    answer, (poster,) = view.say("posters", keys=[job.key])
    assert answer["with"] == [job.key] and poster[:2] == b"\xff\xd8"
    url = view.ask("url", key=job.key)["url"]
    assert url.startswith(f"{bucket.url}/{library[5:]}/videos/") and SECRET not in url
    # In pieces, as they are asked for.
    answer, (piece,) = view.say("chunk", key=job.key, offset=100, length=50)
    assert (bytes(piece), answer["total"]) == (server.video[100:150], len(server.video))
    assert not list(client.library.folder.glob("*.mp4"))
    said = json.dumps([view.widget.get_state(), repr(job), repr(view.widget)], default=str)
    assert "X-Amz" not in said and str(client.library.folder) not in said
    client.close()


@pytest.mark.usefixtures("quick")
def test_a_frame_that_the_page_may_not_see_is_taken_by_the_kernel(
    server: FaultServer, bucket: Bucket, library: str
) -> None:
    assert bucket
    client = client_of(server, library)  # type: ignore[arg-type]
    job = client.generate("A fox", model="Veo 3.0")
    job.wait(30)
    view = Wall(VideoWidget(client=client))
    view.wall()
    frame = {"key": job.key, "at": 0.9}
    picture = view.ask("picture", data="", name="the last frame", **{"from": frame})["picture"]
    assert (picture["type"], picture["width"]) == ("image/jpeg", 64)
    view.widget.image, view.widget.prompt = picture["sha256"], "It runs"
    again = view.widget.generate()
    assert not isinstance(again, list)
    again.wait(30)
    assert isinstance(again.request.image, Picture) and again.request.image.frame == Frame(job.key, 0.9)
    code = view.ask("code", key=again.key)["code"]
    assert str(client.library.folder) not in code
    assert eval(code, {"client": client}) is again
    client.close()


@pytest.mark.usefixtures("quick")
def test_posters_come_side_by_side(server: FaultServer, bucket: Bucket, library: str) -> None:
    client = client_of(server, library, max_concurrent=8)  # type: ignore[arg-type]
    jobs = [client.generate("A fox", model="Veo 3.0", take=take) for take in range(1, 9)]
    for job in jobs:
        job.wait(60)
    emptied(client)
    view = Wall(VideoWidget(client=client))
    view.wall()
    bucket.meet = threading.Semaphore(7)  # none is answered before all eight are asked for
    answer, posters = view.say("posters", keys=[job.key for job in jobs])
    assert len(posters) == len(answer["with"]) == 8
    client.close()


@pytest.mark.usefixtures("quick")
def test_a_saved_notebook_has_the_poster_and_the_code_and_no_link(
    server: FaultServer, bucket: Bucket, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket
    client = client_of(server, library)  # type: ignore[arg-type]
    job = client.generate("A fox", model="Veo 3.0")
    video = job.wait(30)
    monkeypatch.chdir(tmp_path)
    from runcrate_widget.notebook.batch_view import bundle

    batch = client.plan(["A fox"], models=["Veo 3.0"]).run()
    batch.wait(30)
    pages = [video._repr_mimebundle_()["text/html"], bundle(batch, {})["text/html"]]
    pages.append(library_html(client.library))
    for page in pages:
        assert "data:image/jpeg;base64," in page
        assert not any(one in page for one in ("<video", "href=", "X-Amz", str(client.library.folder)))
    assert video.location in pages[0] and f"client.job(&#x27;{job.id}&#x27;).wait()" in pages[0].replace(
        "'", "&#x27;"
    )
    assert "<video" in video._bundle(video._embedded())["text/html"]
    with pytest.raises(NotImplementedError):  # where there are no widgets
        _show_video(video)
    # What is made of it is where a person finds it.
    assert video.trim(0, 0.5).path.parent == tmp_path
    assert video.to_gif(fps=5).parent == tmp_path
    client.close()


@pytest.mark.usefixtures("quick")
def test_what_was_put_away_and_what_was_deleted_are_told_apart(
    server: FaultServer, bucket: Bucket, library: str
) -> None:
    assert bucket
    client = client_of(server, library)  # type: ignore[arg-type]
    jobs = [client.generate("A fox", model="Veo 3.0", take=take) for take in (1, 2)]
    for job in jobs:
        job.wait(30)
    view = Wall(VideoWidget(client=client))
    view.wall()
    view.ask("choose", keys=[jobs[0].key], changes={"hidden": True})
    view.ask("bin", keys=[jobs[1].key])
    (stack,) = view.rows(hidden=True)
    rows = {row["key"]: row for row in view.rows(hidden=True, stack=stack["stack"])}
    away, deleted = (rows[job.key] for job in jobs)
    assert away["video"] and not away["binned"]
    assert deleted["video"] is None and deleted["binned"]
    (row,) = view.ask("restore", keys=[jobs[1].key])["rows"]
    assert row["video"] and not row["binned"]
    client.close()


@pytest.mark.usefixtures("quick")
def test_a_store_that_signs_nothing_gives_no_url_and_its_videos_in_pieces(server: FaultServer) -> None:
    client = client_of(server, f"memory://{uuid.uuid4().hex}")  # type: ignore[arg-type]
    job = client.generate("A fox", model="Veo 3.0")
    job.wait(30)
    emptied(client)
    view = Wall(VideoWidget(client=client))
    view.wall()
    assert view.rows()[0]["video"]["path"].startswith("memory://")
    assert view.ask("url", key=job.key)["url"] is None
    _, (piece,) = view.say("chunk", key=job.key, offset=len(server.video) - 10, length=1000)
    assert bytes(piece) == server.video[-10:]
    client.close()


ANOTHER = """
from runcrate_widget import VideoClient, VideoWidget
client = VideoClient()
w = VideoWidget(client=client, prompt="An owl")
w"""


def playing(shown: Locator, bucket: Bucket) -> Locator:
    """The `<video>` in the stage, which plays from the store."""
    video = player(shown, "url")
    assert video.evaluate("video => new URL(video.currentSrc).origin") == bucket.url
    return video


def kept(notebook: Notebook, bucket: Bucket, caches: list[Path]) -> str:
    """What was saved: nothing that gives a right, and no file of this machine."""
    notebook.save()
    text = notebook.path.read_text(encoding="utf-8")
    for secret in ("X-Amz", SECRET, KEY, bucket.url, *map(str, caches)):
        assert secret not in text
    return text


DEMO = """
from runcrate_widget import VideoClient, VideoWidget
client = VideoClient(demo=True)
w = VideoWidget(client=client, prompt="A fox in the snow")
w"""


def test_in_jupyterlab_it_plays_from_the_store_and_nothing_of_that_is_saved(
    lab: Lab, bucket: Bucket, library: str, tmp_path: Path
) -> None:
    cache = tmp_path / "theirs"
    given = {**bucket.environment(cache), "RUNCRATE_LIBRARY": library}
    notebook = lab.open(
        "cloud/demo.ipynb", [DEMO, "w.jobs[-1].video", "w.jobs[-1]", "client.library"], env=given
    )
    notebook.run(0)
    shown = widget(notebook, 0)
    shown.get_by_role("button", name="Generate").click()
    video = playing(shown, bucket)
    bucket.played.clear()
    seek(video, 0.7)
    seek(video, 0.2)
    assert {status for _, status in bucket.played} <= {206}
    path = shown.get_by_role("button", name="Path")
    assert (path.get_attribute("title") or "").startswith(f"Copy: {library}/videos/")
    with lab.page.expect_download() as download:
        shown.get_by_role("link", name="Save").click()
    assert download.value.suggested_filename.endswith(".mp4")
    # The page may not have its pixels: the kernel takes the frame.
    shown.get_by_role("button", name="Extend").click()
    expect(shown.locator(".rw-start img")).to_be_visible(timeout=30_000)
    expect(shown.locator(".rw-start")).to_contain_text("the last frame of")
    for cell in (1, 2, 3):
        notebook.run(cell)
    for cell in (1, 2):
        playing(widget(notebook, cell), bucket)
    text = kept(notebook, bucket, [cache])
    assert "data:image/jpeg;base64," in text and "show(embed=True)" in text


IN_CELLS = [
    "from runcrate_widget import VideoClient\nclient = VideoClient(owner='ann')",
    "job = client.generate('A fox', model='Veo 3.0')\njob",
    "client.library.filter()[0].video",
    "client.library[0].video.show()",
    "print('kept:', job.choice.kept, len(client.library))",
]


def test_what_a_cell_shows_plays_there_and_its_poster_is_saved(
    lab: Lab, bucket: Bucket, library: str, tmp_path: Path
) -> None:
    cache = tmp_path / "theirs"
    with FaultServer(video=small_mp4(4, 160, 90), polls=10**6) as server:
        given = of_another(bucket, library, server, cache)
        notebook = lab.open("cloud/cells.ipynb", IN_CELLS, env=given)
        for cell in (0, 1):
            notebook.run(cell)
        shown = widget(notebook, 1)
        expect(shown.locator(".rw-stage")).to_contain_text("processing", timeout=30_000)
        server.jobs["vid_000001"] = 0
        playing(shown, bucket)
        expect(shown.locator(".rw-stage")).to_have_count(0)
        for cell in (2, 3):
            notebook.run(cell)
            another = widget(notebook, cell)
            playing(another, bucket)
            expect(another.locator(".rw-facts").filter(has_text="by ann")).to_be_visible(timeout=30_000)
            # It is this video, and no wall.
            expect(another.locator(".rw-solo")).to_be_visible()
            expect(another.get_by_label("Prompt", exact=True)).to_have_count(0)
        # What is done with it is done to the record, and every output of it says so.
        shown.get_by_role("button", name="Keep", exact=True).click()
        for cell in (1, 2):
            pressed = widget(notebook, cell).get_by_role("button", name="Kept", exact=True)
            expect(pressed).to_be_visible(timeout=30_000)
        notebook.run(4)
        assert notebook.text(4) == "kept: True 1"
        assert server.count("submit") == 1
        text = kept(notebook, bucket, [cache])
        assert text.count("data:image/jpeg;base64,") == 3
        # Opened again, without what was live.
        lab.page.reload()
        notebook.wait_ready()
        notebook.restart_kernel()
        lab.page.reload()
        notebook.wait_ready()
        said = notebook.output(2).get_by_text("It plays here when this cell is run in Jupyter")
        expect(said).to_be_visible(timeout=30_000)
        expect(said).to_contain_text("client.job('vid_000001').wait().show(embed=True)")
        assert said.evaluate("said => said.scrollWidth <= said.clientWidth")
        expect(notebook.output(2).locator("img")).to_be_visible()


def made_elsewhere(bucket: Bucket, library: str, tmp_path: Path, megabytes: int) -> FaultServer:
    """The service, of which a process here has made one video of this size."""
    assert bucket
    file = tmp_path / "video.mp4"
    write_large_mp4(file, megabytes)
    server = FaultServer(video=file.read_bytes(), polls=0)
    with server, client_of(server, library) as client:  # type: ignore[arg-type]
        client.generate("A fox in the snow", model="Veo 3.0").wait(120)
    return server


@pytest.mark.slow
def test_an_url_that_has_expired_is_asked_for_anew_and_it_goes_on_at_the_same_second(
    lab: Lab, bucket: Bucket, library: str, tmp_path: Path
) -> None:
    server = made_elsewhere(bucket, library, tmp_path, 160)  # more than a browser reads ahead
    cache = tmp_path / "theirs"
    notebook = lab.open("cloud/long.ipynb", [ANOTHER], env=of_another(bucket, library, server, cache))
    notebook.run(0)
    shown = widget(notebook, 0)
    video = playing(shown, bucket)
    first = video.evaluate("video => video.currentSrc")
    # A laptop has slept.
    lab.page.evaluate("{ const now = Date.now; Date.now = () => now() + 4_000_000; }")
    # A URL that is signed in the same second is the same one.
    signed, pause = parse_qs(first.partition("?")[2])["X-Amz-Date"][0], threading.Event()
    while f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}" <= signed:
        pause.wait(0.05)
    bucket.expired |= bucket.signatures
    at = video.evaluate("video => { video.pause(); return video.currentTime = 0.9 * video.duration; }")
    lab.page.wait_for_function(
        """([video, first, at]) => video.currentSrc !== first && video.readyState >= 2
            && Math.abs(video.currentTime - at) < 0.1""",
        arg=[video.element_handle(), first, at],
        timeout=60_000,
    )
    assert any(status == 403 for _, status in bucket.played)
    assert video.evaluate("video => video.paused")
    video.evaluate("video => video.play()")
    lab.page.wait_for_function(
        "([video, at]) => video.currentTime > at + 0.2", arg=[video.element_handle(), at]
    )
    # The kernel has fetched none of it.
    assert not list(cache.rglob("*.mp4"))
    kept(notebook, bucket, [cache])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["aborted", "silent"])
def test_where_the_page_cannot_reach_the_store_the_kernel_reads_it_piece_by_piece(
    lab: Lab, bucket: Bucket, library: str, tmp_path: Path, how: str
) -> None:
    server = made_elsewhere(bucket, library, tmp_path, 20)
    cache = tmp_path / "theirs"
    held: list[Any] = []
    lab.page.route(
        f"{bucket.url}/**", lambda route: route.abort() if how == "aborted" else held.append(route)
    )
    notebook = lab.open("cloud/pull.ipynb", [ANOTHER], env=of_another(bucket, library, server, cache))
    notebook.run(0)
    shown = widget(notebook, 0)
    seek(player(shown, "pull"), 0.8)
    assert len([path for path in bucket.gets if path.endswith(".mp4")]) >= 20
    assert not list(cache.rglob("*.mp4"))
    for route in held:
        route.abort()
    lab.page.unroute_all()


def test_what_a_colleague_makes_is_told_where_one_would_make_it_again(
    lab: Lab, bucket: Bucket, library: str, tmp_path: Path
) -> None:
    with FaultServer(video=small_mp4(4, 160, 90), polls=10**6) as server:
        notebook = lab.open(
            "cloud/bob.ipynb", [ANOTHER], env=of_another(bucket, library, server, tmp_path / "theirs")
        )
        notebook.run(0)
        shown = widget(notebook, 0)
        with client_of(server, library, owner="ann") as ann:  # type: ignore[arg-type]
            job = ann.generate("A fox in the snow", model="Veo 3.0")
            line = shown.get_by_text("1 running elsewhere in this library: A fox in the snow (ann)")
            expect(line).to_be_visible(timeout=60_000)
            expect(shown.locator(".rw-run")).to_have_count(0)  # it is not Bob's to cancel
            server.jobs["vid_000001"] = 0
            job.wait(60)
            playing(shown, bucket)
            expect(line).to_have_count(0)


def test_everyones_widget_shows_the_same_wall(
    lab: Lab, browser: Browser, lab_server: LabServer, bucket: Bucket, library: str, tmp_path: Path
) -> None:
    with FaultServer(video=small_mp4(4, 160, 90), polls=0) as server, browser.new_context() as context:
        caches = [tmp_path / "mine", tmp_path / "theirs"]
        mine, theirs = (of_another(bucket, library, server, cache) for cache in caches)
        notebook = lab.open("cloud/mine.ipynb", [ANOTHER], env=mine)
        notebook.run(0)
        other = Lab(lab_server, context.new_page()).open("cloud/theirs.ipynb", [ANOTHER], env=theirs)
        other.run(0)
        here, there = widget(notebook, 0), widget(other, 0)
        for shown, prompt, looks in ((here, "A fox in the snow", there), (there, "An owl at night", here)):
            shown.get_by_label("Prompt", exact=True).fill(prompt)
            shown.get_by_role("button", name="Generate").click()
            # One alone is no wall; and who has made one goes on looking at it.
            seen = looks.locator(".rw-about, .rw-tile").filter(has_text=prompt)
            expect(seen.first).to_be_visible(timeout=60_000)
        for each in (here, there):
            expect(each.locator(".rw-tile")).to_have_count(2, timeout=60_000)
            expect(each.locator(".rw-tile img")).to_have_count(2, timeout=60_000)
        playing(there, bucket)
        assert server.count("submit") == 2
        # What one makes of it, the other sees; and the other way round, of the same video.
        fox = [shown.locator(".rw-tile", has_text="A fox") for shown in (here, there)]
        fox[0].click()
        here.get_by_role("button", name="Keep", exact=True).click()
        expect(fox[1].locator(".rw-kept")).to_be_visible(timeout=60_000)
        fox[1].click()
        there.get_by_role("button", name="4 of 5").click()
        expect(fox[0]).to_contain_text("★ 4", timeout=60_000)
        expect(fox[0].locator(".rw-kept")).to_be_visible()
        playing(there, bucket)
        # Beside each other: what is compared is not read by the page, but seen.
        for tile in there.locator(".rw-tile").all():
            tile.hover()
            tile.locator(".rw-pick").click()
        there.locator(".rw-selection").get_by_role("button", name="Compare").click()
        expect(there.locator(".rw-compare video")).to_have_count(2, timeout=60_000)
        there.page.wait_for_function(
            """from => [...document.querySelectorAll(".rw-compare video")].every((video) =>
                video.currentSrc.startsWith(from) && video.readyState >= 2 && video.currentTime > 0)""",
            arg=bucket.url,
            timeout=60_000,
        )
        kept(notebook, bucket, caches)
        kept(other, bucket, caches)
