"""Where the images of a registry are read from: itself, or mirrors that this machine names.

Of ``registries.conf`` this is what says where: ``prefix``, ``location``, ``insecure``, and mirrors.
https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import InputError


@dataclass(frozen=True)
class Source:
    """A repository to read from. ``is_plain``: it is spoken with by plain HTTP."""

    host: str
    name: str
    is_plain: bool = False


def read_sources(host: str, name: str, conf: str) -> tuple[Source, ...]:
    """Where to read a repository, in order; only from itself without a file.

    Raises:
        InputError: the file cannot be read.
    """
    if not conf:
        return (Source(host, name),)
    try:
        found = tomllib.loads(Path(conf).read_text(encoding="utf-8"))
        return plan_sources(host, name, found.get("registry") or ())
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{conf} cannot be read, which CONTAINERS_REGISTRIES_CONF names", why=str(error)
        ) from error


def plan_sources(host: str, name: str, registries: Any) -> tuple[Source, ...]:
    """Mirrors first, by the entry with the longest prefix that fits. Pure."""
    whole = f"{host}/{name}"
    best: tuple[str, Any] = ("", None)
    for entry in registries:
        prefix = str(entry.get("prefix") or entry.get("location") or "")
        if f"{whole}/".startswith(f"{prefix}/") and len(prefix) > len(best[0]):
            best = prefix, entry
    prefix, entry = best
    if entry is None:
        return (Source(host, name),)
    own = {"location": entry.get("location") or prefix, "insecure": entry.get("insecure")}
    rest = whole.removeprefix(prefix)
    return tuple(_source(one, rest) for one in (*(entry.get("mirror") or ()), own))


def _source(entry: Any, rest: str) -> Source:
    host, _, name = f"{entry['location']}{rest}".partition("/")
    return Source(host, name, bool(entry.get("insecure")))
