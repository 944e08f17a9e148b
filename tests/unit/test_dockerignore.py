"""What a builder is not handed: the rules of moby/patternmatcher, tried against their own way of putting them."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.dockerignore import is_ignored


def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern of plain signs, ``*``, ``?`` and ``**`` as an expression, as moby translates it."""
    if re.fullmatch(r"\*\*[^/*?][^*?]*", pattern):
        return re.compile(".*" + re.escape(pattern[2:]), re.DOTALL)
    text = re.sub(
        r"\*\*/?(\Z)?|[*?.]",
        lambda found: (
            {"*": "[^/]*", "?": "[^/]", ".": r"\."}.get(found[0])
            or (".*" if found[1] is not None else "(.*/)?")
        ),
        pattern,
    )
    return re.compile(text, re.DOTALL)


def _oracle(path: str, lines: list[str]) -> tuple[bool, frozenset[int]]:
    """Whether it is left out, and which lines fit it: those that fit the folder, and those that change something here."""
    folder, slash, _ = path.rpartition("/")
    fitting = _oracle(folder, lines)[1] if slash else frozenset()
    ignored = False
    for number, line in enumerate(lines):
        pattern, takes_back = line.removeprefix("!").strip("/"), line.startswith("!")
        if ignored == takes_back and _expression(pattern).fullmatch(path):
            fitting |= {number}
        ignored = not takes_back if number in fitting else ignored
    return ignored, fitting


STEP = st.sampled_from(["a", "b", "a.b", "*", "?", "a*", "*.b", "**", "*a?", "a**", "**b"])
PATTERN = st.lists(STEP, min_size=1, max_size=3).map("/".join)
PATH = st.lists(st.sampled_from(["a", "b", "a.b", "ab", "c"]), min_size=1, max_size=4).map("/".join)


@given(PATH, st.lists(st.tuples(st.sampled_from(["", "/", "!", "!/"]), PATTERN).map("".join), max_size=4))
def test_it_is_read_as_the_builder_does(path: str, lines: list[str]) -> None:
    assert is_ignored(path, "\n".join(lines)) == _oracle(path, lines)[0]


@pytest.mark.parametrize(
    ("ignore", "path", "is_out"),
    [
        ("*\n!m.bin", "m.bin", False),
        ("**\n!/m.bin\n", "m.bin", False),
        ("*\n!src", "src/m.bin", False),
        ("*\n!src\nsrc/*.bin", "src/m.bin", True),
        ("!m.bin\n*", "m.bin", True),
        ("*.md", "docs/a.md", False),
        ("**/*.md", "docs/a.md", True),
        ("docs", "docs/a.md", True),
        ("docs/**", "docs", False),
        ("  ./docs/../docs/  \r\n", "docs/a.md", True),
        ("\ufeff#docs\n #docs", "#docs/a", True),
        ("#docs", "#docs/a", False),
        ("\\#docs", "#docs/a", True),
        ("m[a-c].bin", "mb.bin", True),
        ("m[^a-c].bin", "mb.bin", False),
        ("m[a", "ma", False),
        ("!", "a", False),
        ("! a\na", "a", True),
        ("a\n! a", "a", False),
        ("x\n!x/y\nx", "x/y", False),
        ("a+(b)|{c}$", "a+(b)|{c}$", True),
        (".", "a", False),
        ("../a", "a", False),
        ("//a", "a", True),
        ("**.bin", "web/m.bin", True),
        ("**", "a\udcff/b", True),
    ],
)
def test_a_line_at_a_time(ignore: str, path: str, is_out: bool) -> None:
    """A line that stands again after `!` is not looked at in a folder that it had left out already: so the builder walks."""
    assert is_ignored(path, ignore) is is_out


def test_no_line_takes_for_ever() -> None:
    began = time.process_time()
    assert not is_ignored("a" * 200, "**a" * 40 + "b")
    assert time.process_time() - began < 5
