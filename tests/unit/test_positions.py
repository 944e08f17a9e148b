from __future__ import annotations

import itertools
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.findings import Location
from fairlead.positions import (
    MAX_BYTES,
    Document,
    ValuePath,
    load_documents,
    load_yaml,
    parse_documents,
    parse_yaml,
    plain,
)
from fairlead.yaml_nodes import ODD
from fairlead.yaml_scalars import is_date, resolve_scalar

TEXT = """\
x-base: &base
  restart: always
  labels: {a: b}
services:
  web:
    <<: *base
    image: nginx
    ports:
      - 80:80
      - "443"
"""


def test_keys_and_values_have_places() -> None:
    document = parse_yaml(TEXT, "compose.yaml")
    image: ValuePath = ("services", "web", "image")
    assert str(document.location(image, key=True)) == "compose.yaml:7:5"
    assert str(document.location(image)) == "compose.yaml:7:12"
    assert str(document.location(("services", "web", "ports", 1))) == "compose.yaml:10:9"


def test_what_a_merge_brings_stands_where_it_is_written() -> None:
    document = parse_yaml(TEXT, "compose.yaml")
    assert document.value["services"]["web"]["labels"] == {"a": "b"}
    assert str(document.location(("services", "web", "labels", "a"), key=True)) == "compose.yaml:3:12"


def test_a_path_that_is_not_there_is_placed_at_its_nearest_parent() -> None:
    document = parse_yaml(TEXT, "compose.yaml")
    assert str(document.location(("services", "web", "deploy", "replicas"))) == "compose.yaml:5:3"
    assert not document.has(("services", "web", "deploy"))
    assert str(parse_yaml("", "empty.yaml").location(("a",))) == "empty.yaml:1:1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("TRUE", True),
        ("tRue", "tRue"),
        ("~", None),
        ("", None),
        ("NULL", None),
        ("22:22", "22:22"),
        ("1:30:00", "1:30:00"),
        ("0755", 493),
        ("0o755", 493),
        ("08", 8.0),
        ("0x1F", 31),
        ("0b101", 5),
        ("1_000", 1000),
        ("-12", -12),
        ("+12", 12),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        (".inf", float("inf")),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        (".", "."),
        ("1g", "1g"),
    ],
)
def test_plain_scalars_are_read_as_compose_reads_them(text: str, value: object) -> None:
    assert resolve_scalar(text) == value
    assert type(resolve_scalar(text)) is type(value)


def test_quotes_and_tags_decide_the_type() -> None:
    text = (
        'a: "1"\nb: !!str 1\nc: !!int "0x10"\nd: !!float 1\ne: !reset null\nf: !override [1]\ng: !!null ""\n'
    )
    document = parse_yaml(text)
    assert document.value == {"a": "1", "b": "1", "c": 16, "d": 1.0, "e": "null", "f": [1], "g": None}
    assert (document.tag(("e",)), document.tag(("f",)), document.tag(("a",))) == ("!reset", "!override", "")


def test_the_written_form_of_a_scalar_is_kept() -> None:
    assert parse_yaml("version: 1.10").text(("version",)) == "1.10"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1", "the key a stands twice: first at line 1"),
        ("x: &x {a: 1}\ny: &y {b: 1}\nz:\n  <<: *x\n  <<: *y\n", "5:3", "the key << stands twice"),
        ("a: *nobody\n", "1:4", "alias *nobody has no anchor before it"),
        ("a: &a [*a]\n", "1:8", "alias *a stands inside its own anchor"),
        ("a: [1\nb: 2\n", "1:4", "not YAML"),
        ("a: {x: 1\nb: 2\n", "1:4", "not YAML"),
        ('a: 1\nb: "x\nc: 2\n', "2:4", "not YAML"),
        ("a: 'x\n\nb: 1\n", "1:4", "not YAML"),
        ("a: {x: 1 y: 2}\n", "1:11", "not YAML"),
        ('{\n  "a": {\n    "b": 1\n    "c": 2\n  }\n}\n', "4:8", "not YAML"),
        ("\ta: 1\n", "1:1", "not YAML"),
        ("a: b: c\n", "1:5", "mapping values are not allowed"),
        ("a: '\x01'\n", "1:5", "U+0001 is not allowed"),
        ("? [a]\n: b\n", "1:3", "a key must be a word"),
        ("<<: 3\n", "1:1", "<< takes a mapping"),
        ("a: 1\n---\nb: 2\n", "3:1", "a second document"),
        ("[" * 10_000, "1:65", "deeper than 64 levels"),
        ("- " * 10_000, "1:129", "deeper than 64 levels"),
    ],
)
def test_bad_yaml_is_one_finding_at_its_place(text: str, place: str, words: str) -> None:
    faults = parse_yaml(text, "f").faults
    assert [str(fault.location) for fault in faults] == [f"f:{place}"]
    assert words in faults[0].what


