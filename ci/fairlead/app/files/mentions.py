"""Under which address services know each other: their variables, commands, and configuration in the repository.

``http://backend:8000`` in one service tells the port of another that neither exposes nor publishes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fairlead.app.network.ports import FoundPort
from fairlead.quick.patterns import compile_late
from fairlead.quick.records import dataclass
from fairlead.sources import SourceRefusedError, read_source, repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_BYTES = 64 * 1024
_MAX_FILES = 50
_MAX_VALUE = 256
"""Characters of a variable that may be part of an address."""
_CONFIG_PATTERNS = ("*.conf", "*.conf.template", "*.template", "Caddyfile", "haproxy.cfg")
_ROUTES_PATTERNS = (*_CONFIG_PATTERNS, "*.yaml", "*.yml", "*.toml")
"""Of a folder that is mounted: Traefik is given one."""
_VARIABLE = compile_late(r'"?\$\{(\w+)\}"?|\$(\w+)|\{\$(\w+)(?::[^{}\s]*)?\}|\{env\.(\w+)\}')
_CALLED = r"([A-Za-z0-9][\w.-]*)"
_ASKED = (
    compile_late(rf"\bhttp://{_CALLED}(?::([0-9]{{2,5}}))?(?![\w.:-])"),
    # nginx, HAProxy (its first word is a name of its own), Caddy.
    compile_late(rf"^[^\S\n]*server\s+{_CALLED}(?::([0-9]{{2,5}}))?(?=[\s;])[^;\n{{]*;", re.MULTILINE),
    compile_late(rf"^[^\S\n]*server\s+\S+\s+{_CALLED}:([0-9]{{2,5}})(?=\s|\Z)", re.MULTILINE),
    compile_late(
        rf"^[^\S\n]*reverse_proxy\s+(?:[/*@]\S*\s+)?(?:h2c://)?{_CALLED}:([0-9]{{2,5}})(?=\s|\Z)",
        re.MULTILINE,
    ),
)
_PASSED = compile_late(
    rf"\b(?:(?:uwsgi|fastcgi|scgi)_pass\s+(?:s?uwsgi://)?|php_fastcgi\s+(?:[/*@]\S*\s+)?){_CALLED}(?=[:;\s])"
)
_POOL = compile_late(rf"\bupstream\s+{_CALLED}\s*\{{([^{{}}]*)\}}")
_MEMBER = compile_late(rf"\bserver\s+{_CALLED}(?=[:;\s])")
_BY_HTTP = compile_late(rf"\bhttp://{_CALLED}")
_PUT_IN = compile_late(r"^[ \t]*(?:COPY|ADD)[ \t]+(.*)$", re.MULTILINE | re.IGNORECASE)
_WORD = compile_late(r'[^\s\[\]",]+')
_CONFIGURED = (
    "/etc/nginx/",
    "/etc/haproxy/",
    "/usr/local/etc/haproxy/",
    "/etc/caddy/",
    "/etc/traefik/",
    "/etc/apache2/",
    "/etc/httpd/",
    "/usr/local/apache2/conf/",
)
"""Where fronts are configured in their images."""


@dataclass(frozen=True)
class Mention:
    """A text in which a service may name others, and where it stands."""

    service: str
    where: str
    text: str


def read_mentions(definitions: Mapping[str, Any], root: Path) -> tuple[Mention, ...]:
    """The texts of all services: the resolved model's own, and small configuration files that they mount or build in."""
    mentions: list[Mention] = []
    # Services share configuration: each file is read once.
    texts: dict[Path, str] = {}
    looked: dict[object, list[Path]] = {}
    for name, definition in definitions.items():
        for variable, value in (definition.get("environment") or {}).items():
            mentions.append(Mention(name, f"its variable {variable}", str(value)))
        command = definition.get("command") or ()
        mentions.append(Mention(name, "its command", " ".join(str(word) for word in command)))
        sources = tuple(
            str(mount["source"])
            for mount in definition.get("volumes", ())
            if mount.get("type") == "bind" and mount.get("source")
        )
        build = definition.get("build")
        # Also where they are looked for.
        key = sources, repr(build)
        if key not in looked:
            looked[key] = list(_config_files(sources, build, root))
        for file in looked[key]:
            if file not in texts:
                texts[file] = read_small(file, root, _MAX_BYTES)
            if texts[file]:
                mentions.append(Mention(name, file.name, _fill_in(texts[file], definition)))
    return tuple(mentions)


