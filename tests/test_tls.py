"""Faults of TLS itself, with a real server on loopback: Python makes them `OSError`s, as it does those of a
disk.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
import trustme
from fault_server import Fault, FaultServer, client_of, garbled, torn
from videos import small_mp4

from runcrate_widget import errors

VIDEO = small_mp4(1)
TRUSTED = certifi.where


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    # Where httpx looks for those that it trusts: the product has no option for that.
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with FaultServer(video=VIDEO, polls=0, tls=context) as running:
        yield running


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", [garbled(0.5), torn(0.5), garbled(0), torn(0)])
def test_a_download_rides_out_a_fault_of_tls(server: FaultServer, tmp_path: Path, fault: Fault) -> None:
    server._faults["download"] = [fault, fault]
    job = client_of(server, tmp_path / "library").generate("A fox", model="Veo 3.0")
    notes: list[str] = []
    job.observe(lambda change: notes.append(str(change["new"])), "note")
    assert job.wait(30).read_bytes() == VIDEO
    assert server.url.startswith("https:")
    assert server.count("download") == 3
    broke = [note for note in notes if "broke" in note]
    assert len(broke) == 2
    assert not any("folder" in note or "library" in note for note in notes)


@pytest.mark.usefixtures("quick")
def test_a_fault_of_tls_after_the_submit_is_unconfirmed(server: FaultServer, tmp_path: Path) -> None:
    server._faults["submit"] = [garbled(0)]
    job = client_of(server, tmp_path / "library").generate("A fox", model="Veo 3.0")
    with pytest.raises(errors.JobUnconfirmedError):
        job.wait(30)


@pytest.mark.usefixtures("quick")
def test_a_service_that_nobody_vouches_for_is_sent_nothing(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certifi, "where", TRUSTED)
    job = client_of(server, tmp_path / "library").generate("A fox", model="Veo 3.0")
    with pytest.raises(errors.JobFailedError, match="Nothing was sent"):
        job.wait(60)
    assert server.requests == []
