"""The video models: which there are, and what each allows.

`models` is the table that everything else asks. Its first content is the table below; a user corrects an id,
adds a model or gives a price without touching this file, in code (`models.add(...)`, `models.update(...)`) or
in a JSON file that the environment variable `RUNCRATE_MODELS` names::

    {
      "Kling v3":        {"id": "kling/v3-pro"},
      "google/veo-3.0":  {"price": 0.40},
      "acme/dream-1":    {"name": "Dream 1", "durations": [5, 10]},
      "acme/dream-2":    {"durations": {"min": 3, "max": 12}},
      "Veo 2.0":         {"retired": "2027-01-31", "as_of": "2026-12"}
    }

Names, durations and notes come from the API's page (its table of models), as it was when this project took it
over (`AS_OF`). The ids `google/veo-3.0` and `openai/sora-2` are the documented ones; the other six are this
product's own default.
"""

from __future__ import annotations

import difflib
import html
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from .alternatives import nearest
from .checks import check_flag, check_number
from .environment import setting
from .errors import ConfigurationError, InvalidRequestError, UnknownModelError
from .price import check_price, shown

#: What is asked for where the user says nothing: the page's example, 6 s, or the nearest that the model
#: allows.
USUAL_DURATION = 6
#: The month in which the table below was taken from the API's page. Nobody has compared the two since.
AS_OF = "2026-11"
#: Both are the API's own (parameter table of its page); the first is what is asked for where the user says
#: nothing.
ASPECT_RATIOS = ("16:9", "9:16")

