"""What follows when the service says that it has a model no more: the table of models is told, and the person
which model comes nearest."""

from __future__ import annotations

from collections.abc import Callable

from runcrate_widget.alternatives import differences
from runcrate_widget.catalog import models
from runcrate_widget.request import VideoRequest
from runcrate_widget.service.retirement import says_gone


def hint_if_gone(
    request: VideoRequest,
    price: Callable[[str], float | None],
    *,
    status: int,
    message: str,
    codes: tuple[str | None, ...],
) -> str | None:
    """What to do, if these words of the service say that the request's model is gone: then it is marked in
    the table. None if they do not say so."""
    id, name = request.model, request.model_name
    if not says_gone(id, name, request.prompt, status=status, message=message, codes=codes):
        return None
    models.gone(id)
    known, other = models.find(id), models.nearest(id, duration=request.duration)
    if other is None:
        nearest = "No other model is in the table."
    else:
        differs = differences(known, other, price(id), price(other.id)) if known else other.allowed
        nearest = f"The nearest that lives is {other.name}{f': {differs}' if differs else ''}."
    if known is None:
        return f"{models.suggestion(id)} {nearest}".strip()
    # The ids of the table are not all documented ones.
    return f'{nearest} If only its id is another one, correct it: models.update("{name}", id="…").'
