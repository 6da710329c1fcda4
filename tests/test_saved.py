"""What lasts in a saved notebook: it is run by nbclient and papermill, reopened in JupyterLab without a
kernel, moved, exported.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbclient
import nbconvert
import nbformat
import pytest
from fault_server import KEY, FaultServer, client_of, status
from lab import BLOCK, Lab
from nbformat.sign import NotebookNotary
from playwright.sync_api import Locator, Page, expect
from videos import small_mp4, write_large_mp4

from runcrate_widget import errors
from runcrate_widget.notebook.live import Saved, display_job

VIDEO = small_mp4(2, 160, 90)
PROMPT = 'A fox\'s "tail" <in> the snow'
CELLS = [
    # A displayed job, which is done when a later cell has waited for it.
    f"""
from runcrate_widget import VideoClient
client = VideoClient()
job = client.generate({PROMPT!r}, model="Veo 3.0")
job""",
    # A video.
    """
video = job.wait(60)
video""",
    # A widget, and what stays of it.
    """
import ipywidgets
from IPython.display import display
from runcrate_widget.notebook.live import Saved
saved = Saved("k1")
display(ipywidgets.Button(description="live"))
saved.display()""",
    # What comes later, from elsewhere.
    """
import os
os.chdir("/")
again = client.generate("An owl", model="Veo 3.0")
again.wait(60)
saved.show([job, again])""",
    # The file itself.
    "video.show(embed=True)",
]
POSTER = re.compile(r"data:image/jpeg;base64,[\w+/=]+")


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose name, which is in the notebook, is as long on every machine, however the tests are run."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `a.ipynb`, which nbclient has run, `b.ipynb`, which papermill has, and the library."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch, FaultServer(video=VIDEO) as server:
        patch.setenv("RUNCRATE_API_KEY", KEY)
        patch.setenv("RUNCRATE_BASE_URL", server.url)
        source = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
            cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS],  # type: ignore[no-untyped-call]
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(source, folder / "source.ipynb")  # type: ignore[no-untyped-call]

        run(nbclient.NotebookClient(source, timeout=120, resources={"metadata": {"path": str(folder)}}))
        nbformat.write(source, folder / "a.ipynb")  # type: ignore[no-untyped-call]
        command = [sys.executable, "-m", "papermill", "source.ipynb", "b.ipynb", "--no-progress-bar"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def run(client: nbclient.NotebookClient) -> None:
    # In a thread of its own: an event loop may be running in this one (Playwright's).
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(client.async_execute())).result()


def outputs(notebook: Path, cell: int) -> list[dict[str, Any]]:
    whole = json.loads(notebook.read_text(encoding="utf-8"))
    return [output for output in whole["cells"][cell]["outputs"] if "data" in output]


def html_of(output: dict[str, Any]) -> str:
    return "".join(output["data"]["text/html"])


@pytest.mark.parametrize("name", ["a.ipynb", "b.ipynb"], ids=["nbclient", "papermill"])
def test_what_a_run_without_a_page_leaves(made: Path, name: str) -> None:
    (job,), (video,), (button, saved), _, (embedded,) = (outputs(made / name, cell) for cell in range(5))
    assert html_of(job) == html_of(video), "a job that is done is its video"
    assert 'A fox\'s "tail" &lt;in&gt; the snow' in html_of(video)
    assert "application/vnd.jupyter.widget-view+json" in button["data"]
    assert html_of(saved).count("<figure") == 2
    assert html_of(saved).index("An owl") < html_of(saved).index("A fox"), "newest first"
    assert "2 videos in runcrate_videos" in html_of(saved)
    sources = re.findall(r"<video src='([^']*)'", html_of(saved))
    assert [(made / source).read_bytes() for source in sources] == [VIDEO, VIDEO], (
        "relative to the notebook, not to `/`"
    )
    assert "<video src='data:video/mp4;base64," in html_of(embedded)


def test_above_what_is_saved_of_a_widget_stands_no_text(tmp_path: Path) -> None:
    # VS Code and GitHub show a widget's text where they have no widget.
    show = (
        "from runcrate_widget import VideoClient, VideoWidget\nVideoWidget(client=VideoClient('rc_live_0'))"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(show)])  # type: ignore[no-untyped-call]
    run(nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}))
    live, saved = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in live["data"]
    assert live["data"]["text/plain"] == ""
    for text in saved["data"].values():
        assert "VideoWidget: run this cell to use it again." in text
        assert "the page could not load widgets: install anywidget" in text


def plays(player: Locator) -> bool:
    """Whether it plays once it is told to; False if it has nothing to play."""
    expect(player).to_be_visible()
    handle = player.element_handle()
    assert handle is not None
    if not handle.evaluate("video => video.play().then(() => true, () => false)"):
        return False
    player.page.wait_for_function("video => video.readyState >= 2 && video.currentTime > 0", arg=handle)
    return True


def has_poster(figure: Locator) -> bool:
    """Whether its poster is seen: decoded, with a size, and not painted over."""
    found: bool = figure.locator("img").evaluate(
        "image => image.naturalWidth > 0 && image.getBoundingClientRect().height > 50"
    )
    return found


def reopened(lab: Lab, made: Path, name: str, change: Callable[[Path], None] = lambda _: None) -> Path:
    """Copies the folder below the server's root as `name`, and opens its notebook where there is no kernel
    for it.
    """
    folder = lab.server.root / name
    shutil.copytree(made, folder)
    file = folder / "a.ipynb"
    whole = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    # Of a language that no kernel here speaks: JupyterLab asks which to start, and is told none.
    whole.metadata = {
        "kernelspec": {"name": "of-another-machine", "display_name": "of another machine", "language": "none"}
    }
    nbformat.write(whole, file)  # type: ignore[no-untyped-call]
    change(folder)
    lab.page.goto(f"{lab.server.url}doc/tree/{quote(name)}/a.ipynb?token={lab.server.token}")
    lab.page.locator(".jp-Dialog .jp-mod-reject").click()
    expect(lab.page.locator(".jp-OutputArea-output figure").first).to_be_visible()
    return folder


def cell(page: Page, index: int) -> Locator:
    return page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")


def trust(lab: Lab, folder: Path) -> None:
    """As `jupyter trust` does."""
    notary = NotebookNotary(data_dir=str(lab.server.root.parent / "data"))  # type: ignore[no-untyped-call]
    notary.sign(nbformat.read(folder / "a.ipynb", as_version=4))  # type: ignore[no-untyped-call]
    notary.store.close()


def test_without_a_kernel_all_of_it_plays_and_there_is_no_error(lab: Lab, made: Path) -> None:
    reopened(lab, made, "saved", lambda folder: trust(lab, folder))
    page = lab.page
    assert page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session") is None
    for index in (0, 1, 4):
        assert plays(cell(page, index).locator("video"))
    check_that_the_widget_is_not_missed(cell(page, 2), "Loading widget")


@pytest.mark.slow
def test_with_a_new_kernel_there_is_no_error_either(lab: Lab, made: Path) -> None:
    folder = lab.server.root / "anew"
    shutil.copytree(made, folder)
    whole = nbformat.read(folder / "a.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    del whole.metadata["widgets"]  # which JupyterLab does not save unless it is told to
    nbformat.write(whole, folder / "a.ipynb")  # type: ignore[no-untyped-call]
    trust(lab, folder)
    lab.open("anew/a.ipynb")
    check_that_the_widget_is_not_missed(cell(lab.page, 2), "model not found")


def check_that_the_widget_is_not_missed(output: Locator, error: str) -> None:
    """One sees the text and the videos, and not what JupyterLab says of the widget's model."""
    said = output.get_by_text(error)
    expect(said).to_have_count(1)
    expect(said).to_be_hidden()
    saved = output.locator(".rw-saved-k1")
    expect(saved).to_contain_text("VideoWidget: run this cell to use it again. 2 videos in runcrate_videos")
    expect(saved).to_contain_text("could not load widgets: install anywidget")
    output.page.wait_for_function(
        "element => getComputedStyle(element).opacity === '1'", arg=saved.element_handle()
    )
    assert [plays(saved.locator("video").nth(index)) for index in (0, 1)] == [True, True]


