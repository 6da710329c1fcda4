"""What a user gets by `pip install`: everything that is needed, nothing else, and no build without the front
end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow
ASSETS = ("widget.js", "loader.js", "packed.js", "studio.txt")


def _build(kind: str, tree: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out), str(tree)]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a fresh clone has it: neither the bundle nor node_modules is there."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    folder = tmp_path_factory.mktemp("clone")
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    assert not (folder / "runcrate_widget" / "static").exists()
    return folder


@pytest.fixture(scope="module")
def sdist(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive, unpacked."""
    out = tmp_path_factory.mktemp("sdist")
    built = _build("sdist", tree, out)
    assert built.returncode == 0, built.stdout
    [archive] = out.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(out, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # type: ignore[arg-type]
    return out / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source archive as an installer does."""
    out = tmp_path_factory.mktemp("wheel")
    built = _build("wheel", sdist, out)
    assert built.returncode == 0, built.stdout
    [file] = out.glob("*.whl")
    return file


def test_sdist_brings_the_bundle_and_its_sources(sdist: Path) -> None:
    files = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    assert {f"runcrate_widget/static/{asset}" for asset in ASSETS} <= files
    assert {"LICENSE", "README.md", "pyproject.toml", "js/hatch_build.py", "js/package-lock.json"} <= files
    assert not [name for name in files if "node_modules" in name or "__pycache__" in name]


def test_wheel_from_an_sdist_needs_no_npm(sdist: Path, wheel: Path) -> None:
    assert wheel.exists()
    assert not (sdist / "js" / "node_modules").exists()


def test_wheel_holds_the_package_and_nothing_else(wheel: Path, sdist: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for asset in ASSETS:
            name = f"runcrate_widget/static/{asset}"
            assert archive.read(name) == (sdist / name).read_bytes()
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        fields = HeaderParser().parsestr(archive.read(metadata).decode())
    info = metadata.rpartition("/")[0]
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "runcrate_widget").rglob("*.py")}
    expected = package | {f"runcrate_widget/static/{asset}" for asset in ASSETS}
    expected |= {"runcrate_widget/py.typed"}
    expected |= {
        f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }
    assert names == expected
    assert fields["Name"] == "runcrate_widget"
    assert fields["License-Expression"] == "MIT"
    assert fields["Requires-Python"] == ">=3.10"
    required = fields.get_all("Requires-Dist", [])
    assert any(
        line.startswith("ipykernel") and "!=7.0.0" in line and "extra" not in line for line in required
    )


def test_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    subprocess.run(install, check=True)
    script = """
import importlib.util
import runcrate_widget
from pathlib import Path
assert not any(importlib.util.find_spec(name) for name in ("av", "uvicorn", "jupyterlab")), "not an empty environment"
assert Path(runcrate_widget.__file__).is_relative_to(Path.cwd() / "env"), runcrate_widget.__file__
widget = runcrate_widget.VideoWidget()
static = Path(runcrate_widget.__file__).parent / "static"
assert str(widget._esm) == (static / "widget.js").read_text(encoding="utf-8")
try:
    runcrate_widget.VideoClient(demo=True)
except runcrate_widget.errors.MissingExtraError as error:
    assert "runcrate_widget[demo]" in str(error), error
else:
    raise AssertionError("the demo backend needs its extra")
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(python), "-W", "error", "-c", script]
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stderr
    program = python.with_name("runcrate-widget.exe" if os.name == "nt" else "runcrate-widget")
    for asked, said in (("--version", "runcrate-widget "), ("models", "NAME "), ("jobs", "")):
        ran = subprocess.run(
            [str(program), asked],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.startswith(said)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("src/index.tsx", "export default {", "`npm run build` failed"),
        (
            "build.mjs",
            "",
            "runcrate_widget/static/packed.js, runcrate_widget/static/studio.txt missing",
        ),
    ],
)
def test_no_build_without_the_bundle(
    tree: Path, sdist: Path, tmp_path: Path, file: str, text: str, message: str
) -> None:
    assert sdist.exists()  # building it has filled the tree's node_modules
    broken = tmp_path / "broken"
    shutil.copytree(tree, broken, symlinks=True)
    shutil.rmtree(broken / "runcrate_widget" / "static")
    (broken / "js" / file).write_text(text, encoding="utf-8")
    built = _build("wheel", broken, tmp_path / "out")
    assert built.returncode != 0
    assert message in built.stdout.replace(os.sep, "/")
    assert not list(tmp_path.glob("out/*.whl"))
