"""What is public shows itself in `dir()`, and refuses what it cannot take in our words: over all of it, by `inspect`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer
from videos import small_mp4

import runcrate_widget
from runcrate_widget import Clip, Model, Video, VideoClient, VideoRequest, VideoWidget, errors, models, scores
from runcrate_widget.errors import InvalidRequestError, RuncrateError, UnknownModelError

SHOWN: dict[str, str] = {
    "client": "api_key base_url best_of carry close demo estimate generate generate_many job ledger library "
    "max_concurrent max_cost max_seconds owner plan price prices service unfinished unsent",
    "library": "bin delete export filter find folder location ranking restore to_frame",
    "bin": "find folder poster",
    "ledger": "count filter index reconcile to_csv to_frame totals",
    "job": "adopt cancel choice choose cost demo done elapsed ended error id key model note observe path prompt "
    "rating record request resubmit resume reused started status take timeline unobserve video wait",
    "widget": "aspect_ratio client close duration generate image jobs model observe prompt takes unobserve",
    "plan": "cells columns cost count index known new not_sent over_limit problems repeated requests run seconds time "
    "to_dicts to_frame",
    "batch": "as_completed cancel count counts done failed index plan problems stopped to_dicts to_frame videos wait",
    "video": "audio contact_sheet demo duration fps frames has_audio height here id join last_frame location model mp4 "
    "path picture poster prompt read_bytes request sha256 show size to_gif trim url width",
    "request": "aspect_ratio duration extra image model model_name prompt replace seconds",
    "models": "add as_of find get items keys load nearest suggestion update values",
    "scores": "black_frames duration_right frozen_frames intact motion sharpness",
    "key": "",
}
#: What says None, or not at all, to what is not there: as a dictionary's `get`.
LOOKS_UP = {"Catalog.find(id_or_name)", "Catalog.suggestion(id_or_name)"}


class Odd:
    """What nobody takes."""

    def __repr__(self) -> str:
        return "<Odd>"


#: None of them is right anywhere as a whole; some are in places. Then nothing has to be raised.
WRONG = (Odd(), [Odd()], {"x": Odd()}, b"\0", "\ud800", float("nan"), -1.5, "")


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One of each public thing."""
    folder = tmp_path_factory.mktemp("arguments")
    with FaultServer(video=small_mp4(1)) as server:
        client = VideoClient(KEY, base_url=server.url, library=folder / "videos")
        job = client.generate("A fox", model="Veo 3.0")
        video = job.wait(60)
        plan = client.plan(["A fox"], model="Veo 3.0")
        found: dict[str, Any] = {
            "url": server.url,
            "folder": folder,
            "client": client,
            "job": job,
            "video": video,
        }
        found |= {"plan": plan, "batch": plan.run().wait(60), "widget": VideoWidget(client=client)}
        found |= {"library": client.library, "bin": client.library.bin, "ledger": client.ledger}
        found |= {"request": job.request, "models": models, "scores": scores, "key": client.api_key}
        found["estimate"] = client.estimate("Veo 3.0")
        yield found
        client.close()


@pytest.mark.parametrize("name", SHOWN)
def test_dir_shows_what_a_person_needs_and_no_machinery(things: dict[str, Any], name: str) -> None:
    assert {one for one in dir(things[name]) if not one.startswith("_")} == set(SHOWN[name].split())
    assert all(hasattr(things[name], one) for one in SHOWN[name].split())


def test_dir_of_the_modules() -> None:
    assert set(dir(runcrate_widget)) == {*runcrate_widget.__all__, "__version__"}
    assert set(dir(errors)) == {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, RuncrateError)
    }