def test_a_copy_that_is_not_trusted_plays_from_the_folder_that_came_with_it(lab: Lab, made: Path) -> None:
    reopened(lab, made, "a copy #1 ü")
    page = lab.page
    figure = cell(page, 1).locator("figure")
    expect(figure).to_contain_text('A fox\'s "tail" <in> the snow')
    assert has_poster(figure)
    assert all(plays(cell(page, index).locator("video")) for index in (0, 1, 4))
    image, player = (figure.locator(tag).bounding_box() for tag in ("img", "video"))
    assert image == player, "the player lies over the poster"


def test_without_its_files_the_poster_and_the_path_are_left(lab: Lab, made: Path) -> None:
    reopened(lab, made, "alone", lambda folder: shutil.rmtree(folder / "runcrate_videos"))
    figure = cell(lab.page, 1).locator("figure")
    assert has_poster(figure)
    expect(figure).to_contain_text("Veo 3.0 · 2 s · 160×90 · runcrate_videos/a-fox-s-tail-in-the-snow-")
    assert not plays(figure.locator("video"))
    assert plays(cell(lab.page, 4).locator("video")), "embedded, it needs no file"


def exported(notebook: Path) -> str:
    html, _ = nbconvert.HTMLExporter().from_filename(str(notebook))  # type: ignore[no-untyped-call]
    assert isinstance(html, str)
    return html


