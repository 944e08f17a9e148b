from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fairlead import process
from fairlead.composefile.loader import load_model
from fairlead.composefile.names import COMPOSE_NAMES, OVERRIDE_NAMES, find_base, find_override
from fairlead.judge.asked.answer import ask_compose, compare, render_variables
from fairlead.judge.asked.program import find_docker_compose

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


_NASTY = [
    "",
    "a b",
    "#",
    "it's",
    'say "x"',
    "$HOME",
    "${HOME}",
    "$$",
    "\\",
    "\\n",
    "\\$x",
    "a\nb",
    "= {}:",
    "é",
]


def test_what_a_repository_says_of_variables_reaches_the_files_and_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands: docker-compose refuses the file where a value is another one, or none."""
    rows = "".join(f'      - "${{V{number}:?}}"\n' for number, value in enumerate(_NASTY) if value)
    file = write(tmp_path, f"services:\n  web:\n    image: a\n    command:\n{rows}")
    named = {f"V{number}": value for number, value in enumerate(_NASTY)}
    steering = {"LD_PRELOAD": str(tmp_path / "evil.so"), "PATH": str(tmp_path), "HOME": str(tmp_path)}
    seen: list[dict[str, str]] = []
    real = process.open_pipes

    def look(argv: Sequence[str], *, env: dict[str, str], inherit: bool, cwd: Path) -> Any:
        seen.append(env)
        return real(argv, env=env, inherit=inherit, cwd=cwd)

    monkeypatch.setattr(process, "open_pipes", look)
    answer = ask_compose([file], {**named, **steering}).answer()
    assert answer is not None
    assert answer.ok, answer.said
    assert "cannot be preloaded" not in answer.said
    (environment,) = seen
    assert environment.keys() <= {
        "PATH",
        "HOME",
        "PWD",
        "COMPOSE_EXPERIMENTAL_GIT_REMOTE",
        "COMPOSE_EXPERIMENTAL_OCI_REMOTE",
    }
    assert environment["PATH"] == os.environ["PATH"]
    assert environment["PWD"] == str(file.parent)


def test_a_value_reaches_the_files_as_it_is(tmp_path: Path) -> None:
    """It is written down for docker-compose in its own way, and read back here by what that prints."""
    (tmp_path / "variables").write_text(
        render_variables({f"V{number}": value for number, value in enumerate(_NASTY)})
    )
    rows = "".join(f'      V{number}: "${{V{number}}}"\n' for number in range(len(_NASTY)))
    write(tmp_path, f"name: x\nservices:\n  web:\n    image: a\n    environment:\n{rows}")
    program = find_docker_compose()
    assert program is not None
    words = ("--env-file", "variables", "--file", "compose.yaml", "config", "--format", "json")
    told = json.loads(process.run((program[0], *words), cwd=tmp_path).stdout)
    found = told["services"]["web"]["environment"]
    assert [found[f"V{number}"].replace("$$", "$") for number in range(len(_NASTY))] == _NASTY


def test_of_several_files_those_are_taken_that_it_takes(tmp_path: Path) -> None:
    for name in (*COMPOSE_NAMES, *OVERRIDE_NAMES):
        (tmp_path / name).write_text(f"services: {{web: {{image: a, labels: {{{name}: here}}}}}}\n")
    found = find_docker_compose()
    assert found is not None
    while base := find_base(tmp_path):
        override = find_override(tmp_path)
        shown = process.run([found[0], "config", "--format", "json"], cwd=tmp_path).stdout
        taken = json.loads(shown)["services"]["web"]["labels"]
        assert set(taken) == {file.name for file in (*base, *override)}
        for file in (*base, *override):
            file.unlink()
