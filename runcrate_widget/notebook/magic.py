"""`%%video` and `%video`: a video from a cell whose text is the prompt.

    %load_ext runcrate_widget

    %%video --model "Veo 3.0" --duration 4 -o fox
    A {animal} in the snow

Loaded by `%load_ext runcrate_widget` alone. Running such a cell again is free, as `client.generate` is.
"""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import needs_local_scope, no_var_expand

from runcrate_widget.client import VideoClient
from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.jobs.planning import unnumbered
from runcrate_widget.typed import several, together

from . import magic_completion
from .magic_line import help_alone, parser, split
from .magic_prompt import SeveralError, filled

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from runcrate_widget.jobs.batch import Batch
    from runcrate_widget.jobs.job import VideoJob

_SEVERAL = ("model", "duration", "aspect_ratio")


class Magics:
    """What `%video` and `%%video` do in one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._clients: dict[bool, VideoClient] = {}  # of its own, by whether it is the demo's

    def video(self, line: str, cell: str | None, variables: Mapping[str, Any]) -> VideoJob | Batch | None:
        """Makes a video of the cell's text (or, in a line, of the words after the options).

        Raises:
            UsageError: an option is not allowed, a `{variable}` is not there, or the client refuses: one
                line, without a traceback. Nothing is sent.
        """

        def fill(text: str) -> str:
            try:
                return filled(text, variables)
            except InvalidRequestError as error:
                raise UsageError(f"%%video: {error}".replace("prompt", "an option", 1)) from None

        options = parser(fill)
        given, words = options.parse_known_args(split(line))
        if given.help:
            sys.stdout.write(options.format_help())
            return None
        odd = next((word for word in words if word.startswith("-")), None)
        if odd is not None or (cell is not None and words):
            options.unrecognized(odd or " ".join(words))
        if given.output is not None and not given.output.isidentifier():
            options.error(f"-o is {given.output!r}; it must be the name of a variable")
        try:
            made = self._made(given, " ".join(words) if cell is None else cell, variables)
        except RuncrateError as error:
            raise UsageError(str(error)) from error
        if given.output is not None:
            self._shell.user_ns[given.output] = made
        return made

    def _made(self, given: Namespace, text: str, variables: Mapping[str, Any]) -> VideoJob | Batch:
        """Begins it. Raises RuncrateError."""
        how = several({name: getattr(given, name) for name in _SEVERAL})
        extra = together(given.extra)
        try:
            prompt = filled(text, variables)
        except SeveralError as error:
            image = given.image if given.image in variables else repr(given.image)
            how |= {"image": _Bare(image)} if given.image else {}
            error.hint = _in_code(error.text, how, given, there="client" in variables)
            raise
        client = self._client_of(given, variables)
        image = variables.get(given.image, given.image) if given.image else None
        if given.takes == 1 and not any(f"{name}s" in how for name in _SEVERAL):
            return client.generate(prompt, **how, image=image, extra=extra, take=given.take)
        row = {"prompt": prompt, "image": image, "extra": extra, "take": given.take}
        plan = client.plan([row], takes=given.takes, **how)
        for cell in plan.problems:
            assert cell.error is not None
            raise unnumbered(cell.error)
        if (client.carry and client.api_key is None) or plan.over_limit is not None:
            return client.generate_many([row], takes=given.takes, **how)  # which says so
        return plan.run()

    def _client_of(self, given: Namespace, variables: Mapping[str, Any]) -> VideoClient:
        name = given.client
        there = variables.get(name or "client")
        if given.demo and name is not None:
            parser().error("--demo and --client are given; give one of them")
        if isinstance(there, VideoClient) and (there.demo or not given.demo):
            return there
        if name is not None:
            parser().error(f"--client is {name!r}, which is no VideoClient of this notebook")
        demo: bool = given.demo
        if demo not in self._clients:
            self._clients[demo] = VideoClient(demo=demo or None)
        return self._clients[demo]


class _Bare(str):
    """Shown without quotes: the name of a variable."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _in_code(text: str, how: Mapping[str, Any], given: Namespace, *, there: bool) -> str:
    """What makes all that a text with alternatives stands for: a line to copy."""
    more = {**how, **({"takes": given.takes} if given.takes > 1 else {})}
    more |= {"extra": together(given.extra)} if given.extra else {}
    options = "".join(f", {name}={value!r}" for name, value in more.items())
    client = given.client or ("client" if there and not given.demo else None)
    imports = "from runcrate_widget import expand"
    if client is None:
        client = "VideoClient(demo=True)" if given.demo else "VideoClient()"
        imports = "from runcrate_widget import VideoClient, expand"
    call = f"{client}.generate_many(expand({text!r}){options})"
    return f"All of them, in a cell without %%video: {imports}; {call}"


def load(shell: Any) -> None:
    """`%load_ext runcrate_widget`."""
    magics = Magics(shell)

    def video(line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        return magics.video(line, cell, ChainMap(dict(local_ns or {}), shell.user_ns))

    video.__doc__ = parser().format_help()  # what `%%video?` shows
    # IPython would run what is in braces: here names alone are filled in.
    function = needs_local_scope(no_var_expand(video))
    shell.register_magic_function(function, magic_kind="line_cell", magic_name="video")
    if help_alone not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(help_alone)
    magic_completion.register(shell)
