"""Apps of the shapes that real ones have: no deploy of any ends with 0 where users see nothing, and no byte is lost."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fairlead.errors import ExitCode
from fairlead.lab.state import Lab, Server
from tests.e2e.shapes.story import FAULTS, Cell, Shape, Story
from tests.e2e.shapes.table import write_table
from tests.e2e.workbench import Workbench
from tests.lab import own_server

HERE = Path(__file__).parent

SHAPES = (
    Shape("sqlite", keeps=True, gap=True),
    Shape("uploads", keeps=True, gap=True),
    Shape("ports"),
    Shape("host", port=8080, gap=True),
    Shape("worker"),
    Shape("front", says=lambda version: f"web {version} + api {version}"),
)


@pytest.fixture(scope="session")
def image(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The app of all shapes, published once: for them it is an image of others, which none of them builds."""
    root = tmp_path_factory.mktemp("image") / "shapes"
    shutil.copytree(HERE / "image", root)
    bench = Workbench(root, lab, lab.servers[own_server(1)])
    registry = f"{lab.registry}/shapes-{secrets.token_hex(3)}"
    bench.environ["FAIRLEAD_REGISTRY"] = registry
    (root / "fairlead.yaml").write_text("app: shapes\nimages: {app: {}}\nplatforms: [linux/amd64]\n")
    bench.git("init", "--quiet", "--initial-branch", "main")
    bench.commit("the app")
    for verb in ("build", "scan"):
        bench.ok(verb)
    digest = bench.ok("--json", "publish").document["images"]["app"]["digest"]
    return f"{registry}/app@{digest}"


@pytest.fixture(scope="session")
def table() -> Iterator[dict[str, list[Cell]]]:
    """What came of each step of each shape; a run of all of them writes it into the docs."""
    cells: dict[str, list[Cell]] = {}
    yield cells
    if is_whole() and cells.keys() == {one.name for one in SHAPES}:
        write_table(cells)


@pytest.mark.parametrize("shape", SHAPES, ids=[one.name for one in SHAPES])
def test_a_shape(
    shape: Shape, lab: Lab, server: Server, image: str, tmp_path: Path, table: dict[str, list[Cell]]
) -> None:
    """Deployed, changed, broken, taken back and removed, with users at it, and what they wrote still there."""
    story = Story(shape, tmp_path, lab, server, image)
    check(story, story.release("1"), 0, "1")
    story.write()
    check(story, story.release("2"), 0, "2")
    story.write()
    for fault in faults_of(shape):
        check(story, story.release("3", fault), ExitCode.ROLLED_BACK, "2")
    story.write()
    check(story, story.rollback(), 0, "1")
    assert story.remove().code == 0
    table[shape.name] = story.cells


def is_whole() -> bool:
    """Whether every fault is tried on every shape (``make shapes``)."""
    return os.environ.get("FAIRLEAD_SHAPES") == "all"


def faults_of(shape: Shape) -> Sequence[str]:
    """What is tried: everything, or one fault, another one for each shape."""
    return FAULTS if is_whole() else (FAULTS[SHAPES.index(shape) % len(FAULTS)],)


def check(story: Story, cell: Cell, code: int, version: str) -> None:
    """It ended so, users are served by that version, nobody but those of a gap lost a request, and no data is gone."""
    assert (cell.code, cell.serves) == (code, story.shape.says(version)), story.told
    assert cell.data in ("-", f"all of {len(story.written)}"), story.told
    assert story.shape.gap or not cell.lost, story.told
