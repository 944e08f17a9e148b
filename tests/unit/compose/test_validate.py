from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.compose.model import ComposeFiles
from fairlead.compose.validate import schema_faults, settings_faults
from fairlead.findings import Finding
from fairlead.positions import load_documents
from fairlead.settings import ImageSettings, Settings
from tests.unit.marks import assert_expected, expected

EXAMPLES = Path(__file__).parent / "schema"


def faults(example: Path) -> tuple[Finding, ...]:
    files = ComposeFiles(load_documents(example))
    image = ImageSettings(name="api", dockerfile=example, context=example.parent)
    settings = Settings(path=example, root=example.parent, app="board", images={"api": image})
    return (*schema_faults(files), *settings_faults(files, settings))


@pytest.mark.parametrize("example", sorted((EXAMPLES / "positive").iterdir()), ids=lambda path: path.stem)
def test_a_good_file_has_no_fault(example: Path) -> None:
    assert faults(example) == ()


@pytest.mark.parametrize("example", sorted((EXAMPLES / "negative").iterdir()), ids=lambda path: path.stem)
def test_each_fault_is_told_once_at_its_deepest_cause(example: Path) -> None:
    assert expected(example)
    assert_expected(example, faults(example))
