"""What the service checks in the body of a submit, and what it answers where a check fails."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

from PIL import Image

from runcrate_widget.catalog import ASPECT_RATIOS, Model, models
from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.picture import Picture, picture_of

from .refusal import Refusal

MAX_PROMPT = 5000


@dataclass(frozen=True)
class Asked:
    """What a valid submit asks for."""

    model: Model
    prompt: str
    duration: int
    aspect_ratio: str
    image: Picture | str | None = None


def read(content_type: str, body: bytes) -> Asked:
    """What the body of a submit asks for. Raises Refusal where the service would."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(400, "The Content-Type must be application/json.", "invalid_content_type")
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not valid JSON.", "invalid_json") from None
    if not isinstance(asked, dict):
        raise Refusal(400, "The body must be a JSON object.", "invalid_json")
    _require_text(asked, "model")
    _require_text(asked, "prompt")
    prompt = asked["prompt"]
    if len(prompt) > MAX_PROMPT:
        raise _invalid("prompt", f"'prompt' may have {MAX_PROMPT} characters at most.")
    model = models.find(asked["model"])
    if model is None or model.id != asked["model"]:
        raise Refusal(404, f"There is no video model {asked['model']!r}.", "model_not_found", param="model")
    return Asked(model, prompt, _duration(asked, model), _aspect_ratio(asked), _image(asked))


def _invalid(name: str, message: str) -> Refusal:
    return Refusal(422, message, "invalid_parameter", param=name)


def _require_text(asked: dict[str, Any], name: str) -> None:
    value = asked.get(name)
    if value is None:
        raise Refusal(400, f"'{name}' is required.", "missing_required_parameter", param=name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(400, f"'{name}' must be a text that is not empty.", "invalid_parameter", param=name)


def _duration(asked: dict[str, Any], model: Model) -> int:
    name = "duration" if asked.get("duration") is not None else "duration_seconds"
    duration = asked.get(name)
    if duration is None:
        return model.nearest_duration()
    # The official client sends a number with a fraction of zero for an int: 6.0.
    number = isinstance(duration, (int, float)) and not isinstance(duration, bool)
    if not number or duration not in model.durations:
        raise _invalid(name, f"'{name}' is {duration!r}; {model.name} makes videos of {model.allowed}.")
    return int(duration)


def _aspect_ratio(asked: dict[str, Any]) -> str:
    aspect_ratio = asked.get("aspect_ratio")
    if aspect_ratio is None:
        return _aspect_ratio_of(asked.get("width"), asked.get("height"))
    if aspect_ratio not in ASPECT_RATIOS:
        allowed = " and ".join(ASPECT_RATIOS)
        raise _invalid("aspect_ratio", f"'aspect_ratio' is {aspect_ratio!r}; allowed are {allowed}.")
    return str(aspect_ratio)


def _image(asked: dict[str, Any]) -> Picture | str | None:
    """The picture in `image_url`. One that lies elsewhere is not fetched: it makes no difference here."""
    image = asked.get("image_url")
    if image is None:
        return None
    if not isinstance(image, str) or not image.lower().startswith(("data:", "https:")):
        raise _invalid("image_url", "'image_url' must be an https URL, or a data URI.")
    try:
        picture = picture_of(image)
        if isinstance(picture, Picture) and picture.content is not None:
            with Image.open(io.BytesIO(picture.content)) as opened:
                opened.load()
    except InvalidRequestError as error:
        raise _invalid("image_url", f"'image_url' cannot be used: {error.message}") from None
    except Exception as error:  # Pillow's are many
        raise _invalid("image_url", f"'image_url' cannot be decoded: {error}.") from None
    return picture


def _aspect_ratio_of(width: object, height: object) -> str:
    """The one that is nearer to these sides, where they are given (the official client sends them)."""
    upright = isinstance(width, int) and isinstance(height, int) and height > width > 0
    return ASPECT_RATIOS[1 if upright else 0]
