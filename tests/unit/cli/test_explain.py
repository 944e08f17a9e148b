from __future__ import annotations

import click
import jsonschema
import pytest

from fairlead import report
from fairlead.cli.explain import command
from fairlead.errors import InputError
from fairlead.judge.policy import GRADES
from fairlead.schemas import load_schema
from tests.recording import RecordingReporter


def explain(*words: str) -> RecordingReporter:
    reporter = RecordingReporter()
    report.use(lambda: reporter)
    try:
        with click.Context(command):
            command.main(list(words), standalone_mode=False)
    finally:
        report.use(None)
    return reporter


def test_a_rule_is_told_with_reason_examples_and_sources() -> None:
    (said,) = explain("no-init").said("result")
    assert said.startswith("no-init: ")
    assert all(part in said for part in ("Not so:", "But so:", "Sources:", "init: true", "--fix"))


def test_without_a_rule_all_of_them_are_listed() -> None:
    reporter = explain()
    jsonschema.Draft202012Validator(load_schema("explain")).validate(reporter.document)
    assert [row.partition(" | ")[0] for row in reporter.said("table")[1:]] == list(GRADES)


def test_a_misspelt_rule_is_the_callers_fault() -> None:
    with pytest.raises(InputError) as raised:
        explain("no-inti")
    assert raised.value.fix == "did you mean no-init?"


def test_a_topic_is_told_beside_rules_and_alone() -> None:
    """How an app brings a proxy of its own is no rule, and asked for as often."""
    reporter = explain("proxy")
    jsonschema.Draft202012Validator(load_schema("explain")).validate(reporter.document)
    (said,) = reporter.said("result")
    assert "import /fairlead/switch.caddy" in said
    assert "import switch web 8000" in said
    (both,) = explain("no-init", "proxy").said("result")
    assert "import switch web 8000" in both
    assert "no-init: " in both
