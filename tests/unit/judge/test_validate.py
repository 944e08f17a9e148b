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


GROWN = "services:\n  web:\n    image: acme/web:1.0\n    privileged: true\n"


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({"a.yaml": f"{GROWN}    init: true\n    init: true\n"}, "duplicate-key"),
        ({"a.yaml": GROWN, "b.yaml": 'services:\n  web:\n    user: "1000\n'}, "yaml"),
        ({"a.yaml": f"{GROWN}    env_file: [none.env]\n"}, "env-file"),
        ({"a.yaml": f"{GROWN}    env_file: [bad.env]\n", "bad.env": "A='x\n"}, "env-file"),
        ({"a.yaml": f"{GROWN}    user: ${{\n"}, "interpolation"),
    ],
    ids=["a key twice", "one of two files", "no env file", "a broken env file", "a bad variable"],
)
def test_a_fault_of_reading_hides_nothing_else(
    files: dict[str, str], rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        Path(name).write_text(text)
    named = [Path(name) for name in files if name.endswith(".yaml")]
    verdict = judge(Request(scopes=file_scopes(named, {}), policy=make_policy(), ask=False))
    found = {finding.rule for finding in verdict.findings}
    assert {rule, "privileged"} <= found
    assert not verdict.passed


def test_nothing_is_said_of_what_a_broken_file_may_lack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(f'{GROWN}    user: "1000\n')
    verdict = judge(Request(scopes=file_scopes([Path("a.yaml")], {}), policy=make_policy(), ask=False))
    assert {finding.rule for finding in verdict.findings} == {"yaml"}
