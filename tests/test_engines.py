"""Engines that a team has already, with processes of their own: Dask and, where it is installed, Ray.

Their workers measure the videos of a shared library, and ask for videos; a worker that is killed in the
middle, whose task the engine then gives to another one, pays for nothing twice.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import pickle
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import engine_tasks
import pytest
from fault_server import KEY, Exchange, FaultServer, client_of, hang
from object_stores import moto
from videos import small_mp4, write_numbered_mp4

from runcrate_widget import VideoClient, VideoRequest, errors

ROOT = Path(__file__).resolve().parent.parent
PROMPTS = [f"A fox in scene {number}" for number in range(8)]
PATIENCE = 120  # seconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("quick"),
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
]


@pytest.fixture(params=["folder", "s3"])
def library(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Where the library is, for this process and for the workers that it starts."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
    monkeypatch.setenv("RUNCRATE_API_KEY", KEY)
    if request.param == "folder":
        yield tmp_path / "library"
        return
    with moto(tmp_path) as store:
        for name, value in store.environment(tmp_path / "cache").items():
            monkeypatch.setenv(name, value)
        yield store.new_library()


@pytest.fixture
def nobody_left() -> Iterator[None]:
    """Every process that is started meanwhile has ended when the test has."""
    import psutil  # type: ignore[import-untyped,unused-ignore]

    def others() -> set[Any]:
        found = set()
        for one in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                # Python's own, one for all that it ever spawns.
                if "resource_tracker" not in " ".join(one.cmdline()):
                    found.add(one)
        return found

    before = others()
    yield
    end = time.monotonic() + PATIENCE
    while left := others() - before:
        assert time.monotonic() < end, left
        time.sleep(0.1)


Run = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], list[Any]]


@pytest.fixture
def on_dask(library: Any, nobody_left: None) -> Iterator[Run]:  # noqa: ARG001  before it, and ended after it
    """Runs a function with each of some arguments on two workers of Dask: what it gave, or its error."""
    distributed: Any = importlib.import_module("distributed")

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as dask,
    ):

        def run(function: Callable[..., Any], asked: Sequence[tuple[Any, ...]]) -> list[Any]:
            futures = [dask.submit(function, *one, pure=False) for one in asked]
            distributed.wait(futures, timeout=PATIENCE)
            return [future.exception(PATIENCE) or future.result(PATIENCE) for future in futures]

        yield run


@pytest.fixture
def on_ray(library: Any, nobody_left: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:  # noqa: ARG001
    """The same on two of Ray, which gives up after 30 s where a machine is busy: then it is started again."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))  # and none is written to this user's home
    monkeypatch.setenv("RAY_agent_register_timeout_ms", str(PATIENCE * 1000))
    for _ in range(3):
        command = [sys.executable, str(ROOT / "tests" / "ray_child.py")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdin and child.stdout
            told, heard = child.stdin, child.stdout

            def run(function: Callable[..., Any], asked: Sequence[tuple[Any, ...]]) -> list[Any]:
                pickle.dump((function, list(asked)), told)  # noqa: B023  once
                told.flush()  # noqa: B023
                found: list[Any] = pickle.load(heard)  # noqa: B023
                return found

            try:
                assert pickle.load(heard) == "ready"
            except EOFError:
                continue
            yield run
            return
    raise AssertionError("Ray does not come up")


@pytest.fixture(
    params=[
        "dask",
        pytest.param(
            "ray",
            marks=pytest.mark.skipif(
                importlib.util.find_spec("ray") is None,
                reason="ray is too large for the extra `test`; it is run where it is installed",
            ),
        ),
    ]
)
def run(request: pytest.FixtureRequest) -> Run:
    found: Run = request.getfixturevalue(f"on_{request.param}")
    return found


def test_workers_measure_a_shared_library_as_it_is_measured_here(
    run: Run, library: Any, tmp_path: Path
) -> None:
    with FaultServer() as server, client_of(server, library) as client:
        for number, prompt in enumerate(PROMPTS[:4]):
            size = (160 + 16 * number, 90)
            server.video = write_numbered_mp4(tmp_path / "one.mp4", 24, size=size).read_bytes()
            client.generate(prompt, model="Veo 3.0").wait(PATIENCE)
        records = client.library.filter()
        here = [engine_tasks.measure(record)[1] for record in records]
        measured = run(engine_tasks.measure, [(record,) for record in records])
        assert [found for _, found in measured] == here
        assert len({found["sheet"] for found in here}) == 4 and len({found["motion"] for found in here}) > 1
        assert os.getpid() not in {pid for pid, _ in measured}

        asked = [
            (client, record, found["sharpness"]) for record, found in zip(records, here, strict=True) if found
        ]
        assert run(engine_tasks.rate, asked) == [record.key for record in records]
        rated = {record.key: record.rating for record in client.library.filter(tag="measured")}
        assert rated == {found["key"]: 1 + round(4 * found["sharpness"]) for found in here}
        assert run(engine_tasks.export, [(client, tmp_path / "there")]) == [4]
        engine_tasks.export(client, tmp_path / "here")
        lines = [(tmp_path / name / "metadata.jsonl").read_text("utf-8") for name in ("here", "there")]
        assert lines[0] == lines[1]
        assert server.count("submit") == 4


def test_a_worker_that_is_killed_does_not_pay_twice(run: Run, library: Any, tmp_path: Path) -> None:
    running = tmp_path / "running"
    running.mkdir()
    killed: list[tuple[str, str]] = []

    def prompts(server: FaultServer) -> list[str]:
        return [json.loads(one.body)["prompt"] for one in list(server.requests) if one.step == "submit"]

    async def go_on(exchange: Exchange) -> None:
        await getattr(exchange.server, f"_{exchange.request.step}")(exchange)

    async def kill(exchange: Exchange) -> None:
        """The worker that asks is killed; a job that it submits is made all the same."""
        step = exchange.request.step
        if step == "submit":
            exchange.server.make_job(exchange.request)
            prompt = json.loads(exchange.request.body)["prompt"]
        else:  # the service numbers its jobs
            prompt = prompts(exchange.server)[int(exchange.request.path.rpartition("_")[2]) - 1]
        killed.append((step, prompt))
        os.kill(int((running / prompt.replace(" ", "-")).read_text()), signal.SIGKILL)
        await hang(exchange)

    with FaultServer(
        video=small_mp4(1),
        polls=3,
        poll=[go_on] * 2 + [kill] + [go_on] * 9 + [kill],
        submit=[go_on] * 5 + [kill],
    ) as server:
        with client_of(server, library, resume=False) as client:
            requests = [VideoRequest(prompt, model="Veo 3.0") for prompt in PROMPTS]
            results = run(engine_tasks.generate, [(request, client, running) for request in requests])
            ended = dict(zip(PROMPTS, results, strict=True))
            assert sorted(step for step, _ in killed) == ["poll", "poll", "submit"]
            assert Counter(prompts(server)) == dict.fromkeys(PROMPTS, 1), "paid twice, or never"
            # Of what was on its way just then a person is asked.
            (unsure,) = [prompt for step, prompt in killed if step == "submit"]
            error = ended.pop(unsure)
            assert isinstance(error, errors.JobUnconfirmedError), error
            assert sorted(ended.values()) == sorted(
                record.id or "" for record in client.library.filter(status="completed")
            )
            assert [one.prompt for one in client.library.filter(status="unconfirmed")] == [unsure]
            assert len(client.library) == len(PROMPTS)
            # The engine is asked once more: nothing is sent.
            again = run(engine_tasks.generate, [(one, client, running) for one in requests[:2]])
            assert [str(one) for one in again] == [str(ended.get(one, error)) for one in PROMPTS[:2]]
        assert server.count("submit") == len(PROMPTS)


def test_workers_that_leave_it_to_a_carrier_send_nothing(on_dask: Run, library: Any) -> None:
    with FaultServer(video=small_mp4(1)) as server:
        requests = [VideoRequest(prompt, model="Veo 3.0") for prompt in PROMPTS[:3]]
        with client_of(server, library, api_key=None, carry=False) as asking:
            keys = on_dask(engine_tasks.ask, [(request, asking) for request in [*requests, *requests]])
            assert keys[:3] == keys[3:] and len(set(keys)) == 3
            assert not server.requests
            assert all(record.handed_over for record in asking.library)
        assert isinstance(asking, VideoClient)
