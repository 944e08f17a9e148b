"""What the scan of a release has found is kept beside it, and the next release is told against it."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from fairlead.image.kept import MEDIA_TYPE, find_inventory
from fairlead.image.registry.artifact import artifact_tag, put_artifact
from fairlead.image.registry.client import open_registry
from fairlead.rollout.contents import Contents
from lab.vulnerabilities import FIXED_VERSION, render_leaky
from tests.integration.image.workshop import SMALL, Workshop


def test_what_a_release_fixes_and_brings_is_known_by_what_was_kept(scanned: Workshop) -> None:
    """Trivy's own findings, by way of the registry alone: nothing of the first scan is left here."""
    scanned.write("packages/amd64/lab-low", render_leaky("lab-low"))
    old = _published(scanned)
    scanned.write("packages/amd64/lab-low", render_leaky("lab-low", version=FIXED_VERSION))
    scanned.write("packages/amd64/lab-unfixed", render_leaky("lab-unfixed"))
    new = _published(scanned)
    found = _contents(scanned, old, new)
    assert found["unknown"] == ""
    assert {kind: [one["id"] for one in found[kind]["listed"]] for kind in ("new", "fixed", "disclosed")} == {
        "new": ["CVE-2099-0003"],
        "fixed": ["CVE-2099-0004"],
        "disclosed": [],
    }
    assert [(one["package"], one["before"], one["after"]) for one in found["packages"]["listed"]] == [
        ("lab-low", ["1.0-1"], ["1.0-2"]),
        ("lab-unfixed", [], ["1.0-1"]),
    ]
    assert found["sizes"]["linux/amd64"] > 0
    # An image of before this was kept has none; whoever may write to the registry may have put anything there.
    assert _contents(scanned, f"sha256:{'0' * 64}", new) == {"unknown": "no scan of 000012 is kept"}
    registry = open_registry(scanned.lab.registry, _environ(scanned))
    put_artifact(registry, f"{scanned.repository}/api:{artifact_tag(old, 'scan')}", MEDIA_TYPE, b"rubbish")
    assert "what is kept as the scan of 000012 is none" in _contents(scanned, old, new)["unknown"]


def _published(workshop: Workshop) -> str:
    workshop.settings("", of=SMALL)
    workshop.commit("another one")
    workshop.passed()
    return str(workshop.ok("publish")["images"]["api"]["digest"])


def _contents(workshop: Workshop, before: str, digest: str) -> dict[str, Any]:
    find = partial(find_inventory, environ=_environ(workshop), registry=workshop.repository)
    images = [{"image": "api", "digest": digest, "before": before}]
    (one,) = Contents(images, {"api": f"{workshop.repository}/api"}, "000012", find).joined()
    contents: dict[str, Any] = one["contents"]
    return contents


def _environ(workshop: Workshop) -> dict[str, str]:
    return {**os.environ, **workshop.lab.environ, "FAIRLEAD_REGISTRY": workshop.repository}
