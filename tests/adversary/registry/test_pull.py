"""What a server pulls."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.engine.engine import Engine
from lab.state import Lab
from tests.adversary.registry.hand import INDEX_TYPE, Hand
from tests.integration.host.stage import Stage
from tests.integration.image.conftest import new_repository


def test_a_server_runs_the_manifest_that_was_scanned_whatever_the_index_holds(
    stage: Stage, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gets an index deployed that holds his image and ours for one platform; the engine takes the first, which is his.

    Holds: the server pulls the manifest of its own platform by the digest that was scanned, and runs that.
    """
    hand = Hand(lab, f"{new_repository(lab)}/web")
    monkeypatch.setenv("DOCKER_CONFIG", str(hand.login(tmp_path / "login")))
    subprocess.run(["docker", "tag", stage.image, f"{hand.repository}:ours"], check=True)
    subprocess.run(["docker", "push", "--quiet", f"{hand.repository}:ours"], check=True, capture_output=True)
    subprocess.run(["docker", "rmi", f"{hand.repository}:ours"], check=True, capture_output=True)
    ours = _manifest(hand, "ours")
    theirs, size = hand.twin(ours)
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    own = {"os": "linux", "architecture": architecture}
    entries = [
        {
            "mediaType": json.loads(hand.manifest(one))["mediaType"],
            "digest": one,
            "size": length,
            "platform": own,
        }
        for one, length in ((theirs, size), (ours, len(hand.manifest(ours))))
    ]
    index = hand.put({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries})
    sheet = stage.good(1)
    sheet.image = f"{hand.repository}@{index}"
    sheet.services.clear()
    scanned: dict[str, Any] = {"platforms": {f"linux/{architecture}": ours}, "pull": "manifest"}
    sheet.web(**scanned)
    sheet.proxy()
    result = stage.deploy(sheet)
    assert result.exit == 0, result
    (container,) = (one for one in stage.containers() if "-web-" in one)
    found = Engine.connect().inspect(container)
    assert found is not None
    assert "EVIL=1" not in found["Config"]["Env"]
    assert found["Config"]["Image"] == f"{hand.repository}@{ours}"


def _manifest(hand: Hand, tag: str) -> str:
    """The digest of the manifest under a tag, through an index if the engine pushed one."""
    from tests.adversary.registry.hand import digest_of

    data = hand.manifest(tag)
    entries = json.loads(data).get("manifests")
    return str(entries[0]["digest"]) if entries else digest_of(data)
