"""Values that the tests of images share."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from fairlead.identity import Identity
from fairlead.image.documents import BuildDocument, BuiltImage, ScanDocument, ScannedImage, ScannedPlatform
from fairlead.image.scan.findings import Report, Vulnerability
from fairlead.image.scan.verdict import Database, PlatformScan, policy_hash
from fairlead.settings.images import ImageSettings, ScanSettings
from fairlead.settings.values import Settings

ROOT = Path("/clone")
REVISION = "4f2a9c1d" * 5
NOW = 1_790_000_000.0
PLATFORMS = ("linux/amd64", "linux/arm64")
CONFIG = "sha256:" + "c" * 64
INDEX = "sha256:" + "1" * 64


def settings(**changes: Any) -> Settings:
    """A fairlead.yaml with one image, ``api``."""
    values: dict[str, Any] = {
        "path": ROOT / "fairlead.yaml",
        "root": ROOT,
        "app": "board",
        "registry": "ghcr.io/acme/board",
        "images": {"api": ImageSettings(name="api", dockerfile=ROOT / "Dockerfile.api", context=ROOT)},
        "platforms": PLATFORMS,
    }
    return Settings(**{**values, **changes})


def identity(**changes: Any) -> Identity:
    """A clean commit on main."""
    clean = Identity(
        revision=REVISION,
        revision_time=int(NOW),
        branch="main",
        tags=(),
        dirty_files=(),
        source_url="https://github.com/acme/board",
        author="A <a@example.com>",
    )
    return dataclasses.replace(clean, **changes)


def vulnerability(**changes: Any) -> Vulnerability:
    """A severe one with a fix."""
    found = Vulnerability("CVE-2026-1", "bash", "5.2-1", "5.2-2", "HIGH")
    return dataclasses.replace(found, **changes)


def report(**changes: Any) -> Report:
    """A clean Debian 13."""
    clean = Report(
        platform="linux/amd64",
        image_id=CONFIG,
        os_family="debian",
        os_release="13.1",
        is_end_of_life=False,
        os_packages=90,
        listed_by=frozenset({"dpkg"}),
        names_repositories=False,
        languages={},
        vulnerabilities=(),
    )
    return dataclasses.replace(clean, **changes)


def scan(**changes: Any) -> PlatformScan:
    """The scan of linux/amd64; the report says the same platform unless it is given."""
    platform = changes.get("platform", "linux/amd64")
    values: dict[str, Any] = {"platform": platform, "config": CONFIG, "report": report(platform=platform)}
    return PlatformScan(**{**values, **changes})


def database(**changes: Any) -> Database:
    """A database of an hour ago that knows Debian 13."""
    fresh = Database(updated_at=NOW - 3600, buckets=frozenset({"vulnerability", "debian 13", "alpine 3.20"}))
    return dataclasses.replace(fresh, **changes)


def build(**changes: Any) -> BuildDocument:
    """A clean build of ``api`` for two platforms."""
    image = BuiltImage(
        repository="ghcr.io/acme/board/api",
        layout="images/api",
        digest=INDEX,
        platforms={platform: "sha256:" + str(number) * 64 for number, platform in enumerate(PLATFORMS, 2)},
    )
    values: dict[str, Any] = {
        "app": "board",
        "revision": REVISION,
        "revision_time": int(NOW),
        "dirty_files": (),
        "branch": "main",
        "git_tags": (),
        "created_at": "2026-09-21T14:13:20Z",
        "images": {"api": image},
    }
    return BuildDocument(**{**values, **changes})


def scanned(policy: ScanSettings | None = None, **changes: Any) -> ScanDocument:
    """A passing scan of that build."""
    platform = ScannedPlatform(counts={"HIGH": 0}, report="scan/r.json", sarif="", sbom="")
    image = ScannedImage(digest=INDEX, reasons=(), platforms=dict.fromkeys(PLATFORMS, platform))
    values: dict[str, Any] = {
        "policy": policy_hash(policy or ScanSettings()),
        "scanned_at": "2026-09-21T14:00:00Z",
        "scanner": "trivy",
        "scanner_version": "0.74.0",
        "database_updated_at": None,
        "database_source": "",
        "warnings": (),
        "images": {"api": image},
    }
    return ScanDocument(**{**values, **changes})
