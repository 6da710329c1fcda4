"""`VideoRequest`: what is allowed, what is refused in which words, and what makes two of them the same."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcrate_widget.catalog import Model, models
from runcrate_widget.errors import InvalidRequestError, RuncrateError
from runcrate_widget.request import VideoRequest, fingerprint, wire_body

texts = st.text(st.characters(codec="utf-8"))
prompts = texts.filter(
    lambda text: any(char.isalnum() and char not in "\u115f\u1160\u3164\uffa0" for char in text)
)


def test_the_payload_is_the_pages_example() -> None:
    request = VideoRequest("A cinematic sunrise over misty mountains", model="google/veo-3.0", duration=6)
    assert wire_body(request) == {
        "model": "google/veo-3.0",
        "prompt": "A cinematic sunrise over misty mountains",
        "duration": 6,
        "aspect_ratio": "16:9",
    }


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"prompt": ""}, "prompt", "prompt is empty"),
        ({"prompt": " \n\t"}, "prompt", "prompt is empty"),
        ({"prompt": 5}, "prompt", "prompt is 5"),
        ({"prompt": "half \ud83d"}, "prompt", "surrogate"),
        ({"duration": 7}, "duration", "duration is 7; Veo 3.0 makes videos of 4, 6 or 8 s"),
        (
            {"duration": 16, "model": "Kling v3"},
            "duration",
            "duration is 16; Kling v3 makes videos of 3 to 15 s",
        ),
        ({"duration": 2, "model": "Kling v3"}, "duration", "The nearest is 3 s"),
        ({"duration": 6.5}, "duration", "duration is 6.5"),
        (
            {"duration": "6"},
            "duration",
            "duration is '6'; it must be a whole number of seconds: Veo 3.0 makes",
        ),
        ({"duration": True}, "duration", "duration is True"),
        ({"duration": -1, "model": "acme/any"}, "duration", "1 to 86,400"),
        ({"aspect_ratio": "4:3"}, "aspect_ratio", "aspect_ratio is '4:3'; allowed are 16:9 and 9:16"),
        ({"aspect_ratio": 1.78}, "aspect_ratio", "1.78"),
        ({"model": ""}, "model", "model is empty. Give a model's id or name; known are Veo 3.0"),
        ({"model": None}, "model", "model is not given"),
        ({"model": None, "prompt": ""}, "prompt", "prompt is empty"),
        ({"model": "Vio 3.0"}, "model", 'Did you mean "Veo 3.0"?'),
        ({"extra": {"duration": 4}}, "extra", "duration"),
        ({"extra": {"image": b"..."}}, "extra", "JSON"),
        ({"extra": {"weight": float("nan")}}, "extra", "JSON"),
        ({"extra": [1]}, "extra", "dictionary"),
        ({"extra": {1: 2}}, "extra", "dictionary"),
    ],
)
def test_what_is_not_allowed_is_named(given: dict[str, Any], field: str, words: str) -> None:
    arguments: dict[str, Any] = {"prompt": "A fox", "model": "Veo 3.0", **given}
    with pytest.raises(InvalidRequestError) as caught:
        VideoRequest(**arguments)
    assert caught.value.field == field
    assert words in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, RuncrateError)


@given(st.sampled_from(list(models.values())), st.integers(-3, 30))
def test_a_duration_is_taken_exactly_when_the_model_makes_it(model: Any, duration: int) -> None:
    if duration in list(model.durations):
        assert VideoRequest("A fox", model=model.name, duration=duration).seconds == duration
    else:
        with pytest.raises(InvalidRequestError, match=f"duration is {duration};"):
            VideoRequest("A fox", model=model.name, duration=duration)


def test_an_odd_model_id_goes_through_unchecked() -> None:
    request = VideoRequest("A fox", model="acme/dream-9", duration=77, aspect_ratio="4:3")
    assert wire_body(request) == {
        "model": "acme/dream-9",
        "prompt": "A fox",
        "duration": 77,
        "aspect_ratio": "4:3",
    }
    bare = VideoRequest("A fox", model="acme/dream")
    assert wire_body(bare) == {"model": "acme/dream", "prompt": "A fox"}
    assert bare.seconds is None


def test_a_model_that_is_neither_known_nor_an_id_is_a_mistyped_name() -> None:
    with pytest.raises(InvalidRequestError, match=r"model is 'veo3'.*Did you mean \"Veo 3.0\"\?"):
        VideoRequest("A fox", model="veo3")
    with pytest.raises(InvalidRequestError, match=r"model=Model\(…\)"):
        VideoRequest("A fox", model="dream")
    dream = Model("dream", "Dream", durations=(5, 10))
    assert wire_body(VideoRequest("A fox", model=dream, duration=10))["model"] == "dream"
    with pytest.raises(InvalidRequestError, match="Dream makes videos of 5 or 10 s"):
        VideoRequest("A fox", model=dream, duration=7)


@pytest.mark.parametrize(
    "prompt", ["\u200b", "\u200b \u2060\ufeff", "\u2800\u3164", "\u115f", "\u00ad\t", "\u202e"]
)
def test_a_prompt_that_shows_nothing_is_empty(prompt: str) -> None:
    with pytest.raises(InvalidRequestError, match="prompt has invisible characters only"):
        VideoRequest(prompt, model="Veo 3.0")
    assert VideoRequest(f"{prompt}狐", model="Veo 3.0")


def test_further_fields_are_passed_on_and_do_not_change() -> None:
    mutable = {"image_url": "https://example.org/fox.png", "tags": ["a"]}
    request = VideoRequest("A fox", model="Veo 3.0", extra=mutable)
    mutable["tags"].append("b")  # type: ignore[attr-defined]
    assert wire_body(request)["image_url"] == "https://example.org/fox.png"
    assert wire_body(request)["tags"] == ["a"]
    request.extra["tags"].append("c")
    assert wire_body(request)["tags"] == ["a"]


def test_it_does_not_change() -> None:
    request = VideoRequest("A fox", model="Veo 3.0")
    for name in ("prompt", "duration", "anything"):
        with pytest.raises(AttributeError):
            setattr(request, name, "B")
    with pytest.raises(AttributeError):
        del request.prompt


@given(prompts)
def test_any_prompt_survives_json_pickle_and_repr(prompt: str) -> None:
    request = VideoRequest(prompt, model="Veo 3.0")
    assert json.loads(json.dumps(wire_body(request)))["prompt"] == prompt.strip()
    assert pickle.loads(pickle.dumps(request)) == request
    assert eval(repr(request), {"VideoRequest": VideoRequest}) == request


@given(prompts, prompts, st.sampled_from([4, 6, 8]), st.sampled_from([4, 6, 8]))
def test_the_fingerprint_tells_requests_apart_and_only_them(
    one: str, other: str, short: int, long: int
) -> None:
    a, b = (
        VideoRequest(one, model="Veo 3.0", duration=short),
        VideoRequest(other, model="google/veo-3.0", duration=long),
    )
    same = one.strip() == other.strip() and short == long
    assert (fingerprint(a) == fingerprint(b)) == same == (a == b) == (len({a, b}) == 1)
    assert len(fingerprint(a)) == 64


def test_the_fingerprint_stays_what_it_was() -> None:
    # Libraries on users' disks hold it: a change would make every re-run of a notebook pay anew.
    request = VideoRequest("A fox", model="Veo 3.0", duration=6, extra={"b": 1, "a": "ü"})
    assert fingerprint(request) == "94425b27c71a4bdb4e3eec269ddfb620bb3fa29b4897b9b1e7944dde6b47b1de"
