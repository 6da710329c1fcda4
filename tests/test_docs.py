"""The pages of docs/: their code runs, what they name is there, and they load nothing from elsewhere."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import nbclient
import nbformat
import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Page, Request

import runcrate_widget

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
#: The others take some 5 to 20 s each.
QUICK = ("limits", "models", "unconfirmed")
#: Pages of packages that are too large for the extra `test`, named after them: run where they are installed.
LARGE = ("mlflow", "ray")

_PYTHON = re.compile(r"python|\{code-block\} python")
_WHY_NOT = re.compile(r"<!-- not run: (.+?) -->")
_CAPTION = re.compile(r":caption: (\w+\.py)\n")


@dataclass(frozen=True)
class Block:
    """A block of Python in a page. A `script` is a program by itself; what is `not_run` says why."""

    code: str
    script: str | None
    not_run: str | None


def blocks(page: Path) -> list[Block]:
    found, not_run = [], None
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "html_block" and (why := _WHY_NOT.search(token.content)):
            not_run = why[1]
        elif token.type == "fence":
            if _PYTHON.fullmatch(token.info.strip()):
                caption = _CAPTION.match(token.content)
                code = token.content[caption.end() :] if caption else token.content
                found.append(Block(textwrap.dedent(code).strip(), caption[1] if caption else None, not_run))
            not_run = None
    return found


def with_code(kind: str) -> list[object]:
    pages = {page.stem: page for page in PAGES if any(_kind(block) == kind for block in blocks(page))}
    return [pytest.param(page, id=name, marks=_marks(name)) for name, page in pages.items()]


def _marks(name: str) -> list[pytest.MarkDecorator]:
    if name in LARGE and importlib.util.find_spec(name) is None:
        return [pytest.mark.skip(f"{name} is not installed")]
    return [] if name in QUICK else [pytest.mark.slow]


def _kind(block: Block) -> str:
    return "not run" if block.not_run else "script" if block.script else "cell"


@pytest.fixture
def _no_money(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The pages ask for the demo. One that did not would find this key, and nobody at this address.
    monkeypatch.setenv("RUNCRATE_API_KEY", "rc_live_must_not_be_used")
    monkeypatch.setenv("RUNCRATE_BASE_URL", "http://127.0.0.1:9")
    # Neither do the packages that are given an export ask anybody, or leave anything elsewhere.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    monkeypatch.setenv("RAY_agent_register_timeout_ms", "120000")  # a machine may be busy
    for name in ("HF_HOME", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / ".elsewhere" / name))


@pytest.mark.usefixtures("_no_money")
@pytest.mark.parametrize("page", with_code("cell"))
def test_the_cells_of_a_page_run(page: Path, tmp_path: Path) -> None:
    cells = [block.code for block in blocks(page) if _kind(block) == "cell"]
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
    )
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    asyncio.run(client.async_execute())


@pytest.mark.usefixtures("_no_money")
@pytest.mark.parametrize("page", with_code("script"))
def test_the_scripts_of_a_page_run(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.script:
            (tmp_path / block.script).write_text(block.code, encoding="utf-8")
            ran = subprocess.run(
                [sys.executable, block.script],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=120,
            )
            assert (ran.returncode, ran.stderr) == (0, ""), block.script


def test_a_block_is_found_in_a_list_too_and_says_why_it_is_not_run() -> None:
    page = DOCS / "recipes" / "unconfirmed.md"
    assert [(_kind(block), block.code.split("\n")[0]) for block in blocks(page)] == [
        ("not run", 'job.adopt("vid_abc123")'),
        ("not run", "job = job.resubmit()"),
        ("not run", "job.cancel()"),
        ("cell", "from runcrate_widget import VideoClient"),
    ]


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.stem
)
def test_the_tests_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"\b(tests/\w+\.py)(?:::(\w+))?", page.read_text(encoding="utf-8"))
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert not test or re.search(
            rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE
        ), test


def texts_of_the_package() -> str:
    """Every text in the package's code, each placeholder of an f-string as `…`; and the front end's source."""
    found = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "js" / "src").rglob("*.ts*"))]
    for path in sorted((ROOT / "runcrate_widget").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [one.value if isinstance(one, ast.Constant) else "…" for one in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_the_messages_that_are_explained_are_those_that_are_said() -> None:
    said = texts_of_the_package()
    page = (DOCS / "recipes" / "troubleshooting.md").read_text(encoding="utf-8")
    terms = re.findall(r"^(`.+)\n: ", page, re.MULTILINE)
    assert len(terms) > 20
    for term in terms:
        for message in re.findall(r"`(.+?)`", term):
            for part in re.split(r"…|\d+", message):
                assert part in said, f"{message!r}: nobody says {part!r}"


@pytest.mark.parametrize("name", runcrate_widget.__all__)
def test_the_reference_has_every_public_name(name: str) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    # The errors come as a whole, their module with all that is in it.
    shown = hasattr(runcrate_widget.errors, name) or re.search(
        rf"\b(import |runcrate_widget\.){name}\b", text
    )
    assert shown, "add it to a page of docs/reference"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "-d", str(folder / "cache")]
    built = subprocess.run([*command, str(DOCS), str(folder / "html")], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder / "html"


@pytest.mark.slow
def test_the_site_asks_no_other_host_and_fits_a_telephone(site: Path, page: Page) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.set_viewport_size({"width": 400, "height": 900})
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for file in pages:
        page.goto(file.as_uri())
        wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(wide), f"{file.name} is wider than the window"
    assert len(asked) > len(pages)
    assert [url for url in asked if not url.startswith((site.as_uri(), "data:"))] == []
