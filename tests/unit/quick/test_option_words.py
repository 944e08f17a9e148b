"""One table of options: click's come from it, and the plain reading says what click says or nothing."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.cli import root as cli
from fairlead.cli.validate.command import command
from fairlead.quick.option_words import FORMATS, OPTIONS, ValidateOptions, parse_plainly


def by_click(words: list[str]) -> ValidateOptions | None:
    """What click makes of the words; None where it refuses them or only helps."""
    try:
        ctx = command.make_context("validate", list(words))
    except (click.ClickException, click.exceptions.Exit):
        return None
    return ValidateOptions(**ctx.params)


NAMES = [name for option in OPTIONS for name in option.names]
WORDS = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from([*FORMATS, "sarif=x.sarif", "nope", "dev", "production", "a.yaml", "", "-", "--", "-x"]),
    st.sampled_from(
        ["--help", "--json", "--strict=1", "--form", "-eprod", "-e=x", "--rule=", "--format=json=a"]
    ),
    st.builds(
        lambda name, value: f"{name}={value}", st.sampled_from(NAMES), st.sampled_from(["x", "dev", "2.24"])
    ),
)


@settings(max_examples=500)
@given(st.lists(WORDS, max_size=5))
def test_the_plain_reading_is_click_s_or_none(words: list[str]) -> None:
    plain = parse_plainly(words, {})
    if plain is not None:
        assert plain == by_click(words)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["compose.yaml"],
        ["--strict", "a.yaml", "b.yaml", "--no-compose"],
        ["--format", "text", "--format=sarif=out.sarif", "-e", "production"],
        ["--baseline", "b.json", "--rule", "schema", "--rule=model", "--profile", "dev"],
    ],
)
def test_what_hooks_and_editors_say_is_plain(words: list[str]) -> None:
    assert parse_plainly(words, {"PATH": "/bin"}) == by_click(words)
    assert parse_plainly(words, {}) is not None


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        (["--help"], {}),
        (["--json"], {}),
        (["--nope"], {}),
        (["--format", "xml"], {}),
        (["--rule"], {}),
        (["--", "a.yaml"], {}),
        (["a.yaml"], {"FAIRLEAD_STRICT": "1"}),
        (["a.yaml"], {"GITHUB_ACTIONS": "true"}),
        (["a.yaml"], {"_FAIRLEAD_COMPLETE": "bash_complete"}),
    ],
)
def test_anything_unusual_is_left_to_click(words: list[str], environ: dict[str, str]) -> None:
    assert parse_plainly(words, environ) is None


def test_click_reads_the_variables_of_options_and_no_others() -> None:
    """A cache or a secret of the environment says nothing of this call, and must not cost it 0.2 s."""
    root = click.Context(cli.command)
    validate = cli.command.get_command(root, "validate")
    assert validate is not None
    variables = {
        str(param.envvar) for param in (*cli.command.params, *validate.params) if param.envvar is not None
    }
    assert {"FAIRLEAD_STRICT", "FAIRLEAD_DIRECTORY", "FAIRLEAD_JSON"} < variables
    for name in variables:
        assert parse_plainly(["a.yaml"], {name: "1"}) is None, name
    others = {"FAIRLEAD_CACHE": "/x", "FAIRLEAD_SECRET_KEY": "s", "FAIRLEAD_SSH_KEY": "k"}
    assert parse_plainly(["a.yaml"], others) == by_click(["a.yaml"])


def test_every_option_is_a_field_and_every_field_an_option() -> None:
    import dataclasses

    fields: Any = ValidateOptions
    assert {field.name for field in dataclasses.fields(fields)} == {
        "files",
        *(option.field for option in OPTIONS),
    }
