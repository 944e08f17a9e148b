"""A called workflow that finds something else in the place of Fairlead says so, and what to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.github.files import workflow


@pytest.mark.parametrize("is_fairlead", [True, False])
def test_the_repository_of_the_caller_is_not_taken_for_fairlead(tmp_path: Path, is_fairlead: bool) -> None:
    """Its own action may be called as ours."""
    (tmp_path / "fairlead/.github/actions/setup").mkdir(parents=True)
    (tmp_path / "fairlead/.github/actions/setup/action.yml").touch()
    if is_fairlead:
        (tmp_path / "fairlead/ci/fairlead").mkdir(parents=True)
    (step,) = [
        one for one in workflow("rollback")["jobs"]["rollback"]["steps"] if one.get("id") == "fairlead"
    ]
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == (0 if is_fairlead else 1)
    assert ("::error title=This is not Fairlead::" in done.stdout) is not is_fairlead
    assert ("call its actions" in done.stdout) is not is_fairlead
