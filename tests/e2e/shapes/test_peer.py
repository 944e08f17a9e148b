"""The same apps by ``docker compose up --detach --wait`` on the server and by Kamal, told as it comes; in the long form only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.state import Lab, Server
from tests.e2e.shapes.delivery import ByCompose, Delivery
from tests.e2e.shapes.every import SHAPES
from tests.e2e.shapes.kamal import SETTINGS, kamal
from tests.e2e.shapes.story import FAULTS, Cell, Shape, Story
from tests.e2e.shapes.table import COMPARISON, write_table

PEERS = ("sqlite", "uploads", "ports", "worker", "front")


@pytest.mark.parametrize("name", PEERS)
def test_a_peer(name: str, lab: Lab, server: Server, images: Mapping[str, str]) -> None:
    """The same, told as it comes, of ``docker compose up --detach --wait`` on the server."""
    shape = _shape(name)
    delivery = ByCompose(name, lab, server, shape.secrets)
    write_table(COMPARISON, PEERS, {name: _tell(shape, delivery, server, images)})


@pytest.mark.parametrize("name", SETTINGS)
def test_kamal(name: str, lab: Lab, server: Server, images: Mapping[str, str], tmp_path: Path) -> None:
    """The same of Kamal, for shapes of one service."""
    shape = _shape(name)
    with kamal(name, tmp_path, lab, server, shape.secrets, images["1"]) as delivery:
        cells = _tell(shape, delivery, server, images)
    write_table(COMPARISON, list(SETTINGS), {name: cells}, name="kamal")


def _shape(name: str) -> Shape:
    return next(one for one in SHAPES if one.name == name)


def _tell(shape: Shape, delivery: Delivery, server: Server, images: Mapping[str, str]) -> list[Cell]:
    story = Story(shape, delivery, server.address, images)
    assert story.release("1").code == 0, story.told
    story.write()
    assert story.release("2").code == 0, story.told
    story.write()
    for fault in FAULTS:
        story.release("3", fault)
        story.recover()
    story.write()
    story.rollback()
    story.remove()
    return story.cells
