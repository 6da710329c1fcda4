"""A price that was set in the widget is there in the next kernel, and in nobody's way."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of

from runcrate_widget import VideoClient, errors, models
from runcrate_widget.jobs.spending import SpendingLimit
from runcrate_widget.library.library import Library
from runcrate_widget.library.prices import Prices
from runcrate_widget.prompts import expand
from runcrate_widget.request import VideoRequest

pytestmark = pytest.mark.usefixtures("quick")

VEO = "google/veo-3.0"
NO_PRICES: list[Any] = [-0.4, float("nan"), float("inf"), "0.4", True, None, 10**400, -(10**400), 10**5000]


def test_a_price_is_remembered_in_the_library(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path) as client:
        assert client.price("Veo 3.0") is None
        client.prices.remember("Veo 3.0", 0.4)
        client.prices.remember("acme/dream-1", 1)
        assert client.price(VEO) == 0.4
        client.generate("A fox", model="Veo 3.0", duration=6).wait(30)
        assert len(client.library) == 1, "it is taken for no record"
        assert client.ledger.totals()["paid"].dollars == 2.4
    with client_of(server, tmp_path) as client:
        client.unfinished()
        assert client.prices == {VEO: 0.4, "acme/dream-1": 1.0}
        client.prices.remember(VEO, None)
        assert client.price(VEO) is None
    with client_of(server, tmp_path) as client:
        assert client.prices == {"acme/dream-1": 1.0}
    assert not list(tmp_path.glob("*.damaged*"))
    assert json.loads((tmp_path / "prices.txt").read_bytes()) == {"acme/dream-1": 1.0}


def test_what_is_given_wins_and_is_not_remembered(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path) as client:
        client.prices.remember(VEO, 0.4)
    with client_of(server, tmp_path, prices={"Veo 3.0": 0.1, "Sora 2": 0.2}) as client:
        assert (client.price(VEO), client.price("Sora 2")) == (0.1, 0.2)
        client.prices.remember("Kling v3", 0.3)
    with client_of(server, tmp_path) as client:
        assert client.prices == {VEO: 0.4, "kwaivgi/kling-v3": 0.3}


def test_of_the_demo_nothing_is_remembered_and_it_takes_nothing(server: FaultServer, tmp_path: Path) -> None:
    with VideoClient(demo=True, library=tmp_path) as client:
        client.prices.remember(VEO, 0.4)
        assert client.price(VEO) == 0.4
    assert not list(tmp_path.iterdir())
    with client_of(server, tmp_path) as client:
        assert client.price(VEO) is None
        client.prices.remember(VEO, 0.5)
    with VideoClient(demo=True, library=tmp_path) as client:
        assert client.price(VEO) is None


@pytest.mark.parametrize("price", [-1, True, float("nan"), float("inf"), "0.4", 10**400])
def test_what_is_no_price_changes_nothing(server: FaultServer, tmp_path: Path, price: Any) -> None:
    with client_of(server, tmp_path, prices={VEO: 0.4}) as client:
        with pytest.raises(errors.InvalidRequestError, match="price") as caught:
            client.prices.remember(VEO, price)
        assert caught.value.field == "price"
        with pytest.raises(errors.InvalidRequestError):
            client.prices.remember(" ", 0.4)
        assert client.prices == {VEO: 0.4}
    assert not (tmp_path / "prices.txt").exists()


@pytest.mark.parametrize("content", [b"\xff\x00", b"[1, 2]", b"[" * 100_000, b"5"])
def test_a_file_that_is_damaged_is_in_nobodys_way(
    server: FaultServer, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "prices.txt").write_bytes(content)
    with caplog.at_level(logging.WARNING), client_of(server, tmp_path) as client:
        assert client.prices == {}
        assert "prices.txt" in caplog.text
        client.prices.remember(VEO, 0.4)
    assert client_of(server, tmp_path).prices == {VEO: 0.4}


def test_of_a_file_with_a_mistake_the_rest_is_used(
    server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "prices.txt").write_text(json.dumps({VEO: 0.4, "Sora 2": -1, "Veo 2.0": "x"}))
    assert client_of(server, tmp_path).prices == {VEO: 0.4}
    assert "Sora 2" in caplog.text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_in_its_place_is_not_waited_for(server: FaultServer, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "prices.txt")
    with pytest.warns(UserWarning, match=r"prices\.txt cannot be read"):
        assert client_of(server, tmp_path).prices == {}


def test_where_it_cannot_be_written_the_price_stays(server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    client = client_of(server, tmp_path / "file" / "library")
    with pytest.raises(errors.LibraryError):
        client.prices.remember(VEO, 0.4)
    assert client.price(VEO) is None


def with_or(prices: Prices, given: Any) -> None:
    prices |= given


#: Every way to set a price in code.
WAYS: dict[str, Callable[[Prices, str, Any], object]] = {
    "[…] =": lambda prices, model, price: prices.__setitem__(model, price),
    "update": lambda prices, model, price: prices.update({model: price}),
    "update with pairs": lambda prices, model, price: prices.update([(model, price)]),
    "setdefault": lambda prices, model, price: prices.setdefault(model, price),
    "|=": lambda prices, model, price: with_or(prices, {model: price}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_set_a_price_knows_names_and_refuses_what_is_none(way: str) -> None:
    prices = Prices({"Sora 2": 0.2}, None)
    WAYS[way](prices, " veo 3.0 ", 0.4)
    assert dict(prices) == {"openai/sora-2": 0.2, VEO: 0.4}
    assert prices["Veo 3.0"] == prices[VEO] == prices.get("VEO 3.0") == 0.4 and "Veo 3.0" in prices
    for price in NO_PRICES:
        with pytest.raises(errors.InvalidRequestError):
            WAYS[way](prices, "Veo 2.0", price)
    for model in (None, 5, "", " ", "Veo"):
        with pytest.raises(errors.InvalidRequestError):
            WAYS[way](prices, model, 0.4)  # type: ignore[arg-type]
    assert prices == {"openai/sora-2": 0.2, VEO: 0.4}


def test_of_several_prices_all_are_set_or_none() -> None:
    prices = Prices(None, None)
    for given in ({VEO: 0.4, "Sora 2": -1}, [(VEO, 0.4), 5], 5, "abc"):
        with pytest.raises(errors.InvalidRequestError):
            prices.update(given)
    assert prices == {} and repr(prices) == "{}"
    prices.update({VEO: 0.4}, seedance=1)
    del prices["Veo 3.0"]
    assert prices.copy() == {"bytedance/seedance": 1.0} and len(prices) == 1


@pytest.mark.parametrize("given", [{1: 2}, "abc", [(VEO, 0.4)], 5, {None: 1}, {"": 1}, {"a/b": 10**400}])
def test_what_are_no_prices_is_refused_with_a_sentence(
    server: FaultServer, tmp_path: Path, given: Any
) -> None:
    with pytest.raises(errors.InvalidRequestError, match=r"must be .*\.$"):
        client_of(server, tmp_path, prices=given)


@pytest.mark.parametrize("given", [{"Veo 3.0": -1}, {"Veo": 1}, {1: 2}, "abc", 5])
def test_prices_that_are_assigned_are_those_of_the_constructor(
    server: FaultServer, tmp_path: Path, given: Any
) -> None:
    with client_of(server, tmp_path) as client:
        client.prices.remember("Sora 2", 0.2)
        client.prices = {"Veo 3.0": 0.4}
        assert client.prices == {VEO: 0.4, "openai/sora-2": 0.2}
        assert client.price("Veo 3.0") == 0.4
        assert client.plan(["A fox"], model="Veo 3.0", duration=4).cost == 1.6
        with pytest.raises(errors.InvalidRequestError):
            client.prices = given
        assert client.price(VEO) == 0.4
        client.prices.remember("Kling v3", 0.3)
        client.prices = None
        assert client.prices == {"openai/sora-2": 0.2, "kwaivgi/kling-v3": 0.3}


@pytest.mark.parametrize(("name", "meant"), [("Veo", "Veo 3.0"), ("veo3", "Veo 3.0"), ("Sorra 2", "Sora 2")])
def test_a_price_of_no_model_is_refused(server: FaultServer, tmp_path: Path, name: str, meant: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match=f"no model. Did you mean .{meant}.") as caught:
        client_of(server, tmp_path, prices={name: 1})
    assert caught.value.field == "prices"
    with client_of(server, tmp_path, prices={"acme/dream-9": 1}) as client:
        with pytest.raises(errors.InvalidRequestError, match=meant):
            client.prices.remember(name, 1)
        with pytest.raises(errors.InvalidRequestError, match=r"no model\. Known names are Veo 3\.0"):
            client.prices["Zzzz"] = 1
        assert client.prices == {"acme/dream-9": 1}


def test_what_an_earlier_kernel_remembered_of_a_model_that_it_had_is_kept(tmp_path: Path) -> None:
    (tmp_path / "prices.txt").write_text('{"dream": 0.5}')
    prices = Prices(None, Library(tmp_path))
    assert prices == {"dream": 0.5}
    prices.remember("dream", None)
    assert prices == {} == json.loads((tmp_path / "prices.txt").read_bytes())


@pytest.mark.parametrize("price", [float("nan"), -0.4, 1e308])
def test_no_price_makes_a_cost_that_cannot_be_read(server: FaultServer, tmp_path: Path, price: float) -> None:
    asked = VideoRequest("A fox", model="Veo 3.0", duration=8)
    limit = SpendingLimit(None, 1.0, None, lambda _: price)
    assert limit.cost(asked) is None
    with client_of(server, tmp_path, max_cost=1.0) as client:
        client._limit = limit
        with pytest.raises(errors.SpendingLimitError):
            client.generate(asked)
    assert server.count("submit") == 0


def test_a_price_that_is_set_counts_towards_the_limit(server: FaultServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path, max_cost=1.0) as client:
        with pytest.raises(errors.InvalidRequestError):
            client.prices[VEO] = -0.4
        client.prices["Veo 3.0"] = 0.4
        with pytest.raises(errors.SpendingLimitError):
            client.generate("A fox", model=VEO, duration=8)
    assert server.count("submit") == 0


def test_a_number_that_no_float_holds_is_in_nobodys_way(
    server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "prices.txt").write_text(f'{{"{VEO}": {10**400}, "Sora 2": 0.5}}')
    assert client_of(server, tmp_path).prices == {"openai/sora-2": 0.5}
    assert VEO in caplog.text
    with pytest.raises(errors.InvalidRequestError, match="price"):
        models.update("Veo 3.0", price=10**400)
    assert models[VEO].price is None


_REMEMBERS = """
import sys
from pathlib import Path
from runcrate_widget.library.library import Library
from runcrate_widget.library.library import Library
from runcrate_widget.library.prices import Prices
prices = Prices(None, Library(Path(sys.argv[1])))
sys.stdin.readline()
for n in range(30):
    prices.remember(f"m{sys.argv[2]}/{n}", 1)