def test_exported_as_html_it_plays_beside_its_folder_and_shows_the_poster_without(
    made: Path, page: Page, tmp_path: Path
) -> None:
    html = exported(made / "a.ipynb")
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.html").write_text(html, encoding="utf-8")
    shutil.copytree(made / "runcrate_videos", tmp_path / "with" / "runcrate_videos")
    for name in ("with", "without"):
        page.goto((tmp_path / name / "a.html").as_uri(), wait_until="domcontentloaded")
        figures = page.locator(".jp-Cell").nth(1).locator("figure")
        expect(figures).to_contain_text('A fox\'s "tail" <in> the snow')
        expect(figures).to_contain_text("runcrate_videos/a-fox-s-tail-in-the-snow-")
        assert has_poster(figures)
        assert plays(figures.locator("video")) == (name == "with")
        assert plays(page.locator(".jp-Cell").nth(4).locator("video"))


# Live, in JupyterLab.

# A cell that blocks the kernel's main thread until the test writes a file, and then says so.


@pytest.mark.slow
def test_a_displayed_job_says_how_it_goes_on_while_another_cell_runs(lab: Lab) -> None:
    with FaultServer(video=VIDEO, polls=10**6) as server:
        show = "from runcrate_widget import VideoClient\njob = VideoClient().generate('A fox', model='Veo 3.0')\njob"
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        notebook = lab.open("job/job.ipynb", [show, BLOCK, "job"], env=environment)
        notebook.run(0)
        notebook.run(1, wait=False)
        shown = notebook.output(0)
        expect(shown).to_contain_text(re.compile(r"processing at \d\d:\d\d · began 20"), timeout=30_000)
        expect(shown).to_contain_text("Veo 3.0 · 6 s · 16:9 · vid_000001")
        server.jobs["vid_000001"] = 0
        assert plays(shown.locator("video"))
        assert notebook.is_running(1)
        (notebook.path.parent / "go.txt").touch()
        notebook.wait_done(1)
        notebook.run(2)
        assert plays(notebook.output(2).locator("video"))
        # Its end was shown when no cell ran, and what is saved is what was shown.
        saved = notebook.save()
        (first,), (last,) = (saved["cells"][index]["outputs"] for index in (0, 2))
        assert html_of(first) == html_of(last)


