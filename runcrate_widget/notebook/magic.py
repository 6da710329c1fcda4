"""`%%video` and `%video`: a video from a cell whose text is the prompt.

    %load_ext runcrate_widget

    %%video --model "Veo 3.0" --duration 4 -o fox
    A {animal} in the snow

Loaded by `%load_ext runcrate_widget` alone. Running such a cell again is free, as `client.generate` is.
"""

from __future__ import annotations

import argparse
import shlex
import string
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from runcrate_widget.catalog import ASPECT_RATIOS, models
from runcrate_widget.client import VideoClient
from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.prompts import expand

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runcrate_widget.jobs.batch import Batch
    from runcrate_widget.jobs.job import VideoJob

_MODEL = ("-m", "--model")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidRequestError("%%video", f"%%video: {message}.", f"{self.format_usage().strip()}")


def _parser() -> _Parser:
    parser = _Parser(prog="%%video", add_help=False, description=__doc__)
    parser.add_argument(*_MODEL, help="a model's id or name")
    parser.add_argument("-d", "--duration", type=int, help="seconds")
    parser.add_argument("-a", "--aspect-ratio", help=" or ".join(ASPECT_RATIOS))
    parser.add_argument("-i", "--image", help="what it begins with: a path, an https URL, or a variable")
    parser.add_argument("-n", "--takes", type=int, default=1, help="how many videos")
    parser.add_argument("-o", "--output", help="the variable that gets the job (of several takes: the batch)")
    parser.add_argument("-c", "--client", help="the variable with the client; else `client`, if any")
    return parser


class Magics:
    """What `%video` and `%%video` do in one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._client: VideoClient | None = None

    def video(self, line: str, cell: str | None = None) -> VideoJob | Batch:
        """Makes a video of the cell's text (or, in a line, of the words after the options).

        Raises:
            InvalidRequestError: an option is not allowed, or a `{variable}` of the prompt is not there.
                Nothing is sent.
        """
        given, words = _parser().parse_known_args(_split(line))
        odd = next((word for word in words if word.startswith("-")), None)
        if odd is not None or (cell is not None and words):
            _parser().error(f"unrecognized: {odd or ' '.join(words)}")
        prompt = filled(" ".join(words) if cell is None else cell, self._shell.user_ns)
        if given.output is not None and not given.output.isidentifier():
            _parser().error(f"-o is {given.output!r}; it must be the name of a variable")
        asked: dict[str, Any] = {
            "model": given.model,
            "duration": given.duration,
            "aspect_ratio": given.aspect_ratio,
            "image": self._shell.user_ns.get(given.image, given.image),
        }
        client = self._client_of(given.client)
        made: VideoJob | Batch
        if given.takes == 1:
            made = client.generate(prompt, **asked)
        else:
            made = client.generate_many([prompt], takes=given.takes, **asked)
        if given.output is not None:
            self._shell.user_ns[given.output] = made
        return made

    def _client_of(self, name: str | None) -> VideoClient:
        there = self._shell.user_ns.get(name or "client")
        if isinstance(there, VideoClient):
            return there
        if name is not None:
            _parser().error(f"--client is {name!r}, which is no VideoClient of this notebook")
        self._client = self._client or VideoClient()
        return self._client

    def complete(self, _: Any, event: Any) -> list[str]:
        """The models' names after `--model`, the options elsewhere. For IPython's completer."""
        before = event.text_until_cursor.split()
        last = before[-2:] if not event.text_until_cursor.endswith(" ") else before[-1:]
        if any(word in _MODEL for word in last):
            return [f'"{one.name}"' for one in models.values() if one.lives]
        return [
            name for action in _parser()._actions for name in action.option_strings if name.startswith("--")
        ]


def filled(text: str, variables: Mapping[str, Any]) -> str:
    """The prompt with each `{variable}` (also `{row.name}`, `{x:.1f}`) as the notebook has it.

    Raises:
        InvalidRequestError: there is no such variable; or the text stands for several prompts.
    """
    said: list[str] = []
    try:
        for literal, name, spec, conversion in string.Formatter().parse(text):
            said.append(literal)
            if name is None:
                continue
            if "|" in name:
                raise _Several
            value = string.Formatter().get_field(name, (), variables)[0]
            shown = string.Formatter().convert_field(value, conversion)
            said.append(format(shown, spec or ""))
    except _Several:
        count = len(expand(text))
        message = f"The prompt stands for {count}: {{a|b}} gives one each."
        raise InvalidRequestError(
            "prompt", message, "client.generate_many(prompts.expand(…)) makes them."
        ) from None
    except (KeyError, AttributeError, IndexError) as error:
        message = (
            f"prompt has {{{error.args[0] if error.args else error}}}, which this notebook does not have."
        )
        raise InvalidRequestError("prompt", message, "Run the cell that sets it; {{ is a brace.") from None
    except (ValueError, TypeError) as error:
        raise InvalidRequestError(
            "prompt", f"prompt cannot be filled in: {error}.", "{{ is a brace."
        ) from None
    return "".join(said)


class _Several(Exception):
    """The text has alternatives."""


def _split(line: str) -> Sequence[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise InvalidRequestError("%%video", f"%%video: {error}.", "Close the quotes.") from None


def load(shell: Any) -> None:
    """`%load_ext runcrate_widget`."""
    magics = Magics(shell)
    shell.register_magic_function(magics.video, magic_kind="line_cell", magic_name="video")
    shell.set_hook("complete_command", magics.complete, re_key=r"%%?video")
