"""Which docker-compose this machine has: looked for once, and again when it or the place to look changes.

To find it means starting each one that there is and asking for its version, which takes as long as the question.
"""

from __future__ import annotations

import os
from marshal import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def find_docker_compose() -> tuple[str, str] | None:
    """Its path and version; None where there is none that will do."""
    from fairlead.quick.codecache import cache_folder

    place = f"{cache_folder()}/asked/.docker-compose"
    return _known(place) or _found(place)


def stamp(program: str) -> tuple[str, int, int]:
    """What changes when a program is replaced: its path, its time, its size.

    Raises:
        OSError: it is not there.
    """
    status = os.stat(program)  # noqa: PTH116 - no import for it
    return program, status.st_mtime_ns, status.st_size


def where_looked() -> dict[str, str | None]:
    """The variables that say where programs are looked for."""
    return {name: os.environ.get(name) for name in ("PATH", "HOME", "DOCKER_CONFIG", "FAIRLEAD_CACHE")}


def write_cache(place: str, value: Any) -> None:
    """Write a file of the user's cache, whole or not at all, and readable by nobody else.

    Raises:
        OSError: there is no such cache.
        ValueError: the value holds what can't be written.
    """
    from fairlead.quick.codecache import is_in_checkout

    if is_in_checkout(place):
        raise OSError(f"{place} may be the repository's")
    scratch = f"{place}.{os.getpid()}"
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120 - same
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(dumps(value))
    os.replace(scratch, place)  # noqa: PTH105 - same


def read_cache(place: str) -> Any:
    """Read such a file.

    Raises:
        OSError: it is not there.
        ValueError, TypeError, EOFError: it is damaged.
    """
    from fairlead.quick.codecache import open_own

    with os.fdopen(open_own(place), "rb") as file:
        return loads(file.read())  # noqa: S302 - from the user's own cache, as any byte code


def _known(place: str) -> tuple[str, str] | None:
    try:
        looked, program, version = read_cache(place)
        current = looked == where_looked() and program == stamp(program[0])
    except (OSError, ValueError, TypeError, EOFError, LookupError):
        return None
    return (program[0], version) if current else None


def _found(place: str) -> tuple[str, str] | None:
    from fairlead.tools.catalog import CATALOG
    from fairlead.tools.locate import search_tool

    found = search_tool(CATALOG["compose"], os.environ).found
    if found is None:
        return None
    import contextlib

    with contextlib.suppress(OSError, ValueError):  # it is looked for again next time
        write_cache(place, (where_looked(), stamp(str(found.path)), found.version))
    return str(found.path), found.version
