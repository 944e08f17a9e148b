"""Which builder builds: the one that buildx has chosen, or one of Fairlead's own where that one cannot. Pure.

Buildx' default is the BuildKit inside the engine (driver ``docker``). With the classic image store, which GitHub's
hosted runners have, it writes no OCI layout, attests nothing, exports no cache and builds for one platform at a time;
with containerd's store it does all of that. Every other driver is a BuildKit that can, and is taken as it is.
https://docs.docker.com/build/builders/drivers/
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IMAGE_VARIABLE = "FAIRLEAD_BUILDKIT_IMAGE"
"""The image of a builder of our own, best by digest; empty: buildx' default. It runs privileged, so that it is for
the machine to say, and for no file of the repository."""

_ENGINES_OWN = "docker"
# What buildx itself goes by: https://github.com/docker/buildx/blob/master/driver/docker/driver.go
_CONTAINERD_LABEL = "org.mobyproject.buildkit.worker.snapshotter"


@dataclass(frozen=True, kw_only=True)
class Builder:
    """A builder, as ``docker buildx inspect`` tells of it.

    Attributes:
        driver: such as ``docker``, ``docker-container``, ``remote``, ``kubernetes``.
        endpoint: the engine or address of its first node.
        running: every node answers.
        containerd_store: its engine keeps images in containerd; known of the driver ``docker`` alone.
        platforms: those that it says it runs, its own first.
        error: what is wrong with a node.
    """

    name: str = ""
    driver: str = ""
    endpoint: str = ""
    running: bool = False
    containerd_store: bool = False
    platforms: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a build asks of its builder."""

    layout: bool = False
    attestations: bool = False
    several_platforms: bool = False
    cache_export: bool = False


@dataclass(frozen=True, kw_only=True)
class OwnBuilder:
    """A builder to make: a BuildKit in a container (driver ``docker-container``).

    Attributes:
        name: of the user, and of all else that is said here: another wish is another builder.
        image: of BuildKit; empty for buildx' default.
        host_network: it shares the network of its engine's machine. A registry at 127.0.0.1 is reached in no
            other way, for a container's 127.0.0.1 is its own; it costs ``RUN`` steps their own network.
        config: ``buildkitd.toml``; empty where there is nothing to say.
    """

    name: str
    image: str = ""
    host_network: bool = False
    config: str = ""


def parse_builder(text: str) -> Builder:
    """Read ``docker buildx inspect``: the text, for it has no other form in all versions that will do."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r"^([A-Z][A-Za-z ]*):[ \t]*(.*?)[ \t]*$", text, re.MULTILINE):
        fields.setdefault(name, []).append(value)
    states = fields.get("Status", [])
    platforms = (word.strip("* ") for line in fields.get("Platforms", ()) for word in line.split(","))
    return Builder(
        name=_first(fields, "Name"),
        driver=_first(fields, "Driver"),
        endpoint=_first(fields, "Endpoint"),
        running=bool(states) and set(states) == {"running"},
        containerd_store=re.search(rf"^\s*{re.escape(_CONTAINERD_LABEL)}:", text, re.MULTILINE) is not None,
        platforms=tuple(dict.fromkeys(filter(None, platforms))),
        error=_first(fields, "Error"),
    )


def lacking(builder: Builder, asked: Asked) -> tuple[str, ...]:
    """What a builder cannot do of what is asked; nothing where it cannot be told, for then the build will say."""
    if builder.driver != _ENGINES_OWN or not builder.running or builder.containerd_store:
        return ()
    wishes = {
        "write an OCI layout": asked.layout,
        "attest": asked.attestations,
        "build for several platforms": asked.several_platforms,
        "export a cache": asked.cache_export,
    }
    return tuple(wish for wish, is_asked in wishes.items() if is_asked)


def own_prefix(user: int) -> str:
    """How the names of a user's builders begin: their containers stand in an engine that others may share."""
    return f"fairlead-{user}-"


def plan_own_builder(
    user: int,
    engine: str,
    *,
    image: str = "",
    registries: Mapping[str, Any] | None = None,
    on_loopback: bool = False,
) -> OwnBuilder:
    """The builder that a user's builds take on an engine.

    Args:
        user: the number of the user.
        engine: where the engine is, as docker was told.
        image: ``FAIRLEAD_BUILDKIT_IMAGE``.
        registries: what the engine is told of registries, ``RegistryConfig`` of ``docker info``: the builder is told
            the same, or base images would come from elsewhere, or not at all.
        on_loopback: a registry of this build is at a loopback address.
    """
    mirrors, plain = _registries(registries or {})
    config = render_config(mirrors, plain)
    host_network = on_loopback or any(re.match(r"(localhost|127\.)", name) for name in (*mirrors, *plain))
    said = json.dumps([engine, image, host_network, config])
    name = own_prefix(user) + hashlib.sha256(said.encode()).hexdigest()[:8]
    return OwnBuilder(name=name, image=image, host_network=host_network, config=config)


def render_config(mirrors: Iterable[str], plain: Iterable[str]) -> str:
    """``buildkitd.toml``: mirrors of Docker Hub, and registries without TLS, or with a certificate of their own.

    BuildKit speaks plain HTTP with loopback addresses unasked, as the engine does.
    https://docs.docker.com/build/buildkit/toml-configuration/
    """
    tables = [f'[registry."docker.io"]\nmirrors = {json.dumps(list(mirrors))}\n'] if mirrors else []
    tables += [f"[registry.{json.dumps(name)}]\nhttp = true\ninsecure = true\n" for name in plain]
    return "".join(tables)


def create_argv(buildx: Path, own: OwnBuilder, config: Path | None) -> tuple[str, ...]:
    """The command that makes a builder known; its container is made when it is first needed. It is nobody's default."""
    # By an older name, which both the oldest buildx that will do and the newest know.
    told = ("--config", str(config)) if config is not None else ()
    options = [f"image={own.image}"] if own.image else []
    options += ["network=host"] if own.host_network else []
    words = [word for option in options for word in ("--driver-opt", option)]
    return (str(buildx), "create", "--name", own.name, "--driver", "docker-container", *words, *told)


def parse_names(text: str) -> tuple[str, ...]:
    """The names of all builders, from ``docker buildx ls``: the lines of their nodes are indented."""
    lines = (line for line in text.splitlines()[1:] if line and not line.startswith((" ", "\\")))
    return tuple(line.split()[0].rstrip("*") for line in lines)


def _registries(config: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Mirrors of Docker Hub, and registries that the engine reaches without a certificate that it trusts."""
    urls = [str(url).rstrip("/") for url in config.get("Mirrors") or ()]
    mirrors = tuple(url.partition("://")[2] or url for url in urls)
    plain = [url.removeprefix("http://").partition("/")[0] for url in urls if url.startswith("http://")]
    for name, index in (config.get("IndexConfigs") or {}).items():
        if not index.get("Secure", True):
            plain.append(str(name))
    return mirrors, tuple(dict.fromkeys(plain))


def _first(fields: Mapping[str, list[str]], name: str) -> str:
    return next(iter(fields.get(name, ())), "")
