"""The documents by which the verbs hand images on: ``build.json``, ``scan.json``, ``publish.json``.

Each has a JSON Schema in ``fairlead.schemas`` and a version in its first field.
Paths in a document are relative to its folder, so that the folder can travel to another job or machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from fairlead import files
from fairlead.errors import InputError
from fairlead.image.workdir import write_json

BUILD_NAME = "build.json"
SCAN_NAME = "scan.json"
PUBLISH_NAME = "publish.json"


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """An image of a build.

    Attributes:
        repository: where it will be published, without tag.
        layout: its OCI layout, relative to the work directory.
        digest: of the index.
        platforms: digest of the image manifest, by platform.
        emulated: platforms on which steps of the Dockerfile ran under emulation.
        bases: the images that it was built from, each with the digest that its name pointed to.
    """

    repository: str
    layout: str
    digest: str
    platforms: Mapping[str, str]
    emulated: tuple[str, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BuildDocument:
    """``build.json``: what was built, of which commit."""

    app: str
    revision: str
    revision_time: int
    dirty_files: tuple[str, ...]
    branch: str | None
    git_tags: tuple[str, ...]
    created_at: str
    images: Mapping[str, BuiltImage]

    @property
    def dirty(self) -> bool:
        return bool(self.dirty_files)

    def to_json(self) -> dict[str, Any]:
        """The document as JSON values."""
        return {
            "schema": "fairlead.build/v1",
            "app": self.app,
            "revision": self.revision,
            "revision_time": self.revision_time,
            "dirty": self.dirty,
            "dirty_files": list(self.dirty_files),
            "branch": self.branch,
            "git_tags": list(self.git_tags),
            "created_at": self.created_at,
            "images": {
                name: {
                    "repository": image.repository,
                    "layout": image.layout,
                    "digest": image.digest,
                    "platforms": dict(image.platforms),
                    "emulated": list(image.emulated),
                    "bases": dict(image.bases),
                }
                for name, image in self.images.items()
            },
        }


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why an image fails: a stable code, the platform (empty: all of them), and a sentence."""

    code: str
    platform: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ScannedPlatform:
    """One platform of a scanned image: counts by severity, and its reports, relative to the work directory.

    ``matched``: what of the database its packages were matched against.
    """

    counts: Mapping[str, int]
    report: str
    sarif: str
    sbom: str
    matched: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ScannedImage:
    """A scanned image. ``reasons`` is empty exactly if it passes."""

    digest: str
    reasons: tuple[Reason, ...]
    platforms: Mapping[str, ScannedPlatform]

    @property
    def verdict(self) -> Literal["pass", "fail"]:
        return "fail" if self.reasons else "pass"


@dataclass(frozen=True, kw_only=True)
class ScanDocument:
    """``scan.json``: the verdicts, the policy that gave them (its hash), and the database that was asked."""

    policy: str
    scanned_at: str
    scanner: str
    scanner_version: str
    database_updated_at: str | None
    database_source: str
    warnings: tuple[str, ...]
    images: Mapping[str, ScannedImage]

    def to_json(self) -> dict[str, Any]:
        """The document as JSON values."""
        return {
            "schema": "fairlead.scan/v1",
            "policy": self.policy,
            "scanned_at": self.scanned_at,
            "scanner": {"name": self.scanner, "version": self.scanner_version},
            "database": {"updated_at": self.database_updated_at, "source": self.database_source},
            "warnings": list(self.warnings),
            "images": {name: _scanned_json(image) for name, image in self.images.items()},
        }


@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """An image in the registry: deploy it as ``repository@digest``. ``sizes``: bytes that are pulled, by platform."""

    repository: str
    digest: str
    tags: tuple[str, ...]
    platforms: Mapping[str, str]
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PublishDocument:
    """``publish.json``: what the registry holds now."""

    app: str
    revision: str
    revision_time: int
    images: Mapping[str, PublishedImage]

    def to_json(self) -> dict[str, Any]:
        """The document as JSON values."""
        return {
            "schema": "fairlead.publish/v1",
            "app": self.app,
            "revision": self.revision,
            "revision_time": self.revision_time,
            "images": {
                name: {
                    "repository": image.repository,
                    "digest": image.digest,
                    "tags": list(image.tags),
                    "platforms": dict(image.platforms),
                    "sizes": dict(image.sizes),
                }
                for name, image in self.images.items()
            },
        }


class Document(Protocol):
    """Anything that becomes a JSON document."""

    def to_json(self) -> dict[str, Any]:
        """The document as JSON values."""
        ...


