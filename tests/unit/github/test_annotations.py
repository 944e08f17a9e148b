"""Workflow commands: escaped, capped, and not made by anybody else's text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import InputError
from fairlead.findings import Finding, Location
from fairlead.github.annotations import (
    Annotation,
    annotations_of,
    cap_annotations,
    escape_data,
    escape_property,
    neutral,
    render_annotation,
)
from fairlead.host.wire.visible import visible


def test_an_annotation_names_file_line_column_and_title() -> None:
    annotation = Annotation("error", "unknown key", Location("compose/compose.yaml", 3, 5), title="schema")
    assert (
        render_annotation(annotation)
        == "::error file=compose/compose.yaml,line=3,col=5,title=schema::unknown key"
    )


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (Annotation("notice", "hello"), "::notice::hello"),
        (Annotation("warning", "x", Location("a")), "::warning file=a::x"),
        (Annotation("warning", "x", Location("a", 0, 7)), "::warning file=a::x"),
        (
            Annotation("error", "50% done\r\nnext", title="a:b,c%"),
            "::error title=a%3Ab%2Cc%25::50%25 done%0Anext",
        ),
        (Annotation("error", "x", Location("c:\\a,b.yaml", 1)), "::error file=c%3A\\a%2Cb.yaml,line=1::x"),
    ],
)
def test_everything_in_an_annotation_is_escaped(annotation: Annotation, text: str) -> None:
    assert render_annotation(annotation) == text


@given(st.text())
def test_escaped_text_is_one_line_and_comes_back(text: str) -> None:
    escaped = escape_property(text)
    assert not set(escaped) & set("\r\n:,")
    for code, char in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%25", "%")):
        escaped = escaped.replace(code, char)
    assert escaped == visible(text).replace("##[", "# #[")
    assert "\n" not in escape_data(text)


def test_ten_of_a_level_are_shown_the_worst_first_and_the_rest_is_counted() -> None:
    mixed = [Annotation("notice", "n")]
    mixed += [Annotation("warning", f"w{number}") for number in range(12)]
    mixed += [Annotation("error", f"e{number}") for number in range(11)]
    shown, rest = cap_annotations(mixed)
    assert [one.message for one in shown] == [
        *(f"e{number}" for number in range(10)),
        *(f"w{number}" for number in range(10)),
        "n",
    ]
    assert rest == ["1 more errors have no annotation", "2 more warnings have no annotation"]


def test_an_annotation_said_twice_is_shown_once() -> None:
    assert cap_annotations([Annotation("error", "x")] * 30) == ([Annotation("error", "x")], [])


def test_each_finding_of_an_error_is_annotated_at_its_place() -> None:
    error = InputError(
        "fairlead.yaml has 2 faults",
        findings=(
            Finding("unknown key", Location("fairlead.yaml", 2, 1), fix="did you mean images?"),
            Finding("no host", rule="hosts"),
        ),
    )
    assert list(annotations_of(error, "2 faults")) == [
        Annotation("error", "2 faults", title="Fairlead"),
        Annotation(
            "error",
            "unknown key\ndid you mean images?",
            Location("fairlead.yaml", 2, 1),
            "fairlead.yaml has 2 faults",
        ),
        Annotation("error", "no host", None, "hosts"),
    ]


def test_an_error_without_findings_is_annotated_whole() -> None:
    error = InputError("what", why="why", fix="fix")
    told = Annotation("error", "000014 failed\nwhy\nfix", title="Fairlead")
    assert list(annotations_of(error, "000014 failed")) == [told]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("::add-mask::x", "| ::add-mask::x"),
        ("a\n  ::set-env name=PATH::/x", "a\n|   ::set-env name=PATH::/x"),
        ("a ##[group]b", "a # #[group]b"),
        ("std::string", "std::string"),
        ("a\r::stop-commands::x", "a\\r::stop-commands::x"),
        ("\x1b[0m::add-mask::x", "| ::add-mask::x"),
        ("#\x1b[0m#[group]", "# #[group]"),
        ("\xa0::add-mask::x", "| \xa0::add-mask::x"),
    ],
)
def test_what_a_tool_prints_is_no_command(text: str, printed: str) -> None:
    assert neutral(text) == printed
