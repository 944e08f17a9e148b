"""What was found in an image, kept beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fairlead.image.documents import PublishedImage, ScannedImage, ScannedPlatform
from fairlead.image.kept import find_inventory, keep_inventory
from fairlead.image.oci.manifests import UnfitError
from fairlead.image.registry import link
from fairlead.image.registry.client import Registry
from tests.unit.image.registry.double import HOST, Double, errors

DIGEST = f"sha256:{'a' * 64}"
IMAGE = PublishedImage(
    repository=f"{HOST}/acme/api", digest=DIGEST, tags=(), platforms={}, sizes={"linux/amd64": 7}
)
SCANNED = ScannedImage(
    digest=DIGEST,
    reasons=(),
    platforms={"linux/amd64": ScannedPlatform(counts={}, report="scan/api.json", sarif="", sbom="")},
)
REPORT = {
    "SchemaVersion": 2,
    "Metadata": {},
    "Results": [{"Class": "os-pkgs", "Packages": [{"Name": "bash", "Version": "5.2"}]}],
}


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    made = Double()
    monkeypatch.setattr(link, "open_session", made.session)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return made


def keep(folder: Path, report: str = json.dumps(REPORT)) -> str:
    (folder / "scan").mkdir(exist_ok=True)
    (folder / "scan" / "api.json").write_text(report)
    return keep_inventory(Registry(lambda _: None), IMAGE, SCANNED, "2026-11-29T00:00:00Z", folder)


def find(digest: str = DIGEST) -> Any:
    return find_inventory(IMAGE.repository, digest, environ={"DOCKER_CONFIG": "/nowhere"}, registry="")


def test_what_was_kept_is_found(double: Double, tmp_path: Path) -> None:
    assert find() is None
    assert keep(tmp_path) == ""
    held = find().platforms["linux/amd64"]
    assert (held.size, held.packages) == (7, {("bash", "5.2")})


def test_a_publish_does_not_fail_for_it(
    double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images are there by then: whatever is in its way is said, and nothing else."""
    assert "No such file" in keep_inventory(Registry(lambda _: None), IMAGE, SCANNED, "", tmp_path)
    assert "it is no JSON" in keep(tmp_path, "{")
    double.faults["PUT", "manifests"] = [(403, errors("DENIED", "no such right"))]
    assert "refuses the login" in keep(tmp_path)
    monkeypatch.setattr("fairlead.image.kept.LARGEST", 10)
    assert "and 10 are kept" in keep(tmp_path)
    assert find() is None


@pytest.mark.parametrize("digest", ["sha256:1", "", "../../other/manifests/latest", f"{DIGEST}/../x"])
def test_what_a_server_tells_is_no_address(double: Double, digest: str) -> None:
    with pytest.raises(UnfitError, match="is no SHA-256 digest"):
        find(digest)
    assert double.calls == []
