"""What a refusal says of the model, and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcrate_widget.service.retirement import says_gone

ID, NAME = "google/veo-3.0", "Veo 3.0"


def gone(message: str = "", *codes: str | None, status: int = 404, prompt: str = "A fox in the snow") -> bool:
    return says_gone(
        ID, NAME, prompt, status=status, message=f"The service refused ({status}): {message}", codes=codes
    )


@pytest.mark.parametrize(
    "code",
    [
        "model_not_found",
        "Model-Not-Found",
        "model_retired",
        "model_deprecated",
        "unknown_model",
        "model_decommissioned",
    ],
)
@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_code_says_it(code: str, status: int) -> None:
    assert gone("No.", None, code, status=status)


@pytest.mark.parametrize(
    "message",
    [
        "The model `google/veo-3.0` has been deprecated.",
        "The model `google/veo-3.0` does not exist or you do not have access to it.",
        "model google/veo-3.0 not found",
        "Model 'google/veo-3.0' was not found",
        "google/veo-3.0 is no longer available",
        "Veo 3.0 has been retired on 2026-10-01. Use Veo 3.1.",
        "veo 3.0 is now discontinued",
        "This model has been retired.",
        "Model not found",
        "The requested model does not exist",
        "The model google/veo-3.0, has been decommissioned and is no longer supported.",
        "Google's Veo 3.0 was shut down",
        "Unknown model: google/veo-3.0",
        "Unknown model",
        "No endpoints found for google/veo-3.0.",
        "Sorry: the model is no longer available.",
    ],
)
@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_sentence_of_the_model_says_it(message: str, status: int) -> None:
    assert gone(message, status=status)
    assert gone(message, "invalid_request_error", status=status)
    for other in (401, 402, 403, 409, 429, 500, 503):
        assert not gone(message, "model_not_found", status=other)


def test_410_needs_the_models_name_alone() -> None:
    assert gone("google/veo-3.0", status=410)
    assert not gone("google/veo-3.0", status=404)
    assert not gone("Gone", status=410)
    assert not gone("google/veo-3.0-audio", status=410), "another model"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Not Found",
        "Job not found",
        "No such account",
        "The asset https://files.example/google/veo-3.0/x.png was not found",
        "Image for google/veo-3.0 not found",
        "The model google/veo-3.1 has been retired",
        "google/veo-3.0-audio is no longer available",
        "Parameter duration_seconds is deprecated for model google/veo-3.0",
        "9:16 is no longer supported by the model google/veo-3.0",
        "The duration of this model is no longer supported",
        "Audio for this model is no longer available",
        "The model no longer supports 4 s",
        "The model google/veo-3.0 is no longer available in your region",
        "The model is no longer available for your plan",
        "Veo 3.0 is not available right now",
        "The model will be retired on 2027-01-01",
        "Unknown model parameter 'seed'",
        "The model's file was not found",
        "The upscale model was not found",
        "The endpoint has been retired",
        "An older API has been deprecated, see google/veo-3.0",
        "This prompt violates our content policy: a retired model",
        "A model that has been retired",
        "Invalid prompt for Veo 3.0: it is unknown",
    ],
)
@pytest.mark.parametrize(
    "code",
    [
        None,
        "invalid_request_error",
        "not_found",
        "invalid_model_parameters",
        "model_overloaded",
        "model_unavailable",
    ],
)
def test_what_is_said_of_something_else_marks_no_model(message: str, code: str | None) -> None:
    for status in (400, 404, 422):
        assert not gone(message, code, status=status), (message, status)


SAID = [
    "The model has been retired",
    "Veo 3.0 is no longer available",
    "the model google/veo-3.0 does not exist",
    "Unknown model: google/veo-3.0",
    "Model not found.",
]


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize(
    "around", ["{}", "Invalid prompt: {}", 'prompt "{}" is too long', "`{}` is blocked", "{}: bad words"]
)
def test_a_prompt_that_is_quoted_marks_no_model(said: str, around: str) -> None:
    assert gone(said), "by itself it would"
    for prompt in (said, said.upper(), f"A sign reads: {said}", f"{said}\n from the catwalk in the evening"):
        for quoted in (prompt, prompt[:60]):
            assert not gone(around.format(quoted), status=400, prompt=prompt), (around, prompt)


@given(st.text(), st.sampled_from([400, 404, 410, 422]), st.text(max_size=30))
def test_words_that_name_no_model_mark_none(message: str, status: int, prompt: str) -> None:
    if "model" not in message.casefold() and "veo" not in message.casefold():
        assert not gone(message, status=status, prompt=prompt)


@given(
    st.lists(
        st.sampled_from(
            [
                "the",
                "model",
                "google/veo-3.0",
                "has",
                "been",
                "retired",
                "is",
                "no",
                "longer",
                "available",
                "not",
                "found",
                "fox",
                "in",
                "snow",
                "A",
                "of",
                "for",
                ".",
                ":",
                "'",
                "unknown",
            ]
        ),
        min_size=3,
        max_size=12,
    )
)
def test_no_prompt_marks_a_model_when_it_is_quoted(words: list[str]) -> None:
    prompt = " ".join(words)
    if len(prompt) >= 12:
        assert not gone(f"The prompt is not allowed: {prompt}", status=400, prompt=prompt)
