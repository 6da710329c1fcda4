"""The key is nowhere but in the header that it is for: not on disk, in a log, an error, a message, a
notebook, or at another host.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import html as html_of
import io
import json
import logging
import pickle
import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbclient
import nbformat
import pytest
from fault_server import (
    KEY,
    FaultServer,
    cut,
    html,
    made,
    redirect,
    redirect_elsewhere,
    reply,
    reset,
    short,
    status,
)
from hypothesis import given
from hypothesis import strategies as st
from videos import small_mp4

from runcrate_widget import VideoClient, VideoJob, VideoWidget, errors
from runcrate_widget.jobs.loop import engine
from runcrate_widget.service.connections import Connections
from runcrate_widget.service.key import Key

pytestmark = pytest.mark.usefixtures("quick")

VIDEO = small_mp4(1)
TESTS = str(Path(__file__).parent)
#: What nobody may see of it: the wrapper shows its prefix and its last four letters.
SECRET = KEY.removeprefix("rc_live_")[:-4]
#: As people have it in their environment.
WRITTEN = [KEY, f' "{KEY}"\n', f"'{KEY}'", f"\t{KEY}\r\n", f"Bearer {KEY}", f"`{KEY}` "]
#: What cannot be sent, and is a secret all the same.
UNUSABLE = [f"{KEY} # mine", f"{KEY}\n{KEY}", f"{KEY}é"]


def has_key(text: str | bytes) -> bool:
    """Whether the key is in there, as it is or in one of the encodings that it may have on its way."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    secret = SECRET.encode()
    # In base64 what comes before decides how it looks; the ends depend on the neighbours.
    encoded = [base64.b64encode(b"x" * shift + secret)[4:-4].decode() for shift in range(3)]
    return any(form in text for form in (SECRET, secret.hex(), *encoded))


def files_with_key(folder: Path) -> list[str]:
    """Those below a folder, hidden ones too."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert found
    return [str(path) for path in found if has_key(path.read_bytes()) or has_key(path.name)]


def everything_shown(thing: object, seen: set[int] | None = None) -> str:
    """repr, str and vars of an object and of all of ours that it holds."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return ""
    seen.add(id(thing))
    said = f"{thing!r} {thing}\n"
    inner: list[object] = []
    if isinstance(thing, dict):
        inner = [*thing.keys(), *thing.values()]
    elif isinstance(thing, (list, tuple, set)):
        inner = list(thing)
    elif type(thing).__module__.startswith("runcrate_widget"):
        with suppress(TypeError):
            inner.append(vars(thing))
        for name in ("_repr_html_", "_repr_mimebundle_", "__getstate__"):
            if hasattr(thing, name):
                with suppress(TypeError):
                    inner.append(getattr(thing, name)())
    return said + "".join(everything_shown(one, seen) for one in inner)


def everything_told(error: BaseException) -> str:
    """An error with all that hangs on it, and the locals of every frame of its traceback but those of the
    tests.
    """
    told = repr(vars(error)) + repr(error.args)
    chain: list[traceback.TracebackException | None] = [
        traceback.TracebackException.from_exception(error, capture_locals=True)
    ]
    while chain:
        one = chain.pop()
        if one is None:
            continue
        chain += [one.__cause__, one.__context__]
        told += "".join(one.format_exception_only())
        told += "".join(
            f"{frame.line} {frame.locals}\n" for frame in one.stack if not frame.filename.startswith(TESTS)
        )
    return told


