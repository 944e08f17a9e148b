"""Compose files: read with positions, and resolved as Compose does. It knows nothing of Fairlead's own files."""
