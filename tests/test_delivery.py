"""How a finished video gets to the page, over networks good and bad: real JupyterLab, Chromium, and
`proxy.py` between them.

A library beside the notebook is served by the notebook server itself; one outside of the server's root has to
come through the kernel.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fault_server import KEY, FaultServer
from lab import BLOCK, Lab, LabServer, Notebook
from playwright.sync_api import Locator, Page, Response, Route, WebSocket, expect
from proxy import Proxy
from videos import small_mp4, write_large_mp4

MAKE = """\
import os
from runcrate_widget import VideoWidget
w = VideoWidget(prompt="A fox in the snow")
w.generate().wait()
print("processes", os.getpid(), os.environ["JPY_PARENT_PID"])"""
SHOW = "from runcrate_widget import VideoWidget\nw = VideoWidget()\nw"
SLOW = 1_250_000  # bytes a second
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"


@pytest.fixture
def proxy(lab_server: LabServer) -> Iterator[Proxy]:
    """What is between the page and the server."""
    port = httpx.URL(lab_server.url).port
    assert port is not None
    with Proxy(port) as running:
        yield running


@pytest.fixture
def lab(lab_server: LabServer, proxy: Proxy, page: Page) -> Iterator[Lab]:
    """JupyterLab in `page`, behind `proxy`."""
    proxied = copy.copy(lab_server)
    proxied.url = f"http://127.0.0.1:{proxy.port}/"
    yield Lab(proxied, page)
    page.close()
    lab_server.stop_kernels()


class Wire:
    """What went over the page's websockets: which chunks it asked for, how much it was sent, how many have
    closed.
    """

    def __init__(self, page: Page) -> None:
        self.chunks: list[int] = []
        self.received = 0
        self.closed = 0
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)
        socket.on("close", self._closed)

    def _sent(self, frame: str | bytes) -> None:
        found = re.search(
            rb'"kind": ?"chunk".*?"offset": ?(\d+)', frame if isinstance(frame, bytes) else frame.encode()
        )
        if found:
            self.chunks.append(int(found[1]))

    def _received(self, frame: str | bytes) -> None:
        self.received += len(frame)

    def _closed(self, _: WebSocket) -> None:
        self.closed += 1


@pytest.fixture
def wire(page: Page) -> Wire:
    return Wire(page)


@pytest.fixture
def blobs(page: Page) -> None:
    """The page counts the blob URLs of videos that are not revoked, as `videoBlobs.size`."""
    page.add_init_script(
        """{
          const [make, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
          window.videoBlobs = new Set();
          URL.createObjectURL = (blob) => {
            const url = make.call(URL, blob);
            if (blob.type.startsWith("video/")) window.videoBlobs.add(url);
            return url;
          };
          URL.revokeObjectURL = (url) => {
            window.videoBlobs.delete(url);
            revoke.call(URL, url);
          };
        }"""
    )


def service(folder: Path, megabytes: int, **options: Any) -> FaultServer:
    """A service whose videos are this big, and done at the first poll unless `polls` says otherwise."""
    file = folder / "video.mp4"
    write_large_mp4(file, megabytes)
    return FaultServer(**{"video": file.read_bytes(), "polls": 0, **options})


def environment(server: FaultServer, library: Path | None = None) -> dict[str, str]:
    """Of a kernel with this service, and the library beside the notebook unless it is given."""
    given = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
    return given if library is None else given | {"RUNCRATE_LIBRARY": str(library)}


def widget(notebook: Notebook, cell: int) -> Locator:
    """The widget that a cell shows."""
    found = notebook.output(cell).locator(".runcrate-widget")
    expect(found).to_be_visible(timeout=30_000)
    return found


def player(shown: Locator, *ways: str) -> Locator:
    """The `<video>` in the stage, which has come one of these ways, and plays."""
    video = shown.locator(", ".join(f'.rw-player[data-transport="{way}"] video' for way in ways))
    expect(video).to_be_visible(timeout=60_000)
    video.scroll_into_view_if_needed()  # elsewhere Chromium lets none begin
    shown.page.wait_for_function(
        "video => video.readyState >= 2 && !video.paused && video.currentTime > 0",
        arg=video.element_handle(),
        timeout=60_000,
    )
    return video


def seek(video: Locator, share: float) -> None:
    """Seek to this share of the video, and wait for its picture there."""
    at, duration = video.evaluate(
        """(video, share) => new Promise((resolve) => {
          video.pause();
          video.addEventListener("seeked", () => resolve([video.currentTime, video.duration]), { once: true });
          video.currentTime = video.duration * share;
        })""",
        share,
    )
    assert at == pytest.approx(duration * share, abs=0.1)
    video.page.wait_for_function("video => video.readyState >= 2", arg=video.element_handle())


class Memory:
    """By how many MB the memory of a process has grown at most since this was made (Linux)."""

    def __init__(self, process: int) -> None:
        self._folder = Path("/proc", str(process))
        (self._folder / "clear_refs").write_text("5")  # the peak so far is forgotten
        self._before = self._read("VmRSS")

    def _read(self, name: str) -> float:
        status = (self._folder / "status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) / 1000

    @property
    def growth(self) -> float:
        return self._read("VmHWM") - self._before


@pytest.mark.slow
def test_200_mb_play_and_seek_by_the_servers_url_and_the_kernel_sends_none_of_it(
    lab: Lab, wire: Wire, tmp_path: Path
) -> None:
    answers: list[tuple[str, int]] = []

    def answered(response: Response) -> None:
        if "/files/" in response.url:
            answers.append((response.request.headers.get("range", ""), response.status))

    lab.page.on("response", answered)
    with service(tmp_path, 200) as server:
        notebook = lab.open("url/url.ipynb", [MAKE, "w"], env=environment(server))
        notebook.run(0)
        before = wire.received
        notebook.run(1)
        video = player(widget(notebook, 1), "url")
        seek(video, 0.7)
        seek(video, 0.2)
        # The server answers 200 to who asks for all of it.
        assert {status for asked, status in answers if asked != "bytes=0-"} == {206}
        assert sum(status == 206 for _, status in answers) >= 3
        assert wire.chunks == []
        assert wire.received - before < 1_000_000


def test_the_player_waits_neither_for_the_studio_nor_for_the_answer_whether_the_server_has_the_file(
    lab: Lab, page: Page, tmp_path: Path
) -> None:
    page.add_init_script(
        """{
          const make = URL.createObjectURL;
          window.scripts = [];
          URL.createObjectURL = (blob) => {
            if (blob.type === "text/javascript") window.scripts.push(blob.size);
            return make.call(URL, blob);
          };
        }"""
    )
    held: list[Route] = []

    def answer(route: Route) -> None:
        if route.request.headers.get("range") == "bytes=0-31":
            held.append(route)
        else:
            route.continue_()

    page.route("**/files/**/*.mp4", answer)
    with service(tmp_path, 1) as server:
        notebook = lab.open("early/small.ipynb", [MAKE, "w"], env=environment(server))
        notebook.run(0)
        # The studio, before there is a view.
        page.wait_for_function("window.scripts.some((size) => size > 90000)", timeout=30_000)
        notebook.run(1)
        shown = widget(notebook, 1)
        player(shown, "url")
        # Another file, it turns out: the kernel's is fetched.
        assert len(held) == 1
        held[0].fulfill(status=200, body="Who are you?")
        player(shown, "pull")


@pytest.mark.slow
@pytest.mark.usefixtures("blobs")
def test_200_mb_outside_of_the_servers_root_come_when_asked_for_and_memory_is_bounded(
    lab: Lab, wire: Wire, proxy: Proxy, tmp_path: Path
) -> None:
    with service(tmp_path, 200) as server:
        notebook = lab.open("pull/large.ipynb", [MAKE, "w"], env=environment(server, tmp_path / "library"))
        notebook.run(0)
        kernel, jupyter = (int(pid) for pid in notebook.text(0).split()[-2:])
        proxy.rate = 20_000_000  # such a link needs 10 s
        notebook.run(1)
        shown = widget(notebook, 1)
        load = shown.get_by_role("button", name="Load 200 MB")
        expect(load).to_be_visible(timeout=30_000)
        asked = len(wire.chunks)
        assert asked <= 8

        memory = {"kernel": Memory(kernel), "server": Memory(jupyter)}
        proxy.rate = None
        load.click()
        expect(shown.locator(".rw-player")).to_contain_text(re.compile(r"\d of 200 MB"))
        seek(player(shown, "pull"), 0.7)
        growth = {name: process.growth for name, process in memory.items()}
        assert max(growth.values()) < 60, growth
        assert len(wire.chunks) == len(set(wire.chunks)) == -(-len(server.video) // 2**20)


@pytest.mark.slow
@pytest.mark.usefixtures("blobs")
def test_what_a_closed_view_was_loading_stops_and_goes_on_with_the_next_and_is_let_go_with_the_widget(
    lab: Lab, wire: Wire, proxy: Proxy, tmp_path: Path
) -> None:
    with service(tmp_path, 60) as server:
        notebook = lab.open(
            "pull/closed.ipynb", [MAKE, "w", "w"], env=environment(server, tmp_path / "library")
        )
        notebook.run(0)
        proxy.rate = 5_000_000
        notebook.run(1)
        shown = widget(notebook, 1)
        shown.get_by_role("button", name="Load 60 MB").click(timeout=30_000)
        expect(shown.locator(".rw-player")).to_contain_text(re.compile(r"[1-9]\d* of 60 MB"))
        lab.page.evaluate("jupyterapp.commands.execute('notebook:clear-cell-output')")
        expect(shown).to_have_count(0)
        asked = len(wire.chunks)
        proxy.rate = None
        # Messages are answered in their order: whatever was asked for has come by then.
        cell = notebook.add("print('there')")
        notebook.run(cell)
        notebook.run(cell)
        assert len(wire.chunks) == asked < 50

        notebook.run(2)
        again = widget(notebook, 2)
        button = again.get_by_role("button", name="Load 60 MB")
        playing = again.locator(".rw-player video")
        expect(button.or_(playing)).to_be_visible(timeout=30_000)
        if button.is_visible():
            button.click()
        seek(player(again, "pull"), 0.5)
        assert len(wire.chunks) < asked + 58 - 1  # what had come before was kept
        assert lab.page.evaluate("videoBlobs.size") == 1
        notebook.run(notebook.add("w.close()"))
        lab.page.wait_for_function("videoBlobs.size === 0")


@pytest.mark.slow
@pytest.mark.usefixtures("blobs")
def test_two_views_a_reload_and_a_restart(lab: Lab, wire: Wire, tmp_path: Path) -> None:
    with service(tmp_path, 3) as server:
        notebook = lab.open(
            "views/views.ipynb", [MAKE, "w", "w"], env=environment(server, tmp_path / "library")
        )
        notebook.run_all()
        for cell in (1, 2):  # without being asked
            player(widget(notebook, cell), "pull")
        assert len(wire.chunks) == len(set(wire.chunks)) == -(-len(server.video) // 2**20)
        assert lab.page.evaluate("videoBlobs.size") == 1

        notebook.save()
        lab.page.reload()
        notebook.wait_ready()
        for cell in (1, 2):
            player(widget(notebook, cell), "pull")

        notebook.restart_kernel()
        shown = widget(notebook, 1)
        shown.get_by_role("button", name="Generate").click()
        expect(shown).to_contain_text("Run the cell again", timeout=30_000)
        player(shown, "pull")
        assert server.count("submit") == 1


@pytest.mark.slow
def test_over_a_slow_link_the_servers_url_plays_before_the_file_is_there(
    lab: Lab, proxy: Proxy, tmp_path: Path
) -> None:
    with service(tmp_path, 60) as server:
        notebook = lab.open("slow/url.ipynb", [MAKE, "w"], env=environment(server))
        notebook.run(0)
        proxy.rate = SLOW
        before = proxy.received
        notebook.run(1)
        video = player(widget(notebook, 1), "url")
        assert proxy.received - before < len(server.video) / 4
        seek(video, 0.9)
        assert proxy.received - before < len(server.video) / 2


@pytest.mark.slow
def test_over_a_slow_link_a_pull_asks_first_and_leaves_room_for_the_rest(
    lab: Lab, wire: Wire, proxy: Proxy, tmp_path: Path
) -> None:
    with service(tmp_path, 60) as server:
        notebook = lab.open("slow/pull.ipynb", [MAKE, "w"], env=environment(server, tmp_path / "library"))
        notebook.run(0)
        proxy.rate = SLOW
        notebook.run(1)
        shown = widget(notebook, 1)
        load = shown.get_by_role("button", name="Load 60 MB")
        expect(load).to_be_visible(timeout=30_000)

        load.click()
        first = shown.locator(".rw-player")
        expect(first).to_contain_text(re.compile(r"[1-9]\d* of 60 MB"), timeout=30_000)
        server.polls = 10**6
        shown.get_by_label("Prompt", exact=True).fill("A bear in the snow")
        shown.get_by_role("button", name="Generate").click()
        stage = shown.locator(".rw-stage")
        expect(stage).to_contain_text("processing", timeout=30_000)
        expect(first).to_contain_text("of 60 MB")
        (newest,) = (id for id, polls in server.jobs.items() if polls > 0)
        server.jobs[newest] = 0
        expect(stage).to_have_count(0, timeout=30_000)
        # The newest is in the stage. The other is still on its way; this one was not asked for.
        tiles = shown.locator(".rw-tile")
        expect(tiles).to_have_count(2, timeout=30_000)
        expect(first.locator(".rw-frame")).to_have_text("60 MB")
        tiles.last.click()
        expect(first).to_contain_text("of 60 MB")

        proxy.rate = None
        player(shown, "pull")
        tiles.first.click()
        bear = shown.locator(".rw-show", has_text="A bear")
        expect(load.or_(bear.locator("video"))).to_be_visible(timeout=30_000)
        if load.is_visible():
            load.click()
        expect(bear.locator("video")).to_be_visible(timeout=60_000)
        player(shown, "pull")
        assert wire.closed == 0
        assert server.count("submit") == 2


@pytest.mark.slow
@pytest.mark.usefixtures("blobs")
def test_while_a_cell_runs_on_an_old_kernel_the_video_is_pushed(
    lab: Lab, tmp_path: Path, old_ipykernel: dict[str, str]
) -> None:
    with service(tmp_path, 3, polls=10**6) as server:
        given = environment(server, tmp_path / "library") | old_ipykernel
        notebook = lab.open(
            "push/push.ipynb",
            [f"import ipykernel\n{SHOW}\nprint(ipykernel.__version__)\nw", BLOCK],
            env=given,
        )
        notebook.run(0)
        expect(notebook.output(0)).to_contain_text("6.30.1")
        shown = widget(notebook, 0)
        shown.get_by_label("Prompt", exact=True).fill("A fox in the snow")
        shown.get_by_role("button", name="Generate").click()
        stage = shown.locator(".rw-stage")
        expect(stage).to_contain_text("processing", timeout=30_000)

        notebook.run(1, wait=False)
        server.jobs["vid_000001"] = 0
        expect(stage).to_have_count(0, timeout=30_000)
        player(shown, "push")
        assert lab.page.evaluate("videoBlobs.size") == 1
        assert notebook.is_running(1)
        (notebook.path.parent / "go.txt").write_text("go")
        notebook.wait_done(1)
        shown.get_by_role("button", name="Generate").click()  # the view is heard again
        expect(stage).to_contain_text("processing", timeout=30_000)


@pytest.mark.slow
def test_a_lost_connection_comes_back_and_nothing_is_sent_twice(
    lab: Lab, proxy: Proxy, tmp_path: Path
) -> None:
    with service(tmp_path, 1, polls=10**6) as server:
        library = tmp_path / "library"
        notebook = lab.open("cut/cut.ipynb", [SHOW], env=environment(server, library))
        notebook.run(0)
        shown = widget(notebook, 0)
        prompt, generate = (
            shown.get_by_label("Prompt", exact=True),
            shown.get_by_role("button", name="Generate"),
        )
        prompt.fill("Before")
        generate.click()
        stage = shown.locator(".rw-stage")
        expect(stage).to_contain_text("processing", timeout=30_000)

        # JupyterLab may put a dialog about the connection over the page.
        dialog = lab.page.locator("dialog.jp-Dialog")
        lab.page.add_locator_handler(dialog, lambda shown: shown.get_by_role("button").last.click())
        proxy.cut()
        lab.page.wait_for_function(f"{KERNEL}.connectionStatus !== 'connected'")
        prompt.fill("Meanwhile")
        generate.click()
        server.jobs["vid_000001"] = 0  # done, and the page does not hear of it
        for _ in range(200):
            if list(library.glob("before-*.mp4")):
                break
            lab.page.wait_for_timeout(100)
        assert list(library.glob("before-*.mp4"))
        assert server.count("submit") == 1
        expect(shown.locator(".rw-show")).to_have_count(0)

        proxy.mend()
        lab.page.evaluate(
            f"{KERNEL}.reconnect()"
        )  # as JupyterLab does by itself, after some seconds that it draws by lot
        player(shown, "pull", "push")  # pushed, if the view was silent for long enough
        expect(stage).to_contain_text("processing", timeout=30_000)
        prompt.fill("After")
        generate.click()
        expect(stage).to_have_count(2, timeout=30_000)
        assert server.count("submit") == 3
        for id in server.jobs:
            server.jobs[id] = 0
        expect(shown.locator(".rw-tile")).to_have_count(3, timeout=30_000)
        assert server.count("submit") == 3


def test_a_video_that_the_browser_cannot_decode_says_so_and_where_it_is(lab: Lab) -> None:
    with FaultServer(video=small_mp4(2, codec="mpeg4"), polls=0) as server:
        notebook = lab.open("codec/codec.ipynb", [MAKE, "w"], env=environment(server))
        notebook.run_all()
        shown = widget(notebook, 1)
        message = shown.get_by_role("alert")
        expect(message).to_contain_text("cannot play", timeout=30_000)
        (file,) = (notebook.path.parent / "runcrate_videos").glob("*.mp4")
        expect(message).to_contain_text(str(file))
        expect(shown.locator("video")).to_have_count(0)
