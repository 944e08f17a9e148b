"""The same apps by ``docker compose up --detach --wait`` on the server, told as it comes; in the long form only."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fairlead.lab.state import Lab, Server
from tests.e2e.shapes.delivery import ByCompose
from tests.e2e.shapes.every import SHAPES
from tests.e2e.shapes.story import FAULTS, Story
from tests.e2e.shapes.table import COMPARISON, write_table

PEERS = ("sqlite", "uploads", "ports", "worker", "front")


@pytest.mark.parametrize("name", PEERS)
def test_a_peer(name: str, lab: Lab, server: Server, images: Mapping[str, str]) -> None:
    """The same, told as it comes, of ``docker compose up --detach --wait`` on the server."""
    shape = next(one for one in SHAPES if one.name == name)
    story = Story(shape, ByCompose(name, lab, server, shape.secrets), server.address, images)
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
    write_table(COMPARISON, PEERS, {name: story.cells})
