"""Nothing of the client and of the agent writes to the process's streams but the few modules that filter."""

from __future__ import annotations

import ast
from pathlib import Path

import fairlead

PACKAGE = Path(fairlead.__file__).parent

FILTERS = {"report/sink.py", "report/terminal.py", "host/console.py"}
"""What writes, each line through ``visible``."""
CHOOSE = {"cli/output.py", "cli/validate_run.py", "report/plain.py", "report/terminal.py", "host/console.py"}
"""What hands a stream to a filter."""
STATIC = {("cli/root.py", "command"), ("cli/options.py", "_print_version"), ("boundary.py", "_click_ended")}
"""Functions that print help or a version: nobody else's text is in it."""
HARMLESS = {"flush", "fileno", "isatty", "reconfigure"}


def modules() -> list[tuple[str, ast.Module]]:
    """Every module of the package, without the lab and without what travels to a server as text."""
    found = ((path.relative_to(PACKAGE).as_posix(), path) for path in PACKAGE.rglob("*.py"))
    return [
        (name, ast.parse(path.read_text()))
        for name, path in sorted(found)
        if not name.startswith("lab/") and name != "remote/loader.py"
    ]


def calls_that_print(tree: ast.AST) -> set[str]:
    """The functions that call ``print``, ``click.echo``, ``click.secho`` or ``os.write(1, …)``."""
    found = set()
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                    *("print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"),
                    *("sys.stdout.buffer.write", "sys.stdout.writelines", "sys.stderr.writelines"),
                }:
                    found.add(function.name)
    return found


def streams_in_use(tree: ast.AST) -> bool:
    """Whether a module does more with the process's streams than flush or describe them."""
    harmless = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in HARMLESS
    }
    return any(
        isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
        and id(node) not in harmless
        for node in ast.walk(tree)
    )


def test_who_prints() -> None:
    printing = {
        (name, function)
        for name, tree in modules()
        for function in calls_that_print(tree)
        if name not in FILTERS
    }
    assert printing == STATIC


def test_who_touches_the_streams() -> None:
    touching = {name for name, tree in modules() if streams_in_use(tree)}
    # The boundary lets no character stop them, and asks whether their reader is there still.
    assert touching == CHOOSE | {"boundary.py"}
