from __future__ import annotations

import os
from pathlib import Path

import pytest

from fairlead.errors import ToolMissingError
from fairlead.tools import locate, memory
from fairlead.tools.catalog import CATALOG


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("FAIRLEAD_CACHE", str(folder))
    return folder


def _program(path: Path, said: str) -> Path:
    """A program whose version is known already, so that it is never run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/false\n")
    path.chmod(0o755)
    stat = path.stat()
    memory.remember(path, f"{stat.st_mtime_ns}-{stat.st_size}", said)
    return path


def test_the_path_is_taken_first(tmp_path: Path) -> None:
    here = _program(tmp_path / "bin" / "trivy", "Version: 0.70.0")
    _program(locate.cache_place(CATALOG["trivy"], "0.74.0.1"), "Version: 0.74.0")
    search = locate.search_tool(CATALOG["trivy"], {"PATH": str(here.parent)})
    assert search.found is not None
    assert (search.found.path, search.found.version, search.found.cached) == (here, "0.70.0", False)


def test_one_that_is_too_old_or_malicious_is_passed_over_for_the_cache(tmp_path: Path) -> None:
    _program(tmp_path / "a" / "trivy", "Version: 0.50.0")
    _program(tmp_path / "b" / "trivy", "Version: 0.69.5")
    cached = _program(locate.cache_place(CATALOG["trivy"], "0.74.0.1"), "Version: 0.74.0")
    environ = {"PATH": f"{tmp_path}/a{os.pathsep}{tmp_path}/b"}
    search = locate.search_tool(CATALOG["trivy"], environ)
    assert search.found is not None
    assert search.found.path == cached
    assert search.found.cached
    old, malicious = search.passed_over
    assert "0.65.0 or newer is needed" in old.why
    assert "CVE-2026-33634" in malicious.why


def test_a_missing_tool_says_what_installs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError) as caught:
        locate.locate("trivy")
    assert caught.value.fix == "`fairlead setup` installs it"
    with pytest.raises(ToolMissingError) as caught:
        locate.locate("actionlint")
    assert caught.value.fix == "`fairlead setup --for dev` installs it"


def test_a_plugin_is_found_in_dockers_folders(tmp_path: Path) -> None:
    plugin = _program(
        tmp_path / "config" / "cli-plugins" / "docker-compose", "Docker Compose version v2.30.0"
    )
    search = locate.search_tool(CATALOG["compose"], {"PATH": "", "DOCKER_CONFIG": str(tmp_path / "config")})
    assert search.found is not None
    assert search.found.path == plugin


def test_a_file_that_is_not_executable_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "trivy").write_text("")
    assert locate.search_tool(CATALOG["trivy"], {"PATH": str(tmp_path)}) == locate.Search(None, ())


def test_a_folder_that_this_user_may_not_look_into_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the PATH of a job as another user left it, or in what was remembered for him."""
    hidden = _program(tmp_path / "hidden" / "trivy", "Version: 0.74.0")
    here = _program(tmp_path / "bin" / "trivy", "Version: 0.74.0")
    stat = os.stat

    def refuse(path: str | Path, **options: bool) -> os.stat_result:
        if str(path).startswith(str(hidden.parent)):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", refuse)
    environ = {"PATH": f"{hidden.parent}{os.pathsep}{here.parent}"}
    search = locate.search_tool(CATALOG["trivy"], environ)
    assert search.found is not None
    assert search.found.path == here
    memory.remember(here, "mark", "said")
    assert memory.recall(here, "mark") == "said"
