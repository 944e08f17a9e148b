from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.composefile.loader import Model, load_model
from fairlead.findings import Finding, Location
from fairlead.judge.asked.answer import Answer, Asked, ask_argv, compare, place_of, refusal_words
from fairlead.judge.asked.question import Question

TAKEN = Answer("2.40.3", ok=True)
FILE = """\
services:
  web:
    image: a
    ports:
      - target: 80
        foo: 1
    networks: [back]
networks:
  back:
"""


@pytest.fixture
def model(tmp_path: Path) -> Model:
    file = tmp_path / "compose.yaml"
    file.write_text(FILE, encoding="utf-8")
    return load_model([file], variables={}, name="app")


def refused(said: str) -> Answer:
    return Answer("2.40.3", ok=False, said=said)


def test_agreement_is_no_finding(model: Model) -> None:
    error = Finding("wrong", rule="schema")
    assert compare(TAKEN, model, []) == ()
    assert compare(refused("services.web is wrong"), model, [error]) == ()


def test_a_refusal_that_nothing_of_ours_tells_is_an_error_with_a_place(model: Model) -> None:
    policy = [Finding("root", rule="runs-as-root"), Finding("odd", rule="schema", severity="warning")]
    (finding,) = compare(
        refused('service "web" refers to undefined network back: invalid compose project\n'), model, policy
    )
    assert (finding.rule, finding.severity) == ("compose", "error")
    assert (
        finding.what
        == 'docker-compose 2.40.3 refuses the files: service "web" refers to undefined network back'
    )
    assert finding.location is not None
    assert finding.location.line == 2


def test_what_it_takes_although_we_refuse_it_is_a_note(model: Model) -> None:
    place = Location("compose.yaml", 6, 9)
    (finding,) = compare(TAKEN, model, [Finding("there is a key foo", place, rule="schema")])
    assert (finding.severity, finding.location) == ("note", place)


def test_where_we_are_stricter_by_design_is_no_disagreement(model: Model) -> None:
    assert compare(TAKEN, model, [Finding("restart must be …", rule="model")]) == ()


def test_its_words_are_told_without_its_log_and_its_file_names(model: Model) -> None:
    path = Path(model.documents[0].path).absolute()
    said = f'time="2026" level=warning msg="the variable"\nvalidating {path}: services.web.ports.0 is wrong\n'
    assert refusal_words(said, model) == "services.web.ports.0 is wrong"
    assert refusal_words("", model) == "it says nothing"


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("services.web.ports.0 Additional property foo is not allowed", (6, 9)),
        ("services.web.networks.0 must be a string", (7, 5)),
        ("services.web.ports[0].target must be", (5, 17)),
        ("yaml: line 3: mapping values are not allowed", (3, 1)),
        ('service "web" has neither', (2, 3)),
        ("network back is odd", (9, 3)),
        ("no word of a place", (1, 1)),
    ],
)
def test_its_words_are_given_a_place(model: Model, words: str, place: tuple[int, int]) -> None:
    found = place_of(words, model)
    assert (found.line, found.column) == place


def test_it_is_asked_over_all_profiles_and_prints_no_model() -> None:
    argv = ask_argv(Path("/bin/docker-compose"), [Path("/a/b.yaml")], [Path("/a/.env")], "app")
    assert argv == (
        *("/bin/docker-compose", "--project-name", "app", "--env-file", "/a/.env", "--file", "/a/b.yaml"),
        *("--profile", "*", "config", "--quiet"),
    )


def test_what_aliases_blow_up_is_no_question_for_it(tmp_path: Path) -> None:
    lines = ["x-0: &a0 [v, v, v, v, v, v, v, v, v]"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    file = tmp_path / "compose.yaml"
    file.write_text("\n".join(lines))
    asked = Asked(why_not="it was asked")
    question = object.__new__(Question)
    question._asked, question._known = asked, None
    layer, said = question.answer(load_model([file], variables={}), [])
    assert (layer.ran, layer.why_not, said) == (False, "aliases in the files stand for too much", ())
