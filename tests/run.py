#!/usr/bin/env python3
"""Installs what the tests need, and runs them.

    python3 tests/run.py          every check, and the tests that are not marked `slow`: some 5 minutes
    python3 tests/run.py --all    every check and every test
    python3 tests/run.py -k lab   what comes after it is for pytest, which then decides alone what to run

Needs a Python (3.10 or newer, with venv) and the package registries; no root, no Node, no browser. The first
run fills `.venv/`, `js/node_modules/` and, where there is no Chromium, `.browser/`; later ones use what is
there.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

CHECKS: dict[str, list[str | Path]] = {
    "ruff check": [PYTHON, "-m", "ruff", "check"],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--check"],
    "mypy": [PYTHON, "-m", "mypy"],
    "imports go down": [BIN / "lint-imports", "--no-cache"],
    "biome and tsc": [PYTHON, "js/hatch_build.py", "run", "check"],
    "tests of the front end's parts": [PYTHON, "js/hatch_build.py", "test"],
    "docs": [PYTHON, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", ".site"],
}
# By `load`, and one by one: conftest.py's order of the tests is then each worker's.
PYTEST: list[str | Path] = [PYTHON, "-m", "pytest", "--dist=load", "--maxschedchunk=1", "--durations=25"]
# As many at a time as there are processors, each with a browser and servers of its own: more only get in each
# other's way. What needs no browser waits a good deal.
CORES = min(os.cpu_count() or 1, 4)
PARTS = {"not browser": CORES + 1, "browser": CORES}


def run(title: str, *command: str | Path) -> bool:
    """Run one step under a heading; whether it went well."""
    print(f"\n=== {title}", flush=True)
    return subprocess.run([str(part) for part in command], cwd=ROOT).returncode == 0


def install() -> bool:
    """Make `.venv/`, the bundle, and see that there is a browser; whether all of it is there."""
    if not PYTHON.exists() and not run("make .venv", sys.executable, "-m", "venv", "--clear", VENV):
        return False
    stamp = VENV / "installed-for"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    # An ordinary `pip install .` into the same .venv would have put a copy in the place of the tree.
    site = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
    copied = any(VENV.glob(f"{site}/runcrate_widget"))
    if copied or not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", ".[test]")
        if not run("pip install -e '.[test]'", PYTHON, *pip):
            return False
        stamp.write_text(wanted, encoding="ascii")
    return run("front end", PYTHON, "js/hatch_build.py") and run("browser", PYTHON, "tests/browser.py")


def main(words: list[str]) -> int:
    """Install, check, test; 0 if all went well."""
    everything = "--all" in words
    for_pytest = [word for word in words if word != "--all"]
    if not install():
        return 1
    results = {title: result_of(title, *command) for title, command in CHECKS.items()}
    print("\n=== so far")
    for title, result in results.items():
        print(f"{title}: {result}")
    results |= test(for_pytest, everything=everything)
    failed = [title for title, result in results.items() if result.startswith("FAILED")]
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nAll passed.")
    return 1 if failed else 0


def test(for_pytest: list[str], *, everything: bool) -> dict[str, str]:
    """Run pytest on what it is told, or on all in parts; how each went."""
    if for_pytest:
        return {"pytest": result_of("pytest", *PYTEST, "-n", str(CORES), *for_pytest)}
    slow = "" if everything else " and not slow"
    return {
        f"pytest, {part}": result_of(f"pytest, {part}", *PYTEST, "-n", str(count), "-m", f"{part}{slow}")
        for part, count in PARTS.items()
    }


def result_of(title: str, *command: str | Path) -> str:
    """Run one step; how it went, in words."""
    begin = time.monotonic()
    passed = run(title, *command)
    return f"{'passed' if passed else 'FAILED'} in {time.monotonic() - begin:.1f} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
