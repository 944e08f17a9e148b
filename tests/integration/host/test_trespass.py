"""A bundle of before is judged like one that arrives: what is not the app's is not gone back to either."""

from __future__ import annotations

import json

import pytest

from fairlead.host.disk.routes import read_live
from fairlead.host.engine.containers import read_app_containers
from fairlead.host.engine.engine import Engine
from tests.integration.host.stage import Stage


@pytest.mark.serving
def test_a_rollback_to_what_takes_from_others_is_refused(stage: Stage) -> None:
    assert stage.deploy(stage.good(2)).status == "live"
    file = stage.paths.release("000001") / "release.json"
    document = json.loads(file.read_text())
    bind = {"type": "bind", "source": str(stage.root), "target": "/x"}
    document["services"]["web"]["definition"]["volumes"] = [bind]
    file.chmod(0o600)
    file.write_text(json.dumps(document))
    # As an agent of an older version left it: it wrote no checksums.
    (file.parent / "sums.json").unlink()
    before = {one.id for one in read_app_containers(Engine.connect(), stage.paths) if one.running}
    result = stage.rollback("000001")
    assert (result.status, result.exit) == ("refused", 2)
    assert "services.web volumes[0]" in str(result.error)
    assert read_live(stage.paths) == "000002"
    assert before == {one.id for one in read_app_containers(Engine.connect(), stage.paths) if one.running}