def _fill_in(text: str, definition: Mapping[str, Any]) -> str:
    """Configuration with the service's own variables in place, as envsubst, HAProxy, Apache and Caddy write them."""
    values = definition.get("environment") or {}

    def value(written: re.Match[str]) -> str:
        found = values.get(next(filter(None, written.groups())))
        # HAProxy looks one up within quotation marks only: they go with it.
        return written[0] if found is None or len(str(found)) > _MAX_VALUE else str(found)

    return _VARIABLE.sub(value, text)[: 4 * _MAX_BYTES]


def find_mentions(mentions: Iterable[Mention]) -> dict[str, FoundPort]:
    """The HTTP port under which each name is known to another service: ``http://name:port``, or 80 without one."""
    found: dict[str, FoundPort] = {}
    for mention in mentions:
        for called, written in (pair for form in _ASKED for pair in form.findall(mention.text)):
            if called != mention.service and called not in found:
                port = int(written or 80)
                why = f"{mention.service} asks it at port {port}, says {mention.where}"
                found[called] = FoundPort(port, why)
    return found


def find_passed(mentions: Iterable[Mention]) -> frozenset[str]:
    """What fronts call by FastCGI, uwsgi or SCGI, and nobody by HTTP, as their configuration says."""
    mentions = tuple(mentions)
    if not any("_pass" in one.text or "php_fastcgi" in one.text for one in mentions):
        return frozenset()
    passed: set[str] = set()
    asked: set[str] = set()
    for mention in mentions:
        pools = {called: _MEMBER.findall(members) for called, members in _POOL.findall(mention.text)}
        passed.update(one for called in _PASSED.findall(mention.text) for one in pools.get(called, [called]))
        asked.update(one for called in _BY_HTTP.findall(mention.text) for one in pools.get(called, [called]))
    return frozenset(passed - asked - {"unix"})


def _config_files(mounted: Iterable[str], build: object, root: Path) -> Iterator[Path]:
    context = Path(str(build.get("context", "."))) if isinstance(build, Mapping) else root
    # Nothing outside of the repository is looked at: a mount may be the whole of /proc.
    inside = [source for source in map(Path, mounted) if source.is_relative_to(root)]
    found: list[Path] = []
    for source in inside:
        found += _matching(source, _ROUTES_PATTERNS) if os.path.isdir(source) else [source]  # noqa: PTH112 - never raises
    if isinstance(build, Mapping):
        found += _put_in(build, context, root)
    if context != root and context.is_relative_to(root):
        found += _matching(context, _CONFIG_PATTERNS)
    yield from (file for file in found[:_MAX_FILES] if file.is_relative_to(root))


def _put_in(build: Mapping[str, Any], context: Path, root: Path) -> Iterator[Path]:
    """What a Dockerfile puts where a front is configured, whatever it is called."""
    dockerfile = context / str(build.get("dockerfile", "Dockerfile"))
    text = str(build.get("dockerfile_inline") or read_small(dockerfile, root, _MAX_BYTES))
    for said in _PUT_IN.findall(text):
        # The paths stand as words or as a list of JSON.
        words = _WORD.findall(said)
        paths = [word for word in words if not word.startswith("--")]
        if "--from=" in said or not paths or not paths[-1].startswith(_CONFIGURED):
            continue
        for path in paths[:-1]:
            source = Path(os.path.normpath(context / path.lstrip("/")))
            if source.is_relative_to(context):
                yield from _matching(source, _CONFIG_PATTERNS) if os.path.isdir(source) else [source]  # noqa: PTH112 - never raises


def read_small(file: Path, root: Path, most: int) -> str:
    """The text of a file of the repository; empty if it has more than ``most`` bytes, or can't be read."""
    try:
        return read_source(str(file), [repository_of(str(root))], most).decode("utf-8", "replace")
    except (OSError, SourceRefusedError):
        return ""


def _matching(folder: Path, patterns: Iterable[str]) -> list[Path]:
    """Configuration files of a folder and of its own folders, no deeper."""
    try:
        return sorted(
            file
            for pattern in patterns
            for file in (*folder.glob(pattern), *folder.glob(f"[!.]*/{pattern}"))
            if "node_modules" not in file.parts
        )
    except OSError:
        return []