"""


def test_two_kernels_lose_no_price_of_each_other(tmp_path: Path) -> None:
    (tmp_path / "prices.txt").write_text(json.dumps({VEO: 0.4}))
    script = [sys.executable, "-c", _REMEMBERS, str(tmp_path)]
    kernels = [subprocess.Popen([*script, str(n)], stdin=subprocess.PIPE) for n in range(2)]
    for kernel in kernels:
        assert kernel.stdin
        kernel.stdin.write(b"go\n")
        kernel.stdin.close()
    assert [kernel.wait(60) for kernel in kernels] == [0, 0]
    wanted = {VEO: 0.4, **{f"m{kernel}/{n}": 1.0 for kernel in range(2) for n in range(30)}}
    assert json.loads((tmp_path / "prices.txt").read_bytes()) == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["prices.txt"]


def test_who_asks_for_no_model_is_told_so(server: FaultServer, tmp_path: Path) -> None:
    client = client_of(server, tmp_path)
    asked: list[Callable[[], object]] = [
        lambda: client.price(None),  # type: ignore[arg-type]
        lambda: client.prices.remember(5, 0.4),  # type: ignore[arg-type]
        lambda: client.library.ranking().difference(5, VEO),  # type: ignore[arg-type]
        lambda: models.nearest(5),  # type: ignore[arg-type]
        lambda: models[5],  # type: ignore[index]
        lambda: models.update(None, price=1),  # type: ignore[arg-type]
        lambda: expand(None),  # type: ignore[arg-type]
    ]
    for ask in asked:
        with pytest.raises(errors.RuncrateError) as caught:
            ask()
        assert caught.value.message.endswith(".")
    assert models.get(5) is None  # type: ignore[call-overload]
