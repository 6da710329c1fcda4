"""A price that was set in the widget is there in the next kernel, and in nobody's way."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from fault_server import FaultServer, client_of

from runcrate_widget import VideoClient, errors

pytestmark = pytest.mark.usefixtures("quick")

VEO = "google/veo-3.0"


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


@pytest.mark.parametrize("price", [-1, True, float("nan"), float("inf"), "0.4"])
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
