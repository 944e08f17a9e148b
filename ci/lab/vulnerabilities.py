"""The lab's vulnerability database: Trivy's own format, small, and known to the last entry.

It names packages that no image holds, so that a test makes an image vulnerable by adding one (:func:`render_leaky`),
and one that every stand-in holds, at a severity below any policy, so that a clean scan still proves that it looked.

Format (schema 2): https://github.com/aquasecurity/trivy-db: ``<distribution> > <source package> > <id>``,
``vulnerability > <id>``, ``data-source > <distribution>``, and ``metadata.json`` beside it.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.image.oci.manifests import MANIFEST_TYPE, Descriptor
from lab.bolt import Bucket, render_bolt
from lab.oci import write_blob, write_document
from lab.registry import RegistryClient

REPOSITORY = "lab/trivy-db"
SCHEMA_VERSION = 2
LEAKY_VERSION = "1.0-1"
FIXED_VERSION = "1.0-2"
_CONFIG = "application/vnd.aquasec.trivy.config.v1+json"
_LAYER = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"
_SEVERITIES = ("UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_SOURCE = {
    "ID": "debian",
    "Name": "Debian Security Tracker",
    "URL": "https://salsa.debian.org/security-tracker-team/security-tracker",
}
_RELEASES = ("10", "12", "13")
# One of each language, so that a scan of what it has installed is a scan.
_LANGUAGES = {"pip": "Pip", "npm": "Npm", "go": "Go"}
_LANGUAGE_FLAW = "CVE-2099-0006"
_STALE = dt.timedelta(days=30)


@dataclass(frozen=True)
class Flaw:
    """An entry: a source package, the severity, and whether a version that mends it is out."""

    identifier: str
    package: str
    severity: str
    fixed: bool


FLAWS = (
    Flaw("CVE-2099-0001", "lab-critical", "CRITICAL", fixed=True),
    Flaw("CVE-2099-0002", "lab-high", "HIGH", fixed=True),
    Flaw("CVE-2099-0003", "lab-unfixed", "CRITICAL", fixed=False),
    Flaw("CVE-2099-0004", "lab-low", "LOW", fixed=True),
    Flaw("CVE-2099-0005", "bash", "LOW", fixed=False),
)


def render_leaky(package: str, *, architecture: str = "all", version: str = LEAKY_VERSION) -> str:
    """A file for ``/var/lib/dpkg/status.d/<package>``: with it an image holds that package for every scanner."""
    return (
        f"Package: {package}\nStatus: install ok installed\nVersion: {version}\nArchitecture: {architecture}\n"
        f"Maintainer: Fairlead lab <lab@localhost>\nSection: misc\nPriority: optional\n"
        f"Description: a package with a known flaw\n"
    )


def render_database(flaws: tuple[Flaw, ...]) -> bytes:
    """The file ``trivy.db``."""
    advisories: dict[str, Bucket] = {}
    details: dict[str, bytes] = {}
    for flaw in flaws:
        advisory: dict[str, object] = {"Severity": _SEVERITIES.index(flaw.severity)}
        advisory |= {"FixedVersion": FIXED_VERSION} if flaw.fixed else {"Status": 2}
        advisories[flaw.package] = {flaw.identifier: _json(advisory)}
        detail = {
            "Title": f"{flaw.package}: a flaw of the lab",
            "Description": "Not a real flaw: an entry of the Fairlead lab.",
            "Severity": flaw.severity,
            "VendorSeverity": {"debian": _SEVERITIES.index(flaw.severity)},
            "References": [f"https://security-tracker.debian.org/tracker/{flaw.identifier}"],
        }
        details[flaw.identifier] = _json(detail)
    releases: dict[str, Bucket] = {f"debian {release}": advisories for release in _RELEASES if flaws}
    sources = {f"debian {release}": _json(_SOURCE) for release in _RELEASES}
    languages: dict[str, Bucket] = {}
    if flaws:
        flawed = _json({"PatchedVersions": ["2.0.0"], "VulnerableVersions": ["<2.0.0"]})
        details[_LANGUAGE_FLAW] = _json({"Title": "a flaw of the lab", "Severity": "CRITICAL"})
        for ecosystem, name in _LANGUAGES.items():
            bucket = f"{ecosystem}::GitHub Security Advisory {name}"
            languages[bucket] = {f"lab-critical-{ecosystem}": {_LANGUAGE_FLAW: flawed}}
            sources[bucket] = _json(_language_source(ecosystem, name))
    return render_bolt({**releases, **languages, "vulnerability": details, "data-source": sources})


def _language_source(ecosystem: str, name: str) -> dict[str, str]:
    url = f"https://github.com/advisories?query=type%3Areviewed+ecosystem%3A{ecosystem}"
    return {"ID": "ghsa", "Name": f"GitHub Security Advisory {name}", "URL": url}


def database_version() -> str:
    """What tells the database of this version of the lab from that of another."""
    return hashlib.sha256(render_database(FLAWS)).hexdigest()[:12]


def render_metadata(updated_at: dt.datetime) -> bytes:
    """The file ``metadata.json``, by which a scanner knows how old the database is."""
    return _json(
        {
            "Version": SCHEMA_VERSION,
            "UpdatedAt": updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "NextUpdate": (updated_at + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "DownloadedAt": "0001-01-01T00:00:00Z",
        }
    )


def publish_databases(client: RegistryClient, now: dt.datetime) -> None:
    """Push the database under the tags ``2`` (fresh), ``stale`` (a month old) and ``empty``.

    The age is cut to the hour, so that a second run within it pushes nothing new.
    """
    hour = now.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    full = render_database(FLAWS)
    variants = {
        str(SCHEMA_VERSION): (full, hour),
        "stale": (full, hour - _STALE),
        "empty": (render_database(()), hour),
    }
    with tempfile.TemporaryDirectory() as folder:
        blobs = Path(folder) / "blobs" / "sha256"
        for tag, (database, updated_at) in variants.items():
            content = _archive({"trivy.db": database, "metadata.json": render_metadata(updated_at)})
            layer = write_blob(blobs, _LAYER, content)
            config = write_document(blobs, _CONFIG, {})
            root = write_document(blobs, MANIFEST_TYPE, _manifest(config, layer))
            if client.digest(REPOSITORY, tag) != root.digest:
                client.push(REPOSITORY, (tag,), blobs, (config, layer), root)


def _manifest(config: Descriptor, layer: Descriptor) -> dict[str, object]:
    title = {"org.opencontainers.image.title": "db.tar.gz"}
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.to_json(),
        "layers": [{**layer.to_json(), "annotations": title}],
    }


def _archive(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
