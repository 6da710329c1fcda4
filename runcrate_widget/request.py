"""`VideoRequest`: what is asked of the service, checked before anything is sent, and never changed
afterwards.

What it is on the wire (`wire_body`), in a record (`request_fields`, `restore_request`) and to itself
(`fingerprint`) are
three things: the API may rename a field, and yet a record must be read, and the same request be known again.
"""

from __future__ import annotations

import hashlib
import json
import operator
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from .catalog import ASPECT_RATIOS, Model, models
from .errors import InvalidRequestError
from .picture import Picture, PictureLike, data_uri, is_url, picture_fields, picture_of, restore_picture

#: Letters and symbols that show nothing.
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"

_OWN = ("model", "prompt", "duration", "aspect_ratio")
_WIRE = "image_url"  # what the API calls the picture
_LONGEST = 24 * 60 * 60  # seconds: a day of video, of a model whose durations are not known


@dataclass(frozen=True, init=False, repr=False, eq=False)
class VideoRequest:
    """A video that is asked for: validated, immutable, equal to another that asks for the same.

    Args:
        prompt: what the video shows; not empty.
        model: a model's id, or a name from the table (`models`), or a `Model`. An id (it has a slash) that is
            not in the table is sent as it is, and neither its duration nor its aspect ratio is compared with
            anything.
        duration: the length in whole seconds; by default 6, or the nearest that the model makes.
        aspect_ratio: `"16:9"` (the default) or `"9:16"`.
        image: what the video begins with: a JPEG, PNG or WebP (its path, or bytes), an https URL, a `Video`
            (its last frame) or `(video, seconds)`. Which models take one, the API does not say: the service
            decides.
        extra: further fields of the submit, passed on as they are: `{"seed": 7}`.

    Raises:
        InvalidRequestError: a field has a value that is not allowed; it names the field, the value and
            what is allowed.
        MissingExtraError: `image` is a video, and PyAV is not installed.

    Example:
        >>> from runcrate_widget import VideoRequest
        >>> request = VideoRequest("A cinematic sunrise", model="Veo 3.0", duration=6)
        >>> request.model, request.seconds
        ('google/veo-3.0', 6)

    The fields and their values are those of the API's page (its parameter table).
    """

    prompt: str
    model: str
    duration: int | None
    aspect_ratio: str | None
    _picture: Picture | None
    _extra: str  # JSON, so that nobody changes it
    _unknown: str  # JSON: what a later version of this package has put into the request's record

    def __init__(
        self,
        prompt: str,
        *,
        model: str | Model | None = None,
        duration: int | None = None,
        aspect_ratio: str | None = None,
        image: PictureLike | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        prompt = _check_prompt(prompt)
        id, known = _check_model(model)
        duration = check_duration(duration, known)
        aspect_ratio = _check_aspect_ratio(aspect_ratio, known)
        further = _check_extra(extra, image)
        picture = None if image is None else _check_image(image, known)
        if isinstance(picture, str):  # as if it were among the further fields
            further, picture = _sorted_json({**json.loads(further), _WIRE: picture}), None
        _fill(self, prompt, id, duration, aspect_ratio, further, picture)

    @property
    def image(self) -> Picture | str | None:
        """What the video begins with: a `Picture`, or an https URL."""
        url = None if self._picture or self._extra == "{}" else self.extra.get(_WIRE)
        return url if is_url(url) else self._picture

    @property
    def extra(self) -> Mapping[str, Any]:
        """The further fields of the submit (a copy: changing it changes nothing)."""
        fields: dict[str, Any] = json.loads(self._extra)
        return MappingProxyType(fields)

    def replace(self, **changes: Any) -> VideoRequest:
        """The same request, but for what is given: `request.replace(duration=8)`. It is checked as a new one
        is.

        Raises:
            InvalidRequestError: a value is not allowed, or there is no such field.

        Example:
            >>> VideoRequest("A fox", model="Veo 3.0").replace(prompt="An owl").prompt
            'An owl'
        """
        unknown = sorted(set(changes) - {*_OWN, "image", "extra"})
        if unknown:
            message = f"A request has no {unknown[0]!r}."
            raise InvalidRequestError(unknown[0], message, f"It has {', '.join(_OWN)}, image and extra.")
        extra = dict(self.extra)
        if "image" in changes:
            extra.pop(_WIRE, None)
        own = {name: getattr(self, name) for name in _OWN}
        given = {**own, "image": self._picture, "extra": extra or None, **changes}
        return VideoRequest(given.pop("prompt"), **given)

    @property
    def seconds(self) -> int | None:
        """What the service will bill, in seconds of video; None where the model's own default decides."""
        return self.duration

    @property
    def model_name(self) -> str:
        """The model's name where the table has one, else its id."""
        known = models.find(self.model)
        return known.name if known else self.model

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VideoRequest):
            return NotImplemented
        return self is other or (_given(self), self._picture) == (_given(other), other._picture)

    def __hash__(self) -> int:
        return hash(fingerprint(self))

    def __repr__(self) -> str:
        if not hasattr(self, "_extra"):  # a traceback with locals, of the constructor
            return "<VideoRequest that was refused>"
        given = [repr(self.prompt), f"model={self.model!r}"]
        given += [f"{name}={value!r}" for name in _OWN[2:] if (value := getattr(self, name)) is not None]
        given += [f"image={self._picture!r}"] if self._picture else []
        given += [f"extra={dict(self.extra)!r}"] if self.extra else []
        return f"VideoRequest({', '.join(given)})"


