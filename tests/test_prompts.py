"""What a text with braces stands for, in the kernel and in the page alike; and that a list of prompts is sent once."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest
from browser import wheel_node

from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.prompts import MOST, alternatives, expand, literal

TWIN = Path(__file__).parent.parent / "js" / "src" / "kernel" / "prompts.ts"


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("A fox", ["A fox"]),
        ("  A fox\n", ["A fox"]),
        ("", []),
        (" \n\t", []),
        ("A {red|blue} fox", ["A red fox", "A blue fox"]),
        ("{a|b} {1|2|3}", ["a 1", "a 2", "a 3", "b 1", "b 2", "b 3"]),
        ("A {|big }fox", ["A fox", "A big fox"]),
        ("{fox|}", ["fox"]),
        ("{a|a|b}", ["a", "b"]),
        ("A {red} fox", ["A {red} fox"]),
        ("A {} fox", ["A {} fox"]),
        ("a|b", ["a|b"]),
        ("{a|b", ["{a|b"]),
        ("a|b}", ["a|b}"]),
        ("{x {a|b} y}", ["{x a y}", "{x b y}"]),
        (r"A \{red|blue\} fox", ["A {red|blue} fox"]),
        (r"{a\|b|c}", ["a|b", "c"]),
        (r"{a\}|b}", ["a}", "b"]),
        (r"{a|b\}", ["{a|b}"]),
        (r"C:\new\fox", [r"C:\new\fox"]),
        ("one\ntwo {a|b}", ["one\ntwo a", "one\ntwo b"]),
        ("{雪|🦊}狐", ["雪狐", "🦊狐"]),
    ],
)
def test_what_a_text_stands_for(text: str, prompts: list[str]) -> None:
    assert expand(text) == prompts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A {red|blue} {fox|owl}", "{red|blue}"),
        ("{x {a|b} y}", "{a|b}"),
        ("A {|big} fox", "{|big}"),
        ("A {red} fox | owl", None),
        (r"A \{red|blue\} fox", None),
        (r"A {red\|blue} fox", None),
    ],
)
def test_what_makes_a_text_stand_for_several(text: str, found: str | None) -> None:
    assert alternatives(text) == found


def test_each_line_may_be_a_prompt_of_its_own() -> None:
    text = "one\r\n\n two {a|b} \rone\n{c|\nd}\n"
    assert expand(text, each_line=True) == ["one", "two a", "two b", "{c|", "d}"]


@pytest.mark.parametrize(
    ("text", "each_line", "count"),
    [("{a|b}" * 7 + "c", False, 128), ("{1|2|3|4|5|6|7|8|9|10}{1|2|3|4|5|6|7|8|9|10}{x|y}", False, 200),
     ("\n".join(map(str, range(MOST))) + "\n\n", True, MOST)],
)  # fmt: skip
def test_up_to_two_hundred(text: str, each_line: bool, count: int) -> None:
    assert len(expand(text, each_line)) == count


@pytest.mark.parametrize(
    ("text", "each_line"),
    [("{a|b}" * 8, False), ("{a|b}" * 20_000, False), ("\n".join(map(str, range(MOST + 1))), True),
     ("\n".join(["{a|b}{c|d}"] * 51), True)],
)  # fmt: skip
def test_more_are_refused_before_they_are_made(text: str, each_line: bool) -> None:
    with pytest.raises(InvalidRequestError, match="more than 200 prompts") as caught:
        expand(text, each_line)
    assert caught.value.field == "prompt"


def random_texts(count: int) -> list[tuple[str, bool]]:
    chance = random.Random(20261126)
    # Most of it what has a meaning, so that it meets.
    letters = [
        "{",
        "}",
        "|",
        "\\",
        "\n",
        "\r",
        " ",
        "a",
        "b",
        "🦊",
        "\u00a0",
        "\u0085",
        "\ufeff",
        "{a|b}",
        "é",
        "\x1c",
    ]
    weights = [6, 6, 8, 4, 2, 1, 3, 3, 3, 1, 1, 1, 1, 4, 1, 1]
    return [
        ("".join(chance.choices(letters, weights, k=chance.randint(0, 30))), chance.random() < 0.5)
        for _ in range(count)
    ]


def python_side(text: str, each_line: bool) -> list[str] | None:
    try:
        return expand(text, each_line)
    except InvalidRequestError:
        return None


def test_the_page_and_the_kernel_expand_alike() -> None:
    texts = [
        *random_texts(5000),
        ("{a|b}" * 8, False),
        ("{a|b}" * 2000, False),
        ("\n".join(["{a|b}"] * 101), True),
    ]
    code = (
        f"const {{ expand }} = await import({json.dumps(TWIN.as_uri())});"
        "let all = ''; for await (const piece of process.stdin) all += piece;"
        "console.log(JSON.stringify(JSON.parse(all).map(([text, lines]) => expand(text, lines) ?? null)));"
    )
    ran = subprocess.run(
        [wheel_node(), "--input-type=module", "--eval", code],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    there, here = json.loads(ran.stdout), [python_side(*one) for one in texts]
    assert [(text, *pair) for text, *pair in zip(texts, here, there, strict=True) if pair[0] != pair[1]] == []
    assert sum(len(one or ()) > 1 for one in here) > 500 and None in here, "there is something to compare"


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("A fox", "A fox"),
        ("A {red} fox", "A {red} fox"),
        ("A {red|blue} fox", r"A \{red\|blue\} fox"),
        (r"A \{red\} fox", r"A \\{red\\} fox"),
        ("a|b {", "a|b {"),
        ("", ""),
        ("{a|b}" * 9, r"\{a\|b\}" * 9),
    ],
)
def test_a_prompt_with_braces_is_written_so_that_it_stands_for_itself(prompt: str, text: str) -> None:
    assert literal(prompt) == text
    assert expand(literal(prompt)) == ([prompt] if prompt else [])


def test_any_prompt_can_be_written_so() -> None:
    random.seed(3)
    for _ in range(2000):
        prompt = "".join(random.choices("ab{|}\\", k=random.randrange(1, 12)))
        assert expand(literal(prompt)) == [prompt], prompt
