"""What somebody who tried to break it found, and must not come back."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from fault_server import KEY, FaultServer, client_of, made, redirect, reply, reset, status
from videos import small_mp4

from runcrate_widget import VideoClient, VideoJob, VideoRequest, VideoWidget, errors
from runcrate_widget.jobs.living import had, living, with_id
from runcrate_widget.library.naming import fresh_record
from runcrate_widget.service import runcrate

pytestmark = pytest.mark.usefixtures("quick")

VIDEO = small_mp4(1)


def generate(server: FaultServer, folder: Path, **options: Any) -> VideoJob:
    return client_of(server, folder, **options).generate("A fox", model="Veo 3.0")


DEEP = b'{"deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize("fault", [reply(200, DEEP), reply(302, b"", Location="/elsewhere"), reply(303, b"", Location="/x"), reply(408),
                                   reply(200, b'{"id": "half \\ud83d", "status": "queued"}'), reply(200, {"id": "a\x00b"})],
                         ids=["too deep", "302", "303", "408", "half a character", "control character"])  # fmt: skip
def test_a_job_that_may_have_been_made_is_unconfirmed_and_can_be_adopted(
    server: FaultServer, tmp_path: Path, fault: Any
) -> None:
    server._faults["submit"] = [made(fault)]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    job.adopt("vid_000001")
    assert job.wait(30)
    assert server.count("submit") == 1


def test_an_id_that_another_job_has_is_not_taken_for_a_second_video(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["submit"] = [reply(201, {"id": "vid_same", "status": "queued"})] * 2
    server._faults["poll"] = [status("processing")] * 50
    client = client_of(server, tmp_path, prices={"Veo 3.0": 0.5})
    first, known = client.generate("A fox", model="Veo 3.0"), threading.Event()
    first.observe(lambda _: known.set(), "id")
    assert first.id or known.wait(30)
    second = client.generate("An owl", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError, match="vid_same, which is the id of another job"):
        second.wait(30)
    assert (first.id, second.id) == ("vid_same", None)
    client.close()


def test_a_mistaken_adoption_can_be_put_right(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [made(reset)]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    job.adopt("vid_typo")
    with pytest.raises(errors.JobStoppedError, match="vid_typo"):
        job.wait(30)
    job.adopt("vid_000001")
    assert job.wait(30).id == "vid_000001"
    with pytest.raises(errors.JobError, match="completed"):
        job.adopt("vid_000001")


def test_a_mistaken_adoption_can_be_given_up(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reset]
    client = client_of(server, tmp_path, prices={"Veo 3.0": 0.5})
    job = client.generate("A fox", model="Veo 3.0", duration=4)
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    job.adopt("vid_000001")  # which nobody has
    with pytest.raises(errors.JobStoppedError, match="vid_000001"):
        job.wait(30)
    job.cancel()
    assert job.status == "cancelled"
    assert list(client.ledger) == [], "it cannot have cost anything"
    assert job.resubmit().wait(30)
    assert server.count("submit") == 2


def test_an_id_that_was_given_to_another_job_by_hand_is_not_taken_for_a_second_video(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["submit"] = [reset, *[reply(201, {"id": "vid_same", "status": "queued"})] * 2]
    server._faults["poll"] = [reply(401)] * 2
    client = client_of(server, tmp_path)
    first = client.generate("A fox", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError):
        first.wait(30)
    for id in ("vid_wrong", "vid_same"):  # the first was a mistake
        first.adopt(id)
        with pytest.raises(errors.JobStoppedError):
            first.wait(30)
    second = client.generate("An owl", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError, match="vid_same, which is the id of another job"):
        second.wait(30)
    here = tmp_path, first.record.service
    assert with_id(*here, "vid_same") == [first.record]
    assert with_id(*here, "vid_wrong") == []
    assert with_id(tmp_path / "other", here[1], "vid_same") == with_id(tmp_path, "demo", "vid_same") == []


def test_a_job_that_nobody_holds_is_not_found_by_its_id(tmp_path: Path) -> None:
    record = fresh_record(tmp_path, VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://a", id="vid_0")
    job = VideoJob(record, cast(Any, None))
    living[record.folder, record.name] = job
    assert with_id(tmp_path, record.service, "vid_0") == [record]
    assert had(tmp_path, record.service, record.request, 1) is record
    del job
    gc.collect()
    assert with_id(tmp_path, record.service, "vid_0") == []
    assert had(tmp_path, record.service, record.request, 1) is None


def test_jobs_are_found_by_their_ids_while_others_get_theirs(tmp_path: Path) -> None:
    """The user's thread makes jobs, while the engine's looks whether an id is taken: one that met a change
    made a paid job unconfirmed."""
    record = fresh_record(tmp_path, VideoRequest("A fox", model="Veo 3.0"), 1, 1, "https://a", id="vid_0")
    job, over, found = VideoJob(record, cast(Any, None)), threading.Event(), 0
    living[record.folder, record.name] = job

    def make() -> None:
        held = []
        for n in range(1, 1500):
            held.append(VideoJob(replace(record, id=f"vid_{n}", name=f"fox-{n}"), cast(Any, None)))
            living[record.folder, f"fox-{n}"] = held[-1]
        over.set()

    thread = threading.Thread(target=make)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        while not over.is_set():
            assert with_id(tmp_path, record.service, "vid_0") == [record]
            found += 1
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert found


def test_an_adopted_job_that_the_service_has_is_not_given_up(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [made(reset)]
    server._faults["poll"] = [reply(401)]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)
    job.adopt("vid_000001")
    with pytest.raises(errors.JobStoppedError):
        job.wait(30)
    with pytest.raises(errors.JobError, match="no way to cancel"):
        job.cancel()


@pytest.mark.parametrize(
    "variable", ["ALL_PROXY=socks5://127.0.0.1:9", "SSL_CERT_FILE=/nowhere/ca.pem", "HTTPS_PROXY=foo://x"]
)
def test_an_environment_that_cannot_work_is_said_and_nothing_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(*variable.split("="))
    job = VideoClient(KEY, base_url="https://runcrate.invalid", library=tmp_path).generate(
        "A fox", model="Veo 3.0"
    )
    with pytest.raises(errors.JobFailedError, match=r"cannot be reached.*Nothing was sent"):
        job.wait(60)


def test_a_key_that_becomes_unusable_stops_and_a_good_one_goes_on(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCRATE_API_KEY", KEY)
    client = client_of(server, tmp_path, api_key=None)

    async def spoil(exchange: Any) -> None:
        monkeypatch.setenv("RUNCRATE_API_KEY", "rc_live_ä")
        await exchange.server._poll(exchange)

    server._faults["poll"] = [spoil]
    job = client.generate("A fox", model="Veo 3.0")
    with pytest.raises(errors.JobStoppedError, match="characters that no key has"):
        job.wait(30)
    assert "unusable" in repr(client)
    client.api_key = KEY
    assert job.wait(30)
    assert server.count("submit") == 1


@pytest.mark.parametrize(
    "given", [{"extra": {"n": "\ud83d"}}, {"model": "acme/\ud800"}, {"extra": {"deep": None}}]
)
def test_what_cannot_be_sent_is_refused_before(given: dict[str, Any]) -> None:
    if given.get("extra") == {"deep": None}:
        for _ in range(100_000):
            given["extra"]["deep"] = [given["extra"]["deep"]]
    with pytest.raises(errors.InvalidRequestError):
        VideoRequest("A fox", **{"model": "Veo 3.0", **given})


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_no_observer_ends_the_engine(server: FaultServer, tmp_path: Path, end: type[BaseException]) -> None:
    job = generate(server, tmp_path)
    widget = VideoWidget(client=client_of(server, tmp_path))

    def stop(_: object) -> None:
        raise end

    job.observe(stop)
    assert job.wait(30)
    widget.observe(stop, "model")
    widget._handle_custom_msg({"id": "1", "kind": "set", "name": "model", "value": "Sora 2"}, [])
    assert client_of(server, tmp_path).generate("Another", model="Veo 3.0").wait(30)


def test_an_observer_that_fails_hides_nothing_from_the_widget(server: FaultServer, tmp_path: Path) -> None:
    widget = VideoWidget(client=client_of(server, tmp_path), prompt="A fox")

    def broken(_: object) -> None:
        raise ZeroDivisionError

    widget.observe(broken, "jobs")
    job = widget.generate()
    assert isinstance(job, VideoJob)
    job.observe(broken)
    seen = threading.Event()
    widget.observe(
        lambda change: seen.set() if change["new"]["rows"][0]["status"] == "completed" else None, "_first"
    )
    assert job.wait(30)
    assert seen.wait(60) or widget._first["rows"][0]["status"] == "completed"


def test_a_rolled_back_hold_loses_no_job(server: FaultServer, tmp_path: Path) -> None:
    widget = VideoWidget(client=client_of(server, tmp_path), prompt="A fox")
    hold = widget.hold_trait_notifications()
    hold.__enter__()
    job = widget.generate()
    widget.duration = 999
    with pytest.raises(errors.InvalidRequestError):
        hold.__exit__(None, None, None)
    assert isinstance(job, VideoJob)
    assert job.wait(30)
    assert widget._feed.list.jobs == [job]


def test_half_a_character_from_the_service_does_not_stop_the_widget(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["submit"] = [reply(400, b'{"error": {"message": "bad \\ud83d word"}}')]
    widget = VideoWidget(client=client_of(server, tmp_path), prompt="A fox \ud800")
    widget.prompt.encode()
    job = widget.generate()
    assert isinstance(job, VideoJob)
    with pytest.raises(errors.JobFailedError, match=r"bad \? word"):
        job.wait(30)
    json.dumps(widget._feed.list.first()).encode()
    assert job.error is not None
    job.error.message.encode()


def test_an_answer_that_drips_on_and_on_is_a_broken_connection(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runcrate, "_READ_TIMEOUT", 0.3)

    async def drip(exchange: Any) -> None:
        await exchange.send(200, b" ", length=10_000)
        while not exchange.server.ended.is_set() and not exchange.writer.is_closing():
            exchange.writer.write(b" ")
            await exchange.writer.drain()
            await _briefly(exchange.server.ended)

    server._faults["poll"] = [drip]
    assert generate(server, tmp_path).wait(30)


async def _briefly(ended: Any) -> None:
    import asyncio
    import contextlib

    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(ended.wait(), 0.05)


def test_a_stage_that_nobody_documents_does_not_hold_a_place_for_ever(
    server: FaultServer, tmp_path: Path
) -> None:
    server._faults["poll"] = [status("expired")] * 12
    client = client_of(server, tmp_path, max_concurrent=1)
    jobs = [client.generate(f"Fox {n}", model="Veo 3.0") for n in range(2)]
    with pytest.raises(errors.JobStoppedError, match="expired"):
        jobs[0].wait(30)
    assert jobs[1].wait(30)
    jobs[0].resume()
    assert jobs[0].wait(30)


def test_waiting_while_a_job_is_taken_up_again_tells_its_end(server: FaultServer, tmp_path: Path) -> None:
    server._faults["poll"] = [reply(401)] * 40
    client = client_of(server, tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    for _ in range(40):
        with pytest.raises(errors.JobStoppedError, match="401"):
            job.wait(30)
        job.resume()
    assert job.wait(30)


def test_a_service_that_repeats_the_key_does_not_spread_it(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [reply(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})]
    job = generate(server, tmp_path)
    with pytest.raises(errors.JobFailedError, match="Incorrect API key provided: rc_live_…cdef") as caught:
        job.wait(30)
    assert KEY not in str(caught.value)
    assert not [path for path in tmp_path.iterdir() if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "options",
    [{"base_url": "http://evil.example"}, {"prices": {"Veo 3.0": -1}}, {"max_concurrent": 0}, {"library": "a\0b"},
     {"api_key": KEY + "ä"}, {"library": "~nobody-of-that-name/x"}],
)  # fmt: skip
def test_a_client_that_is_refused_does_not_show_the_key(
    server: FaultServer, tmp_path: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(errors.RuncrateError) as caught:
        client_of(server, tmp_path, **options)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if "runcrate_widget" in frame.filename]
    assert ours
    assert KEY not in str([frame.locals for frame in ours])


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, -1), (0, 0)])
def test_a_chunk_that_is_none_is_refused(
    server: FaultServer, tmp_path: Path, offset: int, length: int
) -> None:
    widget = VideoWidget(client=client_of(server, tmp_path), prompt="A fox")
    job = widget.generate()
    assert isinstance(job, VideoJob)
    job.wait(30)
    answers: list[dict[str, Any]] = []
    came = threading.Event()

    def answered(content: dict[str, Any], **_: object) -> None:
        answers.append(content)
        came.set()

    widget.send = answered
    widget._handle_custom_msg(
        {"id": "1", "kind": "chunk", "key": job.key, "offset": offset, "length": length}, []
    )
    assert came.wait(60)
    assert not answers[0]["ok"]


def test_a_lasting_redirect_says_so_and_may_be_tried_again(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [redirect("https://elsewhere.example/", 308)]
    with pytest.raises(errors.JobFailedError, match="redirects"):
        generate(server, tmp_path).wait(30)


def test_a_wait_may_be_for_ever(server: FaultServer, tmp_path: Path) -> None:
    assert generate(server, tmp_path).wait(float("inf"))


@pytest.mark.parametrize(
    "words", ['{"a/b": {"durations": {"min": 1e400, "max": 2}}}', '{"a/b": {"durations": [4], "notes": 5}}']
)
def test_an_odd_table_of_models_is_said(tmp_path: Path, words: str) -> None:
    file = tmp_path / "models.json"
    file.write_text(words)
    code = "from runcrate_widget import errors\ntry:\n  from runcrate_widget import models; repr(models); models._repr_html_()\n"
    code += "except errors.ConfigurationError as error: print('refused')"
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"RUNCRATE_MODELS": str(file)}, capture_output=True, text=True
    )
    assert (ran.stdout, ran.stderr) == ("refused\n", "")


def test_the_engine_imports_nothing(tmp_path: Path) -> None:
    """An interrupt of the main thread that meets an import in the engine's can hang both for good."""
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from fault_server import KEY, FaultServer
from videos import small_mp4
from runcrate_widget import VideoClient, VideoWidget
imported = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        import threading
        if threading.current_thread().name == "runcrate_widget":
            imported.append(name)