def raised_by(call: Callable[[], object]) -> errors.RuncrateError:
    """What a call raises."""
    with pytest.raises(errors.RuncrateError) as caught:
        call()
    return caught.value


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(video=VIDEO) as elsewhere, FaultServer(video=VIDEO, elsewhere=elsewhere.url) as running:
        yield running
        for one in elsewhere.requests:
            assert not has_key(f"{one.path}{one.headers}{one.body!r}"), "another host got the key"
        for one in running.requests:
            others = {name: value for name, value in one.headers.items() if name != "authorization"}
            assert not has_key(f"{one.path}{others}{one.body!r}"), "the key is where it does not belong"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """All that any logger says at any level, with the objects that it says it of."""
    loop = engine().loop
    for name in (None, "httpx", "httpcore", "asyncio", "runcrate_widget", "traitlets"):
        caplog.set_level(logging.DEBUG, name)
    slow, loop.slow_callback_duration = loop.slow_callback_duration, 0
    loop.set_debug(True)  # asyncio then tells of every call that it makes

    def text() -> str:
        records = [f"{vars(one)} {one.args!r}" for one in caplog.records]
        told = [
            everything_told(one.exc_info[1]) for one in caplog.records if one.exc_info and one.exc_info[1]
        ]
        return "\n".join([caplog.text, *records, *told])

    yield text
    loop.set_debug(False)
    loop.slow_callback_duration = slow


def generate(server: FaultServer, folder: Path, **options: Any) -> VideoJob:
    client = VideoClient(**{"api_key": KEY, "base_url": server.url, "library": folder, **options})
    return client.generate("A fox in the snow", model="Veo 3.0")


def test_the_search_finds_it() -> None:
    bearer = f"Bearer {KEY}".encode()
    seen = (
        KEY,
        KEY.encode(),
        f"x={KEY[6:]!r}",
        base64.b64encode(bearer),
        base64.b64encode(b"a" + bearer),
        bearer.hex(),
    )
    assert all(has_key(one) for one in seen)
    assert not has_key("rc_live_…cdef")
    assert has_key(everything_shown({"a": [KEY]}))


@pytest.mark.parametrize(
    "written", WRITTEN, ids=["plain", "quotes", "single quotes", "tab and CRLF", "Bearer", "backticks"]
)
@pytest.mark.parametrize("way", ["environment", "argument"])
def test_a_key_with_what_clings_to_it_is_recognised_and_shows_itself_nowhere(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, way: str
) -> None:
    monkeypatch.setenv("RUNCRATE_API_KEY", written if way == "environment" else "rc_live_another")
    job = generate(server, tmp_path, api_key=None if way == "environment" else written)
    assert job.wait(30)
    assert {one.headers["authorization"] for one in server.requests} == {f"Bearer {KEY}"}
    assert not files_with_key(tmp_path)
    assert not has_key(everything_shown(job))


STEPS: dict[str, tuple[str, list[Any]]] = {
    "nothing wrong": ("submit", []),
    "submit 401": ("submit", [reply(401)]),
    "submit 402": ("submit", [reply(402)]),
    "submit 422": ("submit", [reply(422)]),
    "submit lost": ("submit", [made(reset)]),
    "submit HTML": ("submit", [made(html())]),
    "submit half JSON": ("submit", [made(reply(200, b"{"))]),
    "submit redirected": ("submit", [redirect_elsewhere]),
    "poll 401": ("poll", [reply(401)]),
    "poll 402": ("poll", [reply(402)]),
    "poll ridden out": ("poll", [reply(502), reset, html(), reply(200, b"{"), reply(429)]),
    "poll 404 for good": ("poll", [reply(404)] * 6),
    "failed": ("poll", [status("failed", error="no")]),
    "download redirected": ("download", [redirect_elsewhere]),
    "download ridden out": ("download", [cut(0.5), reply(500), reset, html(), reply(404)]),
    "download no video": ("download", [short(0.5)] * 6),
}


