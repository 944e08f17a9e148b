"""What must hold for the source as a whole, and no linter says."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.host.wire.phases import PHASES

ROOT = Path(__file__).parent.parent.parent
AGENT = ROOT / "ci" / "fairlead" / "host"
HOST = sorted(file.relative_to(AGENT) for file in AGENT.rglob("*.py"))


def _foreign_imports(source: str, depth: int) -> Iterator[str]:
    """What a module of the agent imports from outside; ``depth`` is 1 for one directly in its folder."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if not _is_standard(one.name))
        elif isinstance(node, ast.ImportFrom) and not 1 <= node.level <= depth:
            if not node.level and _is_standard(node.module or ""):
                continue
            yield "." * node.level + (node.module or "")


def _is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("file", HOST, ids=str)
def test_the_agent_imports_itself_and_the_standard_library(file: Path) -> None:
    """Itself only by relative import: on the server it is a zipapp of another name."""
    assert list(_foreign_imports((AGENT / file).read_text(encoding="utf-8"), len(file.parts))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import click",
        "from fairlead.host.disk import lock",
        "from ..errors import InputError",
        "from yaml import load",
    ],
)
def test_a_foreign_import_would_be_seen(line: str) -> None:
    assert list(_foreign_imports(f"import os\nfrom . import lock\n{line}\n", depth=1))


PACKAGE = ROOT / "ci" / "fairlead"
WRITERS = {
    "files.py": "the door itself",
    "process.py": "the log of a daemon lies where its caller, the lab or the setup, says",
    "boundary.py": "closes its output: /dev/null",
    "quick/codecache.py": "runs before there is time to import the door; relies on nothing in a checkout",
    "judge/asked/program.py": "as codecache",
    "remote/loader.py": "runs on the server",
    "remote/session.py": "its writer is a connection",
    "tools/unpack.py": "bootstrap runs it before there is a virtualenv, to make one in the cache",
    "schemas/reference.py": "a developer writes the project's own pages",
    "schemas/refresh.py": "a developer fetches the project's own schemas",
    "cli/help/reference.py": "a developer writes the project's own pages",
}
# A list has an item removed, and a link leads to a registry: of these names only os's own write.
_WRITING_OF_OS = frozenset(("link", "remove"))
_WRITING = frozenset(
    [
        "write_text",
        "write_bytes",
        "mkdir",
        "makedirs",
        "rmtree",
        "unlink",
        "rmdir",
        "removedirs",
        "symlink",
        "symlink_to",
        "hardlink_to",
        "touch",
        "rename",
        "renames",
        "mkdtemp",
        "mkstemp",
        "TemporaryDirectory",
        "NamedTemporaryFile",
        "TemporaryFile",
        "extract",
        "extractall",
        "copyfile",
        "copytree",
        "copy2",
        "chmod",
        "mkfifo",
        "mknod",
        "truncate",
    ]
)
_FLAGS = frozenset({"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"})
CLIENT = sorted(
    file.relative_to(PACKAGE)
    for file in PACKAGE.rglob("*.py")
    if file.relative_to(PACKAGE).parts[0] not in {"host", "lab"}
    and str(file.relative_to(PACKAGE)) not in WRITERS
)


def _writes(source: str) -> Iterator[str]:
    """The calls of a module that change what is on the disk, but those of the door."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        method = node.func if isinstance(node.func, ast.Attribute) else None
        name = method.attr if method else getattr(node.func, "id", "")
        owner = method.value.id if method and isinstance(method.value, ast.Name) else ""
        if owner == "files":
            continue
        words = [
            word
            for word in (*node.args, *(one.value for one in node.keywords))
            if isinstance(word, ast.Constant)
        ]
        modes = [
            word.value for word in words if isinstance(word.value, str) and set(word.value) <= set("rwxabt+")
        ]
        flags = {part.attr for arg in node.args for part in ast.walk(arg) if isinstance(part, ast.Attribute)}
        is_open = name == "open" and bool(_FLAGS & flags or any(set("wax+") & set(mode) for mode in modes))
        # A text is replaced by two words; a file by one, and so is nothing else.
        is_moved = (
            method and name == "replace" and (owner == "os" or (len(node.args) == 1 and not node.keywords))
        )
        is_of_os = name in _WRITING_OF_OS and (owner == "os")
        if name in _WRITING or is_of_os or is_open or is_moved:
            yield f"{name} in line {node.lineno}"


@pytest.mark.parametrize("file", CLIENT, ids=str)
def test_files_are_written_through_the_one_door(file: Path) -> None:
    """Only ``fairlead/files.py`` follows no link that somebody put there; the exceptions say why they may."""
    assert list(_writes((PACKAGE / file).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        'path.write_text("x")',
        'path.open("w")',
        'open(path, mode="ab")',
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "shutil.rmtree(path, ignore_errors=True)",
        "draft.replace(path)",
        "os.replace(a, b)",
        "tempfile.TemporaryDirectory()",
        "path.mkdir(parents=True)",
        "os.remove(path)",
        "os.link(a, b)",
    ],
)
def test_a_write_past_the_door_would_be_seen(line: str) -> None:
    assert list(_writes(f"import os\n{line}\n"))


@pytest.mark.parametrize(
    "line",
    [
        'text.replace("a", "b")',
        "replace(options, x=1)",
        "files.remove(path)",
        "path.open()",
        "found.remove(one)",
    ],
)
def test_what_writes_nothing_is_left_alone(line: str) -> None:
    assert list(_writes(line)) == []


@pytest.mark.parametrize("file", sorted(WRITERS))
def test_the_exceptions_are_needed(file: str) -> None:
    assert list(_writes((PACKAGE / file).read_text(encoding="utf-8")))


_NAMES = {phase.name for phase in PHASES}
_NAMED = re.compile(rf"""(['"])({"|".join(_NAMES)})\1""")
_SOURCES = sorted(
    file.relative_to(ROOT) for folder in ("ci", "app", "chaos") for file in (ROOT / folder).rglob("*.py")
)


def _told_phases(source: str) -> Iterator[str]:
    """Where a module knows phases by itself: several names in one display, or one that a phase is held against."""
    for node in ast.walk(ast.parse(source)) if _NAMED.search(source) else ():
        if isinstance(node, (ast.Tuple, ast.List, ast.Set, ast.Dict)):
            parts = node.keys if isinstance(node, ast.Dict) else node.elts
            known = {part.value for part in parts if isinstance(part, ast.Constant)} & _NAMES
            if len(known) > 1:
                yield ast.unparse(node)
        elif isinstance(node, ast.Compare) and "phase" in ast.unparse(node):
            sides = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
            if any(isinstance(part, ast.Constant) and part.value in _NAMES for part in sides):
                yield ast.unparse(node)


def test_nobody_but_their_table_knows_the_phases() -> None:
    """What a phase means, and which come after it, is asked of the table: a list of names forgets the next phase."""
    told = {file: list(_told_phases((ROOT / file).read_text(encoding="utf-8"))) for file in _SOURCES}
    assert {file: found for file, found in told.items() if found} == {}


@pytest.mark.parametrize(
    "line",
    [
        'SERVES = ("switch", "watch", "agree", "commit")',
        'PATIENCE = {"start": 2, "verify": 1}',
        'may_follow = left.get("phase") in {"commit"}',
        'if left.phase == "switch": pass',
    ],
)
def test_what_would_be_a_list_of_phases(line: str) -> None:
    assert list(_told_phases(line))
