"""What fairlead.yaml names as a source: files of the repository, and variables that are nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairlead.findings import Finding
from fairlead.positions import Document, ValuePath
from fairlead.sources import SourceRefusedError, check_source, is_ours, is_withheld, repository_of

_RULE = "settings"


def source_findings(document: Document, root: Path) -> Iterator[Finding]:
    """Each source that is not the repository's; whether the others are there is asked elsewhere."""
    homes = [repository_of(str(root))]
    for path, name in _files(document.value):
        why = _refused(str(root / name), homes)
        if why:
            what = f"{name} is no source: {why}"
            yield Finding(what, document.location(path), "name a file of the repository", _RULE)
    for name, secret in _entries(_part(document.value, "build"), "secrets"):
        variable = secret.get("env") if isinstance(secret, dict) else None
        if isinstance(variable, str) and is_withheld(variable):
            what = (
                f"{variable} is Fairlead's, the CI's or a tool's own, not the repository's to give to a build"
            )
            place = document.location(("build", "secrets", name, "env"))
            yield Finding(what, place, "hand the value over under a name of its own", _RULE)
    secrets = _part(document.value, "secrets")
    each = [(("secrets", "each", name, "env"), one) for name, one in _entries(secrets, "each")]
    for path, command in ((("secrets", "env"), secrets), *each):
        for index, variable in enumerate(_items(command, "env")):
            if isinstance(variable, str) and is_ours(variable):
                what = (
                    f"{variable} is Fairlead's or the CI's own, not for a program that the repository names"
                )
                fix = "give the program a login of its own"
                yield Finding(what, document.location((*path, index)), fix, _RULE)


def _refused(path: str, homes: list[str]) -> str:
    try:
        check_source(path, homes)
    except SourceRefusedError as error:
        return str(error)
    except (OSError, ValueError):
        return ""
    return ""


def _files(raw: Any) -> Iterator[tuple[ValuePath, str]]:
    """Every file and folder that is named, with its place."""
    named: list[tuple[ValuePath, Any]] = [
        (("compose", index), name) for index, name in enumerate(_items(raw, "compose"))
    ]
    for image, fields in _entries(raw, "images"):
        given = fields if isinstance(fields, dict) else {}
        context, dockerfile = ("images", image, "context"), ("images", image, "dockerfile")
        named += [(context, given.get("context")), (dockerfile, given.get("dockerfile", "Dockerfile"))]
    for name, environment in _entries(raw, "environments"):
        named.append((("environments", name, "known_hosts"), _part(environment, "known_hosts")))
    for name, secret in _entries(_part(raw, "build"), "secrets"):
        named.append(
            (("build", "secrets", name, "file"), secret.get("file") if isinstance(secret, dict) else None)
        )
    for name, combination in _entries(_part(raw, "validate"), "combinations"):
        for index, file in enumerate(_items(combination, "compose")):
            named.append((("validate", "combinations", name, "compose", index), file))
    yield from ((path, name) for path, name in named if isinstance(name, str) and name)


def _part(raw: Any, key: str) -> Any:
    return raw.get(key) if isinstance(raw, dict) else None


def _entries(raw: Any, key: str) -> list[tuple[str, Any]]:
    value = _part(raw, key)
    return list(value.items()) if isinstance(value, dict) else []


def _items(raw: Any, key: str) -> list[Any]:
    value = _part(raw, key)
    return value if isinstance(value, list) else []
