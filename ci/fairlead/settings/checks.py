"""What a schema can't tell about fairlead.yaml: files that are not there, services that nobody declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairlead.findings import Finding
from fairlead.origin import read_repository_slug
from fairlead.positions import Document, ValuePath
from fairlead.schemas import load_schema
from fairlead.schemas.forms import Checker
from fairlead.settings.addresses import address_findings
from fairlead.settings.check_builds import build_secret_findings, compose_file_findings, image_findings
from fairlead.settings.look import entries, fault, items, part
from fairlead.settings.measures import (
    capability_findings,
    combination_findings,
    ignore_findings,
    severity_findings,
    version_findings,
    without_os_findings,
)
from fairlead.settings.neighbours import RESERVED_APPS, neighbour_findings
from fairlead.settings.servers import edge_findings, environment_findings, event_findings
from fairlead.settings.sources import source_findings
from fairlead.settings.units import DEPLOY_SPANS, is_no_time, is_too_long


def check_settings(document: Document, root: Path) -> tuple[Finding, ...]:
    """Check what the values of a file name. Parts of the wrong type are passed over: the schema has told them."""
    if not isinstance(document.value, dict):
        return ()
    refused = tuple(source_findings(document, root))
    if refused:
        # Nothing is looked for where the repository has no business.
        return refused
    return (
        *_app(document),
        *compose_file_findings(document, root),
        *image_findings(document, root),
        *build_secret_findings(document, root),
        *_secret_commands(document),
        *environment_findings(document, root),
        *_spans(document),
        *_watch(document),
        *version_findings(document),
        *edge_findings(document),
        *neighbour_findings(document),
        *address_findings(document),
        *severity_findings(document),
        *capability_findings(document),
        *combination_findings(document, root),
        *ignore_findings(document),
        *without_os_findings(document),
        *event_findings(document),
    )


def read_registry(document: Document, root: Path, environ: Mapping[str, str]) -> tuple[str, list[Finding]]:
    """The registry, and what is wrong with it: the variable before the file, and that before the git remote."""
    given = environ.get("FAIRLEAD_REGISTRY", "").strip().rstrip("/")
    if given:
        form = load_schema("fairlead")["$defs"]["repository"]
        if Checker({}).fits(form["pattern"], given):
            return given, []
        return "", [
            Finding(f'FAIRLEAD_REGISTRY must be {form["x-expected"]}, not "{given}"', rule="settings")
        ]
    value = document.value.get("registry") if isinstance(document.value, dict) else None
    if isinstance(value, str):
        return value, []
    slug = read_repository_slug(root, environ)
    return (f"ghcr.io/{slug}" if slug else ""), []


def _app(document: Document) -> Iterator[Finding]:
    app = document.value.get("app")
    if app in RESERVED_APPS:
        yield fault(document, ("app",), f"an app cannot be called {app}: that name is Fairlead's own")


def _secret_commands(document: Document) -> Iterator[Finding]:
    secrets = document.value.get("secrets")
    if isinstance(secrets, dict) and "env" in secrets and "command" not in secrets:
        what = "secrets.env says what a program sees, and secrets.command names none"
        yield fault(document, ("secrets", "env"), what, "name it, or remove env:", key=True)
    for name, one in (("", secrets), *entries(secrets if isinstance(secrets, dict) else {}, "each")):
        words = items(one, "command")
        if words and not str(words[0]).strip():
            path = ("secrets", *(("each", name) if name else ()), "command", 0)
            yield fault(document, path, "the name of the program is empty", "write command: [sops, …]")


def _spans(document: Document) -> Iterator[Finding]:
    """Durations that no clock can wait for."""
    deploy = part(document, "deploy")
    watch = deploy.get("watch")
    spans: list[tuple[ValuePath, Any]] = [(("deploy", key), deploy.get(key)) for key in DEPLOY_SPANS]
    spans.append((("deploy", "watch", "window"), watch.get("window") if isinstance(watch, dict) else None))
    spans.append((("scan", "database_max_age"), part(document, "scan").get("database_max_age")))
    for path, text in spans:
        if isinstance(text, str) and is_too_long(text):
            yield fault(document, path, f"{path[-1]}: no more than ten years can be waited for")


def _watch(document: Document) -> Iterator[Finding]:
    """Evidence comes from the watch: who asks for it may not turn that off."""
    watch = part(document, "deploy").get("watch")
    told = watch if isinstance(watch, dict) else {}
    window = told.get("window")
    if told.get("require_evidence") is True and isinstance(window, str) and is_no_time(window):
        path = ("deploy", "watch", "require_evidence")
        yield fault(document, path, "there is no evidence where window: 0s turns the watch off")