@pytest.mark.parametrize("by", ["asyncio", "httpcore"])
@pytest.mark.parametrize("name", STEPS)
def test_no_error_log_file_or_output_has_it(
    server: FaultServer,
    tmp_path: Path,
    log: Callable[[], str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    by: str,
) -> None:
    if by == "httpcore":  # as where a proxy may be on the way
        monkeypatch.setattr(Connections, "lines", lambda _: None)
    step, faults = STEPS[name]
    server._faults[step] = list(faults)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        job = generate(server, tmp_path)
        told = ""
        try:
            job.wait(30)
        except errors.JobError as error:
            told = everything_told(error)
        if job.error:
            told += everything_told(job.error)
    assert bool(told) == (job.status != "completed")
    assert not has_key(told)
    assert by in log()
    assert not has_key(log())
    assert not files_with_key(tmp_path)
    assert not has_key("".join(capfd.readouterr()))
    assert not has_key(f"{[str(one.message) for one in warned]}")


def test_an_unreachable_host_does_not_tell_it(tmp_path: Path, log: Callable[[], str]) -> None:
    client = VideoClient(KEY, base_url="http://127.0.0.1:9", library=tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    told = everything_told(raised_by(lambda: job.wait(30))) + everything_told(job.error or AssertionError())
    assert "Nothing was sent" in told
    assert not has_key(told)
    assert not has_key(log())
    assert not files_with_key(tmp_path)


@pytest.mark.parametrize("step", ["submit", "poll", "download"])
def test_a_service_that_repeats_it_does_not_spread_it(
    server: FaultServer, tmp_path: Path, log: Callable[[], str], step: str
) -> None:
    # "Incorrect API key provided: …" is what services say; and a proxy in between shows what it was sent.
    server._faults[step] = [
        reply(
            401,
            {
                "error": {
                    "message": f"Incorrect API key provided: {KEY}",
                    "code": KEY,
                    "type": f"Bearer {KEY}",
                }
            },
        )
    ]
    job = generate(server, tmp_path)
    told = everything_told(raised_by(lambda: job.wait(30))) + everything_told(job.error or AssertionError())
    assert not has_key(told)
    assert not has_key(everything_shown(job))
    assert not has_key(log())
    assert not files_with_key(tmp_path)


def test_an_answer_that_repeats_it_is_not_kept(server: FaultServer, tmp_path: Path) -> None:
    async def echo(exchange: Any) -> None:
        id = exchange.server.make_job(exchange.request)
        await exchange.send(
            200, {"id": id, "status": "queued", "request": {"headers": exchange.request.headers}}
        )

    server._faults["submit"] = [echo]
    job = generate(server, tmp_path)
    assert job.wait(30)
    assert not files_with_key(tmp_path)
    assert not has_key(everything_shown(job))


@pytest.mark.parametrize("written", UNUSABLE, ids=["comment", "two lines", "accent"])
@pytest.mark.parametrize("way", ["environment", "argument", "set later"])
def test_an_unusable_key_is_refused_without_telling_it(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, way: str
) -> None:
    if way == "environment":
        monkeypatch.setenv("RUNCRATE_API_KEY", written)
        error = raised_by(lambda: generate(server, tmp_path, api_key=None))
    elif way == "argument":
        error = raised_by(lambda: generate(server, tmp_path, api_key=written))
    else:
        client = VideoClient(KEY, base_url=server.url, library=tmp_path)
        error = raised_by(lambda: setattr(client, "api_key", written))
    assert isinstance(error, errors.ConfigurationError)
    assert not has_key(everything_told(error))
    assert server.requests == []


@pytest.mark.parametrize(
    "options",
    [{"base_url": "http://runcrate.example"}, {"base_url": "nowhere"}, {"max_concurrent": 0}, {"max_seconds": -1},
     {"prices": {"Veo 3.0": -1}}],
    ids=["no https", "no URL", "max_concurrent", "max_seconds", "prices"],
)  # fmt: skip
def test_a_client_that_cannot_be_made_does_not_tell_it(
    server: FaultServer, tmp_path: Path, options: dict[str, Any]
) -> None:
    assert not has_key(everything_told(raised_by(lambda: generate(server, tmp_path, **options))))


def test_what_generate_refuses_does_not_tell_it(server: FaultServer, tmp_path: Path) -> None:
    client = VideoClient(KEY, base_url=server.url, library=tmp_path, max_seconds=10)
    refused: list[dict[str, Any]] = [{"prompt": ""}, {"duration": 7}, {"model": "Vio 3.0"}, {"take": 0}]
    for arguments in refused:
        error = raised_by(partial(client.generate, **{"prompt": "A fox", "model": "Veo 3.0", **arguments}))
        assert not has_key(everything_told(error))
    client.generate("A fox", model="Veo 3.0").wait(30)
    assert not has_key(everything_told(raised_by(lambda: client.generate("Two", model="Veo 3.0"))))
    assert not has_key(everything_told(raised_by(lambda: client.job(""))))


def test_nothing_public_shows_it(server: FaultServer, tmp_path: Path) -> None:
    client = VideoClient(KEY, base_url=server.url, library=tmp_path)
    widget = VideoWidget(client=client, prompt="A fox", model="Veo 3.0")
    job = widget.generate()
    assert isinstance(job, VideoJob)
    states: list[Any] = []
    widget.observe(lambda change: states.append(change["new"]), ("_first", "_changed"))
    video = job.wait(30)
    record = client.library[job.key]
    for thing in (
        client,
        client.api_key,
        widget,
        job,
        job.request,
        video,
        record,
        client.library,
        client._manager,
        client._manager._backend,
    ):
        assert not has_key(everything_shown(thing)), thing
    assert "_api_key" not in vars(client) and repr(client.api_key) == "rc_live_…cdef"
    for state in (widget.get_state(), states, widget._repr_mimebundle_(), widget.trait_values().keys()):
        assert not has_key(repr(state))


def test_a_pickle_or_copy_has_none(server: FaultServer, tmp_path: Path) -> None:
    client = VideoClient(KEY, base_url=server.url, library=tmp_path)
    job = client.generate("A fox", model="Veo 3.0")
    video = job.wait(30)
    assert not has_key(pickle.dumps(client))
    for thing in (
        client.api_key,
        job,
        client._manager,
        client._manager._backend,
        VideoWidget(client=client),
    ):
        into = io.BytesIO()
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dump(thing, into)
        assert not has_key(into.getvalue()), "what was written before it was refused"
    with pytest.raises(TypeError):
        copy.deepcopy(client)
    for value in (video, job.request):
        assert pickle.loads(pickle.dumps(value)) == value
        assert not has_key(pickle.dumps(value))


CELLS: dict[str, tuple[str, str]] = {  # what it is → the code, and the error that it ends in
    "the beginning": (
        """%xmode Verbose
import copy, json, logging, os, pickle, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
from runcrate_widget import VideoClient, VideoRequest, VideoWidget
from runcrate_widget.jobs import polling
polling.SHORTEST, polling.LONGEST_BACKOFF = 0.01, 0.05
url = json.loads(os.environ["URLS"])
# Verbose shows the value of each expression of a line: the environment is not to be in one of the cells'.
def key():
    return os.environ["RUNCRATE_API_KEY"]
def spoil_key():
    os.environ["RUNCRATE_API_KEY"] = key().strip() + " # mine"
def generate(where, prompt="A fox", **options):
    return VideoClient(base_url=url[where], library=f"{where}_videos", **options).generate(prompt, model="Veo 3.0")
""",
        "",
    ),
    "a client": (
        "client = VideoClient(base_url=url['good'])\nprint(client, vars(client), client.api_key)\nclient",
        "",
    ),
    "a widget": ("widget = VideoWidget(client=client, prompt='A hare', model='Veo 3.0')\nwidget", ""),
    "its button": ("job = widget.generate()\nvideo = await job\nvideo", ""),
    "what its view says": (
        """controls = dict(prompt="An owl", model="google/veo-3.0", duration=6, aspect_ratio="16:9", takes=1, image=None)
widget._handle_custom_msg({"id": "view-1", "kind": "hello"}, [])
widget._handle_custom_msg({"id": "view-2", "kind": "generate", **controls}, [])
widget._handle_custom_msg({"id": "view-3", "kind": "generate", **controls, "prompt": ""}, [])
import asyncio
while len(widget.jobs) < 2:
    await asyncio.sleep(0.01)
await widget.jobs[1]""",
        "",
    ),
    "the library": ("client.library", ""),
    "401": ("generate('refusing').wait(30)", "JobFailedError"),
    "402": ("await generate('refusing')", "JobFailedError"),
    "402 while polling": ("generate('stopping').wait(30)", "JobStoppedError"),
    "an answer that was lost": ("generate('losing').wait(30)", "JobUnconfirmedError"),
    "a video that is none": ("generate('broken').wait(30)", "JobStoppedError"),
    "a connection that is refused": ("generate('nobody').wait(30)", "JobFailedError"),
    "bad input": ("client.generate('A fox', model='Veo 3.0', duration=7)", "InvalidRequestError"),
    "no prompt": ("generate('good', prompt=' ')", "InvalidRequestError"),
    "a widget's trait": ("widget.duration = 7", "InvalidTraitError"),
    "a limit": ("generate('good', prompt='A crow', max_seconds=1)", "SpendingLimitError"),
    "a bad limit": ("VideoClient(key(), max_seconds=-1)", "InvalidRequestError"),
    "a bad URL": ("VideoClient(key(), base_url='http://a.example')", "ConfigurationError"),
    "a folder that is none": ("VideoClient(library=5)", "LibraryError"),
    "a pickle": ("pickle.dumps(client)", ""),
    "a copy": ("copy.deepcopy(job)", "TypeError"),
    "a name that is not there": ("[client, job, widget, video, not_there]", "NameError"),
    "a key that is none": (
        "spoil_key()\ngenerate('good')",
        "ConfigurationError",
    ),
    "all of it": ("print(globals().keys(), vars(client), vars(job), widget.get_state())", ""),
}


class Listener(nbclient.NotebookClient):
    """Runs a notebook, and hears every message of its kernel: what a browser would get."""

    heard: list[Any]

    async def async_start_new_kernel_client(self, **options: Any) -> Any:
        channels = await super().async_start_new_kernel_client(**options)
        get = channels.iopub_channel.get_msg
        self.heard = []

        async def hear(*arguments: Any, **options: Any) -> Any:
            message = await get(*arguments, **options)
            self.heard.append(message)
            return message

        channels.iopub_channel.get_msg = hear
        return channels


def test_a_saved_notebook_and_all_that_its_kernel_sent_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.cells = [nbformat.v4.new_code_cell(code) for code, _ in CELLS.values()]  # type: ignore[no-untyped-call]
    with (
        FaultServer(video=VIDEO) as good,
        FaultServer(submit=[reply(401), reply(402)]) as refusing,
        FaultServer(poll=[reply(402)]) as stopping,
        FaultServer(submit=[made(reset)]) as losing,
        FaultServer(video=VIDEO, download=[short(0.5)] * 6) as broken,
    ):
        urls = {
            "good": good.url,
            "refusing": refusing.url,
            "stopping": stopping.url,
            "losing": losing.url,
            "broken": broken.url,
        }
        monkeypatch.setenv("URLS", json.dumps(urls | {"nobody": "http://127.0.0.1:9"}))
        monkeypatch.setenv("RUNCRATE_API_KEY", f' "{KEY}"\n')
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))  # its history is on disk, too
        runner = Listener(
            notebook,
            timeout=60,
            allow_errors=True,
            kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
        )
        asyncio.run(runner.async_execute())
    assert {one.headers["authorization"] for one in good.requests} == {f"Bearer {KEY}"}
    path = tmp_path / "saved.ipynb"
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    ended = [
        next((output["ename"] for output in cell.outputs if output["output_type"] == "error"), "")
        for cell in notebook.cells
    ]
    leaking = [
        name for name, cell in zip(CELLS, notebook.cells, strict=True) if has_key(json.dumps(cell.outputs))
    ]
    assert leaking == []
    assert dict(zip(CELLS, ended, strict=True)) == {name: error for name, (_, error) in CELLS.items()}
    assert not files_with_key(tmp_path)
    kinds = {message["msg_type"] for message in runner.heard}
    assert kinds >= {"comm_open", "comm_msg", "stream", "error"}
    buffers = [bytes(buffer) for message in runner.heard for buffer in message.get("buffers", [])]
    assert not any(map(has_key, buffers))
    # `default`: the messages have dates.
    assert not has_key(json.dumps([{**message, "buffers": []} for message in runner.heard], default=str))


