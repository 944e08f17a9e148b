"""The public stacks take minutes: they are tried in the long form (``make shapes``)."""

from __future__ import annotations

from tests.e2e.shapes.every import is_whole

collect_ignore = [] if is_whole() else ["test_stacks.py"]
