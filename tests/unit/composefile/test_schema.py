from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.composefile.loader import load_model
from fairlead.composefile.schema import schema_findings


def findings_of(folder: Path, *texts: str, version: str = "") -> list[str]:
    """What the schema layer finds in files: ``file:line:column: what (fix)``."""
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.yaml")
        files[-1].write_text(text, encoding="utf-8")
    model = load_model(files, variables={"BAD": "many", "COUNT": "2"}, name="app")
    found = schema_findings(model, compose_version=version)
    return [str(finding).removeprefix(f"{folder}/") for finding in found]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("services: {web: {image: a}}", []),
        (
            "services: {web: {imgae: a}}",
            ["0.yaml:1:18: services.web: unknown key imgae (did you mean image?)"],
        ),
        ("services: {web: [a]}", ["0.yaml:1:17: services.web must be a mapping, not a list"]),
        (
            "services: {web: {image: a, ports: [{targt: 1}]}}",
            ["0.yaml:1:37: services.web.ports[0]: unknown key targt (did you mean target?)"],
        ),
        (
            "services: {web: {image: a, deploy: {replicas: [1]}}}",
            ["0.yaml:1:47: services.web.deploy.replicas must be a whole number or text, not a list"],
        ),
        (
            "services: {we b: {image: a}}",
            ["0.yaml:1:12: services: the name we b does not match ^[a-zA-Z0-9._-]+$"],
        ),
        ("version: '3'\n", ["0.yaml:1:1: the compose file is empty (add services:)"]),
        ("- a", ["0.yaml:1:1: 0.yaml must be a mapping, not a list"]),
    ],
)
def test_a_fault_is_told_at_its_deepest_cause(tmp_path: Path, text: str, findings: list[str]) -> None:
    found = findings_of(tmp_path, text)
    assert [finding.replace(f"{tmp_path}/", "") for finding in found] == findings


def test_one_wrong_key_does_not_make_the_whole_service_unknown(tmp_path: Path) -> None:
    text = "services: {web: {image: a, user: u, deploy: {mode: global, resorces: {}}}}"
    assert len(findings_of(tmp_path, text)) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("services: {web: {image: a, scale: '${COUNT}'}}", 0),
        ("services: {web: {image: a, privileged: 'true'}}", 0),
        ("services: {web: {image: a, healthcheck: {test: '${BAD}', retries: '${COUNT}'}}}", 0),
        ("services: {web: {image: a, volumes: [{type: '${BAD}', target: /x}]}}", 1),
        ("services: {web: {image: a, ports: !reset [{x: 1}]}}", 0),
        ("services: {web: {image: a, ports: !override [{x: 1}]}}", 1),
        ("include:\nservices: {web: {image: a}}", 0),
        ("services: {web: {image: a, cap_add: [A, A]}}", 0),
        ("services: {web: {image: a, security_opt: [a, a]}}", 1),
        ("x-any: {thing: [1]}\nservices: {web: {image: a, x-fairlead: {role: app}}}", 0),
    ],
)
def test_the_schema_is_held_against_what_compose_makes_of_the_file(
    tmp_path: Path, text: str, count: int
) -> None:
    assert len(findings_of(tmp_path, text)) == count


def test_what_another_file_adds_is_not_missing(tmp_path: Path) -> None:
    base = "services: {web: {image: a, develop: {watch: []}, depends_on: {db: {condition: service_started}}}, db: {image: a}}"
    override = "services: {web: {depends_on: {db: {restart: true}}}}"
    assert findings_of(tmp_path, base, override) == []
    assert len(findings_of(tmp_path, override)) == 1


def test_a_merely_newer_key_is_the_business_of_another_rule(tmp_path: Path) -> None:
    text = "services: {web: {image: a, models: [llm], modles: []}}\nmodels: {llm: {model: x}}"
    assert len(findings_of(tmp_path, text, version="2.24.0")) == 1
    assert len(findings_of(tmp_path, text)) == 1


def test_every_file_is_looked_at(tmp_path: Path) -> None:
    found = findings_of(tmp_path, "services: {web: {imge: a}}", "services: {web: {prots: []}}")
    assert [finding.split(":")[0] for finding in found] == ["0.yaml", "1.yaml"]


def test_of_a_file_that_is_extended_only_what_is_extended_is_looked_at(tmp_path: Path) -> None:
    """As Compose does: the rest of the file is not part of the app."""
    base = "services: {used: {image: a, usr: x}, next: {extends: used}, other: {bogus: 1}}\nodd: 1\n"
    (tmp_path / "base.yaml").write_text(base, encoding="utf-8")
    text = "services: {web: {extends: {file: base.yaml, service: next}}}"
    assert findings_of(tmp_path, text) == [
        "base.yaml:1:29: services.used: unknown key usr (did you mean user?)"
    ]
    whole = findings_of(tmp_path, text, base)
    assert len(whole) == 4


def test_an_empty_value_over_one_of_an_earlier_file_changes_nothing(tmp_path: Path) -> None:
    """As in an override that names a service and says nothing about it."""
    base = "services: {web: {image: a, environment: {A: b}}}"
    assert findings_of(tmp_path, base, "services: {web: {environment: }}") == []
    assert findings_of(tmp_path, base, "services: {web: }") == []
    assert len(findings_of(tmp_path, "services: {web: }", base)) == 1
    assert len(findings_of(tmp_path, base, "services:")) == 1
