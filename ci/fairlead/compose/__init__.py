"""A compose app: read with positions, resolved by Compose, its roles inferred, split into what a server runs."""

from __future__ import annotations

from fairlead.compose.load import load_app
from fairlead.compose.model import ComposeApp, Health, Service

__all__ = ["ComposeApp", "Health", "Service", "load_app"]
