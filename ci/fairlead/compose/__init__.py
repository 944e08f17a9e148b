"""A compose app: read with positions, resolved as Compose does, its roles inferred, split into what a server runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.compose.load import load_app
    from fairlead.compose.model import ComposeApp, Health, Service

__all__ = ["ComposeApp", "Health", "Service", "load_app"]


def __getattr__(name: str) -> object:
    """Load what is asked for: the validator needs the loader of compose files without the rest of the package."""
    if name == "load_app":
        from fairlead.compose import load

        return load.load_app
    if name in __all__:
        from fairlead.compose import model

        return getattr(model, name)
    raise AttributeError(name)
