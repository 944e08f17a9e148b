"""Compose files against the compose-spec schema, and ``x-fairlead`` against ours: all faults, each at its place."""

from __future__ import annotations

from typing import Any

from fairlead.compose.model import ComposeFiles
from fairlead.findings import Finding
from fairlead.nearest import did_you_mean
from fairlead.positions import Document, ValuePath
from fairlead.schemas import load_schema
from fairlead.schemas.check import schema_findings
from fairlead.schemas.compose_spec import load_compose_schema
from fairlead.settings import Settings

_RESET = "!reset"


def schema_faults(files: ComposeFiles) -> tuple[Finding, ...]:
    """What does not hold in each file on its own, whatever profile it stands under."""
    findings: list[Finding] = []
    for document in files.documents:
        if document.faults:
            findings += document.faults
        elif not isinstance(document.value, dict):
            findings.append(
                Finding("a compose file is a mapping with services:", document.location(), rule="schema")
            )
        else:
            findings += _against_compose_spec(document)
            findings += _against_x_fairlead(document)
    return tuple(findings)


def settings_faults(files: ComposeFiles, settings: Settings) -> tuple[Finding, ...]:
    """Names in ``x-fairlead`` that fairlead.yaml does not know."""
    findings = []
    for document in files.documents:
        for path, value in _extensions(document):
            image = value.get("image") if isinstance(value, dict) else None
            if isinstance(image, str) and image not in settings.images:
                what = f"fairlead.yaml has no image {image}"
                place = document.location((*path, "image"))
                findings.append(Finding(what, place, did_you_mean(image, settings.images), "x-fairlead"))
    return tuple(findings)


def _against_compose_spec(document: Document) -> tuple[Finding, ...]:
    def known_later(path: ValuePath, value: Any, keyword: str) -> bool:
        """A value with ``${…}`` has its real type and form after interpolation only; ``!reset`` takes a value away."""
        if any(document.tag(path[:length]) == _RESET for length in range(len(path) + 1)):
            return True
        return isinstance(value, str) and "$" in value and keyword not in {"additionalProperties", "required"}

    return schema_findings(document, load_compose_schema(), tolerated=known_later)


def _against_x_fairlead(document: Document) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    for path, value in _extensions(document):
        part = Document(document.path, value, (), document.node(path))
        findings += schema_findings(part, load_schema("x-fairlead"), rule="x-fairlead")
    return tuple(findings)


def _extensions(document: Document) -> list[tuple[ValuePath, Any]]:
    services = document.value.get("services") if isinstance(document.value, dict) else None
    if not isinstance(services, dict):
        return []
    return [
        (("services", name, "x-fairlead"), service["x-fairlead"])
        for name, service in services.items()
        if isinstance(service, dict) and "x-fairlead" in service
    ]
