"""The targets of a bake definition: how one image is built, of which commit, with which secrets.

Reference: https://docs.docker.com/build/bake/reference/#target
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import InputError
from fairlead.identity import Identity
from fairlead.image.build.cache import CachePlan, is_uncached
from fairlead.image.build.staging import Source, plan_staging
from fairlead.settings.images import BuildSecret, ImageSettings
from fairlead.settings.values import Settings

if TYPE_CHECKING:
    from fairlead.image.build.bake import BuildOptions

SSH_ALLOWED = "FAIRLEAD_BUILD_SSH"
"""The variable by which a user lends builds his ssh agent."""
# With `mode=max` the provenance would quote every build argument and every step.
_PROVENANCE = "type=provenance,mode=min"
# BuildKit lowers the times of files to SOURCE_DATE_EPOCH and raises none: with the time of the commit,
# a file edited before the commit would keep its own time, and one checked out after it would not.
_BEFORE_ALL_FILES = 0


class Targets:
    """The targets of a definition: what all of them have, and what each has of its own."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        options: BuildOptions,
        work_dir: Path,
        environ: Mapping[str, str],
    ) -> None:
        self._settings, self._identity = settings, identity
        self._work_dir, self._environ = work_dir, environ
        self._is_reproducible = options.reproducible or settings.build.reproducible
        self._epoch = _BEFORE_ALL_FILES if self._is_reproducible else identity.revision_time
        self._contexts = parse_contexts(environ.get("FAIRLEAD_BUILD_CONTEXTS", ""))
        self._shared = {
            "platforms": list(settings.platforms),
            "attest": [_PROVENANCE, *(["type=sbom"] if options.sbom else [])],
            "no-cache": options.no_cache or is_uncached(settings, options.trust),
            "pull": options.pull,
        }

    def define(self, name: str, source: Source, cache: CachePlan, layout: Path) -> dict[str, Any]:
        """The target of an image; what is not said of it is left out."""
        settings, image = self._settings, source.image
        target = {
            **_source(source, settings.root, self._work_dir),
            "args": _arguments(source, self._identity, self._epoch),
            "labels": {**image.labels, **plan_labels(settings, self._identity, name)},
            "output": [_output(settings, self._identity, name, layout, self._is_reproducible)],
            "cache-from": list(cache.sources),
            "cache-to": list(cache.targets),
            "network": image.network,
            "extra-hosts": dict(host.replace("=", ":", 1).split(":", 1) for host in image.extra_hosts),
            "shm-size": image.shm_size,
            "ssh": _ssh(image, self._environ),
            **self._shared,
            "secret": _secrets(secrets_of(settings, image), self._environ),
            "contexts": {**image.contexts, **self._contexts},
        }
        return {key: _literal(value) for key, value in target.items() if value}


def plan_labels(settings: Settings, identity: Identity, image: str) -> dict[str, str]:
    """The OCI labels, from the commit alone: a rebuild must not differ because a tag or branch has moved.

    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    labels = {
        "org.opencontainers.image.title": f"{settings.app}/{image}",
        "org.opencontainers.image.revision": revision_name(identity),
        "org.opencontainers.image.version": f"sha-{revision_name(identity)}",
        "org.opencontainers.image.created": _iso(identity.revision_time),
    }
    if identity.source_url:
        labels["org.opencontainers.image.source"] = identity.source_url
    return labels


def revision_name(identity: Identity) -> str:
    """The revision, marked where files differed from it."""
    return f"{identity.revision}-dirty" if identity.dirty else identity.revision


def secrets_of(settings: Settings, image: ImageSettings) -> tuple[BuildSecret, ...]:
    """The secrets of a build: those of all builds, and its own."""
    return tuple({secret.name: secret for secret in (*settings.build.secrets, *image.secrets)}.values())


def _ssh(image: ImageSettings, environ: Mapping[str, str]) -> list[str]:
    """What a build may have signed by ssh; with the user's agent, whatever he may do by it, a Dockerfile may, too."""
    agents = [key for key in image.ssh if not key.partition("=")[2]]
    if agents and environ.get(SSH_ALLOWED) != "true":
        raise InputError(
            f"the build of {image.name} asks for your ssh agent (ssh: {', '.join(agents)})",
            why="whoever writes its Dockerfile could sign with every key in it",
            fix=f"set {SSH_ALLOWED}=true where you trust him, or use a build secret",
        )
    return list(image.ssh)


def parse_contexts(text: str) -> dict[str, str]:
    """Named build contexts from ``name=source`` pairs, separated by commas or white space.

    A context named like a base image takes its place: ``python:3.13-slim=docker-image://…``.

    Raises:
        InputError: a word is no such pair.
    """
    contexts = {}
    for word in text.replace(",", " ").split():
        name, is_pair, source = word.partition("=")
        if not is_pair or not name or not source:
            raise InputError(f"FAIRLEAD_BUILD_CONTEXTS holds {word}", fix="write name=source")
        contexts[name] = source
    return contexts


def _source(source: Source, root: Path, work_dir: Path) -> dict[str, str]:
    image = source.image
    staging = plan_staging(source, work_dir)
    return {
        "context": os.path.relpath(image.context, root),
        "dockerfile": os.path.relpath(staging.dockerfile if staging else image.dockerfile, image.context),
        "target": image.target,
    }


def _arguments(source: Source, identity: Identity, epoch: int) -> dict[str, str]:
    # SOURCE_DATE_EPOCH makes the dates in the image's configuration those of the commit.
    # REVISION only where it is taken: an argument that nobody declares is a warning of the builder.
    arguments = {"SOURCE_DATE_EPOCH": str(epoch)}
    if source.dockerfile.declares("REVISION"):
        arguments["REVISION"] = revision_name(identity)
    return {**arguments, **source.image.args}


def _output(settings: Settings, identity: Identity, name: str, layout: Path, is_reproducible: bool) -> str:
    # The name is what the provenance gives as its subject. A folder rather than a tar: only blobs that are not there
    # yet are sent, which takes a third of the time of a whole build (3.5 s of 11.5 s, buildx 0.13, 470 MB of images).
    fields = [
        "type=oci",
        "tar=false",
        f"dest={layout}",
        f"name={settings.repository_of(name)}:sha-{revision_name(identity)}",
    ]
    if is_reproducible:
        fields.append("rewrite-timestamp=true")
    return _csv(fields)


def _secrets(secrets: tuple[BuildSecret, ...], environ: Mapping[str, str]) -> list[str]:
    specifications = []
    for secret in secrets:
        if secret.env:
            if environ.get(secret.env):
                specifications.append(_csv([f"id={secret.name}", f"env={secret.env}"]))
            elif not secret.optional:
                raise InputError(
                    f"the build secret {secret.name} is missing",
                    why=f"the variable {secret.env} is empty or not set",
                    fix=f"set {secret.env}, or say `optional: true` if the build can do without",
                )
        elif secret.file is not None:
            if secret.file.is_file():
                specifications.append(_csv([f"id={secret.name}", f"src={secret.file}"]))
            elif not secret.optional:
                raise InputError(
                    f"the build secret {secret.name} is missing",
                    why=f"there is no file {secret.file}",
                    fix="put it there, or say `optional: true` if the build can do without",
                )
    return specifications


def _literal(value: Any) -> Any:
    """Escape what bake would take for a template: strings of a definition are HCL templates."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return value


def _csv(fields: list[str]) -> str:
    """Fields as buildx reads them: comma-separated, quoted where a field holds a comma."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
