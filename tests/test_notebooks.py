"""Every notebook runs from top to bottom, in a real kernel, on the demo backend."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def test_there_is_the_one_that_the_readme_opens() -> None:
    assert "quickstart.ipynb" in [path.name for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUNCRATE_API_KEY", "RUNCRATE_BASE_URL", "RUNCRATE_LIBRARY", "RUNCRATE_DEMO"):
        monkeypatch.delenv(name, raising=False)
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    # A key that is set must not be touched: a demo notebook that would pay is the worst that it could do.
    monkeypatch.setenv("RUNCRATE_API_KEY", "rc_live_must_not_be_used")
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    asyncio.run(client.async_execute())
    shown = [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "<video" in output.get("data", {}).get("text/html", "")
    ]
    assert shown, "a video shows itself"
    assert all("DEMO" in html for html in shown)
    assert list((tmp_path / "runcrate_videos").glob("*.mp4"))
    assert '"output_type"' not in path.read_text(encoding="utf-8"), "committed without outputs"
