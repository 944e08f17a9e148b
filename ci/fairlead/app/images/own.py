"""Which image of fairlead.yaml a service runs. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fairlead.app.images.known import repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.settings.images import ImageSettings


def own_image(
    name: str, definition: Mapping[str, Any], declared_images: Mapping[str, ImageSettings], registry: str
) -> str:
    """The image of ours that a service runs, or empty: declared first, then by repository, then by build."""
    declared = definition.get("x-fairlead")
    if isinstance(declared, Mapping) and declared.get("image") in declared_images:
        return str(declared["image"])
    images = declared_images.values()
    listed = next((image.name for image in images if name in image.services), "")
    if listed:
        return listed
    reference = str(definition.get("image", ""))
    for image in images:
        if reference and repository_of(reference) == (image.repository or f"{registry}/{image.name}"):
            return image.name
    build = definition.get("build")
    if not isinstance(build, Mapping):
        return ""
    built = next((image.name for image in images if is_same_build(build, image)), "")
    return built or (name if name in declared_images else "")


def is_same_build(build: Mapping[str, Any], image: ImageSettings) -> bool:
    """Whether the ``build:`` of a resolved service is how an image of ours is built."""
    context = Path(str(build.get("context", ".")))
    dockerfile = context / str(build.get("dockerfile", "Dockerfile"))
    return (
        os.path.normpath(context) == os.path.normpath(image.context)
        and os.path.normpath(dockerfile) == os.path.normpath(image.dockerfile)
        and str(build.get("target", "")) == image.target
    )
