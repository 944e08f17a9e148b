"""Repairs as text splices: everything else of the file stays as it is, and what is not safe is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.findings import Finding, Location, Repair
from fairlead.judge import fix
from fairlead.judge.fix import fix_text, render_diff
from fairlead.judge.fix.edits import Splice
from fairlead.judge.fix.pieces import Pieces
from fairlead.judge.fix.spans import Span, read_spans
from fairlead.positions import parse_yaml


def finding(path: str, text: str | None) -> Finding:
    steps = tuple(int(step) if step.isdigit() else step for step in path.split("."))
    return Finding("what", Location("compose.yaml", 1, 1), rule="r", repair=Repair(steps, text))


def fixed(text: str, *repairs: tuple[str, str | None]) -> str:
    result = fix_text(text, [finding(path, value) for path, value in repairs])
    assert not result.refused, result.refused
    assert len(result.mended) == len(repairs)
    assert changed(text, result.changes) == result.text
    return result.text


def changed(text: str, changes: Sequence[Splice]) -> str:
    """The text with changes made, which stand apart from each other in its order, from the last on."""
    assert all(one.end < then.start for one, then in pairwise(changes))
    for one in reversed(changes):
        text = text[: one.start] + one.text + text[one.end :]
    return text


def refused(text: str, path: str, value: str | None = "true") -> str:
    result = fix_text(text, [finding(path, value)])
    assert result.text == text
    assert not result.mended
    (one,) = result.refused
    return one.why


WEB = """\
# The shop.
services:
  web:  # the front
    image: shop/web:1   # pinned elsewhere
    ports:
      - "8000:8000"  # one

  # The database.
  db:
    image: postgres:17
