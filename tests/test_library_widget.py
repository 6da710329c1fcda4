"""`client.library` as the last line of a cell: the wall without the form, and a table where that cannot be."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import nbclient
import nbformat
import pytest
from fault_server import KEY, FaultServer
from playwright.sync_api import expect
from shown import SESSION, Widget, finished, state
from videos import small_mp4

from runcrate_widget import VideoClient
from runcrate_widget.client import client_of
from runcrate_widget.library.library import Library

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

FILE = small_mp4()

CELLS = [
    "from runcrate_widget import VideoClient\nclient = VideoClient()\nclient.library",
    "client.generate('A <b>fox</b>', model='Veo 3.0').wait(60)",
    "client.library",
    "from runcrate_widget.library.library import Library\nLibrary()",
    "client.library.filter()",
]
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """The outputs of `CELLS`, each a MIME bundle."""
    folder = tmp_path_factory.mktemp("library")
    with pytest.MonkeyPatch.context() as patch, FaultServer(video=FILE) as server:
        patch.setenv("RUNCRATE_API_KEY", KEY)
        patch.setenv("RUNCRATE_BASE_URL", server.url)
        notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
            cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS]  # type: ignore[no-untyped-call]
        )
        client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
        with ThreadPoolExecutor(1) as thread:  # an event loop may be running in this one (Playwright's)
            thread.submit(lambda: asyncio.run(client.async_execute())).result()
    return [[output["data"] for output in cell["outputs"]] for cell in notebook.cells]


def test_it_is_a_widget_and_below_it_a_table_for_when_it_is_not_there(
    cells: list[list[dict[str, Any]]],
) -> None:
    live, saved = cells[2]
    assert VIEW in live
    assert live["text/plain"] == "", "the table says it all"
    assert "<table>" in saved["text/html"]
    assert "A &lt;b&gt;fox&lt;/b&gt;" in saved["text/html"]
    assert "class='rw-saved-" in saved["text/html"], "which the live view hides"
    assert saved["text/plain"].startswith("<Library ")
    assert KEY not in json.dumps(cells)


def test_where_it_cannot_be_it_is_the_table(cells: list[list[dict[str, Any]]]) -> None:
    (empty,), (alone,), (found,) = cells[0], cells[3], cells[4]
    for table in (empty, alone, found):
        assert "<table>" in table["text/html"]
        assert VIEW not in table
    assert "fox" not in empty["text/html"]
    assert "fox" in alone["text/html"]


def test_a_library_knows_its_client_as_long_as_that_is_there(tmp_path: Path) -> None:
    client = VideoClient("rc_live_x", library=tmp_path)
    library = client.library
    assert client_of(library) is client
    assert client_of(Library(tmp_path)) is None
    client.unfinished()  # nobody looks through the folder for it any more
    client.close()
    del client
    import gc

    gc.collect()
    assert client_of(library) is None


@pytest.mark.browser
def test_without_a_form_the_wall_is_all(page: Page) -> None:
    widget = Widget(page)
    jobs = [finished("k1", FILE), finished("k2", FILE)]
    session = {**SESSION, "form": False, "has_key": False}
    view = widget.start(state(_jobs=jobs, _session=session), files={"k1": FILE, "k2": FILE})
    expect(view.get_by_role("region", name="Videos")).to_be_visible()
    expect(view.locator("video").first).to_be_visible()
    expect(view.locator("textarea")).to_have_count(0)
    expect(view.get_by_text("No API key yet")).to_have_count(0)
    for name in ("Use these settings", "Vary", "Extend"):  # there is no form for it
        expect(view.get_by_role("button", name=name)).to_have_count(0)
    expect(view.get_by_role("button", name="Code")).to_be_visible()
