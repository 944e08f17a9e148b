"""Long foreign text made short, so that it can be seen that it is: what hides secrets knows a value that was cut. Pure."""

from __future__ import annotations

CUT = "…"


def cut(text: str, most: int) -> str:
    """The first ``most`` characters, and a mark if there are more."""
    return text if len(text) <= most else text[:most] + CUT