"""


def test_a_key_goes_below_the_last_one_of_its_map() -> None:
    assert fixed(WEB, ("services.web.init", "true")) == WEB.replace(
        '      - "8000:8000"  # one\n', '      - "8000:8000"  # one\n    init: true\n'
    )


def test_at_the_end_of_a_file_without_a_last_line_end() -> None:
    text = WEB.rstrip("\n")
    assert fixed(text, ("services.db.init", "true")) == f"{text}\n    init: true"


def test_several_at_once_keep_their_order_and_share_what_they_create() -> None:
    text = fixed(
        WEB,
        ("services.db.init", "true"),
        ("services.db.logging.driver", "local"),
        ("services.db.logging.options.max-size", "10m"),
        ("services.web.init", "true"),
    )
    assert text.endswith(
        "    image: postgres:17\n    init: true\n    logging:\n      driver: local\n      options:\n"
        "        max-size: 10m\n"
    )
    assert text.count("init: true") == 2


def test_a_list_in_block_style_gets_an_item() -> None:
    assert fixed(WEB, ("services.web.ports.1", '"1:1"')) == WEB.replace(
        '"8000:8000"  # one\n', '"8000:8000"  # one\n      - "1:1"\n'
    )


def test_a_list_that_is_not_indented_gets_an_item_that_is_not() -> None:
    text = "services:\n  web:\n    security_opt:\n    - a:b\n    image: x\n"
    assert fixed(text, ("services.web.security_opt.1", "c:d")) == text.replace(
        "- a:b\n", "- a:b\n    - c:d\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("services: {web: {image: x}}\n", "services: {web: {image: x, init: true}}\n"),
        ("services: {web: {image: x,}}\n", "services: {web: {image: x, init: true,}}\n"),
        ("services: {web: {}}\n", "services: {web: {init: true}}\n"),
        ("services: {web: {\n  image: x\n}}\n", "services: {web: {\n  image: x, init: true\n}}\n"),
        ("services:\n  web:\n", "services:\n  web: {init: true}\n"),
        ("services:\n  web: # later\n", "services:\n  web: {init: true} # later\n"),
        ("services:\n  web: {}\n", "services:\n  web: {init: true}\n"),
    ],
)
def test_flow_style_and_empty_values(before: str, after: str) -> None:
    assert fixed(before, ("services.web.init", "true")) == after


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: old # why\n", "a", "new", "a: new # why\n"),
        ("a: 'old'\n", "a", "new", "a: new\n"),
        ("a: [x, old]\n", "a.1", "new", "a: [x, new]\n"),
        (
            "a:\n  driver: x\n  options:\n    b: c\nd: e\n",
            "a",
            "{driver: local}",
            "a: {driver: local}\nd: e\n",
        ),
        ("a: |\n  text\n\nd: e\n", "a", "new", "a: new\n\nd: e\n"),
        ("a:\n- /run\nd: e\n", "a.0", "/run:size=1m", "a:\n- /run:size=1m\nd: e\n"),
    ],
)
def test_a_value_is_replaced(before: str, path: str, value: str, after: str) -> None:
    assert fixed(before, (path, value)) == after


def test_a_key_and_its_value_go_with_their_comment() -> None:
    assert fixed('version: "3"  # old\n\nservices: {}\n', ("version", None)) == "services: {}\n"
    assert fixed("a: 1\nversion:\n  x: y\n# kept\nb: 2\n", ("version", None)) == "a: 1\n# kept\nb: 2\n"


def test_a_name_goes_to_the_top() -> None:
    assert fixed("# Shop\n\nservices: {}\n", ("name", "shop")) == "# Shop\n\nname: shop\nservices: {}\n"


def test_line_ends_of_windows_stay() -> None:
    text = WEB.replace("\n", "\r\n")
    after = fixed(text, ("services.web.init", "true"), ("services.db.logging.driver", "local"))
    assert after.count("\r\n") == after.count("\n") == text.count("\n") + 3


def test_the_file_s_own_indentation_is_used() -> None:
    text = "services:\n    web:\n        image: x\n"
    assert fixed(text, ("services.web.logging.driver", "local")).endswith(
        "        logging:\n            driver: local\n"
    )


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ("x: &base\n  a: 1\nservices:\n  web: *base\n", "services.web.init", "alias *base"),
        ("services:\n  web: &web\n    image: x\n  b: *web\n", "services.web.init", "anchor &web"),
        (
            "x: &log {driver: x}\nservices:\n  web:\n    logging: *log\n",
            "services.web.logging.driver",
            "alias *log",
        ),
        (
            "x: &base\n  init: false\nservices:\n  web:\n    <<: *base\n    image: x\n",
            "services.web.init",
            "comes through a merge",
        ),
        (
            "x: &base\n  a: b\ny: &more\n  <<: *base\nservices:\n  web:\n    <<: [*more]\n",
            "services.web.init",
            "comes through a merge",
        ),
        (
            "x: &base\n  a: b\ny: &base {init: false}\nservices:\n  web:\n    <<: *base\n    image: x\n",
            "services.web.init",
            "comes through a merge",
        ),
        (
            "x: &base\n  y: &base {init: false}\nservices:\n  web:\n    <<: *base\n    image: x\n",
            "services.web.init",
            "comes through a merge",
        ),
        (
            "services:\n  web:\n    extends: {service: b}\n  b: {image: x}\n",
            "services.web.init",
            "web extends",
        ),
        ("services:\n  web:\n    image: x\n  b:\n    extends: web\n", "services.web.init", "b extends web"),
        ("services:\n  web:\n    init: ${INIT:-false}\n", "services.web.init", "interpolation"),
        ("services:\n  web: !override\n    image: x\n", "services.web.init", "tag !override"),
        ("services:\n  web: shop\n", "services.web.init", "another form"),
        ("a:\n  # why\n  b: c\n", "a", "a comment"),
        ("services:\n  w$x:\n    image: x\n", "services.w$$x.init", "not written in this file"),
        ("services:\n  db:\n    image: x\n", "services.web.init", "not written in this file"),
        ("a: [\n  b, # why\n]\n", "a.1", "a comment"),
        ("- a\n", "services.web.init", "no mapping"),
        ("a: [\n", "a", "not YAML"),
    ],
)
def test_what_is_shared_or_known_later_is_refused_with_the_reason(text: str, path: str, why: str) -> None:
    assert why in refused(text, path)


def test_what_would_change_more_than_itself_is_refused() -> None:
    """Behind a text that keeps its empty lines, a new line would take them out of it."""
    text = "a:\n  b: |+\n    text\n\n\nc: d\n"
    assert refused(text, "a.init") == "the change would alter more than it"


@pytest.mark.parametrize(
    "behind", ["---\nservices:\n  web:\n    image: y\n", "---\n", "--- text\n", "...\n---\n{}\n"]
)
def test_several_documents_are_left_to_a_person(behind: str) -> None:
    """One says over another what the repair would say."""
    assert refused(f"{WEB}{behind}", "services.web.init") == "the file holds several documents"
    assert fixed(f"---\n{WEB}...\n", ("services.web.init", "true"))


@pytest.mark.parametrize("before", ["", 'x: "a\\\\"\n', "---\n"])
def test_what_only_compose_reads_is_told(before: str) -> None:
    r"""The file is judged, so it is not told to be no YAML at all: what is wrong is one ``\'``."""
    text = f'{before}services:\n  web:\n    image: x\n    hostname: "it\\\'s"\n'
    assert not parse_yaml(text).faults
    assert (
        refused(text, "services.web.init")
        == "there is a \\' in double quotes, which is no YAML: write ' alone"
    )
    assert refused("services: [", "services.web.init") == "the file is not YAML"


