"""What the house rules of CONTRIBUTING.md say of files, held to."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

import runcrate_widget

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400  # lines
LONGEST_CLASS = 250


def sources() -> Iterator[Path]:
    for folder, ends in (("runcrate_widget", (".py",)), ("js/src", (".ts", ".tsx", ".css"))):
        yield from (
            path
            for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in ends and "static" not in path.parts
        )


def too_long() -> set[str]:
    """`file` and `file::Class`, as far as they are over the limits."""
    found = set()
    for path in sources():
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        if len(text.splitlines()) > LONGEST_FILE:
            found.add(name)
        for node in ast.walk(ast.parse(text)) if path.suffix == ".py" else ():
            if isinstance(node, ast.ClassDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                found |= {f"{name}::{node.name}"} if lines > LONGEST_CLASS else set()
    return found


def test_files_and_classes_are_short() -> None:
    assert too_long() == set()


#: What its example prints is another thing each time.
NO_EXAMPLES = {"runcrate_widget.demo"}


def test_the_examples_of_docstrings_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [one.name for one in pkgutil.walk_packages(runcrate_widget.__path__, "runcrate_widget.")]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    for name in names:
        if not name.endswith("__main__") and name not in NO_EXAMPLES:
            for test in doctest.DocTestFinder().find(importlib.import_module(name)):
                runner.run(test, out=said.append)
    assert runner.tries > 5
    assert runner.failures == 0, "".join(said)


def test_the_version_is_the_same_in_both_places() -> None:
    told = re.search(
        r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert told
    assert told[1] == runcrate_widget.__version__


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_every_file_of_github_is_yaml() -> None:
    files = [*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"]
    assert len(files) > 4
    for file in files:
        assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict), file


def test_every_python_that_is_promised_is_tested() -> None:
    promised = re.findall(r"Python :: (3\.\d+)\"", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == promised


def test_actions_are_pinned_and_only_a_release_may_publish() -> None:
    for file in WORKFLOWS:
        text = file.read_text(encoding="utf-8")
        used = re.findall(r"uses: *(\S+)", text)
        assert used
        assert all(re.fullmatch(r"[\w./-]+@(release/)?v\d+", one) for one in used), used
        assert "secrets." not in text, "trusted publishing needs none"
        assert ("id-token: write" in text) == (file.stem == "release")
