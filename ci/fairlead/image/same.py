"""Whether two images are the same but for when and from which commit they were built. Pure.

https://github.com/opencontainers/image-spec/blob/main/config.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWN_LABELS = frozenset(
    f"org.opencontainers.image.{name}" for name in ("title", "revision", "version", "created", "source")
)
"""What ``bake`` writes into every image: from the commit, whatever the Dockerfile says."""
_MAKING = frozenset({"created", "history"})
_BUILDER = "moby.buildkit."
"""What BuildKit notes for itself: caches, and what it built from."""


def is_same_image(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether containers of both, by their configurations, have the same files and run the same."""
    found = content_of(one)
    layers = found.get("rootfs")
    return bool(isinstance(layers, Mapping) and layers.get("diff_ids")) and found == content_of(other)


def content_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without what it says of its making; a key that is not known counts."""
    kept = {
        key: value for key, value in config.items() if key not in _MAKING and not key.startswith(_BUILDER)
    }
    given = config.get("config")
    if isinstance(given, Mapping):
        labels = given.get("Labels") or {}
        left = {name: value for name, value in labels.items() if name not in OWN_LABELS}
        kept["config"] = {**given, "Labels": left}
    return kept
