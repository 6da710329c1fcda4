"""The matrix of `faults.py`: one row a fault, and never more than one job for one call."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults import ROWS, Row, ours


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_fault(row: Row, tmp_path: Path) -> None:
    result = ours(row, tmp_path)
    assert result.jobs <= 1, "paid twice"
    assert (result.outcome, result.jobs, result.submits) == (row.outcome, row.jobs, row.submits), result.said
    assert result.leaks == []
    assert result.pause >= row.pause, "the service asked for a longer one"
    # A notebook that is run again gets the same job, and a job that was stopped goes on: nothing is paid
    # anew.
    goes_on = "video" if row.outcome == "stopped" else row.outcome
    assert result.again == ("" if row.outcome == "failed" else f"{goes_on}, reused, 0 more submits")


def test_each_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
