"""Names of images, taken apart as a registry's API wants them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairlead.errors import InputError
from fairlead.image.oci.manifests import DIGEST
from fairlead.image.registry.credentials import registry_host
from fairlead.image.registry.docker_login import DOCKER_HUB

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


@dataclass(frozen=True)
class Reference:
    """A manifest of a repository: the registry's host, the repository's name there, and a tag or digest."""

    host: str
    name: str
    version: str


def parse_reference(text: str) -> Reference:
    """Take a reference apart; a tag beside a digest says nothing, no tag is ``latest``.

    Raises:
        InputError: no registry has such a name.
    """
    rest, _, digest = text.partition("@")
    host = registry_host(rest)
    name = rest.removeprefix(f"{host}/")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = f"{head}{slash}{last}"
    if host == DOCKER_HUB and "/" not in name:
        name = f"library/{name}"
    version = digest or tag or "latest"
    is_version = (DIGEST if digest else _TAG).fullmatch(version)
    if not _NAME.fullmatch(name) or not is_version:
        raise InputError(
            f"{text} is no name of an image", fix="HOST/NAME:TAG, in small letters, or …@sha256:…"
        )
    return Reference(host, name, version)
