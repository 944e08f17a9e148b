"""Kinds of files over which Fairlead and Compose once disagreed: Compose of this machine, newer ones, and we."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fairlead import process
from fairlead.composefile.loader import load_model
from fairlead.errors import InputError
from fairlead.findings import Finding
from fairlead.judge.asked.answer import Answer, ask_compose
from fairlead.judge.asked.program import find_docker_compose
from fairlead.judge.scopes import env_files_of, file_scopes, find_compose_files
from tests.corpus.corpus import PROJECT, look_at
from tests.corpus.differences import is_intended
from tests.corpus.readers import READERS
from tests.integration.compose.disagreements import CASES, EVERY, Case

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, ...]]:
    """The files of each case, on the disk."""
    made = []
    for case in CASES:
        folder = tmp_path_factory.mktemp("case")
        for name, text in case.files.items():
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        made.append(tuple(folder / name for name in case.files if name.startswith("compose")))
    return made


@pytest.fixture(scope="module")
def answers(apps: list[tuple[Path, ...]]) -> dict[str, list[Answer]]:
    """What each Compose says of them, the machine's own first."""
    with ThreadPoolExecutor(4) as pool:
        here = [asked for asked in pool.map(_ask, apps) if asked is not None]
    others = [reader.answers(apps, {}, PROJECT) for reader in READERS]
    return dict(zip(EVERY, (here, *others), strict=True))


def _ask(paths: tuple[Path, ...]) -> Answer | None:
    return ask_compose(paths, {}, project=PROJECT).answer()


@pytest.mark.parametrize("compose", EVERY)
def test_each_compose_says_what_the_table_says(compose: str, answers: dict[str, list[Answer]]) -> None:
    said = answers[compose]
    assert len(said) == len(CASES)
    wrong = [
        f"{case.name}: {answer.said}"
        for case, answer in zip(CASES, said, strict=True)
        if answer.ok != (compose in case.takers)
    ]
    assert wrong == []


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_we_say_what_compose_says(number: int, apps: list[tuple[Path, ...]]) -> None:
    """What every Compose refuses is refused; what all take, or that of most servers, passes unless it is documented."""
    case = CASES[number]
    _model, findings = look_at(*apps[number])
    errors = [finding for finding in findings if finding.severity == "error"]
    if "2.33" not in case.takers:
        assert errors
    else:
        assert [error for error in errors if not is_intended(error)] == []
    if case.takers and case.takers != EVERY:
        assert _tells_of_it(case, findings)


def _tells_of_it(case: Case, findings: Sequence[Finding]) -> bool:
    """Whether what Composes disagree about is told by somebody: a date and what is not set by rules of their own."""
    told_elsewhere = "a date among variables", "a container's name that is not set"
    return case.name in told_elsewhere or any("Compose" in finding.what for finding in findings)


ENVIRONMENTS: tuple[tuple[dict[str, str], str | None], ...] = (
    ({}, "here:1"),
    ({"COMPOSE_DISABLE_ENV_FILE": "1"}, "here:none"),
    ({"COMPOSE_DISABLE_ENV_FILE": "false"}, "here:1"),
    ({"COMPOSE_DISABLE_ENV_FILE": "yes"}, None),
    ({"COMPOSE_DISABLE_ENV_FILE": ""}, None),
    ({"COMPOSE_ENV_FILES": "other.env"}, "here:2"),
    ({"COMPOSE_ENV_FILES": "other.env,more.env"}, "here:3"),
    ({"COMPOSE_ENV_FILES": "other.env", "COMPOSE_DISABLE_ENV_FILE": "1"}, "here:2"),
    ({"COMPOSE_ENV_FILES": "nowhere.env"}, None),
    ({"COMPOSE_ENV_FILES": ""}, "here:1"),
    ({"COMPOSE_FILE": "alt.yaml"}, "alt:1"),
    ({"COMPOSE_FILE": "alt.yaml,compose.yaml", "COMPOSE_PATH_SEPARATOR": ","}, "here:1"),
    ({"COMPOSE_FILE": ""}, None),
    ({"COMPOSE_PROJECT_NAME": "Upper"}, None),
    ({"COMPOSE_ENV_FILES": "file.env"}, "alt:none"),
)
IN_FOLDER = {
    "compose.yaml": "services: {a: {image: 'here:${T:-none}'}}\n",
    "alt.yaml": "services: {a: {image: 'alt:${T:-none}'}}\n",
    ".env": "T=1\n",
    "other.env": "T=2\n",
    "more.env": "T=3\n",
    "file.env": "COMPOSE_FILE=alt.yaml\n",
}


@pytest.mark.parametrize(("variables", "image"), ENVIRONMENTS, ids=[str(one) for one, _ in ENVIRONMENTS])
def test_variables_of_compose_say_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], image: str | None
) -> None:
    for name, text in IN_FOLDER.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    found = find_docker_compose()
    assert found is not None
    told = {"PATH": os.environ["PATH"], "HOME": "/", "PWD": str(tmp_path), **variables}
    done = process.run((found[0], "config", "--images"), env=told, inherit=False, cwd=tmp_path, check=False)
    assert (done.stdout.strip() if done.ok else None) == image
    assert _read(tmp_path, variables) == image


def _read(folder: Path, variables: dict[str, str]) -> str | None:
    try:
        env_files = env_files_of(variables)
        files = find_compose_files(folder, variables, env_files)
        (scope,) = file_scopes(files, variables, env_files=env_files)
    except InputError:
        return None
    model = load_model(scope.files, variables=scope.variables, env_files=scope.env_files)
    return None if model.faults else str(model.value["services"]["a"]["image"])


@pytest.mark.parametrize(
    ("folder", "text", "holds"), [("日本", "", False), ("日本", "name: n\n", True), ("a日", "", True)]
)
def test_a_project_has_a_name(tmp_path: Path, folder: str, text: str, holds: bool) -> None:
    root = tmp_path / folder
    root.mkdir()
    file = root / "compose.yaml"
    file.write_text(f"{text}services: {{a: {{image: b}}}}\n")
    answer = ask_compose([file], {}).answer()
    assert answer is not None
    assert answer.ok is holds
    assert (load_model([file], variables={}).faults == ()) is holds