def wire_body(request: VideoRequest) -> dict[str, Any]:
    """The JSON body of the submit (API.md's parameter table), further fields and all. Raises
    InvalidRequestError where the picture's content is not at hand."""
    picture = request._picture
    return _given(request) if picture is None else {**_given(request), _WIRE: data_uri(picture)}


def fingerprint(request: VideoRequest) -> str:
    """64 hexadecimal digits that two requests share exactly when they ask for the same.

    The files of a library are named after it: it must never change for a request that was made before.
    """
    known: str | None = vars(request).get("_fingerprint")  # of many requests it is asked for again and again
    if known is not None:
        return known
    text = json.dumps(_given(request), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    if request._picture is not None:  # no JSON in one line has a second one
        text = f"{text}\n{_WIRE} {request._picture.sha256}"
    made = vars(request)["_fingerprint"] = hashlib.sha256(text.encode()).hexdigest()
    return made


def request_fields(request: VideoRequest) -> dict[str, Any]:
    """The request as a record has it. The other way round: `restore_request`."""
    fields = {name: getattr(request, name) for name in ("prompt", "model", "duration", "aspect_ratio")}
    extra = {"extra": json.loads(request._extra)} if request._extra != "{}" else {}
    picture = {"image": picture_fields(request._picture)} if request._picture else {}
    return {**fields, **picture, **extra, **json.loads(request._unknown)}


def with_picture(request: VideoRequest, picture: Picture) -> VideoRequest:
    """The same request, with the picture as it is given here: with its content, or without."""
    other = VideoRequest.__new__(VideoRequest)
    vars(other).update({**vars(request), "_picture": picture, "_fingerprint": None})
    return other


def restore_request(fields: Mapping[str, Any]) -> VideoRequest:
    """A request from its `request_fields()`, its values unchecked: what was sent once stays so, whatever the
    table of models says by now. Raises TypeError where a field is of another kind."""
    left = dict(fields)
    prompt, model, extra = left.pop("prompt", ""), left.pop("model", ""), left.pop("extra", None) or {}
    duration, aspect_ratio = left.pop("duration", None), left.pop("aspect_ratio", None)
    picture = restore_picture(given) if (given := left.pop("image", None)) is not None else None
    texts = isinstance(prompt, str) and isinstance(model, str) and isinstance(aspect_ratio, str | None)
    if not (texts and isinstance(extra, dict) and isinstance(duration, int | None)):
        raise TypeError("its request is not what belongs there")
    request = VideoRequest.__new__(VideoRequest)
    _fill(request, prompt, model, duration, aspect_ratio, _sorted_json(extra), picture, _sorted_json(left))
    return request


def _sorted_json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True) if fields else "{}"


def _fill(
    request: VideoRequest,
    prompt: str,
    model: str,
    duration: int | None,
    aspect_ratio: str | None,
    extra: str,
    picture: Picture | None,
    unknown: str = "{}",
) -> None:
    # Past `__setattr__`, which refuses; a library has very many of them to read.
    vars(request).update(
        prompt=prompt,
        model=model,
        duration=duration,
        aspect_ratio=aspect_ratio,
        _picture=picture,
        _extra=extra,
        _unknown=unknown,
    )


def _given(request: VideoRequest) -> dict[str, Any]:
    own = {name: getattr(request, name) for name in _OWN}
    given = {name: value for name, value in own.items() if value is not None}
    return given if request._extra == "{}" else given | json.loads(request._extra)


