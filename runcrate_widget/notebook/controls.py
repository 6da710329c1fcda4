"""The controls of the form as traits: what each may be, and how one follows another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import HasTraits, Int, TraitError, TraitType, Unicode, observe, validate

from runcrate_widget.catalog import ASPECT_RATIOS, USUAL_DURATION, models
from runcrate_widget.errors import InvalidRequestError
from runcrate_widget.request import VideoRequest, check_duration

from .state_messages import CONTROLS

if TYPE_CHECKING:
    from runcrate_widget.picture import Picture, PictureLike


class InvalidTraitError(InvalidRequestError, TraitError):
    """A control's trait was set to what is not allowed. As a TraitError, it leaves the trait as it was."""

    def __init__(self, error: InvalidRequestError) -> None:
        super().__init__(error.field, error.message, error.hint)


class ImageTrait(TraitType[Any, Any]):
    """A picture by a short text, its reference: set to whatever `image=` takes, it becomes that."""

    info_text = "a picture"

    def validate(self, obj: Any, value: Any) -> str:
        try:
            return str(obj._reference(value))
        except InvalidRequestError as error:
            raise InvalidTraitError(error) from None


class Controls(HasTraits):
    """What the form asks for. Setting a trait to what is not allowed raises a TraitError and leaves it as it
    was.
    """

    prompt = Unicode("", help="What the video shows.").tag(sync=True)
    model = Unicode(help="The model's id; a name from the table may be set, too.").tag(sync=True)
    duration = Int(
        USUAL_DURATION, allow_none=True, help="Seconds; None only with a model that the table has not."
    ).tag(sync=True)
    aspect_ratio = Unicode(ASPECT_RATIOS[0], help='"16:9" or "9:16".').tag(sync=True)
    takes = Int(1, min=1, max=8, help="How many videos one press makes.").tag(sync=True)
    image = ImageTrait(
        None,
        allow_none=True,
        help="What the video begins with. Set it to whatever `image=` of `generate()` takes: it becomes the "
        "sha256 of a picture in the library, or the URL; None: no picture.",
    ).tag(sync=True)

    def _reference(self, image: PictureLike) -> str:
        """By what the picture is known. Raises InvalidRequestError."""
        raise NotImplementedError

    def _picture(self, reference: str) -> Picture | str:
        """The picture of a reference. Raises InvalidRequestError."""
        raise NotImplementedError

    def _request(self, prompt: str | None = None) -> VideoRequest:
        """What Generate would send, with this prompt or with the control's. Raises InvalidRequestError if
        that is not allowed."""
        return VideoRequest(
            self.prompt if prompt is None else prompt,
            model=self.model,
            duration=self.duration,
            aspect_ratio=self.aspect_ratio,
            image=None if self.image is None else self._picture(self.image),
        )

    def _set_controls(self, **values: Any) -> None:
        """Sets controls as the view says. Raises InvalidRequestError."""
        unknown = set(values) - set(CONTROLS)
        if unknown:
            raise InvalidRequestError(unknown.pop(), "There is no such control.", "Reload the page.")
        from .pictures import check_from_page

        check_from_page(values.get("image"))
        for name, value in values.items():
            try:
                setattr(self, name, value)
            except InvalidRequestError:
                raise
            except TraitError:
                raise InvalidRequestError(name, f"{name} is {value!r}, which is not allowed.") from None

    @validate("prompt")
    def _valid_prompt(self, proposal: dict[str, Any]) -> str:
        # Half a character would break every message that carries it.
        return str(proposal["value"]).encode("utf-8", "replace").decode()

    @validate("model")
    def _valid_model(self, proposal: dict[str, Any]) -> str:
        try:
            return VideoRequest("-", model=proposal["value"]).model
        except InvalidRequestError as error:
            raise InvalidTraitError(error) from None

    @observe("model", "duration")
    def _duration_follows(self, _: object) -> None:
        model = models.find(self.model)
        if model and self.duration not in model.durations:
            self.duration = model.nearest_duration(USUAL_DURATION if self.duration is None else self.duration)

    @validate("duration")
    def _valid_duration(self, proposal: dict[str, Any]) -> int | None:
        try:
            return check_duration(proposal["value"], models.find(self.model))
        except InvalidRequestError as error:
            raise InvalidTraitError(error) from None

    @validate("aspect_ratio")
    def _valid_aspect_ratio(self, proposal: dict[str, Any]) -> str:
        try:
            VideoRequest("-", model=self.model, aspect_ratio=proposal["value"])
        except InvalidRequestError as error:
            raise InvalidTraitError(error) from None
        return str(proposal["value"])
