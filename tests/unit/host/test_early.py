"""What a host refuses late is known early: every refusal has a door before the build, and a new one without fails here.

Read from the source: which functions refuse something, and which of them are reached from what runs before anything is
built, ``validate`` (the release layer and the policy) and the question to the server (``foresee_deploy``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "ci" / "fairlead"
FAULTS = {
    "InputFault",
    "EngineFault",
    "ReleaseFault",
    "AgentFault",
    "Refusal",
    "Grant",
    "ComposeInvalidError",
}
REFUSING = (
    "host/plan/refusals.py",
    "host/plan/preflight.py",
    "host/plan/trespass.py",
    "host/wire/compose/grants.py",
    "host/wire/compose/resources.py",
    "host/plan/policy.py",
    "host/plan/decide.py",
    "host/wire/document.py",
    "host/edge/plan.py",
    "host/plan/only.py",
    "app/split.py",
    "app/refusals.py",
    "app/files/mounts.py",
    "app/network/sites.py",
    "app/network/edge.py",
    "app/services.py",
)
VALIDATED = ("try_release", "SERVICE_CHECKS", "APP_CHECKS")
ASKED = ("foresee_deploy", "parse_deploy_request")
LATE = {
    # Of a rollback, whose release was built long ago.
    "plan_rollback_refusals": "a rollback builds nothing",
    "_schema": "a rollback builds nothing",
    "decide_rollback": "a rollback builds nothing",
    # Of new values of secrets.
    "decide_rotation": "a rotation builds nothing",
    # What lies on the host already.
    "load_release": "reads what lies on the host",
    "parse_tree": "reads what lies on the host",
}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("host", "app", "judge", "release"):
        for file in sorted((PACKAGE / folder).rglob("*.py")):
            yield str(file.relative_to(PACKAGE)), ast.parse(file.read_text())


def _names(node: ast.AST) -> set[str]:
    """Everything that is named in there: what may be called."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def _graph(*places: str) -> dict[str, set[str]]:
    """Functions, methods and tables of these folders and files by their names -> what they name."""
    graph: dict[str, set[str]] = {}
    for file, module in _sources():
        if not file.startswith(places):
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                graph.setdefault(node.name, set()).update(_names(node))
            elif isinstance(node, ast.ClassDef):
                methods = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
                graph.setdefault(node.name, set()).update(name for name in methods if name.startswith("__"))
        for statement in module.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        graph.setdefault(target.id, set()).update(_names(statement.value))
    return graph


def _reached(graph: dict[str, set[str]], roots: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in graph and name not in seen:
            seen.add(name)
            waiting += graph[name]
    return seen


def _refusals() -> Iterator[tuple[str, str]]:
    """Each function that refuses something: its file, its name."""
    for name, module in _sources():
        if name not in REFUSING:
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef) and (_names(node) & (FAULTS | {"fault"})):
                yield name, node.name


# What `validate` uses of the agent's code, and the agent.
HERE = _graph("app/", "judge/", "release/", "host/wire/compose/", "host/wire/release.py")
THERE = _graph("host/")
BEFORE = {"validate": _reached(HERE, VALIDATED), "the question to the server": _reached(THERE, ASKED)}
FOUND = sorted(set(_refusals()))


def test_there_are_refusals_to_look_at() -> None:
    """The reading of the source finds those that are known."""
    known = {
        "_state_recreated",
        "refuse_trespass",
        "check_rolled",
        "_privileged",
        "platform_faults",
    }
    names = {function for _, function in FOUND}
    assert known <= names
    assert len(FOUND) > 40


@pytest.mark.parametrize(("file", "function"), FOUND, ids=[":".join(one) for one in FOUND])
def test_each_refusal_is_known_before_the_build(file: str, function: str) -> None:
    """By ``validate``, or by asking the server; what is not has to say why it may be late."""
    doors = [door for door, reached in BEFORE.items() if function in reached]
    assert doors or function in LATE, f"{file}: {function} refuses what nobody asks about before the build"


def test_a_refusal_without_a_door_is_seen() -> None:
    """What only the server can say is reached by the question to it, and by nothing else."""
    late = {function for _, function in FOUND} - BEFORE["validate"] - set(LATE)
    assert {"check_disk", "refuse_trespass", "_state_recreated", "_older"} <= late


def test_no_reason_to_be_late_is_left_over() -> None:
    """Each is of a function that is there."""
    assert set(LATE) <= set(THERE)
