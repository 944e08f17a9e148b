from __future__ import annotations

import os
from pathlib import Path

import pytest

from fairlead.compose.asked import ask_compose, compare
from fairlead.compose.loader import load_model

pytestmark = pytest.mark.integration


def write(folder: Path, text: str) -> Path:
    file = folder / "compose.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_docker_compose_answers_with_its_version(tmp_path: Path) -> None:
    file = write(tmp_path, "services: {web: {image: a}, off: {image: b, profiles: [x]}}")
    answer = ask_compose([file], {}).answer()
    assert answer is not None
    assert answer.ok
    assert answer.version.count(".") >= 1


def test_a_refusal_behind_a_profile_is_heard_and_would_be_told(tmp_path: Path) -> None:
    file = write(tmp_path, "services:\n  off:\n    image: b\n    profiles: [x]\n    networks: [nowhere]\n")
    answer = ask_compose([file], {}).answer()
    assert answer is not None
    assert not answer.ok
    model = load_model([file], variables={}, name="app")
    (finding,) = compare(answer, model, [])
    assert "nowhere" in finding.what
    assert finding.location is not None
    assert finding.location.line == 2


def test_nothing_of_this_process_reaches_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_NAME", "from the shell")
    file = write(tmp_path, "services: {web: {image: '${SECRET_NAME:?not declared}'}}")
    answer = ask_compose([file], {}).answer()
    assert answer is not None
    assert "not declared" in answer.said
    declared = ask_compose([file], {"SECRET_NAME": "a"}).answer()
    assert declared is not None
    assert declared.ok


def test_many_warnings_do_not_block_it(tmp_path: Path) -> None:
    rows = "".join(f"  s{number}: {{image: 'a${{UNSET_{number}}}'}}\n" for number in range(2000))
    answer = ask_compose([write(tmp_path, f"services:\n{rows}")], {}).answer()
    assert answer is not None
    assert answer.ok


def test_without_docker_compose_the_layer_says_that_it_did_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fairlead.tools import locate

    monkeypatch.setattr(locate, "_PLUGIN_FOLDERS", ())
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    monkeypatch.setenv("FAIRLEAD_CACHE", os.fspath(tmp_path))
    file = write(tmp_path, "services: {web: {image: a}}")
    asked = ask_compose([file], {})
    assert asked.answer() is None
    assert asked.why_not == "there is no docker-compose on this machine"
