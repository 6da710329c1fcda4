"""The official SDK, as a peer: the one of this Python, or one that pip puts beside the project (`.hosts/`); else the
same that it does (submit, ask every 5 s, fetch the whole and write it), with httpx.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = "0.5.0"
FOLDER = ROOT / ".hosts" / f"runcrate-sdk-{VERSION}"

#: A function `make(url, key, path, prompt)`, as code. `sys.path` is given more at its end: what both need is one version.
_SDK = """
import sys
sys.path.append({folder!r})
from runcrate import Runcrate
def make(url, key, path, prompt):
    client = Runcrate(api_key=key, inference_url=url)
    client.models.generate_video_and_save(path, model="google/veo-3.0", prompt=prompt, duration=6)
"""
_AS_IT_DOES = """
import time, httpx
def make(url, key, path, prompt):
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
        asked = {"model": "google/veo-3.0", "prompt": prompt, "duration": 6}
        job = client.post("/v1/videos", json=asked).json()
        while job["status"] not in ("completed", "failed"):
            time.sleep(5)
            job = client.get(f"/v1/videos/{job['id']}").json()
        content = client.get(f"/v1/videos/{job['id']}/download").content
        with open(path, "wb") as file:
            file.write(content)
"""


@cache
def folder() -> str | None:
    """Where it is, as an entry of `sys.path`; empty if this Python has it, None if it is not to be had."""
    if importlib.util.find_spec("runcrate") is not None:
        return ""
    if not FOLDER.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        asked = ["--target", str(FOLDER), f"runcrate-sdk=={VERSION}"]
        if subprocess.run([*command, *asked], capture_output=True).returncode != 0:
            return None
    return str(FOLDER)


def name() -> str:
    """What it is called in a table."""
    return "the SDK's way, with httpx" if folder() is None else f"runcrate-sdk {VERSION}"


def code() -> str:
    """A program's beginning that defines `make(url, key, path, prompt)`."""
    there = folder()
    return _AS_IT_DOES if there is None else _SDK.format(folder=there)


def loading() -> str | None:
    """A program that loads it; None if it is not to be had."""
    there = folder()
    return None if there is None else f"import sys; sys.path.append({there!r}); import runcrate"
