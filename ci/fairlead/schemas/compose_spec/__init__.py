"""The compose-spec schemas of the Compose versions that Fairlead supports, and which one a version reads.

Each file is named by the first Compose version that reads it, and stands in ``sources.json`` with where it comes
from, its checksum and its licence. The newest and the oldest, by which most files are judged, are kept ready to
check with in ``newest.py`` and ``oldest.py``, because looking at a good file should cost next to nothing: loading
one takes a tenth of what reading the JSON does. All are written by ``python -m fairlead.schemas.refresh``.
"""

from __future__ import annotations

from functools import cache

from fairlead.schemas.forms import Checker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSIONS = (
    "2.24", "2.25", "2.27", "2.28", "2.29", "2.30", "2.32", "2.33", "2.34", "2.35", "2.36", "2.37", "2.38",
    "2.39", "2.40", "5.0", "5.2", "5.4", "5.6", "5.7",
)  # fmt: skip
"""First Compose version of each schema, oldest first."""
OLDEST = VERSIONS[0]
NEWEST = VERSIONS[-1]
_checkers: dict[str, Checker] = {}


def schema_version(compose_version: str = "") -> str:
    """The one of ``VERSIONS`` that a Compose version reads, e.g. ``2.25`` for ``v2.26.1-4``; the newest if empty.

    A version older than the oldest reads the oldest; what is no version at all, the newest.
    """
    wanted = _numbers(compose_version)
    if not wanted:
        return NEWEST
    held = [version for version in VERSIONS if _numbers(version) <= wanted]
    return held[-1] if held else OLDEST


def compose_checker(compose_version: str = "") -> Checker:
    """The check of a compose file as that version of Compose makes it."""
    version = schema_version(compose_version)
    checker = _checkers.get(version)
    if checker is None:
        checker = _checkers[version] = Checker(_form(version))
    return checker


@cache
def load_compose_schema(version: str = NEWEST) -> dict[str, Any]:
    """The vendored schema of one of ``VERSIONS``, as its authors wrote it. Shared: do not change it."""
    import json
    from pathlib import Path

    text = (Path(__file__).parent / f"{version}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _form(version: str) -> dict[str, Any]:
    if version == NEWEST:
        from fairlead.schemas.compose_spec.newest import FORM

        return FORM
    if version == OLDEST:
        from fairlead.schemas.compose_spec import oldest

        return oldest.FORM
    from fairlead.schemas.forms import plan_form

    form: dict[str, Any] = plan_form(load_compose_schema(version))
    return form


def _numbers(version: str) -> tuple[int, ...]:
    """Major and minor number of a version; empty if it has none."""
    parts = version.removeprefix("v").split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
