"""`%%video` in a real IPython shell: options, variables, takes, completion, and that it is free again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, client_of
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import start_new_kernel

from runcrate_widget.jobs.batch import Batch
from runcrate_widget.notebook.magic_completion import suggestions
from runcrate_widget.notebook.magic_prompt import filled

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def shell(server: FaultServer, tmp_path: Path) -> Iterator[Any]:
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]  # not the process's own
    shell.run_line_magic("load_ext", "runcrate_widget")
    with client_of(server, tmp_path) as client:
        shell.user_ns["client"] = client
        yield shell


def test_the_cell_is_the_prompt_and_running_it_again_is_free(shell: Any, server: FaultServer) -> None:
    shell.user_ns["animal"] = "fox"
    cell = "A {animal} in the snow,\nslow dolly"
    job = shell.run_cell_magic("video", '--model "Veo 3.0" -d 4 --aspect-ratio 9:16 -o made', cell)
    assert job is shell.user_ns["made"]
    assert (job.request.prompt, job.request.duration, job.request.aspect_ratio) == (
        "A fox in the snow,\nslow dolly",
        4,
        "9:16",
    )
    job.wait(30)
    again = shell.run_cell_magic("video", '-m "Veo 3.0" -d 4 -a 9:16', cell)
    assert again.wait(30).path == job.video.path
    assert server.count("submit") == 1


def test_a_line_has_its_prompt_after_the_options(shell: Any) -> None:
    job = shell.run_line_magic("video", '-m "Veo 3.0" A fox in the snow')
    assert job.request.prompt == "A fox in the snow"


def test_several_takes_are_a_batch(shell: Any, server: FaultServer) -> None:
    batch = shell.run_cell_magic("video", '-m "Veo 3.0" -t 3', "A fox")
    assert isinstance(batch, Batch)
    assert [job.take for job in batch.wait(30)] == [1, 2, 3]
    assert server.count("submit") == 3


@pytest.mark.parametrize(
    ("line", "cell", "match"),
    [
        ("--modle x", "A fox", "unrecognized: --modle. Did you mean --model?"),
        ("--ratio 9:16", "A fox", "Did you mean --aspect-ratio?"),
        ("--mod x", "A fox", "unrecognized: --mod"),
        ("-d four", "A fox", "'four' is no whole number"),
        ("--extra seed", "A fox", "'seed' is neither KEY=VALUE nor JSON"),
        ('-m "Veo 3.0" --take 0', "A fox", "take is 0"),
        ('-m "Veo 9"', "A fox", "neither a known name nor an id"),
        ('-m "Veo 3.0" -m "Sora 2" -d 6', "A fox", "duration is 6; Sora 2 makes"),
        ("-m {nothing}", "A fox", r"an option has {nothing}, which this notebook does not have"),
        ("--demo -c client", "A fox", "give one of them"),
        ('-m "Veo 3.0', "A fox", "No closing quotation"),
        ('-m "Veo 3.0" -d 7', "A fox", "duration is 7"),
        ('-m "Veo 3.0"', "A {cat}", "prompt has {cat}, which this notebook does not have"),
        ('-m "Veo 3.0"', "A {red|blue} fox", "stands for 2"),
        ('-m "Veo 3.0"', "A fox {", "cannot be filled in"),
        ('-m "Veo 3.0"', "A {animal.upper()}", "{animal.upper()}; only names are filled in"),
        ('-m "Veo 3.0"', "A {1 + 1} {}", "no code is run"),
        ('-m "Veo 3.0"', "A {animal:{width}}", "no code is run"),
        ('-m "Veo 3.0"', "A {animal.tail}", "there is none: AttributeError"),
        ('-m "Veo 3.0"', "A {animal[9]}", "there is none: IndexError"),
        ('-m "Veo 3.0" -o 1x', "A fox", "-o is '1x'"),
        ('-m "Veo 3.0" -c nobody', "A fox", "'nobody', which is no VideoClient"),
        ('-m "Veo 3.0" more words', "A fox", "unrecognized: more words"),
        ("", "A fox", "model is not given"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    shell: Any, server: FaultServer, line: str, cell: str, match: str
) -> None:
    shell.user_ns["animal"] = "fox"
    with pytest.raises(UsageError) as raised:
        shell.run_cell_magic("video", line, cell)
    assert match in str(raised.value)
    assert "\n" not in str(raised.value)
    assert server.count("submit") == 0


def test_variables_are_filled_in_as_python_formats_them() -> None:
    variables = {"x": 1.234, "names": ["a", "b"], "thing": Path("/tmp/fox.png")}
    assert filled("{x:.1f} {names[1]} {thing.stem} {{braces}}", variables) == "1.2 b fox {braces}"
    variables = {"d": {"a b": [1, 2]}, "x": "y"}
    assert filled("{d['a b'][-1]!r:>3}{x}", variables) == "  2y"


def test_what_has_alternatives_says_what_makes_all_of_it_and_that_can_be_copied(shell: Any) -> None:
    shell.user_ns["animal"] = "{quick} fox"
    with pytest.raises(UsageError, match="The prompt stands for 2") as raised:
        shell.run_cell_magic("video", '-m "Veo 3.0" -d 4', "A {red|blue} {animal}")
    code = str(raised.value).split("without %%video: ", 1)[1]
    space: dict[str, Any] = {"client": shell.user_ns["client"]}
    exec(code.split("; ")[0], space)
    made = eval(code.split("; ")[1], space)
    assert code.startswith("from runcrate_widget import expand; client.generate_many(")
    made.wait(30)
    assert [(job.request.prompt, job.request.duration) for job in made] == [
        ("A red {quick} fox", 4),
        ("A blue {quick} fox", 4),
    ]


def test_options_are_those_of_the_command_line(shell: Any, server: FaultServer) -> None:
    shell.user_ns["seed"] = 7
    made = shell.run_cell_magic("video", '-m "Veo 3.0" --take 2 --extra seed={seed}', "A fox")
    assert (made.take, dict(made.request.extra)) == (2, {"seed": 7})
    made = shell.run_cell_magic("video", """-m "Veo 3.0" --extra '{"seed": 8}'""", "A fox")
    assert dict(made.request.extra) == {"seed": 8}
    both = shell.run_cell_magic("video", '-m "Veo 3.0" -m "Sora 2" -d 4 -t 2 --take 3', "A fox")
    assert [(job.request.model_name, job.take) for job in both] == [
        ("Veo 3.0", 3),
        ("Veo 3.0", 4),
        ("Sora 2", 3),
        ("Sora 2", 4),
    ]
    both.wait(30)
    assert server.count("submit") == 6


def test_nothing_in_a_line_is_run(shell: Any, server: FaultServer) -> None:
    with pytest.raises(UsageError, match="no code is run"):
        shell.run_line_magic("video", '-m "Veo 3.0" A {"fox".upper()}')
    assert server.count("submit") == 0
    shell.user_ns["model"] = "Veo 3.0"
    made = shell.run_line_magic("video", "-m {model} A {model} for $model")
    assert (made.request.model_name, made.request.prompt) == ("Veo 3.0", "A Veo 3.0 for $model")


def test_the_demo_is_an_option(
    shell: Any, server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNCRATE_LIBRARY", str(tmp_path / "demo"))
    made = shell.run_cell_magic("video", '-m "Veo 3.0" -d 4 --demo', "A fox")
    assert made.demo
    assert server.count("submit") == 0
    made.wait(120)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%%video --", "--model --duration --aspect-ratio --takes --take --image --extra --output --client"),
        ("%%video --ta", "--takes --take"),
        ("%%video -m x --du", "--duration"),
        ("%video -m x A fo", ""),
        ("%%video --duration ", "2 3 4 5"),
        ('%%video -m "Veo 3.0" -d ', "4 6 8"),
        ("%%video -d 4 --model='Sora 2' --duration=", "4 8 12"),
        ("%%video -m kwaivgi/kling-v3 -d 1", "10 11 12 13 14 15"),
        ("%%video -a ", "16:9 9:16"),
        ("%%video --aspect-ratio 9", "9:16"),
        ("%%video -c mi", "mine"),
        ("%%video -o ", ""),
    ],
)
def test_the_line_is_completed_by_what_may_stand_there(line: str, found: str) -> None:
    may = suggestions(line, len(line), lambda: ["client", "mine"])[1]
    assert may[: len(found.split())] == found.split()
    assert found or not may


def test_a_name_is_completed_in_its_quotes() -> None:
    for line, at, fragment, name in (
        ("%%video --model V", None, "V", '"Veo 3.0"'),
        ('%%video --model "Ve', None, '"Ve', '"Veo 3.0"'),
        ('%%video --model "Veo 3', None, '"Veo 3', '"Veo 3.0"'),
        ("%%video -d 4 -m 'veo 3", None, "'veo 3", "'Veo 3.0'"),
        ('%%video --model "Ve" -d 4', 19, '"Ve', '"Veo 3.0'),
    ):
        there, may = suggestions(line, len(line) if at is None else at)
        assert (there, may[0]) == (fragment, name), line


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("RUNCRATE_API_KEY", KEY)
    manager, client = start_new_kernel(cwd=str(tmp_path))
    client.execute("%load_ext runcrate_widget", reply=True, timeout=60)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_in_a_kernel_it_completes_helps_and_shows_no_traceback(kernel: Any) -> None:
    def completed(code: str) -> tuple[str, list[str]]:
        at = code.index("^")
        code = code.replace("^", "")
        said = kernel.complete(code, at, reply=True, timeout=60)["content"]
        return code[said["cursor_start"] : said["cursor_end"]], said["matches"]

    there, options = completed("%%video --^\nA fox")
    assert (there, options[0]) == ("--", "--model")
    assert all(one.startswith("--") and "_" not in one for one in options)
    there, names = completed("%%video --model ^\nA fox")
    assert (there, '"Veo 3.0"' in names, "and" in names) == ("", True, False)
    assert completed('%%video --model "So^') == ('"So', ['"Sora 2"', '"Sora 2 Pro"'])
    assert completed('%%video --model "So^"\nA fox') == ('"So', ['"Sora 2', '"Sora 2 Pro'])
    assert completed('%%video --model "Veo 3.0" --duration ^\nA fox') == ("", ["4", "6", "8"])
    assert completed('%video --model "Veo 3.0" --aspect-ratio ^') == ("", ["16:9", "9:16"])
    assert "print" in completed("x = 1\npri^")[1]

    def shown(code: str) -> tuple[str, str, dict[str, Any]]:
        streams = {"stdout": "", "stderr": ""}
        kinds = set()

        def hook(message: Any) -> None:
            kinds.add(message["msg_type"])
            if message["msg_type"] == "stream":
                streams[message["content"]["name"]] += message["content"]["text"]

        content = kernel.execute_interactive(code, output_hook=hook, timeout=60)["content"]
        assert "error" not in kinds
        return streams["stdout"], streams["stderr"], content

    for code in ("%%video --help", "%video --help", "%%video -h\n", "%%video --help\nA fox"):
        said, wrong, _ = shown(code)
        assert wrong == ""
        assert "--aspect-ratio" in said
        assert "A {animal} in the snow" in said
    said, wrong, content = shown("%%video --modle x\nA fox")
    assert (said, wrong.count("\n"), content["status"]) == ("", 1, "error")
    assert wrong.startswith("UsageError: %%video: unrecognized: --modle. Did you mean --model?")
    (payload,) = shown("%%video?")[2]["payload"]
    assert "--aspect-ratio RATIO" in payload["data"]["text/plain"]
