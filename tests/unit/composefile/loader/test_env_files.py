"""What a file of variables loses is told, with file and line and without a word of what stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.composefile.loader import Model, load_model

COMPOSE = "services:\n  web:\n    image: nginx\n    env_file: [{files}]\n"


def _load(root: Path, content: str, files: str = "app.env", name: str = "app.env") -> Model:
    (root / "compose.yaml").write_text(COMPOSE.format(files=files))
    (root / "app.env").write_text("")
    (root / name).write_text(content)
    return load_model([root / "compose.yaml"], variables={"KNOWN": "1"})


def _told(model: Model) -> list[str]:
    return [
        f"{Path(str(one.location)).name} {one.severity}" for one in model.faults if one.rule == "env-file"
    ]


@pytest.mark.parametrize("value", ["abc$canary", '"abc$canary def"', "a${canary}b", "x # $canary\nB=$canary"])
def test_value_that_is_cut_at_a_dollar(tmp_path: Path, value: str) -> None:
    """A password with a dollar in it is the usual case."""
    model = _load(tmp_path, f"# first\nPASSWORD={value}\n")
    line = 3 if "\n" in value else 2
    assert _told(model) == [f"app.env:{line}:1 warning"]
    (finding,) = model.faults
    assert "canary" not in finding.what + finding.fix
    assert ("B" if line == 3 else "PASSWORD") in finding.what


@pytest.mark.parametrize(
    "line",
    [
        "A='abc$canary'",
        "A=abc$$canary",
        "A=$KNOWN",
        "A=1\nB=$A",
        "A=${canary:-x}",
        "A=${canary-}",
        "A=5$",
        "A=$5",
    ],
)
def test_what_loses_nothing_is_not_told(tmp_path: Path, line: str) -> None:
    """Quoted, doubled, set, or with a default."""
    assert _told(_load(tmp_path, f"{line}\n")) == []


def test_name_alone_that_is_not_set(tmp_path: Path) -> None:
    """Compose takes it from the caller's environment; nothing of the line is shown, which may be the rest of a key."""
    model = _load(tmp_path, "A=1\ncanary\nKNOWN\n")
    assert _told(model) == ["app.env:2:1 warning"]
    assert "canary" not in model.faults[0].what


def test_file_of_many_services_is_told_once(tmp_path: Path) -> None:
    """And the `.env` beside the compose file is such a file as well."""
    (tmp_path / ".env").write_text("PORT=8$canary\n")
    model = _load(tmp_path, "A=$canary\n", files="app.env, app.env")
    assert _told(model) == [".env:1:1 warning", "app.env:1:1 warning"]


def test_raw_file_has_no_variables(tmp_path: Path) -> None:
    """Its values are taken as they are."""
    assert _told(_load(tmp_path, "A=abc$canary\n", files="{path: app.env, format: raw}")) == []
