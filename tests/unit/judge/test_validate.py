from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.load import model_faults
from fairlead.composefile.loader import load_model
from fairlead.findings import Finding
from fairlead.judge.policy import make_policy
from fairlead.judge.run import judge
from fairlead.judge.scopes import file_scopes
from fairlead.judge.verdict import Request
from fairlead.settings.images import ImageSettings
from fairlead.settings.values import Settings
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


@pytest.mark.parametrize("name", ["a" * 300, "locked/below", "a\\0b"])
def test_paths_of_the_server_are_not_looked_for_here(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that the caller may not enter, or that no file system takes, is a path of the server like any other."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "locked").mkdir(mode=0)
    text = (
        "services:\n"
        f'  a: {{image: "acme/a:1", volumes: ["/{name}/x:/x", "./{name}:/y"]}}\n'
        f'  b: {{image: "acme/b:1", build: {{context: "/{name}", dockerfile: "{name}"}}}}\n'
        f'  c: {{image: "acme/c:1", env_file: [{{path: "/{name}", required: false}}]}}\n'
        f'  d: {{image: "acme/d:1", develop: {{watch: [{{path: "/{name}", action: sync, target: /x}}]}}}}\n'
        f'  e: {{image: "postgres:17", volumes: ["./{name}:/var/lib/postgresql/data"]}}\n'
    )
    (tmp_path / "compose.yaml").write_text(text)
    scopes = file_scopes([tmp_path / "compose.yaml"], {})
    verdict = judge(Request(scopes=scopes, policy=make_policy(), ask=False))
    assert {finding.rule for finding in verdict.findings} >= {"bind-mount"}
