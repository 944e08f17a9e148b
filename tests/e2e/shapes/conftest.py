"""What the tests of shapes share: the app's images, and the table in the docs."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Mapping

import pytest

from lab.state import Lab
from tests.e2e.shapes.delivery import IMAGE, put_program
from tests.e2e.shapes.every import SHAPES, is_whole
from tests.e2e.shapes.story import Cell
from tests.e2e.shapes.table import PAGE as TABLE
from tests.e2e.shapes.table import write_table
from tests.e2e.workbench import Workbench
from tests.integration.host.php import php_image
from tests.lab import own_server

VERSIONS = ("1", "2", "3")
PAGE = """\
$fault = getenv('FAULT');
if ($fault == 'hang') { sleep(3600); }
if ($fault == 'error') { http_response_code(500); }
echo 'web {release}';
"""
collect_ignore = [] if is_whole() else ["test_peer.py"]


@pytest.fixture(scope="session")
def images(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The app of all shapes by version, published once: to them it is an image of others, which none builds.

    The versions differ in the files that they bring; where no shape looks at those, they are one image.
    """
    root = tmp_path_factory.mktemp("image") / "shapes"
    shutil.copytree(IMAGE, root)
    put_program(root)
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
def php_images(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """A page in PHP by version, with nginx and PHP-FPM beside it."""
    config = tmp_path_factory.mktemp("login")
    login = b64encode(f"{lab.username}:{lab.password}".encode()).decode()
    (config / "config.json").write_text(json.dumps({"auths": {lab.registry: {"auth": login}}}))
    repository = f"{lab.registry}/php-{secrets.token_hex(3)}/app"
    images = {}
    for version in VERSIONS:
        words = ["docker", "--config", str(config)]
        tag = f"{repository}:{version}"
        subprocess.run([*words, "tag", php_image(version, PAGE), tag], check=True, timeout=60)
        subprocess.run([*words, "push", "--quiet", tag], check=True, timeout=300)
        images[version] = f"{repository}@{php_image(version, PAGE).partition('@')[2]}"
    return images


@pytest.fixture
def table() -> Iterator[dict[str, list[Cell]]]:
    """What came of each step of the shape that the test tries; a long run writes it into the docs."""
    cells: dict[str, list[Cell]] = {}
    yield cells
    if is_whole():
        write_table(TABLE, [one.name for one in SHAPES], cells)
