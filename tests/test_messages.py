"""`messages.py` and `messages.ts` are twins: every kind of message, every field, and whether it may be null."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from anywidget import AnyWidget
from fault_server import KEY, FaultServer

from runcrate_widget import VideoClient, VideoJob, VideoWidget
from runcrate_widget.library.question import ORDERS
from runcrate_widget.notebook import messages
from runcrate_widget.notebook.handlers import HANDLERS, handler_of
from runcrate_widget.notebook.rows import job_row

KERNEL = Path(__file__).parent.parent / "js" / "src" / "kernel"
TWIN = [KERNEL / name for name in ("shapes.ts", "entries.ts", "sets.ts", "grid.ts", "messages.ts")]
ROWS = [name for name, value in vars(messages).items() if is_typeddict(value)]

#: `(its type's name, whether it may be missing)` by field; a type's name is TypeScript's.
Fields = dict[str, tuple[str, bool]]


def python_name(hint: Any) -> str:
    """What TypeScript calls a type."""
    plain = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
    if hint in plain:
        return plain[hint]
    if is_typeddict(hint):
        return str(hint.__name__)
    if get_origin(hint) is list:
        return f"{python_name(get_args(hint)[0])}[]"
    if get_origin(hint) in (Union, types.UnionType):
        return " | ".join(python_name(one) for one in get_args(hint))
    for name in ("Status", "Part", "Order"):
        if hint == getattr(messages, name):
            return name
    raise AssertionError(f"the twin has no name for {hint}")


def python_fields(row: Any) -> Fields:
    return {
        name: (python_name(hint), name in row.__optional_keys__) for name, hint in get_type_hints(row).items()
    }


def fields_of(text: str) -> Fields:
    """The fields of `{ … }` in TypeScript, without the braces."""
    text = re.sub(r"//.*|/\*.*?\*/", "", text)
    found = re.findall(r"(\w+)(\??):\s*([^;]+?)\s*(?:;|$)", text)
    assert len(found) == len([part for part in re.split(r"[;\n]", text) if part.strip()]), text
    return {name: (kind, bool(optional)) for name, optional, kind in found}


class Twin:
    """`messages.ts`, as far as it is declarations of fields."""

    def __init__(self) -> None:
        self.text = "\n".join(path.read_text(encoding="utf-8") for path in TWIN)
        self.interfaces: dict[str, Fields] = {}
        self.kinds: dict[str, dict[str, Fields]] = {}
        for name, base, body in re.findall(
            r"interface (\w+)(?: extends (\w+))? \{\n(.*?)\n\}", self.text, re.DOTALL
        ):
            if name in ("Requests", "Payloads"):
                self.kinds[name] = {
                    kind: self._shape(shape) for kind, shape in re.findall(r"  (\w+): (.*);", body)
                }
                assert len(self.kinds[name]) == len(body.splitlines()), body
            else:
                self.interfaces[name] = {**self.interfaces.get(base, {}), **fields_of(body)}

    def _shape(self, shape: str) -> Fields:
        if shape == "object":
            return {}
        if shape in self.interfaces:
            return self.interfaces[shape]
        assert shape.startswith("{ ") and shape.endswith(" }"), shape
        return fields_of(shape[2:-2])


@pytest.fixture(scope="module")
def twin() -> Twin:
    return Twin()


def test_every_row_has_the_same_fields_on_both_sides(twin: Twin) -> None:
    shared = sorted(set(ROWS) & set(twin.interfaces))
    assert set(shared) == set(twin.interfaces), "every interface has its twin"
    assert {
        name
        for name in ROWS
        if name.endswith(("Row", "Rows")) or name in ("Settings", "State", "Traits", "News")
    } <= set(shared)
    for name in shared:
        assert twin.interfaces[name] == python_fields(getattr(messages, name)), name


@pytest.mark.parametrize(
    ("there", "here"), [("Requests", messages.REQUESTS), ("Payloads", messages.PAYLOADS)]
)
def test_every_message_has_the_same_fields_on_both_sides(
    twin: Twin, there: str, here: dict[str, type]
) -> None:
    assert twin.kinds[there] == {kind: python_fields(fields) for kind, fields in here.items()}


def test_every_kind_of_message_has_a_handler_and_an_answer() -> None:
    assert handler_of("of no kind") is None
    assert set(HANDLERS) == set(messages.REQUESTS) == set(messages.PAYLOADS)


def test_every_status_is_known_on_both_sides(twin: Twin) -> None:
    union = re.search(r"type Status =(.*?);", twin.text, re.DOTALL)
    assert union
    assert set(re.findall(r'"(\w+)"', union[1])) == set(get_args(messages.Status))
    assert get_origin(messages.Status) is Literal
    ended = re.search(r"ENDED: readonly Status\[\] = \[(.*?)\]", twin.text)
    assert ended and tuple(re.findall(r'"(\w+)"', ended[1])) == messages.ENDED
    assert f"LARGEST_PICTURE = {messages.LARGEST_PICTURE:_};" in twin.text
    order = re.search(r"type Order = (.*?);", twin.text)
    assert order and tuple(re.findall(r'"(\w+)"', order[1])) == get_args(messages.Order) == ORDERS


def test_every_synced_trait_is_in_the_state(twin: Twin) -> None:
    inherited = set(AnyWidget.class_traits(sync=True))
    ours = set(VideoWidget.class_traits(sync=True)) - inherited - {"_esm", "_runtime"}
    assert ours == set(twin.interfaces["Traits"]) == set(get_type_hints(messages.Traits))
    settings = re.search(r"SETTINGS = \[(.*?)\]", twin.text, re.DOTALL)
    assert settings and tuple(re.findall(r'"(\w+)"', settings[1])) == messages.CONTROLS


@pytest.mark.usefixtures("quick")
def test_what_is_sent_has_those_fields(server: FaultServer, tmp_path: Path) -> None:
    widget = VideoWidget(client=VideoClient(KEY, base_url=server.url, library=tmp_path), prompt="A fox")
    made = widget.generate()
    assert isinstance(made, VideoJob)
    made.wait(30)
    job: dict[str, Any] = dict(job_row(made, 0))
    session, model = widget._session, widget._models[0]
    for row, kind in (
        (job, "JobRow"),
        (session, "SessionRow"),
        (model, "ModelRow"),
        (job["video"], "VideoRow"),
    ):
        assert set(row) == set(python_fields(getattr(messages, kind))), kind