#: What a file that is no table of models raises.
_UNUSABLE = (OSError, ValueError, TypeError, AttributeError, KeyError, ArithmeticError, RecursionError)


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _letters(text: str) -> str:
    """Letters and digits alone: `veo3`, `Veo 3` and `veo-3.0` are near each other."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _durations(durations: Sequence[int], of: str) -> Sequence[int]:
    if isinstance(durations, range) and durations.step == 1 and len(durations) and durations[0] > 0:
        return durations
    try:
        choices = tuple(sorted(set(durations)))
    except TypeError:
        choices = ()
    if not choices or any(isinstance(one, bool) or not isinstance(one, int) or one <= 0 for one in choices):
        raise InvalidRequestError(
            "durations",
            f"The durations of {of} are {durations!r}; they must be whole seconds above 0: (4, 6, 8) or "
            "range(3, 16).",
        )
    return choices


def _retired(since: object, of: str) -> date | None:
    if isinstance(since, str):
        try:
            return date.fromisoformat(since)
        except ValueError:
            pass
    elif isinstance(since, datetime):
        return since.date()
    elif since is None or isinstance(since, (bool, date)):
        return date.today() if since is True else since or None  # noqa: DTZ011  the person's own day
    message = f"retired of {of} is {since!r}; it must be a day (2026-11-25), or true for today."
    raise InvalidRequestError("retired", message)


def _as_of(day: object, of: str) -> str:
    if isinstance(day, date):
        return f"{day:%Y-%m-%d}"
    if isinstance(day, str) and re.fullmatch(r"|\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?", day):
        return day
    message = f"as_of of {of} is {day!r}; it must be a month or a day: 2026-11, 2026-11-25."
    raise InvalidRequestError("as_of", message)


@dataclass(frozen=True)
class Model:
    """One video model.

    Attributes:
        id: what is sent to the service, `google/veo-3.0`.
        name: what people call it, `Veo 3.0`.
        durations: the lengths it makes, in seconds: a tuple of choices, or a `range` for every whole
            second between two.
        notes: one line about it.
        audio: whether its videos have sound.
        price: dollars a second of video, if the user gave one; the API publishes none.
        image: whether it makes a video from a picture; None: not known, as of all in the table, because the
            API does not say it. With False a picture is refused before anything is sent.
        retired: the day since which the service has it no more, or None. (In a file as a text, or true.)
        as_of: the month or day when all this was last compared with the service's page, `2026-11`, or empty.
    """

    id: str
    name: str
    durations: Sequence[int]
    notes: str = ""
    audio: bool = False
    price: float | None = None
    image: bool | None = None
    retired: date | None = None
    as_of: str = ""

    def __post_init__(self) -> None:
        for field in ("id", "name"):
            value = getattr(self, field)
            if not isinstance(value, str) or not value.strip():
                raise InvalidRequestError(
                    field, f"A model's {field} is {value!r}; it must be a text that is not empty."
                )
        if not isinstance(self.notes, str):
            raise InvalidRequestError(
                "notes", f"The notes of {self.name} are {self.notes!r}; they must be a text."
            )
        check_flag("audio", self.audio)
        if self.image not in (None, True, False):
            message = f"The image of {self.name} is {self.image!r}; it must be True, False or None."
            raise InvalidRequestError("image", message)
        object.__setattr__(self, "durations", _durations(self.durations, self.name))
        if self.price is not None:
            object.__setattr__(self, "price", check_price(self.price, self.id))
        object.__setattr__(self, "retired", _retired(self.retired, self.name))
        object.__setattr__(self, "as_of", _as_of(self.as_of, self.name))

    @property
    def lives(self) -> bool:
        """Whether the service still has it, as far as is known: the day of `retired` has not come."""
        return self.retired is None or self.retired > date.today()  # noqa: DTZ011  the person's own day

    @property
    def continuous(self) -> bool:
        """Whether every whole second between the shortest and the longest is allowed."""
        return isinstance(self.durations, range)

    @property
    def allowed(self) -> str:
        """The durations in words: `4, 6 or 8 s`, `3 to 15 s`."""
        if self.continuous:
            return f"{self.durations[0]} to {self.durations[-1]} s"
        *some, last = map(str, self.durations)
        return f"{', '.join(some)} or {last} s" if some else f"{last} s"

    def nearest_duration(self, seconds: float = USUAL_DURATION) -> int:
        """The allowed duration that is nearest to `seconds`; of two that are equally near, the shorter (it
        costs less)."""
        return min(self.durations, key=lambda allowed: (abs(allowed - seconds), allowed))


_TABLE = tuple(
    replace(model, as_of=AS_OF)
    for model in (
        Model("google/veo-3.0", "Veo 3.0", (4, 6, 8), "latest Google model"),
        Model("google/veo-3.0-audio", "Veo 3.0 Audio", (4, 6, 8), "video with generated audio", audio=True),
        Model("google/veo-2.0", "Veo 2.0", range(5, 9), "Google's video model"),
        Model("openai/sora-2", "Sora 2", (4, 8, 12), "OpenAI's video model"),
        Model("openai/sora-2-pro", "Sora 2 Pro", (4, 8, 12), "higher-quality variant"),
        Model("kwaivgi/kling-v3", "Kling v3", range(3, 16), "continuous duration range"),
        Model("bytedance/seedance", "Seedance", range(2, 13), "ByteDance's model"),
        Model("minimax/hailuo-02", "Hailuo 02", (6, 10), "MiniMax's model"),
    )
)


class Catalog(Mapping[str, Model]):
    """The table of models, by id or by name; case and outer white space do not matter.

    Iterating gives the ids. A name that is not there is an `UnknownModelError` (a `KeyError`) that suggests
    the nearest one.

    Example:
        >>> from runcrate_widget import models
        >>> models["Veo 3.0"].id
        'google/veo-3.0'
        >>> models["kwaivgi/kling-v3"].durations
        range(3, 16)
    """

    def __init__(self, table: Sequence[Model] = _TABLE) -> None:
        self._by_id = {model.id: model for model in table}
        self._learned: set[str] = set()  # ids of models that the service said are gone
        self._listeners: dict[object, Callable[[], None]] = {}

    def __dir__(self) -> list[str]:
        return [one for one in super().__dir__() if one not in ("gone", "subscribe", "taken")]  # for jobs

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, id_or_name: str) -> Model:
        model = self.find(id_or_name)
        if model is None:
            raise UnknownModelError(
                f"{shown(id_or_name)} is not in the table of models.{self.suggestion(id_or_name)}"
            )
        return model

    def __contains__(self, id_or_name: object) -> bool:
        return isinstance(id_or_name, str) and self.find(id_or_name) is not None

    def find(self, id_or_name: str) -> Model | None:
        """The model of this id or name, or None."""
        if not isinstance(id_or_name, str):
            return None
        wanted = _fold(id_or_name)
        exact = [model for model in self._by_id.values() if _fold(model.id) == wanted]
        named = [model for model in self._by_id.values() if _fold(model.name) == wanted]
        return next(iter(exact + named), None)

    def suggestion(self, id_or_name: str) -> str:
        """` Did you mean "Veo 3.0"?`, or an empty text where nothing is near."""
        if not isinstance(id_or_name, str):
            return ""
        known = {_letters(text): text for model in self._by_id.values() for text in (model.name, model.id)}
        near = difflib.get_close_matches(_letters(id_or_name), known, n=1, cutoff=0.75)
        return f' Did you mean "{known[near[0]]}"?' if near else ""

    @property
    def as_of(self) -> str:
        """When the oldest of its facts were last compared with the service's page: a month or a day."""
        return min((model.as_of for model in self._by_id.values() if model.as_of), default="")

    def nearest(self, model: str | Model, *, duration: float | None = None) -> Model | None:
        """The living model that comes nearest to this one: of the same maker and name, then with the same
        durations (or with this one, in seconds), then with sound or without it as well. None: nothing lives.

        Example:
            >>> from runcrate_widget import models
            >>> models.nearest("Sora 2").name
            'Sora 2 Pro'
        """
        if duration is not None:
            check_number("duration", duration)
        known = model if isinstance(model, Model) else self.find(model)
        known = known or Model(model, model, (USUAL_DURATION,))  # type: ignore[arg-type]  # which checks it
        return nearest(known, (one for one in self._by_id.values() if one.lives), duration)

    def gone(self, id: str) -> None:
        """The service says that it has this model no more: it is marked here, until the service takes it."""
        model = self._by_id.get(id)
        if model is not None and model.lives:
            self._by_id = {**self._by_id, id: replace(model, retired=_retired(True, id))}
            self._learned.add(id)
            self._tell()

    def taken(self, id: str) -> None:
        """The service has taken this model: what it said before holds no more."""
        if id in self._learned and (model := self._by_id.get(id)) is not None:
            self._learned.discard(id)
            self._by_id = {**self._by_id, id: replace(model, retired=None)}
            self._tell()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Has `listener` called when a model was marked; returns what ends that."""
        token = object()
        self._listeners[token] = listener

        def unsubscribe() -> None:
            self._listeners.pop(token, None)

        return unsubscribe

    def _tell(self) -> None:
        for listener in list(self._listeners.values()):
            listener()

    def add(self, model: Model) -> Model:
        """Adds a model, or puts it in the place of the one that has its id. It is offered by every widget
        that is made later."""
        if not isinstance(model, Model):
            raise InvalidRequestError("model", f"model is {model!r}; it must be a Model.")
        self._by_id[model.id] = model
        return model

    def update(self, id_or_name: str, **changes: Any) -> Model:
        """Changes fields of a model that is there: `models.update("Kling v3", id="kling/v3-pro", price=0.2)`.

        Raises:
            UnknownModelError: there is no such model.
            InvalidRequestError: a value is not allowed.
            TypeError: a `Model` has no such field.
        """
        old = self[id_or_name]
        if changes.get("id", old.id) != old.id:
            changes = {"retired": None, **changes}  # what the service said was of the other id
        new = replace(old, **changes)
        if "retired" in changes:
            self._learned.discard(old.id)
        if (taken := self._by_id.get(new.id)) is not None and taken is not old:
            message = f"id is {new.id!r}, which is {taken.name} already."
            raise InvalidRequestError("id", message, "Correct that one, or give another.")
        self._by_id = {
            (new.id if key == old.id else key): (new if key == old.id else kept)
            for key, kept in self._by_id.items()
        }
        return new

    def load(self, path: str | os.PathLike[str]) -> None:
        """Takes over a JSON file of the form at the top of this module. Nothing changes if any of it is
        wrong.

        Raises:
            ConfigurationError: the file cannot be read, or says something that is not allowed.
        """
        trial = Catalog(tuple(self._by_id.values()))
        try:
            table = json.loads(Path(path).read_text(encoding="utf-8"))
            for key, given in table.items():
                trial._load_one(key, dict(given))
        except _UNUSABLE as error:
            raise ConfigurationError(
                f"The table of models in {path} cannot be used: {str(error).rstrip('.')}.",
                'Each entry is "id or name": {"id", "name", "durations", "notes", "audio", "price", '
                '"image", "retired", "as_of"}, as far as it differs.',
            ) from None
        self._by_id = trial._by_id

    def _load_one(self, key: str, given: dict[str, Any]) -> None:
        unknown = set(given) - {field.name for field in fields(Model)}
        if unknown:
            raise ValueError(f"{key}: there is no field {unknown.pop()!r}")
        if isinstance(given.get("durations"), dict):
            given["durations"] = range(int(given["durations"]["min"]), int(given["durations"]["max"]) + 1)
        if key in self:
            self.update(key, **given)
        elif "durations" not in given:
            raise ValueError(f"{key}: a new model needs durations")
        else:
            self.add(Model(**{"id": key, "name": key, **given}))

    def __repr__(self) -> str:
        width = max((len(model.id) for model in self._by_id.values()), default=0)
        return "\n".join(f"{m.id:{width}}  {m.name}: {m.allowed}{_since(m)}" for m in self._by_id.values())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(m.name)}</td><td><code>{html.escape(m.id)}</code></td><td>{m.allowed}</td>"
            f"<td>{html.escape(m.notes + _since(m))}</td>"
            f"<td>{'' if m.price is None else f'${m.price:g} a second'}</td></tr>"
            for m in self._by_id.values()
        )
        head = "<tr><th>model</th><th>id</th><th>durations</th><th>notes</th><th>price</th></tr>"
        dated = f"<caption>As of {self.as_of}</caption>" if self.as_of else ""
        return f"<table>{dated}{head}{rows}</table>"


def _since(model: Model) -> str:
    return f", retired {model.retired}" if model.retired else ""


def id_of(model: object) -> str:
    """The id of a model that is given by its id or name; one that is not in the table is itself. Raises
    InvalidRequestError where it is neither."""
    if not isinstance(model, str) or not model.strip():
        raise InvalidRequestError("model", f"model is {shown(model)}; it must be a model's id or name.")
    known = models.find(model)
    return known.id if known else model


#: The one table of this process.
models = Catalog()

_table_of_the_user = setting("RUNCRATE_MODELS")
if _table_of_the_user:
    models.load(_table_of_the_user)
