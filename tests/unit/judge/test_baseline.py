"""The baseline: what was there before is known again wherever it moved; what is new is new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairlead.composefile.loader import Model, load_model
from fairlead.errors import InputError
from fairlead.findings import Finding
from fairlead.judge.baseline import Baseline, apply_baseline, fingerprint, load_baseline, write_baseline
from fairlead.quick.records import replace

TEXT = """\
services:
  web:
    image: shop/web:latest
    ports: ["80:80", "443:443"]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(text: str) -> Model:
    file = Path("compose.yaml")
    file.write_text(text)
    return load_model([file], variables={})


def found(model: Model, rule: str, *path: str | int) -> Finding:
    return Finding("what", model.location(path), rule=rule, path=path)


def mark(text: str, *path: str | int, rule: str = "r") -> str:
    model = load(text)
    return fingerprint(found(model, rule, *path), [model], Path.cwd())


IMAGE = ("services", "web", "image")


def test_a_fingerprint_survives_moved_lines_and_other_changes() -> None:
    moved = "# more\n\nname: shop\n" + TEXT.replace("    ports", "    init: true\n    ports")
    assert mark(moved, *IMAGE) == mark(TEXT, *IMAGE)
    assert mark(moved, "services", "web") == mark(TEXT, "services", "web")


def test_a_fingerprint_survives_an_item_before_it_in_a_list() -> None:
    more = TEXT.replace('["80:80", ', '["22:22", "80:80", ')
    assert mark(more, "services", "web", "ports", 2) == mark(TEXT, "services", "web", "ports", 1)


def test_another_value_rule_path_or_file_is_another_finding() -> None:
    before = mark(TEXT, *IMAGE)
    assert mark(TEXT.replace("latest", "main"), *IMAGE) != before
    assert mark(TEXT, *IMAGE, rule="other") != before
    assert mark(TEXT, "services", "web", "ports", 0) != mark(TEXT, "services", "web", "ports", 1)
    model = load(TEXT)
    finding = found(model, "r", *IMAGE)
    assert finding.location is not None
    elsewhere = replace(finding, location=replace(finding.location, path="other.yaml"))
    assert fingerprint(elsewhere, [model], Path.cwd()) != before


def test_without_a_path_the_words_count_but_not_their_line_numbers() -> None:
    one = Finding("the key a stands twice: first at line 3", rule="r")
    other = Finding("the key a stands twice: first at line 9", rule="r")
    assert fingerprint(one, [], Path()) == fingerprint(other, [], Path())
    assert fingerprint(one, [], Path()) != fingerprint(Finding("the key b", rule="r"), [], Path())


def test_only_new_findings_are_left_and_what_is_gone_is_told() -> None:
    model = load(TEXT)
    old = [found(model, "a", *IMAGE), found(model, "b", "services", "web")]
    write_baseline(Path("b.json"), old, [model], except_rules=frozenset())
    new = [found(model, "a", *IMAGE), found(model, "c", "services", "web")]
    left, known, stale = apply_baseline(new, load_baseline(Path("b.json")), [model])
    assert [finding.rule for finding in left] == ["c"]
    assert [finding.rule for finding in known] == ["a"]
    (line,) = stale
    assert line.startswith("compose.yaml: services.web: b is in the baseline and is not found any more")


def test_a_second_finding_like_a_known_one_is_new() -> None:
    model = load(TEXT)
    finding = found(model, "a", *IMAGE)
    write_baseline(Path("b.json"), [finding], [model], except_rules=frozenset())
    left, known, _ = apply_baseline([finding, finding], load_baseline(Path("b.json")), [model])
    assert (len(left), len(known)) == (1, 1)


def test_some_rules_are_neither_written_nor_known() -> None:
    model = load(TEXT)
    finding = found(model, "unseen", *IMAGE)
    loud = frozenset({"unseen"})
    assert write_baseline(Path("b.json"), [finding], [model], except_rules=loud).entries == ()
    write_baseline(Path("b.json"), [finding], [model], except_rules=frozenset())
    left, known, _ = apply_baseline([finding], load_baseline(Path("b.json")), [model], except_rules=loud)
    assert left == [finding]
    assert known == ()


def test_the_file_is_sorted_and_the_same_wherever_it_is_written_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(TEXT)
    findings = [found(model, "b", *IMAGE), found(model, "a", *IMAGE)]
    write_baseline(Path("b.json"), findings, [model], except_rules=frozenset())
    first = Path("b.json").read_bytes()
    assert [row["rule"] for row in json.loads(first)["findings"]] == ["a", "b"]
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    again = load_model([tmp_path / "compose.yaml"], variables={})
    findings = [found(again, "a", *IMAGE), found(again, "b", *IMAGE)]
    write_baseline(tmp_path / "b.json", findings, [again], except_rules=frozenset())
    assert (tmp_path / "b.json").read_bytes() == first


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "x", "findings": []}', '{"findings": [1]}', "\xff"]
)
def test_what_is_no_baseline_is_the_caller_s_mistake(text: str) -> None:
    Path("b.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError):
        load_baseline(Path("b.json"))
    with pytest.raises(InputError):
        load_baseline(Path("none.json"))


def test_an_empty_baseline_knows_nothing() -> None:
    model = load(TEXT)
    finding = found(model, "a", *IMAGE)
    assert apply_baseline([finding], Baseline(Path("b.json")), [model]) == ([finding], (), ())


SECRETS = """\
services:
  web:
    image: shop/web:${TAG:-1}
    environment: {PASSWORD: LITERAL, URL: "http://u:LITERAL@x"}
    env_file: secret.env
    command: [run, --password, LITERAL]
    healthcheck: {test: [CMD, ask, LITERAL]}
    build: {context: ., args: {TOKEN: LITERAL}}
    logging: {driver: gelf, options: {token: LITERAL}}
    volumes: [./conf:/etc/conf]
"""
PLACES = (
    *(("environment", "PASSWORD"), ("environment", "URL"), ("environment", "FROM_FILE"), ("command", 2)),
    *(("healthcheck", "test", 2), ("build", "args", "TOKEN"), ("logging", "options", "token"), ("image",)),
)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_value_can_be_guessed_from_a_fingerprint(place: tuple[str | int, ...]) -> None:
    """Neither a literal where a secret may stand, nor what a variable or a file of variables makes of a text."""

    def made(secret: str) -> str:
        Path("secret.env").write_text(f"FROM_FILE={secret}\n")
        Path("compose.yaml").write_text(SECRETS.replace("LITERAL", secret))
        model = load_model([Path("compose.yaml")], variables={"TAG": secret})
        return fingerprint(found(model, "r", "services", "web", *place), [model], Path.cwd())

    assert made("hunter2") == made("letmein")


def test_a_fingerprint_is_the_same_in_another_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        model = load(SECRETS)
        finding = found(model, "r", "services", "web", "volumes", 0)
        words = Finding(f"{tmp_path / name}/compose.yaml can't be read", rule="r")
        marks.append([fingerprint(one, [model], Path.cwd()) for one in (finding, words)])
    assert marks[0] == marks[1]


def test_each_baseline_has_a_salt_of_its_own_and_keeps_it() -> None:
    model = load(TEXT)
    finding = found(model, "a", *IMAGE)
    one, two = (write_baseline(Path(name), [finding], [model], except_rules=frozenset()) for name in "ab")
    assert len(one.salt) == 32
    assert one.salt != two.salt
    assert one.entries[0].fingerprint != two.entries[0].fingerprint
    assert write_baseline(Path("a"), [finding], [model], except_rules=frozenset()) == one
    assert apply_baseline([finding], load_baseline(Path("a")), [model])[0] == []