def upper_escapes(text: str) -> str:
    return "".join(f"\\u{ord(letter):04X}" for letter in text)


#: Ways in which what a service was sent comes back.
FORMS: dict[str, str] = {
    "as it is": KEY,
    "upper case": KEY.upper(),
    "mixed case": KEY.title(),
    "percent-encoded": "".join(f"%{ord(letter):02x}" for letter in KEY),
    "percent-encoded here and there": KEY.replace("_", "%5F").replace("c", "%63"),
    "HTML": "".join(f"&#{ord(letter)};" for letter in KEY),
    "HTML, hexadecimal": "".join(f"&#x{ord(letter):X};" for letter in KEY),
    "JSON escapes": upper_escapes(KEY),
    "JSON escapes here and there": KEY.replace("_", "\\u005f"),
}


def shows(text: str) -> bool:
    """Whether somebody could read the key out of it."""
    for _ in range(2):
        text = re.sub(
            r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), html_of.unescape(unquote(text))
        )
    return SECRET.lower() in text.lower()


@pytest.mark.parametrize(
    ("step", "form"),
    [
        (step, form)
        for step in ("submit", "poll", "download")
        for form in (FORMS if step == "submit" else ("mixed case", "JSON escapes here and there"))
    ],
)
@pytest.mark.parametrize("where", ["reason", "header", "JSON", "page", "status"])
def test_an_echo_in_any_form_is_told_nowhere(
    server: FaultServer, tmp_path: Path, log: Callable[[], str], form: str, step: str, where: str
) -> None:
    echo = FORMS[form]
    notes: list[str] = []

    async def fault(exchange: Any) -> None:
        if where == "reason":
            await exchange.send(401, b"", reason=f"No key {echo}")
        elif where == "header":
            about = {
                "Content-Type": f"text/html; {echo}",
                "X-Echo": echo,
                "WWW-Authenticate": f"Bearer {echo}",
            }
            await exchange.send(401, b"", headers=about)
        elif where == "JSON":
            body = f'{{"error": {{"message": "No {echo}", "code": "{echo}", "{echo}": "{echo}"}}}}'
            await exchange.send(401, body.encode())
        elif where == "page":
            page = f"<html>{'x' * 60} {echo} and again {echo}</html>".encode()
            await exchange.send(200, page, headers={"Content-Type": "text/html"})
        else:
            id = exchange.server.make_job(exchange.request) if step == "submit" else "vid_000001"
            body = f'{{"id": "{id}", "status": "{echo}", "you": {{"{echo}": ["{echo}"]}}}}'
            await exchange.send(200, body.encode())

    server._faults[step] = [fault]
    client = VideoClient(KEY, base_url=server.url, library=tmp_path)
    job = client.generate("A fox in the snow", model="Veo 3.0")
    job.observe(lambda change: notes.append(str(change["new"])), "note")
    told = ""
    try:
        job.wait(30)
    except errors.JobError as error:
        told = everything_told(error)
    if job.error:
        told += everything_told(job.error)
    assert server.count(step) >= 1
    assert not shows(told)
    assert not shows(" ".join(notes))
    assert not shows(everything_shown(job))
    assert not shows(log())
    assert not any(shows(path.read_text("latin-1")) for path in tmp_path.glob("*.json"))


