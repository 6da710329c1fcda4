"""Eight processes at one library, with the same requests, killed again and again: nothing is paid twice, and
nothing is lost. The whole of it, with the real times of leases, is `tests/bench/kills.py --team`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from object_stores import ObjectStore
from team import Team, TeamService
from videos import small_mp4

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL")

#: Of leases, so that what stands still for 3 s is taken for gone.
SHORT = {"RENEWED_EVERY": 0.2, "VALID_FOR": 1.0, "EXPIRES_AFTER": 2.0}


@pytest.mark.parametrize(
    "kind", ["moto", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("seaweed", "folder"))]
)
def test_a_team_is_killed_and_stands_still_and_nothing_is_paid_twice_or_lost(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    store: ObjectStore | None = None if kind == "folder" else request.getfixturevalue(f"{kind}_server")
    with TeamService(video=small_mp4(1), folder=tmp_path / "library", polls=1, store=store) as service:
        team = Team(service, tmp_path, processes=4, each=12, requests=24, kills=6, stopped=3.0, seconds=SHORT)
        told = team.run()
    print(dict(told))
    assert told["doubled"] == told["lost"] == told["broken videos"] == 0, told
    assert told["kills"] > 0
    assert told["completed"] + told["unconfirmed"] == 24 + told["two records"], told
