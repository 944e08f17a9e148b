"""The configuration reference, made from the schemas.

``python -m fairlead.schemas.reference`` writes docs/configuration.md; with ``--check`` it only says
whether it is current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError, InputError
from fairlead.schemas import load_schema

PAGE = Path("docs/configuration.md")

_HEAD = """\
# Configuration

<!-- Made by `python -m fairlead.schemas.reference` from ci/fairlead/schemas/*.schema.json. -->

`fairlead init` writes a first `fairlead.yaml` by looking at the repository; `fairlead validate` checks it.
This is enough for most apps:

```yaml
app: board
images: {api: {dockerfile: Dockerfile.api}, web: {dockerfile: Dockerfile.web}}
compose: [compose/compose.yaml]
environments:
  production: {hosts: [deploy@app.example.com], url: https://board.example.com}
```

An editor that knows JSON Schema completes and checks the file with
`# yaml-language-server: $schema=…/ci/fairlead/schemas/fairlead.schema.json` as its first line.

Unknown keys, wrong types, names that nothing declares and files that are not there are all told at once,
each with its line and column, and nothing is done.
"""

_COMPOSE = """\
## x-fairlead

What concerns one service stands beside that service in the compose file:

```yaml
services:
  web:
    image: ${FAIRLEAD_REGISTRY:?}/web:${FAIRLEAD_TAG:?}
    x-fairlead: {role: app, port: 8000, health: {path: /health/ready}}
```

Where a merge key (`<<: *common`) brings an `x-fairlead` and the service writes its own, YAML takes the service's alone: name the common one
(`x-fairlead: &fairlead`), and begin the own one with it: `x-fairlead: {<<: *fairlead, health: none}`.

`FAIRLEAD_REGISTRY`, `FAIRLEAD_TAG` (`sha-<commit>`) and `FAIRLEAD_REVISION` (the commit) can be used in compose
files, beside the environment's `variables`. A `.env` beside the first compose file is read, as Compose does, and `PWD` is that folder.
Nothing else of the caller's shell reaches the files.
"""

_TOP = """\
What concerns the whole file stands in an `x-fairlead` at its top level:

```yaml
x-fairlead:
  waive:
    unknown-registry: {reason: "the registry of our partner, behind our VPN", until: 2027-06-30}
```
"""

_VOLUME = """\
What concerns a volume stands in an `x-fairlead` of the top-level volume:

```yaml
volumes:
  postgres-data: {x-fairlead: {backup: {by: "pgbackrest on the host, every night"}}}
```
"""


def render_reference() -> str:
    """The page docs/configuration.md."""
    settings, service = load_schema("fairlead"), load_schema("x-fairlead")
    parts = [_HEAD, "## fairlead.yaml\n", *_render_object(settings, settings, level=3)]
    parts += [_COMPOSE, *_render_table(service, service, "")]
    parts += [_TOP, *_render_table(service["$defs"]["top"], service, "")]
    parts += [_VOLUME, *_render_table(service["$defs"]["volume"], service, "")]
    return "\n".join(parts).rstrip() + "\n"


def _render_object(part: Mapping[str, Any], schema: Mapping[str, Any], level: int) -> Iterator[str]:
    """The scalar keys of the file as one table, then a section for each key that has keys of its own."""
    simple = {name: key for name, key in part["properties"].items() if _inner(key, schema) is None}
    yield from _render_table({**part, "properties": simple}, schema, "")
    for name, key in part["properties"].items():
        inner = _inner(key, schema)
        if inner is not None:
            shown = (
                f"{name}.<name>"
                if "additionalProperties" in key and key.get("additionalProperties")
                else name
            )
            yield f"{'#' * level} {shown}\n"
            yield f"{key.get('description', '')}\n"
            yield from _render_table(inner, schema, "")


def _render_table(part: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> Iterator[str]:
    rows = "\n".join(_rows(part, schema, prefix))
    yield f"| key | value | default | meaning |\n| --- | --- | --- | --- |\n{rows}\n"


def _rows(part: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> Iterator[str]:
    required = part.get("required", ())
    for name, key in part["properties"].items():
        resolved = _resolved(key, schema)
        default = "needed" if name in required else _default(resolved)
        meaning = resolved.get("description", "").replace("|", "\\|")
        yield f"| `{prefix}{name}` | {_kind(resolved, schema)} | {default} | {meaning} |"
        for inner, infix in _nested(resolved, schema):
            yield from _rows(inner, schema, f"{prefix}{name}{infix}.")


def _nested(key: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The objects inside a key: its own, those of a list, those by name, and those it may be one of."""
    if "properties" in key:
        yield key, ""
    items = _resolved(key.get("items") or {}, schema)
    if "properties" in items:
        yield items, "[]"
    named = key.get("additionalProperties")
    if isinstance(named, Mapping) and "properties" in _resolved(named, schema):
        yield _resolved(named, schema), ".<name>"
    for choice in key.get("oneOf", ()):
        if "properties" in choice:
            yield choice, ""


def _inner(key: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The object that gets a section of its own: the key's, or the one of each of its names."""
    resolved = _resolved(key, schema)
    if "properties" in resolved:
        return resolved
    named = resolved.get("additionalProperties")
    if isinstance(named, Mapping):
        inner = _resolved(named, schema)
        return inner if "properties" in inner else None
    return None


def _kind(key: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "x-type" in key:
        return str(key["x-type"])
    if "const" in key:
        return f"`{key['const']}`"
    if "enum" in key:
        return ", ".join(f"`{value}`" for value in key["enum"])
    if "oneOf" in key and "type" not in key:
        return " or ".join(_kind(choice, schema) for choice in key["oneOf"])
    if key.get("type") == "array":
        return f"list of {_kind(_resolved(key.get('items') or {}, schema), schema)}"
    words = {"string": "text", "integer": "number", "boolean": "true, false", "object": "mapping"}
    return words.get(str(key.get("type")), str(key.get("type", "")))


def _default(key: Mapping[str, Any]) -> str:
    default = key.get("default")
    if default in (None, "", [], {}):
        return ""
    text = str(default) if isinstance(default, str) else json.dumps(default)
    return f"`{text}`"


def _resolved(key: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A key with what its ``$ref`` says; what it says itself wins."""
    reference = key.get("$ref")
    if reference is None:
        return key
    return {**schema["$defs"][reference.rpartition("/")[2]], **key}


def main(arguments: list[str]) -> None:
    """Write the page, or check it.

    Raises:
        InputError: with ``--check``, it is not what the schemas say.
    """
    page = render_reference()
    if "--check" not in arguments:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
        raise InputError(f"{PAGE} is not current", fix="`python -m fairlead.schemas.reference` writes it")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FairleadError as error:
        sys.exit(f"{error.what}: {error.fix}")
