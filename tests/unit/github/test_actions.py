"""The composite actions and the workflows, read as files: thin, pinned, and named as the command names things."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from fairlead.cli.root import VERBS, command
from tests.unit.github.files import ACTIONS, EVERY, ROOT, load, name_of, steps_of

VERB_ACTIONS = [path for path in ACTIONS if path.parent.name != "setup"]

# Variables that a verb reads without an option for them: FAIRLEAD_REGISTRY with fairlead.yaml, and what whoever
# sees a command line must not see.
VARIABLES_WITHOUT_OPTION = {
    "FAIRLEAD_REGISTRY",
    "FAIRLEAD_REGISTRY_USERNAME",
    "FAIRLEAD_REGISTRY_PASSWORD",
    "FAIRLEAD_JOB_TOKEN",
    "FAIRLEAD_PUBLISHED",
    "FAIRLEAD_BUILT",
    "FAIRLEAD_COMMENT",
    "FAIRLEAD_DEPLOYMENT",
    "FAIRLEAD_SECRETS",
    "FAIRLEAD_SSH_KEY",
}


@pytest.mark.parametrize("path", EVERY, ids=name_of)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    """An expression in ``run`` is pasted into the script before the shell reads it."""
    for step in steps_of(load(path)):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("path", EVERY, ids=name_of)
def test_everything_used_is_our_own_or_pinned_by_commit(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r"\s*(?:- )?uses:\s*(\S+)(.*)$", line)
        if match and not match[1].startswith("./"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", match[1]), line
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", match[2]), f"{line}: which version is that?"


@pytest.mark.parametrize("path", EVERY, ids=name_of)
def test_a_script_ends_by_becoming_the_command(path: Path) -> None:
    """Only so do the runner's SIGINT and SIGTERM reach it: bash passes neither on."""
    for step in steps_of(load(path)):
        # The step of that name looks at what was checked out, and runs nothing.
        if "fairlead" in step.get("run", "") and step.get("id") != "fairlead":
            assert step["run"].strip().splitlines()[-1].startswith("exec ")


@pytest.mark.parametrize("path", ACTIONS, ids=name_of)
def test_every_input_is_handed_on_under_its_own_name(path: Path) -> None:
    document = load(path)
    handed = {name for step in steps_of(document) for name in _inputs_handed(step)}
    assert handed == set(document.get("inputs") or ())


def _inputs_handed(step: dict[str, Any]) -> Iterator[str]:
    for variable, value in (step.get("env") or {}).items():
        match = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value)
        assert match, f"{variable}: {value}"
        own = match[1].replace("-", "_").upper()
        assert variable in {f"FAIRLEAD_{own}", own}
        yield match[1]


@pytest.mark.parametrize("path", ACTIONS, ids=name_of)
def test_the_job_s_token_is_no_password_of_a_registry_that_somebody_names(path: Path) -> None:
    """Only so is it known for what it is, and kept from every registry but GitHub's."""
    inputs = load(path).get("inputs") or {}
    has_it = {name for name, spec in inputs.items() if "github.token" in spec["default"]}
    assert has_it <= {"job-token", "github-token"}
    assert ("registry-password" in inputs) == ("job-token" in has_it)


@pytest.mark.parametrize("path", ACTIONS, ids=name_of)
def test_every_input_is_described_and_every_output_is_mapped(path: Path) -> None:
    document = load(path)
    identified = {step["id"] for step in steps_of(document) if "id" in step}
    for spec in (document.get("inputs") or {}).values():
        assert spec["description"]
        assert isinstance(spec["default"], str)
    for name, spec in (document.get("outputs") or {}).items():
        match = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.([a-z-]+) \}\}", spec["value"])
        assert match
        assert match[1] in identified
        assert match[2] == name


@pytest.mark.parametrize("path", VERB_ACTIONS, ids=name_of)
def test_what_every_verb_tells_on_failure_too_is_an_output(path: Path) -> None:
    assert {"exit-code", "error", "document", "document-file"} <= set(load(path)["outputs"])


@pytest.mark.parametrize("path", VERB_ACTIONS, ids=name_of)
def test_an_action_is_its_verb_and_speaks_of_what_the_verb_knows(path: Path) -> None:
    (step,) = [one for one in steps_of(load(path)) if one.get("id") == "run"]
    verb = path.parent.name
    assert verb in VERBS
    start, program, *words = step["run"].strip().splitlines()[-1].split()
    assert (start, program, words[0]) == ("exec", "fairlead", verb)
    given = {word.strip('"$') for word in words if word.startswith('"$')}
    names = [word for word in words if not word.startswith(("-", '"'))]
    known = _variables(*names, which=bool(given)) | VARIABLES_WITHOUT_OPTION | given
    assert set(step["env"]) <= known, f"`fairlead {verb}` does not read {sorted(set(step['env']) - known)}"


def _variables(*verbs: str, which: bool = False) -> set[str]:
    """Every variable that the options of a verb (or of one below it), and those before its name, can be given by.

    ``which``: an input says which one below it.
    """
    loaded: click.Command = command
    for verb in verbs:
        assert isinstance(loaded, click.Group)
        below = loaded.get_command(click.Context(loaded), verb)
        assert below is not None
        loaded = below
    below_it = loaded.commands.values() if which and isinstance(loaded, click.Group) else ()
    found: set[str] = set()
    for parameter in (*loaded.params, *command.params, *(one for each in below_it for one in each.params)):
        names = parameter.envvar or ()
        found |= {names} if isinstance(names, str) else set(names)
    return found


@pytest.mark.parametrize("state", ["", "--help", "on; off", "On"])
def test_a_state_of_the_page_that_is_none_is_refused(state: str) -> None:
    from click.testing import CliRunner

    ran = CliRunner().invoke(command, ["maintenance", state])
    assert ran.exit_code == 2 or (state == "--help" and "Commands" in ran.output)


def test_inputs_that_nobody_gives_are_as_if_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable: neither a page that is called so nor a time of no seconds."""
    from click.testing import CliRunner

    empty = dict.fromkeys(("FAIRLEAD_PAGE", "FAIRLEAD_RETRY_AFTER", "FAIRLEAD_ENVIRONMENT"), "")
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(command, ["maintenance", "on"], env=empty)
    assert "fairlead.yaml" in str(ran.exception)


def test_dependabot_sees_every_action() -> None:
    document = load(ROOT / ".github" / "dependabot.yml")
    (actions,) = [update for update in document["updates"] if update["package-ecosystem"] == "github-actions"]
    assert actions["directories"] == ["/", "/.github/actions/*"]


def test_the_launcher_of_the_setup_action_can_be_run() -> None:
    assert os.access(ROOT / ".github" / "actions" / "setup" / "bin" / "fairlead", os.X_OK)
