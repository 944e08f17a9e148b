"""Which folders of tests make a tier."""

from __future__ import annotations

FOLDERS = {
    "unit": ("unit", "policy"),
    "integration": ("integration",),
    "e2e": ("e2e",),
    "actions": ("actions",),
    "adversary": ("adversary",),
}
