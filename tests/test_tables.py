"""The library as a table, and what IPython is told of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of, status
from IPython.core.interactiveshell import InteractiveShell

from runcrate_widget import VideoClient, errors
from runcrate_widget.notebook.tables import library_html, records_html, register_formatters

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def client(server: FaultServer, tmp_path: Path) -> VideoClient:
    """With a video and a job that failed."""
    client = client_of(server, tmp_path)
    client.generate("A <b>fox</b>", model="Veo 3.0").wait(30)
    server._faults["poll"] = [status("failed", error="too <dark>")]
    with pytest.raises(errors.JobFailedError):
        client.generate("An owl", model="Sora 2").wait(30)
    return client


def test_a_table_shows_each_record_as_text(client: VideoClient) -> None:
    shown = library_html(client.library)
    assert "too &lt;dark&gt;" in shown
    assert "A &lt;b&gt;fox&lt;/b&gt;" in shown
    assert shown.count("<video") == 1
    assert "<td style='text-align:left'>Sora 2</td>" in shown
    assert shown.index("An owl") < shown.index("A &lt;b&gt;"), "newest first"
    (video,) = (record for record in client.library if record.status == "completed")
    assert video.path.name in shown
    assert "<video" not in records_html(client.library.filter(status="failed"))


def test_a_long_table_says_how_much_is_left_out(client: VideoClient) -> None:
    shown = records_html(client.library.filter() * 60)
    assert shown.count("<tr><td style") == 100
    assert "and 20 more" in shown


def test_ipython_shows_the_library_and_records_of_it_as_tables(client: VideoClient) -> None:
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]  # not the process's own
    register_formatters(shell)
    for thing in (client.library, client.library.filter()):
        bundle, _ = shell.display_formatter.format(thing)
        assert bundle["text/html"] == library_html(client.library)
        assert "An owl" in bundle["text/plain"] or "jobs" in bundle["text/plain"]


def test_to_tell_it_is_light() -> None:
    code = (
        "import sys\n"
        "import runcrate_widget.notebook.tables\n"
        "heavy = {'anywidget', 'ipywidgets', 'IPython', 'httpx', 'traitlets'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
