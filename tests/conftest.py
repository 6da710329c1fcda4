"""Fixtures that more than one file of tests uses."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from browser import ARGUMENTS, find_browser, wheel_node
from colab import Colab
from fault_server import FaultServer
from host_page import InPage, bundle_pages
from hosts import Host, JupyterLab, Marimo, NbClassic, Voila
from lab import Lab, LabServer
from object_stores import ObjectStore, Place, moto, seaweed
from shown import Widget
from store_proxy import StoreProxy
from videos import small_mp4
from vscode import VSCode

from runcrate_widget.jobs import download, ending, polling, run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def pytest_configure() -> None:
    """Let nobody's own key, library or demo setting reach a test."""
    for name in [
        name for name in os.environ if name.startswith("RUNCRATE_") and name != "RUNCRATE_TEST_BROWSER"
    ]:
        del os.environ[name]


ROOT = Path(__file__).resolve().parent.parent
if os.name == "nt":  # SIGKILL and fork
    collect_ignore = ["test_crash.py", "test_machine.py"]

# Timing decides no test, and chance neither: `--hypothesis-profile=default` looks for what these miss.
hypothesis.settings.register_profile("ours", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ours")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the browser, and put it last.

    Playwright's blocking API leaves its event loop marked as running in this thread, so that once it has
    started `asyncio.run` refuses to. With xdist each worker gets its tests in this order, if they are
    distributed by `load`. It also puts the quick tests first.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """What a test has left under way would ask for the rest of the run, and take its part of the machine."""
    before = weakref.WeakSet(ending._all)  # a module may have some of its own
    yield
    for runs in list(ending._all - before):
        if not runs.closed:
            runs.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same schedule, on a shorter clock."""
    monkeypatch.setattr(polling, "SHORTEST", 0.01)
    monkeypatch.setattr(polling, "LONGEST_BACKOFF", 0.05)
    monkeypatch.setattr(run, "_LOOK_EVERY", 0.05)
    monkeypatch.setattr(download, "_NOT_YET", 0.5)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A service that does what the contract says until a test gives it faults."""
    with FaultServer(video=small_mp4(1)) as running:
        yield running


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """S3's semantics, in one process."""
    with moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A store that people run."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(params=["folder", "memory", "moto", "seaweed"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A library in which there is nothing yet, in each kind of store."""
    kind, cache = request.param, tmp_path / "cache"
    if kind in ("moto", "seaweed"):
        server: ObjectStore = request.getfixturevalue(f"{kind}_server")
        for name, value in server.environment(cache).items():
            monkeypatch.setenv(name, value)
        return Place(kind, server.new_library(), cache, server)
    monkeypatch.setenv("RUNCRATE_CACHE", str(cache))
    return Place(
        kind, f"memory://{tmp_path.name}/{os.getpid()}" if kind == "memory" else tmp_path / "videos", cache
    )


@pytest.fixture
def proxy(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreProxy]:
    """Between what is opened from now on and the server of `place`."""
    assert place.server is not None
    with StoreProxy(place.server.port) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{running.port}")
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium that plays H.264 and AAC."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # milliseconds: other tests have their part of the machine
    found = find_browser()
    if found is None:
        pytest.fail("No Chromium or Chrome here: `python3 tests/run.py` installs one.")
    # Playwright's own Node needs libatomic, which a minimal system does not have.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(wheel_node()))
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=found.path,
            args=list(ARGUMENTS),
            chromium_sandbox=not root,  # Chromium has none for root
            env={**os.environ, **found.environment},
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own, 1280 by 900, in a context of its own."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context.new_page()


@pytest.fixture
def console_errors(page: Page) -> list[str]:
    """What goes wrong in `page`, as it happens: errors on its console, and exceptions that nobody caught."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab for all tests, with settings and folders of its own."""
    with LabServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def lab(lab_server: LabServer, page: Page) -> Iterator[Lab]:
    """JupyterLab in `page`; kernels that the test started are stopped after it."""
    yield Lab(lab_server, page)
    page.close()
    lab_server.stop_kernels()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bundled pages that stand for hosts."""
    folder = tmp_path_factory.mktemp("pages")
    bundle_pages(folder)
    return folder


@pytest.fixture(scope="session")
def old_ipykernel() -> dict[str, str]:
    """The environment of a kernel that answers nothing while a cell runs: ipykernel 6.30."""
    folder = ROOT / ".hosts" / "ipykernel-6.30"
    if not folder.exists():
        # Beside, and then renamed: two workers may be here at once, and neither may find half of it.
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="part-") as part:
            options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--target", part + "/made"]
            subprocess.run(
                [sys.executable, "-m", "pip", "install", *options, "ipykernel==6.30.1"], check=True
            )
            with contextlib.suppress(OSError):  # the other worker was quicker
                os.rename(part + "/made", folder)
    given = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([given] if given else [])])}


@pytest.fixture
def widget(page: Page, console_errors: list[str]) -> Iterator[Widget]:
    """The built widget in `page`; what goes wrong on its console is a failure."""
    yield Widget(page)
    assert console_errors == []


@pytest.fixture(scope="session")
def notebook_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with LabServer(tmp_path_factory.mktemp("notebook"), app="notebook", page="notebooks/") as server:
        yield server


@pytest.fixture(scope="session")
def nbclassic_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with LabServer(tmp_path_factory.mktemp("nbclassic"), app="nbclassic") as server:
        yield server


@pytest.fixture
def host(request: pytest.FixtureRequest, page: Page, tmp_path: Path) -> Iterator[Host]:
    """The host that the test's parameter names. Nothing of ours goes wrong in its page; the hosts' own parts
    may.
    """
    name = request.param
    made: Host
    if name == "Notebook 7":
        made = JupyterLab(page, request.getfixturevalue("notebook_server"))
    elif name == "nbclassic":
        made = NbClassic(page, request.getfixturevalue("nbclassic_server"))
    elif name == "Voila":
        made = Voila(page, tmp_path)
    elif name in ("VS Code", "Colab"):
        kind = VSCode if name == "VS Code" else Colab
        served = kind(request.getfixturevalue("lab_server"), page, request.getfixturevalue("pages"))
        made = InPage(served, request.getfixturevalue("console_errors"))
    elif name.startswith("marimo"):
        made = Marimo(page, tmp_path, shown="mo.ui.anywidget(w)" if "ui" in name else "w")
    else:
        old = request.getfixturevalue("old_ipykernel") if "6.30" in name else None
        made = JupyterLab(page, request.getfixturevalue("lab_server"), old=old)
    errors: list[str] = []

    def hear(kind: str, said: str) -> None:
        print(f"{time.monotonic() - began:.2f} s, {kind}: {said}")  # which a test that fails shows
        if kind == "error":
            errors.append(said)

    began = time.monotonic()
    page.on("console", lambda said: hear(said.type, f"{said.text} {said.location['url']}"))
    page.on("pageerror", lambda error: hear("error", f"{error} {error.stack}"))
    page.on("requestfailed", lambda request: hear("failed", f"{request.failure} {request.url}"))
    with made:
        yield made
    # anywidget gives our source to the page as a blob.
    assert [error for error in errors if "blob:" in error or "anywidget" in error] == []