with FaultServer(video=small_mp4(1)) as server:
    client = VideoClient(KEY, base_url=server.url.replace("127.0.0.1", "localhost"), library="videos")
    widget = VideoWidget(client=client, prompt="A fox")
    sys.meta_path.insert(0, Watch())
    widget._handle_custom_msg({{"id": "h", "kind": "hello", "root": None}}, [])
    widget.generate().wait(60)
    widget._handle_custom_msg({{"id": "p", "kind": "code", "key": widget.jobs[0].key}}, [])
    imported = [name for name in imported if name in sys.modules]  # the others are not installed
    assert imported == [], imported
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr


#: What takes long to load, and what no class and no form needs.
LATE = {"asyncio", "ssl", "subprocess", "email.utils", "httpx", "av", "numpy", "PIL", "IPython.display"}
#: What a form that is only seen does without.
ROOMS = {
    "jobs.manager",
    "jobs.job",
    "service.runcrate",
    "service.backend",
    "notebook.handlers",
    "library.stacks",
}


def test_the_import_of_the_widget_and_the_widget_load_only_what_they_need(tmp_path: Path) -> None:
    script = f"""
import sys
import anywidget
before = set(sys.modules)
import runcrate_widget
runcrate_widget.VideoWidget
imported = set(sys.modules) - before
ours = {{name for name in imported if name.startswith("runcrate_widget.")}}
late, rooms = {LATE!r}, {{f"runcrate_widget.{{name}}" for name in {ROOMS!r}}}
assert not imported & late, imported & late
assert not [name for name in ours if ".jobs" in name or ".library" in name or ".service" in name], ours
assert len(ours) <= 15 and len(imported - ours) <= 8, sorted(imported)
widget = runcrate_widget.VideoWidget()
loaded = set(sys.modules) - before
assert not loaded & rooms and not loaded & (late - {{"asyncio", "ssl", "subprocess"}}), loaded & (late | rooms)
widget._ipython_display_()
assert rooms - {{"runcrate_widget.library.stacks"}} <= set(sys.modules), "and all is there when it was shown"
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