def callables(things: dict[str, Any]) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
    """What is public, with the arguments that it takes when the one that is tried is right."""
    client, video, library, ledger = (things[name] for name in ("client", "video", "library", "ledger"))
    job, batch, estimate, folder = (things[name] for name in ("job", "batch", "estimate", "folder"))
    one, many = {"prompt": "A fox", "model": "Veo 3.0"}, {"prompts": ["A fox"], "model": "Veo 3.0"}
    return [
        (VideoClient, {"base_url": things["url"], "library": folder / "another"}),
        (VideoRequest, one),
        (VideoWidget, {"client": client}),
        (Model, {"id": "a/b", "name": "B", "durations": (4,)}),
        (Clip, {"path": video.path}),
        (client.generate, one),
        (client.plan, many),
        (client.generate_many, many),
        (client.best_of, {**one, "takes": 1}),
        (client.job, {}),
        (client.estimate, {"model": "Veo 3.0"}),
        (things["request"].replace, {}),
        *((method, {}) for method in (job.wait, job.adopt, job.choose, batch.wait, batch.as_completed)),
        *((method, {}) for method in (library.filter, library.find, library.delete, library.restore)),
        (library.export, {"folder": folder / "export"}),
        *((method, {}) for method in (ledger.filter, ledger.to_csv, ledger.reconcile)),
        *((method, {}) for method in (models.find, models.suggestion, models.add, models.load)),
        (models.nearest, {"model": "Veo 3.0"}),
        (models.update, {"id_or_name": "Veo 3.0"}),
        *((method, {}) for method in (video.frames, video.contact_sheet, video.last_frame, video.to_gif)),
        (video.trim, {"start": 0.0, "end": 0.5}),
        (Video.join, {"videos": [video, video]}),
        (video.show, {}),
        (estimate.progress, {}),
        (estimate.done_by, {}),
        (client.prices.remember, {"model": "Veo 3.0", "price": 0.4}),
        *((getattr(scores, name), {"video": video}) for name in dir(scores)),
    ]


def called(function: Callable[..., Any], right: dict[str, Any], name: str, wrong: object) -> None:
    """Calls it with everything right but this."""
    parameters = inspect.signature(function).parameters
    needed = (one for one in parameters.values() if one.default is one.empty)
    given = {one.name: "x" for one in needed if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)} | right
    parameter = parameters.get(name)
    if parameter is not None and parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
        given.pop(name, None)
        function(wrong, **given)
    else:
        function(**{**given, name: wrong})


@pytest.mark.usefixtures("quick")
def test_every_wrong_argument_is_an_error_of_ours_that_names_it(
    things: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found: list[str] = []
    for function, right in callables(things):
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                continue
            what = f"{function.__qualname__}({name})"
            for wrong in WRONG:
                try:
                    called(function, right, name, wrong)
                except RuncrateError as error:
                    told = str(error)
                    # (What was given for a key is not repeated.)
                    if (
                        isinstance(wrong, Odd)
                        and "<Odd>" not in told
                        and name.removeprefix("api_") not in told
                    ):
                        found.append(f"{what} does not say what is wrong: {told}")
                except Exception as error:
                    found.append(f"{what} with {wrong!r}: {error!r}")
                else:
                    if isinstance(wrong, Odd) and what not in LOOKS_UP:
                        found.append(f"{what} takes anything")
    assert not found, "\n".join(found)


def test_an_unknown_argument_is_named(things: dict[str, Any]) -> None:
    for function, right in callables(things):
        with pytest.raises((InvalidRequestError, UnknownModelError, TypeError), match="no_such_thing"):
            called(function, right, "no_such_thing", 1)


def test_take_and_takes_mean_the_same_everywhere_or_are_refused_in_a_sentence(things: dict[str, Any]) -> None:
    client: VideoClient = things["client"]
    with pytest.raises(
        InvalidRequestError, match=r"takes is 2, .* generate_many\(\[prompt\], takes=2\) makes two"
    ):
        client.generate("A fox", model="Veo 3.0", takes=2)
    for many in (client.plan, client.generate_many):
        with pytest.raises(InvalidRequestError, match=r"take is 2, .* takes=2 makes two of each"):
            many(["A fox"], model="Veo 3.0", take=2)
    with pytest.raises(InvalidRequestError, match="take is 2"):
        client.best_of("A fox", model="Veo 3.0", take=2)
    plan = client.plan([{"prompt": "A fox", "take": 2}], model="Veo 3.0", takes=2)
    assert [cell.take for cell in plan.cells] == [2, 3]


def test_what_is_wrong_for_all_rows_is_no_problem_of_one(things: dict[str, Any]) -> None:
    client: VideoClient = things["client"]
    with pytest.raises(InvalidRequestError, match="duration is 7"):
        client.plan(["A fox", "An owl"], model="Veo 3.0", duration=7)
    assert len(client.plan(["A fox", "An owl"], models=["Veo 3.0", "Veo 2.0"], duration=7).problems) == 2
