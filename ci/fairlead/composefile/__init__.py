"""Compose files: read with positions, and resolved as Compose does. It knows nothing of Fairlead's own files.

The names below are for other programs as well; docs/library.md tells of them, and of what stays as it is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.composefile.consistency import model_findings
    from fairlead.composefile.loader import Model, VariableUse, Written, load_model
    from fairlead.composefile.names import find_base, find_override
    from fairlead.composefile.schema import schema_findings
    from fairlead.findings import Finding, Location
    from fairlead.positions import Document

__all__ = [
    "Document",
    "Finding",
    "Location",
    "Model",
    "VariableUse",
    "Written",
    "find_base",
    "find_override",
    "load_model",
    "model_findings",
    "schema_findings",
]

_PLACES = {
    "fairlead.composefile.consistency": ("model_findings",),
    "fairlead.composefile.loader": ("Model", "VariableUse", "Written", "load_model"),
    "fairlead.composefile.names": ("find_base", "find_override"),
    "fairlead.composefile.schema": ("schema_findings",),
    "fairlead.findings": ("Finding", "Location"),
    "fairlead.positions": ("Document",),
}


if not TYPE_CHECKING:
    # A type checker is to know which names there are.
    def __getattr__(name: str) -> object:
        """Import what is asked for: `fairlead validate` comes through here, and needs each in its own time."""
        for place, names in _PLACES.items():
            if name in names:
                from importlib import import_module

                return getattr(import_module(place), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
