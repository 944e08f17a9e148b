"""The inputs of the actions: one table, and every fault at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairlead import report
from fairlead.boundary import main
from fairlead.cli.options.inputs import take_inputs
from fairlead.cli.root import VERBS, command
from fairlead.errors import InputError
from fairlead.github.inputs import (
    INPUTS,
    Input,
    name_inputs,
    parse_inputs,
    variable_of,
)
from fairlead.report.redact import forget

ROOT = Path(__file__).parents[3]
# Told to a step beside the verb's own, which the command knows nothing of.
OF_NO_VERB = {"github-token"}


def every_option() -> Iterator[click.Parameter]:
    def below(one: click.Command) -> Iterator[click.Command]:
        yield one
        for each in one.commands.values() if isinstance(one, click.Group) else ():
            yield from below(each)

    yield from command.params
    for name, verb in VERBS.items():
        loaded = command.get_command(click.Context(command), name) if not verb.beside else None
        for one in below(loaded) if loaded is not None else ():
            yield from one.params


def test_every_input_of_an_action_and_every_variable_of_an_option_is_in_the_table() -> None:
    actions = (ROOT / ".github" / "actions").glob("*/action.yml")
    named = {name for file in actions for name in yaml.safe_load(file.read_text()).get("inputs") or ()}
    assert named - OF_NO_VERB <= set(INPUTS)
    variables = {str(one.envvar) for one in every_option() if one.envvar and str(one.envvar)[:2] == "FA"}
    assert variables <= {one.variable for one in INPUTS.values()}


def test_an_input_is_read_as_its_option_is() -> None:
    by_variable = {one.variable: one for one in INPUTS.values()}
    for option in every_option():
        known = by_variable.get(str(option.envvar))
        if known is not None:
            assert (known.kind == "flag") == bool(getattr(option, "is_flag", False)), known.name
            assert (known.kind == "words") == (option.multiple or option.nargs == -1), known.name


def read(name: str, value: str, home: Path = Path()) -> str:
    return parse_inputs([INPUTS[name]], {variable_of(name): value}, home, {}).get(variable_of(name), "")


@pytest.mark.parametrize("value", ["true", "TRUE", "Yes", "1", " true\n"])
def test_a_truth_in_any_case(value: str) -> None:
    assert read("allow-older", value) == "true"


@pytest.mark.parametrize("value", ["false", "False", "NO", "0"])
def test_an_untruth_in_any_case(value: str) -> None:
    assert read("allow-older", value) == "false"


@pytest.mark.parametrize("value", ["on", "t", "truee", "2", "null", "yes no"])
def test_what_is_neither_is_refused(value: str) -> None:
    with pytest.raises(InputError) as caught:
        read("allow-older", value)
    (finding,) = caught.value.findings
    assert finding.what == f"input `allow-older` is `{value}`: it is neither true nor false"


@pytest.mark.parametrize(
    "value", ["web api", "web,api", "web, api", "\n web\n api\n", "web\r\napi", ",web,,api,"]
)
def test_a_list_by_comma_blank_or_line(value: str) -> None:
    assert read("only", value) == "web api"


@pytest.mark.parametrize("name", [one.name for one in INPUTS.values() if not one.needed])
@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_an_empty_one_is_not_given(name: str, value: str) -> None:
    assert parse_inputs([INPUTS[name]], {variable_of(name): value}, Path(), {}) == {}


def test_a_file_is_looked_for_from_the_directory(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "page.html").touch()
    environ = {"FAIRLEAD_DIRECTORY": "app", "FAIRLEAD_PAGE": "page.html"}
    assert parse_inputs([INPUTS["directory"], INPUTS["page"]], environ, tmp_path, {}) == environ


def test_no_file_is_missed_where_its_folder_is_not_there(tmp_path: Path) -> None:
    environ = {"FAIRLEAD_DIRECTORY": "no", "FAIRLEAD_PAGE": "page.html"}
    with pytest.raises(InputError) as caught:
        parse_inputs([INPUTS["directory"], INPUTS["page"]], environ, tmp_path, {})
    assert [one.what for one in caught.value.findings] == [
        "input `directory` is `no`: there is no such folder in the workspace"
    ]


WRONG = {
    "flag": "maybe",
    "number": "5 minutes",
    "file": "not/there",
    "folder": "nor/this",
    "document": "[]",
    "words": "%",
    "text": "%",
}


def can_be_wrong(one: Input) -> bool:
    return bool(one.form) or one.kind not in {"text", "words", "secret"}


@given(st.sets(st.sampled_from(sorted(one.name for one in INPUTS.values() if can_be_wrong(one)))))
def test_as_many_faults_as_wrong_inputs_each_named(names: set[str]) -> None:
    names -= {"directory"}
    right = {"only": "web", "reason": "a: b", "strict": "YES"}
    environ = {variable_of(name): value for name, value in right.items()}
    environ |= {variable_of(name): WRONG[INPUTS[name].kind] for name in names}
    error = fault_of(environ)
    told = [one.what.split("`")[1] for one in error.findings]
    assert told == sorted(names)
    for name, finding in zip(told, error.findings, strict=True):
        assert finding.fix
        assert f"`{WRONG[INPUTS[name].kind]}`" in finding.what


def fault_of(environ: dict[str, str]) -> InputError:
    """What is wrong with these; an error without a finding if nothing is."""
    try:
        parse_inputs(list(INPUTS.values()), environ, Path(), {})
    except InputError as error:
        return error
    return InputError("nothing")


@pytest.fixture
def afterwards() -> Iterator[None]:
    """Nothing of a call of the command in this process stays."""
    yield
    forget()
    report.use(None)


@pytest.mark.usefixtures("afterwards")
def test_a_job_is_told_of_every_wrong_input_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Click would stop at the first, and call it by its option."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "FAIRLEAD_DIRECTORY": "no-such",
        "FAIRLEAD_NO_WAIT": "perhaps",
        "FAIRLEAD_KNOWN_HOSTS": "",
        "FAIRLEAD_SSH_KEY": "ssh-ed25519 AAAAkeyofsomebody",
        "FAIRLEAD_SECRETS": "password correct-horse",
        "FAIRLEAD_PUBLISHED": "nothing",
        "FAIRLEAD_TO": "of another verb",
        "FAIRLEAD_STRICT": "of another verb too",
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["deploy"]) == 2
    log = "\n".join(
        line for line in capsys.readouterr().out.splitlines() if not line.startswith("::add-mask::")
    )
    told = [line.split("`")[1] for line in log.splitlines() if line.lstrip().startswith("input `")]
    assert told == ["directory", "no-wait", "published", "secrets", "ssh-key"]
    assert "AAAAkeyofsomebody" not in log
    assert "correct-horse" not in log
    assert "error<<" in (tmp_path / "output").read_text()
    assert "error: 5 inputs are wrong: directory, no-wait, published, secrets, ssh-key" in log
    for name in ("FAIRLEAD_DIRECTORY", "FAIRLEAD_NO_WAIT", "FAIRLEAD_SECRETS", "FAIRLEAD_PUBLISHED"):
        monkeypatch.delenv(name)
    assert main(["deploy"]) == 2
    log = capsys.readouterr().out
    assert "error: the input `ssh-key` (FAIRLEAD_SSH_KEY) is wrong" in log
    assert "input `ssh-key` is ***: it holds no private key: it begins like a public key" in log


@pytest.mark.usefixtures("afterwards")
def test_outside_a_job_click_reads_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("FAIRLEAD_NO_WAIT", "perhaps")
    assert main(["deploy"]) == 2
    assert "--no-wait" in capsys.readouterr().err


def test_variables_of_a_message_are_named_by_their_inputs() -> None:
    assert name_inputs("FAIRLEAD_SSH_KEY holds no private key") == (
        "the input `ssh-key` (FAIRLEAD_SSH_KEY) holds no private key"
    )
    assert name_inputs("a line x=… in the variable FAIRLEAD_SECRETS") == (
        "a line x=… in the input `secrets` (FAIRLEAD_SECRETS)"
    )
    kept = "the variable FAIRLEAD_SECRET_DB_PASSWORD, FAIRLEAD_SECRET_<NAME>, FAIRLEAD_CACHE"
    assert name_inputs(kept) == kept


@pytest.mark.parametrize("words", [["-C", "app", "deploy"], ["--directory=app", "--plain", "deploy"]])
def test_a_folder_before_the_verb_is_where_files_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Whatever the variable says: an option comes before it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "known_hosts").touch()
    environ = {
        "FAIRLEAD_DIRECTORY": "elsewhere",
        "FAIRLEAD_KNOWN_HOSTS": "known_hosts",
        "FAIRLEAD_NO_WAIT": "NO",
    }
    take_inputs(command, words, environ)
    assert (environ["FAIRLEAD_KNOWN_HOSTS"], environ["FAIRLEAD_NO_WAIT"]) == ("known_hosts", "false")
