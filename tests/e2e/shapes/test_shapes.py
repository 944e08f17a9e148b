"""Apps of the shapes that real ones have: no deploy of any ends with 0 where users see nothing, and no byte is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import ExitCode
from lab.state import Lab, Server
from tests.e2e.shapes.delivery import ByFairlead
from tests.e2e.shapes.every import faults_of, tried
from tests.e2e.shapes.story import Cell, Shape, Story


@pytest.mark.parametrize("shape", tried())
def test_a_shape(
    shape: Shape,
    lab: Lab,
    server: Server,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    table: dict[str, list[Cell]],
) -> None:
    """Deployed, changed, broken, taken back and removed, with users at it, and what they wrote still there."""
    delivery = ByFairlead(shape.name, tmp_path, lab, server, shape.secrets, builds=shape.builds)
    images = request.getfixturevalue("php_images" if shape.php else "images")
    story = Story(shape, delivery, server.address, images)
    table[shape.name] = story.cells
    wrong = [check(story, story.release("1"), 0, "1")]
    story.write()
    wrong.append(check(story, story.release("2"), 0, "2"))
    story.write()
    wrong += [
        check(story, story.release("3", fault), ExitCode.ROLLED_BACK, "2") for fault in faults_of(shape)
    ]
    story.write()
    wrong.append(check(story, story.rollback(), 0, "1"))
    assert story.remove().code == 0
    assert not any(wrong), f"{[one for one in wrong if one]}\n{story.told}"


def check(story: Story, cell: Cell, code: int, version: str) -> str:
    """What is wrong, unless it ended so, users are served by that version, no data is gone, and no request is lost.

    In its gaps a shape may lose requests.
    """
    says = story.shape.says(version)
    holds = (cell.code, cell.serves) == (code, says) and cell.data in ("-", f"all of {len(story.written)}")
    if holds and (cell.step in story.shape.gaps or not cell.lost):
        return ""
    return f"{cell.row}, but exit {code} and `{says}` are right"
