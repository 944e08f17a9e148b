"""The command root: verbs, global options, completion."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import jsonschema
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from fairlead import report
from fairlead.cli import root
from fairlead.cli.options.shared import examples, output_options
from fairlead.cli.root import VERBS, command
from fairlead.report.document import DocumentReporter
from fairlead.report.plain import PlainReporter
from fairlead.schemas import load_schema


@pytest.fixture(autouse=True)
def _no_reporter_left() -> Iterator[None]:
    yield
    report.use(None)


def test_help_names_every_verb_in_one_line_and_shows_examples() -> None:
    text = CliRunner().invoke(command, ["--help"]).output
    width = max(map(len, VERBS))
    for name, verb in VERBS.items():
        assert f"  {name:<{width}}  {verb.help}\n" in text
    assert "Examples:\n    fairlead init" in text


def test_what_stands_beside_the_package_is_a_verb_in_a_clone_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another package called `lab`, beside an installed Fairlead, is none of ours."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").write_text("")
    beside = {name for name, verb in VERBS.items() if verb.beside}
    assert beside == {"lab", "demo"}
    assert beside <= set(command.list_commands(click.Context(command)))
    monkeypatch.setattr(root, "_SOURCES", tmp_path)
    assert set(VERBS) - set(command.list_commands(click.Context(command))) == beside
    assert "A production in a box" not in CliRunner().invoke(command, ["--help"]).output
    refused = CliRunner().invoke(command, ["lab", "up"])
    assert refused.exit_code == 2
    assert "`lab` is not installed; it comes with a clone of Fairlead's repository" in refused.stderr


def test_without_a_verb_it_helps() -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0
    assert result.output.startswith("Usage: fairlead")


def test_every_one_line_help_fits_its_line() -> None:
    assert all(len(verb.help) <= 64 and verb.help.endswith(".") for verb in VERBS.values())


def test_help_imports_no_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = {verb.target.partition(":")[0] for verb in VERBS.values()}
    for module in targets:
        # Importing a module whose entry is None fails.
        monkeypatch.setitem(sys.modules, module, None)
    assert CliRunner().invoke(command, ["--help"]).exit_code == 0


@pytest.mark.parametrize(("word", "hint"), [("stauts", "; did you mean `status`?"), ("xyzzy", "")])
def test_an_unknown_verb_names_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(click.UsageError, match="there is no verb") as caught:
        command.main([word], "fairlead", standalone_mode=False)
    assert caught.value.message == f"there is no verb `{word}`{hint}"


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_examples_and_output_options(name: str) -> None:
    root = click.Context(command)
    verb = command.get_command(root, name)
    assert verb is not None
    own_examples = "Examples:" in (verb.epilog or "")
    for one in _with_those_below(verb):
        assert one.help, f"{one.name} has no docstring"
        assert own_examples or one is verb or "Examples:" in (one.epilog or ""), f"{one.name}: no examples"
        options = {option for parameter in one.params for option in parameter.opts}
        assert {"--json", "--plain"} <= options


@pytest.mark.parametrize("name", VERBS)
def test_every_variable_has_the_name_of_its_option(name: str) -> None:
    verb = command.get_command(click.Context(command), name)
    assert verb is not None
    for one in _with_those_below(verb):
        for parameter in one.params:
            if not isinstance(parameter, click.Option) or parameter.envvar is None:
                continue
            long = next(option for option in parameter.opts if option.startswith("--"))
            wanted = long.removeprefix("--").replace("-", "_").upper()
            names = [parameter.envvar] if isinstance(parameter.envvar, str) else list(parameter.envvar)
            assert any(_is_named(variable, wanted) for variable in names), f"{one.name} {long}: {names}"


def _is_named(variable: str, option: str) -> bool:
    """FAIRLEAD_IMAGE_TAG for ``--image-tag``; GITHUB_TOKEN, which has its name from elsewhere, for its namesake."""
    return variable == option or (variable.startswith("FAIRLEAD_") and variable.endswith(f"_{option}"))


def _with_those_below(verb: click.Command) -> Iterator[click.Command]:
    yield verb
    if isinstance(verb, click.Group):
        for below in verb.commands.values():
            yield from _with_those_below(below)


@pytest.mark.parametrize("words", [["--json", "speak"], ["speak", "--json"]])
def test_json_may_stand_before_and_after_the_verb(words: list[str]) -> None:
    group = click.Group("root", commands=[_speaking()])
    output_options(group)
    result = CliRunner().invoke(group, words, catch_exceptions=False)
    assert result.output == "DocumentReporter\n"


def test_plain_by_its_variable() -> None:
    result = CliRunner().invoke(output_options(_speaking()), [], env={"FAIRLEAD_PLAIN": "1"})
    assert result.output == "PlainReporter\n"


def test_output_options_are_added_once() -> None:
    speak = output_options(output_options(_speaking()))
    assert [parameter.name for parameter in speak.params] == ["json", "plain"]


def _speaking() -> click.Command:
    @click.command()
    def speak() -> None:
        reporter = report.current()
        assert isinstance(reporter, (PlainReporter, DocumentReporter))
        click.echo(type(reporter).__name__)

    return speak


def test_the_folder_is_changed_before_anything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path.cwd())
    result = CliRunner().invoke(command, ["-C", str(tmp_path), "completion", "bash"])
    assert result.exit_code == 0
    assert Path.cwd() == tmp_path


def test_examples_keep_their_lines_in_the_help() -> None:
    one = click.Command(
        "one", epilog=examples(("fairlead one", "does it"), ("fairlead one --more", "does more"))
    )
    text = one.get_help(click.Context(one))
    assert "    fairlead one         does it\n    fairlead one --more  does more" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_the_shell(shell: str) -> None:
    result = CliRunner().invoke(command, ["completion", shell])
    assert "_FAIRLEAD_COMPLETE" in result.output


def test_with_json_the_script_is_in_a_document() -> None:
    document = json.loads(CliRunner().invoke(command, ["--json", "completion", "zsh"]).stdout)
    jsonschema.validate(document, load_schema("completion"))


def test_completion_knows_the_verbs_without_importing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for verb in VERBS.values():
        monkeypatch.setitem(sys.modules, verb.target.partition(":")[0], None)
    completion = ShellComplete(command, {}, "fairlead", "_FAIRLEAD_COMPLETE")
    assert {item.value for item in completion.get_completions([], "s")} == {
        "scan",
        "secrets",
        "ship",
        "status",
        "setup",
    }
    assert "--json" in {item.value for item in completion.get_completions([], "--")}
