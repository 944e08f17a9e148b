"""The small languages in a compose file: variables, files of variables, commands, ports, mounts, sizes, durations."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.composefile.loader.dotenv import DotenvError, parse_dotenv, parse_raw
from fairlead.composefile.loader.ports import parse_port
from fairlead.composefile.loader.shell import split_words
from fairlead.composefile.loader.template import MAX_NESTING, TemplateError, substitute
from fairlead.composefile.loader.values import (
    _single,
    duration_text,
    float32,
    go_text,
    parse_bytes,
    parse_duration,
)
from fairlead.composefile.loader.volumes import parse_volume

SET = {"A": "a", "EMPTY": "", "MONEY": "$B"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A-${A}_$$A ${NONE}|$NONE|", "a-a_$A ||"),
        ("${NONE:-x}${NONE-y}${EMPTY:-x}${EMPTY-y}", "xyx"),
        ("${A:+x}${EMPTY:+x}${EMPTY+y}${NONE:+x}", "xy"),
        ("${A:?no}${A?no}${EMPTY?no}", "aa"),
        ("${NONE:-${A}-${NONE-{}}}", "a-{}"),
        ("${NONE:-a}b}", "ab}"),
        ("${MONEY}", "$B"),
        ("5$ $1 a$", "5$ $1 a$"),
        ("${a:-{{x}}}", "{{x}}"),
        ("${NONE:-1\n}", None),
        ("${}", None),
        ("${A", None),
        ("${A!x}", None),
        ("${NONE:?told}", None),
        ("${A:-${NONE?unused}}", None),
    ],
)
def test_variables(text: str, expected: str | None) -> None:
    if expected is not None:
        assert substitute(text, SET) == expected
        return
    with pytest.raises(TemplateError):
        substitute(text, SET)


def test_variables_have_bounds() -> None:
    deep = "${A:-" * (MAX_NESTING + 2) + "}" * (MAX_NESTING + 2)
    for text in (deep, "$A" * 20_000, "$BIG" * 100):
        with pytest.raises(TemplateError):
            substitute(text, {"A": "a", "BIG": "x" * 100_000})


def test_a_file_of_variables() -> None:
    text = (
        '\ufeff# comment\nA=1 # not this\n export B = \'lit $A # kept\'\n\nC="x${A}\\n\\$A \\"q\\""\n'
        'D: yaml\nOUTER\nMISSING\nE=a#b\nF="two\nlines"\nG=${OUTER}-${NONE:-d}\nlast'
    )
    found = parse_dotenv(text, {"OUTER": "o"})
    assert {name: value for name, (value, _) in found.items()} == {
        "A": "1",
        "B": "lit $A # kept",
        "C": 'x1\n$A "q"',
        "D": "yaml",
        "OUTER": "o",
        "E": "a#b",
        "F": "two\nlines",
        "G": "o-d",
    }
    assert (found["A"][1], found["F"][1], found["G"][1]) == (2, 10, 12)
    assert parse_raw("A='$x' # y\n#c\nno\n", {}) == {"A": ("'$x' # y", 1)}


@pytest.mark.parametrize(
    ("text", "line"),
    [("A=1\nB C=2\n", 2), ("A=1\n\nB='x\n", 3), ("A!=1", 1), ("A=${B\n", 1), ("X=$A\nA=${X?\n", 2)],
)
def test_a_broken_file_of_variables_tells_the_line(text: str, line: int) -> None:
    with pytest.raises(DotenvError) as raised:
        parse_dotenv(text, {})
    assert raised.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        "A='c4n4ry\n",
        'A="c4n4ry\n',
        "c4n4ry x\n=1",
        "c4n4ry!=1",
        "c4n4ry x=1",
        "A=${c4n4ry\n",
        "A=${c4n4ry?c4n4ry}\n",
        "A=${c4n4ry:?}\n",
        "A=$c4n4ry${-c4n4ry}\n",
        "A=x${c4n4ry!}\n",
        "A=${B:-${c4n4ry}\n",
        "export c4n4ry y=2",
    ],
)
def test_what_is_wrong_with_a_file_of_variables_tells_nothing_of_what_stands_in_it(text: str) -> None:
    """The error goes into annotations, JSON and SARIF, where everybody reads it."""
    with pytest.raises(DotenvError) as raised:
        parse_dotenv(text, {})
    assert "c4n4ry" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 'b c' \"d 'e\" f\\ g", ["a", "b c", "d 'e", "f g"]),
        ("a ''", ["a", ""]),
        ("a;b", ["a"]),
        ("a 2>b", ["a"]),
        ("echo $(x y) `u v`", ["echo", "$(x y)", "`u v`"]),
        (" \t\n", []),
        ("a 'b", None),
        ("a (b)", None),
        ("a\\", None),
        ("'" + "x" * 200_000 + "'", None),
    ],
)
def test_words_of_a_command(text: str, words: list[str] | None) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80", [(80, "", "", "tcp")]),
        ("8000-8001:80-81/udp", [(80, "8000", "", "udp"), (81, "8001", "", "udp")]),
        ("1.2.3.4:5:80", [(80, "5", "1.2.3.4", "tcp")]),
        ("[::1]::80", [(80, "", "::1", "tcp")]),
        ("100-110:80", [(80, "100-110", "", "tcp")]),
        ("9999-10000", [(10000, "", "", "tcp"), (9999, "", "", "tcp")]),
        *(
            (bad, None)
            for bad in ("", ":", "a", "80/xyz", "1-2:1-3", "::1:80:80", "70000", "x:1:2", "2-1", "1:2:3:4")
        ),
    ],
)
def test_ports(text: str, expected: list[tuple[Any, ...]] | None) -> None:
    parsed = parse_port(text)
    if expected is None:
        assert parsed is None
        return
    assert parsed is not None
    assert [
        (port["target"], port.get("published", ""), port.get("host_ip", ""), port["protocol"])
        for port in parsed
    ] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a", {"type": "volume", "target": "/a"}),
        (
            "data:/a/:ro",
            {"type": "volume", "source": "data", "target": "/a", "read_only": True, "volume": {}},
        ),
        ("./a:/b", {"type": "bind", "source": "./a", "target": "/b", "bind": {"create_host_path": True}}),
        (
            "/a:/b:z,rshared,rw",
            {
                "type": "bind",
                "source": "/a",
                "target": "/b",
                "bind": {"selinux": "z", "propagation": "rshared", "create_host_path": True},
            },
        ),
        ("C:\\a:/b", {"type": "bind", "source": "C:\\a", "target": "/b", "bind": {"create_host_path": True}}),
        ("data::/b", None),
        ("data:/b:ro:no", None),
        ("", None),
    ],
)
def test_mounts(text: str, expected: dict[str, Any] | None) -> None:
    assert parse_volume(text) == expected


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("10", 10), ("10b", 10), ("1k", 1024), ("1.5GB", 1610612736), ("2 MiB", 2097152), ("1e2", 100)),
        *((bad, None) for bad in ("", "m", "-1", "1x", "1kbb", "1 2", "1kib2", "1.2.3")),
    ],
)
def test_sizes(text: str, size: int | None) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        *(
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1.5h", "1h30m0s"),
            ("0", "0s"),
            ("100us", "100µs"),
            ("1500ms", "1.5s"),
        ),
        *(("2d", "48h0m0s"), ("-1m", "-1m0s"), ("1m2.5s", "1m2.5s"), (".5s", "500ms")),
        *((bad, None) for bad in ("", "5", "5 s", "s", "5 parsecs", "1h5", "999999999999h")),
    ],
)
def test_durations(text: str, printed: str | None) -> None:
    nanoseconds = parse_duration(text)
    assert (None if nanoseconds is None else duration_text(nanoseconds)) == printed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((True, "true"), (None, "<nil>"), (1.0, "1"), (0.1, "0.1"), (1e6, "1e+06"), (123456.5, "123456.5")),
        *((1e-5, "1e-05"), (0.0001, "0.0001"), (1e21, "1e+21"), (-2.5, "-2.5"), (float("inf"), "+Inf")),
        *(([1, "a"], "[1 a]"), ({"b": 1, "a": None}, "map[a:<nil> b:1]")),
    ],
)
def test_numbers_are_written_as_go_writes_them(value: Any, text: str) -> None:
    assert go_text(value) == text


def test_a_number_of_32_bits_is_printed_as_short_as_it_can_be() -> None:
    assert (float32(0.123456789), float32(2.0), float32(0.1)) == (0.12345679, 2, 0.1)


@given(st.one_of(st.floats(), st.integers(), st.floats(width=32), st.floats(3e38, 4e38)))
def test_a_number_of_32_bits_is_the_one_that_struct_packs(value: float) -> None:
    def packed(pack: Callable[[float], bytes]) -> bytes | None:
        try:
            return pack(value)
        except OverflowError:
            return None

    assert packed(_single) == packed(lambda number: struct.pack("f", number))
