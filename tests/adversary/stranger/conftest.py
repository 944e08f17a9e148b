"""What a stranger meets: apps on the engine of this machine, as in the tests of the transaction."""

from __future__ import annotations

from tests.integration.host.conftest import image, kept, stage

__all__ = ["image", "kept", "stage"]