def test_a_key_beside_a_merge_is_added() -> None:
    text = "x: &base\n  a: 1\nservices:\n  web:\n    <<: *base\n    image: x\n"
    assert fixed(text, ("services.web.init", "true")) == f"{text}    init: true\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x: &base {init: false}\ny: &base {a: 1}\n", ""),
        ("x: &base\n  init: &base {a: 1}\n", ""),
        ("x: &base {a: 1}\n", "x-z: &base {init: false}\n"),
    ],
)
def test_the_anchor_that_is_meant_is_the_last_before_its_alias(before: str, after: str) -> None:
    text = f"{before}services:\n  web:\n    <<: *base\n    image: x\n"
    assert fixed(f"{text}{after}", ("services.web.init", "true")) == f"{text}    init: true\n{after}"


def test_one_that_is_refused_does_not_keep_the_others() -> None:
    result = fix_text(WEB, [finding("services.web.image.x", "1"), finding("services.web.init", "true")])
    assert len(result.mended) == len(result.refused) == 1
    assert "init: true" in result.text


def test_one_among_many_that_is_refused_costs_a_few_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has four hundred services does not wait for one reading each."""
    many = "".join(f"  s{number}:\n    image: x\n" for number in range(64))
    text = f"services:\n{many}  odd:\n    b: |+\n      text\n\n\nnetworks: {{}}\n"
    readings: list[str] = []

    def reading(text: str) -> Span | None:
        readings.append(text)
        return read_spans(text)

    monkeypatch.setattr(fix, "read_spans", reading)
    result = fix_text(
        text, [finding(f"services.{name}.init", "true") for name in [*(f"s{n}" for n in range(64)), "odd"]]
    )
    assert (len(result.mended), [one.why for one in result.refused]) == (
        64,
        ["the change would alter more than it"],
    )
    assert changed(text, result.changes) == result.text
    assert len(readings) < 20


@given(
    st.text("ab\r\n", max_size=12),
    st.lists(
        st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14), st.text("cd", max_size=3)), max_size=4),
        max_size=4,
    ),
)
def test_rounds_of_splices_are_one(text: str, rounds: list[list[tuple[int, int, str]]]) -> None:
    """Whatever is put in, replaced and taken away again: the changes make of the text before what it is now."""
    pieces = Pieces(text)
    for given_ in rounds:
        now = expected = pieces.text
        ends = [tuple(sorted((min(one, len(now)), min(other, len(now))))) for one, other, _ in given_]
        splices: list[Splice] = []
        for (start, end), (_, _, put) in zip(ends, given_, strict=True):
            if all(end < one.start or start > one.end for one in splices):
                splices.append(Splice(start, end, put))
        for one in sorted(splices, reverse=True):
            expected = expected[: one.start] + one.text + expected[one.end :]
        pieces.take(pieces.spliced(splices))
        assert pieces.text == expected
    assert changed(text, list(pieces.changes())) == pieces.text


def test_the_diff_is_one_that_patch_reads() -> None:
    diff = render_diff({"a.yaml": "a: 1\n", "b.yaml": "x"}, {"a.yaml": "a: 2\n", "b.yaml": "y"})
    assert diff == (
        "--- a/a.yaml\n+++ b/a.yaml\n@@ -1 +1 @@\n-a: 1\n+a: 2\n"
        "--- a/b.yaml\n+++ b/b.yaml\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n"
        "+y\n\\ No newline at end of file\n"
    )


WORDS = st.sampled_from(["image", "ports", "a-b", "deploy", "x"])
VALUES = st.recursive(
    st.sampled_from(["1", "yes", "'q'", '"d"', "a b", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def written(value: object, indent: int, *, flow: bool) -> str:
    """A value as YAML, in block or flow style, with comments between the lines."""
    if isinstance(value, dict) and value:
        if flow:
            return "{" + ", ".join(f"{key}: {written(one, 0, flow=True)}" for key, one in value.items()) + "}"
        lines = "".join(
            f"{' ' * indent}{key}: {written(one, indent + 2, flow=number % 2 == 1)} # c\n"
            if not isinstance(one, (dict, list)) or number % 2 == 1
            else f"{' ' * indent}{key}:{written(one, indent + 2, flow=False)}"
            for number, (key, one) in enumerate(value.items())
        )
        return "\n" + lines
    if isinstance(value, list) and value:
        if flow:
            return "[" + ", ".join(written(one, 0, flow=True) or "''" for one in value) + "]"
        return "\n" + "".join(f"{' ' * indent}- {written(one, 0, flow=True)}\n" for one in value)
    return (
        {"dict": " {}\n", "list": " []\n"}.get(type(value).__name__, str(value))
        if not flow
        else str(value or "''")
    )


def test_json_stays_json() -> None:
    text = '{\n  "services": {\n    "web": {"image": "acme/web:1"},\n    "db": {}\n  }\n}\n'
    after = fixed(
        text,
        ("services.web.init", "true"),
        ("services.web.logging", '{driver: json-file, options: {max-size: 10m, max-file: "3"}}'),
        ("services.db.deploy.resources", "{limits: {pids: 5}}"),
    )
    bounded = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
    assert json.loads(after)["services"] == {
        "web": {"image": "acme/web:1", "init": True, "logging": bounded},
        "db": {"deploy": {"resources": {"limits": {"pids": 5}}}},
    }


@settings(max_examples=300)
@given(VALUES, st.sampled_from(["init", "deploy", "image"]), st.booleans(), st.booleans())
def test_whatever_the_file_looks_like_only_the_repair_changes(
    service: object, key: str, nested: bool, windows: bool
) -> None:
    text = "# head\nservices:\n  web:" + (written(service, 4, flow=False) or "") + "\n  db:\n    image: x\n"
    text = text.replace("\n", "\r\n") if windows else text
    before = parse_yaml(text)
    if before.faults:
        return
    path = f"services.web.{key}" + (".limits" if nested else "")
    result = fix_text(text, [finding(path, "true")])
    after = parse_yaml(result.text)
    assert not after.faults
    if result.mended:
        node = after.value["services"]["web"][key]
        assert (node["limits"] if nested else node) is True
        assert result.text.startswith(text[: text.index("web:")])
        assert result.text.endswith(text[text.index("  db:") :])
        for document in (before, after):
            document.value["services"]["web"] = document.value["services"]["web"] or {}
            document.value["services"]["web"].pop(key, None)
        assert after.value == before.value
        again = fix_text(result.text, [finding(path, "true")])
        assert again.text == result.text
    else:
        assert result.text == text
        assert result.refused