def write_document(path: Path, document: Document) -> None:
    """Write a document whole or not at all: a reader never sees half of it."""
    write_json(path, document.to_json())


def load_build(work_dir: Path) -> BuildDocument:
    """Read ``build.json``.

    Raises:
        InputError: it is not there, or does not hold: all faults as findings.
    """
    return _build_document(_load(work_dir / BUILD_NAME, "build", "`fairlead build` writes it"))


def parse_build(text: str, name: str) -> BuildDocument:
    """Read the text of a ``build.json`` that came another way; ``name`` says which.

    Raises:
        InputError: it does not hold: all faults as findings.
    """
    return _build_document(
        _parse(text, name, "build", "hand on the output `document` of the action build as it is")
    )


def load_scan(work_dir: Path) -> ScanDocument:
    """Read ``scan.json``.

    Raises:
        InputError: it is not there, or does not hold: all faults as findings.
    """
    value = _load(work_dir / SCAN_NAME, "scan", "`fairlead scan` writes it")
    return ScanDocument(
        policy=value["policy"],
        scanned_at=value["scanned_at"],
        scanner=value["scanner"]["name"],
        scanner_version=value["scanner"]["version"],
        database_updated_at=value["database"]["updated_at"],
        database_source=value["database"]["source"],
        warnings=tuple(value["warnings"]),
        images={
            name: ScannedImage(
                digest=image["digest"],
                reasons=tuple(Reason(**reason) for reason in image["reasons"]),
                platforms={
                    platform: ScannedPlatform(**{**scanned, "matched": tuple(scanned.get("matched", ()))})
                    for platform, scanned in image["platforms"].items()
                },
            )
            for name, image in value["images"].items()
        },
    )


def load_publish(work_dir: Path) -> PublishDocument:
    """Read ``publish.json``.

    Raises:
        InputError: it is not there, or does not hold: all faults as findings.
    """
    return _publish_document(_load(work_dir / PUBLISH_NAME, "publish", "`fairlead publish` writes it"))


def parse_publish(text: str, name: str) -> PublishDocument:
    """Read the text of a ``publish.json`` that came another way; ``name`` says which.

    Raises:
        InputError: it does not hold: all faults as findings.
    """
    fix = "hand on the output `document` of the action publish as it is"
    return _publish_document(_parse(text, name, "publish", fix))


def _build_document(value: Mapping[str, Any]) -> BuildDocument:
    return BuildDocument(
        app=value["app"],
        revision=value["revision"],
        revision_time=value["revision_time"],
        dirty_files=tuple(value["dirty_files"]) or (("?",) if value["dirty"] else ()),
        branch=value["branch"],
        git_tags=tuple(value["git_tags"]),
        created_at=value["created_at"],
        images={
            name: BuiltImage(**{**image, "emulated": tuple(image["emulated"])})
            for name, image in value["images"].items()
        },
    )


def _publish_document(value: Mapping[str, Any]) -> PublishDocument:
    return PublishDocument(
        app=value["app"],
        revision=value["revision"],
        revision_time=value["revision_time"],
        images={
            name: PublishedImage(**{**image, "tags": tuple(image["tags"])})
            for name, image in value["images"].items()
        },
    )


def _scanned_json(image: ScannedImage) -> dict[str, Any]:
    return {
        "digest": image.digest,
        "verdict": image.verdict,
        "reasons": [
            {"code": reason.code, "platform": reason.platform, "message": reason.message}
            for reason in image.reasons
        ],
        "platforms": {
            platform: {
                "counts": dict(scanned.counts),
                "report": scanned.report,
                "sarif": scanned.sarif,
                "sbom": scanned.sbom,
                "matched": list(scanned.matched),
            }
            for platform, scanned in image.platforms.items()
        },
    }


def _load(path: Path, schema: str, written_by: str) -> dict[str, Any]:
    try:
        text = files.read(path).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise InputError(f"there is no {path.name} in {path.parent}", fix=written_by) from error
    return _parse(text, str(path), schema, written_by)


def _parse(text: str, name: str, schema: str, fix: str) -> dict[str, Any]:
    # The reader of YAML reads JSON too, and knows the line of every fault.
    from fairlead.positions import parse_yaml
    from fairlead.schemas import load_schema
    from fairlead.schemas.check import schema_findings

    document = parse_yaml(text, name)
    findings = document.faults or schema_findings(document, load_schema(schema), rule="document")
    if findings or not isinstance(document.value, dict):
        raise InputError(f"{name} does not hold", fix=fix, findings=tuple(findings))
    value: dict[str, Any] = document.value
    return value
