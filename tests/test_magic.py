"""`%%video` in a real IPython shell: options, variables, takes, completion, and that it is free again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from runcrate_widget import errors
from runcrate_widget.jobs.batch import Batch
from runcrate_widget.notebook.magic import filled

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
    batch = shell.run_cell_magic("video", '-m "Veo 3.0" -n 3', "A fox")
    assert isinstance(batch, Batch)
    assert [job.take for job in batch.wait(30)] == [1, 2, 3]
    assert server.count("submit") == 3


@pytest.mark.parametrize(
    ("line", "cell", "match"),
    [
        ("--modle x", "A fox", "unrecognized: --modle"),
        ("-d four", "A fox", "invalid int value: 'four'"),
        ('-m "Veo 3.0', "A fox", "No closing quotation"),
        ('-m "Veo 3.0" -d 7', "A fox", "duration is 7"),
        ('-m "Veo 3.0"', "A {cat}", r"prompt has \{cat\}, which this notebook does not have"),
        ('-m "Veo 3.0"', "A {red|blue} fox", "stands for 2"),
        ('-m "Veo 3.0"', "A fox {", "cannot be filled in"),
        ('-m "Veo 3.0" -o 1x', "A fox", "-o is '1x'"),
        ('-m "Veo 3.0" -c nobody', "A fox", "'nobody', which is no VideoClient"),
        ('-m "Veo 3.0" more words', "A fox", "unrecognized: more words"),
        ("", "A fox", "model is not given"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    shell: Any, server: FaultServer, line: str, cell: str, match: str
) -> None:
    with pytest.raises(errors.InvalidRequestError, match=match):
        shell.run_cell_magic("video", line, cell)
    assert server.count("submit") == 0


def test_variables_are_filled_in_as_python_formats_them() -> None:
    variables = {"x": 1.234, "names": ["a", "b"], "thing": Path("/tmp/fox.png")}
    assert filled("{x:.1f} {names[1]} {thing.stem} {{braces}}", variables) == "1.2 b fox {braces}"


def test_models_and_options_are_completed(shell: Any) -> None:
    def completed(text: str) -> list[str]:
        with provisionalcompleter():
            return [one.text for one in shell.Completer.completions(text, len(text))]

    assert any("Veo 3.0" in one for one in completed("%%video --model "))
    assert "--duration" in completed("%%video --")
