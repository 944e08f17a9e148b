"""How compose files are called that nobody names: as Compose looks for them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""What Compose looks for, in its order: where several are there, it takes the first."""
OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


def find_base(folder: Path) -> tuple[Path, ...]:
    """The file that Compose takes of those in the folder, if any is there."""
    return tuple(folder / name for name in COMPOSE_NAMES if (folder / name).is_file())[:1]


def find_override(folder: Path) -> tuple[Path, ...]:
    """The override that Compose takes: it does not ask whether it is called like the base."""
    return tuple(folder / name for name in OVERRIDE_NAMES if (folder / name).is_file())[:1]
