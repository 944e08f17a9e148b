"""Make, keep, mend and remove the builders of Fairlead's own (``tools.builder`` says when, and which)."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead import files, passed, process
from fairlead.errors import CommandFailedError
from fairlead.tools.builder import (
    IMAGE_VARIABLE,
    Asked,
    Builder,
    OwnBuilder,
    create_argv,
    lacking,
    own_prefix,
    parse_builder,
    parse_names,
    plan_own_builder,
)
from fairlead.tools.locate import locate

_ANSWER_SECONDS = 60.0
# Its image may have to be pulled first.
_BOOT_SECONDS = 600.0
_UNKNOWN = "no builder"
"""What buildx says of a name that it does not know."""


@dataclass(frozen=True)
class Buildx:
    """Buildx, and the variables with which it is called: those of the build that it is for."""

    path: Path
    env: Mapping[str, str | None] = field(default_factory=dict)
    also: Collection[str] = passed.ENGINE

    def run(self, *words: str, seconds: float = _ANSWER_SECONDS) -> process.Completed:
        """Run it; how it ends is for the caller to judge."""
        return self.run_argv((str(self.path), *words), seconds=seconds)

    def run_argv(self, argv: tuple[str, ...], *, seconds: float = _ANSWER_SECONDS) -> process.Completed:
        return process.run(argv, env=self.env, also=self.also, timeout=seconds, check=False)


@dataclass(frozen=True)
class Chosen:
    """The builder of a build: its name, empty for the one that buildx takes; and what is said of the choice."""

    name: str = ""
    remark: str = ""


def choose_builder(
    buildx: Buildx, asked: Asked, *, engine: str = "", image: str = "", on_loopback: bool = False
) -> Chosen:
    """The builder for what is asked: the one that buildx takes, or one of our own where that one cannot.

    Args:
        buildx: with the variables of the build.
        asked: what the build asks of its builder.
        engine: ``DOCKER_HOST``, where it is set.
        image: ``FAIRLEAD_BUILDKIT_IMAGE``.
        on_loopback: a registry of the build is at a loopback address.

    Raises:
        CommandFailedError: ours does not come up.
    """
    current = inspect_builder(buildx)
    lacks = lacking(current, asked)
    if not lacks:
        return Chosen()
    own = plan_own_builder(
        os.getuid(),
        engine or current.endpoint,
        image=image,
        registries=_engine_registries(buildx),
        on_loopback=on_loopback,
    )
    was_there = ensure_builder(buildx, own, lacks)
    remark = (
        f"the builder {current.name} ({current.driver}, classic image store) cannot {', '.join(lacks)}: "
        f"{own.name}, a BuildKit in a container, {'builds' if was_there else 'was made and builds'}; "
        "`fairlead clean` removes it"
    )
    return Chosen(own.name, remark)


def inspect_builder(buildx: Buildx) -> Builder:
    """The builder that buildx takes; one of no driver where it does not tell."""
    done = buildx.run("inspect")
    return parse_builder(done.stdout) if done.ok else Builder()


def ensure_builder(buildx: Buildx, own: OwnBuilder, lacks: tuple[str, ...] = ()) -> bool:
    """Have a builder of ours run: as it is, started, or made anew where it cannot be. Whether it was there.

    Raises:
        CommandFailedError: it does not come up.
    """
    fault = _boot(buildx, own.name)
    if not fault:
        return True
    if _UNKNOWN not in fault:
        # Not at the first no: another build may be at work in it, on a machine that is slow to answer.
        fault = _boot(buildx, own.name)
        if not fault:
            return True
        buildx.run("rm", "--force", own.name)
    _create(buildx, own)
    # Twice: another build of this user may be making the very container.
    fault = _boot(buildx, own.name) and _boot(buildx, own.name)
    if fault:
        raise CommandFailedError(
            f"the builder {own.name} does not come up, and the current one cannot {', '.join(lacks) or 'do it'}",
            why=fault,
            fix=f"where its image cannot be had, name another in {IMAGE_VARIABLE}; or choose a builder that can in "
            "BUILDX_BUILDER, or have the engine keep its images in containerd: "
            '"features": {"containerd-snapshotter": true} in /etc/docker/daemon.json',
        )
    return False


def remove_builders(buildx: Buildx) -> tuple[str, ...]:
    """Remove every builder that Fairlead made for this user, with its container and its cache; their names.

    Raises:
        CommandFailedError: one cannot be removed.
    """
    listed = buildx.run("ls")
    if not listed.ok:
        raise process.failed(listed)
    names = tuple(name for name in parse_names(listed.stdout) if name.startswith(own_prefix(os.getuid())))
    for name in names:
        done = buildx.run("rm", "--force", name)
        if not done.ok:
            raise process.failed(done)
    return names


def _boot(buildx: Buildx, name: str) -> str:
    """Start a builder that does not run; why it does not now, empty where it does."""
    done = buildx.run("inspect", "--bootstrap", name, seconds=_BOOT_SECONDS)
    if not done.ok:
        return done.stderr.strip().removeprefix("ERROR: ") or "it said nothing"
    # A node that does not answer is told of with exit code 0.
    found = parse_builder(done.stdout)
    return "" if found.running else found.error or "a node of it does not run"


def _create(buildx: Buildx, own: OwnBuilder) -> None:
    """Make it known to buildx. Not at all where another build was quicker: whether it runs is asked afterwards."""
    with files.temporary_folder("fairlead-builder-") as folder:
        config = folder / "buildkitd.toml" if own.config else None
        if config is not None:
            files.write(config, own.config)
        done = buildx.run_argv(create_argv(buildx.path, own, config))
    if not done.ok and "existing instance" not in done.stderr:
        raise process.failed(done)


def _engine_registries(buildx: Buildx) -> Mapping[str, Any]:
    """What the engine is told of registries; nothing where it does not tell."""
    argv = (str(locate("docker")), "info", "--format", "{{json .RegistryConfig}}")
    done = buildx.run_argv(argv)
    try:
        found = json.loads(done.stdout) if done.ok else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
