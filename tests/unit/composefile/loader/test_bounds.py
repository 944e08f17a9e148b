"""No file is too much: one clear finding, soon, for what nobody means."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fairlead.composefile.loader import load_model


def bomb() -> str:
    lines = ["x-0: &a0 [v, v, v, v, v, v, v, v, v]"]
    return "\n".join(lines + [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)])


FANS = {f"f{n}.yaml": f"include: [f{n + 1}.yaml, ./f{n + 1}.yaml]\n" for n in range(30)}
CHAIN = (
    "services:\n" + "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(300)) + "  s300: {image: x}\n"
)
DOTENV = "A0=xxxxxxxx\n" + "".join(f"A{n}=$A{n - 1}$A{n - 1}$A{n - 1}\n" for n in range(1, 60))

CASES = {
    "aliases": ({"c.yaml": bomb()}, "yaml", "more than 200,000 values"),
    "a number": (
        {"c.yaml": f"services: {{a: {{image: x, mem_limit: {'9' * 5000}}}}}\n"},
        "schema",
        "5,000 digits",
    ),
    "a tagged number": ({"c.yaml": f"x-a: !!float {'9' * 400}\n"}, "yaml", "400 digits"),
    "a hexadecimal number": ({"c.yaml": f"x-a: 0x{'f' * 9000}\n"}, "schema", "9,002 digits"),
    "nesting": ({"c.yaml": "x: " + "[" * 10_000 + "]" * 10_000}, "yaml", "deeper than 64"),
    "size": ({"c.yaml": "#" * 9_000_000}, "yaml", "larger than 8 MiB"),
    "includes itself": ({"c.yaml": "include: [./c.yaml]\n"}, "include", "c.yaml includes c.yaml"),
    "includes in a circle": (
        {"c.yaml": "include: [d/e.yaml]\n", "d/e.yaml": "include: [../c.yaml]\n"},
        "include",
        "c.yaml includes d/e.yaml includes c.yaml",
    ),
    "includes without end": (
        {"c.yaml": "include: [f0.yaml]\n", **FANS, "f30.yaml": ""},
        "unseen",
        "more than 300",
    ),
    "extends in a circle": (
        {"c.yaml": "services: {a: {extends: b}, b: {extends: {file: c.yaml, service: a}}}\n"},
        "extends",
        "extends a",
    ),
    "extends for ever": ({"c.yaml": CHAIN}, "extends", "extend each other"),
    "variables in variables": (
        {"c.yaml": "services: {a: {image: $A59}}\n", ".env": DOTENV},
        "env-file",
        "grows beyond",
    ),
    "defaults in defaults": (
        {"c.yaml": f"services: {{a: {{image: '{'${A:-' * 100_000}{'}' * 100_000}'}}}}\n"},
        "interpolation",
        "nested deeper",
    ),
    "ports": (
        {"c.yaml": "services: {a: {image: x, ports: ['1-65535:1-65535']}}\n"},
        "unseen",
        "more than 20,000",
    ),
    "remote": ({"c.yaml": "include: [oci://r.io/app]\n"}, "unseen", "another machine"),
    "missing": ({"c.yaml": "services: {a: {extends: {file: no.yaml, service: x}}}\n"}, "unseen", "no.yaml"),
    "a folder": ({"c.yaml": "include: [d]\n", "d/e.yaml": ""}, "unseen", "folder"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_clear_finding_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    files, rule, words = CASES[name]
    monkeypatch.chdir(tmp_path)
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    started = time.process_time()
    faults = load_model([tmp_path / "c.yaml"], variables={}).faults
    assert time.process_time() - started < 2
    assert [fault.rule for fault in faults[:1]] == [rule], faults
    assert words in faults[0].what
    assert faults[0].location is not None


def test_a_thousand_services_cost_ten_times_a_hundred(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        service = (
            "{image: 'x:${T:-1}', ports: ['80'], environment: {A: 1}, volumes: ['./a:/b'], depends_on: [s0]}"
        )
        text = "services:\n" + "".join(f"  s{number}: {service}\n" for number in range(count))
        file = tmp_path / f"{count}.yaml"
        file.write_text(text)
        started = time.process_time()
        assert load_model([file], variables={}).faults == ()
        return time.process_time() - started

    seconds(10)
    assert seconds(1_000) < 30 * min(seconds(100) for _ in range(3))
