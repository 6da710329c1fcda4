"""The table of models: what the API's page says, and that a user can correct it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from runcrate_widget.catalog import Catalog, Model
from runcrate_widget.errors import ConfigurationError, InvalidRequestError

# The page's own table (API.md, part 1).
PAGE = {
    "Sora 2": {4, 8, 12},
    "Sora 2 Pro": {4, 8, 12},
    "Veo 2.0": {5, 6, 7, 8},
    "Veo 3.0": {4, 6, 8},
    "Veo 3.0 Audio": {4, 6, 8},
    "Kling v3": set(range(3, 16)),
    "Seedance": set(range(2, 13)),
    "Hailuo 02": {6, 10},
}


@pytest.fixture
def models() -> Catalog:
    return Catalog()


def test_the_table_is_the_pages(models: Catalog) -> None:
    assert {model.name: set(model.durations) for model in models.values()} == PAGE
    assert [model.name for model in models.values() if model.audio] == ["Veo 3.0 Audio"]
    assert all(model.notes for model in models.values())


@pytest.mark.parametrize("spelling", ["Veo 3.0", "google/veo-3.0", " veo  3.0 ", "GOOGLE/VEO-3.0"])
def test_a_model_is_found_by_id_or_name(models: Catalog, spelling: str) -> None:
    assert models[spelling].id == "google/veo-3.0"
    assert spelling in models


def test_an_absent_model_is_a_key_error_with_a_suggestion(models: Catalog) -> None:
    with pytest.raises(KeyError, match=r"'Veo 3' is not in the table.*Veo 3\.0"):
        models["Veo 3"]
    assert "nothing/like-it" not in models


@pytest.mark.parametrize(
    ("name", "seconds", "nearest"),
    [
        ("Veo 3.0", 6, 6),
        ("Veo 3.0", 7, 6),
        ("Veo 3.0", 100, 8),
        ("Sora 2", 6, 4),
        ("Kling v3", 99, 15),
        ("Seedance", 0, 2),
    ],
)
def test_the_nearest_duration_and_of_two_the_cheaper(
    models: Catalog, name: str, seconds: int, nearest: int
) -> None:
    assert models[name].nearest_duration(seconds) == nearest


def test_durations_in_words(models: Catalog) -> None:
    assert models["Veo 3.0"].allowed == "4, 6 or 8 s"
    assert models["Hailuo 02"].allowed == "6 or 10 s"
    assert models["Kling v3"].allowed == "3 to 15 s"
    assert Model("a/b", "B", [5]).allowed == "5 s"


def test_a_user_corrects_an_id_adds_a_model_and_gives_a_price(models: Catalog) -> None:
    before = [model.name for model in models.values()]
    models.update("Kling v3", id="kling/v3-pro", price=0.2)
    models.add(Model("acme/dream", "Dream", (10, 5)))
    assert models["Kling v3"].id == "kling/v3-pro"
    assert models["kling/v3-pro"].price == 0.2
    assert "kwaivgi/kling-v3" not in models
    assert models["Dream"].durations == (5, 10)
    assert [model.name for model in models.values()] == [*before, "Dream"], "the order stays"


def test_an_id_that_another_model_has_is_refused(models: Catalog) -> None:
    with pytest.raises(InvalidRequestError, match=r"id is 'google/veo-3\.0', which is Veo 3\.0 already"):
        models.update("Kling v3", id="google/veo-3.0")
    assert dict(models) == dict(Catalog())


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"durations": ()}, "durations"), ({"durations": (0,)}, "durations"), ({"durations": ("4",)}, "durations"),
     ({"durations": range(5)}, "durations"), ({"durations": 4}, "durations"), ({"durations": (True,)}, "durations"),
     ({"price": -1}, "price"), ({"price": "x"}, "price"), ({"price": float("nan")}, "price"), ({"id": " "}, "id"), ({"name": ""}, "name")],
)  # fmt: skip
def test_a_model_that_is_wrong_is_refused(models: Catalog, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        models.update("Veo 3.0", **changes)
    assert caught.value.field == field
    assert models["Veo 3.0"] == Catalog()["Veo 3.0"]


def test_a_file_corrects_the_table(models: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text(
        json.dumps(
            {
                "Kling v3": {"id": "kling/v3-pro"},
                "google/veo-3.0": {"price": 0.4},
                "acme/one": {"name": "One", "durations": [5, 10]},
                "acme/two": {"durations": {"min": 3, "max": 12}},
            }
        )
    )
    models.load(file)
    assert models["Kling v3"].id == "kling/v3-pro"
    assert models["Veo 3.0"].price == 0.4
    assert models["One"].id == "acme/one"
    assert models["acme/two"].durations == range(3, 13)


@pytest.mark.parametrize(
    ("text", "named"),
    [("{", "Expecting"), ("[]", "items"), ('{"Veo 3.0": {"cost": 1}}', "cost"), ('{"acme/x": {}}', "durations"),
     ('{"Veo 3.0": {"price": "much"}}', "price"), ('{"Veo 3.0": 5}', "int")],
)  # fmt: skip
def test_a_file_that_is_wrong_changes_nothing(models: Catalog, tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "models.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        models.load(file)
    assert dict(models) == dict(Catalog())


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text('{"Sora 2": {"id": "openai/sora-2-mended"}}')
    code = "from runcrate_widget import models; print(models['Sora 2'].id)"
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"RUNCRATE_MODELS": str(file)}, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "openai/sora-2-mended", ran.stderr


def test_it_shows_itself(models: Catalog) -> None:
    models.add(Model("acme/<b>", "<i>", (5,)))
    assert "kwaivgi/kling-v3" in repr(models)
    shown = models._repr_html_()
    assert "&lt;i&gt;" in shown
    assert "<i>" not in shown


@pytest.mark.parametrize(
    ("gone", "duration", "nearest"),
    [
        ("Sora 2", None, "Sora 2 Pro"),
        ("Sora 2 Pro", 8, "Sora 2"),
        ("Veo 3.0", None, "Veo 3.0 Audio"),
        ("Veo 3.0", 4, "Veo 3.0 Audio"),
        ("Veo 3.0", 6, "Veo 2.0"),
        ("Veo 3.0 Audio", 8, "Veo 3.0"),
        ("Veo 2.0", 7, "Veo 3.0"),
        ("Seedance", None, "Kling v3"),
        ("Kling v3", 12, "Seedance"),
        ("google/veo-4", 6, "Veo 3.0"),
    ],
)
def test_the_nearest_is_of_the_same_maker_and_then_of_the_same_length(
    models: Catalog, gone: str, duration: int | None, nearest: str
) -> None:
    found = models.nearest(gone, duration=duration)
    assert found and found.name == nearest


def test_the_nearest_lives(models: Catalog) -> None:
    models.update("Sora 2 Pro", retired=True)
    found = models.nearest("Sora 2", duration=8)
    assert found and found.lives and found.name != "Sora 2 Pro"
    for name in list(models):
        models.update(name, retired=True)
    assert models.nearest("Sora 2") is None


def test_when_a_model_went_and_when_its_facts_were_looked_at_may_be_said(
    models: Catalog, tmp_path: Path
) -> None:
    assert models.as_of == "2026-11"
    assert "As of 2026-11" in models._repr_html_()
    file = tmp_path / "models.json"
    file.write_text('{"Veo 3.0": {"retired": "2026-11-20", "as_of": "2026-12"}, "Sora 2": {"retired": true}}')
    models.load(file)
    assert models["Veo 3.0"].retired == date(2026, 11, 20)
    assert not models["Sora 2"].lives
    assert (models["Veo 3.0"].as_of, models.as_of) == ("2026-12", "2026-11")
    assert ", retired 2026-11-20" in repr(models)
    assert models.update("Veo 3.0", retired=None).lives
    models.update("Veo 3.0", as_of=date(2026, 12, 3))
    assert models["Veo 3.0"].as_of == "2026-12-03"


@pytest.mark.parametrize(
    ("field", "value"),
    [("retired", "soon"), ("retired", 2026), ("retired", "2026-13-01"), ("as_of", "2026"), ("as_of", "2026-13"), ("as_of", None)],
)  # fmt: skip
def test_a_day_that_is_none_is_refused(models: Catalog, field: str, value: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        models.update("Veo 3.0", **{field: value})
    assert caught.value.field == field
    assert models["Veo 3.0"] == Catalog()["Veo 3.0"]
