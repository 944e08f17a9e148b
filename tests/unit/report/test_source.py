"""Source lines beside findings: what a file of variables holds, and what a secret is, nobody is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.composefile.loader import load_model
from fairlead.findings import Finding, Location
from fairlead.report.failure import read_source_line, render_finding
from fairlead.report.source import SourceLines

CANARY = "c4n4ry"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        f"A='{CANARY}\n",
        f"A={CANARY} ${{\n",
        f"{CANARY}!=1\n",
        f"-----BEGIN KEY-----\n{CANARY}+/=\n",
        f"A=${{{CANARY}?}}",
    ],
)
@pytest.mark.parametrize("name", [".env", "secret.env", "credentials"])
def test_a_broken_file_of_variables_is_told_without_its_lines(text: str, name: str) -> None:
    Path(name).write_text(text)
    Path("compose.yaml").write_text(f"services:\n  web:\n    image: acme/web:1\n    env_file: {name}\n")
    faults = load_model([Path("compose.yaml")], variables={}).faults
    assert faults
    for fault in faults:
        shown = [*render_finding(fault, read_source_line), *SourceLines().excerpt(_place(fault), fault.rule)]
        assert CANARY not in "\n".join(shown)


def _place(finding: Finding) -> Location:
    assert finding.location is not None
    return finding.location


def test_the_value_of_a_secret_is_not_shown_in_either_form() -> None:
    Path("compose.yaml").write_text(f"PASSWORD: {CANARY}\n")
    finding = Finding("a secret", Location("compose.yaml", 1, 1), rule="secret-in-environment")
    shown = [
        *render_finding(finding, read_source_line),
        *SourceLines().excerpt(_place(finding), finding.rule),
    ]
    assert "PASSWORD: ***" in "\n".join(shown)
    assert CANARY not in "\n".join(shown)
