"""What fairlead.yaml says of what is built, held against the repository: compose files, images, secrets of the build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairlead.composefile.names import find_base
from fairlead.findings import Finding
from fairlead.nearest import did_you_mean
from fairlead.positions import Document, load_documents, shown_path
from fairlead.settings.look import entries, fault, is_file, is_folder, items, neighbour


def compose_file_findings(document: Document, root: Path) -> Iterator[Finding]:
    """Compose files that are not there."""
    for index, name in enumerate(items(document.value, "compose")):
        if isinstance(name, str) and name and not is_file(root / name):
            path = ("compose", index)
            yield fault(document, path, f"the compose file {name} is not there", neighbour(root / name))


def image_findings(document: Document, root: Path) -> Iterator[Finding]:
    """Contexts, Dockerfiles and services that images name."""
    services = _service_names(document.value, root)
    for name, image in entries(document.value, "images"):
        path = ("images", name)
        fields = image if isinstance(image, dict) else {}
        context = fields.get("context", ".")
        if isinstance(context, str) and not is_folder(root / context):
            yield fault(document, (*path, "context"), f"the build context {context} is not a folder")
        dockerfile = fields.get("dockerfile", "Dockerfile")
        if isinstance(dockerfile, str) and not is_file(root / dockerfile):
            fix = neighbour(root / dockerfile)
            at_key = "dockerfile" not in fields
            if at_key and _is_something_built(document.value, root):
                # The build: of a service may well say which it is.
                continue
            place = path if at_key else (*path, "dockerfile")
            yield fault(
                document, place, f"image {name}: the Dockerfile {dockerfile} is not there", fix, key=at_key
            )
        for index, service in enumerate(items(fields, "services")):
            if services is not None and isinstance(service, str) and service not in services:
                what = f"image {name}: no compose file declares the service {service}"
                yield fault(document, (*path, "services", index), what, did_you_mean(service, services))


def build_secret_findings(document: Document, root: Path) -> Iterator[Finding]:
    """Files of build secrets that are not there."""
    build = document.value.get("build")
    for name, secret in entries(build if isinstance(build, dict) else {}, "secrets"):
        if not isinstance(secret, dict) or secret.get("optional") is True:
            continue
        file = secret.get("file")
        if isinstance(file, str) and not is_file(root / file):
            what = f"the file {file} of the build secret {name} is not there"
            fix = "say optional: true if the build can do without"
            yield fault(document, ("build", "secrets", name, "file"), what, fix)


def _composed(raw: dict[str, Any], root: Path) -> list[Path]:
    """The compose files, those that are named or the default one."""
    files = [root / name for name in items(raw, "compose") if isinstance(name, str)]
    return files or list(find_base(root))


def _is_something_built(raw: dict[str, Any], root: Path) -> bool:
    """Whether a service of the compose files has a ``build:``, as far as reading these files alone can tell."""
    return any(
        isinstance(service, dict) and "build" in service
        for file in _composed(raw, root)
        if is_file(file)
        for part in load_documents(file, shown_path(file))
        if isinstance(part.value, dict) and isinstance(part.value.get("services"), dict)
        for service in part.value["services"].values()
    )


def _service_names(raw: dict[str, Any], root: Path) -> set[str] | None:
    """The services of all compose files; None where they can't be told by reading these files alone."""
    files = _composed(raw, root)
    names: set[str] = set()
    for file in files:
        if not is_file(file):
            return None
        for part in load_documents(file, shown_path(file)):
            if part.faults or not isinstance(part.value, dict) or "include" in part.value:
                return None
            services = part.value.get("services")
            names.update(services if isinstance(services, dict) else ())
    return names if files else None
