"""What the tests of shapes share: the app's images, and the table in the docs."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import h2
import hpack
import hyperframe
import pytest

from fairlead.lab.state import Lab
from tests.e2e.shapes.every import SHAPES, is_whole
from tests.e2e.shapes.story import Cell
from tests.e2e.shapes.table import PAGE, write_table
from tests.e2e.workbench import Workbench
from tests.lab import own_server

HERE = Path(__file__).parent
VERSIONS = ("1", "2", "3")
collect_ignore = [] if is_whole() else ["test_peer.py"]


@pytest.fixture(scope="session")
def images(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The app of all shapes by version, published once: to them it is an image of others, which none builds.

    The versions differ in the files that they bring; where no shape looks at those, they are one image.
    """
    root = tmp_path_factory.mktemp("image") / "shapes"
    shutil.copytree(HERE / "image", root)
    for package in (h2, hpack, hyperframe):
        shutil.copytree(Path(str(package.__file__)).parent, root / "lib" / package.__name__)
    bench = Workbench(root, lab, lab.servers[own_server(1)])
    registry = f"{lab.registry}/shapes-{secrets.token_hex(3)}"
    bench.environ["FAIRLEAD_REGISTRY"] = registry
    names = {version: f"app{version}" if is_whole() else "app1" for version in VERSIONS}
    built = ", ".join(f"{name}: {{args: {{STYLE: '{name[-1]}'}}}}" for name in sorted({*names.values()}))
    (root / "fairlead.yaml").write_text(f"app: shapes\nimages: {{{built}}}\nplatforms: [linux/amd64]\n")
    bench.git("init", "--quiet", "--initial-branch", "main")
    bench.commit("the app")
    for verb in ("build", "scan"):
        bench.ok(verb)
    published = bench.ok("--json", "publish").document["images"]
    return {version: f"{registry}/{name}@{published[name]['digest']}" for version, name in names.items()}


@pytest.fixture(scope="session")
def table() -> Iterator[dict[str, list[Cell]]]:
    """What came of each step of each shape; a long run writes it into the docs."""
    cells: dict[str, list[Cell]] = {}
    yield cells
    if is_whole():
        write_table(PAGE, [one.name for one in SHAPES], cells)