@given(st.text(), st.sampled_from(sorted(FORMS)), st.text())
def test_what_stands_beside_an_echo_stays(before: str, form: str, after: str) -> None:
    # Nothing that would belong to an escape or to the key, before or after.
    before, after = (re.sub(r"[\\%&#;0-9a-fA-F]", "", text) for text in (before, after))
    assert Key(KEY).without(f"{before}{FORMS[form]}{after}") == f"{before}{Key(KEY)!r}{after}"


def test_a_key_that_looks_like_an_escape_is_known_again() -> None:
    odd = Key("rc_live_%41bc%2Fdef\\u0041")
    for echo in ("rc_live_%41bc%2Fdef\\u0041", "RC_LIVE_ABC/DEFA", "rc_live_%61bc/def\\\\u0061"):
        assert "bc" not in odd.without(f"x {echo} y").lower()


@given(st.binary())
def test_a_body_without_it_is_left_as_it_is(body: bytes) -> None:
    assert Key(KEY).redacted(body) == body


def test_a_place_that_names_the_key_is_not_gone_to(server: FaultServer, tmp_path: Path) -> None:
    # The fixture looks at what the other host got.
    server._faults["download"] = [
        redirect(f"{server.elsewhere}/video.mp4?by={form}") for form in (KEY, KEY.upper())
    ]
    job = generate(server, tmp_path)
    assert job.wait(30)
    assert server.count("download") == 3