def test_a_job_that_failed_says_why_and_goes_on_when_it_is_resumed(lab: Lab) -> None:
    with FaultServer(video=VIDEO, polls=0) as server:
        server._faults["poll"] = [status("expired")] * 12
        code = (
            "from runcrate_widget import VideoClient\nfrom runcrate_widget.jobs import polling\n"
            "polling.SHORTEST = 0.05\n"
            "job = VideoClient().generate('A fox', model='Veo 3.0')\n"
            "job"
        )
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        notebook = lab.open("failed/failed.ipynb", [code, "job.resume()"], env=environment)
        notebook.run(0)
        shown = notebook.output(0)
        expect(shown).to_contain_text("no stage that it documents.", timeout=30_000)
        expect(shown).to_contain_text("Look in the Runcrate dashboard.")
        notebook.run(1)
        assert plays(shown.locator("video"))


@pytest.mark.usefixtures("quick")
def test_a_jobs_html_is_text_and_stays_small(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO, polls=10**6) as server:
        server._faults["poll"] = [status("failed", error="<b>" + "too dark " * 200)]
        prompt = "A <script>fox</script> & co., " * 20
        job = client_of(server, tmp_path).generate(prompt, model="Veo 3.0", take=2)
        with pytest.raises(errors.JobFailedError):
            job.wait(30)
        shown = job._repr_mimebundle_()["text/html"]
    assert shown.startswith("<div style='max-width:640px'><b>failed · began 20")
    assert "The generation failed: &lt;b&gt;too dark" in shown
    assert "A &lt;script&gt;fox&lt;/script&gt; &amp; co.," in shown
    assert "Veo 3.0 · 6 s · 16:9 · take 2 · vid_000001" in shown
    assert len(shown.encode()) <= 1024


@pytest.mark.usefixtures("quick")
def test_without_a_notebook_nothing_breaks(tmp_path: Path) -> None:
    with FaultServer(video=VIDEO) as server:
        job = client_of(server, tmp_path).generate("A fox", model="Veo 3.0")
        saved = Saved("k1")
        saved.display()
        display_job(job)
        job.wait(30)
        saved.show([job])


# How heavy it is.


@pytest.mark.slow
@pytest.mark.parametrize("shown", ["video", "job"])
def test_thirty_of_them_make_a_light_notebook(short_path: Path, shown: str) -> None:
    tmp_path = short_path
    write_large_mp4(tmp_path / "noise.mp4", 1)  # whose poster is as large as they come
    with (
        pytest.MonkeyPatch.context() as patch,
        FaultServer(video=(tmp_path / "noise.mp4").read_bytes()) as server,
    ):
        patch.setenv("RUNCRATE_API_KEY", KEY)
        patch.setenv("RUNCRATE_BASE_URL", server.url)
        prompt = "A cinematic sunrise over misty mountains, in the golden light of an autumn morning, seen from a slow crane"
        first = "from runcrate_widget import VideoClient\nfrom runcrate_widget.jobs import polling\npolling.SHORTEST = 0.01\nclient = VideoClient(max_concurrent=8)"
        ask = f"jobs = [client.generate({prompt!r}, model='Veo 3.0', take=n) for n in range(1, 31)]"
        show = [f"jobs[{n}]" if shown == "job" else f"jobs[{n}].wait(60)" for n in range(30)]
        cells = [f"{first}\n{ask}", *show, "for job in jobs: job.wait(60)"]
        source = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
        )
        client = nbclient.NotebookClient(
            source,
            timeout=120,
            kernel_name="python3",
            store_widget_state=True,
            resources={"metadata": {"path": str(tmp_path)}},
        )
        run(client)
    nbformat.write(source, tmp_path / "a.ipynb")  # type: ignore[no-untyped-call]
    assert (tmp_path / "a.ipynb").stat().st_size < 600_000
    for index in range(1, 31):
        (output,) = outputs(tmp_path / "a.ipynb", index)
        assert POSTER.search(html_of(output)), html_of(output)[:500]
        (poster,) = POSTER.findall(html_of(output))
        assert len(poster) <= 15_000
        # What this machine calls its temporary folders is nobody's kilobyte.
        text = json.dumps(output, ensure_ascii=False).replace(str(tmp_path), "/home/somebody/projects/films")
        assert len(text.encode()) - len(poster) <= 1280
