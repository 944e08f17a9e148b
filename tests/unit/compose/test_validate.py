from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.compose.load import model_faults
from fairlead.compose.loader import load_model
from fairlead.findings import Finding
from fairlead.settings.values import ImageSettings, Settings
from tests.unit.marks import assert_expected, expected

EXAMPLES = Path(__file__).parent / "schema"


def faults(example: Path) -> tuple[Finding, ...]:
    image = ImageSettings(name="api", dockerfile=example, context=example.parent)
    settings = Settings(path=example, root=example.parent, app="board", images={"api": image})
    return model_faults(load_model([example], variables={"IMAGE": "nginx"}, name="board"), settings)


@pytest.mark.parametrize("example", sorted((EXAMPLES / "positive").iterdir()), ids=lambda path: path.stem)
def test_a_good_file_has_no_fault(example: Path) -> None:
    assert faults(example) == ()


@pytest.mark.parametrize("example", sorted((EXAMPLES / "negative").iterdir()), ids=lambda path: path.stem)
def test_each_fault_is_told_once_at_its_deepest_cause(example: Path) -> None:
    assert expected(example)
    assert_expected(example, faults(example))
