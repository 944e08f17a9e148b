"""The one loader of compose files: values and the place of each, as Compose itself reads them."""

from __future__ import annotations

from fairlead.composefile.loader.interpolation import VariableUse
from fairlead.composefile.loader.load import load_model
from fairlead.composefile.loader.model import Model, Written

__all__ = ["Model", "VariableUse", "Written", "load_model"]
