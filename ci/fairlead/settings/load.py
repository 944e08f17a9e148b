"""Read fairlead.yaml.

The shape is told by ``schemas/fairlead.schema.json``; what a schema can't tell is checked in ``checks``.
A file with faults raises one error that names them all, each with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fairlead.checkout import folders_up
from fairlead.errors import InputError
from fairlead.positions import load_yaml, parse_yaml, shown_path
from fairlead.settings.values import FILE_NAME, Settings


def load_settings(path: Path, environ: Mapping[str, str], texts: Mapping[str, str] | None = None) -> Settings:
    """Read fairlead.yaml.

    Args:
        path: the file, or a folder: then the file is looked for there and in the folders above.
        environ: variables; ``FAIRLEAD_REGISTRY`` and ``GITHUB_REPOSITORY`` count.
        texts: by absolute path, what counts instead of what is on the disk.

    Raises:
        InputError: there is no such file, or it has faults: all of them as findings.
    """
    from fairlead.schemas import load_schema
    from fairlead.schemas.check import schema_findings
    from fairlead.settings.checks import check_settings, read_registry
    from fairlead.settings.parse import build_settings

    file = _find(path)
    _confine(file)
    text = texts.get(str(file)) if texts else None
    document = load_yaml(file, shown_path(file)) if text is None else parse_yaml(text, shown_path(file))
    findings = list(document.faults)
    if document.value is None and not findings:
        raise InputError(f"{document.path} is empty", fix="`fairlead init --force` writes a good one")
    is_read = not any(finding.rule == "yaml" for finding in findings)
    if is_read:
        findings += schema_findings(document, load_schema("fairlead"), rule="settings")
        findings += check_settings(document, file.parent)
    registry, registry_findings = read_registry(document, file.parent, environ)
    findings += registry_findings
    if findings:
        count = len(findings)
        raise InputError(
            f"{document.path} has {'a fault' if count == 1 else f'{count} faults'}",
            fix="every key is described in docs/configuration.md",
            findings=tuple(
                sorted(findings, key=lambda finding: (str(finding.location is None), finding.location))
            ),
        )
    return build_settings(document, file, registry)


def _confine(file: Path) -> None:
    """Open nothing that is not the repository's, were it called fairlead.yaml.

    Raises:
        InputError: it is a link out of the repository, or no regular file.
    """
    from fairlead.sources import SourceRefusedError, check_source, repository_of

    try:
        check_source(str(file), [repository_of(str(file.parent))])
    except SourceRefusedError as error:
        raise InputError(
            f"{shown_path(file)} is not read: {error}", fix="make it a file of the repository"
        ) from error


def _find(path: Path) -> Path:
    start = path.absolute()
    if start.is_file():
        return start.parent.resolve() / start.name
    if start.is_dir():
        for folder in folders_up(start.resolve()):
            if (folder / FILE_NAME).is_file():
                return folder / FILE_NAME
    where = f"in {start}" if start.is_dir() else f"at {start}"
    raise InputError(
        f"there is no {FILE_NAME} {where}", fix="`fairlead init` writes one by looking at the repository"
    )
