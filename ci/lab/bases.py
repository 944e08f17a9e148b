"""The base images of the lab: pulled where an image registry answers, otherwise stand-ins; then in the lab's registry."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from fairlead.errors import InputError
from fairlead.image.oci.manifests import INDEX_TYPE, Descriptor
from fairlead.parallel import each
from lab.hub import Hub, probe_hub
from lab.oci import blob_path
from lab.pantry import ARCHITECTURES, Image, descend, is_whole
from lab.recipes import recipes
from lab.registry import RegistryClient

PULLED, STAND_INS = "pulled", "Debian stand-ins"
_PUSHES = 3


def choose_source(folder: Path) -> str:
    """Where base images come from: ``FAIRLEAD_LAB_BASES`` (auto, pull, debian).

    ``auto`` pulls when everything was pulled before, or when Docker Hub answers now.
    """
    wish = os.environ.get("FAIRLEAD_LAB_BASES", "auto")
    if wish not in {"auto", "pull", "debian"}:
        raise InputError(f"FAIRLEAD_LAB_BASES is `{wish}`", fix="auto, pull or debian")
    if wish == "debian":
        return STAND_INS
    blobs = folder / "blobs" / "sha256"
    known = all(_find_pulled(folder, blobs, row.name) for row in recipes(internal=False))
    return PULLED if wish == "pull" or known or probe_hub() else STAND_INS


def pull_bases(folder: Path, on_progress: Callable[[str], None]) -> tuple[Image, ...]:
    """All base images from Docker Hub, in the cache."""
    blobs = folder / "blobs" / "sha256"
    images = []
    for row in recipes(internal=False):
        digest = _find_pulled(folder, blobs, row.name)
        if not digest:
            on_progress(f"pulling {row.name}:{row.tags[0]}")
            digest = Hub(f"library/{row.name}", blobs).pull(row.tags[0], ARCHITECTURES)
            path = _pulled_path(folder, row.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"digest": digest}))
        images.append(Image(row, digest))
    return tuple(images)


def publish_bases(client: RegistryClient, blobs: Path, images: tuple[Image, ...]) -> int:
    """Push the images that the registry has not got, and tell how many these were."""

    def publish(image: Image) -> int:
        repository = f"library/{image.recipe.name}"
        stale = [tag for tag in image.recipe.tags if client.digest(repository, tag) != image.digest]
        if stale:
            size = blob_path(blobs, image.digest).stat().st_size
            client.push(
                repository,
                stale,
                blobs,
                descend(blobs, image.digest),
                Descriptor(INDEX_TYPE, image.digest, size),
            )
        return 1 if stale else 0

    return sum(each(publish, images, at_once=_PUSHES))


def build_contexts(registry: str) -> tuple[str, ...]:
    """BuildKit's named contexts, ``name=docker-image://…``: ``FROM name`` then takes the lab's image.

    So no setting of the local engine has to change, and none has to be taken back.
    """
    return tuple(
        f"{row.name}:{tag}=docker-image://{registry}/library/{row.name}:{tag}"
        for row in recipes(internal=False)
        for tag in row.tags
    )


def _pulled_path(folder: Path, name: str) -> Path:
    return folder / "pulled" / f"{name}.json"


def _find_pulled(folder: Path, blobs: Path, name: str) -> str:
    try:
        digest = str(json.loads(_pulled_path(folder, name).read_text())["digest"])
    except (FileNotFoundError, ValueError):
        return ""
    return digest if is_whole(blobs, digest) else ""
