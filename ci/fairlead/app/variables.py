"""The variables that Fairlead sets for every compose file, and what stands for them before there is a commit."""

from __future__ import annotations

REVISION = "0" * 40
"""Stands for the commit: a verdict is about the files, whatever commit they are in."""
NO_REGISTRY = "registry.invalid/app"
"""Stands for the registry where none is known."""


def own_variables(registry: str, tag: str, revision: str) -> dict[str, str]:
    """What Fairlead knows: they win over those of an environment."""
    return {"FAIRLEAD_REGISTRY": registry, "FAIRLEAD_TAG": tag, "FAIRLEAD_REVISION": revision}


def stand_in_variables(registry: str) -> dict[str, str]:
    """The same, with stand-ins for the commit and for a registry that is not known."""
    return own_variables(registry or NO_REGISTRY, f"sha-{REVISION}", REVISION)