def test_an_alias_bomb_is_one_error_at_once() -> None:
    """Expanded, these 20 lines are 9 to the power of 20 values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    started = time.process_time()
    (fault,) = parse_yaml("\n".join(lines), "bomb").faults
    assert "more than 200,000 values" in fault.what
    assert time.process_time() - started < 1


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    with file.open("wb") as stream:
        stream.truncate(100 * MAX_BYTES)
    (fault,) = load_yaml(file, "large.yaml").faults
    assert "larger than 8 MiB" in fault.what


def test_a_file_that_is_not_text_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("a: ä\nb: ".encode() + b"\xe4\n")
    (fault,) = load_yaml(file, "latin.yaml").faults
    assert str(fault.location) == "latin.yaml:2:4"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert load_yaml(file).value == {"a": 1}


def test_several_documents_are_read_as_compose_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text("a: 1\n---\nb: 2\n")
    assert [document.value for document in load_documents(file)] == [{"a": 1}, {"b": 2}]


def test_a_plain_copy_shares_nothing() -> None:
    value = parse_yaml("a: &a {b: [1]}\nc: *a\n").value
    copy = plain(value)
    copy["a"]["b"].append(2)
    assert value["c"] == {"b": [1]} == copy["c"]


keys = st.text("abcdefgh_-", min_size=1, max_size=6).filter(lambda text: not text.startswith("-"))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    # PyYAML writes text such as 0o7 without quotes, which is a number for Compose.
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x2FF, blacklist_categories=("Cs", "Cc")), max_size=12
    ).filter(lambda text: isinstance(resolve_scalar(text), str)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=10,
)


def _paths(value: Any, path: ValuePath = ()) -> list[ValuePath]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(inner for step, item in items for inner in _paths(item, (*path, step)))]


@settings(max_examples=40)
@given(st.dictionaries(keys, values, min_size=1, max_size=5), st.booleans())
def test_a_document_reads_back_and_each_key_stands_where_its_place_says(value: Any, flow: bool) -> None:
    text = yaml.dump(
        value,
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
        default_flow_style=flow,
        allow_unicode=True,
        width=60,
    )
    document = parse_yaml(text, "f")
    assert document.faults == ()
    assert document.value == value
    lines = text.splitlines()
    for path in _paths(value):
        assert document.has(path)
        if path and isinstance(path[-1], str):
            place = document.location(path, key=True)
            written = lines[place.line - 1][place.column - 1 :]
            assert written.lstrip("'\"").startswith(path[-1]), (path, place, text)
    assert sorted(map(str, _paths(value))) == sorted(str(path) for path, _ in document.walk())


@given(st.text("ab:-[]{}&*<!|>'\"#,\n\t %@`0~", max_size=60))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    """Whatever comes, there is a document, and every fault of it has a place inside the text."""
    for document in parse_documents(text, "f"):
        assert isinstance(document, Document)
        for fault in document.faults:
            assert fault.location is not None
            assert 1 <= fault.location.line <= text.count("\n") + 2
            assert fault.location.column >= 1


@pytest.mark.parametrize("value", ["!!int unless-stopped", '!!bool "yes"', "!!null x", "!!binary a"])
def test_a_text_that_is_not_of_its_tag_is_a_fault(value: str) -> None:
    (fault,) = parse_yaml(f"a: {value}").faults
    assert (fault.rule, fault.location) == ("yaml", Location("", 1, 4))


@given(st.text(alphabet="ab'\\/\"\n", max_size=12))
def test_escapes_in_double_quotes_are_those_of_go_yaml(text: str) -> None:
    """A quote may be escaped, a slash may not; places stay what they are."""
    written = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    for quote, slash in itertools.product(("'", "\\'"), ("/", "\\/")):
        said = written.replace("'", quote).replace("/", slash)
        document = parse_yaml(f'a: "{said}"\nb: \'x\\\'\nc: "{said}"\n')
        assert document.value == {"a": text, "b": "x\\", "c": text}
        assert document.location(("c",)) == Location("", 3, 4)
        refused = "/" in text and slash == "\\/"
        assert [fault.rule for fault in document.faults] == (["yaml"] if refused else [])
        if refused:
            assert document.faults[0].location == Location("", 1, 5 + said.index("\\/"))


def test_an_escaped_quote_among_all_characters_that_could_stand_for_it_is_a_fault() -> None:
    text = "".join(map(chr, range(0xE000, 0xF8FF)))
    (fault,) = parse_yaml(f'a: {text}\nb: "x\\\'"\n').faults
    assert (fault.rule, fault.location) == ("yaml", Location("", 2, 6))
    assert parse_yaml(f'a: {text[1:]}\nb: "x\\\'"\n').value == {"a": text[1:], "b": "x'"}


@pytest.mark.parametrize("between", ["\n- ", ", "])
def test_what_no_yaml_may_escape_is_told_once_and_soon(between: str) -> None:
    """It costs hardly more than what may be written, in many lines and in one: it was some 240 times as much."""

    def seconds(slash: str, faults: int) -> float:
        inside = between.join([f'"{slash}{" " * 50}"'] * 30_000)
        text = f"[{inside}]" if between == ", " else f"- {inside}"
        started = time.process_time()
        document = parse_yaml(text)
        taken = time.process_time() - started
        assert [fault.location for fault in document.faults] == [Location("", 1, text.index(slash) + 1)][
            :faults
        ]
        return taken

    # The least of three: a collection of garbage falls where it will.
    assert min(seconds(r"\/", 1) for _ in range(3)) < 20 * min(seconds("/", 0) for _ in range(3))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes("é: ü\n".encode(encoding))
    assert load_yaml(file).value == {"é": "ü"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_second_byte_order_mark_is_told_once_where_it_stands(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.yaml"
    for text, line in (
        ("\ufeffa: b\n", 1),
        ("a:\n\ufeff  b: c\n\ufeff  d: e\n", 2),
        ("a: 'b\n\ufeff'\n\ufeff", 3),
    ):
        file.write_bytes(text.encode(encoding))
        (fault,) = (fault for document in load_documents(file, "a") for fault in document.faults)
        assert (fault.rule, fault.location) == ("yaml", Location("a", line, 1))


def test_broken_utf_16_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xff\xfea\x00\x00\xd8")
    (fault,) = load_yaml(file).faults
    assert fault.what.startswith("the file is not UTF-16")


@pytest.mark.parametrize(("line", "faults"), [("%YAML 1.1", 0), ("%YAML 1.2", 1), ("%TAG ! tag:x,2000:", 0)])
def test_only_yaml_1_1_is_read(line: str, faults: int) -> None:
    document = parse_yaml(f"{line}\n---\na: b\n")
    assert document.value == {"a": "b"}
    assert len(document.faults) == faults


def test_an_alias_reaches_into_the_document_before() -> None:
    first, second = parse_documents("a: &a {b: c}\n---\nd: *a\n")
    assert first.faults == second.faults == ()
    assert second.value == {"d": {"b": "c"}}


@given(
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from(("", " 1:2:3", "T23:59:59Z", "t9:9:9.5+01:00")),
)
def test_a_date_is_one_that_the_calendar_has(year: int, month: int, day: int, clock: str) -> None:
    try:
        # The year 0 is a leap year, and Python has none.
        date(year or 4, month, day)
        there = True
    except ValueError:
        there = False
    for text in (f"{year:04}-{month}-{day}", f"{year:04}-{month:02}-{day:02}"):
        assert is_date(text + clock) is there
        document = parse_yaml(f"a: {text}{clock}\nb: '{text}'\n")
        assert document.value == {"a": f"{text}{clock}", "b": text}
        root = document.root
        assert root is not None
        assert [bool(root.entries[key].node.flags & ODD) for key in ("a", "b")] == [there, False]


@pytest.mark.parametrize(
    "text", ["2001-01-01 24:00:00", "2001-01-01T00:00:00", "2001-1-1 1:1", "01-01-2001", "20010101"]
)
def test_what_only_looks_like_a_date_is_text(text: str) -> None:
    assert not is_date(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e400", "1e400"),
        ("-1e400", "-1e400"),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709551616.0),
        ("-9223372036854775808", -9223372036854775808),
        ("-9223372036854775809", -9223372036854775809.0),
        ("0xffffffffffffffffff", "0xffffffffffffffffff"),
    ],
)
def test_a_number_that_go_has_not_is_another_or_text(text: str, value: object) -> None:
    assert resolve_scalar(text) == value
    assert type(resolve_scalar(text)) is type(value)
