"""The agent in one file: the same bytes for the same sources."""

from __future__ import annotations

import ast
import io
import os
import time
import zipfile
from importlib import resources

import pytest

from fairlead.remote import agent
from fairlead.remote.session import loader_argv


def test_the_same_sources_give_the_same_bytes_in_any_order_at_any_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = agent.render_zipapp({"a.py": b"1", "phases/b.py": b"2"})
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    mask = os.umask(0o077)
    try:
        assert agent.render_zipapp({"phases/b.py": b"2", "a.py": b"1"}) == first
    finally:
        os.umask(mask)
    assert agent.render_zipapp({"a.py": b"1"}) != first


def test_it_holds_the_whole_host_package_and_nothing_else() -> None:
    built = agent.build_agent()
    with zipfile.ZipFile(io.BytesIO(built.content)) as archive:
        names = archive.namelist()
    assert names == sorted(names)
    assert {"__main__.py", "fairlead_host/door/door.py", "fairlead_host/run/phases/switch.py"} <= set(names)
    assert all(name == "__main__.py" or name.startswith("fairlead_host/") for name in names)
    assert all(name.endswith(".py") for name in names)


def test_the_loader_parses_on_a_python_that_is_too_old_to_run_the_agent() -> None:
    source = resources.files("fairlead.remote").joinpath("loader.py").read_text()
    ast.parse(source, feature_version=(3, 4))
    assert loader_argv() == ("python3", "-c", source)