#: Ways of writing it in which nobody sees it, and anybody can read it; or its beginning.
CODED: dict[str, str] = {
    **{
        f"base64 after {before} bytes": base64.b64encode(b"x" * before + KEY.encode() + b" and more").decode()
        for before in range(4)
    },
    "base64 of the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 for a URL": base64.urlsafe_b64encode(f"?>{KEY}>>??".encode()).decode(),
    "base64 in lines": base64.encodebytes(f"{'x' * 40}{KEY}".encode()).decode(),
    "hexadecimal": KEY.encode().hex(),
    "hexadecimal, upper case": KEY.encode().hex().upper(),
    "its beginning": f"{KEY[:20]}****",
    "its first 12 characters": f"{KEY[:12]}…",
    "in two lines": f"{KEY[:14]}\n{KEY[14:]}",
    "in two lines, escaped": f"{KEY[:14]}\\n{KEY[14:]}",
    "with what is not seen": f"{KEY[:9]}\u200b{KEY[9:]}",
}


def decoded(text: str) -> str:
    """All that somebody could read out of a text."""
    close = re.sub(r"[\s\u200b]|\\\\n", "", text)
    said = [text, close]
    for word in re.findall(r"[\w+/-]{8,}", close):
        for at in range(4):
            with suppress(ValueError):
                part = word[at:]
                said.append(base64.b64decode(part[: len(part) // 4 * 4], altchars=b"-_").decode("latin-1"))
                said.append(base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1"))
        pairs = ("".join(re.findall(r"[0-9a-fA-F]{2}", word[at:])) for at in range(2))
        said += [bytes.fromhex(pair).decode("latin-1") for pair in pairs]
    return "\n".join(said).lower()


@pytest.mark.parametrize("form", CODED)
def test_it_is_told_in_no_code_and_not_by_its_beginning(form: str) -> None:
    echo = f"No key: {CODED[form]} is one."
    assert KEY[8:12] in decoded(echo), "this test can read it"
    clean = Key(KEY).without(echo)
    assert KEY[8:12] not in decoded(clean)
    assert clean.startswith("No key: ") and clean.endswith(" is one.") and repr(Key(KEY)) in clean
    assert Key(KEY).redacted(echo.encode()).decode().count("No key") == 1


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=16, max_size=40),
       st.binary(max_size=9), st.binary(max_size=9), st.booleans())  # fmt: skip
def test_whatever_a_key_is_its_base64_is_found(key: str, before: bytes, after: bytes, url: bool) -> None:
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    coded = encode(before + key.encode() + after).decode()
    assert repr(Key(f"rc_live_{key}")) in Key(f"rc_live_{key}").without(
        encode(before + f"rc_live_{key}".encode() + after).decode()
    )
    assert len(coded) >= len(key)


def test_what_every_key_begins_with_may_be_said() -> None:
    told = "A key begins with rc_live_: copy it anew. cmNfbGl2ZV8= 72635f6c6976655f"
    assert Key(KEY).without(told) == told
    assert Key("short").without("c2hvcnQ= 73686f7274") == "c2hvcnQ= 73686f7274"


@pytest.mark.parametrize("form", ["base64 of the header", "hexadecimal", "its beginning"])
def test_a_coded_echo_gets_into_no_error_and_no_record(
    server: FaultServer, tmp_path: Path, log: Callable[[], str], form: str
) -> None:
    echo = CODED[form]
    server._faults["submit"] = [
        reply(401, {"error": {"message": f"No key {echo}", "code": echo, echo: echo}})
    ]
    job = generate(server, tmp_path)
    told = everything_told(raised_by(lambda: job.wait(30))) + everything_shown(job) + log()
    told += "".join(path.read_text("latin-1") for path in tmp_path.glob("*.json"))
    assert echo not in told and KEY[:12] not in told and not has_key(told)
