"""The agent's own commands, for 3 a.m."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.host.__main__ import _become_owner


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What this process would have become, in order."""
    told: list[tuple[str, Any]] = []
    for name in ("initgroups", "setgid", "setuid"):
        monkeypatch.setattr(os, name, lambda *words, name=name: told.append((name, words)))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/0")
    monkeypatch.setenv("HOME", "/root")
    return told


def _folder(uid: int) -> Any:
    return SimpleNamespace(stat=lambda: SimpleNamespace(st_uid=uid))


def test_root_goes_on_as_who_deploys(became: list[tuple[str, Any]]) -> None:
    """Else the next deploy could not read what root wrote; the groups come first, as only root may take them."""
    user = next(one for one in pwd.getpwall() if one.pw_uid)
    _become_owner(_folder(user.pw_uid))
    assert became == [
        ("initgroups", (user.pw_name, user.pw_gid)),
        ("setgid", (user.pw_gid,)),
        ("setuid", (user.pw_uid,)),
    ]
    assert os.environ["HOME"] == user.pw_dir
    assert "XDG_RUNTIME_DIR" not in os.environ


@pytest.mark.parametrize("uid", [0, 2**31 - 7])
def test_of_its_own_folder_and_of_nobodys_it_stays_root(became: list[tuple[str, Any]], uid: int) -> None:
    _become_owner(_folder(uid))
    assert not became


def test_an_app_that_is_not_there_is_said_by_who_looks_for_it(
    became: list[tuple[str, Any]], tmp_path: Path
) -> None:
    _become_owner(tmp_path / "none")
    assert not became