def _check_model(model: object) -> tuple[str, Model | None]:
    if isinstance(model, Model):
        return model.id, models.find(model.id) or model
    choices = ", ".join(one.name for one in models.values())
    if not isinstance(model, str) or not model.strip():
        given = f"is {model!r}"
        if model is None:
            given = "is not given"
        elif model == "":
            given = "is empty"
        raise InvalidRequestError(
            "model", f"model {given}.", f"Give a model's id or name; known are {choices}."
        )
    known = models.find(model)
    id = model.strip()
    # Without a slash, or with white space, it is no id but a name that was mistyped: it would come back as a
    # 404.
    if known is None and ("/" not in id or len(id.split()) > 1 or not id.isprintable()):
        raise InvalidRequestError(
            "model",
            f"model is {model!r}, which is neither a known name nor an id.{models.suggestion(model)}",
            f"Known names are {choices}; an id has a slash and no spaces (google/veo-3.0), and may be any "
            "that the service knows; another is given as model=Model(…).",
        )
    return known.id if known else id, known


def _check_prompt(prompt: object) -> str:
    hint = "Describe what the video shows."
    if not isinstance(prompt, str):
        raise InvalidRequestError("prompt", f"prompt is {prompt!r}; it must be a text.", hint)
    if not any(map(_is_visible, prompt)):
        nothing = "has invisible characters only" if prompt.strip() else "is empty"
        raise InvalidRequestError("prompt", f"prompt {nothing}.", hint)
    try:
        prompt.encode()
    except UnicodeEncodeError:
        message = "prompt has half of a character (a lone surrogate)."
        raise InvalidRequestError("prompt", message, "Type it anew.") from None
    return prompt.strip()


def _is_visible(char: str) -> bool:
    # Neither a separator nor a control or format character, and none of the letters that are blanks. (Half a
    # character is another complaint.)
    category = unicodedata.category(char)
    return category == "Cs" or (category[0] not in "ZC" and char not in _BLANKS)


def check_count(field: str, count: object) -> None:
    """Raises InvalidRequestError unless it is a whole number from 1."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidRequestError(field, f"{field} is {count!r}; it must be a whole number from 1.")


def check_duration(duration: object, model: Model | None) -> int | None:
    """The duration to ask for: the given one if `model` makes it (any, if the model is not known), its
    default for None. Raises InvalidRequestError."""
    if duration is None:
        return model.nearest_duration() if model else None
    allowed = f"{model.name} makes videos of {model.allowed}" if model else f"it must be 1 to {_LONGEST:,}"
    whole = not isinstance(duration, bool) and hasattr(duration, "__index__")
    allowed = allowed if whole else f"it must be a whole number of seconds: {allowed}"
    number = isinstance(duration, (int, float))
    hint = f"The nearest is {model.nearest_duration(duration)} s." if model and number else ""  # type: ignore[arg-type]
    try:
        seconds = operator.index(duration)  # type: ignore[arg-type]
    except TypeError:
        seconds = 0
    possible = 0 < seconds <= _LONGEST and not isinstance(duration, bool)
    if not possible or (model and seconds not in model.durations):
        given = "out of all bounds" if abs(seconds) > 10 * _LONGEST else repr(duration)
        raise InvalidRequestError("duration", f"duration is {given}; {allowed}.", hint)
    return seconds


def _check_aspect_ratio(aspect_ratio: object, model: Model | None) -> str | None:
    if aspect_ratio is None:
        return ASPECT_RATIOS[0] if model else None
    known = not model or aspect_ratio in ASPECT_RATIOS
    if not isinstance(aspect_ratio, str) or not aspect_ratio or not known:
        allowed = " and ".join(ASPECT_RATIOS)
        raise InvalidRequestError("aspect_ratio", f"aspect_ratio is {aspect_ratio!r}; allowed are {allowed}.")
    return aspect_ratio


def _check_image(image: object, model: Model | None) -> Picture | str:
    if model is not None and model.image is False:
        raise InvalidRequestError(
            "image", f"image is given, and {model.name} takes none.", "Leave it out, or choose another model."
        )
    return picture_of(image)


def _check_extra(extra: object, image: object) -> str:
    if extra is None:
        return "{}"
    if not isinstance(extra, Mapping) or not all(isinstance(key, str) for key in extra):
        message = f"extra is {extra!r}; it must be a dictionary of field names to values."
        raise InvalidRequestError("extra", message)
    own = next((name for name in _OWN if name in extra), None)
    if own:
        message = f"extra has {own!r}, which is an argument of its own."
        raise InvalidRequestError("extra", message, f"Give it as {own}=.")
    if image is not None and _WIRE in extra:
        raise InvalidRequestError("extra", f"extra has {_WIRE!r}, and image is given, too.", "Give one.")
    try:
        json.dumps(dict(extra), ensure_ascii=False).encode()
        return json.dumps(dict(extra), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequestError("extra", f"extra cannot be sent as JSON: {error}.") from None
