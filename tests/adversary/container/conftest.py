"""Apps on the engine of this machine."""

from __future__ import annotations

from tests.integration.host.conftest import image, kept, stage

__all__ = ["image", "kept", "stage"]
