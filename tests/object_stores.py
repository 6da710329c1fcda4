"""Object stores on loopback, for the tests of a library in one: two real HTTP servers that speak S3.

`moto` is one process that has S3's semantics and keeps all in memory (moto_app.py says how it comes to have
them). SeaweedFS is a store that people run: a master, a volume server, a filer and its S3 gateway.

    with moto(folder) as server:
        os.environ.update(server.environment(cache))
        VideoClient(library=server.new_library())

The fixtures `moto_server`, `seaweed_server` and `place` (each kind of store in turn) are in conftest.py.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import secrets
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import runcrate_widget
from runcrate_widget.library.cloud.store import CloudStore
from runcrate_widget.library.disk import FolderStore

if TYPE_CHECKING:
    from runcrate_widget.library.store import Store

BUCKET = "library"
ACCESS_KEY, SECRET_KEY = "test", "testsecret"

_READY = 60.0  # seconds, on a machine that is busy
_numbers = itertools.count(1)


@dataclass(frozen=True)
class ObjectStore:
    """A server that speaks S3, with a bucket in it."""

    name: str
    port: int
    credentials: Mapping[str, str] = field(
        default_factory=lambda: {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, cache: Path, port: int | None = None) -> dict[str, str]:
        """For a client whose videos come to the folder `cache`; `port`: of a proxy before the server."""
        return {
            **self.credentials,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
            "RUNCRATE_CACHE": str(cache),
        }

    def new_library(self) -> str:
        """The URL of a library in which there is nothing yet."""
        return f"s3://{BUCKET}/{secrets.token_hex(4)}-{next(_numbers)}"

    def boto3(self) -> Any:
        """Another client, to see with other eyes what there is."""
        return _client(self.endpoint)

    def objects(self, url: str, part: str = "") -> dict[str, bytes]:
        """What is in a library, below `part`: path → content. What goes meanwhile is left out."""
        s3, prefix = self.boto3(), url.removeprefix(f"s3://{BUCKET}/") + "/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix + part)
        keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
        found = {}
        for key in keys:
            with contextlib.suppress(s3.exceptions.NoSuchKey):
                found[key.removeprefix(prefix)] = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return found


@functools.lru_cache(maxsize=8)
def _client(endpoint: str) -> Any:
    import boto3  # type: ignore[import-untyped,import-not-found,unused-ignore]
    from botocore.config import Config  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20),
    )


def free_ports(count: int) -> list[int]:
    """Ports that nobody has; taken all at once, so that they are different ones."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def moto(folder: Path) -> Iterator[ObjectStore]:
    """One process, all in memory."""
    (port,) = free_ports(1)
    command = [sys.executable, str(Path(__file__).with_name("moto_app.py")), str(port)]
    with _running(command, folder / "moto.log", ObjectStore("moto", port)) as store:
        yield store


@contextlib.contextmanager
def seaweed(folder: Path) -> Iterator[ObjectStore]:
    """A store that people run, with its files in `folder`."""
    who = {"name": "t", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]}
    config = folder / "s3.json"
    config.write_text(
        json.dumps({"identities": [{**who, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]})
    )
    names = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")]
    names += ["s3.port.iceberg", "s3.port.lance"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    (folder / "data").mkdir()
    command = [
        os.path.join(sysconfig.get_path("scripts"), "weed"),
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={folder / 'data'}",
        "-filer",
        "-s3",
        f"-s3.config={config}",
        "-s3.autoCreateBucket=false",
        "-master.volumeSizeLimitMB=1000",  # and as many of them as there is room for
        "-volume.max=0",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    with _running(command, folder / "weed.log", ObjectStore("seaweed", ports["s3.port"])) as store:
        yield store


@contextlib.contextmanager
def _running(command: list[str], log: Path, store: ObjectStore) -> Iterator[ObjectStore]:
    with open(log, "wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=log.parent)
    try:
        _wait_for(store, process, log)
        yield store
    finally:
        process.kill()
        process.wait()


def _wait_for(store: ObjectStore, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once there is a bucket, and what is put there comes back."""
    s3, pause, said = store.boto3(), threading.Event(), ""
    for _ in range(int(_READY / 0.1)):
        if process.poll() is not None:
            break
        try:
            if BUCKET not in [one["Name"] for one in s3.list_buckets().get("Buckets", ())]:
                s3.create_bucket(Bucket=BUCKET)
            s3.put_object(Bucket=BUCKET, Key="ready", Body=b"yes")
            assert s3.get_object(Bucket=BUCKET, Key="ready")["Body"].read() == b"yes"
            return
        except Exception as error:  # it is not there yet, or has no volume to write to
            said = f"{type(error).__name__}: {error}"
        pause.wait(0.1)
    raise AssertionError(f"{store.name} does not come up: {said}\n{log.read_text(errors='replace')[-3000:]}")


@dataclass(frozen=True)
class Place:
    """Where a library may be: one of the stores that all keep the same promises."""

    kind: str  # folder, memory, moto, seaweed
    location: str | Path
    cache: Path
    server: ObjectStore | None = None

    @property
    def in_bucket(self) -> bool:
        return self.kind != "folder"

    @property
    def shared(self) -> bool:
        """Whether another process sees the same."""
        return self.kind != "memory"

    def store(self) -> Store:
        """The store, as another process would open it: it knows nothing of what others have written."""
        if isinstance(self.location, Path):
            return FolderStore(self.location)
        return CloudStore(self.location)

    def environment(self, cache: Path | None = None) -> dict[str, str]:
        """Of another process; `cache`: where another machine would have it."""
        package = str(Path(runcrate_widget.__file__).parents[1])
        own = self.server.environment(cache or self.cache) if self.server else {}
        return {**os.environ, "PYTHONPATH": package, **own}
