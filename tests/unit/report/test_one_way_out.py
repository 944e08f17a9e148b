"""Nothing of the client and of the agent writes to the process's streams but the few modules that filter."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import fairlead

PACKAGE = Path(fairlead.__file__).parent

FILTERS = {"report/sink.py", "report/terminal.py", "host/door/console.py"}
"""What writes, each line through ``visible``."""
CHOOSE = {
    "cli/output.py",
    "cli/validate/asking.py",
    "cli/validate/judging.py",
    "report/plain.py",
    "report/terminal.py",
    "host/door/console.py",
}
"""What hands a stream to a filter."""
STATIC = {
    ("cli/root.py", "command"),
    ("cli/options/shared.py", "_print_version"),
    ("boundary.py", "_click_ended"),
}
"""Functions that print help or a version: nobody else's text is in it."""
HARMLESS = {"flush", "fileno", "isatty", "reconfigure"}


PRINT = {"print", "click.echo", "click.secho"}
STREAMS = {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}


@cache
def modules() -> dict[str, list[tuple[ast.AST, str]]]:
    """The calls and attributes of every module with the function that each stands in.

    Not those of the lab, nor of what travels as text.
    """
    found = ((path.relative_to(PACKAGE).as_posix(), path) for path in sorted(PACKAGE.rglob("*.py")))
    return {
        name: _nodes(ast.parse(path.read_text()), "", [])
        for name, path in found
        if not name.startswith("lab/") and name != "remote/loader.py"
    }


def _nodes(node: ast.AST, function: str, found: list[tuple[ast.AST, str]]) -> list[tuple[ast.AST, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Call, ast.Attribute)):
            found.append((child, function))
        _nodes(child, child.name if isinstance(child, ast.FunctionDef) else function, found)
    return found


def dotted(node: ast.AST) -> str:
    """``sys.stdout`` of a name or an attribute; empty of anything else."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def uses_streams(nodes: list[tuple[ast.AST, str]]) -> bool:
    """Whether a module does more with the process's streams than flush or describe them."""
    attributes = [node for node, _ in nodes if isinstance(node, ast.Attribute)]
    harmless = {id(node.value) for node in attributes if node.attr in HARMLESS}
    return any(dotted(node) in STREAMS and id(node) not in harmless for node in attributes)


def test_who_prints() -> None:
    printing = {
        (name, function)
        for name, nodes in modules().items()
        for node, function in nodes
        if name not in FILTERS and isinstance(node, ast.Call) and dotted(node.func) in PRINT
    }
    assert printing == STATIC


def test_who_touches_the_streams() -> None:
    touching = {name for name, nodes in modules().items() if uses_streams(nodes)}
    # The boundary lets no character stop them, and asks whether their reader is there still.
    assert touching == CHOOSE | {"boundary.py"}
